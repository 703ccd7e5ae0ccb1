/* tcp.h: a complete TCP (RFC 9293) as a library. Input is an IP packet, the time, or a user call; output is IP packets and
 * signals, handed to the host that stands around it. It knows no clock, no network and no application: the host has
 * them. All memory is taken by tcp_create; nothing is allocated afterwards, whatever arrives. */
#ifndef TCPROVE_REFERENCE_TCP_H
#define TCPROVE_REFERENCE_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segment.h"
#include "words.h"

/* Names a connection from OPEN until its TCB is deleted; 0 names none. A name is not used again for a long time. */
typedef uint32_t tcp_name;

/* What the host can choose, once for all connections. tcp_config_default fills in what each line says. */
struct tcp_config {
    size_t   connections;            /* TCBs in all, listeners among them: 64                                          */
    size_t   send_buffer_octets;     /* for each connection: 65536                                                     */
    size_t   receive_buffer_octets;  /* RCV.BUFF for each connection, at most 65535: 65535                              */
    size_t   held_ranges;            /* ranges of out-of-order octets that a connection holds: 32                       */
    uint16_t mtu_octets;             /* largest IP packet: 1500                                                        */
    uint8_t  hop_limit;              /* RFC 9293 3.9.2, MUST-49: 64                                                     */
    uint16_t ephemeral_first;        /* local ports of active OPENs without one, first and last: 49152                  */
    uint16_t ephemeral_last;         /* 65535                                                                          */
    uint64_t msl_us;                 /* RFC 9293 3.4.2: 2 minutes                                                       */
    uint64_t rto_initial_us;         /* RFC 6298 (2.1): 1 s                                                             */
    uint64_t rto_least_us;           /* RFC 6298 (2.4): 1 s                                                             */
    uint64_t rto_most_us;            /* RFC 6298 (2.5), at least 60 s: 120 s                                            */
    uint64_t clock_granularity_us;   /* G of RFC 6298: 1 ms                                                             */
    uint64_t delayed_ack_us;         /* RFC 9293 3.8.6.3, below 500 ms: 200 ms                                          */
    uint64_t override_us;            /* RFC 9293 3.8.6.2.1 (4), 0.1 s to 1 s: 500 ms                                    */
    unsigned r1_retransmissions;     /* RFC 9293 3.8.3, at least 3: 3                                                   */
    uint64_t r2_us;                  /* RFC 9293 3.8.3 for data, at least 100 s: 150 s                                  */
    uint64_t r2_syn_us;              /* RFC 9293 3.8.3 for a SYN, at least 3 minutes: 180 s                             */
    uint64_t keep_alive_us;          /* RFC 9293 3.8.4, idle time before the first probe, at least 2 hours: 2 hours     */
    uint64_t keep_alive_interval_us; /* between probes: 75 s                                                           */
    unsigned keep_alive_probes;      /* unanswered probes before the connection is given up: 9                         */
    uint64_t orphan_us;              /* how long FIN-WAIT-2, or a zero window, may last once nobody receives: 60 s      */
    unsigned challenge_acks;         /* RFC 5961 7: so many for a connection …                                          */
    uint64_t challenge_us;           /* … in so long: 10 in 1 s                                                         */
    uint64_t seed;                   /* of the secret key of RFC 6528 and of ephemeral ports: 0                         */
};

void tcp_config_default(struct tcp_config *config);

