#include "offer.h"

#include "words.h"

static void widen(struct offer *offer, uint32_t edge)
{
    if (!offer->has_edge || seq_before(offer->edge, edge))
        offer->edge = edge;
    offer->has_edge = true;
}

static void doubt(struct offer *offer, const struct segment *segment, uint32_t window)
{
    if (!offer->doubtful || offer->doubtful_wnd < window)
        offer->doubtful_wnd = window;
    if (!offer->doubtful || seq_before(offer->doubtful_wl1, segment->seq))
        offer->doubtful_wl1 = segment->seq;
    offer->doubtful = true;
}

void offer_moves(struct offer *offer, const struct segment *segment, uint32_t window)
{
    if (!(segment->flags & ACK) || (segment->flags & RST))
        return;
    bool first = !offer->known;
    bool newer = first || seq_before(offer->snd_wl1, segment->seq) ||
                 (offer->snd_wl1 == segment->seq && seq_before_eq(offer->snd_wl2, segment->ack));

    if (first || seq_before(offer->snd_una, segment->ack))
        offer->snd_una = segment->ack;
    if (newer) {
        offer->snd_wnd = window;
        offer->snd_wl1 = segment->seq;
        offer->snd_wl2 = segment->ack;
    }
    widen(offer, offer->snd_una + offer->snd_wnd);
    if (offer->doubtful && seq_before(segment->seq, offer->doubtful_wl1))
        widen(offer, offer->snd_una + offer->doubtful_wnd);
    else
        offer->doubtful = false;
    offer->known = true;
}

void offer_may_move(struct offer *offer, const struct segment *segment, uint32_t window)
{
    uint32_t una = segment->ack;

    if (!(segment->flags & ACK) || (segment->flags & RST))
        return;
    doubt(offer, segment, window);
    if (offer->known && seq_before(una, offer->snd_una))
        una = offer->snd_una;
    widen(offer, una + (offer->known && window < offer->snd_wnd ? offer->snd_wnd : window));
}

void offer_may_move_late(struct offer *offer, const struct segment *segment, uint32_t window)
{
    doubt(offer, segment, window);
    widen(offer, segment->ack + window);
}

bool offer_reaches(const struct offer *offer, uint32_t past)
{
    return offer->has_edge && seq_before_eq(past, offer->edge);
}

bool offer_is_closed(const struct offer *offer)
{
    return offer->known && offer->snd_wnd == 0;
}
