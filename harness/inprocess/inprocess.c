/* inprocess.c: the target `reference`: two hosts on one link in virtual time, the tester at one end and the reference TCP at
 * the other. The clock moves only in `next`, from event to event. */
#include "inprocess/inprocess.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "inprocess/application.h"
#include "inprocess/link.h"
#include "reference/tcp.h"

enum {
    CLOCK_BEGINS_US  = 1000000,
    ROUND_TRIP_US    = 2 * LINK_CROSSING_US + 100,
    FIRST_OF_TESTER  = 1024,
    EPHEMERAL_FIRST  = 65024, /* above the tester's ports */
    EPHEMERAL_LAST   = 65535,
    CONNECTIONS_MOST = 256,
    MEMORY_OCTETS    = 48 << 20, /* for all their buffers: a case touches a few */
    MEMORY_ALIGNMENT = 16
};

struct prepared {
    const struct fault *fault;
    bool                ipv6;
    uint64_t            seed;
};

struct inprocess {
    struct ip_address   address;
    struct link         link;
    struct tcp         *tcp;
    uint8_t            *memory; /* of the TCP: pages that nobody touches cost nothing */
    size_t              memory_used;
    struct application *application;
    struct link_packet *shown; /* what `next` handed out last */
};

/* ---- the run ----------------------------------------------------------------------------------------------------------------
 */

