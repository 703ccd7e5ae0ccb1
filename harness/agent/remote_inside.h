/* remote_inside.h: what the files of the tester's end share. Nothing outside harness/agent/remote*.c includes it. */
#ifndef TCPROVE_AGENT_REMOTE_INSIDE_H
#define TCPROVE_AGENT_REMOTE_INSIDE_H

#include "agent/remote.h"

enum { STREAMS_MOST = 64, DATAGRAM_MOST = 65536 };

/* A connection of a stub that cannot be asked what was read: what its events told. */
struct stream {
    uint16_t          socket, listener;
    struct ip_address peer; /* of an accepted one */
    uint16_t          peer_port;
    uint32_t          armed; /* id of the RECEIVE_AND_FORWARD for it */
    uint8_t          *octets;
    size_t            count, room;
};

struct remote {
    int                   fd;
    uint16_t              service;
    uint8_t               family;
    bool                  ours, used; /* used: there may be sockets */
    uint32_t              id, ports;  /* ports: where the search for a free one goes on */
    struct message_head   asked;
    struct message_writer out;
    struct message_reader in;
    uint8_t               result;
    struct stream         streams[STREAMS_MOST];
    size_t                stream_count;
    uint8_t               datagram[DATAGRAM_MOST];
};

/* Begins a request; parameters are written to remote->out. */
void remote_begin(struct remote *remote, enum message_group group, uint8_t primitive);
/* Sends it, again and again unless `once`, until the response is in remote->result and remote->in. false with a sentence. */
bool remote_ask(struct remote *remote, unsigned patience_ms, bool once, struct error *why);
/* The same for a user call: what is not RESULT_OK is told in *reply, with the primitive's name. */
uint8_t remote_response(struct remote *remote, struct call_reply *reply, const char *primitive);
/* Takes what has arrived meanwhile. */
void remote_take_events(struct remote *remote);
/* An accepted connection, or octets that came on one. */
void remote_note_event(struct remote *remote, const struct message_head *head, struct message_reader in);
void remote_drop_streams(struct remote *remote);

#endif
