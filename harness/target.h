/* target.h: the interface of a target under test, for one case: deliver a segment, wait for what comes, tell the time,
 * make user calls. It does not know which kind of target it is, nor which case plays. */
#ifndef TCPROVE_TARGET_H
#define TCPROVE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calls.h"
#include "command.h"
#include "error.h"
#include "segment.h"

/* A packet that was captured, in either direction, on its way between tester and target. The octets are the target's to
 * keep until the next call of `next`. What the tester itself delivered is captured too (from_target false), in order. */
struct arrival {
    uint64_t       time_us; /* capture timestamp, on the same clock as now_us */
    bool           from_target;
    const uint8_t *octets; /* from the IP header on */
    size_t         count;  /* octets captured */
    bool           cut;    /* the packet is longer than what the capture keeps */
};

/* The ports that a case may use for its connections, from target.first_port on. */
enum { TESTER_PORTS = 64 };

enum wait_result { WAIT_ARRIVAL, WAIT_DEADLINE, WAIT_FAILED };

struct target {
    void             *self;
    struct ip_address tester, address; /* of the tester and of the target, one family */
    bool              virtual_time;
    uint16_t          first_port;          /* of TESTER_PORTS of the tester's that are this case's alone, fresh in the run */
    uint16_t          mtu;                 /* octets of an IP packet on the link */
    uint64_t          round_trip_us;       /* an upper bound for an immediate reply on this path … */
    uint64_t          round_trip_least_us; /* … and a lower one: between them lies what a measured interval may be wrong by */
    unsigned          services; /* bits, 1 << enum service: these stand at the target, and no user calls; 0: whatever is told */
    bool              checksums_unseen; /* what the target sends is captured before its TCP checksum is computed */
    bool              unreached; /* set by an `open` that failed because what makes calls at the target does not answer */
    bool              offloads;  /* the link is not tcprove's own: segments may be merged before they are captured */
    bool              kernel_writes_ip; /* the IP header of what is delivered cannot be wrong: a kernel rewrites it */

    /* Sends a segment from the tester (its addresses as they stand in *segment), damaged as wished (NULL: not at all).
     * false with a sentence when it could not leave. */
    bool (*deliver)(void *self, const struct segment *segment, const struct damage_wish *wish, struct error *error);
    /* Sends a finished IP packet (ICMP errors, mutated octets). */
    bool (*deliver_packet)(void *self, const uint8_t *packet, size_t count, struct error *error);
    /* Waits until a packet of this case is captured or the deadline (on now_us's clock) has passed. In virtual time the
     * clock moves to the arrival or to the deadline. */
    enum wait_result (*next)(void *self, uint64_t deadline_us, struct arrival *arrival, struct error *error);
    uint64_t (*now_us)(void *self);
    /* Packets that the capture lost so far; a case that lost one cannot judge. */
    uint64_t (*capture_lost)(void *self);
    /* Carries out a user call; always fills in reply->result. */
    void (*call)(void *self, const struct call_request *request, struct call_reply *reply);
    /* Whether what makes calls at the target was there all the time: what a FAIL rests on; false with a sentence. NULL: it
     * cannot have gone. */
    bool (*undisturbed)(void *self, struct error *error);
    /* The process ends now: what makes calls at the target is told to let go of what it made for this case. To be called from a
     * signal handler. NULL: it notices by itself. */
    void (*abandon)(void *self);
    void (*close)(void *self);
};

/* A service that the user says stands at the target: what answers there, and on which port (0: its well-known one). */
struct service_at {
    enum service kind;
    uint16_t     port;
};

/* What a run wants of its target. Strings are borrowed until prepare returns; NULL: not given. */
struct target_wish {
    const char              *spec;  /* what the user wrote, with any "+FAULT" cut off ... */
    const char              *fault; /* ... and given here; "" or NULL for none */
    bool                     ipv6;
    uint64_t                 seed;
    const char              *interface, *source; /* -i, --source */
    const char              *agent;              /* --agent */
    uint16_t                 agent_service;      /* --service-id; 0: the usual one */
    const struct command    *connect;            /* --connect-cmd */
    const struct service_at *services;
    size_t                   service_count;
};

/* A kind of target: how a run prepares it (once, in the parent) and how a case opens it (in the case's own process). */
struct target_kind {
    const char *name, *description;
    /* Prepares for a run. NULL with a sentence when the environment cannot carry it; that is exit status 3. */
    void *(*prepare)(const struct target_wish *wish, struct error *error);
    /* Opens the target for one case: capture first, then whatever can send. `slot` is below
     * 1,000 and no other case that is playing has it; the tester's ports are 1024 + slot * TESTER_PORTS and on. Runs in
     * the case's own process and drops all privilege before it returns. */
    bool (*open)(void *prepared, unsigned slot, struct target *target, struct error *error);
    void (*release)(void *prepared);
    /* Whether what is sent can leave this machine now, as it could when the run was prepared; false with a sentence. NULL: it
     * always can. */
    bool (*carries)(const void *prepared, struct error *error);
    /* Cases at a time at most, whatever the user asks for; NULL: as many as are asked for. */
    unsigned (*jobs_most)(const void *prepared);
};

#endif
