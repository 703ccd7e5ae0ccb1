/* fuzz_input.c: octets for a fuzzer and the ladder that they mean: every string means one, both ways lead back, and one octet
 * more or less spoils one step. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/input.h"
#include "fuzz/minimize.h"
#include "notation_ladder.h"
#include "selftest.h"

enum { TEXT_ROOM = 1 << 18, OCTETS_MOST = 600, TRIES = 3000 };

static struct input input, other;
static char         text[TEXT_ROOM], other_text[TEXT_ROOM];

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

/* Steps and fields with a fair chance, so that not all is digits. */
static size_t draw_octets(uint64_t *state, uint8_t *octets)
{
    size_t count = draw(state, OCTETS_MOST);

    for (size_t i = 0; i < count; i++) {
        uint32_t kind = draw(state, 6);

        octets[i] = (uint8_t)(kind == 0 ? 0x80 + draw(state, 128) : kind < 3 ? 0x40 + draw(state, 64) : draw(state, 64));
    }
    return count;
}

START_TEST(every_string_is_an_input_and_comes_back)
{
    uint64_t     state = (uint64_t)_i + 1;
    uint8_t      octets[OCTETS_MOST], written[1 << 15], again[1 << 15];
    struct error error = { "" };

    for (int i = 0; i < TRIES; i++) {
        size_t count = draw_octets(&state, octets);

        input_read(octets, count, &input);
        size_t length = input_write(input.steps, written, sizeof written, &error);

        ck_assert_msg(length > 0 || input.count == 0, "%s", error.sentence);
        input_read(written, length, &other);
        notation_ladder_print(input.steps, text, sizeof text);
        notation_ladder_print(other.steps, other_text, sizeof other_text);
        ck_assert_str_eq(text, other_text);
        /* The canonical octets are the shortest, and lead to themselves. */
        ck_assert_uint_le(length, count);
        ck_assert_uint_eq(input_write(other.steps, again, sizeof again, &error), length);
        ck_assert_int_eq(memcmp(written, again, length), 0);
    }
}
END_TEST

START_TEST(the_notation_leads_back)
{
    uint64_t             state = (uint64_t)_i + 77;
    uint8_t              octets[OCTETS_MOST], written[1 << 15], again[1 << 15];
    struct error         error = { "" };
    struct parsed_ladder ladder;

    for (int i = 0; i < TRIES / 10; i++) {
        input_read(octets, draw_octets(&state, octets), &input);
        if (input.count == 0)
            continue;
        size_t length = input_write(input.steps, written, sizeof written, &error);

        notation_ladder_print(input.steps, text, sizeof text);
        ck_assert_msg(notation_ladder_parse(text, &ladder, &error), "%s\n%s", error.sentence, text);
        ck_assert_uint_eq(input_write(ladder.steps, again, sizeof again, &error), length);
        ck_assert_int_eq(memcmp(written, again, length), 0);
        notation_ladder_free(&ladder);
    }
}
END_TEST

static const char *const ladder_text = "PEER (SYN, .wscale = ZERO + 2)\n"
                                       "PEER (ACK, .seq = RCV_NXT + RCV_WND - 1, .len = 100, .fill = OTHER)\n"
                                       "APP (SEND, .octets = 2 * SMSS)\n"
                                       "WAIT (1500)\n"
                                       "ON (2)\n"
                                       "ICMP (PACKET_TOO_BIG, .mtu = 1280, .quotes = SND_UNA)\n"
                                       "PEER (ACK, .sack = {{RCV_NXT + 1, RCV_NXT + 9}}, .options = OCTETS(2, 4, 0, 0))\n";

static size_t octets_of(const char *words, uint8_t *octets, size_t room)
{
    struct parsed_ladder ladder;
    struct error         error = { "" };

    ck_assert_msg(notation_ladder_parse(words, &ladder, &error), "%s", error.sentence);
    size_t count = input_write(ladder.steps, octets, room, &error);

    ck_assert_msg(count > 0, "%s", error.sentence);
    notation_ladder_free(&ladder);
    return count;
}

static unsigned lines_that_differ(const char *a, const char *b)
{
    unsigned differ = 0;

    while (*a != '\0' && *b != '\0') {
        size_t left = strcspn(a, "\n"), right = strcspn(b, "\n");

        differ += left != right || strncmp(a, b, left) != 0;
        a += left + (a[left] == '\n');
        b += right + (b[right] == '\n');
    }
    return differ + (*a != *b);
}

