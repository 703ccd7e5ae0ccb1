/* wire.c: libnet's octets against the encoder's, and a link with both ends in one private network namespace, where one wire
 * plays the tester and another the target, so that no kernel's TCP has a say. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/link.h"
#include "lab/namespace.h"
#include "privilege.h"
#include "selftest.h"
#include "wire/craft.h"
#include "wire/wire.h"

enum { PORT = 2048, PORTS = 64, MTU = 1500, AWHILE_US = 5000000 };

static const uint8_t near_mac[] = { 2, 0, 0, 0, 0, 1 }, far_mac[] = { 2, 0, 0, 0, 0, 2 }, other_mac[] = { 2, 0, 0, 0, 0, 3 };

/* ---- a link ----------------------------------------------------------------------------------------------------------- */

/* A process that may make network namespaces stays in a new one, with the ends `near` and `far` of a link in it. Where it may
 * not, the test says so and is left out. */
static bool make_link(void)
{
    struct error error = { "" };

    if (!namespace_new(&error)) {
        printf("wire: skipped: %s\n", error.sentence);
        return false;
    }
    int here = namespace_here(&error), set_up = link_socket(&error);

    ck_assert_msg(link_make_pair(set_up, "near", near_mac, "far", far_mac, here, &error) &&
                      link_offloads_off(set_up, "near", &error) && link_offloads_off(set_up, "far", &error) &&
                      link_without_ipv6_address(set_up, "near", &error) && link_without_ipv6_address(set_up, "far", &error) &&
                      link_up(set_up, "near", &error) && link_up(set_up, "far", &error),
                  "%s", error.sentence);
    close(here);
    close(set_up);
    return true;
}

/* ---- segments --------------------------------------------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void fill_random(uint32_t *state, uint8_t *octets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        octets[i] = (uint8_t)next_random(state);
}

static struct segment random_segment(uint32_t *state, uint8_t family, const uint8_t *text, size_t text_octets)
{
    struct segment segment = { .source           = { .family = family },
                               .destination      = { .family = family },
                               .hop_limit        = (uint8_t)(1 + next_random(state) % 255),
                               .traffic_class    = (uint8_t)next_random(state),
                               .identification   = (uint16_t)next_random(state),
                               .source_port      = (uint16_t)next_random(state),
                               .destination_port = (uint16_t)next_random(state),
                               .seq              = next_random(state),
                               .ack              = next_random(state),
                               .flags            = (uint8_t)next_random(state),
                               .window           = (uint16_t)next_random(state),
                               .urgent_pointer   = (uint16_t)next_random(state),
                               .text             = text,
                               .text_octets      = text_octets };

    fill_random(state, segment.source.octets, family == 6 ? 16 : 4);
    fill_random(state, segment.destination.octets, family == 6 ? 16 : 4);
    return segment;
}

/* Every option that is known by kind, in every combination that fits. */
static void add_options(struct segment *segment, uint32_t *state, unsigned combination)
{
    struct tcp_options options = { .has_mss          = combination & 1,
                                   .has_window_scale = combination & 2,
                                   .sack_permitted   = combination & 4,
                                   .has_timestamps   = combination & 8,
                                   .sack_blocks      = combination >> 4 & 3,
                                   .mss              = (uint16_t)next_random(state),
                                   .window_scale     = (uint8_t)next_random(state),
                                   .tsval            = next_random(state),
                                   .tsecr            = next_random(state) };

    for (unsigned i = 0; i < options.sack_blocks; i++)
        options.sack[i] = (struct sack_block){ next_random(state), next_random(state) };
    segment->option_octets = tcp_options_build(&options, segment->options);
}

static void expect_same(struct craft *craft, const struct segment *segment)
{
    static uint8_t ours[PACKET_MAX_OCTETS], theirs[PACKET_MAX_OCTETS];
    struct error   error = { "" };
    size_t         count = segment_encode(segment, ours, sizeof ours);

    ck_assert_uint_gt(count, 0);
    ck_assert_msg(craft_segment(craft, segment, theirs, sizeof theirs, &error) == count, "%s", error.sentence);
    ck_assert_mem_eq(ours, theirs, count);
}

static struct craft *open_craft(void)
{
    struct error  error;
    struct craft *craft = craft_open("near", &error);

