/* link.h: a link in virtual time between a tester and a target: every packet takes a fixed time, none is lost or overtaken, and
 * the capture at the tester's end sees all of them. It knows packets as octets, and neither of the two ends. */
#ifndef TCPROVE_INPROCESS_LINK_H
#define TCPROVE_INPROCESS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

enum { LINK_CROSSING_US = 1000, LINK_MTU_OCTETS = 1500 };

struct link_packet {
    struct link_packet *next;
    uint64_t            time_us; /* when it arrives; in the capture: when it was captured */
    bool                from_target;
    size_t              count;
    uint8_t             octets[];
};

struct link_queue {
    struct link_packet *first, *last;
};

struct link {
    uint64_t             now_us;
    struct fault_memory *fault; /* on the way, past the capture; NULL for none */
    struct link_queue    to_target, to_tester, capture;
    uint64_t             lost; /* packets for which there was no memory */
};

/* A packet leaves at now_us. False where memory is short. */
bool link_send_to_target(struct link *link, const uint8_t *octets, size_t count);
bool link_send_to_tester(struct link *link, const uint8_t *octets, size_t count);

/* When the next packet arrives at either end; UINT64_MAX where none is on its way. */
uint64_t link_deadline(const struct link *link);

/* What has arrived by now_us at the target's end; the caller frees it. NULL for none. */
struct link_packet *link_take_at_target(struct link *link);
/* Puts what has arrived by now_us at the tester's end into the capture. */
void link_capture_arrivals(struct link *link);
/* The oldest packet of the capture; the caller frees it. NULL for none. */
struct link_packet *link_take_captured(struct link *link);

void link_empty(struct link *link);

#endif
