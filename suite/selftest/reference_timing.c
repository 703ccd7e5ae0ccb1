/* reference_timing.c: RFC 6298, excessive retransmissions (RFC 9293 3.8.3), the user timeout, keep-alives (3.8.4), and
 * zero-window probes (3.8.6.1) of the reference, by the clock. */
#include "selftest/reference_rig.h"
#include "selftest/selftest.h"

static void established(struct rig *rig)
{
    rig->irs = 1000;
    rig_begin(rig, NULL);
    rig_enter(rig, ESTABLISHED, RIG_PASSIVE);
}

static uint64_t since(const struct rig *rig, uint64_t began)
{
    return rig->sent[rig->seen - 1].time_us - began;
}

/* RFC 6298 (2.1), (5.5): 1 s, then twice as long each time; (2.5) bounds it at 120 s; R2 ends it. */
START_TEST(timeout_doubles_until_r2)
{
    static const uint64_t at_s[] = { 1, 3, 7, 15, 31, 63, 127 };
    struct rig            rig    = { 0 };

    established(&rig);
    rig_send(&rig, 0, 100);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 100);
    uint64_t began = rig.now_us;

    for (size_t i = 0; i < sizeof at_s / sizeof *at_s; i++) {
        rig_pass(&rig, began + at_s[i] * RIG_S - rig.now_us - 1);
        rig_expect_nothing(&rig);
        rig_pass(&rig, 1);
        rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 100);
        ck_assert_uint_eq(since(&rig, began), at_s[i] * RIG_S);
        ck_assert_uint_eq(rig.signal_counts[TCP_SIGNAL_DELAYED], i >= 2); /* R1, once */
    }
    rig_pass(&rig, 120 * (uint64_t)RIG_S - 1);
    ck_assert_int_eq(rig_state(&rig), ESTABLISHED);
    rig_pass(&rig, 1);
    ck_assert_ptr_null(rig_block(&rig));
    ck_assert_uint_ne(rig.signals & 1u << TCP_SIGNAL_TIMED_OUT, 0);
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

/* R1, R2 and RFC 5681's "first timeout of a segment" speak of one segment: an ACK of new data begins a new count. */
START_TEST(every_segment_is_counted_by_itself)
{
    struct rig rig = { 0 };

    established(&rig);
    for (uint32_t i = 1; i <= 2; i++) {
        rig_send(&rig, 0, 100);
        rig_pass(&rig, 100 * (uint64_t)RIG_S);
        ck_assert_uint_eq(rig.signal_counts[TCP_SIGNAL_DELAYED], i);
        rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1 + 100 * i, NULL, 0);
        rig_send(&rig, 0, 100); /* a sample brings the timeout back to 1 s */
        rig_peer(&rig, ACK, rig.irs + 1, rig_block(&rig)->snd_nxt, NULL, 0);
        rig.iss += 100;
    }
    ck_assert_int_eq(rig_state(&rig), ESTABLISHED);
    rig_end(&rig);
}
END_TEST

/* RFC 9293 3.8.3, MUST-23: a SYN goes on for three minutes at least. */
START_TEST(syn_goes_on_three_minutes)
{
    struct rig rig  = { 0 };
    uint64_t   last = 0;

    rig_begin(&rig, NULL);
    rig_open(&rig);
    uint64_t began = rig.now_us;

    rig_pass(&rig, 600 * (uint64_t)RIG_S);
    while (rig_next(&rig) != NULL)
        last = since(&rig, began);
    ck_assert_uint_ge(last, 120 * (uint64_t)RIG_S);
    ck_assert_int_eq(rig_state(&rig), CLOSED);
    ck_assert_uint_ne(rig.signals & 1u << TCP_SIGNAL_TIMED_OUT, 0);
    rig_end(&rig);
}
END_TEST

