/* fault.c: each fault of the table on encoded segments of both families, and on octets that are no segment. */
#include "fault.h"

#include <stdlib.h>
#include <string.h>

#include "segment.h"
#include "selftest.h"

enum { ROOM = 200 };

struct octets {
    uint8_t at[ROOM];
    size_t  count;
};

static struct octets encode_options(uint8_t family, uint8_t flags, const uint8_t *options, size_t option_octets)
{
    struct octets  octets;
    struct segment segment = { .source        = { family, { 0x20, 1, 0x0d, 0xb8 } },
                               .destination   = { family, { 0x20, 1, 0x0d, 0xb9 } },
                               .flags         = flags,
                               .option_octets = option_octets };

    memcpy(segment.options, options, option_octets);
    octets.count = segment_encode(&segment, octets.at, sizeof octets.at);
    ck_assert_uint_gt(octets.count, 0);
    return octets;
}

static struct octets encode(uint8_t family, uint8_t flags, const struct damage_wish *wish)
{
    struct octets  octets;
    struct segment segment = { .source           = { family, { 0x20, 1, 0x0d, 0xb8 } },
                               .destination      = { family, { 0x20, 1, 0x0d, 0xb9 } },
                               .source_port      = 1024,
                               .destination_port = 7,
                               .seq              = 0xfffffff0,
                               .ack              = 0xffffffff, /* the next one is 0 */
                               .flags            = flags,
                               .option_octets    = 3,
                               .options          = { 1, 1, 1 },
                               .text             = (const uint8_t *)"odd",
                               .text_octets      = flags & SYN ? 0 : 3 };

    octets.count = segment_encode(&segment, octets.at, sizeof octets.at);
    ck_assert_uint_gt(octets.count, 0);
    if (wish != NULL)
        octets.count = packet_damage(octets.at, octets.count, wish);
    return octets;
}

typedef enum fault_verdict apply(uint8_t *packet, size_t *count);

/* Decodes what the fault left over; NULL where it was dropped. The octets are in a block of exactly their size, so that a fault
 * that reads beyond them is seen. */
static const struct packet *decode_after(apply *fault, const struct octets *octets)
{
    static uint8_t       kept[ROOM];
    static struct packet packet;
    size_t               count = octets->count;
    uint8_t             *exact = malloc(count + (count == 0));

    memcpy(exact, octets->at, count);
    enum fault_verdict verdict = fault(exact, &count);

    ck_assert_uint_le(count, octets->count);
    memcpy(kept, exact, count);
    free(exact);
    packet_decode(kept, count, &packet);
    return verdict == FAULT_PASS ? &packet : NULL;
}

static apply *to_target(const char *name)
{
    const struct fault *fault = fault_find(name);

    ck_assert_ptr_nonnull(fault);
    ck_assert(fault->to_target != NULL);
    ck_assert(fault->from_target == NULL);
    return fault->to_target;
}

static apply *from_target(const char *name)
{
    const struct fault *fault = fault_find(name);

    ck_assert_ptr_nonnull(fault);
    ck_assert(fault->from_target != NULL);
    ck_assert(fault->to_target == NULL);
    return fault->from_target;
}

/* What becomes of the flags of a segment; -1 where it is dropped. What is let through is sound. */
static int flags_after(apply *fault, uint8_t family, uint8_t flags)
{
    struct octets        octets = encode(family, flags, NULL);
    const struct packet *packet = decode_after(fault, &octets);

    if (packet == NULL)
        return -1;
    ck_assert_uint_eq(packet->faults, 0);
    return packet->segment.flags;
}

START_TEST(the_table_is_whole)
{
    size_t count = 0;

    for (const struct fault *fault; (fault = fault_at(count)) != NULL; count++) {
        ck_assert_ptr_eq(fault_find(fault->name), fault);
        ck_assert_str_ne(fault->what, "");
        ck_assert((fault->to_target != NULL || fault->from_target != NULL) == (fault->remembering == NULL));
    }
    ck_assert_uint_gt(count, 0);
    ck_assert_ptr_null(fault_at(count + 100));
    ck_assert_ptr_null(fault_find("no-such-fault"));
    ck_assert_ptr_null(fault_find(""));
}
END_TEST

