/* program.c: the program as its users call it: exit statuses, what it says, what it leaves. $TCPROVE names the binary. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest.h"

enum { OUTPUT_MAX = 1 << 20 };

static char output[OUTPUT_MAX];

static const char *program(void)
{
    const char *named = getenv("TCPROVE");

    return named != NULL ? named : "build/tcprove";
}

/* Runs a shell line in which $T is the program; everything it prints is in `output`. Returns its exit status. */
static int shell(const char *line)
{
    char   command[2000];
    size_t count = 0;

    snprintf(command, sizeof command, "T='%s'; { %s\n} 2>&1 </dev/null", program(), line);
    FILE *pipe = popen(command, "re");

    ck_assert_ptr_nonnull(pipe);
    for (size_t got; (got = fread(output + count, 1, OUTPUT_MAX - 1 - count, pipe)) > 0;)
        count += got;
    output[count] = '\0';
    int status    = pclose(pipe);

    ck_assert_msg(WIFEXITED(status), "%s: signal %d\n%s", line, WTERMSIG(status), output);
    return WEXITSTATUS(status);
}

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/tcprove-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("D", folder, 1);
}

static void drop_folder(void)
{
    char command[100];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* ---- usage ------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *line;
    int         status;
    const char *says;
} usages[] = {
    { "$T", 2, "say what to do" },
    { "$T rnu", 2, "did you mean run?" },
    { "$T run --profil=quick", 2, "did you mean --profile?" },
    { "$T run lunix", 2, "did you mean linux?" },
    { "$T run reference+no-such-fault", 2, "answers-nothing" },
    { "$T run reference+", 2, "no fault" },
    { "$T run 127.0.0.1:9 @disruptive", 4, "want --disruptive" },
    { "$T -h", 0, "Exit status" },
    { "$T --version", 0, "tcprove " },
    { "$T list >/dev/full", 5, "was not written" },
    { "$T run reference -q >/dev/full", 5, "was not written" },
    { "$T list | head -n 1", 0, "" },
    { "ulimit -n 40; $T run reference", 0, "unconditionally compliant" },
    { "$T run fin/half-closed", 4, "did you mean fin/half-close?" },
    { "$T run zzz/qqqqqqqqqqqqqqq", 4, "tcprove list shows" },
    { "$T run fin/ -x fin/", 4, "nothing is left" },
    { "$T explain", 2, "explain needs a case" },
    { "$T explain fin/half-close", 0, "RFC9293-3.6.1-a" },
    { "$T list --format json", 0, "\"id\": \"fin/half-close\"" },
    { "$T list fin/", 0, "fin/half-close" },
    { "$T --help", 0, "Exit status" },
    { "$T compare one.json", 2, "two files" },
    { "$T compare /no/such /file", 2, "cannot be read" },
    { "$T run --report yaml", 2, "json, junit, tap or text" },
    { "$T run --update-baseline", 2, "--baseline FILE" },
    { "$T run --baseline /no/such/file", 2, "--update-baseline makes one" },
    { "$T run reference rst/exact --report tap", 0, "TAP version 14" },
    { "$T version", 0, "tcprove " },
    { "$T lint", 0, "" },
    { "$T run reference rst/exact/established", 0, "unconditionally compliant" },
    { "$T run reference+ignores-rst rst/exact/established", 1, "not compliant" },
    { "$T run reference --service echo sequence/", 0, "unconditionally compliant" },
    { "$T run reference --service discard rst/abort", 3, "cannot make user calls" },
    { "$T run reference --service chat", 2, "echo, discard" },
    { "$T run reference --service echo=0", 2, "1 to 65535" },
    { "$T run reference --service echo --service echo", 2, "given twice" },
    { "$T run --source 192.0.2", 2, "takes an IP address" },
    { "$T run 192.0.2.2", 2, "needs a port or a service" },
    { "$T run 192.0.2.2:99999", 2, "1 to 65535" },
    { "$T run [2001:db8::2:7", 2, "[ADDRESS]:PORT" },
    { "$T run no.such.host:7", 2, "give its address" },
    { "$T run reference+answers-nothing handshake/passive", 1, "nothing came" },
    { "$T run reference+answers-nothing rst/exact/established", 3, "did not come to ESTABLISHED" },
};

