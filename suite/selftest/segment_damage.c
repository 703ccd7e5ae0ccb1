#include <string.h>

#include "bench/mutate.h"
#include "segment.h"
#include "selftest.h"

enum { ROOM = 2048, ROUNDS_EACH = 300 };

struct frame {
    uint8_t octets[ROOM], untouched[ROOM];
    size_t  count;
};

static void make_frame(uint64_t *state, uint8_t family, struct frame *frame)
{
    uint8_t        text[MUTATE_TEXT_OCTETS];
    struct segment segment;

    mutate_segment(state, family, &segment, text);
    frame->count = segment_encode(&segment, frame->octets, sizeof frame->octets);
    memcpy(frame->untouched, frame->octets, frame->count);
}

static unsigned octets_changed(const struct frame *frame, size_t count)
{
    unsigned changed = 0;

    for (size_t i = 0; i < count; i++)
        changed += frame->octets[i] != frame->untouched[i];
    return changed;
}

START_TEST(leaves_a_packet_alone_without_a_wish)
{
    struct frame       frame;
    uint64_t           state = 1;
    struct damage_wish none  = { .kind = UNDAMAGED };

    for (int i = 0; i < ROUNDS_EACH; i++) {
        make_frame(&state, i % 2 == 0 ? 4 : 6, &frame);
        ck_assert_uint_eq(packet_damage(frame.octets, frame.count, &none), frame.count);
        ck_assert_uint_eq(octets_changed(&frame, frame.count), 0);
    }
}
END_TEST

static const struct {
    enum damage kind;
    unsigned    faults_ipv4, faults_ipv6, octets_most;
} kinds[] = {
    { BAD_CHECKSUM, FAULT_TCP_CHECKSUM, FAULT_TCP_CHECKSUM, 1 },
    { ZERO_CHECKSUM, FAULT_TCP_CHECKSUM, FAULT_TCP_CHECKSUM, 3 },
    { PSEUDO_LENGTH_WRONG, FAULT_TCP_CHECKSUM, FAULT_TCP_CHECKSUM, 2 },
    { PSEUDO_ADDRESS_WRONG, FAULT_TCP_CHECKSUM, FAULT_TCP_CHECKSUM, 2 },
    { BAD_IP_CHECKSUM, FAULT_IP_CHECKSUM, 0, 1 },
};

START_TEST(makes_exactly_the_fault_that_was_wished)
{
    struct frame       frame;
    struct packet      read;
    uint64_t           state = 2;
    struct damage_wish wish  = { .kind = kinds[_i].kind };

    for (int i = 0; i < ROUNDS_EACH; i++) {
        uint8_t family = i % 2 == 0 ? 4 : 6;

        make_frame(&state, family, &frame);
        ck_assert_uint_eq(packet_damage(frame.octets, frame.count, &wish), frame.count);
        ck_assert_uint_le(octets_changed(&frame, frame.count), kinds[_i].octets_most);
        ck_assert_int_eq(packet_decode(frame.octets, frame.count, &read), PACKET_TCP);
        ck_assert_uint_eq(read.faults, family == 4 ? kinds[_i].faults_ipv4 : kinds[_i].faults_ipv6);
        ck_assert(wish.kind != ZERO_CHECKSUM || read.segment.checksum == 0);
    }
}
END_TEST

START_TEST(a_zero_that_is_right_is_made_wrong)
{
    struct segment     segment = { .source_port = 1, .destination_port = 2, .flags = _i == 0 ? ACK : URG | ACK };
    struct damage_wish wish    = { .kind = ZERO_CHECKSUM };
    struct packet      read;
    uint8_t            octets[ROOM];

    ip_address_parse("192.0.2.1", &segment.source);
    ip_address_parse("192.0.2.2", &segment.destination);
    segment_encode(&segment, octets, sizeof octets);
    packet_decode(octets, 40, &read);
    segment.window = read.segment.checksum; /* the sum that is left to a checksum of zero */
    segment_encode(&segment, octets, sizeof octets);
    packet_decode(octets, 40, &read);
    ck_assert_uint_eq(read.segment.checksum, 0);
    ck_assert_uint_eq(read.faults, 0);
    packet_damage(octets, 40, &wish);
    packet_decode(octets, 40, &read);
    ck_assert_uint_eq(read.segment.checksum, 0);
    ck_assert_uint_eq(read.faults, FAULT_TCP_CHECKSUM);
}
END_TEST

