/* send.c: segments as they leave (RFC 9293 3.1, 3.7), and the decision which may leave now: the windows, Nagle's algorithm
 * (3.7.4), silly-window avoidance (3.8.6.2.1) and zero-window probes (3.8.6.1). */
#include <string.h>

#include "reference/control_block.h"

enum {
    IPV4_HEADER_OCTETS = 20,
    IPV6_HEADER_OCTETS = 40,
    DEFAULT_MSS_IPV4   = 536,
    DEFAULT_MSS_IPV6   = 1220,
    BURST_MOST         = 32 /* segments that one event lets out */
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t header_octets(uint8_t family)
{
    return TCP_HEADER_OCTETS + (family == 6 ? IPV6_HEADER_OCTETS : IPV4_HEADER_OCTETS);
}

/* ---- the maximum segment size, RFC 9293 3.7.1 ----------------------------------------------------------------------- */

/* Eff.snd.MSS = min (SendMSS + 20, MMS_S) - TCPhdrsize - IPoptionsize, MMS_S by the path's MTU. */
void tcp_work_out_smss(struct tcp *tcp, struct control_block *tcb)
{
    uint32_t mtu = smaller(tcb->path_mtu, tcp->config.mtu_octets);

    tcb->smss = smaller(tcb->mss_offered, mtu - header_octets(tcb->remote_address.family));
}

/* MUST-15: without an MSS option it is 536 or 1220. An MSS of 0 would let nothing through, and is taken for none. */
void tcp_learn_mss(struct tcp *tcp, struct control_block *tcb, const struct segment *syn)
{
    struct tcp_options options;

    tcp_options_parse(syn->options, syn->option_octets, &options);
    tcb->mss_offered = tcb->remote_address.family == 6 ? DEFAULT_MSS_IPV6 : DEFAULT_MSS_IPV4;
    if (options.has_mss && options.mss > 0)
        tcb->mss_offered = options.mss;
    tcp_work_out_smss(tcp, tcb);
}

/* ---- one segment ---------------------------------------------------------------------------------------------------- */

static void put_out(struct tcp *tcp, struct segment *segment)
{
    segment->hop_limit = tcp->config.hop_limit;
    size_t count       = segment_encode(segment, tcp->packet, tcp->config.mtu_octets);

    if (count > 0)
        tcp->host.output(tcp->host.context, tcp->packet, count);
}

/* MUST-14, SHLD-5: every SYN carries the MSS that the link allows. */
static void add_syn_options(const struct tcp *tcp, struct segment *segment)
{
    struct tcp_options options = { .has_mss = true,
                                   .mss     = (uint16_t)(tcp->config.mtu_octets - header_octets(segment->source.family)) };

    segment->option_octets = tcp_options_build(&options, segment->options);
}

/* RFC 9293 3.8.5: while SND.UP is ahead, every segment says where urgent data ends. */
static void add_urgent_pointer(const struct control_block *tcb, struct segment *segment)
{
    if (!tcb->urgent_sending || !seq_before(segment->seq, tcb->snd_up))
        return;
    segment->flags |= URG;
    segment->urgent_pointer = (uint16_t)smaller(tcb->snd_up - segment->seq, UINT16_MAX);
}

static const uint8_t *text_at(struct tcp *tcp, const struct control_block *tcb, uint32_t seq, size_t count)
{
    size_t size = tcp->config.send_buffer_octets;
    size_t at   = (tcb->send_at + (seq - tcb->send_first)) % size;

    if (at + count <= size)
        return tcb->send_buffer + at;
    memcpy(tcp->text, tcb->send_buffer + at, size - at);
    memcpy(tcp->text + (size - at), tcb->send_buffer, count - (size - at));
    return tcp->text;
}

/* What has left moves SND.NXT, is timed, and counts as the retransmission queue's content. */
static void note_sent(struct tcp *tcp, struct control_block *tcb, const struct segment *segment)
{
    uint32_t length = segment_length(segment);
    uint32_t end    = segment->seq + length;

    if (length == 0 || (segment->flags & RST))
        return;
    tcb->last_sent_us = tcp->now_us;
    if (tcb->snd_una == tcb->snd_nxt)
        tcb->first_sent_us = tcp->now_us;
    if (segment->seq == tcb->snd_nxt)
        tcp_rto_time_segment(tcp, tcb, segment->seq);
    else
        tcb->timing = false; /* RFC 6298 3, Karn: what is sent twice tells no round trip */
    if (segment->seq == tcb->resend_nxt)
        tcb->resend_nxt = end;
    if (seq_before(tcb->snd_nxt, end))
        tcb->snd_nxt = end;
    if (seq_before(tcb->resend_nxt, tcb->snd_una))
        tcb->resend_nxt = tcb->snd_una;
    if (segment->flags & FIN) {
        tcb->fin_sent = true;
        if (tcb->state == CLOSE_WAIT)
            tcb->state = LAST_ACK; /* 3.10.4, CLOSE-WAIT: "then send a FIN segment, enter LAST-ACK state" */
    }
}

/* Forms and sends a segment with the text that stands at `seq` in the send buffer. */
void tcp_emit(struct tcp *tcp, struct control_block *tcb, uint32_t seq, uint8_t flags, size_t text_octets)
{
    struct segment segment = { .source           = tcb->local_address,
                               .destination      = tcb->remote_address,
                               .source_port      = tcb->local_port,
                               .destination_port = tcb->remote_port,
                               .traffic_class    = tcb->diffserv,
                               .seq              = seq,
                               .flags            = flags };

    if (flags & ACK) {
        tcp_advance_window(tcp, tcb);
        segment.ack         = tcb->rcv_nxt;
        tcb->ack_owed       = ACK_NONE;
        tcb->unacked_octets = 0;
        tcp_stop_timer(tcb, TIMER_DELAYED_ACK);
    }
    if ((flags & RST) == 0) {
        segment.window = (uint16_t)tcb->rcv_wnd;
        add_urgent_pointer(tcb, &segment);
    }
    if (flags & SYN)
        add_syn_options(tcp, &segment);
    if (text_octets > 0) {
        segment.text        = text_at(tcp, tcb, seq, text_octets);
        segment.text_octets = text_octets;
    }
    note_sent(tcp, tcb, &segment);
    put_out(tcp, &segment);
}

/* <SEQ=ISS><CTL=SYN>, or with the peer's SYN known <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>. */
void tcp_send_syn(struct tcp *tcp, struct control_block *tcb)
{
    tcp_emit(tcp, tcb, tcb->iss, tcb->state == SYN_SENT ? SYN : SYN | ACK, 0);
}

/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
void tcp_send_ack(struct tcp *tcp, struct control_block *tcb)
{
    tcp_emit(tcp, tcb, tcb->snd_nxt, ACK, 0);
}

/* <SEQ=SND.NXT><CTL=RST> */
void tcp_send_rst(struct tcp *tcp, struct control_block *tcb)
{
    tcp_emit(tcp, tcb, tcb->snd_nxt, RST, 0);
}

/* RFC 9293 3.5.2, group 1: a reset that is acceptable to whoever sent this segment: <SEQ=SEG.ACK><CTL=RST>, or without an
 * ACK <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>. */
void tcp_answer_with_rst(struct tcp *tcp, const struct segment *segment)
{
    struct segment reset = { .source           = segment->destination,
                             .destination      = segment->source,
                             .source_port      = segment->destination_port,
                             .destination_port = segment->source_port,
                             .flags            = RST };

    if (segment->flags & ACK) {
        reset.seq = segment->ack;
    } else {
        reset.flags |= ACK;
        reset.ack = segment->seq + segment_length(segment);
    }
    put_out(tcp, &reset);
}

/* RFC 5961 3.2, 4.2, 5.2: a challenge ACK; its section 7: no more than so many in so long, for each connection by itself. */
void tcp_challenge(struct tcp *tcp, struct control_block *tcb)
{
    if (tcp->now_us - tcb->challenge_since_us >= tcp->config.challenge_us) {
        tcb->challenge_since_us = tcp->now_us;
        tcb->challenges         = 0;
    }
    if (tcb->challenges >= tcp->config.challenge_acks)
        return;
    tcb->challenges++;
    tcp_send_ack(tcp, tcb);
}

/* ---- what may go now -------------------------------------------------------------------------------------------------- */

static uint32_t end_of_octets(const struct control_block *tcb)
{
    return tcb->send_first + (uint32_t)tcb->send_count;
}

bool tcp_fin_acknowledged(const struct control_block *tcb)
{
    return tcb->fin_sent && seq_before(end_of_octets(tcb), tcb->snd_una);
}

/* Something is to be sent that has not been sent. */
bool tcp_octets_are_queued(const struct control_block *tcb)
{
    return !tcb->fin_sent && (tcb->close_queued || seq_before(tcb->snd_nxt, end_of_octets(tcb)));
}

/* The states in which RFC 9293 3.10.2 and 3.10.4 let data or a FIN leave. FIN-WAIT-1 covers what CLOSE found queued. */
static bool may_send(const struct control_block *tcb)
{
    switch (tcb->state) {
    case ESTABLISHED:
    case FIN_WAIT_1:
    case CLOSE_WAIT:
    case CLOSING:
    case LAST_ACK:
        return true;
    default:
        return false;
    }
}

/* How much may leave from `next` on: the offered window (MUST-34: it may have shrunk) and RFC 5681's cwnd; beyond it RFC 3042
 * lets new octets leave, not those that are sent again. */
static uint32_t usable_window(const struct control_block *tcb, uint32_t next)
{
    uint32_t limited = next == tcb->snd_nxt ? tcb->limited_octets : 0;
    uint32_t window  = smaller(tcb->snd_wnd, tcb->cwnd + limited);
    uint32_t ahead   = next - tcb->snd_una;

    return window > ahead ? window - ahead : 0;
}

/* RFC 9293 3.8.6.2.1, with Nagle's condition in brackets. D is what is queued, `count` is min (D, U) or one segment. */
static bool worth_sending(const struct control_block *tcb, uint32_t count, uint32_t queued)
{
    bool nagle_permits = !tcb->nagle || tcb->snd_una == tcb->snd_nxt;

    if (queued == 0 || count == tcb->smss) /* a FIN by itself; (1) */
        return true;
    if (nagle_permits && count == queued) /* (2): all SENDs are pushed */
        return true;
    return nagle_permits && tcb->max_snd_wnd > 0 && count >= (tcb->max_snd_wnd + 1) / 2; /* (3), Fs = 1/2 */
}

static void send_octets(struct tcp *tcp, struct control_block *tcb, uint32_t next, uint32_t count, bool fin)
{
    bool last = next + count == end_of_octets(tcb);

    /* RFC 9293 3.9.1.2, MUST-61: the last segment of what is queued carries PSH. */
    tcp_emit(tcp, tcb, next, (uint8_t)(ACK | (fin ? FIN : 0) | (last && count > 0 ? PSH : 0)), count);
}

/* What is deemed lost goes again by whole segments, or all of it, or from SND.UNA on: a remainder waits for the ACKs that come.
 */
static bool worth_resending(const struct control_block *tcb, uint32_t next, uint32_t count)
{
    return count == tcb->smss || next == tcb->snd_una || !seq_before(next + count, tcb->snd_nxt - tcb->fin_sent);
}

/* One segment, first of what is deemed lost, then new. "The sending TCP endpoint … may repackage segments on the retransmission
 * queue" (3.8.6): what is sent again is filled up with new octets. false when none may go. */
static bool send_one(struct tcp *tcp, struct control_block *tcb)
{
    bool     again = seq_before(tcb->resend_nxt, tcb->snd_nxt);
    uint32_t next  = again ? tcb->resend_nxt : tcb->snd_nxt;

    if (!again && tcb->fin_sent)
        return false;
    uint32_t queued = end_of_octets(tcb) - next;
    uint32_t usable = usable_window(tcb, next);
    uint32_t count  = smaller(smaller(queued, usable), tcb->smss);
    bool     fin    = tcb->close_queued && count == queued && count < usable;

    if (count == 0 && !fin)
        return false;
    if (again ? !worth_resending(tcb, next, count) : !worth_sending(tcb, count, queued))
        return false;
    send_octets(tcp, tcb, next, count, fin);
    return true;
}

void tcp_send_what_may_go(struct tcp *tcp, struct control_block *tcb)
{
    if (!may_send(tcb))
        return;
    tcp_congestion_restart(tcp, tcb);
    /* A peer that offers an MSS of a few octets must not draw hundreds of segments with one ACK. What is left goes with the
     * ACKs of these. */
    for (int burst = 0; burst < BURST_MOST && send_one(tcp, tcb); burst++)
        continue;
}

/* ---- what goes in spite of that ---------------------------------------------------------------------------------------- */

/* RFC 6298 (5.4), RFC 5681 3.2: the segment at the front of the retransmission queue again. */
void tcp_retransmit_first(struct tcp *tcp, struct control_block *tcb)
{
    if (tcb->snd_una == tcb->iss) {
        tcp_send_syn(tcp, tcb);
        return;
    }
    uint32_t sent  = tcb->snd_nxt - tcb->fin_sent - tcb->snd_una;
    uint32_t count = smaller(smaller(sent, tcb->smss), tcb->snd_wnd);
    bool     fin   = tcb->fin_sent && count == sent && count < tcb->snd_wnd;

    if (count > 0 || fin)
        send_octets(tcp, tcb, tcb->snd_una, count, fin);
}

/* RFC 9293 3.8.6.1: one octet (or the FIN) where the window has no room for it. */
void tcp_probe_window(struct tcp *tcp, struct control_block *tcb)
{
    bool fin = tcb->send_count == 0 || tcb->snd_una == end_of_octets(tcb);

    if (fin && !tcb->close_queued)
        return;
    send_octets(tcp, tcb, tcb->snd_una, fin ? 0 : 1, fin);
    tcb->timing = false; /* how long the window stays shut is no round trip */
}

/* RFC 9293 3.8.6.2.1 (4): the override timeout has passed. */
void tcp_send_overriding(struct tcp *tcp, struct control_block *tcb)
{
    uint32_t queued = end_of_octets(tcb) - tcb->snd_nxt;
    uint32_t count  = smaller(smaller(queued, usable_window(tcb, tcb->snd_nxt)), tcb->smss);

    if (may_send(tcb) && !tcb->fin_sent && count > 0)
        send_octets(tcp, tcb, tcb->snd_nxt, count, false);
}

/* ---- at the end of every event ------------------------------------------------------------------------------------------ */

static void settle_timers(struct tcp *tcp, struct control_block *tcb)
{
    bool outstanding = tcb->snd_una != tcb->snd_nxt;
    bool handshake   = tcb->snd_una == tcb->iss;
    bool queued      = may_send(tcb) && tcp_octets_are_queued(tcb);
    bool shut        = !handshake && tcb->snd_wnd == 0 && (outstanding || queued);

    /* RFC 6298 (5.1) and (5.2); a shut window is probed instead. */
    if (!outstanding || shut)
        tcp_stop_timer(tcb, TIMER_RETRANSMISSION);
    else if (!tcp_timer_runs(tcb, TIMER_RETRANSMISSION))
        tcp_start_timer(tcp, tcb, TIMER_RETRANSMISSION, tcb->rto_us);

    if (!shut)
        tcp_stop_timer(tcb, TIMER_PERSIST);
    else if (!tcp_timer_runs(tcb, TIMER_PERSIST))
        tcp_start_timer(tcp, tcb, TIMER_PERSIST, tcp_probe_interval_us(tcp, tcb));

    if (shut || outstanding || !queued)
        tcp_stop_timer(tcb, TIMER_OVERRIDE);
    else if (!tcp_timer_runs(tcb, TIMER_OVERRIDE))
        tcp_start_timer(tcp, tcb, TIMER_OVERRIDE, tcp->config.override_us);

    if (!(outstanding || queued) || tcb->user_timeout_us == 0 || tcb->user_timeout_us == UINT64_MAX)
        tcp_stop_timer(tcb, TIMER_USER);
    else if (!tcp_timer_runs(tcb, TIMER_USER))
        tcp_start_timer(tcp, tcb, TIMER_USER, tcb->user_timeout_us);
}

/* Sends what the event has made possible, acknowledges what it has left unacknowledged (MUST-58: on a data segment where one
 * leaves), and sees that the right timers run. */
void tcp_settle(struct tcp *tcp, struct control_block *tcb)
{
    if (tcb->state == LISTEN)
        return;
    tcp_send_what_may_go(tcp, tcb);
    if (tcb->ack_owed == ACK_NOW)
        tcp_send_ack(tcp, tcb);
    else if (tcb->ack_owed == ACK_DELAYED && !tcp_timer_runs(tcb, TIMER_DELAYED_ACK))
        tcp_start_timer(tcp, tcb, TIMER_DELAYED_ACK, tcp->config.delayed_ack_us);
    settle_timers(tcp, tcb);
    tcp_watch_orphan(tcp, tcb);
}
