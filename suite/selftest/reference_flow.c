/* reference_flow.c: what leaves when and how much of it: MSS, Nagle, silly windows, delayed ACKs, the offered window, urgent
 * data, and congestion control (RFC 5681, RFC 6582, RFC 3042) of the reference. */
#include <string.h>

#include "selftest/reference_rig.h"
#include "selftest/selftest.h"

static void established(struct rig *rig)
{
    rig->irs = 0xffffff00u;
    rig_begin(rig, NULL);
    rig->window = 65535;
    rig_enter(rig, ESTABLISHED, RIG_PASSIVE);
}

static void acknowledge(struct rig *rig, uint32_t octets)
{
    rig_peer(rig, ACK, rig->irs + 1, rig->iss + 1 + octets, NULL, 0);
}

/* All that was sent since, as octets of text. */
static size_t sent_octets(struct rig *rig, size_t *segments)
{
    size_t octets = 0;

    *segments = 0;
    for (const struct rig_sent *sent = rig_next(rig); sent; sent = rig_next(rig)) {
        octets += sent->packet.segment.text_octets;
        ++*segments;
    }
    return octets;
}

/* ---- MSS, RFC 9293 3.7.1 ----------------------------------------------------------------------------------------------------
 */

START_TEST(mss_is_honoured)
{
    static const struct {
        bool     ipv6;
        uint16_t option; /* 0: sent as a real 0; 1: no option */
        size_t   largest;
    } rows[]           = { { false, 700, 700 }, { false, 9000, 1460 }, { true, 9000, 1440 }, { false, 1, 536 },
                           { true, 1, 1220 },   { false, 0, 536 },     { false, 50, 50 } };
    struct rig     rig = { .ipv6 = rows[_i].ipv6 };
    struct segment syn = { .flags = SYN, .seq = 9, .window = 60000 };
    size_t         segments;

    rig_begin(&rig, NULL);
    rig_listen(&rig);
    rig.irs = 9;
    if (rows[_i].option != 1) {
        struct tcp_options options = { .has_mss = true, .mss = rows[_i].option };
        syn.option_octets          = tcp_options_build(&options, syn.options);
    }
    rig.mss = 0;
    rig_peer_segment(&rig, &syn);
    const struct rig_sent *answer = rig_next(&rig);
    struct tcp_options     options;

    tcp_options_parse(answer->packet.segment.options, answer->packet.segment.option_octets, &options);
    ck_assert(options.has_mss);
    ck_assert_uint_eq(options.mss, rows[_i].ipv6 ? 1440 : 1460);
    rig.iss = answer->packet.segment.seq;
    rig_peer(&rig, ACK, 10, rig.iss + 1, NULL, 0);
    rig_send(&rig, 0, 20000);
    ck_assert_uint_eq(rig.sent[rig.seen].packet.segment.text_octets, rows[_i].largest);
    sent_octets(&rig, &segments);
    rig_end(&rig);
}
END_TEST

/* ---- Nagle, RFC 9293 3.7.4 --------------------------------------------------------------------------------------------------
 */

START_TEST(nagle)
{
    struct rig rig = { 0 };

    established(&rig);
    rig_send(&rig, 0, 10);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 10);
    rig_send(&rig, 10, 10);
    rig_send(&rig, 20, 10);
    rig_expect_nothing(&rig);
    acknowledge(&rig, 10);
    rig_expect(&rig, ACK, rig.iss + 11, rig.irs + 1, 20);
    tcp_set(rig.tcp, rig.name, TCP_NAGLE, 0);
    rig_send(&rig, 30, 10);
    rig_expect(&rig, ACK, rig.iss + 31, rig.irs + 1, 10);
    rig_end(&rig);
}
END_TEST

/* A full-sized segment does not wait, what is left over does. */
START_TEST(nagle_lets_full_segments_go)
{
    struct rig rig = { 0 };

    established(&rig);
    rig_send(&rig, 0, 10);
    rig_send(&rig, 10, 1500);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 10);
    rig_expect(&rig, ACK, rig.iss + 11, rig.irs + 1, 1460);
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

