/* guard.h: keeps this host's kernel out of connections that are spoken from one of its own addresses: each port has a listening
 * socket that drops all it gets, so the kernel answers nothing and gives the port to nobody else. No firewall rule is touched,
 * and a guard is gone when its process is. */
#ifndef TCPROVE_HOST_GUARD_H
#define TCPROVE_HOST_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "segment.h"
#include "target.h"

struct guard {
    int      fds[TESTER_PORTS];
    unsigned count;
};

enum guarded { GUARDED, GUARD_PORT_IN_USE, GUARD_FAILED };

/* Guards `ports` ports (TESTER_PORTS at most) from first_port on. `interface` counts for a link-local address. With
 * GUARD_PORT_IN_USE somebody has one of them: try others. */
enum guarded guard_open(struct guard *guard, const struct ip_address *address, int interface, uint16_t first_port,
                        unsigned ports, struct error *error);
void         guard_close(struct guard *guard);

#endif
