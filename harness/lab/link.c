/* link.c: messages of rtnetlink(7) by hand: a header, a body for each kind, attributes. Each is acknowledged, or its error is
 * the sentence. */
#include "lab/link.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE_PATIENCE_MS = 5000 };

enum { MESSAGE_OCTETS = 512, BATCH_OCTETS = 16384, MAC_OCTETS = 6 };

/* One message, being written. */
struct message {
    _Alignas(struct nlmsghdr) uint8_t octets[MESSAGE_OCTETS];
};

static struct nlmsghdr *header_of(struct message *message)
{
    return (struct nlmsghdr *)(void *)message->octets;
}

static void begin(struct message *message, unsigned type, unsigned flags, const void *body, size_t count)
{
    memset(message, 0, sizeof *message);
    *header_of(message) = (struct nlmsghdr){ .nlmsg_len   = (uint32_t)NLMSG_LENGTH(count),
                                             .nlmsg_type  = (uint16_t)type,
                                             .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags) };
    memcpy(message->octets + NLMSG_HDRLEN, body, count);
}

/* Everything that is written fits: the longest message is that of a pair, some 200 octets. */
static size_t put(struct message *message, unsigned type, const void *value, size_t count)
{
    struct nlmsghdr *header = header_of(message);
    size_t           at     = NLMSG_ALIGN(header->nlmsg_len);
    struct rtattr    head   = { .rta_len = (unsigned short)RTA_LENGTH(count), .rta_type = (unsigned short)type };

    memcpy(message->octets + at, &head, sizeof head);
    if (count > 0)
        memcpy(message->octets + at + RTA_LENGTH(0), value, count);
    header->nlmsg_len = (uint32_t)(at + RTA_LENGTH(count));
    return at;
}

/* Ends an attribute that holds others: its length is known now. */
static void end_nested(struct message *message, size_t at)
{
    struct nlmsghdr *header = header_of(message);
    unsigned short   length = (unsigned short)(header->nlmsg_len - at);

    memcpy(message->octets + at + offsetof(struct rtattr, rta_len), &length, sizeof length);
}

/* ---- talking ---------------------------------------------------------------------------------------------------------- */

int link_socket(struct error *error)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        error_set(error, "rtnetlink: %s", strerror(errno));
    return fd;
}

/* Sends messages that lie one behind the other, and reads until the last of them, or one with an error, is acknowledged.
 * Returns an errno value. */
