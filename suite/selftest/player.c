/* player.c: the player against a target that is wrong in one chosen way: the right rung must fail, for the right reason. The
 * target is the built-in TCP with a hand on what it sends. */
#include "player/player.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inprocess/inprocess.h"
#include "selftest.h"

enum { KEPT_MAX = 64 };

/* A hand on one segment of the target's: what it does to the n-th, counted from 1; n = 0: to none. */
struct hand {
    unsigned nth;
    int32_t  seq, ack, window; /* added */
    unsigned flags;            /* turned over */
    int      text;             /* added to the first octet of text */
    int64_t  time_us;          /* added to the time at which it was captured */
    bool     drop, twice, bad_checksum;
    bool     lazy;   /* the application takes octets to be sent and does nothing */
    bool     stuck;  /* what the tester sends is never captured */
    uint64_t lag_us; /* the tester sleeps so long after it came */
};

static struct stage {
    struct target  inner;
    struct hand    hand;
    unsigned       seen; /* segments of the target's so far */
    uint64_t       lag_us, lost;
    bool           again; /* the packet in `octets` comes once more */
    struct arrival arrival;
    uint8_t        octets[2000];
    struct segment sent[KEPT_MAX]; /* what the player delivered */
    size_t         sent_count;
    bool           no_calls;
} stage;

/* ---- the target ---------------------------------------------------------------------------------------------------------- */

static bool deliver(void *self, const struct segment *segment, const struct damage_wish *wish, struct error *error)
{
    (void)self;
    if (stage.sent_count < KEPT_MAX)
        stage.sent[stage.sent_count++] = *segment;
    return stage.inner.deliver(stage.inner.self, segment, wish, error);
}

static bool deliver_packet(void *self, const uint8_t *packet, size_t count, struct error *error)
{
    (void)self;
    return stage.inner.deliver_packet(stage.inner.self, packet, count, error);
}

static void alter(struct arrival *arrival)
{
    struct packet packet;
    uint8_t       text[2000];

    ck_assert_int_eq(packet_decode(arrival->octets, arrival->count, &packet), PACKET_TCP);
    memcpy(text, packet.segment.text, packet.segment.text_octets);
    text[0]             = (uint8_t)(text[0] + stage.hand.text);
    packet.segment.text = text;
    packet.segment.seq += (uint32_t)stage.hand.seq;
    packet.segment.ack += (uint32_t)stage.hand.ack;
    packet.segment.window = (uint16_t)(packet.segment.window + stage.hand.window);
    packet.segment.flags ^= (uint8_t)stage.hand.flags;
    arrival->count = segment_encode(&packet.segment, stage.octets, sizeof stage.octets);
    if (stage.hand.bad_checksum)
        arrival->count = packet_damage(stage.octets, arrival->count, &(struct damage_wish){ .kind = BAD_CHECKSUM });
    arrival->octets = stage.octets;
    arrival->time_us += (uint64_t)stage.hand.time_us;
}

static enum wait_result next(void *self, uint64_t deadline_us, struct arrival *arrival, struct error *error)
{
    uint64_t lag = stage.lag_us;

    (void)self;
    if (stage.again) {
        stage.again = false;
        *arrival    = stage.arrival;
        return WAIT_ARRIVAL;
    }
    for (;;) {
        enum wait_result result = stage.inner.next(stage.inner.self, deadline_us > lag ? deadline_us - lag : 0, arrival, error);

        if (result != WAIT_ARRIVAL)
            return result;
        if (!arrival->from_target && stage.hand.stuck)
            continue;
        arrival->time_us += lag;
        if (!arrival->from_target || ++stage.seen != stage.hand.nth)
            return result;
        if (stage.hand.drop)
            continue;
        alter(arrival);
        stage.lag_us += stage.hand.lag_us;
        stage.again   = stage.hand.twice;
        stage.arrival = *arrival;
        return result;
    }
}

static uint64_t now_us(void *self)
{
    (void)self;
    return stage.inner.now_us(stage.inner.self) + stage.lag_us;
}

static uint64_t capture_lost(void *self)
{
    (void)self;
    return stage.lost;
}

