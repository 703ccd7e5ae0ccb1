#include <string.h>

#include "bench/mutate.h"
#include "segment.h"
#include "selftest.h"

enum { ROOM = 2048 };

static struct segment between(const char *source, const char *destination)
{
    struct segment segment = { .source_port = 1000, .destination_port = 2000 };

    ck_assert(ip_address_parse(source, &segment.source) && ip_address_parse(destination, &segment.destination));
    return segment;
}

START_TEST(writes_known_octets_over_ipv4)
{
    static const uint8_t expected[] = { 0x45, 0x00, 0x00, 0x2c, 0x00, 0x07, 0x40, 0x00, 0x40, 0x06, 0xb6, 0xc1, 192,  0,   2,
                                        1,    192,  0,    2,    2,    0x03, 0xe8, 0x07, 0xd0, 0,    0,    0,    1,    0,   0,
                                        0,    2,    0x60, 0x02, 0xff, 0xff, 0x08, 0x68, 0,    0,    2,    4,    0x05, 0xb4 };
    struct segment       segment    = between("192.0.2.1", "192.0.2.2");
    uint8_t              packet[ROOM];

    segment.identification = 7;
    segment.seq            = 1;
    segment.ack            = 2;
    segment.flags          = SYN;
    segment.window         = 65535;
    segment.option_octets  = 4;
    memcpy(segment.options, (uint8_t[]){ 2, 4, 5, 0xb4 }, 4);
    ck_assert_uint_eq(segment_encode(&segment, packet, sizeof packet), sizeof expected);
    ck_assert_mem_eq(packet, expected, sizeof expected);
}
END_TEST

START_TEST(writes_known_octets_over_ipv6)
{
    static const uint8_t expected[] = { 0x60, 0, 0, 0, 0,    23,   6, 255, 0x20, 0x01, 0x0d, 0xb8, 0,   0,   0,  0,
                                        0,    0, 0, 0, 0,    0,    0, 1,   0x20, 0x01, 0x0d, 0xb8, 0,   0,   0,  0,
                                        0,    0, 0, 0, 0,    0,    0, 2,   0x03, 0xe8, 0x07, 0xd0, 1,   2,   3,  4,
                                        5,    6, 7, 8, 0x50, 0x18, 4, 0,   0x70, 0x26, 0,    0,    'a', 'b', 'c' };
    struct segment       segment    = between("2001:db8::1", "2001:db8::2");
    uint8_t              packet[ROOM];

    segment.hop_limit   = 255;
    segment.seq         = 0x01020304;
    segment.ack         = 0x05060708;
    segment.flags       = PSH | ACK;
    segment.window      = 1024;
    segment.text        = (const uint8_t *)"abc";
    segment.text_octets = 3;
    ck_assert_uint_eq(segment_encode(&segment, packet, sizeof packet), sizeof expected);
    ck_assert_mem_eq(packet, expected, sizeof expected);
}
END_TEST

static void decodes_to_the_same(uint8_t family, uint64_t seed)
{
    uint64_t       state = seed;
    uint8_t        text[MUTATE_TEXT_OCTETS], packet[ROOM];
    struct segment sent;
    struct packet  read;

    for (int i = 0; i < 2000; i++) {
        mutate_segment(&state, family, &sent, text);
        size_t count = segment_encode(&sent, packet, sizeof packet);

        ck_assert_int_eq(packet_decode(packet, count, &read), PACKET_TCP);
        ck_assert_uint_eq(read.faults, 0);
        ck_assert(ip_address_equal(&sent.source, &read.segment.source));
        ck_assert(ip_address_equal(&sent.destination, &read.segment.destination));
        ck_assert_uint_eq(sent.hop_limit, read.segment.hop_limit);
        ck_assert_uint_eq(sent.traffic_class, read.segment.traffic_class);
        ck_assert_uint_eq(sent.identification, read.segment.identification);
        ck_assert_uint_eq(sent.source_port, read.segment.source_port);
        ck_assert_uint_eq(sent.destination_port, read.segment.destination_port);
        ck_assert_uint_eq(sent.seq, read.segment.seq);
        ck_assert_uint_eq(sent.ack, read.segment.ack);
        ck_assert_uint_eq(sent.flags, read.segment.flags);
        ck_assert_uint_eq(sent.window, read.segment.window);
        ck_assert_uint_eq(sent.urgent_pointer, read.segment.urgent_pointer);
        ck_assert_uint_eq(read.segment.data_offset, 5 + sent.option_octets / 4);
        ck_assert_uint_eq(read.segment.reserved, 0);
        ck_assert_uint_eq(sent.option_octets, read.segment.option_octets);
        ck_assert_uint_eq(sent.text_octets, read.segment.text_octets);
        ck_assert(memcmp(sent.options, read.segment.options, sent.option_octets) == 0);
        ck_assert(sent.text_octets == 0 || memcmp(sent.text, read.segment.text, sent.text_octets) == 0);
    }
}

