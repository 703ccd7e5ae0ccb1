/* notation_options.c: the list of options in a segment's text, so that the same octets come back when it is parsed. */
#include <string.h>

#include "notation_segment.h"
#include "octets.h"
#include "segment_octets.h"

/* ---- printing ------------------------------------------------------------------------------------------------------- */

/* Where the option at octets[at] ends; beyond `count` where it is malformed and the rest cannot be told apart. */
static size_t option_end(const uint8_t *octets, size_t at, size_t count)
{
    struct tcp_options one;
    size_t             length = octets[at] <= OPTION_NOP ? 1 : at + 1 < count ? octets[at + 1] : 0;

    if (length == 0 || length > count - at)
        return count + 1;
    if (octets[at] > OPTION_NOP)
        tcp_options_parse(octets + at, length, &one);
    return octets[at] > OPTION_NOP && one.malformed ? count + 1 : at + length;
}

/* Copies one option behind the NOPs that align its end to a multiple of 4; false where there is no room. */
static bool append_aligned(struct segment *to, const uint8_t *option, size_t length)
{
    while ((to->option_octets + length) % 4 != 0 && to->option_octets < sizeof to->options)
        to->options[to->option_octets++] = OPTION_NOP;
    if (length > sizeof to->options - to->option_octets)
        return false;
    memcpy(to->options + to->option_octets, option, length);
    to->option_octets += length;
    return true;
}

enum layout { ALIGNED, EXACT, PACKED };

/* Whether the list can go without its NOPs because they are where every stack has them. */
static enum layout layout_of(const uint8_t *octets, size_t count)
{
    struct segment aligned = { 0 };
    bool           told    = false; /* a NOP, END or raw tells that the list is exact */

    for (size_t at = 0; at < count;) {
        size_t end = option_end(octets, at, count);

        if (end > count || octets[at] == OPTION_END)
            return EXACT;
        if (octets[at] == OPTION_NOP)
            told = true;
        else if (!append_aligned(&aligned, octets + at, end - at))
            return told ? EXACT : PACKED;
        at = end;
    }
    if (aligned.option_octets == count && memcmp(aligned.options, octets, count) == 0)
        return ALIGNED;
    return told ? EXACT : PACKED;
}

static void hex_print(struct text_out *out, const uint8_t *octets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_add(out, "%02x", octets[i]);
}

/* The edges of a SACK number the octets of the other direction, as ACK does. */
static void option_print(struct text_out *out, const uint8_t *option, size_t length, bool from_target,
                         const struct notation_symbols *names)
{
    struct tcp_options one;

    tcp_options_parse(option, length, &one);
    if (one.has_mss)
        text_add(out, "MSS %u", one.mss);
    else if (one.has_window_scale)
        text_add(out, "WS %u", one.window_scale);
    else if (one.sack_permitted)
        text_add(out, "SACK permitted");
    else if (one.has_timestamps)
        text_add(out, "TS %u/%u", one.tsval, one.tsecr);
    else if (one.sack_blocks > 0)
        text_add(out, "SACK");
    else {
        text_add(out, "kind %u%s", option[0], length > 2 ? " " : "");
        hex_print(out, option + 2, length - 2);
    }
    for (unsigned i = 0; i < one.sack_blocks; i++) {
        text_add(out, " ");
        number_print(out, names, !from_target, one.sack[i].left);
        text_add(out, "..");
        number_print(out, names, !from_target, one.sack[i].right);
    }
}

static bool all_zero(const uint8_t *octets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (octets[i] != 0)
            return false;
    return true;
}

void options_print(struct text_out *out, const struct segment *segment, bool from_target, const struct notation_symbols *names)
{
    const uint8_t *octets = segment->options;
    size_t         count  = segment->option_octets < sizeof segment->options ? segment->option_octets : sizeof segment->options;
    enum layout    layout = layout_of(octets, count);
    const char    *between = " <";

    for (size_t at = 0, end; at < count; at = end) {
        end = option_end(octets, at, count);
        if (octets[at] == OPTION_NOP && layout == ALIGNED)
            continue;
        text_add(out, "%s", between);
        between = ", ";
        if (end > count || (octets[at] == OPTION_END && !all_zero(octets + at, count - at))) {
            text_add(out, "raw ");
            hex_print(out, octets + at, count - at);
            end = count;
        } else if (octets[at] <= OPTION_NOP) {
            text_add(out, "%s", octets[at] == OPTION_NOP ? "NOP" : "END");
        } else {
            option_print(out, octets + at, end - at, from_target, names);
        }
    }
    if (count > 0)
        text_add(out, "%s>", layout == PACKED ? ", packed" : "");
}

/* ---- parsing -------------------------------------------------------------------------------------------------------- */

/* The list is built both ways at once; which one counts is known at its end. */
struct building {
    struct segment aligned, exact;
    bool           aligned_fits, is_exact;
};

static bool append_exact(struct text_in *in, struct building *building, const uint8_t *octets, size_t count)
{
    struct segment *exact = &building->exact;

    if (count > sizeof exact->options - exact->option_octets)
        return text_wrong(in, "the options are longer than the %d octets that a header has for them", TCP_OPTIONS_MAX_OCTETS);
    memcpy(exact->options + exact->option_octets, octets, count);
    exact->option_octets += count;
    return true;
}

