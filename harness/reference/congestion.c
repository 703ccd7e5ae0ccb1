/* congestion.c: congestion control: RFC 5681, with NewReno's recovery (RFC 6582) and limited transmit (RFC 3042). */
#include "reference/control_block.h"

enum { DUPLICATES_FOR_RETRANSMIT = 3 };

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* RFC 5681 2: the amount of data that has been sent but not yet cumulatively acknowledged. */
uint32_t tcp_flight_size(const struct control_block *tcb)
{
    return tcb->snd_nxt - tcb->snd_una;
}

/* RFC 5681 3.1. A lost SYN or SYN,ACK leaves one segment. */
static uint32_t initial_window(const struct control_block *tcb)
{
    if (tcb->syn_timed_out)
        return tcb->smss;
    if (tcb->smss > 2190)
        return 2 * tcb->smss;
    return tcb->smss > 1095 ? 3 * tcb->smss : 4 * tcb->smss;
}

/* Once the handshake is done. RFC 5681 3.1: ssthresh should begin arbitrarily high. */
void tcp_congestion_begin(struct control_block *tcb)
{
    tcb->cwnd       = initial_window(tcb);
    tcb->ssthresh   = UINT16_MAX;
    tcb->cwnd_acked = 0;
    tcb->recover    = tcb->iss;
}

/* RFC 5681 (4). */
static uint32_t half_of_flight(const struct control_block *tcb)
{
    return larger((tcp_flight_size(tcb) - smaller(tcb->limited_octets, tcp_flight_size(tcb))) / 2, 2 * tcb->smss);
}

/* RFC 5681 3.1: slow start below ssthresh, congestion avoidance above. */
static void open_window(struct control_block *tcb, uint32_t octets)
{
    if (tcb->cwnd < tcb->ssthresh) {
        tcb->cwnd += smaller(octets, tcb->smss); /* (2) */
        return;
    }
    tcb->cwnd_acked += octets;
    if (tcb->cwnd_acked >= tcb->cwnd) {
        tcb->cwnd_acked -= tcb->cwnd;
        tcb->cwnd += tcb->smss;
    }
}

/* RFC 6582 3.2 (3): an ACK of new data ends the recovery, or is partial. SND.UNA has moved already. */
static void recover_further(struct tcp *tcp, struct control_block *tcb, uint32_t octets)
{
    if (seq_before_eq(tcb->recover, tcb->snd_una)) {
        tcb->cwnd       = smaller(tcb->ssthresh, larger(tcp_flight_size(tcb), tcb->smss) + tcb->smss);
        tcb->recovering = false;
        return;
    }
    tcb->cwnd -= smaller(octets, tcb->cwnd);
    if (octets >= tcb->smss)
        tcb->cwnd += tcb->smss;
    tcb->cwnd          = larger(tcb->cwnd, tcb->smss);
    tcb->partial_acked = true;
    tcp_retransmit_first(tcp, tcb);
}

/* SND.UNA has moved on by so many octets. */
void tcp_congestion_acknowledged(struct tcp *tcp, struct control_block *tcb, uint32_t octets)
{
    tcb->duplicate_acks = 0;
    tcb->limited_octets = 0;
    if (tcb->recovering)
        recover_further(tcp, tcb, octets);
    else
        open_window(tcb, octets);
}

/* RFC 5681 3.2: a duplicate ACK has come. */
void tcp_congestion_duplicate(struct tcp *tcp, struct control_block *tcb)
{
    tcb->duplicate_acks++;
    if (tcb->recovering) {
        tcb->cwnd += tcb->smss; /* step 4 */
        return;
    }
    if (tcb->duplicate_acks < DUPLICATES_FOR_RETRANSMIT) {
        tcb->limited_octets = tcb->duplicate_acks * tcb->smss; /* step 1, RFC 3042 */
        return;
    }
    /* RFC 6582 3.2 (2): not for segments that a timeout has sent again. */
    if (tcb->duplicate_acks > DUPLICATES_FOR_RETRANSMIT || !seq_before(tcb->recover, tcb->snd_una))
        return;
    tcb->ssthresh       = half_of_flight(tcb);                                   /* step 2 */
    tcb->cwnd           = tcb->ssthresh + DUPLICATES_FOR_RETRANSMIT * tcb->smss; /* step 3 */
    tcb->limited_octets = 0;
    tcb->recover        = tcb->snd_nxt;
    tcb->recovering     = true;
    tcb->partial_acked  = false;
    tcp_retransmit_first(tcp, tcb);
}

/* RFC 5681 3.1, last paragraphs: a loss that the timer found. */
void tcp_congestion_timeout(struct control_block *tcb)
{
    if (tcb->retransmissions == 0)
        tcb->ssthresh = half_of_flight(tcb);
    tcb->cwnd           = tcb->smss;
    tcb->cwnd_acked     = 0;
    tcb->duplicate_acks = 0;
    tcb->limited_octets = 0;
    tcb->recovering     = false;
    tcb->recover        = tcb->snd_nxt; /* RFC 6582 3.2 (4) */
    tcb->resend_nxt     = tcb->snd_una;
}

/* RFC 5681 4.1: after a pause of more than one timeout the window is that of a new connection. */
void tcp_congestion_restart(const struct tcp *tcp, struct control_block *tcb)
{
    if (tcb->snd_una == tcb->snd_nxt && tcp->now_us - tcb->last_sent_us > tcb->rto_us)
        tcb->cwnd = smaller(tcb->cwnd, initial_window(tcb));
}
