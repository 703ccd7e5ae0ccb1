/* fault.h: deliberate faults that stand between tester and target, so that a self-test can show what the catalog says of
 * a target that is broken in a known way. A fault sees one IP packet at a time, and may remember connections by what it saw of
 * them; some see user calls too. It knows no case and nothing of how packets and calls travel. */
#ifndef TCPROVE_FAULT_H
#define TCPROVE_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calls.h"
#include "error.h"

enum fault_verdict { FAULT_PASS, FAULT_DROP };
enum fault_way { FAULT_TO_TARGET, FAULT_FROM_TARGET };

/* What a fault has seen of one case's connections. */
struct fault_memory;

/* One fault. Each function may alter packet[0..*count), an IPv4 or IPv6 packet, in place and may make *count smaller, never
 * larger. A direction without a function lets everything pass. A fault either looks at a packet by itself or remembers; one
 * that remembers may stand before the target's application too. */
struct fault {
    const char *name, *what;
    enum fault_verdict (*to_target)(uint8_t *packet, size_t *count);
    enum fault_verdict (*from_target)(uint8_t *packet, size_t *count);
    enum fault_verdict (*remembering)(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count);
    void (*calling)(struct fault_memory *memory, call_function *carry_out, void *application,
                    const struct call_request *request, struct call_reply *reply);
};

/* The fault of that name; NULL where there is none. */
const struct fault *fault_find(const char *name);

/* The same as a user names it: *fault is NULL for "" and NULL; false with a sentence for an unknown one. */
bool fault_named(const char *name, const struct fault **fault, struct error *error);

/* The faults in the table's order; NULL beyond its end. */
const struct fault *fault_at(size_t index);

/* A fault takes its place between the two ends of one case; for no fault *memory is NULL, which stands for "all passes" below.
 * fault_end() frees it. false with a sentence. */
bool fault_begin(const struct fault *fault, struct fault_memory **memory, struct error *error);
void fault_end(struct fault_memory *memory);

/* Whether packets on that way may be altered or dropped. */
bool fault_touches(const struct fault_memory *memory, enum fault_way way);

/* Lets the fault have a packet that comes by at time_us, on one clock for both ways. */
enum fault_verdict fault_apply(struct fault_memory *memory, enum fault_way way, uint64_t time_us, uint8_t *packet,
                               size_t *count);

/* Has a user call carried out at the target's application, as the fault lets it. */
void fault_call(struct fault_memory *memory, call_function *carry_out, void *application, const struct call_request *request,
                struct call_reply *reply);

/* When the fault sends a packet by itself, as if it were the target's; UINT64_MAX for never. fault_take() has that packet, of
 * `room` octets at most, and puts off the next: it returns the octets. */
uint64_t fault_due_us(const struct fault_memory *memory);
size_t   fault_take(struct fault_memory *memory, uint8_t *packet, size_t room);

#endif
