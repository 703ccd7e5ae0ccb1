/* run.h: the verb `run`: a target prepared, the selected cases played, what was found told, written and weighed. */
#ifndef TCPROVE_RUN_H
#define TCPROVE_RUN_H

#include <signal.h>

#include "options.h"
#include "status.h"

/* `program` is how the user called it, for the commands that the report proposes. Stops when *interrupted is set. */
enum status run(const struct options *options, const char *program, volatile const sig_atomic_t *interrupted);

#endif