static int talk(int socket, const void *octets, size_t count, uint32_t last)
{
    _Alignas(struct nlmsghdr) uint8_t answer[8192];

    if (send(socket, octets, count, 0) != (ssize_t)count)
        return errno;
    for (;;) {
        ssize_t got = recv(socket, answer, sizeof answer, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        size_t left = (size_t)got;

        for (struct nlmsghdr *it = (struct nlmsghdr *)(void *)answer; NLMSG_OK(it, left); it = NLMSG_NEXT(it, left)) {
            const struct nlmsgerr *told = NLMSG_DATA(it);

            if (it->nlmsg_type == NLMSG_ERROR && (told->error != 0 || it->nlmsg_seq == last))
                return -told->error;
        }
    }
}

static int talk_once(int socket, struct message *message)
{
    return talk(socket, message->octets, header_of(message)->nlmsg_len, 0);
}

/* The number of an interface in the socket's namespace; 0 with a sentence. */
static int index_of(int socket, const char *name, struct error *error)
{
    struct ifreq request = { 0 };

    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    if (ioctl(socket, SIOCGIFINDEX, &request) == 0)
        return request.ifr_ifindex;
    error_set(error, "interface %s: %s", name, strerror(errno));
    return 0;
}

/* ---- the pair --------------------------------------------------------------------------------------------------------- */

bool link_make_pair(int socket, const char *near, const uint8_t *near_mac, const char *far, const uint8_t *far_mac,
                    int far_namespace, struct error *error)
{
    struct ifinfomsg body = { .ifi_family = AF_UNSPEC };
    struct message   message;

    begin(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
    put(&message, IFLA_IFNAME, near, strlen(near) + 1);
    put(&message, IFLA_ADDRESS, near_mac, MAC_OCTETS);
    size_t info = put(&message, IFLA_LINKINFO, NULL, 0);
    put(&message, IFLA_INFO_KIND, "veth", sizeof "veth");
    size_t data = put(&message, IFLA_INFO_DATA, NULL, 0);
    size_t peer = put(&message, VETH_INFO_PEER, &body, sizeof body);
    put(&message, IFLA_IFNAME, far, strlen(far) + 1);
    put(&message, IFLA_ADDRESS, far_mac, MAC_OCTETS);
    put(&message, IFLA_NET_NS_FD, &far_namespace, sizeof far_namespace);
    end_nested(&message, peer);
    end_nested(&message, data);
    end_nested(&message, info);
    int number = talk_once(socket, &message);

    if (number == EOPNOTSUPP)
        return error_set(error, "this kernel has no virtual Ethernet pairs: load them with sudo modprobe veth");
    return number == 0 || error_set(error, "no virtual Ethernet pair: %s", strerror(number));
}

bool link_without_ipv6_address(int socket, const char *name, struct error *error)
{
    struct ifinfomsg body = { .ifi_family = AF_UNSPEC };
    struct message   message;
    uint8_t          mode = IN6_ADDR_GEN_MODE_NONE;

    body.ifi_index = index_of(socket, name, error);
    if (body.ifi_index == 0)
        return false;
    begin(&message, RTM_SETLINK, 0, &body, sizeof body);
    size_t families = put(&message, IFLA_AF_SPEC, NULL, 0);
    size_t ipv6     = put(&message, AF_INET6, NULL, 0);
    put(&message, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof mode);
    end_nested(&message, ipv6);
    end_nested(&message, families);
    int number = talk_once(socket, &message);

    return number == 0 || error_set(error, "IPv6 stays on at %s: %s", name, strerror(number));
}

bool link_up(int socket, const char *name, struct error *error)
{
    struct ifinfomsg body = { .ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
    struct message   message;

    body.ifi_index = index_of(socket, name, error);
    if (body.ifi_index == 0)
        return false;
    begin(&message, RTM_NEWLINK, 0, &body, sizeof body);
    int number = talk_once(socket, &message);

    return number == 0 || error_set(error, "interface %s does not come up: %s", name, strerror(number));
}

/* The name of the interface's queueing discipline, from the answer to RTM_GETLINK. false if it is not told. */
static bool queue_of(int socket, int index, char name[IFNAMSIZ])
{
    _Alignas(struct nlmsghdr) uint8_t answer[16384];
    struct ifinfomsg                  body = { .ifi_family = AF_UNSPEC, .ifi_index = index };
    struct message                    message;

    begin(&message, RTM_GETLINK, 0, &body, sizeof body);
    header_of(&message)->nlmsg_flags = NLM_F_REQUEST;
    if (send(socket, message.octets, header_of(&message)->nlmsg_len, 0) < 0)
        return false;
    ssize_t          got = recv(socket, answer, sizeof answer, 0);
    struct nlmsghdr *it  = (struct nlmsghdr *)(void *)answer;

    if (got <= 0 || !NLMSG_OK(it, (size_t)got) || it->nlmsg_type != RTM_NEWLINK)
        return false;
    size_t left = IFLA_PAYLOAD(it);

    for (struct rtattr *at = IFLA_RTA(NLMSG_DATA(it)); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
        if (at->rta_type != IFLA_QDISC)
            continue;
        snprintf(name, IFNAMSIZ, "%s", (const char *)RTA_DATA(at));
        return true;
    }
    return false;
}

bool link_wait_for_queue(int socket, const char *name, struct error *error)
{
    int  index = index_of(socket, name, error);
    char queue[IFNAMSIZ];

    if (index == 0)
        return false;
    for (int i = 0; i < QUEUE_PATIENCE_MS; i++) {
        if (queue_of(socket, index, queue) && strcmp(queue, "noop") != 0)
            return true;
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    return error_set(error, "interface %s has come up and still sends nothing: try again", name);
}

/* ---- addresses -------------------------------------------------------------------------------------------------------- */

static uint8_t family_of(const struct ip_address *address)
{
    return address->family == 6 ? AF_INET6 : AF_INET;
}

static size_t octets_of(const struct ip_address *address)
{
    return address->family == 6 ? 16 : 4;
}

bool link_add_address(int socket, const char *name, const struct ip_address *address, unsigned prefix, struct error *error)
{
    struct ifaddrmsg body = { .ifa_family    = family_of(address),
                              .ifa_prefixlen = (uint8_t)prefix,
                              .ifa_flags     = address->family == 6 ? IFA_F_NODAD : 0,
                              .ifa_scope     = RT_SCOPE_UNIVERSE };
    struct message   message;
    int              index = index_of(socket, name, error);

    if (index == 0)
        return false;
    body.ifa_index = (uint32_t)index;
    begin(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
    put(&message, IFA_LOCAL, address->octets, octets_of(address));
    put(&message, IFA_ADDRESS, address->octets, octets_of(address));
    int number = talk_once(socket, &message);

    return number == 0 || error_set(error, "an IPv%u address on %s: %s", address->family, name, strerror(number));
}

/* Whether what is sent to this address is for the namespace itself, as its kernel has it now. */
static bool is_local(int socket, const struct ip_address *address)
{
    _Alignas(struct nlmsghdr) uint8_t answer[8192];
    struct rtmsg   body = { .rtm_family = family_of(address), .rtm_dst_len = (uint8_t)(8 * octets_of(address)) };
    struct message message;

    begin(&message, RTM_GETROUTE, 0, &body, sizeof body);
    header_of(&message)->nlmsg_flags = NLM_F_REQUEST; /* the route is the answer */
    put(&message, RTA_DST, address->octets, octets_of(address));
    if (send(socket, message.octets, header_of(&message)->nlmsg_len, 0) < 0)
        return false;
    ssize_t                got  = recv(socket, answer, sizeof answer, 0);
    const struct nlmsghdr *told = (const struct nlmsghdr *)(const void *)answer;

    return got > 0 && NLMSG_OK(told, (size_t)got) && told->nlmsg_type == RTM_NEWROUTE &&
           ((const struct rtmsg *)NLMSG_DATA(told))->rtm_type == RTN_LOCAL;
}

bool link_await_local(int socket, const struct ip_address *address, struct error *error)
{
    for (unsigned waited_ms = 0; waited_ms < QUEUE_PATIENCE_MS; waited_ms++) {
        if (is_local(socket, address))
            return true;
        usleep(1000);
    }
    return error_set(error, "an IPv%u address was not ready after %d s", address->family, QUEUE_PATIENCE_MS / 1000);
}

bool link_add_route(int socket, const char *name, const struct ip_address *destination, unsigned prefix, struct error *error)
{
    struct rtmsg   body = { .rtm_family   = family_of(destination),
                            .rtm_dst_len  = (uint8_t)prefix,
                            .rtm_table    = RT_TABLE_MAIN,
                            .rtm_protocol = RTPROT_STATIC,
                            .rtm_scope    = RT_SCOPE_LINK,
                            .rtm_type     = RTN_UNICAST };
    struct message message;
    int            index = index_of(socket, name, error);

    if (index == 0)
        return false;
    begin(&message, RTM_NEWROUTE, NLM_F_CREATE, &body, sizeof body);
    put(&message, RTA_DST, destination->octets, octets_of(destination));
    put(&message, RTA_OIF, &index, sizeof index);
    int number = talk_once(socket, &message);

    return number == 0 || error_set(error, "a route over %s: %s", name, strerror(number));
}

static void write_neighbour(struct message *message, int index, const struct neighbour *neighbour)
{
    struct ndmsg body = { .ndm_family = family_of(&neighbour->address), .ndm_ifindex = index, .ndm_state = NUD_PERMANENT };

    begin(message, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof body);
    put(message, NDA_DST, neighbour->address.octets, octets_of(&neighbour->address));
    put(message, NDA_LLADDR, neighbour->mac, sizeof neighbour->mac);
}

/* As many of the neighbours as a batch holds; *done counts on. Only the last asks for an answer, but errors come anyway. */
static int add_some_neighbours(int socket, int index, const struct neighbour *neighbours, size_t count, size_t *done)
{
    uint8_t         batch[BATCH_OCTETS];
    size_t          used = 0, at = 0;
    struct message  message;
    struct nlmsghdr header = { 0 };

    while (*done < count && used + sizeof message <= sizeof batch) {
        write_neighbour(&message, index, &neighbours[(*done)++]);
        header           = *header_of(&message);
        header.nlmsg_seq = (uint32_t)*done;
        header.nlmsg_flags &= (uint16_t)~NLM_F_ACK;
        at = used;
        memcpy(batch + at, message.octets, NLMSG_ALIGN(header.nlmsg_len));
        memcpy(batch + at, &header, sizeof header);
        used += NLMSG_ALIGN(header.nlmsg_len);
    }
    header.nlmsg_flags |= NLM_F_ACK;
    memcpy(batch + at, &header, sizeof header);
    return talk(socket, batch, used, header.nlmsg_seq);
}

bool link_add_neighbours(int socket, const char *name, const struct neighbour *neighbours, size_t count, struct error *error)
{
    int    index = index_of(socket, name, error);
    size_t done  = 0;

    while (index != 0 && done < count) {
        int number = add_some_neighbours(socket, index, neighbours, count, &done);

        if (number != 0)
            return error_set(error, "static neighbours on %s: %s", name, strerror(number));
    }
    return index != 0;
}

/* ---- offloads --------------------------------------------------------------------------------------------------------- */

struct offload {
    const char *name;
    uint32_t    set, get;
};

/* Not every interface can be told each of them; what counts is what is read back. */
bool link_offloads_off(int socket, const char *name, struct error *error)
{
    static const struct offload offloads[] = {
        { "tso", ETHTOOL_STSO, ETHTOOL_GTSO },      { "gso", ETHTOOL_SGSO, ETHTOOL_GGSO },
        { "gro", ETHTOOL_SGRO, ETHTOOL_GGRO },      { "sg", ETHTOOL_SSG, ETHTOOL_GSG },
        { "tx", ETHTOOL_STXCSUM, ETHTOOL_GTXCSUM }, { "rx", ETHTOOL_SRXCSUM, ETHTOOL_GRXCSUM },
    };
    struct ifreq request = { 0 };

    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    for (size_t i = 0; i < sizeof offloads / sizeof *offloads; i++) {
        struct ethtool_value value = { .cmd = offloads[i].set };

        request.ifr_data = (void *)&value;
        bool set         = ioctl(socket, SIOCETHTOOL, &request) == 0;
        int  number      = errno;

        value = (struct ethtool_value){ .cmd = offloads[i].get, .data = 1 };
        if (ioctl(socket, SIOCETHTOOL, &request) != 0 || value.data != 0)
            return error_set(error, "the offload %s of %s stays on: %s", offloads[i].name, name,
                             set ? "it was turned off and is on again" : strerror(number));
    }
    return true;
}
