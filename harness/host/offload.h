/* offload.h: what an interface of this host does to segments before they are captured, as ethtool(8) tells it. */
#ifndef TCPROVE_HOST_OFFLOAD_H
#define TCPROVE_HOST_OFFLOAD_H

#include <stdbool.h>

struct offload {
    const char *name, *harm; /* as ethtool -K calls it; what it does */
};

/* Tells each offload of the interface that is on and merges segments, and returns how many there are. `local`: the target is
 * this host itself, and what merges segments that leave counts too. tell: NULL to count alone. */
unsigned offloads_on(const char *interface, bool local, void (*tell)(void *context, const struct offload *offload),
                     void *context);

#endif
