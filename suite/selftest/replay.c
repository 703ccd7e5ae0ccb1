/* replay.c: the verbs `replay` and `seeds` as a user calls them: a fuzz input read, played, shortened, turned into a case. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inprocess/inprocess.h"
#include "lint.h"
#include "player/player.h"
#include "program_rig.h"
#include "replay_inside.h"
#include "selftest.h"

#define CORPUS "fuzz/corpus/ladder/"
#define OLD    CORPUS "segments-before-any-syn.ladder"
#define NEW    CORPUS "fin-wait-2-meets-acks-that-its-peer-does-not-know-it-gave.ladder"

static const struct {
    const char *line;
    int         status;
    const char *says;
} calls[] = {
    { "$T replay", 2, "replay needs a file" },
    { "$T replay /no/such/file", 2, "no such file" },
    { "$T replay README.md", 2, "is text, and no ladder" },
    { "mkdir $D/empty; $T replay $D/empty", 2, "/empty\n" },
    { "mkdir $D/empty; $T replay $D/empty", 2, "no fuzz input is in /" },
    { "printf '\\001\\002\\003' >$D/few; $T replay $D/few", 2, "holds no step" },
    { "head -c 100000 /dev/zero >$D/long; $T replay $D/long", 2, "is longer than" },
    { "printf 'PEER (SYN)\\nIUT (ACK)\\n' >$D/iut; $T replay $D/iut", 2, "step 2 of a fuzz input cannot be: IUT" },
    { "for i in $(seq 401); do echo 'PEER (SYN)'; done >$D/many; $T replay $D/many", 2,
      "/many: a fuzz input has at most 400 steps, and this is one more: PEER (SYN)\n" },
    { "$T replay " CORPUS "syn-again-after-abort.ladder", 0, "no oracle spoke: 8 steps" },
    { "$T replay " CORPUS "syn-again-after-abort.ladder", 0, "--> SYN SEQ=IRS WND=65535 <MSS 1460>" },
    { "$T replay " CORPUS, 0, "0 findings" },
    { "$T replay --oracles luck " CORPUS, 2, "is no oracle" },
    { "$T replay --oracles", 2, "takes names of oracles" },
    { "$T replay " CORPUS "syn-again-after-abort.ladder --pcap $D/x.pcapng && test -s $D/x.pcapng", 0, "" },
    { "$T replay " CORPUS "syn-again-after-abort.ladder lunix", 2, "did you mean linux?" },
    { "$T replay -v " CORPUS "syn-again-after-abort.ladder | grep -q 'work [1-9][0-9]* of [1-9]' && echo it is told", 0,
      "it is told" },
    { "$T replay " CORPUS "syn-again-after-abort.ladder --pcap $D/no/such/x.pcapng", 5,
      "/no/such/x.pcapng was not written: No such file" },
    { "$T replay " CORPUS " --pcap $D/x.pcapng", 2, "--pcap takes the segments of one input" },
    { "cp " OLD " $D/f; $T replay $D/f --pcap $D/f; s=$?; cmp $D/f " OLD " && echo whole; exit $s", 2,
      "it exists already: name another, or remove it\nwhole" },
    { "echo precious >$D/f; $T replay " OLD " linux --pcap $D/f; cat $D/f", 0, "remove it\nprecious" },
    { "$T replay --pcap $D/a --pcap $D/b " OLD, 2, "--pcap is given twice" },
    { "$T replay --oracles rest --oracles rest " OLD, 2, "--oracles is given twice" },
    { "$T replay --seed 1 --seed 2 " OLD, 2, "--seed is given twice" },
    { "$T replay --minimize " OLD, 0, "no oracle speaks, so there is nothing to minimize" },
    { "$T replay --minimize " OLD " " NEW, 0, "2 inputs, 0 findings: there is nothing to minimize" },
    { "$T replay --minimize " OLD " linux", 2, "--minimize is for the built-in TCP" },
    { "$T replay --keep", 2, "takes a folder" },
    { "$T replay " CORPUS " --keep /no/such/folder " CORPUS "closed-meets-every-event.ladder", 0, "" },
    { "$T replay " OLD " --keep /no/such/folder " NEW, 5, "was not written" },
    { "mkdir $D/kept && $T replay " OLD " --keep $D/kept " NEW " && $T replay " OLD " $D/kept --keep $D/kept " NEW
      " && ls $D/kept | wc -l; reached() { $T replay --pairs \"$@\" | awk -F'\t' '{ print $1, $2, ($3 > 0) }'; };"
      " reached $D/kept " OLD " >$D/a; reached " NEW " " OLD " >$D/b; cmp $D/a $D/b && echo the same",
      0, "1\nthe same" },
    /* What fuzz/unreachable.tsv says of pairs is true, and every other pair is reached. */
    { "$T seeds $D/p " CORPUS "*.ladder && $T replay --pairs $D/p | awk -f fuzz/pairs.awk fuzz/unreachable.tsv -", 0,
      "can be" },
    { "$T replay --pairs " CORPUS "segments-before-any-syn.ladder | awk -f fuzz/pairs.awk fuzz/unreachable.tsv -", 1,
      "no input reaches it" },
    { "{ cat fuzz/unreachable.tsv; printf 'LISTEN\\ttimeout or so\\twhy\\n'; } >$D/u; $T seeds $D/r " CORPUS
      "*.ladder && $T replay --pairs $D/r | awk -f fuzz/pairs.awk $D/u -",
      1, "speaks of no pair" },
    { "{ cat fuzz/unreachable.tsv; printf 'LISTEN\\tSYN, SEQ exact, ACK absent\\twhy\\n'; } >$D/u; $T seeds $D/t " CORPUS
      "*.ladder && $T replay --pairs $D/t | awk -f fuzz/pairs.awk $D/u -",
      1, "says that it cannot be" },
    { "$T seeds", 2, "seeds needs a folder" },
    { "$T seeds /dev/null/x", 2, "cannot be made" },
    { "$T seeds $D/s " CORPUS "*.ladder && ls $D/s | wc -l && test -s $D/s/rst.exact.closing && $T replay $D/s", 0,
      "0 findings" },
    { "$T seeds $D/s README.md", 5, "README.md" },
};

