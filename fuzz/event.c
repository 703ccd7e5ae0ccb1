#include "event.h"

#include <stdio.h>

#include "notation_words.h"

static enum event_bits bits_of(const struct segment *segment)
{
    unsigned flags = segment->flags;

    if (flags & RST)
        return BITS_RST;
    if (flags & SYN)
        return flags & ACK ? BITS_SYN_ACK : BITS_SYN;
    if (flags & FIN)
        return BITS_FIN;
    if (flags & URG)
        return BITS_URG;
    if (segment->text_octets > 0)
        return BITS_DATA;
    return flags & ACK ? BITS_ACK : BITS_NONE;
}

static enum event_seq seq_of(const struct segment *segment, uint32_t rcv_nxt, uint32_t window)
{
    if (segment->seq == rcv_nxt)
        return SEQ_EXACT;
    if (seq_before(segment->seq, rcv_nxt))
        return SEQ_OLD;
    return seq_before(segment->seq, rcv_nxt + window) ? SEQ_INSIDE : SEQ_BEYOND;
}

static enum event_ack ack_of(const struct segment *segment, uint32_t snd_una, uint32_t snd_nxt)
{
    if (!(segment->flags & ACK))
        return ACK_ABSENT;
    if (segment->ack == snd_una)
        return ACK_SAME;
    if (seq_before(segment->ack, snd_una))
        return ACK_OLD;
    return seq_before(snd_nxt, segment->ack) ? ACK_BEYOND : ACK_NEW;
}

unsigned event_of_segment(const struct segment *segment, uint32_t rcv_nxt, uint32_t window, uint32_t snd_una, uint32_t snd_nxt)
{
    return ((bits_of(segment) * EVENT_SEQS + seq_of(segment, rcv_nxt, window)) * EVENT_ACKS +
            ack_of(segment, snd_una, snd_nxt));
}

void event_print(unsigned event, char *text, size_t room)
{
    static const char *const bits[] = { "no control bit", "SYN", "SYN,ACK", "ACK", "data", "FIN", "RST", "URG" };
    static const char *const seqs[] = { "exact", "old", "inside", "beyond" };
    static const char *const acks[] = { "absent", "old", "same", "new", "beyond" };

    if (event < EVENT_SEGMENTS)
        snprintf(text, room, "%s, SEQ %s, ACK %s", bits[event / EVENT_ACKS / EVENT_SEQS], seqs[event / EVENT_ACKS % EVENT_SEQS],
                 acks[event % EVENT_ACKS]);
    else if (event < EVENT_MESSAGES)
        snprintf(text, room, "call %s", word_of(call_words, event - EVENT_CALLS));
    else if (event < EVENT_TIMEOUT)
        snprintf(text, room, "ICMP %s", word_of(icmp_words, event - EVENT_MESSAGES));
    else
        snprintf(text, room, "timeout");
}
