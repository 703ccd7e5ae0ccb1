/* path.c: two questions to the kernel: which way to an address, and which MAC has the next hop. */
#include "host/path.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DISCARD_PORT = 9, RESOLVE_MS = 2000, LOOK_AGAIN_MS = 20, ASK_AGAIN = 25, LOCAL_MTU = 1500, ANSWER_OCTETS = 8192 };

/* ---- rtnetlink -------------------------------------------------------------------------------------------------------- */

struct question {
    struct nlmsghdr header;
    union {
        struct rtmsg route;
        struct ndmsg neighbour;
    } body;
    uint8_t attributes[64];
};

static void put(struct question *question, unsigned type, const void *value, size_t octets)
{
    struct rtattr head = { .rta_len = (unsigned short)RTA_LENGTH(octets), .rta_type = (unsigned short)type };
    uint8_t      *at   = (uint8_t *)question + NLMSG_ALIGN(question->header.nlmsg_len);

    memcpy(at, &head, sizeof head);
    memcpy(at + RTA_LENGTH(0), value, octets);
    question->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(question->header.nlmsg_len) + RTA_ALIGN(head.rta_len));
}

/* One question, one answer, in the buffer; an errno value, 0 for none. */
static int ask(const struct question *question, struct nlmsghdr *answer)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return errno;
    ssize_t got    = send(fd, question, question->header.nlmsg_len, 0);
    int     number = got < 0 ? errno : 0;

    if (number == 0) {
        got    = recv(fd, answer, ANSWER_OCTETS, 0);
        number = got < 0 ? errno : 0;
    }
    close(fd);
    if (number != 0)
        return number;
    if (!NLMSG_OK(answer, (size_t)got))
        return EPROTO;
    return answer->nlmsg_type == NLMSG_ERROR ? -((const struct nlmsgerr *)NLMSG_DATA(answer))->error : 0;
}

static size_t octets_of(const struct ip_address *address)
{
    return address->family == 6 ? 16 : 4;
}

static uint8_t family_of(const struct ip_address *address)
{
    return address->family == 6 ? AF_INET6 : AF_INET;
}

static void take_address(const struct rtattr *attribute, uint8_t family, struct ip_address *address)
{
    *address = (struct ip_address){ .family = family };
    memcpy(address->octets, RTA_DATA(attribute), octets_of(address));
}

/* ---- the route -------------------------------------------------------------------------------------------------------- */

static void read_route(const struct nlmsghdr *answer, struct path *path)
{
    const struct rtmsg *route = NLMSG_DATA(answer);
    struct rtattr      *it    = RTM_RTA(route);
    size_t              left  = RTM_PAYLOAD(answer);

    path->local    = route->rtm_type == RTN_LOCAL;
    path->next_hop = path->target;
    for (; RTA_OK(it, left); it = RTA_NEXT(it, left)) {
        if (it->rta_type == RTA_OIF)
            memcpy(&path->index, RTA_DATA(it), sizeof path->index);
        if (it->rta_type == RTA_PREFSRC)
            take_address(it, path->target.family, &path->source);
        if (it->rta_type == RTA_GATEWAY) {
            take_address(it, path->target.family, &path->next_hop);
            path->routed = true;
        }
    }
}

static const uint8_t *octets_in(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6)
        return ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr;
    return (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
}

/* The interface whose network has the target and that is down, or "". */
static void interface_that_is_down(const struct ip_address *target, char name[IF_NAMESIZE])
{
    struct ifaddrs *all = NULL;

    name[0] = '\0';
    if (getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *it = all; it != NULL; it = it->ifa_next) {
        bool alike = it->ifa_addr != NULL && it->ifa_netmask != NULL && it->ifa_addr->sa_family == family_of(target) &&
                     (it->ifa_flags & IFF_UP) == 0;

        for (size_t i = 0; alike && i < octets_of(target); i++)
            alike = ((octets_in(it->ifa_addr)[i] ^ target->octets[i]) & octets_in(it->ifa_netmask)[i]) == 0;
        if (alike)
            snprintf(name, IF_NAMESIZE, "%s", it->ifa_name);
    }
    freeifaddrs(all);
}

static bool explain_no_route(int number, const struct path *path, const char *interface, struct error *error)
{
    char address[46], down[IF_NAMESIZE];

    ip_address_print(&path->target, address);
    interface_that_is_down(&path->target, down);
    if (down[0] != '\0')
        return error_set(error, "%s, which leads to the network of %s, is down: sudo ip link set %s up", down, address, down);
    return error_set(error,
                     "there is no route to %s%s%s (%s): connect to its network, or add one with"
                     " sudo ip%s route add %s via GATEWAY",
                     address, interface != NULL ? " over " : "", interface != NULL ? interface : "", strerror(number),
                     path->target.family == 6 ? " -6" : "", address);
}

