#include "ladder.h"

/* clang-format off */

#define SYNCHRONIZED STATES (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT)

/* Held data, a second segment that overlaps it, then the gap: every octet once, in order. */
#define OVERLAP(slug, text, first_at, first_len, then_at, then_len)                                         \
{                                                                                                           \
    CASE  ("sequence/overlap-" slug, "Overlap " text ": every octet is delivered once, in order"),          \
    REQS  ("RFC9293-3.10.7.4-seq-m", "RFC9293-3.10.7.4-seq-k", "RFC9293-3.10.7.4-seq-l"),                   \
    LADDER(                                                                                                 \
        ENTER    (ESTABLISHED),                                                                             \
        PEER     (ACK, .seq = RCV_NXT + (first_at), .len = (first_len)),                                    \
        IUT      (ACK),                                                                                     \
        PEER     (ACK, .seq = RCV_NXT + (then_at), .len = (then_len)),                                      \
        IUT      (ACK),                                                                                     \
        PEER     (ACK, .seq = RCV_NXT, .len = 100),                                                         \
        PEER     (ACK, .seq = RCV_NXT + 100, .len = 300),                                                   \
        IUT_ACKS (RCV_NXT + 400),                                                                           \
        APP_SEES (DATA, .octets = 400)                                                                      \
    ),                                                                                                      \
},

static const struct ladder_case sequence_cases[] = {

/* ---- the acceptability test, RFC 9293 3.10.7.4 first -------------------------------------------------------------------- */

{
    CASE  ("sequence/below-window", "Data below the window draws an ACK and changes nothing"),
    REQS  ("RFC9293-3.10.7.4-*-seq", "RFC9293-3.10.7.4-seq-g", "RFC9293-3.5.2-e"),
    STATES(SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT),
    LADDER(
        ENTER   (EACH),
        PEER    (ACK, .seq = RCV_NXT - 1000, .len = 10),
        IUT     (ACK),
        ALIVE
    ),
},
{
    CASE  ("sequence/beyond-window", "Data beyond the window draws an ACK and changes nothing"),
    REQS  ("RFC9293-3.10.7.4-*-seq", "RFC9293-3.10.7.4-seq-d", "RFC9293-3.10.7.4-seq-g"),
    SYNCHRONIZED,
    LADDER(
        ENTER   (EACH),
        PEER    (ACK, .seq = RCV_NXT + RCV_WND + 1000, .len = 10),
        IUT     (ACK),
        ALIVE
    ),
},
{
    CASE  ("sequence/data-at-right-edge", "An octet at the right edge of the window is refused with an ACK"),
    REQS  ("RFC9293-3.10.7.4-seq-e", "RFC9293-3.10.7.4-seq-d"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK, .seq = RCV_NXT + RCV_WND, .len = 1),
        IUT     (ACK),
        PEER    (ACK, .len = 10),
        IUT_ACKS(RCV_NXT + 10),
        APP_SEES(DATA, .octets = 10)
    ),
},
{
    CASE  ("sequence/ack-at-right-edge", "An empty segment at the right edge of the window is refused with an ACK"),
    REQS  ("RFC9293-3.10.7.4-seq-e", "RFC9293-3.10.7.4-seq-b"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK, .seq = RCV_NXT + RCV_WND),
        IUT     (ACK),
        ALIVE
    ),
},
{
    CASE  ("sequence/ack-at-last-octet", "An empty segment at the last octet of the window is accepted and draws nothing"),
    REQS  ("RFC9293-3.10.7.4-seq-e", "RFC9293-3.10.7.4-seq-b", "RFC9293-3.5-h"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK, .seq = RCV_NXT + RCV_WND - 1),
        SILENCE (PROVEN),
        ALIVE
    ),
},
{
    CASE  ("sequence/no-ack-flag", "A segment with none of RST, SYN and ACK is dropped without effect"),
    REQS  ("RFC9293-3.10.7.4-*-noack", "RFC9293-3.10.7.4-ack-a"),
    STATES(SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT),
    LADDER(
        ENTER   (EACH),
        PEER    (PSH, .len = 10),
        SILENCE (600),
        ALIVE
    ),
},
{
    CASE  ("sequence/ack-of-unsent", "An ACK of what was never sent draws an ACK, and the segment is dropped"),
    REQS  ("RFC9293-3.10.7.4-*-ackhigh", "RFC9293-3.5.2-e"),
    SYNCHRONIZED,
    LADDER(
        ENTER   (EACH),
        PEER    (ACK, .ack = SND_NXT + 1),
        IUT     (ACK),
        ALIVE
    ),
},
{
    CASE  ("sequence/ack-of-unsent-with-data", "The data of a segment that acknowledges what was never sent is dropped"),
    REQS  ("RFC9293-3.10.7.4-ack-g", "RFC9293-3.10.7.4-ESTABLISHED-ackhigh"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK, .ack = SND_NXT + 1, .len = 10),
        IUT     (ACK),
        PEER    (ACK, .len = 10),
        IUT_ACKS(RCV_NXT + 10)
    ),
},
{
    CASE  ("sequence/old-ack", "An ACK below SND.UNA moves nothing, whether it is ignored or answered"),
    REQS  ("RFC9293-3.10.7.4-*-acklow"),
    STATES(FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING),
    LADDER(
        ENTER   (EACH),
        PEER    (ACK, .ack = SND_UNA - 1),
        ONE_OF  (
            BY ("RFC9293-3.10.7.4-*-acklow", SILENCE (300)),
            BY ("RFC9293-3.10.7.4-ack-b",    IUT (ACK))
        ),
        ALIVE
    ),
},
{
    CASE  ("sequence/old-ack-with-data", "The data of a segment with an old ACK is taken all the same"),
    REQS  ("RFC9293-3.10.7.4-ack-f", "RFC9293-3.4-c"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 200),
        IUT_SENDS(200),
        PEER     (ACK, .ack = SND_UNA - 100, .len = 50),
        IUT_ACKS (RCV_NXT + 50),
        APP_SEES (DATA, .octets = 50)
    ),
},
{
    CASE  ("sequence/ancient-ack", "An ACK far below SND.UNA moves nothing; a stack that checks its range answers with an ACK"),
    REQS  ("RFC9293-3.10.7.4-ack-b", "RFC5961-5.2-c"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK, .ack = SND_UNA - 1000000000, .len = 10),
        ONE_OF  (
            BY ("RFC9293-3.10.7.4-ack-f", IUT_ACKS (RCV_NXT + 10)),
            BY ("RFC9293-3.10.7.4-ack-b", IUT (ACK), PEER (ACK, .len = 10), IUT_ACKS (RCV_NXT + 10))
        ),
        APP_SEES(DATA, .octets = 10)
    ),
},

