/* replay_death.c: inputs that the TCP dies of, in `replay`. There is no bug in the program to die of, so that players that do
 * are handed in. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/minimize.h"
#include "inprocess/inprocess.h"
#include "replay_rig.h"
#include "selftest.h"

static bool has_call(const struct input *input, enum call call)
{
    for (size_t i = 0; i < input->count; i++)
        if (input->steps[i].rung == RUNG_APP && input->steps[i].user.call == call)
            return true;
    return false;
}

/* Tells of the steps up to that call. */
static bool steps_until(const struct replay_file *file, const struct stage_watch *watch, enum call call)
{
    for (size_t i = 0; i < file->input->count; i++) {
        watch->step(watch->context, i, &file->input->steps[i]);
        if (file->input->steps[i].rung == RUNG_APP && file->input->steps[i].user.call == call)
            return true;
    }
    return false;
}

/* CLOSE crashes it, ABORT is a loop, CLOSE_BOTH ends the process as a sanitizer does; otherwise it is the stage. */
static bool dies_of_calls(struct stage *stage, const struct replay_file *file, const struct stage_watch *watch,
                          struct finding *finding)
{
    struct stage_watch packets = *watch;
    volatile bool      on      = true;

    packets.step = NULL;
    if (has_call(file->input, CLOSE) && steps_until(file, watch, CLOSE)) {
        stage_play(stage, file->input, &packets, finding);
        abort();
    }
    if (has_call(file->input, ABORT) && steps_until(file, watch, ABORT))
        while (on)
            continue;
    if (has_call(file->input, CLOSE_BOTH) && steps_until(file, watch, CLOSE_BOTH)) {
        fprintf(stderr, "a report\n");
        _exit(9);
    }
    return stage_play(stage, file->input, watch, finding);
}

enum { FRAME_FLAGS = 3 + 20 + 13 };

#define CRASHES OPENED "APP (CLOSE)\nPEER (RST)\n"

static const struct {
    const char *text, *says;
} deaths[] = {
    { CRASHES, "   3  APP (CLOSE)\n" },
    { CRASHES, "\n\n!! crash, at step 3: the TCP ended by signal 6 (Aborted)\n" },
    { OPENED "APP (CLOSE_BOTH)\n", "!! crash, at step 3: the TCP ended with exit status 9\n" },
    { OPENED "WAIT (5)\nAPP (ABORT)\n", "!! hang, at step 4: it did not come back within 5 s\n" },
};

START_TEST(a_death_is_a_finding)
{
    const char        *files[] = { program_write("one", deaths[_i].text) };
    struct replay_wish wish    = { .player = dies_of_calls, .files = files, .file_count = 1, .run = { .target = "reference" } };

    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    program_says(deaths[_i].says);
}
END_TEST

START_TEST(a_folder_goes_on_after_a_death)
{
    const char *files[]     = { program_write("one", CRASHES), program_write("two", OPENED), program_write("three", CRASHES) };
    struct replay_wish wish = { .player = dies_of_calls, .files = files, .file_count = 3, .run = { .target = "reference" } };

    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    program_says("/one\n!! crash, at step 3: ");
    program_says("/three\n!! crash, at step 3: ");
    program_says("\n3 inputs, 2 findings\n");
    ck_assert_ptr_null(strstr(program_output, "/two"));
}
END_TEST

START_TEST(what_dies_is_made_small_a_case_and_a_capture)
{
    char               path[200];
    const char        *files[] = { program_write("one", CRASHES) };
    struct replay_wish wish    = {
           .player = dies_of_calls, .judged = &target_reference, .files = files, .file_count = 1, .run = { .target = "reference" }
    };

    wish.minimize = true;
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    program_says("octets, 1 step\n");
    program_says("!! crash, at step 1: ");
    wish.minimize = false;
    wish.as_case  = true;
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    program_says("        APP (CLOSE),\n");
    program_says(
        "/* here, as the fuzzer plays it and a case does not: the TCP ended by signal 6 (Aborted) */\n        ON (FRESH),");
    wish.as_case = false;
    snprintf(path, sizeof path, "%s/pcap", getenv("D"));
    wish.pcap = path;
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    ck_assert_int_eq(program_shell("test $(stat -c %s $D/pcap) -gt 300 && grep -aq 'ended by signal 6' $D/pcap"), 0);
}
END_TEST

/* One report, although the like of it was drawn many times. */
START_TEST(reports_of_tries_are_not_told)
{
    const char        *files[] = { program_write("one", OPENED "APP (CLOSE_BOTH)\n") };
    char               path[200];
    struct replay_wish wish = {
        .player = dies_of_calls, .files = files, .file_count = 1, .minimize = true, .run = { .target = "reference" }
    };

    snprintf(path, sizeof path, "%s/reports", getenv("D"));
    int kept = dup(2), told = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert(kept >= 0 && told >= 0 && dup2(told, 2) == 2);
    enum status status = play_wish(&wish);

    ck_assert_int_eq(dup2(kept, 2), 2);
    close(kept);
    close(told);
    ck_assert_int_eq(status, STATUS_VIOLATION);
    program_says("written: ");
    ck_assert_int_eq(program_shell("cat $D/reports"), 0);
    ck_assert_str_eq(program_output, "a report\n");
}
END_TEST