START_TEST(usage)
{
    int status = shell(usages[_i].line);

    ck_assert_msg(status == usages[_i].status, "%s: exit %d\n%s", usages[_i].line, status, output);
    ck_assert_msg(strstr(output, usages[_i].says) != NULL, "%s does not say \"%s\":\n%s", usages[_i].line, usages[_i].says,
                  output);
}
END_TEST

/* ---- results ------------------------------------------------------------------------------------------------------------- */

static json_t *results_in(const char *name)
{
    char         path[128];
    json_error_t error;

    snprintf(path, sizeof path, "%s/%s/results.json", folder, name);
    json_t *root = json_load_file(path, 0, &error);

    ck_assert_msg(root != NULL, "%s: %s", path, error.text);
    return root;
}

static const char *verdict_of(json_t *root, const char *id)
{
    size_t  index;
    json_t *one;

    json_array_foreach(json_object_get(root, "cases"), index,
                       one) if (strcmp(json_string_value(json_object_get(one, "id")), id) ==
                                0) return json_string_value(json_object_get(one, "verdict"));
    return "absent";
}

START_TEST(results_file)
{
    static const char *const fields[] = { "id",      "group",    "title",  "level",      "requirements",
                                          "charged", "verdict",  "reason", "attempts",   "duration_ms",
                                          "source",  "expected", "actual", "transcript", "pcap" };

    ck_assert_msg(shell("$T run reference rst/ -o $D/out") == 0, "%s", output);
    json_t *root = results_in("out");
    json_t *one  = json_array_get(json_object_get(root, "cases"), 0);

    ck_assert_int_eq((int)json_integer_value(json_object_get(root, "schema")), 1);
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(root, "target"), "spec")), "reference");
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(root, "summary"), "class")),
                     "unconditionally compliant");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        ck_assert_msg(json_object_get(one, fields[i]) != NULL, "no field %s", fields[i]);
    ck_assert_str_eq(verdict_of(root, "rst/exact/established"), "pass");
    ck_assert_str_eq(verdict_of(root, "referee/checksum"), "pass");
    json_decref(root);
}
END_TEST

START_TEST(nothing_is_overwritten)
{
    ck_assert_int_eq(shell("$T run reference rst/exact -o $D/out"), 0);
    ck_assert_int_eq(shell("cp $D/out/results.json $D/before && $T run reference fin/ -o $D/out"), 3);
    ck_assert_ptr_nonnull(strstr(output, "is there already"));
    ck_assert_int_eq(shell("cmp $D/before $D/out/results.json"), 0);
}
END_TEST

START_TEST(a_file_in_the_way)
{
    ck_assert_int_eq(shell("touch $D/file && $T run reference rst/exact -o $D/file"), 3);
    ck_assert_ptr_nonnull(strstr(output, "in the way"));
    ck_assert_int_eq(shell("$T run reference rst/exact -o $D/no/such/place"), 3);
    ck_assert_ptr_nonnull(strstr(output, "cannot be made"));
}
END_TEST

/* The disk is full as soon as anything is written: told, the verdicts are on the terminal all the same, nothing half is left.
 */
START_TEST(a_full_disk_costs_the_file_only)
{
    int status = shell("trap '' XFSZ; ulimit -f 1; $T run reference rst/ -o $D/out");

    ck_assert_msg(status == 5, "exit %d\n%s", status, output);
    ck_assert_ptr_nonnull(strstr(output, "was not written"));
    ck_assert_ptr_nonnull(strstr(output, "unconditionally compliant"));
    ck_assert_int_eq(shell("test -e $D/out/results.json -o -e $D/out/results.json.part"), 1);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_run)
{
    ck_assert_int_eq(
        shell("$T run reference fin/ --seed 7 -o $D/a; $T run reference fin/ --seed 7 -o $D/b;"
              "sed '/wall_ms/d;/started/d' $D/a/results.json >$D/1; sed '/wall_ms/d;/started/d' $D/b/results.json >$D/2;"
              "cmp $D/1 $D/2"),
        0);
}
END_TEST

START_TEST(every_file_of_a_folder)
{
    ck_assert_msg(shell("$T run reference+ignores-rst rst/ -o $D/out -q") == 1, "%s", output);
    ck_assert_int_eq(shell("xmllint --noout $D/out/junit.xml 2>/dev/null || ! command -v xmllint"), 0);
    ck_assert_int_eq(shell("grep -c '<failure' $D/out/junit.xml"), 0);
    ck_assert_int_eq(shell("grep -q '^not ok .* rst/exact/established$' $D/out/results.tap"), 0);
    ck_assert_int_eq(shell("grep -q 'RFC9293-3.10.7.4-ESTABLISHED-rst-exact' $D/out/results.txt"), 0);
    ck_assert_int_eq(shell("test -s $D/out/pcap/rst.exact.established.pcapng"), 0);
    ck_assert_int_eq(shell("test ! -e $D/out/pcap/rst.abort.pcapng"), 0); /* it passed */
}
END_TEST

