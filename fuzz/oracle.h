/* oracle.h: what watches while an input is played; the stage calls, and stage_find is told what is wrong. */
#ifndef TCPROVE_FUZZ_ORACLE_H
#define TCPROVE_FUZZ_ORACLE_H

#include "stage_inside.h"

/* A segment of the target's has come to the tester's end of this connection. */
void oracle_sees_sent(struct stage *stage, const struct actor *actor, const struct segment *segment);

/* The application has received these octets. */
void oracle_sees_delivered(struct stage *stage, struct actor *actor, const uint8_t *octets, size_t count);

/* An event is over; `octets` is how long what arrived was, or what a call gave. */
void oracle_sees_settled(struct stage *stage, uint64_t work_before, size_t octets);

/* The input has ended. */
void oracle_sees_end(struct stage *stage);

#endif
