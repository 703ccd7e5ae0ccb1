/* segment.h: the octets of IPv4 and IPv6 packets that carry TCP or an ICMP error: as data, encoded, decoded, and
 * damaged on purpose. It knows nothing of connections, of how packets travel, or of what is right in a conversation. */
#ifndef TCPROVE_SEGMENT_H
#define TCPROVE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "words.h"

enum { TCP_OPTIONS_MAX_OCTETS = 40, TCP_HEADER_OCTETS = 20, PACKET_MAX_OCTETS = 65535 + 40 };

struct ip_address {
    uint8_t family; /* 4 or 6; 0 where there is none */
    uint8_t octets[16];
};

/* One TCP segment with the fields of its IP header that matter. The text is borrowed, never owned. */
struct segment {
    struct ip_address source, destination;
    uint8_t           hop_limit, traffic_class; /* IPv4: TTL and TOS. Encoding: hop_limit 0 means 64 */
    uint16_t          identification;           /* IPv4 only */
    uint16_t          source_port, destination_port;
    uint32_t          seq, ack;
    uint8_t           data_offset;                      /* 32-bit words as decoded; ignored when encoding (see struct damage) */
    uint8_t           reserved;                         /* the four reserved bits as decoded; ignored when encoding */
    uint8_t           flags;                            /* control bits of words.h */
    uint16_t          window, checksum, urgent_pointer; /* checksum as decoded; ignored when encoding */
    uint8_t           options[TCP_OPTIONS_MAX_OCTETS];
    size_t            option_octets; /* encoding pads to a multiple of 4 with zeros (end of option list) */
    const uint8_t    *text;          /* RFC 9293's "segment text": the payload */
    size_t            text_octets;
};

/* SEG.LEN of RFC 9293 3.3.1: the octets of text, SYN and FIN counted. */
static inline uint32_t segment_length(const struct segment *segment)
{
    return (uint32_t)segment->text_octets + ((segment->flags & SYN) != 0) + ((segment->flags & FIN) != 0);
}

/* RFC 9293 3.4 comparisons, modulo 2^32: a < b, a =< b. */
static inline bool seq_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static inline bool seq_before_eq(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) <= 0;
}

static inline bool ip_address_equal(const struct ip_address *a, const struct ip_address *b)
{
    if (a->family != b->family)
        return false;
    if (a->family == 4)
        return memcmp(a->octets, b->octets, 4) == 0;
    return a->family == 0 || memcmp(a->octets, b->octets, 16) == 0;
}

bool ip_address_parse(const char *text, struct ip_address *address);
/* Writes at most 46 octets with the ending zero. */
void ip_address_print(const struct ip_address *address, char text[46]);

/* ---- options -------------------------------------------------------------------------------------------------------- */

struct sack_block {
    uint32_t left, right;
};

/* The options that are known by kind: RFC 9293 3.2 (MSS), RFC 7323 (window scale, timestamps), RFC 2018 (SACK). */
struct tcp_options {
    bool              has_mss, has_window_scale, sack_permitted, has_timestamps;
    uint16_t          mss;
    uint8_t           window_scale;
    uint32_t          tsval, tsecr;
    unsigned          sack_blocks; /* 0 to 4 */
    struct sack_block sack[4];
    bool              malformed; /* parsing met a length below 2, beyond the end, or wrong for its kind, and stopped there */
    unsigned          unknown;   /* how many options of other kinds were passed over */
};

/* Reads octets[0..count). Never fails: what could be read is in *options, `malformed` says that the rest was not. */
void tcp_options_parse(const uint8_t *octets, size_t count, struct tcp_options *options);
/* Writes MSS, SACK permitted, timestamps, window scale, SACK blocks, in this order, each aligned with leading NOPs as
 * stacks do, padded to a multiple of 4 with NOPs in front. Returns the octets written; SACK blocks that do not fit in 40 are
 * left out. */
size_t tcp_options_build(const struct tcp_options *options, uint8_t octets[TCP_OPTIONS_MAX_OCTETS]);

/* ---- encoding ------------------------------------------------------------------------------------------------------- */

/* Encodes an IP packet with correct lengths and checksums. Returns its octets, or 0 where `room` is too small, the
 * families differ or the options are longer than 40. */
