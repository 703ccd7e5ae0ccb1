/* lab.c: both namespaces are held by file descriptors alone, so they go when the last process that has them goes, however that
 * happens. The run's process moves into the tester's namespace and its cases inherit that; the application of each case is a
 * child of the case's process in the target's.
 *
 * Each case speaks from an address of its own where there are enough: a kernel remembers by address what it learned of a peer,
 * such as the path MTU that an ICMP message told it, and one case must not learn from another. */
#include "lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/channel.h"
#include "fault.h"
#include "lab/link.h"
#include "lab/namespace.h"
#include "privilege.h"
#include "wire/wire.h"

#define TESTER_INTERFACE "tester"
#define TARGET_INTERFACE "target"

enum {
    FIRST_PORT     = 1024,
    MTU            = 1500,
    ROUND_TRIP_US  = 5000, /* median 20 us; with both cores busy the application or the reply may wait for its turn */
    IPV4_TESTERS   = 507,  /* all of 198.51.100.0/24 but the target's, then 192.0.2.0/24 */
    IPV4_FIRST_NET = 253,
    IPV6_TESTERS   = 1000,
    TESTERS_MAX    = 1000
};

struct lab {
    int                 home, tester, target; /* network namespaces */
    bool                ipv6;
    const struct fault *fault;
};

/* One case's target. */
struct lab_case {
    struct wire *wire;
    int          channel;
    pid_t        application;
};

/* ---- addresses -------------------------------------------------------------------------------------------------------- */

static const struct ip_address target_ipv4  = { 4, { 198, 51, 100, 2 } };
static const struct ip_address target_ipv6  = { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 } };
static const struct ip_address second_net   = { 4, { 192, 0, 2, 0 } };
static const uint8_t           target_mac[] = { 0x02, 0, 0x5e, 0, 0xff, 0x02 };
static const uint8_t           near_mac[] = { 0x02, 0, 0x5e, 0, 0xff, 0x01 }; /* the interface's own, that nobody speaks from */

/* 198.51.100.1, .3 and on; 2001:db8::1, ::3 and on. */
static struct ip_address tester_address(bool ipv6, unsigned slot)
{
    struct ip_address address = ipv6 ? target_ipv6 : target_ipv4;
    unsigned          index   = slot % (ipv6 ? IPV6_TESTERS : IPV4_TESTERS);
    unsigned          host    = index == 0 ? 1 : index + 2;

    if (ipv6) {
        address.octets[14] = (uint8_t)(host >> 8);
        address.octets[15] = (uint8_t)host;
    } else if (index < IPV4_FIRST_NET) {
        address.octets[3] = (uint8_t)host;
    } else {
        address           = second_net;
        address.octets[3] = (uint8_t)(index - IPV4_FIRST_NET + 1);
    }
    return address;
}

/* Locally administered (IEEE 802 8.2.2), and no interface's. */
static void tester_mac(unsigned slot, uint8_t mac[MAC_OCTETS])
{
    const uint8_t octets[MAC_OCTETS] = { 0x02, 0, 0x5e, 0x10, (uint8_t)(slot >> 8), (uint8_t)slot };

    memcpy(mac, octets, MAC_OCTETS);
}

/* ---- preparing -------------------------------------------------------------------------------------------------------- */

/* A kernel keeps what it measured of a peer's address (round-trip time, slow-start threshold) for its next connection. That is
 * the one thing that is set otherwise than on a plain host: see README.md. */
static bool forget_between_connections(struct error *error)
{
    static const char path[] = "/proc/sys/net/ipv4/tcp_no_metrics_save";
    int               fd     = open(path, O_WRONLY | O_CLOEXEC);
    bool              set    = fd >= 0 && write(fd, "1", 1) == 1;
    int               number = errno;

    if (fd >= 0)
        close(fd);
    return set || error_set(error, "%s: %s: the target linux needs a /proc/sys that can be written", path, strerror(number));
}

