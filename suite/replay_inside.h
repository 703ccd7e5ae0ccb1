/* replay_inside.h: what the files of the verb `replay` share. Nothing outside suite/replay*.c includes it. */
#ifndef TCPROVE_REPLAY_INSIDE_H
#define TCPROVE_REPLAY_INSIDE_H

#include "fuzz/stage.h"
#include "options.h"
#include "status.h"

enum { REPLAY_FILES_MOST = 100000 };

struct replay_file;

/* Plays an input on the stage. The tests hand in others that crash or loop. */
typedef bool replay_player(struct stage *stage, const struct replay_file *file, const struct stage_watch *watch,
                           struct finding *finding);

/* What the command line wants. */
struct replay_wish {
    replay_player            *player;
    const struct target_kind *judged; /* what --as-case plays on, the built-in TCP as cases meet it; the tests hand in others */
    unsigned                  oracles;
    bool                      oracles_given, minimize, as_case, pairs;
    const char               *pcap;  /* file, NULL: none */
    const char               *keep;  /* folder, NULL: none */
    size_t                    known; /* so many of the files come before --keep */
    struct options            run;   /* target and what belongs to it */
    const char              **files;
    size_t                    file_count;
};

/* The fuzz target that an input is for; MADES: unknown. */
enum made_for { MADE_LADDER, MADE_FRAME, MADE_NOTATION, MADE_RESULTS, MADE_DATAGRAMS, MADES };

/* One file as an input: of ladders, `octets` is the canonical form; of other targets, what is in the file, and `input` says
 * nothing. */
struct replay_file {
    const char   *path;
    enum made_for made;
    uint8_t       octets[1 << 16];
    size_t        count;
    struct input *input;
};

/* "ladder", "frame", … */
const char *replay_made_for(enum made_for made);

/* Adds the file of that path, or those in that folder; of what AFL++ left, the inputs alone. false: there is no such path. What
 * is there and cannot be read has a sentence. */
bool replay_gather(struct replay_wish *wish, const char *path, struct error *error);

/* Reads what file->path names, a ladder in either form. false with a sentence, also where nothing here plays it. */
bool replay_read_file(struct replay_file *file, struct error *error);
/* The same for what takes ladders alone: the words that name it. */
bool replay_read_ladder(struct replay_file *file, const char *wanted_for, struct error *error);

/* Prints for each pair of a state and an event how many of the inputs reach it: state, event, count, with tabs between. */
enum status replay_print_pairs(const struct replay_wish *wish, struct stage *stage, struct replay_file *file);

/* Writes into wish->keep, as text, small ladders that reach what the known inputs do not, made from the others. */
enum status replay_keep(const struct replay_wish *wish, struct stage *stage, struct replay_file *file);

/* ---- replay_apart.c: a process of its own for what may not live through its input */
enum {
    PLAY_LIMIT_MS = 5000,
    TRY_LIMIT_MS  = 500 /* of one of many that --minimize tries: a sound one takes less than a hundredth of it */
};

enum death_kind { DEATH_NONE, DEATH_CRASH, DEATH_HANG };

struct death {
    enum death_kind kind;
    int             cause; /* as waitpid has it */
    char            sentence[120];
};

typedef void apart_work(void *context);

/* Memory that a process sees which is made later; NULL without. */
void *replay_share(size_t octets);
void  replay_unshare(void *memory, size_t octets);
/* Runs it in a process of its own and says how that ended. What it leaves is in shared memory. false with a sentence: it did
 * not run. */
bool replay_apart(apart_work *work, void *context, unsigned limit_ms, struct death *death, struct error *error);
/* In it: from now on it has that much time again. */
void replay_limit_time(unsigned limit_ms);
bool replay_same_death(const struct death *one, const struct death *other);

