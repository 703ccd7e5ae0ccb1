/* fuzz_frames.c: raw octets on the stage: what is mended gets through to a connection, what is not is dropped, and any octets
 * are an input. */
#include <string.h>

#include "fuzz/minimize.h"
#include "fuzz/stage.h"
#include "selftest.h"

enum { FRAMES_ROOM = 2000, RANDOM_INPUTS = 3000 };

/* As in frames.c's description of an input. */
enum {
    IPV6      = 1,
    LENGTHS   = 2,
    ADDRESSES = 4,
    PORTS     = 8,
    NUMBERS   = 16,
    SUMS      = 32,
    ALL       = 62,
    A_SECOND  = 64,
    SENDS     = 128,
    CLOSES    = 192
};

static struct {
    uint8_t octets[FRAMES_ROOM];
    size_t  count;
} frames;

/* What the stage told. */
static struct {
    unsigned answers, resets, with_octets, established_data;
    uint8_t  family;
} seen;

static struct stage  *stage;
static struct finding finding;

static void tell_packet(void *context, uint64_t time_us, bool from_target, const struct peer *peer, const uint8_t *octets,
                        size_t count)
{
    struct packet packet;

    (void)context;
    (void)time_us;
    (void)peer;
    if (!from_target)
        return;
    ck_assert_int_eq(packet_decode(octets, count, &packet), PACKET_TCP);
    seen.answers++;
    seen.resets += (packet.segment.flags & RST) != 0;
    seen.with_octets += packet.segment.text_octets > 0;
    seen.family = packet.segment.source.family;
}

static void tell_event(void *context, enum state state, unsigned event)
{
    (void)context;
    seen.established_data += state == ESTABLISHED && event / EVENT_ACKS / EVENT_SEQS == BITS_DATA;
}

static void begin(void)
{
    stage = stage_open(ORACLES_ALL & ~(unsigned)ORACLE_REST, NULL);
    ck_assert_ptr_nonnull(stage);
    memset(&frames, 0, sizeof frames);
    memset(&seen, 0, sizeof seen);
}

static void finish(void)
{
    stage_close(stage);
}

static void add(const void *octets, size_t count)
{
    ck_assert_uint_le(frames.count + count, sizeof frames.octets);
    memcpy(frames.octets + frames.count, octets, count);
    frames.count += count;
}

/* A TCP header behind an IP header of zeros, with octets of text. */
static void frame(unsigned wishes, uint8_t flags, size_t text_octets)
{
    static const uint8_t text[100];
    uint8_t              ip[40] = { 0 }, tcp[20] = { [12] = 0x50, [14] = 0xff, [15] = 0xff };
    size_t               header = wishes & IPV6 ? 40 : 20, count = header + sizeof tcp + text_octets;

    ip[wishes & IPV6 ? 6 : 9] = 6;
    tcp[13]                   = flags;
    add((const uint8_t[]){ (uint8_t)wishes, (uint8_t)(count >> 8), (uint8_t)count }, 3);
    add(ip, header);
    add(tcp, sizeof tcp);
    add(text, text_octets);
}

static void play(void)
{
    static const struct stage_watch watch = { .packet = tell_packet, .event = tell_event };

    ck_assert_msg(!stage_play_frames(stage, frames.octets, frames.count, &watch, &finding), "%s", finding.sentence);
}

START_TEST(what_is_mended_makes_a_connection)
{
    unsigned family = _i == 0 ? 0 : IPV6;

    frame(family | ALL, SYN, 0);
    frame(family | ALL, ACK, 0);
    frame(family | ALL, ACK, 10);
    frame(family | ALL | A_SECOND, ACK, 0);
    frame(family | ALL | SENDS, ACK, 0);
    frame(family | ALL | CLOSES, ACK, 0);
    play();
    ck_assert_uint_eq(seen.established_data, 1);
    ck_assert_uint_eq(seen.resets, 0);
    ck_assert_uint_ge(seen.answers, 4); /* SYN,ACK, the ACK of ten octets, 300 octets, FIN */
    ck_assert_uint_ge(seen.with_octets, 1);
    ck_assert_uint_eq(seen.family, family ? 6 : 4);
}
END_TEST

/* Each thing that is left as it stands keeps the SYN from being heard; only without numbers it is one that is. */
START_TEST(what_is_not_mended_arrives_as_it_is)
{
    static const unsigned wishes[] = { LENGTHS, ADDRESSES, SUMS };

    frame(ALL & ~wishes[_i], SYN, 0);
    play();
    ck_assert_uint_eq(seen.answers, 0);
}
END_TEST

