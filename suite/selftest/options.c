/* options.c: the command line as data, and one helpful sentence for each way of getting it wrong. */
#include "options.h"

#include <string.h>

#include "selftest.h"

enum { WORDS_MAX = 24 };

static bool read_line(const char *line, struct options *options, struct error *error)
{
    static char  words[200];
    static char *argv[WORDS_MAX + 1];
    int          argc = 1;

    argv[0] = "tcprove";
    strcpy(words, line);
    for (char *word = strtok(words, " "); word != NULL && argc < WORDS_MAX; word = strtok(NULL, " "))
        argv[argc++] = word;
    return options_read(argc, argv, options, error);
}

START_TEST(defaults)
{
    struct options options;
    struct error   error;

    ck_assert(read_line("run", &options, &error));
    ck_assert_str_eq(options.target, "reference");
    ck_assert_int_eq(options.profile, PROFILE_STANDARD);
    ck_assert_uint_eq(options.retries, 2);
    ck_assert_uint_eq(options.selector_count, 0);
}
END_TEST

START_TEST(a_letter_takes_its_value_behind_it_or_apart)
{
    static const char *const lines[] = { "run -j4 -oout -xfin/", "run -j 4 -o out -x fin/" };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct options options;
        struct error   error;

        ck_assert_msg(read_line(lines[i], &options, &error), "%s: %s", lines[i], error.sentence);
        ck_assert_uint_eq(options.jobs, 4);
        ck_assert_str_eq(options.output, "out");
        ck_assert_str_eq(options.excluded[0], "fin/");
    }
}
END_TEST

START_TEST(first_operand_is_the_target_unless_it_looks_like_a_selector)
{
    static const struct {
        const char *line, *target, *selector;
    } rows[] = {
        { "run linux fin/", "linux", "fin/" },
        { "run fin/half-close", "reference", "fin/half-close" },
        { "run RFC5961-3.2", "reference", "RFC5961-3.2" },
        { "run @museum", "reference", "@museum" },
        { "run --ipv6 linux+ignores-rst rst/", "linux+ignores-rst", "rst/" },
        { "run ./stack.so fin/", "./stack.so", "fin/" },
        { "run -- linux fin/", "linux", "fin/" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options options;
        struct error   error;

        ck_assert_msg(read_line(rows[i].line, &options, &error), "%s: %s", rows[i].line, error.sentence);
        ck_assert_str_eq(options.target, rows[i].target);
        ck_assert_uint_eq(options.selector_count, 1);
        ck_assert_str_eq(options.selectors[0], rows[i].selector);
    }
}
END_TEST

START_TEST(values)
{
    struct options options;
    struct error   error;

    ck_assert(read_line("run -o out -j 7 --seed=9 --profile full --time-scale 2.5 -x fin/ -v --strict", &options, &error));
    ck_assert_str_eq(options.output, "out");
    ck_assert_uint_eq(options.jobs, 7);
    ck_assert_uint_eq(options.seed, 9);
    ck_assert_int_eq(options.profile, PROFILE_FULL);
    ck_assert(options.time_scale > 2.4 && options.time_scale < 2.6);
    ck_assert_uint_eq(options.excluded_count, 1);
    ck_assert(options.verbose && options.strict);
    ck_assert_ptr_null(options.reset);
    ck_assert(read_line("run 192.0.2.2:7 --disruptive --reset-cmd reset-board", &options, &error));
    ck_assert_str_eq(options.reset, "reset-board");
    ck_assert(options.disruptive);
}
END_TEST

/* What gathers values, and what is a switch, may be said again. */
START_TEST(some_may_be_repeated)
{
    struct options options;
    struct error   error;

    ck_assert_msg(read_line("run --report tap:a --report json:b -x fin/ -x rst/ --service echo --service discard -v -v -q -q",
                            &options, &error),
                  "%s", error.sentence);
    ck_assert_uint_eq(options.report_count, 2);
    ck_assert_uint_eq(options.excluded_count, 2);
    ck_assert_uint_eq(options.service_count, 2);
}
END_TEST

START_TEST(mistakes_are_explained)
{
    static const struct {
        const char *line, *says;
    } rows[] = {
        { "", "say what to do" },
        { "rnu", "did you mean run?" },
        { "frobnicate", "tcprove --help lists them" },
        { "run --profil quick", "did you mean --profile?" },
        { "run --profile slow", "quick, standard or full" },
        { "run -j 0", "1 or more" },
        { "run -j many", "whole number" },
        { "run -j -3", "whole number" },
        { "run --time-scale 0", "from 1 to 100" },
        { "run --time-scale nan", "from 1 to 100" },
        { "run -o", "-o needs a value" },
        { "run 192.0.2.2 --agent 192.0.2.2 --service-id 0x10000", "--service-id is a number from 1 to 0xFFFF" },
        { "run 192.0.2.2 --agent 192.0.2.2 --service-id echo", "--service-id is a number" },
        { "run --reset-cmd", "--reset-cmd needs a value" },
        { "run --reset-cmd=", "needs a command" },
        { "run --ipv6=yes", "takes no value" },
        { "list --format xml", "text, tsv or json" },
        { "run --seed 1 --seed 2", "--seed is given twice: leave one of them out" },
        { "run --seed 1 --seed=1", "--seed is given twice" },
        { "run -j 1 fin/ -j 2", "-j is given twice" },
        { "run --pcap all --pcap none", "--pcap is given twice" },
        { "run -o a -o b", "-o is given twice" },
        { "run --baseline a --baseline b", "--baseline is given twice" },
        { "run --service echo --service echo=8", "--service echo is given twice" },
        { "run 192.0.2.2:7 --load", "--load is of doctor, which finds out what -j may be: tcprove doctor 192.0.2.2:7 --load" },
        { "doctor linux rst/", "doctor takes a target, and no \"rst/\"" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options options;
        struct error   error = { "" };

        ck_assert_msg(!read_line(rows[i].line, &options, &error), "\"%s\" was taken", rows[i].line);
        ck_assert_msg(strstr(error.sentence, rows[i].says) != NULL, "\"%s\": \"%s\"", rows[i].line, error.sentence);
    }
}
END_TEST

SUITE(options)
{
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("command line");

    tcase_add_test(tests, defaults);
    tcase_add_test(tests, a_letter_takes_its_value_behind_it_or_apart);
    tcase_add_test(tests, first_operand_is_the_target_unless_it_looks_like_a_selector);
    tcase_add_test(tests, values);
    tcase_add_test(tests, some_may_be_repeated);
    tcase_add_test(tests, mistakes_are_explained);
    suite_add_tcase(suite, tests);
    return suite;
}
