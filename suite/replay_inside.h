/* replay_inside.h: what the files of the verb `replay` share. Nothing outside suite/replay*.c includes it. */
#ifndef TCPROVE_REPLAY_INSIDE_H
#define TCPROVE_REPLAY_INSIDE_H

#include "fuzz/stage.h"
#include "options.h"
#include "status.h"

enum { REPLAY_FILES_MOST = 100000 };

/* What the command line wants. */
struct replay_wish {
    unsigned       oracles;
    bool           oracles_given, minimize, as_case, pairs;
    const char    *pcap;  /* file, NULL: none */
    const char    *keep;  /* folder, NULL: none */
    size_t         known; /* so many of the files come before --keep */
    struct options run;   /* target and what belongs to it */
    const char   **files;
    size_t         file_count;
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

/* Adds the file of that path, or those in that folder; of what AFL++ left, the inputs alone. false: there is no such path. */
bool replay_gather(struct replay_wish *wish, const char *path);

/* Reads what file->path names, a ladder in either form. false with a sentence, also where nothing here plays it. */
bool replay_read_file(struct replay_file *file, struct error *error);
/* The same for what takes ladders alone: the words that name it. */
bool replay_read_ladder(struct replay_file *file, const char *wanted_for, struct error *error);

/* Prints for each pair of a state and an event how many of the inputs reach it: state, event, count, with tabs between. */
enum status replay_print_pairs(const struct replay_wish *wish, struct stage *stage, struct replay_file *file);

/* Writes into wish->keep, as text, small ladders that reach what the known inputs do not, made from the others. */
enum status replay_keep(const struct replay_wish *wish, struct stage *stage, struct replay_file *file);

/* Prints the steps as an entry of a table in cases/, with what the reference answers as rungs. */
enum status replay_as_case(const struct replay_file *file, const struct finding *finding);

/* Plays the steps on a kernel or a host; the referee judges what it sends. */
enum status replay_on_target(const struct replay_wish *wish, const struct replay_file *file);

#endif