START_TEST(a_baseline_turns_known_failures_green_and_new_ones_red)
{
    ck_assert_msg(shell("$T run reference+ignores-rst rst/ --baseline $D/b --update-baseline -q") == 0, "%s", output);
    ck_assert_msg(shell("$T run reference+ignores-rst rst/ --baseline $D/b -q") == 0, "%s", output);
    ck_assert_int_eq(shell("$T run reference rst/ --baseline $D/b -q"), 0); /* that section speaks of another target */
    ck_assert_int_eq(
        shell("sed 's/ignores-rst/sends-no-rst/' $D/b >$D/c; $T run reference+sends-no-rst rst/ --baseline $D/c -q"), 1);
    ck_assert_ptr_nonnull(strstr(output, "rst/abort: fail, where the baseline has pass"));
}
END_TEST

/* What is known is reported and written, and the shell learns which signal it was. */
START_TEST(an_interrupted_run_tells_what_it_knows)
{
    int status = shell("$T run linux --profile quick -q -o $D/out & p=$!; sleep 1; kill -INT $p; wait $p");

    if (status == 3) {
        printf("skipped: %s", output);
        return;
    }
    ck_assert_msg(status == 128 + SIGINT, "exit %d\n%s", status, output);
    ck_assert_ptr_nonnull(strstr(output, "interrupted: "));
    json_t *root = results_in("out");

    ck_assert(json_is_true(json_object_get(root, "interrupted")));
    json_decref(root);
}
END_TEST

START_TEST(what_became_of_each_case)
{
    shell("$T run reference rst/ -q -o $D/old; $T run reference+ignores-rst rst/ -q -o $D/new");
    ck_assert_int_eq(shell("$T compare $D/old/results.json $D/new/results.json"), 1);
    ck_assert_ptr_nonnull(strstr(output, "Broken\n"));
    ck_assert_ptr_nonnull(strstr(output, "rst/exact/established: fail, was pass"));
    ck_assert_int_eq(shell("$T compare $D/new/results.json $D/old/results.json"), 0);
    ck_assert_ptr_nonnull(strstr(output, "Fixed\n"));
    ck_assert_int_eq(shell("$T compare $D/old/results.json $D/old/results.json"), 0);
    ck_assert_ptr_nonnull(strstr(output, "no verdict differs"));
}
END_TEST

/* ---- what the catalog says of broken targets -------------------------------------------------------------------------------
 */

START_TEST(whole_catalog_on_the_reference)
{
    int status = shell("$T run reference -o $D/out -q");

    ck_assert_msg(status == 0, "exit %d\n%s", status, output);
    json_t *root    = results_in("out");
    json_t *summary = json_object_get(root, "summary");

    ck_assert_int_eq((int)json_integer_value(json_object_get(summary, "fail")), 0);
    ck_assert_int_eq((int)json_integer_value(json_object_get(summary, "error")), 0);
    ck_assert_int_eq((int)json_integer_value(json_object_get(summary, "inconclusive")), 0);
    ck_assert_int_ge((int)json_integer_value(json_object_get(summary, "pass")), 100);
    json_decref(root);
}
END_TEST

/* Plays the catalog on `target` with a fault in front, as far as it takes little time. False, and told, where the target cannot
 * be used on this machine. */
static bool play_broken(const char *target, const char *fault, const char *more)
{
    char line[200];

    snprintf(line, sizeof line, "rm -rf $D/out; $T run %s+%s --profile quick -o $D/out -q %s", target, fault, more);
    int status = shell(line);

    if (status == 3 && strcmp(target, "linux") == 0) {
        printf("skipped on linux, %s: %s", fault, output);
        return false;
    }
    ck_assert_msg(status == 1, "%s: exit %d\n%s", line, status, output);
    return true;
}

static const char *const broken_targets[] = { "reference", "linux" };

