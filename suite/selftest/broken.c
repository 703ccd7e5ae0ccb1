/* broken.c: what the catalog says of targets that are broken in a known way. No vacuous pass: where a fault stands before the
 * target, the cases that name the duty fail, and those that have nothing to do with it pass. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "host_rig.h"
#include "program_rig.h"
#include "selftest.h"

/* Plays on `target` with a fault in front. False, and told, where the target cannot be used on this machine. */
static bool play_broken(const char *target, const char *fault, const char *more)
{
    char line[400];

    snprintf(line, sizeof line, "rm -rf $D/out; $T run %s+%s --strict -o $D/out -q %s", target, fault, more);
    int status = program_shell(line);

    if (status == 3 && strcmp(target, "linux") == 0) {
        printf("skipped on linux, %s: %s", fault, program_output);
        return false;
    }
    ck_assert_msg(status == 1, "%s: exit %d\n%s", line, status, program_output);
    return true;
}

/* ---- targets that pass nothing ------------------------------------------------------------------------------------------ */

static const char *const mute_targets[] = { "reference", "linux" };

static void nothing_passes(const char *target, const char *fault, const char *service)
{
    size_t  index;
    json_t *one;
    char    more[60];

    snprintf(more, sizeof more, "--profile quick %s", service);
    if (!play_broken(target, fault, more))
        return;
    json_t *root = program_results("out");

    json_array_foreach(json_object_get(root, "cases"), index, one)
    {
        const char *id = json_string_value(json_object_get(one, "id"));

        if (strncmp(id, "referee/", 8) != 0)
            ck_assert_msg(strcmp(json_string_value(json_object_get(one, "verdict")), "pass") != 0, "%s: %s passed", target, id);
    }
    json_decref(root);
}

START_TEST(a_mute_target_passes_nothing)
{
    nothing_passes(mute_targets[_i], "answers-nothing", "");
    nothing_passes(mute_targets[_i], "answers-nothing", "--service echo");
}
END_TEST

START_TEST(a_target_of_syn_acks_passes_nothing)
{
    nothing_passes(mute_targets[_i], "answers-syn-ack-only", "");
    nothing_passes(mute_targets[_i], "answers-syn-ack-only", "--service echo");
}
END_TEST

/* ---- targets that have one fault ---------------------------------------------------------------------------------------- */

