#include "notation_ladder.h"

#include <stdio.h>
#include <string.h>

#include "bench/mutate.h"
#include "catalog.h"
#include "selftest.h"

enum { LADDER_ROOM = 65536 };

static const struct {
    struct step step;
    const char *text;
} known[] = {
    { PEER(ACK, .seq = RCV_NXT + 100, .len = 100), "PEER (ACK, .seq = RCV_NXT + 100, .len = 100)" },
    { PEER(RST, .seq = RCV_NXT + RCV_WND - 1), "PEER (RST, .seq = RCV_NXT + RCV_WND - 1)" },
    { IUT(FIN | ACK), "IUT (FIN|ACK)" },
    { IUT(0), "IUT (0)" },
    { IUT(ACK, .after = PERCENT(150, 600, A)), "IUT (ACK, .after = PERCENT(150, 600, A))" },
    { IUT(ACK, .after = MS(1, 2), .mark = D), "IUT (ACK, .after = MS(1, 2), .mark = D)" },
    { ENTER(ESTABLISHED, .with = TIMESTAMPS), "ENTER (ESTABLISHED, .with = TIMESTAMPS)" },
    { ENTER(FIN_WAIT_1), "ENTER (FIN_WAIT_1)" },
    { ENTER(CLOSED), "ENTER (CLOSED)" },
    { ENTER(EACH, .via = ACTIVE, .irs = ZERO), "ENTER (EACH, .via = ACTIVE, .irs = ZERO)" },
    { IUT_SENDS(3 * SMSS - 1, .each = AT_MOST(SMSS)), "IUT_SENDS (3 * SMSS - 1, .each = AT_MOST(SMSS))" },
    { IUT_ACKS(IRS + 11), "IUT_ACKS (IRS + 11)" },
    { PEER_SENDS(-2 * RMSS + SND_WND, .apart_ms = 3), "PEER_SENDS (SND_WND - 2 * RMSS, .apart_ms = 3)" },
    { IUT(ACK, .len = SOME, .ack = AT_LEAST(ZERO + 7)), "IUT (ACK, .ack = AT_LEAST(ZERO + 7), .len = SOME)" },
    { SILENCE(600), "SILENCE (600)" },
    { SILENCE(PROVEN), "SILENCE (PROVEN)" },
    { WAIT(0), "WAIT (0)" },
    { ON(FRESH), "ON (FRESH)" },
    { ALIVE, "ALIVE" },
    { GONE, "GONE" },
    { APP(CLOSE_BOTH), "APP (CLOSE_BOTH)" },
    { APP_SEES(DATA, .octets = 5), "APP_SEES (DATA, .octets = 5)" },
    { ICMP(SOURCE_QUENCH, .quotes = SND_UNA), "ICMP (SOURCE_QUENCH, .quotes = SND_UNA)" },
    { { .rung = RUNG_JUDGE, .what = "isns_are_spread" }, "JUDGE (isns_are_spread)" },
    { MAYBE("RFC9293-MUST-3", IUT(ACK)), "MAYBE (\"RFC9293-MUST-3\")" },
    { ROUNDS(20, ALIVE), "ROUNDS (20)" },
    { ONE_OF(BY("x", ALIVE)), "ONE_OF" },
};

START_TEST(prints_a_rung_as_a_case_writes_it)
{
    char text[300];

    notation_rung(&known[_i].step, text, sizeof text);
    ck_assert_str_eq(text, known[_i].text);
}
END_TEST

static const char ladder_text[] = "ENTER (ESTABLISHED)\n"
                                  "ONE_OF\n"
                                  "  BY (\"RFC5961-3.2-g\")\n"
                                  "    ROUNDS (3)\n"
                                  "      PEER (ACK)\n"
                                  "      IUT (ACK)\n"
                                  "    ALIVE\n"
                                  "  DEVIATES (\"RFC5961-3.2-a\")\n"
                                  "    GONE\n"
                                  "SILENCE (PROVEN)\n";

START_TEST(prints_nested_rungs_further_in)
{
    const struct step steps[] = {
        ENTER(ESTABLISHED),
        ONE_OF(BY("RFC5961-3.2-g", ROUNDS(3, PEER(ACK), IUT(ACK)), ALIVE), DEVIATES("RFC5961-3.2-a", GONE)),
        SILENCE(PROVEN),
        END_OF_LADDER,
    };
    char text[1000];

    ck_assert_uint_eq(notation_ladder_print(steps, text, sizeof text), sizeof ladder_text - 1);
    ck_assert_str_eq(text, ladder_text);
}
END_TEST

