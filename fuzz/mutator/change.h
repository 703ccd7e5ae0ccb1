/* change.h: changes an input as somebody would who knows what its steps mean: whole steps, whole fields, values at the borders
 * of windows, segments and 2^32. It knows the vocabulary of ladders, and neither AFL++ nor the TCP that will meet the steps. */
#ifndef TCPROVE_FUZZ_CHANGE_H
#define TCPROVE_FUZZ_CHANGE_H

#include "fuzz/input.h"

enum { CHANGE_ROWS = 64 };

/* Where the changes come from; the same numbers make the same changes. */
struct changer {
    uint64_t    random;
    uint8_t     rows[CHANGE_ROWS][INPUT_OPTIONS]; /* raw options of steps that were made here */
    unsigned    rows_used;
    const char *what; /* the latest change, for a file's name */
};

/* `other` gives steps to splice in; NULL: none. The input may point into `other` and into the changer until the next call. At
 * most `most` steps are left. */
void change(struct changer *changer, struct input *input, const struct input *other, size_t most);

#endif
