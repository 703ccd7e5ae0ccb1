/* stub.h: the test stub, sans I/O: datagrams of the testability protocol in and out, user calls to an application in between.
 * It is what a port to another host takes as it is; it knows no sockets, no clock and no operating system, and takes memory
 * only for a control endpoint that it has not met before. The page harness/agent/README.md says how to port it. */
#ifndef TCPROVE_AGENT_STUB_H
#define TCPROVE_AGENT_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/protocol.h"
#include "calls.h"

/* Who speaks to the stub: what a datagram came from. */
struct control {
    struct ip_address address;
    uint16_t          port;
};

/* What a port provides. `user` is handed back in each. */
struct stub_host {
    void *user;
    /* An application without sockets, one for each control endpoint. NULL where there is no room. */
    void *(*application_new)(void *user);
    /* Aborts every connection that is still open. */
    void (*application_free)(void *user, void *application);
    /* Carries out one call without blocking; always fills in *reply (calls.h). */
    void (*call)(void *user, void *application, const struct call_request *request, struct call_reply *reply);
    /* Any 32 bits that nobody can foresee: what shows that a tester gets our replies. */
    uint32_t (*random)(void *user);
    uint16_t service;  /* id in the header; AGENT_SERVICE is usual */
    size_t   controls; /* control endpoints at a time, at least 1; the one that was silent longest makes room for a new one */
};

struct stub;

/* NULL without memory. */
struct stub *stub_new(const struct stub_host *host);
/* Ends every application. NULL is fine. */
void stub_free(struct stub *stub);

/* Takes a datagram of `count` octets. Returns the octets of the reply in reply[MESSAGE_OCTETS], or 0 where none is due: a runt,
 * a foreign service, no request, or a request that is older than the latest. */
size_t stub_datagram(struct stub *stub, const struct control *from, const uint8_t *datagram, size_t count, uint8_t *reply);

/* The next event that is due, and to whom: its octets in event[MESSAGE_OCTETS], 0 where none is. To be called until then after
 * each time the applications have worked. */
size_t stub_event(struct stub *stub, struct control *to, uint8_t *event);

/* The application of the index-th control endpoint, NULL beyond the last or where it has none: for whoever drives them. */
void *stub_application(const struct stub *stub, size_t index);
/* Whether an event was armed by anybody: where none is, stub_event need not be called. */
bool stub_has_armed(const struct stub *stub);

#endif
