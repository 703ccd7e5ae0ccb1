#include "terms.h"

/* Takes the lowest `bits` of *rest as a signed number and moves *rest on; a negative field had borrowed from the next. */
static int64_t take_signed(int64_t *rest, unsigned bits)
{
    int64_t half  = (int64_t)1 << (bits - 1);
    int64_t whole = (int64_t)1 << bits;
    int64_t value = (int64_t)((uint64_t)*rest & (uint64_t)(whole - 1));

    if (value >= half)
        value -= whole;
    *rest = (*rest - value) / whole;
    return value;
}

struct term_parts term_take_apart(term packed)
{
    struct term_parts parts = { .base = BASE_NONE };
    int64_t           rest  = packed;

    parts.offset = take_signed(&rest, OFFSET_BITS);
    for (int i = 0; i < LENGTHS; i++)
        parts.lengths[i] = (int)take_signed(&rest, LENGTH_BITS);

    uint64_t code  = (uint64_t)rest & ((1u << BASE_BITS) - 1);
    uint64_t bound = ((uint64_t)rest >> BASE_BITS) & 3;

    if (code % 2 == 1 && code / 2 < BASES)
        parts.base = (enum base)(code / 2);
    else if (code != 0)
        parts.base = BASE_BROKEN;
    parts.bound = bound == 1 ? BOUND_AT_LEAST : bound == 2 ? BOUND_AT_MOST : BOUND_EXACT;
    if (bound == 3)
        parts.base = BASE_BROKEN;
    return parts;
}

bool term_is(term packed, enum base base)
{
    return packed != 0 && term_take_apart(packed).base == base;
}
