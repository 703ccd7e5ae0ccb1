#include <string.h>

#include "inside.h"

struct connection *current(struct player *player)
{
    return &player->scene.connections[player->scene.current];
}

static uint8_t family_of(const struct player *player)
{
    return player->target->address.family;
}

/* Octets of IP and TCP headers without options. */
static uint32_t headers_of(const struct player *player)
{
    return family_of(player) == 6 ? 60 : 40;
}

uint32_t target_segment_limit(const struct player *player, const struct connection *connection)
{
    uint32_t limit = shadow_mss(&connection->shadow.peer, family_of(player));

    if (connection->path_mtu != 0 && connection->path_mtu - headers_of(player) < limit)
        limit = connection->path_mtu - headers_of(player);
    return limit;
}

uint32_t peer_segment_limit(const struct player *player, const struct connection *connection)
{
    uint32_t limit   = shadow_mss(&connection->shadow.target, family_of(player));
    uint32_t link    = player->target->mtu - headers_of(player);
    uint32_t options = shadow_timestamps(&connection->shadow) ? 12 : 0;

    return (limit < link ? limit : link) - options;
}

uint32_t rcv_nxt(const struct connection *connection)
{
    uint32_t shown = connection->shadow.target.ack;

    return connection->lent && seq_before(shown, connection->lent_to) ? connection->lent_to : shown;
}

/* Whether octets that differ from the stream's were sent for this place in it (filler OTHER). */
bool may_differ(const struct connection *connection, uint64_t position)
{
    for (unsigned i = 0; i < connection->other_count; i++)
        if (position >= connection->others[i].from && position < connection->others[i].to)
            return true;
    return false;
}

static uint32_t base_value(const struct player *player, const struct connection *connection, enum base base)
{
    const struct shadow_end *target = &connection->shadow.target, *peer = &connection->shadow.peer;

    switch (base) {
    case BASE_RCV_NXT:
        return rcv_nxt(connection);
    case BASE_SND_UNA:
        return peer->ack_seen ? peer->ack : target->iss;
    case BASE_SND_NXT:
        return target->nxt;
    case BASE_ISS:
        return target->iss;
    case BASE_IRS:
        return connection->irs;
    case BASE_SEG_SEQ:
        return connection->seg_seq;
    case BASE_SEG_ACK:
        return connection->seg_ack;
    case BASE_SEG_END:
        return connection->seg_end;
    case BASE_TS_RECENT:
        return target->tsecr;
    case BASE_TS_FIRST:
        return connection->tsval_first;
    case BASE_TS_LAST:
        return target->tsval;
    case BASE_DEFAULT_MSS:
        return family_of(player) == 6 ? 1220 : 536;
    default:
        return 0;
    }
}

uint32_t value_of(const struct player *player, const struct connection *connection, term packed)
{
    struct term_parts parts = term_take_apart(packed);
    int64_t           value = base_value(player, connection, parts.base);

    value += parts.offset;
    value += (int64_t)parts.lengths[LENGTH_RCV_WND] * connection->shadow.target.window;
    value += (int64_t)parts.lengths[LENGTH_SND_WND] * connection->shadow.peer.window_max;
    value += (int64_t)parts.lengths[LENGTH_SMSS] * target_segment_limit(player, connection);
    value += (int64_t)parts.lengths[LENGTH_RMSS] * peer_segment_limit(player, connection);
    return (uint32_t)value;
}

/* A fixed function of seed, direction and place in the stream: what was sent at a sequence number is known for ever, and no
 * two places nearby look alike. */
uint8_t stream_octet(uint64_t seed, bool from_target, uint32_t position)
{
    uint64_t mixed = (seed * 2 + from_target + 1) * 0x9e3779b97f4a7c15u + position;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (uint8_t)(mixed >> 56);
}

bool bound_holds(enum bound bound, uint32_t seen, uint32_t limit)
{
    if (bound == BOUND_AT_LEAST)
        return seen >= limit;
    if (bound == BOUND_AT_MOST)
        return seen <= limit;
    return seen == limit;
}

/* The state that the target must be in, told from who sent and who acknowledged which SYN and FIN. */
enum state state_shown(const struct player *player, const struct connection *connection)
{
    const struct shadow_end *target = &connection->shadow.target, *peer = &connection->shadow.peer;

    if (!connection->syn_sent && !target->syn_seen)
        return player->reserved ? CLOSED : LISTEN;
    if (!connection->syn_sent)
        return SYN_SENT;
    if (!target->syn_seen)
        return LISTEN;
    if (!peer->ack_seen || seq_before_eq(peer->ack, target->iss))
        return SYN_RECEIVED;

    bool target_closed = target->fin_seen;
    bool fin_acked     = target_closed && seq_before(target->fin_seq, peer->ack);
    bool peer_closed   = peer->fin_seen && target->ack_seen && seq_before(peer->fin_seq, target->ack);

    if (!target_closed)
        return peer_closed ? CLOSE_WAIT : ESTABLISHED;
    if (!peer_closed)
        return fin_acked ? FIN_WAIT_2 : FIN_WAIT_1;
    if (fin_acked)
        return TIME_WAIT;
    return seq_before(target->fin_seq, target->seq_lately) ? CLOSING : LAST_ACK;
}
