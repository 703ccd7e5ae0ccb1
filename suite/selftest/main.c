/* main.c: runs every suite, or those whose names stand on the command line. */
#include <stdlib.h>
#include <string.h>

#include "selftest.h"

int main(int argc, char **argv)
{
    SRunner *runner = srunner_create(NULL);

    for (make_suite *const *make = selftest_suites; *make != NULL; make++)
        srunner_add_suite(runner, (*make)());
    if (argc > 1) {
        int failed = 0;

        for (int i = 1; i < argc; i++) {
            srunner_run(runner, argv[i], NULL, CK_NORMAL);
            failed += srunner_ntests_failed(runner);
        }
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
