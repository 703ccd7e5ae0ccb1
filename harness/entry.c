#include "entry.h"

/* clang-format off */
#define TO_FIN_WAIT_1  APP (CLOSE), IUT (FIN|ACK)
#define TO_CLOSE_WAIT  PEER (FIN|ACK), IUT_ACKS (RCV_NXT + 1)
#define TAKES_OUR_FIN  PEER (FIN|ACK), IUT (ACK, .ack = RCV_NXT + 1)

static const struct step nothing[]     = { END_OF_LADDER };
static const struct step fin_wait_1[]  = { TO_FIN_WAIT_1, END_OF_LADDER };
static const struct step fin_wait_2[]  = { TO_FIN_WAIT_1, PEER (ACK), END_OF_LADDER };
static const struct step closing[]     = { TO_FIN_WAIT_1, TAKES_OUR_FIN, END_OF_LADDER };
static const struct step time_wait[]   = { TO_FIN_WAIT_1, PEER (ACK), TAKES_OUR_FIN, END_OF_LADDER };
static const struct step close_wait[]  = { TO_CLOSE_WAIT, END_OF_LADDER };
static const struct step last_ack[]    = { TO_CLOSE_WAIT, TO_FIN_WAIT_1, END_OF_LADDER };
/* clang-format on */

const struct step *entry_from_established(enum state state)
{
    switch (state) {
    case FIN_WAIT_1:
        return fin_wait_1;
    case FIN_WAIT_2:
        return fin_wait_2;
    case CLOSE_WAIT:
        return close_wait;
    case CLOSING:
        return closing;
    case LAST_ACK:
        return last_ack;
    case TIME_WAIT:
        return time_wait;
    default:
        return nothing;
    }
}

bool entry_holds_fin(enum state state)
{
    return state == FIN_WAIT_1 || state == CLOSING || state == LAST_ACK;
}

struct rung_segment entry_syn(const struct entry *entry, unsigned flags)
{
    struct rung_segment syn = { .flags = flags, .mss = entry->mss, .wnd = entry->wnd };

    if (entry->with & SACK_PERMITTED)
        syn.sack_permitted = ZERO + 1;
    if (entry->with & TIMESTAMPS)
        syn.tsval = TS_FIRST;
    if (entry->with & WINDOW_SCALE)
        syn.wscale = ZERO + 2;
    if (entry->with & ECN)
        syn.flags |= ECE | CWR;
    return syn;
}
