/* receive.c: what the receive window lets in (RFC 9293 3.4), octets put in order, and the window that is offered
 * (3.8.6.2.2). Octets that come out of order lie in the receive buffer at the place where they belong; which of those
 * places are filled is a short list of ranges. */
#include <string.h>

#include "reference/control_block.h"

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- the window as a test of what arrives --------------------------------------------------------------------------- */

/* RCV.NXT =< seq < RCV.NXT+RCV.WND */
static bool in_window(const struct control_block *tcb, uint32_t seq)
{
    return seq_before_eq(tcb->rcv_nxt, seq) && seq_before(seq, tcb->rcv_nxt + tcb->rcv_wnd);
}

/* RFC 9293 Table 6, row by row. */
bool tcp_acceptable(const struct control_block *tcb, const struct segment *segment)
{
    uint32_t length = segment_length(segment);

    if (length == 0 && tcb->rcv_wnd == 0)
        return segment->seq == tcb->rcv_nxt;
    if (length == 0)
        return in_window(tcb, segment->seq);
    if (tcb->rcv_wnd == 0)
        return false;
    return in_window(tcb, segment->seq) || in_window(tcb, segment->seq + length - 1);
}

/* "Trimming off any portions that lie outside the window (including SYN and FIN)". Octets beyond a FIN that is known do not
 * belong to the stream either. */
void tcp_trim(const struct control_block *tcb, struct segment *segment)
{
    uint32_t edge = tcb->rcv_nxt + tcb->rcv_wnd;

    if (seq_before(segment->seq, tcb->rcv_nxt)) {
        uint32_t old = tcb->rcv_nxt - segment->seq;

        if (old > 0 && (segment->flags & SYN)) {
            segment->flags &= (uint8_t)~SYN;
            segment->seq++;
            old--;
        }
        uint32_t cut = smaller(old, (uint32_t)segment->text_octets);

        segment->seq += cut;
        if (cut > 0)
            segment->text += cut;
        segment->text_octets -= cut;
        if (old > cut) {
            segment->flags &= (uint8_t)~FIN;
            segment->seq = tcb->rcv_nxt;
        }
    }
    if (seq_before(edge, segment->seq + segment_length(segment))) {
        uint32_t room = seq_before(segment->seq, edge) ? edge - segment->seq : 0;

        segment->flags &= (uint8_t)~FIN;
        segment->text_octets = smaller(room, (uint32_t)segment->text_octets);
    }
    if (tcb->fin_seen && seq_before(tcb->fin_seq, segment->seq + (uint32_t)segment->text_octets))
        segment->text_octets = seq_before(segment->seq, tcb->fin_seq) ? tcb->fin_seq - segment->seq : 0;
}

/* ---- reassembly, RFC 9293 3.10.7.4 SHLD-31 -------------------------------------------------------------------------- */

static void store(const struct tcp *tcp, struct control_block *tcb, uint32_t seq, const uint8_t *text, size_t count)
{
    size_t size  = tcp->config.receive_buffer_octets;
    size_t at    = (tcb->receive_at + tcb->receive_user + (seq - tcb->rcv_nxt)) % size;
    size_t first = count < size - at ? count : size - at;

    memcpy(tcb->receive_buffer + at, text, first);
    memcpy(tcb->receive_buffer, text + first, count - first);
}

/* The first range that ends at `from` or beyond: those before it have nothing to do with octets from there on. */
static size_t first_touched(const struct control_block *tcb, uint32_t from)
{
    size_t i = 0;

    while (i < tcb->held_count && seq_before(tcb->held[i].to, from))
        i++;
    return i;
}

/* Joins [from, to) with the ranges that it overlaps or touches. */
static void join_range(struct control_block *tcb, uint32_t from, uint32_t to)
{
    size_t first = first_touched(tcb, from), last = first;

    while (last < tcb->held_count && seq_before_eq(tcb->held[last].from, to)) {
        if (seq_before(tcb->held[last].from, from))
            from = tcb->held[last].from;
        if (seq_before(to, tcb->held[last].to))
            to = tcb->held[last].to;
        last++;
    }
    memmove(&tcb->held[first + 1], &tcb->held[last], (tcb->held_count - last) * sizeof *tcb->held);
    tcb->held[first] = (struct held_range){ from, to };
    tcb->held_count  = tcb->held_count - (last - first) + 1;
}

/* The list is bounded: a range that would be one too many is not held, and comes again by retransmission. What begins at
 * RCV.NXT always finds a place, for it does not stay. */
static bool has_place(const struct tcp *tcp, const struct control_block *tcb, uint32_t from, uint32_t to)
{
    size_t i = first_touched(tcb, from);

    return from == tcb->rcv_nxt || tcb->held_count < tcp->config.held_ranges ||
           (i < tcb->held_count && seq_before_eq(tcb->held[i].from, to));
}