static void *prepare(const struct target_wish *wish, struct error *error)
{
    struct prepared *prepared = calloc(1, sizeof *prepared);

    if (prepared == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    prepared->ipv6 = wish->ipv6;
    prepared->seed = wish->seed;
    if (fault_named(wish->fault, &prepared->fault, error))
        return prepared;
    free(prepared);
    return NULL;
}

static void release(void *self)
{
    free(self);
}

/* ---- between the link and the reference -------------------------------------------------------------------------------------
 */

static void from_tcp(void *context, const uint8_t *packet, size_t count)
{
    struct inprocess *self = context;

    link_send_to_tester(&self->link, packet, count);
}

static void signal_from_tcp(void *context, tcp_name connection, enum tcp_signal signal)
{
    struct inprocess *self = context;

    application_note(self->application, connection, signal);
}

static void *allocate(void *context, size_t octets)
{
    struct inprocess *self = context;
    size_t            size = (octets + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;

    if (self->memory == MAP_FAILED || MEMORY_OCTETS - self->memory_used < size)
        return NULL;
    self->memory_used += size;
    return self->memory + self->memory_used - size;
}

static void release_memory(void *context, void *memory)
{
    (void)context;
    (void)memory; /* all of it goes with the target */
}

/* The target's IP layer: takes what is addressed to it. An address is at octet 16 of IPv4 and octet 24 of IPv6. */
static bool is_for_target(const struct inprocess *self, const struct link_packet *packet)
{
    bool   six = self->address.family == 6;
    size_t at = six ? 24 : 16, octets = six ? 16 : 4;

    return packet->count >= at + octets && packet->octets[0] >> 4 == self->address.family &&
           memcmp(packet->octets + at, self->address.octets, octets) == 0;
}

/* The clock is `now`: everything happens that is due, packets before timers. */
static void move_clock(struct inprocess *self, uint64_t now_us)
{
    if (now_us > self->link.now_us)
        self->link.now_us = now_us;
    struct link_packet *packet = link_take_at_target(&self->link);

    while (packet != NULL) {
        tcp_time(self->tcp, self->link.now_us);
        if (is_for_target(self, packet))
            tcp_packet_arrives(self->tcp, packet->octets, packet->count);
        application_work(self->application);
        free(packet);
        packet = link_take_at_target(&self->link);
    }
    tcp_time(self->tcp, self->link.now_us);
    application_work(self->application);
    link_capture_arrivals(&self->link);
}

static uint64_t next_event_us(const struct inprocess *self)
{
    uint64_t link_us = link_deadline(&self->link), tcp_us = tcp_deadline(self->tcp);

    return link_us < tcp_us ? link_us : tcp_us;
}

/* ---- the target's interface -------------------------------------------------------------------------------------------------
 */

static bool deliver_packet(void *context, const uint8_t *packet, size_t count, struct error *error)
{
    struct inprocess *self = context;

    if (count > LINK_MTU_OCTETS)
        return error_set(error, "a packet of %zu octets does not fit through an MTU of %d", count, LINK_MTU_OCTETS);
    if (!link_send_to_target(&self->link, packet, count))
        return error_set(error, "out of memory");
    return true;
}

static bool deliver(void *context, const struct segment *segment, const struct damage_wish *wish, struct error *error)
{
    uint8_t packet[LINK_MTU_OCTETS];
    size_t  count = segment_encode(segment, packet, sizeof packet);

    if (count == 0)
        return error_set(error, "a segment with %zu octets of text cannot be encoded within an MTU of %d", segment->text_octets,
                         LINK_MTU_OCTETS);
    if (wish != NULL)
        count = packet_damage(packet, count, wish);
    return deliver_packet(context, packet, count, error);
}

static enum wait_result next(void *context, uint64_t deadline_us, struct arrival *arrival, struct error *error)
{
    struct inprocess *self = context;

    (void)error;
    free(self->shown);
    self->shown = link_take_captured(&self->link);
    while (self->shown == NULL && next_event_us(self) <= deadline_us) {
        move_clock(self, next_event_us(self));
        self->shown = link_take_captured(&self->link);
    }
    if (self->shown == NULL) {
        move_clock(self, deadline_us);
        return WAIT_DEADLINE;
    }
    *arrival = (struct arrival){ .time_us     = self->shown->time_us,
                                 .from_target = self->shown->from_target,
                                 .octets      = self->shown->octets,
                                 .count       = self->shown->count };
    return WAIT_ARRIVAL;
}

static uint64_t now_us(void *context)
{
    const struct inprocess *self = context;

    return self->link.now_us;
}

static uint64_t capture_lost(void *context)
{
    const struct inprocess *self = context;

    return self->link.lost;
}

static void carry_out(void *context, const struct call_request *request, struct call_reply *reply)
{
    struct inprocess *self = context;

    tcp_time(self->tcp, self->link.now_us);
    application_call(self->application, request, reply);
}

static void call(void *context, const struct call_request *request, struct call_reply *reply)
{
    struct inprocess *self = context;

    fault_call(self->link.fault, carry_out, self, request, reply);
}

static void close_target(void *context)
{
    struct inprocess *self = context;

    tcp_destroy(self->tcp);
    application_free(self->application);
    if (self->memory != MAP_FAILED)
        munmap(self->memory, MEMORY_OCTETS);
    link_empty(&self->link);
    fault_end(self->link.fault);
    free(self->shown);
    free(self);
}

/* ---- opening ----------------------------------------------------------------------------------------------------------------
 */

static struct tcp *make_reference(struct inprocess *self, uint64_t seed)
{
    struct tcp_config config;
    struct tcp_host   host = {
          .context = self, .output = from_tcp, .signal = signal_from_tcp, .allocate = allocate, .release = release_memory
    };

    self->memory = mmap(NULL, MEMORY_OCTETS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    tcp_config_default(&config);
    config.connections     = CONNECTIONS_MOST;
    config.mtu_octets      = LINK_MTU_OCTETS;
    config.ephemeral_first = EPHEMERAL_FIRST;
    config.ephemeral_last  = EPHEMERAL_LAST;
    config.seed            = seed;
    return tcp_create(&config, &host);
}

static bool open_target(void *context, unsigned slot, struct target *target, struct error *error)
{
    const struct prepared *prepared = context;
    struct inprocess      *self     = calloc(1, sizeof *self);

    if (self == NULL)
        return error_set(error, "out of memory");
    *target = (struct target){ .self                = self,
                               .virtual_time        = true,
                               .first_port          = (uint16_t)(FIRST_OF_TESTER + slot * TESTER_PORTS),
                               .mtu                 = LINK_MTU_OCTETS,
                               .round_trip_us       = ROUND_TRIP_US,
                               .round_trip_least_us = 2 * LINK_CROSSING_US,
                               .deliver             = deliver,
                               .deliver_packet      = deliver_packet,
                               .next                = next,
                               .now_us              = now_us,
                               .capture_lost        = capture_lost,
                               .call                = call,
                               .close               = close_target };
    ip_address_parse(prepared->ipv6 ? "2001:db8::1" : "198.51.100.1", &target->tester);
    ip_address_parse(prepared->ipv6 ? "2001:db8::2" : "198.51.100.2", &target->address);
    self->address     = target->address;
    self->link.now_us = CLOCK_BEGINS_US;
    self->application = application_new(&self->address);
    self->tcp         = make_reference(self, prepared->seed);
    if (self->application == NULL || self->tcp == NULL || !fault_begin(prepared->fault, &self->link.fault, error)) {
        close_target(self);
        return error_set(error, "out of memory");
    }
    application_use(self->application, self->tcp);
    return true;
}

const struct target_kind target_reference = {
    .name        = "reference",
    .description = "the built-in TCP, in this process, on a virtual clock",
    .prepare     = prepare,
    .open        = open_target,
    .release     = release,
};
