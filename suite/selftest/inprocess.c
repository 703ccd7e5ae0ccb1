/* inprocess.c: the target `reference` through target.h and calls.h, as a player would use it. */
#include <stdlib.h>
#include <string.h>

#include "inprocess/inprocess.h"
#include "selftest/selftest.h"

struct bench {
    void               *prepared;
    struct target       target;
    uint32_t            irs, iss, nxt, acked; /* nxt: ours; acked: what we acknowledge */
    uint16_t            port;
    struct call_request request;
    struct call_reply   reply;
};

static void begin(struct bench *bench, const char *fault, bool ipv6)
{
    struct error error = { "" };

    memset(bench, 0, sizeof *bench);
    bench->irs      = 5000;
    bench->prepared = target_reference.prepare(
        &(struct target_wish){ .spec = "reference", .fault = fault, .ipv6 = ipv6, .seed = 42 }, &error);
    ck_assert_msg(bench->prepared != NULL, "%s", error.sentence);
    ck_assert(target_reference.open(bench->prepared, 3, &bench->target, &error));
}

static void end(struct bench *bench)
{
    bench->target.close(bench->target.self);
    target_reference.release(bench->prepared);
}

static enum call_result call(struct bench *bench, enum call_kind kind, uint16_t handle)
{
    bench->request.kind   = kind;
    bench->request.handle = handle;
    bench->target.call(bench->target.self, &bench->request, &bench->reply);
    return bench->reply.result;
}

static void deliver(struct bench *bench, unsigned flags, uint32_t seq, uint32_t ack, const char *text)
{
    struct error   error;
    struct segment segment = { .source           = bench->target.tester,
                               .destination      = bench->target.address,
                               .source_port      = bench->target.first_port,
                               .destination_port = bench->port,
                               .seq              = seq,
                               .ack              = ack,
                               .flags            = (uint8_t)flags,
                               .window           = 60000,
                               .text             = (const uint8_t *)text,
                               .text_octets      = strlen(text) };

    ck_assert(bench->target.deliver(bench->target.self, &segment, NULL, &error));
}

/* The next packet of the target's within so many ms, decoded; false for none. Our own come by as well and are passed over. */
static bool next_from_target(struct bench *bench, uint64_t ms, struct packet *packet, uint64_t *time_us)
{
    struct arrival arrival;
    struct error   error;
    uint64_t       until_us = bench->target.now_us(bench->target.self) + ms * 1000;

    for (;;) {
        enum wait_result result = bench->target.next(bench->target.self, until_us, &arrival, &error);

        if (result != WAIT_ARRIVAL)
            return false;
        if (!arrival.from_target)
            continue;
        packet_decode(arrival.octets, arrival.count, packet);
        if (time_us)
            *time_us = arrival.time_us;
        return true;
    }
}

static uint16_t connect_passively(struct bench *bench, enum service service, bool paused)
{
    struct packet packet;

    ck_assert_int_eq(call(bench, CALL_PASSIVE_OPEN, 0), CALL_OK);
    uint16_t listener = bench->reply.handle;

    bench->port = bench->reply.port;
    if (service != SERVICE_NONE) {
        bench->request.service = service;
        ck_assert_int_eq(call(bench, CALL_SERVE, listener), CALL_OK);
    }
    if (paused)
        ck_assert_int_eq(call(bench, CALL_PAUSE_READING, listener), CALL_OK);
    bench->request.address = bench->target.tester;
    bench->request.port    = bench->target.first_port;
    deliver(bench, SYN, bench->irs, 0, "");
    ck_assert(next_from_target(bench, 10, &packet, NULL));
    ck_assert_uint_eq(packet.segment.flags, SYN | ACK);
    bench->iss   = packet.segment.seq;
    bench->nxt   = bench->irs + 1;
    bench->acked = bench->iss + 1;
    ck_assert_int_eq(call(bench, CALL_ACCEPTED, listener), CALL_PENDING);
    deliver(bench, ACK, bench->nxt, bench->acked, "");
    ck_assert(!next_from_target(bench, 10, &packet, NULL));
    ck_assert_int_eq(call(bench, CALL_ACCEPTED, listener), CALL_OK);
    ck_assert_uint_ne(bench->reply.events & 1u << ACCEPTED, 0);
    return bench->reply.handle;
}

