/* fault_memory.c: the faults that remember a connection, on the segments of one, in both families, and on user calls. */
#include <string.h>

#include "fault.h"
#include "segment.h"
#include "selftest.h"

enum { ROOM = 200, FIXED = 0x10000000, SECOND_US = 1000000 };

static const uint32_t isn_of_target = 0xfffffff0;

static struct fault_memory *memory;
static uint8_t              family;
static uint64_t             now_us;

static void begin(const char *name, int number)
{
    struct error error = { "" };

    family = number == 0 ? 4 : 6;
    now_us = 5000000;
    ck_assert_ptr_nonnull(fault_find(name));
    ck_assert(fault_begin(fault_find(name), &memory, &error));
    ck_assert(fault_touches(memory, FAULT_FROM_TARGET));
    ck_assert_uint_eq(fault_due_us(memory), UINT64_MAX);
}

/* One that the target sends, or that goes to it, on the connection of this port of the tester's. */
static struct segment segment_of(enum fault_way way, uint16_t port, uint8_t flags, uint32_t seq, uint32_t ack, size_t octets)
{
    static const uint8_t text[100] = "text";
    struct ip_address    tester = { family, { 0x20, 1, 0x0d, 0xb8 } }, target = { family, { 0x20, 1, 0x0d, 0xb9 } };
    bool                 theirs = way == FAULT_FROM_TARGET;

    return (struct segment){ .source           = theirs ? target : tester,
                             .destination      = theirs ? tester : target,
                             .source_port      = theirs ? 7 : port,
                             .destination_port = theirs ? port : 7,
                             .seq              = seq,
                             .ack              = ack,
                             .flags            = flags,
                             .text             = text,
                             .text_octets      = octets };
}

/* What is left of it; NULL where it was dropped. Nothing is wrong with what is left. */
static const struct segment *after(enum fault_way way, struct segment segment)
{
    static uint8_t       octets[ROOM];
    static struct packet packet;
    size_t               count = segment_encode(&segment, octets, sizeof octets);

    ck_assert_uint_gt(count, 0);
    if (fault_apply(memory, way, now_us, octets, &count) == FAULT_DROP)
        return NULL;
    packet_decode(octets, count, &packet);
    ck_assert_uint_eq(packet.faults, 0);
    return &packet.segment;
}

static const struct segment *theirs(uint8_t flags, uint32_t seq, uint32_t ack, size_t octets)
{
    return after(FAULT_FROM_TARGET, segment_of(FAULT_FROM_TARGET, 1024, flags, seq, ack, octets));
}

static const struct segment *ours(uint8_t flags, uint32_t seq, uint32_t ack, size_t octets)
{
    return after(FAULT_TO_TARGET, segment_of(FAULT_TO_TARGET, 1024, flags, seq, ack, octets));
}

START_TEST(acks_are_those_of_before)
{
    begin("stale-acks", _i);
    ck_assert_uint_eq(theirs(SYN | ACK, isn_of_target, 100, 0)->ack, 100);
    ck_assert_uint_eq(ours(ACK, 100, isn_of_target + 1, 10)->ack, isn_of_target + 1);
    ck_assert_uint_eq(theirs(ACK, isn_of_target + 1, 110, 0)->ack, 100);
    ck_assert_uint_eq(theirs(PSH | ACK, isn_of_target + 1, 130, 5)->ack, 110);
    ck_assert_uint_eq(theirs(RST | ACK, isn_of_target + 6, 140, 0)->ack, 140);
    ck_assert_uint_eq(after(FAULT_FROM_TARGET, segment_of(FAULT_FROM_TARGET, 1025, ACK, 1, 999, 0))->ack, 999);
    fault_end(memory);
}
END_TEST

