/* datagrams.c: the target `datagrams`: what comes to the agent's port, as datagrams_play reads it. */
#include "fuzz/datagrams.h"

#include <stdio.h>
#include <stdlib.h>

#include "fuzz/target/target.h"

static struct ported ported;

void fuzz_begin(void)
{
    struct error error;

    if (!ported_open(&ported, 0, &error)) {
        fprintf(stderr, "datagrams: %s\n", error.sentence);
        exit(3);
    }
}

void fuzz_one(const uint8_t *octets, size_t count)
{
    struct error finding;

    if (datagrams_play(&ported, octets, count, &finding))
        return;
    fprintf(stderr, "datagrams: %s\n", finding.sentence);
    abort();
}

void fuzz_counts(char *text, size_t room)
{
    (void)room;
    text[0] = '\0';
}
