/* relay.c: one thread, a packet socket at each interface and a queue each way. A delay counts from when the frame came to the
 * interface, which the kernel tells, so that a relay that was woken late does not lengthen it as long as it lags by less. */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lab/link.h"
#include "lab/namespace.h"
#include "octets.h"
#include "privilege.h"
#include "selftest.h"

/* The queue holds what 100 Mbit/s put on the way in 300 ms. */
enum { FRAME_OCTETS = 2048, QUEUE_FRAMES = 2500, SOCKET_OCTETS = 4 << 20, TURN_FRAMES = 64, PER_MILLE = 1000 };
enum { IPV4_PROTOCOL_AT = 9, IPV6_NEXT_HEADER_AT = 6, PROTOCOL_TCP = 6 };

static const uint64_t second_ns = 1000000000, millisecond_ns = 1000000;

struct frame {
    uint64_t due_ns;
    size_t   count;
    uint8_t  octets[FRAME_OCTETS];
};

/* One way. Loss and jitter are drawn apart, so that what is lost does not hang on what is no TCP. */
struct way {
    int                 from, to;
    struct frame       *queue; /* a ring of QUEUE_FRAMES, `waiting` of them from `first` on */
    size_t              first, waiting;
    uint64_t            last_due_ns;
    uint64_t            loss_state, jitter_state;
    struct relay_counts counts;
};

/* ---- chance and time -------------------------------------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood 2014): a number for each step of a counter. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t read_clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

/* When the message came, on the monotonic clock: the stamp is of the other one, which may be set at any time. */
static uint64_t arrival_ns(struct msghdr *message)
{
    uint64_t        now_ns = read_clock_ns(CLOCK_MONOTONIC), wall_ns = read_clock_ns(CLOCK_REALTIME);
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    struct timespec stamp;

    if (head == NULL || head->cmsg_type != SCM_TIMESTAMPNS)
        return now_ns;
    memcpy(&stamp, CMSG_DATA(head), sizeof stamp);
    uint64_t stamp_ns = (uint64_t)stamp.tv_sec * second_ns + (uint64_t)stamp.tv_nsec;

    return stamp_ns <= wall_ns && wall_ns - stamp_ns < second_ns ? now_ns - (wall_ns - stamp_ns) : now_ns;
}

/* ---- one way ---------------------------------------------------------------------------------------------------------- */

static bool is_tcp(const struct frame *frame)
{
    const uint8_t *packet = frame->octets + ETH_HLEN;

    if (frame->count <= ETH_HLEN + IPV4_PROTOCOL_AT)
        return false;
    switch (read16(frame->octets + 2 * ETH_ALEN)) {
    case ETHERTYPE_IP:
        return packet[IPV4_PROTOCOL_AT] == PROTOCOL_TCP;
    case ETHERTYPE_IPV6:
        return packet[IPV6_NEXT_HEADER_AT] == PROTOCOL_TCP;
    default:
        return false;
    }
}

/* Each frame after the one before it, however the jitter falls. */
static uint64_t due_ns(struct way *way, const struct relay_impairment *impairment, uint64_t came_ns)
{
    uint64_t jitter_ns = impairment->jitter_ms * millisecond_ns, delay_ns = impairment->delay_ms * millisecond_ns;
    uint64_t longest_ns = delay_ns + jitter_ns, part_ns = draw(&way->jitter_state) % (2 * jitter_ns + 1);
    uint64_t due = came_ns + (longest_ns > part_ns ? longest_ns - part_ns : 0);

    if (due < way->last_due_ns)
        due = way->last_due_ns;
    way->last_due_ns = due;
    return due;
}