START_TEST(nothing_comes_twice)
{
    begin("never-retransmits", _i);
    ck_assert_ptr_nonnull(theirs(SYN, isn_of_target, 0, 0));
    ck_assert_ptr_null(theirs(SYN, isn_of_target, 0, 0));
    ck_assert_ptr_nonnull(theirs(SYN | ACK, isn_of_target, 100, 0)); /* a simultaneous open */
    ck_assert_ptr_null(theirs(SYN | ACK, isn_of_target, 100, 0));
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(theirs(ACK, isn_of_target + 1 + 10 * i, 100, 10)); /* beyond 2^32 */
    ck_assert_ptr_null(theirs(ACK, isn_of_target + 11, 100, 20));
    ck_assert_ptr_null(theirs(ACK, isn_of_target + 1, 100, 1));
    ck_assert_ptr_nonnull(theirs(ACK, isn_of_target + 21, 100, 20)); /* half of it is new */
    ck_assert_ptr_nonnull(theirs(ACK, isn_of_target + 1, 100, 0));
    ck_assert_ptr_nonnull(theirs(FIN | ACK, isn_of_target + 41, 100, 0));
    ck_assert_ptr_null(theirs(FIN | ACK, isn_of_target + 41, 100, 0));
    ck_assert_ptr_nonnull(theirs(RST, isn_of_target + 1, 0, 0));
    ck_assert_ptr_nonnull(after(FAULT_FROM_TARGET, segment_of(FAULT_FROM_TARGET, 1025, ACK, isn_of_target + 1, 1, 10)));
    ck_assert_ptr_nonnull(theirs(SYN | ACK, 77, 500, 0)); /* a new connection */
    ck_assert_ptr_nonnull(theirs(ACK, 78, 500, 10));
    ck_assert_ptr_nonnull(ours(ACK, 100, 0, 10));
    ck_assert_ptr_nonnull(ours(ACK, 100, 0, 10));
    fault_end(memory);
}
END_TEST

/* The copy that is due now: the octets that were sent, and due again a second later. */
static void expect_copy(uint32_t seq, size_t octets)
{
    static struct packet packet;
    uint8_t              copy[ROOM];

    now_us = fault_due_us(memory);
    ck_assert_uint_ne(now_us, UINT64_MAX);
    size_t count = fault_take(memory, copy, sizeof copy);

    ck_assert_uint_gt(count, 0);
    packet_decode(copy, count, &packet);
    ck_assert_uint_eq(packet.faults, 0);
    ck_assert_uint_eq(packet.segment.seq, seq);
    ck_assert_uint_eq(packet.segment.text_octets, octets);
    ck_assert_uint_eq(fault_due_us(memory), now_us + SECOND_US);
}

START_TEST(what_is_not_acknowledged_comes_each_second)
{
    begin("no-backoff", _i);
    uint64_t began_us = now_us;

    theirs(SYN | ACK, isn_of_target, 100, 0);
    ours(ACK, 100, isn_of_target + 1, 0);
    ck_assert_uint_eq(fault_due_us(memory), UINT64_MAX);
    ck_assert_ptr_nonnull(theirs(ACK, isn_of_target + 1, 100, 10));
    ck_assert_uint_eq(fault_due_us(memory), began_us + SECOND_US);
    ck_assert_ptr_nonnull(theirs(ACK, isn_of_target + 11, 100, 20)); /* the oldest stays the one that is repeated */
    for (int i = 0; i < 4; i++) {
        expect_copy(isn_of_target + 1, 10);
        ck_assert_ptr_null(theirs(ACK, isn_of_target + 1, 100, 10)); /* the target's own comes at its own times */
    }
    ck_assert_uint_eq(now_us, began_us + 4 * SECOND_US);
    ours(ACK, 100, isn_of_target + 5, 0);
    ours(ACK, 100, isn_of_target + 99, 0); /* what was never sent */
    expect_copy(isn_of_target + 1, 10);
    ours(ACK, 100, isn_of_target + 11, 0);
    ck_assert_uint_eq(fault_due_us(memory), UINT64_MAX);
    ck_assert_ptr_nonnull(theirs(ACK, isn_of_target + 11, 100, 20)); /* the next one, when the target's timer says so */
    expect_copy(isn_of_target + 11, 20);
    ours(RST, 100, 0, 0);
    ck_assert_uint_eq(fault_due_us(memory), UINT64_MAX);
    fault_end(memory);
}
END_TEST

