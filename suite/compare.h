/* compare.h: the verb `compare`: what became of each case between two runs, by their results.json. It knows these files alone.
 */
#ifndef TCPROVE_COMPARE_H
#define TCPROVE_COMPARE_H

#include <stdio.h>

#include "status.h"

/* Prints what was fixed, broken, otherwise changed, is new or gone. STATUS_VIOLATION when a case that passed does not any more,
 * or a new one fails; STATUS_USAGE when a file is not one of ours. */
enum status compare(FILE *out, const char *old_path, const char *new_path, struct error *error);

#endif
