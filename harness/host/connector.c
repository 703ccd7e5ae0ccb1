#include "host/connector.h"

#include <stdio.h>

enum {
    COMES_US = 15000000, /* until the SYN is there: a command may have to log in somewhere first */
    QUIET_US = 300000,
    LOOK_US  = 20000,
    ENDS     = 3,
    WINDOW   = 4096
};

bool connector_asks(const struct command *command, const struct ip_address *address, uint16_t port, struct command *run,
                    struct error *error)
{
    char text[46], settings[COMMAND_SETTINGS_OCTETS];

    ip_address_print(address, text);
    snprintf(settings, sizeof settings, "TCPROVE_ADDRESS=%s\nTCPROVE_PORT=%u\n", text, port);
    return command_run_beside(command, settings, run, error);
}

/* The connection that comes. */
struct caller {
    const struct stand *stand;
    struct port_block  *block;
    uint16_t            port; /* the target's; 0: no SYN yet */
    uint32_t            iss, irs;
    uint64_t            answered_us;
    bool                connected, speaks, closes, reset;

    struct connector_sighting seen;
};

static bool send_flags(struct caller *caller, uint8_t flags, uint32_t seq, struct error *error)
{
    struct segment     segment = { .source           = caller->stand->source,
                                   .destination      = caller->stand->path.target,
                                   .source_port      = caller->block->first_port,
                                   .destination_port = caller->port,
                                   .seq              = seq,
                                   .flags            = flags,
                                   .window           = WINDOW };
    struct tcp_options options = { .has_mss = true,
                                   .mss     = (uint16_t)(caller->stand->path.mtu - (segment.source.family == 6 ? 60 : 40)) };

    if (flags & SYN)
        segment.option_octets = tcp_options_build(&options, segment.options);
    if (flags & ACK)
        segment.ack = caller->irs + 1;
    return wire_deliver(caller->block->wire, &segment, NULL, error);
}

static bool hear(struct caller *caller, const struct arrival *arrival, struct error *error)
{
    struct packet packet;

    if (packet_decode(arrival->octets, arrival->count, &packet) != PACKET_TCP)
        return true;
    const struct segment *segment = &packet.segment;

    if (!arrival->from_target) {
        if (segment->source_port == caller->block->first_port && (segment->flags & SYN) != 0)
            caller->answered_us = arrival->time_us;
        return true;
    }
    if (segment->destination_port != caller->block->first_port || (caller->port != 0 && segment->source_port != caller->port))
        return true;
    if (segment->flags & SYN) {
        caller->port        = segment->source_port;
        caller->irs         = segment->seq;
        caller->seen.sums   = packet_sum(&packet);
        caller->answered_us = arrival->time_us;
        return send_flags(caller, SYN | ACK, caller->iss, error);
    }
    if (caller->port == 0)
        return true;
    caller->reset = caller->reset || (segment->flags & RST) != 0;
    if (!(segment->flags & ACK) || caller->reset || segment->ack != caller->iss + 1)
        return true;
    if (!caller->connected)
        caller->seen.round_trip_us = arrival->time_us > caller->answered_us ? arrival->time_us - caller->answered_us : 0;
    caller->connected = true;
    caller->speaks    = caller->speaks || segment->text_octets > 0;
    caller->closes    = caller->closes || (segment->flags & FIN) != 0;
    return true;
}

static bool listen_until(struct caller *caller, uint64_t until_us, struct error *error)
{
    struct arrival arrival;

    for (;;) {
        enum wait_result result = wire_next(caller->block->wire, until_us, &arrival, error);

        if (result != WAIT_ARRIVAL)
            return result == WAIT_DEADLINE;
        if (!hear(caller, &arrival, error))
            return false;
    }
}

/* In short looks, since the command may end before anything comes. */
static bool wait_for_connection(struct caller *caller, const struct command *run, struct error *error)
{
    uint64_t end_us = wire_now_us() + COMES_US;
    bool     ended  = false;

    while (!caller->connected && !caller->reset) {
        if (!listen_until(caller, wire_now_us() + LOOK_US, error))
            return false;
        if (!ended && command_has_ended(run)) {
            struct error why;

            if (!command_answer(run, &why))
                return error_set(error, "--connect-cmd: %s", why.sentence);
            ended = true;
        }
        if (wire_now_us() > end_us)
            break;
    }
    if (caller->connected)
        return true;
    return error_set(error,
                     caller->port == 0
                         ? "--connect-cmd: no SYN came to port %u of this host within %d s: it has to connect to"
                           " $TCPROVE_ADDRESS, port $TCPROVE_PORT, from the target itself"
                         : "--connect-cmd: a SYN came to port %u of this host, and no ACK for the SYN,ACK within %d s: see that"
                           " the target's firewall lets it pass",
                     caller->block->first_port, COMES_US / 1000000);
}

static bool stays_quiet(struct caller *caller, struct error *error)
{
    if (!listen_until(caller, wire_now_us() + QUIET_US, error))
        return false;
    if (!caller->speaks && !caller->closes && !caller->reset)
        return true;
    return error_set(error,
                     "--connect-cmd: what it starts %s as soon as it is connected: cases need a program that sends nothing and"
                     " stays until the other side closes, as in: sleep 3600 | nc $TCPROVE_ADDRESS $TCPROVE_PORT",
                     caller->speaks   ? "sends octets"
                     : caller->closes ? "closes"
                                      : "resets the connection");
}

bool connector_tried(const struct stand *stand, const struct command *command, struct connector_sighting *seen,
                     struct error *error)
{
    struct port_block block;
    struct command    run    = { .channel = -1 };
    struct error      unused = { "" };

    if (!block_open(stand, FIRST_PROBE_BLOCK + 2, NULL, &block, error))
        return false;
    struct caller caller = { .stand = stand, .block = &block, .iss = block.first_port * 2654435761u + block.clock };
    bool          good   = connector_asks(command, &stand->source, block.first_port, &run, error) &&
                wait_for_connection(&caller, &run, error) && stays_quiet(&caller, error);

    for (int i = 0; i < ENDS && caller.port != 0; i++)
        send_flags(&caller, RST, caller.iss + 1, &unused);
    command_close(&run);
    block_close(&block);
    *seen = caller.seen;
    return good;
}
