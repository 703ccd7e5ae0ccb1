/* host.c: everything about a host that can be found out is found out once, in prepare: the way, whether its ports answer, how
 * long that takes, a port that is closed. A case then opens its own block of ports and nothing else. */
#include "host/host.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/connector.h"
#include "host/offload.h"
#include "host/opening.h"
#include "host/overseer.h"
#include "host/probe.h"
#include "host/spec.h"
#include "host/trial.h"
#include "privilege.h"

enum {
    SAMPLES        = 8,
    SYN_TRIES      = 3,
    SYN_WAIT_US    = 350000, /* thrice, and thrice less, so that a refusal comes within 3 s with what came before */
    SYN_AGAIN_US   = 200000,
    CLOSED_WAIT_US = 200000,
    NOISE_US       = 10000 /* a reply may wait for its turn on a busy host, whatever the path */
};

struct host {
    struct stand        stand;
    const struct fault *fault;
    struct host_place   place;
    struct overseer     overseer;
    struct command      connect;     /* what makes it open actively; channel -1: nothing does */
    uint16_t            closed_port; /* 0: none was found */
    struct round_trip   round_trip;
    bool                checksums_unseen;
    bool                offloads; /* the target's own side may have some, but where it is this host and has none */
    bool                carried;  /* the interface had a carrier in the beginning; some never show one */
};

/* One case's target. */
struct host_case {
    const struct host *host;
    struct remote     *remote; /* NULL: nobody makes user calls */
    struct port_block  block;
    struct openings    openings; /* by the command that makes the target open actively */
};

/* ---- what the user wants ---------------------------------------------------------------------------------------------- */

static void fill_ports(struct service_at *services, size_t count, uint16_t port)
{
    for (size_t i = 0; i < count; i++) {
        if (services[i].port != 0)
            continue;
        services[i].port = port != 0 ? port : service_port(services[i].kind);
        port             = 0;
    }
}

bool host_place_read(const struct target_wish *wish, struct host_place *place, struct error *error)
{
    struct host_spec spec;
    struct overseer  overseer;

    if (!overseer_read(wish, &overseer, error) || !host_spec_read(wish->spec, wish->ipv6, &spec, error))
        return false;
    if (overseer.given && spec.port != 0)
        return error_set(error, "--agent opens the ports that cases need: leave the port out of %s", wish->spec);
    *place = (struct host_place){ .address = spec.address, .service_count = wish->service_count };
    snprintf(place->scope, sizeof place->scope, "%s", spec.scope);
    if (wish->service_count > 0)
        memcpy(place->services, wish->services, wish->service_count * sizeof *place->services);
    else if (wish->connect == NULL || spec.port != 0)
        place->services[place->service_count++] =
            (struct service_at){ .kind = overseer.given ? SERVICE_NONE : SERVICE_UNKNOWN };
    fill_ports(place->services, place->service_count, spec.port);
    if (overseer.given || place->service_count == 0 || place->services[0].port != 0)
        return true;
    bool bare_v6 = spec.address.family == 6 && wish->spec[0] != '[';

    return error_set(error, "%s needs a port or a service: %s%s%s:PORT, or --service echo", wish->spec, bare_v6 ? "[" : "",
                     wish->spec, bare_v6 ? "]" : "");
}

