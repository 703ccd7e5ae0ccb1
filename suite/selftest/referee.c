/* referee.c: each rule kept and broken, and the exceptions that the law makes. */
#include "referee.h"

#include <string.h>

#include "selftest.h"

enum { ISS = 5000, IRS = 1000, MSS = 1000, WINDOW = 3000, SHUT = -1 };

static struct referee *referee;
static const uint8_t   zeros[4000];

static void open_referee(void)
{
    referee = referee_open();
    ck_assert_ptr_nonnull(referee);
}

static void close_referee(void)
{
    referee_close(referee);
}

/* ---- a conversation -------------------------------------------------------------------------------------------------------
 */

struct said {
    bool               from_target;
    unsigned           flags;
    uint32_t           seq, ack, length;
    int                window; /* left out: WINDOW; SHUT: none */
    struct tcp_options options;
    const uint8_t     *text;
    bool               bad_checksum;
};

static void say(struct said said)
{
    struct segment segment = { .source           = { 4, { 192, 0, 2, 1 } },
                               .destination      = { 4, { 192, 0, 2, 2 } },
                               .source_port      = 1024,
                               .destination_port = 7,
                               .seq              = said.seq,
                               .ack              = said.ack,
                               .flags            = (uint8_t)said.flags,
                               .window           = (uint16_t)(said.window == SHUT ? 0
                                                              : said.window == 0  ? WINDOW
                                                                                  : said.window),
                               .text             = said.text != NULL ? said.text : zeros,
                               .text_octets      = said.length };
    uint8_t        packet[4200];

    if (said.from_target) {
        struct ip_address swap = segment.source;

        segment.source           = segment.destination;
        segment.destination      = swap;
        segment.source_port      = 7;
        segment.destination_port = 1024;
    }
    segment.option_octets = tcp_options_build(&said.options, segment.options);
    size_t count          = segment_encode(&segment, packet, sizeof packet);

    ck_assert_uint_gt(count, 0);
    if (said.bad_checksum)
        count = packet_damage(packet, count, &(struct damage_wish){ .kind = BAD_CHECKSUM });
    referee_sees(referee, said.from_target, packet, count);
}

#define TARGET(...) say((struct said){ .from_target = true, __VA_ARGS__ })
#define PEER(...)   say((struct said){ __VA_ARGS__ })

static void shake_hands(void)
{
    PEER(.flags = SYN, .seq = IRS, .options = { .has_mss = true, .mss = MSS });
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1, .options = { .has_mss = true, .mss = 1460 });
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1);
}

static const struct ruling *ruling(const char *id)
{
    for (size_t i = 0; i < REFEREE_RULES; i++)
        if (strcmp(referee_rules[i].id, id) == 0)
            return referee_ruling(referee, i);
    ck_abort_msg("no rule %s", id);
    return NULL;
}

static void assert_kept(void)
{
    for (size_t i = 0; i < REFEREE_RULES; i++)
        ck_assert_msg(referee_ruling(referee, i)->broken == 0, "%s: %s", referee_rules[i].id,
                      referee_ruling(referee, i)->sentence);
    ck_assert(!referee_saw_a_breach(referee));
}

/* That rule, and no other, is broken by the last packet given. */
static void assert_broken(const char *id, size_t frame)
{
    for (size_t i = 0; i < REFEREE_RULES; i++) {
        bool wanted = strcmp(referee_rules[i].id, id) == 0;

        ck_assert_msg((referee_ruling(referee, i)->broken > 0) == wanted, "%s: %s", referee_rules[i].id,
                      referee_ruling(referee, i)->sentence);
    }
    ck_assert_uint_eq(ruling(id)->first_frame, frame);
    ck_assert(referee_saw_a_breach(referee));
}

/* ---- the rules --------------------------------------------------------------------------------------------------------------
 */

/* The same segments are judged the same, and nothing of the time before counts. */
START_TEST(begins_again)
{
    for (int round = 0; round < 2; round++) {
        shake_hands();
        assert_kept();
        TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = 10);
        TARGET(.flags = ACK, .seq = ISS + 11, .ack = IRS + 2);
        assert_broken("ack-of-sent", 5);
        referee_begin_again(referee);
        assert_kept();
    }
}
END_TEST

