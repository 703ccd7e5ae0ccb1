/* lwip.c: a TCP that is no relative of the built-in one and of the kernel's. What it does otherwise than the standards is
 * known, case by case (cases/known/, cases/README.md), and nothing else is found; nor where it has memory for a handful of
 * connections. */
#include <stdio.h>
#include <string.h>

#include "host_rig.h"
#include "lwip_rig.h"
#include "selftest.h"

enum { A_HANDFUL = 4, TOLD_OCTETS = 2500 };

#define KNOWN "--baseline cases/known/lwip-2.1.ini --profile quick -q"

/* What differs from the baseline is told at the end. */
static const char *tail_of_output(void)
{
    size_t length = strlen(host_rig_output);

    return host_rig_output + (length > TOLD_OCTETS ? length - TOLD_OCTETS : 0);
}

static void expect_as_known(const char *line)
{
    int status = host_rig_shell(line);

    ck_assert_msg(lwip_rig_lives(), "%s: lwIP is gone\n%s", line, tail_of_output());
    ck_assert_msg(status == 0, "%s: exit %d\n%s", line, status, tail_of_output());
}

static const char *const addresses[] = { "192.0.2.4:7", "[2001:db8::4]:7" };

START_TEST(verdicts_are_known)
{
    char line[200];

    if (!lwip_rig_enter(0))
        return;
    snprintf(line, sizeof line, "$T run %s --service echo --service discard --disruptive -j 12 " KNOWN, addresses[_i]);
    expect_as_known(line);
}
END_TEST

static const char *const paces[] = { "-j 1 handshake/ rst/ fin/ -x handshake/half-open-beside",
                                     "-j 4 handshake/ checksum/ rst/ fin/ sequence/ ports/" };

/* Each case leaves its connections closed behind it: where there is memory for four, four can be opened afterwards. */
START_TEST(a_handful_of_connections_is_enough)
{
    char line[300];

    if (!lwip_rig_enter(A_HANDFUL))
        return;
    snprintf(line, sizeof line, "$T run 192.0.2.4:7 --service echo --service discard " KNOWN " %s", paces[_i]);
    expect_as_known(line);
    expect_as_known("$T doctor 192.0.2.4:7 --load");
    ck_assert_msg(strstr(host_rig_output, "load: 4 connections at a time") != NULL, "%s", tail_of_output());
}
END_TEST

SUITE(lwip)
{
    Suite *suite = suite_create("lwip");
    TCase *tests = tcase_create("lwip");

    tcase_add_loop_test(tests, verdicts_are_known, 0, sizeof addresses / sizeof *addresses);
    tcase_add_loop_test(tests, a_handful_of_connections_is_enough, 0, sizeof paces / sizeof *paces);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return suite;
}
