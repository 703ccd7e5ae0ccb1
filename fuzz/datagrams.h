/* datagrams.h: the agent's protocol under a fuzzer: an input is datagrams from a few control endpoints to the stub, and time
 * that passes; what comes back is judged by what must hold of any answer. It does not know what the right answer is. */
#ifndef TCPROVE_FUZZ_DATAGRAMS_H
#define TCPROVE_FUZZ_DATAGRAMS_H

#include "fuzz/ported.h"

/* Plays the input on a stub of its own, over `ported`. False with a sentence where something does not hold. */
bool datagrams_play(struct ported *ported, const uint8_t *octets, size_t count, struct error *finding);

#endif