/* RFC 9293 3.8.6.2.1 (3): half of the largest window there was may go though it is no full segment. */
START_TEST(half_a_window_goes)
{
    struct rig rig = { .irs = 1 };

    rig_begin(&rig, NULL);
    rig.window = 1000;
    rig_enter(&rig, ESTABLISHED, RIG_PASSIVE);
    rig_send(&rig, 0, 5000);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 1000);
    rig.window = 499;
    acknowledge(&rig, 1000);
    rig_expect_nothing(&rig);
    rig.window = 500;
    acknowledge(&rig, 1000);
    rig_expect(&rig, ACK, rig.iss + 1001, rig.irs + 1, 500);
    rig_end(&rig);
}
END_TEST

START_TEST(last_segment_is_pushed)
{
    struct rig rig = { 0 };

    established(&rig);
    rig_send(&rig, 0, 2000);
    ck_assert_uint_eq(rig.sent[rig.seen].packet.segment.flags, ACK);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 1460);
    acknowledge(&rig, 1460);
    ck_assert_uint_eq(rig.sent[rig.seen].packet.segment.flags, ACK | PSH);
    rig_expect(&rig, ACK, rig.iss + 1461, rig.irs + 1, 540);
    rig_end(&rig);
}
END_TEST

/* ---- delayed ACK, RFC 9293 3.8.6.3 ------------------------------------------------------------------------------------------
 */

START_TEST(ack_is_delayed_once)
{
    struct rig rig = { 0 };

    established(&rig);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 1460);
    rig_expect_nothing(&rig);
    rig_pass(&rig, 100 * RIG_MS);
    rig_peer(&rig, ACK, rig.irs + 1461, rig.iss + 1, NULL, 1460);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 2921, 0);
    rig_peer(&rig, ACK, rig.irs + 2921, rig.iss + 1, NULL, 1);
    rig_pass(&rig, 200 * RIG_MS - 1);
    rig_expect_nothing(&rig);
    rig_pass(&rig, 1);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 2922, 0);
    rig_end(&rig);
}
END_TEST

START_TEST(ack_rides_on_data)
{
    struct rig rig = { 0 };

    established(&rig);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 100);
    rig_send(&rig, 0, 10);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 101, 10);
    rig_peer(&rig, ACK, rig.irs + 101, rig.iss + 11, NULL, 0);
    rig_pass(&rig, RIG_S);
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

/* RFC 5681 4.2: out of order at once; a filled gap at once. */
START_TEST(gaps_are_acknowledged_at_once)
{
    struct rig rig = { 0 };

    established(&rig);
    rig_peer(&rig, ACK, rig.irs + 101, rig.iss + 1, NULL, 100);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 0);
    rig_peer(&rig, ACK, rig.irs + 301, rig.iss + 1, NULL, 100);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 0);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 100);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 201, 0);
    rig_peer(&rig, ACK, rig.irs + 201, rig.iss + 1, NULL, 100);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 401, 0);
    rig_end(&rig);
}
END_TEST

/* ---- the offered window, RFC 9293 3.8.6.2.2 ---------------------------------------------------------------------------------
 */

/* The right edge stays while the user does not receive (SHLD-14), moves in worthwhile steps (MUST-39), and a shut window
 * answers probes. */
START_TEST(window_shuts_and_opens)
{
    struct rig rig = { 0 };
    uint8_t    data[65535];
    uint32_t   edge = 0, seq;
    size_t     count;

    established(&rig);
    seq = rig.irs + 1;
    for (size_t left = 65535; left > 0;) {
        size_t octets = left < 1460 ? left : 1460;

        rig_peer(&rig, ACK, seq, rig.iss + 1, NULL, octets);
        seq += (uint32_t)octets;
        left -= octets;
    }
    rig_pass(&rig, 200 * RIG_MS);
    for (const struct rig_sent *sent = rig_next(&rig); sent; sent = rig_next(&rig)) {
        uint32_t now = sent->packet.segment.ack + sent->packet.segment.window;

        ck_assert(edge == 0 || now == edge);
        edge = now;
    }
    ck_assert_uint_eq(edge, seq);
    rig_peer(&rig, ACK, seq, rig.iss + 1, "x", 1); /* a probe */
    ck_assert_uint_eq(rig_expect(&rig, ACK, rig.iss + 1, seq, 0)->window, 0);
    tcp_receive(rig.tcp, rig.name, data, 1459, &count);
    rig_expect_nothing(&rig);
    tcp_receive(rig.tcp, rig.name, data, 1, &count);
    ck_assert_uint_eq(rig_expect(&rig, ACK, rig.iss + 1, seq, 0)->window, 1460);
    tcp_receive(rig.tcp, rig.name, data, sizeof data, &count);
    ck_assert_uint_eq(rig_expect(&rig, ACK, rig.iss + 1, seq, 0)->window, 65535);
    rig_end(&rig);
}
END_TEST

