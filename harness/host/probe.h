/* probe.h: one SYN to a port of a host and what comes of it: open, closed, silent, and how long it took. It knows neither cases
 * nor verdicts. */
#ifndef TCPROVE_HOST_PROBE_H
#define TCPROVE_HOST_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "host/stand.h"
#include "segment.h"

enum port_state { PORT_OPEN, PORT_CLOSED, PORT_SILENT, PORT_PROHIBITED /* an ICMP error came */, PORT_NOT_PROBED };

struct sighting_of_port {
    enum port_state    state;
    unsigned           tries; /* SYNs that were sent */
    uint64_t           round_trip_us;
    uint32_t           iss; /* of a SYN,ACK */
    enum packet_sum    sums;
    struct tcp_options options; /* of a SYN,ACK */
    bool               ecn;     /* ... that grants it */
    uint8_t            icmp_type, icmp_code;
    unsigned           foreign_resets; /* RSTs from our port that we did not send: the kernel is not kept out */
};

struct probe_wish {
    uint16_t port;
    unsigned tries;     /* SYNs at most */
    uint64_t wait_us;   /* for each */
    bool     features;  /* offers SACK, timestamps, window scale and ECN */
    bool     keep;      /* the handshake is ended and the connection left open, until probe_reset */
    uint64_t linger_us; /* watches that long before it resets */
};

/* Probes from port `which` of the block (below TESTER_PORTS). An open port is reset at once, the connection never handed to its
 * application. false with a sentence if nothing could be sent or captured. */
bool probe_port(const struct stand *stand, struct port_block *block, unsigned which, const struct probe_wish *wish,
                struct sighting_of_port *seen, struct error *error);

/* Ends what `keep` left: the RST takes the exact SEQ. */
bool probe_reset(const struct stand *stand, struct port_block *block, unsigned which, uint16_t port, struct error *error);

/* A port that answers a SYN with RST, as CLOSED does; 0 if none of those that were tried did. */
uint16_t probe_closed_port(const struct stand *stand, struct port_block *block, uint64_t wait_us, struct error *error);

#endif
