#include "host/neighbour.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checksum.h"
#include "clock.h"
#include "privilege.h"

enum {
    PROBE_MS       = 200,
    CANDIDATES     = 8, /* addresses that are tried when one is to be proposed */
    FRAME_OCTETS   = 128,
    ARP_AT         = 14,
    ARP_OCTETS     = 28,
    ARP_REQUEST    = 1,
    ARP_REPLY      = 2,
    ICMPV6         = 58,
    SOLICITATION   = 135,
    ADVERTISEMENT  = 136,
    IPV6_AT        = 14,
    ICMPV6_AT      = 54,
    ND_TARGET_AT   = ICMPV6_AT + 8,
    ND_OPTION_AT   = ND_TARGET_AT + 16,
    ND_OCTETS      = 24, /* without an option */
    OPTION_OCTETS  = 8,
    OPTION_SOURCE  = 1,
    OPTION_TARGET  = 2,
    FLAG_SOLICITED = 0x40,
    FLAG_OVERRIDE  = 0x20,
    ND_HOP_LIMIT   = 255,
    PREFIX_MOST_V4 = 30
};

static const uint8_t everybody[MAC_OCTETS] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

void neighbour_mac(const struct ip_address *address, uint8_t mac[MAC_OCTETS])
{
    size_t last = address->family == 6 ? 12 : 0;

    mac[0] = 0x02;
    mac[1] = 0x74;
    memcpy(mac + 2, address->octets + last, 4);
}

/* ---- the socket ------------------------------------------------------------------------------------------------------- */

/* Only ARP and ICMPv6 are taken. */
static bool narrow(int fd)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_ARP, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IPV6, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, IPV6_AT + 6),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMPV6, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, FRAME_OCTETS),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = { .len = sizeof steps / sizeof *steps, .filter = steps };

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

/* Frames to an unowned MAC pass an interface that is promiscuous; it is for as long as this socket is open. */
static int open_link(const struct path *path, struct error *error)
{
    struct sockaddr_ll at   = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = path->index };
    struct packet_mreq join = { .mr_ifindex = path->index, .mr_type = PACKET_MR_PROMISC };
    int                fd   = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && narrow(fd) && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 &&
        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &join, sizeof join) == 0)
        return fd;
    error_set(error, "answering for an address on %s: %s", path->interface, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Tells switches that listen to MLD (RFC 2710) that solicitations for the address are wanted here. Where the interface has no
 * IPv6 of its own there is nobody to join, and nothing that would have been lost. */
static int join_group(const struct path *path, const struct ip_address *address)
{
    struct ipv6_mreq group = { .ipv6mr_interface         = (unsigned)path->index,
                               .ipv6mr_multiaddr.s6_addr = { 0xff, 0x02, [11] = 1, [12] = 0xff } };
    int              fd    = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(group.ipv6mr_multiaddr.s6_addr + 13, address->octets + 13, 3);
    if (fd >= 0)
        setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof group);
    return fd;
}

/* ---- frames ----------------------------------------------------------------------------------------------------------- */

static void write_arp(uint8_t *frame, const uint8_t *to, uint8_t operation, const uint8_t *mac, const uint8_t *sender,
                      const uint8_t *target_mac, const uint8_t *target)
{
    static const uint8_t head[] = { 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0 };

    memset(frame, 0, ARP_AT + ARP_OCTETS);
    memcpy(frame, to, MAC_OCTETS);
    memcpy(frame + 6, mac, MAC_OCTETS);
    memcpy(frame + 12, head, sizeof head);
    frame[ARP_AT + 7] = operation;
    memcpy(frame + ARP_AT + 8, mac, MAC_OCTETS);
    memcpy(frame + ARP_AT + 14, sender, 4);
    memcpy(frame + ARP_AT + 18, target_mac, MAC_OCTETS);
    memcpy(frame + ARP_AT + 24, target, 4);
}

