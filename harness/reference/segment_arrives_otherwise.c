/* segment_arrives_otherwise.c: RFC 9293 3.10.7.4, "otherwise": a segment arrives in SYN-RECEIVED or a synchronized state. The
 * eight checks in their order, a function for each; RFC 5961 where RFC 9293 offers it. The third, security and
 * compartment (RFC 9293 Appendix A.1), has nothing to check here. */
#include "reference/control_block.h"

/* ---- first, check sequence number ------------------------------------------------------------------------------------- */

/* A segment that is not acceptable draws an ACK, unless it is a RST, and is dropped. */
static bool first_check_sequence_number(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    if (tcp_acceptable(tcb, segment))
        return true;
    /* "If the RCV.WND is zero … special allowance should be made to accept valid ACKs, URGs, and RSTs." (MUST-66) The text
     * is cut off, and the window probe that it is gets its answer. */
    if (tcb->rcv_wnd == 0 && segment->seq == tcb->rcv_nxt) {
        tcb->ack_owed = ACK_NOW;
        return true;
    }
    /* The fifth and eighth check have the peer's FIN, sent again, restart the 2 MSL timeout; here is where it ends up. */
    if (tcb->state == TIME_WAIT && (segment->flags & FIN) && segment->seq + segment_length(segment) == tcb->rcv_nxt)
        tcp_enter_time_wait(tcp, tcb);
    if ((segment->flags & RST) == 0)
        tcp_send_ack(tcp, tcb);
    return false;
}

/* Figure 7 of RFC 9293 3.5: in a simultaneous open, the SYN,ACK repeats the SYN that has come already. Without its SYN it is an
 * acceptable acknowledgment. */
static void cut_repeated_syn(const struct control_block *tcb, struct segment *segment)
{
    bool repeated = tcb->state == SYN_RECEIVED && !tcb->passive && (segment->flags & (SYN | ACK | RST)) == (SYN | ACK) &&
                    segment->seq == tcb->irs;

    if (!repeated)
        return;
    segment->flags &= (uint8_t)~SYN;
    segment->seq++;
}

/* ---- second, check the RST bit ---------------------------------------------------------------------------------------- */

/* RFC 5961 3.2: outside the window was dropped before; only RCV.NXT itself resets; the rest of the window is challenged. */
static void second_check_rst(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    if (segment->seq != tcb->rcv_nxt) {
        tcp_challenge(tcp, tcb);
        return;
    }
    switch (tcb->state) {
    case SYN_RECEIVED:
        if (tcb->passive) {
            tcp_return_to_listen(tcp, tcb);
            return;
        }
        tcp_signal_user(tcp, tcb, TCP_SIGNAL_REFUSED);
        break;
    case ESTABLISHED:
    case FIN_WAIT_1:
    case FIN_WAIT_2:
    case CLOSE_WAIT:
        tcp_signal_user(tcp, tcb, TCP_SIGNAL_RESET);
        break;
    default: /* CLOSING, LAST-ACK, TIME-WAIT: "enter the CLOSED state, delete the TCB, and return" */
        break;
    }
    tcp_block_delete(tcp, tcb);
}

/* ---- fourth, check the SYN bit ---------------------------------------------------------------------------------------- */

static void fourth_check_syn(struct tcp *tcp, struct control_block *tcb)
{
    if (tcb->state == SYN_RECEIVED && tcb->passive)
        tcp_return_to_listen(tcp, tcb);
    else
        tcp_challenge(tcp, tcb); /* RFC 5961 4.2 */
}

/* ---- fifth, check the ACK field --------------------------------------------------------------------------------------- */

/* "Any segments on the retransmission queue that are thereby entirely acknowledged are removed." */
void tcp_remove_acknowledged(struct tcp *tcp, struct control_block *tcb, uint32_t ack)
{
    uint32_t octets = seq_before(tcb->send_first, ack) ? ack - tcb->send_first : 0;

    if (octets > tcb->send_count)
        octets = (uint32_t)tcb->send_count; /* the FIN is not in the buffer */
    tcb->send_first += octets;
    tcb->send_count -= octets;
    tcb->send_at = (tcb->send_at + octets) % tcp->config.send_buffer_octets;
    tcb->snd_una = ack;
    if (seq_before(tcb->resend_nxt, ack))
        tcb->resend_nxt = ack;
    if (tcb->urgent_sending && seq_before_eq(tcb->snd_up, ack))
        tcb->urgent_sending = false;
    if (octets > 0)
        tcp_signal_user(tcp, tcb, TCP_SIGNAL_SENDABLE);
}