/* Takes one frame into the queue; false where none is there. */
static bool take(struct way *way, const struct relay_impairment *impairment)
{
    _Alignas(struct cmsghdr) uint8_t control[128];
    static struct frame              surplus;
    bool                             full  = way->waiting == QUEUE_FRAMES;
    struct frame                    *frame = full ? &surplus : &way->queue[(way->first + way->waiting) % QUEUE_FRAMES];
    struct iovec                     place = { frame->octets, sizeof frame->octets };
    struct msghdr message = { .msg_iov = &place, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    ssize_t       got     = recvmsg(way->from, &message, MSG_DONTWAIT);

    if (got < 0)
        return false;
    frame->count  = (size_t)got;
    frame->due_ns = due_ns(way, impairment, arrival_ns(&message));
    if (is_tcp(frame) && draw(&way->loss_state) % PER_MILLE < impairment->loss_per_mille)
        way->counts.lost++;
    else if (full || message.msg_flags & MSG_TRUNC)
        way->counts.overflowed++;
    else
        way->waiting++;
    return true;
}

static void send_what_is_due(struct way *way)
{
    while (way->waiting > 0 && way->queue[way->first].due_ns <= read_clock_ns(CLOCK_MONOTONIC)) {
        const struct frame *frame = &way->queue[way->first];

        if (send(way->to, frame->octets, frame->count, 0) == (ssize_t)frame->count)
            way->counts.carried++;
        else
            way->counts.overflowed++;
        way->first = (way->first + 1) % QUEUE_FRAMES;
        way->waiting--;
    }
}

/* ---- both ways -------------------------------------------------------------------------------------------------------- */

static void begin_anew(struct way ways[RELAY_WAYS], uint64_t seed)
{
    for (unsigned i = 0; i < RELAY_WAYS; i++) {
        ways[i].loss_state   = draw(&seed);
        ways[i].jitter_state = draw(&seed);
    }
}

static void obey(int order, struct way ways[RELAY_WAYS], struct relay_impairment *impairment)
{
    struct relay_counts counts[RELAY_WAYS] = { ways[RELAY_FORWARD].counts, ways[RELAY_BACK].counts };

    if (recv(order, impairment, sizeof *impairment, 0) != (ssize_t)sizeof *impairment)
        _exit(0);
    begin_anew(ways, impairment->seed);
    if (send(order, counts, sizeof counts, 0) != (ssize_t)sizeof counts)
        _exit(1);
}

/* How long until the first frame is due; a second where none waits. */
static struct timespec time_left(const struct way ways[RELAY_WAYS])
{
    uint64_t now_ns = read_clock_ns(CLOCK_MONOTONIC), until_ns = now_ns + second_ns;

    for (unsigned i = 0; i < RELAY_WAYS; i++)
        if (ways[i].waiting > 0 && ways[i].queue[ways[i].first].due_ns < until_ns)
            until_ns = ways[i].queue[ways[i].first].due_ns;
    uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;

    return (struct timespec){ .tv_sec = (time_t)(left_ns / second_ns), .tv_nsec = (long)(left_ns % second_ns) };
}

static _Noreturn void carry(int order, struct way ways[RELAY_WAYS])
{
    struct relay_impairment impairment = { 0 };

    for (;;) {
        struct pollfd   events[] = { { .fd = ways[RELAY_FORWARD].from, .events = POLLIN },
                                     { .fd = ways[RELAY_BACK].from, .events = POLLIN },
                                     { .fd = order, .events = POLLIN } };
        struct timespec left     = time_left(ways);

        if (ppoll(events, RELAY_WAYS + 1, &left, NULL) < 0 && errno != EINTR)
            _exit(1);
        for (unsigned i = 0; i < RELAY_WAYS; i++) {
            send_what_is_due(&ways[i]);
            for (unsigned n = 0; n < TURN_FRAMES && take(&ways[i], &impairment); n++)
                send_what_is_due(&ways[i]);
        }
        if (events[RELAY_WAYS].revents != 0)
            obey(order, ways, &impairment);
    }
}

/* Every frame at the interface, whoever it is for, but not those that are sent here. */
static int packet_socket(const char *name)
{
    int                index = (int)if_nametoindex(name), on = 1, room = SOCKET_OCTETS;
    struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index };
    struct packet_mreq all     = { .mr_ifindex = index, .mr_type = PACKET_MR_PROMISC };
    int                fd      = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
        _exit(1);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    return fd;
}

static void wait_for_queue(const char *name)
{
    struct error error;
    int          socket = link_socket(&error);

    if (socket < 0 || !link_wait_for_queue(socket, name, &error))
        _exit(1);
    close(socket);
}

static _Noreturn void be_the_relay(int namespace, const char *near, const char *far, int order)
{
    struct way   ways[RELAY_WAYS] = { 0 };
    struct error error;

    if (!namespace_go(namespace, &error))
        _exit(1);
    ways[RELAY_FORWARD].from = ways[RELAY_BACK].to = packet_socket(near);
    ways[RELAY_FORWARD].to = ways[RELAY_BACK].from = packet_socket(far);
    wait_for_queue(near);
    wait_for_queue(far);
    for (unsigned i = 0; i < RELAY_WAYS; i++)
        if ((ways[i].queue = calloc(QUEUE_FRAMES, sizeof *ways[i].queue)) == NULL)
            _exit(1);
    prctl(PR_SET_TIMERSLACK, 1);
    setpriority(PRIO_PROCESS, 0, PRIO_MIN);
    if (!drop_privilege(&error) || send(order, "", 1, 0) != 1)
        _exit(1);
    carry(order, ways);
}

struct relay relay_start(int namespace, const char *near, const char *far)
{
    pid_t parent = getpid();
    int   ends[2];
    char  ready;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        close(ends[0]);
        be_the_relay(namespace, near, far, ends[1]);
    }
    close(ends[1]);
    ck_assert_msg(recv(ends[0], &ready, 1, 0) == 1, "the relay between %s and %s did not start", near, far);
    return (struct relay){ ends[0] };
}

void relay_impair(struct relay relay, const struct relay_impairment *impairment, struct relay_counts *counts)
{
    struct relay_counts so_far[RELAY_WAYS];

    ck_assert_int_eq(send(relay.socket, impairment, sizeof *impairment, MSG_NOSIGNAL), sizeof *impairment);
    ck_assert_msg(recv(relay.socket, so_far, sizeof so_far, 0) == (ssize_t)sizeof so_far, "the relay has ended");
    if (counts != NULL)
        memcpy(counts, so_far, sizeof so_far);
}
