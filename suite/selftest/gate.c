/* gate.c: what a baseline expects, what it tells, and how it is brought up to a run. */
#include "gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "selftest.h"

static char path[40];

static void make_path(void)
{
    strcpy(path, "/tmp/tcprove-gate-XXXXXX");
    close(mkstemp(path));
}

static void drop_path(void)
{
    unlink(path);
}

static void write_baseline(const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static const char *read_back(void)
{
    static char text[4000];
    FILE       *file = fopen(path, "r");

    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static struct result   made[4];
static struct results  results;
static struct baseline baseline;

static void make_results(void)
{
    memset(made, 0, sizeof made);
    strcpy(made[0].id, "rst/exact/established");
    strcpy(made[1].id, "rst/right-edge");
    made[1].verdict   = VERDICT_FAIL;
    made[1].violation = true;
    strcpy(made[1].charged, "RFC5961-3.2-g");
    strcpy(made[2].id, "retransmission/floor");
    made[2].verdict   = VERDICT_FAIL;
    made[2].deviation = true;
    strcpy(made[3].id, "referee/mss");
    strcpy(made[3].group, "referee");
    made[3].verdict = VERDICT_SKIP;
    results         = (struct results){ .at = made, .count = 4 };
    baseline        = (struct baseline){ 0 };
}

static void expect_line(const char *text)
{
    struct error error;

    write_baseline(text);
    ck_assert_msg(baseline_read(path, "linux", &baseline, &error), "%s", error.sentence);
    gate_judge(&results, &baseline, false, false);
}

static void assert_unexpected(const char *marks)
{
    for (size_t i = 0; i < results.count; i++)
        ck_assert_msg(made[i].unexpected == (marks[i] == '!'), "%s", made[i].id);
}

START_TEST(without_a_baseline_violations_count)
{
    gate_judge(&results, NULL, false, false);
    assert_unexpected("-!--");
    gate_judge(&results, NULL, false, true);
    assert_unexpected("-!!-");
}
END_TEST

START_TEST(what_no_line_names_was_expected_to_pass)
{
    expect_line("");
    assert_unexpected("-!!-");
}
END_TEST

START_TEST(lines_patterns_and_sections)
{
    expect_line("[linux]\nrst/right-edge = fail, the edge\n[*]\nretransmission/* = fail\n[other]\nrst/* = skip\n");
    assert_unexpected("----");
    ck_assert_str_eq(made[1].known, "the edge");
    baseline_free(&baseline);
}
END_TEST

START_TEST(a_mended_fault_is_told_too)
{
    static const struct ladder_group *const none[]  = { NULL };
    struct catalog                          catalog = catalog_open(none);
    char                                   *text    = NULL;
    size_t                                  size;
    FILE                                   *out = open_memstream(&text, &size);

    expect_line("[linux]\nrst/exact/established = fail\nrst/right-edge = fail\nretransmission/floor = fail\n");
    assert_unexpected("!---");
    ck_assert_uint_eq(gate_tell(out, &results, &baseline, &catalog), 4); /* and an empty catalog has lost all three */
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "rst/exact/established: pass, where the baseline has fail"));
    ck_assert_ptr_nonnull(strstr(text, "rst/right-edge: vanished"));
    free(text);
    catalog_close(&catalog);
    baseline_free(&baseline);
}
END_TEST

START_TEST(a_part_of_the_catalog_mends_no_rule)
{
    made[3].verdict = VERDICT_PASS;
    write_baseline("[linux]\nreferee/mss = fail\nr* = fail\nrst/exact/established = pass\n");
    struct error error;

    ck_assert(baseline_read(path, "linux", &baseline, &error));
    gate_judge(&results, &baseline, true, false);
    assert_unexpected("----");
    gate_judge(&results, &baseline, false, false);
    assert_unexpected("---!");
    baseline_free(&baseline);
}
END_TEST

START_TEST(mistakes_name_file_and_line)
{
    struct error error;

    write_baseline("[linux]\nrst/x = broken\n");
    ck_assert(!baseline_read(path, "linux", &baseline, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "rst/x = broken"));
    write_baseline("[linux]\nno equals sign\n");
    ck_assert(!baseline_read(path, "linux", &baseline, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "line 2"));
    unlink(path);
    ck_assert(!baseline_read(path, "linux", &baseline, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "--update-baseline"));
}
END_TEST

START_TEST(update_keeps_what_is_not_its_own)
{
    struct error error;

    write_baseline("; ours\n[other]\nrst/right-edge = skip, there\n[linux]\n; a comment\nrst/right-edge = fail, we know\n"
                   "rst/exact/established = fail, old\nfin/* = fail, pattern\n");
    ck_assert_msg(baseline_update(path, "linux", &results, &error), "%s", error.sentence);
    ck_assert_str_eq(read_back(),
                     "; ours\n[other]\nrst/right-edge = skip, there\n[linux]\n; a comment\nrst/right-edge = fail, we know\n"
                     "fin/* = fail, pattern\nretransmission/floor = fail, \n");
}
END_TEST

START_TEST(update_makes_the_file)
{
    struct error error;

    unlink(path);
    ck_assert_msg(baseline_update(path, "linux", &results, &error), "%s", error.sentence);
    ck_assert_str_eq(read_back(), "[linux]\nrst/right-edge = fail, RFC5961-3.2-g\nretransmission/floor = fail, \n");
    ck_assert(baseline_read(path, "linux", &baseline, &error));
    gate_judge(&results, &baseline, false, false);
    assert_unexpected("----");
    baseline_free(&baseline);
}
END_TEST

SUITE(gate)
{
    Suite *suite = suite_create("gate");
    TCase *tests = tcase_create("baseline");

    tcase_add_checked_fixture(tests, make_path, drop_path);
    tcase_add_checked_fixture(tests, make_results, NULL);
    tcase_add_test(tests, without_a_baseline_violations_count);
    tcase_add_test(tests, what_no_line_names_was_expected_to_pass);
    tcase_add_test(tests, lines_patterns_and_sections);
    tcase_add_test(tests, a_mended_fault_is_told_too);
    tcase_add_test(tests, a_part_of_the_catalog_mends_no_rule);
    tcase_add_test(tests, mistakes_name_file_and_line);
    tcase_add_test(tests, update_keeps_what_is_not_its_own);
    tcase_add_test(tests, update_makes_the_file);
    suite_add_tcase(suite, tests);
    return suite;
}