/* RFC 6298 (2.2), (2.3): by hand for 300 ms and then 700 ms: SRTT 300, RTTVAR 150, then 212.5 and 350. */
START_TEST(round_trips_are_measured)
{
    struct rig        rig = { 0 };
    struct tcp_status status;

    established(&rig);
    struct control_block *tcb = rig_block(&rig);

    tcb->rtt_measured = false; /* forget the handshake's */
    rig_send(&rig, 0, 10);
    rig_pass(&rig, 300 * RIG_MS);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 11, NULL, 0);
    tcp_status(rig.tcp, rig.name, &status);
    ck_assert_uint_eq(status.srtt_us, 300 * RIG_MS);
    ck_assert_uint_eq(status.rttvar_us, 150 * RIG_MS);
    ck_assert_uint_eq(status.rto_us, RIG_S);
    rig_send(&rig, 10, 10);
    rig_pass(&rig, 700 * RIG_MS);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 21, NULL, 0);
    tcp_status(rig.tcp, rig.name, &status);
    ck_assert_uint_eq(status.srtt_us, 350 * RIG_MS);
    ck_assert_uint_eq(status.rttvar_us, 212500);
    ck_assert_uint_eq(status.rto_us, 350 * RIG_MS + 4 * 212500);
    rig_end(&rig);
}
END_TEST

/* Karn: the ACK of what was sent twice is no sample, and the timeout stays backed off; the next sample mends it. */
START_TEST(karn)
{
    struct rig        rig = { 0 };
    struct tcp_status before, status;

    established(&rig);
    tcp_status(rig.tcp, rig.name, &before);
    rig_send(&rig, 0, 10);
    rig_pass(&rig, 3500 * RIG_MS);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 11, NULL, 0);
    tcp_status(rig.tcp, rig.name, &status);
    ck_assert_uint_eq(status.rto_us, 4 * RIG_S);
    ck_assert_uint_eq(status.srtt_us, before.srtt_us);
    rig_send(&rig, 10, 10);
    rig_pass(&rig, 100 * RIG_MS);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 21, NULL, 0);
    tcp_status(rig.tcp, rig.name, &status);
    ck_assert_uint_eq(status.rto_us, RIG_S);
    rig_end(&rig);
}
END_TEST

/* RFC 6298 (5.2), (5.3): an ACK of new data restarts the timer, the last one stops it. */
START_TEST(new_ack_restarts_the_timer)
{
    struct rig rig = { .mss = 100 };

    established(&rig);
    rig_send(&rig, 0, 200);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 100);
    rig_expect(&rig, ACK, rig.iss + 101, rig.irs + 1, 100);
    rig_pass(&rig, 900 * RIG_MS);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 101, NULL, 0);
    uint64_t          acked = rig.now_us;
    struct tcp_status status;

    tcp_status(rig.tcp, rig.name, &status);
    rig_pass(&rig, status.rto_us - 1);
    rig_expect_nothing(&rig);
    rig_pass(&rig, 1);
    rig_expect(&rig, ACK, rig.iss + 101, rig.irs + 1, 100);
    ck_assert_uint_eq(since(&rig, acked), status.rto_us);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 201, NULL, 0);
    rig_pass(&rig, 600 * (uint64_t)RIG_S);
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

/* RFC 6298 (5.7), RFC 5681 3.1: after a lost SYN,ACK, 3 s and one segment. */
START_TEST(lost_syn_ack_is_remembered)
{
    struct rig        rig = { .irs = 1 };
    struct tcp_status status;

    rig_begin(&rig, NULL);
    rig_enter(&rig, SYN_RECEIVED, RIG_PASSIVE);
    rig_pass(&rig, 1500 * RIG_MS);
    rig_expect(&rig, SYN | ACK, rig.iss, rig.irs + 1, 0);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 0);
    tcp_status(rig.tcp, rig.name, &status);
    ck_assert_uint_eq(status.rto_us, 3 * RIG_S);
    ck_assert_uint_eq(status.cwnd, status.smss);
    rig_end(&rig);
}
END_TEST

