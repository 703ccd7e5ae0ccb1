#include "inside.h"

struct connection *current(struct player *player)
{
    return &player->scene.connections[player->scene.current];
}

uint32_t value_of(const struct player *player, const struct connection *connection, term packed)
{
    return peer_value(&connection->peer, &player->link, packed);
}

bool bound_holds(enum bound bound, uint32_t seen, uint32_t limit)
{
    if (bound == BOUND_AT_LEAST)
        return seen >= limit;
    if (bound == BOUND_AT_MOST)
        return seen <= limit;
    return seen == limit;
}

enum state state_shown(const struct player *player, const struct connection *connection)
{
    return peer_state_shown(&connection->peer, !player->reserved);
}