START_TEST(segments_are_dropped_by_their_flags)
{
    uint8_t family = _i == 0 ? 4 : 6;
    apply  *mute = from_target("answers-nothing"), *only_syn_ack = from_target("answers-syn-ack-only");

    ck_assert_int_eq(flags_after(mute, family, SYN | ACK), -1);
    ck_assert_int_eq(flags_after(mute, family, RST), -1);
    ck_assert_int_eq(flags_after(only_syn_ack, family, SYN | ACK), SYN | ACK);
    ck_assert_int_eq(flags_after(only_syn_ack, family, SYN), -1);
    ck_assert_int_eq(flags_after(only_syn_ack, family, ACK), -1);
    ck_assert_int_eq(flags_after(to_target("ignores-rst"), family, RST | ACK), -1);
    ck_assert_int_eq(flags_after(to_target("ignores-rst"), family, FIN | ACK), FIN | ACK);
    ck_assert_int_eq(flags_after(from_target("sends-no-rst"), family, RST), -1);
    ck_assert_int_eq(flags_after(from_target("sends-no-rst"), family, ACK), ACK);
}
END_TEST

START_TEST(a_fin_is_forgotten)
{
    uint8_t family = _i == 0 ? 4 : 6;

    ck_assert_int_eq(flags_after(to_target("forgets-fin"), family, FIN | ACK), ACK);
    ck_assert_int_eq(flags_after(to_target("forgets-fin"), family, PSH | ACK), PSH | ACK);
}
END_TEST

START_TEST(flags_are_forgotten)
{
    uint8_t family = _i == 0 ? 4 : 6;

    ck_assert_int_eq(flags_after(to_target("answers-rst"), family, RST | ACK), ACK);
    ck_assert_int_eq(flags_after(fault_find("ignores-urgent")->to_target, family, URG | ACK), ACK);
    ck_assert_int_eq(flags_after(fault_find("ignores-urgent")->from_target, family, URG | PSH | ACK), PSH | ACK);
    ck_assert_int_eq(flags_after(to_target("drops-odd-flags"), family, SYN), SYN);
    ck_assert_int_eq(flags_after(to_target("drops-odd-flags"), family, SYN | PSH), -1);
    ck_assert_int_eq(flags_after(to_target("drops-odd-flags"), family, PSH | ACK), PSH | ACK);
    ck_assert_int_eq(flags_after(to_target("drops-options"), family, ACK), -1);
    ck_assert_int_eq(flags_after(from_target("sends-no-bare-ack"), family, ACK), ACK); /* it has text */
}
END_TEST

START_TEST(fields_are_altered)
{
    uint8_t              family = _i == 0 ? 4 : 6;
    struct octets        plain  = encode(family, ACK, NULL);
    const struct packet *packet = decode_after(to_target("ignores-window"), &plain);

    ck_assert_uint_eq(packet->segment.window, 0xffff);
    ck_assert_uint_eq(packet->faults, 0);
    packet = decode_after(from_target("wrong-port"), &plain);
    ck_assert_uint_eq(packet->segment.source_port, 1025);
    ck_assert_uint_eq(packet->faults, 0);
    packet = decode_after(from_target("acks-less"), &plain);
    ck_assert_uint_eq(packet->segment.ack, 0xfffffffe);
    ck_assert_uint_eq(packet->faults, 0);
}
END_TEST

/* MSS and window scale at even and at odd places; a list that ends at once; a data offset that cannot be. */
START_TEST(options_are_misread)
{
    static const uint8_t lists[2][8] = { { 2, 4, 1, 2, 3, 3, 9, 0 }, { 1, 2, 4, 1, 2, 3, 3, 9 } };
    uint8_t              family      = _i == 0 ? 4 : 6;
    struct tcp_options   options;

    for (int odd = 0; odd < 2; odd++) {
        struct octets        syn    = encode_options(family, SYN, lists[odd], 8);
        const struct packet *packet = decode_after(to_target("ignores-mss"), &syn);

        ck_assert_uint_eq(packet->faults, 0);
        tcp_options_parse(packet->segment.options, packet->segment.option_octets, &options);
        ck_assert_uint_eq(options.mss, 1400);
        packet = decode_after(to_target("ignores-scale"), &syn);
        ck_assert_uint_eq(packet->faults, 0);
        tcp_options_parse(packet->segment.options, packet->segment.option_octets, &options);
        ck_assert_uint_eq(options.window_scale, 0);
        ck_assert_uint_eq(options.mss, 258);
    }
    struct octets ended = encode_options(family, SYN, (const uint8_t[]){ 0, 2, 4, 1, 2, 0, 0, 0 }, 8);

    tcp_options_parse(decode_after(to_target("reads-past-end"), &ended)->segment.options, 8, &options);
    ck_assert_uint_eq(options.mss, 258);

    struct damage_wish   wish   = { .set_data_offset = true, .data_offset = 2 };
    struct octets        lying  = encode(family, ACK, &wish);
    const struct packet *packet = decode_after(to_target("believes-offset"), &lying);

    ck_assert_uint_eq(packet->faults, 0);
    ck_assert_uint_eq(packet->segment.data_offset, 5);
}
END_TEST

