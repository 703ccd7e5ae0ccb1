#include "host/probe.h"

#include <string.h>
#include <sys/random.h>

enum {
    CANDIDATES      = 8,
    CANDIDATES_FROM = 20000,
    CANDIDATES_TO   = 60000,
    LOCAL_FROM      = 512,
    LOCAL_TO        = 1024,
    WINDOW          = 65535,
    OUR_TSVAL       = 1000
};

/* SEQ of a probe: decided when its block was opened, so that a reset needs no memory of it. */
static uint32_t first_seq(const struct port_block *block, unsigned which)
{
    return (block->first_port + which) * 2654435761u + block->clock;
}

static bool send_flags(const struct stand *stand, struct port_block *block, unsigned which, uint16_t port, uint8_t flags,
                       uint32_t seq, uint32_t ack, bool features, struct error *error)
{
    struct segment     segment = { .source           = stand->source,
                                   .destination      = stand->path.target,
                                   .source_port      = (uint16_t)(block->first_port + which),
                                   .destination_port = port,
                                   .seq              = seq,
                                   .ack              = ack,
                                   .flags            = flags,
                                   .window           = WINDOW };
    struct tcp_options options = { .has_mss = true,
                                   .mss     = (uint16_t)(stand->path.mtu - (stand->source.family == 6 ? 60 : 40)) };

    if (features) {
        options.sack_permitted = options.has_timestamps = options.has_window_scale = true;
        options.tsval                                                              = OUR_TSVAL;
        segment.flags |= ECE | CWR;
    }
    if (flags & SYN)
        segment.option_octets = tcp_options_build(&options, segment.options);
    return wire_deliver(block->wire, &segment, NULL, error);
}

bool probe_reset(const struct stand *stand, struct port_block *block, unsigned which, uint16_t port, struct error *error)
{
    return send_flags(stand, block, which, port, RST, first_seq(block, which) + 1, 0, false, error);
}

/* ---- what came -------------------------------------------------------------------------------------------------------- */

/* Whether it ends the waiting. */
static bool note_packet(const struct arrival *arrival, uint16_t own_port, uint16_t port, uint64_t sent_us,
                        struct sighting_of_port *seen)
{
    struct packet packet;

    packet_decode(arrival->octets, arrival->count, &packet);
    if (packet.kind == PACKET_ICMP_ERROR && arrival->from_target && packet.segment.source_port == own_port) {
        seen->state     = PORT_PROHIBITED;
        seen->icmp_type = packet.icmp_type;
        seen->icmp_code = packet.icmp_code;
        return true;
    }
    if (packet.kind != PACKET_TCP)
        return false;
    if (!arrival->from_target) {
        seen->foreign_resets += packet.segment.source_port == own_port && (packet.segment.flags & RST) != 0;
        return false;
    }
    if (packet.segment.destination_port != own_port || packet.segment.source_port != port)
        return false;
    bool open = (packet.segment.flags & (SYN | ACK | RST)) == (SYN | ACK);

    if (!open && !(packet.segment.flags & RST))
        return false;
    seen->state         = open ? PORT_OPEN : PORT_CLOSED;
    seen->round_trip_us = arrival->time_us > sent_us ? arrival->time_us - sent_us : 0;
    seen->iss           = packet.segment.seq;
    seen->sums          = packet_sum(&packet);
    seen->ecn           = (packet.segment.flags & (ECE | CWR)) == ECE;
    tcp_options_parse(packet.segment.options, packet.segment.option_octets, &seen->options);
    return true;
}

/* Reads until something ends the waiting. *sent_us moves to when our SYN was captured. */
static bool watch(struct port_block *block, unsigned which, uint16_t port, uint64_t until_us, uint64_t *sent_us,
                  struct sighting_of_port *seen, struct error *error)
{
    struct arrival arrival;

    for (;;) {
        enum wait_result result = wire_next(block->wire, until_us, &arrival, error);

        if (result != WAIT_ARRIVAL)
            return result == WAIT_DEADLINE;
        uint16_t own = (uint16_t)(block->first_port + which);

        if (!arrival.from_target && seen->state == PORT_NOT_PROBED)
            *sent_us = arrival.time_us;
        if (note_packet(&arrival, own, port, *sent_us, seen))
            return true;
    }
}

bool probe_port(const struct stand *stand, struct port_block *block, unsigned which, const struct probe_wish *wish,
                struct sighting_of_port *seen, struct error *error)
{
    *seen = (struct sighting_of_port){ .state = PORT_NOT_PROBED };
    while (seen->tries < wish->tries && seen->state == PORT_NOT_PROBED) {
        uint64_t sent_us = wire_now_us();

        seen->tries++;
        if (!send_flags(stand, block, which, wish->port, SYN, first_seq(block, which), 0, wish->features, error) ||
            !watch(block, which, wish->port, sent_us + wish->wait_us, &sent_us, seen, error))
            return false;
    }
    if (seen->state == PORT_NOT_PROBED)
        seen->state = PORT_SILENT;
    if (seen->state != PORT_OPEN)
        return true;
    uint64_t now_us = wire_now_us();

    if (wish->linger_us > 0 && !watch(block, which, 0, now_us + wish->linger_us, &now_us, seen, error))
        return false;
    if (wish->keep)
        return send_flags(stand, block, which, wish->port, ACK, first_seq(block, which) + 1, seen->iss + 1, false, error);
    return probe_reset(stand, block, which, wish->port, error);
}

/* ---- a closed port ---------------------------------------------------------------------------------------------------- */

/* On this host itself, below all that testers speak from: another run's guard would be silent. */
static void choose_candidates(bool local, uint16_t ports[CANDIDATES])
{
    unsigned from = local ? LOCAL_FROM : CANDIDATES_FROM, to = local ? LOCAL_TO : CANDIDATES_TO;

    if (getrandom(ports, CANDIDATES * sizeof *ports, 0) != (ssize_t)(CANDIDATES * sizeof *ports))
        memset(ports, 0, CANDIDATES * sizeof *ports);
    for (unsigned i = 0; i < CANDIDATES; i++)
        ports[i] = (uint16_t)(from + (ports[i] + i) % (to - from));
}

uint16_t probe_closed_port(const struct stand *stand, struct port_block *block, uint64_t wait_us, struct error *error)
{
    uint16_t ports[CANDIDATES];

    choose_candidates(stand->path.local, ports);
    for (unsigned i = 0; i < CANDIDATES; i++) {
        struct probe_wish       wish = { .port = ports[i], .tries = 1, .wait_us = wait_us };
        struct sighting_of_port seen;

        if (!probe_port(stand, block, TESTER_PORTS - 1 - i, &wish, &seen, error))
            return 0;
        if (seen.state == PORT_CLOSED)
            return ports[i];
        if (seen.state == PORT_SILENT && i >= 1)
            return 0; /* a firewall drops such SYNs: the others would fare no better */
    }
    return 0;
}