static bool append_option(struct text_in *in, struct building *building, uint8_t *option, size_t count)
{
    option[1]              = (uint8_t)count;
    building->aligned_fits = building->aligned_fits && append_aligned(&building->aligned, option, count);
    return append_exact(in, building, option, count);
}

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char       *digit    = c != '\0' ? strchr(digits, c) : NULL;

    return digit != NULL ? (int)(digit - digits) : -1;
}

static bool hex_parse(struct text_in *in, uint8_t *octets, size_t room, size_t *count)
{
    text_next(in);
    for (*count = 0; in->end - in->at >= 2 && hex_value(in->at[0]) >= 0 && hex_value(in->at[1]) >= 0; in->at += 2) {
        if (*count == room)
            return text_wrong(in, "more than %zu octets do not fit in the options", room);
        octets[(*count)++] = (uint8_t)(hex_value(in->at[0]) << 4 | hex_value(in->at[1]));
    }
    return true;
}

static bool parse_numbered(struct text_in *in, struct building *building, uint8_t kind, size_t octets)
{
    uint8_t  option[4] = { kind };
    uint64_t number;

    if (!text_number(in, octets == 2 ? UINT16_MAX : UINT8_MAX, &number))
        return false;
    if (octets == 2)
        write16(option + 2, (unsigned)number);
    else
        option[2] = (uint8_t)number;
    return append_option(in, building, option, 2 + octets);
}

static bool parse_timestamps(struct text_in *in, struct building *building)
{
    uint8_t  option[10] = { OPTION_TIMESTAMPS };
    uint64_t tsval, tsecr;

    if (!text_number(in, UINT32_MAX, &tsval) || !text_want(in, "/") || !text_number(in, UINT32_MAX, &tsecr))
        return false;
    write32(option + 2, (uint32_t)tsval);
    write32(option + 6, (uint32_t)tsecr);
    return append_option(in, building, option, sizeof option);
}

static bool parse_sack(struct text_in *in, const struct notation_symbols *names, struct building *building)
{
    uint8_t  option[34] = { OPTION_SACK };
    size_t   count      = 2;
    uint32_t left, right;

    if (text_take(in, "permitted")) {
        option[0] = OPTION_SACK_PERMITTED;
        return append_option(in, building, option, 2);
    }
    do {
        if (count == sizeof option)
            return text_wrong(in, "a SACK option has at most four blocks");
        if (!number_parse(in, names, &left) || !text_want(in, "..") || !number_parse(in, names, &right))
            return false;
        write32(option + count, left);
        write32(option + count + 4, right);
        count += 8;
    } while (text_next(in) != ',' && text_next(in) != '>' && text_next(in) != '\0');
    return append_option(in, building, option, count);
}

static bool parse_unknown(struct text_in *in, struct building *building)
{
    uint8_t  option[TCP_OPTIONS_MAX_OCTETS] = { 0 };
    uint64_t kind;
    size_t   count;

    if (!text_number(in, UINT8_MAX, &kind) || !hex_parse(in, option + 2, sizeof option - 2, &count))
        return false;
    option[0] = (uint8_t)kind;
    return append_option(in, building, option, 2 + count);
}

static bool parse_raw(struct text_in *in, struct building *building)
{
    uint8_t octets[TCP_OPTIONS_MAX_OCTETS];
    size_t  count;

    building->is_exact = true;
    return hex_parse(in, octets, sizeof octets, &count) && append_exact(in, building, octets, count);
}

static bool parse_single(struct text_in *in, struct building *building, uint8_t kind)
{
    building->is_exact = true;
    return append_exact(in, building, &kind, 1);
}

static bool parse_item(struct text_in *in, const struct notation_symbols *names, struct building *building)
{
    struct text_in before = *in;
    char           word[WORD_ROOM];

    if (!text_word(in, word))
        return text_wrong(in, "an option belongs here: MSS, WS, SACK, TS, NOP, END, kind, raw or packed");
    if (strcmp(word, "MSS") == 0)
        return parse_numbered(in, building, OPTION_MSS, 2);
    if (strcmp(word, "WS") == 0)
        return parse_numbered(in, building, OPTION_WINDOW_SCALE, 1);
    if (strcmp(word, "SACK") == 0)
        return parse_sack(in, names, building);
    if (strcmp(word, "TS") == 0)
        return parse_timestamps(in, building);
    if (strcmp(word, "NOP") == 0)
        return parse_single(in, building, OPTION_NOP);
    if (strcmp(word, "END") == 0)
        return parse_single(in, building, OPTION_END);
    if (strcmp(word, "kind") == 0)
        return parse_unknown(in, building);
    if (strcmp(word, "raw") == 0)
        return parse_raw(in, building);
    if (strcmp(word, "packed") == 0)
        return building->is_exact = true;
    *in = before;
    return text_wrong(in, "no option is called %s", word);
}

bool options_parse(struct text_in *in, const struct notation_symbols *names, struct segment *segment)
{
    struct building building = { .aligned_fits = true };

    do {
        if (!parse_item(in, names, &building))
            return false;
    } while (text_take(in, ","));
    if (!text_want(in, ">"))
        return false;
    if (!building.is_exact && !building.aligned_fits)
        return text_wrong(in, "aligned to 4 octets each, the options are longer than 40: add \"packed\" for no NOPs");

    const struct segment *built = building.is_exact ? &building.exact : &building.aligned;

    segment->option_octets = built->option_octets;
    memcpy(segment->options, built->options, built->option_octets);
    return true;
}