static struct segment with_sack(struct segment segment, uint32_t left, uint32_t right)
{
    uint8_t option[12] = { 1, 1, 5, 10 };

    for (unsigned i = 0; i < 4; i++) {
        option[4 + i] = (uint8_t)(left >> (24 - 8 * i));
        option[8 + i] = (uint8_t)(right >> (24 - 8 * i));
    }
    memcpy(segment.options, option, sizeof option);
    segment.option_octets = sizeof option;
    return segment;
}

/* The target's numbers are moved on the way to the tester, and back on the way to the target, where a SACK names them too. */
START_TEST(every_connection_begins_at_the_same_number)
{
    struct tcp_options options;

    begin("constant-isn", _i);
    for (uint32_t isn = 5; isn < 0xf0000000; isn += 0x34567891) {
        ck_assert_uint_eq(theirs(SYN | ACK, isn, 100, 0)->seq, FIXED);
        ck_assert_uint_eq(ours(ACK, 100, FIXED + 1, 0)->ack, isn + 1);
        const struct segment *data = theirs(ACK, isn + 1, 100, 10);

        ck_assert_uint_eq(data->seq, FIXED + 1);
        ck_assert_uint_eq(data->ack, 100);
        const struct segment *block =
            after(FAULT_TO_TARGET, with_sack(segment_of(FAULT_TO_TARGET, 1024, ACK, 100, FIXED + 1, 0), FIXED + 5, FIXED + 7));

        tcp_options_parse(block->options, block->option_octets, &options);
        ck_assert_uint_eq(options.sack[0].left, isn + 5);
        ck_assert_uint_eq(options.sack[0].right, isn + 7);
        block = after(FAULT_FROM_TARGET, with_sack(segment_of(FAULT_FROM_TARGET, 1024, ACK, isn + 11, 100, 0), 200, 210));
        tcp_options_parse(block->options, block->option_octets, &options);
        ck_assert_uint_eq(options.sack[0].left, 200); /* these are the tester's */
        ck_assert_uint_eq(theirs(RST | ACK, 0, 100, 0)->seq, 0);
        ck_assert_uint_eq(theirs(RST, isn + 11, 0, 0)->seq, FIXED + 11);
    }
    ck_assert_uint_eq(after(FAULT_FROM_TARGET, segment_of(FAULT_FROM_TARGET, 1025, RST, 77, 0, 0))->seq, 77);
    fault_end(memory);
}
END_TEST

/* Below what was sent an ACK stays what it is; above, and half the number space away, it becomes one of all that was sent. */
START_TEST(an_ack_of_what_was_never_sent_is_one_of_all)
{
    begin("believes-acks", _i);
    for (uint32_t isn = 5; isn < 0xf0000000; isn += 0x34567891) {
        theirs(SYN | ACK, isn, 100, 0);
        theirs(ACK, isn + 1, 100, 10);
        ck_assert_uint_eq(ours(ACK, 100, isn + 1, 0)->ack, isn + 1);
        ck_assert_uint_eq(ours(ACK, 100, isn + 11, 0)->ack, isn + 11);
        ck_assert_uint_eq(ours(ACK, 100, isn + 12, 0)->ack, isn + 11);
        ck_assert_uint_eq(ours(ACK, 100, isn + 11 + 0x80000000, 0)->ack, isn + 11);
        ck_assert_uint_eq(ours(ACK, 100, isn + 12 + 0x80000000, 0)->ack, isn + 12 + 0x80000000);
        ck_assert_uint_eq(ours(RST, 100, isn + 12, 0)->ack, isn + 12);
    }
    fault_end(memory);
}
END_TEST

