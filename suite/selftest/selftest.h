/* selftest.h: what the libcheck suites share. A file here is one suite and holds SUITE (name) { … return suite; }: that is all
 * it takes to be run. */
#ifndef TCPROVE_SELFTEST_H
#define TCPROVE_SELFTEST_H

#include <check.h>

#define SUITE(name)                                                                                                            \
    Suite *suite_##name(void);                                                                                                 \
    Suite *suite_##name(void)

/* Made from the SUITE lines when the tests are built; ended by NULL. */
typedef Suite           *make_suite(void);
extern make_suite *const selftest_suites[];
extern const char *const selftest_names[];

#endif
