/* wire.h: one case's end of an Ethernet link to a target: segments leave by it, and what passes on it in either direction comes
 * back with the time at which it was captured. It knows addresses and ports; it does not know which kind of target is at the
 * other end, nor which case plays. */
#ifndef TCPROVE_WIRE_H
#define TCPROVE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "fault.h"
#include "segment.h"
#include "target.h"

enum { MAC_OCTETS = 6 };

struct wire_wish {
    const char         *interface;
    uint8_t             tester_mac[MAC_OCTETS]; /* no other case's: it is what own frames are told by, whatever they claim */
    uint8_t             target_mac[MAC_OCTETS];
    uint16_t            first_port, ports; /* of the tester's: what the target sends to others is not captured */
    uint16_t            mtu;
    bool                shared; /* the tester's MAC is not this case's alone: packets are told by ports and target */
    bool                local;  /* the target is this host: no MACs, packets go through the kernel's IP layer (shared too) */
    struct ip_address   tester, target; /* where shared */
    const struct fault *fault;          /* stands between tester and target; NULL: none */
};

struct wire;

/* Opens capture, then injection; needs CAP_NET_RAW, which may be dropped afterwards. NULL with a sentence when it cannot. */
struct wire *wire_open(const struct wire_wish *wish, struct error *error);
void         wire_close(struct wire *wire);

/* As in struct target. A packet above the MTU is refused. */
bool wire_deliver(struct wire *wire, const struct segment *segment, const struct damage_wish *wish, struct error *error);
bool wire_deliver_packet(struct wire *wire, const uint8_t *packet, size_t count, struct error *error);

/* As in struct target. WAIT_DEADLINE only when the clock has passed the deadline and everything stamped before it was read.
 * WAIT_FAILED when the capture broke, or when the clock was set: then no interval can be trusted. */
enum wait_result wire_next(struct wire *wire, uint64_t deadline_us, struct arrival *arrival, struct error *error);

/* The clock of the capture's timestamps: CLOCK_REALTIME. */
uint64_t wire_now_us(void);

uint64_t wire_lost(const struct wire *wire);

/* What the fault has seen of this case, for user calls; NULL where there is none. */
struct fault_memory *wire_fault(const struct wire *wire);

#endif
