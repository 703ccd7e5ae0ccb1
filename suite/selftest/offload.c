/* offload.c: hosts whose offloads are on, as those of a virtual machine or a container are: nobody is accused of what was
 * merged, and what is really wrong is still told. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "host_rig.h"
#include "selftest.h"

static char folder[] = "/tmp/tcprove-offload-XXXXXX";
static bool standing;

static void enter(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("D", folder, 1);
    standing = host_rig_enter();
}

static void leave(void)
{
    char line[100];

    snprintf(line, sizeof line, "rm -rf %s", folder);
    ck_assert_int_eq(system(line), 0);
}

static json_t *cases_of(const char *run)
{
    char    path[100];
    json_t *root;

    snprintf(path, sizeof path, "%s/%s/results.json", folder, run);
    root = json_load_file(path, 0, NULL);
    ck_assert_msg(root != NULL, "%s: %s", path, host_rig_output);
    json_t *cases = json_incref(json_object_get(root, "cases"));

    json_decref(root);
    return cases;
}

static const char *field(const json_t *one, const char *name)
{
    return json_string_value(json_object_get(one, name));
}

static const json_t *find(const json_t *cases, const char *id)
{
    size_t  index;
    json_t *one;

    json_array_foreach(cases, index, one)
    {
        if (strcmp(field(one, "id"), id) == 0)
            return one;
    }
    ck_abort_msg("no case %s", id);
}

#define CASES                                                                                                                  \
    " handshake/ options/ sequence/in-order window/sender-not-silly retransmission/earliest-first --profile quick -j 50 -q "

/* What fails over the link with offloads fails without them too. */
static void assert_nobody_accused(const char *line, const char *whole, const char *plain)
{
    json_t *merged = cases_of(whole), *apart = cases_of(plain), *one;
    size_t  index, unjudged                  = 0;

    json_array_foreach(merged, index, one)
    {
        if (strcmp(field(one, "verdict"), "fail") == 0)
            ck_assert_msg(strcmp(field(find(apart, field(one, "id")), "verdict"), "fail") == 0, "%s: %s: %s", line,
                          field(one, "id"), field(one, "reason"));
        unjudged += strstr(field(one, "reason"), "an offload merges them") != NULL;
    }
    ck_assert_msg(unjudged > 0, "%s: nothing was merged, so nothing was tested", line);
    json_decref(merged);
    json_decref(apart);
}

START_TEST(nobody_is_accused)
{
    if (!standing)
        return;
    int status = host_rig_shell("$T run 192.0.2.194 --service echo" CASES "-o $D/whole4");

    ck_assert_msg(status == 0 || status == 1, "%s", host_rig_output);
    host_rig_shell("$T run 192.0.2.2 --service echo" CASES "-o $D/plain4");
    assert_nobody_accused("IPv4", "whole4", "plain4");
    host_rig_shell("$T run 2001:db8:2::2 --service echo" CASES "-o $D/whole6");
    host_rig_shell("$T run 2001:db8::2 --service echo" CASES "-o $D/plain6");
    assert_nobody_accused("IPv6", "whole6", "plain6");
}
END_TEST

START_TEST(nobody_is_accused_on_loopback)
{
    if (!standing)
        return;
    host_rig_shell("$T run 127.0.0.1 --service echo" CASES "-o $D/plain1");
    host_rig_merge_segments("lo");
    host_rig_shell("$T run 127.0.0.1 --service echo" CASES "-o $D/whole1");
    assert_nobody_accused("loopback", "whole1", "plain1");
}
END_TEST

/* An MSS that is ignored is seen over a link that merges nothing, and a wrong answer over any. */
START_TEST(what_is_wrong_is_told)
{
    if (!standing)
        return;
    ck_assert_int_eq(host_rig_shell("$T run 192.0.2.2+ignores-mss --service echo handshake/mss-obeyed"), 1);
    ck_assert_int_eq(host_rig_shell("$T run 192.0.2.194+ignores-rst --service echo rst/exact/established"), 1);
    ck_assert_int_eq(host_rig_shell("$T run 192.0.2.194+acks-less --service echo sequence/in-order"), 1);
}
END_TEST

START_TEST(the_doctor_tells)
{
    if (!standing)
        return;
    host_rig_shell("$T doctor 192.0.2.194 --service echo");
    ck_assert_msg(strstr(host_rig_output, "tso off gso off") != NULL, "%s", host_rig_output);
    host_rig_merge_segments("eth1");
    ck_assert_int_eq(host_rig_shell("$T doctor 192.0.2.194 --service echo"), 3);
    ck_assert_msg(strstr(host_rig_output, "sudo ethtool -K eth1 gro off") != NULL, "%s", host_rig_output);
}
END_TEST

SUITE(offload)
{
    Suite *suite = suite_create("offload");
    TCase *tests = tcase_create("hosts with offloads");

    tcase_add_checked_fixture(tests, enter, leave);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, nobody_is_accused);
    tcase_add_test(tests, nobody_is_accused_on_loopback);
    tcase_add_test(tests, what_is_wrong_is_told);
    tcase_add_test(tests, the_doctor_tells);
    suite_add_tcase(suite, tests);
    return suite;
}
