/* segment_octets.h: where the fields of IP, TCP and ICMP headers stand; shared by the files that make up segment.h and by
 * nobody else. It knows positions, not what belongs there. */
#ifndef TCPROVE_SEGMENT_OCTETS_H
#define TCPROVE_SEGMENT_OCTETS_H

enum {
    PROTOCOL_ICMP   = 1,
    PROTOCOL_TCP    = 6,
    PROTOCOL_ICMPV6 = 58,

    IPV4_HEADER_OCTETS   = 20,
    IPV4_TOS_AT          = 1,
    IPV4_TOTAL_LENGTH_AT = 2,
    IPV4_ID_AT           = 4,
    IPV4_FRAGMENT_AT     = 6,
    IPV4_TTL_AT          = 8,
    IPV4_PROTOCOL_AT     = 9,
    IPV4_CHECKSUM_AT     = 10,
    IPV4_SOURCE_AT       = 12,
    IPV4_DESTINATION_AT  = 16,
    IPV4_DONT_FRAGMENT   = 0x4000,
    IPV4_MORE_FRAGMENTS  = 0x2000,
    IPV4_FRAGMENT_OFFSET = 0x1fff,

    IPV6_HEADER_OCTETS     = 40,
    IPV6_PAYLOAD_LENGTH_AT = 4,
    IPV6_NEXT_HEADER_AT    = 6,
    IPV6_HOP_LIMIT_AT      = 7,
    IPV6_SOURCE_AT         = 8,
    IPV6_DESTINATION_AT    = 24,

    TCP_SOURCE_PORT_AT      = 0,
    TCP_DESTINATION_PORT_AT = 2,
    TCP_SEQ_AT              = 4,
    TCP_ACK_AT              = 8,
    TCP_DATA_OFFSET_AT      = 12,
    TCP_FLAGS_AT            = 13,
    TCP_WINDOW_AT           = 14,
    TCP_CHECKSUM_AT         = 16,
    TCP_URGENT_AT           = 18,

    OPTION_END            = 0,
    OPTION_NOP            = 1,
    OPTION_MSS            = 2,
    OPTION_WINDOW_SCALE   = 3,
    OPTION_SACK_PERMITTED = 4,
    OPTION_SACK           = 5,
    OPTION_TIMESTAMPS     = 8,

    ICMP_HEADER_OCTETS = 8,
    ICMP_CHECKSUM_AT   = 2,
    ICMP_MTU_AT        = 4, /* RFC 4443: 32 bits; RFC 1191: 16 bits two octets further on */

    ICMP_UNREACHABLE       = 3,
    ICMP_QUENCH            = 4,
    ICMP_REDIRECT          = 5,
    ICMP_TIME_EXCEEDED     = 11,
    ICMP_PARAMETER_PROBLEM = 12,
    ICMP_CODE_TOO_BIG      = 4,

    ICMPV6_UNREACHABLE       = 1,
    ICMPV6_TOO_BIG           = 2,
    ICMPV6_TIME_EXCEEDED     = 3,
    ICMPV6_PARAMETER_PROBLEM = 4
};

#endif