/* RFC 9293 3.10.8 and MUST-21: the user's own limit, and none at all. */
START_TEST(user_timeout_is_the_users)
{
    struct rig rig = { 0 };

    established(&rig);
    tcp_set(rig.tcp, rig.name, TCP_USER_TIMEOUT_US, _i == 0 ? 10 * (uint64_t)RIG_S : UINT64_MAX);
    rig_send(&rig, 0, 10);
    rig_pass(&rig, 10 * (uint64_t)RIG_S - 1);
    ck_assert_int_eq(rig_state(&rig), ESTABLISHED);
    rig_pass(&rig, _i == 0 ? 1 : 3600 * (uint64_t)RIG_S);
    ck_assert_int_eq(rig_state(&rig), _i == 0 ? LISTEN : ESTABLISHED);
    rig_end(&rig);
}
END_TEST

/* ---- RFC 9293 3.8.4 ---------------------------------------------------------------------------------------------------------
 */

START_TEST(keep_alive_is_off)
{
    struct rig rig = { 0 };

    established(&rig);
    ck_assert_uint_eq(tcp_deadline(rig.tcp), UINT64_MAX);
    rig_pass(&rig, 100000 * (uint64_t)RIG_S);
    rig_expect_nothing(&rig);
    ck_assert_int_eq(rig_state(&rig), ESTABLISHED);
    rig_end(&rig);
}
END_TEST

/* Two hours of silence, a probe of SND.NXT-1 without octets; an answer ends it, nine unanswered ones end the connection. */
START_TEST(keep_alive_probes)
{
    struct rig rig = { 0 };

    established(&rig);
    tcp_set(rig.tcp, rig.name, TCP_KEEP_ALIVE, 1);
    rig_pass(&rig, 7200 * (uint64_t)RIG_S - 1);
    rig_expect_nothing(&rig);
    rig_pass(&rig, 1);
    rig_expect(&rig, ACK, rig.iss, rig.irs + 1, 0);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 0);
    rig_pass(&rig, 7200 * (uint64_t)RIG_S - 1);
    rig_expect_nothing(&rig);
    rig_pass(&rig, 1);
    for (int probe = 0; probe < 9; probe++) {
        rig_expect(&rig, ACK, rig.iss, rig.irs + 1, 0);
        ck_assert_int_eq(rig_state(&rig), ESTABLISHED); /* MUST-29 */
        rig_pass(&rig, 75 * (uint64_t)RIG_S);
    }
    rig_expect_nothing(&rig);
    ck_assert_ptr_null(rig_block(&rig));
    ck_assert_uint_ne(rig.signals & 1u << TCP_SIGNAL_TIMED_OUT, 0);
    rig_end(&rig);
}
END_TEST

/* ---- RFC 9293 3.8.6.1 -------------------------------------------------------------------------------------------------------
 */

static void shut_window(struct rig *rig)
{
    established(rig);
    rig->window = 0;
    rig_peer(rig, ACK, rig->irs + 1, rig->iss + 1, NULL, 0);
    rig_send(rig, 0, 500);
    rig_expect_nothing(rig);
}

/* SHLD-29, SHLD-30, MUST-37: first after the timeout, then exponentially, for as long as the peer answers; then all at once. */
START_TEST(zero_window_is_probed)
{
    static const uint64_t gaps_s[] = { 1, 2, 4, 8, 16, 32, 64, 120, 120, 120, 120 };
    struct rig            rig      = { 0 };

    shut_window(&rig);
    uint64_t last = rig.now_us;

    for (size_t i = 0; i < sizeof gaps_s / sizeof *gaps_s; i++) {
        rig_pass(&rig, gaps_s[i] * RIG_S);
        rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 1);
        ck_assert_uint_eq(since(&rig, last), gaps_s[i] * RIG_S);
        last = rig.now_us;
        rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 0);
    }
    rig_expect_nothing(&rig);
    rig.window = 5000;
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 0);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 500);
    rig_expect_nothing(&rig);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 501, NULL, 0);
    ck_assert_uint_eq(tcp_deadline(rig.tcp), UINT64_MAX);
    rig_end(&rig);
}
END_TEST

