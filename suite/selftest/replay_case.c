/* replay_case.c: `replay --as-case`: a fuzz input as an entry for a table in cases/, which compiles, passes the lint and holds.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inprocess/inprocess.h"
#include "lint.h"
#include "player/player.h"
#include "replay_rig.h"
#include "selftest.h"

/* ---- --as-case: a finding is a case in two commands: the second one is the compiler's -------------------------------------
 */

/* Entries of all these inputs, compiled as a group of the catalog would be. */
static const struct ladder_group *compiled_entries(const char *inputs)
{
    char line[1000], path[200];

    snprintf(line, sizeof line,
             "{ echo '#include \"ladder.h\"'; echo 'static const struct ladder_case cases[] = {'; n=0; for f in %s; do"
             "    n=$((n + 1)); $T replay $f --as-case | sed \"s|group/slug|made/$n|\"; done;"
             "  echo '};'; echo 'GROUP (made, \"Made\", cases);'; } >$D/made.c;"
             " cc -std=c17 -Wall -Wextra -Werror -fPIC -shared -Iharness -o $D/made.so $D/made.c",
             inputs);
    ck_assert_msg(program_shell(line) == 0, "%s", program_output);
    snprintf(path, sizeof path, "%s/made.so", getenv("D"));
    void *made = dlopen(path, RTLD_NOW);

    ck_assert_msg(made != NULL, "%s", dlerror());
    return dlsym(made, "group_made");
}

static void lint_says(void *context, const char *id, const char *sentence)
{
    (void)context;
    ck_abort_msg("%s: %s", id, sentence);
}

static bool comes_through(const struct ladder_case *ladder, bool ipv6)
{
    const struct target_wish  wish    = { .spec = "reference", .fault = "", .ipv6 = ipv6, .seed = 77 };
    const struct play_options options = { .seed = 77, .time_scale = 1 };
    struct error              error;
    struct target             target   = { 0 };
    void                     *prepared = target_reference.prepare(&wish, &error);

    ck_assert(prepared != NULL && target_reference.open(prepared, 500, &target, &error));
    struct play *play    = play_ladder(ladder, EACH, &target, &options);
    bool         through = play->verdict == VERDICT_PASS;

    if (!through)
        printf("replay: %s, IPv%d: %s, expected %s, actual %s\n", ladder->id, ipv6 ? 6 : 4, play->reason, play->expected,
               play->actual);
    play_release(play);
    target.close(target.self);
    target_reference.release(prepared);
    return through;
}

/* The TCP that they were made from comes through them with other numbers than it had then; but for few, whose steps have a
 * window, say, that is a sequence number. */
START_TEST(a_case_made_of_an_input_is_one)
{
    const struct ladder_group *made     = compiled_entries(CORPUS "*.ladder");
    const struct ladder_group *groups[] = { made, NULL };
    size_t                     failed   = 0;

    lint_groups(groups, lint_says, NULL);
    ck_assert_uint_gt(made->count, 90);
    for (size_t i = 0; i < made->count; i++) {
        if (made->cases[i].family != IPV6_ONLY)
            failed += !comes_through(&made->cases[i], false);
        if (made->cases[i].family != IPV4_ONLY)
            failed += !comes_through(&made->cases[i], true);
    }
    ck_assert_uint_le(failed, made->count / 25);
    /* Nearly all that came is a rung. */
    ck_assert_msg(program_shell("awk '/not judged/ { passed++ } / IUT/ && !/not judged/ { judged++ }"
                                " END { print judged, passed; exit !(judged > 10 * passed) }' $D/made.c") == 0,
                  "%s", program_output);
}
END_TEST

/* More answers than an entry has room for. */
START_TEST(a_case_has_an_end)
{
    ck_assert_int_eq(
        program_shell("{ echo 'PEER (SYN, .mss = 1)'; echo 'PEER (ACK)'; for i in $(seq 190); do"
                      "  echo 'APP (SEND, .octets = 1000)'; echo 'PEER (ACK)'; done; } >$D/x; $T replay $D/x --as-case"),
        0);
    program_says("        /* a case would be too long from here on: ");
    program_says("        ON (FRESH),\n        ENTER (ESTABLISHED),\n        ALIVE\n    ),\n},\n");
}
END_TEST

/* A segment for which a window is too small, which an input does not mind, is counted from its edge. */
START_TEST(a_closed_window_is_met)
{
    ck_assert_int_eq(program_shell("{ echo 'PEER (SYN)'; echo 'PEER (ACK)'; echo 'APP (PAUSE_READING)'; for i in $(seq 92); do"
                                   "  echo 'PEER (ACK, .len = RMSS)'; done; echo 'WAIT (400)'; echo 'PEER (RST, "
                                   ".seq = RCV_NXT + 5)'; } >$D/x;"
                                   " $T replay $D/x --as-case"),
                     0);
    program_says(
        "        /* it was PEER (RST, .seq = RCV_NXT + 5): the target's window of 0 octets is too small for this segment */\n"
        "        PEER (RST, .seq = RCV_NXT + RCV_WND + 5),\n        SILENCE (30),\n");
}
END_TEST

