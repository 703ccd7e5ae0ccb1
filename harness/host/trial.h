/* trial.h: a service of a host, tried before anything is judged by it: it is spoken to in a plain way, and what it does tells
 * which service it is, whatever it was called. It knows neither cases nor verdicts. */
#ifndef TCPROVE_HOST_TRIAL_H
#define TCPROVE_HOST_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "host/stand.h"
#include "target.h"

/* Whether it says how it behaves: user calls and a listener that nobody knows do not. */
bool trial_is_for(enum service service);

/* Tries each service that does, one connection at a time, and leaves none of them open: echo must send back what it is
 * sent and nothing else, discard acknowledge it and be silent, chargen and daytime (which closes) send unasked, http answer a
 * GET with "HTTP/". What loss could explain is tried again, for some 2 s in all. `round_trip_us` is an upper bound. false with
 * a sentence that says what was seen. */
bool trial_passes(const struct stand *stand, const struct service_at *services, size_t count, uint64_t round_trip_us,
                  struct error *error);

#endif
