/* derive.c: what a ladder needs and how long it waits. */
#include "derive.h"

#include "selftest.h"

/* clang-format off */
static const struct ladder_case quiet    = { CASE ("x/quiet", ""),  LADDER (ENTER (ESTABLISHED), SILENCE (700), ALIVE) };
static const struct ladder_case doubling = { CASE ("x/double", ""), LADDER (
    ENTER (ESTABLISHED), APP (SEND, .octets = 10), IUT_SENDS (10, .held = YES),
    IUT (ACK, .seq = SND_UNA, .len = 10, .after = MEASURED, .mark = A),
    IUT (ACK, .seq = SND_UNA, .len = 10, .after = DOUBLED),
    IUT (ACK, .seq = SND_UNA, .len = 10, .after = PERCENT (100, 300, A))) };
static const struct ladder_case opens    = { CASE ("x/opens", ""),  LADDER (ENTER (ESTABLISHED, .via = ACTIVE, .with = TIMESTAMPS), ALIVE) };
static const struct ladder_case each     = { CASE ("x/each", ""), STATES (ESTABLISHED, FIN_WAIT_1), LADDER (ENTER (EACH), ALIVE) };
static const struct ladder_case rounds   = { CASE ("x/rounds", ""), LADDER (ENTER (ESTABLISHED), ROUNDS (3, SILENCE (100)), ALIVE) };
static const struct ladder_case ways     = { CASE ("x/ways", ""), LADDER (ENTER (ESTABLISHED),
    ONE_OF (BY ("a", IUT (ACK)), BY ("b", SILENCE (30000))), APP_SEES (END)) };
static const struct ladder_case ends     = { CASE ("x/ends", ""), LADDER (ENTER (ESTABLISHED), PEER (FIN|ACK), IUT_ACKS (RCV_NXT + 1)) };
static const struct ladder_case refused  = { CASE ("x/refused", ""), LADDER (ENTER (LISTEN), PEER (FIN|ACK), IUT (RST, .seq = SEG_ACK)) };
static const struct ladder_case listens  = { CASE ("x/listens", ""), LADDER (ENTER (LISTEN), PEER (ACK), IUT (RST, .seq = SEG_ACK), ALIVE) };
static const struct ladder_case by_hand  = { CASE ("x/by-hand", ""), LADDER (ENTER (LISTEN), PEER (SYN), IUT (SYN|ACK), PEER (ACK), ALIVE) };
static const struct ladder_case texts    = { CASE ("x/texts", ""), LADDER (ENTER (ESTABLISHED), PEER (ACK, .len = 1), IUT_ACKS (RCV_NXT + 1)) };
static const struct ladder_case short_ip = { CASE ("x/short-ip", ""), LADDER (ENTER (LISTEN), PEER (SYN, .corrupt = IP_LENGTH_SHORT), ALIVE) };
static const struct ladder_case ignored  = { CASE ("x/ignored", ""), LADDER (ENTER (ESTABLISHED), PEER (RST, .seq = RCV_NXT + RCV_WND), SILENCE (PROVEN), ALIVE) };
static const struct ladder_case seen     = { CASE ("x/seen", ""), LADDER (ENTER (ESTABLISHED), PEER (ACK, .len = 1), IUT_ACKS (RCV_NXT + 1), PEER (RST), GONE) };
static const struct ladder_case by_timer = { CASE ("x/by-timer", ""), LADDER (ENTER (ESTABLISHED), PEER (RST, .seq = RCV_NXT - 1),
    IUT (ACK, .seq = SND_UNA, .len = 1, .after = MEASURED)) };
static const struct ladder_case perhaps  = { CASE ("x/perhaps", ""), LADDER (ENTER (ESTABLISHED), PEER (FIN),
    ONE_OF (BY ("a", IUT (ACK)), BY ("b", SILENCE (100))), ALIVE) };
static const struct ladder_case told     = { CASE ("x/told", ""), LADDER (ENTER (ESTABLISHED), PEER (FIN),
    ONE_OF (BY ("a", IUT (ACK)), BY ("b", IUT (RST))), ALIVE) };
