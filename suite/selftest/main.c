/* main.c: runs every suite, or those whose names stand on the command line; names them (--list); or plays a shell line in the
 * tests' own network (rig). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "selftest.h"

static int run_named(SRunner *runner, char **names)
{
    int failed = 0;

    for (; *names != NULL; names++) {
        srunner_run(runner, *names, NULL, CK_NORMAL);
        failed += srunner_ntests_failed(runner);
    }
    return failed;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (const char *const *name = selftest_names; *name != NULL; name++)
            puts(*name);
        return EXIT_SUCCESS;
    }
    if (argc == 7 && strcmp(argv[1], "rig") == 0)
        return rig_play(argv + 2);
    /* A test hangs after a minute, not after the four seconds that a busy machine may take. */
    setenv("CK_DEFAULT_TIMEOUT", "60", 0);
    SRunner *runner = srunner_create(NULL);

    for (make_suite *const *make = selftest_suites; *make != NULL; make++)
        srunner_add_suite(runner, (*make)());
    if (argc == 1)
        srunner_run_all(runner, CK_NORMAL);
    int failed = argc == 1 ? srunner_ntests_failed(runner) : run_named(runner, argv + 1);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
