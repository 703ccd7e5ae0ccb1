#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "octets.h"
#include "segment.h"
#include "selftest.h"

enum { ROOM = 2048, TEXT_OCTETS = 30, OPTION_OCTETS = 12 };

/* A packet of TCP with options and text, 92 octets in IPv4 and 102 in IPv6 (without extension headers). */
static size_t make_packet(uint8_t family, uint8_t octets[ROOM])
{
    static const uint8_t text[TEXT_OCTETS] = "thirty octets of segment text";
    struct segment       segment           = { .source_port      = 1000,
                                               .destination_port = 2000,
                                               .seq              = 0x11121314,
                                               .ack              = 0x21222324,
                                               .flags            = PSH | ACK,
                                               .window           = 0x3132,
                                               .urgent_pointer   = 0x4142,
                                               .text             = text,
                                               .text_octets      = sizeof text };

    ip_address_parse(family == 4 ? "192.0.2.1" : "2001:db8::1", &segment.source);
    ip_address_parse(family == 4 ? "192.0.2.2" : "2001:db8::2", &segment.destination);
    segment.option_octets = tcp_options_build(&(struct tcp_options){ .has_timestamps = true, .tsval = 1 }, segment.options);
    ck_assert_uint_eq(segment.option_octets, OPTION_OCTETS);
    return segment_encode(&segment, octets, ROOM);
}

/* Decodes from a buffer of exactly `count` octets, so that a sanitizer sees an over-read. The text is gone afterwards. */
static struct packet decode_exact(const uint8_t *octets, size_t count)
{
    uint8_t      *exact = malloc(count + (count == 0));
    struct packet packet;

    memcpy(exact, octets, count);
    packet_decode(exact, count, &packet);
    if (packet.segment.text_octets > 0)
        ck_assert(packet.segment.text >= exact && packet.segment.text + packet.segment.text_octets <= exact + count);
    packet.segment.text = NULL;
    free(exact);
    return packet;
}

static void repair_ipv4(uint8_t *octets)
{
    write16(octets + 10, 0);
    write16(octets + 10, (uint16_t)~checksum_fold(checksum_add(0, octets, (size_t)(octets[0] & 15) * 4)));
}

/* ---- truncation ----------------------------------------------------------------------------------------------------- */

START_TEST(reads_what_is_there_at_every_length)
{
    uint8_t family = _i == 0 ? 4 : 6;
    size_t  ip     = family == 4 ? 20 : 40;
    uint8_t octets[ROOM];
    size_t  whole = make_packet(family, octets);

    for (size_t count = 0; count <= whole; count++) {
        struct packet packet = decode_exact(octets, count);
        size_t        tcp    = count > ip ? count - ip : 0;

        ck_assert_uint_eq(packet.faults, count < whole ? FAULT_TRUNCATED : 0);
        ck_assert_int_eq(packet.kind, count >= ip ? PACKET_TCP : PACKET_OTHER);
        ck_assert_uint_eq(packet.segment.source.family, count >= ip ? family : 0);
        ck_assert_uint_eq(packet.segment.destination_port, tcp >= 4 ? 2000 : 0);
        ck_assert_uint_eq(packet.segment.seq, tcp >= 8 ? 0x11121314 : 0);
        ck_assert_uint_eq(packet.segment.ack, tcp >= 12 ? 0x21222324 : 0);
        ck_assert_uint_eq(packet.segment.data_offset, tcp >= 13 ? 8 : 0);
        ck_assert_uint_eq(packet.segment.flags, tcp >= 14 ? PSH | ACK : 0);
        ck_assert_uint_eq(packet.segment.window, tcp >= 16 ? 0x3132 : 0);
        ck_assert_uint_eq(packet.segment.urgent_pointer, tcp >= 20 ? 0x4142 : 0);
        ck_assert_uint_eq(packet.segment.option_octets, tcp >= 32 ? 12 : tcp >= 20 ? tcp - 20 : 0);
        ck_assert_uint_eq(packet.segment.text_octets, tcp >= 32 ? tcp - 32 : 0);
    }
}
END_TEST

START_TEST(the_ip_length_counts_where_a_frame_was_padded)
{
    uint8_t       octets[ROOM] = { 0 };
    size_t        count        = make_packet(_i == 0 ? 4 : 6, octets);
    struct packet packet;

    memset(octets + count, 0xee, 20);
    packet = decode_exact(octets, count + 20);
    ck_assert_uint_eq(packet.faults, 0);
    ck_assert_uint_eq(packet.segment.text_octets, TEXT_OCTETS);
}
END_TEST

