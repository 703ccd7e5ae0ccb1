/* spec.h: a target as a user writes it, HOST[:PORT] or [V6]:PORT, to an address and a port. It asks no name server: what is
 * judged is named by address, or by a name of this host's own table. */
#ifndef TCPROVE_HOST_SPEC_H
#define TCPROVE_HOST_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "segment.h"

struct host_spec {
    struct ip_address address;
    char              scope[16]; /* the interface behind the % of a link-local address; "" for none */
    uint16_t          port;      /* 0: none was given */
};

/* Whether it is written as hosts are: an address, brackets, a port, a dot or a known name. "./file" and "/file" are not. */
bool host_spec_like(const char *text);

/* Whether the address can be one host's (RFC 1122 3.2.1.3, RFC 4291 2.4): not unspecified, a group's or everybody's, and no
 * IPv4 address in the clothes of IPv6. false with a sentence about `text`. */
bool host_address_is_one(const struct ip_address *address, const char *text, struct error *error);

/* `ipv6` asks for the IPv6 address of a name. The address is one host's. false with a sentence. */
bool host_spec_read(const char *text, bool ipv6, struct host_spec *spec, struct error *error);

#endif
