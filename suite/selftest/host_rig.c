#include "host_rig.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/protocol.h"
#include "agent/server.h"
#include "lab/link.h"
#include "lab/namespace.h"
#include "privilege.h"
#include "relay.h"
#include "selftest.h"

enum { OUTPUT_OCTETS = 1 << 20, ECHO_PORT = 7, DISCARD_PORT = 9, DAYTIME_PORT = 13, CHARGEN_PORT = 19, HTTP_PORT = 80 };

static char output[OUTPUT_OCTETS];
const char *host_rig_output = output;

static struct relay the_relay;
static int          near_host;

/* ---- hosts ------------------------------------------------------------------------------------------------------------ */

static int new_namespace(void)
{
    struct error error = { "" };

    if (!namespace_new(&error)) {
        printf("host: skipped: %s\n", error.sentence);
        return -1;
    }
    int fd = namespace_here(&error);

    ck_assert_msg(fd >= 0, "%s", error.sentence);
    return fd;
}

static void go(int fd)
{
    struct error error = { "" };

    ck_assert_msg(namespace_go(fd, &error), "%s", error.sentence);
}

static void shell_in(int fd, const char *line)
{
    go(fd);
    ck_assert_msg(system(line) == 0, "%s", line);
}

/* As a virtual machine or a container is reached: every offload that the kernel switches on by itself stays on. */
static void make_pair_with_offloads(int near, int far)
{
    struct error  error       = { "" };
    const uint8_t near_mac[6] = { 0x02, 0, 0x5e, 0x20, 0, 7 }, far_mac[6] = { 0x02, 0, 0x5e, 0x21, 0, 7 };

    go(near);
    int socket = link_socket(&error);

    ck_assert_msg(socket >= 0 && link_make_pair(socket, "eth1", near_mac, "eth0", far_mac, far, &error), "%s", error.sentence);
    close(socket);
    shell_in(near,
             "set -e; ip link set eth1 up; ip addr add 192.0.2.193/30 dev eth1; ip addr add 2001:db8:2::1/64 dev eth1 nodad");
    shell_in(far,
             "set -e; ip link set eth0 up; ip addr add 192.0.2.194/30 dev eth0; ip addr add 2001:db8:2::2/64 dev eth0 nodad");
}

void host_rig_make_pair(int near, const char *near_name, int far, const char *far_name, uint8_t number)
{
    struct error  error       = { "" };
    const uint8_t near_mac[6] = { 0x02, 0, 0x5e, 0x20, 0, number }, far_mac[6] = { 0x02, 0, 0x5e, 0x21, 0, number };

    go(near);
    int socket = link_socket(&error);

    ck_assert_msg(socket >= 0 && link_make_pair(socket, near_name, near_mac, far_name, far_mac, far, &error) &&
                      link_offloads_off(socket, near_name, &error),
                  "%s", error.sentence);
    close(socket);
    go(far);
    socket = link_socket(&error);
    ck_assert_msg(socket >= 0 && link_offloads_off(socket, far_name, &error), "%s", error.sentence);
    close(socket);
}

/* Loopback cannot leave checksums out of it, but it can leave segments whole. */
static void whole_segments_on_loopback(void)
{
    struct error error  = { "" };
    int          socket = link_socket(&error);

    ck_assert_int_ge(socket, 0);
    ck_assert(!link_offloads_off(socket, "lo", &error));
    close(socket);
}

static void listen_at(struct agent *agent, uint8_t family, uint16_t port, enum service service)
{
    static struct call_reply reply;
    struct call_request      open  = { .kind = CALL_PASSIVE_OPEN, .port = port, .address = { .family = family } };
    struct call_request      serve = { .kind = CALL_SERVE, .service = service };

    agent_call(agent, &open, &reply);
    serve.handle = reply.handle;
    agent_call(agent, &serve, &reply);
    if (reply.result != CALL_OK)
        _exit(1);
}

/* Every service, until the test ends. Returns when they listen. */
static void start_services(int fd)
{
    struct error error;
    int          ready[2];
    char         octet;
    pid_t        parent = getpid();

    ck_assert_int_eq(pipe(ready), 0);
    if (fork() == 0) {
        struct agent *agent = agent_new(NULL);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || !namespace_go(fd, &error))
            _exit(1);
        for (uint8_t family = 4; family <= 6; family += 2) {
            listen_at(agent, family, ECHO_PORT, SERVICE_ECHO);
            listen_at(agent, family, DISCARD_PORT, SERVICE_DISCARD);
            listen_at(agent, family, DAYTIME_PORT, SERVICE_DAYTIME);
            listen_at(agent, family, CHARGEN_PORT, SERVICE_CHARGEN);
            listen_at(agent, family, HTTP_PORT, SERVICE_HTTP);
        }
        if (!drop_privilege(&error) || write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            agent_poll(agent, -1, -1);
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &octet, 1), 1);
    close(ready[0]);
}

/* An agent for the tester at each address, until the test ends. */
static void start_agent(int fd, const char *address, const char *tester)
{
    struct error       error;
    int                ready[2], stop[2];
    char               octet;
    pid_t              parent = getpid();
    struct server_wish wish   = { .port = AGENT_PORT, .service = AGENT_SERVICE };

    ck_assert(allowed_read(tester, &wish.allowed[wish.allowed_count++], &error));
    ck_assert(ip_address_parse(address, &wish.bind));
    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(stop), 0);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || !namespace_go(fd, &error))
            _exit(1);
        struct server *server = server_open(&wish, &error);

        if (server == NULL || !drop_privilege(&error) || write(ready[1], "", 1) != 1)
            _exit(1);
        _exit(server_run(server, stop[0]));
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &octet, 1), 1);
    close(ready[0]);
}

