#include "mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notation_ladder.h"

enum { FRAME_ROOM = 1024, LINE_ROOM = 600, LADDER_ROOM = 8192 };

/* SplitMix64. */
uint64_t mutate_random(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static size_t below(uint64_t *state, size_t limit)
{
    return (size_t)(mutate_random(state) % limit);
}

static bool broken(const char *what, uint64_t index, uint64_t seed)
{
    fprintf(stderr, "mutate: %s (number %llu of seed %llu)\n", what, (unsigned long long)index, (unsigned long long)seed);
    return false;
}

/* ---- valid segments ------------------------------------------------------------------------------------------------- */

void mutate_segment(uint64_t *state, uint8_t family, struct segment *segment, uint8_t text[MUTATE_TEXT_OCTETS])
{
    uint64_t           bits    = mutate_random(state);
    struct tcp_options options = { .has_mss          = bits & 1,
                                   .mss              = (uint16_t)mutate_random(state),
                                   .has_window_scale = bits & 2,
                                   .window_scale     = (uint8_t)below(state, 15),
                                   .sack_permitted   = bits & 4,
                                   .has_timestamps   = bits & 8,
                                   .tsval            = (uint32_t)mutate_random(state),
                                   .tsecr            = (uint32_t)mutate_random(state),
                                   .sack_blocks      = (unsigned)below(state, 5) };

    for (unsigned i = 0; i < options.sack_blocks; i++)
        options.sack[i] = (struct sack_block){ (uint32_t)mutate_random(state), (uint32_t)mutate_random(state) };
    *segment = (struct segment){ .source           = { .family = family },
                                 .destination      = { .family = family },
                                 .hop_limit        = (uint8_t)(1 + below(state, 255)),
                                 .traffic_class    = (uint8_t)mutate_random(state),
                                 .identification   = family == 4 ? (uint16_t)mutate_random(state) : 0,
                                 .source_port      = (uint16_t)mutate_random(state),
                                 .destination_port = (uint16_t)mutate_random(state),
                                 .seq              = (uint32_t)mutate_random(state),
                                 .ack              = (uint32_t)mutate_random(state),
                                 .flags            = (uint8_t)mutate_random(state),
                                 .window           = (uint16_t)mutate_random(state),
                                 .urgent_pointer   = (uint16_t)mutate_random(state),
                                 .text             = text,
                                 .text_octets      = below(state, 3) == 0 ? 0 : below(state, MUTATE_TEXT_OCTETS) };
    for (size_t i = 0; i < (family == 4 ? 4u : 16u); i++) {
        segment->source.octets[i]      = (uint8_t)mutate_random(state);
        segment->destination.octets[i] = (uint8_t)mutate_random(state);
    }
    for (size_t i = 0; i < segment->text_octets; i++)
        text[i] = (uint8_t)mutate_random(state);
    segment->option_octets = tcp_options_build(&options, segment->options);
}

/* ---- frames --------------------------------------------------------------------------------------------------------- */

/* Puts up to three extension headers between the IPv6 header and what follows it. */
static size_t add_extensions(uint64_t *state, uint8_t *frame, size_t count)
{
    static const uint8_t kinds[] = { 0, 43, 44, 51, 60 };

    for (size_t i = below(state, 4); i > 0 && count + 24 <= FRAME_ROOM; i--) {
        uint8_t kind   = kinds[below(state, sizeof kinds)];
        size_t  octets = kind == 51 ? 12 : kind == 43 ? 24 : 8;

        memmove(frame + 40 + octets, frame + 40, count - 40);
        memset(frame + 40, 0, octets);
        frame[40] = frame[6];
        frame[41] = kind == 51 ? 1 : (uint8_t)(octets / 8 - 1);
        frame[43] = kind == 43 ? (uint8_t)below(state, 2) : 0;
        frame[6]  = kind;
        count += octets;
        frame[4] = (uint8_t)((count - 40) >> 8);
        frame[5] = (uint8_t)(count - 40);
    }
    return count;
}

static size_t valid_frame(uint64_t *state, uint8_t frame[FRAME_ROOM])
{
    struct segment segment;
    uint8_t        text[MUTATE_TEXT_OCTETS], quoted[FRAME_ROOM];
    uint8_t        family = below(state, 2) == 0 ? 4 : 6;

    mutate_segment(state, family, &segment, text);
    size_t count = segment_encode(&segment, quoted, sizeof quoted);

    if (below(state, 4) == 0) {
        size_t written =
            icmp_error_encode((enum icmp)below(state, 6), 1300, &segment.destination, quoted, count, frame, FRAME_ROOM);

        if (written > 0)
            return written;
    }
    memcpy(frame, quoted, count);
    return family == 6 && below(state, 2) == 0 ? add_extensions(state, frame, count) : count;
}

static size_t mutate_octets(uint64_t *state, uint8_t *frame, size_t count)
{
    for (size_t i = below(state, 4); i > 0; i--)
        frame[below(state, count)] = (uint8_t)mutate_random(state);
    /* Headers are where the decisions are taken. */
    for (size_t i = below(state, 4); i > 0; i--)
        frame[below(state, count < 64 ? count : 64)] ^= (uint8_t)(1u << below(state, 8));
    return below(state, 3) == 0 ? below(state, count + 1) : count;
}

static bool lies_within(const struct packet *packet, const uint8_t *octets, size_t count)
{
    const struct segment *segment = &packet->segment;

    if (segment->option_octets > TCP_OPTIONS_MAX_OCTETS)
        return false;
    if (segment->text_octets == 0)
        return true;
    return segment->text >= octets && segment->text_octets <= count && segment->text + segment->text_octets <= octets + count;
}

/* What must hold of whatever was decoded: its text form is stable. */
static bool prints_stably(const struct segment *segment)
{
    char           first[LINE_ROOM], second[LINE_ROOM];
    struct segment parsed;
    struct error   error;
    bool           from_target;

    notation_print(segment, true, NULL, first, sizeof first);
    if (!notation_parse(first, NULL, &parsed, &from_target, &error)) {
        fprintf(stderr, "mutate: %s\n  %s\n", first, error.sentence);
        return false;
    }
    notation_print(&parsed, from_target, NULL, second, sizeof second);
    return strcmp(first, second) == 0;
}

static struct damage_wish random_wish(uint64_t *state)
{
    return (struct damage_wish){ .kind            = (enum damage)below(state, 7),
                                 .set_data_offset = below(state, 2),
                                 .data_offset     = (uint8_t)below(state, 16),
                                 .reserved        = (uint8_t)below(state, 16),
                                 .option_kind     = (uint8_t)below(state, 10),
                                 .option_length   = (uint8_t)mutate_random(state) };
}

bool mutate_decoder(uint64_t count, uint64_t seed)
{
    uint64_t state = seed;
    uint8_t  frame[FRAME_ROOM];
    char     faults[800];

    for (uint64_t i = 0; i < count; i++) {
        size_t   valid = valid_frame(&state, frame);
        size_t   size  = mutate_octets(&state, frame, valid);
        uint8_t *exact = malloc(size > 0 ? size : 1);

        if (exact == NULL)
            return broken("out of memory", i, seed);
        memcpy(exact, frame, size);
        struct packet      packet;
        bool               holds = packet_decode(exact, size, &packet) == packet.kind && lies_within(&packet, exact, size);
        struct damage_wish wish  = random_wish(&state);

        packet_faults_print(packet.faults, faults, sizeof faults);
        holds = holds && (packet.faults != 0) == (faults[0] != '\0');
        holds = holds && (packet.kind != PACKET_TCP || prints_stably(&packet.segment));
        holds = holds && packet_damage(exact, size, &wish) <= size;
        free(exact);
        if (!holds)
            return broken("what the decoder says of a frame does not hold", i, seed);
    }
    return true;
}

/* ---- texts ---------------------------------------------------------------------------------------------------------- */

/* clang-format off */
const struct step mutate_ladder[] = {
    ENTER      (SYN_RECEIVED, .via = ACTIVE, .with = SACK_PERMITTED|TIMESTAMPS|WINDOW_SCALE|ECN, .irs = ZERO - 5, .mss = ZERO + 536,
                .wnd = ZERO),
    ON         (FRESH),
    ON         (2),
    PEER       (0),
    PEER       (FIN|SYN|RST|PSH|ACK|URG|ECE|CWR, .seq = RCV_NXT + RCV_WND - 1, .ack = SND_NXT - 2 * SMSS, .wnd = ZERO, .len = 100,
                .up = 7, .mss = ABSENT, .wscale = ZERO + 14, .sack_permitted = YES, .tsval = TS_FIRST - 1, .tsecr = TS_RECENT,
                .sack = { { RCV_NXT + 100, RCV_NXT + 200 }, { RCV_NXT + 300, RCV_NXT + 400 } }, .options = OCTETS(2, 4, 5, 180),
                .corrupt = PSEUDO_LENGTH_WRONG, .data_offset = ZERO, .reserved = 15, .fill = OTHER, .from = FROM_MULTICAST),
    IUT        (RST|MAY_ACK, .seq = ANY, .ack = AT_LEAST(ISS + 1), .len = SOME, .after = PERCENT(150, 600, A), .mark = B,
                .since = C, .rule = "RFC9293-MUST-3 \"quoted\" \\"),
    IUT        (ACK, .after = MS(5, NO_LIMIT)),
    IUT        (ACK, .after = AT_ONCE, .wnd = AT_MOST(2 * RMSS + 1)),
    IUT        (ACK, .after = MEASURED, .mark = A),
    IUT        (ACK, .after = DOUBLED, .seq = SEG_ACK, .ack = SEG_END),
    IUT_SENDS  (3 * SMSS + 1, .each = AT_MOST(SMSS), .held = YES, .seq = SND_UNA),
    PEER_SENDS (4 * RMSS, .each = DEFAULT_MSS, .apart_ms = 10, .stride = AT_MOST(2 * RMSS), .flags = PSH),
    IUT_ACKS   (IRS + 1, .tsval = AT_LEAST(TS_LAST), .seq = SEG_SEQ),
    MAYBE      ("RFC9293-SHLD-31", IUT (ACK)),
    ONE_OF     (BY       ("RFC5961-3.2-g", IUT (ACK), ROUNDS (3, PEER (ACK), IUT (ACK), ALIVE)),
                DEVIATES ("RFC5961-3.2-a", GONE)),
    SILENCE    (PROVEN),
    SILENCE    (SECONDS(2)),
    WAIT       (500),
    APP        (SEND_URGENT, .octets = 100 + SND_WND),
    APP        (CONFIGURE, .setting = KEEP_ALIVE_INTERVAL, .value = 1000),
    APP_SEES   (TIMED_OUT, .octets = 5),
    ICMP       (PACKET_TOO_BIG, .mtu = 1300, .quotes = SND_UNA),
    { .rung = RUNG_JUDGE, .what = "isns_are_spread" },
    END_OF_LADDER
};
/* clang-format on */

static const char *const lines[] = {
    "<-- SYN|ACK SEQ=ISS ACK=IRS+1 WND=64240 <MSS 1460, SACK permitted>",
    "--> ACK SEQ=RCV_NXT+100 ACK=SND_NXT LEN=100 WND=65535",
    "<-- PSH|ACK|URG SEQ=SND_NXT-1 ACK=RCV_NXT LEN=3 WND=0 UP=2 <TS 17/4294967295, SACK RCV_NXT+1..RCV_NXT+9 5..6>",
    "--> 0 SEQ=1 WND=1 RESERVED=3 DATA_OFFSET=4 <MSS 1, SACK permitted, TS 3/4, NOP, WS 7>",
    "--> SYN|ECE|CWR SEQ=0 WND=1 <kind 253 0a0b, kind 9, packed>",
    "<-- RST SEQ=9 WND=0 <MSS 1, END, END, END, END>",
    "<-- RST SEQ=9 WND=0 <NOP, raw 0202ff>",
};

/* Words that a random octet would hardly make. */
static const char *const pieces[] = { "SYN",
                                      "|",
                                      "SEQ=",
                                      "RCV_NXT",
                                      "+",
                                      "-",
                                      " ",
                                      "\n",
                                      "  ",
                                      "4294967295",
                                      "AT_LEAST(",
                                      ")",
                                      "(",
                                      ", .ack = ",
                                      "2 * ",
                                      "SMSS",
                                      "\"",
                                      "\\",
                                      "..",
                                      "/",
                                      "BY (\"x\")",
                                      "ONE_OF",
                                      "END",
                                      "<",
                                      ">",
                                      "{",
                                      "}",
                                      "NOP, ",
                                      "raw ",
                                      "OCTETS(1)",
                                      "ZERO",
                                      "PEER (ACK)",
                                      "\n    ",
                                      "kind 254 ",
                                      "NULL",
                                      "0x",
                                      "99999999999999999999",
                                      "MS(",
                                      "packed",
                                      "\t" };

static void cut(char *text, size_t at, size_t octets)
{
    size_t length = strlen(text);

    if (octets > length - at)
        octets = length - at;
    memmove(text + at, text + at + octets, length - at - octets + 1);
}

static void insert(char *text, size_t room, size_t at, const char *piece)
{
    size_t length = strlen(text), more = strlen(piece);

    if (length + more >= room)
        return;
    memmove(text + at + more, text + at, length - at + 1);
    memcpy(text + at, piece, more);
}

static void mutate_text(uint64_t *state, char *text, size_t room)
{
    for (size_t i = below(state, 4); i > 0; i--) {
        size_t length = strlen(text), at = below(state, length + 1);

        switch (below(state, 4)) {
        case 0:
            if (at < length)
                text[at] = (char)(1 + below(state, 255));
            break;
        case 1:
            cut(text, at, 1 + below(state, 6));
            break;
        case 2:
            insert(text, room, at, pieces[below(state, sizeof pieces / sizeof *pieces)]);
            break;
        case 3:
            if (below(state, 8) == 0)
                text[at] = '\0';
            break;
        }
    }
}

static bool line_holds(const char *text)
{
    static const struct notation_symbols names = {
        .at    = { { "SND_NXT", 5000, true },
                   { "RCV_NXT", 4294967290u, true },
                   { "SND_UNA", 4000, true },
                   { "ISS", 17, true },
                   { "IRS", 4294900000u, true } },
        .count = 5,
    };
    struct segment segment, again;
    struct error   error = { "" };
    bool           from_target, from_target_again;
    char           first[LINE_ROOM], second[LINE_ROOM];

    if (!notation_parse(text, &names, &segment, &from_target, &error))
        return error.sentence[0] != '\0';
    notation_print(&segment, from_target, &names, first, sizeof first);
    if (!notation_parse(first, &names, &again, &from_target_again, &error))
        return false;
    notation_print(&again, from_target_again, &names, second, sizeof second);
    return strcmp(first, second) == 0 && from_target == from_target_again && segment.seq == again.seq &&
           segment.ack == again.ack && segment.option_octets == again.option_octets &&
           memcmp(segment.options, again.options, again.option_octets) == 0;
}

static bool ladder_holds(const char *text)
{
    struct parsed_ladder ladder, again;
    struct error         error = { "" };
    char                 first[LADDER_ROOM], second[LADDER_ROOM];

    if (!notation_ladder_parse(text, &ladder, &error))
        return error.sentence[0] != '\0' && ladder.parts == NULL;
    notation_ladder_print(ladder.steps, first, sizeof first);
    notation_ladder_free(&ladder);
    if (!notation_ladder_parse(first, &again, &error)) {
        fprintf(stderr, "mutate: %s\n%s\n", error.sentence, first);
        return false;
    }
    notation_ladder_print(again.steps, second, sizeof second);
    notation_ladder_free(&again);
    return strcmp(first, second) == 0;
}

bool mutate_notation(uint64_t count, uint64_t seed)
{
    uint64_t state = seed;
    char     whole[LADDER_ROOM / 2], text[LADDER_ROOM / 2];

    notation_ladder_print(mutate_ladder, whole, sizeof whole);
    for (uint64_t i = 0; i < count; i++) {
        bool ladder = i % 4 == 0;

        snprintf(text, sizeof text, "%s", ladder ? whole : lines[below(&state, sizeof lines / sizeof *lines)]);
        mutate_text(&state, text, sizeof text);
        char *exact = strdup(text);

        if (exact == NULL)
            return broken("out of memory", i, seed);
        bool holds = ladder ? ladder_holds(exact) : line_holds(exact);

        free(exact);
        if (!holds) {
            fprintf(stderr, "mutate: %s\n", text);
            return broken("what the parser makes of a text does not hold", i, seed);
        }
    }
    return true;
}
