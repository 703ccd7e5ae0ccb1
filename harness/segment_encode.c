/* segment_encode.c: correct packets: TCP segments and ICMP errors with right lengths and checksums. Nothing here can make a
 * wrong one; that is segment_damage.c. */
#include <string.h>

#include "checksum.h"
#include "octets.h"
#include "segment.h"
#include "segment_octets.h"

enum {
    HOP_LIMIT_DEFAULT      = 64,
    ICMP_QUOTE_OCTETS      = 548,  /* with both headers 576, what every IPv4 host can receive: RFC 1812 4.3.2.3 */
    ICMPV6_PACKET_OCTETS   = 1280, /* RFC 4443 2.4(c)                                                          */
    ICMP_QUOTED_TCP_OCTETS = 8
};

struct ip_fields {
    const struct ip_address *source, *destination;
    uint8_t                  protocol, hop_limit, traffic_class;
    uint16_t                 identification;
};

static size_t ip_header_octets(uint8_t family)
{
    return family == 4 ? IPV4_HEADER_OCTETS : family == 6 ? IPV6_HEADER_OCTETS : 0;
}

/* The largest payload that the length field can tell. */
static size_t ip_payload_limit(uint8_t family)
{
    return family == 4 ? UINT16_MAX - IPV4_HEADER_OCTETS : UINT16_MAX;
}

static void write_ipv4_header(const struct ip_fields *fields, size_t payload_octets, uint8_t *packet)
{
    packet[0]           = 4 << 4 | IPV4_HEADER_OCTETS / 4;
    packet[IPV4_TOS_AT] = fields->traffic_class;
    write16(packet + IPV4_TOTAL_LENGTH_AT, (unsigned)(IPV4_HEADER_OCTETS + payload_octets));
    write16(packet + IPV4_ID_AT, fields->identification);
    write16(packet + IPV4_FRAGMENT_AT, IPV4_DONT_FRAGMENT);
    packet[IPV4_TTL_AT]      = fields->hop_limit;
    packet[IPV4_PROTOCOL_AT] = fields->protocol;
    write16(packet + IPV4_CHECKSUM_AT, 0);
    memcpy(packet + IPV4_SOURCE_AT, fields->source->octets, 4);
    memcpy(packet + IPV4_DESTINATION_AT, fields->destination->octets, 4);
    write16(packet + IPV4_CHECKSUM_AT, (uint16_t)~checksum_fold(checksum_add(0, packet, IPV4_HEADER_OCTETS)));
}

static void write_ipv6_header(const struct ip_fields *fields, size_t payload_octets, uint8_t *packet)
{
    write32(packet, (uint32_t)6 << 28 | (uint32_t)fields->traffic_class << 20);
    write16(packet + IPV6_PAYLOAD_LENGTH_AT, (unsigned)payload_octets);
    packet[IPV6_NEXT_HEADER_AT] = fields->protocol;
    packet[IPV6_HOP_LIMIT_AT]   = fields->hop_limit;
    memcpy(packet + IPV6_SOURCE_AT, fields->source->octets, 16);
    memcpy(packet + IPV6_DESTINATION_AT, fields->destination->octets, 16);
}

static void write_ip_header(const struct ip_fields *fields, size_t payload_octets, uint8_t *packet)
{
    if (fields->source->family == 4)
        write_ipv4_header(fields, payload_octets, packet);
    else
        write_ipv6_header(fields, payload_octets, packet);
}

/* ---- TCP ------------------------------------------------------------------------------------------------------------ */

static void write_tcp_header(const struct segment *segment, size_t header_octets, uint8_t *tcp)
{
    write16(tcp + TCP_SOURCE_PORT_AT, segment->source_port);
    write16(tcp + TCP_DESTINATION_PORT_AT, segment->destination_port);
    write32(tcp + TCP_SEQ_AT, segment->seq);
    write32(tcp + TCP_ACK_AT, segment->ack);
    tcp[TCP_DATA_OFFSET_AT] = (uint8_t)(header_octets / 4 << 4);
    tcp[TCP_FLAGS_AT]       = segment->flags;
    write16(tcp + TCP_WINDOW_AT, segment->window);
    write16(tcp + TCP_CHECKSUM_AT, 0);
    write16(tcp + TCP_URGENT_AT, segment->urgent_pointer);
    if (segment->option_octets > 0)
        memcpy(tcp + TCP_HEADER_OCTETS, segment->options, segment->option_octets);
    for (size_t at = TCP_HEADER_OCTETS + segment->option_octets; at < header_octets; at++)
        tcp[at] = OPTION_END;
}

