/* doctor.h: whether a host can be judged from here: each thing that must hold is proved by a probe, and what does not is told
 * with the command that mends it. It knows findings, not how they are shown. */
#ifndef TCPROVE_HOST_DOCTOR_H
#define TCPROVE_HOST_DOCTOR_H

#include <stdbool.h>

#include "error.h"
#include "target.h"

enum finding {
    FINDING_OK,
    FINDING_NOTE /* something will not be judged, or may look odd */,
    FINDING_BAD /* verdicts would be wrong */
};

/* Told of each finding as soon as there is one: one line. */
typedef void tell_finding(void *context, enum finding finding, const char *line);

/* Examines the host of the wish; with `load` also how many connections at a time it sustains. Whether it can be used: no
 * finding was bad. */
bool doctor_examines(const struct target_wish *wish, bool load, tell_finding *tell, void *context);

#endif