/* SND.WND <- SEG.WND, SND.WL1 <- SEG.SEQ, SND.WL2 <- SEG.ACK. What was sent into a window of zero counts as lost when the
 * window opens. */
void tcp_take_window(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    if (tcb->snd_wnd == 0 && segment->window > 0) {
        tcb->persist_shift = 0;
        tcb->first_sent_us = tcp->now_us;
        if (tcb->snd_una != tcb->iss)
            tcb->resend_nxt = tcb->snd_una;
    }
    tcb->snd_wnd = segment->window;
    tcb->snd_wl1 = segment->seq;
    tcb->snd_wl2 = segment->ack;
    if (tcb->snd_wnd > tcb->max_snd_wnd)
        tcb->max_snd_wnd = tcb->snd_wnd;
}

/* RFC 5681 2, DUPLICATE ACKNOWLEDGMENT, (a) to (e). */
static bool is_duplicate_ack(const struct control_block *tcb, const struct segment *arrived)
{
    return tcb->snd_una != tcb->snd_nxt && arrived->text_octets == 0 && (arrived->flags & (SYN | FIN)) == 0 &&
           arrived->ack == tcb->snd_una && arrived->window == tcb->snd_wnd && tcb->snd_wnd > 0;
}

/* What all states from ESTABLISHED on do with SND.UNA =< SEG.ACK =< SND.NXT, and with older duplicates. */
static void established_ack(struct tcp *tcp, struct control_block *tcb, const struct segment *arrived)
{
    uint32_t ack        = arrived->ack;
    bool     advances   = seq_before(tcb->snd_una, ack);
    bool     duplicates = is_duplicate_ack(tcb, arrived);
    uint32_t before     = tcb->send_first;

    if (advances) {
        tcp_remove_acknowledged(tcp, tcb, ack);
        tcp_rto_acknowledged(tcp, tcb);
    }
    if (seq_before_eq(tcb->snd_una, ack) &&
        (seq_before(tcb->snd_wl1, arrived->seq) || (tcb->snd_wl1 == arrived->seq && seq_before_eq(tcb->snd_wl2, ack))))
        tcp_take_window(tcp, tcb, arrived);
    if (advances)
        tcp_congestion_acknowledged(tcp, tcb, tcb->send_first - before);
    else if (duplicates)
        tcp_congestion_duplicate(tcp, tcb);
}

/* RFC 5961 5.2: (SND.UNA - MAX.SND.WND) =< SEG.ACK =< SND.NXT. By distance, since half the sequence space away an ACK would be
 * before the one and behind the other. */
static bool ack_is_in_range(const struct control_block *tcb, uint32_t ack)
{
    uint32_t oldest = tcb->snd_una - tcb->max_snd_wnd;

    return ack - oldest <= tcb->snd_nxt - oldest;
}

/* false: the segment is done with, and perhaps the TCB. */
static bool fifth_check_ack(struct tcp *tcp, struct control_block *tcb, const struct segment *arrived)
{
    if ((arrived->flags & ACK) == 0)
        return false;
    if (!ack_is_in_range(tcb, arrived->ack)) {
        tcp_challenge(tcp, tcb);
        return false;
    }
    if (tcb->state == SYN_RECEIVED) {
        if (!seq_before(tcb->snd_una, arrived->ack)) {
            tcp_answer_with_rst(tcp, arrived);
            return false;
        }
        tcp_take_window(tcp, tcb, arrived);
        tcp_enter_established(tcp, tcb);
    }
    established_ack(tcp, tcb, arrived);
    switch (tcb->state) {
    case FIN_WAIT_1:
        if (tcp_fin_acknowledged(tcb))
            tcb->state = FIN_WAIT_2;
        return true;
    case CLOSING:
        if (tcp_fin_acknowledged(tcb))
            tcp_enter_time_wait(tcp, tcb);
        return tcb->state == TIME_WAIT;
    case LAST_ACK:
        if (tcp_fin_acknowledged(tcb))
            tcp_block_delete(tcp, tcb);
        return tcb->state == LAST_ACK;
    default:
        return true;
    }
}

/* ---- sixth, check the URG bit ----------------------------------------------------------------------------------------- */

/* RCV.UP <- max (RCV.UP, SEG.UP), and the user is told whenever that is news (RFC 9293 3.8.5, MUST-32). A pointer that recedes,
 * or names what was received long ago, changes nothing. */