static bool read_interface(struct path *path, struct error *error)
{
    struct ifreq request = { 0 };
    int          fd      = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || if_indextoname((unsigned)path->index, path->interface) == NULL) {
        if (fd >= 0)
            close(fd);
        return error_set(error, "interface %d: %s", path->index, strerror(errno));
    }
    memcpy(request.ifr_name, path->interface, sizeof request.ifr_name);
    bool mac = ioctl(fd, SIOCGIFHWADDR, &request) == 0;

    memcpy(path->own_mac, request.ifr_hwaddr.sa_data, MAC_OCTETS);
    bool mtu = ioctl(fd, SIOCGIFMTU, &request) == 0;

    /* Segments of an ordinary link: captures keep them whole, and loopback would take 64 kB in one. */
    path->interface_mtu = (unsigned)request.ifr_mtu;
    path->mtu           = (uint16_t)(path->local || request.ifr_mtu > UINT16_MAX ? LOCAL_MTU : request.ifr_mtu);
    bool up             = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);

    close(fd);
    if (!mac || !mtu)
        return error_set(error, "interface %s: %s", path->interface, strerror(errno));
    return up || error_set(error, "interface %s is down: sudo ip link set %s up", path->interface, path->interface);
}

bool path_find(const struct ip_address *target, const char *interface, struct path *path, struct error *error)
{
    _Alignas(struct nlmsghdr) uint8_t answer[ANSWER_OCTETS];
    struct nlmsghdr                  *header   = (struct nlmsghdr *)(void *)answer;
    struct question                   question = { .header     = { .nlmsg_len   = NLMSG_LENGTH(sizeof question.body.route),
                                                                   .nlmsg_type  = RTM_GETROUTE,
                                                                   .nlmsg_flags = NLM_F_REQUEST },
                                                   .body.route = { .rtm_family  = family_of(target),
                                                                   .rtm_dst_len = (uint8_t)(octets_of(target) * 8) } };

    *path = (struct path){ .target = *target };
    put(&question, RTA_DST, target->octets, octets_of(target));
    if (interface != NULL) {
        int index = (int)if_nametoindex(interface);

        if (index == 0)
            return error_set(error, "there is no interface %s: ip link shows which there are", interface);
        put(&question, RTA_OIF, &index, sizeof index);
    }
    int number = ask(&question, header);

    if (number == EPROTO || (number == 0 && header->nlmsg_type != RTM_NEWROUTE))
        return error_set(error, "the kernel's answer about a route cannot be read");
    if (number == 0)
        read_route(header, path);
    if (number != 0 || path->index == 0)
        return explain_no_route(number != 0 ? number : ENETUNREACH, path, interface, error);
    return read_interface(path, error);
}

bool path_carries(const struct path *path, struct error *error)
{
    struct ifreq request = { 0 };
    int          fd      = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(request.ifr_name, path->interface, sizeof request.ifr_name);
    bool there = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;

    if (fd >= 0)
        close(fd);
    if (!there)
        return error_set(error, "there is no interface %s any more", path->interface);
    if (!(request.ifr_flags & IFF_UP))
        return error_set(error, "this host's %s is down", path->interface);
    return (request.ifr_flags & IFF_RUNNING) != 0 || error_set(error, "this host's %s has no carrier", path->interface);
}

/* ---- the neighbour ---------------------------------------------------------------------------------------------------- */

static bool known_mac(struct path *path)
{
    _Alignas(struct nlmsghdr) uint8_t answer[ANSWER_OCTETS];
    struct nlmsghdr                  *header   = (struct nlmsghdr *)(void *)answer;
    struct question                   question = { .header = { .nlmsg_len   = NLMSG_LENGTH(sizeof question.body.neighbour),
                                                               .nlmsg_type  = RTM_GETNEIGH,
                                                               .nlmsg_flags = NLM_F_REQUEST },
                                                   .body.neighbour = { .ndm_family = family_of(&path->next_hop), .ndm_ifindex = path->index } };

    put(&question, NDA_DST, path->next_hop.octets, octets_of(&path->next_hop));
    if (ask(&question, header) != 0 || header->nlmsg_type != RTM_NEWNEIGH)
        return false;
    const struct ndmsg *entry = NLMSG_DATA(header);
    struct rtattr      *it    = (struct rtattr *)(void *)((uint8_t *)NLMSG_DATA(header) + NLMSG_ALIGN(sizeof *entry));
    size_t              left  = NLMSG_PAYLOAD(header, sizeof *entry);
    bool                found = false;

    for (; RTA_OK(it, left); it = RTA_NEXT(it, left)) {
        if (it->rta_type != NDA_LLADDR || RTA_PAYLOAD(it) != MAC_OCTETS)
            continue;
        memcpy(path->next_mac, RTA_DATA(it), MAC_OCTETS);
        found = true;
    }
    return found && !(entry->ndm_state & (NUD_INCOMPLETE | NUD_FAILED));
}

