/* minimize.h: makes an input small that something is to be said about still: fewer steps, fewer fields, shorter numbers. It
 * knows how octets are an input, not what is wrong with it. */
#ifndef TCPROVE_FUZZ_MINIMIZE_H
#define TCPROVE_FUZZ_MINIMIZE_H

#include "input.h"

/* Whether it can still be said of this input. */
typedef bool still_holds(void *context, const struct input *input);

/* Shortens octets[0..count), of which it can be said, in place; returns how many are left. */
size_t minimize(uint8_t *octets, size_t count, still_holds *holds, void *context);

#endif