/* Inputs of other fuzz targets, known by the folder that they lie in: a corpus, or a campaign's under any name. */
#define OTHERS   "fuzz/corpus/"
#define CAMPAIGN "mkdir -p $D/any/main/queue && echo datagrams 0123456789ab >$D/any/build && "

static const struct {
    const char *line;
    int         status;
    const char *says;
} others[] = {
    { "$T replay " OTHERS "frame/handshake-octets-close", 0, "--> SYN SEQ=" },
    { "$T replay " OTHERS "frame/handshake-octets-close", 0, "octets of the target frame" },
    { "$T replay " OTHERS "frame/handshake-octets-close --pcap $D/x.pcapng && test -s $D/x.pcapng", 0, "" },
    { "$T replay " OTHERS "datagrams/settings", 0, "octets of the target datagrams" },
    { "$T replay " OTHERS "datagrams " OTHERS "frame", 0, "13 inputs, 0 findings" },
    { "$T replay " OTHERS "notation 2>&1 | grep -c plays.it", 0, "1\n" },
    { "$T replay " OTHERS "notation/ladder-with-ways " OTHERS "notation/ladder-with-ways " OTHERS "datagrams/settings", 2,
      "\n3 inputs, 0 findings; 2 of them were not played\n" },
    { "mkdir $D/kept; $T replay " OTHERS "frame/handshake-octets-close --keep $D/kept", 2, "--keep takes ladders" },
    { "$T replay " OTHERS "notation/ladder-with-ways", 2, "build/fuzz-plain/notation FILE plays it" },
    { "$T replay " OTHERS "results/baseline", 2, "build/fuzz-plain/results FILE plays it" },
    { "$T replay " OTHERS "frame/handshake-octets-close --minimize", 0, "no oracle speaks, so there is nothing to minimize" },
    { "$T replay " OTHERS "datagrams/settings --minimize", 2, "--minimize takes ladders and frames" },
    { "$T replay " OTHERS "frame/handshake-octets-close --as-case", 2, "--as-case takes ladders" },
    { "$T replay " OTHERS "datagrams/settings --pairs", 2, "--pairs takes ladders" },
    { "$T replay " OTHERS "datagrams/settings linux", 2, "linux takes ladders" },
    { "$T replay " OTHERS "datagrams/settings --pcap $D/x", 2, "--pcap takes segments" },
    { CAMPAIGN "cp " OTHERS "datagrams/settings $D/any/main/queue/id:0; $T replay $D/any/main/queue/id:0", 0,
      "of the target datagrams" },
    { "c=$D/frame-0123456789ab/second1/crashes; mkdir -p $c && cp " OTHERS "frame/handshake-octets-close $c/id:1;"
      " $T replay $D/frame-0123456789ab",
      0, "of the target frame" },
    /* What is but called like a target is not taken for it. */
    { "mkdir $D/datagrams-of-mine && cp " OLD " $D/datagrams-of-mine/; $T replay $D/datagrams-of-mine", 0,
      "no oracle spoke: " },
};

