#include "estimate.h"

enum { JOBS_MOST = 512, OVERDUE_MS = 500 /* a case that has had its time may end at any moment */ };

static uint64_t rest_of(const struct running *running, uint64_t aside_ms)
{
    uint64_t whole = running->waits_ms + aside_ms;

    return whole > running->ms + OVERDUE_MS ? whole - running->ms : OVERDUE_MS;
}

static size_t first_free(const uint64_t *free_ms, size_t count)
{
    size_t first = 0;

    for (size_t i = 1; i < count; i++)
        if (free_ms[i] < free_ms[first])
            first = i;
    return first;
}

uint64_t estimate_left_ms(const struct workload *load)
{
    uint64_t free_ms[JOBS_MOST] = { 0 }, end_ms = 0;
    size_t   jobs = load->jobs < JOBS_MOST ? load->jobs : JOBS_MOST;

    for (size_t i = 0; i < load->running_count && i < jobs; i++)
        free_ms[i] = rest_of(&load->running[i], load->aside_ms);
    for (size_t i = 0; i < load->waiting_count; i++)
        free_ms[first_free(free_ms, jobs)] += load->waiting_ms[i] + load->aside_ms;
    for (size_t i = 0; i < jobs; i++)
        end_ms = free_ms[i] > end_ms ? free_ms[i] : end_ms;
    return end_ms;
}
