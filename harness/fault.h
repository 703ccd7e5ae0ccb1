/* fault.h: deliberate faults that stand between tester and target, so that a self-test can show what the catalog says of
 * a target that is broken in a known way. A fault sees one IP packet at a time; it knows no connection, no case and
 * nothing of how packets travel. */
#ifndef TCPROVE_FAULT_H
#define TCPROVE_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum fault_verdict { FAULT_PASS, FAULT_DROP };

/* One fault. Each function may alter packet[0..*count), an IPv4 or IPv6 packet, in place and may make *count smaller, never
 * larger. A direction without a function lets everything pass. */
struct fault {
    const char *name, *what;
    enum fault_verdict (*to_target)(uint8_t *packet, size_t *count);
    enum fault_verdict (*from_target)(uint8_t *packet, size_t *count);
};

/* The fault of that name; NULL where there is none. */
const struct fault *fault_find(const char *name);

/* The same as a user names it: *fault is NULL for "" and NULL; false with a sentence that lists them all for an unknown one. */
bool fault_named(const char *name, const struct fault **fault, struct error *error);

/* The faults in the table's order; NULL beyond its end. */
const struct fault *fault_at(size_t index);

#endif
