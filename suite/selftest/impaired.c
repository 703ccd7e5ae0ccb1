/* impaired.c: the relay does what it says: frames through it are measured, counted and compared, and a host behind it answers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host_rig.h"
#include "lab/link.h"
#include "lab/namespace.h"
#include "octets.h"
#include "relay.h"
#include "selftest.h"

enum { SHORTEST_OCTETS = ETH_HLEN + 60, LONGEST_OCTETS = ETH_HLEN + 1500, NUMBER_AT = ETH_HLEN + 44, STAMP_AT = ETH_HLEN + 48 };
enum { PROTOCOL_AT = ETH_HLEN + 9, NEXT_HEADER_AT = ETH_HLEN + 6, TCP = 6, UDP = 17, MOST_FRAMES = 4000, PATIENCE_MS = 5000 };

/* Two interfaces of this process's, with a relay between them. */
static int near_end, far_end;

static int frames_at(const char *name)
{
    struct sockaddr_ll address = { .sll_family   = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_ALL),
                                   .sll_ifindex  = (int)if_nametoindex(name) };
    int                fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1, room = 8 << 20;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on), 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Until then the kernel drops what is sent there. */
static void wait_for_queue(const char *name)
{
    struct error error  = { "" };
    int          socket = link_socket(&error);

    ck_assert_msg(socket >= 0 && link_wait_for_queue(socket, name, &error), "%s", error.sentence);
    close(socket);
}

static int a_quiet_namespace(void)
{
    struct error error = { "" };

    if (!namespace_new(&error)) {
        printf("relay: skipped: %s\n", error.sentence);
        return -1;
    }
    ck_assert_int_eq(system("for f in default all; do echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done"), 0);
    return namespace_here(&error);
}

/* false where no namespace can be made. */
static bool two_ends(struct relay *relay)
{
    int between = a_quiet_namespace(), here = between >= 0 ? a_quiet_namespace() : -1;

    if (here < 0)
        return false;
    host_rig_make_pair(between, "near", here, "a", 1);
    host_rig_make_pair(between, "far", here, "b", 2);
    ck_assert_int_eq(system("ip link set dev a up && ip link set dev b up"), 0);
    struct error error = { "" };

    ck_assert(namespace_go(between, &error));
    ck_assert_int_eq(system("ip link set dev near up && ip link set dev far up"), 0);
    *relay = relay_start(between, "near", "far");
    ck_assert(namespace_go(here, &error));
    wait_for_queue("a");
    wait_for_queue("b");
    near_end = frames_at("a");
    far_end  = frames_at("b");
    return true;
}

/* ---- frames ----------------------------------------------------------------------------------------------------------- */