size_t segment_encode(const struct segment *segment, uint8_t *packet, size_t room);

/* What is wrong on purpose; all zero leaves a packet as it is. */
struct damage_wish {
    enum damage kind;
    bool        set_data_offset;
    uint8_t     data_offset; /* words, 0 to 15 */
    uint8_t     reserved;    /* the four reserved bits */
    uint8_t     option_kind; /* not 0: the first option of this kind gets option_length in its length octet */
    uint8_t     option_length;
};

/* Damages a finished IP packet that carries TCP. Data offset, reserved bits and option length are written first and the TCP
 * checksum made right again (over the octets that are there), so that they are the only fault; then `kind` is done.
 * IP_LENGTH_SHORT may make the packet shorter: returns the new count of octets. */
size_t packet_damage(uint8_t *packet, size_t count, const struct damage_wish *wish);

/* An ICMP (RFC 792) or ICMPv6 (RFC 4443) error from `from` to the source of the quoted packet. Quotes the IP header and
 * at least 8 octets of the packet: IPv4 up to 548 octets in all, IPv6 up to the minimum MTU. `mtu` counts for
 * PACKET_TOO_BIG. Returns the octets written or 0 where the kind does not exist in that family (ICMPv6 has neither
 * PROTOCOL_UNREACHABLE nor SOURCE_QUENCH), room is too small or an IPv4 MTU is above 65535. */
size_t icmp_error_encode(enum icmp kind, uint32_t mtu, const struct ip_address *from, const uint8_t *quoted,
                         size_t quoted_octets, uint8_t *packet, size_t room);

/* ---- decoding ------------------------------------------------------------------------------------------------------- */

enum packet_kind { PACKET_OTHER, PACKET_TCP, PACKET_ICMP_ERROR };

/* What a decoder finds wrong; a packet may have several. */
enum packet_fault {
    FAULT_TRUNCATED        = 1 << 0, /* captured octets end before the headers or the IP length do            */
    FAULT_IP_VERSION       = 1 << 1,
    FAULT_IP_HEADER_LENGTH = 1 << 2,
    FAULT_IP_TOTAL_LENGTH  = 1 << 3, /* below the headers                                                      */
    FAULT_IP_CHECKSUM      = 1 << 4,
    FAULT_IP_FRAGMENT      = 1 << 5, /* a fragment: only the first one shows a TCP header                      */
    FAULT_IPV6_EXTENSION   = 1 << 6, /* extension headers that could not be followed                           */
    FAULT_TCP_DATA_OFFSET  = 1 << 7, /* below 5, or beyond the segment's end                                   */
    FAULT_TCP_CHECKSUM     = 1 << 8, /* judged only where all octets are there                                 */
    FAULT_TCP_OPTIONS      = 1 << 9, /* malformed, as in struct tcp_options                                    */
    FAULT_ICMP_CHECKSUM    = 1 << 10 /* of an ICMP error; judged only where all octets are there               */
};

struct packet {
    enum packet_kind   kind;
    unsigned           faults;
    struct segment     segment; /* TCP; or, for an ICMP error, what the quotation shows (ports and SEQ at least)   */
    struct tcp_options options; /* of a TCP segment whose header is whole: what tcp_options_parse makes of its own  */
    struct ip_address  icmp_from;
    uint8_t            icmp_type, icmp_code;
    uint32_t           icmp_mtu;
};

/* Whether a segment's checksum is right, is that of the pseudo-header alone (what a kernel writes that leaves the rest to an
 * interface, and what it leaves in segments that were merged), or is wrong. */
enum packet_sum { SUM_RIGHT, SUM_UNFINISHED, SUM_WRONG };
enum packet_sum packet_sum(const struct packet *packet);

/* Decodes an IP packet of which `count` octets were captured; never reads beyond them. segment.text points into the
 * octets. Returns kind; every field that could be read is filled in, whatever is wrong with the others. */
enum packet_kind packet_decode(const uint8_t *octets, size_t count, struct packet *packet);

/* One sentence for each fault, joined with "; ". */
void packet_faults_print(unsigned faults, char *text, size_t room);

#endif
