#include "reference/inspect.h"

#include "reference/control_block.h"

/* ---- what holds ------------------------------------------------------------------------------------------------------- */

static bool send_space_in_order(const struct tcp *tcp, const struct control_block *tcb)
{
    (void)tcp;
    return seq_before_eq(tcb->iss, tcb->snd_una) && seq_before_eq(tcb->snd_una, tcb->resend_nxt) &&
           seq_before_eq(tcb->resend_nxt, tcb->snd_nxt);
}

static bool nothing_sent_that_was_not_queued(const struct tcp *tcp, const struct control_block *tcb)
{
    return seq_before_eq(tcb->snd_nxt, tcb->send_first + (uint32_t)tcb->send_count + tcb->fin_sent) &&
           tcb->send_count <= tcp->config.send_buffer_octets && tcb->send_at < tcp->config.send_buffer_octets;
}

static bool window_within_the_largest(const struct tcp *tcp, const struct control_block *tcb)
{
    (void)tcp;
    return tcb->snd_wnd <= tcb->max_snd_wnd;
}

static bool held_octets_apart_and_inside(const struct tcp *tcp, const struct control_block *tcb)
{
    uint32_t at = tcb->rcv_nxt;

    for (size_t i = 0; i < tcb->held_count; i++) {
        const struct held_range *range = &tcb->held[i];
        bool                     apart = i == 0 ? seq_before_eq(at, range->from) : seq_before(at, range->from);

        if (!apart || !seq_before(range->from, range->to) || !seq_before_eq(range->to, tcb->rcv_nxt + tcb->rcv_wnd))
            return false;
        at = range->to;
    }
    return tcb->held_count <= tcp->config.held_ranges + 1;
}

static bool receive_buffer_holds_the_window(const struct tcp *tcp, const struct control_block *tcb)
{
    return tcb->receive_user + tcb->rcv_wnd <= tcp->config.receive_buffer_octets;
}

static bool fin_is_the_last(const struct tcp *tcp, const struct control_block *tcb)
{
    (void)tcp;
    return !tcb->fin_received || tcb->rcv_nxt == tcb->fin_seq + 1;
}

/* A FIN that the peer sent has brought the connection where 3.6 has it, and none has where none came. */
static bool state_knows_the_fins(const struct tcp *tcp, const struct control_block *tcb)
{
    bool peer_closed = tcb->state == CLOSE_WAIT || tcb->state == LAST_ACK || tcb->state == CLOSING || tcb->state == TIME_WAIT;
    bool user_closed = tcb->state == FIN_WAIT_1 || tcb->state == FIN_WAIT_2 || tcb->state == CLOSING ||
                       tcb->state == LAST_ACK || tcb->state == TIME_WAIT;

    (void)tcp;
    if (tcb->state == SYN_RECEIVED)
        return !tcb->fin_received;
    return peer_closed == tcb->fin_received && (!user_closed || tcb->close_queued);
}

static bool nothing_outstanding_once_acknowledged(const struct tcp *tcp, const struct control_block *tcb)
{
    (void)tcp;
    return (tcb->state != FIN_WAIT_2 && tcb->state != TIME_WAIT) || tcb->snd_una == tcb->snd_nxt;
}

static bool rto_within_bounds(const struct tcp *tcp, const struct control_block *tcb)
{
    return tcb->rto_us >= tcp->config.rto_least_us && tcb->rto_us <= tcp->config.rto_most_us;
}

static bool window_of_a_segment(const struct tcp *tcp, const struct control_block *tcb)
{
    (void)tcp;
    return tcb->smss > 0 && tcb->cwnd >= tcb->smss;
}

static bool timer_for_what_is_outstanding(const struct tcp *tcp, const struct control_block *tcb)
{
    bool outstanding = tcb->snd_una != tcb->snd_nxt;
    bool pursued     = tcp_timer_runs(tcb, TIMER_RETRANSMISSION) || tcp_timer_runs(tcb, TIMER_PERSIST);

    (void)tcp;
    return outstanding == pursued || (pursued && tcp_octets_are_queued(tcb) && tcb->snd_wnd == 0) || tcb->state == TIME_WAIT;
}

