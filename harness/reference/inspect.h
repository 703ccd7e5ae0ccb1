/* inspect.h: what a test or a fuzzer may see of the inside of a TCP: what must hold of every control block between events, and
 * the state that a segment would meet. It changes nothing. */
#ifndef TCPROVE_REFERENCE_INSPECT_H
#define TCPROVE_REFERENCE_INSPECT_H

#include "reference/tcp.h"

struct control_block;

/* One thing that holds of every control block that is synchronized or in SYN-RECEIVED, in the RFC's words. */
struct tcp_invariant {
    const char *id, *clause, *says;
    bool (*holds)(const struct tcp *tcp, const struct control_block *tcb);
};

/* Ended by a null id. */
extern const struct tcp_invariant tcp_invariants[];

/* The first that does not hold of some control block, or NULL. */
const struct tcp_invariant *tcp_broken_invariant(const struct tcp *tcp);

/* The state that a segment between these sockets would meet: that of their connection, LISTEN or CLOSED. */
enum state tcp_state_met(const struct tcp *tcp, const struct ip_address *local, uint16_t local_port,
                         const struct ip_address *remote, uint16_t remote_port);

/* Control blocks in use, listeners not counted. */
size_t tcp_connections_in_use(const struct tcp *tcp);

#endif
