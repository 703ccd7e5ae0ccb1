/* stand.h: where the tester stands towards a host: interface, address and MAC that it speaks from, and how this host's own
 * kernel is kept out of it. Blocks of ports are opened from there, one for each case. It does not know what is played on them.
 */
#ifndef TCPROVE_HOST_STAND_H
#define TCPROVE_HOST_STAND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "fault.h"
#include "host/guard.h"
#include "host/path.h"
#include "segment.h"
#include "wire/wire.h"

/* Cases have the blocks below; the rest are for probes. */
enum { BLOCKS = (65536 - 1024) / TESTER_PORTS, FIRST_PROBE_BLOCK = 1000, AVOIDED_MAX = 8 };

struct stand {
    struct path       path;
    struct ip_address source;
    uint8_t           mac[MAC_OCTETS];
    bool              owned; /* the source is one of this host's addresses: ports are guarded */
    pid_t             neighbour;
    unsigned          first_block;          /* another one in each run */
    uint16_t          avoided[AVOIDED_MAX]; /* ports of the target's that must not be the tester's, where both are one host */
    unsigned          avoided_count;
};

/* Whether this process may send and capture frames; else a sentence with the command that lets it. */
bool stand_may_speak(struct error *error);

/* Finds the way, resolves the next hop, takes the source (NULL: the kernel's choice), an unowned one once it is shown to be
 * free. false with a sentence; nothing is held then. */
bool stand_take(const struct ip_address *target, const char *interface, const char *source, struct stand *stand,
                struct error *error);
void stand_leave(struct stand *stand);

/* TESTER_PORTS ports with a wire on them. */
struct port_block {
    struct guard guard;
    struct wire *wire;
    uint16_t     first_port;
    uint32_t     clock; /* where numbers begin (RFC 9293 3.4.1) */
};

/* Opens the block of an index below BLOCKS; where one of its ports is in use on this host, another one that is free. */
bool block_open(const struct stand *stand, unsigned index, const struct fault *fault, struct port_block *block,
                struct error *error);
void block_close(struct port_block *block);

#endif
