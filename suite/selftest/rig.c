/* rig.c: `selftest rig DELAY_MS JITTER_MS LOSS_PER_MILLE SEED LINE`: a shell line at the tester of the tests' own network, for
 * long runs and for a look by hand. Its exit status is the line's. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "host_rig.h"
#include "selftest.h"

static char **words;
static int    line_status;

static unsigned number(const char *word)
{
    return (unsigned)strtoul(word, NULL, 10);
}

START_TEST(plays_the_line)
{
    if (!host_rig_enter()) {
        line_status = 3;
        return;
    }
    host_rig_impair(number(words[0]), number(words[1]), number(words[2]), number(words[3]));
    int status = system(words[4]);

    line_status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
END_TEST

int rig_play(char **arguments)
{
    Suite   *suite = suite_create("rig");
    TCase   *tests = tcase_create("rig");
    SRunner *runner;

    words = arguments;
    tcase_add_test(tests, plays_the_line);
    tcase_set_timeout(tests, 0);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    if (srunner_ntests_failed(runner) > 0) {
        srunner_print(runner, CK_NORMAL);
        line_status = 1;
    }
    srunner_free(runner);
    return line_status;
}