/* ---- faults --------------------------------------------------------------------------------------------------------- */

START_TEST(says_what_is_wrong_with_an_ipv4_header)
{
    uint8_t octets[ROOM], sound[ROOM];
    size_t  count = make_packet(4, sound);

    memcpy(octets, sound, count);
    octets[0] = 0x55;
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_IP_VERSION);
    ck_assert_int_eq(decode_exact(octets, count).kind, PACKET_OTHER);
    octets[0] = 0x44;
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_IP_HEADER_LENGTH);
    ck_assert_uint_eq(decode_exact(octets, count).segment.source.family, 4);
    octets[0] = 0x4f;
    ck_assert_uint_eq(decode_exact(octets, 59).faults, FAULT_TRUNCATED);

    memcpy(octets, sound, count);
    octets[11] ^= 1;
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_IP_CHECKSUM);

    memcpy(octets, sound, count);
    write16(octets + 2, 19);
    repair_ipv4(octets);
    struct packet packet = decode_exact(octets, count);
    ck_assert_uint_eq(packet.faults, FAULT_IP_TOTAL_LENGTH);
    ck_assert_uint_eq(packet.segment.seq, 0x11121314);
    write16(octets + 2, 20 + 19);
    repair_ipv4(octets);
    packet = decode_exact(octets, count);
    ck_assert_uint_eq(packet.faults, FAULT_IP_TOTAL_LENGTH);
    ck_assert_uint_eq(packet.segment.window, 0x3132);
}
END_TEST

START_TEST(shows_the_tcp_header_of_a_first_fragment_only)
{
    uint8_t       octets[ROOM];
    size_t        count = make_packet(4, octets);
    struct packet packet;

    write16(octets + 6, 0x2000);
    repair_ipv4(octets);
    packet = decode_exact(octets, count);
    ck_assert_uint_eq(packet.faults, FAULT_IP_FRAGMENT);
    ck_assert_int_eq(packet.kind, PACKET_TCP);
    ck_assert_uint_eq(packet.segment.seq, 0x11121314);
    write16(octets + 6, 0x0001);
    repair_ipv4(octets);
    packet = decode_exact(octets, count);
    ck_assert_uint_eq(packet.faults, FAULT_IP_FRAGMENT);
    ck_assert_int_eq(packet.kind, PACKET_OTHER);
    ck_assert_uint_eq(packet.segment.seq, 0);
}
END_TEST

START_TEST(passes_over_ipv4_options)
{
    uint8_t sound[ROOM], octets[ROOM];
    size_t  count = make_packet(4, sound);

    memcpy(octets, sound, 20);
    memset(octets + 20, 1, 8);
    memcpy(octets + 28, sound + 20, count - 20);
    octets[0] = 0x47;
    write16(octets + 2, (unsigned)count + 8);
    repair_ipv4(octets);
    struct packet packet = decode_exact(octets, count + 8);

    ck_assert_uint_eq(packet.faults, 0);
    ck_assert_uint_eq(packet.segment.seq, 0x11121314);
}
END_TEST

static void put_tcp_checksum(uint8_t *octets, size_t ip, size_t count)
{
    bool     v4     = octets[0] >> 4 == 4;
    uint64_t pseudo = checksum_pseudo(octets + (v4 ? 12 : 8), octets + (v4 ? 16 : 24), v4 ? 4 : 16, 6, count - ip);

    write16(octets + ip + 16, 0);
    write16(octets + ip + 16, (uint16_t)~checksum_fold(checksum_add(pseudo, octets + ip, count - ip)));
}

START_TEST(says_what_is_wrong_with_a_tcp_header)
{
    uint8_t family = _i == 0 ? 4 : 6, octets[ROOM];
    size_t  ip = family == 4 ? 20 : 40, count = make_packet(family, octets);

    octets[ip + 17] ^= 1;
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_TCP_CHECKSUM);

    make_packet(family, octets);
    octets[count - 1] ^= 1;
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_TCP_CHECKSUM);

    make_packet(family, octets);
    octets[ip + 12] = 4 << 4;
    put_tcp_checksum(octets, ip, count);
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_TCP_DATA_OFFSET);
    ck_assert_uint_eq(decode_exact(octets, count).segment.text_octets, 0);

    make_packet(family, octets);
    octets[ip + 23] = 11; /* the length of the timestamps option, behind two NOPs */
    put_tcp_checksum(octets, ip, count);
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_TCP_OPTIONS);
    ck_assert_uint_eq(decode_exact(octets, count).segment.text_octets, TEXT_OCTETS);
}
END_TEST

