/* selection.h: which entries of the catalog a command line means. It knows selectors, profiles and families, and no target. */
#ifndef TCPROVE_SELECTION_H
#define TCPROVE_SELECTION_H

#include "catalog.h"
#include "options.h"
#include "status.h"

struct selection {
    struct catalog                  catalog;
    const struct entry_of_catalog **at;
    size_t                          count;
    size_t                          too_long;   /* left out by the profile */
    size_t                          disruptive; /* left out, since they can crash a host */
};

enum selection_purpose { TO_READ, TO_PLAY_IN_VIRTUAL_TIME, TO_PLAY_IN_A_LAB, TO_PLAY_ON_A_HOST };

/* The entries that the options select; to be played, also by family and profile (in virtual time every profile is all), and on
 * a host what is tagged @disruptive only with --disruptive. What went wrong is in *error. Release with selection_close,
 * whatever is returned. */
enum status selection_open(const struct options *options, enum selection_purpose purpose, struct selection *selection,
                           struct error *error);
void        selection_close(struct selection *selection);

#endif
