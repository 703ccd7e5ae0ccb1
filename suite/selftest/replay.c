/* replay.c: the verbs `replay` and `seeds` as a user calls them: a fuzz input read, played, shortened, turned into a case. */
#include <stdio.h>
#include <string.h>

#include "program_rig.h"
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
    { "mkdir $D/empty; $T replay $D/empty", 2, "no fuzz input is in that folder" },
    { "printf '\\001\\002\\003' >$D/few; $T replay $D/few", 2, "holds no step" },
    { "head -c 100000 /dev/zero >$D/long; $T replay $D/long", 2, "is longer than" },
    { "printf 'PEER (SYN)\\nIUT (ACK)\\n' >$D/iut; $T replay $D/iut", 2, "step 2 of a fuzz input cannot be: IUT" },
    { "$T replay " CORPUS "syn-again-after-abort.ladder", 0, "no oracle spoke: 8 steps" },
    { "$T replay " CORPUS "syn-again-after-abort.ladder", 0, "--> SYN SEQ=IRS WND=65535 <MSS 1460>" },
    { "$T replay " CORPUS, 0, "0 findings" },
    { "$T replay --oracles luck " CORPUS, 2, "is no oracle" },
    { "$T replay --oracles", 2, "takes names of oracles" },
    { "$T replay " CORPUS "syn-again-after-abort.ladder --pcap $D/x.pcapng && test -s $D/x.pcapng", 0, "" },
    { "$T replay " CORPUS "syn-again-after-abort.ladder lunix", 2, "did you mean linux?" },
    { "$T replay -v " CORPUS "syn-again-after-abort.ladder | grep -q 'work [1-9][0-9]* of [1-9]' && echo it is told", 0,
      "it is told" },
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

START_TEST(says_what_it_does)
{
    int status = program_shell(calls[_i].line);

    ck_assert_msg(status == calls[_i].status, "%s: exit %d\n%s", calls[_i].line, status, program_output);
    ck_assert_msg(strstr(program_output, calls[_i].says) != NULL, "%s does not say \"%s\":\n%s", calls[_i].line, calls[_i].says,
                  program_output);
}
END_TEST

/* A crash file is a case in two commands: the second one is the compiler's. */
START_TEST(a_case_made_of_an_input_compiles)
{
    static const char *const line =
        "for f in " CORPUS "*.ladder; do"
        "  { echo '#include \"ladder.h\"'; echo 'static const struct ladder_case cases[] = {';"
        "    $T replay $f --as-case; echo '};'; echo 'GROUP (made, \"Made\", cases);'; } >$D/made.c;"
        "  cc -std=c17 -Wall -Wextra -Werror -Iharness -c -o $D/made.o $D/made.c || exit 9; done";

    ck_assert_msg(program_shell(line) == 0, "%s", program_output);
    ck_assert_int_eq(program_shell("$T replay " CORPUS "far-beyond-the-window.ladder --as-case"), 0);
    ck_assert_ptr_nonnull(strstr(program_output, "IUT (SYN|ACK)"));
    ck_assert_ptr_nonnull(strstr(program_output, "to be confirmed"));
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
}
END_TEST

SUITE(replay)
{
    Suite *suite = suite_create("replay");
    TCase *tests = tcase_create("replay");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, program_make_folder, program_drop_folder);
    tcase_add_loop_test(tests, says_what_it_does, 0, (int)(sizeof calls / sizeof *calls));
    tcase_add_test(tests, a_case_made_of_an_input_compiles);
    tcase_add_test(tests, a_kernel_plays_it_too);
    suite_add_tcase(suite, tests);
    return suite;
}