START_TEST(times_are_those_of_the_link)
{
    struct bench   bench;
    struct arrival arrival;
    struct error   error;

    begin(&bench, "", _i == 1);
    ck_assert_uint_eq(bench.target.address.family, _i == 1 ? 6 : 4);
    ck_assert_uint_eq(bench.target.first_port, 1024 + 3 * TESTER_PORTS);
    ck_assert_int_eq(call(&bench, CALL_PASSIVE_OPEN, 0), CALL_OK);
    bench.port      = bench.reply.port;
    uint64_t now_us = bench.target.now_us(bench.target.self);

    deliver(&bench, SYN, 1, 0, "");
    /* Our own comes by the capture first, at the moment of sending; the answer two crossings later. */
    ck_assert_int_eq(bench.target.next(bench.target.self, now_us, &arrival, &error), WAIT_ARRIVAL);
    ck_assert(!arrival.from_target);
    ck_assert_uint_eq(arrival.time_us, now_us);
    ck_assert_int_eq(bench.target.next(bench.target.self, now_us + 1999, &arrival, &error), WAIT_DEADLINE);
    ck_assert_uint_eq(bench.target.now_us(bench.target.self), now_us + 1999);
    ck_assert_int_eq(bench.target.next(bench.target.self, now_us + 2000, &arrival, &error), WAIT_ARRIVAL);
    ck_assert(arrival.from_target);
    ck_assert_uint_eq(arrival.time_us, now_us + 2000);
    ck_assert_uint_ge(bench.target.round_trip_us, 2000);
    ck_assert_uint_eq(bench.target.capture_lost(bench.target.self), 0);
    end(&bench);
}
END_TEST

START_TEST(application_reads_and_sends)
{
    struct bench  bench;
    struct packet packet;
    uint64_t      time_us;

    begin(&bench, "", false);
    uint16_t handle = connect_passively(&bench, SERVICE_NONE, false);

    deliver(&bench, ACK, bench.nxt, bench.acked, "hello");
    ck_assert(next_from_target(&bench, 300, &packet, &time_us));
    ck_assert_uint_eq(packet.segment.ack, bench.nxt + 5);
    bench.nxt += 5;
    bench.request.from = 2;
    ck_assert_int_eq(call(&bench, CALL_SAW, handle), CALL_OK);
    ck_assert_uint_eq(bench.reply.octets, 5);
    ck_assert_uint_eq(bench.reply.data_octets, 3);
    ck_assert_mem_eq(bench.reply.data, "llo", 3);
    bench.request.data_octets = 3;
    memcpy(bench.request.data, "abc", 3);
    ck_assert_int_eq(call(&bench, CALL_SEND, handle), CALL_OK);
    ck_assert(next_from_target(&bench, 5, &packet, NULL));
    ck_assert_uint_eq(packet.segment.text_octets, 3);
    ck_assert_mem_eq(packet.segment.text, "abc", 3);
    bench.acked += 3;
    deliver(&bench, FIN | ACK, bench.nxt, bench.acked, "");
    ck_assert(next_from_target(&bench, 5, &packet, NULL));
    ck_assert_int_eq(call(&bench, CALL_SAW, handle), CALL_OK);
    ck_assert_uint_ne(bench.reply.events & 1u << END, 0);
    ck_assert_int_eq(call(&bench, CALL_CLOSE, handle), CALL_OK);
    ck_assert(next_from_target(&bench, 5, &packet, NULL));
    ck_assert_uint_eq(packet.segment.flags, FIN | ACK);
    ck_assert_int_eq(call(&bench, CALL_SEND, handle), CALL_FAILED);
    end(&bench);
}
END_TEST

