/* host.c: everything about a host that can be found out is found out once, in prepare: the way, whether its ports answer, how
 * long that takes, a port that is closed. A case then opens its own block of ports and nothing else. */
#include "host/host.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/offload.h"
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
    struct service_at   services[SERVICES];
    size_t              service_count;
    struct overseer     overseer;
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

size_t host_services(const struct target_wish *wish, struct ip_address *address, char *scope, size_t scope_room,
                     struct service_at services[SERVICES], struct error *error)
{
    struct host_spec spec;
    size_t           count = wish->service_count;
    struct overseer  overseer;

    if (!overseer_read(wish, &overseer, error) || !host_spec_read(wish->spec, wish->ipv6, &spec, error))
        return 0;
    *address = spec.address;
    snprintf(scope, scope_room, "%s", spec.scope);
    services[0] = (struct service_at){ .kind = SERVICE_NONE };
    if (overseer.given)
        return 1;
    if (count > 0)
        memcpy(services, wish->services, count * sizeof *services);
    else
        services[count++] = (struct service_at){ .kind = SERVICE_UNKNOWN };
    fill_ports(services, count, spec.port);
    if (services[0].port != 0)
        return count;
    bool bare_v6 = spec.address.family == 6 && wish->spec[0] != '[';

    error_set(error, "%s needs a port or a service: %s%s%s:PORT, or --service echo", wish->spec, bare_v6 ? "[" : "", wish->spec,
              bare_v6 ? "]" : "");
    return 0;
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
    char        address[46];
    const char *name = service->kind == SERVICE_UNKNOWN ? "a service" : service_name(service->kind);

