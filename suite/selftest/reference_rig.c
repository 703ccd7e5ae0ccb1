#include "selftest/reference_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* ---- the host ---------------------------------------------------------------------------------------------------------------
 */

static void output(void *context, const uint8_t *packet, size_t count)
{
    struct rig      *rig  = context;
    struct rig_sent *sent = &rig->sent[rig->sent_count++];

    ck_assert_uint_lt(rig->sent_count, RIG_SENT_MOST);
    sent->time_us = rig->now_us;
    memcpy(sent->octets, packet, count);
    ck_assert_int_eq(packet_decode(sent->octets, count, &sent->packet), PACKET_TCP);
    ck_assert_uint_eq(sent->packet.faults, 0);
}

static void note_signal(void *context, tcp_name name, enum tcp_signal signal)
{
    struct rig *rig = context;

    rig->signals |= 1u << signal;
    rig->signal_counts[signal]++;
    if (signal == TCP_SIGNAL_ACCEPTED)
        rig->name = name;
}

static void *allocate(void *context, size_t octets)
{
    struct rig *rig = context;

    rig->allocations++;
    return calloc(1, octets);
}

static void release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

struct ip_address rig_address(bool ipv6, bool peer)
{
    struct ip_address address;

    ip_address_parse(ipv6 ? peer ? "2001:db8::1" : "2001:db8::2" : peer ? "198.51.100.1" : "198.51.100.2", &address);
    return address;
}

void rig_begin(struct rig *rig, const struct tcp_config *config)
{
    struct tcp_host   host = { rig, output, note_signal, allocate, release };
    struct tcp_config standard;
    uint16_t          mss = rig->mss;

    tcp_config_default(&standard);
    standard.connections = 6;
    *rig                 = (struct rig){ .now_us     = 5 * (uint64_t)RIG_S,
                                         .ipv6       = rig->ipv6,
                                         .irs        = rig->irs,
                                         .window     = 20000,
                                         .mss        = mss ? mss : 1460,
                                         .local_port = RIG_LOCAL_PORT };
    rig->sent            = calloc(RIG_SENT_MOST, sizeof *rig->sent);
    rig->tcp             = tcp_create(config ? config : &standard, &host);
    ck_assert_ptr_nonnull(rig->tcp);
    tcp_time(rig->tcp, rig->now_us);
}

void rig_end(struct rig *rig)
{
    tcp_destroy(rig->tcp);
    free(rig->sent);
}

void rig_pass(struct rig *rig, uint64_t us)
{
    uint64_t until_us = rig->now_us + us;

    while (tcp_deadline(rig->tcp) <= until_us) {
        if (tcp_deadline(rig->tcp) > rig->now_us)
            rig->now_us = tcp_deadline(rig->tcp);
        tcp_time(rig->tcp, rig->now_us);
    }
    rig->now_us = until_us;
    tcp_time(rig->tcp, until_us);
}

/* ---- what the TCP sends -----------------------------------------------------------------------------------------------------
 */

const struct rig_sent *rig_next(struct rig *rig)
{
    return rig->seen < rig->sent_count ? &rig->sent[rig->seen++] : NULL;
}

const struct segment *rig_expect(struct rig *rig, unsigned flags, uint32_t seq, uint32_t ack, size_t octets)
{
    const struct rig_sent *sent = rig_next(rig);

    ck_assert_msg(sent != NULL, "nothing was sent");
    const struct segment *segment = &sent->packet.segment;

    ck_assert_msg((segment->flags & ~PSH) == flags, "flags %02x, not %02x", segment->flags, flags);
    ck_assert_msg(segment->seq == seq, "SEQ is %d away", (int)(segment->seq - seq));
    if (flags & ACK)
        ck_assert_msg(segment->ack == ack, "ACK is %d away", (int)(segment->ack - ack));
    ck_assert_msg(segment->text_octets == octets, "%zu octets, not %zu", segment->text_octets, octets);
    return segment;
}

void rig_expect_nothing(struct rig *rig)
{
    const struct rig_sent *sent = rig_next(rig);

    ck_assert_msg(sent == NULL, "flags %02x with %zu octets were sent", sent->packet.segment.flags,
                  sent->packet.segment.text_octets);
}

/* ---- what the peer sends ----------------------------------------------------------------------------------------------------
 */

void rig_peer_segment(struct rig *rig, struct segment *segment)
{
    uint8_t packet[RIG_PACKET_MOST];

    segment->source           = rig_address(rig->ipv6, true);
    segment->destination      = rig_address(rig->ipv6, false);
    segment->source_port      = RIG_PEER_PORT;
    segment->destination_port = rig->local_port;
    if ((segment->flags & SYN) && rig->mss && segment->option_octets == 0) {
        struct tcp_options options = { .has_mss = true, .mss = rig->mss };
        segment->option_octets     = tcp_options_build(&options, segment->options);
    }
    size_t count = segment_encode(segment, packet, sizeof packet);

    ck_assert_uint_gt(count, 0);
    /* A buffer of exactly this size, so that a look beyond its end is seen. */
    uint8_t *exact = malloc(count);

    memcpy(exact, packet, count);
    tcp_packet_arrives(rig->tcp, exact, count);
    free(exact);
}