/* The peer may take the probe's octet and keep the window shut. */
START_TEST(probe_that_is_taken)
{
    struct rig rig = { 0 };

    shut_window(&rig);
    rig_pass(&rig, RIG_S);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 1);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 2, NULL, 0);
    rig_pass(&rig, 2 * RIG_S);
    rig_expect(&rig, ACK, rig.iss + 2, rig.irs + 1, 1);
    rig.window = 400;
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 2, NULL, 0);
    rig_expect(&rig, ACK, rig.iss + 2, rig.irs + 1, 400); /* with the octet that was sent into the shut window */
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

/* RFC 9293 3.8.6.2.1 (4): what only a small window keeps waiting goes when the override timeout has passed. */
START_TEST(override_timeout)
{
    struct rig rig = { 0 };

    established(&rig);
    rig.window = 400;
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 0);
    rig_send(&rig, 0, 500);
    rig_expect_nothing(&rig);
    rig_pass(&rig, 500 * RIG_MS - 1);
    rig_expect_nothing(&rig);
    rig_pass(&rig, 1);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 400);
    rig_end(&rig);
}
END_TEST

START_TEST(dead_peer_behind_zero_window)
{
    struct rig rig = { 0 };

    shut_window(&rig);
    rig_pass(&rig, 1000 * (uint64_t)RIG_S);
    ck_assert_ptr_null(rig_block(&rig));
    ck_assert_uint_ne(rig.signals & 1u << TCP_SIGNAL_TIMED_OUT, 0);
    rig_end(&rig);
}
END_TEST

/* MUST-34, SHLD-15 to SHLD-17: a window that shrinks below what is in flight. */
START_TEST(window_shrinks)
{
    struct rig rig = { .mss = 500 };

    established(&rig);
    rig_send(&rig, 0, 2000);
    for (uint32_t i = 0; i < 4; i++)
        rig_expect(&rig, ACK, rig.iss + 1 + 500 * i, rig.irs + 1, 500);
    rig.window = 700;
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 0);
    rig_send(&rig, 2000, 100);
    rig_expect_nothing(&rig);
    rig_pass(&rig, RIG_S);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 500);
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

/* Once nobody receives, neither a shut window nor a peer that never closes may hold the TCB for ever. */
START_TEST(orphans_end)
{
    struct rig rig = { 0 };

    if (_i == 0) {
        shut_window(&rig);
        tcp_close_both(rig.tcp, rig.name);
        for (int i = 0; i < 60; i++) {
            rig_pass(&rig, RIG_S);
            if (rig_block(&rig))
                rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 0);
        }
    } else {
        rig.irs = 3;
        rig_begin(&rig, NULL);
        rig_enter(&rig, FIN_WAIT_2, RIG_PASSIVE);
        tcp_close_both(rig.tcp, rig.name);
        rig_pass(&rig, 60 * (uint64_t)RIG_S - 1);
        ck_assert_int_eq(rig_state(&rig), FIN_WAIT_2);
        rig_pass(&rig, 1);
    }
    ck_assert_ptr_null(rig_block(&rig));
    rig_end(&rig);
}
END_TEST

SUITE(reference_timing)
{
    Suite *suite = suite_create("reference_timing");
    TCase *tcase = tcase_create("timing");

    tcase_add_test(tcase, timeout_doubles_until_r2);
    tcase_add_test(tcase, every_segment_is_counted_by_itself);
    tcase_add_test(tcase, syn_goes_on_three_minutes);
    tcase_add_test(tcase, round_trips_are_measured);
    tcase_add_test(tcase, karn);
    tcase_add_test(tcase, new_ack_restarts_the_timer);
    tcase_add_test(tcase, lost_syn_ack_is_remembered);
    tcase_add_loop_test(tcase, user_timeout_is_the_users, 0, 2);
    tcase_add_test(tcase, keep_alive_is_off);
    tcase_add_test(tcase, keep_alive_probes);
    tcase_add_test(tcase, zero_window_is_probed);
    tcase_add_test(tcase, probe_that_is_taken);
    tcase_add_test(tcase, override_timeout);
    tcase_add_test(tcase, dead_peer_behind_zero_window);
    tcase_add_test(tcase, window_shrinks);
    tcase_add_loop_test(tcase, orphans_end, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