/* ---- replay_fit.c: a step in words that a case may have */
enum {
    PIECES    = 3,    /* of what the stage takes for one segment, TEXT_OCTETS */
    RMSS_IPV4 = 1460, /* what a case's link carries */
    RMSS_IPV6 = 1440
};

/* A length that is a sequence number is another one in each run: some number stands in its place. Whether there was one. */
bool fit_settles_lengths(struct step *step);
/* Lint wants what lies outside the window counted with RCV_WND. */
void fit_counts_far_from_edge(struct step *step);
/* The same place in a window of so many octets, counted from the edge: a case takes what is counted from RCV_NXT to lie inside.
 * false: it is not counted so. */
bool fit_counts_from_edge(struct step *step, uint32_t window);
/* The step as one or more that fit where it does not: segments no larger than a packet, no more octets than the application may
 * queue. 0: there is nothing to be made smaller. */
size_t fit_to_packets(const struct step *step, bool ipv6, struct step pieces[PIECES]);

/* ---- replay_draft.c: an input as the rungs of a case */
enum { SETTLE_MS = 30 /* for what answers a step */, DRAFT_STEPS = 1200, DRAFT_NOTES = 2 * INPUT_STEPS, DRAFT_ENDING = 3 };

/* How a draft ends: another connection is served. */
extern const struct step draft_ending[DRAFT_ENDING];

struct draft {
    struct step steps[DRAFT_STEPS + 2];
    size_t      count;
    struct draft_note {
        size_t before; /* the rung of that index */
        size_t times;
        char   text[800];
    } notes[DRAFT_NOTES];
    size_t note_count;
    size_t last;    /* behind the last step of the input and its answers; 0: it is not there */
    size_t end;     /* from here on another connection is served; 0: it did not come to that */
    size_t until;   /* so many steps of the input are drafted */
    bool   stream;  /* the oracle of the streams has spoken: the application is asked, whatever it says */
    size_t foreign; /* of the other family, and left out */
    bool   ipv6;    /* the family it was made over, */
    bool   both;    /* and it comes through over the other one too */
};

/* Plays the first `draft->until` steps on wish->judged as a case's, one after the other, and what answers each becomes rungs
 * behind it. `draft`, zero but for `until` and `stream`, is from replay_share: it stays as it was where the TCP dies, and
 * `death` says of what. false with a sentence: nothing could be played. */
bool replay_draft(const struct replay_wish *wish, const struct input *input, struct draft *draft, struct death *death,
                  struct error *error);

/* ---- replay_case.c */
/* Prints the first `until` steps as an entry of a table in cases/, with what the reference answers as rungs. What the fuzzer
 * found when the last of them was played: `finding`, NULL without, or how the TCP died. STATUS_VIOLATION: it dies of them as a
 * case plays them, too. */
enum status replay_as_case(const struct replay_wish *wish, const struct replay_file *file, size_t until,
                           const struct finding *finding, const struct death *fatal);

/* ---- replay_play.c */
/* A play on the built-in TCP, told step by step where it is the only one. */
enum status replay_play_one(const struct replay_wish *wish, struct stage *stage, struct replay_file *file);
/* What comes to the agent's port: no ladder and no oracle, and each has an agent of its own. */
enum status replay_play_datagrams(const struct replay_wish *wish, const struct replay_file *file);
/* The player of all who do not say otherwise. */
bool replay_on_stage(struct stage *stage, const struct replay_file *file, const struct stage_watch *watch,
                     struct finding *finding);

/* ---- replay.c: all the files of a wish, one after the other. */
enum status replay_play_all(const struct replay_wish *wish);

/* Where what --minimize makes of the file goes: beside it, or where AFL++ keeps it, into minimized/ beside that folder. false
 * with a sentence where no folder can be made. */
bool replay_minimized_path(const char *path, char *minimized, size_t room, struct error *error);

/* Plays the steps on a kernel or a host; the referee judges what it sends. */
enum status replay_on_target(const struct replay_wish *wish, const struct replay_file *file);

#endif
