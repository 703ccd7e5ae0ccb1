/* requirements.h: the numbered requirements of the RFCs, as cases/requirements.tsv lists them. It knows nothing of the cases
 * that judge them. */
#ifndef TCPROVE_REQUIREMENTS_H
#define TCPROVE_REQUIREMENTS_H

#include <stdbool.h>
#include <stddef.h>

enum level { LEVEL_MUST, LEVEL_MUST_NOT, LEVEL_SHOULD, LEVEL_SHOULD_NOT, LEVEL_MAY, LEVEL_BEHAVIOUR };

struct requirement {
    const char *id, *rfc, *section;
    enum level  level;
    const char *paraphrase, *group, *observable;
};

/* Sorted by id; made from the table when the program is built. */
extern const struct requirement requirements[];
extern const size_t             requirement_count;

/* NULL if there is no such id. */
const struct requirement *requirement_find(const char *id);

/* "MUST", "SHOULD NOT", "behaviour" … */
const char *level_name(enum level level);

/* Whether breaking it is a violation (MUST, MUST NOT, prescribed behaviour of a standards-track document) or a deviation
 * (SHOULD, SHOULD NOT, and all of the informational and experimental documents). */
bool requirement_violated(const struct requirement *requirement);

#endif
