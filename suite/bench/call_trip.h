/* call_trip.h: how long a user call takes to an agent and back, and a bare datagram to a program that sends it back, over the
 * same pair of interfaces between two network namespaces. */
#ifndef TCPROVE_BENCH_CALL_TRIP_H
#define TCPROVE_BENCH_CALL_TRIP_H

#include <stdbool.h>

#include "error.h"

struct call_trips {
    double   bare_us, call_us; /* medians */
    unsigned count;
};

/* false with a sentence where no link can be made or no agent started. */
bool call_trips_measure(struct call_trips *trips, struct error *error);

#endif