/* ---- how a connection lives and ends ------------------------------------------------------------------------------------ */

/* What the fault sends by itself, at the time that it does; nothing is wrong with it, and it carries neither text nor options.
 */
static const struct segment *expect_own(uint64_t after_us)
{
    static struct packet packet;
    uint8_t              own[ROOM];

    ck_assert_uint_eq(fault_due_us(memory), now_us + after_us);
    now_us += after_us;
    size_t count = fault_take(memory, own, sizeof own);

    ck_assert_uint_gt(count, 0);
    packet_decode(own, count, &packet);
    ck_assert_uint_eq(packet.faults, 0);
    ck_assert_uint_eq(packet.segment.text_octets, 0);
    ck_assert_uint_eq(packet.segment.option_octets, 0);
    ck_assert_uint_eq(packet.segment.source_port, 7);
    ck_assert_uint_eq(packet.segment.destination_port, 1024);
    return &packet.segment;
}

static void shake_hands(void)
{
    theirs(SYN | ACK, isn_of_target, 100, 0);
    ours(ACK, 100, isn_of_target + 1, 0);
}

START_TEST(the_own_fin_is_lost_and_what_stands_beside_it_is_not)
{
    begin("loses-own-fin", _i);
    shake_hands();
    theirs(ACK, isn_of_target + 1, 100, 0);
    const struct segment *beside = theirs(FIN | ACK, isn_of_target + 1, 100, 10);

    ck_assert_uint_eq(beside->flags, ACK);
    ck_assert_uint_eq(beside->text_octets, 10);
    ck_assert_ptr_null(theirs(FIN | ACK, isn_of_target + 11, 100, 0));
    ck_assert_uint_eq(theirs(FIN | ACK, isn_of_target + 11, 110, 0)->flags, ACK); /* acknowledges something new */
    ck_assert_ptr_null(theirs(FIN | ACK, isn_of_target + 11, 110, 0));
    ck_assert_ptr_nonnull(theirs(ACK, isn_of_target + 12, 110, 0));
    ck_assert_uint_eq(theirs(RST | ACK, isn_of_target + 12, 110, 0)->flags, RST | ACK);
    ck_assert_uint_eq(ours(FIN | ACK, 110, isn_of_target + 1, 0)->flags, FIN | ACK); /* the tester's */
    fault_end(memory);
}
END_TEST

/* Both FINs are acknowledged; then all but a SYN is answered as in CLOSED. */
START_TEST(a_connection_that_is_closed_is_not_known_any_more)
{
    begin("no-time-wait", _i);
    shake_hands();
    ck_assert_ptr_nonnull(theirs(FIN | ACK, isn_of_target + 1, 100, 0));
    ck_assert_ptr_nonnull(ours(FIN | ACK, 100, isn_of_target + 1, 0));
    ck_assert_ptr_nonnull(theirs(ACK, isn_of_target + 2, 101, 0));
    ck_assert_ptr_nonnull(ours(ACK, 101, isn_of_target + 1, 0));
    ck_assert_ptr_nonnull(ours(ACK, 101, isn_of_target + 2, 0));
    ck_assert_uint_eq(fault_due_us(memory), UINT64_MAX);
    ck_assert_ptr_null(ours(FIN | ACK, 100, isn_of_target + 2, 0));
    const struct segment *answer = expect_own(1000);

    ck_assert_uint_eq(answer->flags, RST);
    ck_assert_uint_eq(answer->seq, isn_of_target + 2);
    ck_assert_uint_eq(fault_due_us(memory), UINT64_MAX);
    ck_assert_ptr_null(ours(PSH, 100, 0, 10));
    answer = expect_own(1000);
    ck_assert_uint_eq(answer->flags, RST | ACK);
    ck_assert_uint_eq(answer->seq, 0);
    ck_assert_uint_eq(answer->ack, 110);
    ck_assert_ptr_null(theirs(ACK, isn_of_target + 2, 101, 0)); /* nothing of the target's own */
    ck_assert_ptr_null(ours(RST, 101, 0, 0));
    ck_assert_uint_eq(fault_due_us(memory), UINT64_MAX);
    ck_assert_ptr_nonnull(ours(SYN, 900, 0, 0));
    ck_assert_ptr_nonnull(theirs(SYN | ACK, 77, 901, 0));
    ck_assert_ptr_nonnull(ours(ACK, 901, 78, 0));
    fault_end(memory);
}
END_TEST

