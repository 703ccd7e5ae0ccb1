/* seed.h: a case of the catalog as a fuzz input: what it sends, calls and waits for, without what it expects. So the catalog is
 * the fuzzer's first corpus. */
#ifndef TCPROVE_FUZZ_SEED_H
#define TCPROVE_FUZZ_SEED_H

#include <stdbool.h>
#include <stddef.h>

#include "ladder.h"

enum { SEED_STEPS = 300 };

/* Writes at most SEED_STEPS steps and the RUNG_END behind them; what is longer is cut. ROUNDS are played a few times only, of
 * the alternatives of a ONE_OF the first one. `ipv6`: on connections 2 and 3. Returns the count of steps. */
size_t seed_of_case(const struct ladder_case *ladder, enum state each, bool ipv6, struct step steps[SEED_STEPS + 1]);

#endif
