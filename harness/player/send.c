#include <stdlib.h>
#include <string.h>

#include "inside.h"

enum { INITIAL_WINDOW = 65535, PACKET_MOST = 65535 };

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
    return connection->peer.port * 2654435761u + (uint32_t)(player->target->now_us(player->target->self) / 4);
}

/* A connection gets its listener at the target and its numbers before its first segment leaves. */
enum outcome connection_ready(struct player *player, struct connection *connection)
{
    if (connection->in_use)
        return THROUGH;
    if (!player->reserved && connection->peer.target_port == 0) {
        if (listen_once(player) != THROUGH)
            return NOT_THROUGH;
    }
    if (connection->peer.target_port == 0)
        connection->peer.target_port = player->listener_port;
    connection->in_use            = true;
    connection->app_reads         = true;
    connection->peer.window_field = INITIAL_WINDOW;
    connection->peer.tsval        = random_number(player) & 0x3fffffff;
    connection->peer.tsval_first  = connection->peer.tsval;
    if (!connection->peer.irs_known) {
        connection->peer.irs       = initial_number(player, connection);
        connection->peer.irs_known = true;
    }
    return THROUGH;
}

/* ---- the segment of a PEER rung ---------------------------------------------------------------------------------------- */

static bool is_damaged(const struct damage_wish *wish)
{
    return wish->kind != UNDAMAGED || wish->set_data_offset;
}

/* What a rung counts from RCV_NXT, without RCV_WND, is meant to lie inside the window. In a smaller one the segment would be
 * another stimulus than the case is about. */
static bool outgrows_window(const struct connection *connection, const struct rung_segment *rung, const struct segment *segment)
{
    const struct shadow_end *target = &connection->peer.shadow.target;
    struct term_parts        parts  = term_take_apart(rung->seq);
    uint32_t                 first  = segment->seq - peer_rcv_nxt(&connection->peer);
    bool                     counts = rung->seq == 0 || (parts.base == BASE_RCV_NXT && parts.lengths[LENGTH_RCV_WND] == 0);

    if (!counts || !target->ack_seen || (segment->flags & SYN) || (int32_t)first < 0)
        return false;
    uint32_t last = first + segment_length(segment) + (first > 0 && segment_length(segment) == 0 ? 1 : 0);

    return last > target->ack + target->window - peer_rcv_nxt(&connection->peer);
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

/* A segment of an input of the fuzzer's may be larger than a packet of the link. */
static void cut_to_fit(struct player *player, struct segment *segment)
{
    size_t headers = (segment->source.family == 6 ? 40u : 20u) + 20 + (segment->option_octets + 3) / 4 * 4;
    size_t most    = player->target->mtu > headers ? player->target->mtu - headers : 0;

    if (segment->text_octets > player->options.text_most)
        segment->text_octets = player->options.text_most;
    if (segment->text_octets <= most)
        return;
    note_remark(player, "cut: the link carries %zu octets of it", most);
    segment->text_octets = most;
}

enum outcome send_segment(struct player *player, const struct rung_segment *rung)
{
    struct connection *connection = current(player);
    struct error       error      = { "" };
    struct segment     segment;
    struct tcp_options options;

    if (connection_ready(player, connection) != THROUGH)
        return NOT_THROUGH;
    peer_segment(&connection->peer, &player->link, rung, &segment, &options);
    if (rung->from == FROM_LOOPBACK && ip_address_equal(&segment.source, &player->link.tester))
        return give_up(player, VERDICT_SKIP, "on loopback that address is the tester's own: another host can be asked");
    if (player->options.text_most > 0)
        cut_to_fit(player, &segment);
    else if (outgrows_window(connection, rung, &segment))
        return give_up(player, VERDICT_INCONCLUSIVE, "the target's window of %u octets is too small for this segment",
                       connection->peer.shadow.target.window);
    if (segment.text_octets > PACKET_MOST)
        return give_up(player, VERDICT_ERROR, "no packet holds a segment with %zu octets of text", segment.text_octets);
    uint8_t *text = malloc(segment.text_octets + 1);

    if (text == NULL)
        return give_up(player, VERDICT_ERROR, "out of memory");
    peer_text(&connection->peer, &player->link, rung, &segment, text);
    segment.text            = text;
    struct damage_wish wish = peer_damage(&connection->peer, &player->link, rung);

    watch_lateness(player);
    if (!player->target->deliver(player->target->self, &segment, &wish, &error)) {
        free(text);
        return give_up(player, VERDICT_ERROR, "%s", error.sentence);
    }
    bool believed = !is_damaged(&wish) && rung->from == FROM_PEER;

    log_sent(player, &segment, player->scene.current, !believed);
    peer_sent(&connection->peer, &segment, &options, believed);
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
    const struct peer   *peer       = &connection->peer;
    struct error         error      = { "" };
    term                 quotes     = step->message.quotes != 0 ? step->message.quotes : SND_UNA;
    const struct record *quoted     = segment_sent_at(player, connection, peer_value(peer, &player->link, quotes));
    uint8_t              packet[1500];
    size_t               size = peer_icmp(peer, &player->link, &step->message, quoted != NULL ? quoted->octets : NULL,
                            quoted != NULL ? quoted->count : 0, packet, sizeof packet);

    if (size == 0)
        return give_up(player, VERDICT_SKIP, "this ICMP message does not exist over IPv%u", player->target->address.family);
    if (!player->target->deliver_packet(player->target->self, packet, size, &error))
        return give_up(player, VERDICT_ERROR, "%s", error.sentence);
    if (step->message.kind == PACKET_TOO_BIG)
        connection->peer.path_mtu = peer_value(peer, &player->link, step->message.mtu);
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

        if (!connection->in_use || connection->peer.target_port == 0 || connection->peer.shadow.target.rst_seen)
            continue;
        const struct shadow_end *target = &connection->peer.shadow.target;
        uint32_t                 seq    = target->ack_seen ? target->ack : connection->peer.irs + 1;

        for (size_t k = 0; k < player->log_count; k++) {
            const struct segment *seen = &player->log[k].packet.segment;

            if (player->log[k].connection == (int)i && player->log[k].from_target && (seen->flags & ACK) &&
                seq_before(seq, seen->ack))
                seq = seen->ack;
        }
        struct rung_segment reset = { .flags = RST | ACK, .seq = ZERO + seq, .ack = SND_NXT };
        struct segment      segment;
        struct tcp_options  options;

        peer_segment(&connection->peer, &player->link, &reset, &segment, &options);
        player->target->deliver(player->target->self, &segment, NULL, &error);
    }
    /* On a wire the capture must have these too before it closes; what they draw is nobody's concern. */
    log_drain(player);
}
