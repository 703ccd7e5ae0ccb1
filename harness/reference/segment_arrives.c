/* segment_arrives.c: RFC 9293 3.10.7.1 to 3.10.7.3: a segment arrives in CLOSED, LISTEN or SYN-SENT. There is no security or
 * compartment (RFC 9293 Appendix A.1), so the checks of it are not here. */
#include "reference/control_block.h"

/* ---- 3.10.7.1, CLOSED ------------------------------------------------------------------------------------------------ */

void tcp_arrives_in_closed(struct tcp *tcp, const struct segment *segment)
{
    /* "An incoming segment containing a RST is discarded." */
    if (segment->flags & RST)
        return;
    tcp_answer_with_rst(tcp, segment);
}

/* ---- 3.10.7.2, LISTEN ------------------------------------------------------------------------------------------------ */

/* "Any other control or text should be queued for processing later", that is in ESTABLISHED: text and FIN wait in the receive
 * buffer like segments that came out of order, RCV.UP is known. */
static void queue_other_control_and_text(struct tcp *tcp, struct control_block *tcb, const struct segment *syn)
{
    struct segment rest = *syn;

    rest.seq++;
    rest.flags &= (uint8_t)~SYN;
    tcp_trim(tcb, &rest);
    tcp_hold_text(tcp, tcb, rest.seq, rest.text, rest.text_octets);
    if (rest.flags & FIN) {
        tcb->fin_seen = true;
        tcb->fin_seq  = rest.seq + (uint32_t)rest.text_octets;
    }
    tcp_sixth_check_urg(tcp, tcb, &rest);
}

static void learn_from_syn(struct tcp *tcp, struct control_block *tcb, const struct segment *syn)
{
    tcb->irs     = syn->seq;
    tcb->rcv_nxt = syn->seq + 1;
    tcp_learn_mss(tcp, tcb, syn);
    tcp_congestion_begin(tcb);
    tcp_take_window(tcp, tcb, syn);
}

static void begin_sending(struct control_block *tcb, uint32_t iss)
{
    tcb->iss        = iss;
    tcb->snd_una    = iss;
    tcb->snd_nxt    = iss;
    tcb->resend_nxt = iss;
    tcb->send_first = iss + 1;
}

/* RFC 4987 2.2: "When the backlog limit is reached, then … incoming SYN segments are ignored". */
static bool backlog_is_reached(const struct tcp *tcp, const struct control_block *listener)
{
    uint64_t waiting = 0;

    if (listener->backlog == 0)
        return false;
    for (size_t i = 0; i < tcp->used; i++) {
        const struct control_block *tcb = &tcp->blocks[i];

        waiting += tcb->state != CLOSED && tcb->listener == listener->name && !tcb->accepted;
    }
    return waiting >= listener->backlog;
}

/* The listener stays in LISTEN for other callers (RFC 9293 3.9.1.1, MUST-41); the connection gets a TCB of its own. */
static struct control_block *third_check_syn(struct tcp *tcp, struct control_block *listener, const struct segment *segment)
{
    struct control_block *tcb = backlog_is_reached(tcp, listener) ? NULL : tcp_block_new(tcp);

    if (tcb == NULL)
        return NULL;
    tcb->passive                = true;
    tcb->listener               = listener->name;
    tcb->local_address          = segment->destination;
    tcb->local_port             = segment->destination_port;
    tcb->remote_address         = segment->source;
    tcb->remote_port            = segment->source_port;
    tcb->diffserv               = listener->diffserv;
    tcb->user_timeout_us        = listener->user_timeout_us;
    tcb->nagle                  = listener->nagle;
    tcb->keep_alive             = listener->keep_alive;
    tcb->keep_alive_us          = listener->keep_alive_us;
    tcb->keep_alive_interval_us = listener->keep_alive_interval_us;
    tcb->state                  = SYN_RECEIVED;
    tcb->last_heard_us          = tcp->now_us;
    learn_from_syn(tcp, tcb, segment);
    begin_sending(tcb, tcp_iss_select(tcp, tcb));
    queue_other_control_and_text(tcp, tcb, segment);
    return tcb;
}

void tcp_arrives_in_listen(struct tcp *tcp, struct control_block *listener, const struct segment *segment)
{
    /* First, check for a RST. */
    if (segment->flags & RST)
        return;
    /* Second, check for an ACK. */
    if (segment->flags & ACK) {
        tcp_answer_with_rst(tcp, segment);
        return;
    }
    /* Third, check for a SYN. Fourth, other data or control: dropped. */
    if ((segment->flags & SYN) == 0)
        return;
    struct control_block *tcb = third_check_syn(tcp, listener, segment);

    if (tcb == NULL)
        return; /* no room: the SYN will come again */
    tcp_send_syn(tcp, tcb);
    tcp_settle(tcp, tcb);
}

/* RFC 9293 3.6.1, MAY-2: in TIME-WAIT a SYN that lies beyond all of the old connection begins a new one, where somebody
 * listens; (1) its ISS is above the sequence numbers of the old one. */
