#include "bench/mutate.h"

#include "selftest.h"

enum { MUTATIONS = 100000 };

START_TEST(no_frame_breaks_the_decoder)
{
    ck_assert(mutate_decoder(MUTATIONS, 41));
}
END_TEST

START_TEST(no_text_breaks_the_parsers)
{
    ck_assert(mutate_notation(MUTATIONS, 42));
}
END_TEST

START_TEST(no_datagram_breaks_the_stub)
{
    ck_assert(mutate_agent(MUTATIONS, 43));
}
END_TEST

SUITE(mutate)
{
    Suite *suite = suite_create("mutate");
    TCase *tests = tcase_create("mutate");

    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, no_frame_breaks_the_decoder);
    tcase_add_test(tests, no_text_breaks_the_parsers);
    tcase_add_test(tests, no_datagram_breaks_the_stub);
    suite_add_tcase(suite, tests);
    return suite;
}
