/* vigil.h: whether the target is still there. What did not pass is kept back until a handshake has shown that it is; when no
 * handshake succeeds for some seconds, the target is dead: the cases that were playing are named, and a command of the user's
 * may bring it back. It knows when cases began and ended and what came back, not what they are about. */
#ifndef TCPROVE_VIGIL_H
#define TCPROVE_VIGIL_H

#include <poll.h>

#include "case_process.h"
#include "command.h"
#include "results.h"

/* Zeros stand for what is usual. */
struct vigil_patience {
    uint64_t apart_ms;    /* from handshake to handshake: 1 s */
    uint64_t await_ms;    /* for an answer, once it was reset: 60 s */
    unsigned resets_most; /* 10 */
};

struct vigil_wish {
    const struct entry_of_catalog *const *entries;
    size_t                                count;
    const struct target_kind             *kind;
    void                                 *prepared;
    struct play_options                   play;
    bool                                  watches; /* a target that can die; otherwise it only counts answers */
    bool                                  proven;  /* it answered before the run */
    const struct command                 *reset;   /* NULL: nothing brings it back */
    struct vigil_patience                 patience;
    const struct path_seen               *path; /* what was lost on the way so far */
    unsigned (*take_slot)(void *context);       /* of a case, for a handshake */
    void (*give_slot)(void *context, unsigned slot);
    void *context;
    void (*say)(void *told, const char *sentence); /* while it lasts */
    void *told;
};

enum vigil_news {
    VIGIL_NOTHING,
    VIGIL_ALIVE, /* what was kept back is believed as it is */
    VIGIL_DIED,  /* what plays is to be stopped; it and what was kept back go to vigil_victim */
    VIGIL_GONE,  /* nothing brings it back: no case can be judged any more. Comes after VIGIL_DIED. */
};

struct vigil;

/* NULL without memory. */
struct vigil *vigil_open(const struct vigil_wish *wish);
void          vigil_close(struct vigil *vigil);

/* An attempt at an entry begins. */
void vigil_started(struct vigil *vigil, size_t entry);

/* It ended. true: outcome and transcript are kept back, and are the vigil's until vigil_releases gives them again. */
bool vigil_keeps(struct vigil *vigil, size_t entry, const struct case_outcome *outcome, char **transcript);

/* One of those that were kept back, with its transcript; false when there is none left. */
bool vigil_releases(struct vigil *vigil, size_t *entry, struct case_outcome *outcome, char ***transcript);

/* After VIGIL_DIED: makes the outcome of a case that was playing, or of one that was begun later (true: it had no chance, and
 * may be played again where the target comes back). */
bool vigil_victim(struct vigil *vigil, size_t entry, struct case_outcome *outcome);

/* Whether cases may be started now. */
bool vigil_calm(const struct vigil *vigil);

/* What it does instead, for who watches; NULL while all is calm. */
const char *vigil_note(const struct vigil *vigil);

/* To be polled for: false if there is nothing. `wait_ms`: at most so long (in: what others want). */
bool            vigil_polls(const struct vigil *vigil, struct pollfd *fd, uint64_t *wait_ms);
enum vigil_news vigil_turn(struct vigil *vigil);

/* The result referee/alive, all but its weight. */
void vigil_result(const struct vigil *vigil, struct result *result);

#endif
