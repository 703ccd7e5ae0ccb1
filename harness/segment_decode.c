/* segment_decode.c: packets as they were captured: whatever can be read is read, and what is wrong is said. No length that a
 * packet claims is believed beyond the octets that are there. */
#include <stdio.h>
#include <string.h>

#include "checksum.h"
#include "octets.h"
#include "segment.h"
#include "segment_octets.h"

enum {
    NEXT_HOP_BY_HOP  = 0,
    NEXT_ROUTING     = 43,
    NEXT_FRAGMENT    = 44,
    NEXT_AH          = 51,
    NEXT_DESTINATION = 60,

    ROUTING_SOURCE  = 0, /* RFC 2460; deprecated, seen all the same */
    ROUTING_MOBILE  = 2, /* RFC 6275                                */
    ROUTING_SEGMENT = 4, /* RFC 8754                                */

    FRAGMENT_OCTETS = 8
};

/* What an IP header says of its payload. */
struct payload {
    const uint8_t *at;
    size_t         octets; /* there, and within the IP length         */
    uint8_t        protocol;
    bool           found;       /* the payload's header begins at `at`     */
    bool           whole;       /* no octet of it is missing               */
    const uint8_t *destination; /* for the pseudo-header; NULL: not known  */
};

static struct ip_address address_at(const uint8_t *octets, uint8_t family)
{
    struct ip_address address = { .family = family };

    memcpy(address.octets, octets, family == 4 ? 4 : 16);
    return address;
}

/* ---- IPv4 ----------------------------------------------------------------------------------------------------------- */

/* Where the packet ends: at its total length, or at what was captured. Ethernet pads short packets, so more may be there. */
static size_t ipv4_end(const uint8_t *octets, size_t count, size_t header, unsigned *faults)
{
    size_t total = read16(octets + IPV4_TOTAL_LENGTH_AT);

    if (total < header) {
        *faults |= FAULT_IP_TOTAL_LENGTH;
        return count;
    }
    if (total > count) {
        *faults |= FAULT_TRUNCATED;
        return count;
    }
    return total;
}

static void decode_ipv4(const uint8_t *octets, size_t count, struct packet *packet, struct payload *payload)
{
    struct segment *segment = &packet->segment;

    if (count < IPV4_HEADER_OCTETS) {
        packet->faults |= FAULT_TRUNCATED;
        return;
    }
    size_t   header   = (size_t)(octets[0] & 15) * 4;
    uint16_t fragment = read16(octets + IPV4_FRAGMENT_AT);

    segment->traffic_class  = octets[IPV4_TOS_AT];
    segment->identification = read16(octets + IPV4_ID_AT);
    segment->hop_limit      = octets[IPV4_TTL_AT];
    segment->source         = address_at(octets + IPV4_SOURCE_AT, 4);
    segment->destination    = address_at(octets + IPV4_DESTINATION_AT, 4);
    payload->protocol       = octets[IPV4_PROTOCOL_AT];
    payload->destination    = octets + IPV4_DESTINATION_AT;
    if (header < IPV4_HEADER_OCTETS) {
        packet->faults |= FAULT_IP_HEADER_LENGTH;
        return;
    }
    if (header > count) {
        packet->faults |= FAULT_TRUNCATED;
        return;
    }
    size_t end = ipv4_end(octets, count, header, &packet->faults);

    if (checksum_fold(checksum_add(0, octets, header)) != 0xffff)
        packet->faults |= FAULT_IP_CHECKSUM;
    if ((fragment & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET)) != 0)
        packet->faults |= FAULT_IP_FRAGMENT;
    payload->at     = octets + header;
    payload->octets = end - header;
    payload->found  = (fragment & IPV4_FRAGMENT_OFFSET) == 0;
    payload->whole  = (packet->faults & (FAULT_TRUNCATED | FAULT_IP_FRAGMENT | FAULT_IP_TOTAL_LENGTH)) == 0;
}

/* ---- IPv6 ----------------------------------------------------------------------------------------------------------- */

/* RFC 8200 8.1: with segments left in a routing header, the pseudo-header has the final destination; NULL where the kind of
 * routing header does not tell. */
