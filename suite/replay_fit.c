/* replay_fit.c: a step of a fuzz input in words that a case may have: what it says outright, and no more than a packet holds.
 */
#include "replay_inside.h"
#include "terms.h"

enum {
    INSIDE_MOST      = 20000, /* lint takes what is counted from RCV_NXT to lie in the window as far as this */
    CASE_WINDOW      = 65535, /* where cases meet the built-in TCP, at first */
    OPTIONS_MOST     = 40,    /* octets of a header */
    LENGTH_OF_CHANCE = 3000   /* instead of a sequence number: what that was is not known */
};

/* ---- a step, as a case may have it ----------------------------------------------------------------------------------------
 */

static bool is_of_chance(term value)
{
    struct term_parts parts = term_take_apart(value);

    return parts.base >= BASE_RCV_NXT && parts.base <= BASE_TS_LAST;
}

/* A length that is a sequence number is another one in each run. */
static bool settle_length(term *length)
{
    bool chance = is_of_chance(*length);

    if (chance)
        *length = LENGTH_OF_CHANCE;
    return chance;
}

bool fit_settles_lengths(struct step *step)
{
    term *const lengths[] = { &step->segment.len, &step->segment.wnd,         &step->segment.up,
                              &step->segment.mss, &step->segment.data_offset, &step->user.octets };
    bool        settled   = false;

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        settled = settle_length(lengths[i]) || settled;
    return settled;
}

/* Counted from RCV_NXT and not from the window's edge: where in it, from RCV_NXT on. */
static bool is_in_window(const struct step *step, int64_t *offset)
{
    struct term_parts parts = term_take_apart(step->segment.seq);

    *offset = step->segment.seq != 0 ? parts.offset + parts.lengths[LENGTH_RMSS] * RMSS_IPV4 : 0;
    return step->rung == RUNG_PEER && (step->segment.seq == 0 || parts.base == BASE_RCV_NXT) &&
           parts.lengths[LENGTH_RCV_WND] == 0 && parts.lengths[LENGTH_SND_WND] == 0 && parts.lengths[LENGTH_SMSS] == 0;
}

void fit_counts_far_from_edge(struct step *step)
{
    int64_t offset;

    if (is_in_window(step, &offset) && term_take_apart(step->segment.seq).offset >= INSIDE_MOST)
        step->segment.seq += RCV_WND - CASE_WINDOW;
}

bool fit_counts_from_edge(struct step *step, uint32_t window)
{
    int64_t offset;

    if (!is_in_window(step, &offset) || step->segment.flags & SYN)
        return false;
    step->segment.seq = RCV_NXT + RCV_WND + (offset - (int64_t)window);
    return true;
}

/* How many segments of RMSS a length that is a number, or counts RMSS, takes; of others, which may be anything, 1. */
static size_t segments_of(term len, int64_t rmss)
{
    struct term_parts parts  = term_take_apart(len);
    bool              plain  = parts.base == BASE_NONE || parts.base == BASE_ABSOLUTE;
    int64_t           octets = parts.lengths[LENGTH_RMSS] * rmss + parts.offset;

    plain =
        plain && parts.lengths[LENGTH_RCV_WND] == 0 && parts.lengths[LENGTH_SND_WND] == 0 && parts.lengths[LENGTH_SMSS] == 0;
    return plain && octets > 0 && octets <= PIECES * rmss ? (size_t)((octets + rmss - 1) / rmss) : 1;
}

size_t fit_to_packets(const struct step *step, bool ipv6, struct step pieces[PIECES])
{
    const struct rung_segment *whole   = &step->segment;
    bool                       options = whole->flags & SYN || whole->options.count > 0;
    size_t                     count   = options ? 1 : segments_of(whole->len, ipv6 ? RMSS_IPV6 : RMSS_IPV4);
    term                       most    = options ? RMSS - OPTIONS_MOST : RMSS;

    pieces[0] = *step;
    if (step->rung == RUNG_APP && step->user.octets != 0) {
        pieces[0].user.octets = ZERO + SEND_OCTETS;
        return 1;
    }
    if (step->rung != RUNG_PEER || whole->len == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        struct rung_segment *segment = &pieces[i].segment;

        pieces[i] = *step;
        if (i > 0)
            segment->seq = (whole->seq != 0 ? whole->seq : RCV_NXT) + (term)i * RMSS;
        segment->len = i + 1 < count || count == 1 ? most : whole->len - (term)i * RMSS;
        if (i + 1 < count)
            segment->flags &= ~(unsigned)FIN;
    }
    return count;
}
