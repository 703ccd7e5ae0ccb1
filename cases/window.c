#include "ladder.h"

/* clang-format off */

/* A probe of a closed window: at least one new octet, or none just below SND.UNA. We answer, and the window stays closed. */
#define PROBE(law, interval)                                                                            \
        ONE_OF   (                                                                                      \
            BY ("RFC9293-3.8.6.1-a", IUT (ACK, .seq = SND_UNA,     .len = SOME, .after = interval, .rule = law)), \
            BY ("RFC9293-3.8.6.1-a", IUT (ACK, .seq = SND_UNA - 1, .after = interval, .rule = law))     \
        ),                                                                                              \
        PEER     (ACK, .ack = SND_UNA)

/* A user call may overtake a segment of ours on its way: what must come first is given a moment, or acknowledged. */
#define A_MOMENT WAIT (30)

/* Closed by an ACK of something new, so that no stack can take it for an old one: what a bare ACK with the numbers of the last
 * one does is a question of its own. */
#define CLOSED_BY_US                                                                                    \
        APP      (SEND, .octets = 100),                                                                 \
        IUT_SENDS(100, .held = YES),                                                                    \
        PEER     (ACK, .wnd = ZERO),                                                                    \
        A_MOMENT

/* By user calls alone: an echo's octets would carry a window of their own, and leave in the pieces in which ours arrived. */
#define BY_CALLS APP (RECEIVE)

/* A smaller window on an octet of its own, so that SEG.SEQ is above SND.WL1 and no stack can take it for an old one. */
#define SHRINKS_TO(...)                                                                                 \
        ALIVE,                                                                                          \
        PEER     (ACK, .len = 1, .wnd = __VA_ARGS__),                                                   \
        IUT_ACKS (RCV_NXT + 1)

/* The target's application stops reading, and we send what fits until no octet more does. What a target with endless room
 * would do then is not judged. */
#define FILL_THE_WINDOW(...)                                                                            \
        ENTER    (ESTABLISHED, __VA_ARGS__),                                                            \
        APP      (PAUSE_READING),                                                                       \
        ROUNDS   (12, PEER_SENDS(RCV_WND)),                                                             \
        JUDGE    (window_is_closed)

/* The application reads again: the target says so by itself, or when it is probed. */
#define REOPENED                                                                                        \
        APP      (RECEIVE),                                                                             \
        REOPENS
#define REOPENS                                                                                         \
        ONE_OF   (                                                                                      \
            BY ("RFC9293-3.8.6.1-c", IUT (ACK, .wnd = SOME)),                                           \
            BY ("RFC9293-3.8.6.1-c", SILENCE (100), PEER (ACK, .seq = RCV_NXT + RCV_WND, .len = 1), IUT_ACKS (RCV_NXT + 1)) \
        )

/* The window of the last segment that the target sent tells whether it has room left. */
static struct opinion window_is_closed(const struct transcript *transcript)
{
    for (size_t i = transcript->count; i-- > 0;) {
        const struct sighting *seen = &transcript->at[i];

        if (seen->from_target && (seen->flags & ACK) != 0)
            return seen->wnd == 0 ? (struct opinion){ OPINION_PASS, NULL }
                                  : (struct opinion){ OPINION_INCONCLUSIVE,
                                                      "the target has more room than was sent: its window did not close" };
    }
    return (struct opinion){ OPINION_INCONCLUSIVE, "no window was seen" };
}

/* RFC 9293 3.8.6.2.2: a closed window opens by min(RCV.BUFF/2, Eff.snd.MSS) at least. With our MSS of 200 that is 200, unless
 * the target's whole buffer, which is no smaller than its first window, is below 400. */
static struct opinion opens_by_a_segment(const struct transcript *transcript)
{
    uint32_t last = 0, step = 200;
    int      known = 0;