/* The ICMPv6 message of a frame, summed with its pseudo-header. */
static uint16_t icmpv6_checksum(const uint8_t *frame, size_t octets)
{
    uint64_t sum = checksum_pseudo(frame + IPV6_AT + 8, frame + IPV6_AT + 24, 16, ICMPV6, octets);

    return (uint16_t)~checksum_fold(checksum_add(sum, frame + ICMPV6_AT, octets));
}

/* RFC 4861 4.3 and 4.4. `option` is followed by the MAC; 0 leaves it out (RFC 4862 5.4.2). Returns the octets of the frame. */
static size_t write_nd(uint8_t *frame, const uint8_t *to, const uint8_t *mac, uint8_t type, uint8_t flags,
                       const uint8_t *source, const uint8_t *destination, const uint8_t *target, uint8_t option)
{
    size_t octets = ND_OCTETS + (option != 0 ? OPTION_OCTETS : 0);

    memset(frame, 0, FRAME_OCTETS);
    memcpy(frame, to, MAC_OCTETS);
    memcpy(frame + 6, mac, MAC_OCTETS);
    frame[12]          = 0x86;
    frame[13]          = 0xdd;
    frame[IPV6_AT]     = 0x60;
    frame[IPV6_AT + 5] = (uint8_t)octets;
    frame[IPV6_AT + 6] = ICMPV6;
    frame[IPV6_AT + 7] = ND_HOP_LIMIT;
    memcpy(frame + IPV6_AT + 8, source, 16);
    memcpy(frame + IPV6_AT + 24, destination, 16);
    frame[ICMPV6_AT]     = type;
    frame[ICMPV6_AT + 4] = flags;
    memcpy(frame + ND_TARGET_AT, target, 16);
    if (option != 0) {
        frame[ND_OPTION_AT]     = option;
        frame[ND_OPTION_AT + 1] = 1;
        memcpy(frame + ND_OPTION_AT + 2, mac, MAC_OCTETS);
    }
    uint16_t checksum    = icmpv6_checksum(frame, octets);
    frame[ICMPV6_AT + 2] = (uint8_t)(checksum >> 8);
    frame[ICMPV6_AT + 3] = (uint8_t)checksum;
    return ICMPV6_AT + octets;
}

static bool is_type(const uint8_t *frame, size_t count, uint8_t type)
{
    return count >= ICMPV6_AT + ND_OCTETS && frame[12] == 0x86 && frame[ICMPV6_AT] == type &&
           frame[IPV6_AT + 7] == ND_HOP_LIMIT;
}

static bool is_arp(const uint8_t *frame, size_t count)
{
    return count >= ARP_AT + ARP_OCTETS && frame[12] == 0x08 && frame[13] == 0x06;
}

/* ---- is it free ------------------------------------------------------------------------------------------------------- */

static void send_probe(int fd, const struct ip_address *address)
{
    static const uint8_t nobody[16] = { 0 };
    uint8_t              frame[FRAME_OCTETS], mac[MAC_OCTETS];
    size_t               count = ARP_AT + ARP_OCTETS;

    neighbour_mac(address, mac);
    if (address->family == 4) {
        write_arp(frame, everybody, ARP_REQUEST, mac, nobody, nobody, address->octets);
    } else {
        uint8_t group[16]      = { 0xff, 0x02, [11] = 1, [12] = 0xff };
        uint8_t to[MAC_OCTETS] = { 0x33, 0x33, 0xff };

        memcpy(group + 13, address->octets + 13, 3);
        memcpy(to + 3, address->octets + 13, 3);
        count = write_nd(frame, to, mac, SOLICITATION, 0, nobody, group, address->octets, 0);
    }
    /* What does not leave finds nobody: the handshake that follows will tell. */
    if (send(fd, frame, count, 0) < 0)
        return;
}

