#include <stdlib.h>
#include <string.h>

#include "segment.h"
#include "selftest.h"

static struct tcp_options parse(const uint8_t *octets, size_t count)
{
    uint8_t           *exact = malloc(count + (count == 0)); /* a sanitizer sees what is read beyond it */
    struct tcp_options options;

    memcpy(exact, octets, count);
    tcp_options_parse(exact, count, &options);
    free(exact);
    return options;
}

START_TEST(builds_what_stacks_build)
{
    static const uint8_t expected[] = { 2, 4, 5, 180, 1, 1, 4, 2, 1, 1,  8, 10, 0, 0, 0, 7, 0, 0,
                                        1, 0, 1, 3,   3, 9, 1, 1, 5, 10, 0, 0,  0, 1, 0, 0, 0, 2 };
    struct tcp_options   options    = { .has_mss          = true,
                                        .mss              = 1460,
                                        .sack_permitted   = true,
                                        .has_timestamps   = true,
                                        .tsval            = 7,
                                        .tsecr            = 256,
                                        .has_window_scale = true,
                                        .window_scale     = 9,
                                        .sack_blocks      = 3, /* one fits */
                                        .sack             = { { 1, 2 }, { 3, 4 }, { 5, 6 } } };
    uint8_t              octets[TCP_OPTIONS_MAX_OCTETS];

    ck_assert_uint_eq(tcp_options_build(&options, octets), sizeof expected);
    ck_assert_mem_eq(octets, expected, sizeof expected);
    ck_assert_uint_eq(tcp_options_build(&(struct tcp_options){ 0 }, octets), 0);
}
END_TEST

START_TEST(reads_what_it_builds)
{
    struct tcp_options options = { .has_timestamps = true, .tsval = UINT32_MAX, .tsecr = 1, .sack_blocks = 4 };
    uint8_t            octets[TCP_OPTIONS_MAX_OCTETS];

    for (unsigned i = 0; i < 4; i++)
        options.sack[i] = (struct sack_block){ i * 10, i * 10 + 5 };
    size_t             count = tcp_options_build(&options, octets);
    struct tcp_options read  = parse(octets, count);

    ck_assert_uint_eq(count, 40);
    ck_assert(read.has_timestamps && !read.malformed && !read.has_mss && !read.sack_permitted && !read.has_window_scale);
    ck_assert_uint_eq(read.tsval, UINT32_MAX);
    ck_assert_uint_eq(read.sack_blocks, 3);
    ck_assert_uint_eq(read.sack[2].left, 20);
    ck_assert_uint_eq(read.sack[2].right, 25);
    options.has_timestamps = false;
    read                   = parse(octets, tcp_options_build(&options, octets));
    ck_assert_uint_eq(read.sack_blocks, 4);
}
END_TEST

START_TEST(passes_over_unknown_kinds)
{
    static const uint8_t octets[] = { 253, 4, 9, 9, 1, 254, 2, 2, 4, 1, 0, 0, 2, 4 };
    struct tcp_options   options  = parse(octets, sizeof octets);

    ck_assert_uint_eq(options.unknown, 2);
    ck_assert(options.has_mss && !options.malformed);
    ck_assert_uint_eq(options.mss, 256); /* what comes after the end of the list does not count */
}
END_TEST

static const struct {
    size_t  count;
    uint8_t octets[12];
} malformed_lists[] = {
    { 1, { 2 } },                      /* no length octet               */
    { 1, { 77 } },                     /* nor of an unknown kind        */
    { 2, { 2, 0 } },                   /* length 0                      */
    { 2, { 99, 1 } },                  /* length 1                      */
    { 3, { 2, 4, 5 } },                /* beyond the end                */
    { 4, { 2, 3, 5, 0 } },             /* wrong for MSS                 */
    { 4, { 3, 4, 5, 0 } },             /* wrong for window scale        */
    { 3, { 4, 3, 0 } },                /* wrong for SACK permitted      */
    { 2, { 5, 2 } },                   /* SACK without a block          */
    { 6, { 5, 6, 0, 0, 0, 1 } },       /* half a block                  */
    { 4, { 8, 4, 0, 0 } },             /* wrong for timestamps          */
    { 8, { 1, 1, 1, 1, 1, 1, 1, 8 } }, /* the last octet begins one     */
    { 11, { 8, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
};

START_TEST(says_that_a_list_is_malformed)
{
    struct tcp_options options = parse(malformed_lists[_i].octets, malformed_lists[_i].count);

    ck_assert(options.malformed);
    ck_assert(!options.has_mss && !options.has_window_scale && !options.has_timestamps && !options.sack_permitted);
    ck_assert_uint_eq(options.sack_blocks, 0);
}
END_TEST

START_TEST(keeps_what_stands_before_the_fault)
{
    static const uint8_t octets[] = { 2, 4, 2, 24, 3, 9, 1, 1 };
    struct tcp_options   options  = parse(octets, sizeof octets);

    ck_assert(options.malformed && options.has_mss && !options.has_window_scale);
    ck_assert_uint_eq(options.mss, 536);
}
END_TEST

SUITE(segment_options)
{
    Suite *suite = suite_create("segment_options");
    TCase *tests = tcase_create("segment_options");

    tcase_add_test(tests, builds_what_stacks_build);
    tcase_add_test(tests, reads_what_it_builds);
    tcase_add_test(tests, passes_over_unknown_kinds);
    tcase_add_loop_test(tests, says_that_a_list_is_malformed, 0, sizeof malformed_lists / sizeof *malformed_lists);
    tcase_add_test(tests, keeps_what_stands_before_the_fault);
    suite_add_tcase(suite, tests);
    return suite;
}