/* Several entries can be pasted as they are printed. */
START_TEST(entries_are_all_that_is_printed)
{
    ck_assert_int_eq(
        program_shell("$T replay " OLD " " NEW " --as-case 2>$D/said | awk '/^{/, /^}/ { next } { print }'; cat $D/said"), 0);
    ck_assert_str_eq(program_output, "/* " OLD " */\n/* " NEW " */\n2 inputs, 0 findings\n");
}
END_TEST

static const struct {
    const char *input, *says;
} entries[] = {
    { OPENED "PEER (RST)\n",
      "    LADDER(\n        ENTER (LISTEN),\n        PEER (SYN),\n        IUT (SYN|ACK),\n        PEER (ACK),\n"
      "        SILENCE (30),\n        PEER (RST),\n        SILENCE (30),\n        ON (FRESH),\n" },
    { OPENED, "to be confirmed" },
    { "PEER (SYN)\nPEER (ACK, .len = 100)\nWAIT (500)\n",
      "        SILENCE (30),\n        IUT_ACKS (RCV_NXT + 100, .after = MEASURED),\n        WAIT (330),\n" },
    { OPENED "WAIT (500)\n", "        SILENCE (500),\n" },
    { OPENED "APP (SEND, .octets = 100)\nWAIT (60000)\n",
      "        IUT (ACK, .seq = SND_NXT - 100, .len = 100, .after = MS(8000, NO_LIMIT)),\n" },
    { "PEER (SYN)\nPEER (ACK, .len = 3000)\nWAIT (9)\n",
      "        /* it was PEER (ACK, .len = 3000): a segment with 3000 octets of text cannot be encoded within an MTU of 1500 "
      "*/\n"
      "        PEER (ACK, .len = RMSS),\n        PEER (ACK, .seq = RCV_NXT + RMSS, .len = RMSS),\n"
      "        PEER (ACK, .seq = RCV_NXT + 2 * RMSS, .len = -2 * RMSS + 3000),\n" },
    { OPENED "PEER (FIN|ACK, .len = 2900)\n",
      "        PEER (ACK, .len = RMSS),\n        PEER (FIN|ACK, .seq = RCV_NXT + RMSS, .len = -RMSS + 2900),\n" },
    { OPENED "PEER (ACK, .wnd = RCV_NXT)\n",
      "        /* it was PEER (ACK, .wnd = RCV_NXT): a length that is another one in each run */\n"
      "        PEER (ACK, .wnd = 3000),\n" },
    { "PEER (SYN)\nPEER (ACK, .seq = RCV_NXT + 65540, .len = 1)\n",
      "PEER (ACK, .seq = RCV_NXT + RCV_WND + 5, .len = 1),\n        IUT (ACK)" },
    { "APP (SEND, .octets = 9)\nPEER (SYN)\n", "        /* left out: APP (SEND, .octets = 9): " },
    /* Another connection on the same sockets is told of by its own initial numbers, and its application is another one. */
    { "PEER (SYN)\nPEER (ACK, .len = 10)\nAPP (CLOSE)\nPEER (RST, .seq = RCV_NXT)\nPEER (SYN)\nPEER (ACK)\nAPP (CLOSE)\n",
      "        IUT (SYN|ACK, .ack = IRS + 1),\n        PEER (ACK),\n        SILENCE (30),\n        APP (CLOSE),\n"
      "        IUT (FIN|ACK, .seq = ISS + 1, .ack = IRS + 1),\n" },
    { "PEER (ACK)\nPEER (SYN|FIN, .seq = ZERO)\n", "        IUT (RST, .seq = SEG_ACK),\n" },
    { "PEER (SYN)\nON (3)\nPEER (SYN)\nPEER (ACK)\n",
      "    LADDER(\n        /* what is left out, being over IPv4: 1 step */\n" },
};

START_TEST(an_answer_is_a_rung)
{
    char line[1000];

    snprintf(line, sizeof line, "printf '%s' >$D/x; $T replay $D/x --as-case", entries[_i].input);
    ck_assert_int_eq(program_shell(line), 0);
    ck_assert_msg(strstr(program_output, entries[_i].says) != NULL, "no \"%s\" in\n%s", entries[_i].says, program_output);
}
END_TEST

static const char *last_of(const char *words)
{
    const char *last = NULL;

    for (const char *at = program_output; (at = strstr(at, words)) != NULL; at++)
        last = at;
    return last;
}

/* ---- a TCP that dies of a case, too */

static void (*carry_out_of_reference)(void *self, const struct call_request *request, struct call_reply *reply);

