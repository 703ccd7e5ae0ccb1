/* raw.h: finished IP packets that leave through the kernel's IP layer instead of a link: the way to this host itself. It knows
 * nothing of what is in them. */
#ifndef TCPROVE_WIRE_RAW_H
#define TCPROVE_WIRE_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* A raw socket for packets of one family (4 or 6); -1 with a sentence. Needs CAP_NET_RAW. */
int raw_open(unsigned family, struct error *error);

/* Sends a packet to the destination that its header names. Over IPv4 the kernel writes total length and checksum anew. */
bool raw_send(int fd, const uint8_t *packet, size_t count, struct error *error);

#endif