START_TEST(inputs_of_other_targets)
{
    int status = program_shell(others[_i].line);

    ck_assert_msg(status == others[_i].status, "%s: exit %d\n%s", others[_i].line, status, program_output);
    ck_assert_msg(strstr(program_output, others[_i].says) != NULL, "%s does not say \"%s\":\n%s", others[_i].line,
                  others[_i].says, program_output);
}
END_TEST

static void assert_says(const char *words)
{
    ck_assert_msg(strstr(program_output, words) != NULL, "it does not say \"%s\":\n%s", words, program_output);
}

/* A campaign's folder as AFL++ and run.sh leave it, with books, logs and a page. */
START_TEST(a_campaigns_folder_is_taken_as_it_is)
{
    static const char *const make =
        "c=$D/c; mkdir -p $c/main/queue/.state $c/main/crashes.2026-11-25-10:00:00 $c/main/hangs $c/second1/queue "
        "$c/main/.synced"
        " $c/seeds $c/plot; for f in main/fuzzer_stats main/plot_data main/cmdline main/fuzz_bitmap main/own "
        "main/hangs/README.txt"
        " main/.synced/second1 main/queue/.state/x build pid main.log main.counts found found.list plot/index.html; do"
        " echo text that is no ladder >$c/$f; done; for f in main/queue/id:0 main/queue/id:1 second1/queue/id:0 main/hangs/id:0"
        " 'main/crashes.2026-11-25-10:00:00/id:0' seeds/one; do cp " OLD " \"$c/$f\"; done";

    ck_assert_msg(program_shell(make) == 0, "%s", program_output);
    ck_assert_int_eq(program_shell("$T replay $D/c"), 0);
    ck_assert_str_eq(program_output, "5 inputs, 0 findings\n");
    ck_assert_int_eq(program_shell("$T replay $D/c/main/"), 0);
    ck_assert_str_eq(program_output, "4 inputs, 0 findings\n");
    ck_assert_int_eq(program_shell("$T replay $D/c/main/queue"), 0);
    ck_assert_str_eq(program_output, "2 inputs, 0 findings\n");
    /* Where the user keeps it says nothing of what is in it. */
    ck_assert_int_eq(program_shell("mkdir $D/.hidden && cp -r $D/c/main/queue $D/.hidden/ && $T replay $D/.hidden/queue"), 0);
    ck_assert_str_eq(program_output, "2 inputs, 0 findings\n");
}
END_TEST

START_TEST(says_what_it_does)
{
    int status = program_shell(calls[_i].line);

    ck_assert_msg(status == calls[_i].status, "%s: exit %d\n%s", calls[_i].line, status, program_output);
    ck_assert_msg(strstr(program_output, calls[_i].says) != NULL, "%s does not say \"%s\":\n%s", calls[_i].line, calls[_i].says,
                  program_output);
}
END_TEST

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
    assert_says("        /* a case would be too long from here on: ");
    assert_says("        ON (FRESH),\n        ENTER (ESTABLISHED),\n        ALIVE\n    ),\n},\n");
}
END_TEST

