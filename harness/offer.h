/* offer.h: what one end's segments let the other one send, as RFC 9293 3.10.7.4 (fifth check) has it: a window counts only from
 * a segment that is not older than the one it was taken from last, by SEQ and then by ACK, and slides on as octets are
 * acknowledged. So it may reach further than any segment offered by itself. It does not know which segments were taken: the
 * caller says which were, and which may have been. */
#ifndef TCPROVE_OFFER_H
#define TCPROVE_OFFER_H

#include "segment.h"

/* Begins as all zeros. */
struct offer {
    bool     known; /* the variables of the receiver of these segments, as far as they show */
    uint32_t snd_una, snd_wnd, snd_wl1, snd_wl2;
    bool     doubtful; /* a segment may have been taken whose window slides on until a newer one is */
    uint32_t doubtful_wnd, doubtful_wl1, doubtful_wl2;
    bool     has_edge;
    uint32_t edge; /* the furthest SND.UNA+SND.WND, of what may have been taken too */
};

/* The segment is taken; one without ACK, and a RST, move nothing. `window` is SEG.WND, scaled. */
void offer_moves(struct offer *offer, const struct segment *segment, uint32_t window);

/* It may have been taken or not: what it let its receiver send by then counts, and nothing else moves. */
void offer_may_move(struct offer *offer, const struct segment *segment, uint32_t window);

/* Its ACK is older than another one that may not have been taken: the same, from what it acknowledges itself. */
void offer_may_move_late(struct offer *offer, const struct segment *segment, uint32_t window);

/* Octets up to `past` were offered at some time. */
bool offer_reaches(const struct offer *offer, uint32_t past);

/* The window is closed. */
bool offer_is_closed(const struct offer *offer);

#endif
