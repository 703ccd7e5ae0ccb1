/* fault.c: the table of deliberate faults. Alterations mend the checksum by difference (RFC 1624), so that a segment
 * that was damaged on purpose stays damaged. It reads headers by itself and believes no length that they claim. */
#include "fault.h"

#include <stdio.h>
#include <string.h>

#include "checksum.h"
#include "octets.h"
#include "words.h"

enum {
    IPV4_HEADER_OCTETS = 20,
    IPV6_HEADER_OCTETS = 40,
    TCP_HEADER_LEAST   = 20,
    PROTOCOL_TCP       = 6,
    TCP_ACK_AT         = 8,
    TCP_OFFSET_AT      = 12,
    TCP_FLAGS_AT       = 13,
    TCP_CHECKSUM_AT    = 16
};

/* Where the TCP header of a packet stands, and how many octets there are from there to the packet's end. */
struct tcp_place {
    uint8_t *header;
    size_t   octets;
};

static bool is_ipv4(const uint8_t *packet, size_t count)
{
    return count >= IPV4_HEADER_OCTETS && packet[0] >> 4 == 4;
}

static bool find_tcp(uint8_t *packet, size_t count, struct tcp_place *place)
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

/* Writes the 16-bit word at header + at and takes the change into the TCP checksum. */
static void alter16(uint8_t *header, size_t at, uint16_t value)
{
    uint16_t checksum = read16(header + TCP_CHECKSUM_AT);
    uint32_t sum      = (uint16_t)~checksum + (uint32_t)(uint16_t)~read16(header + at) + value;
    write16(header + at, value);
    write16(header + TCP_CHECKSUM_AT, (uint16_t)~checksum_fold(sum));
}

/* ---- the faults ----------------------------------------------------------------------------------------------------- */

static enum fault_verdict drop_all(uint8_t *packet, size_t *count)
{
    (void)packet;
    (void)count;
    return FAULT_DROP;
}

static enum fault_verdict drop_all_but_syn_ack(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    bool             syn_ack = find_tcp(packet, *count, &tcp) && (tcp.header[TCP_FLAGS_AT] & (SYN | ACK)) == (SYN | ACK);
    return syn_ack ? FAULT_PASS : FAULT_DROP;
}

static enum fault_verdict drop_rst(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    return find_tcp(packet, *count, &tcp) && tcp.header[TCP_FLAGS_AT] & RST ? FAULT_DROP : FAULT_PASS;
}

static enum fault_verdict repair_checksums(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    if (is_ipv4(packet, *count))
        repair_ip_checksum(packet, *count);
    if (find_tcp(packet, *count, &tcp))
        repair_tcp_checksum(packet, tcp);
    return FAULT_PASS;
}

static enum fault_verdict break_checksum(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    if (find_tcp(packet, *count, &tcp))
        tcp.header[TCP_CHECKSUM_AT + 1] ^= 1;
    return FAULT_PASS;
}

static enum fault_verdict acknowledge_beyond(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    if (!find_tcp(packet, *count, &tcp) || (tcp.header[TCP_FLAGS_AT] & (SYN | ACK)) != ACK)
        return FAULT_PASS;
    uint8_t *ack   = tcp.header + TCP_ACK_AT;
    uint32_t value = ((uint32_t)read16(ack) << 16 | read16(ack + 2)) + 1;
    alter16(tcp.header, TCP_ACK_AT, (uint16_t)(value >> 16));
    alter16(tcp.header, TCP_ACK_AT + 2, (uint16_t)value);
    return FAULT_PASS;
}

static enum fault_verdict clear_fin(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    if (find_tcp(packet, *count, &tcp) && tcp.header[TCP_FLAGS_AT] & FIN)
        alter16(tcp.header, TCP_OFFSET_AT, (uint16_t)(read16(tcp.header + TCP_OFFSET_AT) & ~(unsigned)FIN));
    return FAULT_PASS;
}

static const struct fault faults[] = {
    { "answers-nothing", "nothing that the target sends arrives", NULL, drop_all },
    { "answers-syn-ack-only", "of what the target sends only SYN,ACKs arrive", NULL, drop_all_but_syn_ack },
    { "ignores-rst", "the target never sees a RST", drop_rst, NULL },
    { "sends-no-rst", "no RST of the target's arrives", NULL, drop_rst },
    { "checks-no-checksum", "the target takes segments with a wrong checksum", repair_checksums, NULL },
    { "sends-bad-checksum", "every segment of the target's has a wrong checksum", NULL, break_checksum },
    { "acks-beyond", "the target acknowledges one octet more than it received", NULL, acknowledge_beyond },
    { "forgets-fin", "the target never sees a FIN", clear_fin, NULL },
};

const struct fault *fault_find(const char *name)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(faults[i].name, name) == 0)
            return &faults[i];
    return NULL;
}

bool fault_named(const char *name, const struct fault **fault, struct error *error)
{
    char   known[320] = "";
    size_t used       = 0;

    *fault = name != NULL ? fault_find(name) : NULL;
    if (name == NULL || name[0] == '\0' || *fault != NULL)
        return true;
    for (size_t i = 0; fault_at(i) != NULL && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", fault_at(i)->name);
    return error_set(error, "unknown fault \"%s\": known are %s", name, known);
}

const struct fault *fault_at(size_t index)
{
    return index < sizeof faults / sizeof *faults ? &faults[index] : NULL;
}
