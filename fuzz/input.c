#include "input.h"

#include <string.h>

#include "notation_fields.h"
#include "notation_ladder.h"
#include "terms.h"

enum {
    STEP_BIT          = 0x80,
    FIELD_BIT         = 0x40,
    DIGIT_MASK        = 0x3f,
    DIGIT_BITS        = 6,
    OFFSET_MORE       = 0x20,
    OFFSET_DIGIT_BITS = 5,
    DIGITS_MOST       = 2 * INPUT_OPTIONS + 50,
    KIND_SLOTS        = 8
};

/* A kind of step: its rung, and how many fields of the notation's table it has here: those of PEER behind `from` are for rungs
 * that observe. */
struct step_kind {
    enum rung rung;
    unsigned  fields;
};

static const struct step_kind kinds[KIND_SLOTS] = { { RUNG_PEER, 18 }, { RUNG_APP, 2 },   { RUNG_WAIT, 1 },  { RUNG_ON, 1 },
                                                    { RUNG_ICMP, 3 },  { RUNG_PEER, 18 }, { RUNG_PEER, 18 }, { RUNG_APP, 2 } };

/* Bases that a sent segment can have: none, then those of the notation up to ABSENT. */
enum { TERM_BASES = BASE_ABSENT + 2 };

/* ---- digits --------------------------------------------------------------------------------------------------------- */

/* The digits of a field as they stand there. */
struct digits {
    uint8_t  at[DIGITS_MOST];
    unsigned count, next;
};

static uint8_t take_digit(struct digits *digits)
{
    return digits->next < digits->count ? digits->at[digits->next++] : 0;
}

/* All that is left, as one number. */
static uint64_t take_number(struct digits *digits)
{
    uint64_t value = 0;

    while (digits->next < digits->count)
        value = value << DIGIT_BITS | take_digit(digits);
    return value;
}

static uint64_t take_offset(struct digits *digits)
{
    uint64_t value = 0;
    uint8_t  digit;

    do {
        digit = take_digit(digits);
        value = value << OFFSET_DIGIT_BITS | (digit & (OFFSET_MORE - 1));
    } while (digit & OFFSET_MORE);
    return value & (((uint64_t)1 << OFFSET_BITS) - 1);
}

static uint64_t zigzag(int64_t value)
{
    return value < 0 ? ((uint64_t)(-(value + 1)) << 1) + 1 : (uint64_t)value << 1;
}

