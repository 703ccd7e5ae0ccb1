#include "offer.h"

#include "words.h"

static void widen(struct offer *offer, uint32_t edge)
{
    if (!offer->has_edge || seq_before(offer->edge, edge))
        offer->edge = edge;
    offer->has_edge = true;
}

/* Whether a window from this segment replaces one that was taken at `wl1`, `wl2`. */
static bool replaces(const struct segment *segment, uint32_t wl1, uint32_t wl2)
{
    return seq_before(wl1, segment->seq) || (wl1 == segment->seq && seq_before_eq(wl2, segment->ack));
}

/* The doubtful window stays where this segment is taken, since it is older. */
static bool doubt_stays(const struct offer *offer, const struct segment *segment)
{
    return offer->doubtful && !replaces(segment, offer->doubtful_wl1, offer->doubtful_wl2);
}

static void doubt(struct offer *offer, const struct segment *segment, uint32_t window)
{
    if (!offer->doubtful || offer->doubtful_wnd < window)
        offer->doubtful_wnd = window;
    if (!doubt_stays(offer, segment)) {
        offer->doubtful_wl1 = segment->seq;
        offer->doubtful_wl2 = segment->ack;
    }
    offer->doubtful = true;
}

/* The largest window that may stand when the segment was taken: its own, or one that it is too old to replace. */
static uint32_t largest_window(const struct offer *offer, const struct segment *segment, uint32_t window)
{
    if (offer->known && window < offer->snd_wnd)
        window = offer->snd_wnd;
    if (doubt_stays(offer, segment) && window < offer->doubtful_wnd)
        window = offer->doubtful_wnd;
    return window;
}

void offer_moves(struct offer *offer, const struct segment *segment, uint32_t window)
{
    if (!(segment->flags & ACK) || (segment->flags & RST))
        return;
    bool first = !offer->known;

    if (first || seq_before(offer->snd_una, segment->ack))
        offer->snd_una = segment->ack;
    if (first || replaces(segment, offer->snd_wl1, offer->snd_wl2)) {
        offer->snd_wnd = window;
        offer->snd_wl1 = segment->seq;
        offer->snd_wl2 = segment->ack;
    }
    widen(offer, offer->snd_una + offer->snd_wnd);
    offer->doubtful = doubt_stays(offer, segment);
    if (offer->doubtful)
        widen(offer, offer->snd_una + offer->doubtful_wnd);
    offer->known = true;
}

void offer_may_move(struct offer *offer, const struct segment *segment, uint32_t window)
{
    uint32_t una = segment->ack;

    if (!(segment->flags & ACK) || (segment->flags & RST))
        return;
    if (offer->known && seq_before(una, offer->snd_una))
        una = offer->snd_una;
    widen(offer, una + largest_window(offer, segment, window));
    doubt(offer, segment, window);
}

void offer_may_move_late(struct offer *offer, const struct segment *segment, uint32_t window)
{
    widen(offer, segment->ack + largest_window(offer, segment, window));
    doubt(offer, segment, window);
}

bool offer_reaches(const struct offer *offer, uint32_t past)
{
    return offer->has_edge && seq_before_eq(past, offer->edge);
}

bool offer_is_closed(const struct offer *offer)
{
    return offer->known && offer->snd_wnd == 0;
}