/* No vacuous pass: a target that answers nothing passes nothing, and one that sends only SYN,ACKs nothing either. */
static void nothing_passes(const char *target, const char *fault, const char *service)
{
    size_t  index;
    json_t *one;

    if (!play_broken(target, fault, service))
        return;
    json_t *root = results_in("out");

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
    nothing_passes(broken_targets[_i], "answers-nothing", "");
    nothing_passes(broken_targets[_i], "answers-nothing", "--service echo");
}
END_TEST

START_TEST(a_target_of_syn_acks_passes_nothing)
{
    nothing_passes(broken_targets[_i], "answers-syn-ack-only", "");
    nothing_passes(broken_targets[_i], "answers-syn-ack-only", "--service echo");
}
END_TEST

/* What each broken target must be told: every case whose id begins so has this verdict. */
static const struct notice_row {
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
    { "forgets-fin", "fin/received", "fail" },
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
    { "sends-no-bare-ack", "ack/each-above-gap", "fail" },
    { "sends-no-bare-ack", "window/full-refuses", "fail" },
    { "acks-less", "ack/delay", "fail" },
    { "acks-less", "sequence/in-order", "fail" },
    { "wrong-port", "ports/closed-syn", "fail" },
};

static void check_row(const struct notice_row *row, const char *target, json_t *root)
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
        ck_assert_msg(strcmp(verdict, row->verdict) == 0, "%s+%s: %s is %s", target, row->fault, id, verdict);
    }
    ck_assert_msg(met > 0, "%s+%s: no case begins with %s", target, row->fault, row->begins);
}

static void broken_is_noticed(const char *target, const char *fault)
{
    if (!play_broken(target, fault, ""))
        return;
    json_t *root = results_in("out");

    for (size_t i = 0; i < sizeof notices / sizeof *notices; i++)
        if (strcmp(notices[i].fault, fault) == 0)
            check_row(&notices[i], target, root);
    json_decref(root);
}

/* The last SLOW_FAULTS leave nearly every case waiting for an answer that never comes: they are played in virtual time only. */
enum { SLOW_FAULTS = 3 };

static const char *const faults[] = {
    "ignores-rst",   "sends-no-rst",    "checks-no-checksum", "sends-bad-checksum", "acks-beyond",     "forgets-fin",
    "answers-rst",   "ignores-window",  "ignores-urgent",     "ignores-mss",        "believes-offset", "reads-past-end",
    "drops-options", "drops-odd-flags", "sends-no-bare-ack",  "acks-less",          "wrong-port",
};

START_TEST(a_broken_reference_is_noticed)
{
    broken_is_noticed("reference", faults[_i]);
}
END_TEST

START_TEST(a_broken_kernel_is_noticed)
{
    broken_is_noticed("linux", faults[_i]);
}
END_TEST

SUITE(program)
{
    Suite *suite   = suite_create("program");
    TCase *words   = tcase_create("usage");
    TCase *results = tcase_create("results");
    TCase *broken  = tcase_create("broken targets");

    tcase_set_timeout(words, 120);
    tcase_add_loop_test(words, usage, 0, (int)(sizeof usages / sizeof *usages));
    suite_add_tcase(suite, words);

    tcase_set_timeout(results, 120);
    tcase_add_checked_fixture(results, make_folder, drop_folder);
    tcase_add_test(results, results_file);
    tcase_add_test(results, nothing_is_overwritten);
    tcase_add_test(results, a_file_in_the_way);
    tcase_add_test(results, a_full_disk_costs_the_file_only);
    tcase_add_test(results, the_same_seed_gives_the_same_run);
    tcase_add_test(results, every_file_of_a_folder);
    tcase_add_test(results, a_baseline_turns_known_failures_green_and_new_ones_red);
    tcase_add_test(results, an_interrupted_run_tells_what_it_knows);
    tcase_add_test(results, what_became_of_each_case);
    suite_add_tcase(suite, results);

    tcase_set_timeout(broken, 300);
    tcase_add_checked_fixture(broken, make_folder, drop_folder);
    tcase_add_test(broken, whole_catalog_on_the_reference);
    tcase_add_loop_test(broken, a_mute_target_passes_nothing, 0, 2);
    tcase_add_loop_test(broken, a_target_of_syn_acks_passes_nothing, 0, 2);
    tcase_add_loop_test(broken, a_broken_reference_is_noticed, 0, (int)(sizeof faults / sizeof *faults));
    tcase_add_loop_test(broken, a_broken_kernel_is_noticed, 0, (int)(sizeof faults / sizeof *faults) - SLOW_FAULTS);
    suite_add_tcase(suite, broken);
    return suite;
}
