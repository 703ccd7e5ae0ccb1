#include "notation_term.h"

#include <string.h>

#include "terms.h"

static const char *const base_names[BASES] = {
    [BASE_ABSOLUTE] = "ZERO",       [BASE_RCV_NXT] = "RCV_NXT",   [BASE_SND_UNA] = "SND_UNA",
    [BASE_SND_NXT] = "SND_NXT",     [BASE_ISS] = "ISS",           [BASE_IRS] = "IRS",
    [BASE_SEG_SEQ] = "SEG_SEQ",     [BASE_SEG_ACK] = "SEG_ACK",   [BASE_SEG_END] = "SEG_END",
    [BASE_TS_RECENT] = "TS_RECENT", [BASE_TS_FIRST] = "TS_FIRST", [BASE_TS_LAST] = "TS_LAST",
    [BASE_ABSENT] = "ABSENT",       [BASE_ANY] = "ANY",           [BASE_DEFAULT_MSS] = "DEFAULT_MSS",
};

static const char *const length_names[LENGTHS] = {
    [LENGTH_RCV_WND] = "RCV_WND", [LENGTH_SND_WND] = "SND_WND", [LENGTH_SMSS] = "SMSS", [LENGTH_RMSS] = "RMSS"
};

enum { LENGTH_LEAST = -(1 << (LENGTH_BITS - 1)), LENGTH_MOST = (1 << (LENGTH_BITS - 1)) - 1 };

#define OFFSET_LEAST (-((int64_t)1 << (OFFSET_BITS - 1)))
#define OFFSET_MOST  (((int64_t)1 << (OFFSET_BITS - 1)) - 1)

/* ---- printing ------------------------------------------------------------------------------------------------------- */

/* The sign before a part of a sum: none before a positive first one. */
static void sign_print(struct text_out *out, bool *first, bool negative)
{
    if (*first)
        text_add(out, "%s", negative ? "-" : "");
    else
        text_add(out, " %c ", negative ? '-' : '+');
    *first = false;
}

static void sum_print(struct text_out *out, const struct term_parts *parts)
{
    bool first = true;

    if (parts->base < BASES) {
        sign_print(out, &first, false);
        text_add(out, "%s", base_names[parts->base]);
    }
    for (int i = 0; i < LENGTHS; i++) {
        int times = parts->lengths[i] < 0 ? -parts->lengths[i] : parts->lengths[i];

        if (times == 0)
            continue;
        sign_print(out, &first, parts->lengths[i] < 0);
        if (times > 1)
            text_add(out, "%d * ", times);
        text_add(out, "%s", length_names[i]);
    }
    if (parts->offset != 0 || first) {
        sign_print(out, &first, parts->offset < 0);
        text_add(out, "%lld", (long long)(parts->offset < 0 ? -parts->offset : parts->offset));
    }
}

void term_print(struct text_out *out, term packed)
{
    struct term_parts parts = term_take_apart(packed);

    if (parts.base == BASE_BROKEN) {
        text_add(out, "a sum of two bases");
        return;
    }
    if (packed == SOME) {
        text_add(out, "SOME");
        return;
    }
    if (parts.bound != BOUND_EXACT)
        text_add(out, parts.bound == BOUND_AT_LEAST ? "AT_LEAST(" : "AT_MOST(");
    sum_print(out, &parts);
    if (parts.bound != BOUND_EXACT)
        text_add(out, ")");
}

/* ---- parsing -------------------------------------------------------------------------------------------------------- */

static bool find_name(const char *const *names, int count, const char *word, int *index)
{
    for (*index = 0; *index < count; (*index)++)
        if (strcmp(names[*index], word) == 0)
            return true;
    return false;
}

static bool add_length(struct text_in *in, struct term_parts *parts, int length, int64_t times)
{
    int64_t sum = parts->lengths[length] + times;

    if (sum < LENGTH_LEAST || sum > LENGTH_MOST)
        return text_wrong(in, "%s can be taken from %d to %d times", length_names[length], LENGTH_LEAST, LENGTH_MOST);
    parts->lengths[length] = (int)sum;
    return true;
}

static bool add_offset(struct text_in *in, struct term_parts *parts, int64_t number)
{
    int64_t sum = parts->offset + number;

    if (sum < OFFSET_LEAST || sum > OFFSET_MOST)
        return text_wrong(in, "the sum of the numbers is beyond 32 bits");
    parts->offset = sum;
    return true;
}

/* A symbol, once or (a length) `times`; times is -1 or 1 where no number stands before it. */
static bool parse_symbol(struct text_in *in, struct term_parts *parts, int64_t times)
{
    struct text_in before = *in;
    char           word[WORD_ROOM];
    int            index;

    if (!text_word(in, word))
        return text_wrong(in, "a number or a symbol belongs here");
    if (find_name(length_names, LENGTHS, word, &index))
        return add_length(in, parts, index, times);
    bool is_base = find_name(base_names, BASES, word, &index);

    if (is_base && times == 1 && parts->base == BASE_NONE) {
        parts->base = (enum base)index;
        return true;
    }
    *in = before;
    if (!is_base)
        return text_wrong(in, "no symbol is called %s", word);
    return text_wrong(in, "%s numbers an octet: such a symbol can stand in a sum once, and nothing can be taken times it",
                      word);
}

static bool parse_part(struct text_in *in, struct term_parts *parts, bool negative)
{
    uint64_t number;
    char     next = text_next(in);

    if (next < '0' || next > '9')
        return parse_symbol(in, parts, negative ? -1 : 1);
    if (!text_number(in, UINT32_MAX + (uint64_t)negative, &number))
        return false;
    int64_t times = negative ? -(int64_t)number : (int64_t)number;

    if (!text_take(in, "*"))
        return add_offset(in, parts, times);
    return parse_symbol(in, parts, times);
}

static bool parse_sum(struct text_in *in, struct term_parts *parts)
{
    bool negative = text_take(in, "-");

    if (!parse_part(in, parts, negative))
        return false;
    for (;;) {
        negative = text_next(in) == '-';
        if (!text_take(in, "+") && !text_take(in, "-"))
            return true;
        if (!parse_part(in, parts, negative))
            return false;
    }
}

static term pack(const struct term_parts *parts)
{
    term packed = parts->offset;

    for (int i = 0; i < LENGTHS; i++)
        packed += parts->lengths[i] * LENGTH(i);
    if (parts->base < BASES)
        packed += BASE(parts->base);
    return packed;
}

bool term_parse(struct text_in *in, term *packed)
{
    struct term_parts parts    = { .base = BASE_NONE };
    bool              at_least = false, at_most = false;

    if (text_take(in, "SOME")) {
        *packed = SOME;
        return true;
    }
    at_least = text_take(in, "AT_LEAST");
    at_most  = !at_least && text_take(in, "AT_MOST");
    if ((at_least || at_most) && !text_want(in, "("))
        return false;
    if (!parse_sum(in, &parts))
        return false;
    if ((at_least || at_most) && !text_want(in, ")"))
        return false;
    *packed = pack(&parts);
    if (at_least)
        *packed = AT_LEAST(*packed);
    if (at_most)
        *packed = AT_MOST(*packed);
    return true;
}
