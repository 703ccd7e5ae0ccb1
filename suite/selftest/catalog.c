/* catalog.c: cases times states, selectors, and what lies nearest to a misspelt one. */
#include "catalog.h"

#include <string.h>

#include "requirements.h"
#include "selftest.h"

/* clang-format off */
static const struct ladder_case cases[] = {
    { CASE ("made/one", "One"), REQS ("RFC9293-MUST-3"), .tags = "@museum @slow", LADDER (ENTER (ESTABLISHED), ALIVE) },
    { CASE ("made/each", "Each"), REQS ("RFC9293-3.10.7.4-*-seq", "RFC5961-3.2-b"), STATES (ESTABLISHED, FIN_WAIT_1, TIME_WAIT),
      LADDER (ENTER (EACH), ALIVE) },
};
/* clang-format on */
static const struct ladder_group        made     = { "made", "Made for the test", cases, 2 };
static const struct ladder_group *const groups[] = { &made, NULL };

static size_t picked(const char *selector)
{
    struct catalog catalog = catalog_open(groups);
    size_t         count   = 0;

    for (size_t i = 0; i < catalog.count; i++)
        count += selector_picks(selector, &catalog.at[i]);
    catalog_close(&catalog);
    return count;
}

START_TEST(one_entry_for_each_state)
{
    struct catalog catalog = catalog_open(groups);

    ck_assert_uint_eq(catalog.count, 4);
    ck_assert_str_eq(catalog.at[0].id, "made/one");
    ck_assert_int_eq(catalog.at[0].each, EACH);
    ck_assert_str_eq(catalog.at[2].id, "made/each/fin-wait-1");
    ck_assert_str_eq(catalog.at[2].reqs[0], "RFC9293-3.10.7.4-FIN-WAIT-1-seq");
    ck_assert_str_eq(catalog.at[2].reqs[1], "RFC5961-3.2-b");
    ck_assert_uint_eq(catalog.at[2].req_count, 2);
    catalog_close(&catalog);
}
END_TEST

START_TEST(selectors)
{
    ck_assert_uint_eq(picked("made/one"), 1);
    ck_assert_uint_eq(picked("made/each"), 3);
    ck_assert_uint_eq(picked("made/each/time-wait"), 1);
    ck_assert_uint_eq(picked("made/"), 4);
    ck_assert_uint_eq(picked("@museum"), 1);
    ck_assert_uint_eq(picked("@slow"), 1);
    ck_assert_uint_eq(picked("@mus"), 0);
    ck_assert_uint_eq(picked("RFC5961-3.2"), 3);
    ck_assert_uint_eq(picked("RFC9293-3.10.7.4-TIME-WAIT"), 1);
    ck_assert_uint_eq(picked("made/on"), 0);
}
END_TEST

START_TEST(nearest_spelling)
{
    struct catalog catalog = catalog_open(groups);

    ck_assert_str_eq(selector_nearest(&catalog, "made/oen"), "made/one");
    ck_assert_str_eq(selector_nearest(&catalog, "completely-different-words"), "");
    ck_assert_uint_eq(edit_distance("kitten", "sitting"), 3);
    ck_assert_uint_eq(edit_distance("", "abc"), 3);
    ck_assert_uint_eq(edit_distance("same", "same"), 0);
    catalog_close(&catalog);
}
END_TEST

START_TEST(the_five_subjects_are_there)
{
    static const char *const subjects[]   = { "handshake", "sequence", "checksum", "retransmission", "fin" };
    size_t                   cases_in_all = 0;

    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        size_t count = 0;

        for (const struct ladder_group *const *group = catalog_groups; *group != NULL; group++)
            if (strcmp((*group)->name, subjects[i]) == 0)
                count = (*group)->count;
        ck_assert_msg(count >= 8, "%s has %zu cases", subjects[i], count);
        cases_in_all += count;
    }
    ck_assert_uint_ge(cases_in_all, 50);
}
END_TEST

START_TEST(requirements_are_sorted_and_found)
{
    for (size_t i = 0; i < requirement_count; i++) {
        ck_assert_msg(requirement_find(requirements[i].id) == &requirements[i], "%s is not found", requirements[i].id);
        ck_assert_msg(i == 0 || strcmp(requirements[i - 1].id, requirements[i].id) < 0, "%s is out of order",
                      requirements[i].id);
    }
    ck_assert_uint_ge(requirement_count, 953);
    ck_assert_ptr_null(requirement_find("RFC9293-MUST-999"));
}
END_TEST

START_TEST(weight_of_a_requirement)
{
    ck_assert(requirement_violated(requirement_find("RFC9293-MUST-3")));
    ck_assert(requirement_violated(requirement_find("RFC9293-3.4-a"))); /* prescribed without a keyword */
    ck_assert(!requirement_violated(requirement_find("RFC9293-SHLD-2")));
    ck_assert(!requirement_violated(requirement_find("RFC7413-4.2-a"))); /* a MUST of an experimental document */
}
END_TEST

SUITE(catalog)
{
    Suite *suite = suite_create("catalog");
    TCase *tests = tcase_create("entries");

    tcase_add_test(tests, one_entry_for_each_state);
    tcase_add_test(tests, selectors);
    tcase_add_test(tests, nearest_spelling);
    tcase_add_test(tests, the_five_subjects_are_there);
    tcase_add_test(tests, requirements_are_sorted_and_found);
    tcase_add_test(tests, weight_of_a_requirement);
    suite_add_tcase(suite, tests);
    return suite;
}