/* MUST-66: with a window of zero ACKs, URG and RST count. */
START_TEST(shut_window_lets_control_in)
{
    struct rig     rig = { 0 };
    struct segment urgent;

    established(&rig);
    for (uint32_t at = 0; at < 65535; at += 1285)
        rig_peer(&rig, ACK, rig.irs + 1 + at, rig.iss + 1, NULL, 1285);
    rig_pass(&rig, 200 * RIG_MS);
    rig_send(&rig, 0, 10);
    rig.seen = rig.sent_count;
    ck_assert_uint_eq(rig_block(&rig)->rcv_wnd, 0);
    urgent = (struct segment){ .flags          = ACK | URG,
                               .seq            = rig.irs + 65536,
                               .ack            = rig.iss + 11,
                               .window         = 9999,
                               .urgent_pointer = 5,
                               .text           = (const uint8_t *)"hello",
                               .text_octets    = 5 };
    rig_peer_segment(&rig, &urgent);
    rig_expect(&rig, ACK, rig.iss + 11, rig.irs + 65536, 0);
    ck_assert_uint_eq(rig_block(&rig)->snd_una, rig.iss + 11);
    ck_assert_uint_ne(rig.signals & 1u << TCP_SIGNAL_URGENT, 0);
    rig_peer(&rig, RST, rig.irs + 65536, 0, NULL, 0);
    ck_assert_ptr_null(rig_block(&rig));
    rig_end(&rig);
}
END_TEST

/* ---- window updates, RFC 9293 3.10.7.4, fifth -------------------------------------------------------------------------------
 */

START_TEST(old_segments_do_not_update_the_window)
{
    struct rig rig = { 0 };

    established(&rig);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, "abc", 3);
    rig.window = 3000;
    rig_peer(&rig, ACK, rig.irs + 4, rig.iss + 1, NULL, 0);
    ck_assert_uint_eq(rig_block(&rig)->snd_wnd, 3000);
    rig.window = 777; /* older SEQ, still acceptable by its last octet */
    rig_peer(&rig, ACK, rig.irs + 3, rig.iss + 1, "cd", 2);
    ck_assert_uint_eq(rig_block(&rig)->snd_wnd, 3000);
    rig.window = 888; /* the same SEQ, an older ACK */
    rig_peer(&rig, ACK, rig.irs + 5, rig.iss, NULL, 0);
    ck_assert_uint_eq(rig_block(&rig)->snd_wnd, 3000);
    rig.window = 999;
    rig_peer(&rig, ACK, rig.irs + 5, rig.iss + 1, NULL, 0);
    ck_assert_uint_eq(rig_block(&rig)->snd_wnd, 999);
    rig_end(&rig);
}
END_TEST

/* ---- urgent data, RFC 9293 3.8.5 --------------------------------------------------------------------------------------------
 */

START_TEST(urgent_is_sent)
{
    struct rig rig = { 0 };
    size_t     taken;

    established(&rig);
    tcp_send(rig.tcp, rig.name, (const uint8_t *)"urgent", 6, true, &taken);
    const struct segment *segment = rig_expect(&rig, ACK | URG, rig.iss + 1, rig.irs + 1, 6);

    ck_assert_uint_eq(segment->urgent_pointer, 6); /* MUST-62 */
    rig_pass(&rig, RIG_S);
    rig_expect(&rig, ACK | URG, rig.iss + 1, rig.irs + 1, 6);
    acknowledge(&rig, 6);
    rig_send(&rig, 0, 5);
    rig_expect(&rig, ACK, rig.iss + 7, rig.irs + 1, 5);
    rig_end(&rig);
}
END_TEST

