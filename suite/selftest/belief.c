/* belief.c: what a verdict needs before it is believed, on a path that loses nothing and on one that does. Attempts are drawn
 * from a seeded generator, so that the odds that are claimed can be counted. */
#include "belief.h"

#include "selftest.h"

static const struct belief_terms lossless = { .path = { 400, 0, 0 }, .cases = 360, .retries = 2 };
/* One in a hundred each way: one handshake in fifty has to be asked for twice. */
static const struct belief_terms lossy = { .path = { 400, 8, 0 }, .cases = 360, .retries = 2 };

START_TEST(loss_is_what_was_seen_and_a_little_more)
{
    struct path_seen none = { 400, 0, 0 }, some = { 400, 8, 0 }, all = { 3, 3, 0 };

    ck_assert_double_eq(path_loss(&none), 0);
    ck_assert_double_ge(path_loss(&some), 8.0 / 400);
    ck_assert_double_le(path_loss(&some), 12.0 / 400);
    ck_assert_double_eq(path_loss(&all), 1);
    struct path_seen contradicted = { 100, 0, 3 };

    ck_assert_double_ge(path_loss(&contradicted), 1.0 / 100);
}
END_TEST

START_TEST(without_loss_two_of_three_decide)
{
    struct attempts attempts = { .packets = 10 };

    attempts.passed = 1;
    ck_assert_int_eq(belief_in(&attempts, VERDICT_PASS, false, &lossless), BELIEVED);
    attempts.failed = 1;
    ck_assert_int_eq(belief_in(&attempts, VERDICT_PASS, false, &lossless), ONCE_MORE);
    attempts.passed = 2;
    ck_assert_int_eq(belief_in(&attempts, VERDICT_PASS, false, &lossless), BELIEVED);
    attempts = (struct attempts){ .failed = 1, .packets = 10 };
    ck_assert_int_eq(belief_in(&attempts, VERDICT_FAIL, false, &lossless), BELIEVED);
    ck_assert_int_eq(belief_in(&attempts, VERDICT_FAIL, true, &lossless), ONCE_MORE);
    attempts.failed = 2;
    ck_assert_int_eq(belief_in(&attempts, VERDICT_FAIL, true, &lossless), BELIEVED);
    struct belief_terms foreign = lossless;

    foreign.path_loses = true;
    attempts.failed    = 1;
    ck_assert_int_eq(belief_in(&attempts, VERDICT_FAIL, false, &foreign), ONCE_MORE);
    attempts = (struct attempts){ .unjudged = 2 };
    ck_assert_int_eq(belief_in(&attempts, VERDICT_INCONCLUSIVE, false, &lossless), ONCE_MORE);
    attempts.unjudged = 3;
    ck_assert_int_eq(belief_in(&attempts, VERDICT_INCONCLUSIVE, false, &lossless), BELIEVED);
}
END_TEST

START_TEST(with_loss_a_silent_pass_is_repeated_and_a_seen_one_is_not)
{
    struct attempts attempts = { .passed = 1, .packets = 10 };

    ck_assert_int_eq(belief_in(&attempts, VERDICT_PASS, false, &lossy), BELIEVED);
    attempts.unseen = 1;
    ck_assert_int_eq(belief_in(&attempts, VERDICT_PASS, false, &lossy), ONCE_MORE);
    attempts.passed = 5;
    ck_assert_int_eq(belief_in(&attempts, VERDICT_PASS, false, &lossy), BELIEVED);
    attempts = (struct attempts){ .failed = 1, .packets = 10 };
    ck_assert_int_eq(belief_in(&attempts, VERDICT_FAIL, false, &lossy), ONCE_MORE);
    attempts.failed = 12;
    ck_assert_int_eq(belief_in(&attempts, VERDICT_FAIL, false, &lossy), BELIEVED);
    attempts = (struct attempts){ .failed = 12, .passed = 12, .packets = 60 };
    ck_assert_int_eq(belief_in(&attempts, VERDICT_FAIL, false, &lossy), UNBELIEVED);
}
END_TEST

START_TEST(a_breach_stands_once_loss_cannot_have_made_it)
{
    struct attempts attempts = { .passed = 1, .packets = 10 };

    struct belief_terms foreign = lossless;

    foreign.path_reorders = true;
    ck_assert(belief_in_breach(&attempts, 1, &lossless));
    ck_assert(!belief_wants_breach_again(&attempts, &lossless));
    /* One segment may overtake another on a wire, but hardly twice. */
    ck_assert(!belief_in_breach(&attempts, 1, &foreign));
    ck_assert(belief_wants_breach_again(&attempts, &foreign));
    ck_assert(belief_in_breach(&attempts, 2, &foreign));
    ck_assert(!belief_dismisses_breach(&attempts, 1));
    struct attempts three = { .passed = 3 };

    ck_assert(belief_dismisses_breach(&three, 1));
    ck_assert(!belief_dismisses_breach(&three, 2));
    ck_assert(!belief_in_breach(&attempts, 1, &lossy));
    attempts.passed = 9;
    ck_assert(!belief_in_breach(&attempts, 2, &lossy));
    ck_assert(belief_in_breach(&attempts, 9, &lossy));
}
END_TEST

/* ---- the odds, counted ------------------------------------------------------------------------------------------------ */

static bool chance(uint64_t *state, double odds)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0 < odds;
}

/* Attempts at one case of a target that is sound, or breaks a rule that the case is about, on a path that loses one in a
 * hundred each way; every loss does the worst it can. */
static enum verdict judged(uint64_t *state, bool sound, unsigned unseen)
{
    struct attempts attempts = { .packets = 20, .unseen = unseen };

    for (;;) {
        bool         lost    = chance(state, 1 - 0.8179); /* 1 - 0.99^20: some segment of the attempt */
        bool         hidden  = unseen > 0 && chance(state, 0.0199);
        bool         passes  = sound ? !lost : hidden;
        enum verdict verdict = passes ? VERDICT_PASS : VERDICT_FAIL;

        attempts.passed += passes;
        attempts.failed += !passes;
        enum belief belief = belief_in(&attempts, verdict, false, &lossy);

        if (belief != ONCE_MORE)
            return belief == BELIEVED ? verdict : VERDICT_INCONCLUSIVE;
    }
}

START_TEST(nobody_is_accused_or_cleared_by_loss)
{
    enum { CASES = 36000 }; /* a hundred runs */
    uint64_t state = 1;
    unsigned wrong = 0, unjudged = 0;

    for (unsigned i = 0; i < CASES; i++) {
        bool         sound   = i % 2 == 0;
        enum verdict verdict = judged(&state, sound, i / 2 % 2);

        unjudged += verdict == VERDICT_INCONCLUSIVE;
        wrong += verdict == (sound ? VERDICT_FAIL : VERDICT_PASS);
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_lt(unjudged, CASES / 100);
}
END_TEST

SUITE(belief)
{
    Suite *suite = suite_create("belief");
    TCase *tests = tcase_create("belief");

    tcase_add_test(tests, loss_is_what_was_seen_and_a_little_more);
    tcase_add_test(tests, without_loss_two_of_three_decide);
    tcase_add_test(tests, with_loss_a_silent_pass_is_repeated_and_a_seen_one_is_not);
    tcase_add_test(tests, a_breach_stands_once_loss_cannot_have_made_it);
    tcase_add_test(tests, nobody_is_accused_or_cleared_by_loss);
    suite_add_tcase(suite, tests);
    return suite;
}
