/* derive.h: what a ladder needs and how long it waits, worked out from its rungs so that no case declares it. It knows the
 * words of ladders, not targets. */
#ifndef TCPROVE_DERIVE_H
#define TCPROVE_DERIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "ladder.h"

/* How long SILENCE (PROVEN) is where the ALIVE behind it cannot prove it: in the states from FIN-WAIT-1 on. */
enum { PROVEN_LATER_MS = 300 };

/* How long an active open may take until its SYN is there: a command that causes it may have to log in somewhere first. */
enum { OPEN_LIMIT_MS = 15000 };

struct needs {
    uint64_t waits_ms;    /* real waiting where all goes well: silences, timers of the target */
    uint64_t at_most_ms;  /* where every rung takes as long as it may; past it (and some slack) a case hangs */
    bool     sends;       /* the target's application is told to send */
    bool     calls;       /* ... or to do anything else */
    bool     reads;       /* what the application read is looked at */
    bool     told;        /* ... or what else it was told */
    bool     opens;       /* an active open */
    bool     stays;       /* the application must go on after our FIN */
    bool     establishes; /* a connection comes to the application, which must not speak or close by itself */
    bool     texts;       /* ... and is given octets that mean nothing, with something left to be judged behind them */
    bool     breaks_ip;   /* a packet whose IP header is wrong */
    unsigned features;    /* optional TCP features, enum feature */
    unsigned connections; /* at a time, at most */
    unsigned unseen;      /* stimuli whose arrival no rung shows: had they been lost, the ladder would look the same */
};

/* In the state `each` where the case is played for several, else EACH. */
struct needs needs_of(const struct ladder_case *ladder, enum state each);

#endif
