/* lint.h: looks for faults in case tables that would make a verdict vacuous or wrong, before any target is asked. It knows the
 * words of ladders and the list of requirements. */
#ifndef TCPROVE_LINT_H
#define TCPROVE_LINT_H

#include <stddef.h>

#include "catalog.h"

/* Told of each fault: the case, and one sentence. */
typedef void lint_tell(void *context, const char *id, const char *sentence);

/* The number of faults in all groups (ended by NULL). */
size_t lint_groups(const struct ladder_group *const *groups, lint_tell *tell, void *context);

/* "= 0" where ZERO is meant cannot be seen in the compiled table: a search in the text of a file of cases. Returns the number
 * of faults, or 1 with a sentence if the file cannot be read. */
size_t lint_text(const char *path, lint_tell *tell, void *context);

#endif
