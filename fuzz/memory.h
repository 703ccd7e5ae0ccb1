/* memory.h: where the TCP under the fuzzer has its memory. In a build with AddressSanitizer every piece is of exactly its size,
 * so that an access one octet beyond is seen; otherwise it is one piece that is used again for every input. */
#ifndef TCPROVE_FUZZ_MEMORY_H
#define TCPROVE_FUZZ_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct memory {
    _Alignas(16) uint8_t octets[160 * 1024];
    size_t used;
};

void  memory_begin(struct memory *memory);
void *memory_take(struct memory *memory, size_t octets); /* zeroed; NULL where there is none left */
void  memory_give(struct memory *memory, void *piece);

/* A copy of exactly `count` octets, or the octets themselves. */
const uint8_t *memory_exact(struct memory *memory, const uint8_t *octets, size_t count);
void           memory_exact_done(struct memory *memory, const uint8_t *octets);

#endif
