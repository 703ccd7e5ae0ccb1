/* craft.h: the octets of a segment as libnet makes them, and frames that leave by a link. It knows neither what a target is
 * nor what comes back. */
#ifndef TCPROVE_WIRE_CRAFT_H
#define TCPROVE_WIRE_CRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "segment.h"

struct craft;

/* `interface` is the link that frames leave by. Needs CAP_NET_RAW. NULL with a sentence when that cannot be. */
struct craft *craft_open(const char *interface, struct error *error);
void          craft_close(struct craft *craft);

/* libnet's IP packet for an undamaged segment: the same octets as segment_encode. Returns their count, or 0 with a sentence
 * where the segment cannot be a packet or `room` is too small. */
size_t craft_segment(struct craft *craft, const struct segment *segment, uint8_t *packet, size_t room, struct error *error);

/* Sends one frame, Ethernet header included. */
bool craft_write(struct craft *craft, const uint8_t *frame, size_t count, struct error *error);

#endif