    for (size_t i = 0; i < transcript->count; i++) {
        const struct sighting *seen = &transcript->at[i];

        if (!seen->from_target || (seen->flags & (SYN | RST | ACK)) != ACK)
            continue;
        if (!known && seen->wnd / 2 < step)
            step = seen->wnd / 2;
        if (known && last == 0 && seen->wnd > 0 && seen->wnd < step)
            return (struct opinion){ OPINION_FAIL, "a closed window opened by less than a segment" };
        last  = seen->wnd;
        known = 1;
    }
    return known ? (struct opinion){ OPINION_PASS, NULL } : (struct opinion){ OPINION_INCONCLUSIVE, "no window was seen" };
}

static const struct ladder_case window_cases[] = {

/* ---- closed by us ---------------------------------------------------------------------------------------------------- */

{
    CASE  ("window/zero-probed", "A zero window is probed, and what was queued is sent once a probe's answer opens it"),
    REQS  ("RFC9293-MUST-36", "RFC9293-3.8.6.1-c", "RFC9293-3.8.6.1-a"),
    LADDER(
        ENTER    (ESTABLISHED),
        CLOSED_BY_US,
        APP      (SEND, .octets = 500),
        SILENCE  (50),                                      /* closed indeed */
        PROBE    ("RFC9293-MUST-36", MEASURED),
        PEER     (ACK, .ack = SND_UNA, .wnd = 5000),
        IUT_SENDS(500, .seq = SND_UNA),
        ALIVE
    ),
},
{
    CASE  ("window/probes-back-off", "The interval between probes of a zero window doubles, and answers keep the connection open"),
    REQS  ("RFC9293-SHLD-30", "RFC9293-MUST-36", "RFC9293-MUST-37", "RFC6429-1-a"),
    LADDER(
        ENTER    (ESTABLISHED),
        CLOSED_BY_US,
        APP      (SEND, .octets = 500),
        SILENCE  (50),                                      /* closed indeed */
        PROBE    ("RFC9293-MUST-36", MEASURED),
        PROBE    ("RFC9293-MUST-36", MEASURED),
        PROBE    ("RFC9293-SHLD-30", DOUBLED),
        PROBE    ("RFC9293-SHLD-30", DOUBLED),
        PEER     (ACK, .ack = SND_UNA, .wnd = 5000),
        IUT_SENDS(500, .seq = SND_UNA),
        ALIVE
    ),
},
{
    CASE  ("window/opened-by-ack", "A bare ACK that opens the window is enough: what was queued is sent"),
    REQS  ("RFC9293-3.10.7.4-ack-i", "RFC9293-3.8.6.1-c"),
    LADDER(
        ENTER    (ESTABLISHED),
        BY_CALLS,
        SHRINKS_TO (ZERO),
        APP      (SEND, .octets = 500),
        SILENCE  (50),                                      /* closed indeed; a probe comes later */
        PEER     (ACK, .ack = SND_UNA, .wnd = 5000),
        IUT_SENDS(500, .seq = SND_UNA, .after = MS(0, 100)),
        ALIVE
    ),
},
{
    CASE  ("window/respected", "No octet lies beyond a window of one segment, and each ACK lets the next one out"),
    REQS  ("RFC9293-3.8.6-c", "RFC5681-2-a"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 500, .wnd = 500),
        BY_CALLS,
        APP      (SEND, .octets = 3000),
        ROUNDS   (6,
            IUT      (ACK, .len = 500),
            SILENCE  (50),
            PEER     (ACK)
        ),
        ALIVE
    ),
},
{
    CASE  ("window/unsigned", "Window fields with the highest bit set are large windows, not negative ones"),
    REQS  ("RFC9293-MUST-1"),
    LADDER(
        ENTER    (ESTABLISHED, .wnd = ZERO + 0x8000),
        APP      (SEND, .octets = 1000),
        IUT_SENDS(1000, .seq = SND_UNA),
        PEER     (ACK, .wnd = ZERO + 0xc000),
        APP      (SEND, .octets = 1000),
        IUT_SENDS(1000, .seq = SND_UNA),
        PEER     (ACK, .wnd = ZERO + 0xffff),
        APP      (SEND, .octets = 1000),
        IUT_SENDS(1000, .seq = SND_UNA),
        ALIVE
    ),
},
{
    CASE  ("window/shrunk", "With the window shrunk below what is outstanding no new data is sent, and all goes on afterwards"),
    REQS  ("RFC9293-SHLD-15", "RFC9293-MUST-34"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 500),
        BY_CALLS,
        APP      (SEND, .octets = 5000),
        IUT_SENDS(5000),                                    /* opens the congestion window */
        ALIVE,
        APP      (SEND, .octets = 500),
        IUT_SENDS(500, .held = YES),
        PEER     (ACK, .ack = SND_UNA, .len = 1, .wnd = 200),
        ONE_OF   (
            BY ("RFC9293-MUST-34", IUT_ACKS (RCV_NXT + 1)),
            BY ("RFC9293-MUST-34", IUT (ACK, .seq = AT_MOST(SND_NXT), .ack = RCV_NXT + 1))   /* some keep SEQ inside our window */
        ),
        APP      (SEND, .octets = 1000),
        SILENCE  (150),
        PEER     (ACK, .wnd = 5000),
        IUT_SENDS(1000, .seq = SND_UNA),
        ALIVE
    ),
},
{
    CASE  ("window/shrunk-by-bare-ack", "A bare ACK with the numbers of the last one shrinks the window as well"),
    REQS  ("RFC9293-3.10.7.4-ack-i"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 500),
        BY_CALLS,
        APP      (SEND, .octets = 5000),
        IUT_SENDS(5000),
        APP      (SEND, .octets = 500),
        IUT_SENDS(500, .held = YES),
        PEER     (ACK, .ack = SND_UNA, .wnd = 200),
        A_MOMENT,
        APP      (SEND, .octets = 1000),
        SILENCE  (100),
        PEER     (ACK, .wnd = 5000),
        IUT_SENDS(1000, .seq = SND_UNA),
        ALIVE
    ),
},
{
    CASE  ("window/closed-by-bare-ack", "A bare ACK with the numbers of the last one closes the window as well"),
    REQS  ("RFC9293-3.10.7.4-ack-i"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (ACK, .wnd = ZERO),
        A_MOMENT,
        APP      (SEND, .octets = 500),
        SILENCE  (50),                                      /* a probe comes later */
        PEER     (ACK, .ack = SND_UNA, .wnd = 5000),
        IUT_SENDS(500, .seq = SND_UNA),
        ALIVE
    ),
},
{
    CASE  ("window/shrunk-to-zero", "A window that shrinks to zero below outstanding data is probed"),
    REQS  ("RFC9293-MUST-35", "RFC9293-MUST-34"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 500),
        IUT_SENDS(500, .held = YES),
        PEER     (ACK, .ack = SND_UNA, .wnd = ZERO),
        ONE_OF   (
            BY ("RFC9293-MUST-35", IUT (ACK, .seq = SND_UNA,     .len = SOME, .after = MEASURED)),
            BY ("RFC9293-MUST-35", IUT (ACK, .seq = SND_UNA - 1, .after = MEASURED))
        ),
        PEER     (ACK, .ack = SND_UNA, .wnd = 5000),
        IUT      (ACK, .seq = SND_UNA, .len = SOME, .after = MEASURED),
        PEER     (ACK, .ack = SND_NXT),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100),
        ALIVE
    ),
},
{
    CASE  ("window/old-ack-does-not-open", "The window of an ACK below SND.UNA does not open a closed one"),
    REQS  ("RFC9293-3.10.7.4-ack-h", "RFC9293-3.8.6-b"),
    LADDER(
        ENTER    (ESTABLISHED),
        BY_CALLS,
        APP      (SEND, .octets = 200),
        IUT_SENDS(200, .held = YES),
        PEER     (ACK, .wnd = ZERO),
        A_MOMENT,
        PEER     (ACK, .ack = SND_UNA - 100, .wnd = 5000),
        A_MOMENT,
        APP      (SEND, .octets = 500),
        SILENCE  (100),                                     /* an open window would let them out at once */
        PROBE    ("RFC9293-3.10.7.4-ack-h", MEASURED),
        PEER     (ACK, .ack = SND_UNA, .wnd = 5000),
        IUT_SENDS(500, .seq = SND_UNA),
        ALIVE
    ),
},
{
    CASE  ("window/old-ack-does-not-close", "The window of an ACK below SND.UNA does not close an open one"),
    REQS  ("RFC9293-3.10.7.4-ack-h", "RFC9293-3.8.6-b"),
    LADDER(
        ENTER    (ESTABLISHED),
        BY_CALLS,
        APP      (SEND, .octets = 200),
        IUT_SENDS(200),
        PEER     (ACK, .ack = SND_UNA - 100, .wnd = ZERO),
        A_MOMENT,
        APP      (SEND, .octets = 500),
        IUT      (ACK, .len = 500),                         /* no probe: all of it */
        PEER     (ACK, .wnd = 5000),
        ALIVE
    ),
},
{
    CASE  ("window/fin-waits", "CLOSE behind a closed window: the data and the FIN leave once it opens"),
    REQS  ("RFC9293-3.10.4-d", "RFC9293-MUST-36", "RFC9293-3.6-b"),
    .tags = "@museum",
    LADDER(
        ENTER    (ESTABLISHED),
        CLOSED_BY_US,
        APP      (SEND, .octets = 500),
        APP      (CLOSE),
        PROBE    ("RFC9293-MUST-36", MEASURED),
        PEER     (ACK, .ack = SND_UNA, .wnd = 5000),
        IUT_SENDS(500, .seq = SND_UNA),
        IUT      (FIN|ACK),
        PEER     (ACK),
        ALIVE
    ),
},