/* MUST-32: told at the first pointer and at every advance; not when it recedes. */
START_TEST(urgent_is_told)
{
    struct rig        rig = { 0 };
    struct tcp_status status;
    uint8_t           data[100];
    size_t            count;

    established(&rig);
    static const struct {
        uint16_t pointer;
        unsigned told;
    } steps[] = { { 30, 1 }, { 10, 1 }, { 40, 2 }, { 40, 2 }, { 0, 2 } };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct segment segment = {
            .flags = ACK | URG, .seq = rig.irs + 1, .ack = rig.iss + 1, .window = 9999, .urgent_pointer = steps[i].pointer
        };
        rig_peer_segment(&rig, &segment);
        ck_assert_uint_eq(rig.signal_counts[TCP_SIGNAL_URGENT], steps[i].told);
    }
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 60);
    tcp_status(rig.tcp, rig.name, &status);
    ck_assert(status.urgent);
    ck_assert_uint_eq(status.urgent_to, 40);
    tcp_receive(rig.tcp, rig.name, data, 39, &count);
    tcp_status(rig.tcp, rig.name, &status);
    ck_assert(status.urgent);
    tcp_receive(rig.tcp, rig.name, data, 1, &count);
    tcp_status(rig.tcp, rig.name, &status);
    ck_assert(!status.urgent);
    rig_end(&rig);
}
END_TEST

/* ---- congestion -------------------------------------------------------------------------------------------------------------
 */

/* RFC 5681 3.1: three segments of 1,460, then one more for every ACK of a full one. */
START_TEST(slow_start)
{
    struct rig rig = { 0 };
    size_t     segments, total = 0;

    established(&rig);
    rig_send(&rig, 0, 60000);
    total += sent_octets(&rig, &segments);
    ck_assert_uint_eq(segments, 3);
    for (size_t acked = 1; acked <= 10; acked++) {
        acknowledge(&rig, (uint32_t)(1460 * acked));
        total += sent_octets(&rig, &segments);
        ck_assert_uint_eq(segments, 2);
    }
    ck_assert_uint_eq(total, 23 * 1460);
    rig_end(&rig);
}
END_TEST

/* RFC 5681 3.1: above ssthresh one SMSS for a whole window. */
START_TEST(congestion_avoidance)
{
    struct rig rig = { 0 };

    established(&rig);
    struct control_block *tcb = rig_block(&rig);

    tcb->cwnd     = 4 * 1460;
    tcb->ssthresh = 4 * 1460;
    rig_send(&rig, 0, 60000);
    for (uint32_t i = 1; i <= 3; i++)
        acknowledge(&rig, 1460 * i);
    ck_assert_uint_eq(tcb->cwnd, 4 * 1460);
    acknowledge(&rig, 1460 * 4);
    ck_assert_uint_eq(tcb->cwnd, 5 * 1460);
    rig_end(&rig);
}
END_TEST

static struct control_block *eight_in_flight(struct rig *rig)
{
    size_t segments;

    established(rig);
    struct control_block *tcb = rig_block(rig);

    tcb->cwnd = 8 * 1460;
    rig_send(rig, 0, 60000);
    ck_assert_uint_eq(sent_octets(rig, &segments), 8 * 1460);
    return tcb;
}

/* RFC 5681 3.2 and RFC 3042: new segments on the first two duplicates, the lost one on the third, half the flight as
 * ssthresh; RFC 6582: a partial ACK sends the next lost one, the full one ends it. */