static bool time_wait_ends(const struct tcp *tcp, const struct control_block *tcb)
{
    (void)tcp;
    return tcb->state != TIME_WAIT || tcp_timer_runs(tcb, TIMER_TIME_WAIT);
}

static bool delayed_ack_is_due(const struct tcp *tcp, const struct control_block *tcb)
{
    (void)tcp;
    return tcb->ack_owed != ACK_DELAYED || tcp_timer_runs(tcb, TIMER_DELAYED_ACK);
}

static bool no_timer_is_overdue(const struct tcp *tcp, const struct control_block *tcb)
{
    return tcp_next_timeout_us(tcb) >= tcp->now_us;
}

static bool sockets_name_one(const struct tcp *tcp, const struct control_block *tcb)
{
    return tcp_block_of_pair(tcp, &tcb->local_address, tcb->local_port, &tcb->remote_address, tcb->remote_port) == tcb;
}

const struct tcp_invariant tcp_invariants[] = {
    { "send-space", "RFC9293-3.4-c", "ISS =< SND.UNA =< SND.NXT", send_space_in_order },
    { "send-buffer", "RFC9293-3.6-b", "what was sent, the user had given", nothing_sent_that_was_not_queued },
    { "max-window", "RFC5961-5.2-e", "MAX.SND.WND is the largest window that the peer ever offered",
      window_within_the_largest },
    { "reassembly", "RFC9293-3.10.7.4-seq-d", "octets held lie inside the window, in order and apart",
      held_octets_apart_and_inside },
    { "receive-buffer", "RFC9293-3.8.6.2.2-a", "RCV.USER + RCV.WND =< RCV.BUFF", receive_buffer_holds_the_window },
    { "fin-last", "RFC9293-3.4-e", "RCV.NXT stands behind the FIN, and nothing comes after it", fin_is_the_last },
    { "fin-state", "RFC9293-3.6-h", "the state is the one that the FINs sent and received lead to", state_knows_the_fins },
    { "acknowledged", "RFC9293-3.6-c", "FIN-WAIT-2 and TIME-WAIT: our FIN is acknowledged",
      nothing_outstanding_once_acknowledged },
    { "rto", "RFC6298-2.5-a", "RTO lies between its bounds", rto_within_bounds },
    { "cwnd", "RFC5681-3.1-a", "the congestion window holds a segment", window_of_a_segment },
    { "timer", "RFC6298-5.1-a", "the timer runs if, and only if, something is outstanding", timer_for_what_is_outstanding },
    { "time-wait", "RFC9293-3.10.8-c", "TIME-WAIT ends after 2 MSL", time_wait_ends },
    { "delayed-ack", "RFC9293-MUST-40", "an ACK that is delayed is not forgotten", delayed_ack_is_due },
    { "overdue", "RFC9293-3.10.8-b", "what was due has happened", no_timer_is_overdue },
    { "sockets", "RFC9293-MUST-42", "a pair of sockets names one connection", sockets_name_one },
    { 0 },
};

const struct tcp_invariant *tcp_broken_invariant(const struct tcp *tcp)
{
    for (size_t i = 0; i < tcp->used; i++) {
        const struct control_block *tcb = &tcp->blocks[i];

        if (tcb->state <= SYN_SENT)
            continue;
        for (const struct tcp_invariant *invariant = tcp_invariants; invariant->id != NULL; invariant++)
            if (!invariant->holds(tcp, tcb))
                return invariant;
    }
    return NULL;
}

/* ---- what a segment meets --------------------------------------------------------------------------------------------- */

enum state tcp_state_met(const struct tcp *tcp, const struct ip_address *local, uint16_t local_port,
                         const struct ip_address *remote, uint16_t remote_port)
{
    const struct control_block *tcb = tcp_block_of_pair(tcp, local, local_port, remote, remote_port);

    if (tcb != NULL)
        return tcb->state;
    const struct segment arrives = {
        .source = *remote, .destination = *local, .source_port = remote_port, .destination_port = local_port
    };

    return tcp_block_listening(tcp, &arrives) != NULL ? LISTEN : CLOSED;
}

size_t tcp_connections_in_use(const struct tcp *tcp)
{
    size_t count = 0;

    for (size_t i = 0; i < tcp->used; i++)
        count += tcp->blocks[i].state != CLOSED && tcp->blocks[i].state != LISTEN;
    return count;
}
