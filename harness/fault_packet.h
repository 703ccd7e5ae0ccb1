/* fault_packet.h: how faults read and alter a packet. Alterations mend the checksum by difference (RFC 1624), so that a segment
 * that was damaged on purpose stays damaged. It believes no length that a header claims, and knows no fault. */
#ifndef TCPROVE_FAULT_PACKET_H
#define TCPROVE_FAULT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    IPV4_HEADER_OCTETS = 20,
    IPV6_HEADER_OCTETS = 40,
    TCP_HEADER_LEAST   = 20,
    TCP_SEQ_AT         = 4,
    TCP_ACK_AT         = 8,
    TCP_OFFSET_AT      = 12,
    TCP_FLAGS_AT       = 13,
    TCP_WINDOW_AT      = 14,
    TCP_CHECKSUM_AT    = 16,
    OPTION_END         = 0,
    OPTION_NOP         = 1,
    OPTION_MSS         = 2,
    OPTION_SCALE       = 3,
    OPTION_SACK        = 5
};

/* Where the TCP header of a packet stands, and how many octets there are from there to the packet's end. */
struct tcp_place {
    uint8_t *header;
    size_t   octets;
};

/* false where the packet is no TCP segment, or its header is not whole. */
bool find_tcp(uint8_t *packet, size_t count, struct tcp_place *place);

/* What the data offset claims; the least there can be where that cannot be. */
size_t header_octets(struct tcp_place tcp);

/* SYN without RST. */
bool is_syn(struct tcp_place tcp);

/* The place in the header of the first option of this kind, whole; 0 if there is none. */
size_t find_option(struct tcp_place tcp, uint8_t kind);

/* Writes the number at header + at, whose checksum it mends. */
void alter8(uint8_t *header, size_t at, uint8_t value);
void alter16(uint8_t *header, size_t at, uint16_t value);
void alter32(uint8_t *header, size_t at, uint32_t value);

/* Computes both checksums anew, where there are such. */
void repair_checksums(uint8_t *packet, size_t count);

#endif
