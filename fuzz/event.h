/* event.h: the events that a TCP meets, as RFC 9293 section 3.10 tells them apart: a segment by its control bits and by where
 * its SEQ and ACK lie, a user call, a timeout. With the state that it meets, an event is what a fuzzer's feedback and the
 * coverage of a corpus count in. */
#ifndef TCPROVE_FUZZ_EVENT_H
#define TCPROVE_FUZZ_EVENT_H

#include "segment.h"

enum event_bits { BITS_NONE, BITS_SYN, BITS_SYN_ACK, BITS_ACK, BITS_DATA, BITS_FIN, BITS_RST, BITS_URG, EVENT_BITS };
enum event_seq { SEQ_EXACT, SEQ_OLD, SEQ_INSIDE, SEQ_BEYOND, EVENT_SEQS };
enum event_ack { ACK_ABSENT, ACK_OLD, ACK_SAME, ACK_NEW, ACK_BEYOND, EVENT_ACKS };

/* Segments first, then calls, ICMP errors and the passing of time. */
enum {
    EVENT_SEGMENTS = EVENT_BITS * EVENT_SEQS * EVENT_ACKS,
    EVENT_CALLS    = EVENT_SEGMENTS,
    EVENT_MESSAGES = EVENT_CALLS + ABORT + 1,
    EVENT_TIMEOUT  = EVENT_MESSAGES + SOURCE_QUENCH + 1,
    EVENTS
};

/* `rcv_nxt`, `window`, `snd_una` and `snd_nxt` are the target's. */
unsigned event_of_segment(const struct segment *segment, uint32_t rcv_nxt, uint32_t window, uint32_t snd_una, uint32_t snd_nxt);

/* "ACK+data, SEQ inside, ACK new". */
void event_print(unsigned event, char *text, size_t room);

#endif
