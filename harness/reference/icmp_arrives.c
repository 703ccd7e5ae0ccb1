/* icmp_arrives.c: ICMP messages about segments of ours (RFC 9293 3.9.2.2), believed as far as RFC 5927 advises, and path MTU
 * discovery (RFC 1191, RFC 8201) as far as RFC 9293 3.7.2 wants it. */
#include "reference/control_block.h"

enum severity { NOT_FOR_TCP, SOFT, HARD, TOO_BIG };

enum {
    ICMP_UNREACHABLE          = 3,
    ICMP_FRAGMENTATION_NEEDED = 4,
    ICMP_TIME_EXCEEDED        = 11,
    ICMP_PARAMETER_PROBLEM    = 12,
    ICMPV6_UNREACHABLE        = 1,
    ICMPV6_TOO_BIG            = 2,
    ICMPV6_TIME_EXCEEDED      = 3,
    ICMPV6_PARAMETER_PROBLEM  = 4,
    IPV4_LEAST_MTU            = 576,
    IPV6_LEAST_MTU            = 1280
};

/* RFC 9293 3.9.2.2, "Soft Errors" and "Hard Errors"; Source Quench (type 4) is in neither (MUST-55). */
static enum severity severity_ipv4(uint8_t type, uint8_t code)
{
    if (type == ICMP_UNREACHABLE && code == ICMP_FRAGMENTATION_NEEDED)
        return TOO_BIG;
    if (type == ICMP_UNREACHABLE)
        return code == 2 || code == 3 ? HARD : SOFT;
    return type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM ? SOFT : NOT_FOR_TCP;
}

/* RFC 9293 names the soft ones; codes 1 and 4 are RFC 5461's counterparts of the hard ones. */
static enum severity severity_ipv6(uint8_t type, uint8_t code)
{
    if (type == ICMPV6_TOO_BIG)
        return TOO_BIG;
    if (type == ICMPV6_UNREACHABLE)
        return code == 1 || code == 4 ? HARD : SOFT;
    return type == ICMPV6_TIME_EXCEEDED || type == ICMPV6_PARAMETER_PROBLEM ? SOFT : NOT_FOR_TCP;
}

/* RFC 5927 4.1: only what quotes octets in flight can have been caused by this connection. */
static bool quotes_octets_in_flight(const struct control_block *tcb, uint32_t seq)
{
    return seq_before_eq(tcb->snd_una, seq) && seq_before(seq, tcb->snd_nxt);
}

/* RFC 1191 3 and 6.4: smaller segments from now on, and what was too big again at once, with no bearing on cwnd. RFC 5927 7.2:
 * not below what every path carries, and never larger. */
static void lower_path_mtu(struct tcp *tcp, struct control_block *tcb, uint32_t mtu)
{
    uint32_t least = tcb->remote_address.family == 6 ? IPV6_LEAST_MTU : IPV4_LEAST_MTU;

    if (mtu < least)
        mtu = least;
    if (mtu >= tcb->path_mtu)
        return;
    tcb->path_mtu = mtu;
    tcp_work_out_smss(tcp, tcb);
    tcb->timing     = false;
    tcb->resend_nxt = tcb->snd_una == tcb->iss ? tcb->iss + 1 : tcb->snd_una; /* a SYN was not too big */
    tcp_settle(tcp, tcb);
}

/* A hard error ends an attempt to connect. In a synchronized state it is taken for a soft one (RFC 9293 3.9.2.2, last lines;
 * RFC 5927 5.2). */
static void hard_error(struct tcp *tcp, struct control_block *tcb)
{
    if (tcb->state == SYN_RECEIVED && tcb->passive) {
        tcp_return_to_listen(tcp, tcb);
        return;
    }
    tcp_signal_user(tcp, tcb, TCP_SIGNAL_REFUSED);
    tcp_block_delete(tcp, tcb);
}

void tcp_icmp_arrives(struct tcp *tcp, const struct packet *packet)
{
    const struct segment *quoted   = &packet->segment; /* ours: its source is the local socket */
    enum severity         severity = quoted->source.family == 6 ? severity_ipv6(packet->icmp_type, packet->icmp_code)
                                                                : severity_ipv4(packet->icmp_type, packet->icmp_code);
    struct control_block *tcb =
        tcp_block_of_pair(tcp, &quoted->source, quoted->source_port, &quoted->destination, quoted->destination_port);

    if (tcb == NULL || severity == NOT_FOR_TCP || !quotes_octets_in_flight(tcb, quoted->seq))
        return;
    if (severity == TOO_BIG) {
        if (tcb->state >= ESTABLISHED)
            lower_path_mtu(tcp, tcb, packet->icmp_mtu);
        return;
    }
    if (severity == HARD && (tcb->state == SYN_SENT || tcb->state == SYN_RECEIVED)) {
        hard_error(tcp, tcb);
        return;
    }
    tcb->soft_error = (unsigned)packet->icmp_type << 8 | packet->icmp_code;
    tcp_signal_user(tcp, tcb, TCP_SIGNAL_SOFT_ERROR); /* SHLD-25 */
}