void tcp_sixth_check_urg(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    bool listens =
        tcb->state == SYN_RECEIVED || tcb->state == ESTABLISHED || tcb->state == FIN_WAIT_1 || tcb->state == FIN_WAIT_2;
    uint32_t up       = segment->seq + segment->urgent_pointer;
    uint32_t consumed = tcb->rcv_nxt - (uint32_t)tcb->receive_user;

    if ((segment->flags & URG) == 0 || !listens || !seq_before(consumed, up))
        return;
    if (tcb->urgent_receiving && !seq_before(tcb->rcv_up, up))
        return;
    tcb->rcv_up           = up;
    tcb->urgent_receiving = true;
    tcp_signal_user(tcp, tcb, TCP_SIGNAL_URGENT);
}

/* ---- seventh, process the segment text -------------------------------------------------------------------------------- */

/* RFC 5681 4.2 with RFC 9293 3.8.6.3: at once for what came out of order, filled a gap, or makes two full-sized segments;
 * otherwise an ACK may wait for company. */
static void owe_ack(const struct tcp *tcp, struct control_block *tcb, bool in_order, bool gaps)
{
    uint32_t rmss = tcp->config.mtu_octets - (tcb->remote_address.family == 6 ? 60u : 40u);

    if (!in_order || gaps || tcb->unacked_octets >= 2 * rmss)
        tcb->ack_owed = ACK_NOW;
    else if (tcb->ack_owed == ACK_NONE)
        tcb->ack_owed = ACK_DELAYED;
}

/* `segment` is trimmed to the window. */
void tcp_seventh_segment_text(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    if (tcb->state != ESTABLISHED && tcb->state != FIN_WAIT_1 && tcb->state != FIN_WAIT_2)
        return; /* "This should not occur since a FIN has been received from the remote side." */
    if (segment->text_octets > 0 && tcb->gives_up_receiving) {
        tcp_send_rst(tcp, tcb); /* RFC 9293 3.6.1, SHLD-3: "to show that data was lost" */
        tcp_block_delete(tcp, tcb);
        return;
    }
    bool in_order = segment->seq == tcb->rcv_nxt;
    bool gaps     = tcb->held_count > 0;

    tcp_hold_text(tcp, tcb, segment->seq, segment->text, segment->text_octets);
    uint32_t taken = tcp_take_in_order(tcb);

    tcb->unacked_octets += taken;
    if (segment->text_octets > 0 || taken > 0)
        owe_ack(tcp, tcb, in_order, gaps);
    if (taken > 0)
        tcp_signal_user(tcp, tcb, TCP_SIGNAL_RECEIVABLE);
}

/* ---- eighth, check the FIN bit ---------------------------------------------------------------------------------------- */

/* A FIN above a gap is noted and counts when the gap is filled. */
void tcp_eighth_check_fin(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    if ((segment->flags & FIN) && !tcb->fin_received) {
        if (!tcb->fin_seen)
            tcb->fin_seq = segment->seq + (uint32_t)segment->text_octets;
        tcb->fin_seen = true;
        tcb->ack_owed = ACK_NOW;
    }
    if (!tcb->fin_seen || tcb->fin_received || tcb->fin_seq != tcb->rcv_nxt)
        return;
    tcb->rcv_nxt++;
    tcb->rcv_wnd -= tcb->rcv_wnd > 0;
    tcb->fin_received = true;
    tcb->held_count   = 0;
    tcb->ack_owed     = ACK_NOW;
    tcp_signal_user(tcp, tcb, TCP_SIGNAL_CLOSING);
    switch (tcb->state) {
    case SYN_RECEIVED:
    case ESTABLISHED:
        tcb->state = CLOSE_WAIT;
        break;
    case FIN_WAIT_1: /* our FIN is not acknowledged: the fifth check would have made it FIN-WAIT-2 */
        tcb->state = CLOSING;
        break;
    case FIN_WAIT_2:
        tcp_enter_time_wait(tcp, tcb);
        break;
    default:
        break;
    }
}

void tcp_arrives_otherwise(struct tcp *tcp, struct control_block *tcb, const struct segment *arrived)
{
    struct segment segment = *arrived;

    if (tcb->state == TIME_WAIT && tcp_reopens_time_wait(tcp, tcb, arrived))
        return;
    cut_repeated_syn(tcb, &segment);
    if (!first_check_sequence_number(tcp, tcb, &segment))
        return;
    if (segment.flags & RST) {
        second_check_rst(tcp, tcb, &segment);
        return;
    }
    if (segment.flags & SYN) {
        fourth_check_syn(tcp, tcb);
        return;
    }
    if (!fifth_check_ack(tcp, tcb, &segment))
        return;
    tcp_sixth_check_urg(tcp, tcb, &segment);
    tcp_trim(tcb, &segment);
    tcp_seventh_segment_text(tcp, tcb, &segment);
    if (tcb->state != CLOSED)
        tcp_eighth_check_fin(tcp, tcb, &segment);
}