START_TEST(ends_the_ip_length_inside_the_tcp_header)
{
    struct frame       frame;
    struct packet      read;
    uint64_t           state = 3;
    struct damage_wish wish  = { .kind = IP_LENGTH_SHORT };

    for (int i = 0; i < ROUNDS_EACH; i++) {
        make_frame(&state, i % 2 == 0 ? 4 : 6, &frame);
        size_t count = packet_damage(frame.octets, frame.count, &wish);

        ck_assert_uint_lt(count, frame.count);
        ck_assert_int_eq(packet_decode(frame.octets, count, &read), PACKET_TCP);
        ck_assert_uint_eq(read.faults, FAULT_IP_TOTAL_LENGTH);
    }
}
END_TEST

START_TEST(writes_any_data_offset_and_the_reserved_bits)
{
    struct frame  frame;
    struct packet read;
    uint64_t      state = 4;

    for (unsigned words = 0; words < 16; words++) {
        struct damage_wish wish = { .set_data_offset = true, .data_offset = (uint8_t)words, .reserved = (uint8_t)words };

        make_frame(&state, words % 2 == 0 ? 4 : 6, &frame);
        packet_damage(frame.octets, frame.count, &wish);
        packet_decode(frame.octets, frame.count, &read);
        ck_assert_uint_eq(read.segment.data_offset, words);
        ck_assert_uint_eq(read.segment.reserved, words);
        ck_assert_uint_eq(read.faults & ~(unsigned)(FAULT_TCP_DATA_OFFSET | FAULT_TCP_OPTIONS), 0);
        ck_assert(words >= 5 || (read.faults & FAULT_TCP_DATA_OFFSET) != 0);
    }
}
END_TEST

START_TEST(writes_an_option_length)
{
    struct segment     segment = { .source_port = 1, .destination_port = 2, .flags = SYN, .option_octets = 8 };
    struct damage_wish wish    = { .option_kind = 2, .option_length = 0 };
    struct packet      read;
    uint8_t            octets[ROOM];

    memcpy(segment.options, (uint8_t[]){ 1, 3, 3, 2, 2, 4, 2, 2 }, 8); /* a 2 that is no kind comes first */
    ip_address_parse("2001:db8::1", &segment.source);
    ip_address_parse("2001:db8::2", &segment.destination);
    size_t count = segment_encode(&segment, octets, sizeof octets);

    packet_damage(octets, count, &wish);
    packet_decode(octets, count, &read);
    ck_assert_uint_eq(read.faults, FAULT_TCP_OPTIONS);
    ck_assert_mem_eq(read.segment.options, ((uint8_t[]){ 1, 3, 3, 2, 2, 0, 2, 2 }), 8);
    segment_encode(&segment, octets, sizeof octets);
    wish.option_kind = 8; /* not there */
    packet_damage(octets, count, &wish);
    packet_decode(octets, count, &read);
    ck_assert_uint_eq(read.faults, 0);
    ck_assert_mem_eq(read.segment.options, segment.options, 8);
}
END_TEST

START_TEST(keeps_off_what_is_not_tcp)
{
    static const uint8_t before[60] = { 0x45, 0, 0, 60, 0, 0, 0, 0, 64, 17 };
    uint8_t              octets[60];
    struct damage_wish   wish = { .kind = BAD_CHECKSUM, .reserved = 15 };

    memcpy(octets, before, sizeof octets);
    ck_assert_uint_eq(packet_damage(octets, sizeof octets, &wish), sizeof octets);
    ck_assert_mem_eq(octets, before, sizeof octets);
    ck_assert_uint_eq(packet_damage(octets, 0, &wish), 0);
}
END_TEST

SUITE(segment_damage)
{
    Suite *suite = suite_create("segment_damage");
    TCase *tests = tcase_create("segment_damage");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, leaves_a_packet_alone_without_a_wish);
    tcase_add_loop_test(tests, makes_exactly_the_fault_that_was_wished, 0, sizeof kinds / sizeof *kinds);
    tcase_add_loop_test(tests, a_zero_that_is_right_is_made_wrong, 0, 2);
    tcase_add_test(tests, ends_the_ip_length_inside_the_tcp_header);
    tcase_add_test(tests, writes_any_data_offset_and_the_reserved_bits);
    tcase_add_test(tests, writes_an_option_length);
    tcase_add_test(tests, keeps_off_what_is_not_tcp);
    suite_add_tcase(suite, tests);
    return suite;
}
