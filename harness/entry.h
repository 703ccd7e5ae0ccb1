/* entry.h: the ways into each state, in the words of the ladder itself. It knows the diagrams of RFC 9293 (Figures 5 to 13) and
 * not who plays them. */
#ifndef TCPROVE_ENTRY_H
#define TCPROVE_ENTRY_H

#include <stdbool.h>

#include "ladder.h"

/* Our SYN, or the SYN,ACK that answers the target's, with the options that the ENTER asked for. */
struct rung_segment entry_syn(const struct entry *entry, unsigned flags);

/* The rungs that lead from ESTABLISHED to one of the states behind it; none for the others. */
const struct step *entry_from_established(enum state state);

/* In FIN-WAIT-1, CLOSING and LAST-ACK the target's FIN is not acknowledged yet. */
bool entry_holds_fin(enum state state);

#endif
