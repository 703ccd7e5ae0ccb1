/* channel.h: how user calls travel between a case's process and the application beside the target: one request, one
 * reply, over a connected pair of SOCK_SEQPACKET sockets. It knows nothing of what a call does. */
#ifndef TCPROVE_AGENT_CHANNEL_H
#define TCPROVE_AGENT_CHANNEL_H

#include <stdbool.h>

#include "calls.h"

/* The application's side: carries out calls that arrive at fd with sockets of the current network namespace, until the
 * other end is closed. Returns 0 then, or an errno value. */
int agent_serve_channel(int fd);

/* The case's side: sends the request and waits up to 5 s for its reply. Always fills in reply->result: CALL_FAILED with a
 * sentence when no reply came. A reply that comes later is recognized and passed over. */
void channel_call(int fd, const struct call_request *request, struct call_reply *reply);

#endif
