/* fuzz_mutator.c: what the custom mutator gives is an input in its shortest form, changes of every kind come, trimming ends
 * with what matters alone, and the dictionary says what it means. */
#include "fuzz/mutator/mutator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/input.h"
#include "notation_ladder.h"
#include "selftest.h"

enum { OCTETS_ROOM = 1 << 16, ROUNDS_PLAYED = 20000, TRIES_MOST = 5000 };

static const struct step talk[] = { PEER(SYN, .mss = 1460),
                                    PEER(ACK),
                                    PEER(ACK, .len = 100, .tsval = TS_FIRST + 1),
                                    APP(SEND, .octets = 2 * SMSS),
                                    WAIT(300),
                                    ON(1),
                                    APP(OPEN),
                                    PEER(SYN | ACK, .wnd = 1000),
                                    PEER(FIN | ACK, .seq = RCV_NXT, .options = OCTETS(2, 4, 5, 180)),
                                    ICMP(PACKET_TOO_BIG, .mtu = 576),
                                    END_OF_LADDER };

static struct input    input;
static struct mutator *mutator;
static uint8_t         first[OCTETS_ROOM], second[OCTETS_ROOM], again[OCTETS_ROOM];
static size_t          first_count;

static void begin(void)
{
    struct error error = { "" };

    mutator     = afl_custom_init(NULL, 7);
    first_count = input_write(talk, first, sizeof first, &error);
    ck_assert_ptr_nonnull(mutator);
    ck_assert_msg(first_count > 0, "%s", error.sentence);
}

static void finish(void)
{
    afl_custom_deinit(mutator);
}

/* The shortest octets of what these octets mean. */
static size_t shortest(const uint8_t *octets, size_t count)
{
    struct error error = { "" };

    input_read(octets, count, &input);
    size_t written = input_write(input.steps, again, sizeof again, &error);

    ck_assert_msg(written > 0 || input.count == 0, "%s", error.sentence);
    return written;
}

/* Each change begins with what the one before gave, so that it goes far. */
START_TEST(every_change_is_an_input_in_its_shortest_form)
{
    size_t count = first_count;

    memcpy(second, first, count);
    for (int i = 0; i < ROUNDS_PLAYED; i++) {
        uint8_t *out;
        size_t   most = i % 5 == 0 ? 40 : OCTETS_ROOM;
        size_t   got  = afl_custom_fuzz(mutator, second, count, &out, first, first_count, most);

        ck_assert_uint_le(got, most);
        if (out == second) {
            count = got;
            continue;
        }
        ck_assert_uint_eq(shortest(out, got), got);
        ck_assert_mem_eq(again, out, got);
        memcpy(second, out, got);
        count = got;
    }
}
END_TEST

START_TEST(the_same_seed_makes_the_same_changes)
{
    struct mutator *twin = afl_custom_init(NULL, 7), *other = afl_custom_init(NULL, 8);
    int             differ = 0;

    for (int i = 0; i < 1000; i++) {
        uint8_t *mine, *its, *others;
        size_t   got = afl_custom_fuzz(mutator, first, first_count, &mine, NULL, 0, OCTETS_ROOM);

        ck_assert_uint_eq(afl_custom_fuzz(twin, first, first_count, &its, NULL, 0, OCTETS_ROOM), got);
        ck_assert_mem_eq(mine, its, got);
        size_t its_count = afl_custom_fuzz(other, first, first_count, &others, NULL, 0, OCTETS_ROOM);

        differ += its_count != got || memcmp(mine, others, got) != 0;
    }
    ck_assert_int_gt(differ, 900);
    afl_custom_deinit(twin);
    afl_custom_deinit(other);
}
END_TEST

START_TEST(every_kind_of_change_comes)
{
    static const char *const kinds[] = { "phrase", "delete", "duplicate", "repeat", "swap", "splice", "set", "drop", "nudge" };
    unsigned                 seen    = 0;

    for (int i = 0; i < 2000; i++) {
        uint8_t *out;

        afl_custom_fuzz(mutator, first, first_count, &out, first, first_count, OCTETS_ROOM);
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            if (strcmp(afl_custom_describe(mutator, 100), kinds[k]) == 0)
                seen |= 1u << k;
    }
    ck_assert_uint_eq(seen, (1u << sizeof kinds / sizeof *kinds) - 1);
    ck_assert_str_eq(afl_custom_describe(mutator, 2), "");
}
END_TEST

/* Printed, a value at a border is a word of the ladder's. */
START_TEST(values_at_the_borders_come)
{
    static const char *const borders[]                              = { "RCV_NXT + RCV_WND - 1",
                                                                        "2147483647",
                                                                        "2147483648",
                                                                        "4294967295",
                                                                        "65535",
                                                                        "65536",
                                                                        "SND_WND",
                                                                        "SMSS",
                                                                        "ABSENT",
                                                                        "SEG_END",
                                                                        "SND_NXT + 1",
                                                                        "SND_UNA - 1" };
    bool                     seen[sizeof borders / sizeof *borders] = { false };
    static char              text[1 << 18];

    for (int i = 0; i < ROUNDS_PLAYED; i++) {
        uint8_t *out;
        size_t   got = afl_custom_fuzz(mutator, first, first_count, &out, NULL, 0, OCTETS_ROOM);

        input_read(out, got, &input);
        notation_ladder_print(input.steps, text, sizeof text);
        for (size_t k = 0; k < sizeof borders / sizeof *borders; k++)
            seen[k] = seen[k] || strstr(text, borders[k]) != NULL;
    }
    for (size_t k = 0; k < sizeof borders / sizeof *borders; k++)
        ck_assert_msg(seen[k], "%s never came", borders[k]);
}
END_TEST

