/* lab_rig.h: one case on the target linux, as a test talks to it: segments and calls out, packets in, each expectation a check.
 * What is right stands in the tests. */
#ifndef TCPROVE_SELFTEST_LAB_RIG_H
#define TCPROVE_SELFTEST_LAB_RIG_H

#include <sys/types.h>

#include "target.h"

/* One connection of a case, as the tester keeps it. */
struct talk {
    struct target target;
    uint16_t      listener, listener_port, port;
    uint32_t      seq, ack; /* what the tester sends next */
};

/* The lab, prepared; NULL where no namespace can be made: it is printed that the test is left out. */
void *lab_prepare(const char *fault, bool ipv6);

/* Opens a case, with a listener at the target; ends it. */
void lab_open_case(struct talk *talk, void *prepared, unsigned slot);
void lab_end_case(struct talk *talk);

/* The reply holds until the next call. */
struct call_reply *lab_call(struct talk *talk, struct call_request request);
void               lab_send_from_application(struct talk *talk, uint16_t handle, uint32_t octets);

/* What is undamaged moves talk->seq on. */
void lab_send_damaged(struct talk *talk, uint8_t flags, const void *text, size_t octets, enum damage damage);
void lab_send_segment(struct talk *talk, uint8_t flags, const void *text, size_t octets);

/* The next segment has these flags (PSH is free) and nothing is wrong with it; talk->ack covers it then. */
struct packet lab_expect(struct talk *talk, uint8_t flags);
void          lab_expect_silence(struct talk *talk);

/* The three segments of a handshake; returns the handle of the target's side. */
uint16_t lab_shake_hands(struct talk *talk);

/* A case in a process of its own, as in a run; what fails in it fails the test. */
pid_t lab_start_case(void *prepared, unsigned slot, void (*play)(struct talk *talk));
void  lab_expect_good_end(pid_t process);

#endif
