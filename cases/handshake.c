#include "ladder.h"

/* clang-format off */

static const struct ladder_case handshake_cases[] = {
{
    CASE  ("handshake/passive", "A SYN draws a SYN,ACK that acknowledges exactly the SYN"),
    REQS  ("RFC9293-3.10.7.2-e", "RFC9293-3.10.7.2-i", "RFC9293-3.10.7.4-ack-c"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("handshake/syn-with-data", "Data on a SYN is held for later or left to be sent again, never lost"),
    REQS  ("RFC9293-3.10.7.2-f"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN, .len = 10),
        ONE_OF  (
            BY ("RFC9293-3.10.7.2-f",     IUT (SYN|ACK, .ack = IRS + 1)),
            BY ("RFC7413-4.2.2-c",        IUT (SYN|ACK, .ack = IRS + 11))
        ),
        PEER    (ACK, .seq = IRS + 1, .len = 10),
        ONE_OF  (
            BY ("RFC9293-3.10.7.2-f",     IUT_ACKS (IRS + 11)),
            BY ("RFC9293-3.10.7.4-seq-l", IUT (ACK, .ack = IRS + 11))
        ),
        APP_SEES(DATA, .octets = 10)
    ),
},
{
    CASE  ("handshake/ack-with-data", "The ACK that ends the handshake may carry data, and the data is taken"),
    REQS  ("RFC9293-3.5-c", "RFC9293-3.10.7.4-SYN-RECEIVED-data"),
    LADDER(
        ENTER   (SYN_RECEIVED),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        APP_SEES(DATA, .octets = 100)
    ),
},
{
    CASE  ("handshake/ack-with-fin", "A FIN on the ACK that ends the handshake leads to CLOSE-WAIT"),
    REQS  ("RFC9293-3.10.7.4-SYN-RECEIVED-fin", "RFC9293-3.10.7.4-fin-c"),
    LADDER(
        ENTER   (SYN_RECEIVED),
        PEER    (FIN|ACK, .len = 20),
        IUT_ACKS(RCV_NXT + 21),
        APP_SEES(DATA, .octets = 20),
        APP_SEES(END),
        ALIVE
    ),
},
{
    CASE  ("handshake/syn-repeated", "A repeated SYN is answered, and the first handshake still succeeds"),
    REQS  ("RFC9293-3.10.7.4-syn-b"),
    LADDER(
        ENTER   (SYN_RECEIVED),
        PEER    (SYN),
        ONE_OF  (
            BY ("RFC9293-3.10.7.4-syn-b",            IUT (SYN|ACK, .seq = ISS, .ack = IRS + 1)),
            BY ("RFC9293-3.10.7.4-SYN-RECEIVED-seq", IUT (ACK,     .seq = ISS + 1, .ack = IRS + 1))
        ),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("handshake/syn-ack-again", "An unanswered SYN,ACK is sent again after a second or more, then at doubled intervals"),
    REQS  ("RFC6298-5.5-b", "RFC6298-2.1-a", "RFC9293-3.10.8-d"),
    LADDER(
        ENTER   (SYN_RECEIVED),
        IUT     (SYN|ACK, .seq = ISS, .after = MS(950, NO_LIMIT), .mark = A, .rule = "RFC6298-2.1-a"),
        ONE_OF  (                                           /* the first may be 1.5 s by a clock of half a second */
            BY ("RFC6298-5.5-b", IUT (SYN|ACK, .seq = ISS, .after = PERCENT(180, 2000, A))),
            BY ("RFC6298-5.5-b", IUT (SYN|ACK, .seq = ISS, .after = MEASURED),
                                 IUT (SYN|ACK, .seq = ISS, .after = PERCENT(200, 2000, A)))
        ),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("handshake/reset-in-syn-received", "A RST takes SYN-RECEIVED back to LISTEN, and the next SYN succeeds"),
    REQS  ("RFC9293-3.10.7.4-SYN-RECEIVED-rst-exact", "RFC9293-3.10.7.4-rst-e", "RFC9293-3.5-d", "RFC9293-3.5.3-d"),
    LADDER(
        ENTER   (SYN_RECEIVED),
        PEER    (RST),
        SILENCE (200),
        GONE,
        ON      (FRESH),
        ENTER   (ESTABLISHED),
        ALIVE
    ),
},
{
    CASE  ("handshake/reset-outside-window", "A RST outside the window does not end SYN-RECEIVED"),
    REQS  ("RFC9293-3.10.7.4-SYN-RECEIVED-rst-oow"),
    LADDER(
        ENTER   (SYN_RECEIVED),
        PEER    (RST, .seq = RCV_NXT - 2),
        SILENCE (PROVEN),
        ALIVE
    ),
},
{
    CASE  ("handshake/ack-of-unsent", "In SYN-RECEIVED an ACK of what was never sent draws a RST, or an ACK, and changes nothing"),
    REQS  ("RFC9293-3.10.7.4-SYN-RECEIVED-ackhigh", "RFC9293-3.10.7.4-ack-d", "RFC9293-3.5.2-d"),
    LADDER(
        ENTER   (SYN_RECEIVED),
        PEER    (ACK, .ack = SND_NXT + 1000),
        ONE_OF  (
            BY ("RFC9293-3.10.7.4-ack-d", IUT (RST, .seq = SEG_ACK)),
            BY ("RFC9293-3.10.7.4-ack-b", IUT (ACK))
        ),
        ALIVE
    ),
},
{
    CASE  ("handshake/syn-ack-at-listen", "A SYN,ACK at a listener draws a RST, and the listener goes on"),
    REQS  ("RFC9293-3.10.7.2-c", "RFC9293-3.5.1-c"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN|ACK, .ack = ZERO + 777000),
        IUT     (RST, .seq = SEG_ACK),
        ALIVE
    ),
},
{
    CASE  ("handshake/ack-at-listen", "An ACK at a listener draws a RST from its ACK, whatever else it carries"),
    REQS  ("RFC9293-3.10.7.2-b", "RFC9293-3.10.7.2-j"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (ACK, .ack = ZERO + 1000),
        IUT     (RST, .seq = SEG_ACK),
        PEER    (FIN|ACK, .ack = ZERO + 5000, .len = 10),
        IUT     (RST, .seq = SEG_ACK),
        ALIVE
    ),
},
{
    CASE  ("handshake/odd-flags-at-listen", "A segment without SYN, ACK or RST opens nothing, and the listener goes on"),
    REQS  ("RFC9293-3.10.7.2-g", "RFC9293-3.10.7-x", "RFC9293-3.10.7.4-fin-a"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (0),
        PEER    (FIN),
        PEER    (FIN|URG|PSH),
        PEER    (PSH, .len = 10),
        SILENCE (300),
        ALIVE
    ),
},
{
    CASE  ("handshake/reset-at-listen", "A RST at a listener draws nothing, and the listener goes on"),
    REQS  ("RFC9293-3.10.7.2-a", "RFC9293-3.10.7.2-d", "RFC9293-3.5.3-c"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (RST),
        PEER    (RST|ACK, .ack = ZERO + 1000),
        SILENCE (300),
        ALIVE
    ),
},
{
    CASE  ("handshake/half-open-beside", "Half-open connections do not hinder another on the same port"),
    REQS  ("RFC9293-MUST-42"),
    LADDER(
        ROUNDS  (4, ON (FRESH), ENTER (ESTABLISHED)),       /* it has room for four */
        ON      (1), PEER (RST),
        ON      (2), PEER (RST),
        ON      (3), PEER (RST),
        ON      (4), PEER (RST),
        ROUNDS  (3, ON (FRESH), ENTER (SYN_RECEIVED)),
        ON      (FRESH),
        PEER    (SYN),
        IUT     (SYN|ACK),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("handshake/half-open-discovery", "A SYN for a connection that the peer has lost: the ACK that it draws lets the peer reset it"),
    REQS  ("RFC9293-3.5.1-a", "RFC5961-4.2-d"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (SYN, .seq = RCV_NXT - 100000),
        IUT     (ACK),
        PEER    (RST),
        GONE
    ),
},

/* ---- the target opens ---------------------------------------------------------------------------------------------- */

{
    CASE  ("handshake/active", "OPEN sends a SYN, and the SYN,ACK is acknowledged"),
    REQS  ("RFC9293-3.10.1-a", "RFC9293-3.10.7.3-g", "RFC9293-3.5-a"),
    LADDER(
        APP     (OPEN),
        IUT     (SYN),
        PEER    (SYN|ACK),
        IUT     (ACK, .seq = ISS + 1, .ack = IRS + 1),
        ALIVE
    ),
},
{
    CASE  ("handshake/simultaneous-open", "SYN crosses SYN: one connection comes of it"),
    REQS  ("RFC9293-MUST-10", "RFC9293-3.5-f", "RFC9293-3.10.7.3-h"),
    LADDER(
        APP     (OPEN),
        IUT     (SYN),
        PEER    (SYN),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        PEER    (SYN|ACK, .seq = IRS, .ack = ISS + 1),
        MAYBE   ("RFC9293-3.10.7.4-SYN-RECEIVED-seq", IUT (ACK)),
        ALIVE
    ),
},
{
    CASE  ("handshake/foreign-syn-ack", "In SYN-SENT a SYN,ACK for another SYN draws a RST, and the right one still succeeds"),
    REQS  ("RFC9293-3.10.7.3-a", "RFC9293-3.5-e"),
    LADDER(
        APP     (OPEN),
        IUT     (SYN),
        PEER    (SYN|ACK, .ack = ISS + 1000),
        IUT     (RST, .seq = SEG_ACK),
        PEER    (SYN|ACK),
        IUT     (ACK, .seq = ISS + 1, .ack = IRS + 1),
        ALIVE
    ),
},
{
    CASE  ("handshake/fin-in-syn-sent", "In SYN-SENT a FIN without SYN is dropped"),
    REQS  ("RFC9293-3.10.7.4-fin-a", "RFC9293-3.10.7.3-k"),
    LADDER(
        APP     (OPEN),
        IUT     (SYN),
        PEER    (FIN),
        SILENCE (200),
        PEER    (SYN|ACK),
        IUT     (ACK, .seq = ISS + 1, .ack = IRS + 1),
        ALIVE
    ),
},

/* ---- MSS ----------------------------------------------------------------------------------------------------------- */

{
    CASE  ("handshake/mss-sent", "The SYN,ACK carries an MSS, unless what the target can receive is the default"),
    REQS  ("RFC9293-SHLD-5", "RFC9293-MUST-14"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN),
        IUT     (SYN|ACK, .mss = SOME),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("handshake/mss-obeyed", "No segment is longer than the MSS that we offered"),
    REQS  ("RFC9293-MUST-14", "RFC9293-MUST-16"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 700),
        APP      (SEND, .octets = 5000),
        IUT_SENDS(5000, .each = AT_MOST(700)),
        ALIVE
    ),
},
{
    CASE  ("handshake/no-mss", "Without an MSS option no segment is longer than the default"),
    REQS  ("RFC9293-MUST-15", "RFC6691-App-a"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = ABSENT),
        APP      (SEND, .octets = 5000),
        IUT_SENDS(5000, .each = AT_MOST(DEFAULT_MSS)),
        ALIVE
    ),
},
{
    CASE  ("handshake/mss-unaligned", "An MSS option that stands off the word boundary is obeyed"),
    REQS  ("RFC9293-MUST-64", "RFC9293-MUST-4"),
    LADDER(
        ENTER    (LISTEN),
        PEER     (SYN, .options = OCTETS(1, 2, 4, 2, 88, 0, 0, 0)),            /* NOP, MSS 600, end of list */
        IUT      (SYN|ACK),
        PEER     (ACK),
        APP      (SEND, .octets = 5000),
        IUT_SENDS(5000, .each = AT_MOST(600)),
        ALIVE
    ),
},
{
    CASE  ("handshake/mss-behind-unknown", "An option of unknown kind is skipped, and the MSS behind it is obeyed"),
    REQS  ("RFC9293-MUST-6", "RFC9293-MUST-14"),
    LADDER(
        ENTER    (LISTEN),
        PEER     (SYN, .options = OCTETS(254, 6, 1, 2, 3, 4, 2, 4, 2, 88)),
        IUT      (SYN|ACK),
        PEER     (ACK),
        APP      (SEND, .octets = 5000),
        IUT_SENDS(5000, .each = AT_MOST(600)),
        ALIVE
    ),
},
};

GROUP (handshake, "Three-way handshake", handshake_cases);