START_TEST(parses_nested_rungs)
{
    struct parsed_ladder ladder;
    struct error         error;

    ck_assert_msg(notation_ladder_parse(ladder_text, &ladder, &error), "%s", error.sentence);
    const struct step *steps = ladder.steps;

    ck_assert_int_eq(steps[0].rung, RUNG_ENTER);
    ck_assert_int_eq(steps[0].entry.state, ESTABLISHED);
    ck_assert_int_eq(steps[1].rung, RUNG_ONE_OF);
    ck_assert_int_eq(steps[2].rung, RUNG_SILENCE);
    ck_assert_int_eq(steps[3].rung, RUNG_END);
    const struct way_out *ways = steps[1].ways;

    ck_assert_str_eq(ways[0].clause, "RFC5961-3.2-g");
    ck_assert_int_eq(ways[0].deviates, NO);
    ck_assert_uint_eq(ways[0].rungs[0].number, 3);
    ck_assert_int_eq(ways[0].rungs[0].rungs[1].rung, RUNG_IUT);
    ck_assert_int_eq(ways[0].rungs[0].rungs[2].rung, RUNG_END);
    ck_assert_int_eq(ways[0].rungs[1].rung, RUNG_ALIVE);
    ck_assert_int_eq(ways[1].deviates, YES);
    ck_assert_int_eq(ways[1].rungs[0].rung, RUNG_GONE);
    ck_assert_ptr_null(ways[2].clause);
    notation_ladder_free(&ladder);
    ck_assert_ptr_null(ladder.steps);
}
END_TEST

static void comes_back(const char *name, const struct step *steps)
{
    static char          first[LADDER_ROOM], second[LADDER_ROOM];
    struct parsed_ladder ladder;
    struct error         error;

    ck_assert_uint_lt(notation_ladder_print(steps, first, sizeof first), sizeof first);
    ck_assert_msg(notation_ladder_parse(first, &ladder, &error), "%s: %s\n%s", name, error.sentence, first);
    notation_ladder_print(ladder.steps, second, sizeof second);
    notation_ladder_free(&ladder);
    ck_assert_msg(strcmp(first, second) == 0, "%s:\n%s\n%s", name, first, second);
}

START_TEST(every_case_comes_back)
{
    size_t cases = 0;

    for (const struct ladder_group *const *group = catalog_groups; *group != NULL; group++)
        for (size_t i = 0; i < (*group)->count; i++, cases++)
            comes_back((*group)->cases[i].id, (*group)->cases[i].steps);
    ck_assert_uint_gt(cases, 0);
}
END_TEST

/* The values, not their text alone: pointers aside, parsed steps are the written ones. */
START_TEST(every_field_comes_back)
{
    static char          text[LADDER_ROOM];
    struct parsed_ladder ladder;
    struct error         error;
    size_t               i;

    comes_back("the ladder with everything", mutate_ladder);
    notation_ladder_print(mutate_ladder, text, sizeof text);
    ck_assert_msg(notation_ladder_parse(text, &ladder, &error), "%s", error.sentence);
    for (i = 0; mutate_ladder[i].rung != RUNG_END; i++) {
        struct rung_segment wrote = mutate_ladder[i].segment, read = ladder.steps[i].segment;

        ck_assert_int_eq(ladder.steps[i].rung, mutate_ladder[i].rung);
        ck_assert_uint_eq(read.options.count, wrote.options.count);
        ck_assert(wrote.options.count == 0 || memcmp(read.options.at, wrote.options.at, wrote.options.count) == 0);
        ck_assert_int_eq(read.rule == NULL, wrote.rule == NULL);
        ck_assert(wrote.rule == NULL || strcmp(read.rule, wrote.rule) == 0);
        ck_assert_uint_eq(read.flags, wrote.flags);
        ck_assert_int_eq(read.seq, wrote.seq);
        ck_assert_int_eq(read.ack, wrote.ack);
        ck_assert_int_eq(read.len, wrote.len);
        ck_assert_int_eq(read.stride, wrote.stride);
        ck_assert_mem_eq(read.sack, wrote.sack, sizeof read.sack);
        ck_assert_mem_eq(&read.after, &wrote.after, sizeof read.after);
        ck_assert_int_eq(read.from, wrote.from);
        ck_assert_int_eq(read.corrupt, wrote.corrupt);
        ck_assert_uint_eq(ladder.steps[i].number, mutate_ladder[i].number);
        ck_assert_mem_eq(&ladder.steps[i].message, &mutate_ladder[i].message, sizeof ladder.steps[i].message);
        ck_assert_uint_eq(ladder.steps[i].entry.with, mutate_ladder[i].entry.with);
        ck_assert_int_eq(ladder.steps[i].entry.irs, mutate_ladder[i].entry.irs);
    }
    ck_assert_int_eq(ladder.steps[i].rung, RUNG_END);
    notation_ladder_free(&ladder);
}
END_TEST

START_TEST(a_judge_keeps_its_name_and_has_no_function)
{
    struct parsed_ladder ladder;
    struct error         error;

    ck_assert(notation_ladder_parse("JUDGE (isns_are_spread)", &ladder, &error));
    ck_assert_str_eq(ladder.steps[0].what, "isns_are_spread");
    ck_assert(ladder.steps[0].judge == NULL);
    notation_ladder_free(&ladder);
}
END_TEST