START_TEST(numbers_count_from_what_the_connection_has_come_to)
{
    frame(ALL & ~(unsigned)NUMBERS, SYN, 0);
    frame(ALL & ~(unsigned)NUMBERS, ACK, 0); /* its SEQ is the SYN's: outside the window */
    frame(ALL & ~(unsigned)NUMBERS, ACK, 10);
    play();
    ck_assert_uint_ge(seen.answers, 2);
    ck_assert_uint_eq(seen.established_data, 0);
}
END_TEST

START_TEST(a_length_beyond_the_end_is_cut)
{
    frame(ALL, SYN, 0);
    frames.octets[1] = 0x07;
    frames.octets[2] = 0xff;
    play();
    ck_assert_uint_eq(seen.answers, 1);
    /* A header of a frame that is not whole is no frame. */
    memset(&seen, 0, sizeof seen);
    frames.count = 2;
    play();
    ck_assert_uint_eq(seen.answers, 0);
}
END_TEST

START_TEST(any_octets_are_an_input)
{
    uint64_t state = 1;

    for (int i = 0; i < RANDOM_INPUTS; i++) {
        for (size_t k = 0; k < FRAMES_ROOM; k++) {
            state            = state * 6364136223846793005u + 1442695040888963407u;
            frames.octets[k] = (uint8_t)(state >> 56);
        }
        for (size_t k = 1; k + 60 < FRAMES_ROOM; k += 63) {
            frames.octets[k]     = 0;
            frames.octets[k + 1] = 60;
        }
        frames.count = (size_t)(state >> 40) % FRAMES_ROOM;
        play();
    }
    ck_assert_uint_gt(seen.answers, RANDOM_INPUTS / 10);
}
END_TEST

/* With the oracle of rest: connections from anywhere are gone in the end, and a new one is served. */
START_TEST(afterwards_there_is_rest)
{
    stage_close(stage);
    stage = stage_open(ORACLES_ALL, NULL);
    ck_assert_ptr_nonnull(stage);
    frame(ALL, SYN, 0);
    frame(ALL, ACK, 50);
    frame(IPV6 | ALL, SYN, 0);
    frame(ALL & ~(unsigned)PORTS, SYN, 0);
    play();
    ck_assert_uint_ge(seen.answers, 4);
}
END_TEST

/* ---- minimizing --------------------------------------------------------------------------------------------------------- */

/* What begins with how many octets of what, behind one octet and two of a length. */
static size_t frame_of(uint8_t *octets, char what, size_t count)
{
    octets[0] = ALL;
    octets[1] = (uint8_t)(count >> 8);
    octets[2] = (uint8_t)count;
    memset(octets + 3, what, count);
    return 3 + count;
}

/* A frame with an 'x', and behind it one with 'y's that is still whole: its length is how many there are. */
static bool has_x_then_y(void *context, const uint8_t *octets, size_t count)
{
    bool x = false;

    ++*(size_t *)context;
    for (size_t at = 0, next; at < count; at = next) {
        next = form_of_frames.unit_end(octets, count, at);
        if (next - at < 4)
            continue;
        if (x && octets[at + 3] == 'y' && ((size_t)octets[at + 1] << 8 | octets[at + 2]) == next - at - 3)
            return true;
        x = x || memchr(octets + at + 3, 'x', next - at - 3) != NULL;
    }
    return false;
}

START_TEST(frames_are_minimized_as_frames)
{
    uint8_t octets[6000];
    size_t  count = 0, tries = 0;

    count += frame_of(octets + count, 'a', 86);
    count += frame_of(octets + count, 'b', 40);
    octets[count - 7] = 'x';
    count += frame_of(octets + count, 'c', 1999); /* of no use */
    count += frame_of(octets + count, 'y', 333);
    count += frame_of(octets + count, 'd', 2);
    ck_assert_uint_eq(minimize(&form_of_frames, octets, count, has_x_then_y, &tries), 8);
    ck_assert_mem_eq(octets, "\x3e\0\x01x\x3e\0\x01y", 8);
    ck_assert_uint_lt(tries, 300);
}
END_TEST

SUITE(fuzz_frames)
{
    Suite *suite = suite_create("fuzz_frames");
    TCase *tests = tcase_create("frames");

    tcase_add_checked_fixture(tests, begin, finish);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, what_is_mended_makes_a_connection, 0, 2);
    tcase_add_loop_test(tests, what_is_not_mended_arrives_as_it_is, 0, 3);
    tcase_add_test(tests, numbers_count_from_what_the_connection_has_come_to);
    tcase_add_test(tests, a_length_beyond_the_end_is_cut);
    tcase_add_test(tests, any_octets_are_an_input);
    tcase_add_test(tests, afterwards_there_is_rest);
    tcase_add_test(tests, frames_are_minimized_as_frames);
    suite_add_tcase(suite, tests);
    return suite;
}
