#include "ladder.h"

/* clang-format off */

/* RFC 5681 4.2: no more than one pure ACK for one segment that came, window updates aside. */
static struct opinion one_ack_a_segment(const struct transcript *transcript)
{
    unsigned segments = 0, acks = 0;
    uint32_t edge     = 0;

    for (size_t i = 0; i < transcript->count; i++) {
        const struct sighting *seen = &transcript->at[i];

        if (seen->flags & (SYN | RST | FIN))
            continue;
        if (!seen->from_target)
            segments += seen->len > 0;
        else if (seen->len == 0 && seen->ack + seen->wnd != edge)
            edge = seen->ack + seen->wnd;
        else if (seen->len == 0)
            acks++;
    }
    return acks > segments ? (struct opinion){ OPINION_FAIL, "more pure ACKs came than segments with data were sent" }
                           : (struct opinion){ OPINION_PASS, NULL };
}

/* RFC 6928 2: min(10*MSS, max(2*MSS, 14600)), the largest initial window there is; with an MSS of 500 that is 5000 octets. What
 * a timer sends again adds nothing. */
static struct opinion initial_window_holds(const struct transcript *transcript)
{
    uint32_t iss = 0, octets = 0;

    for (size_t i = 0; i < transcript->count; i++) {
        const struct sighting *seen = &transcript->at[i];

        if (!seen->from_target)
            continue;
        if (seen->flags & SYN)
            iss = seen->seq;
        else if (seen->len > 0 && seen->seq + seen->len - iss - 1 > octets)
            octets = seen->seq + seen->len - iss - 1;
    }
    if (octets == 0)
        return (struct opinion){ OPINION_INCONCLUSIVE, "no data came" };
    return octets > 5000 ? (struct opinion){ OPINION_FAIL, "more than ten segments left before the first ACK" }
                         : (struct opinion){ OPINION_PASS, NULL };
}

/* Ten segments in flight, after the congestion window has had room to grow. The interval of mark A is the timeout of another
 * connection over the same path: what comes in less than half of it was not sent by the timer. */
#define TIMEOUT_MEASURED                                                                                \
        ENTER    (ESTABLISHED, .mss = 500),                                                             \
        APP      (SEND, .octets = 5000),                                                                \
        IUT_SENDS(5000),                                    /* round trips for the estimate */          \
        APP      (SEND, .octets = 500),                                                                 \
        IUT_SENDS(500, .held = YES),                                                                    \
        IUT      (ACK, .seq = SND_UNA, .len = SOME, .after = MEASURED, .mark = A),                      \
        PEER     (ACK)

#define TEN_IN_FLIGHT                                                                                   \
        ON       (FRESH),                                                                               \
        ENTER    (ESTABLISHED, .mss = 200),                 /* ten fit into a small send buffer too */   \
        APP      (RECEIVE),                                 /* by user calls alone: no echo */           \
        APP      (SEND, .octets = 6000),                                                                \
        IUT_SENDS(6000),                                                                                \
        APP      (SEND, .octets = 2000),                                                                \
        IUT_SENDS(2000, .held = YES)

