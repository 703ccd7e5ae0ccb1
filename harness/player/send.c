#include <stdlib.h>
#include <string.h>

#include "inside.h"

enum { INITIAL_WINDOW = 65535 };

static uint32_t random_number(struct player *player)
{
    player->random = player->random * 1664525u + 1013904223u;
    return player->random ^ (player->random >> 16);
}

/* RFC 9293 3.4.1: on a wire a 4-tuple may come back in a later run, while the target still remembers the last connection on it.
 * So our numbers follow a clock, and a SYN is new to it (RFC 6191). */
static uint32_t initial_number(struct player *player, const struct connection *connection)
{
    uint32_t random = random_number(player);

    if (player->target->virtual_time)
        return random;
    return connection->peer_port * 2654435761u + (uint32_t)(player->target->now_us(player->target->self) / 4);
}

/* A connection gets its listener at the target and its numbers before its first segment leaves. */
enum outcome connection_ready(struct player *player, struct connection *connection)
{
    if (connection->in_use)
        return THROUGH;
    if (!player->reserved && connection->target_port == 0) {
        if (listen_once(player) != THROUGH)
            return NOT_THROUGH;
    }
    if (connection->target_port == 0)
        connection->target_port = player->listener_port;
    connection->in_use       = true;
    connection->app_reads    = true;
    connection->window_field = INITIAL_WINDOW;
    connection->tsval        = random_number(player) & 0x3fffffff;
    connection->tsval_first  = connection->tsval;
    if (!connection->irs_known) {
        connection->irs       = initial_number(player, connection);
        connection->irs_known = true;
    }
    return THROUGH;
}

/* ---- the segment of a PEER rung ---------------------------------------------------------------------------------------- */

static bool wanted(term packed)
{
    return packed != 0 && !term_is(packed, BASE_ABSENT);
}

static void fill_sack(const struct player *player, const struct connection *connection, const struct rung_segment *rung,
                      struct tcp_options *options)
{
    for (unsigned i = 0; i < 4 && rung->sack[i].left != 0; i++) {
        options->sack[i].left  = value_of(player, connection, rung->sack[i].left);
        options->sack[i].right = value_of(player, connection, rung->sack[i].right);
        options->sack_blocks   = i + 1;
    }
}

static struct tcp_options options_for(const struct player *player, const struct connection *connection,
                                      const struct rung_segment *rung)
{
    struct tcp_options options = { 0 };
    bool               syn     = (rung->flags & SYN) != 0;
    uint16_t           largest = (uint16_t)(player->target->mtu - (player->target->address.family == 6 ? 60 : 40));

    if (wanted(rung->mss) || (syn && rung->mss == 0)) {
        options.has_mss = true;
        options.mss     = rung->mss == 0 ? largest : (uint16_t)value_of(player, connection, rung->mss);
    }
    if (wanted(rung->wscale)) {
        options.has_window_scale = true;
        options.window_scale     = (uint8_t)value_of(player, connection, rung->wscale);
    }
    options.sack_permitted = wanted(rung->sack_permitted);
    bool agreed            = shadow_timestamps(&connection->shadow) && !syn && !(rung->flags & RST);
    if (wanted(rung->tsval) || (agreed && rung->tsval == 0)) {
        options.has_timestamps = true;
        options.tsval          = rung->tsval == 0 ? connection->tsval : value_of(player, connection, rung->tsval);
        options.tsecr          = connection->shadow.target.tsval;
        if (wanted(rung->tsecr))
            options.tsecr = value_of(player, connection, rung->tsecr);
    }
    fill_sack(player, connection, rung, &options);
    return options;
}

static void fill_addresses(const struct player *player, const struct connection *connection, enum place from,
                           struct segment *segment)
{
    const struct target *target = player->target;

    segment->source           = target->tester;
    segment->source_port      = connection->peer_port;
    segment->destination      = target->address;
    segment->destination_port = connection->target_port;
    if (from == FROM_TARGET) {
        segment->source      = target->address;
        segment->source_port = connection->target_port;
    } else if (from == FROM_BROADCAST) {
        memset(segment->source.octets, 0xff, 16);
    } else if (from == FROM_MULTICAST) {
        bool six = target->address.family == 6;

        memset(segment->source.octets, 0, 16);
        segment->source.octets[0]            = six ? 0xff : 224;
        segment->source.octets[1]            = six ? 0x02 : 0;
        segment->source.octets[six ? 15 : 3] = 1;
    } else if (from == FROM_LOOPBACK) {
        bool six = target->address.family == 6;

        memset(segment->source.octets, 0, 16);
        segment->source.octets[0]            = six ? 0 : 127;
        segment->source.octets[six ? 15 : 3] = 1;
    }
}

static void fill_numbers(const struct player *player, const struct connection *connection, const struct rung_segment *rung,
                         struct segment *segment)
{
    const struct shadow_end *target = &connection->shadow.target;

