/* stage_inside.h: what the stage and its oracles share. Nothing outside fuzz/ includes it. */
#ifndef TCPROVE_FUZZ_STAGE_INSIDE_H
#define TCPROVE_FUZZ_STAGE_INSIDE_H

#include "memory.h"
#include "peer.h"
#include "reference/tcp.h"
#include "stage.h"

enum {
    ACTORS        = INPUT_CONNECTIONS + 1, /* the last one is the fresh connection at the end */
    CONNECTIONS   = 8,                     /* TCBs: scarce, so that their lack is met too */
    LOCAL_PORT    = 7,
    FIRST_PORT    = 1024,
    SEED          = 1,
    CROSSING_US   = 1000, /* a segment's way; so much later the next step comes */
    TIMEOUTS_MOST = 5000
};

/* One connection: the tester's end, and the application at the target's. */
struct actor {
    struct peer             peer;
    const struct peer_link *link;
    bool                    settings; /* keep-alive is on and Nagle's rule off, where the target opens */
    tcp_name                name, listener;
    uint32_t                base_irs; /* SEQ of the SYN that this connection began with */
    uint32_t                delivered, app_sent;
    bool                    paused, readable;
};

/* A packet on its way to the TCP, read once for all who look at it. */
struct arrival {
    const uint8_t *octets; /* a copy of exactly their size, where memory.h makes one */
    size_t         count;
    struct packet  packet;
    uint64_t       work; /* that reading it took */
};

struct stage {
    unsigned            oracles;
    work_meter         *meter;
    struct stage_counts counts;
    struct peer_link    links[2];
    struct actor        actors[ACTORS];
    tcp_name            strangers[CONNECTIONS];
    unsigned            current;
    struct tcp         *tcp;
    tcp_name            listener; /* for whoever comes; 0: it was closed */
    uint64_t            now_us;
    struct memory       memory;
    int                 blocks_taken;
    struct referee     *referee;
    bool                small; /* fewer and smaller buffers, which are cleared sooner: of raw frames nearly all are dropped */
    bool                may_read; /* something happened since the applications read that lets one of them read more */
    unsigned            outputs;  /* of this event */
    unsigned            reads;    /* RECEIVEs that brought octets, of this event */
    size_t              at;       /* step */
    const struct stage_watch *watch;
    struct finding           *finding;
    uint8_t                   packet[TEXT_OCTETS + 200], text[SEND_OCTETS], read[SEND_OCTETS];
};

/* The application has a new connection. */
void actor_begins(struct actor *actor, tcp_name name);

/* ---- stage.c */
void stage_find(struct stage *stage, enum oracle oracle, const char *requirement, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Everything as it is before the first step; false without memory. */
bool stage_begins(struct stage *stage, const struct stage_watch *watch, struct finding *finding);
/* Whoever comes is served, from now on if it was not so before; false where a TCB lacks. */
bool stage_listens(struct stage *stage);
/* All is given back. Returns whether an oracle spoke. */
bool stage_ends(struct stage *stage, size_t steps);
/* A packet is on its way to the TCP; `peer` is who sends it, or NULL. */
void stage_tell_packet(struct stage *stage, const struct peer *peer, const uint8_t *packet, size_t count);
/* Reads what is about to arrive. stage_arrives has to follow. */
struct arrival stage_reads(struct stage *stage, const uint8_t *packet, size_t count);
/* It arrives at the TCP, and the time that a packet takes passes. */
void stage_arrives(struct stage *stage, const struct arrival *arrival);
/* The state that this connection is in meets an event. */
void stage_tell(struct stage *stage, const struct actor *actor, unsigned event);
void stage_step(struct stage *stage, const struct step *step);
void stage_advance(struct stage *stage, uint64_t until_us);

#endif
