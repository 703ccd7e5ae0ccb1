#include "notation.h"

#include <string.h>

#include "bench/mutate.h"
#include "selftest.h"

enum { LINE_ROOM = 600 };

/* As the player fills it in. */
static const struct notation_symbols names = {
    .at    = { { "SND_NXT", 5000, true },
               { "RCV_NXT", 9001, true },
               { "SND_UNA", 4000, true },
               { "ISS", 1000, true },
               { "IRS", 9000, true } },
    .count = 5,
};

static const struct {
    const char    *text;
    bool           from_target;
    struct segment segment;
} known[] = {
    { "<-- SYN|ACK SEQ=ISS ACK=RCV_NXT WND=64240 <MSS 1460, SACK permitted>",
      true,
      { .flags         = SYN | ACK,
        .seq           = 1000,
        .ack           = 9001,
        .window        = 64240,
        .options       = { 2, 4, 5, 180, 1, 1, 4, 2 },
        .option_octets = 8 } },
    { "--> ACK SEQ=RCV_NXT+100 ACK=SND_NXT LEN=100 WND=65535",
      false,
      { .flags = ACK, .seq = 9101, .ack = 5000, .window = 65535, .text_octets = 100 } },
    { "--> ACK SEQ=IRS ACK=ISS+1 WND=0", false, { .flags = ACK, .seq = 9000, .ack = 1001 } },
    { "<-- RST SEQ=SND_UNA-1 WND=0", true, { .flags = RST, .seq = 3999 } },
    { "<-- RST SEQ=4000000000 WND=0", true, { .flags = RST, .seq = 4000000000u } },
    { "--> FIN|PSH|ACK|URG|ECE|CWR SEQ=RCV_NXT ACK=SND_NXT+95000 WND=1 UP=17",
      false,
      { .flags = FIN | PSH | ACK | URG | ECE | CWR, .seq = 9001, .ack = 100000, .window = 1, .urgent_pointer = 17 } },
    { "--> ACK SEQ=RCV_NXT ACK=105001 WND=1", false, { .flags = ACK, .seq = 9001, .ack = 105001, .window = 1 } },
    { "--> 0 SEQ=RCV_NXT ACK=7000000 WND=1", false, { .seq = 9001, .ack = 7000000, .window = 1 } },
    { "<-- ACK SEQ=SND_NXT ACK=RCV_NXT WND=9 <TS 7/4294967295, SACK RCV_NXT+99..RCV_NXT+199>",
      true,
      { .flags         = ACK,
        .seq           = 5000,
        .ack           = 9001,
        .window        = 9,
        .options       = { 1, 1, 8, 10, 0, 0, 0, 7, 255, 255, 255, 255, 1, 1, 5, 10, 0, 0, 0x23, 0x8c, 0, 0, 0x23, 0xf0 },
        .option_octets = 24 } },
    { "--> SYN SEQ=IRS WND=1 <MSS 536, SACK permitted, TS 1/0, NOP, WS 7>",
      false,
      { .flags         = SYN,
        .seq           = 9000,
        .window        = 1,
        .options       = { 2, 4, 2, 24, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7 },
        .option_octets = 20 } },
    { "--> SYN SEQ=IRS WND=1 <SACK permitted, WS 0, kind 253 0a0b0c, packed>",
      false,
      { .flags = SYN, .seq = 9000, .window = 1, .options = { 4, 2, 3, 3, 0, 253, 5, 10, 11, 12 }, .option_octets = 10 } },
    { "--> SYN SEQ=IRS WND=1 <WS 3, END>",
      false,
      { .flags = SYN, .seq = 9000, .window = 1, .options = { 3, 3, 3, 0 }, .option_octets = 4 } },
    { "--> SYN SEQ=IRS WND=1 <NOP, raw 02052f>",
      false,
      { .flags = SYN, .seq = 9000, .window = 1, .options = { 1, 2, 5, 0x2f }, .option_octets = 4 } },
    { "--> SYN SEQ=IRS WND=1 <MSS 1, raw 00000001>",
      false,
      { .flags = SYN, .seq = 9000, .window = 1, .options = { 2, 4, 0, 1, 0, 0, 0, 1 }, .option_octets = 8 } },
    { "<-- SYN SEQ=ISS WND=1 RESERVED=9 DATA_OFFSET=15",
      true,
      { .flags = SYN, .seq = 1000, .window = 1, .reserved = 9, .data_offset = 15 } },
};

