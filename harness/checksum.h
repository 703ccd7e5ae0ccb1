/* checksum.h: the Internet checksum (RFC 1071) and the pseudo-headers of TCP (RFC 9293 3.1) and ICMPv6 (RFC 4443 2.3). It knows
 * sums of octets, not where in a packet they stand. */
#ifndef TCPROVE_CHECKSUM_H
#define TCPROVE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Adds octets to a sum that is not folded yet. Pieces that are summed one after another must have an even count, all but the
 * last. */
uint64_t checksum_add(uint64_t sum, const uint8_t *octets, size_t count);

/* The sum of a pseudo-header: addresses of `address_octets` each (4 or 16). */
uint64_t checksum_pseudo(const uint8_t *source, const uint8_t *destination, size_t address_octets, uint8_t protocol,
                         size_t length_octets);

/* The sum folded to 16 bits. Over octets with a right checksum in them it is 0xffff; its complement is the checksum. */
uint16_t checksum_fold(uint64_t sum);

#endif
