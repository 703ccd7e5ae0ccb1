#include "peer.h"

#include <string.h>

#include "terms.h"

/* ---- what symbols are worth ---------------------------------------------------------------------------------------------- */

/* Octets of IP and TCP headers without options. */
static uint32_t headers_of(const struct peer_link *link)
{
    return link->target.family == 6 ? 60 : 40;
}

uint32_t peer_target_limit(const struct peer *peer, const struct peer_link *link)
{
    uint32_t limit = shadow_mss(&peer->shadow.peer, link->target.family);

    if (peer->path_mtu != 0 && peer->path_mtu - headers_of(link) < limit)
        limit = peer->path_mtu - headers_of(link);
    return limit;
}

uint32_t peer_own_limit(const struct peer *peer, const struct peer_link *link)
{
    uint32_t limit   = shadow_mss(&peer->shadow.target, link->target.family);
    uint32_t largest = link->mtu - headers_of(link);
    uint32_t options = shadow_timestamps(&peer->shadow) ? 12 : 0;

    return (limit < largest ? limit : largest) - options;
}

uint32_t peer_rcv_nxt(const struct peer *peer)
{
    uint32_t shown = peer->shadow.target.ack;

    return peer->lent && seq_before(shown, peer->lent_to) ? peer->lent_to : shown;
}

uint32_t peer_snd_una(const struct peer *peer)
{
    return peer->shadow.peer.ack_seen ? peer->shadow.peer.ack : peer->shadow.target.iss;
}

bool peer_may_differ(const struct peer *peer, uint64_t position)
{
    for (unsigned i = 0; i < peer->other_count; i++)
        if ((uint32_t)position - peer->others[i].from < peer->others[i].to - peer->others[i].from) /* it may begin before 0 */
            return true;
    return false;
}

static uint32_t base_value(const struct peer *peer, const struct peer_link *link, enum base base)
{
    const struct shadow_end *target = &peer->shadow.target;

    switch (base) {
    case BASE_RCV_NXT:
        return peer_rcv_nxt(peer);
    case BASE_SND_UNA:
        return peer_snd_una(peer);
    case BASE_SND_NXT:
        return target->nxt;
    case BASE_ISS:
        return target->iss;
    case BASE_IRS:
        return peer->irs;
    case BASE_SEG_SEQ:
        return peer->seg_seq;
    case BASE_SEG_ACK:
        return peer->seg_ack;
    case BASE_SEG_END:
        return peer->seg_end;
    case BASE_TS_RECENT:
        return target->tsecr;
    case BASE_TS_FIRST:
        return peer->tsval_first;
    case BASE_TS_LAST:
        return target->tsval;
    case BASE_DEFAULT_MSS:
        return link->target.family == 6 ? 1220 : 536;
    default:
        return 0;
    }
}

uint32_t peer_value(const struct peer *peer, const struct peer_link *link, term packed)
{
    struct term_parts parts = term_take_apart(packed);
    int64_t           value = base_value(peer, link, parts.base);

    value += parts.offset;
    value += (int64_t)parts.lengths[LENGTH_RCV_WND] * peer->shadow.target.window;
    value += (int64_t)parts.lengths[LENGTH_SND_WND] * peer->shadow.peer.window_max;
    value += (int64_t)parts.lengths[LENGTH_SMSS] * peer_target_limit(peer, link);
    value += (int64_t)parts.lengths[LENGTH_RMSS] * peer_own_limit(peer, link);
    return (uint32_t)value;
}

void peer_names(const struct peer *peer, struct notation_symbols *names)
{
    const struct shadow_end *target = &peer->shadow.target;

    *names = (struct notation_symbols){
        .at    = { [NAME_SND_NXT] = { "SND_NXT", target->nxt, target->any_seen },
                   [NAME_RCV_NXT] = { "RCV_NXT", target->ack, target->ack_seen },
                   [NAME_SND_UNA] = { "SND_UNA", peer_snd_una(peer), target->any_seen },
                   [NAME_ISS]     = { "ISS", target->iss, target->syn_seen },
                   [NAME_IRS]     = { "IRS", peer->irs, peer->irs_known } },
        .count = PEER_NAMES,
    };
}