static const struct {
    const char *input, *says;
} entries[] = {
    { "PEER (SYN)\nPEER (ACK)\n", "    LADDER(\n        ENTER (LISTEN),\n        PEER (SYN),\n        IUT (SYN|ACK),\n        "
                                  "PEER (ACK),\n        ON (FRESH),\n" },
    { "PEER (SYN)\nPEER (ACK)\n", "to be confirmed" },
    { "PEER (SYN)\nPEER (ACK, .len = 100)\nWAIT (500)\n",
      "        IUT_ACKS (RCV_NXT + 100, .after = MEASURED),\n        WAIT (298)" },
    { "PEER (SYN)\nPEER (ACK, .len = 3000)\nWAIT (9)\n", "        /* it was PEER (ACK, .len = 3000): a segment with 3000 "
                                                         "octets of text cannot be encoded within an MTU of 1500 */\n"
                                                         "        PEER (ACK, .len = RMSS),\n" },
    { "PEER (SYN)\nPEER (ACK, .seq = RCV_NXT + 65540, .len = 1)\n",
      "PEER (ACK, .seq = RCV_NXT + RCV_WND + 5, .len = 1),\n        IUT (ACK)" },
    { "APP (SEND, .octets = 9)\nPEER (SYN)\n", "        /* left out: APP (SEND, .octets = 9): " },
    /* Another connection on the same sockets is told of by its own initial numbers, and its application is another one. */
    { "PEER (SYN)\nPEER (ACK, .len = 10)\nAPP (CLOSE)\nPEER (RST, .seq = RCV_NXT)\nPEER (SYN)\nPEER (ACK)\nAPP (CLOSE)\n",
      "        IUT (SYN|ACK, .ack = IRS + 1),\n        PEER (ACK),\n        APP (CLOSE),\n"
      "        IUT (FIN|ACK, .seq = ISS + 1, .ack = IRS + 1),\n" },
    { "PEER (ACK)\nPEER (SYN|FIN, .seq = ZERO)\n", "        IUT (RST, .seq = SEG_ACK),\n" },
    { "PEER (SYN)\nON (3)\nPEER (SYN)\nPEER (ACK)\n",
      "    LADDER(\n        /* 1 steps over IPv4 are left out: a case has one family */\n" },
};

START_TEST(an_answer_is_a_rung)
{
    char line[1000];

    snprintf(line, sizeof line, "printf '%s' >$D/x; $T replay $D/x --as-case", entries[_i].input);
    ck_assert_int_eq(program_shell(line), 0);
    ck_assert_msg(strstr(program_output, entries[_i].says) != NULL, "no \"%s\" in\n%s", entries[_i].says, program_output);
}
END_TEST

START_TEST(a_kernel_plays_it_too)
{
    int status = program_shell("$T replay " CORPUS "syn-again-after-abort.ladder linux");

    if (status == 3) {
        printf("replay: skipped: %s", program_output);
        return;
    }
    ck_assert_msg(status == 0, "exit %d\n%s", status, program_output);
    ck_assert_ptr_nonnull(strstr(program_output, "no rule was broken"));
    ck_assert_ptr_nonnull(strstr(program_output, "<-- SYN|ACK"));
    status = program_shell("$T replay " CORPUS "syn-again-after-abort.ladder " CORPUS "syn-again-after-abort.ladder " CORPUS
                           "syn-again-after-abort.ladder linux");
    ck_assert_msg(status == 0 && strstr(program_output, "3 inputs, 0 findings") != NULL, "exit %d\n%s", status, program_output);
    status = program_shell("$T replay " CORPUS "mss-of-a-syn-that-was-refused.ladder linux");
    ck_assert_int_eq(status, 0);
    ck_assert_ptr_nonnull(strstr(program_output, "were left out"));
    status = program_shell("$T replay " CORPUS "syn-again-after-abort.ladder linux --pcap $D/l.pcapng >$D/said && test -s"
                           " $D/l.pcapng && $T replay " CORPUS "syn-again-after-abort.ladder linux --pcap $D/no/l.pcapng");
    ck_assert_msg(status == 5 && strstr(program_output, "/no/l.pcapng was not written") != NULL, "exit %d\n%s", status,
                  program_output);
}
END_TEST

/* ---- deaths: there is no bug in the program to die of, so that players that do are handed in ------------------------------
 */

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

/* Into $D/name; the path stays until three others were asked for. */
static const char *write_input(const char *name, const char *text)
{
    static char paths[4][200];
    static int  turn = 0;
    char       *path = paths[turn++ % 4];
    FILE       *file;

    snprintf(path, sizeof paths[0], "%s/%s", getenv("D"), name);
    file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    return path;
}

/* What it prints is in program_output. */
static enum status play_wish(struct replay_wish *wish)
{
    char path[200];
    int  kept = dup(1), said;

    snprintf(path, sizeof path, "%s/said", getenv("D"));
    fflush(stdout);
    said = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert(kept >= 0 && said >= 0 && dup2(said, 1) == 1);
    enum status status = replay_play_all(wish);

    fflush(stdout);
    ck_assert_int_eq(dup2(kept, 1), 1);
    close(kept);
    close(said);
    ck_assert_int_eq(program_shell("cat $D/said"), 0);
    return status;
}

