/* iss.c: initial sequence numbers (RFC 9293 3.4.1, RFC 6528). */
#include <string.h>

#include <sodium.h>

#include "reference/control_block.h"

_Static_assert(sizeof((struct tcp *)0)->secret == crypto_shorthash_KEYBYTES, "the secret is a SipHash key");

/* RFC 6528 3: the secret is drawn once; here from the seed, so that a run can be had again octet for octet. */
void tcp_iss_begin(struct tcp *tcp)
{
    uint8_t  seed[randombytes_SEEDBYTES] = { 0 };
    uint16_t span                        = (uint16_t)(tcp->config.ephemeral_last - tcp->config.ephemeral_first + 1u);

    memcpy(seed, &tcp->config.seed, sizeof tcp->config.seed);
    randombytes_buf_deterministic(tcp->secret, sizeof tcp->secret, seed);
    /* RFC 9293 3.4.1 asks nothing of ports; RFC 6056 wants the first one unpredictable. */
    uint16_t draw       = (uint16_t)(tcp->secret[0] << 8 | tcp->secret[1]);
    tcp->next_ephemeral = (uint16_t)(tcp->config.ephemeral_first + (span ? draw % span : draw));
}

/* RFC 9293 3.4.1, SHLD-1: ISS = M + F (localip, localport, remoteip, remoteport, secretkey), M a clock of 4 µs. */
uint32_t tcp_iss_select(const struct tcp *tcp, const struct control_block *tcb)
{
    uint8_t input[2 * (sizeof tcb->local_address.octets + sizeof tcb->local_port)], hash[crypto_shorthash_BYTES];
    size_t  at = 0;

    memcpy(input + at, tcb->local_address.octets, sizeof tcb->local_address.octets);
    at += sizeof tcb->local_address.octets;
    memcpy(input + at, &tcb->local_port, sizeof tcb->local_port);
    at += sizeof tcb->local_port;
    memcpy(input + at, tcb->remote_address.octets, sizeof tcb->remote_address.octets);
    at += sizeof tcb->remote_address.octets;
    memcpy(input + at, &tcb->remote_port, sizeof tcb->remote_port);
    crypto_shorthash(hash, input, sizeof input, tcp->secret);
    uint32_t f = (uint32_t)hash[0] | (uint32_t)hash[1] << 8 | (uint32_t)hash[2] << 16 | (uint32_t)hash[3] << 24;

    return (uint32_t)(tcp->now_us / 4) + f;
}