enum { STREAM_BLOCK = 8 };

/* The octets of one block of the stream. No two places nearby look alike. */
static uint64_t stream_block(uint64_t seed, bool from_target, uint32_t block)
{
    uint64_t mixed = (seed * 2 + from_target + 1) * 0x9e3779b97f4a7c15u + block;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint8_t stream_octet(uint64_t seed, bool from_target, uint32_t position)
{
    return (uint8_t)(stream_block(seed, from_target, position / STREAM_BLOCK) >> position % STREAM_BLOCK * 8);
}

void stream_octets(uint64_t seed, bool from_target, uint32_t position, uint8_t *octets, size_t count)
{
    uint64_t block = stream_block(seed, from_target, position / STREAM_BLOCK);

    for (size_t i = 0; i < count; i++, position++) {
        if (position % STREAM_BLOCK == 0)
            block = stream_block(seed, from_target, position / STREAM_BLOCK);
        octets[i] = (uint8_t)(block >> position % STREAM_BLOCK * 8);
    }
}

enum state peer_state_shown(const struct peer *peer, bool listens)
{
    const struct shadow_end *target = &peer->shadow.target, *own = &peer->shadow.peer;

    if (!peer->syn_sent && !target->syn_seen)
        return listens ? LISTEN : CLOSED;
    if (!peer->syn_sent)
        return SYN_SENT;
    if (!target->syn_seen)
        return LISTEN;
    if (!own->ack_seen || seq_before_eq(own->ack, target->iss))
        return SYN_RECEIVED;

    bool target_closed = target->fin_seen;
    bool fin_acked     = target_closed && seq_before(target->fin_seq, own->ack);
    bool peer_closed   = own->fin_seen && target->ack_seen && seq_before(own->fin_seq, target->ack);

    if (!target_closed)
        return peer_closed ? CLOSE_WAIT : ESTABLISHED;
    if (!peer_closed)
        return fin_acked ? FIN_WAIT_2 : FIN_WAIT_1;
    if (fin_acked)
        return TIME_WAIT;
    return seq_before(target->fin_seq, target->seq_lately) ? CLOSING : LAST_ACK;
}

/* ---- sending --------------------------------------------------------------------------------------------------------- */

static bool wanted(term packed)
{
    return packed != 0 && !term_is(packed, BASE_ABSENT);
}

static void fill_sack(const struct peer *peer, const struct peer_link *link, const struct rung_segment *rung,
                      struct tcp_options *options)
{
    for (unsigned i = 0; i < 4 && rung->sack[i].left != 0; i++) {
        options->sack[i].left  = peer_value(peer, link, rung->sack[i].left);
        options->sack[i].right = peer_value(peer, link, rung->sack[i].right);
        options->sack_blocks   = i + 1;
    }
}

static struct tcp_options options_for(const struct peer *peer, const struct peer_link *link, const struct rung_segment *rung)
{
    struct tcp_options options = { 0 };
    bool               syn     = (rung->flags & SYN) != 0;
    uint16_t           largest = (uint16_t)(link->mtu - headers_of(link));

    if (wanted(rung->mss) || (syn && rung->mss == 0)) {
        options.has_mss = true;
        options.mss     = rung->mss == 0 ? largest : (uint16_t)peer_value(peer, link, rung->mss);
    }
    if (wanted(rung->wscale)) {
        options.has_window_scale = true;
        options.window_scale     = (uint8_t)peer_value(peer, link, rung->wscale);
    }
    options.sack_permitted = wanted(rung->sack_permitted);
    bool agreed            = shadow_timestamps(&peer->shadow) && !syn && !(rung->flags & RST);
    if (wanted(rung->tsval) || (agreed && rung->tsval == 0)) {
        options.has_timestamps = true;
        options.tsval          = rung->tsval == 0 ? peer->tsval : peer_value(peer, link, rung->tsval);
        options.tsecr          = peer->shadow.target.tsval;
        if (wanted(rung->tsecr))
            options.tsecr = peer_value(peer, link, rung->tsecr);
    }
    fill_sack(peer, link, rung, &options);
    return options;
}

static void fill_addresses(const struct peer *peer, const struct peer_link *link, enum place from, struct segment *segment)
{
    segment->source           = link->tester;
    segment->source_port      = peer->port;
    segment->destination      = link->target;
    segment->destination_port = peer->target_port;
    if (from == FROM_TARGET) {
        segment->source      = link->target;
        segment->source_port = peer->target_port;
    } else if (from == FROM_BROADCAST) {
        memset(segment->source.octets, 0xff, 16);
    } else if (from == FROM_MULTICAST) {
        bool six = link->target.family == 6;

        memset(segment->source.octets, 0, 16);
        segment->source.octets[0]            = six ? 0xff : 224;
        segment->source.octets[1]            = six ? 0x02 : 0;
        segment->source.octets[six ? 15 : 3] = 1;
    } else if (from == FROM_LOOPBACK) {
        bool six = link->target.family == 6;

        memset(segment->source.octets, 0, 16);
        segment->source.octets[0]            = six ? 0 : 127;
        segment->source.octets[six ? 15 : 3] = 1;
    }
}

static void fill_numbers(const struct peer *peer, const struct peer_link *link, const struct rung_segment *rung,
                         struct segment *segment)
{
    const struct shadow_end *target = &peer->shadow.target;

    segment->flags = (uint8_t)(rung->flags & 0xff);
    if (rung->seq != 0)
        segment->seq = peer_value(peer, link, rung->seq);
    else if ((rung->flags & SYN) || !target->ack_seen)
        segment->seq = peer->irs + (rung->flags & SYN || !peer->syn_sent ? 0 : 1);
    else
        segment->seq = peer_rcv_nxt(peer);
    if (rung->ack != 0)
        segment->ack = peer_value(peer, link, rung->ack);
    else if (rung->flags & ACK)
        segment->ack = peer->accepts ? peer->accepted : 0;
    segment->window         = rung->wnd != 0 ? (uint16_t)peer_value(peer, link, rung->wnd) : peer->window_field;
    segment->urgent_pointer = rung->up != 0 ? (uint16_t)peer_value(peer, link, rung->up) : 0;
    segment->text_octets    = rung->len != 0 ? peer_value(peer, link, rung->len) : 0;
}

void peer_segment(const struct peer *peer, const struct peer_link *link, const struct rung_segment *rung,
                  struct segment *segment, struct tcp_options *options)
{
    *segment = (struct segment){ 0 };
    fill_addresses(peer, link, rung->from, segment);
    fill_numbers(peer, link, rung, segment);
    *options               = options_for(peer, link, rung);
    segment->option_octets = tcp_options_build(options, segment->options);
    if (rung->options.at == NULL)
        return;
    segment->option_octets = rung->options.count < TCP_OPTIONS_MAX_OCTETS ? rung->options.count : TCP_OPTIONS_MAX_OCTETS;
    memcpy(segment->options, rung->options.at, segment->option_octets);
    tcp_options_parse(segment->options, segment->option_octets, options);
}

void peer_text(struct peer *peer, const struct peer_link *link, const struct rung_segment *rung, const struct segment *segment,
               uint8_t *text)
{
    uint32_t first = segment->seq + (segment->flags & SYN ? 1 : 0) - peer->irs - 1;

    stream_octets(link->seed, false, first, text, segment->text_octets);
    if (rung->fill != OTHER || peer->other_count == OTHER_RANGES)
        return;
    for (size_t i = 0; i < segment->text_octets; i++)
        text[i] ^= 0xff;
    peer->others[peer->other_count++] = (struct range){ first, first + (uint32_t)segment->text_octets };
}

struct damage_wish peer_damage(const struct peer *peer, const struct peer_link *link, const struct rung_segment *rung)
{
    return (struct damage_wish){
        .kind            = rung->corrupt,
        .set_data_offset = rung->data_offset != 0,
        .data_offset     = (uint8_t)peer_value(peer, link, rung->data_offset),
        .reserved        = (uint8_t)peer_value(peer, link, rung->reserved),
    };
}

/* The target may believe an ACK only of what it sent. */
static bool acknowledges_wisely(const struct peer *peer, const struct segment *segment)
{
    const struct shadow_end *target = &peer->shadow.target;

    return target->any_seen && seq_before_eq(segment->ack, target->nxt) && seq_before_eq(target->iss, segment->ack);
}

void peer_sent(struct peer *peer, const struct segment *segment, const struct tcp_options *options, bool believed)
{
    const struct shadow_end *own    = &peer->shadow.peer;
    const struct shadow_end *target = &peer->shadow.target;

    peer->seg_seq = segment->seq;
    peer->seg_ack = segment->ack;
    peer->seg_end = segment->seq + segment_length(segment);
    if (!believed || (segment->flags & RST))
        return;
    if (segment->flags & SYN)
        peer->syn_sent = true;
    struct segment seen = *segment;

    /* Such a segment is dropped, its FIN with it. */
    if ((segment->flags & ACK) && !acknowledges_wisely(peer, segment))
        seen.flags = (uint8_t)(seen.flags & ~(ACK | FIN));
    bool held = peer->fin_held && target->fin_seen && seq_before(target->fin_seq, segment->ack);
    if (held && (seen.flags & ACK)) {
        peer->fin_held = false;
        peer->accepted = segment->ack;
    }
    /* A SYN on a synchronized connection is a stimulus; the peer's control block has had its own. */
    if ((seen.flags & SYN) && own->syn_seen && segment->seq != own->iss)
        return;
    shadow_sees(&peer->shadow, false, &seen, options);
    peer->window_field = segment->window;
    if (options->has_timestamps && seq_before(peer->tsval, options->tsval))
        peer->tsval = options->tsval;
}

size_t peer_icmp(const struct peer *peer, const struct peer_link *link, const struct message *message, const uint8_t *quoted,
                 size_t quoted_octets, uint8_t *packet, size_t room)
{
    uint8_t made[128];

    if (quoted == NULL) {
        struct segment never_sent = { .source           = link->target,
                                      .destination      = link->tester,
                                      .source_port      = peer->target_port,
                                      .destination_port = peer->port,
                                      .seq   = peer_value(peer, link, message->quotes != 0 ? message->quotes : SND_UNA),
                                      .ack   = peer->shadow.target.ack,
                                      .flags = ACK };

        quoted        = made;
        quoted_octets = segment_encode(&never_sent, made, sizeof made);
    }
    return icmp_error_encode(message->kind, peer_value(peer, link, message->mtu), &link->tester, quoted, quoted_octets, packet,
                             room);
}

/* ---- receiving --------------------------------------------------------------------------------------------------------- */

/* What of the segment lies inside the window that we offered, and in order, is accepted: the default ACK moves over it. */
static void accept_octets(struct peer *peer, const struct segment *segment)
{
    const struct shadow_end *own  = &peer->shadow.peer;
    uint32_t                 from = segment->seq, to = segment->seq + segment_length(segment);

    if (segment->flags & RST)
        return;
    if (segment->flags & SYN) {
        peer->accepted = segment->seq + 1;
        peer->accepts  = true;
        return;
    }
    if (!peer->accepts || seq_before(peer->accepted, from) || seq_before_eq(to, peer->accepted))
        return;
    bool has_fin = (segment->flags & FIN) != 0;

    if (has_fin)
        to--;
    if (own->ack_seen && seq_before(own->right_edge, to)) {
        to      = own->right_edge;
        has_fin = false;
    }
    if (seq_before(peer->accepted, to))
        peer->accepted = to;
    if (has_fin && !peer->fin_held && peer->accepted == to)
        peer->accepted = to + 1;
}

void peer_takes(struct peer *peer, const struct segment *segment, const struct tcp_options *options)
{
    accept_octets(peer, segment);
    shadow_sees(&peer->shadow, true, segment, options);
    if (peer->target_port == 0)
        peer->target_port = segment->source_port;
}
