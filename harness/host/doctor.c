/* doctor.c: the findings, in the order in which each rests on the ones before. */
#include "host/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/connector.h"
#include "host/host.h"
#include "host/offload.h"
#include "host/overseer.h"
#include "host/probe.h"
#include "host/stand.h"
#include "host/trial.h"

enum {
    LINE_OCTETS   = 600,
    HANDSHAKES    = 20,
    LOSS_PROBES   = 50,
    SYN_TRIES     = 3,
    SYN_WAIT_US   = 350000,
    LINGER_US     = 50000, /* a kernel that is not kept out sends its RST within 50 us */
    LOAD_MOST     = TESTER_PORTS,
    PROBE_BLOCKS  = 7,
    SPREAD_ODD_US = 20000
};

struct doctor {
    const struct target_wish *wish;
    const struct fault       *fault;       /* that stands between; NULL: none */
    char                      reason[120]; /* what a finding says of it; "" for none */
    tell_finding             *tell;
    void                     *context;
    bool                      bad;
    struct stand              stand;
    struct host_place         place;
    struct overseer           overseer;
    struct remote            *remote; /* whose listener is probed, where there is an agent */
    uint16_t                  port;   /* that is probed: of the first service, or a closed one */
    enum port_state           state;
    unsigned                  next_block;
};

