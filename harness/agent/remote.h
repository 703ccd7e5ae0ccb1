/* remote.h: the tester's end of the testability protocol: user calls (calls.h) carried out by an agent on another host. Lost
 * datagrams are asked for again; a call is never made twice. It knows neither cases nor how the target is reached otherwise. */
#ifndef TCPROVE_AGENT_REMOTE_H
#define TCPROVE_AGENT_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/protocol.h"
#include "calls.h"
#include "error.h"

struct remote;

/* Greets the agent at address and port, within `patience_ms`. `service` is the id in the protocol's header (AGENT_SERVICE is
 * usual), `family` that of the sockets it is to make. NULL with a sentence that names the address. */
struct remote *remote_open(const struct ip_address *address, uint16_t port, uint16_t service, uint8_t family,
                           unsigned patience_ms, struct error *error);
/* Whether it speaks group 7F, so that calls can be asked for again and many testers' sockets kept apart. Where not, it is a
 * stub of somebody else's: one case at a time. */
bool remote_is_ours(const struct remote *remote);

/* Carries out one call. Always fills in *reply. What the agent has no primitive for is CALL_NOT_OFFERED, and the sentence names
 * the primitive. */
void remote_call(struct remote *remote, const struct call_request *request, struct call_reply *reply);

/* No call waits longer than until_ms of monotonic_ms; 0, as at first: each has its own time. */
void remote_hurry(struct remote *remote, uint64_t until_ms);

/* To be said before octets are sent to a connection of the target, between its `port` and the tester's `peer_port`: a stub of
 * somebody else's loses what comes before it was asked to forward it, and tells nothing of urgent data. */
void remote_foresee(struct remote *remote, uint16_t port, uint16_t peer_port, bool urgent);

/* Whether it is there and has been all the time, so that what became of its connections is the target's doing; false with a
 * sentence. Of a stub of somebody else's it is seen only that it is there. */
bool remote_is_same(struct remote *remote, struct error *why);

/* Asks the agent to close every socket that was made through this, and waits for nothing. To be called from a signal handler.
 */
void remote_abandon(const struct remote *remote);

/* Lets the agent close every socket that was made through this, and forgets it. NULL is fine. */
void remote_close(struct remote *remote);

#endif