static void call(void *self, const struct call_request *request, struct call_reply *reply)
{
    (void)self;
    if (stage.no_calls && request->kind == CALL_CLOSE) {
        reply->result = CALL_NOT_OFFERED;
        return;
    }
    if (stage.hand.lazy && request->kind == CALL_SEND) {
        reply->result = CALL_OK;
        return;
    }
    stage.inner.call(stage.inner.self, request, reply);
}

/* ---- playing --------------------------------------------------------------------------------------------------------------
 */

static struct play *play;

static void set_stage(void)
{
    memset(&stage, 0, sizeof stage);
    play = NULL;
}

static void clear_stage(void)
{
    play_release(play);
}

static void play_with(const struct ladder_case *ladder, struct hand hand)
{
    struct error        error;
    struct play_options options = { .seed = 3, .time_scale = 1.0 };
    void               *prepared =
        target_reference.prepare(&(struct target_wish){ .spec = "reference", .fault = "", .ipv6 = false, .seed = 3 }, &error);

    ck_assert_msg(prepared != NULL, "%s", error.sentence);
    ck_assert_msg(target_reference.open(prepared, 0, &stage.inner, &error), "%s", error.sentence);
    stage.hand           = hand;
    struct target target = stage.inner;

    target.self           = NULL;
    target.deliver        = deliver;
    target.deliver_packet = deliver_packet;
    target.next           = next;
    target.now_us         = now_us;
    target.capture_lost   = capture_lost;
    target.call           = call;
    target.virtual_time   = hand.lag_us == 0;
    play                  = play_ladder(ladder, EACH, &target, &options);
    ck_assert_ptr_nonnull(play);
    stage.inner.close(stage.inner.self);
    target_reference.release(prepared);
}

/* The one rung that is marked as failed begins so. */
static void assert_bad_rung(const char *begins)
{
    unsigned bad = 0;

    for (size_t i = 0; i < play->transcript_lines; i++) {
        const char *line = play->transcript[i];

        if (strncmp(line, "!!", 2) != 0)
            continue;
        bad++;
        line += 2 + strspn(line + 2, " ");
        ck_assert_msg(strncmp(line, begins, strlen(begins)) == 0, "the bad rung is \"%s\", not \"%s\"", line, begins);
    }
    ck_assert_uint_eq(bad, 1);
}

#define ASSERT_SAYS(text) ck_assert_msg(strstr(play->reason, text) != NULL, "\"%s\" does not say \"%s\"", play->reason, text)

static struct opinion counts_syn_acks(const struct transcript *seen)
{
    size_t count = 0;

    for (size_t i = 0; i < seen->count; i++)
        count += seen->at[i].from_target && (seen->at[i].flags & (SYN | ACK)) == (SYN | ACK);
    return count == 3 ? (struct opinion){ OPINION_FAIL, "three were seen" } : (struct opinion){ OPINION_PASS, "" };
}

/* clang-format off */
#define MADE(name, ...) static const struct ladder_case name = { CASE ("made/" #name, ""), REQS ("RFC9293-MUST-3"), LADDER (__VA_ARGS__) }

MADE (handshake, ENTER (LISTEN), PEER (SYN), IUT (SYN|ACK), PEER (ACK), ALIVE);
MADE (data,      ENTER (ESTABLISHED), APP (SEND, .octets = 100), IUT_SENDS (100), ALIVE);
MADE (one,       ENTER (ESTABLISHED), APP (SEND, .octets = 100), IUT (PSH|ACK, .len = 100, .rule = "RFC5961-3.2-b"), ALIVE);
MADE (bounded,   ENTER (ESTABLISHED), APP (SEND, .octets = 900), IUT_SENDS (900, .each = AT_MOST(500)), ALIVE);
MADE (stride,    ENTER (ESTABLISHED), PEER_SENDS (4000, .each = 1000, .stride = AT_MOST(1500)), ALIVE);
MADE (quiet,     ENTER (ESTABLISHED), PEER (RST, .seq = RCV_NXT - 2), SILENCE (100), ALIVE);
MADE (proven,    ENTER (ESTABLISHED), PEER (RST, .seq = RCV_NXT + 1), SILENCE (PROVEN), ALIVE);
MADE (rounds,    ENTER (ESTABLISHED), PEER (ACK, .len = 10), PEER (ACK, .seq = RCV_NXT + 10, .len = 10), IUT_ACKS (RCV_NXT + 20),
                 PEER (ACK, .len = 5), IUT_ACKS (RCV_NXT + 5), APP_SEES (DATA, .octets = 25));