START_TEST(an_honest_conversation_keeps_them_all)
{
    shake_hands();
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1, .length = 500);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 501, .length = 1000);
    TARGET(.flags = ACK | PSH, .seq = ISS + 1001, .ack = IRS + 501, .length = 10);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 501, .length = 1000);
    PEER(.flags = FIN | ACK, .seq = IRS + 501, .ack = ISS + 1011);
    TARGET(.flags = FIN | ACK, .seq = ISS + 1011, .ack = IRS + 502);
    assert_kept();
    ck_assert_uint_eq(ruling("checksum")->judged, 5);
    ck_assert_uint_gt(ruling("inside-window")->judged, 0);
    ck_assert_uint_gt(ruling("same-octets")->judged, 0);
}
END_TEST

START_TEST(nothing_seen_is_nothing_judged)
{
    PEER(.flags = SYN, .seq = IRS);
    for (size_t i = 0; i < REFEREE_RULES; i++)
        ck_assert_uint_eq(referee_ruling(referee, i)->judged, 0);
}
END_TEST

START_TEST(checksum)
{
    shake_hands();
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .bad_checksum = true);
    assert_broken("checksum", 4);
}
END_TEST

START_TEST(ack_of_what_was_not_sent)
{
    shake_hands();
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 2);
    assert_broken("ack-of-sent", 4);
}
END_TEST

START_TEST(damaged_data_was_not_sent)
{
    shake_hands();
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1, .length = 100, .bad_checksum = true);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 101);
    assert_broken("ack-of-sent", 5);
}
END_TEST

START_TEST(ack_that_steps_back)
{
    shake_hands();
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1, .length = 100);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 101);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 51, .window = WINDOW + 50);
    assert_broken("ack-not-back", 6);
}
END_TEST

START_TEST(octets_beyond_the_window)
{
    shake_hands();
    TARGET(.flags = ACK, .seq = ISS + 1 + WINDOW, .ack = IRS + 1, .length = 1);
    assert_broken("inside-window", 4);
}
END_TEST

/* Numbers begin with the SYN: the higher SEQ of an ACK that came before it makes no later segment an old one. */
START_TEST(the_window_of_an_ack_before_the_syn_is_forgotten)
{
    PEER(.flags = ACK, .seq = IRS + 1000, .ack = 0, .window = 10);
    PEER(.flags = SYN, .seq = IRS, .options = { .has_mss = true, .mss = MSS });
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1);
    PEER(.flags = ACK, .seq = IRS + 4, .ack = ISS + 1, .window = 200);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = 200);
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 201, .window = 1);
    TARGET(.flags = ACK, .seq = ISS + 201, .ack = IRS + 1, .length = 200);
    assert_kept();
    TARGET(.flags = ACK, .seq = ISS + 401, .ack = IRS + 1, .length = MSS);
    assert_broken("inside-window", 8);
}
END_TEST

/* The same octets once more: where the target has taken them, it drops the repeat, and its window does not count. */
START_TEST(the_window_of_a_repeat_may_not_count)
{
    PEER(.flags = SYN, .seq = IRS, .options = { .has_mss = true, .mss = MSS });
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1);
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1, .length = 1, .window = 200);
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1, .length = 1, .window = 10);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 2, .length = 200);
    PEER(.flags = ACK, .seq = IRS, .ack = ISS + 201, .length = 100, .window = 10);
    TARGET(.flags = ACK, .seq = ISS + 201, .ack = IRS + 100, .length = 200);
    assert_kept();
    TARGET(.flags = ACK, .seq = ISS + 401, .ack = IRS + 100, .length = MSS);
    assert_broken("inside-window", 8);
}
END_TEST

/* At the right edge and beyond it the target may have taken the segment or not: either window may be meant. */
START_TEST(a_window_from_the_right_edge_on_may_count)
{
    PEER(.flags = SYN, .seq = IRS, .options = { .has_mss = true, .mss = MSS });
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1);
    PEER(.flags = ACK, .seq = IRS + 4, .ack = ISS + 1, .window = 200);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = 200);
    PEER(.flags = ACK, .seq = IRS + 1 + WINDOW + (uint32_t)_i, .ack = ISS + 201, .window = 1);
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 201, .window = 1);
    TARGET(.flags = ACK, .seq = ISS + 201, .ack = IRS + 1, .length = 200);
    assert_kept();
    TARGET(.flags = ACK, .seq = ISS + 401, .ack = IRS + 1, .length = MSS);
    assert_broken("inside-window", 8);
}
END_TEST

