/* mutator.h: the custom mutator as AFL++ 4.04c calls it (AFL_CUSTOM_MUTATOR_LIBRARY): octets in, octets out. What it gives is
 * an input in its shortest form. It knows how inputs are written and changed, and nothing of what they do. */
#ifndef TCPROVE_FUZZ_MUTATOR_H
#define TCPROVE_FUZZ_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

struct mutator;

struct mutator *afl_custom_init(void *afl, unsigned seed);
void            afl_custom_deinit(struct mutator *mutator);

/* Changes `octets`, with steps of `other` where that is not NULL; *out is the mutator's, or `octets` itself. Returns the count
 * of *out, at most `most`. */
size_t afl_custom_fuzz(struct mutator *mutator, uint8_t *octets, size_t count, uint8_t **out, uint8_t *other,
                       size_t other_count, size_t most);

/* What the latest change was, for the name of a file. */
const char *afl_custom_describe(struct mutator *mutator, size_t most);

/* Trimming: a step at a time goes, then a field at a time. _init_trim returns 0 where there is nothing to take away; _trim
 * gives a shorter input, and _post_trim is told whether it does the same: 0, go on; 1, this is all. */
int32_t afl_custom_init_trim(struct mutator *mutator, uint8_t *octets, size_t count);
size_t  afl_custom_trim(struct mutator *mutator, uint8_t **out);
int32_t afl_custom_post_trim(struct mutator *mutator, unsigned char same);

#endif
