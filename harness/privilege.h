/* privilege.h: what a process may do is given up here, for good. It knows neither who needed it nor for what. */
#ifndef TCPROVE_PRIVILEGE_H
#define TCPROVE_PRIVILEGE_H

#include <stdbool.h>

#include "error.h"

/* Gives up every capability for good, of this process and of what it may execute. */
bool drop_privilege(struct error *error);

/* Gives up every capability but CAP_NET_RAW. A process without that one keeps none. */
bool keep_raw_only(struct error *error);

#endif