#define BEFORE  "PEER (SYN)\nPEER (ACK)\n"
#define CRASHES BEFORE "APP (CLOSE)\nPEER (RST)\n"

static const struct {
    const char *text, *says;
} deaths[] = {
    { CRASHES, "   3  APP (CLOSE)\n" },
    { CRASHES, "\n\n!! crash, at step 3: the TCP ended by signal 6 (Aborted)\n" },
    { BEFORE "APP (CLOSE_BOTH)\n", "!! crash, at step 3: the TCP ended with exit status 9\n" },
    { BEFORE "WAIT (5)\nAPP (ABORT)\n", "!! hang, at step 4: it did not come back within 5 s\n" },
};

START_TEST(a_death_is_a_finding)
{
    const char        *files[] = { write_input("one", deaths[_i].text) };
    struct replay_wish wish    = { .player = dies_of_calls, .files = files, .file_count = 1, .run = { .target = "reference" } };

    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    assert_says(deaths[_i].says);
}
END_TEST

START_TEST(a_folder_goes_on_after_a_death)
{
    const char        *files[] = { write_input("one", CRASHES), write_input("two", BEFORE), write_input("three", CRASHES) };
    struct replay_wish wish    = { .player = dies_of_calls, .files = files, .file_count = 3, .run = { .target = "reference" } };

    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    assert_says("/one\n!! crash, at step 3: ");
    assert_says("/three\n!! crash, at step 3: ");
    assert_says("\n3 inputs, 2 findings\n");
    ck_assert_ptr_null(strstr(program_output, "/two"));
}
END_TEST

START_TEST(what_dies_is_made_small_a_case_and_a_capture)
{
    char               path[200];
    const char        *files[] = { write_input("one", CRASHES) };
    struct replay_wish wish    = { .player = dies_of_calls, .files = files, .file_count = 1, .run = { .target = "reference" } };

    wish.minimize = true;
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    assert_says("octets, 1 steps");
    assert_says("!! crash, at step 1: ");
    wish.minimize = false;
    wish.as_case  = true;
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    assert_says("        APP (CLOSE),\n");
    assert_says("/* here, as the fuzzer plays it: the TCP ended by signal 6 (Aborted) */\n        ON (FRESH),");
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
    const char        *files[] = { write_input("one", BEFORE "APP (CLOSE_BOTH)\n") };
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
    assert_says("written: ");
    ck_assert_int_eq(program_shell("cat $D/reports"), 0);
    ck_assert_str_eq(program_output, "a report\n");
}
END_TEST

/* Beside the findings of a campaign, and once. */
START_TEST(what_is_made_small_is_no_finding)
{
    ck_assert_int_eq(program_shell("mkdir -p $D/c/main/crashes $D/c/main/hangs"), 0);
    const char        *files[] = { write_input("c/main/crashes/id:0", CRASHES),
                                   write_input("c/main/hangs/id:0", CRASHES "WAIT (3)\n") };
    struct replay_wish wish    = {
           .player = dies_of_calls, .files = files, .file_count = 2, .minimize = true, .run = { .target = "reference" }
    };

    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    assert_says("written: ");
    ck_assert_int_eq(program_shell("cd $D/c/main && find * -type f | sort"), 0);
    ck_assert_str_eq(program_output, "crashes/id:0\nhangs/id:0\nminimized/crashes-id:0.min\nminimized/hangs-id:0.min\n");
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    assert_says("nothing new: ");
    ck_assert_ptr_null(strstr(program_output, "written"));
    ck_assert_int_eq(program_shell("ls $D/c/main/minimized | wc -l"), 0);
    ck_assert_str_eq(program_output, "2\n");
    /* What is as small as it gets gives no second one. */
    files[0]        = write_input("small", "APP (CLOSE)\n");
    wish.file_count = 1;
    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    assert_says("nothing new: ");
    ck_assert_int_eq(program_shell("test ! -e $D/small.min"), 0);
}
END_TEST

static bool dies_of_xy(struct stage *stage, const struct replay_file *file, const struct stage_watch *watch,
                       struct finding *finding)
{
    if (memmem(file->octets, file->count, "xy", 2) != NULL)
        abort();
    return replay_on_stage(stage, file, watch, finding);
}