    ck_assert_msg(craft != NULL, "%s", error.sentence);
    return craft;
}

START_TEST(libnet_makes_the_same_octets)
{
    static uint8_t text[3000];
    uint32_t       state = 1;

    if (!make_link())
        return;
    struct craft *craft = open_craft();

    fill_random(&state, text, sizeof text);
    for (unsigned i = 0; i < 2000; i++) {
        size_t         octets  = next_random(&state) % (i % 4 == 0 ? sizeof text : 40);
        struct segment segment = random_segment(&state, i % 2 == 0 ? 4 : 6, text + i % 7, octets < 7 ? octets : octets - 7);

        add_options(&segment, &state, i % 64);
        expect_same(craft, &segment);
    }
    craft_close(craft);
}
END_TEST

/* Options as octets, of every length from none to 40. */
START_TEST(libnet_pads_options_alike)
{
    uint32_t state = 2;

    if (!make_link())
        return;
    struct craft *craft = open_craft();

    for (unsigned i = 0; i < 2 * (TCP_OPTIONS_MAX_OCTETS + 1); i++) {
        struct segment segment = random_segment(&state, i % 2 == 0 ? 4 : 6, (const uint8_t *)"odd", i % 3);

        segment.option_octets = i / 2;
        fill_random(&state, segment.options, segment.option_octets);
        expect_same(craft, &segment);
    }
    craft_close(craft);
}
END_TEST

START_TEST(what_is_no_packet_is_refused)
{
    uint8_t        packet[100] = { 0 };
    uint32_t       state       = 3;
    struct error   error       = { "" };
    struct segment segment     = random_segment(&state, 4, packet, 61);

    if (!make_link())
        return;
    struct craft *craft = open_craft();

    ck_assert_uint_eq(craft_segment(craft, &segment, packet, sizeof packet, &error), 0);
    ck_assert_ptr_nonnull(strstr(error.sentence, "101 octets"));
    segment.text_octets        = 0;
    segment.destination.family = 6;
    ck_assert_uint_eq(craft_segment(craft, &segment, packet, sizeof packet, &error), 0);
    ck_assert_ptr_nonnull(strstr(error.sentence, "IPv4 to IPv6"));
    craft_close(craft);
}
END_TEST

/* ---- on the link ------------------------------------------------------------------------------------------------------- */

static struct wire *open_end(const char *interface, const uint8_t *own, const uint8_t *others, const struct fault *fault)
{
    struct wire_wish wish = { .interface = interface, .first_port = PORT, .ports = PORTS, .mtu = MTU, .fault = fault };
    struct error     error;

    memcpy(wish.tester_mac, own, MAC_OCTETS);
    memcpy(wish.target_mac, others, MAC_OCTETS);
    struct wire *wire = wire_open(&wish, &error);

    ck_assert_msg(wire != NULL, "%s", error.sentence);
    return wire;
}

static struct segment plain(uint16_t from, uint16_t to, uint32_t seq)
{
    return (struct segment){ .source           = { 4, { 198, 51, 100, 1 } },
                             .destination      = { 4, { 198, 51, 100, 2 } },
                             .source_port      = from,
                             .destination_port = to,
                             .seq              = seq,
                             .flags            = ACK };
}

static void deliver(struct wire *wire, uint16_t from, uint16_t to, uint32_t seq)
{
    struct segment segment = plain(from, to, seq);
    struct error   error;

    ck_assert_msg(wire_deliver(wire, &segment, NULL, &error), "%s", error.sentence);
}

static struct packet expect_arrival(struct wire *wire, bool from_target, uint64_t *time_us)
{
    struct arrival arrival;
    struct packet  packet;
    struct error   error = { "" };

    ck_assert_msg(wire_next(wire, wire_now_us() + AWHILE_US, &arrival, &error) == WAIT_ARRIVAL, "nothing came %s",
                  error.sentence);
    ck_assert_int_eq(arrival.from_target, from_target);
    packet_decode(arrival.octets, arrival.count, &packet);
    if (time_us != NULL)
        *time_us = arrival.time_us;
    return packet;
}

static void expect_nothing_more(struct wire *wire)
{
    struct arrival arrival;
    struct error   error = { "" };

    ck_assert_int_eq(wire_next(wire, wire_now_us(), &arrival, &error), WAIT_DEADLINE);
}

