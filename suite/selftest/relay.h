/* relay.h: a process that carries frames between two interfaces, each way with a delay, a jitter and a loss, as a long and bad
 * path would. It keeps the order of what it carries and alters nothing in it. It knows nothing of hosts and connections. */
#ifndef TCPROVE_SELFTEST_RELAY_H
#define TCPROVE_SELFTEST_RELAY_H

#include <stdint.h>

/* What happens to frames one way; the other way has the same. A frame takes delay_ms, give or take up to jitter_ms, and longer
 * where the one before it does. Of each thousand TCP segments so many are lost; all else, ARP among it, comes through. What is
 * lost, and how long each frame takes, hangs on the seed and on the frames that went before alone. */
struct relay_impairment {
    uint32_t delay_ms, jitter_ms, loss_per_mille;
    uint64_t seed;
};

/* Frames of one way since the relay began. */
struct relay_counts {
    uint64_t carried, lost, overflowed; /* overflowed: the queue was full, or the frame longer than any should be */
};

enum relay_way { RELAY_FORWARD, RELAY_BACK, RELAY_WAYS }; /* from near to far, and back */

struct relay {
    int socket;
};

/* Starts it between two interfaces of a network namespace, which are up and have no offloads; they carry frames when it
 * returns, without delay and loss. It ends with this process. A fault fails the test. */
struct relay relay_start(int namespace, const char *near, const char *far);

/* Holds for every frame that comes after it returned; those on the way keep their times. What was counted so far goes to
 * counts[RELAY_WAYS], which may be NULL. */
void relay_impair(struct relay relay, const struct relay_impairment *impairment, struct relay_counts *counts);

#endif