/* What each broken target must be told: every case whose id begins so has this verdict. */
static const struct notice {
    const char *fault, *begins, *verdict;
} notices[] = {
    { "ignores-rst", "rst/exact/", "fail" },
    { "ignores-rst", "rst/told", "fail" },
    { "ignores-rst", "rst/with-data", "fail" },
    { "ignores-rst", "rst/ack-not-consulted", "fail" },
    { "ignores-rst", "handshake/reset-in-syn-received", "fail" },
    { "ignores-rst", "handshake/half-open-discovery", "fail" },
    { "ignores-rst", "checksum/rst", "fail" },
    { "ignores-rst", "fin/", "pass" },
    { "sends-no-rst", "rst/closed-port", "fail" },
    { "sends-no-rst", "rst/abort", "fail" },
    { "sends-no-rst", "rst/exact/", "fail" },
    { "sends-no-rst", "rst/close-with-unread-data", "fail" },
    { "sends-no-rst", "handshake/ack-at-listen", "fail" },
    { "sends-no-rst", "handshake/syn-ack-at-listen", "fail" },
    { "sends-no-rst", "handshake/foreign-syn-ack", "fail" },
    { "sends-no-rst", "fin/last-ack-ends", "fail" },
    { "sends-no-rst", "fin/closed-port", "fail" },
    { "sends-no-rst", "sequence/overlap-", "pass" },
    { "checks-no-checksum", "checksum/data", "fail" },
    { "checks-no-checksum", "checksum/zero", "fail" },
    { "checks-no-checksum", "checksum/pseudo-", "fail" },
    { "checks-no-checksum", "checksum/ip-header", "fail" },
    { "checks-no-checksum", "checksum/syn", "fail" },
    { "checks-no-checksum", "checksum/handshake-ack", "fail" },
    { "checks-no-checksum", "checksum/ack-of-data", "fail" },
    { "checks-no-checksum", "checksum/fin", "fail" },
    { "checks-no-checksum", "checksum/rst", "fail" },
    { "checks-no-checksum", "checksum/closed-port", "fail" },
    { "checks-no-checksum", "checksum/out-of-order", "fail" },
    { "checks-no-checksum", "checksum/sent", "pass" },
    { "checks-no-checksum", "fin/", "pass" },
    { "sends-bad-checksum", "referee/checksum", "fail" },
    { "sends-bad-checksum", "handshake/passive", "fail" },
    { "acks-beyond", "referee/ack-of-sent", "fail" },
    { "acks-beyond", "sequence/in-order", "fail" },
    { "acks-beyond", "ack/delay", "fail" },
    { "forgets-fin", "fin/received", "fail" },
    { "forgets-fin", "fin/closed-port", "fail" },
    { "forgets-fin", "fin/with-data", "fail" },
    { "ignores-rst", "ports/three-connections", "fail" },
    { "ignores-rst", "window/full-takes-reset", "fail" },
    { "sends-no-rst", "ports/closed-", "fail" },
    { "sends-no-rst", "ports/listen-ack-data", "fail" },
    { "sends-no-rst", "ports/listen-syn-ack-data", "fail" },
    { "sends-no-rst", "ports/listen-all-but-rst", "fail" },
    { "sends-no-rst", "ports/other-source-port", "fail" },
    { "sends-no-rst", "security/foreign-ack-syn-sent", "fail" },
    { "forgets-fin", "options/in-every-segment", "fail" },
    { "answers-rst", "ports/closed-rst", "fail" },
    { "answers-rst", "ports/listen-rst-syn", "fail" },
    { "answers-rst", "security/rst-syn-received-", "fail" },
    { "answers-rst", "security/rst-time-wait-beyond", "fail" },
    { "answers-rst", "security/rst-syn-sent-foreign", "fail" },
    { "answers-rst", "security/challenges-throttled", "fail" },
    { "answers-rst", "window/full-takes-reset", "fail" },
    { "answers-rst", "ports/closed-syn", "pass" },
    { "ignores-window", "window/respected", "fail" },
    { "ignores-window", "window/opened-by-ack", "fail" },
    { "ignores-window", "window/zero-probed", "fail" },
    { "ignores-window", "window/closed-by-bare-ack", "fail" },
    { "ignores-window", "window/fin-waits", "fail" },
    { "ignores-window", "window/old-ack-does-not-open", "fail" },
    { "ignores-window", "window/sender-not-silly", "fail" },
    { "ignores-window", "window/nagle", "pass" },
    { "ignores-urgent", "urgent/told", "fail" },
    { "ignores-urgent", "urgent/long", "fail" },
    { "ignores-urgent", "urgent/sent", "fail" },
    { "ignores-urgent", "window/full-takes-urgent", "fail" },
    { "ignores-urgent", "urgent/pointer-", "pass" },
    { "ignores-mss", "options/mss-4", "fail" },
    { "ignores-mss", "options/mss-53", "fail" },
    { "ignores-mss", "window/full-segments", "fail" },
    { "ignores-mss", "options/syn-", "pass" },
    { "believes-offset", "options/data-offset-0", "fail" },
    { "believes-offset", "options/data-offset-1", "fail" },
    { "believes-offset", "options/data-offset-4", "fail" },
    { "believes-offset", "options/data-offset-beyond", "fail" },
    { "believes-offset", "options/unknown-", "pass" },
    { "reads-past-end", "options/end-of-list-early", "fail" },
    { "reads-past-end", "options/syn-", "pass" },
    { "drops-options", "options/unknown-", "fail" },
    { "drops-options", "options/nops-on-data", "fail" },
    { "drops-options", "options/end-of-list-", "fail" },
    { "drops-options", "options/window-scale-on-data", "fail" },
    { "drops-options", "options/mss-on-data", "fail" },
    { "drops-options", "options/in-every-segment", "fail" },
    { "drops-options", "options/syn-nops", "fail" },
    { "drops-options", "options/mss-53", "pass" },
    { "drops-odd-flags", "options/reserved-bits", "fail" },
    { "drops-odd-flags", "ports/listen-syn-psh", "fail" },
    { "drops-odd-flags", "ports/listen-syn-urg", "fail" },
    { "drops-odd-flags", "urgent/while-", "fail" },
    { "drops-odd-flags", "urgent/told", "pass" },
    { "sends-no-bare-ack", "security/syn-below-window/established", "fail" },
    { "sends-no-bare-ack", "security/syn-beyond-window/established", "fail" },
    { "sends-no-bare-ack", "security/syn-at-left-edge/established", "fail" },
    { "sends-no-bare-ack", "security/syn-ack/established", "fail" },
    { "sends-no-bare-ack", "security/blind-data-ack-half", "fail" },
    { "sends-no-bare-ack", "security/blind-fin", "fail" },
    { "sends-no-bare-ack", "ack/keep-alive", "fail" },
    { "sends-no-bare-ack", "ack/delay-beside-held-data", "fail" },
    { "sends-no-bare-ack", "ack/each-above-gap", "fail" },
    { "sends-no-bare-ack", "window/full-refuses", "fail" },
    { "acks-less", "ack/delay", "fail" },
    { "acks-less", "sequence/in-order", "fail" },
    { "wrong-port", "ports/closed-syn", "fail" },
    { "wrong-port", "handshake/passive", "fail" },
    { "acks-less", "handshake/ack-with-data", "fail" },
    { "acks-less", "ack/every-second", "fail" },
    { "acks-less", "fin/received", "fail" },
    { "stale-acks", "ack/delay", "fail" },
    { "stale-acks", "ack/own-data-carries-it", "fail" },
    { "stale-acks", "sequence/in-order", "fail" },
    { "stale-acks", "handshake/ack-with-data", "fail" },
    { "stale-acks", "fin/received", "fail" },
    { "never-retransmits", "retransmission/floor", "fail" },
    { "never-retransmits", "retransmission/rto-doubles", "fail" },
    { "never-retransmits", "retransmission/karn", "fail" },
    { "never-retransmits", "retransmission/sample-ends-backoff", "fail" },
    { "never-retransmits", "retransmission/new-ack-restarts", "fail" },
    { "never-retransmits", "retransmission/earliest-first", "fail" },
    { "never-retransmits", "retransmission/partial-ack", "fail" },
    { "never-retransmits", "retransmission/same-octets", "fail" },
    { "never-retransmits", "retransmission/after-syn-timeout", "fail" },
    { "never-retransmits", "retransmission/syn", "fail" },
    { "never-retransmits", "retransmission/does-not-give-up", "fail" },
    { "never-retransmits", "retransmission/ack-stops-timer", "pass" },
    { "never-retransmits", "fin/sent-again", "fail" },
    { "never-retransmits", "fin/last-ack-sends-again", "fail" },
    { "never-retransmits", "handshake/syn-ack-again", "fail" },
    { "never-retransmits", "window/probes-back-off", "fail" },
    { "never-retransmits", "ack/fast-retransmit", "fail" },
    { "never-retransmits", "sequence/in-order", "pass" },
    { "stale-acks", "close/half-close-slow-reader", "fail" },
    { "no-backoff", "retransmission/rto-doubles", "fail" },
    { "no-backoff", "retransmission/karn", "fail" },
    { "no-backoff", "retransmission/syn-doubles", "fail" },
    { "no-backoff", "retransmission/after-syn-timeout", "fail" },
    { "no-backoff", "handshake/syn-ack-again", "fail" },
    { "no-backoff", "window/probes-back-off", "fail" },
    { "no-backoff", "retransmission/floor", "pass" },
    { "no-backoff", "retransmission/earliest-first", "pass" },
    { "no-backoff", "retransmission/does-not-give-up", "pass" },
    { "no-backoff", "retransmission/ack-stops-timer", "pass" },
    { "constant-isn", "security/isn-spread", "fail" },
    { "constant-isn", "security/isn-advances", "fail" },
    { "constant-isn", "security/syn-", "pass" },
    { "constant-isn", "ack/", "pass" },
    { "constant-isn", "retransmission/same-octets", "pass" },
    { "ignores-scale", "options/scale-15", "fail" },
    { "believes-acks", "ack/half-away", "fail" },
    { "believes-acks", "sequence/ack-of-unsent", "fail" },
    { "believes-acks", "handshake/ack-of-unsent", "fail" },
    { "believes-acks", "security/blind-data-ack-", "fail" },
    { "believes-acks", "ack/delay", "pass" },
    { "believes-acks", "retransmission/floor", "pass" },
    { "loses-own-fin", "fin/data-first", "fail" },
    { "loses-own-fin", "fin/simultaneous-close", "fail" },
    { "loses-own-fin", "fin/half-close", "fail" },
    { "loses-own-fin", "close/queued-in-close-wait", "fail" },
    { "loses-own-fin", "open/crossing-closes", "fail" },
    { "loses-own-fin", "fin/received", "pass" },
    { "no-time-wait", "fin/normal-close", "fail" },
    { "no-time-wait", "fin/repeated/time-wait", "fail" },
    { "no-time-wait", "close/time-wait-old-data", "fail" },
    { "no-time-wait", "fin/half-close", "pass" },
    { "keep-alive-always", "settings/keep-alive-off", "fail" },
    { "keep-alive-always", "settings/keep-alive-on-and-off", "fail" },
    { "keep-alive-always", "settings/keep-alive-one", "pass" },
    { "aborts-without-rst", "rst/abort", "fail" },
    { "aborts-without-rst", "close/abort/", "fail" },
    { "aborts-without-rst", "close/abort-drops-", "fail" },
    { "aborts-without-rst", "open/aborted-in-syn-received", "fail" },
    { "aborts-without-rst", "rst/closed-port", "pass" },
    { "aborts-without-rst", "rst/close-with-unread-data", "pass" },
    { "aborts-without-rst", "close/abort-deletes", "pass" },
    { "delivers-after-reset", "close/nothing-after-reset", "fail" },
    { "delivers-after-reset", "close/reset-", "pass" },
    { "delivers-after-reset", "rst/told", "pass" },
    { "deaf-until-accepted", "accept/data", "fail" },
    { "deaf-until-accepted", "accept/gap", "fail" },
    { "deaf-until-accepted", "accept/fin", "fail" },
    { "deaf-until-accepted", "accept/backlog-kept", "fail" },
    { "deaf-until-accepted", "accept/rst", "pass" },
    { "deaf-until-accepted", "sequence/in-order", "pass" },
    { "loses-early-text", "accept/data", "fail" },
    { "loses-early-text", "accept/each-its-own", "fail" },
    { "loses-early-text", "accept/fin", "fail" },
    { "loses-early-text", "accept/backlog-kept", "fail" },
    { "loses-early-text", "accept/rst", "pass" },
    { "loses-early-text", "sequence/in-order", "pass" },
    { "wedged-when-full", "accept/backlog-syn-again", "fail" },
    { "wedged-when-full", "accept/rst", "pass" },
    { "wedged-when-full", "accept/each-its-own", "pass" },
};

