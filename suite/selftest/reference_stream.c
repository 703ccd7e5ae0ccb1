/* reference_stream.c: octets arrive as they were sent, whatever happens to the segments: overlaps of every kind, ranges beyond
 * the bound, sequence numbers that wrap; and two references talking over a link that loses, doubles and reorders. */
#include <stdlib.h>
#include <string.h>

#include "selftest/reference_rig.h"
#include "selftest/selftest.h"

/* A small generator, so that a seed says everything (xorshift*). */
static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 0x2545f4914f6cdd1du) >> 33) % below;
}

/* ---- reassembly
 * -------------------------------------------------------------------------------------------------------------- */

enum { SHORT = 12 };

static void peer_stream(struct rig *rig, uint32_t from, uint32_t to, unsigned flags)
{
    uint8_t text[RIG_PACKET_MOST];

    for (uint32_t i = from; i < to; i++)
        text[i - from] = rig_octet(i);
    rig_peer(rig, flags, rig->irs + 1 + from, rig->iss + 1, text, to - from);
}

static void read_and_compare(struct rig *rig, size_t octets)
{
    uint8_t got[65536];
    size_t  count;

    ck_assert_int_eq(tcp_receive(rig->tcp, rig->name, got, sizeof got, &count), octets > 0 ? TCP_OK : TCP_ERROR_WOULD_WAIT);
    ck_assert_uint_eq(count, octets);
    size_t right = 0; /* an assertion for each octet would take longer than all the rest */

    while (right < count && got[right] == rig_octet(right))
        right++;
    ck_assert_uint_eq(right, count);
}

/* Every pair of ranges of a stream of twelve octets above the first one, in both orders: no overlap, touching, partial, equal,
 * inside; then the first octet, then all of it. */
START_TEST(overlaps_of_every_kind)
{
    uint32_t a = (uint32_t)_i;

    for (uint32_t b = a + 1; b <= SHORT; b++)
        for (uint32_t c = 1; c < SHORT; c++)
            for (uint32_t d = c + 1; d <= SHORT; d++) {
                struct rig rig = { .irs = 0xfffffffau }; /* wraps in the middle */

                rig_begin(&rig, NULL);
                rig_enter(&rig, ESTABLISHED, RIG_PASSIVE);
                peer_stream(&rig, a, b, ACK);
                peer_stream(&rig, c, d, ACK);
                uint32_t held = b - a + d - c;

                if (a < d && c < b)
                    held = (b > d ? b : d) - (a < c ? a : c);
                ck_assert_uint_eq(tcp_held_octets(rig_block(&rig)), held);
                ck_assert_uint_eq(rig_block(&rig)->rcv_nxt, rig.irs + 1);
                peer_stream(&rig, 0, 1, ACK);
                peer_stream(&rig, 0, SHORT, ACK);
                ck_assert_uint_eq(rig_block(&rig)->held_count, 0);
                read_and_compare(&rig, SHORT);
                rig_end(&rig);
            }
}
END_TEST

/* Octets that came first stay, those that were delivered cannot change. */
START_TEST(first_copy_stays)
{
    struct rig rig = { .irs = 7 };
    uint8_t    other[30];

    rig_begin(&rig, NULL);
    rig_enter(&rig, ESTABLISHED, RIG_PASSIVE);
    memset(other, 0xee, sizeof other);
    peer_stream(&rig, 10, 20, ACK);
    rig_peer(&rig, ACK, rig.irs + 1 + 12, rig.iss + 1, other, 5);
    peer_stream(&rig, 0, 30, ACK);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, other, 30);
    read_and_compare(&rig, 30);
    rig_end(&rig);
}
END_TEST

/* A FIN above a gap waits; octets beyond it do not belong to the stream. */
START_TEST(fin_waits_for_the_gap)
{
    struct rig rig = { .irs = 7 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, ESTABLISHED, RIG_PASSIVE);
    peer_stream(&rig, 10, 20, FIN | ACK);
    ck_assert_int_eq(rig_state(&rig), ESTABLISHED);
    peer_stream(&rig, 15, 40, ACK);
    peer_stream(&rig, 0, 10, ACK);
    ck_assert_int_eq(rig_state(&rig), CLOSE_WAIT);
    ck_assert_uint_eq(rig_block(&rig)->rcv_nxt, rig.irs + 22);
    read_and_compare(&rig, 20);
    rig_end(&rig);
}
END_TEST

/* More ranges than are held: what is too much is dropped, and nothing else. */
START_TEST(ranges_are_bounded)
{
    struct rig rig = { .irs = 7 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, ESTABLISHED, RIG_PASSIVE);
    for (uint32_t i = 1; i <= 100; i++)
        peer_stream(&rig, 10 * i, 10 * i + 5, ACK);
    ck_assert_uint_eq(rig_block(&rig)->held_count, 32);
    peer_stream(&rig, 0, 5, ACK);
    ck_assert_uint_eq(rig_block(&rig)->rcv_nxt, rig.irs + 6);
    for (uint32_t i = 0; i < 1100; i += 100)
        peer_stream(&rig, i, i + 100, ACK);
    read_and_compare(&rig, 1100);
    rig_end(&rig);
}
END_TEST

