/* replay_inside.h: what the files of the verb `replay` share. Nothing outside suite/replay*.c includes it. */
#ifndef TCPROVE_REPLAY_INSIDE_H
#define TCPROVE_REPLAY_INSIDE_H

#include "fuzz/stage.h"
#include "options.h"
#include "status.h"

/* What the command line wants. */
struct replay_wish {
    unsigned       oracles;
    bool           minimize, as_case, pairs;
    const char    *pcap;  /* file, NULL: none */
    const char    *keep;  /* folder, NULL: none */
    size_t         known; /* so many of the files come before --keep */
    struct options run;   /* target and what belongs to it */
    const char   **files;
    size_t         file_count;
};

/* One file as an input. `octets` is its canonical form. */
struct replay_file {
    const char   *path;
    uint8_t       octets[1 << 16];
    size_t        count;
    struct input *input;
};

/* Reads what file->path names, in either form. */
bool replay_read_file(struct replay_file *file, struct error *error);

/* Prints for each pair of a state and an event how many of the inputs reach it: state, event, count, with tabs between. */
enum status replay_print_pairs(const struct replay_wish *wish, struct stage *stage, struct replay_file *file);

/* Writes into wish->keep, as text, small ladders that reach what the known inputs do not, made from the others. */
enum status replay_keep(const struct replay_wish *wish, struct stage *stage, struct replay_file *file);

/* Prints the steps as an entry of a table in cases/, with what the reference answers as rungs. */
enum status replay_as_case(const struct replay_file *file, const struct finding *finding);

/* Plays the steps on a kernel or a host; the referee judges what it sends. */
enum status replay_on_target(const struct replay_wish *wish, const struct replay_file *file);

#endif