/* How many cases the row spoke of. */
static size_t check_notice(const struct notice *row, const char *target, json_t *root)
{
    size_t  index, met = 0;
    json_t *one;

    json_array_foreach(json_object_get(root, "cases"), index, one)
    {
        const char *id      = json_string_value(json_object_get(one, "id"));
        const char *verdict = json_string_value(json_object_get(one, "verdict"));

        if (strncmp(id, row->begins, strlen(row->begins)) != 0)
            continue;
        met++;
        ck_assert_msg(strcmp(verdict, row->verdict) == 0, "%s+%s: %s is %s: %s", target, row->fault, id, verdict,
                      json_string_value(json_object_get(one, "reason")));
    }
    return met;
}

/* Where all is played each row must speak of something; where some is, one of them must. */
static void is_noticed(const char *target, const char *fault, const char *more, bool all)
{
    size_t met = 0;

    if (!play_broken(target, fault, more))
        return;
    json_t *root = program_results("out");

    for (size_t i = 0; i < sizeof notices / sizeof *notices; i++) {
        if (strcmp(notices[i].fault, fault) != 0)
            continue;
        size_t here = check_notice(&notices[i], target, root);

        ck_assert_msg(here > 0 || !all, "%s+%s: no case begins with %s", target, fault, notices[i].begins);
        met += here;
    }
    ck_assert_msg(met > 0, "%s+%s: no row speaks of what was played", target, fault);
    json_decref(root);
}

