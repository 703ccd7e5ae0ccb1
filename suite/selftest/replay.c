/* replay.c: the verbs `replay` and `seeds` as a user calls them: a fuzz input read, played, on a kernel too. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "replay_rig.h"
#include "selftest.h"

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
    { "$T replay --oracles '' " OLD, 2, "\"\" is no oracle" },
    /* As other systems write text. */
    { "printf '\\357\\273\\277PEER (SYN)\\r\\nPEER (ACK)\\r\\n' >$D/x; $T replay $D/x", 0, "no oracle spoke: 2 steps" },
    { "printf 'PEER (SYN)\\nPEER (ACK)\\0\\nPEER (ACK)\\n' >$D/x; $T replay $D/x", 2,
      "/x is text, and no ladder: octet 22 of it is 0" },
    { "mkfifo $D/fifo; $T replay $D/fifo", 2, "/fifo is neither a file nor a folder" },
    { "ln -s loop $D/loop; $T replay $D/loop", 2, "/loop cannot be read: Too many levels" },
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

/* What lies in a folder that cannot be looked into may be a finding. */
START_TEST(a_closed_folder_is_told_of)
{
    if (geteuid() != 0) {
        printf("replay: skipped: only root can become somebody who may not look\n");
        return;
    }
    int status = program_shell("cp $T $D/t && mkdir -p $D/c/main/queue $D/c/main/crashes && cp " OLD " $D/c/main/queue/id:0 &&"
                               " chmod 755 $D $D/c $D/c/main $D/c/main/queue && chmod 700 $D/c/main/crashes &&"
                               " setpriv --reuid=65534 --regid=65534 --clear-groups $D/t replay $D/c");

    ck_assert_msg(status == 2, "exit %d\n%s", status, program_output);
    program_says("/c/main/crashes cannot be read, and findings may be in it");
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
    status = program_shell("printf 'PEER (SYN)\\nON (3)\\nPEER (SYN)\\nPEER (ACK)\\n' >$D/x; $T replay $D/x linux");
    ck_assert_int_eq(status, 0);
    program_says("2 steps are for IPv6 and were left out\n");
    ck_assert_int_eq(program_shell("$T replay " CORPUS "mss-of-a-syn-that-was-refused.ladder linux --ipv6"), 0);
    program_says("\nno rule was broken\n");
    status = program_shell("$T replay " CORPUS "syn-again-after-abort.ladder linux --pcap $D/l.pcapng >$D/said && test -s"
                           " $D/l.pcapng && $T replay " CORPUS "syn-again-after-abort.ladder linux --pcap $D/no/l.pcapng");
    ck_assert_msg(status == 5 && strstr(program_output, "/no/l.pcapng was not written") != NULL, "exit %d\n%s", status,
                  program_output);
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
    program_says("it ended early, at step 4, ICMP (PROTOCOL_UNREACHABLE), which cannot be played there: this ICMP message");
    /* Nothing of it is over the family that is played. */
    status = program_shell("printf 'ON (3)\\nPEER (SYN)\\nPEER (ACK)\\n' >$D/x; $T replay $D/x linux");
    ck_assert_msg(status == 2, "exit %d\n%s", status, program_output);
    program_says("/x are over IPv6: --ipv6, or a target with such an address, plays them\n");
    /* Of many inputs, those that can be. */
    status = program_shell("mkdir $D/many; cp $D/x $D/many/six; printf 'PEER (SYN)\\n' >$D/many/syn;"
                           " printf 'PEER (SYN)\\nWAIT (76000)\\n' >$D/many/slow; $T replay $D/many linux");
    ck_assert_msg(status == 0, "exit %d\n%s", status, program_output);
    program_says("/many/six\nall its steps are over IPv6, and it was not played\n");
    program_says("/many/slow\nit waits 76 s, longer than --profile standard allows, and was not played\n");
    program_says("/many/syn\n   ENTER (LISTEN)\n");
    /* No case: a segment may be larger than the window, and more than a packet holds; a call may come at any time. */
    status = program_shell("printf 'PEER (SYN)\nPEER (ACK)\nPEER (ACK, .seq = RCV_NXT + 70000, .len = 100)\n"
                           "PEER (ACK, .len = RCV_NXT)\nAPP (CLOSE_BOTH)\nAPP (CLOSE)\nPEER (FIN|ACK, .ack = SND_NXT)\n' >$D/x;"
                           " $T replay $D/x linux");
    ck_assert_msg(status == 0, "exit %d\n%s", status, program_output);
    program_says("   cut: the link carries 1460 octets of it\n");
    program_says("   refused: the user call failed: ");
    program_says("\n1 user call was refused, as the ladder says\n");
}
END_TEST

/* Another connection between the same sockets has an application of its own, whether or not the one before it was called on. */
static const char *const successors[] = {
    "PEER (SYN)\\nPEER (ACK)\\nAPP (CLOSE)\\nPEER (RST)\\nPEER (SYN, .seq = SEG_SEQ + 100000)\\nPEER (ACK)\\nAPP (CLOSE)\\n",
    /* The first call comes too early, and is refused. */
    "PEER (SYN)\\nPEER (ACK)\\nPEER (RST)\\nPEER (SYN, .seq = SEG_SEQ + 100000)\\nAPP (CLOSE)\\nPEER (ACK)\\nAPP (CLOSE)\\n",
};

START_TEST(calls_are_made_on_the_latest_connection)
{
    char line[400];

    snprintf(line, sizeof line, "printf '%s' >$D/x; $T replay $D/x linux", successors[_i]);
    int status = program_shell(line);

    if (status == 3) {
        printf("replay: skipped: %s", program_output);
        return;
    }
    ck_assert_msg(status == 0, "exit %d\n%s", status, program_output);
    const char *second = strstr(program_output, "ACK=SND_NXT WND=65535\n   WAIT (30)\n   APP (CLOSE)\n   WAIT (30)\n");

    ck_assert_msg(second != NULL, "%s", program_output);
    ck_assert_msg(strstr(strstr(program_output, "100000"), "<-- FIN|ACK SEQ=") != NULL, "%s", program_output);
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
    tcase_add_test(tests, a_closed_folder_is_told_of);
    tcase_add_test(tests, a_kernel_plays_it_too);
    tcase_add_test(tests, a_kernel_says_what_it_cannot_play);
    tcase_add_loop_test(tests, calls_are_made_on_the_latest_connection, 0, (int)(sizeof successors / sizeof *successors));
    suite_add_tcase(suite, tests);
    return suite;
}