/* What the user of a connection is told (RFC 9293 3.9.1 and 3.10: "signal the user"). */
enum tcp_signal {
    TCP_SIGNAL_OPENED,     /* an active OPEN has come to ESTABLISHED                                                */
    TCP_SIGNAL_ACCEPTED,   /* a passive one has: a new connection of a listener, see tcp_status.listener             */
    TCP_SIGNAL_RECEIVABLE, /* octets are there to be received                                                        */
    TCP_SIGNAL_SENDABLE,   /* room in the send buffer has come back                                                  */
    TCP_SIGNAL_URGENT,     /* RCV.UP has moved on: urgent data is announced                                          */
    TCP_SIGNAL_CLOSING,    /* "connection closing": the peer's FIN has come                                          */
    TCP_SIGNAL_DELAYED,    /* R1 is reached: the peer has not answered for a while                                   */
    TCP_SIGNAL_SOFT_ERROR, /* an ICMP message tells of trouble on the way; see tcp_status.soft_error                 */
    TCP_SIGNAL_RESET,      /* "connection reset"                                                                     */
    TCP_SIGNAL_REFUSED,    /* "connection refused"                                                                   */
    TCP_SIGNAL_TIMED_OUT,  /* "connection aborted due to user timeout"                                               */
    TCP_SIGNAL_CLOSED      /* the TCB is being deleted; the name means nothing from now on. Always the last          */
};

/* What stands around the TCP. */
struct tcp_host {
    void *context;
    /* An IP packet leaves. The octets are the TCP's and valid during the call only. */
    void (*output)(void *context, const uint8_t *packet, size_t count);
    /* A signal. It must not call the TCP, but for tcp_status: it makes a note, and the host acts when the event is over. */
    void (*signal)(void *context, tcp_name connection, enum tcp_signal signal);
    /* Memory for tcp_create and tcp_destroy, zeroed; NULL: calloc and free. */
    void *(*allocate)(void *context, size_t octets);
    void (*release)(void *context, void *memory);
};

/* The error responses of RFC 9293 3.10. */
enum tcp_error {
    TCP_OK,
    TCP_ERROR_NOT_EXIST,          /* "error: connection does not exist"       */
    TCP_ERROR_ALREADY_EXISTS,     /* "error: connection already exists"       */
    TCP_ERROR_NO_RESOURCES,       /* "error: insufficient resources"          */
    TCP_ERROR_REMOTE_UNSPECIFIED, /* "error: remote socket unspecified"       */
    TCP_ERROR_REMOTE_ILLEGAL,     /* a broadcast or multicast address         */
    TCP_ERROR_CLOSING,            /* "error: connection closing"              */
    TCP_ERROR_WOULD_WAIT          /* RECEIVE: nothing there yet               */
};

/* The RFC's words for it. */
const char *tcp_error_text(enum tcp_error error);

struct tcp;

/* A TCP without connections. NULL where the host has no memory or the config is outside the bounds given above. */
struct tcp *tcp_create(const struct tcp_config *config, const struct tcp_host *host);
void        tcp_destroy(struct tcp *tcp);

/* ---- the two events that come from outside ------------------------------------------------------------------------- */

/* The time is now_us (it never goes back); whatever is due happens (RFC 9293 3.10.8). Everything that is called afterwards
 * happens at that time. */
void tcp_time(struct tcp *tcp, uint64_t now_us);
/* When tcp_time has something to do next, or UINT64_MAX. */
uint64_t tcp_deadline(const struct tcp *tcp);
/* An IP packet has arrived (RFC 9293 3.10.7). What is not a whole, unfragmented TCP segment with right checksums, from an
 * address that one host can have, is dropped without a word; so are ICMP messages that quote nothing of ours. */
void tcp_packet_arrives(struct tcp *tcp, const uint8_t *packet, size_t count);
/* The same for one that packet_decode took apart already. */
void tcp_decoded_arrives(struct tcp *tcp, const struct packet *packet);

/* ---- user calls, RFC 9293 3.9.1 and 3.10.1 to 3.10.6 --------------------------------------------------------------- */

struct tcp_open {
    bool              passive;
    struct ip_address local_address;   /* passive: family 0 means any address                                         */
    uint16_t          local_port;      /* active: 0 means an ephemeral one                                            */
    struct ip_address remote_address;  /* passive: family 0 means anybody                                            */
    uint16_t          remote_port;     /* passive: 0 means any                                                       */
    uint64_t          user_timeout_us; /* 0: R2 alone bounds it; UINT64_MAX: nothing does                           */
    uint8_t           diffserv;        /* RFC 9293 3.9.2, MUST-48: DSCP and ECN field as one octet                  */
};

