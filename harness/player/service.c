#include <stdio.h>

#include "derive.h"
#include "inside.h"

/* What each service does of itself. A listener that nobody knows is believed nothing. */
struct traits {
    bool opens; /* actively, and nothing else */
    bool sends; /* a given number of octets, when it is given as many */
    bool shows; /* what it read */
    bool waits; /* silent until it is spoken to, and stays open */
    bool takes; /* any octets, without a word or a close in reply */
};

static const struct traits traits_of[SERVICES] = {
    [SERVICE_ECHO]     = { .sends = true, .shows = true, .waits = true, .takes = true },
    [SERVICE_DISCARD]  = { .waits = true, .takes = true },
    [SERVICE_CHARGEN]  = { .takes = true },
    [SERVICE_HTTP]     = { .waits = true },
    [SERVICE_CONNECTS] = { .opens = true, .waits = true, .takes = true },
};

/* What a service cannot do that this case needs, as a part of a sentence; NULL if nothing. */
const char *service_lacks(enum service service, const struct ladder_case *ladder, enum state each)
{
    struct needs         needs  = needs_of(ladder, each);
    const struct traits *traits = &traits_of[service];

    if (service == SERVICE_NONE)
        return NULL;
    if (needs.opens != traits->opens)
        return needs.opens ? "open a connection actively" : "be connected to";
    if (needs.calls)
        return "make user calls";
    if (needs.stays)
        return "go on after the peer's FIN";
    if (needs.told)
        return "tell what it was told";
    if (needs.sends && !traits->sends)
        return "send a given number of octets";
    if (needs.reads && !traits->shows)
        return "show what it read";
    if (needs.establishes && !traits->waits)
        return "be relied on to wait for the peer in silence";
    return needs.texts && !traits->takes ? "take any octets and go on" : NULL;
}

/* Of the services that stand at the target, the first that allows this case; else the one that connects where that is what the
 * case needs; else the first. */
enum service service_for(unsigned services, const struct ladder_case *ladder, enum state each)
{
    enum service first = SERVICE_NONE;

    for (int service = SERVICES - 1; service > SERVICE_NONE; service--)
        if (services & 1u << service)
            first = (enum service)service;
    for (int service = SERVICE_ECHO; service < SERVICES; service++)
        if ((services & 1u << service) && service_lacks((enum service)service, ladder, each) == NULL)
            return (enum service)service;
    return (services & 1u << SERVICE_CONNECTS) && needs_of(ladder, each).opens ? SERVICE_CONNECTS : first;
}

/* Whether a connection can be held to it: it neither speaks nor closes by itself. */
bool service_waits(enum service service)
{
    return service == SERVICE_NONE || traits_of[service].waits;
}

/* What would make a case possible that a service does not allow. */
const char *service_wanted(const struct ladder_case *ladder, enum state each)
{
    if (service_lacks(SERVICE_DISCARD, ladder, each) == NULL)
        return "--service discard or echo would allow it";
    if (service_lacks(SERVICE_ECHO, ladder, each) == NULL)
        return "--service echo would allow it";
    if (service_lacks(SERVICE_CONNECTS, ladder, each) == NULL)
        return "user calls would allow it: leave --service out, and on a HOST give --agent or --connect-cmd";
    return "user calls would allow it: leave --service out, and on a HOST give --agent";
}

bool play_lacks_service(const struct ladder_case *ladder, enum state each, const struct play_options *options, char *sentence,
                        size_t room)
{
    enum service service = options->services != 0 ? service_for(options->services, ladder, each) : options->service;
    const char  *lacks   = service_lacks(service, ladder, each);

    if (lacks == NULL)
        return false;
    snprintf(sentence, room, "%s cannot %s: %s",
             service == SERVICE_UNKNOWN    ? "what listens there is unknown and"
             : service == SERVICE_CONNECTS ? "what --connect-cmd starts"
                                           : "the target's application is a service that",
             lacks, service_wanted(ladder, each));
    return true;
}

/* The octet that the target's application was given for this place in its stream; false where that is not known. */
bool target_octet(const struct player *player, const struct connection *connection, uint32_t position, uint8_t *octet)
{
    switch (player->options.service) {
    case SERVICE_NONE:
        *octet = stream_octet(player->options.seed, true, position);
        return position < connection->app_sent;
    case SERVICE_ECHO:
        *octet = stream_octet(player->options.seed, false, position);
        return !peer_may_differ(&connection->peer, position);
    default:
        return false;
    }
}

/* What an application reads at once it sends back at once: pieces that fill whole segments of the target's leave no rest that
 * waits for an ACK (RFC 9293 3.7.4, Nagle) which a case holds back. */
static uint32_t piece_for_echo(const struct player *player, const struct connection *connection)
{
    uint32_t ours   = peer_own_limit(&connection->peer, &player->link);
    uint32_t theirs = peer_target_limit(&connection->peer, &player->link);

    return theirs > 0 && theirs < ours ? ours - ours % theirs : ours;
}

/* APP (SEND) through echo: we send the octets that are to come back, and acknowledge nothing by the way. */
enum outcome send_for_echo(struct player *player, uint32_t octets)
{
    struct connection *connection = current(player);
    uint32_t           at         = peer_rcv_nxt(&connection->peer);
    uint32_t           end        = at + octets;
    uint32_t           edge       = connection->peer.shadow.target.ack + connection->peer.shadow.target.window;

    if (seq_before(edge, end))
        return give_up(player, VERDICT_INCONCLUSIVE, "the window of %u octets is too small to have %u octets echoed",
                       connection->peer.shadow.target.window, octets);
    while (at != end) {
        uint32_t            most    = piece_for_echo(player, connection);
        uint32_t            size    = end - at < most ? end - at : most;
        struct rung_segment segment = { .flags = ACK, .seq = ZERO + at, .ack = SND_UNA, .len = ZERO + size };

        if (send_segment(player, &segment) != THROUGH)
            return NOT_THROUGH;
        at += size;
        connection->peer.lent    = true;
        connection->peer.lent_to = at;
    }
    return THROUGH;
}

/* Octets that an echo service has acknowledged and not sent back. */
uint32_t echo_owed(const struct player *player, const struct connection *connection)
{
    const struct shadow_end *target = &connection->peer.shadow.target, *peer = &connection->peer.shadow.peer;

    if (player->options.service != SERVICE_ECHO || !target->syn_seen || !target->ack_seen || target->fin_seen ||
        target->rst_seen)
        return 0;
    uint32_t taken = target->ack - connection->peer.irs - 1;

    if (peer->fin_seen && seq_before(peer->fin_seq, target->ack))
        taken--;
    return taken - (target->nxt - target->iss - 1);
}

/* APP_SEES (DATA): what the application read is what it sends back, and coming to rest has compared every octet of it. */
enum outcome sees_echo(struct player *player, const struct step *step)
{
    struct connection *connection = current(player);
    uint64_t           began      = connection->app_judged;
    uint32_t           at_least   = value_of(player, connection, step->notice.octets);
    char               expected[80], actual[80];

    if (come_to_rest(player) != THROUGH)
        return NOT_THROUGH;
    connection->app_judged = connection->peer.shadow.target.nxt - connection->peer.shadow.target.iss - 1;
    snprintf(expected, sizeof expected, "%u octets are echoed", at_least);
    snprintf(actual, sizeof actual, "%llu were", (unsigned long long)(connection->app_judged - began));
    if (connection->app_judged - began < at_least)
        return fail(player, step, true, expected, actual, "fewer than %u octets came back", at_least);
    return THROUGH;
}