static void say(struct doctor *doctor, enum finding finding, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void say(struct doctor *doctor, enum finding finding, const char *format, ...)
{
    char    line[LINE_OCTETS];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    doctor->bad = doctor->bad || finding == FINDING_BAD;
    doctor->tell(doctor->context, finding, line);
}

/* The host is examined with it, as a run judges it. */
static bool meet_fault(struct doctor *doctor)
{
    struct error error = { "" };

    if (!fault_named(doctor->wish->fault, &doctor->fault, &error)) {
        say(doctor, FINDING_BAD, "%s", error.sentence);
        return false;
    }
    if (doctor->fault == NULL)
        return true;
    say(doctor, FINDING_NOTE, "fault: %s stands between, and what is found is of the host with it: %s", doctor->fault->name,
        doctor->fault->what);
    snprintf(doctor->reason, sizeof doctor->reason, "; the fault %s stands between, and may be the reason",
             doctor->fault->name);
    return true;
}

/* Ports for the next examination; it ends the connections that it keeps. */
static bool take_block(struct doctor *doctor, struct port_block *block)
{
    struct error error = { "" };

    if (block_open(&doctor->stand, FIRST_PROBE_BLOCK + doctor->next_block++ % PROBE_BLOCKS, doctor->fault, block, &error))
        return true;
    say(doctor, FINDING_BAD, "%s", error.sentence);
    return false;
}

/* ---- the way ---------------------------------------------------------------------------------------------------------- */

static bool find_way(struct doctor *doctor)
{
    struct error             error = { "" };
    const struct host_place *place = &doctor->place;
    char                     text[46], hop[46], used[40] = "";
    const char              *interface;

    if (host_place_read(doctor->wish, &doctor->place, &error) && stand_may_speak(&error)) {
        say(doctor, FINDING_OK, "permission: segments can be made and captured");
        interface = doctor->wish->interface != NULL || place->scope[0] == '\0' ? doctor->wish->interface : place->scope;
        if (stand_take(&place->address, interface, doctor->wish->source, &doctor->stand, &error)) {
            const struct path *path = &doctor->stand.path;

            for (size_t i = 0; i < place->service_count && doctor->wish->agent == NULL; i++)
                doctor->stand.avoided[doctor->stand.avoided_count++] = place->services[i].port;
            ip_address_print(&path->target, text);
            ip_address_print(&path->next_hop, hop);
            if (path->mtu != path->interface_mtu)
                snprintf(used, sizeof used, ", of which %u are used", path->mtu);
            say(doctor, FINDING_OK, "route: %s is reached over %s%s%s, MTU %u%s", text, path->interface,
                path->routed  ? " by the gateway "
                : path->local ? ", it is this host itself"
                              : "",
                path->routed ? hop : "", path->interface_mtu, used);
            if (!path->local)
                say(doctor, FINDING_OK, "neighbour: %s has the MAC %02x:%02x:%02x:%02x:%02x:%02x", hop, path->next_mac[0],
                    path->next_mac[1], path->next_mac[2], path->next_mac[3], path->next_mac[4], path->next_mac[5]);
            ip_address_print(&doctor->stand.source, text);
            say(doctor, FINDING_OK, "source: %s, %s", text,
                doctor->stand.owned ? "this host's own: its ports are guarded while cases play"
                                    : "that nobody had: it is answered for");
            return true;
        }
    }
    say(doctor, FINDING_BAD, "%s", error.sentence);
    return false;
}

/* ---- the agent -------------------------------------------------------------------------------------------------------- */

/* Where there is one, its listener is the port that is probed. */
static bool meet_agent(struct doctor *doctor)
{
    struct error error = { "" };
    char         text[46];

    if (!overseer_read(doctor->wish, &doctor->overseer, &error))
        return false; /* host_place_read told it */
    if (!doctor->overseer.given)
        return true;
    doctor->remote =
        overseer_meet(&doctor->overseer, doctor->stand.path.target.family, &doctor->place.services[0].port, &error);
    if (doctor->remote == NULL) {
        say(doctor, FINDING_BAD, "%s", error.sentence);
        return false;
    }
    ip_address_print(&doctor->overseer.address, text);
    if (doctor->overseer.ours)
        say(doctor, FINDING_OK, "agent: UDP port %u of %s answers", doctor->overseer.port, text);
    else
        say(doctor, FINDING_NOTE,
            "agent: UDP port %u of %s answers, without tcprove's own calls: one case at a time is played, and what the standard"
            " groups cannot say is skipped",
            doctor->overseer.port, text);
    return true;
}

/* ---- offloads --------------------------------------------------------------------------------------------------------- */

static void tell_offload(void *context, const struct offload *offload)
{
    struct doctor *doctor    = context;
    const char    *interface = doctor->stand.path.interface;

    say(doctor, FINDING_BAD, "offloads: %s of %s %s: sudo ethtool -K %s %s off", offload->name, interface, offload->harm,
        interface, offload->name);
}

static void examine_offloads(struct doctor *doctor)
{
    const struct path *path = &doctor->stand.path;

    if (offloads_on(path->interface, path->local, tell_offload, doctor) == 0)
        say(doctor, FINDING_OK, "offloads: %s shows segments as they %s", path->interface,
            path->local ? "were sent" : "arrive; what the target's side merges is seen when cases are played");
}

static void examine_sums(struct doctor *doctor, enum packet_sum sums)
{
    if (sums == SUM_RIGHT)
        say(doctor, FINDING_OK, "checksums: the target's are right where they are captured");
    else if (sums == SUM_WRONG)
        say(doctor, FINDING_BAD,
            "checksums: the target's SYN has a wrong one: if its stack does not mean that, its interface must"
            " compute it: on the target, sudo ethtool -K IF tx off%s",
            doctor->reason);
    else if (doctor->stand.path.local)
        say(doctor, FINDING_NOTE,
            "checksums: on the way to this host itself they are never computed, and not judged;"
            " tcprove run linux judges this kernel's");
    else
        say(doctor, FINDING_NOTE,
            "checksums: the target leaves them to its interface, perhaps the cutting of segments too: neither they nor the "
            "sizes of"
            " large segments are judged: on the target,"
            " sudo ethtool -K IF tx off tso off gso off");
}

/* ---- the target ------------------------------------------------------------------------------------------------------- */

static void examine_features(struct doctor *doctor, const struct sighting_of_port *seen)
{
    char text[120] = "", window_scale[40];

    snprintf(window_scale, sizeof window_scale, ", window scale %u", seen->options.window_scale);
    snprintf(text, sizeof text, "%s%s%s%s", seen->options.sack_permitted ? ", SACK" : "",
             seen->options.has_timestamps ? ", timestamps" : "", seen->options.has_window_scale ? window_scale : "",
             seen->ecn ? ", ECN" : "");
    say(doctor, FINDING_OK, "features: MSS %u%s%s", seen->options.has_mss ? seen->options.mss : 536, text,
        text[0] == '\0' ? ", nothing optional" : "");
}

static const char *name_of(const struct service_at *service)
{
    return service->kind == SERVICE_NONE ? "opened by the agent" : service_name(service->kind);
}

static bool examine_ports(struct doctor *doctor)
{
    static const char *const mend[] = {
        [PORT_CLOSED]     = "it is closed: start the service there, or name another port",
        [PORT_SILENT]     = "no SYN was answered: let the firewall there pass TCP from this address",
        [PORT_PROHIBITED] = "an ICMP error came back: let the firewall or router on the way pass it",
    };
    struct port_block block;
    struct error      error = { "" };
    bool              good  = take_block(doctor, &block);

    for (size_t i = 0; good && i < doctor->place.service_count; i++) {
        const struct service_at *service = &doctor->place.services[i];
        struct probe_wish        wish    = {
                      .port = service->port, .tries = SYN_TRIES, .wait_us = SYN_WAIT_US, .features = true, .linger_us = LINGER_US
        };
        struct sighting_of_port seen;

        good = probe_port(&doctor->stand, &block, (unsigned)i, &wish, &seen, &error);
        if (!good)
            say(doctor, FINDING_BAD, "%s", error.sentence);
        else if (seen.state != PORT_OPEN)
            say(doctor, FINDING_BAD, "port %u (%s): %s%s", wish.port, name_of(service),
                seen.state == PORT_CLOSED && service->kind == SERVICE_NONE ? "it is closed: the agent is not on that host"
                                                                           : mend[seen.state],
                doctor->reason);
        else
            say(doctor, FINDING_OK, "port %u (%s): open", wish.port, name_of(service));
        good = good && seen.state == PORT_OPEN;
        if (!good || i > 0)
            continue;
        examine_features(doctor, &seen);
        examine_sums(doctor, seen.sums);
        if (seen.foreign_resets > 0)
            say(doctor, FINDING_BAD,
                "RST: this host's kernel answers the target's segments: name a free address of the network with"
                " --source%s",
                doctor->reason);
        else
            say(doctor, FINDING_OK, "RST: this host's kernel stays out of it");
    }
    if (good) {
        uint16_t closed = probe_closed_port(&doctor->stand, &block, SYN_WAIT_US, &error);

        if (closed != 0)
            say(doctor, FINDING_OK, "closed port: %u answers with RST", closed);
        else
            say(doctor, FINDING_NOTE,
                "closed port: none answered with RST, and cases in CLOSED are skipped: let the firewall there pass"
                " SYNs to one%s",
                doctor->reason);
        bool listens  = doctor->place.service_count > 0;
        doctor->port  = listens ? doctor->place.services[0].port : closed;
        doctor->state = listens ? PORT_OPEN : PORT_CLOSED;
    }
    if (block.wire != NULL && wire_lost(block.wire) > 0)
        say(doctor, FINDING_BAD, "capture: %llu packets were lost: end what keeps this host busy",
            (unsigned long long)wire_lost(block.wire));
    block_close(&block);
    return good;
}

/* ---- the path --------------------------------------------------------------------------------------------------------- */

static void tell_loss(struct doctor *doctor, unsigned again, unsigned unanswered, uint64_t lost)
{
    if (again + unanswered == 0)
        say(doctor, FINDING_OK, "loss: each of %d SYNs was answered the first time", LOSS_PROBES);
    else
        say(doctor, again + unanswered > LOSS_PROBES / 10 ? FINDING_BAD : FINDING_NOTE,
            "loss: of %d SYNs %u had to be sent again and %u were not answered at all: go nearer to the target, or with a "
            "small stack"
            " run with -j 1%s",
            LOSS_PROBES, again, unanswered, doctor->reason);
    if (lost > 0)
        say(doctor, FINDING_BAD, "capture: %llu packets were lost: end what keeps this host busy", (unsigned long long)lost);
    else
        say(doctor, FINDING_OK, "capture: nothing was lost");
}

/* Each by itself, so that each is told. */
static void examine_services(struct doctor *doctor, uint64_t round_trip_us)
{
    struct error error = { "" };

    for (size_t i = 0; i < doctor->place.service_count; i++) {
        const struct service_at *service = &doctor->place.services[i];

        if (!trial_is_for(service->kind))
            continue;
        if (trial_passes(&doctor->stand, service, 1, round_trip_us, &error))
            say(doctor, FINDING_OK, "service: port %u behaves as %s does", service->port, service_name(service->kind));
        else
            say(doctor, FINDING_BAD, "%s", error.sentence);
    }
}

/* Fifty handshakes one after another: how long they take, and how many needed a second SYN. */
static void examine_path(struct doctor *doctor)
{
    struct port_block       block;
    struct error            error = { "" };
    uint64_t                samples[LOSS_PROBES];
    size_t                  count = 0;
    unsigned                again = 0, unanswered = 0;
    struct sighting_of_port seen;

    if (!take_block(doctor, &block))
        return;
    for (unsigned i = 0; i < LOSS_PROBES && unanswered < 3; i++) {
        struct probe_wish wish = { .port = doctor->port, .tries = 2, .wait_us = SYN_WAIT_US };

        if (!probe_port(&doctor->stand, &block, i, &wish, &seen, &error)) {
            say(doctor, FINDING_BAD, "%s", error.sentence);
            block_close(&block);
            return;
        }
        again += seen.tries > 1 && seen.state == doctor->state;
        unanswered += seen.state != doctor->state;
        if (seen.state == doctor->state && count < HANDSHAKES)
            samples[count++] = seen.round_trip_us;
    }
    struct round_trip bound = host_round_trip(samples, count); /* sorts */

    if (count > 0) {
        uint64_t spread = samples[count - 1] - samples[0];

        say(doctor, spread > SPREAD_ODD_US ? FINDING_NOTE : FINDING_OK,
            "round trip: median %.3f ms, spread %.3f ms over %zu handshakes; \"at once\" means within %.1f ms more%s",
            (double)samples[count / 2] / 1000, (double)spread / 1000, count, (double)bound.most_us / 1000,
            spread > SPREAD_ODD_US ? ": times are judged the better the nearer the tester is" : "");
    }
    tell_loss(doctor, again, unanswered, wire_lost(block.wire));
    block_close(&block);
    examine_services(doctor, bound.most_us);
}

/* ---- active opens ----------------------------------------------------------------------------------------------------- */

static void examine_connector(struct doctor *doctor)
{
    struct connector_sighting seen;
    struct error              error = { "" };

    if (doctor->wish->connect == NULL)
        return;
    if (!connector_tried(&doctor->stand, doctor->wish->connect, &seen, &error)) {
        say(doctor, FINDING_BAD, "%s", error.sentence);
        return;
    }
    say(doctor, FINDING_OK, "connects: --connect-cmd brought a connection that waits in silence");
    if (doctor->place.service_count == 0)
        examine_sums(doctor, seen.sums);
}

/* ---- load ------------------------------------------------------------------------------------------------------------- */

/* Holds `wanted` connections at a time; how many were answered. */
static unsigned hold(struct doctor *doctor, unsigned wanted)
{
    struct port_block       block;
    struct error            error = { "" };
    unsigned                open  = 0;
    uint16_t                port  = doctor->port;
    struct sighting_of_port seen;

    if (!take_block(doctor, &block))
        return 0;
    for (unsigned i = 0; i < wanted && open == i; i++) {
        struct probe_wish wish = { .port = port, .tries = 2, .wait_us = SYN_WAIT_US, .keep = true };

        if (probe_port(&doctor->stand, &block, i, &wish, &seen, &error) && seen.state == PORT_OPEN)
            open++;
    }
    for (unsigned i = 0; i <= open && i < wanted; i++)
        probe_reset(&doctor->stand, &block, i, port, &error);
    block_close(&block);
    return open;
}

static void examine_load(struct doctor *doctor)
{
    unsigned sustained = 0;

    for (unsigned wanted = 1; wanted <= LOAD_MOST; wanted *= 2) {
        unsigned open = hold(doctor, wanted);

        sustained = open > sustained ? open : sustained;
        if (open < wanted)
            break;
    }
    if (sustained >= LOAD_MOST)
        say(doctor, FINDING_OK, "load: %u connections at a time: run with -j 50", sustained);
    else if (sustained >= HOST_JOBS)
        say(doctor, FINDING_OK, "load: %u connections at a time", sustained);
    else
        say(doctor, FINDING_NOTE, "load: only %u connections at a time: run with -j 1", sustained);
}

bool doctor_examines(const struct target_wish *wish, bool load, tell_finding *tell, void *context)
{
    struct doctor doctor = { .wish = wish, .tell = tell, .context = context, .stand = { .neighbour = -1 } };

    if (meet_fault(&doctor) && find_way(&doctor) && meet_agent(&doctor)) {
        examine_offloads(&doctor);
        if (examine_ports(&doctor)) {
            if (doctor.port != 0)
                examine_path(&doctor);
            examine_connector(&doctor);
            if (load && doctor.place.service_count > 0)
                examine_load(&doctor);
        }
    }
    remote_close(doctor.remote);
    stand_leave(&doctor.stand);
    return !doctor.bad;
}
