/* entry_result.h: what stands in a result: of a case, from its entry in the catalog and the outcome of an attempt, and of a
 * rule of the referee's. It knows requirements and what a verdict weighs, not how cases are played. */
#ifndef TCPROVE_ENTRY_RESULT_H
#define TCPROVE_ENTRY_RESULT_H

#include "belief.h"
#include "case_process.h"
#include "results.h"

void result_describe(struct result *result, const struct entry_of_catalog *entry);

/* Level and weight come from the requirement that a FAIL is laid to: `charged`, or "" for the first of its requirements. */
void result_weigh(struct result *result, const char *charged, bool deviates);

/* Takes over the transcript; what an earlier attempt left is dropped. How often it was played is not touched. */
void result_of_outcome(struct result *result, const struct entry_of_catalog *entry, const struct case_outcome *outcome,
                       char **transcript);

/* What loss could still explain after so many attempts is no verdict. */
void result_leave_unjudged(struct result *result, const struct attempts *attempts);

/* It needs more connections at a time than may be made. */
/* Its application is a service that cannot do what the case needs: the sentence says so. */
void result_skip_service(struct result *result, const char *sentence);
void result_skip_connections(struct result *result, unsigned connections);

void result_drop_transcript(struct result *result);

/* `first` is the case in which it was broken first. */
void result_of_rule(struct result *result, size_t rule, const struct ruling *ruling, enum breach breach,
                    const struct result *first);

#endif