MADE (doubled,   ENTER (ESTABLISHED), APP (SEND, .octets = 10), IUT_SENDS (10, .held = YES),
                 IUT (ACK, .seq = SND_UNA, .len = 10, .after = MEASURED), IUT (ACK, .seq = SND_UNA, .len = 10, .after = DOUBLED),
                 PEER (ACK), ALIVE);
MADE (closing,   ENTER (ESTABLISHED), APP (CLOSE), IUT (FIN|ACK), PEER (ACK), ALIVE);
MADE (ways,      ENTER (ESTABLISHED), PEER (RST, .seq = RCV_NXT + 1),
                 ONE_OF (BY ("RFC9293-MUST-2", SILENCE (50), ALIVE), DEVIATES ("RFC5961-3.2-a", IUT (ACK), ALIVE)));
MADE (no_way,    ENTER (ESTABLISHED), PEER (ACK, .seq = RCV_NXT - 10, .len = 1),
                 ONE_OF (BY ("RFC9293-MUST-2", IUT (RST|MAY_ACK)), BY ("RFC9293-MUST-3", IUT (ACK, .ack = RCV_NXT + 1))));
MADE (first_way, ENTER (ESTABLISHED), PEER (ACK, .seq = RCV_NXT - 10, .len = 1),
                 ONE_OF (BY ("RFC9293-MUST-2", IUT (ACK)), BY ("RFC9293-MUST-3", IUT (ACK, .ack = ANY))), ALIVE);
MADE (late_way,  ENTER (ESTABLISHED), PEER (RST, .seq = RCV_NXT - 2),
                 ONE_OF (BY ("RFC9293-MUST-2", IUT (ACK)), BY ("RFC9293-MUST-3", SILENCE (50))), ALIVE);
MADE (leave,     ENTER (ESTABLISHED), MAYBE ("RFC9293-MUST-2", IUT (ACK)), PEER (ACK, .seq = RCV_NXT - 10, .len = 1),
                 PEER (ACK, .len = 10), IUT_ACKS (RCV_NXT + 10));
MADE (no_leave,  ENTER (ESTABLISHED), PEER (ACK, .seq = RCV_NXT - 10, .len = 1), PEER (ACK, .len = 10), IUT_ACKS (RCV_NXT + 10));
MADE (sees,      ENTER (ESTABLISHED), PEER (FIN|ACK), IUT_ACKS (RCV_NXT + 1), APP_SEES (END), ALIVE);
MADE (told,      ENTER (ESTABLISHED), ALIVE, APP_SEES (RESET));
MADE (later,     ENTER (FIN_WAIT_2), PEER (ACK, .seq = RCV_NXT - 5), SILENCE (PROVEN), ALIVE);
MADE (there,     ENTER (ESTABLISHED), GONE);
MADE (gone,      ENTER (ESTABLISHED), PEER (RST), GONE);
MADE (small,     ENTER (ESTABLISHED), PEER (ACK, .len = 10), IUT_ACKS (RCV_NXT + 10));
MADE (opened,    APP (OPEN), IUT (SYN), PEER (SYN|ACK, .ack = ISS), IUT (ACK, .seq = ANY, .ack = ANY));
MADE (restless,  ENTER (ESTABLISHED), PEER (RST, .seq = RCV_NXT + 1), SILENCE (100), ALIVE);
MADE (slow,      ENTER (ESTABLISHED), PEER (ACK, .seq = RCV_NXT - 1), IUT (RST, .seq = ANY));
MADE (judged,    ROUNDS (3, ON (FRESH), PEER (SYN), IUT (SYN|ACK), PEER (RST)), JUDGE (counts_syn_acks));
/* clang-format on */

/* ---- what is right passes ----------------------------------------------------------------------------------------------- */

