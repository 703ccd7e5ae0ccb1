/* runner.h: plays many cases, each in its own process, many at once and the longest first; repeats what may not be believed
 * yet, and gathers results. It knows neither files nor the command line. */
#ifndef TCPROVE_RUNNER_H
#define TCPROVE_RUNNER_H

#include <signal.h>

#include "case_process.h"
#include "command.h"
#include "progress.h"
#include "results.h"
#include "vigil.h"

struct run_plan {
    const struct entry_of_catalog *const *entries;
    size_t                                count;
    const struct target_kind             *kind;
    void                                 *prepared;
    struct play_options                   play;
    unsigned                              jobs, retries;
    uint64_t                              slack_ms; /* a case hangs once it took this much longer than its rungs may; 0: 20 s */
    bool                                  fail_fast;
    int                                   pcap_folder;  /* descriptor of the folder for packets, or -1 */
    const char                           *pcap_path;    /* of the folder that it is in; NULL where there is none */
    bool                                  pcap_all;     /* … of every case, not only of what did not pass */
    bool                                  virtual_time; /* what happens once happens again: nothing is repeated */
    bool                                  path_loses; /* a path that is not ours: what it loses is counted, and reckoned with */
    const struct command                 *reset;      /* brings a target back that died; NULL: nothing does */
    struct vigil_patience                 patience;
    bool                                  answered; /* the target answered already, before the run */
    bool                                  deaf;     /* nothing there listens: no handshake tells whether it lives */
    volatile const sig_atomic_t          *interrupted;
    /* Told of each result as soon as it is final; `done` of `count`. */
    void (*tell)(void *context, const struct result *result, size_t done);
    /* Told what happens to the target while it happens. */
    void (*say)(void *context, const char *sentence);
    /* How far it has come, for who wants to know it now; NULL: nobody ever does. `keys` wakes the runner; -1: nothing does. */
    bool (*wants_sight)(void *context);
    void (*show)(void *context, const struct sight *sight);
    int   keys;
    void *context;
};

/* Fills in results->at (cases in the order of the plan, then the referee's rules and whether the target stayed alive),
 * results->interrupted and wall_ms. false with a sentence if no case could be started at all. Release with runner_release. */
bool runner_run(const struct run_plan *plan, struct results *results, struct error *error);
void runner_release(struct results *results);

#endif
