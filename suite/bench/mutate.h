/* mutate.h: broken packets and broken texts by the million, from valid ones, through the decoder, the parsers of the notation,
 * the player and the referee. Frames lie in buffers of exactly their size, so that a sanitizer sees an over-read of one octet.
 * It knows what must hold of any answer, not which answer is right. */
#ifndef TCPROVE_MUTATE_H
#define TCPROVE_MUTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "ladder.h"
#include "segment.h"

enum { MUTATE_TEXT_OCTETS = 512 };

/* The next of a sequence of numbers that *state fixes. */
uint64_t mutate_random(uint64_t *state);

/* A random segment of a family with well-formed options; the segment borrows `text`. */
void mutate_segment(uint64_t *state, uint8_t family, struct segment *segment, uint8_t text[MUTATE_TEXT_OCTETS]);

/* A ladder with every rung and every field in it. */
extern const struct step mutate_ladder[];

/* `count` mutated frames, or lines and ladders. False, with the reason on standard error, when something does not hold. */
bool mutate_decoder(uint64_t count, uint64_t seed);
bool mutate_notation(uint64_t count, uint64_t seed);
/* `count` mutated frames as answers to ladders, the catalog's among them, through the player and the referee. */
bool mutate_player(uint64_t count, uint64_t seed);
/* `count` mutated datagrams to the agent's stub, with the built-in TCP behind it. */
bool mutate_agent(uint64_t count, uint64_t seed);

#endif