START_TEST(an_idle_connection_is_probed_each_half_minute)
{
    begin("keep-alive-always", _i);
    theirs(SYN | ACK, isn_of_target, 100, 0);
    ck_assert_uint_eq(fault_due_us(memory), UINT64_MAX);
    ours(ACK, 100, isn_of_target + 1, 0);
    theirs(ACK, isn_of_target + 1, 110, 20);
    for (int i = 0; i < 3; i++) {
        const struct segment *probe = expect_own(30 * SECOND_US);

        ck_assert_uint_eq(probe->flags, ACK);
        ck_assert_uint_eq(probe->seq, isn_of_target + 20);
        ck_assert_uint_eq(probe->ack, 110);
    }
    now_us += SECOND_US;
    ours(ACK, 110, isn_of_target + 21, 0); /* it is not idle */
    ck_assert_uint_eq(expect_own(30 * SECOND_US)->ack, 110);
    ours(FIN | ACK, 110, isn_of_target + 21, 0);
    ck_assert_uint_eq(fault_due_us(memory), UINT64_MAX);
    fault_end(memory);
}
END_TEST

/* ---- user calls --------------------------------------------------------------------------------------------------------- */

static struct call_request asked;
static struct call_reply   told;

/* An application that counts what it is asked, and has read five octets. */
static void carry_out(void *application, const struct call_request *request, struct call_reply *reply)
{
    (void)request;
    ++*(int *)application;
    *reply = (struct call_reply){ .result = CALL_OK, .handle = 3, .octets = 5 };
}

/* Whether the call came to the application. */
static bool call(enum call_kind kind)
{
    int calls = 0;

    asked.kind = kind;
    fault_call(memory, carry_out, &calls, &asked, &told);
    ck_assert_int_eq(told.result, CALL_OK);
    return calls == 1;
}

START_TEST(keep_alives_cannot_be_switched_off)
{
    begin("keep-alive-always", _i);
    asked = (struct call_request){ .setting = KEEP_ALIVE, .value = 0 };
    ck_assert(!call(CALL_CONFIGURE));
    ck_assert(call(CALL_CLOSE));
    asked.value = 5000;
    ck_assert(call(CALL_CONFIGURE));
    asked = (struct call_request){ .setting = NAGLE, .value = 0 };
    ck_assert(call(CALL_CONFIGURE));
    fault_end(memory);
}
END_TEST

START_TEST(an_abort_sends_no_rst)
{
    begin("aborts-without-rst", _i);
    shake_hands();
    ck_assert_ptr_nonnull(theirs(RST | ACK, isn_of_target + 1, 100, 0));
    asked = (struct call_request){ 0 };
    ck_assert(call(CALL_CLOSE));
    ck_assert_ptr_nonnull(theirs(RST | ACK, isn_of_target + 1, 100, 0));
    ck_assert(call(CALL_ABORT));
    ck_assert_ptr_nonnull(theirs(ACK, isn_of_target + 1, 100, 10));
    ck_assert_ptr_null(theirs(RST | ACK, isn_of_target + 11, 100, 0));
    ck_assert_ptr_null(theirs(RST | ACK, isn_of_target + 11, 100, 0));
    ours(ACK, 100, isn_of_target + 11, 0);
    ck_assert_ptr_nonnull(theirs(RST, isn_of_target + 11, 0, 0)); /* its answer to a segment */
    fault_end(memory);
}
END_TEST