/* ---- the text of segments ----------------------------------------------------------------------------------------------- */

{
    CASE  ("sequence/in-order", "Data in order is acknowledged and delivered"),
    REQS  ("RFC9293-3.10.7.4-ESTABLISHED-data", "RFC9293-3.10.7.4-dat-a", "RFC9293-3.4-b"),
    LADDER(
        ENTER     (ESTABLISHED),
        PEER_SENDS(5000),
        APP_SEES  (DATA, .octets = 5000)
    ),
},
{
    CASE  ("sequence/hole-then-fill", "Data above a gap draws a duplicate ACK at once; filling the gap acknowledges all"),
    REQS  ("RFC5681-3.2-a", "RFC5681-4.2-d", "RFC5681-3.2-b", "RFC9293-SHLD-31"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK, .seq = RCV_NXT + 100, .len = 100),
        IUT     (ACK, .after = AT_ONCE),
        PEER    (ACK, .len = 100),
        ONE_OF  (
            BY ("RFC9293-SHLD-31",        IUT_ACKS (RCV_NXT + 200)),
            DEVIATES ("RFC9293-SHLD-31",  IUT_ACKS (RCV_NXT + 100), PEER (ACK, .len = 100), IUT_ACKS (RCV_NXT + 100))
        ),
        APP_SEES(DATA, .octets = 200)
    ),
},
OVERLAP ("left",   "over the left edge of held data",      200, 100, 150, 100)
OVERLAP ("right",  "over the right edge of held data",     200, 100, 250, 100)
OVERLAP ("inside", "inside held data",                     200, 100, 225,  50)
OVERLAP ("around", "around held data",                     200, 100, 150, 200)
{
    CASE  ("sequence/duplicate", "Data that was received before is acknowledged and not delivered again"),
    REQS  ("RFC9293-3.10.7.4-seq-l"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        PEER    (ACK, .seq = RCV_NXT - 100, .len = 100),
        IUT     (ACK),
        PEER    (ACK, .len = 20),
        IUT_ACKS(RCV_NXT + 20),
        APP_SEES(DATA, .octets = 120)
    ),
},
{
    CASE  ("sequence/partly-old", "Of a segment that begins with old octets the new ones are delivered"),
    REQS  ("RFC9293-3.10.7.4-seq-i"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        PEER    (ACK, .seq = RCV_NXT - 50, .len = 100),
        IUT_ACKS(RCV_NXT + 50),
        APP_SEES(DATA, .octets = 150)
    ),
},
{
    CASE  ("sequence/text-after-fin", "Text after the peer's FIN is ignored"),
    REQS  ("RFC9293-3.10.7.4-*-data", "RFC9293-3.10.7.4-dat-e"),
    STATES(CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT),
    LADDER(
        ENTER   (EACH),
        PEER    (ACK, .len = 10),
        ONE_OF  (
            BY ("RFC9293-3.10.7.4-dat-e", SILENCE (600)),
            BY ("RFC9293-3.10.7.4-dat-e", IUT (ACK))
        ),
        ALIVE
    ),
},
{
    CASE  ("sequence/wrap", "Sequence numbers wrap between segments and in the middle of one"),
    REQS  ("RFC9293-3.4-a"),
    LADDER(
        ENTER     (ESTABLISHED, .irs = ZERO + 0xffffff00),
        PEER_SENDS(1000, .each = 100),
        APP_SEES  (DATA, .octets = 1000)
    ),
},
{
    CASE  ("sequence/wrap-in-hole", "A gap that spans the wrap of sequence numbers is filled"),
    REQS  ("RFC9293-3.4-a", "RFC9293-3.10.7.4-seq-k"),
    LADDER(
        ENTER   (ESTABLISHED, .irs = ZERO + 0xffffff80),
        PEER    (ACK, .seq = RCV_NXT + 200, .len = 100),
        IUT     (ACK),
        PEER    (ACK, .len = 200),
        ONE_OF  (
            BY ("RFC9293-SHLD-31",        IUT_ACKS (RCV_NXT + 300)),
            DEVIATES ("RFC9293-SHLD-31",  IUT_ACKS (RCV_NXT + 200), PEER (ACK, .len = 100), IUT_ACKS (RCV_NXT + 100))
        ),
        APP_SEES(DATA, .octets = 300)
    ),
},
{
    CASE  ("sequence/wrap-at-syn", "An initial sequence number of 2^32 - 1: the first octet of data has number 0"),
    REQS  ("RFC9293-3.4-a", "RFC9293-3.1-c"),
    LADDER(
        ENTER   (ESTABLISHED, .irs = ZERO + 0xffffffff),
        PEER    (ACK, .len = 10),
        IUT_ACKS(RCV_NXT + 10),
        APP_SEES(DATA, .octets = 10)
    ),
},
{
    CASE  ("sequence/no-ack-of-ack", "A bare ACK is not itself acknowledged"),
    REQS  ("RFC9293-3.5-h"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK),
        PEER    (ACK),
        SILENCE (600),
        ALIVE
    ),
},
{
    CASE  ("sequence/syn-challenged", "A SYN in a synchronized state draws a challenge ACK and nothing else"),
    REQS  ("RFC9293-3.10.7.4-*-syn", "RFC9293-3.10.7.4-syn-c", "RFC9293-3.10.7.4-syn-d", "RFC5961-4.2-b", "RFC5961-4.2-c"),
    STATES(ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK),
    LADDER(
        ENTER   (EACH),
        PEER    (SYN, .seq = RCV_NXT + 10),
        ONE_OF  (
            BY       ("RFC9293-3.10.7.4-*-syn", IUT (ACK), ALIVE),
            DEVIATES ("RFC5961-4.2-a",          IUT (RST|MAY_ACK, .seq = ANY, .ack = ANY), GONE)
        )
    ),
},
};

GROUP (sequence, "Sequence and acknowledgment", sequence_cases);