/* RFC 5227 2.1.1: an ARP packet from that address, or another's probe for it. RFC 4862 5.4.3, 5.4.4: the same for IPv6. */
static bool claims(const uint8_t *frame, size_t count, const struct ip_address *address)
{
    static const uint8_t nobody[16] = { 0 };
    uint8_t              mac[MAC_OCTETS];

    neighbour_mac(address, mac);
    if (count > ARP_AT && memcmp(frame + 6, mac, MAC_OCTETS) == 0)
        return false; /* our own */
    if (address->family == 4)
        return is_arp(frame, count) &&
               (memcmp(frame + ARP_AT + 14, address->octets, 4) == 0 ||
                (memcmp(frame + ARP_AT + 14, nobody, 4) == 0 && memcmp(frame + ARP_AT + 24, address->octets, 4) == 0));
    return (is_type(frame, count, ADVERTISEMENT) ||
            (is_type(frame, count, SOLICITATION) && memcmp(frame + IPV6_AT + 8, nobody, 16) == 0)) &&
           memcmp(frame + ND_TARGET_AT, address->octets, 16) == 0;
}

/* Probes all of them at once; used[i] tells who is there. */
static void find_used(int fd, const struct ip_address *addresses, size_t count, bool *used)
{
    uint64_t      end   = monotonic_ms() + PROBE_MS;
    struct pollfd entry = { .fd = fd, .events = POLLIN };
    uint8_t       frame[FRAME_OCTETS];

    for (size_t i = 0; i < count; i++) {
        used[i] = path_owns(&addresses[i]);
        send_probe(fd, &addresses[i]);
    }
    for (uint64_t now = monotonic_ms(); now < end; now = monotonic_ms()) {
        poll(&entry, 1, (int)(end - now));
        ssize_t got = recv(fd, frame, sizeof frame, 0);

        for (size_t i = 0; got > 0 && i < count; i++)
            used[i] = used[i] || claims(frame, (size_t)got, &addresses[i]);
    }
}

/* A free one of the same network, for the sentence; false where none was found among those that were tried. */
static bool find_free(int fd, const struct path *path, const struct ip_address *used, char text[46])
{
    struct ip_address candidates[CANDIDATES];
    bool              taken[CANDIDATES];
    size_t            count = 0;
    uint8_t           last  = used->octets[used->family == 6 ? 15 : 3];

    for (unsigned step = 1; step < 255 && count < CANDIDATES; step++) {
        struct ip_address candidate = *used;
        uint8_t           host      = (uint8_t)(last + step * 7);

        candidate.octets[used->family == 6 ? 15 : 3] = host;
        if (host != 0 && host != 255 && path_prefix(path, &candidate) != 0)
            candidates[count++] = candidate;
    }
    find_used(fd, candidates, count, taken);
    for (size_t i = 0; i < count; i++) {
        if (taken[i])
            continue;
        ip_address_print(&candidates[i], text);
        return true;
    }
    return false;
}

static bool is_free(int fd, const struct path *path, const struct ip_address *address, struct error *error)
{
    bool used;
    char text[46], other[46];

    find_used(fd, address, 1, &used);
    if (!used)
        return true;
    ip_address_print(address, text);
    if (find_free(fd, path, address, other))
        return error_set(error, "--source %s is in use on %s: %s is free", text, path->interface, other);
    return error_set(error, "--source %s is in use on %s: name an address that nobody has, or leave --source out", text,
                     path->interface);
}

/* ---- the process ------------------------------------------------------------------------------------------------------ */

static size_t answer_arp(const uint8_t *asked, size_t count, const struct ip_address *address, const uint8_t *mac,
                         uint8_t *frame)
{
    if (!is_arp(asked, count) || asked[ARP_AT + 7] != ARP_REQUEST || memcmp(asked + ARP_AT + 24, address->octets, 4) != 0 ||
        memcmp(asked + 6, mac, MAC_OCTETS) == 0)
        return 0;
    write_arp(frame, asked + 6, ARP_REPLY, mac, address->octets, asked + ARP_AT + 8, asked + ARP_AT + 14);
    return ARP_AT + ARP_OCTETS;
}

