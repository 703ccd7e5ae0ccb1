/* value.h: values for the fields of a step that lie where code decides: at the borders of windows and segments, around the
 * numbers that a connection has come to, at 2^31 and 2^32. */
#ifndef TCPROVE_FUZZ_VALUE_H
#define TCPROVE_FUZZ_VALUE_H

#include "fuzz/mutator/change.h"

/* A number from 0 to most - 1; 0 where most is 0. */
size_t value_below(struct changer *changer, size_t most);

/* One field that the step has gets a new value, is left out, or, where it is a number, goes a little further. */
void value_set(struct changer *changer, struct step *step);
void value_drop(struct changer *changer, struct step *step);
void value_nudge(struct changer *changer, struct step *step);

/* How far each of several segments stands from the one before it, and a segment that far further on. */
term value_way(struct changer *changer);
void value_move_on(struct step *step, term way);

/* The first field from *field on that the step has and could do without: false where there is none. */
bool value_next_field(const struct step *step, size_t *field);
void value_leave_out(struct step *step, size_t field);

#endif
