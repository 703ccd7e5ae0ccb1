#include "segment.h"

#include <string.h>

#include "selftest.h"

START_TEST(counts_syn_and_fin_in_the_length)
{
    struct segment segment = { .flags = ACK, .text_octets = 10 };

    ck_assert_uint_eq(segment_length(&segment), 10);
    segment.flags = SYN | FIN | ACK;
    ck_assert_uint_eq(segment_length(&segment), 12);
    segment.flags       = RST | PSH | URG;
    segment.text_octets = 0;
    ck_assert_uint_eq(segment_length(&segment), 0);
}
END_TEST

START_TEST(compares_across_the_wrap)
{
    ck_assert(seq_before(0xffffffff, 0));
    ck_assert(!seq_before(0, 0xffffffff));
    ck_assert(seq_before(0x7fffffff, 0x80000000));
    ck_assert(!seq_before(5, 5));
    ck_assert(seq_before_eq(5, 5));
    ck_assert(seq_before_eq(0xfffffff0, 0x10));
    ck_assert(!seq_before_eq(0x10, 0xfffffff0));
}
END_TEST

START_TEST(parses_and_prints_addresses)
{
    static const char *const good[] = { "192.0.2.1", "2001:db8::1", "::1", "255.255.255.255" };
    static const char *const bad[]  = { "", "192.0.2", "192.0.2.256", "2001:db8:::1", "host", "192.0.2.1 " };
    struct ip_address        address;
    char                     text[46];

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert(ip_address_parse(good[i], &address));
        ck_assert_uint_eq(address.family, strchr(good[i], ':') != NULL ? 6 : 4);
        ip_address_print(&address, text);
        ck_assert_str_eq(text, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert(!ip_address_parse(bad[i], &address));
    ip_address_print(&(struct ip_address){ 0 }, text);
    ck_assert_str_eq(text, "none");
}
END_TEST

START_TEST(tells_addresses_apart)
{
    struct ip_address a, b;

    ip_address_parse("192.0.2.1", &a);
    ip_address_parse("192.0.2.1", &b);
    b.octets[15] = 9; /* no part of an IPv4 address */
    ck_assert(ip_address_equal(&a, &b));
    b.octets[3] = 2;
    ck_assert(!ip_address_equal(&a, &b));
    ip_address_parse("2001:db8::1", &a);
    ip_address_parse("2001:db8::2", &b);
    ck_assert(!ip_address_equal(&a, &b));
    ck_assert(ip_address_equal(&a, &a));
    a.family = 4;
    ck_assert(!ip_address_equal(&a, &b));
}
END_TEST

SUITE(segment)
{
    Suite *suite = suite_create("segment");
    TCase *tests = tcase_create("segment");

    tcase_add_test(tests, counts_syn_and_fin_in_the_length);
    tcase_add_test(tests, compares_across_the_wrap);
    tcase_add_test(tests, parses_and_prints_addresses);
    tcase_add_test(tests, tells_addresses_apart);
    suite_add_tcase(suite, tests);
    return suite;
}