/* Beside the findings of a campaign, and once. */
START_TEST(what_is_made_small_is_no_finding)
{
    ck_assert_int_eq(program_shell("mkdir -p $D/c/main/crashes $D/c/main/hangs"), 0);
    const char        *files[] = { program_write("c/main/crashes/id:0", CRASHES),
                                   program_write("c/main/hangs/id:0", CRASHES "WAIT (3)\n") };
    struct replay_wish wish    = {
           .player = dies_of_calls, .files = files, .file_count = 2, .minimize = true, .run = { .target = "reference" }
    };

    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    program_says("written: ");
    ck_assert_int_eq(program_shell("cd $D/c/main && find * -type f | sort"), 0);
    ck_assert_str_eq(program_output, "crashes/id:0\nhangs/id:0\nminimized/crashes-id:0.min\nminimized/hangs-id:0.min\n");
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    program_says("nothing new: ");
    ck_assert_ptr_null(strstr(program_output, "written"));
    ck_assert_int_eq(program_shell("ls $D/c/main/minimized | wc -l"), 0);
    ck_assert_str_eq(program_output, "2\n");
    /* What is as small as it gets gives no second one. */
    files[0]        = program_write("small", "APP (CLOSE)\n");
    wish.file_count = 1;
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    program_says("nothing new: ");
    ck_assert_int_eq(program_shell("test ! -e $D/small.min"), 0);
}
END_TEST

/* Of a FIN, in whichever frame: flags of TCP over IPv4 without options. */
static bool dies_of_fins(struct stage *stage, const struct replay_file *file, const struct stage_watch *watch,
                         struct finding *finding)
{
    for (size_t at = 0; at + FRAME_FLAGS < file->count; at = form_of_frames.unit_end(file->octets, file->count, at))
        if (file->octets[at + FRAME_FLAGS] & FIN)
            abort();
    return replay_on_stage(stage, file, watch, finding);
}

/* What is no ladder loses frames, and their octets. */
START_TEST(frames_are_made_small_too)
{
    char               path[200];
    const char        *files[] = { path };
    struct replay_wish wish    = {
           .player = dies_of_fins, .files = files, .file_count = 1, .minimize = true, .run = { .target = "reference" }
    };

    snprintf(path, sizeof path, "%s/frame-0123456789ab/main/crashes/id:0", getenv("D"));
    ck_assert_int_eq(program_shell("mkdir -p $D/frame-0123456789ab/main/crashes && cp fuzz/corpus/frame/handshake-octets-close"
                                   " $D/frame-0123456789ab/main/crashes/id:0"),
                     0);
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    program_says("/minimized/crashes-id:0.min, 37 octets\n");
}
END_TEST

static bool *ended;

static void note_end(void)
{
    *ended = true;
}

static void do_nothing(void *context)
{
    (void)context;
}

/* As any program does: what counts coverage writes it then. */
START_TEST(what_is_played_apart_ends_properly)
{
    struct death death;
    struct error error;

    ended = replay_share(sizeof *ended);
    ck_assert(ended != NULL && atexit(note_end) == 0);
    ck_assert_msg(replay_apart(do_nothing, NULL, PLAY_LIMIT_MS, &death, &error), "%s", error.sentence);
    ck_assert_int_eq(death.kind, DEATH_NONE);
    ck_assert(*ended);
}
END_TEST

/* A signal for it alone. */
START_TEST(nothing_stays_behind_on_a_kernel)
{
    program_write("waits", "PEER (SYN)\nWAIT (600000)\nPEER (ACK)\n");
    int status =
        program_shell("f=$D/waits; $T replay $f linux >$D/said 2>&1 & p=$!; f=$D/waits; sleep 1; kill -TERM $p; wait $p;"
                      " status=$?; sleep 0.5; pgrep -fa \"[r]eplay $f\" && exit 9; cat $D/said; exit $status");

    if (status == 3) {
        printf("replay_death: skipped: %s", program_output);
        return;
    }
    ck_assert_msg(status == 143, "exit %d\n%s", status, program_output);
}
END_TEST

SUITE(replay_death)
{
    Suite *suite = suite_create("replay_death");
    TCase *tests = tcase_create("replay_death");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, program_make_folder, program_drop_folder);
    tcase_add_loop_test(tests, a_death_is_a_finding, 0, (int)(sizeof deaths / sizeof *deaths));
    tcase_add_test(tests, a_folder_goes_on_after_a_death);
    tcase_add_test(tests, what_dies_is_made_small_a_case_and_a_capture);
    tcase_add_test(tests, reports_of_tries_are_not_told);
    tcase_add_test(tests, what_is_made_small_is_no_finding);
    tcase_add_test(tests, frames_are_made_small_too);
    tcase_add_test(tests, what_is_played_apart_ends_properly);
    tcase_add_test(tests, nothing_stays_behind_on_a_kernel);
    suite_add_tcase(suite, tests);
    return suite;
}
