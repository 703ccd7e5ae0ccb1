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
    TCP_WINDOW_AT      = 14,
    TCP_CHECKSUM_AT    = 16,
    OPTION_END         = 0,
    OPTION_NOP         = 1,
    OPTION_MSS         = 2,
    OPTION_SCALE       = 3
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

/* Moves the ACK of what is neither SYN nor without ACK. */
static enum fault_verdict move_ack(uint8_t *packet, size_t count, int32_t by)
{
    struct tcp_place tcp;
    if (!find_tcp(packet, count, &tcp) || (tcp.header[TCP_FLAGS_AT] & (SYN | ACK)) != ACK)
        return FAULT_PASS;
    uint8_t *ack   = tcp.header + TCP_ACK_AT;
    uint32_t value = ((uint32_t)read16(ack) << 16 | read16(ack + 2)) + (uint32_t)by;
    alter16(tcp.header, TCP_ACK_AT, (uint16_t)(value >> 16));
    alter16(tcp.header, TCP_ACK_AT + 2, (uint16_t)value);
    return FAULT_PASS;
}

static enum fault_verdict acknowledge_beyond(uint8_t *packet, size_t *count)
{
    return move_ack(packet, *count, 1);
}

static enum fault_verdict acknowledge_less(uint8_t *packet, size_t *count)
{
    return move_ack(packet, *count, -1);
}

static void clear_flag(uint8_t *packet, size_t count, unsigned flag)
{
    struct tcp_place tcp;
    if (find_tcp(packet, count, &tcp) && tcp.header[TCP_FLAGS_AT] & flag)
        alter16(tcp.header, TCP_OFFSET_AT, (uint16_t)(read16(tcp.header + TCP_OFFSET_AT) & ~flag));
}

static enum fault_verdict clear_fin(uint8_t *packet, size_t *count)
{
    clear_flag(packet, *count, FIN);
    return FAULT_PASS;
}

static enum fault_verdict clear_rst(uint8_t *packet, size_t *count)
{
    clear_flag(packet, *count, RST);
    return FAULT_PASS;
}

static enum fault_verdict clear_urg(uint8_t *packet, size_t *count)
{
    clear_flag(packet, *count, URG);
    return FAULT_PASS;
}

static enum fault_verdict widen_window(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    if (find_tcp(packet, *count, &tcp))
        alter16(tcp.header, TCP_WINDOW_AT, 0xffff);
    return FAULT_PASS;
}

/* A source port that the tester has not spoken to. */
static enum fault_verdict change_port(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    if (find_tcp(packet, *count, &tcp))
        alter16(tcp.header, 0, (uint16_t)(read16(tcp.header) ^ 1));
    return FAULT_PASS;
}

static enum fault_verdict drop_bare_ack(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    if (!find_tcp(packet, *count, &tcp) || (tcp.header[TCP_FLAGS_AT] & (SYN | FIN | RST | ACK)) != ACK)
        return FAULT_PASS;
    return tcp.octets <= (size_t)(tcp.header[TCP_OFFSET_AT] >> 4) * 4 ? FAULT_DROP : FAULT_PASS;
}

/* ---- faults of those who read headers and options badly --------------------------------------------------------------------
 */

/* A data offset that cannot be counts as 5, so that the segment's octets are taken after all. */
static enum fault_verdict believe_offset(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    if (!find_tcp(packet, *count, &tcp))
        return FAULT_PASS;
    size_t claimed = (size_t)(tcp.header[TCP_OFFSET_AT] >> 4) * 4;
    if (claimed < TCP_HEADER_LEAST || claimed > tcp.octets)
        alter16(tcp.header, TCP_OFFSET_AT, (uint16_t)((read16(tcp.header + TCP_OFFSET_AT) & 0x0fff) | 5 << 12));
    return FAULT_PASS;
}

static size_t header_octets(struct tcp_place tcp)
{
    size_t claimed = (size_t)(tcp.header[TCP_OFFSET_AT] >> 4) * 4;

    return claimed >= TCP_HEADER_LEAST && claimed <= tcp.octets ? claimed : TCP_HEADER_LEAST;
}

