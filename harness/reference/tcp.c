/* tcp.c: the TCP as a whole: what it is made of, the table of TCBs (RFC 9293 3.3.1), and the way of a packet or of the time to
 * the function that RFC 9293 3.10 has for it. */
#include <stdlib.h>
#include <string.h>

#include "reference/control_block.h"

enum { RECEIVE_BUFFER_MOST = 65535, MTU_LEAST = 576, SECOND_US = 1000000 };

void tcp_config_default(struct tcp_config *config)
{
    *config = (struct tcp_config){
        .connections            = 64,
        .send_buffer_octets     = 65536,
        .receive_buffer_octets  = RECEIVE_BUFFER_MOST,
        .held_ranges            = 32,
        .mtu_octets             = 1500,
        .hop_limit              = 64,
        .ephemeral_first        = 49152,
        .ephemeral_last         = 65535,
        .msl_us                 = 120 * (uint64_t)SECOND_US,
        .rto_initial_us         = SECOND_US,
        .rto_least_us           = SECOND_US,
        .rto_most_us            = 120 * (uint64_t)SECOND_US,
        .clock_granularity_us   = 1000,
        .delayed_ack_us         = 200000,
        .override_us            = 500000,
        .r1_retransmissions     = 3,
        .r2_us                  = 150 * (uint64_t)SECOND_US,
        .r2_syn_us              = 180 * (uint64_t)SECOND_US,
        .keep_alive_us          = 7200 * (uint64_t)SECOND_US,
        .keep_alive_interval_us = 75 * (uint64_t)SECOND_US,
        .keep_alive_probes      = 9,
        .orphan_us              = 60 * (uint64_t)SECOND_US,
        .challenge_acks         = 10,
        .challenge_us           = SECOND_US,
    };
}

static bool config_is_sound(const struct tcp_config *config)
{
    return config->connections > 0 && config->connections < UINT16_MAX && config->send_buffer_octets > 0 &&
           config->send_buffer_octets <= INT32_MAX && config->receive_buffer_octets > 0 &&
           config->receive_buffer_octets <= RECEIVE_BUFFER_MOST && config->mtu_octets >= MTU_LEAST &&
           config->ephemeral_first > 0 && config->ephemeral_first <= config->ephemeral_last && config->hop_limit > 0 &&
           config->delayed_ack_us < SECOND_US / 2 && config->r1_retransmissions >= 3 &&
           config->r2_us >= 100 * (uint64_t)SECOND_US && config->r2_syn_us >= 180 * (uint64_t)SECOND_US &&
           config->rto_most_us >= 60 * (uint64_t)SECOND_US && config->keep_alive_us >= 7200 * (uint64_t)SECOND_US;
}

static void *take_memory(const struct tcp_host *host, size_t octets)
{
    return host->allocate ? host->allocate(host->context, octets) : calloc(1, octets);
}

static void give_memory(const struct tcp_host *host, void *memory)
{
    if (memory == NULL)
        return;
    if (host->release)
        host->release(host->context, memory);
    else
        free(memory);
}

/* Each of exactly its size, so that a tool that watches memory sees every octet beyond. */
static bool take_buffers(struct tcp *tcp)
{
    size_t ranges = tcp->config.held_ranges + 1; /* one more for octets in order */

    for (size_t i = 0; i < tcp->config.connections; i++) {
        struct control_block *tcb = &tcp->blocks[i];

        tcb->send_buffer    = take_memory(&tcp->host, tcp->config.send_buffer_octets);
        tcb->receive_buffer = take_memory(&tcp->host, tcp->config.receive_buffer_octets);
        tcb->held           = take_memory(&tcp->host, ranges * sizeof *tcb->held);
        if (!tcb->send_buffer || !tcb->receive_buffer || !tcb->held)
            return false;
    }
    return true;
}

struct tcp *tcp_create(const struct tcp_config *config, const struct tcp_host *host)
{
    if (!config_is_sound(config))
        return NULL;
    struct tcp *tcp = take_memory(host, sizeof *tcp);

    if (tcp == NULL)
        return NULL;
    size_t text_octets = config->send_buffer_octets < config->mtu_octets ? config->send_buffer_octets : config->mtu_octets;