/* In virtual time all is played. */
static const char *const on_reference[] = {
    "ignores-rst",        "sends-no-rst",         "checks-no-checksum",  "sends-bad-checksum", "acks-beyond",
    "forgets-fin",        "answers-rst",          "ignores-window",      "ignores-urgent",     "ignores-mss",
    "believes-offset",    "reads-past-end",       "drops-options",       "drops-odd-flags",    "sends-no-bare-ack",
    "acks-less",          "wrong-port",           "stale-acks",          "no-backoff",         "never-retransmits",
    "constant-isn",       "believes-acks",        "loses-own-fin",       "no-time-wait",       "keep-alive-always",
    "aborts-without-rst", "delivers-after-reset", "deaf-until-accepted", "loses-early-text",   "wedged-when-full",
};

START_TEST(a_broken_reference_is_noticed)
{
    is_noticed("reference", on_reference[_i], "", true);
}
END_TEST

/* On a wire each waits as long as it does: what is broken for nearly every case is played on a few. A retry would only see the
 * same again; what never came is asked for twice all the same. */
#define QUICK     "--profile quick"
#define ONCE      "--retries 0 "
#define REPEATING "retransmission/floor retransmission/earliest-first retransmission/syn fin/sent-again sequence/in-order"
#define TIMING    "retransmission/rto-doubles retransmission/karn retransmission/floor retransmission/ack-stops-timer"

