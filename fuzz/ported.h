/* ported.h: the agent's stub ported to the built-in TCP in virtual time: a second host for it besides the sockets of
 * tcprove-agent, for whoever throws octets at it. Each control endpoint gets a TCP of its own, and at the other end of its link
 * stands a peer that takes every connection and sends back what it gets. It does not know what a datagram means. */
#ifndef TCPROVE_FUZZ_PORTED_H
#define TCPROVE_FUZZ_PORTED_H

#include "agent/stub.h"
#include "error.h"

struct ported {
    void    *prepared;
    uint64_t random;        /* what the numbers that nobody can foresee begin with: these here are the same each time */
    bool     plain_sockets; /* numbers of sockets are not masked: who speaks can guess them */
    size_t   applications;  /* that are there now */
};

/* False with a sentence where there is no memory. */
bool ported_open(struct ported *ported, uint64_t seed, struct error *error);
void ported_close(struct ported *ported);

/* What stub_new wants. *ported has to outlive the stub. */
struct stub_host ported_host(struct ported *ported, size_t controls);

/* Time passes for all of the first `controls` applications, and their peers answer. */
void ported_pass(const struct stub *stub, size_t controls, uint64_t us);

/* A peer opens a connection to `port` of the index-th application; nothing where that is not there. */
void ported_visit(const struct stub *stub, size_t index, uint16_t port, uint8_t from);

#endif