    tcp->config = *config;
    tcp->host   = *host;
    tcp->blocks = take_memory(host, config->connections * sizeof *tcp->blocks);
    tcp->packet = take_memory(host, config->mtu_octets);
    tcp->text   = take_memory(host, text_octets);
    if (!tcp->blocks || !tcp->packet || !tcp->text || !take_buffers(tcp)) {
        tcp_destroy(tcp);
        return NULL;
    }
    tcp_iss_begin(tcp);
    return tcp;
}

void tcp_destroy(struct tcp *tcp)
{
    if (tcp == NULL)
        return;
    struct tcp_host host = tcp->host;

    for (size_t i = 0; tcp->blocks != NULL && i < tcp->config.connections; i++) {
        give_memory(&host, tcp->blocks[i].send_buffer);
        give_memory(&host, tcp->blocks[i].receive_buffer);
        give_memory(&host, tcp->blocks[i].held);
    }
    give_memory(&host, tcp->blocks);
    give_memory(&host, tcp->packet);
    give_memory(&host, tcp->text);
    give_memory(&host, tcp);
}

/* ---- the table of TCBs --------------------------------------------------------------------------------------------- */

/* A name is the place in the table, from 1, and above it a number that makes it differ from those that had the place before. */
enum { PLACE_BITS = 16, PLACE_MASK = 0xffff };

/* RFC 9293 3.10.1: "create a new transmission control block". NULL: "insufficient resources". */
struct control_block *tcp_block_new(struct tcp *tcp)
{
    for (size_t i = 0; i < tcp->config.connections; i++) {
        struct control_block *tcb = &tcp->blocks[i];

        if (tcb->state != CLOSED)
            continue;
        if (i >= tcp->used)
            tcp->used = i + 1;
        tcp->generation = (tcp->generation + 1) & PLACE_MASK;
        *tcb            = (struct control_block){
                       .name                   = tcp->generation << PLACE_BITS | (tcp_name)(i + 1),
                       .send_buffer            = tcb->send_buffer,
                       .receive_buffer         = tcb->receive_buffer,
                       .held                   = tcb->held,
                       .nagle                  = true,
                       .keep_alive_us          = tcp->config.keep_alive_us,
                       .keep_alive_interval_us = tcp->config.keep_alive_interval_us,
                       .path_mtu               = tcp->config.mtu_octets,
                       .rcv_wnd                = (uint32_t)tcp->config.receive_buffer_octets,
        };
        for (int timer = 0; timer < TIMERS; timer++)
            tcb->timers[timer] = NEVER;
        tcp_rto_begin(tcp, tcb);
        return tcb;
    }
    return NULL;
}

/* "Delete the TCB, enter the CLOSED state." */
void tcp_block_delete(struct tcp *tcp, struct control_block *tcb)
{
    tcp_signal_user(tcp, tcb, TCP_SIGNAL_CLOSED);
    tcb->state = CLOSED;
    for (int timer = 0; timer < TIMERS; timer++)
        tcb->timers[timer] = NEVER;
}

struct control_block *tcp_block_named(const struct tcp *tcp, tcp_name name)
{
    size_t place = name & PLACE_MASK;

    if (place == 0 || place > tcp->used)
        return NULL;
    struct control_block *tcb = &tcp->blocks[place - 1];

    return tcb->state != CLOSED && tcb->name == name ? tcb : NULL;
}

struct control_block *tcp_block_of_pair(const struct tcp *tcp, const struct ip_address *local, uint16_t local_port,
                                        const struct ip_address *remote, uint16_t remote_port)
{
    for (size_t i = 0; i < tcp->used; i++) {
        struct control_block *tcb = &tcp->blocks[i];

        if (tcb->local_port == local_port && tcb->remote_port == remote_port && tcb->state != CLOSED && tcb->state != LISTEN &&
            ip_address_equal(&tcb->local_address, local) && ip_address_equal(&tcb->remote_address, remote))
            return tcb;
    }
    return NULL;
}

static bool listens_for(const struct control_block *tcb, const struct segment *segment)
{
    return tcb->state == LISTEN && tcb->local_port == segment->destination_port &&
           (tcb->local_address.family == 0 || ip_address_equal(&tcb->local_address, &segment->destination)) &&
           (tcb->remote_address.family == 0 || ip_address_equal(&tcb->remote_address, &segment->source)) &&
           (tcb->remote_port == 0 || tcb->remote_port == segment->source_port);
}