static const struct ladder_case ack_cases[] = {
{
    CASE  ("ack/delay", "An ACK of data is delayed by less than half a second"),
    REQS  ("RFC9293-MUST-40", "RFC5681-4.2-c"),
    LADDER(
        ENTER    (ESTABLISHED),
        ROUNDS   (3,
            PEER     (ACK, .len = 100),
            IUT_ACKS (RCV_NXT + 100, .after = MS(0, 500))
        ),
        APP_SEES (DATA, .octets = 300),
        ALIVE
    ),
},
{
    CASE  ("ack/delay-of-full-segment", "The ACK of one full-sized segment is delayed by less than half a second"),
    REQS  ("RFC9293-MUST-40", "RFC5681-4.2-c"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (PSH|ACK, .len = RMSS),
        IUT_ACKS (RCV_NXT + RMSS, .after = MS(0, 500)),
        ALIVE
    ),
},
{
    CASE  ("ack/delay-beside-held-data", "Small data that waits for an ACK of ours does not hold the ACK of our data back"),
    REQS  ("RFC5681-4.2-c", "RFC9293-MUST-40"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        APP      (SEND, .octets = 50),                      /* RFC 9293 3.7.4 lets it wait */
        PEER     (ACK, .ack = SND_UNA, .len = 10),
        IUT_ACKS (RCV_NXT + 10, .after = MS(0, 500)),
        ALIVE
    ),
},
{
    CASE  ("ack/every-second", "Of full-sized segments at least every second one is acknowledged"),
    REQS  ("RFC9293-SHLD-19", "RFC5681-4.2-b"),
    LADDER(
        ENTER     (ESTABLISHED),
        PEER_SENDS(12 * RMSS, .each = RMSS, .stride = 2 * RMSS, .apart_ms = 5),
        APP_SEES  (DATA, .octets = 12 * RMSS),
        ALIVE
    ),
},
{
    CASE  ("ack/one-a-segment", "No more pure ACKs come than segments were sent"),
    REQS  ("RFC5681-4.2-e"),
    LADDER(
        ENTER     (ESTABLISHED),
        PEER_SENDS(5000, .each = 500, .apart_ms = 2),
        JUDGE     (one_ack_a_segment),
        ALIVE
    ),
},
{
    CASE  ("ack/each-above-gap", "Each segment above a gap draws its duplicate ACK at once"),
    REQS  ("RFC5681-4.2-d", "RFC5681-3.2-a", "RFC9293-3.8.6.3-a"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (ACK, .seq = RCV_NXT + 100, .len = 100),
        IUT      (ACK, .after = AT_ONCE),
        PEER     (ACK, .seq = RCV_NXT + 200, .len = 100),
        IUT      (ACK, .after = AT_ONCE),
        PEER     (ACK, .seq = RCV_NXT + 400, .len = 100),
        IUT      (ACK, .after = AT_ONCE),
        PEER     (ACK, .len = 100),
        ONE_OF   (
            BY       ("RFC9293-SHLD-31", IUT_ACKS (RCV_NXT + 300)),
            DEVIATES ("RFC9293-SHLD-31", IUT_ACKS (RCV_NXT + 100))
        ),
        ALIVE
    ),
},
{
    CASE  ("ack/part-of-gap", "A segment that fills the lower part of a gap is acknowledged at once"),
    REQS  ("RFC5681-3.2-b", "RFC9293-3.8.6.3-a"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (ACK, .seq = RCV_NXT + 200, .len = 100),
        IUT      (ACK, .after = AT_ONCE),
        PEER     (ACK, .len = 100),
        ONE_OF   (
            BY       ("RFC5681-3.2-b",   IUT_ACKS (RCV_NXT + 100, .after = AT_ONCE),
                                         PEER     (ACK, .len = 100),
                                         IUT_ACKS (RCV_NXT + 200)),
            DEVIATES ("RFC9293-SHLD-31", IUT_ACKS (RCV_NXT + 100, .after = MS(0, 500)),     /* it kept nothing and knows no gap */
                                         PEER     (ACK, .len = 100),
                                         IUT_ACKS (RCV_NXT + 100))
        ),
        APP_SEES (DATA, .octets = 200),
        ALIVE
    ),
},
{
    CASE  ("ack/own-data-carries-it", "What the target sends after data came acknowledges it"),
    REQS  ("RFC9293-3.8-c", "RFC9293-3.10.2-d"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (ACK, .len = 100),
        IUT_ACKS (RCV_NXT + 100),
        APP      (SEND, .octets = 100),
        IUT      (ACK, .len = 100, .ack = RCV_NXT),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("ack/keep-alive", "A keep-alive of the peer's, empty or with an old octet, is answered, and delivers nothing"),
    REQS  ("RFC9293-3.8.4-a", "RFC9293-3.8.4-b"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (ACK, .len = 10),
        IUT_ACKS (RCV_NXT + 10),
        PEER     (ACK, .seq = RCV_NXT - 1),
        IUT      (ACK),
        WAIT     (600),
        PEER     (ACK, .seq = RCV_NXT - 1, .len = 1, .fill = OTHER),
        IUT      (ACK),
        PEER     (ACK, .len = 10),
        IUT_ACKS (RCV_NXT + 10),
        APP_SEES (DATA, .octets = 20)
    ),
},
{
    CASE  ("ack/half-away", "An ACK exactly half the number space away acknowledges nothing and opens no window"),
    REQS  ("RFC9293-3.10.7.4-ack-g", "RFC9293-3.10.7.4-ack-f", "RFC5961-5.2-b"),
    LADDER(
        ENTER    (ESTABLISHED, .wnd = ZERO),                /* no window sets the oldest ACK apart from the latest */
        APP      (SEND, .octets = 100),
        WAIT     (250),                                     /* an echo acknowledges the octets that it is to send back */
        PEER     (ACK, .ack = SND_NXT - 0x80000000, .wnd = 5000),
        MAYBE    ("RFC9293-3.10.7.4-ack-g", IUT (ACK)),     /* it is above SND.NXT as much as below SND.UNA */
        ONE_OF   (
            BY ("RFC9293-3.8.6.1-a", IUT (ACK, .seq = SND_UNA, .len = SOME, .after = MEASURED)),
            BY ("RFC9293-3.8.6.1-a", IUT (ACK, .seq = SND_UNA - 1,          .after = MEASURED))
        ),
        PEER     (ACK, .ack = SND_UNA),
        IUT_SENDS(100, .seq = SND_UNA),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        PEER     (ACK, .ack = SND_NXT - 0x80000000),
        MAYBE    ("RFC9293-3.10.7.4-ack-g", IUT (ACK)),
        IUT      (ACK, .seq = SND_UNA, .len = SOME, .after = MEASURED),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("ack/initial-window", "Before the first ACK no more than ten segments leave"),
    REQS  ("RFC5681-3.1-b", "RFC9293-MUST-19"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 500),
        APP      (RECEIVE),                                 /* by user calls alone: no echo */
        APP      (SEND, .octets = 20000),
        WAIT     (100),
        JUDGE    (initial_window_holds),
        PEER     (RST),
        GONE
    ),
},
{
    CASE  ("ack/fast-retransmit", "Three duplicate ACKs bring the lost segment again before the timer would"),
    REQS  ("RFC5681-3.2-c", "RFC9293-MUST-19"),
    LADDER(
        TIMEOUT_MEASURED,
        TEN_IN_FLIGHT,
        ROUNDS   (3, PEER (ACK, .ack = SND_UNA)),
        IUT      (ACK, .seq = SND_UNA, .len = SOME, .after = PERCENT(0, 50, A)),
        PEER     (ACK, .ack = SND_NXT),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100),
        ALIVE
    ),
},
{
    CASE  ("ack/one-duplicate", "One duplicate ACK brings nothing again before the timer would"),
    REQS  ("RFC5681-3.2-d"),
    LADDER(
        TIMEOUT_MEASURED,
        TEN_IN_FLIGHT,
        PEER     (ACK, .ack = SND_UNA),
        IUT      (ACK, .seq = SND_UNA, .len = SOME, .after = PERCENT(40, 400, A)),
        PEER     (ACK, .ack = SND_NXT),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100),
        ALIVE
    ),
},
};

GROUP (ack, "Acknowledgments, given and received", ack_cases);