/* OPEN. *name is 0 for a new connection, or a listener's that is to become active. */
enum tcp_error tcp_open(struct tcp *tcp, const struct tcp_open *open, tcp_name *name);
/* SEND: takes as much as there is room for and says how much. Data is always pushed. urgent: its last octet ends
 * urgent data. NO_RESOURCES where nothing could be taken. */
enum tcp_error tcp_send(struct tcp *tcp, tcp_name name, const uint8_t *data, size_t count, bool urgent, size_t *taken);
/* RECEIVE: up to `room` octets. CLOSING where the peer's FIN has been reached. */
enum tcp_error tcp_receive(struct tcp *tcp, tcp_name name, uint8_t *data, size_t room, size_t *count);
/* CLOSE: no more to send; the user goes on receiving. */
enum tcp_error tcp_close(struct tcp *tcp, tcp_name name);
/* CLOSE that gives up receiving too (RFC 9293 3.6.1, MAY-1): what is unread, or still comes, draws a RST (SHLD-3). */
enum tcp_error tcp_close_both(struct tcp *tcp, tcp_name name);
enum tcp_error tcp_abort(struct tcp *tcp, tcp_name name);
/* The user takes a connection that ACCEPTED has told of: it no longer counts towards its listener's TCP_BACKLOG. */
enum tcp_error tcp_accept(struct tcp *tcp, tcp_name name);

/* STATUS: what RFC 9293 3.9.1.6 lists, and what a test of the TCP wants to see. */
struct tcp_status {
    enum state        state;
    tcp_name          listener; /* the listener it came from, 0 if none or gone */
    struct ip_address local_address, remote_address;
    uint16_t          local_port, remote_port;
    uint32_t          snd_una, snd_nxt, snd_wnd, snd_up, iss;
    uint32_t          rcv_nxt, rcv_wnd, rcv_up, irs;
    bool              urgent;        /* urgent data is announced that the user has not received yet        */
    uint64_t          urgent_to;     /* place in the received stream where it ends, counted from 0          */
    size_t            unread_octets; /* RCV.USER                                                            */
    size_t            unsent_octets, unacknowledged_octets, held_octets;
    uint32_t          cwnd, ssthresh, smss;
    uint64_t          rto_us, srtt_us, rttvar_us;
    unsigned          soft_error; /* 0, or type << 8 | code of the latest soft ICMP error                */
};

enum tcp_error tcp_status(const struct tcp *tcp, tcp_name name, struct tcp_status *status);

/* The settings that a user can change at any time. */
enum tcp_setting {
    TCP_NAGLE,                  /* 1 (default) or 0: RFC 9293 3.7.4, MUST-17                    */
    TCP_KEEP_ALIVE,             /* 0 (default) or 1: RFC 9293 3.8.4, MUST-24                    */
    TCP_KEEP_ALIVE_IDLE_US,     /* MUST-25: idle time before the first probe; 0 is off      */
    TCP_KEEP_ALIVE_INTERVAL_US, /* between probes, at least 1                               */
    TCP_USER_TIMEOUT_US,        /* as in tcp_open: RFC 9293 3.8.3, MUST-21                      */
    TCP_DIFFSERV,               /* RFC 9293 3.9.2, SHLD-22                                      */
    TCP_BACKLOG                 /* of a listener, RFC 4987 2.2: SYNs are ignored while so many of its connections wait to be
                                   taken by tcp_accept; 0 (default): there is no such bound      */
};

enum tcp_error tcp_set(struct tcp *tcp, tcp_name name, enum tcp_setting setting, uint64_t value);

#endif
