/* terms.h: takes a term of ladder.h apart again: base, counts of lengths, offset and bound. It knows how terms are packed
 * and nothing of what a symbol is worth at any moment. */
#ifndef TCPROVE_TERMS_H
#define TCPROVE_TERMS_H

#include <stdbool.h>

#include "ladder.h"

enum base {
    BASE_ABSOLUTE, /* ZERO */
    BASE_RCV_NXT,
    BASE_SND_UNA,
    BASE_SND_NXT,
    BASE_ISS,
    BASE_IRS,
    BASE_SEG_SEQ,
    BASE_SEG_ACK,
    BASE_SEG_END,
    BASE_TS_RECENT,
    BASE_TS_FIRST,
    BASE_TS_LAST,
    BASE_DEFAULT_MSS,
    BASE_ABSENT,
    BASE_ANY,
    BASES,
    BASE_NONE = BASES, /* lengths and offset only: a plain number */
    BASE_BROKEN        /* two bases were added up, or one taken from another */
};

enum bound { BOUND_EXACT, BOUND_AT_LEAST, BOUND_AT_MOST };

enum { LENGTH_RCV_WND, LENGTH_SND_WND, LENGTH_SMSS, LENGTH_RMSS, LENGTHS };

struct term_parts {
    enum base  base;
    enum bound bound;
    int        lengths[LENGTHS]; /* how many times each length is added, -16 to 15 */
    int64_t    offset;
};

struct term_parts term_take_apart(term packed);

/* Whether a term names `base` (and nothing else would do, as in IS ABSENT or ANY). */
bool term_is(term packed, enum base base);

#endif