/* Random segments of a stream of 20,000 octets, over and over until all is there. */
START_TEST(random_segments)
{
    struct rig rig   = { .irs = 0xffffff00u };
    uint64_t   state = (uint64_t)_i + 1;

    rig_begin(&rig, NULL);
    rig_enter(&rig, ESTABLISHED, RIG_PASSIVE);
    for (int i = 0; i < 100000 && rig_block(&rig)->rcv_nxt != rig.irs + 1 + 20000; i++) {
        uint32_t nxt  = rig_block(&rig)->rcv_nxt - rig.irs - 1;
        uint32_t from = nxt + draw(&state, 3000), length = 1 + draw(&state, 1400);

        from -= from < 1000 ? from : draw(&state, 1000);
        if (from >= 20000)
            continue;
        peer_stream(&rig, from, from + length < 20000 ? from + length : 20000, ACK);
        rig.sent_count = rig.seen = 0;
    }
    read_and_compare(&rig, 20000);
    rig_end(&rig);
}
END_TEST

/* ---- two references over a bad link
 * ------------------------------------------------------------------------------------------ */

enum { STREAM_OCTETS = 1 << 20, FLYING_MOST = 2048, DRAIN_OCTETS = 20000 };

struct flying {
    uint64_t at_us;
    int      to;
    size_t   count;
    uint8_t  octets[RIG_PACKET_MOST];
};

struct pair {
    struct tcp *tcp[2];
    tcp_name    name[2];
    struct pair_end {
        struct pair *pair;
        int          which;
    } end[2];
    uint8_t       *stream[2]; /* what each end sends */
    struct flying *flying;
    size_t         flying_count;
    uint64_t       now_us, random;
    size_t         sent[2], received[2], allocations;
    bool           closed[2], gone[2], failed, perfect; /* failed: an error, or a wrong octet */
};

static void pair_output(void *context, const uint8_t *packet, size_t count)
{
    struct pair_end *end    = context;
    struct pair     *pair   = end->pair;
    bool             lossy  = !pair->perfect;
    unsigned         copies = lossy && draw(&pair->random, 100) < 3 ? 0 : lossy && draw(&pair->random, 100) < 3 ? 2 : 1;

    for (; copies > 0 && pair->flying_count < FLYING_MOST; copies--) {
        struct flying *flying = &pair->flying[pair->flying_count++];
        uint32_t       jitter = lossy && draw(&pair->random, 100) < 10 ? 20000 : 1000;

        flying->at_us = pair->now_us + 1000 + draw(&pair->random, jitter);
        flying->to    = !end->which;
        flying->count = count;
        memcpy(flying->octets, packet, count);
    }
}

static void pair_signal(void *context, tcp_name name, enum tcp_signal signal)
{
    struct pair_end *end = context;

    if (signal == TCP_SIGNAL_ACCEPTED)
        end->pair->name[end->which] = name;
    if (signal == TCP_SIGNAL_CLOSED)
        end->pair->gone[end->which] = true;
    if (signal == TCP_SIGNAL_RESET || signal == TCP_SIGNAL_TIMED_OUT || signal == TCP_SIGNAL_REFUSED)
        end->pair->failed = true;
}

static void *pair_allocate(void *context, size_t octets)
{
    ((struct pair_end *)context)->pair->allocations++;
    return calloc(1, octets);
}

static void pair_release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

static uint8_t pair_octet(int which, size_t position)
{
    return (uint8_t)(rig_octet(position) + position / 65536 + (size_t)which);
}

/* What the user at one end does whenever something has happened: send all, receive all, close. */
static void pair_work(struct pair *pair, int which)
{
    uint8_t  data[DRAIN_OCTETS];
    size_t   count;
    tcp_name name = pair->name[which];

    while (name && pair->sent[which] < STREAM_OCTETS) {
        size_t left = STREAM_OCTETS - pair->sent[which];

        if (tcp_send(pair->tcp[which], name, pair->stream[which] + pair->sent[which], left, false, &count) != TCP_OK)
            break;
        pair->sent[which] += count;
    }
    if (name && pair->sent[which] == STREAM_OCTETS && !pair->closed[which])
        pair->closed[which] = tcp_close(pair->tcp[which], name) == TCP_OK;
    while (name && tcp_receive(pair->tcp[which], name, data, sizeof data, &count) == TCP_OK) {
        bool too_many = pair->received[which] + count > STREAM_OCTETS;

        if (too_many || memcmp(data, pair->stream[!which] + pair->received[which], count) != 0)
            pair->failed = true;
        pair->received[which] += too_many ? 0 : count;
    }
}