static bool add_testers(int socket, bool ipv6, struct error *error)
{
    unsigned          count      = ipv6 ? IPV6_TESTERS : IPV4_TESTERS;
    struct neighbour *neighbours = calloc(TESTERS_MAX, sizeof *neighbours);

    if (neighbours == NULL)
        return error_set(error, "out of memory");
    for (unsigned slot = 0; slot < count; slot++) {
        neighbours[slot].address = tester_address(ipv6, slot);
        tester_mac(slot, neighbours[slot].mac);
    }
    bool added = link_add_neighbours(socket, TARGET_INTERFACE, neighbours, count, error);

    free(neighbours);
    return added;
}

/* A kernel without IPv6 is a target too, as long as nobody asks for IPv6. */
static bool has_ipv6(void)
{
    return access("/proc/sys/net/ipv6", F_OK) == 0;
}

static bool set_up_near(int socket, struct error *error)
{
    return link_offloads_off(socket, TESTER_INTERFACE, error) && link_up(socket, "lo", error) &&
           (!has_ipv6() || link_without_ipv6_address(socket, TESTER_INTERFACE, error)) &&
           link_up(socket, TESTER_INTERFACE, error);
}

static bool set_up_far(int socket, bool ipv6, struct error *error)
{
    return link_offloads_off(socket, TARGET_INTERFACE, error) && link_up(socket, "lo", error) &&
           link_add_address(socket, TARGET_INTERFACE, &target_ipv4, 24, error) &&
           (!has_ipv6() || link_add_address(socket, TARGET_INTERFACE, &target_ipv6, 64, error)) &&
           link_up(socket, TARGET_INTERFACE, error) && link_await_local(socket, &target_ipv4, error) &&
           (!has_ipv6() || link_await_local(socket, &target_ipv6, error)) &&
           link_add_route(socket, TARGET_INTERFACE, &second_net, 24, error) && add_testers(socket, ipv6, error);
}