START_TEST(fast_retransmit_and_recovery)
{
    struct rig            rig = { 0 };
    struct control_block *tcb = eight_in_flight(&rig);

    acknowledge(&rig, 0);
    rig_expect(&rig, ACK, rig.iss + 1 + 8 * 1460, rig.irs + 1, 1460);
    acknowledge(&rig, 0);
    rig_expect(&rig, ACK, rig.iss + 1 + 9 * 1460, rig.irs + 1, 1460);
    acknowledge(&rig, 0);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 1460);
    rig_expect_nothing(&rig);
    ck_assert_uint_eq(tcb->ssthresh, 4 * 1460);
    ck_assert_uint_eq(tcb->cwnd, 7 * 1460);
    for (int i = 4; i <= 7; i++) {
        acknowledge(&rig, 0);
        if (i > 6)
            rig_expect(&rig, ACK, rig.iss + 1 + 10 * 1460, rig.irs + 1, 1460);
    }
    rig_expect_nothing(&rig);
    acknowledge(&rig, 3 * 1460); /* partial */
    rig_expect(&rig, ACK, rig.iss + 1 + 3 * 1460, rig.irs + 1, 1460);
    ck_assert(tcb->recovering);
    while (rig_next(&rig))
        continue;
    acknowledge(&rig, 10 * 1460); /* all that was sent before the third duplicate */
    ck_assert(!tcb->recovering);
    ck_assert_uint_le(tcb->cwnd, 4 * 1460);
    rig_end(&rig);
}
END_TEST

/* RFC 6582 3.2 (3): the first partial ACK restarts the timer, the second does not. */
START_TEST(partial_acks_and_the_timer)
{
    struct rig            rig = { 0 };
    struct control_block *tcb = eight_in_flight(&rig);

    for (int i = 0; i < 3; i++)
        acknowledge(&rig, 0);
    rig_pass(&rig, 300 * RIG_MS);
    acknowledge(&rig, 1460);
    uint64_t due_us = tcb->timers[TIMER_RETRANSMISSION];

    ck_assert_uint_eq(due_us, rig.now_us + tcb->rto_us);
    rig_pass(&rig, 300 * RIG_MS);
    acknowledge(&rig, 2 * 1460);
    ck_assert(tcb->recovering);
    ck_assert_uint_eq(tcb->timers[TIMER_RETRANSMISSION], due_us);
    rig_end(&rig);
}
END_TEST

/* RFC 5681 2, DUPLICATE ACKNOWLEDGMENT: neither octets nor another window may come with it, and something must be in flight. */
START_TEST(not_every_repeated_ack_is_a_duplicate)
{
    struct rig            rig = { 0 };
    struct control_block *tcb = eight_in_flight(&rig);

    for (uint16_t i = 0; i < 3; i++) {
        rig.window = (uint16_t)(60000 + i);
        acknowledge(&rig, 0);
    }
    for (uint32_t i = 0; i < 3; i++)
        rig_peer(&rig, ACK, rig.irs + 1 + i, rig.iss + 1, "x", 1);
    ck_assert_uint_eq(tcb->duplicate_acks, 0);
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

/* RFC 5681 3.1: a timeout leaves one segment; a second one of the same segment leaves ssthresh alone. */
START_TEST(timeout_collapses_the_window)
{
    struct rig            rig = { 0 };
    struct control_block *tcb = eight_in_flight(&rig);

    rig_pass(&rig, RIG_S);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 1460);
    rig_expect_nothing(&rig);
    ck_assert_uint_eq(tcb->cwnd, 1460);
    ck_assert_uint_eq(tcb->ssthresh, 4 * 1460);
    rig_pass(&rig, 2 * RIG_S);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 1460);
    ck_assert_uint_eq(tcb->ssthresh, 4 * 1460);
    acknowledge(&rig, 1460); /* slow start over what was lost */
    rig_expect(&rig, ACK, rig.iss + 1 + 1460, rig.irs + 1, 1460);
    rig_expect(&rig, ACK, rig.iss + 1 + 2 * 1460, rig.irs + 1, 1460);
    rig_expect_nothing(&rig);
    acknowledge(&rig, 8 * 1460); /* the others had arrived */
    rig_expect(&rig, ACK, rig.iss + 1 + 8 * 1460, rig.irs + 1, 1460);
    rig_end(&rig);
}
END_TEST