START_TEST(both_directions_in_order_with_times)
{
    uint64_t before = wire_now_us(), last = before, time_us;

    if (!make_link())
        return;
    struct wire *tester = open_end("near", near_mac, far_mac, NULL), *target = open_end("far", far_mac, near_mac, NULL);

    for (uint32_t i = 0; i < 50; i++) {
        deliver(tester, PORT, 7, 2 * i);
        deliver(target, 7, PORT, 2 * i + 1);
    }
    for (uint32_t i = 0; i < 100; i++) {
        struct packet packet = expect_arrival(tester, i % 2 == 1, &time_us);

        ck_assert_uint_eq(packet.segment.seq, i);
        ck_assert_uint_eq(packet.faults, 0);
        ck_assert_uint_ge(time_us, last);
        last = time_us;
    }
    ck_assert_uint_le(last, wire_now_us());
    expect_nothing_more(tester);
    ck_assert_uint_eq(wire_lost(tester), 0);
    wire_close(tester);
    wire_close(target);
}
END_TEST

/* Whatever addresses and ports an own packet claims, it is told by its MAC; the target's are told by the port they go to. */
START_TEST(only_what_concerns_the_case)
{
    struct error error;

    if (!make_link())
        return;
    struct wire *tester = open_end("near", near_mac, far_mac, NULL), *target = open_end("far", far_mac, near_mac, NULL);
    struct wire *other = open_end("near", other_mac, far_mac, NULL);

    deliver(other, PORT, 7, 1);
    deliver(target, 7, PORT + PORTS, 2);
    deliver(target, PORT, PORT - 1, 3);
    deliver(tester, 7, 7, 4);
    ck_assert(wire_deliver_packet(tester, (const uint8_t *)"\x4fgarbage", 8, &error));
    deliver(target, 7, PORT + PORTS - 1, 5);
    ck_assert_uint_eq(expect_arrival(tester, false, NULL).segment.seq, 4);
    ck_assert_uint_ne(expect_arrival(tester, false, NULL).faults, 0);
    ck_assert_uint_eq(expect_arrival(tester, true, NULL).segment.seq, 5);
    expect_nothing_more(tester);
    wire_close(other);
    wire_close(tester);
    wire_close(target);
}
END_TEST

static void send_icmp_about(struct wire *target, uint8_t family, uint16_t port)
{
    uint8_t        quoted[100], packet[200];
    uint32_t       state   = 4;
    struct segment segment = random_segment(&state, family, NULL, 0);
    struct error   error;

    segment.source_port = port;
    size_t count        = segment_encode(&segment, quoted, sizeof quoted);

    count = icmp_error_encode(PORT_UNREACHABLE, 0, &segment.destination, quoted, count, packet, sizeof packet);
    ck_assert_uint_gt(count, 0);
    ck_assert_msg(wire_deliver_packet(target, packet, count, &error), "%s", error.sentence);
}

START_TEST(icmp_that_quotes_the_case)
{
    if (!make_link())
        return;
    struct wire *tester = open_end("near", near_mac, far_mac, NULL), *target = open_end("far", far_mac, near_mac, NULL);

    for (uint8_t family = 4; family <= 6; family += 2) {
        send_icmp_about(target, family, PORT - 1);
        send_icmp_about(target, family, PORT + 1);
        send_icmp_about(target, family, PORT + PORTS);
        struct packet packet = expect_arrival(tester, true, NULL);

        ck_assert_int_eq(packet.kind, PACKET_ICMP_ERROR);
        ck_assert_uint_eq(packet.segment.source_port, PORT + 1);
        expect_nothing_more(tester);
    }
    wire_close(tester);
    wire_close(target);
}
END_TEST

START_TEST(frames_above_the_mtu_are_refused)
{
    static uint8_t text[MTU];
    struct error   error   = { "" };
    struct segment segment = plain(PORT, 7, 1);

    if (!make_link())
        return;
    struct wire *tester = open_end("near", near_mac, far_mac, NULL);

    segment.text        = text;
    segment.text_octets = MTU - 39;
    ck_assert(!wire_deliver(tester, &segment, NULL, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "MTU of 1500"));
    ck_assert(!wire_deliver_packet(tester, text, MTU + 1, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "MTU of 1500"));
    segment.text_octets = MTU - 40;
    ck_assert_msg(wire_deliver(tester, &segment, NULL, &error), "%s", error.sentence);
    ck_assert_uint_eq(expect_arrival(tester, false, NULL).segment.text_octets, MTU - 40);
    wire_close(tester);
}
END_TEST