/* SEND takes all at once whatever the window; CLOSE waits until the queue is out. */
START_TEST(send_is_queued_whole)
{
    static struct bench bench;
    struct packet       packet;
    size_t              total = 0, wanted = 20 * (size_t)CALL_DATA_MAX_OCTETS;
    bool                fin = false;

    begin(&bench, "", false);
    uint16_t handle = connect_passively(&bench, SERVICE_NONE, false);

    bench.request.data_octets = CALL_DATA_MAX_OCTETS;
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(call(&bench, CALL_SEND, handle), CALL_OK);
    ck_assert_int_eq(call(&bench, CALL_CLOSE, handle), CALL_OK);
    while (!fin && next_from_target(&bench, 1000, &packet, NULL)) {
        total += packet.segment.text_octets;
        fin = (packet.segment.flags & FIN) != 0;
        deliver(&bench, ACK, bench.nxt, packet.segment.seq + (uint32_t)packet.segment.text_octets + fin, "");
    }
    ck_assert(fin);
    ck_assert_uint_eq(total, wanted);
    end(&bench);
}
END_TEST

START_TEST(listener_passes_pause_on)
{
    static struct bench bench;
    struct packet       packet;

    begin(&bench, "", false);
    uint16_t handle = connect_passively(&bench, SERVICE_NONE, true);

    deliver(&bench, ACK, bench.nxt, bench.acked, "hello");
    ck_assert(next_from_target(&bench, 300, &packet, NULL));
    bench.request.from = 0;
    ck_assert_int_eq(call(&bench, CALL_SAW, handle), CALL_OK);
    ck_assert_uint_eq(bench.reply.octets, 0);
    ck_assert_int_eq(call(&bench, CALL_RECEIVE, handle), CALL_OK);
    ck_assert_int_eq(call(&bench, CALL_SAW, handle), CALL_OK);
    ck_assert_uint_eq(bench.reply.octets, 5);
    end(&bench);
}
END_TEST

START_TEST(services)
{
    static struct bench bench;
    struct packet       packet;

    begin(&bench, "", false);
    enum service service = (enum service)_i;

    ck_assert_int_eq(call(&bench, CALL_PASSIVE_OPEN, 0), CALL_OK);
    uint16_t listener     = bench.reply.handle;
    bench.port            = bench.reply.port;
    bench.request.service = service;
    ck_assert_int_eq(call(&bench, CALL_SERVE, listener), CALL_OK);
    deliver(&bench, SYN, bench.irs, 0, "");
    ck_assert(next_from_target(&bench, 10, &packet, NULL));
    uint32_t ack = packet.segment.seq + 1;

    deliver(&bench, ACK, bench.irs + 1, ack, "ping");
    ck_assert(next_from_target(&bench, 300, &packet, NULL));
    if (service == SERVICE_ECHO)
        ck_assert_uint_eq(packet.segment.text_octets, 4);
    if (service == SERVICE_DISCARD)
        ck_assert_uint_eq(packet.segment.text_octets, 0);
    if (service == SERVICE_CHARGEN)
        ck_assert_mem_eq(packet.segment.text, " !\"#$%&'", 8);
    if (service != SERVICE_CHARGEN)
        ck_assert_uint_eq(packet.segment.ack, bench.irs + 5);
    if (service == SERVICE_ECHO || service == SERVICE_DISCARD) { /* over when the peer closes */
        ack += (uint32_t)packet.segment.text_octets;
        deliver(&bench, FIN | ACK, bench.irs + 5, ack, "");
        ck_assert(next_from_target(&bench, 300, &packet, NULL));
        if (!(packet.segment.flags & FIN))
            ck_assert(next_from_target(&bench, 300, &packet, NULL));
        ck_assert_uint_ne(packet.segment.flags & FIN, 0);
        ck_assert_uint_eq(packet.segment.ack, bench.irs + 6);
    }
    end(&bench);
}
END_TEST

