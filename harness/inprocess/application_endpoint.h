/* application_endpoint.h: one listener or connection of the application, what was read from it and what is still to be sent. It
 * knows the TCP's user interface; it does not know how calls arrive. Nothing outside harness/inprocess includes it. */
#ifndef TCPROVE_INPROCESS_APPLICATION_ENDPOINT_H
#define TCPROVE_INPROCESS_APPLICATION_ENDPOINT_H

#include "calls.h"
#include "reference/tcp.h"

/* The latest octets that a connection received are kept up to this count. */
enum { KEPT_MOST_OCTETS = 1 << 20, QUEUE_MOST_OCTETS = 16 << 20 };

enum endpoint_kind { KIND_RESERVED, KIND_LISTENER, KIND_CONNECTION };

/* One SEND, or what is left of it. */
struct queued_send {
    struct queued_send *next;
    bool                urgent;
    size_t              octets, sent;
    uint8_t             data[];
};

struct application_endpoint {
    enum endpoint_kind  kind;
    tcp_name            name;           /* 0 once the TCB is gone; what was read still answers */
    uint16_t            port, listener; /* `listener`: handle of the listener it was accepted from, or 0 */
    struct ip_address   peer;
    uint16_t            peer_port;
    enum service        service;
    bool                established, paused, stirred; /* stirred: a signal has come since it last worked */
    bool                waits; /* a connection that is not taken yet; a listener: what comes is left waiting */
    bool                close_send, closed_send, close_both;
    uint32_t            events;
    uint64_t            urgent_to, octets;
    uint8_t            *kept; /* the latest `kept_octets` of `octets` */
    size_t              kept_octets, kept_room;
    struct queued_send *first_send, *last_send;
    size_t              queued;
    uint64_t            generated;
};

/* What a signal means for it. */
void application_endpoint_note(struct application_endpoint *endpoint, const struct tcp *tcp, enum tcp_signal signal);
/* Reads (unless paused), serves, sends, closes what was to be closed, as far as it goes now. */
void application_endpoint_work(struct application_endpoint *endpoint, struct tcp *tcp);
/* Queues the octets of one SEND. false where the queue is full or memory is short. */
bool application_endpoint_queue(struct application_endpoint *endpoint, const uint8_t *data, size_t octets, bool urgent);
void application_endpoint_release(struct application_endpoint *endpoint);

#endif
