/* neighbour.h: an address on a link that no kernel owns: shown to be free first, then held by a process that answers ARP
 * requests and neighbour solicitations for it. It knows neither what is sent from that address nor to whom. */
#ifndef TCPROVE_HOST_NEIGHBOUR_H
#define TCPROVE_HOST_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "host/path.h"
#include "segment.h"
#include "wire/wire.h"

/* The MAC that goes with an unowned address: locally administered (IEEE 802 8.2.2), and always the same for that address, so
 * that nobody's table is wrong after another run. */
void neighbour_mac(const struct ip_address *address, uint8_t mac[MAC_OCTETS]);

/* Takes the address on the path's interface: one address probe (RFC 5227 2.1.1, with a single probe and 200 ms of waiting;
 * IPv6: RFC 4862 5.4), then the process, which dies with this one. Its process id, or -1 with a sentence; an address that is in
 * use is told with a free one. Needs CAP_NET_RAW. */
pid_t neighbour_start(const struct path *path, const struct ip_address *address, struct error *error);
void  neighbour_stop(pid_t neighbour);

#endif
