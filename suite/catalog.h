/* catalog.h: the cases of cases/ as they are played: one entry for each case and state, with its full id and requirements, and
 * the selectors that pick them. It knows neither targets nor verdicts. */
#ifndef TCPROVE_CATALOG_H
#define TCPROVE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "ladder.h"

/* Made from the GROUP lines of cases/ when the program is built; ended by NULL. */
extern const struct ladder_group *const catalog_groups[];

enum { ENTRY_REQS = 12 };

struct entry_of_catalog {
    const struct ladder_group *group;
    const struct ladder_case  *ladder;
    enum state                 each; /* EACH: the case does not go through states */
    char                       id[96];
    char                       reqs[ENTRY_REQS][64]; /* the * replaced by the state */
    size_t                     req_count;
};

struct catalog {
    struct entry_of_catalog *at;
    size_t                   count;
};

/* All cases in the order of their files. An empty catalog only without memory. */
struct catalog catalog_open(const struct ladder_group *const *groups);
void           catalog_close(struct catalog *catalog);

/* A selector: a case id, a case id without its state, a group ("rst/"), a requirement id or its prefix ("RFC5961-3.2"), or a
 * tag ("@museum"). */
bool selector_picks(const char *selector, const struct entry_of_catalog *entry);

/* The id, group or tag nearest in spelling to a selector that picks nothing; "" if nothing is near. */
const char *selector_nearest(const struct catalog *catalog, const char *selector);

/* The number of edits between two words, at most 99. */
unsigned edit_distance(const char *a, const char *b);

#endif