START_TEST(checksums_are_mended_or_broken)
{
    uint8_t            family = _i == 0 ? 4 : 6;
    struct damage_wish wish   = { .kind = BAD_CHECKSUM };
    struct octets      bad = encode(family, ACK, &wish), good = encode(family, ACK, NULL);

    ck_assert_uint_eq(decode_after(to_target("checks-no-checksum"), &bad)->faults, 0);
    ck_assert_uint_eq(decode_after(to_target("checks-no-checksum"), &good)->faults, 0);
    ck_assert_uint_eq(decode_after(from_target("sends-bad-checksum"), &good)->faults, FAULT_TCP_CHECKSUM);
    if (family == 4) {
        wish.kind = BAD_IP_CHECKSUM;
        bad       = encode(family, ACK, &wish);
        ck_assert_uint_eq(decode_after(to_target("checks-no-checksum"), &bad)->faults, 0);
    }
}
END_TEST

START_TEST(too_much_is_acknowledged)
{
    uint8_t              family = _i == 0 ? 4 : 6;
    struct octets        plain = encode(family, ACK, NULL), syn = encode(family, SYN | ACK, NULL);
    const struct packet *packet = decode_after(from_target("acks-beyond"), &plain);

    ck_assert_uint_eq(packet->segment.ack, 0);
    ck_assert_uint_eq(packet->faults, 0);
    packet = decode_after(from_target("acks-beyond"), &syn);
    ck_assert_uint_eq(packet->segment.ack, 0xffffffff);
    ck_assert_uint_eq(packet->faults, 0);
}
END_TEST

/* A checksum that was wrong on purpose stays wrong, whatever a fault alters. */
START_TEST(damage_outlives_an_alteration)
{
    struct damage_wish wish   = { .kind = BAD_CHECKSUM };
    struct octets      octets = encode(_i == 0 ? 4 : 6, FIN | ACK, &wish);

    ck_assert_uint_eq(decode_after(to_target("forgets-fin"), &octets)->faults, FAULT_TCP_CHECKSUM);
    ck_assert_uint_eq(decode_after(from_target("acks-beyond"), &octets)->faults, FAULT_TCP_CHECKSUM);
}
END_TEST

/* Every beginning of a packet, and random octets: nothing is read or written beyond them (the sanitizers see to that). */
static void no_harm(const struct fault *fault, struct fault_memory *memory)
{
    unsigned seed = 1;

    for (unsigned round = 0; round < 400; round++) {
        struct octets octets = encode(round % 2 == 0 ? 4 : 6, (uint8_t)round, NULL);

        octets.count = round / 2 < octets.count ? round / 2 : octets.count;
        for (size_t k = 0; round > 200 && k < octets.count; k++)
            if (rand_r(&seed) % 4 == 0)
                octets.at[k] = (uint8_t)rand_r(&seed);
        for (unsigned way = FAULT_TO_TARGET; way <= FAULT_FROM_TARGET; way++) {
            size_t   count = octets.count;
            uint8_t *exact = malloc(count + (count == 0));

            memcpy(exact, octets.at, count);
            enum fault_verdict verdict = fault_apply(memory, way, round, exact, &count);

            ck_assert_uint_le(count, octets.count);
            ck_assert_msg(verdict == FAULT_PASS || fault_touches(memory, way), "%s", fault->name);
            free(exact);
        }
    }
}

START_TEST(octets_that_are_no_segment_do_no_harm)
{
    for (size_t i = 0; fault_at(i) != NULL; i++) {
        struct fault_memory *memory;
        struct error         error = { "" };

        ck_assert(fault_begin(fault_at(i), &memory, &error));
        no_harm(fault_at(i), memory);
        fault_end(memory);
    }
}
END_TEST

SUITE(fault)
{
    Suite *suite  = suite_create("fault");
    TCase *faults = tcase_create("faults");

    tcase_add_test(faults, the_table_is_whole);
    tcase_add_loop_test(faults, segments_are_dropped_by_their_flags, 0, 2);
    tcase_add_loop_test(faults, a_fin_is_forgotten, 0, 2);
    tcase_add_loop_test(faults, flags_are_forgotten, 0, 2);
    tcase_add_loop_test(faults, fields_are_altered, 0, 2);
    tcase_add_loop_test(faults, options_are_misread, 0, 2);
    tcase_add_loop_test(faults, checksums_are_mended_or_broken, 0, 2);
    tcase_add_loop_test(faults, too_much_is_acknowledged, 0, 2);
    tcase_add_loop_test(faults, damage_outlives_an_alteration, 0, 2);
    tcase_add_test(faults, octets_that_are_no_segment_do_no_harm);
    suite_add_tcase(suite, faults);
    return suite;
}