/* What is no ladder gets smaller by its octets. */
START_TEST(frames_are_made_small_too)
{
    ck_assert_int_eq(program_shell("mkdir -p $D/frame-0123456789ab/main/crashes"), 0);
    const char *files[]     = { write_input("frame-0123456789ab/main/crashes/id:0", "0123456789abcdefxyghijklmnopqrstuvwxyz") };
    struct replay_wish wish = {
        .player = dies_of_xy, .files = files, .file_count = 1, .minimize = true, .run = { .target = "reference" }
    };

    ck_assert_int_eq(play_wish(&wish), STATUS_VIOLATION);
    assert_says("/minimized/crashes-id:0.min, 2 octets\n");
    ck_assert_int_eq(program_shell("cat $D/frame-0123456789ab/main/minimized/*"), 0);
    ck_assert_str_eq(program_output, "xy");
}
END_TEST

START_TEST(a_kernel_says_what_it_cannot_play)
{
    int status = program_shell("printf 'ON (2)\nPEER (SYN)\nPEER (ACK)\nICMP (PROTOCOL_UNREACHABLE)\nPEER (RST)\n' >$D/x;"
                               " $T replay $D/x linux --ipv6");

    if (status == 3) {
        printf("replay: skipped: %s", program_output);
        return;
    }
    ck_assert_msg(status == 5, "exit %d\n%s", status, program_output);
    assert_says("it ended early, at step 4, ICMP (PROTOCOL_UNREACHABLE), which cannot be played there: this ICMP message");
    /* No case: a segment may be larger than the window, and more than a packet holds; a call may come at any time. */
    status = program_shell("printf 'PEER (SYN)\nPEER (ACK)\nPEER (ACK, .seq = RCV_NXT + 70000, .len = 100)\n"
                           "PEER (ACK, .len = RCV_NXT)\nAPP (CLOSE_BOTH)\nAPP (CLOSE)\nPEER (FIN|ACK, .ack = SND_NXT)\n' >$D/x;"
                           " $T replay $D/x linux");
    ck_assert_msg(status == 0, "exit %d\n%s", status, program_output);
    assert_says("   cut: the link carries 1460 octets of it\n");
    assert_says("   refused: the user call failed: ");
    assert_says("\n1 user call was refused, as the ladder says\n");
}
END_TEST

/* Another connection between the same sockets has an application of its own. */
START_TEST(calls_are_made_on_the_latest_connection)
{
    int status = program_shell("printf 'PEER (SYN)\nPEER (ACK)\nAPP (CLOSE)\nPEER (RST)\nPEER (SYN, .seq = SEG_SEQ + 100000)\n"
                               "PEER (ACK)\nAPP (CLOSE)\n' >$D/x; $T replay $D/x linux");

    if (status == 3) {
        printf("replay: skipped: %s", program_output);
        return;
    }
    ck_assert_msg(status == 0, "exit %d\n%s", status, program_output);
    ck_assert_ptr_null(strstr(program_output, "refused"));
    ck_assert_int_eq(program_shell("$T replay $D/x linux | grep -c '<-- FIN|ACK'"), 0);
    ck_assert_str_eq(program_output, "2\n");
}
END_TEST

SUITE(replay)
{
    Suite *suite = suite_create("replay");
    TCase *tests = tcase_create("replay");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, program_make_folder, program_drop_folder);
    tcase_add_loop_test(tests, says_what_it_does, 0, (int)(sizeof calls / sizeof *calls));
    tcase_add_loop_test(tests, inputs_of_other_targets, 0, (int)(sizeof others / sizeof *others));
    tcase_add_test(tests, a_campaigns_folder_is_taken_as_it_is);
    tcase_add_test(tests, a_case_made_of_an_input_is_one);
    tcase_add_test(tests, a_case_has_an_end);
    tcase_add_loop_test(tests, an_answer_is_a_rung, 0, (int)(sizeof entries / sizeof *entries));
    tcase_add_test(tests, a_kernel_plays_it_too);
    tcase_add_loop_test(tests, a_death_is_a_finding, 0, (int)(sizeof deaths / sizeof *deaths));
    tcase_add_test(tests, a_folder_goes_on_after_a_death);
    tcase_add_test(tests, what_dies_is_made_small_a_case_and_a_capture);
    tcase_add_test(tests, reports_of_tries_are_not_told);
    tcase_add_test(tests, what_is_made_small_is_no_finding);
    tcase_add_test(tests, frames_are_made_small_too);
    tcase_add_test(tests, a_kernel_says_what_it_cannot_play);
    tcase_add_test(tests, calls_are_made_on_the_latest_connection);
    suite_add_tcase(suite, tests);
    return suite;
}