    ip_address_print(&host->stand.path.target, address);
    if (seen->state == PORT_CLOSED)
        return error_set(error, "port %u of %s is closed: start %s there, or name the port where it is", service->port, address,
                         name);
    if (seen->state == PORT_PROHIBITED)
        return error_set(error,
                         "port %u of %s cannot be reached: an ICMP message of type %u, code %u came back; let a firewall or"
                         " router on the way pass TCP to it",
                         service->port, address, seen->icmp_type, seen->icmp_code);
    return error_set(error,
                     "port %u of %s answered none of %u SYNs: a firewall drops them, or nobody is there%s; let it pass TCP"
                     " from this address",
                     service->port, address, seen->tries,
                     host->stand.owned ? "" : ", or --source is not of a network that it can reply to");
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

/* Every service must answer, and the first tells how long that takes. */
static bool measure(struct host *host, struct port_block *block, struct error *error)
{
    uint64_t                samples[SAMPLES];
    size_t                  count = 0;
    unsigned                which = 0;
    struct sighting_of_port seen;

    for (size_t i = 0; i < host->service_count; i++) {
        struct probe_wish wish = { .port = host->services[i].port, .tries = SYN_TRIES, .wait_us = SYN_WAIT_US };

        if (!probe_port(&host->stand, block, which++, &wish, &seen, error) ||
            (seen.state == PORT_SILENT && !probe_again(host, block, which++, &wish, &seen, error)))
            return false;
        if (seen.state != PORT_OPEN)
            return explain_port(host, &host->services[i], &seen, error);
        host->checksums_unseen = host->checksums_unseen || seen.sums == SUM_UNFINISHED;
    }
    for (int i = 0; i < SAMPLES; i++) {
        struct probe_wish wish = { .port = host->services[0].port, .tries = 1, .wait_us = SYN_WAIT_US };

        if (!probe_port(&host->stand, block, which++, &wish, &seen, error))
            return false;
        if (seen.state == PORT_OPEN)
            samples[count++] = seen.round_trip_us;
        else if (i - (int)count >= 2)
            break; /* slow or full: what was measured has to do */
    }
    host->round_trip = host_round_trip(samples, count);
    return true;
}

static bool look_around(struct host *host, struct error *error)
{
    struct port_block block;

    if (!block_open(&host->stand, FIRST_PROBE_BLOCK, host->fault, &block, error))
        return false;
    struct remote *remote = NULL;
    bool           good   = !host->overseer.given || (remote = overseer_meet(&host->overseer, host->stand.path.target.family,
                                                                             &host->services[0].port, error)) != NULL;
    struct error   unused = { "" };

    good = good && measure(host, &block, error);
    if (good && !host->overseer.given)
        host->closed_port = probe_closed_port(&host->stand, &block, CLOSED_WAIT_US + host->round_trip.most_us, &unused);
    block_close(&block);
    remote_close(remote);
    if (good && host->closed_port != 0)
        host->stand.avoided[host->stand.avoided_count++] = host->closed_port;
    if (host->overseer.given)
        return good;
    return good && trial_passes(&host->stand, host->services, host->service_count, host->round_trip.most_us, error);
}

static void host_release(void *prepared)
{
    struct host *host = prepared;

    stand_leave(&host->stand);
    free(host);
}

static bool prepare(const struct target_wish *wish, struct host *host, struct error *error)
{
    struct ip_address address;
    char              scope[16];

    host->service_count = host_services(wish, &address, scope, sizeof scope, host->services, error);
    if (host->service_count == 0 || !overseer_read(wish, &host->overseer, error) ||
        !fault_named(wish->fault, &host->fault, error) ||
        !stand_take(&address, wish->interface != NULL || scope[0] == '\0' ? wish->interface : scope, wish->source, &host->stand,
                    error))
        return false;
    for (size_t i = 0; i < host->service_count && !host->overseer.given; i++)
        host->stand.avoided[host->stand.avoided_count++] = host->services[i].port;
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
    if (prepare(wish, host, error))
        return host;
    host_release(host);
    return NULL;
}

/* ---- one case --------------------------------------------------------------------------------------------------------- */

static bool host_deliver(void *self, const struct segment *segment, const struct damage_wish *wish, struct error *error)
{
    return wire_deliver(((struct host_case *)self)->block.wire, segment, wish, error);
}

static bool host_deliver_packet(void *self, const uint8_t *packet, size_t count, struct error *error)
{
    return wire_deliver_packet(((struct host_case *)self)->block.wire, packet, count, error);
}

static enum wait_result host_next(void *self, uint64_t deadline_us, struct arrival *arrival, struct error *error)
{
    return wire_next(((struct host_case *)self)->block.wire, deadline_us, arrival, error);
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

/* Where nobody at the host makes calls for us, what is there already stands for three of them. */
static void host_call(void *self, const struct call_request *request, struct call_reply *reply)
{
    const struct host *host   = ((const struct host_case *)self)->host;
    struct remote     *remote = ((const struct host_case *)self)->remote;

    if (remote != NULL) {
        remote_call(remote, request, reply);
        return;
    }
    memset(reply, 0, sizeof *reply);
    reply->result = CALL_NOT_OFFERED;
    if (request->kind == CALL_SERVE)
        reply->result = CALL_OK;
    for (size_t i = 0; request->kind == CALL_PASSIVE_OPEN && i < host->service_count; i++) {
        if (host->services[i].kind != request->service)
            continue;
        *reply = (struct call_reply){ .result = CALL_OK, .handle = (uint16_t)(i + 1), .port = host->services[i].port };
    }
    if (request->kind == CALL_RESERVE && host->closed_port != 0)
        *reply = (struct call_reply){ .result = CALL_OK, .handle = SERVICES, .port = host->closed_port };
    else if (request->kind == CALL_RESERVE)
        snprintf(reply->sentence, sizeof reply->sentence,
                 "no port of this host answered a SYN with RST; a firewall that lets closed ports be reached would help");
    else if (reply->result == CALL_NOT_OFFERED)
        snprintf(reply->sentence, sizeof reply->sentence, "nobody at this host makes user calls for a tester: --agent would");
}

static void host_close(void *self)
{
    struct host_case *it = self;

    remote_close(it->remote);
    block_close(&it->block);
    free(it);
}

static unsigned service_bits(const struct host *host)
{
    unsigned bits = 0;

    for (size_t i = 0; i < host->service_count && !host->overseer.given; i++)
        bits |= 1u << host->services[i].kind;
    return bits;
}

static bool host_open(void *prepared, unsigned slot, struct target *target, struct error *error)
{
    const struct host *host = prepared;
    struct host_case  *self = calloc(1, sizeof *self);

    if (self == NULL)
        return error_set(error, "out of memory");
    self->host = host;
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
