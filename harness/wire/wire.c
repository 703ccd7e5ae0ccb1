/* wire.c: a wire puts craft.h and capture.h together. Its one difficulty is time: a packet that was stamped before a deadline
 * must be handed over before the deadline is told, so the clock is read first and the capture afterwards. */
#include "wire/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "octets.h"
#include "wire/capture.h"
#include "wire/craft.h"
#include "wire/raw.h"

enum {
    ETHERNET_OCTETS    = 14,
    FILTER_OCTETS      = 1200,
    LOCAL_FRAME_OCTETS = 16384, /* loopback has a larger MTU than any link */
    SETTLE_US          = 500,   /* from the kernel's timestamp until the frame can be read, with both cores busy */
    CLOCK_STEP_US      = 20000, /* two clocks that are read one after the other never differ so much by chance, thrice */
    CLOCK_STEP_TRIES   = 3,
    LONGEST_SLEEP_US   = 100000
};

/* An own packet as it was before the fault; only kept where the capture will not show it: there is a fault that alters what
 * goes to the target, or it claims to come from elsewhere and cannot be told from a stranger's. */
struct own_packet {
    struct own_packet *next;
    uint64_t           time_us;
    size_t             count;
    uint8_t            octets[];
};

struct wire {
    struct capture       *capture;
    struct craft         *craft;
    int                   raw; /* to this host; -1 where frames are sent */
    struct wire_wish      wish;
    struct fault_memory  *fault;
    uint64_t              clock_offset_us; /* CLOCK_REALTIME minus CLOCK_MONOTONIC */
    struct own_packet    *first_own, *last_own, *handed;
    bool                  held; /* `frame` was captured and is still to be handed over */
    struct captured_frame frame;
    size_t                room; /* octets of a frame */
    uint8_t              *out, *altered;
};

/* ---- the clock -------------------------------------------------------------------------------------------------------- */

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t wire_now_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

/* The two clocks run alike (adjtime(3) slews both); their difference moves only when somebody sets the time. */
static bool clock_was_set(const struct wire *wire)
{
    for (int i = 0; i < CLOCK_STEP_TRIES; i++) {
        int64_t moved = (int64_t)(clock_us(CLOCK_REALTIME) - clock_us(CLOCK_MONOTONIC) - wire->clock_offset_us);

        if (moved < CLOCK_STEP_US && moved > -CLOCK_STEP_US)
            return false;
    }
    return true;
}

/* ---- opening ---------------------------------------------------------------------------------------------------------- */