START_TEST(round_trips_random_segments)
{
    decodes_to_the_same(_i == 0 ? 4 : 6, 11);
}
END_TEST

START_TEST(pads_options_with_zeros)
{
    struct segment segment = between("192.0.2.1", "192.0.2.2");
    uint8_t        packet[ROOM];

    segment.option_octets = 3;
    memcpy(segment.options, (uint8_t[]){ 3, 3, 7 }, 3);
    segment.options[3] = 99; /* beyond what counts */
    ck_assert_uint_eq(segment_encode(&segment, packet, sizeof packet), 44);
    ck_assert_mem_eq(packet + 40, ((uint8_t[]){ 3, 3, 7, 0 }), 4);
    ck_assert_uint_eq(packet[32], 0x60);
}
END_TEST

START_TEST(refuses_what_cannot_be)
{
    static const uint8_t text[65535];
    static uint8_t       packet[PACKET_MAX_OCTETS];
    struct segment       segment = between("192.0.2.1", "192.0.2.2");

    ck_assert_uint_eq(segment_encode(&segment, packet, 39), 0);
    ck_assert_uint_eq(segment_encode(&segment, packet, 40), 40);
    segment.text        = text;
    segment.text_octets = 65535 - 40;
    ck_assert_uint_eq(segment_encode(&segment, packet, sizeof packet), 65535);
    segment.text_octets++;
    ck_assert_uint_eq(segment_encode(&segment, packet, sizeof packet), 0);
    segment.text_octets   = 0;
    segment.option_octets = 41;
    ck_assert_uint_eq(segment_encode(&segment, packet, sizeof packet), 0);
    segment.option_octets = 0;
    segment.source.family = 0;
    ck_assert_uint_eq(segment_encode(&segment, packet, sizeof packet), 0);
    segment = between("192.0.2.1", "2001:db8::1");
    ck_assert_uint_eq(segment_encode(&segment, packet, sizeof packet), 0);
    segment             = between("2001:db8::2", "2001:db8::1");
    segment.text        = text;
    segment.text_octets = 65535 - 20;
    ck_assert_uint_eq(segment_encode(&segment, packet, sizeof packet), PACKET_MAX_OCTETS);
    segment.text_octets++;
    ck_assert_uint_eq(segment_encode(&segment, packet, sizeof packet), 0);
}
END_TEST

/* ---- ICMP ----------------------------------------------------------------------------------------------------------- */

static const struct {
    enum icmp kind;
    bool      ipv6;
    int       type, code; /* -1: does not exist */
} errors[] = {
    { PACKET_TOO_BIG, false, 3, 4 },   { PACKET_TOO_BIG, true, 2, 0 },        { HOST_UNREACHABLE, false, 3, 1 },
    { HOST_UNREACHABLE, true, 1, 3 },  { PROTOCOL_UNREACHABLE, false, 3, 2 }, { PROTOCOL_UNREACHABLE, true, -1, 0 },
    { PORT_UNREACHABLE, false, 3, 3 }, { PORT_UNREACHABLE, true, 1, 4 },      { TIME_EXCEEDED, false, 11, 0 },
    { TIME_EXCEEDED, true, 3, 0 },     { SOURCE_QUENCH, false, 4, 0 },        { SOURCE_QUENCH, true, -1, 0 },
};