static int shorter(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

struct round_trip host_round_trip(uint64_t *samples_us, size_t count)
{
    if (count == 0)
        return (struct round_trip){ 0, NOISE_US };
    qsort(samples_us, count, sizeof *samples_us, shorter);
    uint64_t least = samples_us[0], most = samples_us[count - 1];
    uint64_t unseen = (most - least) / 2; /* a few samples show neither end */

    return (struct round_trip){ least > unseen ? least - unseen : 0, most + unseen + NOISE_US };
}

/* ---- preparing -------------------------------------------------------------------------------------------------------- */

static bool explain_port(const struct host *host, const struct service_at *service, const struct sighting_of_port *seen,
                         struct error *error)
{
    char        address[46], between[120] = "";
    const char *name = service->kind == SERVICE_UNKNOWN ? "a service" : service_name(service->kind);

    ip_address_print(&host->stand.path.target, address);
    if (host->fault != NULL)
        snprintf(between, sizeof between, "; the fault %s stands between, and may be the reason", host->fault->name);
    if (seen->state == PORT_CLOSED && service->kind == SERVICE_NONE)
        return error_set(error, "port %u of %s is closed, and the agent has opened it: it is not on that host%s", service->port,
                         address, between);
    if (seen->state == PORT_CLOSED)
        return error_set(error, "port %u of %s is closed: start %s there, or name the port where it is%s", service->port,
                         address, name, between);
    if (seen->state == PORT_PROHIBITED)
        return error_set(error,
                         "port %u of %s cannot be reached: an ICMP message of type %u, code %u came back; let a firewall or"
                         " router on the way pass TCP to it%s",
                         service->port, address, seen->icmp_type, seen->icmp_code, between);
    return error_set(error,
                     "port %u of %s answered none of %u SYNs: a firewall drops them, or nobody is there%s; let it pass TCP"
                     " from this address%s",
                     service->port, address, seen->tries,
                     host->stand.owned ? "" : ", or --source is not of a network that it can reply to", between);
}

/* One SYN,ACK in ten that is lost leaves three in a row unanswered once in a thousand times. */
static bool probe_again(const struct host *host, struct port_block *block, unsigned which, struct probe_wish *wish,
                        struct sighting_of_port *seen, struct error *error)
{
    unsigned before = seen->tries;

    wish->wait_us = SYN_AGAIN_US;
    if (!probe_port(&host->stand, block, which, wish, seen, error))
        return false;
    seen->tries += before;
    return true;
}

/* Every service must answer. */
static bool services_answer(struct host *host, struct port_block *block, unsigned *which, struct error *error)
{
    struct sighting_of_port seen;

    for (size_t i = 0; i < host->place.service_count; i++) {
        const struct service_at *service = &host->place.services[i];
        struct probe_wish        wish    = { .port = service->port, .tries = SYN_TRIES, .wait_us = SYN_WAIT_US };

        if (!probe_port(&host->stand, block, (*which)++, &wish, &seen, error) ||
            (seen.state == PORT_SILENT && !probe_again(host, block, (*which)++, &wish, &seen, error)))
            return false;
        if (seen.state != PORT_OPEN)
            return explain_port(host, service, &seen, error);
        host->checksums_unseen = host->checksums_unseen || seen.sums == SUM_UNFINISHED;
    }
    return true;
}

/* Of a port in that state. */
static bool measure(struct host *host, struct port_block *block, uint16_t port, enum port_state state, unsigned which,
                    struct error *error)
{
    uint64_t                samples[SAMPLES];
    size_t                  count = 0;
    struct sighting_of_port seen;

    for (int i = 0; i < SAMPLES; i++) {
        struct probe_wish wish = { .port = port, .tries = 1, .wait_us = SYN_WAIT_US };

        if (!probe_port(&host->stand, block, which++, &wish, &seen, error))
            return false;
        if (seen.state == state)
            samples[count++] = seen.round_trip_us;
        else if (i - (int)count >= 2)
            break; /* slow or full: what was measured has to do */
    }
    host->round_trip = host_round_trip(samples, count);
    return true;
}

/* Where nothing listens, a closed port answers as fast; where none does, one handshake has to do (try_to_connect). */
static bool look_at_ports(struct host *host, struct port_block *block, struct error *error)
{
    struct error unused  = { "" };
    bool         listens = host->place.service_count > 0;
    unsigned     which   = 0;

    if (!services_answer(host, block, &which, error))
        return false;
    if (listens && !measure(host, block, host->place.services[0].port, PORT_OPEN, which, error))
        return false;
    if (!host->overseer.given)
        host->closed_port =
            probe_closed_port(&host->stand, block, CLOSED_WAIT_US + (listens ? host->round_trip.most_us : 0), &unused);
    return listens || host->closed_port == 0 || measure(host, block, host->closed_port, PORT_CLOSED, which, error);
}

static bool try_to_connect(struct host *host, struct error *error)
{
    struct connector_sighting seen;

    if (host->connect.channel < 0)
        return true;
    if (!connector_tried(&host->stand, &host->connect, &seen, error))
        return false;
    if (host->place.service_count == 0)
        host->checksums_unseen = seen.sums == SUM_UNFINISHED;
    if (host->round_trip.most_us == 0)
        host->round_trip = (struct round_trip){ seen.round_trip_us / 2, seen.round_trip_us * 2 + NOISE_US };
    return true;
}

static bool look_around(struct host *host, struct error *error)
{
    struct port_block block;

    if (!block_open(&host->stand, FIRST_PROBE_BLOCK, host->fault, &block, error))
        return false;
    struct remote *remote = NULL;
    bool           good   = !host->overseer.given || (remote = overseer_meet(&host->overseer, host->stand.path.target.family,
                                                                             &host->place.services[0].port, error)) != NULL;

    good = good && look_at_ports(host, &block, error);
    block_close(&block);
    remote_close(remote);
    if (good && host->closed_port != 0)
        host->stand.avoided[host->stand.avoided_count++] = host->closed_port;
    if (host->overseer.given)
        return good;
    return good && try_to_connect(host, error) &&
           trial_passes(&host->stand, host->place.services, host->place.service_count, host->round_trip.most_us, error);
}

static void host_release(void *prepared)
{
    struct host *host = prepared;

    stand_leave(&host->stand);
    free(host);
}

static bool prepare(const struct target_wish *wish, struct host *host, struct error *error)
{
    const struct host_place *place = &host->place;

    if (!host_place_read(wish, &host->place, error) || !overseer_read(wish, &host->overseer, error) ||
        !fault_named(wish->fault, &host->fault, error) ||
        !stand_take(&place->address, wish->interface != NULL || place->scope[0] == '\0' ? wish->interface : place->scope,
                    wish->source, &host->stand, error))
        return false;
    for (size_t i = 0; i < place->service_count && !host->overseer.given; i++)
        host->stand.avoided[host->stand.avoided_count++] = place->services[i].port;
    if (wish->connect != NULL)
        host->connect = *wish->connect;
    host->carried  = path_carries(&host->stand.path, error);
    host->offloads = !host->stand.path.local || offloads_on(host->stand.path.interface, true, NULL, NULL) > 0;
    return look_around(host, error) && keep_raw_only(error);
}

static void *host_prepare(const struct target_wish *wish, struct error *error)
{
    struct host *host = calloc(1, sizeof *host);

    if (host == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    host->stand.neighbour = -1;
    host->connect.channel = -1;
    if (prepare(wish, host, error))
        return host;
    host_release(host);
    return NULL;
}

/* ---- one case --------------------------------------------------------------------------------------------------------- */

static bool host_deliver(void *self, const struct segment *segment, const struct damage_wish *wish, struct error *error)
{
    struct host_case *it = self;

    if (it->remote != NULL && (segment->text_octets > 0 || segment->flags & URG) && !(segment->flags & SYN))
        remote_foresee(it->remote, segment->destination_port, segment->source_port, segment->flags & URG);
    openings_foresee(&it->openings, segment);
    return wire_deliver(it->block.wire, segment, wish, error);
}

static bool host_deliver_packet(void *self, const uint8_t *packet, size_t count, struct error *error)
{
    return wire_deliver_packet(((struct host_case *)self)->block.wire, packet, count, error);
}

static enum wait_result host_next(void *self, uint64_t deadline_us, struct arrival *arrival, struct error *error)
{
    struct host_case *it     = self;
    enum wait_result  result = wire_next(it->block.wire, deadline_us, arrival, error);

    if (result == WAIT_ARRIVAL)
        openings_see(&it->openings, arrival);
    return result;
}

static uint64_t host_now_us(void *self)
{
    (void)self;
    return wire_now_us();
}

static uint64_t host_capture_lost(void *self)
{
    return wire_lost(((struct host_case *)self)->block.wire);
}

/* ---- user calls where nobody at the host makes them: what is there already, and a command, stand for some of them ---------
 */

enum { FIRST_RUN_HANDLE = SERVICES + 1 };

static void listener_there(const struct host_case *it, const struct call_request *request, struct call_reply *reply)
{
    const struct host_place *place = &it->host->place;

    for (size_t i = 0; i < place->service_count; i++)
        if (place->services[i].kind == request->service)
            *reply = (struct call_reply){ .result = CALL_OK, .handle = (uint16_t)(i + 1), .port = place->services[i].port };
    if (place->service_count == 0)
        snprintf(reply->sentence, sizeof reply->sentence,
                 "no port was named where something listens at the target: HOST:PORT or --service would");
}

static void closed_port_there(const struct host_case *it, struct call_reply *reply)
{
    if (it->host->closed_port != 0)
        *reply = (struct call_reply){ .result = CALL_OK, .handle = SERVICES, .port = it->host->closed_port };
    else
        snprintf(reply->sentence, sizeof reply->sentence,
                 "no port of this host answered a SYN with RST; a firewall that lets closed ports be reached would help");
}

static void carry_out(void *remote, const struct call_request *request, struct call_reply *reply)
{
    remote_call(remote, request, reply);
}

static void host_call(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct host_case *it = self;

    if (it->remote != NULL) {
        fault_call(wire_fault(it->block.wire), carry_out, it->remote, request, reply);
        return;
    }
    memset(reply, 0, sizeof *reply);
    reply->result = CALL_NOT_OFFERED;
    if (request->kind == CALL_SERVE)
        reply->result = CALL_OK;
    else if (request->kind == CALL_PASSIVE_OPEN)
        listener_there(it, request, reply);
    else if (request->kind == CALL_RESERVE)
        closed_port_there(it, reply);
    else if (request->kind == CALL_OPEN && it->host->connect.channel >= 0)
        opening_ask(&it->openings, request, reply);
    else if (request->kind == CALL_ACCEPTED && it->openings.count > 0)
        opening_look(&it->openings, request, reply);
    else
        snprintf(reply->sentence, sizeof reply->sentence, "nobody at this host makes user calls for a tester: --agent would");
}

static bool host_undisturbed(void *self, struct error *error)
{
    struct host_case *it = self;

    return openings_lasted(&it->openings, error) && (it->remote == NULL || remote_is_same(it->remote, error));
}

static void host_abandon(void *self)
{
    const struct host_case *it = self;

    if (it->remote != NULL)
        remote_abandon(it->remote);
}

static void host_close(void *self)
{
    struct host_case *it = self;

    openings_close(&it->openings);
    remote_close(it->remote);
    block_close(&it->block);
    free(it);
}

static unsigned service_bits(const struct host *host)
{
    unsigned bits = host->connect.channel >= 0 ? 1u << SERVICE_CONNECTS : 0;

    for (size_t i = 0; i < host->place.service_count && !host->overseer.given; i++)
        bits |= 1u << host->place.services[i].kind;
    if (host->place.service_count == 0)
        bits |= 1u << SERVICE_UNKNOWN;
    return bits;
}

static bool host_open(void *prepared, unsigned slot, struct target *target, struct error *error)
{
    const struct host *host = prepared;
    struct host_case  *self = calloc(1, sizeof *self);

    if (self == NULL)
        return error_set(error, "out of memory");
    self->host     = host;
    self->openings = (struct openings){ .command = &host->connect, .first_handle = FIRST_RUN_HANDLE };
    if (host->overseer.given &&
        (self->remote = overseer_greet(&host->overseer, host->stand.path.target.family, error)) == NULL) {
        free(self);
        target->unreached = true;
        return false;
    }
    if (!block_open(&host->stand, slot, host->fault, &self->block, error) || !drop_privilege(error)) {
        host_close(self);
        return false;
    }
    *target = (struct target){ .self                = self,
                               .tester              = host->stand.source,
                               .address             = host->stand.path.target,
                               .first_port          = self->block.first_port,
                               .mtu                 = host->stand.path.mtu,
                               .round_trip_us       = host->round_trip.most_us,
                               .round_trip_least_us = host->round_trip.least_us,
                               .services            = service_bits(host),
                               .checksums_unseen    = host->checksums_unseen,
                               .offloads            = host->offloads,
                               .kernel_writes_ip    = host->stand.path.local,
                               .deliver             = host_deliver,
                               .deliver_packet      = host_deliver_packet,
                               .next                = host_next,
                               .now_us              = host_now_us,
                               .capture_lost        = host_capture_lost,
                               .call                = host_call,
                               .undisturbed         = host_undisturbed,
                               .abandon             = host_abandon,
                               .close               = host_close };
    return true;
}

static bool host_carries(const void *prepared, struct error *error)
{
    const struct host *host = prepared;

    return !host->carried || path_carries(&host->stand.path, error);
}

/* A stub of somebody else's cannot keep the sockets of two cases apart. */
static unsigned host_jobs_most(const void *prepared)
{
    const struct host *host = prepared;

    return host->overseer.given && !host->overseer.ours ? 1 : UINT_MAX;
}

const struct target_kind target_host = { .name        = "host",
                                         .description = "a host on the network, with services of its own",
                                         .prepare     = host_prepare,
                                         .open        = host_open,
                                         .release     = host_release,
                                         .carries     = host_carries,
                                         .jobs_most   = host_jobs_most };
