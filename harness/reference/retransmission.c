/* retransmission.c: the retransmission timer (RFC 6298), Karn's rule, and excessive retransmissions (RFC 9293 3.8.1, 3.8.3). */
#include "reference/control_block.h"

static uint64_t bounded(const struct tcp *tcp, uint64_t rto_us)
{
    if (rto_us < tcp->config.rto_least_us) /* (2.4) */
        return tcp->config.rto_least_us;
    return rto_us > tcp->config.rto_most_us ? tcp->config.rto_most_us : rto_us; /* (2.5) */
}

/* RFC 6298 (2.1). */
void tcp_rto_begin(const struct tcp *tcp, struct control_block *tcb)
{
    tcb->rto_us       = tcp->config.rto_initial_us;
    tcb->rtt_measured = false;
    tcb->timing       = false;
}

/* One segment a round trip is timed. */
void tcp_rto_time_segment(const struct tcp *tcp, struct control_block *tcb, uint32_t seq)
{
    if (tcb->timing)
        return;
    tcb->timing      = true;
    tcb->timed_seq   = seq;
    tcb->timed_at_us = tcp->now_us;
}

/* RFC 6298 (2.2) and (2.3). */
static void measure(const struct tcp *tcp, struct control_block *tcb, uint64_t rtt_us)
{
    if (!tcb->rtt_measured) {
        tcb->srtt_us      = rtt_us;
        tcb->rttvar_us    = rtt_us / 2;
        tcb->rtt_measured = true;
    } else {
        uint64_t error_us = tcb->srtt_us > rtt_us ? tcb->srtt_us - rtt_us : rtt_us - tcb->srtt_us;

        tcb->rttvar_us = (3 * tcb->rttvar_us + error_us) / 4;
        tcb->srtt_us   = (7 * tcb->srtt_us + rtt_us) / 8;
    }
    uint64_t variation_us = 4 * tcb->rttvar_us;

    if (variation_us < tcp->config.clock_granularity_us)
        variation_us = tcp->config.clock_granularity_us;
    tcb->rto_us = bounded(tcp, tcb->srtt_us + variation_us);
}

/* RFC 6582 3.2 (3): in a recovery the first partial ACK restarts the timer and the others do not, so that many losses end in a
 * timeout instead of one retransmission for each round trip. */
static bool leaves_the_timer(const struct control_block *tcb)
{
    return tcb->recovering && tcb->partial_acked && seq_before(tcb->snd_una, tcb->recover);
}

/* SND.UNA has moved. RFC 6298 (5.2) and (5.3): the timer is off, and started anew where something is still outstanding. */
void tcp_rto_acknowledged(struct tcp *tcp, struct control_block *tcb)
{
    if (tcb->timing && seq_before(tcb->timed_seq, tcb->snd_una)) {
        tcb->timing = false;
        measure(tcp, tcb, tcp->now_us - tcb->timed_at_us);
    }
    tcb->retransmissions = 0;
    tcb->first_sent_us   = tcp->now_us;
    if (!leaves_the_timer(tcb))
        tcp_stop_timer(tcb, TIMER_RETRANSMISSION);
    tcp_stop_timer(tcb, TIMER_USER);
}

/* RFC 9293 3.8.3: R2, which the user may have set (MUST-21). */
static uint64_t patience_us(const struct tcp *tcp, const struct control_block *tcb)
{
    if (tcb->user_timeout_us != 0)
        return tcb->user_timeout_us;
    return tcb->snd_una == tcb->iss ? tcp->config.r2_syn_us : tcp->config.r2_us;
}

/* RFC 9293 3.10.8, RETRANSMISSION TIMEOUT; RFC 6298 (5.4) to (5.7). */
void tcp_retransmission_timeout(struct tcp *tcp, struct control_block *tcb)
{
    bool syn = tcb->snd_una == tcb->iss;

    if (tcp->now_us - tcb->first_sent_us >= patience_us(tcp, tcb)) {
        tcp_signal_user(tcp, tcb, TCP_SIGNAL_TIMED_OUT);
        if (tcb->state == SYN_RECEIVED && tcb->passive)
            tcp_return_to_listen(tcp, tcb);
        else
            tcp_block_delete(tcp, tcb);
        return;
    }
    if (!syn)
        tcp_congestion_timeout(tcb);
    tcb->retransmissions++;
    if (tcb->retransmissions == tcp->config.r1_retransmissions)
        tcp_signal_user(tcp, tcb, TCP_SIGNAL_DELAYED);
    tcb->rto_us = bounded(tcp, 2 * tcb->rto_us); /* (5.5) */
    tcb->syn_timed_out |= syn;
    /* (5.4). With it the timer starts again (5.6), and the segment is not timed any more (3, Karn). */
    tcp_retransmit_first(tcp, tcb);
}