START_TEST(right_targets_pass)
{
    static const struct ladder_case *const all[] = { &handshake, &data,      &one,      &quiet, &rounds, &doubled,
                                                     &closing,   &first_way, &late_way, &leave, &sees };

    play_with(all[_i], (struct hand){ 0 });
    ck_assert_msg(play->verdict == VERDICT_PASS, "%s: %s", all[_i]->id, play->reason);
    for (size_t i = 0; i < play->transcript_lines; i++)
        ck_assert_msg(strncmp(play->transcript[i], "!!", 2) != 0, "%s", play->transcript[i]);
}
END_TEST

/* ---- one wrong segment, and what is said of it ----------------------------------------------------------------------------
 */

static const struct wrong {
    const struct ladder_case *ladder;
    struct hand               hand;
    enum verdict              verdict;
    const char               *rung, *says;
    bool                      loss_explains;
} wrongs[] = {
    { &handshake, { .nth = 1, .ack = 1 }, VERDICT_FAIL, "IUT (SYN|ACK)", "ACK is off by +1", false },
    { &handshake, { .nth = 1, .flags = URG }, VERDICT_FAIL, "IUT (SYN|ACK)", "control bits", false },
    { &handshake, { .nth = 1, .drop = true }, VERDICT_PASS, "", "", false }, /* it is sent again within the rung's wait */
    { &handshake, { .nth = 1, .bad_checksum = true }, VERDICT_FAIL, "IUT (SYN|ACK)", "checksum", false },
    { &handshake, { .nth = 2, .ack = 1 }, VERDICT_FAIL, "IUT_ACKS (RCV_NXT + 1)", "ACK passes it by 1", false },
    { &handshake, { .nth = 2, .drop = true }, VERDICT_FAIL, "IUT_ACKS (RCV_NXT + 1)", "nothing came within 3000 ms", true },
    { &handshake, { .nth = 2, .seq = -1 }, VERDICT_FAIL, "IUT_ACKS (RCV_NXT + 1)", "SEQ is not SND.NXT", false },
    { &data, { .nth = 1, .ack = 1 }, VERDICT_INCONCLUSIVE, "IUT (SYN|ACK)", "did not come to ESTABLISHED", false },
    { &data, { .nth = 2, .text = 1 }, VERDICT_FAIL, "IUT_SENDS (100)", "octet 0 of the stream differs", false },
    { &data, { .nth = 2, .seq = 1 }, VERDICT_FAIL, "IUT_SENDS (100)", "not the octets that come next", false },
    { &data, { .nth = 2, .flags = RST }, VERDICT_FAIL, "IUT_SENDS (100)", "control bits", false },
    { &one, { .nth = 2, .seq = 1 }, VERDICT_FAIL, "IUT (PSH|ACK", "SEQ is off by +1", false },
    { &one, { .nth = 2, .flags = PSH }, VERDICT_FAIL, "IUT (PSH|ACK", "control bits", false },
    { &bounded, { 0 }, VERDICT_FAIL, "IUT_SENDS (900", "900 octets where 500 is the bound", false },
    { &stride, { 0 }, VERDICT_FAIL, "PEER_SENDS (4000", "where 1500 is the bound", false },
    { &proven, { 0 }, VERDICT_FAIL, "IUT_ACKS (RCV_NXT + 1)", "moves nothing", false },
    { &doubled, { .nth = 4, .time_us = -1200000 }, VERDICT_FAIL, "IUT (ACK", "not before", true },
    { &doubled, { .nth = 4, .time_us = 1000000 }, VERDICT_FAIL, "IUT (ACK", "nothing came within", true },
    { &closing, { .nth = 2, .flags = FIN }, VERDICT_FAIL, "IUT (FIN|ACK)", "control bits", false },
    { &no_way, { 0 }, VERDICT_FAIL, "IUT (ACK, .ack = RCV_NXT + 1)", "ACK is off by -1", false },
    { &no_leave, { 0 }, VERDICT_FAIL, "IUT_ACKS (RCV_NXT + 10)", "moves nothing", false },
    { &data, { .lazy = true }, VERDICT_INCONCLUSIVE, "", "no octet came", false },
    { &later, { 0 }, VERDICT_FAIL, "SILENCE (PROVEN)", "nothing but silence", false },
    { &small, { .nth = 1, .window = -65530 }, VERDICT_INCONCLUSIVE, "", "window of 5 octets is too small", false },
    { &handshake, { .nth = 2, .drop = true, .stuck = true }, VERDICT_INCONCLUSIVE, "", "never left this machine", false },
    { &told, { 0 }, VERDICT_FAIL, "APP_SEES (RESET)", "never told", true },
};