START_TEST(active_open_reset_and_urgent)
{
    static struct bench bench;
    struct packet       packet;

    begin(&bench, "", false);
    bench.request.address = bench.target.tester;
    bench.request.port    = bench.target.first_port;
    ck_assert_int_eq(call(&bench, CALL_OPEN, 0), CALL_OK);
    uint16_t handle = bench.reply.handle;

    bench.port = bench.reply.port;
    ck_assert_uint_gt(bench.port, 1024 + 1000 * TESTER_PORTS - 1);
    ck_assert(next_from_target(&bench, 5, &packet, NULL));
    ck_assert_uint_eq(packet.segment.flags, SYN);
    ck_assert_uint_eq(packet.segment.source_port, bench.port);
    uint32_t ack = packet.segment.seq + 1;

    if (_i == 0) {
        deliver(&bench, RST | ACK, 0, ack, "");
        ck_assert(!next_from_target(&bench, 100, &packet, NULL));
        ck_assert_int_eq(call(&bench, CALL_SAW, handle), CALL_OK);
        ck_assert_uint_ne(bench.reply.events & 1u << REFUSED, 0);
    } else {
        struct error error;

        deliver(&bench, SYN | ACK, 9, ack, "");
        ck_assert(next_from_target(&bench, 5, &packet, NULL));
        struct segment urgent = { .source           = bench.target.tester,
                                  .destination      = bench.target.address,
                                  .source_port      = bench.target.first_port,
                                  .destination_port = bench.port,
                                  .seq              = 10,
                                  .ack              = ack,
                                  .flags            = ACK | URG,
                                  .urgent_pointer   = 3,
                                  .window           = 100,
                                  .text             = (const uint8_t *)"abcde",
                                  .text_octets      = 5 };

        ck_assert(bench.target.deliver(bench.target.self, &urgent, NULL, &error));
        ck_assert(next_from_target(&bench, 300, &packet, NULL));
        ck_assert_int_eq(call(&bench, CALL_SAW, handle), CALL_OK);
        ck_assert_uint_ne(bench.reply.events & 1u << URGENT, 0);
        ck_assert_uint_eq(bench.reply.urgent_to, 3);
        deliver(&bench, RST, 15, 0, "");
        ck_assert(!next_from_target(&bench, 5, &packet, NULL));
        ck_assert_int_eq(call(&bench, CALL_SAW, handle), CALL_OK);
        ck_assert_uint_ne(bench.reply.events & 1u << RESET, 0);
        ck_assert_uint_eq(bench.reply.octets, 5);
        ck_assert_int_eq(call(&bench, CALL_SEND, handle), CALL_FAILED);
    }
    end(&bench);
}
END_TEST

START_TEST(reserved_port_is_closed)
{
    static struct bench bench;
    struct packet       packet;

    begin(&bench, "", false);
    ck_assert_int_eq(call(&bench, CALL_RESERVE, 0), CALL_OK);
    bench.port = bench.reply.port;
    ck_assert_int_eq(call(&bench, CALL_PASSIVE_OPEN, 0), CALL_OK);
    ck_assert_uint_ne(bench.reply.port, bench.port);
    deliver(&bench, SYN, 7, 0, "");
    ck_assert(next_from_target(&bench, 5, &packet, NULL));
    ck_assert_uint_eq(packet.segment.flags, RST | ACK);
    ck_assert_uint_eq(packet.segment.ack, 8);
    ck_assert_int_eq(call(&bench, CALL_SAW, 99), CALL_FAILED);
    ck_assert_int_ne(bench.reply.sentence[0], '\0');
    end(&bench);
}
END_TEST

