/* progress.c: the line that shows how far a run is, whatever the width, and the time that is left. */
#include "progress.h"

#include <stdlib.h>
#include <string.h>

#include "selftest.h"

/* Columns that a line takes on a terminal: escape sequences take none, a character of several octets one. */
static unsigned columns_of(const char *line)
{
    unsigned columns = 0;

    for (; *line != '\0'; line++) {
        if (*line == '\033') {
            line += strcspn(line, "mK");
            ck_assert(*line != '\0');
        } else if (((unsigned char)*line & 0xc0) != 0x80) {
            columns++;
        }
    }
    return columns;
}

static const struct running some[] = { { "retransmission/r2-with-a-long-name", 41000, 60000 }, { "fin/received", 200, 0 } };
#define LOAD                                                                                                                   \
    {                                                                                                                          \
        .running = some, .running_count = 2, .jobs = 2                                                                         \
    }
static const struct sight        halfway   = { .done = 120, .count = 362, .verdicts = { 118, 1, 1 }, .load = LOAD };
static const struct sight        beginning = { .count = 3, .load = LOAD };
static const struct sight        full      = { .done     = 100000,
                                               .count    = 100000,
                                               .verdicts = { 20000, 20000, 20000, 20000, 20000 },
                                               .note     = "waiting for the target to come back" };
static const struct sight *const sights[]  = { &halfway, &beginning, &full };

START_TEST(it_fits_every_width)
{
    char line[PROGRESS_LINE_OCTETS];

    for (unsigned columns = 1; columns < 400; columns++) {
        for (int k = 0; k < 8; k++) {
            struct look look = { columns, (k & 1) != 0, (k & 2) != 0 };

            progress_line(line, sights[_i], k & 4 ? 35000 : 100000000, &look);
            ck_assert_msg(columns_of(line) < columns || (columns == 1 && columns_of(line) <= 1), "%u columns: \"%s\"", columns,
                          line);
            for (const char *at = line; *at != '\0'; at++) {
                ck_assert_msg(look.unicode || (unsigned char)*at < 0x80, "%s", line);
                ck_assert_msg(look.colour || *at != '\033', "%s", line);
            }
        }
    }
}
END_TEST

START_TEST(at_80_columns_it_says_all_that_matters)
{
    char        line[PROGRESS_LINE_OCTETS];
    struct look look = { 80, false, false };

    progress_line(line, &halfway, 35000, &look);
    ck_assert_str_eq(line, "[##------] 120/362  118 pass 1 fail 1 inconclusive  35 s left  retransmiss 41 s");
    look.columns = 120;
    progress_line(line, &halfway, 150000, &look);
    ck_assert_ptr_nonnull(strstr(line, "  3 min left  retransmission/r2-with-a-long-name 41 s"));
}
END_TEST

START_TEST(in_words)
{
    char  *text;
    size_t octets;
    FILE  *out = open_memstream(&text, &octets);

    progress_tell(out, &halfway, 35000, true);
    fclose(out);
    ck_assert_str_eq(text, "120 of 362 done, 118 pass, 1 fail, 1 inconclusive; slowest running:"
                           " retransmission/r2-with-a-long-name (41 s); about 35 s left\n"
                           "  retransmission/r2-with-a-long-name (41 s), fin/received (1 s)\n");
    free(text);
}
END_TEST

/* ---- the time that is left ---------------------------------------------------------------------------------------------- */

START_TEST(time_left)
{
    static const struct running  one[]     = { { "a", 2000, 10000 } };
    static const struct running  overdue[] = { { "a", 60000, 10000 } };
    static const uint64_t        waits[]   = { 9000, 3000, 3000 };
    static const struct workload loads[]   = {
          { .jobs = 1 },
          { .running = one, .running_count = 1, .jobs = 1 },
          { .running = one, .running_count = 1, .waiting_ms = waits, .waiting_count = 3, .jobs = 1 },
          { .running = one, .running_count = 1, .waiting_ms = waits, .waiting_count = 3, .jobs = 2 },
          { .running = one, .running_count = 1, .waiting_ms = waits, .waiting_count = 3, .jobs = 100 },
          { .running = one, .running_count = 1, .waiting_ms = waits, .waiting_count = 3, .jobs = 1, .aside_ms = 100 },
          { .running = overdue, .running_count = 1, .jobs = 1 },
    };
    static const uint64_t left_ms[] = { 0, 8000, 23000, 12000, 9000, 23400, 500 };

    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
        ck_assert_msg(estimate_left_ms(&loads[i]) == left_ms[i], "row %zu: %llu", i,
                      (unsigned long long)estimate_left_ms(&loads[i]));
}
END_TEST

/* Cases are played again, and the work becomes more: what is shown waits until it is right again. */
START_TEST(the_time_left_never_rises)
{
    static const struct running one[] = { { "a", 0, 10000 } }, later[] = { { "a", 9000, 10000 } },
                                again[] = { { "b", 0, 5000 } };
    char           *text;
    size_t          octets;
    FILE           *out      = open_memstream(&text, &octets);
    struct progress progress = { .out = out, .left_ms = UINT64_MAX };
    struct sight    sight    = { .count = 1, .load = { .running = one, .running_count = 1, .jobs = 1 } };

    progress_answer(&progress, &sight);
    ck_assert_uint_eq(progress.left_ms, 10000);
    sight.load.running = later;
    progress_answer(&progress, &sight);
    ck_assert_uint_eq(progress.left_ms, 1000);
    sight.load.running = again;
    progress_answer(&progress, &sight);
    ck_assert_uint_eq(progress.left_ms, 1000);
    fclose(out);
    free(text);
}
END_TEST

SUITE(progress)
{
    Suite *suite = suite_create("progress");
    TCase *tests = tcase_create("how far");

    tcase_add_loop_test(tests, it_fits_every_width, 0, (int)(sizeof sights / sizeof *sights));
    tcase_add_test(tests, at_80_columns_it_says_all_that_matters);
    tcase_add_test(tests, in_words);
    tcase_add_test(tests, time_left);
    tcase_add_test(tests, the_time_left_never_rises);
    suite_add_tcase(suite, tests);
    return suite;
}