    segment->flags = (uint8_t)(rung->flags & 0xff);
    if (rung->seq != 0)
        segment->seq = value_of(player, connection, rung->seq);
    else if ((rung->flags & SYN) || !target->ack_seen)
        segment->seq = connection->irs + (rung->flags & SYN || !connection->syn_sent ? 0 : 1);
    else
        segment->seq = rcv_nxt(connection);
    if (rung->ack != 0)
        segment->ack = value_of(player, connection, rung->ack);
    else if (rung->flags & ACK)
        segment->ack = connection->accepts ? connection->accepted : 0;
    segment->window         = rung->wnd != 0 ? (uint16_t)value_of(player, connection, rung->wnd) : connection->window_field;
    segment->urgent_pointer = rung->up != 0 ? (uint16_t)value_of(player, connection, rung->up) : 0;
    segment->text_octets    = rung->len != 0 ? value_of(player, connection, rung->len) : 0;
}

static void fill_text(const struct player *player, struct connection *connection, const struct rung_segment *rung,
                      const struct segment *segment, uint8_t *text)
{
    uint32_t first = segment->seq + (segment->flags & SYN ? 1 : 0) - connection->irs - 1;

    for (uint32_t i = 0; i < segment->text_octets; i++) {
        text[i] = stream_octet(player->options.seed, false, first + i);
        if (rung->fill == OTHER)
            text[i] ^= 0xff;
    }
    if (rung->fill == OTHER && connection->other_count < OTHER_RANGES)
        connection->others[connection->other_count++] = (struct range){ first, first + (uint32_t)segment->text_octets };
}

static struct damage_wish damage_for(const struct player *player, const struct connection *connection,
                                     const struct rung_segment *rung)
{
    return (struct damage_wish){
        .kind            = rung->corrupt,
        .set_data_offset = rung->data_offset != 0,
        .data_offset     = (uint8_t)value_of(player, connection, rung->data_offset),
        .reserved        = (uint8_t)value_of(player, connection, rung->reserved),
    };
}

static bool is_damaged(const struct damage_wish *wish)
{
    return wish->kind != UNDAMAGED || wish->set_data_offset;
}

/* ---- after it has left ------------------------------------------------------------------------------------------------- */

/* The target may believe an ACK only of what it sent. */
static bool acknowledges_wisely(const struct connection *connection, const struct segment *segment)
{
    const struct shadow_end *target = &connection->shadow.target;

    return target->any_seen && seq_before_eq(segment->ack, target->nxt) && seq_before_eq(target->iss, segment->ack);
}

static void remember_sent(struct player *player, struct connection *connection, const struct segment *segment,
                          const struct tcp_options *options, bool damaged)
{
    struct shadow_end *peer = &connection->shadow.peer;

    connection->seg_seq = segment->seq;
    connection->seg_ack = segment->ack;
    connection->seg_end = segment->seq + segment_length(segment);
    log_sent(player, segment, player->scene.current, damaged);
    if (damaged || (segment->flags & RST))
        return;
    if (segment->flags & SYN)
        connection->syn_sent = true;
    struct segment seen = *segment;

    /* Such a segment is dropped, its FIN with it. */
    if ((segment->flags & ACK) && !acknowledges_wisely(connection, segment))
        seen.flags = (uint8_t)(seen.flags & ~(ACK | FIN));
    bool held = connection->fin_held && connection->shadow.target.fin_seen &&
                seq_before(connection->shadow.target.fin_seq, segment->ack);
    if (held && (seen.flags & ACK)) {
        connection->fin_held = false;
        connection->accepted = segment->ack;
    }
    /* A SYN on a synchronized connection is a stimulus; the peer's control block has had its own. */
    if ((seen.flags & SYN) && peer->syn_seen && segment->seq != peer->iss)
        return;
    shadow_sees(&connection->shadow, false, &seen, options);
    connection->window_field = segment->window;
    if (options->has_timestamps && seq_before(connection->tsval, options->tsval))
        connection->tsval = options->tsval;
}

/* What a rung counts from RCV_NXT, without RCV_WND, is meant to lie inside the window. In a smaller one the segment would be
 * another stimulus than the case is about. */
static bool outgrows_window(const struct connection *connection, const struct rung_segment *rung, const struct segment *segment)
{
    const struct shadow_end *target = &connection->shadow.target;
    struct term_parts        parts  = term_take_apart(rung->seq);
    uint32_t                 first  = segment->seq - rcv_nxt(connection);
    bool                     counts = rung->seq == 0 || (parts.base == BASE_RCV_NXT && parts.lengths[LENGTH_RCV_WND] == 0);

    if (!counts || !target->ack_seen || (segment->flags & SYN) || (int32_t)first < 0)
        return false;
    uint32_t last = first + segment_length(segment) + (first > 0 && segment_length(segment) == 0 ? 1 : 0);

    return last > target->ack + target->window - rcv_nxt(connection);
}

/* On a wire the target's timers run while we dawdle: a rung that left far too late was not the case as written. */
static void watch_lateness(struct player *player)
{
    uint64_t now = player->target->now_us(player->target->self);

    if (player->target->virtual_time || !player->began || now < player->scene.time_us + LATE_MS * 1000)
        return;
    player->late       = true;
    player->late_by_us = now - player->scene.time_us;
}

