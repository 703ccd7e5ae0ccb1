/* shadow.h: the two control blocks of one connection as the wire shows them, worked out from segments alone, also when the
 * first segment seen is not the first that was sent. It knows neither cases nor rules. */
#ifndef TCPROVE_SHADOW_H
#define TCPROVE_SHADOW_H

#include "segment.h"

/* What one end has shown by the segments that it sent. */
struct shadow_end {
    bool     syn_seen; /* iss is known */
    uint32_t iss;
    bool     any_seen; /* nxt is known */
    uint32_t nxt;      /* one past the highest octet, SYN or FIN that it sent */
    bool     fin_seen;
    uint32_t fin_seq;
    bool     rst_seen; /* its latest segment was a RST */
    bool     ack_seen;
    uint32_t ack;        /* the highest acknowledgment it sent: its RCV.NXT */
    uint32_t ack_lately; /* SEQ and ACK of its latest segment with ACK */
    uint32_t seq_lately;
    uint32_t window;     /* what it offers now, in octets, scaled */
    uint32_t window_max; /* the largest it ever offered */
    uint32_t right_edge; /* the furthest ACK + window it ever offered */

    struct tcp_options syn; /* the options of its SYN */
    bool               ts_seen;
    uint32_t           tsval_first, tsval, tsecr; /* first and latest TSval, latest TSecr */
};

struct shadow {
    struct shadow_end target, peer;
};

/* Moves the control block of the end that sent this segment. The caller leaves out what the receiver must not believe
 * (damaged segments). */
void shadow_sees(struct shadow *shadow, bool from_target, const struct segment *segment, const struct tcp_options *options);

/* RFC 7323 2.2: both SYNs carried the option. */
bool shadow_scales(const struct shadow *shadow);
bool shadow_timestamps(const struct shadow *shadow);
bool shadow_sacks(const struct shadow *shadow);

/* SEG.WND in octets, of a segment that `sender`, one of the two ends, sent. */
uint32_t shadow_window(const struct shadow *shadow, const struct shadow_end *sender, const struct segment *segment);

/* Octets of an option-free segment's text that the other end may send, by the MSS option of `receiver` or RFC 9293 3.7.1's
 * default of 536 (IPv4) or 1220 (IPv6) where there is none, or one of 0, which nobody could obey. */
uint32_t shadow_mss(const struct shadow_end *receiver, uint8_t family);

#endif
