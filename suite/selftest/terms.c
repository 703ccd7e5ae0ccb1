/* terms.c: what is packed into a term comes out again, and two bases do not pass. */
#include "terms.h"

#include "selftest.h"

START_TEST(takes_apart_what_was_packed)
{
    struct term_parts parts = term_take_apart(AT_MOST(RCV_NXT + 2 * RCV_WND - 3 * RMSS + SMSS - 7));

    ck_assert_int_eq(parts.base, BASE_RCV_NXT);
    ck_assert_int_eq(parts.bound, BOUND_AT_MOST);
    ck_assert_int_eq(parts.lengths[LENGTH_RCV_WND], 2);
    ck_assert_int_eq(parts.lengths[LENGTH_RMSS], -3);
    ck_assert_int_eq(parts.lengths[LENGTH_SMSS], 1);
    ck_assert_int_eq(parts.lengths[LENGTH_SND_WND], 0);
    ck_assert_int_eq((int)parts.offset, -7);
}
END_TEST

START_TEST(every_base_with_every_sign)
{
    static const term    bases[]   = { ZERO,    RCV_NXT,   SND_UNA,  SND_NXT, ISS,         IRS,    SEG_SEQ, SEG_ACK,
                                       SEG_END, TS_RECENT, TS_FIRST, TS_LAST, DEFAULT_MSS, ABSENT, ANY };
    static const int64_t offsets[] = { 0, 1, -1, 65535, 0xffffffff, -0xffffffffll };

    for (int base = 0; base < BASES; base++) {
        for (unsigned i = 0; i < sizeof offsets / sizeof *offsets; i++) {
            for (int count = -16; count <= 15; count++) {
                struct term_parts parts = term_take_apart(AT_LEAST(bases[base] + offsets[i] + count * SND_WND));

                ck_assert_int_eq(parts.base, base);
                ck_assert_int_eq(parts.offset, offsets[i]);
                ck_assert_int_eq(parts.lengths[LENGTH_SND_WND], count);
                ck_assert_int_eq(parts.bound, BOUND_AT_LEAST);
            }
        }
    }
}
END_TEST

START_TEST(plain_numbers_have_no_base)
{
    struct term_parts parts = term_take_apart(100);

    ck_assert_int_eq(parts.base, BASE_NONE);
    ck_assert_int_eq(parts.offset, 100);
    ck_assert(!term_is(0, BASE_ABSOLUTE));
    ck_assert(term_is(ZERO, BASE_ABSOLUTE));
}
END_TEST

START_TEST(two_bases_are_broken)
{
    ck_assert_int_eq(term_take_apart(RCV_NXT + SND_NXT).base, BASE_BROKEN);
    ck_assert_int_eq(term_take_apart(RCV_NXT - SND_UNA).base, BASE_BROKEN);
    ck_assert_int_eq(term_take_apart(ZERO + ISS + 5).base, BASE_BROKEN);
}
END_TEST

SUITE(terms)
{
    Suite *suite = suite_create("terms");
    TCase *tests = tcase_create("packing");

    tcase_add_test(tests, takes_apart_what_was_packed);
    tcase_add_test(tests, every_base_with_every_sign);
    tcase_add_test(tests, plain_numbers_have_no_base);
    tcase_add_test(tests, two_bases_are_broken);
    suite_add_tcase(suite, tests);
    return suite;
}