START_TEST(sends_an_icmp_error_about_a_segment)
{
    bool           ipv6    = errors[_i].ipv6;
    struct segment segment = ipv6 ? between("2001:db8::1", "2001:db8::2") : between("192.0.2.1", "192.0.2.2");
    uint8_t        quoted[ROOM], text[1400] = { 1, 2, 3 }, packet[ROOM];
    struct packet  read;

    segment.seq         = 0xdeadbeef;
    segment.flags       = ACK;
    segment.text        = text;
    segment.text_octets = sizeof text;
    size_t quoted_count = segment_encode(&segment, quoted, sizeof quoted);
    size_t count = icmp_error_encode(errors[_i].kind, 1300, &segment.destination, quoted, quoted_count, packet, sizeof packet);

    if (errors[_i].type < 0) {
        ck_assert_uint_eq(count, 0);
        return;
    }
    ck_assert_uint_eq(count, ipv6 ? 1280 : 576);
    ck_assert_int_eq(packet_decode(packet, count, &read), PACKET_ICMP_ERROR);
    ck_assert_uint_eq(read.faults, 0);
    ck_assert_int_eq(read.icmp_type, errors[_i].type);
    ck_assert_int_eq(read.icmp_code, errors[_i].code);
    ck_assert_uint_eq(read.icmp_mtu, errors[_i].kind == PACKET_TOO_BIG ? 1300 : 0);
    ck_assert(ip_address_equal(&read.icmp_from, &segment.destination));
    ck_assert(ip_address_equal(&read.segment.source, &segment.source));
    ck_assert(ip_address_equal(&read.segment.destination, &segment.destination));
    ck_assert_uint_eq(read.segment.source_port, 1000);
    ck_assert_uint_eq(read.segment.destination_port, 2000);
    ck_assert_uint_eq(read.segment.seq, 0xdeadbeef);
}
END_TEST

START_TEST(refuses_icmp_errors_that_cannot_be)
{
    struct segment segment = between("192.0.2.1", "192.0.2.2"), other = between("2001:db8::1", "2001:db8::2");
    uint8_t        quoted[ROOM], packet[ROOM];

    segment_encode(&segment, quoted, sizeof quoted);
    ck_assert_uint_eq(icmp_error_encode(PORT_UNREACHABLE, 0, &segment.destination, quoted, 27, packet, ROOM), 0);
    ck_assert_uint_eq(icmp_error_encode(PORT_UNREACHABLE, 0, &segment.destination, quoted, 28, packet, ROOM), 56);
    ck_assert_uint_eq(icmp_error_encode(PORT_UNREACHABLE, 0, &segment.destination, quoted, 28, packet, 55), 0);
    ck_assert_uint_eq(icmp_error_encode(PORT_UNREACHABLE, 0, &other.destination, quoted, 28, packet, ROOM), 0);
    ck_assert_uint_eq(icmp_error_encode(PACKET_TOO_BIG, 65536, &segment.destination, quoted, 28, packet, ROOM), 0);
    ck_assert_uint_eq(icmp_error_encode((enum icmp)77, 0, &segment.destination, quoted, 28, packet, ROOM), 0);
    ck_assert_uint_eq(icmp_error_encode(PORT_UNREACHABLE, 0, &segment.destination, quoted, 0, packet, ROOM), 0);
}
END_TEST

SUITE(segment_encode)
{
    Suite *suite = suite_create("segment_encode");
    TCase *tests = tcase_create("segment_encode");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, writes_known_octets_over_ipv4);
    tcase_add_test(tests, writes_known_octets_over_ipv6);
    tcase_add_loop_test(tests, round_trips_random_segments, 0, 2);
    tcase_add_test(tests, pads_options_with_zeros);
    tcase_add_test(tests, refuses_what_cannot_be);
    tcase_add_loop_test(tests, sends_an_icmp_error_about_a_segment, 0, sizeof errors / sizeof *errors);
    tcase_add_test(tests, refuses_icmp_errors_that_cannot_be);
    suite_add_tcase(suite, tests);
    return suite;
}
