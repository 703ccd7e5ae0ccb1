/* lint.c: each fault that the lint names, shown by a table that has it and no other, and a table without fault. */
#include "lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "selftest.h"

/* clang-format off */
#define BAD(slug, reqs, ...) { CASE ("bad/" slug, slug), reqs, LADDER (__VA_ARGS__) }
#define GOOD_REQS            REQS ("RFC9293-MUST-3")

static const struct {
    const char        *sentence; /* a part of what the lint says */
    struct ladder_case ladder;
} bad[] = {
    { "names no requirement",              BAD ("a", .reqs = NULL, ENTER (ESTABLISHED), ALIVE) },
    { "unknown requirement RFC9293-X",     BAD ("b", REQS ("RFC9293-X"), ENTER (ESTABLISHED), ALIVE) },
    { "way of ONE_OF names the unknown",   BAD ("c", GOOD_REQS, ENTER (ESTABLISHED), ONE_OF (BY ("RFC0-1", ALIVE))) },
    { ".rule names the unknown",           BAD ("d", GOOD_REQS, ENTER (ESTABLISHED), PEER (ACK, .seq = RCV_NXT - 9, .len = 1),
                                                IUT (ACK, .rule = "RFC0-2")) },
    { "MAYBE names the unknown",           BAD ("e", GOOD_REQS, ENTER (ESTABLISHED), MAYBE ("RFC0-3", IUT (ACK)), ALIVE) },
    { ".seq adds two bases",               BAD ("f", GOOD_REQS, ENTER (ESTABLISHED), PEER (RST, .seq = RCV_NXT + SND_NXT), ALIVE) },
    { ".ack adds two bases",               BAD ("g", GOOD_REQS, ENTER (ESTABLISHED), PEER (ACK, .ack = SND_NXT - ISS), ALIVE) },
    { "is counted with RCV_WND",           BAD ("h", GOOD_REQS, ENTER (ESTABLISHED), PEER (ACK, .seq = RCV_NXT + 60000, .len = 1),
                                                IUT (ACK), ALIVE) },
    { "SILENCE without a positive",        BAD ("i", GOOD_REQS, ENTER (ESTABLISHED), ALIVE, PEER (RST, .seq = RCV_NXT - 9), SILENCE (100)) },
    { "SILENCE (PROVEN) is proven by",     BAD ("j", GOOD_REQS, ENTER (ESTABLISHED), SILENCE (PROVEN), PEER (ACK), ALIVE) },
    { "SILENCE (PROVEN) is proven by",     BAD ("k", GOOD_REQS, ENTER (ESTABLISHED), ALIVE, SILENCE (PROVEN)) },
    { "last rung proves nothing",          BAD ("l", GOOD_REQS, ENTER (ESTABLISHED), ALIVE, PEER (ACK)) },
    { "a bare-ACK IUT for data",           BAD ("m", GOOD_REQS, ENTER (ESTABLISHED), PEER (ACK, .len = 10), IUT (ACK, .ack = RCV_NXT + 10)) },
    { "DOUBLED without a MEASURED",        BAD ("n", GOOD_REQS, ENTER (ESTABLISHED), IUT (ACK, .after = DOUBLED)) },
    { "mute or only sends SYN,ACKs",       BAD ("o", GOOD_REQS, ENTER (LISTEN), PEER (SYN), IUT (SYN|ACK)) },
    { "mute or only sends SYN,ACKs",       BAD ("p", GOOD_REQS, ENTER (ESTABLISHED), SILENCE (100), ONE_OF (
                                                BY ("RFC9293-MUST-3", IUT (SYN|ACK)), BY ("RFC9293-MUST-3", IUT (ACK)))) },
    { "its ladder has no rung",            { CASE ("bad/q", "q"), GOOD_REQS } },
    { "does not begin with its group",     { CASE ("other/r", "r"), GOOD_REQS, LADDER (ENTER (ESTABLISHED), ALIVE) } },
};

static const struct ladder_case good[] = {
    { CASE ("good/a", "a"), GOOD_REQS, LADDER (ENTER (ESTABLISHED), PEER (ACK, .seq = RCV_NXT + RCV_WND, .len = 1), IUT (ACK), ALIVE) },
    { CASE ("good/b", "b"), REQS ("RFC9293-3.10.7.4-*-seq"), STATES (ESTABLISHED, LAST_ACK),
      LADDER (ENTER (EACH), SILENCE (PROVEN), ALIVE) },
    { CASE ("good/c", "c"), GOOD_REQS, LADDER (ENTER (ESTABLISHED), APP (SEND, .octets = 10), IUT_SENDS (10, .held = YES),
      IUT (ACK, .seq = SND_UNA, .len = 10, .after = MEASURED), IUT (ACK, .seq = SND_UNA, .len = 10, .after = DOUBLED)) },
};
/* clang-format on */