static const struct breakage {
    const char *fault, *more; /* on hosts HOST+FAULT */
} on_linux[] = {
    { "ignores-rst", QUICK },
    { "sends-no-rst", QUICK },
    { "checks-no-checksum", QUICK },
    { "sends-bad-checksum", QUICK },
    { "acks-beyond", QUICK },
    { "forgets-fin", QUICK },
    { "answers-rst", QUICK },
    { "ignores-window", QUICK },
    { "ignores-urgent", QUICK },
    { "ignores-mss", QUICK },
    { "believes-offset", QUICK },
    { "reads-past-end", QUICK },
    { "drops-options", QUICK },
    { "drops-odd-flags", QUICK },
    { "constant-isn", ONCE "security/isn-spread security/isn-advances ack/" },
    { "ignores-scale", ONCE "options/scale-15" }, /* the reference agrees on no scale */
    { "sends-no-bare-ack", ONCE "ack/keep-alive ack/each-above-gap security/blind-fin window/full-refuses" },
    { "acks-less", ONCE "ack/delay ack/every-second sequence/in-order" },
    { "wrong-port", ONCE "ports/closed-syn handshake/passive" },
    { "stale-acks", ONCE "ack/delay ack/own-data-carries-it sequence/in-order fin/received" },
    { "believes-acks", ONCE "ack/half-away sequence/ack-of-unsent ack/delay" },
    { "never-retransmits", ONCE REPEATING },
    { "no-backoff", ONCE TIMING },
    { "loses-own-fin", ONCE "fin/data-first fin/simultaneous-close fin/half-close fin/received" },
    { "no-time-wait", ONCE "fin/normal-close fin/repeated/time-wait close/time-wait-old-data fin/half-close" },
    { "keep-alive-always", ONCE "settings/keep-alive-off settings/keep-alive-on-and-off settings/keep-alive-one-is-not-enough" },
    { "aborts-without-rst", ONCE "rst/abort close/abort/ rst/closed-port rst/close-with-unread-data" },
    { "delivers-after-reset", ONCE "close/nothing-after-reset close/reset-told rst/told" },
    { "deaf-until-accepted", ONCE "accept/ sequence/in-order" },
    { "loses-early-text", ONCE "accept/ sequence/in-order" },
    { "wedged-when-full", ONCE "accept/" },
}, on_host[] = {
    { "192.0.2.2+forgets-fin", ONCE "fin/closed-port" },
    { "192.0.2.2+constant-isn", ONCE "security/isn-spread security/isn-advances ack/delay" },
    { "2001:db8::2+acks-beyond", ONCE "ack/delay" },
    { "192.0.2.2+stale-acks", ONCE "ack/delay" },
    { "2001:db8::2+acks-less", ONCE "ack/delay sequence/in-order" },
    { "198.51.100.2+sends-no-bare-ack", ONCE "ack/keep-alive ack/each-above-gap" },
    { "198.51.100.2+never-retransmits", ONCE "retransmission/floor retransmission/earliest-first sequence/in-order" },
    { "2001:db8:1::2+no-backoff", ONCE TIMING },
};

