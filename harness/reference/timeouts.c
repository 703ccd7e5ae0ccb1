/* timeouts.c: RFC 9293 3.10.8, and the timers that it leaves to other sections: delayed ACK, zero-window probe, override,
 * keep-alive, and the bound on connections that nobody receives from any more. */
#include "reference/control_block.h"

enum { PERSIST_SHIFT_MOST = 16 };

/* "Start the time-wait timer, turn off the other timers." */
void tcp_enter_time_wait(struct tcp *tcp, struct control_block *tcb)
{
    for (int timer = 0; timer < TIMERS; timer++)
        tcb->timers[timer] = NEVER;
    tcb->state = TIME_WAIT;
    tcp_start_timer(tcp, tcb, TIMER_TIME_WAIT, 2 * tcp->config.msl_us);
}

/* A segment of this connection has come: it is not idle. */
void tcp_heard(struct tcp *tcp, struct control_block *tcb)
{
    tcb->last_heard_us   = tcp->now_us;
    tcb->probes          = 0;
    tcb->keep_alive_sent = 0;
    if (tcb->keep_alive)
        tcp_start_timer(tcp, tcb, TIMER_KEEP_ALIVE, tcb->keep_alive_us);
}

/* RFC 9293 3.8.6.1, SHLD-29 and SHLD-30: the first probe after the retransmission timeout, then growing exponentially. */
uint64_t tcp_probe_interval_us(const struct tcp *tcp, const struct control_block *tcb)
{
    uint64_t interval_us = tcb->rto_us << tcb->persist_shift;

    return interval_us < tcp->config.rto_most_us ? interval_us : tcp->config.rto_most_us;
}

/* A peer that stays silent, or keeps its window shut, cannot hold what no user waits for. RFC 9293 leaves the bound to the
 * implementation (3.6.1 and the end of 3.8.6.1). */
void tcp_watch_orphan(struct tcp *tcp, struct control_block *tcb)
{
    bool waits_for_fin = tcb->state == FIN_WAIT_2;
    bool waits_to_send = tcp_timer_runs(tcb, TIMER_PERSIST);

    if (!tcb->gives_up_receiving || !(waits_for_fin || waits_to_send))
        tcp_stop_timer(tcb, TIMER_ORPHAN);
    else if (!tcp_timer_runs(tcb, TIMER_ORPHAN))
        tcp_start_timer(tcp, tcb, TIMER_ORPHAN, tcp->config.orphan_us);
}

static void give_up(struct tcp *tcp, struct control_block *tcb)
{
    tcp_signal_user(tcp, tcb, TCP_SIGNAL_TIMED_OUT);
    tcp_block_delete(tcp, tcb);
}

/* RFC 9293 3.8.6.1. MUST-37: a peer that answers probes keeps the connection, however long; one that does not is given up
 * by R2. */
static void persist_timeout(struct tcp *tcp, struct control_block *tcb)
{
    uint64_t patience_us = tcb->user_timeout_us != 0 ? tcb->user_timeout_us : tcp->config.r2_us;

    if (tcb->probes > 0 && tcp->now_us - tcb->last_heard_us >= patience_us) {
        give_up(tcp, tcb);
        return;
    }
    tcp_probe_window(tcp, tcb);
    tcb->probes++;
    if (tcb->persist_shift < PERSIST_SHIFT_MOST)
        tcb->persist_shift++;
}

/* RFC 9293 3.8.4: SEG.SEQ = SND.NXT-1 and no data (SHLD-12), only while nothing is outstanding (MUST-26). One probe that is
 * not answered proves nothing (MUST-29). */
static void keep_alive_timeout(struct tcp *tcp, struct control_block *tcb)
{
    bool has_peer = tcb->state >= ESTABLISHED && tcb->state != TIME_WAIT;

    if (!tcb->keep_alive || !has_peer)
        return;
    if (tcb->snd_una != tcb->snd_nxt || tcp_octets_are_queued(tcb)) {
        tcp_start_timer(tcp, tcb, TIMER_KEEP_ALIVE, tcb->keep_alive_us);
        return;
    }
    if (tcb->keep_alive_sent >= tcp->config.keep_alive_probes) {
        give_up(tcp, tcb);
        return;
    }
    tcb->keep_alive_sent++;
    tcp_emit(tcp, tcb, tcb->snd_nxt - 1, ACK, 0);
    tcp_start_timer(tcp, tcb, TIMER_KEEP_ALIVE, tcb->keep_alive_interval_us);
}

static void orphan_timeout(struct tcp *tcp, struct control_block *tcb)
{
    if (tcb->state != FIN_WAIT_2)
        tcp_send_rst(tcp, tcb);
    tcp_block_delete(tcp, tcb);
}

static void delayed_ack_timeout(struct tcp *tcp, struct control_block *tcb)
{
    (void)tcp;
    if (tcb->ack_owed == ACK_DELAYED)
        tcb->ack_owed = ACK_NOW;
}

/* RFC 9293 3.10.8, in its order; then the others. */
static void (*const timeouts[TIMERS])(struct tcp *tcp, struct control_block *tcb) = {
    [TIMER_USER]           = give_up,                    /* USER TIMEOUT           */
    [TIMER_RETRANSMISSION] = tcp_retransmission_timeout, /* RETRANSMISSION TIMEOUT */
    [TIMER_TIME_WAIT]      = tcp_block_delete,           /* TIME-WAIT TIMEOUT      */
    [TIMER_PERSIST]        = persist_timeout,
    [TIMER_OVERRIDE]       = tcp_send_overriding,
    [TIMER_DELAYED_ACK]    = delayed_ack_timeout,
    [TIMER_KEEP_ALIVE]     = keep_alive_timeout,
    [TIMER_ORPHAN]         = orphan_timeout,
};

void tcp_run_timers(struct tcp *tcp, struct control_block *tcb)
{
    bool any = false;

    for (int timer = tcp_due_timer(tcp, tcb, 0); timer < TIMERS && tcb->state != CLOSED;
         timer     = tcp_due_timer(tcp, tcb, timer + 1)) {
        tcb->timers[timer] = NEVER;
        timeouts[timer](tcp, tcb);
        any = true;
    }
    if (any && tcb->state != CLOSED)
        tcp_settle(tcp, tcb);
}
