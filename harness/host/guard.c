#include "host/guard.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIGNATURE_OCTETS = 16, IPV6_MINHOPCOUNT_OPTION = 73 };

void guard_close(struct guard *guard)
{
    while (guard->count > 0)
        close(guard->fds[--guard->count]);
}

/* Newer kernels want CAP_NET_ADMIN for a filter on a TCP socket. Two refusals that need no privilege do the same: of what was
 * not sent from this very link (RFC 5082), and of what lacks a signature that nobody can make (RFC 2385). The second is missing
 * in some kernels; the first alone lets only a neighbour through that sends with a hop limit of 255. */
static bool refuse_everything(int fd, uint8_t family)
{
    struct tcp_md5sig signature = { .tcpm_flags = TCP_MD5SIG_FLAG_PREFIX, .tcpm_keylen = SIGNATURE_OCTETS };
    int               hops      = 255;

    signature.tcpm_addr.ss_family = family == 6 ? AF_INET6 : AF_INET;
    if (getrandom(signature.tcpm_key, SIGNATURE_OCTETS, 0) != SIGNATURE_OCTETS)
        return false;
    bool near  = family == 6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT_OPTION, &hops, sizeof hops) == 0
                             : setsockopt(fd, IPPROTO_IP, IP_MINTTL, &hops, sizeof hops) == 0;
    bool signs = setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &signature, sizeof signature) == 0;

    return near || signs;
}

/* The filter comes before listen(2): from the first moment nothing is answered. */
static bool drop_everything(int fd, uint8_t family)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog  program = { .len = 1, .filter = &nothing };
    bool               drops   = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;

    if (!drops && errno == EPERM)
        drops = refuse_everything(fd, family);
    return drops && listen(fd, 1) == 0;
}

static int bind_to(int fd, const struct ip_address *address, int interface, uint16_t port)
{
    struct sockaddr_in  v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    if (address->family == 4) {
        memcpy(&v4.sin_addr, address->octets, sizeof v4.sin_addr);
        return bind(fd, (const struct sockaddr *)&v4, sizeof v4);
    }
    memcpy(&v6.sin6_addr, address->octets, sizeof v6.sin6_addr);
    if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr))
        v6.sin6_scope_id = (uint32_t)interface;
    return bind(fd, (const struct sockaddr *)&v6, sizeof v6);
}

enum guarded guard_open(struct guard *guard, const struct ip_address *address, int interface, uint16_t first_port,
                        unsigned ports, struct error *error)
{
    *guard = (struct guard){ .count = 0 };
    for (unsigned i = 0; i < ports; i++) {
        uint16_t port = (uint16_t)(first_port + i);
        int      fd   = socket(address->family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd >= 0)
            guard->fds[guard->count++] = fd;
        if (fd >= 0 && bind_to(fd, address, interface, port) == 0 && drop_everything(fd, address->family))
            continue;
        int number = errno;

        guard_close(guard);
        if (number == EADDRINUSE)
            return GUARD_PORT_IN_USE;
        error_set(error, "port %u of this host cannot be guarded: %s", port, strerror(number));
        return GUARD_FAILED;
    }
    return GUARDED;
}