START_TEST(abort_and_close_both)
{
    static struct bench bench;
    struct packet       packet;

    begin(&bench, "", false);
    uint16_t handle = connect_passively(&bench, SERVICE_NONE, _i == 1);

    if (_i == 1) { /* paused: what is unread makes a RST of CLOSE_BOTH */
        deliver(&bench, ACK, bench.nxt, bench.acked, "unread");
        ck_assert(next_from_target(&bench, 300, &packet, NULL));
    }
    ck_assert_int_eq(call(&bench, _i == 0 ? CALL_ABORT : CALL_CLOSE_BOTH, handle), CALL_OK);
    ck_assert(next_from_target(&bench, 5, &packet, NULL));
    ck_assert_uint_ne(packet.segment.flags & (_i == 2 ? FIN : RST), 0);
    ck_assert_int_eq(call(&bench, CALL_CLOSE, handle), CALL_FAILED);
    end(&bench);
}
END_TEST

START_TEST(faults)
{
    static struct bench bench;
    struct packet       packet;
    struct error        error = { "" };

    ck_assert_ptr_null(target_reference.prepare(
        &(struct target_wish){ .spec = "reference", .fault = "no-such-fault", .ipv6 = false, .seed = 1 }, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "no-such-fault"));
    ck_assert_ptr_nonnull(strstr(error.sentence, "--help"));
    begin(&bench, "answers-nothing", false);
    ck_assert_int_eq(call(&bench, CALL_PASSIVE_OPEN, 0), CALL_OK);
    bench.port = bench.reply.port;
    deliver(&bench, SYN, 1, 0, "");
    ck_assert(!next_from_target(&bench, 5000, &packet, NULL));
    end(&bench);
}
END_TEST

START_TEST(settings_of_listeners_are_for_listeners)
{
    static struct bench bench;

    begin(&bench, "", false);
    uint16_t handle   = connect_passively(&bench, SERVICE_NONE, false);
    uint16_t listener = handle - 1;

    bench.request.setting = _i ? BACKLOG : ACCEPTING;
    bench.request.value   = 1;
    ck_assert_int_eq(call(&bench, CALL_CONFIGURE, handle), CALL_FAILED);
    ck_assert_ptr_nonnull(strstr(bench.reply.sentence, "listener"));
    ck_assert_int_eq(call(&bench, CALL_CONFIGURE, listener), CALL_OK);
    bench.request.value = 0;
    ck_assert_int_eq(call(&bench, CALL_CONFIGURE, listener), _i ? CALL_FAILED : CALL_OK);
    end(&bench);
}
END_TEST

START_TEST(what_does_not_fit)
{
    static struct bench bench;
    static uint8_t      packet[2000];
    struct error        error = { "" };

    begin(&bench, "", false);
    ck_assert(!bench.target.deliver_packet(bench.target.self, packet, sizeof packet, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "MTU"));
    ck_assert(bench.target.deliver_packet(bench.target.self, packet, 3, &error)); /* rubbish is dropped at the other end */
    ck_assert_uint_eq(bench.target.now_us(bench.target.self), 1000000);
    end(&bench);
}
END_TEST

SUITE(inprocess)
{
    Suite *suite = suite_create("inprocess");
    TCase *tcase = tcase_create("reference");

    tcase_add_loop_test(tcase, times_are_those_of_the_link, 0, 2);
    tcase_add_test(tcase, application_reads_and_sends);
    tcase_add_test(tcase, send_is_queued_whole);
    tcase_add_test(tcase, listener_passes_pause_on);
    tcase_add_loop_test(tcase, services, SERVICE_ECHO, SERVICE_CHARGEN + 1);
    tcase_add_loop_test(tcase, active_open_reset_and_urgent, 0, 2);
    tcase_add_test(tcase, reserved_port_is_closed);
    tcase_add_loop_test(tcase, abort_and_close_both, 0, 3);
    tcase_add_test(tcase, faults);
    tcase_add_loop_test(tcase, settings_of_listeners_are_for_listeners, 0, 2);
    tcase_add_test(tcase, what_does_not_fit);
    suite_add_tcase(suite, tcase);
    return suite;
}
