/* calls.h: user calls at a target's application, as data: one request, one reply. The same pair is carried out by the
 * reference in this process, by sockets in a program beside the target, or travels to one. It knows neither how a call
 * arrives nor who carries it out. */
#ifndef TCPROVE_CALLS_H
#define TCPROVE_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segment.h"
#include "words.h"

enum { CALL_DATA_MAX_OCTETS = 16384 };

enum call_kind {
    CALL_PASSIVE_OPEN,  /* listen, on what RESERVE gave if `handle` is not 0: port (0: any free one) -> handle of the listener,
                           port. `service` is what it will be told  to serve: a target whose listeners are there already answers
                           the port of that one         */
    CALL_RESERVE,       /* keep a port free of listeners, so that it is CLOSED -> port                               */
    CALL_OPEN,          /* active open towards address, port, from what RESERVE gave if `handle` is not 0 -> handle,
                           port (the local one; 0 where only the SYN will tell)                                      */
    CALL_ACCEPTED,      /* has handle (a listener) a connection from address, port? -> handle, address, port; the latest;
                           with `from`, that one in the order of arrival, counted from 1. CALL_PENDING if not. Where OPEN
                           told no port: CALL_FAILED once it is known that nothing will come                         */
    CALL_SEND,          /* data to be sent; queued whole, whatever the window                                        */
    CALL_SEND_URGENT,   /* the same, its last octet urgent                                                           */
    CALL_PAUSE_READING, /* the application reads no more: the receive buffer fills up. On a listener: for all its
                           connections to come                                                                       */
    CALL_RECEIVE,       /* it reads again (the state at first)                                                       */
    CALL_CLOSE,         /* RFC 9293 3.10.4: no more to send, still receiving (shutdown of the sending side)          */
    CALL_CLOSE_BOTH,    /* gives up receiving as well (close)                                                        */
    CALL_ABORT,         /* RFC 9293 3.10.5                                                                           */
    CALL_SAW,           /* what the application saw -> events, octets, and data received from `from` on              */
    CALL_SERVE,         /* on a listener: its connections to come are served as `service` says, not by calls         */
    CALL_CONFIGURE      /* sets `setting` of a socket to `value`                                                     */
};

/* SERVICE_UNKNOWN: something listens, and nobody said what. SERVICE_CONNECTS: nothing does; a command makes the target connect
 * to us, and what it starts waits in silence. */
enum service {
    SERVICE_NONE,
    SERVICE_ECHO,
    SERVICE_DISCARD,
    SERVICE_CHARGEN,
    SERVICE_DAYTIME,
    SERVICE_HTTP,
    SERVICE_UNKNOWN,
    SERVICE_CONNECTS
};
enum { SERVICES = SERVICE_CONNECTS + 1 };

/* As a user writes it; "" for NONE. */
const char *service_name(enum service service);
/* Its well-known port; 0 where there is none. */
uint16_t service_port(enum service service);

enum call_result {
    CALL_OK,
    CALL_PENDING,     /* not yet                                                                                     */
    CALL_NOT_OFFERED, /* this target's application has no such call: SKIP                                            */
    CALL_FAILED       /* it was tried and refused; `sentence` says why                                               */
};

/* Why a call failed, for an application that is asked in a protocol without sentences. */
enum call_refusal {
    REFUSAL_OTHER,
    REFUSAL_NO_HANDLE,  /* nothing has this handle                       */
    REFUSAL_CREATE,     /* no socket could be made                       */
    REFUSAL_BIND,       /* the port is taken                             */
    REFUSAL_ROOM,       /* no memory or queue for more                   */
    REFUSAL_CLOSING,    /* RFC 9293 3.10: "connection closing"           */
    REFUSAL_NONE_THERE, /* RFC 9293 3.10: "connection does not exist"    */
    REFUSAL_ARGUMENT    /* a value that cannot be, or that nobody offers */
};

/* Whether it is a setting of listeners, and of nothing else. */
bool setting_is_of_listeners(enum setting setting);

struct call_request {
    enum call_kind    kind;
    uint16_t          handle;
    struct ip_address address; /* of the foreign socket */
    uint16_t          port;
    enum service      service;
    uint64_t          from;        /* SAW: position in the received stream, octets; ACCEPTED: see there */
    enum setting      setting;     /* CONFIGURE */
    uint32_t          value;       /* CONFIGURE; SAW: events that are asked about, bits as in the reply; 0: none */
    uint32_t          data_octets; /* SEND */
    uint8_t           data[CALL_DATA_MAX_OCTETS];
};

/* Events are bits, 1 << enum event (words.h): END the peer's FIN was read, RESET, REFUSED, TIMED_OUT as errors of the
 * connection, URGENT that urgent data is announced, ACCEPTED always on an accepted connection. */
struct call_reply {
    enum call_result  result;
    enum call_refusal refusal; /* of CALL_FAILED */
    struct ip_address address; /* ACCEPTED: the foreign one */
    uint16_t          handle, port;
    uint32_t          events;
    uint64_t          octets;      /* SAW: octets the application has read in all since the connection began */
    uint64_t          urgent_to;   /* SAW: urgent data is announced up to this position in the stream, 0 if none */
    uint32_t          data_octets; /* SAW: octets in data, read at `from` and on; at most CALL_DATA_MAX_OCTETS */
    uint8_t           data[CALL_DATA_MAX_OCTETS];
    char              sentence[160];
};

/* ---- who carries calls out ----------------------------------------------------------------------------------------------- */

typedef void call_function(void *application, const struct call_request *request, struct call_reply *reply);

enum { CALL_KINDS = CALL_CONFIGURE + 1 };

/* An application: what it does for each kind of call. */
struct call_table {
    /* Whether there is something with this handle; brings it up to date before a call looks at it. */
    bool (*look_up)(void *application, uint16_t handle);
    call_function *of[CALL_KINDS]; /* NULL: not offered */
};

/* Carries out one call. Always fills in *reply, data and sentence included where they count. */
void call_carry_out(const struct call_table *table, void *application, const struct call_request *request,
                    struct call_reply *reply);

/* CALL_FAILED with a sentence in printf's format. */
void call_fail(struct call_reply *reply, enum call_refusal refusal, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* SAW: the octets from request->from on, of reply->octets in all of which the latest `count` lie at `kept`. */
void call_show(const struct call_request *request, struct call_reply *reply, const uint8_t *kept, size_t count);

#endif
