/* sent.c: octets that are sent again are held against those of the first time. */
#include "sent.h"

#include "selftest.h"

static enum sent_again take(struct sent *sent, size_t at, const char *octets)
{
    return sent_takes(sent, at, (const uint8_t *)octets, strlen(octets));
}

START_TEST(what_is_sent_again_is_compared)
{
    struct sent sent = { 0 };

    ck_assert_int_eq(take(&sent, 0, "abcd"), SENT_FIRST);
    ck_assert_int_eq(take(&sent, 0, "abcd"), SENT_SAME);
    ck_assert_int_eq(take(&sent, 2, "cdef"), SENT_SAME);
    ck_assert_int_eq(take(&sent, 4, "eF"), SENT_OTHER);
    ck_assert_int_eq(take(&sent, 4, "ef"), SENT_SAME); /* what came first stays */
    sent_release(&sent);
}
END_TEST

/* One that is the same in part, behind a gap: the octets between were never sent. */
START_TEST(a_gap_holds_nothing)
{
    struct sent sent = { 0 };

    ck_assert_int_eq(take(&sent, 10000, "xyz"), SENT_FIRST);
    ck_assert_int_eq(take(&sent, 9000, "gap"), SENT_FIRST);
    ck_assert_int_eq(take(&sent, 9998, "ab"), SENT_FIRST);
    ck_assert_int_eq(take(&sent, 9998, "abX"), SENT_OTHER);
    sent_release(&sent);
}
END_TEST

/* The memory is used again, and nothing of what stood in it. */
START_TEST(what_is_forgotten_was_never_sent)
{
    struct sent sent = { 0 };

    ck_assert_int_eq(take(&sent, 5000, "before"), SENT_FIRST);
    ck_assert_int_eq(take(&sent, 3, "before"), SENT_FIRST);
    size_t room = sent.room;

    sent_forget(&sent);
    ck_assert_int_eq(take(&sent, 5000, "behind"), SENT_FIRST);
    ck_assert_int_eq(take(&sent, 3, "behind"), SENT_FIRST);
    ck_assert_int_eq(take(&sent, 3, "behind"), SENT_SAME);
    ck_assert_uint_eq(sent.room, room);
    sent_release(&sent);
}
END_TEST

START_TEST(what_lies_too_far_is_not_kept)
{
    struct sent sent = { 0 };

    ck_assert_int_eq(take(&sent, SENT_MOST_OCTETS - 2, "ab"), SENT_FIRST);
    ck_assert_int_eq(take(&sent, SENT_MOST_OCTETS - 2, "aX"), SENT_OTHER);
    ck_assert_int_eq(take(&sent, SENT_MOST_OCTETS - 1, "bc"), SENT_FIRST);
    ck_assert_int_eq(take(&sent, SENT_MOST_OCTETS - 1, "Xc"), SENT_FIRST);
    ck_assert_int_eq(take(&sent, UINT32_MAX, "a"), SENT_FIRST);
    sent_release(&sent);
}
END_TEST

SUITE(sent)
{
    Suite *suite = suite_create("sent");
    TCase *tests = tcase_create("sent");

    tcase_add_test(tests, what_is_sent_again_is_compared);
    tcase_add_test(tests, a_gap_holds_nothing);
    tcase_add_test(tests, what_is_forgotten_was_never_sent);
    tcase_add_test(tests, what_lies_too_far_is_not_kept);
    suite_add_tcase(suite, tests);
    return suite;
}
