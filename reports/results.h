/* results.h: the results of a run as data, and the writers that bring them to files. It knows verdicts and requirements, not
 * how cases are played. */
#ifndef TCPROVE_RESULTS_H
#define TCPROVE_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "player/player.h"

enum { RESULT_REQS = 12 };

struct result {
    char         id[96], group[32], title[200], source[96];
    char         level[16]; /* of `charged` on a FAIL, else of the first requirement */
    char         reqs[RESULT_REQS][64];
    size_t       req_count;
    enum verdict verdict;
    bool         violation, deviation; /* of a FAIL */
    bool         unexpected;           /* decides the exit status, and what turns red */
    char         known[160];           /* the baseline's reason for a verdict that was expected and is no pass */
    char         seen_in[96];          /* of a referee's rule: the case in which it was first broken */
    char         pcap[128];            /* its packets, relative to the folder of results; "" : none */
    char         charged[64], charged_text[300];
    char         reason[600], expected[600], actual[600], ways[256];
    unsigned     attempts, failed_attempts; /* how often it was played, and how often it failed */
    uint64_t     duration_ms;
    char       **transcript;
    size_t       transcript_lines;
};

/* What a run saw of the path to its target: handshakes that it asked for, those whose first SYN brought nothing, and cases that
 * failed and passed. */
struct path_seen {
    unsigned asked, unanswered, contradicted;
};

struct results {
    char             target_spec[128], target_kind[32], target_description[200];
    char             started[32]; /* RFC 3339, UTC */
    unsigned         features;    /* that the target granted, bits of enum feature */
    uint64_t         wall_ms, seed;
    const char      *profile;
    struct path_seen path; /* asked is 0 where the path cannot lose anything */
    bool             interrupted;
    size_t           unplayed; /* cases that an interrupt left */
    struct result   *at;       /* cases in the order of the catalog, then the referee's rules */
    size_t           count;
};

struct summary {
    unsigned    pass, fail, inconclusive, skip, error, violations, deviations;
    const char *compliance; /* RFC 1122 1.3.2's words */
};

struct summary results_summary(const struct results *results);

const char *verdict_name(enum verdict verdict); /* "pass", "fail", … as in results.json */

/* "the path loses segments: …", "" where it lost none. */
void path_sentence(const struct results *results, char *text, size_t room);

/* One FAIL, or what else wants explaining, for a reader at a terminal of 80 columns. `again` is the command that plays this
 * case alone. `colour` allows escape sequences. */
void report_case(FILE *out, const struct result *result, const char *again, bool colour);

struct report_look {
    bool colour, brief; /* brief: of what could not be judged, how many and why, without the cases' names */
};

/* Prints words, wrapped to fit 80 columns: the first line goes on from `column`, each further one begins with `further`. What
 * is not printable is shown as a question mark. */
void report_wrapped(FILE *out, size_t column, const char *further, const char *text);

/* Counts, what could not be judged and why, and RFC 1122's word. */
void report_summary(FILE *out, const struct results *results, struct report_look look);

/* TAP 14. What was expected and is no pass is a TODO, as that format has it. */
bool report_tap(const struct results *results, const char *path, struct error *error);

/* JUnit's XML as GitHub, GitLab and Jenkins read it: a suite for each group; only what is unexpected is a failure. */
bool report_junit(const struct results *results, const char *path, struct error *error);

/* The whole text for a terminal, without colour. */
bool report_text(const struct results *results, const char *path, struct error *error);

/* results.json as the README describes it. false with a sentence when it could not be written whole; what was there before
 * stays until the new file is complete. */
bool report_json(const struct results *results, const char *path, struct error *error);

/* A format: its name on the command line, its file in a folder of results, and its writer. */
struct report_format {
    const char *name, *file;
    bool (*write)(const struct results *results, const char *path, struct error *error);
};

/* NULL beyond the last. */
const struct report_format *report_format_at(size_t index);
/* The format whose name is these `length` octets; NULL if there is none. */
const struct report_format *report_format_find(const char *name, size_t length);

/* Whether the folder that `path` leads to can be written to: worth finding out before a run is spent on a report. */
bool report_place_ready(const char *path, struct error *error);

/* Writes a file beside its place and moves it there once it is whole; "-" is standard output. `write` returns whether it could.
 */
bool report_file(const char *path, bool (*write)(FILE *file, const struct results *results), const struct results *results,
                 struct error *error);

#endif