static const struct ladder_case often    = { CASE ("x/often", ""), LADDER (ENTER (ESTABLISHED), ROUNDS (5, PEER (FIN), SILENCE (10)), ALIVE) };
static const struct ladder_case one_by_one = { CASE ("x/one-by-one", ""), LADDER (ROUNDS (5, ON (FRESH), ENTER (SYN_RECEIVED), PEER (RST))) };
static const struct ladder_case beside     = { CASE ("x/beside", ""), LADDER (ENTER (ESTABLISHED), ROUNDS (3, ON (FRESH), ENTER (SYN_RECEIVED)), ON (0), PEER (RST), ON (FRESH), PEER (SYN)) };
/* clang-format on */

START_TEST(connections_at_a_time_are_counted)
{
    ck_assert_uint_eq(needs_of(&quiet, EACH).connections, 1);
    ck_assert_uint_eq(needs_of(&listens, EACH).connections, 1);
    ck_assert_uint_eq(needs_of(&one_by_one, EACH).connections, 1);
    ck_assert_uint_eq(needs_of(&beside, EACH).connections, 4);
}
END_TEST

START_TEST(stimuli_that_nothing_shows_are_counted)
{
    ck_assert_uint_eq(needs_of(&ignored, EACH).unseen, 1);
    ck_assert_uint_eq(needs_of(&seen, EACH).unseen, 0);
    ck_assert_uint_eq(needs_of(&by_timer, EACH).unseen, 1);
    ck_assert_uint_eq(needs_of(&perhaps, EACH).unseen, 1);
    ck_assert_uint_eq(needs_of(&told, EACH).unseen, 0);
    ck_assert_uint_eq(needs_of(&often, EACH).unseen, 1);
    ck_assert_uint_eq(needs_of(&quiet, EACH).unseen, 0);
}
END_TEST

START_TEST(waiting_is_silence_and_timers)
{
    ck_assert_uint_eq(needs_of(&quiet, EACH).waits_ms, 700);
    /* 1 s for the first timeout, twice that, and twice the one that was marked. */
    ck_assert_uint_eq(needs_of(&doubling, EACH).waits_ms, 1000 + 2000 + 2000);
    ck_assert_uint_eq(needs_of(&rounds, EACH).waits_ms, 300);
}
END_TEST

START_TEST(limits_cover_the_longest_way)
{
    struct needs needs = needs_of(&ways, EACH);

    ck_assert_uint_ge(needs.at_most_ms, 30000);
    ck_assert_uint_lt(needs.waits_ms, 30000);
    ck_assert_uint_ge(needs_of(&doubling, EACH).at_most_ms, needs_of(&doubling, EACH).waits_ms);
}
END_TEST

START_TEST(what_the_application_must_do)
{
    ck_assert(!needs_of(&quiet, EACH).calls);
    ck_assert(needs_of(&doubling, EACH).sends);
    ck_assert(!needs_of(&doubling, EACH).calls);
    ck_assert(needs_of(&opens, EACH).opens);
    ck_assert_uint_eq(needs_of(&opens, EACH).features, TIMESTAMPS);
    ck_assert(needs_of(&ways, EACH).told);
    ck_assert(!needs_of(&ways, EACH).reads);
    ck_assert(needs_of(&ends, EACH).stays);
    ck_assert(!needs_of(&refused, EACH).stays);
    ck_assert(!needs_of(&each, ESTABLISHED).calls);
    ck_assert(needs_of(&each, FIN_WAIT_1).calls);
}
END_TEST

START_TEST(what_a_service_must_bear)
{
    ck_assert(!needs_of(&listens, EACH).establishes);
    ck_assert(needs_of(&by_hand, EACH).establishes);
    ck_assert(needs_of(&quiet, EACH).establishes);
    ck_assert(!needs_of(&quiet, EACH).texts); /* the octet that ends it is nobody's business */
    ck_assert(needs_of(&texts, EACH).texts);
    ck_assert(needs_of(&rounds, EACH).establishes);
    ck_assert(needs_of(&short_ip, EACH).breaks_ip);
    ck_assert(!needs_of(&texts, EACH).breaks_ip);
}
END_TEST

SUITE(derive)
{
    Suite *suite = suite_create("derive");
    TCase *tests = tcase_create("needs");

    tcase_add_test(tests, waiting_is_silence_and_timers);
    tcase_add_test(tests, stimuli_that_nothing_shows_are_counted);
    tcase_add_test(tests, connections_at_a_time_are_counted);
    tcase_add_test(tests, limits_cover_the_longest_way);
    tcase_add_test(tests, what_the_application_must_do);
    tcase_add_test(tests, what_a_service_must_bear);
    suite_add_tcase(suite, tests);
    return suite;
}