START_TEST(a_wrong_segment)
{
    const struct wrong *row = &wrongs[_i];

    play_with(row->ladder, row->hand);
    ck_assert_msg(play->verdict == row->verdict, "row %d: verdict %d: %s", _i, play->verdict, play->reason);
    ASSERT_SAYS(row->says);
    if (row->verdict == VERDICT_FAIL) {
        if (row->ladder != &no_way)
            assert_bad_rung(row->rung);
        ck_assert_int_eq(play->loss_explains, row->loss_explains);
        ck_assert_str_ne(play->expected, "");
        ck_assert_str_ne(play->actual, "");
    }
}
END_TEST

START_TEST(expected_and_actual_are_shown_in_symbols)
{
    play_with(&one, (struct hand){ .nth = 2, .seq = 5 });
    ck_assert_ptr_nonnull(strstr(play->expected, "SEQ=SND_NXT ACK=RCV_NXT LEN=100"));
    ck_assert_ptr_nonnull(strstr(play->actual, "SEQ=SND_NXT+5 ACK=RCV_NXT LEN=100"));
}
END_TEST

START_TEST(a_rung_can_name_its_rule)
{
    play_with(&one, (struct hand){ .nth = 2, .seq = 5 });
    ck_assert_str_eq(play->charged, "RFC5961-3.2-b");
}
END_TEST

START_TEST(a_segment_too_many_breaks_a_silence)
{
    play_with(&quiet, (struct hand){ 0 });
    ck_assert_int_eq(play->verdict, VERDICT_PASS);
    play_release(play);
    memset(&stage, 0, sizeof stage);
    play_with(&restless, (struct hand){ 0 });
    ck_assert_int_eq(play->verdict, VERDICT_FAIL);
    assert_bad_rung("SILENCE (100)");
    ASSERT_SAYS("nothing but silence");
}
END_TEST

START_TEST(a_connection_that_is_still_there_is_told_from_one_that_is_silent)
{
    play_with(&there, (struct hand){ 0 });
    ck_assert_int_eq(play->verdict, VERDICT_FAIL);
    ASSERT_SAYS("still there");
    ck_assert_str_eq(play->charged, "");
    play_release(play);
    memset(&stage, 0, sizeof stage);
    play_with(&gone, (struct hand){ .nth = 2, .drop = true });
    ck_assert_int_eq(play->verdict, VERDICT_FAIL);
    ck_assert_str_eq(play->charged, "RFC9293-3.10.7.1-c"); /* its second RST, drawn by data, is none that was asked for */
}
END_TEST

START_TEST(what_is_sent_again_may_have_missed_our_answer)
{
    play_with(&opened, (struct hand){ 0 });
    ck_assert_int_eq(play->verdict, VERDICT_FAIL);
}
END_TEST

/* ---- alternatives -----------------------------------------------------------------------------------------------------------
 */

START_TEST(a_permitted_way_against_a_recommendation_is_a_deviation)
{
    play_with(&ways, (struct hand){ 0 });
    ck_assert_int_eq(play->verdict, VERDICT_FAIL);
    ck_assert(play->deviates);
    ck_assert_str_eq(play->charged, "RFC5961-3.2-a");
    ck_assert_str_eq(play->ways, "RFC5961-3.2-a");
}
END_TEST

START_TEST(the_first_way_in_written_order_is_taken)
{
    play_with(&first_way, (struct hand){ 0 });
    ck_assert_str_eq(play->ways, "RFC9293-MUST-2");
}
END_TEST

/* The first way waits three seconds in vain; the tester is not late for what follows the second. */
START_TEST(time_spent_on_another_way_is_not_lateness)
{
    play_with(&late_way, (struct hand){ .nth = 99, .lag_us = 1 });
    ck_assert_msg(play->verdict == VERDICT_PASS, "%s", play->reason);
    ck_assert_str_eq(play->ways, "RFC9293-MUST-3");
}
END_TEST