START_TEST(prints_a_segment)
{
    char text[LINE_ROOM];

    notation_print(&known[_i].segment, known[_i].from_target, &names, text, sizeof text);
    ck_assert_str_eq(text, known[_i].text);
}
END_TEST

static void same_fields(const struct segment *a, const struct segment *b)
{
    ck_assert_uint_eq(a->flags, b->flags);
    ck_assert_uint_eq(a->seq, b->seq);
    ck_assert_uint_eq(a->ack, b->ack);
    ck_assert_uint_eq(a->window, b->window);
    ck_assert_uint_eq(a->urgent_pointer, b->urgent_pointer);
    ck_assert_uint_eq(a->reserved, b->reserved);
    ck_assert_uint_eq(a->data_offset, b->data_offset);
    ck_assert_uint_eq(a->text_octets, b->text_octets);
    ck_assert_uint_eq(a->option_octets, b->option_octets);
    ck_assert(memcmp(a->options, b->options, a->option_octets) == 0);
}

START_TEST(parses_what_is_printed)
{
    struct segment segment;
    struct error   error;
    bool           from_target;

    ck_assert_msg(notation_parse(known[_i].text, &names, &segment, &from_target, &error), "%s", error.sentence);
    ck_assert_int_eq(from_target, known[_i].from_target);
    same_fields(&segment, &known[_i].segment);
}
END_TEST

START_TEST(round_trips_random_segments)
{
    uint64_t       state = 51;
    struct segment segment, parsed;
    struct error   error;
    uint8_t        text[MUTATE_TEXT_OCTETS];
    char           line[LINE_ROOM];
    bool           from_target;

    for (int i = 0; i < 20000; i++) {
        uint64_t random = mutate_random(&state);

        mutate_segment(&state, 4, &segment, text);
        if (random & 1) /* near a symbol */
            segment.seq = (uint32_t)(names.at[random % names.count].value + (random >> 8) % 200 - 100);
        if (random & 2)
            segment.option_octets = random >> 16 & 15; /* cut anywhere */
        if (random & 4)
            segment.options[random >> 20 & 31] = (uint8_t)(random >> 26);
        notation_print(&segment, random & 8, &names, line, sizeof line);
        ck_assert_msg(notation_parse(line, &names, &parsed, &from_target, &error), "%s: %s", line, error.sentence);
        ck_assert_int_eq(from_target, (random & 8) != 0);
        same_fields(&segment, &parsed);
    }
}
END_TEST

START_TEST(reads_fields_in_any_order_and_symbols_as_numbers)
{
    struct segment segment;
    struct error   error;
    bool           from_target;

    ck_assert(notation_parse("  -->  ACK|PSH  WND=5 LEN = 3 ACK=0x10 SEQ=IRS + 2  ", &names, &segment, &from_target, &error));
    ck_assert_uint_eq(segment.flags, PSH | ACK);
    ck_assert_uint_eq(segment.seq, 9002);
    ck_assert_uint_eq(segment.ack, 16);
    ck_assert_uint_eq(segment.text_octets, 3);
    ck_assert_ptr_null(segment.text);
}
END_TEST

static const struct {
    const char *text, *says;
} faulty[] = {
    { "", "column 1:" },
    { "SYN SEQ=1", "column 1: -->" },
    { "--> SIN SEQ=1", "column 5: a control bit belongs here, and \"SIN\" is none" },
    { "--> SYN SEK=1", "column 9: no field is called SEK" },
    { "--> SYN SEQ=1 SEQ=2", "column 15: SEQ= stands here twice" },
    { "--> SYN SEQ", "column 12: \"=\" belongs here" },
    { "--> SYN SEQ=x", "column 13: the value of x is not known" },
    { "--> SYN SEQ=4294967296", "column 13: this number is above 4294967295" },
    { "--> SYN SEQ=99999999999999999999999999999999", "column 13: this number is above" },
    { "--> SYN WND=65536", "column 13: this number is above 65535" },
    { "--> SYN SEQ=IRS+", "column 17: a number belongs here" },
    { "--> SYN SEQ=1 <MSS 1", "column 21: \">\" belongs here" },
    { "--> SYN SEQ=1 <MSS 65536>", "column 20: this number is above 65535" },
    { "--> SYN SEQ=1 <FOO 1>", "column 16: no option is called FOO" },
    { "--> SYN SEQ=1 <SACK 1..2 3..4 5..6 7..8 9..10>", "at most four blocks" },
    { "--> SYN SEQ=1 <TS 1/2, TS 1/2, TS 1/2, TS 1/2, TS 1/2>", "longer than the 40 octets" },
    { "--> SYN SEQ=1 <TS 1/2, TS 1/2, TS 1/2, TS 1/2>", "add \"packed\"" },
    { "--> SYN SEQ=1 <MSS 1> SEQ=2", "column 23: nothing comes after the options" },
    { "--> MAY_ACK SEQ=1", "no control bits but those of its header" },
};

