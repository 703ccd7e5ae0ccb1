/* inside.h: what the player's own files share: the log of packets, the scene that ONE_OF can go back to, and the functions
 * that send, read, compare and explain. Nothing outside harness/player includes it. */
#ifndef TCPROVE_PLAYER_INSIDE_H
#define TCPROVE_PLAYER_INSIDE_H

#include "derive.h"
#include "notation.h"
#include "notation_ladder.h"
#include "peer.h"
#include "player.h"
#include "terms.h"

enum {
    CONNECTIONS        = TESTER_PORTS,
    DEFAULT_WAIT_MS    = 3000,  /* for what comes at once, or after a delayed ACK's half second at most */
    MEASURED_WAIT_MS   = 15000, /* an interval that may be any: a first RTO is 1 s, 3 s in older stacks */
    CHALLENGE_PAUSE_MS = 600,   /* stacks may limit such answers, RFC 5961 section 7; Linux to one in 500 ms */
    UNANSWERED_MS      = 500,   /* a SYN that is answered later was lost, or its answer was: RFC 6298's timer is 1 s */
    LATE_MS            = 200,   /* a tester this late between two rungs has not played the case as written */
    OVERTAKEN_US       = 2000,  /* packets that left further apart do not change places on their way */
    MAYBES             = 4
};

/* One packet that was captured, or is known to have left and will be. */
struct record {
    size_t             index; /* in the log */
    uint64_t           time_us;
    bool               from_target, captured;
    bool               damaged;    /* ours, and not to be believed */
    bool               merged;     /* the target's: several segments as one, by an offload, before it was captured */
    int                connection; /* -1: none of the case's */
    struct packet      packet;
    struct tcp_options options;
    uint8_t           *octets;
    size_t             count;
};

enum note_kind { NOTE_RUNG, NOTE_SEGMENT, NOTE_REMARK, NOTE_FAILED_RUNG, NOTE_OTHER_WAY };

struct note {
    enum note_kind          kind;
    unsigned                depth;
    size_t                  record; /* of a segment */
    struct notation_symbols names;  /* … when it was sent or taken */
    char                   *text;   /* of anything else; owned */
};

/* One segment that is expected, its terms worked out. */
struct expectation {
    const struct rung_segment *want;
    unsigned                   flags;
    uint32_t                   seq, ack, len;
    bool                       check_seq, check_ack;
    enum bound                 seq_bound, ack_bound, len_bound;
    bool                       any_len;
};

struct connection {
    bool               in_use;
    struct peer        peer;       /* its symbols move when a rung observes or sends */
    bool               calls_open; /* `handle` is a connection of the target's application */
    uint16_t           handle;
    bool               accepted;   /* … which a listener gave it, */
    bool               succeeded;  /* and another one has come since, between the same sockets, */
    uint16_t           former;     /* which has another handle than this; 0: none was known */
    uint32_t           app_sent;   /* octets the application was told to send */
    uint64_t           app_judged; /* octets of ours that APP_SEES (DATA) has compared */
    bool               app_reads;
    uint64_t           challenged_us; /* when the target last answered with an ACK that moved nothing */
    struct expectation maybes[MAYBES];
    unsigned           maybe_count;
    bool               fin_split; /* the FIN of an observed data segment is still to be taken as one of its own */
    size_t             fin_record;
};

/* All that going back to the start of a ONE_OF must restore. */
struct scene {
    uint64_t          time_us;      /* when the rung before ended */
    size_t            cursor;       /* next record to be read */
    size_t            last_segment; /* record of the segment before; SIZE_MAX if none */
    uint64_t          measured_us;
    uint64_t          mark_at_us[PREVIOUS], mark_interval_us[PREVIOUS];
    unsigned          current;
    unsigned          count;
    struct connection connections[CONNECTIONS];
};

enum outcome { THROUGH, NOT_THROUGH };

struct player {
    struct target            *target;
    const struct ladder_case *ladder;
    enum state                each;
    struct play_options       options;
    struct play              *play;
    struct peer_link          link;
    struct scene              scene;

    uint64_t rung_began_us; /* of the ladder's own */

    struct record  split; /* the FIN of a record whose octets were taken before it */
    struct record *log;
    size_t         log_count, log_room, stamped; /* records before `stamped` that are ours have their capture time */
    struct note   *notes;
    size_t         note_count, note_room;
    unsigned       depth;