/* Only what the target's ACK counts from tells the two sides of the sequence space apart; and a RST carries nothing. */
START_TEST(what_lies_half_the_sequence_space_away_takes_nothing_back)
{
    static const unsigned flags[] = { SYN | RST, FIN | RST, FIN | ACK };

    shake_hands();
    PEER(.flags = FIN | ACK, .seq = IRS + 1, .ack = ISS + 1);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 2);
    PEER(.flags = 0, .seq = IRS + 30000);
    PEER(.flags = flags[_i], .seq = IRS + 30000 + 0x7fffff00u, .ack = ISS + 1);
    PEER(.flags = SYN, .seq = IRS);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 2);
    assert_kept();
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 30001);
    assert_broken("ack-of-sent", 10);
}
END_TEST

/* RFC 9293 3.10.7.1: what a TCP acknowledges that knows no connection is of the one segment that it answers. */
START_TEST(a_rst_in_closed_acknowledges_what_it_answers)
{
    shake_hands();
    PEER(.flags = RST, .seq = IRS + 1);
    PEER(.flags = FIN, .seq = IRS + 0x30000000);
    TARGET(.flags = RST | ACK, .seq = 0, .ack = IRS + 0x30000001);
    assert_kept();
    TARGET(.flags = RST | ACK, .seq = ISS + 1, .ack = IRS + 0x30000001);
    assert_broken("ack-of-sent", 7);
}
END_TEST

START_TEST(up_to_the_right_edge_is_inside)
{
    shake_hands();
    TARGET(.flags = ACK, .seq = ISS + WINDOW, .ack = IRS + 1, .length = 1);
    assert_kept();
}
END_TEST

START_TEST(a_probe_of_a_closed_window)
{
    shake_hands();
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1, .window = SHUT);
    TARGET(.flags = ACK, .seq = ISS + 1 + WINDOW, .ack = IRS + 1, .length = 1);
    assert_kept();
}
END_TEST

START_TEST(data_in_flight_when_the_window_shrinks)
{
    shake_hands();
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1, .window = 100);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = 1000);
    assert_kept();
}
END_TEST

START_TEST(larger_than_the_mss)
{
    shake_hands();
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = MSS + 1);
    assert_broken("mss", 4);
}
END_TEST

/* Where TIME-WAIT is gone back to and left again the same SYN,ACK comes twice, and the second one answers another SYN. */
START_TEST(the_mss_of_a_syn_that_the_same_syn_ack_answers)
{
    PEER(.flags = SYN, .seq = IRS, .options = { .has_mss = true, .mss = 536 });
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1);
    PEER(.flags = SYN, .seq = IRS, .options = { .has_mss = true, .mss = MSS });
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1);
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = MSS);
    assert_kept();
    TARGET(.flags = ACK, .seq = ISS + 1 + MSS, .ack = IRS + 1, .length = MSS + 1);
    assert_broken("mss", 7);
}
END_TEST

/* What we acknowledged of the first SYN,ACK was dropped. */
START_TEST(the_mss_of_a_syn_after_an_ack_that_was_dropped)
{
    PEER(.flags = SYN, .seq = IRS, .options = { .has_mss = true, .mss = 536 });
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1);
    PEER(.flags = FIN | ACK, .seq = IRS, .ack = ISS + 1);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1);
    PEER(.flags = SYN, .seq = IRS, .options = { .has_mss = true, .mss = MSS });
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1);
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = MSS);
    assert_kept();
    TARGET(.flags = ACK, .seq = ISS + 1 + MSS, .ack = IRS + 1, .length = MSS + 1);
    assert_broken("mss", 9);
}
END_TEST

START_TEST(options_count_against_the_mss)
{
    PEER(.flags = SYN, .seq = IRS, .options = { .has_mss = true, .mss = MSS, .has_timestamps = true });
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1, .options = { .has_timestamps = true });
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1, .options = { .has_timestamps = true });
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = MSS, .options = { .has_timestamps = true });
    assert_broken("mss", 4);
}
END_TEST

