/* stage.h: plays a fuzz input against the reference TCP in virtual time and lets the oracles watch. Everything happens in one
 * process and the same way every time. It knows neither AFL++ nor files. */
#ifndef TCPROVE_FUZZ_STAGE_H
#define TCPROVE_FUZZ_STAGE_H

#include "event.h"
#include "input.h"
#include "peer.h"

/* What watches; one bit each. The sanitizers watch by themselves. */
enum oracle {
    ORACLE_INVARIANTS = 1 << 0, /* every control block, after every event: reference/inspect.h          */
    ORACLE_REFEREE    = 1 << 1, /* what was sent, against the rules that hold in every conversation     */
    ORACLE_STREAM     = 1 << 2, /* octets delivered are the octets sent, in order, once; both ways      */
    ORACLE_WORK       = 1 << 3, /* work and segments that one event may cost                            */
    ORACLE_MEMORY     = 1 << 4, /* nothing is allocated while data flows, and all is given back         */
    ORACLE_REST       = 1 << 5, /* when the input ends: quiet within minutes, and a new connection works */
    ORACLES           = 6,
    ORACLES_ALL       = (1 << ORACLES) - 1
};

/* "invariants", "referee", … of one bit. */
const char *oracle_name(enum oracle oracle);
/* Names joined with commas, "all" or "none"; false with a sentence. */
bool oracles_named(const char *names, unsigned *oracles, struct error *error);

/* What an oracle said. */
struct finding {
    enum oracle oracle; /* 0: none spoke */
    size_t      step;   /* at which; the count of steps: when the input had ended */
    char        requirement[48];
    char        sentence[300];
};

/* What was played, counted by the stage itself. */
struct stage_counts {
    uint64_t inputs, steps, segments /* that arrived at the TCP */;
};

/* Told of what happens; any function may be NULL. */
struct stage_watch {
    void *context;
    void (*step)(void *context, size_t index, const struct step *step); /* NULL: the input has ended */
    /* A packet on its way; `peer` is the tester's end of its connection before it moves, or NULL. */
    void (*packet)(void *context, uint64_t time_us, bool from_target, const struct peer *peer, const uint8_t *octets,
                   size_t count);
    void (*event)(void *context, enum state state, unsigned event);
    /* An event is over: what it cost, what it may cost at most by ORACLE_WORK, and the segments that it drew. */
    void (*settled)(void *context, uint64_t work, uint64_t work_most, unsigned segments);
};

struct stage;

enum {
    STAGE_BEGINS_US = 1000000, /* the virtual clock when an input begins */
    TEXT_OCTETS     = 4000,    /* of one segment at most */
    SEND_OCTETS     = 8000     /* of one SEND */
};

/* Work that the TCP has done so far, in any unit: NULL where it is not counted, and ORACLE_WORK then counts segments alone. */
typedef uint64_t work_meter(void);

/* NULL without memory. Release with stage_close. */
struct stage *stage_open(unsigned oracles, work_meter *meter);
void          stage_close(struct stage *stage);

/* Plays one input from the beginning. True: an oracle spoke, and *finding says what. */
bool stage_play(struct stage *stage, const struct input *input, const struct stage_watch *watch, struct finding *finding);

/* Octets that arrive as a network brings them: frames.c says how they are laid out. The oracle of the streams is silent, since
 * nobody knows what the sender meant. */
bool stage_play_frames(struct stage *stage, const uint8_t *octets, size_t count, const struct stage_watch *watch,
                       struct finding *finding);

const struct stage_counts *stage_counts(const struct stage *stage);

#endif