START_TEST(what_every_way_wanted_is_shown)
{
    play_with(&no_way, (struct hand){ 0 });
    ck_assert_ptr_nonnull(strstr(play->expected, "RST"));
    ck_assert_ptr_nonnull(strstr(play->expected, "  or  "));
    ck_assert_ptr_nonnull(strstr(play->expected, "ACK=RCV_NXT+1"));
}
END_TEST

/* ---- what cannot be judged
 * --------------------------------------------------------------------------------------------------- */

START_TEST(a_late_tester_does_not_accuse)
{
    play_with(&slow, (struct hand){ .nth = 1, .lag_us = 400000 });
    ck_assert_int_eq(play->verdict, VERDICT_INCONCLUSIVE);
    ASSERT_SAYS("late by 400 ms");
}
END_TEST

START_TEST(a_lossy_capture_judges_nothing)
{
    stage.lost = 2;
    play_with(&handshake, (struct hand){ 0 });
    ck_assert_int_eq(play->verdict, VERDICT_INCONCLUSIVE);
    ASSERT_SAYS("lost 2 packets");
}
END_TEST

START_TEST(a_call_that_is_not_offered_is_skipped)
{
    stage.no_calls = true;
    play_with(&closing, (struct hand){ 0 });
    ck_assert_int_eq(play->verdict, VERDICT_SKIP);
    ASSERT_SAYS("offers no such call");
}
END_TEST

/* ---- judges
 * ------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_judge_computes_over_the_transcript)
{
    play_with(&judged, (struct hand){ 0 });
    ck_assert_int_eq(play->verdict, VERDICT_FAIL);
    ASSERT_SAYS("three were seen");
}
END_TEST

/* ---- leaving nothing behind
 * ---------------------------------------------------------------------------------------------------- */

/* The last segment is a RST with the exact SEQ: what the target acknowledged. */
static void assert_reset_at_the_end(void)
{
    const struct segment *last = &stage.sent[stage.sent_count - 1];
    struct packet         packet;
    uint32_t              acknowledged = 0;

    for (size_t i = 0; i < play->packet_count; i++)
        if (play->packets[i].from_target &&
            packet_decode(play->packets[i].octets, play->packets[i].count, &packet) == PACKET_TCP)
            acknowledged = packet.segment.ack;
    ck_assert_uint_eq(last->flags & RST, RST);
    ck_assert_uint_eq(last->seq, acknowledged);
}

START_TEST(connections_are_reset)
{
    play_with(_i == 0 ? &handshake : &told, (struct hand){ 0 });
    assert_reset_at_the_end();
}
END_TEST

SUITE(player)
{
    Suite *suite = suite_create("player");
    TCase *tests = tcase_create("wrong targets");

    tcase_add_checked_fixture(tests, set_stage, clear_stage);
    tcase_add_loop_test(tests, right_targets_pass, 0, 11);
    tcase_add_loop_test(tests, a_wrong_segment, 0, (int)(sizeof wrongs / sizeof *wrongs));
    tcase_add_test(tests, expected_and_actual_are_shown_in_symbols);
    tcase_add_test(tests, a_connection_that_is_still_there_is_told_from_one_that_is_silent);
    tcase_add_test(tests, what_is_sent_again_may_have_missed_our_answer);
    tcase_add_test(tests, a_rung_can_name_its_rule);
    tcase_add_test(tests, a_segment_too_many_breaks_a_silence);
    tcase_add_test(tests, a_permitted_way_against_a_recommendation_is_a_deviation);
    tcase_add_test(tests, the_first_way_in_written_order_is_taken);
    tcase_add_test(tests, time_spent_on_another_way_is_not_lateness);
    tcase_add_test(tests, what_every_way_wanted_is_shown);
    tcase_add_test(tests, a_late_tester_does_not_accuse);
    tcase_add_test(tests, a_lossy_capture_judges_nothing);
    tcase_add_test(tests, a_call_that_is_not_offered_is_skipped);
    tcase_add_test(tests, a_judge_computes_over_the_transcript);
    tcase_add_loop_test(tests, connections_are_reset, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