START_TEST(a_data_offset_beyond_the_end_is_a_fault)
{
    struct segment segment = { .source_port = 1, .destination_port = 2 };
    uint8_t        octets[ROOM];

    ip_address_parse("192.0.2.1", &segment.source);
    ip_address_parse("192.0.2.2", &segment.destination);
    size_t count = segment_encode(&segment, octets, sizeof octets);

    octets[32] = 6 << 4;
    put_tcp_checksum(octets, 20, count);
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_TCP_DATA_OFFSET);
}
END_TEST

/* ---- IPv6 extension headers ----------------------------------------------------------------------------------------- */

/* Puts an extension header of `octets` in front of what follows the IPv6 header. */
static size_t put_extension(uint8_t *packet, size_t count, uint8_t kind, const uint8_t *header, size_t octets)
{
    memmove(packet + 40 + octets, packet + 40, count - 40);
    memcpy(packet + 40, header, octets);
    packet[40] = packet[6];
    packet[6]  = kind;
    write16(packet + 4, (unsigned)(count + octets - 40));
    return count + octets;
}

START_TEST(follows_extension_headers)
{
    static const uint8_t padding[8]     = { 0, 0, 1, 4 };
    static const uint8_t long_pad[16]   = { 0, 1, 1, 12 };
    static const uint8_t no_segments[8] = { 0, 0, 99, 0 };
    static const uint8_t atomic[8]      = { 0, 0, 0, 0, 1, 2, 3, 4 };
    static const uint8_t authentic[12]  = { 0, 1 };
    uint8_t              octets[ROOM];
    size_t               count = make_packet(6, octets);

    count = put_extension(octets, count, 51, authentic, sizeof authentic);
    count = put_extension(octets, count, 60, long_pad, sizeof long_pad);
    count = put_extension(octets, count, 44, atomic, sizeof atomic);
    count = put_extension(octets, count, 43, no_segments, sizeof no_segments);
    count = put_extension(octets, count, 0, padding, sizeof padding);
    for (size_t cut = 0; cut < count; cut++)
        ck_assert_uint_ne(decode_exact(octets, cut).faults, 0);
    struct packet packet = decode_exact(octets, count);

    ck_assert_int_eq(packet.kind, PACKET_TCP);
    ck_assert_uint_eq(packet.faults, 0);
    ck_assert_uint_eq(packet.segment.seq, 0x11121314);
    ck_assert_uint_eq(packet.segment.text_octets, TEXT_OCTETS);
}
END_TEST

START_TEST(a_routing_header_moves_the_destination_of_the_checksum)
{
    uint8_t octets[ROOM], routing[24] = { 0, 2, 0, 1 };
    size_t  count = make_packet(6, octets);

    memcpy(routing + 8, octets + 24, 16); /* the final destination, which the checksum was made for */
    count      = put_extension(octets, count, 43, routing, sizeof routing);
    octets[39] = 77; /* the next router */
    ck_assert_uint_eq(decode_exact(octets, count).faults, 0);
    octets[42] = 2;
    ck_assert_uint_eq(decode_exact(octets, count).faults, 0);
    octets[43] = 0; /* no segments left: now the header's destination counts */
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_TCP_CHECKSUM);
    octets[42] = 99; /* nobody knows where the final destination stands in this one */
    octets[43] = 1;
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_IPV6_EXTENSION);
    ck_assert_uint_eq(decode_exact(octets, count).segment.seq, 0x11121314);
}
END_TEST

START_TEST(says_where_extension_headers_lead_nowhere)
{
    static const uint8_t too_long[8] = { 0, 200 };
    uint8_t              octets[ROOM], fragment[8] = { 0, 0, 0, 1 };
    size_t               count = make_packet(6, octets);

    count = put_extension(octets, count, 0, too_long, sizeof too_long);
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_IPV6_EXTENSION);
    ck_assert_int_eq(decode_exact(octets, count).kind, PACKET_OTHER);

    count = put_extension(octets, make_packet(6, octets), 44, fragment, sizeof fragment);
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_IP_FRAGMENT);
    ck_assert_int_eq(decode_exact(octets, count).kind, PACKET_TCP);
    fragment[3] = 8;
    count       = put_extension(octets, make_packet(6, octets), 44, fragment, sizeof fragment);
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_IP_FRAGMENT);
    ck_assert_int_eq(decode_exact(octets, count).kind, PACKET_OTHER);

    count = make_packet(6, octets);
    write16(octets + 4, 0);
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_IP_TOTAL_LENGTH);
    write16(octets + 4, 19);
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_IP_TOTAL_LENGTH);
}
END_TEST