static void pair_begin(struct pair *pair, uint64_t seed)
{
    struct tcp_config config;

    tcp_config_default(&config);
    config.seed  = seed;
    pair->random = seed * 77 + 1;
    pair->now_us = RIG_S;
    pair->flying = calloc(FLYING_MOST, sizeof *pair->flying);
    for (int which = 0; which < 2; which++) {
        pair->end[which]     = (struct pair_end){ pair, which };
        struct tcp_host host = { &pair->end[which], pair_output, pair_signal, pair_allocate, pair_release };
        pair->tcp[which]     = tcp_create(&config, &host);
        tcp_time(pair->tcp[which], pair->now_us);
        pair->stream[which] = malloc(STREAM_OCTETS);
        for (size_t i = 0; i < STREAM_OCTETS; i++)
            pair->stream[which][i] = pair_octet(which, i);
    }
    struct tcp_open passive  = { .passive = true, .local_port = 7 };
    struct tcp_open active   = { .local_address  = rig_address(seed % 2, true),
                                 .remote_address = rig_address(seed % 2, false),
                                 .remote_port    = 7 };
    tcp_name        listener = 0;

    ck_assert_int_eq(tcp_open(pair->tcp[0], &passive, &listener), TCP_OK);
    ck_assert_int_eq(tcp_open(pair->tcp[1], &active, &pair->name[1]), TCP_OK);
}

static void pair_end(struct pair *pair)
{
    tcp_destroy(pair->tcp[0]);
    tcp_destroy(pair->tcp[1]);
    free(pair->stream[0]);
    free(pair->stream[1]);
    free(pair->flying);
}

/* The next event: a packet arrives or a timer is due. */
static bool pair_step(struct pair *pair)
{
    uint64_t next_us =
        tcp_deadline(pair->tcp[0]) < tcp_deadline(pair->tcp[1]) ? tcp_deadline(pair->tcp[0]) : tcp_deadline(pair->tcp[1]);
    size_t first = SIZE_MAX;

    for (size_t i = 0; i < pair->flying_count; i++)
        if (pair->flying[i].at_us < next_us || (first == SIZE_MAX && pair->flying[i].at_us == next_us)) {
            next_us = pair->flying[i].at_us;
            first   = i;
        }
    if (next_us == UINT64_MAX)
        return false;
    pair->now_us = next_us > pair->now_us ? next_us : pair->now_us;
    tcp_time(pair->tcp[0], pair->now_us);
    tcp_time(pair->tcp[1], pair->now_us);
    if (first != SIZE_MAX) {
        static struct flying packet;

        packet              = pair->flying[first];
        pair->flying[first] = pair->flying[--pair->flying_count];
        tcp_packet_arrives(pair->tcp[packet.to], packet.octets, packet.count);
    }
    pair_work(pair, 0);
    pair_work(pair, 1);
    return true;
}

/* One megabyte each way, octet for octet, then closed at both ends; after tcp_create no memory is taken. */
START_TEST(a_megabyte_both_ways)
{
    struct pair pair = { .perfect = _i == 0 };

    pair_begin(&pair, (uint64_t)_i);
    size_t allocations = pair.allocations;
    long   steps       = 0;

    while (steps < 200000 && pair_step(&pair) && !(pair.gone[0] && pair.gone[1]))
        steps++;
    ck_assert(!pair.failed);
    ck_assert(pair.gone[0] && pair.gone[1]);
    ck_assert_uint_eq(pair.received[0], STREAM_OCTETS);
    ck_assert_uint_eq(pair.received[1], STREAM_OCTETS);
    ck_assert_uint_eq(pair.allocations, allocations);
    pair_end(&pair);
}
END_TEST

/* Our own numbers wrap too: the clock of RFC 6528 is turned until they are about to. */
START_TEST(own_numbers_wrap)
{
    struct rig rig   = { .irs = 1 };
    size_t     acked = 0;

    rig_begin(&rig, NULL);
    rig_open(&rig);
    uint32_t left = 0u - rig.iss - 500;

    tcp_abort(rig.tcp, rig.name);
    rig.name = 0;
    rig_pass(&rig, (uint64_t)left * 4);
    rig_enter(&rig, ESTABLISHED, RIG_ACTIVE);
    ck_assert_uint_gt(rig.iss, 0xfffffc00u);
    rig_send(&rig, 0, 5000);
    for (const struct rig_sent *sent = rig_next(&rig); sent; sent = rig_next(&rig)) {
        ck_assert_uint_eq(sent->packet.segment.seq, (uint32_t)(rig.iss + 1 + acked));
        ck_assert_uint_eq(sent->packet.segment.text[0], rig_octet(acked));
        acked += sent->packet.segment.text_octets;
        rig_peer(&rig, ACK, rig.irs + 1, (uint32_t)(rig.iss + 1 + acked), NULL, 0);
    }
    ck_assert_uint_eq(acked, 5000);
    rig_end(&rig);
}
END_TEST

SUITE(reference_stream)
{
    Suite *suite = suite_create("reference_stream");
    TCase *tcase = tcase_create("stream");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, overlaps_of_every_kind, 1, SHORT);
    tcase_add_test(tcase, first_copy_stays);
    tcase_add_test(tcase, fin_waits_for_the_gap);
    tcase_add_test(tcase, ranges_are_bounded);
    tcase_add_loop_test(tcase, random_segments, 0, 20);
    tcase_add_loop_test(tcase, a_megabyte_both_ways, 0, 51);
    tcase_add_test(tcase, own_numbers_wrap);
    suite_add_tcase(suite, tcase);
    return suite;
}
