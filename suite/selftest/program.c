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

#include "program_rig.h"
#include "selftest.h"

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
    { "$T run reference+no-such-fault", 2, "--help lists those there are" },
    { "$T run reference+ignore-rst", 2, "did you mean ignores-rst?" },
    { "$T --help | awk '/^  FAULT/ { on = 1; $1 = \"\" } /^$/ { on = 0 } on' | tr -d ' ' | tr ',' '\\n' | grep . >$D/faults;"
      " while read -r f; do grep -qF \"\\`$f\\`\" README.md || exit 9; done <$D/faults; grep -x no-backoff $D/faults",
      0, "no-backoff" },
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
    { "$T run reference rst/exact -q --baseline /dev/full --update-baseline", 2, "no regular file" },
    { "timeout 10 $T run reference rst/exact --baseline /dev/full", 2, "no regular file" },
    { "$T run reference rst/exact --baseline /tmp", 2, "is a folder" },
    { "echo words >$D/w.ini; $T run reference rst/exact --baseline $D/w.ini --update-baseline", 2, "line 1" },
    { "$T run reference rst/exact --baseline /no/such/file --update-baseline", 2, "cannot be written" },
    { "$T run reference rst/exact --report json:", 2, "needs a path after the colon" },
    { "$T run reference rst/exact --report json:/no/such/file", 3, "cannot be written" },
    { "echo '{\"schema\": 1, \"cases\": [{}]}' >$D/e.json; $T compare $D/e.json $D/e.json", 2, "without an id or a verdict" },
    { "$T replay --help", 0, "--oracles LIST" },
    { "T=$(realpath $T); cd $D; $T seeds --help && ! test -e ./--help", 0, "FOLDER [LADDER" },
    { "T=$(realpath $T); cd $D; $T seeds --verbose", 2, "./--verbose is a folder" },
    { "for each in rst/exact fin/half-close; do $T explain $each; done | awk 'length > 80 { n++ } END { print n ? \"long\" : "
      "\"fits\" }'",
      0, "fits" },
    { "$T --help | awk 'length > 80 { n++ } END { print n ? \"long\" : \"fits\" }'", 0, "fits" },
    { "$T run reference --service discard -q | wc -l | awk '{ print $1 < 30 ? \"brief\" : \"long\" }'", 0, "brief" },
    { "$T run reference+answers-nothing fin/half-close -q", 3, "not judged; " },
    /* what the README says of services holds for the catalog as it is */
    { "grep -q \"cases of $($T list | wc -l) that it allows\" README.md && echo holds", 0, "holds" },
    { "$T run --baseline /no/such/file", 2, "--update-baseline makes one" },
    { "$T run reference rst/exact --report tap", 0, "TAP version 14" },
    { "$T version", 0, "tcprove " },
    { "$T lint", 0, "" },
    { "$T run reference rst/exact/established", 0, "unconditionally compliant" },
    { "$T run reference+ignores-rst rst/exact/established", 1, "not compliant" },
    { "$T run reference --service echo sequence/", 0, "unconditionally compliant" },
    { "$T run reference --service discard rst/abort", 3, "cannot make user calls" },
    { "$T run reference --service chat", 2, "echo, discard" },
    { "$T run reference --service discard sequence/hole-then-fill", 3, "echo" },
    { "$T run reference --service discard --service echo sequence/hole-then-fill", 0, "unconditionally compliant" },
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
    int status = program_shell(usages[_i].line);

    ck_assert_msg(status == usages[_i].status, "%s: exit %d\n%s", usages[_i].line, status, program_output);
    ck_assert_msg(strstr(program_output, usages[_i].says) != NULL, "%s does not say \"%s\":\n%s", usages[_i].line,
                  usages[_i].says, program_output);
}
END_TEST

/* ---- results ------------------------------------------------------------------------------------------------------------- */

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

    ck_assert_msg(program_shell("$T run reference rst/ -o $D/out") == 0, "%s", program_output);
    json_t *root = program_results("out");
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

