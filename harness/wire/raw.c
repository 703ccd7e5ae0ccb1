#include "wire/raw.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { IPV4_OCTETS = 20, IPV4_DESTINATION = 16, IPV6_OCTETS = 40, IPV6_DESTINATION = 24 };

/* IPPROTO_RAW sends only, and takes the IP header as it is given. */
int raw_open(unsigned family, struct error *error)
{
    int fd = socket(family == 6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

    if (fd < 0)
        error_set(error, "a raw socket: %s%s", strerror(errno), errno == EPERM ? ": it needs CAP_NET_RAW" : "");
    return fd;
}

bool raw_send(int fd, const uint8_t *packet, size_t count, struct error *error)
{
    struct sockaddr_in  v4    = { .sin_family = AF_INET };
    struct sockaddr_in6 v6    = { .sin6_family = AF_INET6 };
    bool                is_v6 = count >= IPV6_OCTETS && packet[0] >> 4 == 6;
    ssize_t             sent;

    if (count < IPV4_OCTETS)
        return error_set(error, "a packet of %zu octets has no IP header", count);
    memcpy(&v4.sin_addr, packet + IPV4_DESTINATION, sizeof v4.sin_addr);
    if (is_v6)
        memcpy(&v6.sin6_addr, packet + IPV6_DESTINATION, sizeof v6.sin6_addr);
    sent = sendto(fd, packet, count, 0, is_v6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4,
                  is_v6 ? sizeof v6 : sizeof v4);
    return sent == (ssize_t)count || error_set(error, "a packet of %zu octets did not leave: %s", count, strerror(errno));
}
