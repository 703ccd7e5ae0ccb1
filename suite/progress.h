/* progress.h: how far a run has come, on standard error: a line that is redrawn in place on a terminal, a line now and then
 * elsewhere, and more of it for who asks. It knows what a run tells of itself, neither targets nor what a verdict means. */
#ifndef TCPROVE_PROGRESS_H
#define TCPROVE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "estimate.h"
#include "player/player.h"

/* How far it has come. */
struct sight {
    size_t          done, count;
    unsigned        verdicts[VERDICT_ERROR + 1]; /* of those that are done */
    struct workload load;
    const char     *note; /* what the run does instead of playing, with its target; NULL: it plays */
};

/* What the line may use. */
struct look {
    unsigned columns;
    bool     unicode, colour;
};

enum { PROGRESS_LINE_OCTETS = 1024 };

/* The line in at most columns - 1 columns. */
void progress_line(char line[PROGRESS_LINE_OCTETS], const struct sight *sight, uint64_t left_ms, const struct look *look);

/* One sentence, and which cases are playing, wrapped at 80 columns. */
void progress_tell(FILE *out, const struct sight *sight, uint64_t left_ms, bool with_running);

struct progress {
    FILE    *out;
    bool     drawn;   /* in place, on a terminal */
    bool     quiet;   /* only who asks is told */
    bool     there;   /* the line stands on the terminal now */
    bool     unicode; /* what the locale has */
    bool     colour;
    uint64_t began_ms, next_ms; /* when something is to be shown again */
    uint64_t left_ms;           /* as shown last: it does not rise */
    size_t   seen_done;
};

/* Finds out what `out` is. */
void progress_open(struct progress *progress, FILE *out, bool quiet);

/* Whether progress_show would show something now. */
bool progress_due(const struct progress *progress);
void progress_show(struct progress *progress, const struct sight *sight);

/* Tells who asked, whatever it is shown otherwise. */
void progress_answer(struct progress *progress, const struct sight *sight);

/* Before other text is printed, and at the end. */
void progress_erase(struct progress *progress);

#endif
