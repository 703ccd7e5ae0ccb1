#include "shadow.h"

bool shadow_scales(const struct shadow *shadow)
{
    return shadow->target.syn.has_window_scale && shadow->peer.syn.has_window_scale;
}

bool shadow_timestamps(const struct shadow *shadow)
{
    return shadow->target.syn.has_timestamps && shadow->peer.syn.has_timestamps;
}

bool shadow_sacks(const struct shadow *shadow)
{
    return shadow->target.syn.sack_permitted && shadow->peer.syn.sack_permitted;
}

uint32_t shadow_mss(const struct shadow_end *receiver, uint8_t family)
{
    if (receiver->syn.has_mss && receiver->syn.mss > 0)
        return receiver->syn.mss;
    return family == 6 ? 1220 : 536;
}

static uint32_t later(bool known, uint32_t old, uint32_t now)
{
    return known && seq_before(now, old) ? old : now;
}

uint32_t shadow_window(const struct shadow *shadow, const struct shadow_end *sender, const struct segment *segment)
{
    uint8_t shift = sender->syn.window_scale > 14 ? 14 : sender->syn.window_scale;

    /* RFC 7323 2.2: the window field of a segment with SYN is never scaled. */
    if ((segment->flags & SYN) || !shadow_scales(shadow))
        return segment->window;
    return (uint32_t)segment->window << shift;
}

static void see_window(struct shadow *shadow, struct shadow_end *end, const struct segment *segment)
{
    uint32_t window = shadow_window(shadow, end, segment);

    end->window = window;
    if (window > end->window_max)
        end->window_max = window;
    end->right_edge = later(end->ack_seen, end->right_edge, segment->ack + window);
}

void shadow_sees(struct shadow *shadow, bool from_target, const struct segment *segment, const struct tcp_options *options)
{
    struct shadow_end *end = from_target ? &shadow->target : &shadow->peer;

    if (segment->flags & RST) {
        end->rst_seen = true;
        return;
    }
    end->rst_seen = false;
    if (segment->flags & SYN) {
        end->syn_seen = true;
        end->iss      = segment->seq;
        end->syn      = *options;
    }
    uint32_t past = segment->seq + segment_length(segment);

    end->nxt      = later(end->any_seen, end->nxt, past);
    end->any_seen = true;
    if (segment->flags & FIN) {
        end->fin_seen = true;
        end->fin_seq  = past - 1;
    }
    if (segment->flags & ACK) {
        see_window(shadow, end, segment);
        end->ack        = later(end->ack_seen, end->ack, segment->ack);
        end->ack_seen   = true;
        end->ack_lately = segment->ack;
        end->seq_lately = segment->seq;
    } else if (segment->flags & SYN) {
        end->window     = segment->window;
        end->window_max = segment->window;
    }
    if (options->has_timestamps) {
        if (!end->ts_seen)
            end->tsval_first = options->tsval;
        end->ts_seen = true;
        end->tsval   = options->tsval;
        end->tsecr   = options->tsecr;
    }
}