static bool is_whole(const struct breakage *breakage)
{
    return strcmp(breakage->more, QUICK) == 0;
}

START_TEST(a_broken_kernel_is_noticed)
{
    is_noticed("linux", on_linux[_i].fault, on_linux[_i].more, is_whole(&on_linux[_i]));
}
END_TEST

START_TEST(a_broken_host_is_noticed)
{
    const char *plus = strchr(on_host[_i].fault, '+');
    char        target[60], more[300];

    if (!host_rig_enter())
        return;
    snprintf(target, sizeof target, "%.*s", (int)(plus - on_host[_i].fault), on_host[_i].fault);
    snprintf(more, sizeof more, "--service echo --service discard -j 16 %s", on_host[_i].more);
    is_noticed(target, plus + 1, more, false);
}
END_TEST

static Suite *suite_of_broken(const char *name, TCase **tcase)
{
    Suite *suite = suite_create(name);

    *tcase = tcase_create("broken targets");
    tcase_set_timeout(*tcase, 300);
    tcase_add_checked_fixture(*tcase, program_make_folder, program_drop_folder);
    suite_add_tcase(suite, *tcase);
    return suite;
}

SUITE(broken)
{
    TCase *tcase;
    Suite *suite = suite_of_broken("broken", &tcase);

    tcase_add_loop_test(tcase, a_mute_target_passes_nothing, 0, 2);
    tcase_add_loop_test(tcase, a_target_of_syn_acks_passes_nothing, 0, 2);
    tcase_add_loop_test(tcase, a_broken_reference_is_noticed, 0, (int)(sizeof on_reference / sizeof *on_reference));
    tcase_add_loop_test(tcase, a_broken_host_is_noticed, 0, (int)(sizeof on_host / sizeof *on_host));
    return suite;
}

/* Apart, for the time that it takes. */
SUITE(broken_kernel)
{
    TCase *tcase;
    Suite *suite = suite_of_broken("broken_kernel", &tcase);

    tcase_add_loop_test(tcase, a_broken_kernel_is_noticed, 0, (int)(sizeof on_linux / sizeof *on_linux));
    return suite;
}
