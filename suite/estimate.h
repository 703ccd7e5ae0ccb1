/* estimate.h: how long a run will still take, from the waits that are derived from its cases. It knows numbers only. */
#ifndef TCPROVE_ESTIMATE_H
#define TCPROVE_ESTIMATE_H

#include <stddef.h>
#include <stdint.h>

/* A case that plays: how long it has, and how long its rungs wait. */
struct running {
    const char *id;
    uint64_t    ms, waits_ms;
};

struct workload {
    const struct running *running;
    size_t                running_count;
    const uint64_t       *waiting_ms; /* waits of the cases that are still to be started, in their order */
    size_t                waiting_count;
    unsigned              jobs;     /* cases at a time, 1 or more */
    uint64_t              aside_ms; /* what a case takes beside its waits */
};

/* When the last case will have ended, if each takes its waits and `aside_ms` and starts as soon as one of `jobs` is free. */
uint64_t estimate_left_ms(const struct workload *load);

#endif
