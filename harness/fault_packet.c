#include "fault_packet.h"

#include "checksum.h"
#include "octets.h"
#include "words.h"

enum { PROTOCOL_TCP = 6 };

static bool is_ipv4(const uint8_t *packet, size_t count)
{
    return count >= IPV4_HEADER_OCTETS && packet[0] >> 4 == 4;
}

bool find_tcp(uint8_t *packet, size_t count, struct tcp_place *place)
{
    size_t start;
    if (is_ipv4(packet, count)) {
        bool later_fragment = (read16(packet + 6) & 0x1fff) != 0;
        start               = (size_t)(packet[0] & 15) * 4;
        if (packet[9] != PROTOCOL_TCP || later_fragment || start < IPV4_HEADER_OCTETS)
            return false;
        if (read16(packet + 2) < count)
            count = read16(packet + 2);
    } else if (count >= IPV6_HEADER_OCTETS && packet[0] >> 4 == 6) {
        size_t claimed = (size_t)IPV6_HEADER_OCTETS + read16(packet + 4);
        start          = IPV6_HEADER_OCTETS;
        if (packet[6] != PROTOCOL_TCP)
            return false;
        if (claimed < count)
            count = claimed;
    } else {
        return false;
    }
    if (count < start + TCP_HEADER_LEAST)
        return false;
    place->header = packet + start;
    place->octets = count - start;
    return true;
}

/* ---- checksums (RFC 1071, RFC 1624) --------------------------------------------------------------------------------- */

static void repair_tcp_checksum(const uint8_t *packet, struct tcp_place tcp)
{
    bool           v4        = packet[0] >> 4 == 4;
    const uint8_t *addresses = v4 ? packet + 12 : packet + 8;
    size_t         octets    = v4 ? 4 : 16;
    uint64_t       pseudo    = checksum_pseudo(addresses, addresses + octets, octets, PROTOCOL_TCP, tcp.octets);

    write16(tcp.header + TCP_CHECKSUM_AT, 0);
    write16(tcp.header + TCP_CHECKSUM_AT, (uint16_t)~checksum_fold(checksum_add(pseudo, tcp.header, tcp.octets)));
}

static void repair_ip_checksum(uint8_t *packet, size_t count)
{
    size_t header = (size_t)(packet[0] & 15) * 4;
    if (header < IPV4_HEADER_OCTETS || header > count)
        return;
    write16(packet + 10, 0);
    write16(packet + 10, (uint16_t)~checksum_fold(checksum_add(0, packet, header)));
}

void alter16(uint8_t *header, size_t at, uint16_t value)
{
    uint16_t checksum = read16(header + TCP_CHECKSUM_AT);
    uint32_t sum      = (uint16_t)~checksum + (uint32_t)(uint16_t)~read16(header + at) + value;
    write16(header + at, value);
    write16(header + TCP_CHECKSUM_AT, (uint16_t)~checksum_fold(sum));
}

size_t header_octets(struct tcp_place tcp)
{
    size_t claimed = (size_t)(tcp.header[TCP_OFFSET_AT] >> 4) * 4;

    return claimed >= TCP_HEADER_LEAST && claimed <= tcp.octets ? claimed : TCP_HEADER_LEAST;
}

bool is_syn(struct tcp_place tcp)
{
    return (tcp.header[TCP_FLAGS_AT] & (SYN | RST)) == SYN;
}

size_t find_option(struct tcp_place tcp, uint8_t kind)
{
    size_t end = header_octets(tcp), at = TCP_HEADER_LEAST;

    while (at < end && tcp.header[at] != OPTION_END) {
        if (tcp.header[at] == OPTION_NOP) {
            at++;
            continue;
        }
        if (at + 1 >= end || tcp.header[at + 1] < 2 || at + tcp.header[at + 1] > end)
            return 0;
        if (tcp.header[at] == kind)
            return at;
        at += tcp.header[at + 1];
    }
    return 0;
}

void alter8(uint8_t *header, size_t at, uint8_t value)
{
    uint16_t word = read16(header + (at & ~(size_t)1));

    unsigned altered = at & 1 ? (word & 0xff00u) | value : (word & 0xffu) | (unsigned)value << 8;

    alter16(header, at & ~(size_t)1, (uint16_t)altered);
}

/* An odd place straddles two words of the checksum: it is written octet by octet. */
void alter32(uint8_t *header, size_t at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        alter8(header, at + i, (uint8_t)(value >> (24 - 8 * i)));
}

void repair_checksums(uint8_t *packet, size_t count)
{
    struct tcp_place tcp;

    if (is_ipv4(packet, count))
        repair_ip_checksum(packet, count);
    if (find_tcp(packet, count, &tcp))
        repair_tcp_checksum(packet, tcp);
}