static void die_of_calls(void *self, const struct call_request *request, struct call_reply *reply)
{
    for (volatile bool on = true; request->kind == CALL_ABORT && on;)
        continue;
    if (request->kind == CALL_CLOSE)
        abort();
    carry_out_of_reference(self, request, reply);
}

static void falsify(void *self, const struct call_request *request, struct call_reply *reply)
{
    carry_out_of_reference(self, request, reply);
    if (request->kind == CALL_SAW && reply->data_octets > 0)
        reply->data[0] ^= 1;
}

static bool open_false(void *prepared, unsigned slot, struct target *target, struct error *error)
{
    bool open = target_reference.open(prepared, slot, target, error);

    carry_out_of_reference = target->call;
    target->call           = falsify;
    return open;
}

static bool open_deadly(void *prepared, unsigned slot, struct target *target, struct error *error)
{
    bool open = target_reference.open(prepared, slot, target, error);

    carry_out_of_reference = target->call;
    target->call           = die_of_calls;
    return open;
}

#define FATAL_END(how)                                                                                                         \
    "        WAIT (30),\n        /* here " how ": its answers end */\n        ON (FRESH),\n        ENTER (ESTABLISHED),\n"     \
    "        ALIVE\n    ),\n},\n"
#define ABORTED "the TCP ended by signal 6 (Aborted)"

static const struct {
    const char *text, *call, *says;
} fatal_calls[] = {
    { OPENED "APP (CLOSE)\n", "APP (CLOSE)", "        APP (CLOSE),\n" FATAL_END(ABORTED) },
    { OPENED "PEER (ACK, .len = 2900)\nAPP (CLOSE)\nPEER (RST)\n", "APP (CLOSE)", "        APP (CLOSE),\n" FATAL_END(ABORTED) },
    { OPENED "APP (ABORT)\n", "APP (ABORT)", "        APP (ABORT),\n" FATAL_END("it did not come back within 5 s") },
};

/* Each rung is there once, and the one that kills the last of them. */
START_TEST(a_case_of_a_death)
{
    struct target_kind deadly  = target_reference;
    const char        *files[] = { program_write("one", fatal_calls[_i].text) };
    struct replay_wish wish    = { .player     = replay_on_stage,
                                   .judged     = &deadly,
                                   .files      = files,
                                   .file_count = 1,
                                   .as_case    = true,
                                   .run        = { .target = "reference" } };

    deadly.open = open_deadly;
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    program_says("CASE  (\"group/slug\", \"The TCP lives through this\"),\n");
    program_says(fatal_calls[_i].says);
    ck_assert_ptr_null(strstr(program_output, "_ONLY"));
    ck_assert_ptr_eq(strstr(program_output, fatal_calls[_i].call), last_of(fatal_calls[_i].call));
}
END_TEST

static bool hears_of_the_stream(struct stage *stage, const struct replay_file *file, const struct stage_watch *watch,
                                struct finding *finding)
{
    (void)stage;
    (void)watch;
    *finding = (struct finding){ .oracle = ORACLE_STREAM, .step = file->input->count - 1, .requirement = "RFC9293-3.4-a" };
    snprintf(finding->sentence, sizeof finding->sentence, "octet 0 is another one");
    return true;
}

/* What the application got is a rung, although it is wrong: there the case fails until that is mended. */
START_TEST(a_case_of_other_octets)
{
    struct target_kind wrong   = target_reference;
    const char        *files[] = { program_write("one", OPENED "PEER (ACK, .len = 500)\n") };
    struct replay_wish wish    = { .player     = hears_of_the_stream,
                                   .judged     = &wrong,
                                   .files      = files,
                                   .file_count = 1,
                                   .as_case    = true,
                                   .run        = { .target = "reference" } };

    wrong.open = open_false;
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    program_says("        /* here, as the fuzzer plays it: octet 0 is another one */\n");
    program_says("        /* this fails here: APP_SEES (DATA): the application got other octets than were sent */\n"
                 "        APP_SEES (DATA, .octets = 1),\n");
    program_says(
        "        /* with 20 of 20 sets of payloads and sequence numbers it does not come through: the application got");
}
END_TEST

SUITE(replay_case)
{
    Suite *suite = suite_create("replay_case");
    TCase *tests = tcase_create("replay_case");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, program_make_folder, program_drop_folder);
    tcase_add_test(tests, a_case_made_of_an_input_is_one);
    tcase_add_test(tests, a_case_has_an_end);
    tcase_add_test(tests, a_closed_window_is_met);
    tcase_add_test(tests, entries_are_all_that_is_printed);
    tcase_add_test(tests, a_case_of_other_octets);
    tcase_add_loop_test(tests, a_case_of_a_death, 0, (int)(sizeof fatal_calls / sizeof *fatal_calls));
    tcase_add_loop_test(tests, an_answer_is_a_rung, 0, (int)(sizeof entries / sizeof *entries));
    suite_add_tcase(suite, tests);
    return suite;
}