/* ---- small segments --------------------------------------------------------------------------------------------------- */

{
    CASE  ("window/sender-not-silly", "A window of 10 octets does not at once draw a segment of 10 octets"),
    REQS  ("RFC9293-MUST-38", "RFC9293-3.8.6.2.1-c", "RFC9293-3.8.6.2.1-b"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 1000),
        SHRINKS_TO (10),
        APP      (SEND, .octets = 3000),
        SILENCE  (50),                                      /* the override comes after 0.1 to 1 s */
        PEER     (ACK, .wnd = 20000),
        IUT_SENDS(3000, .seq = SND_UNA),
        ALIVE
    ),
},
{
    CASE  ("window/nagle", "A small SEND waits while a small segment is outstanding"),
    REQS  ("RFC9293-SHLD-7", "RFC9293-3.7.4-a"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        APP      (SEND, .octets = 100),
        ONE_OF   (
            BY       ("RFC9293-SHLD-7", SILENCE (100), PEER (ACK), IUT_SENDS (100)),
            DEVIATES ("RFC9293-SHLD-7", IUT (ACK, .len = 100), PEER (ACK))
        ),
        ALIVE
    ),
},
{
    CASE  ("window/full-segments", "What is queued at once leaves in full-sized segments, the last one aside"),
    REQS  ("RFC9293-SHLD-28"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 500),
        BY_CALLS,
        APP      (SEND, .octets = 5000),
        IUT_SENDS(5000, .each = AT_LEAST(500)),
        ALIVE
    ),
},

