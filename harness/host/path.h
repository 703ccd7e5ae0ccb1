/* path.h: the way from this host to another: interface, next hop and its MAC, own address, as the kernel's tables say. It reads
 * them through rtnetlink(7) and changes nothing; it does not know what will be sent. */
#ifndef TCPROVE_HOST_PATH_H
#define TCPROVE_HOST_PATH_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "segment.h"
#include "wire/wire.h"

struct path {
    char              interface[IF_NAMESIZE];
    int               index;
    bool              local;  /* the target is this host */
    bool              routed; /* the next hop is a gateway */
    struct ip_address target, next_hop;
    struct ip_address source; /* the kernel's choice */
    uint8_t           own_mac[MAC_OCTETS], next_mac[MAC_OCTETS];
    uint16_t          mtu;           /* that is spoken with */
    unsigned          interface_mtu; /* what the interface would take: more on the way to this host itself */
};

/* Finds the route; `interface` (NULL: any) is the one to go by. false with a sentence when there is none. */
bool path_find(const struct ip_address *target, const char *interface, struct path *path, struct error *error);

/* Fills in next_mac. Where the kernel does not know it, a UDP datagram to the target's discard port makes it ask; waits 2 s at
 * most. */
bool path_resolve(struct path *path, struct error *error);

/* Whether its interface is up and has a carrier. false with a sentence. */
bool path_carries(const struct path *path, struct error *error);

/* Whether the address is one of this host's, and on which interface the kernel has its network (NULL where not wanted). */
bool path_owns(const struct ip_address *address);

/* Whether it is the broadcast address of a network that this host is in. */
bool path_broadcasts(const struct ip_address *address);

/* Length of the prefix of the interface's network that the address lies in; 0 where it lies in none. */
unsigned path_prefix(const struct path *path, const struct ip_address *address);

#endif
