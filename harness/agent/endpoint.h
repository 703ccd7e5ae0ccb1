/* endpoint.h: one socket of the application beside the target: a listener or a connection, what was read from it, what
 * is still to be sent, and what it was told. It knows sockets; it does not know how user calls arrive. */
#ifndef TCPROVE_AGENT_ENDPOINT_H
#define TCPROVE_AGENT_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "calls.h"

/* What the sockets of one or more applications may take together, and what they have taken. */
struct agent_limits {
    size_t store_most;   /* octets, the latest that a connection received, that are kept so that CALL_SAW can show them */
    size_t queue_most;   /* octets that wait to be sent, of all connections */
    size_t sockets_most; /* open at a time */
    size_t queued, sockets;
};

enum endpoint_role { ROLE_RESERVED, ROLE_LISTENER, ROLE_CONNECTION };

union socket_address {
    struct sockaddr     any;
    struct sockaddr_in  v4;
    struct sockaddr_in6 v6;
};

/* One SEND, or what is left of it. */
struct send_chunk {
    struct send_chunk *next;
    bool               urgent;
    size_t             octets, sent;
    uint8_t            data[];
};

struct endpoint {
    enum endpoint_role   role;
    int                  fd;       /* -1 once closed; the store still answers */
    uint16_t             listener; /* handle of the listener it was accepted from, or 0 */
    struct ip_address    peer;
    uint16_t             peer_port;
    enum service         service;
    bool                 paused;                  /* the application does not read */
    bool                 waits;                   /* a listener: what comes is left waiting */
    bool                 finished;                /* an error ended the connection: nothing more to read, nothing to send */
    bool                 hung_up;                 /* poll(2) would tell so for ever: it is not waited for any more */
    bool                 close_send, closed_send; /* CLOSE was asked for; it was done */
    bool                 close_both;              /* CLOSE_BOTH was asked for, once the queue is empty */
    uint32_t             events;
    uint64_t             urgent_to, octets;
    uint8_t             *store; /* the latest `stored` octets of `octets` */
    size_t               stored, store_room;
    struct send_chunk   *first_chunk, *last_chunk;
    struct agent_limits *limits;
    size_t               queued;
    uint64_t             generated; /* octets that chargen made so far */
};

/* Translates an address and port to a socket address; returns its length. */
socklen_t socket_address_make(const struct ip_address *address, uint16_t port, union socket_address *out);
/* The reverse; returns the port. */
uint16_t socket_address_read(const union socket_address *in, struct ip_address *address);

/* A connection on fd, which is made non-blocking and takes urgent data in line. NULL without memory or beyond the limits, which
 * are borrowed and outlive it (fd stays open). */
struct endpoint *endpoint_new(enum endpoint_role role, int fd, struct agent_limits *limits);
/* What RESERVE kept becomes a listener or a connection. */
void endpoint_open(struct endpoint *endpoint, enum endpoint_role role);
/* Aborts what is still open, so that nothing lingers in the kernel, and frees. NULL is fine. */
void endpoint_free(struct endpoint *endpoint);

/* Queues the octets of one SEND and sends what the socket takes. false where the queue is full or memory is short. */
bool endpoint_send(struct endpoint *endpoint, const uint8_t *data, size_t octets, bool urgent);

/* Does the I/O that can be done without waiting: reads (unless paused), serves, sends, closes what was to be closed. */
void endpoint_pump(struct endpoint *endpoint);

/* The events that poll(2) is to wait for, or a negative number where there is nothing to wait for. */
int endpoint_wishes(const struct endpoint *endpoint);

/* Looks whether the connection was told an error since. */
void endpoint_note_error(struct endpoint *endpoint);

/* RFC 9293 3.10.4, CLOSE: no more to send; takes effect when the queue is empty. */
void endpoint_close_send(struct endpoint *endpoint);
/* Gives up receiving as well, when the queue is empty. What is unread by then makes the kernel send a RST. */
void endpoint_close_both(struct endpoint *endpoint);
/* RFC 9293 3.10.5, ABORT: at once, whatever is queued. */
void endpoint_abort(struct endpoint *endpoint);

#endif