static uint64_t to_us(struct timespec time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* A frame with its number and the time in it; of the headers there is what the relay looks at. */
static void send_frame(int from, uint16_t type, uint8_t protocol, uint32_t number, size_t octets)
{
    uint8_t         frame[LONGEST_OCTETS] = { 0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2 };
    struct timespec now;

    write16(frame + 2 * ETH_ALEN, type);
    frame[ETH_HLEN]                                              = type == ETHERTYPE_IPV6 ? 0x60 : 0x45;
    frame[type == ETHERTYPE_IPV6 ? NEXT_HEADER_AT : PROTOCOL_AT] = protocol;
    frame[octets - 1]                                            = 0x5a;
    write32(frame + NUMBER_AT, number);
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t now_us = to_us(now);

    memcpy(frame + STAMP_AT, &now_us, sizeof now_us);
    ck_assert_int_eq(send(from, frame, octets, 0), (ssize_t)octets);
}

struct came {
    uint32_t number;
    size_t   octets;
    int64_t  took_us; /* by the stamp of the interface that it came to */
};

/* The next frame, if one comes in wait_ms. */
static bool receive_frame(int to, int wait_ms, struct came *came)
{
    _Alignas(struct cmsghdr) uint8_t control[128];
    uint8_t                          frame[LONGEST_OCTETS + 100];
    struct iovec                     place = { frame, sizeof frame };
    struct msghdr   message = { .msg_iov = &place, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct timespec stamp;
    uint64_t        sent_us;

    if (poll(&(struct pollfd){ .fd = to, .events = POLLIN }, 1, wait_ms) != 1)
        return false;
    ssize_t got = recvmsg(to, &message, 0);

    ck_assert_int_ge(got, SHORTEST_OCTETS);
    ck_assert_uint_eq(frame[got - 1], 0x5a);
    ck_assert_ptr_nonnull(CMSG_FIRSTHDR(&message));
    memcpy(&stamp, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof stamp);
    memcpy(&sent_us, frame + STAMP_AT, sizeof sent_us);
    *came = (struct came){ read32(frame + NUMBER_AT), (size_t)got, (int64_t)(to_us(stamp) - sent_us) };
    return true;
}

/* ---- what becomes of them --------------------------------------------------------------------------------------------- */

/* Frames so far apart that none waits for the one before it. None takes less than it must, all within a busy machine's wake-up
 * take no longer than they may, and they differ by the jitter. */
START_TEST(a_frame_takes_as_long_as_it_should)
{
    enum { FRAMES = 30, APART_US = 25000, LATE_US = 8000 };
    struct relay_impairment slow = { .delay_ms = 30, .jitter_ms = 10, .seed = 7 };
    struct relay            relay;
    struct came             came;
    int64_t                 least_us = INT64_MAX, most_us = 0;
    unsigned                late = 0;

    if (!two_ends(&relay))
        return;
    relay_impair(relay, &slow, NULL);
    for (uint32_t i = 0; i < FRAMES; i++) {
        send_frame(_i == 0 ? near_end : far_end, ETHERTYPE_IP, UDP, i, SHORTEST_OCTETS);
        usleep(APART_US);
    }
    for (uint32_t i = 0; i < FRAMES; i++) {
        ck_assert(receive_frame(_i == 0 ? far_end : near_end, PATIENCE_MS, &came));
        ck_assert_uint_eq(came.number, i);
        ck_assert_msg(came.took_us >= 20000, "frame %u took only %ld us", i, (long)came.took_us);
        late += came.took_us > 40000 + LATE_US;
        least_us = came.took_us < least_us ? came.took_us : least_us;
        most_us  = came.took_us > most_us ? came.took_us : most_us;
    }
    ck_assert_msg(late <= FRAMES / 2, "%u of %d frames came late", late, FRAMES);
    ck_assert_msg(least_us < 30000 + LATE_US, "no frame took less than %ld us", (long)least_us);
    ck_assert_msg(most_us - least_us > 5000, "all frames took between %ld and %ld us", (long)least_us, (long)most_us);
}
END_TEST

/* However the jitter falls: a thousand frames at once, of all sorts and both lengths. */
START_TEST(no_frame_overtakes_another)
{
    enum { FRAMES = 1000 };
    static const struct {
        uint16_t type;
        uint8_t  protocol;
    } sorts[] = { { ETHERTYPE_IP, TCP }, { ETHERTYPE_IPV6, TCP }, { ETHERTYPE_ARP, 0 }, { ETHERTYPE_IPV6, 58 } };
    struct relay_impairment jittery = { .delay_ms = 20, .jitter_ms = 20, .seed = 3 };
    struct relay            relay;
    struct came             came;

    if (!two_ends(&relay))
        return;
    relay_impair(relay, &jittery, NULL);
    for (uint32_t i = 0; i < FRAMES; i++)
        send_frame(near_end, sorts[i % 4].type, sorts[i % 4].protocol, i, i % 3 == 0 ? LONGEST_OCTETS : SHORTEST_OCTETS);
    for (uint32_t i = 0; i < FRAMES; i++) {
        ck_assert_msg(receive_frame(far_end, PATIENCE_MS, &came), "frame %u did not come", i);
        ck_assert_uint_eq(came.number, i);
        ck_assert_uint_eq(came.octets, i % 3 == 0 ? LONGEST_OCTETS : SHORTEST_OCTETS);
    }
    struct relay_counts counts[RELAY_WAYS];

    relay_impair(relay, &jittery, counts);
    ck_assert_uint_eq(counts[RELAY_FORWARD].carried, FRAMES);
    ck_assert_uint_eq(counts[RELAY_FORWARD].lost + counts[RELAY_FORWARD].overflowed, 0);
}
END_TEST

/* Sends so many frames, in lots that fit every queue, and marks which came. Returns how many. */
static unsigned survivors(struct relay relay, struct relay_impairment impairment, uint16_t type, uint8_t protocol,
                          bool came_through[MOST_FRAMES])
{
    struct relay_counts before[RELAY_WAYS], after[RELAY_WAYS];
    struct came         came;
    unsigned            count = 0;

    memset(came_through, 0, MOST_FRAMES * sizeof *came_through);
    relay_impair(relay, &impairment, before);
    for (uint32_t i = 0; i < MOST_FRAMES; i++) {
        send_frame(near_end, type, protocol, i, SHORTEST_OCTETS);
        if (i % 200 != 199)
            continue;
        send_frame(near_end, ETHERTYPE_ARP, 0, MOST_FRAMES, SHORTEST_OCTETS); /* is not lost, and comes last */
        for (;;) {
            ck_assert_msg(receive_frame(far_end, PATIENCE_MS, &came), "the ARP after frame %u did not come", i);
            if (came.number == MOST_FRAMES)
                break;
            ck_assert(!came_through[came.number]);
            came_through[came.number] = true;
            count++;
        }
    }
    relay_impair(relay, &impairment, after);
    ck_assert_uint_eq(after[RELAY_FORWARD].lost - before[RELAY_FORWARD].lost, MOST_FRAMES - count);
    ck_assert_uint_eq(after[RELAY_FORWARD].overflowed, 0);
    return count;
}

/* 50 of 1000: 200 are expected of 4000, with a standard deviation of 13.8. */
START_TEST(segments_are_lost_as_the_seed_says)
{
    static bool             first[MOST_FRAMES], again[MOST_FRAMES], other[MOST_FRAMES];
    struct relay_impairment lossy = { .loss_per_mille = 50, .seed = 11 }, otherwise = { .loss_per_mille = 50, .seed = 12 };
    struct relay            relay;

    if (!two_ends(&relay))
        return;
    unsigned lost = MOST_FRAMES - survivors(relay, lossy, ETHERTYPE_IP, TCP, first);

    ck_assert_msg(lost > 150 && lost < 250, "%u of %d were lost", lost, MOST_FRAMES);
    survivors(relay, lossy, ETHERTYPE_IPV6, TCP, again);
    ck_assert_mem_eq(first, again, sizeof first);
    survivors(relay, otherwise, ETHERTYPE_IP, TCP, other);
    ck_assert_mem_ne(first, other, sizeof first);
    ck_assert_uint_eq(survivors(relay, lossy, ETHERTYPE_IP, UDP, other), MOST_FRAMES);
    ck_assert_uint_eq(survivors(relay, lossy, ETHERTYPE_ARP, TCP, other), MOST_FRAMES);
    ck_assert_uint_eq(survivors(relay, lossy, ETHERTYPE_IPV6, 58, other), MOST_FRAMES);
}
END_TEST

/* ---- a host behind it ------------------------------------------------------------------------------------------------- */

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)to_us(now);
}

