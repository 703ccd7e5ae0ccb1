/* gate.h: what was expected of a run, by a baseline file or without one, and what therefore decides the exit status. It knows
 * results; it does not know how they came about. */
#ifndef TCPROVE_GATE_H
#define TCPROVE_GATE_H

#include <stdbool.h>
#include <stdio.h>

#include "catalog.h"
#include "error.h"
#include "results.h"

/* One line of a baseline: a case, or a pattern of fnmatch(3), its verdict, and why. */
struct expected_line {
    char         pattern[96], why[160];
    enum verdict verdict;
};

struct baseline {
    struct expected_line *at; /* of the sections that name this target, in the order of the file */
    size_t                count, room;
};

/* Reads the sections of an INI file whose name fits the target ("linux", or a pattern such as "*"). false with a sentence that
 * names file and line when something there cannot be read. */
bool baseline_read(const char *path, const char *target, struct baseline *baseline, struct error *error);
void baseline_free(struct baseline *baseline);

/* Marks what was not expected. Without a baseline (NULL): violations and errors, with `strict` deviations and inconclusives
 * too. With one: every verdict other than the last line that fits says; what no line fits was expected to pass. `part`: not the
 * whole catalog was played. */
void gate_judge(struct results *results, const struct baseline *baseline, bool part, bool strict);

/* Tells each result that the baseline did not expect, and each case that it names and the catalog no longer has. Returns how
 * many there were. */
size_t gate_tell(FILE *out, const struct results *results, const struct baseline *baseline, const struct catalog *catalog);

/* Whether baseline_update could write there, before a run is spent on it. */
bool baseline_writable(const char *path, struct error *error);

/* Writes what this run found into the target's section: lines of other sections, comments and patterns stay as they are, a
 * reason stays while its verdict does. */
bool baseline_update(const char *path, const char *target, const struct results *results, struct error *error);

#endif