static bool is_syn(struct tcp_place tcp)
{
    return (tcp.header[TCP_FLAGS_AT] & (SYN | RST)) == SYN;
}

/* The place of the first option of this kind, whole in the header; 0 if there is none. */
static size_t find_option(struct tcp_place tcp, uint8_t kind)
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

static void alter8(uint8_t *header, size_t at, uint8_t value)
{
    uint16_t word = read16(header + (at & ~(size_t)1));

    unsigned altered = at & 1 ? (word & 0xff00u) | value : (word & 0xffu) | (unsigned)value << 8;

    alter16(header, at & ~(size_t)1, (uint16_t)altered);
}

/* Every MSS counts as 1400. */
static enum fault_verdict overwrite_mss(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    size_t           at = find_tcp(packet, *count, &tcp) && is_syn(tcp) ? find_option(tcp, OPTION_MSS) : 0;
    if (at != 0 && tcp.header[at + 1] == 4) {
        alter8(tcp.header, at + 2, 1400 >> 8);
        alter8(tcp.header, at + 3, 1400 & 0xff);
    }
    return FAULT_PASS;
}

static enum fault_verdict overwrite_scale(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    size_t           at = find_tcp(packet, *count, &tcp) && is_syn(tcp) ? find_option(tcp, OPTION_SCALE) : 0;
    if (at != 0 && tcp.header[at + 1] == 3)
        alter8(tcp.header, at + 2, 0);
    return FAULT_PASS;
}

/* An option list that ends at once is not the end: what stands behind it is read. */
static enum fault_verdict read_on_after_end(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    if (find_tcp(packet, *count, &tcp) && header_octets(tcp) > TCP_HEADER_LEAST && tcp.header[TCP_HEADER_LEAST] == OPTION_END)
        alter8(tcp.header, TCP_HEADER_LEAST, OPTION_NOP);
    return FAULT_PASS;
}

/* Lets through what has no options, and SYNs that begin with the MSS. */
static enum fault_verdict drop_options(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    if (!find_tcp(packet, *count, &tcp) || header_octets(tcp) == TCP_HEADER_LEAST)
        return FAULT_PASS;
    return is_syn(tcp) && tcp.header[TCP_HEADER_LEAST] == OPTION_MSS ? FAULT_PASS : FAULT_DROP;
}

static enum fault_verdict drop_odd_flags(uint8_t *packet, size_t *count)
{
    struct tcp_place tcp;
    if (!find_tcp(packet, *count, &tcp))
        return FAULT_PASS;
    bool odd = (tcp.header[TCP_OFFSET_AT] & 15) != 0 || (is_syn(tcp) && tcp.header[TCP_FLAGS_AT] & (FIN | PSH | URG));
    return odd ? FAULT_DROP : FAULT_PASS;
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
    { "acks-less", "the target acknowledges one octet less than it received", NULL, acknowledge_less },
    { "sends-no-bare-ack", "no ACK without data of the target's arrives", NULL, drop_bare_ack },
    { "answers-rst", "the target takes a RST for a segment without that flag", clear_rst, NULL },
    { "wrong-port", "the target answers from another port", NULL, change_port },
    { "ignores-window", "the target takes every window for 65535", widen_window, NULL },
    { "ignores-urgent", "the target never sees URG, and never sends it", clear_urg, clear_urg },
    { "ignores-mss", "the target takes every MSS for 1400", overwrite_mss, NULL },
    { "ignores-scale", "the target takes every window scale for 0", overwrite_scale, NULL },
    { "believes-offset", "the target takes a data offset that cannot be for 5", believe_offset, NULL },
    { "reads-past-end", "the target reads options behind the end of their list", read_on_after_end, NULL },
    { "drops-options", "the target drops segments with options, but for an MSS on a SYN", drop_options, NULL },
    { "drops-odd-flags", "the target drops reserved bits, and SYNs with FIN, PSH or URG", drop_odd_flags, NULL },
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
    char   known[640] = "";
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
