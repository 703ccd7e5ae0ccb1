/* empty.c: the target `empty`: does nothing. What AFL++ itself costs is measured with it. */
#include "fuzz/target/target.h"

void fuzz_begin(void)
{
}

void fuzz_one(const uint8_t *octets, size_t count)
{
    (void)octets;
    (void)count;
}

void fuzz_counts(char *text, size_t room)
{
    (void)room;
    text[0] = '\0';
}