static void print_mac(const uint8_t *mac, char text[18])
{
    snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/* A MAC that is shared says nothing of the case: ports do, those of a quoted segment included. */
static void write_shared_filter(const struct wire_wish *wish, const char *tester, const char *target, char *filter)
{
    static const char quoting[] =
        "(icmp and (icmp[0] = 3 or icmp[0] = 4 or icmp[0] = 11 or icmp[0] = 12) and icmp[%u:2] >= %u and"
        " icmp[%u:2] <= %u) or (icmp6 and ip6[40] < 128 and ip6[%u:2] >= %u and ip6[%u:2] <= %u)";
    unsigned first = wish->first_port, last = first + wish->ports - 1u;
    char     own[400], theirs[400], target_text[46], tester_text[46], mine[80], other[40] = "";

    ip_address_print(&wish->target, target_text);
    ip_address_print(&wish->tester, tester_text);
    snprintf(own, sizeof own, quoting, 30u, first, 30u, last, 90u, first, 90u, last);
    snprintf(theirs, sizeof theirs, quoting, 28u, first, 28u, last, 88u, first, 88u, last);
    snprintf(mine, sizeof mine, "dst host %s", target_text);
    if (!wish->local) {
        snprintf(mine, sizeof mine, "ether src %s", tester);
        snprintf(other, sizeof other, "ether src %s and ", target);
    }
    snprintf(filter, FILTER_OCTETS,
             "(%s and (tcp src portrange %u-%u or %s)) or"
             " (%sdst host %s and ((tcp dst portrange %u-%u and src host %s) or %s))",
             mine, first, last, own, other, tester_text, first, last, target_text, theirs);
}

/* All that this case sent; of what the target sent, TCP to the case's ports and ICMP errors that quote a segment from them (the
 * quoted IP header is taken to be 20 octets, for such are sent). */
static void write_filter(const struct wire_wish *wish, char filter[FILTER_OCTETS])
{
    char     tester[18], target[18];
    unsigned first = wish->first_port, last = first + wish->ports - 1u;

    print_mac(wish->tester_mac, tester);
    print_mac(wish->target_mac, target);
    if (wish->shared) {
        write_shared_filter(wish, tester, target, filter);
        return;
    }
    snprintf(
        filter, FILTER_OCTETS,
        "ether src %s or (ether src %s and (tcp dst portrange %u-%u or"
        " (icmp and (icmp[0] = 3 or icmp[0] = 4 or icmp[0] = 11 or icmp[0] = 12) and icmp[28:2] >= %u and icmp[28:2] <= %u) or"
        " (icmp6 and ip6[40] < 128 and ip6[88:2] >= %u and ip6[88:2] <= %u)))",
        tester, target, first, last, first, last, first, last);
}

struct wire *wire_open(const struct wire_wish *wish, struct error *error)
{
    char         filter[FILTER_OCTETS];
    struct wire *wire = calloc(1, sizeof *wire);

    if (wire == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    wire->wish            = *wish;
    wire->raw             = -1;
    wire->room            = ETHERNET_OCTETS + (size_t)wish->mtu;
    wire->clock_offset_us = clock_us(CLOCK_REALTIME) - clock_us(CLOCK_MONOTONIC);
    wire->out             = malloc(wire->room);
    /* The capture keeps somewhat more than the MTU, so that a merged segment would be seen as one. */
    size_t kept   = wish->local ? LOCAL_FRAME_OCTETS : wire->room * 2;
    wire->altered = malloc(kept);
    write_filter(wish, filter);
    if (wire->out == NULL || wire->altered == NULL)
        error_set(error, "out of memory");
    else if (fault_begin(wish->fault, &wire->fault, error) &&
             (wire->capture = capture_open(wish->interface, filter, kept, error)) != NULL &&
             (wire->craft = craft_open(wish->interface, error)) != NULL &&
             (!wish->local || (wire->raw = raw_open(wish->target.family, error)) >= 0))
        return wire;
    wire_close(wire);
    return NULL;
}

void wire_close(struct wire *wire)
{
    if (wire == NULL)
        return;
    if (wire->raw >= 0)
        close(wire->raw);
    craft_close(wire->craft);
    capture_close(wire->capture);
    while (wire->first_own != NULL) {
        struct own_packet *own = wire->first_own;

        wire->first_own = own->next;
        free(own);
    }
    fault_end(wire->fault);
    free(wire->handed);
    free(wire->out);
    free(wire->altered);
    free(wire);
}

/* ---- delivering ------------------------------------------------------------------------------------------------------- */

static bool remember_own(struct wire *wire, const uint8_t *packet, size_t count, struct error *error)
{
    struct own_packet *own = malloc(sizeof *own + count);

    if (own == NULL)
        return error_set(error, "out of memory");
    *own = (struct own_packet){ .time_us = wire_now_us(), .count = count };
    memcpy(own->octets, packet, count);
    if (wire->first_own == NULL)
        wire->first_own = own;
    else
        wire->last_own->next = own;
    wire->last_own = own;
    return true;
}

static uint16_t port_at(const uint8_t *packet, size_t count, size_t at)
{
    return at + 2 <= count ? read16(packet + at) : 0;
}

/* Whether the capture's filter tells the packet by the case's ports: TCP from one of them, or an ICMP error that quotes a
 * segment to one of them. */
static bool speaks_from_case(const struct wire *wire, const uint8_t *packet, size_t count)
{
    bool     v6       = packet[0] >> 4 == 6;
    size_t   header   = v6 ? 40 : (size_t)(packet[0] & 15) * 4;
    uint8_t  protocol = count >= (v6 ? 40u : 20u) ? packet[v6 ? 6 : 9] : 0;
    uint16_t port     = protocol == 6 ? port_at(packet, count, header) : port_at(packet, count, header + (v6 ? 50 : 30));

    return port >= wire->wish.first_port && port - wire->wish.first_port < wire->wish.ports;
}

static bool unseen_by_capture(const struct wire *wire, const uint8_t *packet, size_t count)
{
    return fault_touches(wire->fault, FAULT_TO_TARGET) || (wire->wish.shared && !speaks_from_case(wire, packet, count));
}

/* The packet stands in wire->out behind the room for the Ethernet header. */
static bool send_out(struct wire *wire, size_t count, bool v6, struct error *error)
{
    static const uint8_t types[2][2] = { { 0x08, 0x00 }, { 0x86, 0xdd } };

    if (unseen_by_capture(wire, wire->out + ETHERNET_OCTETS, count) &&
        !remember_own(wire, wire->out + ETHERNET_OCTETS, count, error))
        return false;
    if (fault_apply(wire->fault, FAULT_TO_TARGET, wire_now_us(), wire->out + ETHERNET_OCTETS, &count) == FAULT_DROP)
        return true;
    if (wire->raw >= 0)
        return raw_send(wire->raw, wire->out + ETHERNET_OCTETS, count, error);
    memcpy(wire->out, wire->wish.target_mac, MAC_OCTETS);
    memcpy(wire->out + MAC_OCTETS, wire->wish.tester_mac, MAC_OCTETS);
    memcpy(wire->out + 2 * MAC_OCTETS, types[v6], sizeof types[v6]);
    return craft_write(wire->craft, wire->out, ETHERNET_OCTETS + count, error);
}

bool wire_deliver(struct wire *wire, const struct segment *segment, const struct damage_wish *wish, struct error *error)
{
    size_t count = craft_segment(wire->craft, segment, wire->out + ETHERNET_OCTETS, wire->wish.mtu, error);

    if (count == 0)
        return false;
    if (wish != NULL)
        count = packet_damage(wire->out + ETHERNET_OCTETS, count, wish);
    return send_out(wire, count, segment->source.family == 6, error);
}

bool wire_deliver_packet(struct wire *wire, const uint8_t *packet, size_t count, struct error *error)
{
    if (count == 0 || count > wire->wish.mtu)
        return error_set(error, "a packet of %zu octets does not fit the link's MTU of %u", count, wire->wish.mtu);
    memcpy(wire->out + ETHERNET_OCTETS, packet, count);
    return send_out(wire, count, packet[0] >> 4 == 6, error);
}

/* ---- what comes ------------------------------------------------------------------------------------------------------- */

/* Hands an own packet over as it was before the fault. */
static void hand_own(struct wire *wire, struct arrival *arrival)
{
    free(wire->handed);
    wire->handed    = wire->first_own;
    wire->first_own = wire->handed->next;
    *arrival =
        (struct arrival){ .time_us = wire->handed->time_us, .octets = wire->handed->octets, .count = wire->handed->count };
}

/* Whether the captured frame concerns this case; if so *arrival is what is in it. */
static bool hand_frame(struct wire *wire, struct arrival *arrival)
{
    const uint8_t *frame  = wire->frame.octets;
    const uint8_t *source = frame + MAC_OCTETS;

    wire->held = false;
    if (wire->frame.count <= ETHERNET_OCTETS)
        return false;
    bool own    = memcmp(source, wire->wish.tester_mac, MAC_OCTETS) == 0;
    bool theirs = memcmp(source, wire->wish.target_mac, MAC_OCTETS) == 0;

    if (wire->wish.local) {
        own    = speaks_from_case(wire, frame + ETHERNET_OCTETS, wire->frame.count - ETHERNET_OCTETS);
        theirs = !own;
    }
    if (!theirs && (!own || fault_touches(wire->fault, FAULT_TO_TARGET)))
        return false;
    *arrival = (struct arrival){ .time_us     = wire->frame.time_us,
                                 .from_target = theirs,
                                 .octets      = frame + ETHERNET_OCTETS,
                                 .count       = wire->frame.count - ETHERNET_OCTETS,
                                 .cut         = wire->frame.cut };
    if (!theirs || !fault_touches(wire->fault, FAULT_FROM_TARGET))
        return true;
    memcpy(wire->altered, arrival->octets, arrival->count);
    arrival->octets = wire->altered;
    return fault_apply(wire->fault, FAULT_FROM_TARGET, arrival->time_us, wire->altered, &arrival->count) == FAULT_PASS;
}

/* Whether the fault sends a packet by itself before all else that is there; if so *arrival is that. What was captured a little
 * earlier may still be on its way to us. */
static bool hand_fault(struct wire *wire, struct arrival *arrival)
{
    uint64_t due_us = fault_due_us(wire->fault);
    uint64_t now_us = wire->held ? wire->frame.time_us : wire_now_us() - SETTLE_US;

    if (due_us > now_us || (wire->first_own != NULL && wire->first_own->time_us < due_us))
        return false;
    *arrival = (struct arrival){ .time_us     = due_us,
                                 .from_target = true,
                                 .octets      = wire->altered,
                                 .count       = fault_take(wire->fault, wire->altered, wire->room) };
    return true;
}

/* Hands over the next packet that is there, in the order of time. */
static enum captured take(struct wire *wire, struct arrival *arrival, struct error *error)
{
    for (;;) {
        enum captured got = wire->held ? CAPTURED : capture_read(wire->capture, &wire->frame, error);

        if (got == CAPTURE_BROKEN)
            return got;
        wire->held = got == CAPTURED;
        if (hand_fault(wire, arrival))
            return CAPTURED;
        if (wire->first_own != NULL && (!wire->held || wire->first_own->time_us <= wire->frame.time_us)) {
            hand_own(wire, arrival);
            return CAPTURED;
        }
        if (!wire->held)
            return CAPTURED_NOTHING;
        if (hand_frame(wire, arrival))
            return CAPTURED;
    }
}

static bool sleep_until(const struct wire *wire, uint64_t until_us, struct error *error)
{
    struct pollfd entry = { .fd = capture_fd(wire->capture), .events = POLLIN };
    uint64_t      now   = wire_now_us();
    uint64_t      left  = until_us > now ? until_us - now : 0;

    if (left > LONGEST_SLEEP_US)
        left = LONGEST_SLEEP_US; /* then the clock is looked at again */
    struct timespec pause = { .tv_sec = 0, .tv_nsec = (long)left * 1000 };

    if (ppoll(&entry, 1, &pause, NULL) < 0 && errno != EINTR)
        return error_set(error, "waiting for the capture: %s", strerror(errno));
    if (clock_was_set(wire))
        return error_set(error, "the system clock was set while the case was playing: its intervals cannot be judged");
    return true;
}

enum wait_result wire_next(struct wire *wire, uint64_t deadline_us, struct arrival *arrival, struct error *error)
{
    uint64_t until_us = deadline_us < UINT64_MAX - SETTLE_US ? deadline_us + SETTLE_US : deadline_us;

    for (;;) {
        bool over = wire_now_us() > until_us; /* before the capture is read, not after */

        switch (take(wire, arrival, error)) {
        case CAPTURED:
            return WAIT_ARRIVAL;
        case CAPTURE_BROKEN:
            return WAIT_FAILED;
        case CAPTURED_NOTHING:
            break;
        }
        if (over)
            return WAIT_DEADLINE;
        uint64_t fault_us = fault_due_us(wire->fault);

        if (!sleep_until(wire, fault_us < until_us ? fault_us + SETTLE_US : until_us, error))
            return WAIT_FAILED;
    }
}

uint64_t wire_lost(const struct wire *wire)
{
    return capture_lost(wire->capture);
}

struct fault_memory *wire_fault(const struct wire *wire)
{
    return wire->fault;
}