bool tcp_reopens_time_wait(struct tcp *tcp, struct control_block *old, const struct segment *segment)
{
    struct control_block *listener = tcp_block_listening(tcp, segment);
    uint32_t              snd_nxt = old->snd_nxt, rcv_nxt = old->rcv_nxt;

    if ((segment->flags & (SYN | ACK | RST)) != SYN || !seq_before_eq(rcv_nxt, segment->seq) || listener == NULL)
        return false;
    tcp_block_delete(tcp, old);
    struct control_block *tcb = third_check_syn(tcp, listener, segment);

    if (tcb == NULL)
        return true;
    tcb->reopened       = true;
    tcb->before_snd_nxt = snd_nxt;
    tcb->before_rcv_nxt = rcv_nxt;
    if (!seq_before(snd_nxt, tcb->iss))
        begin_sending(tcb, snd_nxt + (1u << 16));
    tcp_send_syn(tcp, tcb);
    tcp_settle(tcp, tcb);
    return true;
}

/* "Return this connection to the LISTEN state": the listener is there still, so the TCB goes. MAY-2 (2): if it was taken out of
 * TIME-WAIT by what turns out an old duplicate, it goes back there. */
void tcp_return_to_listen(struct tcp *tcp, struct control_block *tcb)
{
    if (!tcb->reopened) {
        tcp_block_delete(tcp, tcb);
        return;
    }
    begin_sending(tcb, tcb->before_snd_nxt);
    tcb->send_count   = 0;
    tcb->close_queued = true;
    tcb->fin_sent     = true;
    tcb->fin_seen     = true;
    tcb->fin_received = true;
    tcb->fin_seq      = tcb->before_rcv_nxt - 1;
    tcb->held_count   = 0;
    tcb->rcv_nxt      = tcb->before_rcv_nxt;
    tcb->reopened     = false;
    tcb->ack_owed     = ACK_NONE;
    tcp_enter_time_wait(tcp, tcb);
}

/* ---- 3.10.7.3, SYN-SENT ---------------------------------------------------------------------------------------------- */

/* First. false: the segment is done with. */
static bool first_check_ack(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    if ((segment->flags & ACK) == 0)
        return true;
    /* "SEG.ACK =< ISS or SEG.ACK > SND.NXT" */
    if (seq_before_eq(segment->ack, tcb->iss) || seq_before(tcb->snd_nxt, segment->ack)) {
        if ((segment->flags & RST) == 0)
            tcp_answer_with_rst(tcp, segment);
        return false;
    }
    return true;
}

/* Second. "If the ACK was acceptable, then signal to the user 'error: connection reset' …" */
static void second_check_rst(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    if ((segment->flags & ACK) == 0)
        return;
    tcp_signal_user(tcp, tcb, TCP_SIGNAL_RESET);
    tcp_block_delete(tcp, tcb);
}

/* Entering ESTABLISHED. RFC 6298 (5.7): if a SYN had to be repeated, data begins with 3 s. What CLOSE left to wait for
 * this state (3.10.4, SYN-RECEIVED) is due now. */
void tcp_enter_established(struct tcp *tcp, struct control_block *tcb)
{
    enum { RTO_AFTER_LOST_SYN_US = 3000000 };

    tcb->state    = ESTABLISHED;
    tcb->reopened = false;
    tcp_congestion_begin(tcb);
    if (tcb->syn_timed_out)
        tcb->rto_us = RTO_AFTER_LOST_SYN_US;
    if (tcb->passive)
        tcb->user_knows = true;
    tcp_signal_user(tcp, tcb, tcb->passive ? TCP_SIGNAL_ACCEPTED : TCP_SIGNAL_OPENED);
    if (tcb->urgent_receiving)
        tcp_signal_user(tcp, tcb, TCP_SIGNAL_URGENT);
    if (tcb->close_queued)
        tcb->state = FIN_WAIT_1;
}

/* Fourth, with an acceptable ACK: "our SYN has been ACKed". */
static void syn_is_acknowledged(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    struct segment rest = *segment;

    tcp_remove_acknowledged(tcp, tcb, segment->ack);
    tcp_rto_acknowledged(tcp, tcb);
    tcp_enter_established(tcp, tcb);
    tcb->ack_owed = ACK_NOW; /* queued data may carry it */
    /* "If there are other controls or text in the segment, then continue processing at the sixth step." */
    rest.seq++;
    rest.flags &= (uint8_t)~SYN;
    tcp_sixth_check_urg(tcp, tcb, &rest);
    tcp_trim(tcb, &rest);
    tcp_seventh_segment_text(tcp, tcb, &rest);
    if (tcb->state != CLOSED)
        tcp_eighth_check_fin(tcp, tcb, &rest);
}

/* Fourth. */
static void fourth_check_syn(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    learn_from_syn(tcp, tcb, segment);
    if (segment->flags & ACK) {
        syn_is_acknowledged(tcp, tcb, segment);
        return;
    }
    /* Simultaneous open (RFC 9293 3.5, Figure 7): "Otherwise, enter SYN-RECEIVED." */
    tcb->state = SYN_RECEIVED;
    queue_other_control_and_text(tcp, tcb, segment);
    tcp_send_syn(tcp, tcb);
}

void tcp_arrives_in_syn_sent(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    if (!first_check_ack(tcp, tcb, segment))
        return;
    if (segment->flags & RST)
        second_check_rst(tcp, tcb, segment);
    else if (segment->flags & SYN)
        fourth_check_syn(tcp, tcb, segment);
    /* Fifth: neither SYN nor RST, dropped. */
}