/* The kernel asks for a MAC when it has something to send there. */
static void provoke(const struct path *path)
{
    struct sockaddr_in  v4    = { .sin_family = AF_INET, .sin_port = htons(DISCARD_PORT) };
    struct sockaddr_in6 v6    = { .sin6_family   = AF_INET6,
                                  .sin6_port     = htons(DISCARD_PORT),
                                  .sin6_scope_id = (uint32_t)path->index };
    bool                is_v6 = path->target.family == 6;
    int                 fd    = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    memcpy(&v4.sin_addr, path->target.octets, sizeof v4.sin_addr);
    memcpy(&v6.sin6_addr, path->target.octets, sizeof v6.sin6_addr);
    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, path->interface, (socklen_t)strlen(path->interface));
    sendto(fd, "", 0, MSG_DONTWAIT, is_v6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4,
           is_v6 ? sizeof v6 : sizeof v4);
    close(fd);
}

bool path_resolve(struct path *path, struct error *error)
{
    const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
    char                  hop[46], target[46];

    if (path->local)
        return true;
    for (int i = 0; i < RESOLVE_MS / LOOK_AGAIN_MS; i++) {
        if (known_mac(path))
            return true;
        if (i % ASK_AGAIN == 0)
            provoke(path);
        nanosleep(&pause, NULL);
    }
    ip_address_print(&path->next_hop, hop);
    ip_address_print(&path->target, target);
    return error_set(error, "%s%s does not answer %s on %s: is it up, and is the cable in the right network?%s%s%s",
                     path->routed ? "the gateway " : "", hop, path->target.family == 6 ? "neighbour solicitations" : "ARP",
                     path->interface, path->routed ? " (it leads to " : "", path->routed ? target : "",
                     path->routed ? ")" : "");
}

/* ---- own addresses ---------------------------------------------------------------------------------------------------- */

static bool is_address(const struct sockaddr *seen, const struct ip_address *address)
{
    if (seen == NULL || seen->sa_family != family_of(address))
        return false;
    return address->family == 6
               ? memcmp(&((const struct sockaddr_in6 *)(const void *)seen)->sin6_addr, address->octets, 16) == 0
               : memcmp(&((const struct sockaddr_in *)(const void *)seen)->sin_addr, address->octets, 4) == 0;
}

bool path_owns(const struct ip_address *address)
{
    struct ifaddrs *all   = NULL;
    bool            found = false;

    if (address->family == 4 && address->octets[0] == 127)
        return true;
    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *it = all; it != NULL && !found; it = it->ifa_next)
        found = is_address(it->ifa_addr, address);
    freeifaddrs(all);
    return found;
}

/* All ones behind the prefix, as the kernel has it where nothing else is set; a /31 has none (RFC 3021). */
static bool is_last_of(const struct ifaddrs *network, const struct ip_address *address)
{
    const uint8_t *own = octets_in(network->ifa_addr), *mask = octets_in(network->ifa_netmask);
    bool           alike = true;

    for (size_t i = 0; i < 4; i++)
        alike = alike && address->octets[i] == (uint8_t)(own[i] | ~mask[i]);
    return alike && (mask[3] & 3) == 0;
}

bool path_broadcasts(const struct ip_address *address)
{
    struct ifaddrs *all   = NULL;
    bool            found = false;

    if (address->family != 4 || getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *it = all; it != NULL && !found; it = it->ifa_next)
        /* An address that was given without a broadcast one is shown as its own. */
        if ((it->ifa_flags & IFF_BROADCAST) && it->ifa_addr != NULL && it->ifa_addr->sa_family == AF_INET &&
            !is_address(it->ifa_addr, address))
            found = is_address(it->ifa_broadaddr, address) || (it->ifa_netmask != NULL && is_last_of(it, address));
    freeifaddrs(all);
    return found;
}

unsigned path_prefix(const struct path *path, const struct ip_address *address)
{
    struct ifaddrs *all    = NULL;
    unsigned        prefix = 0;

    if (getifaddrs(&all) != 0)
        return 0;
    for (const struct ifaddrs *it = all; it != NULL; it = it->ifa_next) {
        unsigned bits  = 0;
        bool     alike = true;

        if (it->ifa_addr == NULL || it->ifa_netmask == NULL || strcmp(it->ifa_name, path->interface) != 0 ||
            it->ifa_addr->sa_family != family_of(address))
            continue;
        for (size_t i = 0; i < octets_of(address); i++) {
            uint8_t mask = octets_in(it->ifa_netmask)[i];

            alike = alike && ((octets_in(it->ifa_addr)[i] ^ address->octets[i]) & mask) == 0;
            bits += (unsigned)__builtin_popcount(mask);
        }
        if (alike && bits > prefix)
            prefix = bits;
    }
    freeifaddrs(all);
    return prefix;
}