START_TEST(indentation_as_a_whole_and_empty_lines_do_not_matter)
{
    struct parsed_ladder ladder;
    struct error         error;

    ck_assert_msg(notation_ladder_parse("\n    MAYBE (\"x\")\n\n        IUT (ACK)\n    ALIVE", &ladder, &error), "%s",
                  error.sentence);
    ck_assert_int_eq(ladder.steps[0].rungs[0].rung, RUNG_IUT);
    ck_assert_int_eq(ladder.steps[1].rung, RUNG_ALIVE);
    notation_ladder_free(&ladder);
}
END_TEST

static const struct {
    const char *text, *says;
} faulty[] = {
    { "", "there is no rung" },
    { "ALIVE\nJUMP (1)", "line 2, column 1: no rung is called JUMP" },
    { "PEER", "line 1, column 5: \"(\" belongs here" },
    { "PEER (ACK", "line 1, column 10: \")\" belongs here" },
    { "PEER (ACK) x", "line 1, column 12: nothing comes after a rung" },
    { "PEER (ACK, .sek = 1)", "line 1, column 13: PEER has no field .sek" },
    { "PEER (ACK, .seq = 1, .seq = 2)", "line 1, column 23: PEER has .seq twice" },
    { "PEER (ACK, .flags = SYN)", "PEER has .flags twice" },
    { "PEER (ACK, .seq = RCV_NXT + SND_NXT)", "line 1, column 29: SND_NXT numbers an octet" },
    { "PEER (ACK, .seq = -RCV_NXT)", "RCV_NXT numbers an octet" },
    { "PEER (ACK, .seq = 16 * SMSS)", "SMSS can be taken from -16 to 15 times" },
    { "PEER (ACK, .seq = 4294967295 + 1)", "beyond 32 bits" },
    { "PEER (ACK, .seq = FOO)", "no symbol is called FOO" },
    { "PEER (ACK, .corrupt = A_LITTLE)", "\"A_LITTLE\" is none" },
    { "PEER (ACK, .options = OCTETS(256))", "this number is above 255" },
    { "PEER (ACK, .sack = {{1, 2}, {1, 2}, {1, 2}, {1, 2}, {1, 2}})", "at most 4 blocks" },
    { "IUT (ACK, .after = SOON)", "AT_ONCE, MEASURED" },
    { "IUT (ACK, .rule = \"x)", "quotation mark" },
    { "ALIVE\n  GONE", "line 2, column 3: this line is further in" },
    { "  ALIVE\nGONE", "line 2, column 1: this line is further out" },
    { "ROUNDS (2)\nALIVE", "line 1, column 1: ROUNDS needs lines below it" },
    { "ROUNDS (2)\n    ALIVE\n  GONE", "line 3, column 3: this line is further in" },
    { "ONE_OF\n  ALIVE", "line 2, column 3: below ONE_OF stands BY" },
    { "ONE_OF\n  BY (NULL)\n    ALIVE", "BY names a requirement" },
    { "BY (\"x\")\n  ALIVE", "no rung is called BY" },
    { "ENTER (NOWHERE)", "line 1, column 8:" },
};

START_TEST(says_what_is_wrong_and_where)
{
    struct parsed_ladder ladder;
    struct error         error = { "" };

    ck_assert(!notation_ladder_parse(faulty[_i].text, &ladder, &error));
    ck_assert_msg(strstr(error.sentence, faulty[_i].says) != NULL, "%s", error.sentence);
    ck_assert_ptr_null(ladder.parts);
}
END_TEST

START_TEST(refuses_to_nest_without_end)
{
    char                 text[4096];
    size_t               used = 0;
    struct parsed_ladder ladder;
    struct error         error;

    for (int depth = 0; depth < 40; depth++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%*sROUNDS (1)\n", depth, "");
    snprintf(text + used, sizeof text - used, "%*sALIVE\n", 40, "");
    ck_assert(!notation_ladder_parse(text, &ladder, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "nested more than"));
}
END_TEST

SUITE(notation_ladder)
{
    Suite *suite = suite_create("notation_ladder");
    TCase *tests = tcase_create("notation_ladder");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, prints_a_rung_as_a_case_writes_it, 0, sizeof known / sizeof *known);
    tcase_add_test(tests, prints_nested_rungs_further_in);
    tcase_add_test(tests, parses_nested_rungs);
    tcase_add_test(tests, every_case_comes_back);
    tcase_add_test(tests, every_field_comes_back);
    tcase_add_test(tests, a_judge_keeps_its_name_and_has_no_function);
    tcase_add_test(tests, indentation_as_a_whole_and_empty_lines_do_not_matter);
    tcase_add_loop_test(tests, says_what_is_wrong_and_where, 0, sizeof faulty / sizeof *faulty);
    tcase_add_test(tests, refuses_to_nest_without_end);
    suite_add_tcase(suite, tests);
    return suite;
}
