#include "ladder.h"

/* clang-format off */

/* One segment of 100 octets that we do not acknowledge. */
#define ONE_HELD                                                                                        \
        APP      (SEND, .octets = 100),                                                                 \
        IUT_SENDS(100, .held = YES)

/* Clean samples: they end a backoff, and slow start opens the congestion window to several segments. */
#define SAMPLED                                                                                         \
        APP      (SEND, .octets = 3000),                                                                \
        IUT_SENDS(3000)

#define REPEATED(...)                                                                                   \
        IUT      (ACK, .seq = SND_UNA, .len = 100, __VA_ARGS__)

static const struct ladder_case retransmission_cases[] = {
{
    CASE  ("retransmission/floor", "The retransmission timeout is a second or more, however short the round trip"),
    REQS  ("RFC6298-2.4-a", "RFC6298-5.1-a"),
    LADDER(
        ENTER    (ESTABLISHED),
        ONE_HELD,
        REPEATED (.after = MS(950, NO_LIMIT)),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("retransmission/rto-doubles", "Each timeout doubles the wait before the next"),
    REQS  ("RFC6298-5.5-a", "RFC6298-5.4-a", "RFC6298-5.6-a", "RFC9293-MUST-19"),
    LADDER(
        ENTER    (ESTABLISHED),
        ONE_HELD,
        REPEATED (.after = MEASURED, .mark = A),            /* 1, 2, 4, 8: a clock of half a second may make the */
        REPEATED (.after = MEASURED),                       /* first 1.5, so the later ones are held against it  */
        REPEATED (.after = PERCENT(200, 2000, A)),
        REPEATED (.after = PERCENT(400, 4000, A)),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("retransmission/karn", "An ACK of a repeated segment is no sample: the backed-off timeout stays"),
    REQS  ("RFC6298-3-a", "RFC9293-3.8.2-a", "RFC9293-MUST-18"),
    LADDER(
        ENTER    (ESTABLISHED),
        SAMPLED,
        ONE_HELD,
        REPEATED (.after = MEASURED, .mark = A),
        REPEATED (.after = MEASURED),
        PEER     (ACK),                                     /* ambiguous: which of the three? */
        ONE_HELD,
        REPEATED (.after = PERCENT(220, 2000, A), .rule = "RFC9293-3.8.2-a"),   /* four times the timeout is right */
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("retransmission/sample-ends-backoff", "Once new data was acknowledged without being repeated, the timeout is the estimate's again"),
    REQS  ("RFC6298-5-b", "RFC9293-MUST-18"),
    LADDER(
        ENTER    (ESTABLISHED),
        SAMPLED,
        ONE_HELD,
        REPEATED (.after = MEASURED, .mark = A),
        REPEATED (.after = MEASURED),
        PEER     (ACK),
        SAMPLED,
        ONE_HELD,
        REPEATED (.after = PERCENT(40, 190, A)),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("retransmission/ack-stops-timer", "When all is acknowledged nothing is sent again"),
    REQS  ("RFC6298-5.2-a"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100),
        SILENCE  (2500),
        ALIVE
    ),
},
{
    CASE  ("retransmission/new-ack-restarts", "Each ACK of part of the data restarts the timer for the rest"),
    REQS  ("RFC6298-5.3-a"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 500),
        SAMPLED,
        ONE_HELD,
        REPEATED (.after = MEASURED, .mark = A),            /* how long the timeout is */
        PEER     (ACK),
        SAMPLED, SAMPLED, SAMPLED,                          /* five segments at a time again, at RFC 5681's pace */
        APP      (SEND, .octets = 2500),
        IUT_SENDS(2500, .held = YES, .mark = B),
        WAIT     (150), PEER (ACK, .ack = SND_UNA + 500),   /* four restarts put it off by 600 ms */
        WAIT     (150), PEER (ACK, .ack = SND_UNA + 500),
        WAIT     (150), PEER (ACK, .ack = SND_UNA + 500),
        WAIT     (150), PEER (ACK, .ack = SND_UNA + 500),
        IUT      (ACK, .seq = SND_UNA, .len = SOME, .after = PERCENT(115, 4000, A), .since = B),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("retransmission/earliest-first", "The timer sends the earliest octets again, not the latest"),
    REQS  ("RFC6298-5.4-a", "RFC9293-3.10.8-b"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 400),
        SAMPLED,
        APP      (SEND, .octets = 1200),
        IUT_SENDS(1200, .held = YES),
        IUT      (ACK, .seq = SND_UNA, .len = SOME, .after = MEASURED),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("retransmission/partial-ack", "After an ACK of half a segment the other half is sent again"),
    REQS  ("RFC9293-3.4-d"),
    LADDER(
        ENTER    (ESTABLISHED),
        ONE_HELD,
        PEER     (ACK, .ack = SND_UNA + 50),
        ONE_OF   (
            BY ("RFC9293-3.4-d", IUT (ACK, .seq = SND_UNA,      .len = 50,  .after = MEASURED)),
            BY ("RFC9293-3.4-d", IUT (ACK, .seq = SND_UNA - 50, .len = 100, .after = MEASURED))
        ),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("retransmission/same-octets", "What is sent again are the octets that stood there before, however they are cut"),
    REQS  ("RFC9293-3.4.3-b"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 500),
        APP      (SEND, .octets = 300),
        IUT_SENDS(300, .held = YES),
        APP      (SEND, .octets = 400),
        MAYBE    ("RFC9293-SHLD-7", IUT (ACK, .len = 400)), /* a stack without the Nagle algorithm sends them now */
        IUT      (ACK, .seq = SND_UNA, .len = AT_LEAST(300), .after = MEASURED),
        PEER     (ACK, .ack = SND_UNA + 300),
        IUT_SENDS(400, .seq = SND_UNA),
        ALIVE
    ),
},
{
    CASE  ("retransmission/after-syn-timeout", "A handshake that needed a second SYN,ACK makes the first timeout for data 3 s or more"),
    REQS  ("RFC6298-5.7-a"),
    LADDER(
        ENTER    (SYN_RECEIVED),
        IUT      (SYN|ACK, .seq = ISS, .after = MEASURED),
        PEER     (ACK),
        ONE_HELD,
        REPEATED (.after = MS(2450, NO_LIMIT)),             /* a clock of half a second makes 3 s of it */
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("retransmission/syn", "An unanswered SYN is sent again after a second or more"),
    REQS  ("RFC6298-2.1-a"),
    LADDER(
        APP      (OPEN),
        IUT      (SYN),
        IUT      (SYN, .seq = ISS, .after = MS(950, NO_LIMIT)),
        PEER     (SYN|ACK),
        IUT      (ACK, .seq = ISS + 1, .ack = IRS + 1),
        ALIVE
    ),
},
{
    CASE  ("retransmission/syn-doubles", "An unanswered SYN is repeated at doubled intervals"),
    REQS  ("RFC6298-5.5-c"),
    LADDER(
        APP      (OPEN),
        IUT      (SYN),
        IUT      (SYN, .seq = ISS, .after = MEASURED, .mark = A),
        IUT      (SYN, .seq = ISS, .after = MEASURED),
        IUT      (SYN, .seq = ISS, .after = PERCENT(200, 2000, A)),
        PEER     (SYN|ACK),
        IUT      (ACK, .seq = ISS + 1, .ack = IRS + 1),
        ALIVE
    ),
},
{
    CASE  ("retransmission/does-not-give-up", "Unacknowledged data does not end the connection before 100 s have passed"),
    REQS  ("RFC9293-SHLD-11", "RFC9293-MUST-20"),
    LADDER(
        ENTER    (ESTABLISHED),
        ONE_HELD,
        REPEATED (.after = MEASURED),
        WAIT     (SECONDS(97)),
        PEER     (ACK),                                     /* 98 s after it was sent, or later */
        ALIVE
    ),
},
};

GROUP (retransmission, "Retransmission timing", retransmission_cases);
