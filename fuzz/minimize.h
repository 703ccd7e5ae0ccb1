/* minimize.h: makes an input small that something is to be said about still: fewer steps, fewer fields, shorter numbers; of
 * frames, fewer and shorter ones. It knows how octets are an input, not what is wrong with it. */
#ifndef TCPROVE_FUZZ_MINIMIZE_H
#define TCPROVE_FUZZ_MINIMIZE_H

#include "input.h"

/* What an input is made of: units one behind the other, each with a header that is there as long as the unit is. */
struct form {
    size_t header; /* octets */
    /* Where the unit ends that begins at octets[at]; at most count. */
    size_t (*unit_end)(const uint8_t *octets, size_t count, size_t at);
    /* So many octets less are behind its header. NULL: nothing in it says how many there are. */
    void (*shorten)(uint8_t *unit, size_t octets);
};

extern const struct form form_of_ladders; /* steps: input.h */
extern const struct form form_of_frames;  /* frames.c */

/* Whether it can still be said of this input. */
typedef bool still_holds(void *context, const uint8_t *octets, size_t count);

/* Shortens octets[0..count), of which it can be said, in place; returns how many are left. */
size_t minimize(const struct form *form, uint8_t *octets, size_t count, still_holds *holds, void *context);

#endif