START_TEST(says_what_is_wrong_and_where)
{
    struct segment segment;
    struct error   error = { "" };
    bool           from_target;

    ck_assert(!notation_parse(faulty[_i].text, &names, &segment, &from_target, &error));
    ck_assert_msg(strstr(error.sentence, faulty[_i].says) != NULL, "%s", error.sentence);
}
END_TEST

START_TEST(unknown_symbols_are_not_used)
{
    struct notation_symbols none    = { .at = { { "RCV_NXT", 5, false }, { "IRS", 0, false } }, .count = 2 };
    struct segment          segment = { .flags = SYN, .seq = 5, .window = 1 };
    struct error            error;
    bool                    from_target;
    char                    text[LINE_ROOM];

    notation_print(&segment, false, &none, text, sizeof text);
    ck_assert_str_eq(text, "--> SYN SEQ=5 WND=1");
    notation_print(&segment, false, NULL, text, sizeof text);
    ck_assert_str_eq(text, "--> SYN SEQ=5 WND=1");
    ck_assert(!notation_parse("--> SYN SEQ=RCV_NXT WND=1", &none, &segment, &from_target, &error));
    ck_assert(!notation_parse("--> SYN SEQ=RCV_NXT WND=1", NULL, &segment, &from_target, &error));
}
END_TEST

START_TEST(counts_from_a_symbol_across_the_wrap)
{
    struct notation_symbols wrap    = { .at = { { "RCV_NXT", 0xfffffff0, true } }, .count = 1 };
    struct segment          segment = { .flags = ACK, .seq = 0x10, .ack = 1, .window = 1 }, parsed;
    struct error            error;
    bool                    from_target;
    char                    text[LINE_ROOM];

    notation_print(&segment, false, &wrap, text, sizeof text);
    ck_assert_str_eq(text, "--> ACK SEQ=RCV_NXT+32 ACK=1 WND=1");
    ck_assert(notation_parse(text, &wrap, &parsed, &from_target, &error));
    ck_assert_uint_eq(parsed.seq, 0x10);
}
END_TEST

START_TEST(cuts_to_the_room_there_is)
{
    char text[LINE_ROOM];

    for (size_t room = 1; room < 40; room++) {
        memset(text, 'x', sizeof text);
        notation_print(&known[0].segment, true, &names, text, room);
        ck_assert_uint_eq(strlen(text), room - 1);
        ck_assert(strncmp(text, known[0].text, room - 1) == 0);
        ck_assert_int_eq(text[room], 'x');
    }
}
END_TEST

START_TEST(names_states_as_the_requirements_do)
{
    ck_assert_str_eq(notation_state(FIN_WAIT_1), "FIN-WAIT-1");
    ck_assert_str_eq(notation_state(SYN_RECEIVED), "SYN-RECEIVED");
    ck_assert_str_eq(notation_state(LAST_ACK), "LAST-ACK");
    ck_assert_str_eq(notation_event(TIMED_OUT), "TIMED_OUT");
    for (enum state state = CLOSED; state <= EACH; state++)
        ck_assert(strchr(notation_state(state), ' ') == NULL);
}
END_TEST

SUITE(notation)
{
    Suite *suite = suite_create("notation");
    TCase *tests = tcase_create("notation");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, prints_a_segment, 0, sizeof known / sizeof *known);
    tcase_add_loop_test(tests, parses_what_is_printed, 0, sizeof known / sizeof *known);
    tcase_add_test(tests, round_trips_random_segments);
    tcase_add_test(tests, reads_fields_in_any_order_and_symbols_as_numbers);
    tcase_add_loop_test(tests, says_what_is_wrong_and_where, 0, sizeof faulty / sizeof *faulty);
    tcase_add_test(tests, unknown_symbols_are_not_used);
    tcase_add_test(tests, counts_from_a_symbol_across_the_wrap);
    tcase_add_test(tests, cuts_to_the_room_there_is);
    tcase_add_test(tests, names_states_as_the_requirements_do);
    suite_add_tcase(suite, tests);
    return suite;
}