enum outcome send_segment(struct player *player, const struct rung_segment *rung)
{
    struct connection *connection = current(player);
    struct segment     segment    = { 0 };
    struct error       error      = { "" };

    if (connection_ready(player, connection) != THROUGH)
        return NOT_THROUGH;
    fill_addresses(player, connection, rung->from, &segment);
    fill_numbers(player, connection, rung, &segment);
    if (outgrows_window(connection, rung, &segment))
        return give_up(player, VERDICT_INCONCLUSIVE, "the target's window of %u octets is too small for this segment",
                       connection->shadow.target.window);
    struct tcp_options options = options_for(player, connection, rung);

    segment.option_octets = tcp_options_build(&options, segment.options);
    if (rung->options.at != NULL) {
        segment.option_octets = rung->options.count < TCP_OPTIONS_MAX_OCTETS ? rung->options.count : TCP_OPTIONS_MAX_OCTETS;
        memcpy(segment.options, rung->options.at, segment.option_octets);
        tcp_options_parse(segment.options, segment.option_octets, &options);
    }
    uint8_t *text = malloc(segment.text_octets + 1);

    if (text == NULL)
        return give_up(player, VERDICT_ERROR, "out of memory");
    fill_text(player, connection, rung, &segment, text);
    segment.text            = text;
    struct damage_wish wish = damage_for(player, connection, rung);

    watch_lateness(player);
    if (!player->target->deliver(player->target->self, &segment, &wish, &error)) {
        free(text);
        return give_up(player, VERDICT_ERROR, "%s", error.sentence);
    }
    remember_sent(player, connection, &segment, &options, is_damaged(&wish) || rung->from != FROM_PEER);
    player->scene.time_us = player->log[player->log_count - 1].time_us;
    free(text);
    return THROUGH;
}

/* ---- ICMP -------------------------------------------------------------------------------------------------------------- */

static const struct record *segment_sent_at(const struct player *player, const struct connection *connection, uint32_t seq)
{
    int index = (int)(connection - player->scene.connections);

    for (size_t i = player->log_count; i-- > 0;) {
        const struct record *record = &player->log[i];

        if (record->from_target && record->connection == index && record->packet.segment.seq == seq)
            return record;
    }
    return NULL;
}

enum outcome send_icmp(struct player *player, const struct step *step)
{
    struct connection   *connection = current(player);
    struct error         error      = { "" };
    term                 quotes     = step->message.quotes != 0 ? step->message.quotes : SND_UNA;
    uint32_t             seq        = value_of(player, connection, quotes);
    const struct record *quoted     = segment_sent_at(player, connection, seq);
    uint8_t              packet[1500], made[128];
    const uint8_t       *octets = made;
    size_t               count;

    if (quoted != NULL) {
        octets = quoted->octets;
        count  = quoted->count;
    } else {
        struct segment never_sent = { .source           = player->target->address,
                                      .destination      = player->target->tester,
                                      .source_port      = connection->target_port,
                                      .destination_port = connection->peer_port,
                                      .seq              = seq,
                                      .ack              = connection->shadow.target.ack,
                                      .flags            = ACK };

        count = segment_encode(&never_sent, made, sizeof made);
    }
    uint32_t mtu  = value_of(player, connection, step->message.mtu);
    size_t   size = icmp_error_encode(step->message.kind, mtu, &player->target->tester, octets, count, packet, sizeof packet);

    if (size == 0)
        return give_up(player, VERDICT_SKIP, "this ICMP message does not exist over IPv%u", player->target->address.family);
    if (!player->target->deliver_packet(player->target->self, packet, size, &error))
        return give_up(player, VERDICT_ERROR, "%s", error.sentence);
    if (step->message.kind == PACKET_TOO_BIG)
        connection->path_mtu = mtu;
    player->scene.time_us = player->target->now_us(player->target->self);
    return THROUGH;
}

/* ---- cleaning up ------------------------------------------------------------------------------------------------------- */

/* vocabulary, rule 7: every connection is reset with the exact SEQ, which the latest ACK that came tells. */
void reset_everything(struct player *player)
{
    log_drain(player);
    for (unsigned i = 0; i < player->scene.count; i++) {
        struct connection *connection = &player->scene.connections[i];
        struct error       error;

        if (!connection->in_use || connection->target_port == 0 || connection->shadow.target.rst_seen)
            continue;
        struct segment segment = { .flags = RST | ACK };
        uint32_t       seq     = connection->shadow.target.ack_seen ? connection->shadow.target.ack : connection->irs + 1;

        for (size_t k = 0; k < player->log_count; k++) {
            const struct segment *seen = &player->log[k].packet.segment;

            if (player->log[k].connection == (int)i && player->log[k].from_target && (seen->flags & ACK) &&
                seq_before(seq, seen->ack))
                seq = seen->ack;
        }
        fill_addresses(player, connection, FROM_PEER, &segment);
        segment.seq = seq;
        segment.ack = connection->shadow.target.nxt;
        player->target->deliver(player->target->self, &segment, NULL, &error);
    }
    /* On a wire the capture must have these too before it closes; what they draw is nobody's concern. */
    log_drain(player);
}
