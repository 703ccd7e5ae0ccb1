#include "host/spec.h"

#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/path.h"

enum { NAME_OCTETS = 256 };

static bool read_port(const char *text, uint16_t *port, struct error *error)
{
    char         *end;
    unsigned long number = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || number == 0 || number > UINT16_MAX)
        return error_set(error, "\"%s\" is no port: it is a number from 1 to 65535", text);
    *port = (uint16_t)number;
    return true;
}

/* Takes "[V6]:PORT", "V4:PORT", "V6" and names apart; *port is "" where there is none. */
static bool split(const char *text, char *host, const char **port, struct error *error)
{
    const char *colon = strchr(text, ':'), *close = strchr(text, ']');
    size_t      length;
    bool        has_port = false;

    *port = "";
    if (text[0] == '[') {
        if (close == NULL || (close[1] != '\0' && close[1] != ':'))
            return error_set(error, "\"%s\": an IPv6 address and its port are written [ADDRESS]:PORT", text);
        length = (size_t)(close - text - 1);
        text++;
        has_port = close[1] == ':';
        *port    = has_port ? close + 2 : "";
    } else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        length   = (size_t)(colon - text);
        *port    = colon + 1;
        has_port = true;
    } else {
        length = strlen(text);
    }
    if (length == 0 || length >= NAME_OCTETS)
        return error_set(error, "\"%s\" names no host", text);
    memcpy(host, text, length);
    host[length] = '\0';
    return !has_port || **port != '\0' || error_set(error, "\"%s\": a port is missing behind the colon", text);
}

static void take_address(const struct addrinfo *found, struct ip_address *address)
{
    *address = (struct ip_address){ .family = found->ai_family == AF_INET6 ? 6 : 4 };
    if (found->ai_family == AF_INET6)
        memcpy(address->octets, &((const struct sockaddr_in6 *)(const void *)found->ai_addr)->sin6_addr, 16);
    else
        memcpy(address->octets, &((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr, 4);
}

/* Only files are asked for a name (nsswitch.conf(5)): no query leaves this host. */
static bool look_up(const char *name, int family, struct ip_address *address)
{
    struct addrinfo  hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;

    __nss_configure_lookup("hosts", "files");
    if (getaddrinfo(name, NULL, &hints, &found) != 0 || found == NULL)
        return false;
    take_address(found, address);
    freeaddrinfo(found);
    return true;
}

static bool ipv4_is_one(const struct ip_address *address, const char *text, struct error *error)
{
    static const uint8_t everybody[4] = { 255, 255, 255, 255 };

    if (address->octets[0] == 0)
        return error_set(error, "%s is no host's address: it stands for one that is not known yet", text);
    if (address->octets[0] >> 4 == 14)
        return error_set(error, "%s is a multicast group's address: TCP is spoken to one host", text);
    if (memcmp(address->octets, everybody, sizeof everybody) == 0 || path_broadcasts(address))
        return error_set(error, "%s is a broadcast address: TCP is spoken to one host", text);
    return true;
}

static bool ipv6_is_one(const struct ip_address *address, const char *text, struct error *error)
{
    static const uint8_t mapped[12] = { [10] = 255, [11] = 255 }, unspecified[16] = { 0 };

    if (memcmp(address->octets, unspecified, sizeof unspecified) == 0)
        return error_set(error, "%s is no host's address: it stands for one that is not known yet", text);
    if (address->octets[0] == 0xff)
        return error_set(error, "%s is a multicast group's address: TCP is spoken to one host", text);
    if (memcmp(address->octets, mapped, sizeof mapped) == 0)
        return error_set(error, "%s is an IPv4 address in the form that sockets use: write %u.%u.%u.%u", text,
                         address->octets[12], address->octets[13], address->octets[14], address->octets[15]);
    return true;
}

bool host_address_is_one(const struct ip_address *address, const char *text, struct error *error)
{
    return address->family == 6 ? ipv6_is_one(address, text, error) : ipv4_is_one(address, text, error);
}

bool host_spec_like(const char *text)
{
    struct ip_address unused;

    if (text[0] == '/' || text[0] == '.')
        return false;
    return strpbrk(text, ":[.") != NULL || look_up(text, AF_UNSPEC, &unused);
}

bool host_spec_read(const char *text, bool ipv6, struct host_spec *spec, struct error *error)
{
    char        host[NAME_OCTETS];
    const char *port;

    *spec = (struct host_spec){ .port = 0 };
    if (!split(text, host, &port, error) || (*port != '\0' && !read_port(port, &spec->port, error)))
        return false;
    char *percent = strchr(host, '%');

    if (percent != NULL) {
        snprintf(spec->scope, sizeof spec->scope, "%s", percent + 1);
        *percent = '\0';
    }
    if (ip_address_parse(host, &spec->address) && ipv6 && spec->address.family != 6)
        return error_set(error, "%s is an IPv4 address: leave --ipv6 out", host);
    if (spec->address.family != 0 || look_up(host, ipv6 ? AF_INET6 : AF_UNSPEC, &spec->address))
        return host_address_is_one(&spec->address, host, error);
    return error_set(error, "%s is neither an address nor a name in /etc/hosts: give its address", host);
}
