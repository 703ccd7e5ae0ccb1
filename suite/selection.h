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
    size_t                          too_long; /* left out by the profile */
};

/* The entries that the options select; for a run also by family and profile (in virtual time every profile is all). What went
 * wrong is in *error. Release with selection_close, whatever is returned. */
enum status selection_open(const struct options *options, bool for_run, bool virtual_time, struct selection *selection,
                           struct error *error);
void        selection_close(struct selection *selection);

#endif