/* The relay has no addresses and is no host: its kernel sends nothing. */
static struct relay relay_between(int bridge, int relay, int slow)
{
    shell_in(relay, "for f in default all; do echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done");
    host_rig_make_pair(bridge, "p4", relay, "near", 4);
    host_rig_make_pair(relay, "far", slow, "eth0", 5);
    shell_in(slow, "set -e; ip link set eth0 up; ip addr add 192.0.2.3/24 dev eth0; ip addr add 2001:db8::3/64 dev eth0 nodad");
    shell_in(bridge, "ip link set p4 master br0 up");
    shell_in(relay, "ip link set dev near up && ip link set dev far up");
    return relay_start(relay, "near", "far");
}

bool host_rig_enter(void)
{
    static const char quick[] =
        "for f in default all; do echo 0 >/proc/sys/net/ipv6/conf/$f/accept_dad; done; ip link set lo up";
    int names[7];

    for (int i = 0; i < 7; i++) {
        names[i] = new_namespace();
        if (names[i] < 0)
            return false;
        ck_assert_int_eq(system(quick), 0);
    }
    int tester = names[0], bridge = names[1], near = names[2], far = names[3], slow = names[5], whole = names[6];

    near_host = near;

    host_rig_make_pair(bridge, "p1", tester, "eth0", 1);
    host_rig_make_pair(bridge, "p2", near, "eth0", 2);
    host_rig_make_pair(bridge, "p3", far, "eth0", 3);
    shell_in(
        bridge,
        "set -e; ip link add br0 type bridge; for p in p1 p2; do ip link set $p master br0 up; done; ip link set br0 up;"
        "ip link set p3 up; ip addr add 192.0.2.254/24 dev br0; ip addr add 2001:db8::fe/64 dev br0 nodad;"
        "ip addr add 198.51.100.254/24 dev p3; ip route add prohibit 198.51.100.77; ip addr add 2001:db8:1::fe/64 dev p3 nodad;"
        "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
    shell_in(near, "set -e; ip link set eth0 up; ip addr add 192.0.2.2/24 dev eth0; ip addr add 2001:db8::2/64 dev eth0 nodad");
    shell_in(far, "set -e; ip link set eth0 up; ip addr add 198.51.100.2/24 dev eth0;"
                  "ip addr add 2001:db8:1::2/64 dev eth0 nodad; ip route add default via 198.51.100.254;"
                  "ip -6 route add default via 2001:db8:1::fe");
    the_relay = relay_between(bridge, names[4], slow);
    make_pair_with_offloads(tester, whole);
    shell_in(tester,
             "set -e; ip link set eth0 up; ip addr add 192.0.2.1/24 dev eth0; ip addr add 2001:db8::1/64 dev eth0 nodad;"
             "ip route add 198.51.100.0/24 via 192.0.2.254; ip -6 route add 2001:db8:1::/64 via 2001:db8::fe");
    whole_segments_on_loopback();
    start_services(near);
    start_services(far);
    start_services(slow);
    start_services(whole);
    start_services(tester);
    start_agent(near, "192.0.2.2", "192.0.2.0/24");
    start_agent(slow, "192.0.2.3", "192.0.2.0/24");
    return true;
}

void host_rig_impair(uint32_t delay_ms, uint32_t jitter_ms, uint32_t loss_per_mille, uint64_t seed)
{
    relay_impair(the_relay, &(struct relay_impairment){ delay_ms, jitter_ms, loss_per_mille, seed }, NULL);
}

bool host_rig_go_near(void)
{
    struct error error;

    return namespace_go(near_host, &error);
}

void host_rig_merge_segments(const char *interface)
{
    static const uint32_t offloads[] = { ETHTOOL_SSG, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO };
    struct ifreq          request    = { 0 };
    int                   fd         = socket(AF_INET, SOCK_DGRAM, 0);

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
    for (size_t i = 0; i < sizeof offloads / sizeof *offloads; i++) {
        struct ethtool_value value = { .cmd = offloads[i], .data = 1 };

        request.ifr_data = (void *)&value;
        /* What the others rest on, ETHTOOL_SSG, is fixed where it is always on. */
        ck_assert_msg(ioctl(fd, SIOCETHTOOL, &request) == 0 || i == 0, "%s: offload %zu", interface, i);
    }
    close(fd);
}

int host_rig_shell(const char *line)
{
    const char *named = getenv("TCPROVE");
    char        command[3000];
    size_t      count = 0;

    snprintf(command, sizeof command, "T='%s'; { %s\n} 2>&1 </dev/null", named != NULL ? named : "build/tcprove", line);
    FILE *pipe = popen(command, "re");

    ck_assert_ptr_nonnull(pipe);
    for (size_t got; (got = fread(output + count, 1, OUTPUT_OCTETS - 1 - count, pipe)) > 0;)
        count += got;
    output[count] = '\0';
    int status    = pclose(pipe);

    ck_assert_msg(WIFEXITED(status), "%s: signal %d\n%s", line, WTERMSIG(status), output);
    return WEXITSTATUS(status);
}