/* RFC 9293 3.9.1.1, MUST-42: of several that fit, the one that says most about the remote socket. */
struct control_block *tcp_block_listening(const struct tcp *tcp, const struct segment *segment)
{
    struct control_block *best = NULL;

    for (size_t i = 0; i < tcp->used; i++) {
        struct control_block *tcb = &tcp->blocks[i];

        if (listens_for(tcb, segment) && (best == NULL || tcb->remote_address.family != 0))
            best = tcb;
    }
    return best;
}

void tcp_signal_user(struct tcp *tcp, const struct control_block *tcb, enum tcp_signal signal)
{
    if (tcb->user_knows && tcp->host.signal)
        tcp->host.signal(tcp->host.context, tcb->name, signal);
}

/* ---- packets ------------------------------------------------------------------------------------------------------- */

/* RFC 9293 3.9.2.3, MUST-57 and MUST-63, with RFC 1122 3.2.1.3: what cannot be one host's address on a network. */
bool tcp_address_is_unicast(const struct ip_address *address)
{
    const uint8_t *octets = address->octets;

    if (address->family == 4)
        return octets[0] != 0 && octets[0] != 127 && octets[0] < 224;
    if (address->family != 6 || octets[0] == 0xff)
        return false;
    for (int i = 0; i < 15; i++)
        if (octets[i] != 0)
            return true;
    return octets[15] > 1; /* neither :: nor ::1 */
}

/* RFC 9293 3.10.7: which of the four parts of SEGMENT ARRIVES has the word. */
static void segment_arrives(struct tcp *tcp, const struct segment *segment)
{
    struct control_block *tcb =
        tcp_block_of_pair(tcp, &segment->destination, segment->destination_port, &segment->source, segment->source_port);

    if (tcb == NULL) {
        struct control_block *listener = tcp_block_listening(tcp, segment);

        if (listener != NULL)
            tcp_arrives_in_listen(tcp, listener, segment);
        else
            tcp_arrives_in_closed(tcp, segment);
        return;
    }
    tcp_heard(tcp, tcb);
    if (tcb->state == SYN_SENT)
        tcp_arrives_in_syn_sent(tcp, tcb, segment);
    else
        tcp_arrives_otherwise(tcp, tcb, segment);
    if (tcb->state != CLOSED)
        tcp_settle(tcp, tcb);
}

void tcp_decoded_arrives(struct tcp *tcp, const struct packet *packet)
{
    const struct segment *segment = &packet->segment;

    switch (packet->kind) {
    case PACKET_TCP:
        /* Options that are malformed spoil nothing but themselves (RFC 9293 3.1, MUST-6 and MUST-7). */
        if (packet->faults & ~(unsigned)FAULT_TCP_OPTIONS)
            return;
        if (!tcp_address_is_unicast(&segment->source) || !tcp_address_is_unicast(&segment->destination))
            return;
        /* Nobody else can have this host's own address. */
        if (ip_address_equal(&segment->source, &segment->destination))
            return;
        segment_arrives(tcp, segment);
        break;
    case PACKET_ICMP_ERROR:
        if ((packet->faults & FAULT_IP_CHECKSUM) == 0)
            tcp_icmp_arrives(tcp, packet);
        break;
    case PACKET_OTHER:
        break;
    }
}

void tcp_packet_arrives(struct tcp *tcp, const uint8_t *octets, size_t count)
{
    struct packet packet;

    packet_decode(octets, count, &packet);
    tcp_decoded_arrives(tcp, &packet);
}

/* ---- the time ------------------------------------------------------------------------------------------------------ */

void tcp_time(struct tcp *tcp, uint64_t now_us)
{
    if (now_us > tcp->now_us)
        tcp->now_us = now_us;
    if (tcp->now_us < tcp->quiet_until_us)
        return;
    for (size_t i = 0; i < tcp->used; i++)
        if (tcp->blocks[i].state != CLOSED)
            tcp_run_timers(tcp, &tcp->blocks[i]);
    tcp->quiet_until_us = tcp_deadline(tcp);
}
