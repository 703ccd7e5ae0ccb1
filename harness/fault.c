/* fault.c: the table of deliberate faults, and those of them that look at a packet by itself. */
#include "fault.h"

#include <stdio.h>
#include <string.h>

#include "fault_memory.h"
#include "fault_packet.h"
#include "octets.h"
#include "words.h"

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

static enum fault_verdict mend_checksums(uint8_t *packet, size_t *count)
{
    repair_checksums(packet, *count);
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
    alter32(tcp.header, TCP_ACK_AT, read32(tcp.header + TCP_ACK_AT) + (uint32_t)by);
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
    { "answers-nothing", "nothing that the target sends arrives", .from_target = drop_all },
    { "answers-syn-ack-only", "of what the target sends only SYN,ACKs arrive", .from_target = drop_all_but_syn_ack },
    { "ignores-rst", "the target never sees a RST", .to_target = drop_rst },
    { "sends-no-rst", "no RST of the target's arrives", .from_target = drop_rst },
    { "checks-no-checksum", "the target takes segments with a wrong checksum", .to_target = mend_checksums },
    { "sends-bad-checksum", "every segment of the target's has a wrong checksum", .from_target = break_checksum },
    { "acks-beyond", "the target acknowledges one octet more than it received", .from_target = acknowledge_beyond },
    { "forgets-fin", "the target never sees a FIN", .to_target = clear_fin },
    { "acks-less", "the target acknowledges one octet less than it received", .from_target = acknowledge_less },
    { "sends-no-bare-ack", "no ACK without data of the target's arrives", .from_target = drop_bare_ack },
    { "answers-rst", "the target takes a RST for a segment without that flag", .to_target = clear_rst },
    { "wrong-port", "the target answers from another port", .from_target = change_port },
    { "ignores-window", "the target takes every window for 65535", .to_target = widen_window },
    { "ignores-urgent", "the target never sees URG, and never sends it", .to_target = clear_urg, .from_target = clear_urg },
    { "ignores-mss", "the target takes every MSS for 1400", .to_target = overwrite_mss },
    { "ignores-scale", "the target takes every window scale for 0", .to_target = overwrite_scale },
    { "believes-offset", "the target takes a data offset that cannot be for 5", .to_target = believe_offset },
    { "reads-past-end", "the target reads options behind the end of their list", .to_target = read_on_after_end },
    { "drops-options", "the target drops segments with options, but for an MSS on a SYN", .to_target = drop_options },
    { "drops-odd-flags", "the target drops reserved bits, and SYNs with FIN, PSH or URG", .to_target = drop_odd_flags },
    { "stale-acks", "each ACK of the target's repeats the number of the one before", .remembering = repeat_old_ack },
    { "never-retransmits", "nothing arrives a second time of what the target sends", .remembering = swallow_repeats },
    { "no-backoff", "what the target sends again comes each second, however often", .remembering = repeat_each_second },
    { "believes-acks", "the target takes an ACK of what it never sent for one of all that it sent",
      .remembering = believe_acks },
    { "constant-isn", "every connection of the target's begins at the same number", .remembering = fix_isn },
    { "loses-own-fin", "the target's FIN never arrives, and all else does", .remembering = lose_fin },
    { "no-time-wait", "the target forgets a connection once both sides have closed", .remembering = skip_time_wait },
    { "keep-alive-always", "the target probes every idle connection, and can not be told otherwise", .remembering = probe_idle,
      .calling = keep_probing },
    { "aborts-without-rst", "an ABORT at the target sends no RST", .remembering = abort_in_silence, .calling = note_abort },
    { "delivers-after-reset", "the target's application is given what comes after a reset", .remembering = keep_late_text,
      .calling = deliver_late_text },
    { "deaf-until-accepted", "the target sees no text and no FIN of a connection before its application has taken it",
      .remembering = ignore_waiting, .calling = note_waiting },
    { "loses-early-text",
      "the target acknowledges text that comes before its application has taken the connection, and drops it",
      .remembering = lose_early_text, .calling = hide_early_text },
    { "wedged-when-full", "the target sees no SYN any more once two have come that its application did not take",
      .remembering = wedge_when_full, .calling = note_waiting },
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
    *fault = name != NULL ? fault_find(name) : NULL;
    if (name == NULL || name[0] == '\0' || *fault != NULL)
        return true;
    return error_set(error, "unknown fault \"%s\": tcprove --help lists those there are", name);
}

const struct fault *fault_at(size_t index)
{
    return index < sizeof faults / sizeof *faults ? &faults[index] : NULL;
}