START_TEST(damage_leaves_as_wished)
{
    struct error       error;
    struct segment     segment = plain(PORT, 7, 1);
    struct damage_wish wish    = { .kind = BAD_CHECKSUM };

    if (!make_link())
        return;
    struct wire *tester = open_end("near", near_mac, far_mac, NULL);

    ck_assert(wire_deliver(tester, &segment, &wish, &error));
    ck_assert_uint_eq(expect_arrival(tester, false, NULL).faults, FAULT_TCP_CHECKSUM);
    wire_close(tester);
}
END_TEST

/* ---- time ------------------------------------------------------------------------------------------------------------- */

START_TEST(a_deadline_is_told_when_it_has_passed)
{
    struct arrival arrival;
    struct error   error;

    if (!make_link())
        return;
    struct wire *tester = open_end("near", near_mac, far_mac, NULL);

    for (uint64_t wait_us = 0; wait_us < 30000; wait_us += 10000) {
        uint64_t deadline = wire_now_us() + wait_us;

        ck_assert_int_eq(wire_next(tester, deadline, &arrival, &error), WAIT_DEADLINE);
        ck_assert_uint_gt(wire_now_us(), deadline);
    }
    wire_close(tester);
}
END_TEST

START_TEST(a_late_reader_loses_nothing)
{
    uint64_t time_us;

    if (!make_link())
        return;
    struct wire *tester = open_end("near", near_mac, far_mac, NULL), *target = open_end("far", far_mac, near_mac, NULL);

    deliver(target, 7, PORT, 1);
    uint64_t deadline = wire_now_us();

    usleep(20000);
    struct arrival arrival;
    struct error   error;

    ck_assert_int_eq(wire_next(tester, deadline, &arrival, &error), WAIT_ARRIVAL);
    ck_assert_uint_le(arrival.time_us, deadline);
    deliver(target, 7, PORT, 2);
    ck_assert_uint_eq(expect_arrival(tester, true, &time_us).segment.seq, 2);
    wire_close(tester);
    wire_close(target);
}
END_TEST

static pid_t start_sender(void)
{
    pid_t sender = fork();

    if (sender != 0)
        return sender;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct wire *target = open_end("far", far_mac, near_mac, NULL);

    for (uint32_t i = 0;; i++) {
        deliver(target, 7, PORT, i);
        usleep(i * 7919 % 300);
    }
}

/* Once a deadline was told, nothing that was stamped before it may still come. */
START_TEST(what_came_before_a_deadline_comes_before_it)
{
    uint64_t       told = 0, deadlines = 0, arrivals = 0;
    struct arrival arrival;
    struct error   error = { "" };

    if (!make_link())
        return;
    struct wire *tester = open_end("near", near_mac, far_mac, NULL);
    pid_t        sender = start_sender();

    ck_assert_int_gt(sender, 0);
    while (arrivals < 3000) {
        uint64_t         deadline = wire_now_us() + arrivals * 31 % 200;
        enum wait_result result   = wire_next(tester, deadline, &arrival, &error);

        ck_assert_msg(result != WAIT_FAILED, "%s", error.sentence);
        if (result == WAIT_ARRIVAL)
            ck_assert_uint_gt(arrival.time_us, told);
        else
            told = deadline;
        arrivals += result == WAIT_ARRIVAL;
        deadlines += result == WAIT_DEADLINE;
    }
    kill(sender, SIGKILL);
    waitpid(sender, NULL, 0);
    ck_assert_uint_gt(deadlines, 0);
    wire_close(tester);
}
END_TEST

START_TEST(what_the_capture_loses_is_counted)
{
    struct arrival arrival;
    struct error   error;
    uint64_t       read = 0;

    if (!make_link())
        return;
    struct wire *tester = open_end("near", near_mac, far_mac, NULL), *target = open_end("far", far_mac, near_mac, NULL);

    for (uint32_t i = 0; i < 2000; i++)
        deliver(target, 7, PORT, i);
    while (wire_next(tester, wire_now_us(), &arrival, &error) == WAIT_ARRIVAL)
        read++;
    ck_assert_uint_lt(read, 2000);
    ck_assert_uint_eq(read + wire_lost(tester), 2000);
    wire_close(tester);
    wire_close(target);
}
END_TEST

