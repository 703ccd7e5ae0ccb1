/* targets.h: the kinds of target there are, and which of them a user's word names. */
#ifndef TCPROVE_TARGETS_H
#define TCPROVE_TARGETS_H

#include "error.h"
#include "options.h"
#include "target.h"

enum { TARGET_SPEC_OCTETS = 300 };

/* What was named, as a run needs it; `base` is the spec without a fault. */
struct named_target {
    const struct target_kind *kind;
    char                      base[TARGET_SPEC_OCTETS];
    struct target_wish        wish;
    bool                      listens; /* a host with a port that answered before the run */
};

/* `connect` runs options->connect (NULL where that is not given). false with a sentence (exit status 2) when no kind is meant,
 * or a host without anything that could answer. Borrows from options. A host's family is that of its address. */
bool target_named(const struct options *options, const struct command *connect, struct named_target *named,
                  struct error *error);

/* The services that cases play with, as bits, 1 << enum service; 0: user calls are made. */
unsigned target_services(const struct options *options, const struct target_kind *kind);

/* Cases at a time, unless the user says. */
unsigned target_jobs(const struct target_kind *kind);

#endif