START_TEST(the_default_mss)
{
    PEER(.flags = SYN, .seq = IRS);
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1);
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = 537);
    assert_broken("mss", 4);
}
END_TEST

START_TEST(options_that_were_not_agreed)
{
    shake_hands();
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .options = { .has_timestamps = true });
    assert_broken("options-agreed", 4);
}
END_TEST

START_TEST(mss_outside_a_syn)
{
    shake_hands();
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .options = { .has_mss = true, .mss = 1460 });
    assert_broken("options-agreed", 4);
}
END_TEST

START_TEST(window_scale_that_was_not_offered)
{
    PEER(.flags = SYN, .seq = IRS);
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1, .options = { .has_window_scale = true, .window_scale = 7 });
    assert_broken("options-agreed", 2);
}
END_TEST

START_TEST(a_syn_ack_that_repeats_an_own_offer)
{
    TARGET(.flags = SYN, .seq = ISS, .options = { .has_window_scale = true, .window_scale = 7 });
    PEER(.flags = SYN, .seq = IRS);
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1, .options = { .has_window_scale = true, .window_scale = 7 });
    assert_kept();
}
END_TEST

START_TEST(a_rst_out_of_nowhere)
{
    shake_hands();
    TARGET(.flags = RST, .seq = ISS + 777);
    assert_broken("rst-form", 4);
}
END_TEST

START_TEST(rsts_that_are_formed)
{
    shake_hands();
    TARGET(.flags = RST | ACK, .seq = ISS + 1, .ack = IRS + 1); /* ABORT: SND.NXT */
    PEER(.flags = ACK, .seq = 77, .ack = 888);
    TARGET(.flags = RST, .seq = 888); /* answers an ACK */
    TARGET(.flags = RST | ACK, .seq = 888, .ack = IRS + 1);
    assert_kept();
    ck_assert_uint_eq(ruling("rst-form")->judged, 3);
}
END_TEST

START_TEST(a_rst_that_answers_a_syn)
{
    PEER(.flags = SYN, .seq = IRS, .length = 7);
    TARGET(.flags = RST | ACK, .seq = 0, .ack = IRS + 8);
    assert_kept();
    ck_assert_uint_eq(ruling("rst-form")->judged, 1);
}
END_TEST

START_TEST(other_octets_at_the_same_number)
{
    static const uint8_t ones[100] = { [50] = 1 };

    shake_hands();
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = 100);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = 100, .text = ones);
    assert_broken("same-octets", 5);
}
END_TEST

START_TEST(a_keep_alive_may_carry_garbage)
{
    static const uint8_t garbage[] = { 0x55 };

    shake_hands();
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = 100);
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 101);
    TARGET(.flags = ACK, .seq = ISS + 100, .ack = IRS + 1, .length = 1, .text = garbage);
    assert_kept();
}
END_TEST

START_TEST(a_right_edge_that_goes_back)
{
    shake_hands();
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .window = WINDOW - 1);
    assert_broken("edge-not-back", 4);
}
END_TEST

/* A segment that others overtook on the way: what it acknowledges is less than before, and so it says nothing of now. */
/* Nothing can come any more that would lie in it. */
START_TEST(a_window_behind_the_fin_is_none)
{
    shake_hands();
    PEER(.flags = FIN | ACK, .seq = IRS + 1, .ack = ISS + 1, .window = WINDOW);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 2, .window = WINDOW);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 2, .window = 100);
    assert_kept();
}
END_TEST

START_TEST(the_window_of_an_old_ack_does_not_count)
{
    shake_hands();
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1, .length = 100);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 101);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1);
    assert_broken("ack-not-back", 6); /* which is another matter */
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 101, .window = WINDOW - 1);
    ck_assert_uint_eq(ruling("edge-not-back")->first_frame, 7);
}
END_TEST

START_TEST(rounding_by_the_scale_is_no_step_back)
{
    struct tcp_options scale = { .has_window_scale = true, .window_scale = 4 };

    PEER(.flags = SYN, .seq = IRS, .options = scale);
    TARGET(.flags = SYN | ACK, .seq = ISS, .ack = IRS + 1, .options = scale, .window = 3007);
    PEER(.flags = ACK, .seq = IRS + 1, .ack = ISS + 1);
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .window = 3007 >> 4);
    assert_kept();
}
END_TEST