START_TEST(one_octet_more_spoils_one_step)
{
    uint8_t octets[300], more[301];
    size_t  count = octets_of(ladder_text, octets, sizeof octets);

    for (size_t at = 1; at <= count; at++) {
        for (unsigned octet = 0; octet < 0x80; octet += 5) {
            memcpy(more, octets, at);
            more[at] = (uint8_t)octet;
            memcpy(more + at + 1, octets + at, count - at);
            input_read(more, count + 1, &input);
            notation_ladder_print(input.steps, text, sizeof text);
            ck_assert_uint_le(lines_that_differ(text, ladder_text), 1);
        }
    }
}
END_TEST

START_TEST(steps_are_found_in_the_octets)
{
    uint8_t octets[300];
    size_t  count = octets_of(ladder_text, octets, sizeof octets), steps = 0;

    for (size_t at = 0; at < count; at = input_step_end(octets, count, at))
        steps++;
    ck_assert_uint_eq(steps, 7);
}
END_TEST

static const char *const unsayable[] = { "IUT (ACK)\n", "WAIT (99999999)\n", "ON (4)\n", "PEER (ACK, .len = AT_LEAST(3))\n",
                                         "PEER (ACK, .rule = \"x\")\n" };

START_TEST(what_cannot_be_said_is_refused)
{
    struct parsed_ladder ladder;
    struct error         error = { "" };
    uint8_t              octets[100];

    ck_assert_msg(notation_ladder_parse(unsayable[_i], &ladder, &error), "%s", error.sentence);
    error.sentence[0] = '\0';
    ck_assert_uint_eq(input_write(ladder.steps, octets, sizeof octets, &error), 0);
    ck_assert_ptr_nonnull(strstr(error.sentence, "step 1"));
    notation_ladder_free(&ladder);
}
END_TEST

START_TEST(long_inputs_are_cut)
{
    uint8_t octets[3 * INPUT_STEPS];

    memset(octets, 0x83, sizeof octets);
    input_read(octets, sizeof octets, &input);
    ck_assert_uint_eq(input.count, INPUT_STEPS);
    ck_assert_int_eq(input.steps[INPUT_STEPS].rung, RUNG_END);
}
END_TEST

/* ---- minimizing --------------------------------------------------------------------------------------------------------- */

static bool sends_far_rst(void *context, const uint8_t *octets, size_t count)
{
    (void)context;
    input_read(octets, count, &input);
    for (size_t i = 0; i < input.count; i++)
        if (input.steps[i].rung == RUNG_PEER && input.steps[i].segment.flags == RST &&
            input.steps[i].segment.seq == RCV_NXT + 7)
            return true;
    return false;
}

START_TEST(minimizing_leaves_what_matters)
{
    uint8_t octets[600];
    size_t  count =
        octets_of("PEER (SYN)\nPEER (ACK, .len = 100)\nPEER (RST, .seq = RCV_NXT + 7, .wnd = 5)\nWAIT (900)\nPEER (ACK)\n",
                  octets, sizeof octets);

    count = minimize(&form_of_ladders, octets, count, sends_far_rst, NULL);
    input_read(octets, count, &input);
    notation_ladder_print(input.steps, text, sizeof text);
    ck_assert_str_eq(text, "PEER (RST, .seq = RCV_NXT + 7)\n");
}
END_TEST

SUITE(fuzz_input)
{
    Suite *suite = suite_create("fuzz_input");
    TCase *tests = tcase_create("input");

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, every_string_is_an_input_and_comes_back, 0, 4);
    tcase_add_loop_test(tests, the_notation_leads_back, 0, 4);
    tcase_add_test(tests, one_octet_more_spoils_one_step);
    tcase_add_test(tests, steps_are_found_in_the_octets);
    tcase_add_loop_test(tests, what_cannot_be_said_is_refused, 0, (int)(sizeof unsayable / sizeof *unsayable));
    tcase_add_test(tests, long_inputs_are_cut);
    tcase_add_test(tests, minimizing_leaves_what_matters);
    suite_add_tcase(suite, tests);
    return suite;
}