void rig_peer(struct rig *rig, unsigned flags, uint32_t seq, uint32_t ack, const void *text, size_t octets)
{
    static const uint8_t nothing[RIG_PACKET_MOST];
    struct segment       segment = { .flags       = (uint8_t)flags,
                                     .seq         = seq,
                                     .ack         = ack,
                                     .window      = rig->window,
                                     .text        = text ? text : nothing,
                                     .text_octets = octets };

    rig_peer_segment(rig, &segment);
}

/* ---- states -----------------------------------------------------------------------------------------------------------------
 */

void rig_listen(struct rig *rig)
{
    struct tcp_open open = { .passive = true, .local_port = RIG_LOCAL_PORT };

    ck_assert_int_eq(tcp_open(rig->tcp, &open, &rig->listener), TCP_OK);
}

void rig_open(struct rig *rig)
{
    struct tcp_open open = { .local_address  = rig_address(rig->ipv6, false),
                             .local_port     = RIG_LOCAL_PORT,
                             .remote_address = rig_address(rig->ipv6, true),
                             .remote_port    = RIG_PEER_PORT };

    ck_assert_int_eq(tcp_open(rig->tcp, &open, &rig->name), TCP_OK);
    const struct rig_sent *syn = rig_next(rig);

    ck_assert_ptr_nonnull(syn);
    ck_assert_uint_eq(syn->packet.segment.flags, SYN);
    rig->iss = syn->packet.segment.seq;
}

static void enter_established(struct rig *rig, enum rig_way way, bool finish)
{
    if (way == RIG_PASSIVE) {
        rig_listen(rig);
        rig_peer(rig, SYN, rig->irs, 0, NULL, 0);
        const struct rig_sent *syn_ack = rig_next(rig);

        ck_assert_ptr_nonnull(syn_ack);
        rig->iss = syn_ack->packet.segment.seq;
        if (finish)
            rig_peer(rig, ACK, rig->irs + 1, rig->iss + 1, NULL, 0);
        return;
    }
    rig_open(rig);
    rig_peer(rig, finish ? SYN | ACK : SYN, rig->irs, finish ? rig->iss + 1 : 0, NULL, 0);
    rig_expect(rig, finish ? ACK : SYN | ACK, finish ? rig->iss + 1 : rig->iss, rig->irs + 1, 0);
}

void rig_enter(struct rig *rig, enum state state, enum rig_way way)
{
    uint32_t rcv_nxt = rig->irs + 1;

    if (state == LISTEN)
        rig_listen(rig);
    else if (state == SYN_SENT)
        rig_open(rig);
    else if (state != CLOSED)
        enter_established(rig, way, state != SYN_RECEIVED);
    if (state > ESTABLISHED) {
        if (state == CLOSE_WAIT || state == LAST_ACK) {
            rig_peer(rig, FIN | ACK, rcv_nxt, rig->iss + 1, NULL, 0);
            rig_expect(rig, ACK, rig->iss + 1, ++rcv_nxt, 0);
        }
        if (state != CLOSE_WAIT) {
            ck_assert_int_eq(tcp_close(rig->tcp, rig->name), TCP_OK);
            rig_expect(rig, FIN | ACK, rig->iss + 1, rcv_nxt, 0);
        }
        if (state == FIN_WAIT_2 || state == TIME_WAIT)
            rig_peer(rig, ACK, rcv_nxt, rig->iss + 2, NULL, 0);
        if (state == CLOSING || state == TIME_WAIT) {
            rig_peer(rig, FIN | ACK, rcv_nxt, rig->iss + (state == CLOSING ? 1 : 2), NULL, 0);
            rig_expect(rig, ACK, rig->iss + 2, rcv_nxt + 1, 0);
        }
    }
    ck_assert_int_eq(rig_state(rig), state);
    rig_expect_nothing(rig);
    rig->signals = 0;
    memset(rig->signal_counts, 0, sizeof rig->signal_counts);
}

struct control_block *rig_block(const struct rig *rig)
{
    struct ip_address local = rig_address(rig->ipv6, false), remote = rig_address(rig->ipv6, true);

    return tcp_block_of_pair(rig->tcp, &local, rig->local_port, &remote, RIG_PEER_PORT);
}

enum state rig_state(const struct rig *rig)
{
    const struct control_block *tcb = rig_block(rig);

    if (tcb)
        return tcb->state;
    return tcp_block_named(rig->tcp, rig->listener) ? LISTEN : CLOSED;
}

uint8_t rig_octet(size_t position)
{
    return (uint8_t)(position * 31 + position / 256);
}

size_t rig_send(struct rig *rig, size_t from, size_t octets)
{
    uint8_t *data = malloc(octets + 1);
    size_t   taken;

    for (size_t i = 0; i < octets; i++)
        data[i] = rig_octet(from + i);
    tcp_send(rig->tcp, rig->name, data, octets, false, &taken);
    free(data);
    return taken;
}
