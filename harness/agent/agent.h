/* agent.h: the application beside a target: user calls carried out with sockets. It knows neither how calls arrive (see
 * channel.h) nor which case asks for them. */
#ifndef TCPROVE_AGENT_H
#define TCPROVE_AGENT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "calls.h"

struct agent;

struct agent_limits; /* endpoint.h */

/* An application without sockets, within limits that it may share with others (borrowed; NULL: some of its own, wide enough for
 * a case). NULL without memory. */
struct agent *agent_new(struct agent_limits *limits);
/* Aborts every connection that is still open. */
void agent_free(struct agent *agent);

/* Carries out one call without blocking (RFC 9293 3.9.1; calls.h says what each does). Always fills in *reply, data and
 * sentence included where they count. A handle belongs to this agent and is never
 * used twice, but for that of a connection that was served. */
void agent_call(struct agent *agent, const struct call_request *request, struct call_reply *reply);

/* For whoever waits for several applications at once: what this one waits for, at most `room` entries; returns how many there
 * are in all. Then, with the same entries after poll(2), the sockets' part. */
size_t agent_wishes(const struct agent *agent, struct pollfd *entries, size_t room);
void   agent_work(struct agent *agent, const struct pollfd *entries, size_t count);

/* Waits up to timeout_ms (-1: for ever) until a socket or extra_fd (-1: none) has something to do, and does the sockets'
 * part: accepts, reads, sends, closes. Returns whether extra_fd can be read (or was hung up). */
bool agent_poll(struct agent *agent, int timeout_ms, int extra_fd);

#endif
