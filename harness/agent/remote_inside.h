/* remote_inside.h: what the files of the tester's end share. Nothing outside harness/agent/remote*.c includes it. */
#ifndef TCPROVE_AGENT_REMOTE_INSIDE_H
#define TCPROVE_AGENT_REMOTE_INSIDE_H

#include "agent/remote.h"

enum { STREAMS_MOST = 128, DATAGRAM_MOST = 65536 };

/* A socket at a stub that cannot be asked what was read: what its events told. */
struct stream {
    uint16_t          socket;
    uint16_t          port; /* the target's */
    bool              listens, accepted, armed;
    uint16_t          listener; /* of an accepted one */
    struct ip_address peer;
    uint16_t          peer_port; /* the tester's; 0: there is none yet */
    uint32_t          armed_by;  /* id of the RECEIVE_AND_FORWARD for it */
    const char       *doubt;     /* why what was read is not known whole; NULL if it is */
    uint8_t          *octets;
    size_t            count, room;
};

struct remote {
    int                   fd;
    char                  name[80]; /* for sentences: "the agent at UDP port 30700 of 192.0.2.2" */
    uint16_t              service;
    uint8_t               family;
    bool                  ours, used;  /* used: there may be sockets */
    bool                  without_ids; /* its responses do not have the id of their requests */
    uint8_t               hello;       /* what a stub of somebody else's answered HELLO with */
    uint32_t              token;       /* what ours answered it with */
    uint64_t              until_ms;    /* of monotonic_ms: no call waits longer; 0: each has its own time */
    uint32_t              id, ports;   /* ports: where the search for a free one goes on */
    struct message_head   asked;
    struct message_writer out, farewell; /* an END_TEST, but for its id */
    size_t                farewell_octets;
    struct message_reader in;
    uint8_t               result;
    struct stream         streams[STREAMS_MOST];
    size_t                stream_count;
    uint64_t              awaited; /* bits of the tester's ports, modulo 64: an accepted connection from it was waited for */
    uint8_t               datagram[DATAGRAM_MOST];
};

/* Begins a request; parameters are written to remote->out. */
void remote_begin(struct remote *remote, enum message_group group, uint8_t primitive);
/* Sends it, again and again unless `once`, until the response is in remote->result and remote->in. false with a sentence. */
bool remote_ask(struct remote *remote, unsigned patience_ms, bool once, struct error *why);
/* The same for a user call: what is not RESULT_OK is told in *reply, with the primitive's name. */
uint8_t remote_response(struct remote *remote, struct call_reply *reply, const char *primitive);
/* Takes what has arrived meanwhile, within `wait_ms` where nothing has. */
void remote_take_events(struct remote *remote, unsigned wait_ms);

/* ---- what stubs without group 7F tell by events (remote_foreign.c) ---------------------------------------------------------
 */

/* A socket was made, at `port` of the target; NULL without room. What was known of an earlier one of that number is forgotten.
 */
struct stream *foreign_made(struct remote *remote, uint16_t socket, uint16_t port);
struct stream *foreign_stream(struct remote *remote, uint16_t socket);
/* An accepted connection, or octets that came on one. */
void foreign_event(struct remote *remote, const struct message_head *head, struct message_reader in);
/* CALL_ACCEPTED and CALL_SAW. */
void foreign_accepted(struct remote *remote, const struct call_request *request, struct call_reply *reply);
void foreign_saw(struct remote *remote, const struct call_request *request, struct call_reply *reply);
void foreign_forget(struct remote *remote);

#endif