/* ---- ICMP errors ---------------------------------------------------------------------------------------------------- */

/* What routers quote at least: the IP header and 8 octets. */
START_TEST(reads_a_quotation_of_eight_octets)
{
    uint8_t           family = _i == 0 ? 4 : 6, quoted[ROOM], octets[ROOM];
    size_t            ip     = family == 4 ? 20 : 40;
    struct ip_address from;

    make_packet(family, quoted);
    ip_address_parse(family == 4 ? "198.51.100.1" : "2001:db8::99", &from);
    size_t count = icmp_error_encode(TIME_EXCEEDED, 0, &from, quoted, ip + 8, octets, sizeof octets);

    ck_assert_uint_eq(count, ip + 8 + ip + 8);
    struct packet packet = decode_exact(octets, count);

    ck_assert_int_eq(packet.kind, PACKET_ICMP_ERROR);
    ck_assert_uint_eq(packet.faults, 0);
    ck_assert_uint_eq(packet.segment.source_port, 1000);
    ck_assert_uint_eq(packet.segment.destination_port, 2000);
    ck_assert_uint_eq(packet.segment.seq, 0x11121314);
    ck_assert_uint_eq(packet.segment.ack, 0);
    ck_assert(ip_address_equal(&packet.icmp_from, &from));
    for (size_t cut = 0; cut < count; cut++)
        ck_assert_uint_eq(decode_exact(octets, cut).faults, FAULT_TRUNCATED);
    octets[ip + 3] ^= 1;
    ck_assert_uint_eq(decode_exact(octets, count).faults, FAULT_ICMP_CHECKSUM);
}
END_TEST

START_TEST(an_icmp_message_about_something_else_is_no_error_of_ours)
{
    uint8_t           quoted[ROOM], octets[ROOM];
    struct ip_address from;
    size_t            count = make_packet(4, quoted);

    ip_address_parse("192.0.2.2", &from);
    quoted[9] = 17;
    count     = icmp_error_encode(PORT_UNREACHABLE, 0, &from, quoted, count, octets, sizeof octets);
    ck_assert_int_eq(decode_exact(octets, count).kind, PACKET_OTHER);
    octets[20] = 8; /* an echo request */
    ck_assert_int_eq(decode_exact(octets, count).kind, PACKET_OTHER);
}
END_TEST

START_TEST(prints_a_sentence_for_each_fault)
{
    char text[1200];

    packet_faults_print(0, text, sizeof text);
    ck_assert_str_eq(text, "");
    packet_faults_print(FAULT_IP_CHECKSUM | FAULT_TCP_OPTIONS, text, sizeof text);
    ck_assert_str_eq(text, "the IP header checksum is wrong; the TCP options are malformed");
    for (unsigned fault = FAULT_TRUNCATED; fault <= FAULT_ICMP_CHECKSUM; fault <<= 1) {
        packet_faults_print(fault, text, sizeof text);
        ck_assert_uint_gt(strlen(text), 10);
        ck_assert(strchr(text, ';') == NULL);
    }
    packet_faults_print(UINT32_MAX, text, 20);
    ck_assert_uint_eq(strlen(text), 19);
}
END_TEST

SUITE(segment_decode)
{
    Suite *suite = suite_create("segment_decode");
    TCase *tests = tcase_create("segment_decode");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, reads_what_is_there_at_every_length, 0, 2);
    tcase_add_loop_test(tests, the_ip_length_counts_where_a_frame_was_padded, 0, 2);
    tcase_add_test(tests, says_what_is_wrong_with_an_ipv4_header);
    tcase_add_test(tests, shows_the_tcp_header_of_a_first_fragment_only);
    tcase_add_test(tests, passes_over_ipv4_options);
    tcase_add_loop_test(tests, says_what_is_wrong_with_a_tcp_header, 0, 2);
    tcase_add_test(tests, a_data_offset_beyond_the_end_is_a_fault);
    tcase_add_test(tests, follows_extension_headers);
    tcase_add_test(tests, a_routing_header_moves_the_destination_of_the_checksum);
    tcase_add_test(tests, says_where_extension_headers_lead_nowhere);
    tcase_add_loop_test(tests, reads_a_quotation_of_eight_octets, 0, 2);
    tcase_add_test(tests, an_icmp_message_about_something_else_is_no_error_of_ours);
    tcase_add_test(tests, prints_a_sentence_for_each_fault);
    suite_add_tcase(suite, tests);
    return suite;
}
