/* target.h: what a fuzz target is: one function that takes any octets. entry_*.c bring them from AFL++, libFuzzer or files. */
#ifndef TCPROVE_FUZZ_TARGET_H
#define TCPROVE_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Once, before the first input: what takes long and is the same for all of them. */
void fuzz_begin(void);

/* Plays one input. What is wrong is told on standard error and ends the process with SIGABRT, as a sanitizer's report does. */
void fuzz_one(const uint8_t *octets, size_t count);

/* What has been played so far, in one line for a person; "" where a target counts nothing. */
void fuzz_counts(char *text, size_t room);

/* The feedback beyond code: a state has met an event. */
void feedback_pair(unsigned state, unsigned event);
/* How many different ones so far. */
unsigned feedback_pairs(void);

/* Edges of the TCP's code that were taken so far; stands still where the build does not count them. */
uint64_t work_done(void);

#endif
