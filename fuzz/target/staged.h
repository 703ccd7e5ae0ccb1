/* staged.h: what the targets that play on a stage have in common: the oracles that TCPROVE_ORACLES names (all), the pairs of
 * state and event as feedback, a finding told. It does not know what an input looks like. */
#ifndef TCPROVE_FUZZ_STAGED_H
#define TCPROVE_FUZZ_STAGED_H

#include "fuzz/stage.h"

/* Ends the process with a sentence where TCPROVE_ORACLES cannot be read or there is no memory. */
struct stage *staged_open(void);

extern const struct stage_watch staged_watch;

/* Tells what an oracle said and ends the process. */
void staged_tell(const struct finding *finding);

#endif