START_TEST(what_comes_after_a_reset_is_delivered)
{
    begin("delivers-after-reset", _i);
    shake_hands();
    asked = (struct call_request){ .port = 1024 };
    ck_assert(call(CALL_ACCEPTED));
    asked = (struct call_request){ .handle = 3 };
    ours(RST, 101, 0, 0); /* not exactly what the target expects */
    ours(ACK, 100, isn_of_target + 1, 4);
    ck_assert(call(CALL_SAW));
    ck_assert_uint_eq(told.octets, 5);
    ours(RST, 100, 0, 0);
    ours(ACK, 100, isn_of_target + 1, 4);
    ck_assert(call(CALL_SAW));
    ck_assert_uint_eq(told.octets, 9);
    ck_assert_uint_eq(told.data_octets, 4);
    ck_assert_mem_eq(told.data, "text", 4);
    asked.from = 7;
    ck_assert(call(CALL_SAW));
    ck_assert_uint_eq(told.data_octets, 2);
    ck_assert_mem_eq(told.data, "xt", 2);
    asked.handle = 4; /* another connection */
    ck_assert(call(CALL_SAW));
    ck_assert_uint_eq(told.octets, 5);
    fault_end(memory);
}
END_TEST

/* ---- limits ------------------------------------------------------------------------------------------------------------- */

/* A case has no more connections than are kept; of more the oldest are forgotten, and nothing else happens. */
START_TEST(there_is_no_end_to_connections)
{
    begin("never-retransmits", _i);
    for (uint16_t port = 1024; port < 1324; port++) {
        struct segment data = segment_of(FAULT_FROM_TARGET, port, ACK, 1, 1, 10);

        ck_assert_ptr_nonnull(after(FAULT_FROM_TARGET, data));
        ck_assert_ptr_null(after(FAULT_FROM_TARGET, data));
    }
    fault_end(memory);
}
END_TEST

START_TEST(without_a_fault_all_passes)
{
    struct error error = { "" };

    family = 4;
    ck_assert(fault_begin(NULL, &memory, &error));
    ck_assert_ptr_null(memory);
    ck_assert(!fault_touches(memory, FAULT_TO_TARGET));
    ck_assert_ptr_nonnull(ours(RST, 1, 1, 0));
    ck_assert_uint_eq(fault_due_us(memory), UINT64_MAX);
    ck_assert(call(CALL_ABORT));
    fault_end(memory);
}
END_TEST

SUITE(fault_memory)
{
    Suite *suite = suite_create("fault_memory");
    TCase *tcase = tcase_create("faults");

    tcase_add_loop_test(tcase, acks_are_those_of_before, 0, 2);
    tcase_add_loop_test(tcase, nothing_comes_twice, 0, 2);
    tcase_add_loop_test(tcase, what_is_not_acknowledged_comes_each_second, 0, 2);
    tcase_add_loop_test(tcase, every_connection_begins_at_the_same_number, 0, 2);
    tcase_add_loop_test(tcase, an_ack_of_what_was_never_sent_is_one_of_all, 0, 2);
    tcase_add_loop_test(tcase, the_own_fin_is_lost_and_what_stands_beside_it_is_not, 0, 2);
    tcase_add_loop_test(tcase, a_connection_that_is_closed_is_not_known_any_more, 0, 2);
    tcase_add_loop_test(tcase, an_idle_connection_is_probed_each_half_minute, 0, 2);
    tcase_add_loop_test(tcase, keep_alives_cannot_be_switched_off, 0, 2);
    tcase_add_loop_test(tcase, an_abort_sends_no_rst, 0, 2);
    tcase_add_loop_test(tcase, what_comes_after_a_reset_is_delivered, 0, 2);
    tcase_add_loop_test(tcase, there_is_no_end_to_connections, 0, 2);
    tcase_add_test(tcase, without_a_fault_all_passes);
    suite_add_tcase(suite, tcase);
    return suite;
}
