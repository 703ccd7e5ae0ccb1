/* overseer.h: the agent that makes user calls at a host, as a run names and first meets it (--agent HOST:PORT). It knows how to
 * greet one; what a call is, it leaves to agent/remote.h. */
#ifndef TCPROVE_HOST_OVERSEER_H
#define TCPROVE_HOST_OVERSEER_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/remote.h"
#include "error.h"
#include "target.h"

struct overseer {
    bool              given; /* there is one */
    struct ip_address address;
    uint16_t          port;
    uint16_t          service; /* id in its header */
    bool              ours;    /* it speaks group 7F; known once it was met */
};

/* Reads the wish's agent, if it has one. false with a sentence. */
bool overseer_read(const struct target_wish *wish, struct overseer *overseer, struct error *error);

/* Greets it, and has it listen on a port that probes of the host may use until the remote is closed. NULL with a sentence. */
struct remote *overseer_meet(struct overseer *overseer, uint8_t family, uint16_t *port, struct error *error);

/* For one case. */
struct remote *overseer_greet(const struct overseer *overseer, uint8_t family, struct error *error);

#endif
