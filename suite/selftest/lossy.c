/* lossy.c: a host behind a path that delays and loses. Delay changes no verdict; loss may leave some unjudged, accuses nobody
 * and clears nobody. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "host_rig.h"
#include "program_rig.h"
#include "selftest.h"

static const char *const groups = "--service echo --service discard --profile quick -j 60 -q ack/ fin/ rst/ sequence/ window/ "
                                  "checksum/ handshake/ retransmission/";

static json_t *play(const char *target, const char *name, const char *cases)
{
    char line[600];

    snprintf(line, sizeof line, "$T run %s -o $D/%s %s", target, name, cases);
    int status = host_rig_shell(line);

    ck_assert_msg(status == 0 || status == 1, "%s: exit %d\n%s", line, status, host_rig_output);
    return program_results(name);
}

static bool is(const json_t *one, const char *verdict)
{
    return strcmp(json_string_value(json_object_get(one, "verdict")), verdict) == 0;
}

/* Verdicts that differ. What is unjudged on either side is no difference, but counted. */
static void compare(const json_t *like, const json_t *results, size_t unjudged_most)
{
    size_t  i, unjudged = 0;
    json_t *one, *should;
    json_t *cases = json_object_get(results, "cases"), *others = json_object_get(like, "cases");

    ck_assert_uint_eq(json_array_size(cases), json_array_size(others));
    json_array_foreach(cases, i, one)
    {
        should = json_array_get(others, i);
        ck_assert_str_eq(json_string_value(json_object_get(one, "id")), json_string_value(json_object_get(should, "id")));
        if (is(one, "inconclusive") || is(should, "inconclusive")) {
            unjudged++;
            continue;
        }
        ck_assert_msg(is(one, json_string_value(json_object_get(should, "verdict"))), "%s is %s, %s without the relay: %s",
                      json_string_value(json_object_get(one, "id")), json_string_value(json_object_get(one, "verdict")),
                      json_string_value(json_object_get(should, "verdict")), json_string_value(json_object_get(one, "reason")));
    }
    ck_assert_uint_le(unjudged, unjudged_most);
}

START_TEST(delay_changes_no_verdict_and_loss_accuses_nobody)
{
    json_t *near, *delayed, *lossy;

    if (!host_rig_enter())
        return;
    program_make_folder();
    near = play("192.0.2.2:7", "near", groups);
    host_rig_impair(30, 10, 0, 1);
    delayed = play("192.0.2.3:7", "delayed", groups);
    compare(near, delayed, 2);
    host_rig_impair(30, 10, 10, (uint64_t)_i + 1);
    lossy = play("192.0.2.3:7", "lossy", groups);
    compare(near, lossy, json_array_size(json_object_get(near, "cases")) / 20);
    /* The report says so. */
    ck_assert_int_gt(json_integer_value(json_object_get(json_object_get(lossy, "path"), "asked")), 50);
    ck_assert_ptr_nonnull(strstr(host_rig_output, "the path loses segments"));
    json_decref(near);
    json_decref(delayed);
    json_decref(lossy);
    program_drop_folder();
}
END_TEST

/* Broken targets behind loss, and a case that each fails: one that a lost stimulus would let through among them. */
static const char *const broken[][2] = { { "ignores-rst", "rst/exact/established" },
                                         { "checks-no-checksum", "checksum/data" },
                                         { "acks-beyond", "sequence/in-order" },
                                         { "never-retransmits", "retransmission/earliest-first" } };

START_TEST(loss_clears_nobody)
{
    char    target[100], line[200];
    json_t *results;

    if (!host_rig_enter())
        return;
    program_make_folder();
    host_rig_impair(5, 2, 20, (uint64_t)_i + 7);
    snprintf(target, sizeof target, "192.0.2.3:7+%s", broken[_i][0]);
    /* Others beside it, by which the loss is seen. */
    snprintf(line, sizeof line, "--service echo --profile quick -j 60 -q %s handshake/ ack/", broken[_i][1]);
    results = play(target, "out", line);
    size_t  i;
    json_t *one;
    bool    found = false;

    json_array_foreach(json_object_get(results, "cases"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "id")), broken[_i][1]) != 0)
            continue;
        found = true;
        /* Where few handshakes were seen, loss may be taken for more than it is, and the case be left unjudged. */
        ck_assert_msg(is(one, "fail") || is(one, "inconclusive"), "%s behind loss: %s is %s: %s", broken[_i][0], broken[_i][1],
                      json_string_value(json_object_get(one, "verdict")), json_string_value(json_object_get(one, "reason")));
    }
    ck_assert_msg(found, "%s was not played", broken[_i][1]);
    json_decref(results);
    program_drop_folder();
}
END_TEST

SUITE(lossy)
{
    Suite *suite = suite_create("lossy");
    TCase *tests = tcase_create("path");

    tcase_set_timeout(tests, 400);
    tcase_add_loop_test(tests, delay_changes_no_verdict_and_loss_accuses_nobody, 0, 1);
    tcase_add_loop_test(tests, loss_clears_nobody, 0, (int)(sizeof broken / sizeof *broken));
    suite_add_tcase(suite, tests);
    return suite;
}