struct heard {
    size_t count;
    char   sentences[8][320];
};

static void hear(void *context, const char *id, const char *sentence)
{
    struct heard *heard = context;

    ck_assert_str_ne(id, "");
    if (heard->count < 8)
        snprintf(heard->sentences[heard->count], sizeof *heard->sentences, "%s", sentence);
    heard->count++;
}

START_TEST(refuses_each_fault)
{
    struct heard                     heard    = { 0 };
    const struct ladder_group        group    = { "bad", "Bad tables", &bad[_i].ladder, 1 };
    const struct ladder_group *const groups[] = { &group, NULL };

    size_t faults = lint_groups(groups, hear, &heard);

    ck_assert_uint_eq(faults, heard.count);
    ck_assert_msg(heard.count == 1, "%s: %zu faults, first \"%s\"", bad[_i].ladder.id, heard.count, heard.sentences[0]);
    ck_assert_msg(strstr(heard.sentences[0], bad[_i].sentence) != NULL, "\"%s\" does not say \"%s\"", heard.sentences[0],
                  bad[_i].sentence);
}
END_TEST

START_TEST(passes_what_is_right)
{
    struct heard                     heard    = { 0 };
    const struct ladder_group        group    = { "good", "Good tables", good, sizeof good / sizeof *good };
    const struct ladder_group *const groups[] = { &group, NULL };

    ck_assert_msg(lint_groups(groups, hear, &heard) == 0, "%s", heard.sentences[0]);
}
END_TEST

START_TEST(refuses_an_id_twice)
{
    struct heard                     heard    = { 0 };
    const struct ladder_case         twice[]  = { good[0], good[0] };
    const struct ladder_group        group    = { "good", "The same twice", twice, 2 };
    const struct ladder_group *const groups[] = { &group, NULL };

    ck_assert_uint_eq(lint_groups(groups, hear, &heard), 1);
    ck_assert_ptr_nonnull(strstr(heard.sentences[0], "taken already"));
}
END_TEST

START_TEST(catalog_is_clean)
{
    struct heard heard = { 0 };

    ck_assert_msg(lint_groups(catalog_groups, hear, &heard) == 0, "%s", heard.sentences[0]);
}
END_TEST

static size_t lint_lines(const char *lines, struct heard *heard)
{
    char path[] = "/tmp/tcprove-lint-XXXXXX";
    int  fd     = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)write(fd, lines, strlen(lines)), (int)strlen(lines));
    close(fd);
    size_t faults = lint_text(path, hear, heard);

    unlink(path);
    return faults;
}

START_TEST(finds_a_literal_zero)
{
    struct heard heard = { 0 };

    ck_assert_uint_eq(lint_lines("PEER (ACK, .wnd = 0),\nPEER (ACK, .len = 10, .up = 0, .seq = 0)\n", &heard), 3);
    ck_assert_ptr_nonnull(strstr(heard.sentences[0], "line 1: .wnd = 0"));
    ck_assert_ptr_nonnull(strstr(heard.sentences[2], "line 2: .seq = 0"));
}
END_TEST

START_TEST(lets_other_zeros_be)
{
    struct heard heard = { 0 };

    ck_assert_uint_eq(lint_lines("PEER (ACK, .wnd = ZERO, .irs = 0x10, .len = 05)\n.apart_ms = 0\n", &heard), 0);
}
END_TEST

START_TEST(tells_of_a_file_it_cannot_read)
{
    struct heard heard = { 0 };

    ck_assert_uint_eq(lint_text("/nowhere/at-all.c", hear, &heard), 1);
}
END_TEST

SUITE(lint)
{
    Suite *suite = suite_create("lint");
    TCase *tests = tcase_create("tables");

    tcase_add_loop_test(tests, refuses_each_fault, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tests, passes_what_is_right);
    tcase_add_test(tests, refuses_an_id_twice);
    tcase_add_test(tests, catalog_is_clean);
    tcase_add_test(tests, finds_a_literal_zero);
    tcase_add_test(tests, lets_other_zeros_be);
    tcase_add_test(tests, tells_of_a_file_it_cannot_read);
    suite_add_tcase(suite, tests);
    return suite;
}
