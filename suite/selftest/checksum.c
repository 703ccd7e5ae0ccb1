#include "checksum.h"

#include "selftest.h"

/* RFC 1071 section 3. */
START_TEST(sums_the_example_of_the_rfc)
{
    static const uint8_t octets[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

    ck_assert_uint_eq(checksum_fold(checksum_add(0, octets, sizeof octets)), 0xddf2);
}
END_TEST

START_TEST(pads_an_odd_octet_with_zero)
{
    static const uint8_t odd[] = { 0x12, 0x34, 0x56 }, even[] = { 0x12, 0x34, 0x56, 0x00 };

    ck_assert_uint_eq(checksum_fold(checksum_add(0, odd, 3)), checksum_fold(checksum_add(0, even, 4)));
    ck_assert_uint_eq(checksum_fold(checksum_add(0, odd, 1)), 0x1200);
    ck_assert_uint_eq(checksum_fold(checksum_add(0, odd, 0)), 0);
}
END_TEST

START_TEST(adds_pieces_like_the_whole)
{
    uint8_t octets[64];

    for (unsigned i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 37 + 201);
    uint16_t whole = checksum_fold(checksum_add(0, octets, sizeof octets - 1));

    for (size_t cut = 0; cut < sizeof octets - 1; cut += 2)
        ck_assert_uint_eq(checksum_fold(checksum_add(checksum_add(0, octets, cut), octets + cut, sizeof octets - 1 - cut)),
                          whole);
}
END_TEST

START_TEST(carries_until_nothing_is_carried)
{
    ck_assert_uint_eq(checksum_fold(0xffff), 0xffff);
    ck_assert_uint_eq(checksum_fold(0x1ffff), 1);
    ck_assert_uint_eq(checksum_fold(UINT64_MAX), 0xffff);
}
END_TEST

START_TEST(sums_a_pseudo_header)
{
    static const uint8_t source[4] = { 192, 0, 2, 1 }, destination[4] = { 192, 0, 2, 2 };
    static const uint8_t written[] = { 192, 0, 2, 1, 192, 0, 2, 2, 0, 6, 0x12, 0x34 };

    ck_assert_uint_eq(checksum_fold(checksum_pseudo(source, destination, 4, 6, 0x1234)),
                      checksum_fold(checksum_add(0, written, sizeof written)));
}
END_TEST

SUITE(checksum)
{
    Suite *suite = suite_create("checksum");
    TCase *tests = tcase_create("checksum");

    tcase_add_test(tests, sums_the_example_of_the_rfc);
    tcase_add_test(tests, pads_an_odd_octet_with_zero);
    tcase_add_test(tests, adds_pieces_like_the_whole);
    tcase_add_test(tests, carries_until_nothing_is_carried);
    tcase_add_test(tests, sums_a_pseudo_header);
    suite_add_tcase(suite, tests);
    return suite;
}