START_TEST(connections_are_told_apart)
{
    shake_hands();
    TARGET(.flags = ACK, .seq = ISS + 1, .ack = IRS + 1, .length = 10);
    struct segment other = { .source           = { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 } },
                             .destination      = { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
                             .source_port      = 7,
                             .destination_port = 1024,
                             .seq              = 1,
                             .ack              = 2,
                             .flags            = ACK,
                             .window           = 1 };
    uint8_t        packet[100];
    size_t         count = segment_encode(&other, packet, sizeof packet);

    referee_sees(referee, true, packet, count);
    assert_kept();
}
END_TEST

START_TEST(truncated_packets_are_survived)
{
    uint8_t        packet[100];
    struct segment syn   = { .source           = { 4, { 192, 0, 2, 2 } },
                             .destination      = { 4, { 192, 0, 2, 1 } },
                             .source_port      = 7,
                             .destination_port = 1024,
                             .flags            = SYN };
    size_t         count = segment_encode(&syn, packet, sizeof packet);

    for (size_t kept = 0; kept < count; kept++)
        referee_sees(referee, true, packet, kept);
    assert_kept();
}
END_TEST

SUITE(referee)
{
    Suite *suite = suite_create("referee");
    TCase *tests = tcase_create("rules");

    tcase_add_checked_fixture(tests, open_referee, close_referee);
    tcase_add_test(tests, begins_again);
    tcase_add_test(tests, an_honest_conversation_keeps_them_all);
    tcase_add_test(tests, nothing_seen_is_nothing_judged);
    tcase_add_test(tests, checksum);
    tcase_add_test(tests, ack_of_what_was_not_sent);
    tcase_add_test(tests, damaged_data_was_not_sent);
    tcase_add_test(tests, ack_that_steps_back);
    tcase_add_test(tests, octets_beyond_the_window);
    tcase_add_test(tests, the_window_of_an_ack_before_the_syn_is_forgotten);
    tcase_add_test(tests, the_window_of_a_repeat_may_not_count);
    tcase_add_loop_test(tests, a_window_from_the_right_edge_on_may_count, 0, 2);
    tcase_add_loop_test(tests, what_lies_half_the_sequence_space_away_takes_nothing_back, 0, 3);
    tcase_add_test(tests, a_rst_in_closed_acknowledges_what_it_answers);
    tcase_add_test(tests, up_to_the_right_edge_is_inside);
    tcase_add_test(tests, a_probe_of_a_closed_window);
    tcase_add_test(tests, data_in_flight_when_the_window_shrinks);
    tcase_add_test(tests, larger_than_the_mss);
    tcase_add_test(tests, the_mss_of_a_syn_that_the_same_syn_ack_answers);
    tcase_add_test(tests, the_mss_of_a_syn_after_an_ack_that_was_dropped);
    tcase_add_test(tests, options_count_against_the_mss);
    tcase_add_test(tests, the_default_mss);
    tcase_add_test(tests, options_that_were_not_agreed);
    tcase_add_test(tests, mss_outside_a_syn);
    tcase_add_test(tests, window_scale_that_was_not_offered);
    tcase_add_test(tests, a_syn_ack_that_repeats_an_own_offer);
    tcase_add_test(tests, a_rst_out_of_nowhere);
    tcase_add_test(tests, rsts_that_are_formed);
    tcase_add_test(tests, a_rst_that_answers_a_syn);
    tcase_add_test(tests, other_octets_at_the_same_number);
    tcase_add_test(tests, a_keep_alive_may_carry_garbage);
    tcase_add_test(tests, a_right_edge_that_goes_back);
    tcase_add_test(tests, a_window_behind_the_fin_is_none);
    tcase_add_test(tests, the_window_of_an_old_ack_does_not_count);
    tcase_add_test(tests, rounding_by_the_scale_is_no_step_back);
    tcase_add_test(tests, connections_are_told_apart);
    tcase_add_test(tests, truncated_packets_are_survived);
    suite_add_tcase(suite, tests);
    return suite;
}
