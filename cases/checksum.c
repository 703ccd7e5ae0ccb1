#include "ladder.h"

/* clang-format off */

/* A data segment that must not count, and then its sound copy. */
#define DAMAGED(slug, text, families, damage, length, ...)                                              \
{                                                                                                       \
    CASE  ("checksum/" slug, text),                                                                     \
    REQS  (__VA_ARGS__),                                                                                \
    .family = families,                                                                                 \
    LADDER(                                                                                             \
        ENTER   (ESTABLISHED),                                                                          \
        PEER    (ACK, .len = (length), .corrupt = damage),                                              \
        SILENCE (600),                                                                                  \
        PEER    (ACK, .len = (length)),                                                                 \
        IUT_ACKS(RCV_NXT + (length), .rule = "RFC9293-3.10.7.4-ESTABLISHED-data"),                      \
        APP_SEES(DATA, .octets = (length))                                                              \
    ),                                                                                                  \
},

static const struct ladder_case checksum_cases[] = {

/* ---- each way of being wrong --------------------------------------------------------------------------------------- */

DAMAGED ("data", "A data segment with a wrong checksum has no effect; the sound copy is acknowledged",
         BOTH_FAMILIES, BAD_CHECKSUM, 100, "RFC9293-MUST-3")
DAMAGED ("data-odd", "The same with an odd number of octets, the last of which is summed with a zero",
         BOTH_FAMILIES, BAD_CHECKSUM, 101, "RFC9293-MUST-3", "RFC9293-3.1-f")
DAMAGED ("zero", "A checksum field of zero is wrong where zero is not the sum: TCP's checksum is not optional",
         BOTH_FAMILIES, ZERO_CHECKSUM, 100, "RFC9293-MUST-3")
DAMAGED ("pseudo-address-v4", "A sum made with another IPv4 source address is wrong",
         IPV4_ONLY, PSEUDO_ADDRESS_WRONG, 101, "RFC9293-3.1-g", "RFC9293-MUST-3")
DAMAGED ("pseudo-address-v6", "A sum made with another IPv6 source address is wrong",
         IPV6_ONLY, PSEUDO_ADDRESS_WRONG, 101, "RFC9293-3.1-i", "RFC9293-MUST-3", "RFC8200-8.1-a")
DAMAGED ("pseudo-length-v4", "A sum made with another TCP length is wrong over IPv4",
         IPV4_ONLY, PSEUDO_LENGTH_WRONG, 100, "RFC9293-3.1-h", "RFC9293-MUST-3")
DAMAGED ("pseudo-length-v6", "A sum made with another TCP length is wrong over IPv6",
         IPV6_ONLY, PSEUDO_LENGTH_WRONG, 100, "RFC9293-3.1-i", "RFC9293-MUST-3", "RFC8200-8.1-a")
DAMAGED ("ip-header", "A datagram with a wrong IPv4 header checksum has no effect",
         IPV4_ONLY, BAD_IP_CHECKSUM, 100, "RFC1122-3.2.1.2-a")

/* ---- in each kind of segment ---------------------------------------------------------------------------------------- */

{
    CASE  ("checksum/syn", "A SYN with a wrong checksum draws nothing; the sound copy is answered"),
    REQS  ("RFC9293-MUST-3"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN, .corrupt = BAD_CHECKSUM),
        SILENCE (600),
        PEER    (SYN),
        IUT     (SYN|ACK, .rule = "RFC9293-3.10.7.2-e"),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("checksum/syn-options", "Options take part: a SYN whose sum leaves them out is wrong"),
    REQS  ("RFC9293-MUST-3", "RFC9293-3.1-j"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN, .options = OCTETS(254, 8, 1, 2, 3, 4, 5, 6), .corrupt = PSEUDO_LENGTH_WRONG),
        SILENCE (600),
        PEER    (SYN, .options = OCTETS(254, 8, 1, 2, 3, 4, 5, 6)),
        IUT     (SYN|ACK),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("checksum/handshake-ack", "An ACK with a wrong checksum does not end the handshake"),
    REQS  ("RFC9293-MUST-3"),
    LADDER(
        ENTER   (SYN_RECEIVED),
        PEER    (ACK, .corrupt = BAD_CHECKSUM),
        IUT     (SYN|ACK, .seq = ISS, .after = MEASURED),   /* still waiting: it is sent again */
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("checksum/syn-ack", "A SYN,ACK with a wrong checksum does not open; the sound copy does"),
    REQS  ("RFC9293-MUST-3"),
    LADDER(
        APP     (OPEN),
        IUT     (SYN),
        PEER    (SYN|ACK, .corrupt = BAD_CHECKSUM),
        SILENCE (300),
        PEER    (SYN|ACK),
        IUT     (ACK, .seq = ISS + 1, .ack = IRS + 1),
        ALIVE
    ),
},
{
    CASE  ("checksum/ack-of-data", "An ACK with a wrong checksum acknowledges nothing: the data is sent again"),
    REQS  ("RFC9293-MUST-3"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        PEER     (ACK, .corrupt = BAD_CHECKSUM),
        IUT      (ACK, .seq = SND_UNA, .len = 100, .after = MEASURED),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("checksum/fin", "A FIN with a wrong checksum closes nothing"),
    REQS  ("RFC9293-MUST-3"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (FIN|ACK, .corrupt = BAD_CHECKSUM),
        SILENCE (600),
        PEER    (ACK, .len = 10),
        IUT_ACKS(RCV_NXT + 10),                             /* not 11 */
        PEER    (FIN|ACK),
        IUT_ACKS(RCV_NXT + 1, .rule = "RFC9293-3.10.7.4-fin-b"),
        APP_SEES(END)
    ),
},
{
    CASE  ("checksum/rst", "A RST with a wrong checksum resets nothing; the sound copy does"),
    REQS  ("RFC9293-MUST-3"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (RST, .corrupt = BAD_CHECKSUM),
        SILENCE (PROVEN),
        ALIVE,
        PEER    (RST),
        GONE
    ),
},
{
    CASE  ("checksum/closed-port", "A SYN with a wrong checksum draws no RST from a closed port; the sound copy does"),
    REQS  ("RFC9293-MUST-3"),
    LADDER(
        ENTER   (CLOSED),
        PEER    (SYN, .corrupt = BAD_CHECKSUM),
        SILENCE (600),
        PEER    (SYN),
        IUT     (RST|ACK, .seq = ZERO, .ack = SEG_END, .rule = "RFC9293-3.10.7.1-b")
    ),
},
{
    CASE  ("checksum/out-of-order", "Data above a gap with a wrong checksum is not held"),
    REQS  ("RFC9293-MUST-3"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK, .seq = RCV_NXT + 100, .len = 100, .corrupt = BAD_CHECKSUM),
        SILENCE (600),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        APP_SEES(DATA, .octets = 200)
    ),
},
{
    CASE  ("checksum/sent", "Segments of every small length, odd and even, leave with a correct checksum"),
    REQS  ("RFC9293-MUST-2", "RFC9293-3.1-f"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 1), IUT_SENDS(1),
        APP      (SEND, .octets = 2), IUT_SENDS(2),
        APP      (SEND, .octets = 3), IUT_SENDS(3),
        APP      (SEND, .octets = 501), IUT_SENDS(501),
        APP      (SEND, .octets = 1000), IUT_SENDS(1000),
        ALIVE
    ),
},
};

GROUP (checksum, "Checksums", checksum_cases);