/* Keeps text that lies in the window. Octets that are there already stay as they came first. */
void tcp_hold_text(struct tcp *tcp, struct control_block *tcb, uint32_t seq, const uint8_t *text, size_t count)
{
    uint32_t at = seq, to = seq + (uint32_t)count;

    if (count == 0 || !has_place(tcp, tcb, seq, to))
        return;
    for (size_t i = first_touched(tcb, seq); i < tcb->held_count && seq_before(tcb->held[i].from, to); i++) {
        const struct held_range *range = &tcb->held[i];

        if (seq_before(at, range->from))
            store(tcp, tcb, at, text + (at - seq), range->from - at);
        if (seq_before(at, range->to))
            at = range->to;
    }
    if (seq_before(at, to))
        store(tcp, tcb, at, text + (at - seq), to - at);
    join_range(tcb, seq, to);
}

/* Moves RCV.NXT over what is there in order; RCV.WND shrinks by as much, so that the right edge stays. Returns how much. */
uint32_t tcp_take_in_order(struct control_block *tcb)
{
    if (tcb->held_count == 0 || tcb->held[0].from != tcb->rcv_nxt)
        return 0;
    uint32_t to = tcb->held[0].to;

    if (tcb->fin_seen && seq_before(tcb->fin_seq, to))
        to = tcb->fin_seq;
    uint32_t count = to - tcb->rcv_nxt;

    tcb->held_count--;
    memmove(&tcb->held[0], &tcb->held[1], tcb->held_count * sizeof *tcb->held);
    tcb->rcv_nxt += count;
    tcb->rcv_wnd -= count;
    tcb->receive_user += count;
    return count;
}

size_t tcp_held_octets(const struct control_block *tcb)
{
    size_t octets = 0;

    for (size_t i = 0; i < tcb->held_count; i++)
        octets += tcb->held[i].to - tcb->held[i].from;
    return octets;
}

/* ---- the window that is offered ---------------------------------------------------------------------------------------- */

static uint32_t free_octets(const struct tcp *tcp, const struct control_block *tcb)
{
    return (uint32_t)(tcp->config.receive_buffer_octets - tcb->receive_user);
}

static uint32_t worthwhile_step(const struct tcp *tcp, const struct control_block *tcb)
{
    return smaller((uint32_t)tcp->config.receive_buffer_octets / 2, tcb->smss);
}

/* RFC 9293 3.8.6.2.2: RCV.NXT+RCV.WND stays until RCV.BUFF - RCV.USER - RCV.WND >= min (Fr * RCV.BUFF, Eff.snd.MSS). Never
 * moves the right edge back (SHLD-14). */
void tcp_advance_window(const struct tcp *tcp, struct control_block *tcb)
{
    uint32_t open = free_octets(tcp, tcb);

    if (open > tcb->rcv_wnd && open - tcb->rcv_wnd >= worthwhile_step(tcp, tcb) && !tcb->fin_received)
        tcb->rcv_wnd = open;
}

/* The user has received: is the peer to be told at once? A peer that has half of RCV.BUFF to send into is not waiting; the
 * next ACK tells it (3.8.6.2.2: "combines with the delayed ACK algorithm"). */
bool tcp_window_wants_update(const struct tcp *tcp, const struct control_block *tcb)
{
    uint32_t open = free_octets(tcp, tcb);

    return !tcb->fin_received && open > tcb->rcv_wnd && open - tcb->rcv_wnd >= worthwhile_step(tcp, tcb) &&
           tcb->rcv_wnd < tcp->config.receive_buffer_octets / 2;
}

/* ---- RECEIVE ----------------------------------------------------------------------------------------------------------- */

/* Hands over octets that are in order. RFC 9293 3.8.5: urgent mode ends where RCV.UP is reached. */
size_t tcp_read(struct tcp *tcp, struct control_block *tcb, uint8_t *data, size_t room)
{
    size_t size  = tcp->config.receive_buffer_octets;
    size_t count = room < tcb->receive_user ? room : tcb->receive_user;
    size_t first = count < size - tcb->receive_at ? count : size - tcb->receive_at;

    memcpy(data, tcb->receive_buffer + tcb->receive_at, first);
    memcpy(data + first, tcb->receive_buffer, count - first);
    tcb->receive_at = (tcb->receive_at + count) % size;
    tcb->receive_user -= count;
    tcb->received += count;
    if (tcb->urgent_receiving && seq_before_eq(tcb->rcv_up, tcb->rcv_nxt - (uint32_t)tcb->receive_user))
        tcb->urgent_receiving = false;
    return count;
}