START_TEST(nothing_becomes_something)
{
    uint8_t *out;
    uint8_t  none[1] = { 0 };
    size_t   steps   = 0;

    for (int i = 0; i < 100; i++) {
        size_t got = afl_custom_fuzz(mutator, none, 0, &out, none, 0, OCTETS_ROOM);

        input_read(out, got, &input);
        steps += input.count;
    }
    ck_assert_uint_gt(steps, 100);
    ck_assert_int_eq(afl_custom_init_trim(mutator, none, 0), 0);
}
END_TEST

/* What has_fin_on_second asks for. */
static const struct step matters[] = { ON(1), PEER(FIN | ACK, .options = OCTETS(2, 4, 5, 180)), END_OF_LADDER };

static bool has_fin_on_second(const uint8_t *octets, size_t count)
{
    bool on = false;

    input_read(octets, count, &input);
    for (size_t i = 0; i < input.count; i++) {
        const struct step *step = &input.steps[i];

        on = on || (step->rung == RUNG_ON && step->number == 1);
        if (on && step->rung == RUNG_PEER && step->segment.flags & FIN && step->segment.options.count > 0)
            return true;
    }
    return false;
}

START_TEST(trimming_ends_with_what_matters)
{
    struct error error = { "" };
    size_t       count = first_count, tries = 0;
    int32_t      over = afl_custom_init_trim(mutator, first, first_count) == 0;

    memcpy(second, first, count);
    for (; !over; tries++) {
        uint8_t *out;
        size_t   got = afl_custom_trim(mutator, &out);

        ck_assert_uint_le(got, count);
        ck_assert_uint_lt(tries, TRIES_MOST);
        bool same = has_fin_on_second(out, got);

        if (same) {
            count = got;
            memcpy(second, out, got);
        }
        over = afl_custom_post_trim(mutator, same);
    }
    ck_assert_uint_eq(count, input_write(matters, again, sizeof again, &error));
    ck_assert_mem_eq(second, again, count);
}
END_TEST

/* Where everything may go, everything goes; where nothing may, the tries are counted. */
START_TEST(trimming_ends_at_both_extremes)
{
    for (int same = 0; same <= 1; same++) {
        int32_t over  = afl_custom_init_trim(mutator, first, first_count) == 0;
        size_t  tries = 0, got = first_count;

        for (; !over; tries++) {
            uint8_t *out;

            got = afl_custom_trim(mutator, &out);
            ck_assert_uint_lt(got, first_count);
            ck_assert_uint_lt(tries, TRIES_MOST);
            over = afl_custom_post_trim(mutator, (unsigned char)same);
        }
        ck_assert_uint_gt(tries, 1);
        ck_assert(!same || got == 0);
    }
}
END_TEST

/* "\x80\x02": what stands between the quotation marks as octets. */
static size_t token_octets(const char *token, uint8_t *octets)
{
    size_t   count = 0;
    unsigned value;

    for (; sscanf(token, "\\x%2x", &value) == 1; token += 4)
        octets[count++] = (uint8_t)value;
    ck_assert_str_eq(token, "\"\n");
    return count;
}

START_TEST(the_dictionary_says_what_it_means)
{
    FILE  *file = fopen("fuzz/ladder.dict", "re");
    char   line[2000], ladder[2000] = "";
    size_t entries = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) != NULL) {
        struct parsed_ladder parsed;
        struct error         error = { "" };
        const char          *token = strstr(line, "=\"");

        if (line[0] == '#') {
            snprintf(ladder, sizeof ladder, "%s", line + 2);
            for (char *at; (at = strstr(ladder, "; ")) != NULL;) {
                *at = '\n';
                memmove(at + 1, at + 2, strlen(at + 1));
            }
        }
        if (token == NULL)
            continue;
        ck_assert_msg(notation_ladder_parse(ladder, &parsed, &error), "%s%s", line, error.sentence);
        size_t wanted = input_write(parsed.steps, first, sizeof first, &error);

        ck_assert_msg(token_octets(token + 2, second) == wanted && memcmp(first, second, wanted) == 0, "%sis not %s", line,
                      ladder);
        notation_ladder_free(&parsed);
        entries++;
    }
    fclose(file);
    ck_assert_uint_gt(entries, 40);
}
END_TEST

SUITE(fuzz_mutator)
{
    Suite *suite = suite_create("fuzz_mutator");
    TCase *tests = tcase_create("mutator");

    tcase_add_checked_fixture(tests, begin, finish);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_change_is_an_input_in_its_shortest_form);
    tcase_add_test(tests, the_same_seed_makes_the_same_changes);
    tcase_add_test(tests, every_kind_of_change_comes);
    tcase_add_test(tests, values_at_the_borders_come);
    tcase_add_test(tests, nothing_becomes_something);
    tcase_add_test(tests, trimming_ends_with_what_matters);
    tcase_add_test(tests, trimming_ends_at_both_extremes);
    tcase_add_test(tests, the_dictionary_says_what_it_means);
    suite_add_tcase(suite, tests);
    return suite;
}
