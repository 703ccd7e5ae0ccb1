/* segment_damage.c: what is wrong with a packet on purpose, done to finished octets. */
#include "checksum.h"
#include "octets.h"
#include "segment.h"
#include "segment_octets.h"

enum { SHORT_TCP_OCTETS = 12 }; /* what IP_LENGTH_SHORT leaves of the TCP header: ports, SEQ, ACK */

/* A finished packet that carries TCP, taken apart. The packet is our own encoder's or at least believes in itself. */
struct carrier {
    uint8_t *packet, *tcp;
    size_t   ip_octets, tcp_octets; /* tcp_octets: header, options and text that are there */
    bool     ipv4;
};

static bool find_carrier(uint8_t *packet, size_t count, struct carrier *carrier)
{
    *carrier = (struct carrier){ .packet = packet };
    if (count >= IPV4_HEADER_OCTETS && packet[0] >> 4 == 4 && packet[IPV4_PROTOCOL_AT] == PROTOCOL_TCP) {
        carrier->ipv4      = true;
        carrier->ip_octets = (size_t)(packet[0] & 15) * 4;
    } else if (count >= IPV6_HEADER_OCTETS && packet[0] >> 4 == 6 && packet[IPV6_NEXT_HEADER_AT] == PROTOCOL_TCP) {
        carrier->ip_octets = IPV6_HEADER_OCTETS;
    }
    if (carrier->ip_octets < IPV4_HEADER_OCTETS || count < carrier->ip_octets + TCP_HEADER_OCTETS)
        return false;
    carrier->tcp        = packet + carrier->ip_octets;
    carrier->tcp_octets = count - carrier->ip_octets;
    return true;
}

static void put_tcp_checksum(const struct carrier *carrier, uint64_t pseudo)
{
    write16(carrier->tcp + TCP_CHECKSUM_AT, 0);
    write16(carrier->tcp + TCP_CHECKSUM_AT, (uint16_t)~checksum_fold(checksum_add(pseudo, carrier->tcp, carrier->tcp_octets)));
}

static uint64_t right_pseudo(const struct carrier *carrier)
{
    const uint8_t *source = carrier->packet + (carrier->ipv4 ? IPV4_SOURCE_AT : IPV6_SOURCE_AT);
    size_t         octets = carrier->ipv4 ? 4 : 16;

    return checksum_pseudo(source, source + octets, octets, PROTOCOL_TCP, carrier->tcp_octets);
}

static void put_ip_checksum(const struct carrier *carrier)
{
    write16(carrier->packet + IPV4_CHECKSUM_AT, 0);
    write16(carrier->packet + IPV4_CHECKSUM_AT, (uint16_t)~checksum_fold(checksum_add(0, carrier->packet, carrier->ip_octets)));
}

/* Where the length octet of the first option of a kind stands; NULL where there is none. */
static uint8_t *option_length_at(const struct carrier *carrier, uint8_t kind)
{
    size_t end = (size_t)(carrier->tcp[TCP_DATA_OFFSET_AT] >> 4) * 4;

    if (end > carrier->tcp_octets)
        end = carrier->tcp_octets;
    for (size_t at = TCP_HEADER_OCTETS; at + 1 < end && carrier->tcp[at] != OPTION_END;) {
        uint8_t length = carrier->tcp[at + 1];

        if (carrier->tcp[at] == kind && kind != OPTION_NOP)
            return carrier->tcp + at + 1;
        if (carrier->tcp[at] != OPTION_NOP && length < 2)
            return NULL;
        at += carrier->tcp[at] == OPTION_NOP ? 1 : length;
    }
    return NULL;
}

static void damage_header(const struct carrier *carrier, const struct damage_wish *wish)
{
    uint8_t *offset = carrier->tcp + TCP_DATA_OFFSET_AT;
    uint8_t *length = wish->option_kind != 0 ? option_length_at(carrier, wish->option_kind) : NULL;

    if (length != NULL)
        *length = wish->option_length;
    if (wish->set_data_offset)
        *offset = (uint8_t)(wish->data_offset << 4 | (*offset & 15));
    if (wish->reserved != 0)
        *offset = (uint8_t)((*offset & 0xf0) | (wish->reserved & 15));
    if (length != NULL || wish->set_data_offset || wish->reserved != 0)
        put_tcp_checksum(carrier, right_pseudo(carrier));
}

/* A checksum of 0 that happens to be right is no damage: then one bit is changed that nobody looks at, the urgent pointer's
 * where URG is not set and else the window's. */
static void zero_checksum(const struct carrier *carrier)
{
    put_tcp_checksum(carrier, right_pseudo(carrier));
    if (read16(carrier->tcp + TCP_CHECKSUM_AT) == 0)
        carrier->tcp[(carrier->tcp[TCP_FLAGS_AT] & URG ? TCP_WINDOW_AT : TCP_URGENT_AT) + 1] ^= 1;
    write16(carrier->tcp + TCP_CHECKSUM_AT, 0);
}

static size_t shorten(const struct carrier *carrier)
{
    size_t count = carrier->ip_octets + SHORT_TCP_OCTETS;

    if (carrier->ipv4) {
        write16(carrier->packet + IPV4_TOTAL_LENGTH_AT, (unsigned)count);
        put_ip_checksum(carrier);
    } else {
        write16(carrier->packet + IPV6_PAYLOAD_LENGTH_AT, SHORT_TCP_OCTETS);
    }
    return count;
}

size_t packet_damage(uint8_t *packet, size_t count, const struct damage_wish *wish)
{
    struct carrier carrier;

    if (!find_carrier(packet, count, &carrier))
        return count;
    damage_header(&carrier, wish);
    uint8_t *last_of_source = packet + (carrier.ipv4 ? IPV4_SOURCE_AT + 3 : IPV6_SOURCE_AT + 15);

    switch (wish->kind) {
    case UNDAMAGED:
        break;
    case BAD_CHECKSUM:
        carrier.tcp[TCP_CHECKSUM_AT + 1] ^= 1;
        break;
    case ZERO_CHECKSUM:
        zero_checksum(&carrier);
        break;
    case PSEUDO_LENGTH_WRONG:
        put_tcp_checksum(&carrier, right_pseudo(&carrier) + 1);
        break;
    case PSEUDO_ADDRESS_WRONG:
        *last_of_source ^= 1;
        put_tcp_checksum(&carrier, right_pseudo(&carrier));
        *last_of_source ^= 1;
        break;
    case BAD_IP_CHECKSUM:
        if (carrier.ipv4)
            packet[IPV4_CHECKSUM_AT + 1] ^= 1;
        break;
    case IP_LENGTH_SHORT:
        return shorten(&carrier);
    }
    return count;
}