    bool     listening, reserved;
    uint16_t listener, listener_port;
    bool     late;
    uint64_t late_by_us;
    bool     trying; /* inside an alternative that may fail: its failure is kept aside */
    bool     began;
    uint64_t began_us, first_sent_us;
    uint32_t random;
    uint32_t acked_to[CONNECTIONS]; /* highest ACK that really left for octets of an IUT_SENDS */
    bool     acked_any[CONNECTIONS];
};

/* ---- log.c: the log of packets and the notes of the transcript */
struct record *log_next(struct player *player, uint64_t deadline_us);
void           log_sent(struct player *player, const struct segment *segment, unsigned connection, bool damaged);
void           log_drain(struct player *player);
void           note_rung(struct player *player, const struct step *step);
void           note_remark(struct player *player, const char *format, ...) __attribute__((format(printf, 2, 3)));
void           transcript_write(struct player *player);

/* ---- values.c: what symbols are worth; the octets of both streams */
struct connection *current(struct player *player);
uint32_t           value_of(const struct player *player, const struct connection *connection, term packed);
bool               bound_holds(enum bound bound, uint32_t seen, uint32_t limit);
enum state         state_shown(const struct player *player, const struct connection *connection);

/* ---- match.c: compares an arrival with an expectation, and tells noise */
struct expectation expect(const struct player *player, const struct connection *connection, const struct rung_segment *want);
bool matches(const struct player *player, const struct connection *connection, const struct expectation *expectation,
             const struct record *record, char *difference, size_t room);
bool text_matches(const struct player *player, const struct connection *connection, const struct segment *segment,
                  char *difference, size_t room);
bool sound(const struct record *record, char *difference, size_t room);
bool noise(const struct connection *connection, const struct record *record);
void take(struct player *player, struct record *record);
bool pass_over(struct player *player, struct record *record);
void expectation_text(const struct player *player, const struct connection *connection, const struct expectation *expectation,
                      char *text, size_t room);

/* ---- send.c */
enum outcome connection_ready(struct player *player, struct connection *connection);
enum outcome send_segment(struct player *player, const struct rung_segment *rung);
enum outcome send_icmp(struct player *player, const struct step *step);
void         reset_everything(struct player *player);

/* ---- observe.c */
enum outcome observe_one(struct player *player, const struct step *step);
enum outcome observe_acks(struct player *player, const struct step *step);
enum outcome observe_sends(struct player *player, const struct step *step);
enum outcome peer_sends(struct player *player, const struct step *step);
enum outcome come_to_rest(struct player *player);
enum outcome keep_silence(struct player *player, uint64_t for_us);
void         let_pass(struct player *player, uint64_t for_us);

/* ---- service.c: a target whose application is a service, and makes no user calls for us */
const char  *service_lacks(enum service service, const struct ladder_case *ladder, enum state each);
enum service service_for(unsigned services, const struct ladder_case *ladder, enum state each);
bool         service_waits(enum service service);
const char  *service_wanted(const struct ladder_case *ladder, enum state each);
bool         target_octet(const struct player *player, const struct connection *connection, uint32_t position, uint8_t *octet);
enum outcome send_for_echo(struct player *player, uint32_t octets);
uint32_t     echo_owed(const struct player *player, const struct connection *connection);
enum outcome sees_echo(struct player *player, const struct step *step);

/* ---- calls.c: user calls and what the application saw */
enum outcome app_call(struct player *player, const struct step *step);
enum outcome app_sees(struct player *player, const struct step *step);
enum outcome listen_once(struct player *player);
enum outcome reserve_once(struct player *player);

/* ---- enter.c */
enum outcome enter_state(struct player *player, const struct step *step);
enum outcome prove_alive(struct player *player);
enum outcome prove_gone(struct player *player);

/* ---- player.c */
enum outcome play_steps(struct player *player, const struct step *steps);
enum outcome play_step(struct player *player, const struct step *step);

/* ---- verdicts. Each returns NOT_THROUGH, so that a rung can `return fail (…)`. */
enum outcome fail(struct player *player, const struct step *step, bool loss_explains, const char *expected, const char *actual,
                  const char *format, ...) __attribute__((format(printf, 6, 7)));
enum outcome give_up(struct player *player, enum verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
