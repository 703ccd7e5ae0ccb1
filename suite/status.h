/* status.h: the exit statuses that scripts rely on. */
#ifndef TCPROVE_STATUS_H
#define TCPROVE_STATUS_H

#include <stdio.h>

#include "error.h"

enum status { STATUS_GOOD, STATUS_VIOLATION, STATUS_USAGE, STATUS_UNUSABLE, STATUS_NOTHING, STATUS_ERROR };

/* Prints the sentence and returns the status, so that a function can `return complain (status, error)`. */
static inline enum status complain(enum status status, const struct error *error)
{
    fprintf(stderr, "tcprove: %s\n", error->sentence);
    return status;
}

#endif
