/* minimize.h: makes an input small that something is to be said about still: fewer steps, fewer fields, shorter numbers, or
 * fewer octets. It knows how octets are a ladder, not what is wrong with an input. */
#ifndef TCPROVE_FUZZ_MINIMIZE_H
#define TCPROVE_FUZZ_MINIMIZE_H

#include "input.h"

/* What is taken away: steps of a ladder and then octets of them, or, of any other input, runs of octets. */
enum taken_away { STEPS_OF_A_LADDER, RUNS_OF_OCTETS };

/* Whether it can still be said of this input. */
typedef bool still_holds(void *context, const uint8_t *octets, size_t count);

/* Shortens octets[0..count), of which it can be said, in place; returns how many are left. */
size_t minimize(enum taken_away away, uint8_t *octets, size_t count, still_holds *holds, void *context);

#endif