static const uint8_t *final_destination(const uint8_t *routing, size_t octets)
{
    size_t room = octets - 8;

    if (routing[2] == ROUTING_SOURCE && room >= 16)
        return routing + 8 + (room / 16 - 1) * 16;
    if ((routing[2] == ROUTING_MOBILE || routing[2] == ROUTING_SEGMENT) && room >= 16)
        return routing + 8;
    return NULL;
}

static bool is_extension(uint8_t next)
{
    return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT || next == NEXT_AH ||
           next == NEXT_DESTINATION;
}

static size_t extension_octets(uint8_t next, const uint8_t *at)
{
    if (next == NEXT_FRAGMENT)
        return FRAGMENT_OCTETS;
    return next == NEXT_AH ? ((size_t)at[1] + 2) * 4 : ((size_t)at[1] + 1) * 8;
}

/* One extension header; false where it cannot be followed or nothing of TCP comes after it. */
static bool follow_extension(struct payload *payload, unsigned *faults)
{
    const uint8_t *at     = payload->at;
    size_t         octets = payload->octets >= 8 ? extension_octets(payload->protocol, at) : 0;

    if (octets < 8 || octets > payload->octets) {
        *faults |= FAULT_IPV6_EXTENSION;
        return false;
    }
    if (payload->protocol == NEXT_ROUTING && at[3] > 0) {
        payload->destination = final_destination(at, octets);
        if (payload->destination == NULL)
            *faults |= FAULT_IPV6_EXTENSION;
    }
    bool     is_fragment = payload->protocol == NEXT_FRAGMENT;
    unsigned fragment    = is_fragment ? read16(at + 2) & 0xfff9u : 0;

    if (fragment != 0) {
        *faults |= FAULT_IP_FRAGMENT;
        payload->whole = false;
    }
    payload->protocol = at[0];
    payload->at += octets;
    payload->octets -= octets;
    return fragment >> 3 == 0;
}

static void decode_ipv6(const uint8_t *octets, size_t count, struct packet *packet, struct payload *payload)
{
    struct segment *segment = &packet->segment;

    if (count < IPV6_HEADER_OCTETS) {
        packet->faults |= FAULT_TRUNCATED;
        return;
    }
    size_t claimed = read16(octets + IPV6_PAYLOAD_LENGTH_AT);
    size_t there   = count - IPV6_HEADER_OCTETS;

    segment->traffic_class = (uint8_t)(read16(octets) >> 4);
    segment->hop_limit     = octets[IPV6_HOP_LIMIT_AT];
    segment->source        = address_at(octets + IPV6_SOURCE_AT, 6);
    segment->destination   = address_at(octets + IPV6_DESTINATION_AT, 6);
    payload->protocol      = octets[IPV6_NEXT_HEADER_AT];
    payload->destination   = octets + IPV6_DESTINATION_AT;
    payload->at            = octets + IPV6_HEADER_OCTETS;
    payload->octets        = claimed != 0 && claimed < there ? claimed : there;
    payload->whole         = claimed != 0 && claimed <= there;
    if (claimed == 0)
        packet->faults |= FAULT_IP_TOTAL_LENGTH;
    if (claimed > there)
        packet->faults |= FAULT_TRUNCATED;

    bool follows = true;

    while (follows && is_extension(payload->protocol))
        follows = follow_extension(payload, &packet->faults);
    payload->found = follows;
}

/* ---- TCP ------------------------------------------------------------------------------------------------------------ */

/* As much of the fixed header as there is. */
static void read_tcp_header(const uint8_t *tcp, size_t octets, struct segment *segment)
{
    if (octets >= TCP_SEQ_AT) {
        segment->source_port      = read16(tcp + TCP_SOURCE_PORT_AT);
        segment->destination_port = read16(tcp + TCP_DESTINATION_PORT_AT);
    }
    if (octets >= TCP_ACK_AT)
        segment->seq = read32(tcp + TCP_SEQ_AT);
    if (octets >= TCP_DATA_OFFSET_AT)
        segment->ack = read32(tcp + TCP_ACK_AT);
    if (octets > TCP_DATA_OFFSET_AT) {
        segment->data_offset = tcp[TCP_DATA_OFFSET_AT] >> 4;
        segment->reserved    = tcp[TCP_DATA_OFFSET_AT] & 15;
    }
    if (octets > TCP_FLAGS_AT)
        segment->flags = tcp[TCP_FLAGS_AT];
    if (octets >= TCP_CHECKSUM_AT)
        segment->window = read16(tcp + TCP_WINDOW_AT);
    if (octets >= TCP_URGENT_AT)
        segment->checksum = read16(tcp + TCP_CHECKSUM_AT);
    if (octets >= TCP_HEADER_OCTETS)
        segment->urgent_pointer = read16(tcp + TCP_URGENT_AT);
}