static int connect_to(const char *address)
{
    struct sockaddr_in  v4    = { .sin_family = AF_INET, .sin_port = htons(7) };
    struct sockaddr_in6 v6    = { .sin6_family = AF_INET6, .sin6_port = htons(7) };
    bool                is_v6 = inet_pton(AF_INET, address, &v4.sin_addr) != 1;
    int                 fd    = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (is_v6)
        ck_assert_int_eq(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
    int result = is_v6 ? connect(fd, (struct sockaddr *)&v6, sizeof v6) : connect(fd, (struct sockaddr *)&v4, sizeof v4);

    ck_assert_msg(result == 0, "%s: %s", address, strerror(errno));
    return fd;
}

static int64_t echo_us(int fd)
{
    char    octet;
    int64_t began_us = now_us();

    ck_assert_int_eq(write(fd, "x", 1), 1);
    ck_assert_int_eq(read(fd, &octet, 1), 1);
    return now_us() - began_us;
}

/* There and back: twice 30 ms, give or take twice 10; the least of some, so that a machine that was busy once does not count.
 */
START_TEST(an_echo_comes_from_as_far_as_it_should)
{
    static const char *const addresses[] = { "192.0.2.3", "2001:db8::3" };
    int64_t                  least_us    = INT64_MAX;

    if (!host_rig_enter())
        return;
    host_rig_impair(30, 10, 0, 5);
    int fd = connect_to(addresses[_i]);

    for (int i = 0; i < 10; i++) {
        int64_t took_us = echo_us(fd);

        ck_assert_msg(took_us >= 40000, "an echo after %ld us", (long)took_us);
        least_us = took_us < least_us ? took_us : least_us;
    }
    ck_assert_msg(least_us < 90000, "the fastest echo took %ld us", (long)least_us);
    close(fd);
    host_rig_impair(0, 0, 0, 0);
    fd       = connect_to(addresses[_i]);
    least_us = INT64_MAX;
    for (int i = 0; i < 10; i++) {
        int64_t took_us = echo_us(fd);

        least_us = took_us < least_us ? took_us : least_us;
    }
    ck_assert_msg(least_us < 20000, "without delay the fastest echo took %ld us", (long)least_us);
    close(fd);
}
END_TEST

/* Every twentieth segment is lost, and the connection carries all the same. */
START_TEST(a_connection_outlives_loss)
{
    if (!host_rig_enter())
        return;
    host_rig_impair(2, 1, 50, 9);
    int fd = connect_to("192.0.2.3");

    for (int i = 0; i < 100; i++)
        echo_us(fd);
    close(fd);
}
END_TEST

SUITE(relay)
{
    Suite *suite  = suite_create("relay");
    TCase *frames = tcase_create("frames");
    TCase *hosts  = tcase_create("hosts");

    tcase_set_timeout(frames, 60);
    tcase_add_loop_test(frames, a_frame_takes_as_long_as_it_should, 0, 2);
    tcase_add_test(frames, no_frame_overtakes_another);
    tcase_add_test(frames, segments_are_lost_as_the_seed_says);
    suite_add_tcase(suite, frames);
    tcase_set_timeout(hosts, 60);
    tcase_add_loop_test(hosts, an_echo_comes_from_as_far_as_it_should, 0, 2);
    tcase_add_test(hosts, a_connection_outlives_loss);
    suite_add_tcase(suite, hosts);
    return suite;
}
