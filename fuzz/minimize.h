/* minimize.h: makes an input small that an oracle spoke about: fewer steps, fewer fields, shorter numbers, and the same oracle
 * still speaks of the same requirement. It knows how octets are an input, not what is wrong. */
#ifndef TCPROVE_FUZZ_MINIMIZE_H
#define TCPROVE_FUZZ_MINIMIZE_H

#include "stage.h"

/* Shortens octets[0..count) in place; returns how many are left. `wanted` is what is to be found still. */
size_t minimize(struct stage *stage, uint8_t *octets, size_t count, const struct finding *wanted);

#endif