/* Options and text, once the fixed header is there. `whole` says whether the segment's end was captured too. */
static unsigned read_tcp_rest(const uint8_t *tcp, size_t octets, bool whole, struct packet *packet)
{
    struct segment *segment = &packet->segment;
    size_t          header  = (size_t)segment->data_offset * 4;

    if (header < TCP_HEADER_OCTETS)
        return FAULT_TCP_DATA_OFFSET;

    size_t end = header < octets ? header : octets;

    segment->option_octets = end - TCP_HEADER_OCTETS;
    memcpy(segment->options, tcp + TCP_HEADER_OCTETS, segment->option_octets);
    if (header > octets)
        return whole ? FAULT_TCP_DATA_OFFSET : 0;
    segment->text        = tcp + header;
    segment->text_octets = octets - header;
    tcp_options_parse(segment->options, segment->option_octets, &packet->options);
    return packet->options.malformed ? FAULT_TCP_OPTIONS : 0;
}

static void decode_tcp(const struct payload *payload, struct packet *packet)
{
    struct segment *segment        = &packet->segment;
    size_t          address_octets = segment->source.family == 4 ? 4 : 16;

    packet->kind = PACKET_TCP;
    read_tcp_header(payload->at, payload->octets, segment);
    if (payload->octets < TCP_HEADER_OCTETS) {
        packet->faults |= payload->whole ? FAULT_IP_TOTAL_LENGTH : FAULT_TRUNCATED;
        return;
    }
    packet->faults |= read_tcp_rest(payload->at, payload->octets, payload->whole, packet);
    if (!payload->whole || payload->destination == NULL)
        return;
    uint64_t pseudo =
        checksum_pseudo(segment->source.octets, payload->destination, address_octets, PROTOCOL_TCP, payload->octets);

    if (checksum_fold(checksum_add(pseudo, payload->at, payload->octets)) != 0xffff)
        packet->faults |= FAULT_TCP_CHECKSUM;
}

/* ---- ICMP errors ---------------------------------------------------------------------------------------------------- */

static void decode_ip(const uint8_t *octets, size_t count, struct packet *packet, struct payload *payload)
{
    uint8_t version = count > 0 ? octets[0] >> 4 : 0;

    if (version == 4)
        decode_ipv4(octets, count, packet, payload);
    else if (version == 6)
        decode_ipv6(octets, count, packet, payload);
    else
        packet->faults |= count > 0 ? FAULT_IP_VERSION : FAULT_TRUNCATED;
}

static bool is_icmp_error(uint8_t type, uint8_t family)
{
    if (family == 6)
        return type >= ICMPV6_UNREACHABLE && type <= ICMPV6_PARAMETER_PROBLEM;
    return type == ICMP_UNREACHABLE || type == ICMP_QUENCH || type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
           type == ICMP_PARAMETER_PROBLEM;
}

static uint32_t icmp_mtu_of(const uint8_t *icmp, uint8_t family)
{
    if (family == 6)
        return icmp[0] == ICMPV6_TOO_BIG ? read32(icmp + ICMP_MTU_AT) : 0;
    return icmp[0] == ICMP_UNREACHABLE && icmp[1] == ICMP_CODE_TOO_BIG ? read16(icmp + ICMP_MTU_AT + 2) : 0;
}

/* A quotation may end after 8 octets of TCP (RFC 792), and its length and checksum fields may be those of the whole packet:
 * only a quotation of fewer octets is a fault. */
static void read_quotation(const uint8_t *quoted, size_t count, struct packet *packet)
{
    struct packet  inner = { .kind = PACKET_OTHER };
    struct payload tcp   = { 0 };

    decode_ip(quoted, count, &inner, &tcp);
    if (tcp.protocol != PROTOCOL_TCP || !tcp.found) {
        packet->kind = inner.faults & FAULT_TRUNCATED ? PACKET_ICMP_ERROR : PACKET_OTHER;
        packet->faults |= inner.faults & FAULT_TRUNCATED;
        packet->segment = inner.segment;
        return;
    }
    packet->kind = PACKET_ICMP_ERROR;
    read_tcp_header(tcp.at, tcp.octets, &inner.segment);
    if (tcp.octets >= TCP_HEADER_OCTETS)
        read_tcp_rest(tcp.at, tcp.octets, false, &inner);
    if (tcp.octets < TCP_ACK_AT)
        packet->faults |= FAULT_TRUNCATED;
    packet->segment = inner.segment;
}