/* Makes the target's namespace, then the tester's, where the process stays. */
static bool set_up(struct lab *lab, int *near, int *far, struct error *error)
{
    return (lab->home = namespace_here(error)) >= 0 && namespace_new(error) && (lab->target = namespace_here(error)) >= 0 &&
           (*far = link_socket(error)) >= 0 && forget_between_connections(error) && namespace_new(error) &&
           (lab->tester = namespace_here(error)) >= 0 && (*near = link_socket(error)) >= 0 &&
           link_make_pair(*near, TESTER_INTERFACE, near_mac, TARGET_INTERFACE, target_mac, lab->target, error) &&
           set_up_near(*near, error) && set_up_far(*far, lab->ipv6, error) &&
           link_wait_for_queue(*near, TESTER_INTERFACE, error) && link_wait_for_queue(*far, TARGET_INTERFACE, error);
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* As an ordinary user there is no way back: the process is in a user namespace that does not own its former network. */
static void lab_release(void *prepared)
{
    struct lab  *lab = prepared;
    struct error unused;

    if (lab->home >= 0)
        namespace_go(lab->home, &unused);
    close_if_open(lab->home);
    close_if_open(lab->tester);
    close_if_open(lab->target);
    free(lab);
}

static void *lab_prepare(const struct target_wish *wish, struct error *error)
{
    const struct fault *found;
    int                 near = -1, far = -1;

    if (!fault_named(wish->fault, &found, error))
        return NULL;
    if (wish->ipv6 && !has_ipv6()) {
        error_set(error, "this kernel has no IPv6: run without --ipv6");
        return NULL;
    }
    struct lab *lab = malloc(sizeof *lab);

    if (lab == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    *lab      = (struct lab){ .home = -1, .tester = -1, .target = -1, .ipv6 = wish->ipv6, .fault = found };
    bool good = set_up(lab, &near, &far, error);

    close_if_open(near);
    close_if_open(far);
    if (good)
        return lab;
    lab_release(lab);
    return NULL;
}

/* ---- the application beside the target -------------------------------------------------------------------------------- */

/* In the child, in the target's namespace. Of what it inherited it keeps its channel and where to complain. */
_Noreturn static void be_application(int channel, pid_t parent)
{
    struct error error;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    if (channel > 3)
        close_range(3, (unsigned)channel - 1, 0);
    close_range((unsigned)channel + 1, ~0u, 0);
    if (!drop_privilege(&error))
        _exit(1);
    _exit(agent_serve_channel(channel) == 0 ? 0 : 1);
}

/* The case's process goes into the target's namespace for as long as it takes to fork there. */
static bool start_application(const struct lab *lab, struct lab_case *self, struct error *error)
{
    int   ends[2];
    pid_t parent = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return error_set(error, "no channel to the target's application: %s", strerror(errno));
    self->channel = ends[0];
    if (!namespace_go(lab->target, error)) {
        close(ends[1]);
        return false;
    }
    self->application = fork();
    if (self->application == 0)
        be_application(ends[1], parent);
    int number = errno;

    close(ends[1]);
    if (!namespace_go(lab->tester, error))
        return false;
    return self->application > 0 || error_set(error, "no process for the target's application: %s", strerror(number));
}

/* The application ends, and aborts its connections, when its channel is at its end. */
static void lab_close(void *self)
{
    struct lab_case *it = self;

    close_if_open(it->channel);
    while (it->application > 0 && waitpid(it->application, NULL, 0) < 0 && errno == EINTR)
        continue;
    wire_close(it->wire);
    free(it);
}

/* ---- one case --------------------------------------------------------------------------------------------------------- */

static bool lab_deliver(void *self, const struct segment *segment, const struct damage_wish *wish, struct error *error)
{
    return wire_deliver(((struct lab_case *)self)->wire, segment, wish, error);
}

static bool lab_deliver_packet(void *self, const uint8_t *packet, size_t count, struct error *error)
{
    return wire_deliver_packet(((struct lab_case *)self)->wire, packet, count, error);
}

static enum wait_result lab_next(void *self, uint64_t deadline_us, struct arrival *arrival, struct error *error)
{
    return wire_next(((struct lab_case *)self)->wire, deadline_us, arrival, error);
}

static uint64_t lab_now_us(void *self)
{
    (void)self;
    return wire_now_us();
}

static uint64_t lab_capture_lost(void *self)
{
    return wire_lost(((struct lab_case *)self)->wire);
}

static void carry_out(void *self, const struct call_request *request, struct call_reply *reply)
{
    channel_call(((struct lab_case *)self)->channel, request, reply);
}

static void lab_call(void *self, const struct call_request *request, struct call_reply *reply)
{
    fault_call(wire_fault(((struct lab_case *)self)->wire), carry_out, self, request, reply);
}

static bool lab_open(void *prepared, unsigned slot, struct target *target, struct error *error)
{
    const struct lab *lab  = prepared;
    struct lab_case  *self = malloc(sizeof *self);
    struct wire_wish  wish = { .interface  = TESTER_INTERFACE,
                               .first_port = (uint16_t)(FIRST_PORT + slot * TESTER_PORTS),
                               .ports      = TESTER_PORTS,
                               .mtu        = MTU,
                               .fault      = lab->fault };

    if (self == NULL)
        return error_set(error, "out of memory");
    *self = (struct lab_case){ .channel = -1 };
    tester_mac(slot, wish.tester_mac);
    memcpy(wish.target_mac, target_mac, MAC_OCTETS);
    if (!start_application(lab, self, error) || (self->wire = wire_open(&wish, error)) == NULL || !drop_privilege(error)) {
        lab_close(self);
        return false;
    }
    *target = (struct target){ .self           = self,
                               .tester         = tester_address(lab->ipv6, slot),
                               .address        = lab->ipv6 ? target_ipv6 : target_ipv4,
                               .first_port     = wish.first_port,
                               .mtu            = MTU,
                               .round_trip_us  = ROUND_TRIP_US,
                               .deliver        = lab_deliver,
                               .deliver_packet = lab_deliver_packet,
                               .next           = lab_next,
                               .now_us         = lab_now_us,
                               .capture_lost   = lab_capture_lost,
                               .call           = lab_call,
                               .close          = lab_close };
    return true;
}

const struct target_kind target_linux = { .name        = "linux",
                                          .description = "this machine's kernel in a network namespace of its own",
                                          .prepare     = lab_prepare,
                                          .open        = lab_open,
                                          .release     = lab_release };