/* RFC 4861 7.2.4. Who asks from the unspecified address wants to take it: the answer goes to all nodes. */
static size_t answer_nd(const uint8_t *asked, size_t count, const struct ip_address *address, const uint8_t *mac,
                        uint8_t *frame)
{
    static const uint8_t nobody[16] = { 0 }, all[16] = { 0xff, 0x02, [15] = 1 };
    static const uint8_t all_mac[MAC_OCTETS] = { 0x33, 0x33, 0, 0, 0, 1 };

    if (!is_type(asked, count, SOLICITATION) || memcmp(asked + ND_TARGET_AT, address->octets, 16) != 0 ||
        memcmp(asked + 6, mac, MAC_OCTETS) == 0)
        return 0;
    if (memcmp(asked + IPV6_AT + 8, nobody, 16) == 0)
        return write_nd(frame, all_mac, mac, ADVERTISEMENT, FLAG_OVERRIDE, address->octets, all, address->octets,
                        OPTION_TARGET);
    return write_nd(frame, asked + 6, mac, ADVERTISEMENT, FLAG_SOLICITED | FLAG_OVERRIDE, address->octets, asked + IPV6_AT + 8,
                    address->octets, OPTION_TARGET);
}

/* RFC 5227 2.3 and RFC 4861 7.2.6: whoever knew the address by another MAC learns of this one. */
static void announce(int fd, const struct ip_address *address, const uint8_t *mac)
{
    static const uint8_t nobody[MAC_OCTETS] = { 0 }, all[16] = { 0xff, 0x02, [15] = 1 };
    static const uint8_t all_mac[MAC_OCTETS] = { 0x33, 0x33, 0, 0, 0, 1 };
    uint8_t              frame[FRAME_OCTETS];
    size_t               count = ARP_AT + ARP_OCTETS;

    if (address->family == 4)
        write_arp(frame, everybody, ARP_REQUEST, mac, address->octets, nobody, address->octets);
    else
        count =
            write_nd(frame, all_mac, mac, ADVERTISEMENT, FLAG_OVERRIDE, address->octets, all, address->octets, OPTION_TARGET);
    /* A convenience for others; who asks is answered in any case. */
    if (send(fd, frame, count, 0) < 0)
        return;
}

_Noreturn static void be_neighbour(int fd, const struct ip_address *address, pid_t parent)
{
    struct pollfd entry = { .fd = fd, .events = POLLIN };
    uint8_t       asked[FRAME_OCTETS], frame[FRAME_OCTETS], mac[MAC_OCTETS];
    struct error  error;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || !drop_privilege(&error))
        _exit(1);
    signal(SIGINT, SIG_IGN);
    neighbour_mac(address, mac);
    announce(fd, address, mac);
    for (;;) {
        poll(&entry, 1, -1);
        ssize_t got   = recv(fd, asked, sizeof asked, 0);
        size_t  count = 0;

        if (got > 0)
            count = (address->family == 4 ? answer_arp : answer_nd)(asked, (size_t)got, address, mac, frame);
        if (count > 0 && send(fd, frame, count, 0) < 0 && errno == ENETDOWN)
            _exit(1);
    }
}

pid_t neighbour_start(const struct path *path, const struct ip_address *address, struct error *error)
{
    pid_t parent = getpid(), process = -1;
    int   fd = open_link(path, error), group = -1;

    if (fd < 0)
        return -1;
    if (address->family == 6)
        group = join_group(path, address);
    if (is_free(fd, path, address, error)) {
        process = fork();
        if (process == 0)
            be_neighbour(fd, address, parent);
        if (process < 0)
            error_set(error, "no process to answer for an address: %s", strerror(errno));
    }
    close(fd);
    if (group >= 0)
        close(group);
    return process;
}

void neighbour_stop(pid_t neighbour)
{
    if (neighbour <= 0)
        return;
    kill(neighbour, SIGKILL);
    while (waitpid(neighbour, NULL, 0) < 0 && errno == EINTR)
        continue;
}