/* The kernel grants them, the built-in TCP has none. */
START_TEST(features_that_were_granted_are_told)
{
    json_t *root;
    int     status =
        program_shell("$T run reference handshake/ options/ -o $D/plain -q && $T run linux handshake/ options/ -o $D/out -q");

    if (status == 3)
        return;
    root = program_results("plain");
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(root, "target"), "features")), 0);
    json_decref(root);
    root = program_results("out");
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json_object_get(root, "target"), "features"), 0)),
                     "sack");
    json_decref(root);
}
END_TEST

START_TEST(nothing_is_overwritten)
{
    ck_assert_int_eq(program_shell("$T run reference rst/exact -o $D/out"), 0);
    ck_assert_int_eq(program_shell("cp $D/out/results.json $D/before && $T run reference fin/ -o $D/out"), 3);
    ck_assert_ptr_nonnull(strstr(program_output, "is there already"));
    ck_assert_int_eq(program_shell("cmp $D/before $D/out/results.json"), 0);
}
END_TEST

START_TEST(a_file_in_the_way)
{
    ck_assert_int_eq(program_shell("touch $D/file && $T run reference rst/exact -o $D/file"), 3);
    ck_assert_ptr_nonnull(strstr(program_output, "in the way"));
    ck_assert_int_eq(program_shell("$T run reference rst/exact -o $D/no/such/place"), 3);
    ck_assert_ptr_nonnull(strstr(program_output, "cannot be made"));
}
END_TEST

/* The disk is full as soon as anything is written: told, the verdicts are on the terminal all the same, nothing half is left.
 */
START_TEST(a_full_disk_costs_the_file_only)
{
    int status = program_shell("trap '' XFSZ; ulimit -f 1; $T run reference rst/ -o $D/out");

    ck_assert_msg(status == 5, "exit %d\n%s", status, program_output);
    ck_assert_ptr_nonnull(strstr(program_output, "was not written"));
    ck_assert_ptr_nonnull(strstr(program_output, "unconditionally compliant"));
    ck_assert_int_eq(program_shell("test -e $D/out/results.json -o -e $D/out/results.json.part"), 1);
    program_shell("trap '' XFSZ; ulimit -f 1; cd $D && case $T in /*) ;; *) T=$OLDPWD/$T ;; esac; $T run reference rst/ -o in"
                  " --pcap all");
    ck_assert_msg(strstr(program_output, "tcprove: in/pcap/rst.exact") != NULL, "%s", program_output);
    ck_assert_ptr_nonnull(strstr(program_output, ".pcapng was not written: File too large"));
}
END_TEST

START_TEST(the_same_seed_gives_the_same_run)
{
    ck_assert_int_eq(
        program_shell(
            "$T run reference fin/ --seed 7 -o $D/a; $T run reference fin/ --seed 7 -o $D/b;"
            "sed '/wall_ms/d;/started/d' $D/a/results.json >$D/1; sed '/wall_ms/d;/started/d' $D/b/results.json >$D/2;"
            "cmp $D/1 $D/2"),
        0);
}
END_TEST

START_TEST(every_file_of_a_folder)
{
    ck_assert_msg(program_shell("$T run reference+ignores-rst rst/ -o $D/out -q") == 1, "%s", program_output);
    ck_assert_int_eq(program_shell("xmllint --noout $D/out/junit.xml 2>/dev/null || ! command -v xmllint"), 0);
    ck_assert_int_eq(program_shell("grep -c '<failure' $D/out/junit.xml"), 0);
    ck_assert_int_eq(program_shell("grep -q '^not ok .* rst/exact/established$' $D/out/results.tap"), 0);
    ck_assert_int_eq(program_shell("grep -q 'RFC9293-3.10.7.4-ESTABLISHED-rst-exact' $D/out/results.txt"), 0);
    ck_assert_int_eq(program_shell("test -s $D/out/pcap/rst.exact.established.pcapng"), 0);
    ck_assert_int_eq(program_shell("test ! -e $D/out/pcap/rst.abort.pcapng"), 0); /* it passed */
}
END_TEST

