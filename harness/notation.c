#include "notation.h"

#include <string.h>

#include "notation_segment.h"
#include "notation_words.h"

/* ---- numbers -------------------------------------------------------------------------------------------------------- */

static bool names_target_octets(const char *name)
{
    return strcmp(name, "SND_NXT") == 0 || strcmp(name, "SND_UNA") == 0 || strcmp(name, "ISS") == 0;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a - b < b - a ? a - b : b - a;
}

void number_print(struct text_out *out, const struct notation_symbols *names, bool of_target, uint32_t value)
{
    size_t   best = SIZE_MAX;
    uint32_t near = NOTATION_NEAR_OCTETS + 1;

    for (size_t i = 0; names != NULL && i < names->count; i++) {
        if (!names->at[i].known || names_target_octets(names->at[i].name) != of_target)
            continue;
        uint32_t far = distance(value, names->at[i].value);

        if (far < near) {
            near = far;
            best = i;
        }
    }
    if (best == SIZE_MAX)
        text_add(out, "%u", value);
    else if (near == 0)
        text_add(out, "%s", names->at[best].name);
    else
        text_add(out, "%s%c%u", names->at[best].name, names->at[best].value + near == value ? '+' : '-', near);
}

static bool symbol_parse(struct text_in *in, const struct notation_symbols *names, uint32_t *value)
{
    struct text_in before = *in;
    char           word[WORD_ROOM];

    if (!text_word(in, word))
        return text_wrong(in, "a number or a symbol belongs here");
    for (size_t i = 0; names != NULL && i < names->count; i++) {
        if (names->at[i].known && strcmp(names->at[i].name, word) == 0) {
            *value = names->at[i].value;
            return true;
        }
    }
    *in = before;
    return text_wrong(in, "the value of %s is not known here", word);
}

bool number_parse(struct text_in *in, const struct notation_symbols *names, uint32_t *value)
{
    uint64_t number;
    char     next = text_next(in);

    if (next >= '0' && next <= '9') {
        if (!text_number(in, UINT32_MAX, &number))
            return false;
        *value = (uint32_t)number;
        return true;
    }
    if (!symbol_parse(in, names, value))
        return false;
    bool minus = text_next(in) == '-';

    if (!text_take(in, "+") && !text_take(in, "-"))
        return true;
    if (!text_number(in, UINT32_MAX, &number))
        return false;
    *value = minus ? *value - (uint32_t)number : *value + (uint32_t)number;
    return true;
}

/* ---- the fields of a segment ---------------------------------------------------------------------------------------- */

enum key { KEY_SEQ, KEY_ACK, KEY_LEN, KEY_WND, KEY_UP, KEY_RESERVED, KEY_DATA_OFFSET, KEYS };

static const struct {
    const char *name;
    uint32_t    most;
} keys[KEYS] = {
    [KEY_SEQ] = { "SEQ", UINT32_MAX },         [KEY_ACK] = { "ACK", UINT32_MAX }, [KEY_LEN] = { "LEN", UINT32_MAX },
    [KEY_WND] = { "WND", UINT16_MAX },         [KEY_UP] = { "UP", UINT16_MAX },   [KEY_RESERVED] = { "RESERVED", 15 },
    [KEY_DATA_OFFSET] = { "DATA_OFFSET", 15 },
};

static void print_key(struct text_out *out, enum key key, size_t value)
{
    text_add(out, " %s=%zu", keys[key].name, value);
}

void notation_print(const struct segment *segment, bool from_target, const struct notation_symbols *names, char *text,
                    size_t room)
{
    struct text_out out   = { text, room, 0 };
    size_t          words = (TCP_HEADER_OCTETS + segment->option_octets + 3) / 4;

    if (room > 0)
        text[0] = '\0';
    text_add(&out, "%s ", from_target ? "<--" : "-->");
    bits_print(&out, flag_words, segment->flags);
    text_add(&out, " SEQ=");
    number_print(&out, names, from_target, segment->seq);
    if ((segment->flags & ACK) != 0 || segment->ack != 0) {
        text_add(&out, " ACK=");
        number_print(&out, names, !from_target, segment->ack);
    }
    if (segment->text_octets != 0)
        print_key(&out, KEY_LEN, segment->text_octets);
    print_key(&out, KEY_WND, segment->window);
    if ((segment->flags & URG) != 0 || segment->urgent_pointer != 0)
        print_key(&out, KEY_UP, segment->urgent_pointer);
    if (segment->reserved != 0)
        print_key(&out, KEY_RESERVED, segment->reserved);
    /* Said only where it contradicts the options; 0 is a segment that was not decoded. */
    if (segment->data_offset != 0 && segment->data_offset != words)
        print_key(&out, KEY_DATA_OFFSET, segment->data_offset);
    options_print(&out, segment, from_target, names);
}

static bool parse_key(struct text_in *in, const struct notation_symbols *names, uint32_t values[KEYS], bool given[KEYS])
{
    struct text_in before = *in;
    char           word[WORD_ROOM];
    enum key       key;

    if (!text_word(in, word))
        return text_wrong(in, "SEQ=, ACK=, LEN=, WND=, UP= or <options> belongs here");
    for (key = 0; key < KEYS && strcmp(keys[key].name, word) != 0; key++)
        continue;
    if (key == KEYS || given[key]) {
        *in = before;
        return text_wrong(in, key == KEYS ? "no field is called %s" : "%s= stands here twice", word);
    }
    if (!text_want(in, "="))
        return false;
    given[key] = true;
    if (key == KEY_SEQ || key == KEY_ACK)
        return number_parse(in, names, &values[key]);
    uint64_t number;

    if (!text_number(in, keys[key].most, &number))
        return false;
    values[key] = (uint32_t)number;
    return true;
}

bool notation_parse(const char *text, const struct notation_symbols *names, struct segment *segment, bool *from_target,
                    struct error *error)
{
    struct text_in in           = text_open(text, error);
    uint32_t       values[KEYS] = { 0 };
    bool           given[KEYS]  = { false };
    unsigned       flags;

    *segment     = (struct segment){ 0 };
    *from_target = text_take(&in, "<--");
    if (!*from_target && !text_take(&in, "-->"))
        return text_wrong(&in, "--> (to the target) or <-- (from it) belongs here");
    if (!bits_parse(&in, flag_words, "a control bit", &flags))
        return false;
    if (flags > UINT8_MAX)
        return text_wrong(&in, "a segment has no control bits but those of its header");
    while (!text_ended(&in) && text_next(&in) != '<')
        if (!parse_key(&in, names, values, given))
            return false;
    if (text_take(&in, "<") && !options_parse(&in, names, segment))
        return false;
    if (!text_ended(&in))
        return text_wrong(&in, "nothing comes after the options");
    segment->flags          = (uint8_t)flags;
    segment->seq            = values[KEY_SEQ];
    segment->ack            = values[KEY_ACK];
    segment->text_octets    = values[KEY_LEN];
    segment->window         = (uint16_t)values[KEY_WND];
    segment->urgent_pointer = (uint16_t)values[KEY_UP];
    segment->reserved       = (uint8_t)values[KEY_RESERVED];
    segment->data_offset    = (uint8_t)values[KEY_DATA_OFFSET];
    return true;
}