static int64_t unzigzag(uint64_t coded)
{
    return coded & 1 ? -(int64_t)(coded >> 1) - 1 : (int64_t)(coded >> 1);
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static term take_term(struct digits *digits)
{
    static const term lengths[LENGTHS] = { RCV_WND, SND_WND, SMSS, RMSS };
    int               counts[LENGTHS]  = { 0 };
    unsigned          code             = take_digit(digits) % TERM_BASES;
    term              value            = code == 0 ? 0 : BASE(code - 1);

    if (value == ABSENT)
        return ABSENT;
    for (unsigned length; (length = take_digit(digits)) != 0;)
        counts[(length - 1) % LENGTHS] = take_digit(digits) % 32 - 16;
    for (int i = 0; i < LENGTHS; i++)
        value += counts[i] * lengths[i];
    value += unzigzag(take_offset(digits));
    /* A field that is there is not one that was left out. */
    return value != 0 ? value : ZERO;
}

static void take_blocks(struct digits *digits, struct block *blocks)
{
    memset(blocks, 0, FIELD_BLOCKS_COUNT * sizeof *blocks);
    for (int i = 0; i < FIELD_BLOCKS_COUNT && digits->next < digits->count; i++) {
        blocks[i].left  = take_term(digits);
        blocks[i].right = take_term(digits);
    }
}

static void take_options(struct digits *digits, struct octets *octets, uint8_t *room)
{
    size_t count = 0;

    while (digits->next < digits->count && count < INPUT_OPTIONS) {
        unsigned high = take_digit(digits);

        room[count++] = (uint8_t)(high << DIGIT_BITS | take_digit(digits));
    }
    *octets = (struct octets){ count > 0 ? room : NULL, count };
}

static unsigned word_count(const struct word *words)
{
    unsigned count = 0;

    while (words[count].name != NULL)
        count++;
    return count;
}

static void take_field(const struct ladder_field *field, struct digits *digits, struct step *step, uint8_t *options)
{
    void *place = (uint8_t *)step + field->at;

    switch (field->kind) {
    case FIELD_TERM:
        *(term *)place = take_term(digits);
        break;
    case FIELD_WORD:
        *(unsigned *)place = field->words[take_number(digits) % word_count(field->words)].value;
        break;
    case FIELD_BITS:
        *(unsigned *)place = (unsigned)take_number(digits) & 0xff;
        break;
    case FIELD_NUMBER:
        *(uint32_t *)place = (uint32_t)(take_number(digits) % (step->rung == RUNG_ON ? INPUT_CONNECTIONS : INPUT_WAIT_MS));
        break;
    case FIELD_BLOCKS:
        take_blocks(digits, place);
        break;
    case FIELD_OCTETS:
        take_options(digits, place, options);
        break;
    default:
        break;
    }
}

/* The digits from octets[*at] on. */
static void gather(const uint8_t *octets, size_t count, size_t *at, struct digits *digits)
{
    digits->count = digits->next = 0;
    for (; *at < count && octets[*at] < FIELD_BIT; ++*at)
        if (digits->count < DIGITS_MOST)
            digits->at[digits->count++] = octets[*at];
}

static void read_step(const uint8_t *octets, size_t count, size_t *at, struct step *step, uint8_t *options)
{
    const struct step_kind    *kind  = &kinds[octets[*at] % KIND_SLOTS];
    const struct ladder_rung  *rung  = ladder_rung_of(kind->rung);
    const struct ladder_field *field = &rung->fields[0];
    struct digits              digits;

    memset(step, 0, sizeof *step);
    step->rung = kind->rung;
    ++*at;
    gather(octets, count, at, &digits);
    take_field(field, &digits, step, options);
    while (*at < count && !(octets[*at] & STEP_BIT)) {
        field = &rung->fields[(octets[*at] & DIGIT_MASK) % kind->fields];
        ++*at;
        gather(octets, count, at, &digits);
        take_field(field, &digits, step, options);
    }
}

size_t input_step_end(const uint8_t *octets, size_t count, size_t at)
{
    do
        at++;
    while (at < count && !(octets[at] & STEP_BIT));
    return at < count ? at : count;
}

void input_read(const uint8_t *octets, size_t count, struct input *input)
{
    size_t at = 0;

    while (at < count && !(octets[at] & STEP_BIT))
        at++;
    for (input->count = 0; at < count && input->count < INPUT_STEPS; input->count++)
        read_step(octets, count, &at, &input->steps[input->count], input->options[input->count]);
    input->steps[input->count].rung = RUNG_END;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

struct written {
    uint8_t *octets;
    size_t   count, room, kept; /* what is behind `kept` are digits 0, which need not be written */
};

static void put(struct written *out, uint8_t octet)
{
    if (out->count < out->room)
        out->octets[out->count] = octet;
    out->count++;
    if (octet != 0)
        out->kept = out->count;
}

static void put_number(struct written *out, uint64_t value)
{
    unsigned shift = 0;

    while (shift + DIGIT_BITS < 64 && value >> (shift + DIGIT_BITS) != 0)
        shift += DIGIT_BITS;
    for (;; shift -= DIGIT_BITS) {
        put(out, value >> shift & DIGIT_MASK);
        if (shift == 0)
            break;
    }
    if (value != 0)
        out->kept = out->count; /* zeros at its end count */
}

static void put_offset(struct written *out, uint64_t value)
{
    unsigned shift = 0;

    while (value >> (shift + OFFSET_DIGIT_BITS) != 0)
        shift += OFFSET_DIGIT_BITS;
    for (; shift > 0; shift -= OFFSET_DIGIT_BITS)
        put(out, (uint8_t)((value >> shift & (OFFSET_MORE - 1)) | OFFSET_MORE));
    put(out, value & (OFFSET_MORE - 1));
}

static bool put_term(struct written *out, term value)
{
    struct term_parts parts = term_take_apart(value);

    if (parts.bound != BOUND_EXACT || parts.base == BASE_ANY || parts.base == BASE_BROKEN)
        return false;
    put(out, (uint8_t)(parts.base == BASE_NONE ? 0 : parts.base + 1));
    if (parts.base == BASE_ABSENT)
        return true;
    for (int i = 0; i < LENGTHS; i++) {
        if (parts.lengths[i] == 0)
            continue;
        put(out, (uint8_t)(i + 1));
        put(out, (uint8_t)(parts.lengths[i] + 16));
    }
    put(out, 0);
    put_offset(out, zigzag(parts.offset));
    return true;
}

static bool put_blocks(struct written *out, const struct block *blocks)
{
    for (int i = 0; i < FIELD_BLOCKS_COUNT && blocks[i].left != 0; i++)
        if (!put_term(out, blocks[i].left) || !put_term(out, blocks[i].right))
            return false;
    return true;
}

static bool put_word(struct written *out, const struct word *words, unsigned value)
{
    for (unsigned i = 0; words[i].name != NULL; i++) {
        if (words[i].value == value) {
            put_number(out, i);
            return true;
        }
    }
    return false;
}

static bool put_field(struct written *out, const struct ladder_field *field, const struct step *step)
{
    const void *place = (const uint8_t *)step + field->at;

    switch (field->kind) {
    case FIELD_TERM:
        return *(const term *)place == ZERO || put_term(out, *(const term *)place); /* no digits: ZERO */
    case FIELD_WORD:
        return put_word(out, field->words, *(const unsigned *)place);
    case FIELD_BITS:
        put_number(out, *(const unsigned *)place);
        return *(const unsigned *)place <= 0xff;
    case FIELD_NUMBER:
        put_number(out, *(const uint32_t *)place);
        return *(const uint32_t *)place < (step->rung == RUNG_ON ? (uint32_t)INPUT_CONNECTIONS : (uint32_t)INPUT_WAIT_MS);
    case FIELD_BLOCKS:
        return put_blocks(out, place);
    case FIELD_OCTETS: {
        const struct octets *options = place;

        for (size_t i = 0; i < options->count; i++) {
            put(out, options->at[i] >> DIGIT_BITS);
            put(out, options->at[i] & DIGIT_MASK);
        }
        /* Zeros at their end count. */
        out->kept = out->count;
        return options->count <= INPUT_OPTIONS;
    }
    default:
        return false;
    }
}

static const struct step_kind *kind_of(enum rung rung, unsigned *slot)
{
    for (*slot = 0; *slot < KIND_SLOTS; ++*slot)
        if (kinds[*slot].rung == rung)
            return &kinds[*slot];
    return NULL;
}

static bool write_step(struct written *out, const struct step *step)
{
    unsigned                slot;
    const struct step_kind *kind = kind_of(step->rung, &slot);

    if (kind == NULL)
        return false;
    const struct ladder_rung *rung = ladder_rung_of(kind->rung);

    put(out, (uint8_t)(STEP_BIT | slot));
    for (unsigned i = 0; rung->fields[i].name != NULL; i++) {
        if (i > 0 && field_left_out(&rung->fields[i], step))
            continue;
        if (i >= kind->fields)
            return false;
        if (i > 0)
            put(out, (uint8_t)(FIELD_BIT | i));
        if (!put_field(out, &rung->fields[i], step))
            return false;
        out->count = out->kept;
    }
    return true;
}

size_t input_write(const struct step *steps, uint8_t *octets, size_t room, struct error *error)
{
    struct written out = { .octets = octets, .room = room };

    for (size_t i = 0; steps[i].rung != RUNG_END; i++) {
        char text[300];

        if (i < INPUT_STEPS && write_step(&out, &steps[i]))
            continue;
        notation_rung(&steps[i], text, sizeof text);
        if (i == INPUT_STEPS)
            error_set(error, "a fuzz input has at most %d steps, and this is one more: %s", INPUT_STEPS, text);
        else
            error_set(error, "step %zu of a fuzz input cannot be: %s", i + 1, text);
        return 0;
    }
    if (out.count <= room)
        return out.count;
    error_set(error, "the input needs %zu octets", out.count);
    return 0;
}