static void decode_icmp(const struct payload *payload, struct packet *packet)
{
    const uint8_t *icmp   = payload->at;
    uint8_t        family = packet->segment.source.family;
    uint64_t       sum    = 0;

    if (payload->octets < ICMP_HEADER_OCTETS) {
        packet->faults |= payload->whole ? FAULT_IP_TOTAL_LENGTH : FAULT_TRUNCATED;
        return;
    }
    packet->icmp_type = icmp[0];
    packet->icmp_code = icmp[1];
    packet->icmp_from = packet->segment.source;
    if (!is_icmp_error(icmp[0], family))
        return;
    packet->icmp_mtu = icmp_mtu_of(icmp, family);
    if (family == 6 && payload->destination != NULL)
        sum = checksum_pseudo(packet->segment.source.octets, payload->destination, 16, PROTOCOL_ICMPV6, payload->octets);
    if (payload->whole && payload->destination != NULL && checksum_fold(checksum_add(sum, icmp, payload->octets)) != 0xffff)
        packet->faults |= FAULT_ICMP_CHECKSUM;
    read_quotation(icmp + ICMP_HEADER_OCTETS, payload->octets - ICMP_HEADER_OCTETS, packet);
}

enum packet_kind packet_decode(const uint8_t *octets, size_t count, struct packet *packet)
{
    struct payload payload = { 0 };

    *packet = (struct packet){ .kind = PACKET_OTHER };
    decode_ip(octets, count, packet, &payload);
    if (!payload.found)
        return packet->kind;
    if (payload.protocol == PROTOCOL_TCP)
        decode_tcp(&payload, packet);
    else if (payload.protocol == (packet->segment.source.family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6))
        decode_icmp(&payload, packet);
    return packet->kind;
}

/* ---- faults --------------------------------------------------------------------------------------------------------- */

void packet_faults_print(unsigned faults, char *text, size_t room)
{
    static const struct {
        enum packet_fault fault;
        const char       *sentence;
    } sentences[] = {
        { FAULT_TRUNCATED, "the captured octets end before the packet does" },
        { FAULT_IP_VERSION, "the IP version is neither 4 nor 6" },
        { FAULT_IP_HEADER_LENGTH, "the IP header length is below 20 octets" },
        { FAULT_IP_TOTAL_LENGTH, "the IP length ends before the headers do" },
        { FAULT_IP_CHECKSUM, "the IP header checksum is wrong" },
        { FAULT_IP_FRAGMENT, "the packet is a fragment" },
        { FAULT_IPV6_EXTENSION, "the IPv6 extension headers could not be followed" },
        { FAULT_TCP_DATA_OFFSET, "the TCP data offset is below 5 or beyond the segment's end" },
        { FAULT_TCP_CHECKSUM, "the TCP checksum is wrong" },
        { FAULT_TCP_OPTIONS, "the TCP options are malformed" },
        { FAULT_ICMP_CHECKSUM, "the ICMP checksum is wrong" },
    };
    size_t used = 0;

    if (room > 0)
        text[0] = '\0';
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        if ((faults & sentences[i].fault) == 0 || used >= room)
            continue;
        used += (size_t)snprintf(text + used, room - used, "%s%s", used > 0 ? "; " : "", sentences[i].sentence);
    }
}

enum packet_sum packet_sum(const struct packet *packet)
{
    const struct segment *segment = &packet->segment;
    size_t                octets  = segment->source.family == 6 ? 16 : 4;
    size_t                length  = TCP_HEADER_OCTETS + segment->option_octets + segment->text_octets;

    if (!(packet->faults & FAULT_TCP_CHECKSUM))
        return SUM_RIGHT;
    uint16_t pseudo = checksum_fold(checksum_pseudo(segment->source.octets, segment->destination.octets, octets, 6, length));

    return segment->checksum == pseudo ? SUM_UNFINISHED : SUM_WRONG;
}