size_t segment_encode(const struct segment *segment, uint8_t *packet, size_t room)
{
    uint8_t family     = segment->source.family;
    size_t  ip_octets  = ip_header_octets(family);
    size_t  tcp_octets = TCP_HEADER_OCTETS + (segment->option_octets + 3) / 4 * 4;
    size_t  limit      = ip_payload_limit(family);

    if (ip_octets == 0 || segment->destination.family != family || segment->option_octets > TCP_OPTIONS_MAX_OCTETS)
        return 0;
    if (segment->text_octets > limit - tcp_octets || room < ip_octets + tcp_octets + segment->text_octets)
        return 0;

    size_t           count  = tcp_octets + segment->text_octets;
    uint8_t         *tcp    = packet + ip_octets;
    struct ip_fields fields = { .source         = &segment->source,
                                .destination    = &segment->destination,
                                .protocol       = PROTOCOL_TCP,
                                .hop_limit      = segment->hop_limit != 0 ? segment->hop_limit : HOP_LIMIT_DEFAULT,
                                .traffic_class  = segment->traffic_class,
                                .identification = segment->identification };

    write_ip_header(&fields, count, packet);
    write_tcp_header(segment, tcp_octets, tcp);
    if (segment->text_octets > 0)
        memcpy(tcp + tcp_octets, segment->text, segment->text_octets);
    uint64_t pseudo =
        checksum_pseudo(segment->source.octets, segment->destination.octets, family == 4 ? 4 : 16, PROTOCOL_TCP, count);

    write16(tcp + TCP_CHECKSUM_AT, (uint16_t)~checksum_fold(checksum_add(pseudo, tcp, count)));
    return ip_octets + count;
}

/* ---- ICMP errors ---------------------------------------------------------------------------------------------------- */

struct icmp_words {
    bool    exists;
    uint8_t type, code;
};

/* RFC 792, RFC 1191, RFC 4443. ICMPv6 has no source quench, and what was "protocol unreachable" is a parameter problem there,
 * which RFC 9293 3.9.2.2 reads differently. */
static struct icmp_words icmp_words_of(enum icmp kind, uint8_t family)
{
    static const struct icmp_words words[][2] = {
        [PACKET_TOO_BIG]       = { { true, ICMP_UNREACHABLE, ICMP_CODE_TOO_BIG }, { true, ICMPV6_TOO_BIG, 0 } },
        [HOST_UNREACHABLE]     = { { true, ICMP_UNREACHABLE, 1 }, { true, ICMPV6_UNREACHABLE, 3 } },
        [PROTOCOL_UNREACHABLE] = { { true, ICMP_UNREACHABLE, 2 }, { false, 0, 0 } },
        [PORT_UNREACHABLE]     = { { true, ICMP_UNREACHABLE, 3 }, { true, ICMPV6_UNREACHABLE, 4 } },
        [TIME_EXCEEDED]        = { { true, ICMP_TIME_EXCEEDED, 0 }, { true, ICMPV6_TIME_EXCEEDED, 0 } },
        [SOURCE_QUENCH]        = { { true, ICMP_QUENCH, 0 }, { false, 0, 0 } },
    };

    if ((size_t)kind >= sizeof words / sizeof *words)
        return (struct icmp_words){ 0 };
    return words[kind][family == 6];
}

/* The source of an IP packet, and how long its header is; a family of 0 where the packet is too short to be quoted. */
static struct ip_address quoted_source(const uint8_t *quoted, size_t count, size_t *header_octets)
{
    struct ip_address source  = { 0 };
    uint8_t           version = count > 0 ? quoted[0] >> 4 : 0;

    *header_octets = version == 4 ? (size_t)(quoted[0] & 15) * 4 : IPV6_HEADER_OCTETS;
    if (version == 4 && *header_octets >= IPV4_HEADER_OCTETS && count >= *header_octets + ICMP_QUOTED_TCP_OCTETS) {
        source.family = 4;
        memcpy(source.octets, quoted + IPV4_SOURCE_AT, 4);
    } else if (version == 6 && count >= IPV6_HEADER_OCTETS + ICMP_QUOTED_TCP_OCTETS) {
        source.family = 6;
        memcpy(source.octets, quoted + IPV6_SOURCE_AT, 16);
    }
    return source;
}

size_t icmp_error_encode(enum icmp kind, uint32_t mtu, const struct ip_address *from, const uint8_t *quoted,
                         size_t quoted_octets, uint8_t *packet, size_t room)
{
    size_t            quoted_header;
    struct ip_address to    = quoted_source(quoted, quoted_octets, &quoted_header);
    struct icmp_words words = icmp_words_of(kind, to.family);
    size_t limit = to.family == 4 ? ICMP_QUOTE_OCTETS : ICMPV6_PACKET_OCTETS - IPV6_HEADER_OCTETS - ICMP_HEADER_OCTETS;
    size_t quote = quoted_octets < limit ? quoted_octets : limit;
    size_t count = ICMP_HEADER_OCTETS + quote;

    if (to.family == 0 || from->family != to.family || !words.exists || room < ip_header_octets(to.family) + count)
        return 0;
    if (kind == PACKET_TOO_BIG && to.family == 4 && mtu > UINT16_MAX)
        return 0;

    uint8_t         *icmp   = packet + ip_header_octets(to.family);
    struct ip_fields fields = { .source      = from,
                                .destination = &to,
                                .protocol    = to.family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6,
                                .hop_limit   = HOP_LIMIT_DEFAULT };
    uint64_t         sum    = 0;

    write_ip_header(&fields, count, packet);
    icmp[0] = words.type;
    icmp[1] = words.code;
    write16(icmp + ICMP_CHECKSUM_AT, 0);
    write32(icmp + ICMP_MTU_AT, kind == PACKET_TOO_BIG ? mtu : 0);
    memcpy(icmp + ICMP_HEADER_OCTETS, quoted, quote);
    if (to.family == 6)
        sum = checksum_pseudo(from->octets, to.octets, 16, PROTOCOL_ICMPV6, count);
    write16(icmp + ICMP_CHECKSUM_AT, (uint16_t)~checksum_fold(checksum_add(sum, icmp, count)));
    return ip_header_octets(to.family) + count;
}
