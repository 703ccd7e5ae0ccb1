#include "memory.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define EXACT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EXACT 1
#endif
#endif

#ifdef EXACT

void memory_begin(struct memory *memory)
{
    (void)memory;
}

void *memory_take(struct memory *memory, size_t octets)
{
    (void)memory;
    return calloc(1, octets);
}

void memory_give(struct memory *memory, void *piece)
{
    (void)memory;
    free(piece);
}

const uint8_t *memory_exact(struct memory *memory, const uint8_t *octets, size_t count)
{
    uint8_t *copy = malloc(count > 0 ? count : 1);

    (void)memory;
    if (copy == NULL)
        return octets;
    memcpy(copy, octets, count);
    return copy;
}

void memory_exact_done(struct memory *memory, const uint8_t *octets)
{
    (void)memory;
    free((void *)(uintptr_t)octets);
}

#else

void memory_begin(struct memory *memory)
{
    memset(memory->octets, 0, memory->used);
    memory->used = 0;
}

void *memory_take(struct memory *memory, size_t octets)
{
    size_t size = (octets + 15) / 16 * 16;

    if (sizeof memory->octets - memory->used < size)
        return NULL;
    memory->used += size;
    return memory->octets + memory->used - size;
}

void memory_give(struct memory *memory, void *piece)
{
    (void)memory;
    (void)piece;
}

const uint8_t *memory_exact(struct memory *memory, const uint8_t *octets, size_t count)
{
    (void)memory;
    (void)count;
    return octets;
}

void memory_exact_done(struct memory *memory, const uint8_t *octets)
{
    (void)memory;
    (void)octets;
}

#endif
