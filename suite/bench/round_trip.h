/* round_trip.h: how long it takes from a SYN to the SYN,ACK that answers it, through the player and in a bare loop of libnet
 * and libpcap, on the same link to the same kernel. */
#ifndef TCPROVE_BENCH_ROUND_TRIP_H
#define TCPROVE_BENCH_ROUND_TRIP_H

#include <stdbool.h>

#include "error.h"

struct round_trips {
    double   bare_us, player_us; /* medians, building and reading included */
    unsigned count;
};

/* false with a sentence where the lab cannot be made. */
bool round_trips_measure(struct round_trips *trips, struct error *error);

#endif