START_TEST(a_baseline_turns_known_failures_green_and_new_ones_red)
{
    ck_assert_msg(program_shell("$T run reference+ignores-rst rst/ --baseline $D/b --update-baseline -q") == 0, "%s",
                  program_output);
    ck_assert_msg(program_shell("$T run reference+ignores-rst rst/ --baseline $D/b -q") == 0, "%s", program_output);
    ck_assert_int_eq(program_shell("$T run reference rst/ --baseline $D/b -q"), 0); /* that section speaks of another target */
    ck_assert_int_eq(
        program_shell("sed 's/ignores-rst/sends-no-rst/' $D/b >$D/c; $T run reference+sends-no-rst rst/ --baseline $D/c -q"),
        1);
    ck_assert_ptr_nonnull(strstr(program_output, "rst/abort: fail, where the baseline has pass"));
}
END_TEST

/* What is known is reported and written, and the shell learns which signal it was. */
START_TEST(an_interrupted_run_tells_what_it_knows)
{
    int status = program_shell("$T run linux --profile quick -q -o $D/out & p=$!; sleep 1; kill -INT $p; wait $p");

    if (status == 3) {
        printf("skipped: %s", program_output);
        return;
    }
    ck_assert_msg(status == 128 + SIGINT, "exit %d\n%s", status, program_output);
    ck_assert_ptr_nonnull(strstr(program_output, "interrupted: "));
    json_t *root = program_results("out");

    ck_assert(json_is_true(json_object_get(root, "interrupted")));
    json_decref(root);
}
END_TEST

START_TEST(what_became_of_each_case)
{
    program_shell("$T run reference rst/ -q -o $D/old; $T run reference+ignores-rst rst/ -q -o $D/new");
    ck_assert_int_eq(program_shell("$T compare $D/old/results.json $D/new/results.json"), 1);
    ck_assert_ptr_nonnull(strstr(program_output, "Broken\n"));
    ck_assert_ptr_nonnull(strstr(program_output, "rst/exact/established: fail, was pass"));
    ck_assert_int_eq(program_shell("$T compare $D/new/results.json $D/old/results.json"), 0);
    ck_assert_ptr_nonnull(strstr(program_output, "Fixed\n"));
    ck_assert_int_eq(program_shell("$T compare $D/old/results.json $D/old/results.json"), 0);
    ck_assert_ptr_nonnull(strstr(program_output, "no verdict differs"));
}
END_TEST

START_TEST(whole_catalog_on_the_reference)
{
    int status = program_shell("$T run reference -o $D/out -q");

    ck_assert_msg(status == 0, "exit %d\n%s", status, program_output);
    json_t *root    = program_results("out");
    json_t *summary = json_object_get(root, "summary");

    ck_assert_int_eq((int)json_integer_value(json_object_get(summary, "fail")), 0);
    ck_assert_int_eq((int)json_integer_value(json_object_get(summary, "error")), 0);
    ck_assert_int_eq((int)json_integer_value(json_object_get(summary, "inconclusive")), 0);
    ck_assert_int_ge((int)json_integer_value(json_object_get(summary, "pass")), 100);
    json_decref(root);
}
END_TEST

SUITE(program)
{
    Suite *suite   = suite_create("program");
    TCase *words   = tcase_create("usage");
    TCase *results = tcase_create("results");

    tcase_set_timeout(words, 120);
    tcase_add_loop_test(words, usage, 0, (int)(sizeof usages / sizeof *usages));
    suite_add_tcase(suite, words);

    tcase_set_timeout(results, 120);
    tcase_add_checked_fixture(results, program_make_folder, program_drop_folder);
    tcase_add_test(results, whole_catalog_on_the_reference);
    tcase_add_test(results, results_file);
    tcase_add_test(results, features_that_were_granted_are_told);
    tcase_add_test(results, nothing_is_overwritten);
    tcase_add_test(results, a_file_in_the_way);
    tcase_add_test(results, a_full_disk_costs_the_file_only);
    tcase_add_test(results, the_same_seed_gives_the_same_run);
    tcase_add_test(results, every_file_of_a_folder);
    tcase_add_test(results, a_baseline_turns_known_failures_green_and_new_ones_red);
    tcase_add_test(results, an_interrupted_run_tells_what_it_knows);
    tcase_add_test(results, what_became_of_each_case);
    suite_add_tcase(suite, results);

    return suite;
}