/* RFC 6582 3.2 (2) and (4): duplicates of what a timeout has sent again are no sign of another loss. */
START_TEST(no_fast_retransmit_after_a_timeout)
{
    struct rig            rig = { 0 };
    struct control_block *tcb = eight_in_flight(&rig);

    rig_pass(&rig, RIG_S);
    acknowledge(&rig, 1460);
    rig.seen = rig.sent_count;
    for (int i = 0; i < 5; i++)
        acknowledge(&rig, 1460);
    rig_expect_nothing(&rig); /* nor are they leave to send it faster */
    ck_assert(!tcb->recovering);
    ck_assert_uint_eq(tcb->ssthresh, 4 * 1460);
    acknowledge(&rig, 8 * 1460);
    acknowledge(&rig, 9 * 1460); /* beyond all of that, duplicates count again */
    for (int i = 0; i < 3; i++)
        acknowledge(&rig, 9 * 1460);
    ck_assert(tcb->recovering);
    rig_end(&rig);
}
END_TEST

/* RFC 5681 4.1. */
START_TEST(idle_connection_starts_anew)
{
    struct rig            rig = { 0 };
    struct control_block *tcb = eight_in_flight(&rig);
    size_t                segments;

    while (tcb->snd_una != tcb->send_first + tcb->send_count)
        acknowledge(&rig, tcb->snd_nxt - rig.iss - 1);
    sent_octets(&rig, &segments);
    ck_assert_uint_gt(tcb->cwnd, 3 * 1460);
    rig_pass(&rig, 2 * RIG_S);
    rig_send(&rig, 0, 60000);
    sent_octets(&rig, &segments);
    ck_assert_uint_eq(segments, 3);
    rig_end(&rig);
}
END_TEST

/* ---- RFC 5961 7 -------------------------------------------------------------------------------------------------------------
 */

START_TEST(challenges_are_throttled)
{
    struct rig rig = { 0 };
    size_t     segments;

    established(&rig);
    for (int i = 0; i < 100; i++)
        rig_peer(&rig, RST, rig.irs + 100, 0, NULL, 0);
    sent_octets(&rig, &segments);
    ck_assert_uint_eq(segments, 10);
    for (int i = 0; i < 20; i++) {
        rig_pass(&rig, 600 * RIG_MS);
        rig_peer(&rig, SYN, rig.irs + 100, 0, NULL, 0);
        if (i > 0)
            rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 0);
        else
            sent_octets(&rig, &segments);
    }
    rig_end(&rig);
}
END_TEST

SUITE(reference_flow)
{
    Suite *suite = suite_create("reference_flow");
    TCase *tcase = tcase_create("flow");

    tcase_add_loop_test(tcase, mss_is_honoured, 0, 7);
    tcase_add_test(tcase, nagle);
    tcase_add_test(tcase, nagle_lets_full_segments_go);
    tcase_add_test(tcase, half_a_window_goes);
    tcase_add_test(tcase, last_segment_is_pushed);
    tcase_add_test(tcase, ack_is_delayed_once);
    tcase_add_test(tcase, ack_rides_on_data);
    tcase_add_test(tcase, gaps_are_acknowledged_at_once);
    tcase_add_test(tcase, window_shuts_and_opens);
    tcase_add_test(tcase, shut_window_lets_control_in);
    tcase_add_test(tcase, old_segments_do_not_update_the_window);
    tcase_add_test(tcase, urgent_is_sent);
    tcase_add_test(tcase, urgent_is_told);
    tcase_add_test(tcase, slow_start);
    tcase_add_test(tcase, congestion_avoidance);
    tcase_add_test(tcase, fast_retransmit_and_recovery);
    tcase_add_test(tcase, partial_acks_and_the_timer);
    tcase_add_test(tcase, not_every_repeated_ack_is_a_duplicate);
    tcase_add_test(tcase, timeout_collapses_the_window);
    tcase_add_test(tcase, no_fast_retransmit_after_a_timeout);
    tcase_add_test(tcase, idle_connection_starts_anew);
    tcase_add_test(tcase, challenges_are_throttled);
    suite_add_tcase(suite, tcase);
    return suite;
}
