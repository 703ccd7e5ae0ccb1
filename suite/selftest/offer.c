/* offer.c: what windows let the other end send. Numbers begin below the wrap, so that each comparison crosses it. */
#include "offer.h"

#include "selftest.h"
#include "words.h"

#define SEQ   0xfffffff0u
#define ACKED 0xffffff00u

static struct segment ack_of(uint32_t seq, uint32_t ack)
{
    return (struct segment){ .seq = seq, .ack = ack, .flags = ACK };
}

static void take(struct offer *offer, uint32_t seq, uint32_t ack, uint32_t window)
{
    struct segment segment = ack_of(seq, ack);

    offer_moves(offer, &segment, window);
}

static void doubt(struct offer *offer, uint32_t seq, uint32_t ack, uint32_t window)
{
    struct segment segment = ack_of(seq, ack);

    offer_may_move(offer, &segment, window);
}

static void assert_edge(const struct offer *offer, uint32_t edge)
{
    ck_assert(offer_reaches(offer, edge));
    ck_assert(!offer_reaches(offer, edge + 1));
}

/* The window of an older segment does not count, and the one that does slides on with what it acknowledges. */
START_TEST(a_window_slides_past_what_was_offered)
{
    struct offer offer = { 0 };

    ck_assert(!offer_reaches(&offer, ACKED));
    ck_assert(!offer_is_closed(&offer));
    take(&offer, SEQ + 100, ACKED, 500);
    assert_edge(&offer, ACKED + 500u);
    take(&offer, SEQ, ACKED + 400u, 1);
    assert_edge(&offer, ACKED + 900u);
    take(&offer, SEQ + 101u, ACKED + 400u, 0);
    ck_assert(offer_is_closed(&offer));
    assert_edge(&offer, ACKED + 900u); /* what was offered once stays */
    take(&offer, SEQ + 101u, ACKED + 399u, 5000);
    ck_assert(offer_is_closed(&offer)); /* the same SEQ, and an older ACK */
    take(&offer, SEQ + 101u, ACKED + 400u, 5000);
    assert_edge(&offer, ACKED + 5400u);
}
END_TEST

START_TEST(what_may_have_been_taken_counts_both_ways)
{
    struct offer offer = { 0 };

    doubt(&offer, SEQ, ACKED, 10);
    assert_edge(&offer, ACKED + 10u);
    take(&offer, SEQ, ACKED, 300);
    doubt(&offer, SEQ + 1u, ACKED + 100u, 1); /* 100+1 if it was, 0+300 if not, 100+300 by an ACK alone */
    assert_edge(&offer, ACKED + 400u);
    doubt(&offer, SEQ + 1u, ACKED - 100u, 700);
    assert_edge(&offer, ACKED + 700u);
    take(&offer, SEQ, ACKED, 0);
    ck_assert(offer_is_closed(&offer)); /* SND.WL1 did not move */
}
END_TEST

/* The ACK before it was dropped, so it was not old, and its window is the one that slides, until a newer one is taken. */
START_TEST(a_late_ack_may_have_been_taken)
{
    struct offer   offer = { 0 };
    struct segment late  = ack_of(SEQ + 4, ACKED);

    take(&offer, SEQ, ACKED + 1u, 8);
    offer_may_move_late(&offer, &late, 8);
    assert_edge(&offer, ACKED + 9u);
    take(&offer, SEQ + 1u, ACKED + 8u, 2);
    assert_edge(&offer, ACKED + 16u);
    take(&offer, SEQ + 4u, ACKED + 16u, 3);
    assert_edge(&offer, ACKED + 19u);
}
END_TEST

/* What came first may have been taken, and an older segment that may have been too lets its window slide on. */
START_TEST(a_doubtful_window_slides_with_a_doubtful_ack)
{
    struct offer   offer = { 0 };
    struct segment late  = ack_of(SEQ + 1u, ACKED + 20u);

    doubt(&offer, SEQ + 4u, ACKED, 200);
    doubt(&offer, SEQ, ACKED + 10u, 1);
    assert_edge(&offer, ACKED + 210u);
    offer_may_move_late(&offer, &late, 1);
    assert_edge(&offer, ACKED + 220u);
    doubt(&offer, SEQ + 5u, ACKED + 100u, 1); /* newer: where it was taken, its own window stands */
    assert_edge(&offer, ACKED + 220u);
}
END_TEST

/* The same SEQ and an older ACK: a window is not replaced by it, whether that was taken or may have been. */
START_TEST(of_the_same_seq_the_older_ack_replaces_nothing)
{
    struct offer offer = { 0 };

    doubt(&offer, SEQ, ACKED + 2u, 100);
    take(&offer, SEQ, ACKED + 1u, 10);
    assert_edge(&offer, ACKED + 102u);
    take(&offer, SEQ - 1u, ACKED + 50u, 10);
    assert_edge(&offer, ACKED + 150u);
    take(&offer, SEQ, ACKED + 50u, 10);
    take(&offer, SEQ - 1u, ACKED + 130u, 10);
    assert_edge(&offer, ACKED + 150u);
}
END_TEST

START_TEST(a_rst_and_what_has_no_ack_offer_nothing)
{
    static const uint8_t flags[] = { 0, SYN, RST, RST | ACK };
    struct offer         offer   = { 0 };

    for (size_t i = 0; i < sizeof flags; i++) {
        struct segment segment = ack_of(SEQ, ACKED);

        segment.flags = flags[i];
        offer_moves(&offer, &segment, 1000);
        offer_may_move(&offer, &segment, 1000);
        ck_assert(!offer_reaches(&offer, ACKED));
    }
}
END_TEST

SUITE(offer)
{
    Suite *suite = suite_create("offer");
    TCase *tests = tcase_create("offer");

    tcase_add_test(tests, a_window_slides_past_what_was_offered);
    tcase_add_test(tests, what_may_have_been_taken_counts_both_ways);
    tcase_add_test(tests, a_late_ack_may_have_been_taken);
    tcase_add_test(tests, a_doubtful_window_slides_with_a_doubtful_ack);
    tcase_add_test(tests, of_the_same_seq_the_older_ack_replaces_nothing);
    tcase_add_test(tests, a_rst_and_what_has_no_ack_offer_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}