/* ---- faults ----------------------------------------------------------------------------------------------------------- */

/* An own packet is shown as the tester sent it, whatever the fault does to it afterwards. */
START_TEST(a_fault_stands_between_tester_and_target)
{
    struct error error;

    if (!make_link())
        return;
    struct wire   *tester  = open_end("near", near_mac, far_mac, fault_find("ignores-rst"));
    struct wire   *target  = open_end("far", far_mac, near_mac, NULL);
    struct segment segment = plain(PORT, PORT, 1);

    segment.flags = RST;
    ck_assert(wire_deliver(tester, &segment, NULL, &error));
    deliver(target, 7, PORT, 2);
    deliver(tester, PORT, PORT, 3);
    ck_assert_uint_eq(expect_arrival(tester, false, NULL).segment.seq, 1);
    ck_assert_uint_eq(expect_arrival(tester, true, NULL).segment.seq, 2);
    ck_assert_uint_eq(expect_arrival(tester, false, NULL).segment.seq, 3);
    expect_nothing_more(tester);
    ck_assert_uint_eq(expect_arrival(target, false, NULL).segment.seq, 2);
    ck_assert_uint_eq(expect_arrival(target, true, NULL).segment.seq, 3);
    expect_nothing_more(target);
    wire_close(tester);
    wire_close(target);
}
END_TEST

START_TEST(a_fault_alters_what_the_target_sent)
{
    if (!make_link())
        return;
    struct wire *tester = open_end("near", near_mac, far_mac, fault_find("sends-bad-checksum"));
    struct wire *target = open_end("far", far_mac, near_mac, NULL);

    deliver(target, 7, PORT, 1);
    ck_assert_uint_eq(expect_arrival(tester, true, NULL).faults, FAULT_TCP_CHECKSUM);
    wire_close(tester);
    tester = open_end("near", near_mac, far_mac, fault_find("answers-nothing"));
    deliver(target, 7, PORT, 2);
    expect_nothing_more(tester);
    ck_assert_uint_eq(wire_lost(tester), 0);
    wire_close(tester);
    wire_close(target);
}
END_TEST

START_TEST(errors_are_sentences)
{
    struct wire_wish wish  = { .interface = "no-such-link", .first_port = PORT, .ports = PORTS, .mtu = MTU };
    struct error     error = { "" };

    if (!make_link())
        return;
    ck_assert_ptr_null(wire_open(&wish, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "no-such-link"));
    wish.interface = "near";
    ck_assert(drop_privilege(&error));
    ck_assert_ptr_null(wire_open(&wish, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "CAP_NET_RAW"));
}
END_TEST

SUITE(wire)
{
    Suite *suite = suite_create("wire");
    TCase *craft = tcase_create("craft"), *link = tcase_create("link");

    tcase_add_test(craft, libnet_makes_the_same_octets);
    tcase_add_test(craft, libnet_pads_options_alike);
    tcase_add_test(craft, what_is_no_packet_is_refused);
    tcase_add_test(link, both_directions_in_order_with_times);
    tcase_add_test(link, only_what_concerns_the_case);
    tcase_add_test(link, icmp_that_quotes_the_case);
    tcase_add_test(link, frames_above_the_mtu_are_refused);
    tcase_add_test(link, damage_leaves_as_wished);
    tcase_add_test(link, a_deadline_is_told_when_it_has_passed);
    tcase_add_test(link, a_late_reader_loses_nothing);
    tcase_add_test(link, what_came_before_a_deadline_comes_before_it);
    tcase_add_test(link, what_the_capture_loses_is_counted);
    tcase_add_test(link, a_fault_stands_between_tester_and_target);
    tcase_add_test(link, a_fault_alters_what_the_target_sent);
    tcase_add_test(link, errors_are_sentences);
    tcase_set_timeout(link, 60);
    suite_add_tcase(suite, craft);
    suite_add_tcase(suite, link);
    return suite;
}