/* ---- closed by the target --------------------------------------------------------------------------------------------- */

{
    CASE  ("window/not-read", "Octets that the application has not read take room: the window shrinks by no more than them"),
    REQS  ("RFC9293-3.10.7.4-dat-b", "RFC9293-SHLD-14"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (PAUSE_READING),
        PEER     (ACK, .len = 1000),
        IUT_ACKS (RCV_NXT + 1000, .wnd = AT_LEAST(RCV_WND - 1000)),
        APP      (RECEIVE),
        APP_SEES (DATA, .octets = 1000),
        ALIVE
    ),
},
{
    CASE  ("window/full-refuses", "A full receiver answers one octet more with an ACK and a window of 0, and takes it later"),
    REQS  ("RFC9293-3.8.6.1-b", "RFC9293-3.10.7.4-seq-c", "RFC9293-3.8.6-a", "RFC9293-3.8.6.1-c"),
    LADDER(
        FILL_THE_WINDOW (.mss = 1000),
        PEER     (ACK, .seq = RCV_NXT + RCV_WND, .len = 1),
        IUT      (ACK, .wnd = ZERO),
        REOPENED,
        PEER     (ACK, .len = 1),
        IUT_ACKS (RCV_NXT + 1),
        APP_SEES (DATA, .octets = 1),
        ALIVE
    ),
},
{
    CASE  ("window/full-before-accept", "A window that fills before the application has taken the connection is closed, and opens once it reads"),
    REQS  ("RFC9293-3.10.7.4-ESTABLISHED-data", "RFC9293-SHLD-14", "RFC9293-3.8.6.1-c"),
    LADDER(
        APP      (CONFIGURE, .setting = ACCEPTING, .value = 0),
        ENTER    (ESTABLISHED, .mss = 1000),
        ROUNDS   (12, PEER_SENDS(RCV_WND)),
        JUDGE    (window_is_closed),
        APP      (CONFIGURE, .setting = ACCEPTING, .value = 1),
        REOPENS,
        PEER     (ACK, .len = 1),
        IUT_ACKS (RCV_NXT + 1),
        APP_SEES (DATA, .octets = 1),
        ALIVE
    ),
},
{
    CASE  ("window/receiver-not-silly", "A window that was closed opens by a segment at least, not octet by octet"),
    REQS  ("RFC9293-3.8.6.2.2-a"),
    LADDER(
        FILL_THE_WINDOW (.mss = 200),
        REOPENED,
        PEER     (ACK, .len = 1),
        IUT_ACKS (RCV_NXT + 1),
        JUDGE    (opens_by_a_segment),
        ALIVE
    ),
},
{
    CASE  ("window/full-takes-ack", "A full receiver still sends, and takes the ACK of what it sent"),
    REQS  ("RFC9293-3.4-f", "RFC9293-3.10.7.4-seq-a", "RFC9293-3.10.7.4-seq-f"),
    LADDER(
        FILL_THE_WINDOW (.mss = 1000),
        APP      (SEND, .octets = 500),
        IUT_SENDS(500),
        APP      (SEND, .octets = 500),
        IUT_SENDS(500),
        SILENCE  (600),                                     /* a lost ACK would bring the octets again */
        REOPENED,
        ALIVE
    ),
},
{
    CASE  ("window/full-takes-reset", "A full receiver takes a RST at RCV.NXT"),
    REQS  ("RFC9293-MUST-66", "RFC9293-3.10.7.4-seq-f"),
    LADDER(
        FILL_THE_WINDOW (.mss = 1000),
        PEER     (RST),
        SILENCE  (200),
        GONE
    ),
},
{
    CASE  ("window/full-takes-urgent", "A full receiver takes an urgent pointer: the application is told"),
    REQS  ("RFC9293-MUST-66", "RFC9293-3.8.5-b"),
    LADDER(
        FILL_THE_WINDOW (.mss = 1000),
        PEER     (URG|ACK, .up = 10),
        A_MOMENT,
        REOPENED,
        PEER     (ACK, .len = 20),                          /* the octets that were announced, without URG */
        IUT_ACKS (RCV_NXT + 20),
        APP_SEES (URGENT),
        ALIVE
    ),
},
};

GROUP (window, "Windows", window_cases);
