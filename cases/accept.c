#include "ladder.h"

/* clang-format off */

/* RFC 9293 has no ACCEPT: a connection that a passive OPEN brought to ESTABLISHED is one, whether the application has taken it
 * from its listener yet or not. What comes meanwhile is processed, acknowledged and kept as ever. */
#define LEFT_WAITING  APP (CONFIGURE, .setting = ACCEPTING, .value = 0)
#define TAKEN         APP (CONFIGURE, .setting = ACCEPTING, .value = 1)
#define WAITS         LEFT_WAITING, ENTER (ESTABLISHED)

/* More connections than may wait: stacks that add one to a backlog of 1, or half of it, are full with two. Those that get no room
 * are passed over or refused: RFC 4987 2.2 calls either acceptable. */
#define FILL_THE_BACKLOG                                                                                \
        LEFT_WAITING,                                                                                   \
        APP     (CONFIGURE, .setting = BACKLOG, .value = 1),                                            \
        ENTER   (ESTABLISHED),                                                                          \
        ROUNDS  (2, ON (FRESH), PEER (SYN), ANSWERED_OR_NOT (PEER (ACK))),                              \
        JUDGE   (backlog_is_full)
#define ANSWERED_OR_NOT(...)                                                                            \
        ONE_OF  (                                                                                       \
            BY ("RFC9293-3.10.7.2-e", IUT (SYN|ACK, .after = AT_ONCE), __VA_ARGS__),                    \
            BY ("RFC4987-2.2-a",      IUT (RST|ACK, .seq = ZERO, .ack = SEG_END, .after = AT_ONCE)),    \
            BY ("RFC4987-2.2-a",      SILENCE (100))                                                    \
        )

static enum yes was_taken(const struct transcript *transcript, unsigned connection)
{
    for (size_t i = 0; i < transcript->count; i++) {
        const struct sighting *seen = &transcript->at[i];

        if (seen->connection == connection && seen->from_target && (seen->flags & (SYN|ACK)) == (SYN|ACK))
            return YES;
    }
    return NO;
}

/* The latest SYN found no room. */
static struct opinion backlog_is_full(const struct transcript *transcript)
{
    for (size_t i = transcript->count; i-- > 0;) {
        const struct sighting *seen = &transcript->at[i];

        if (!seen->from_target && seen->flags == SYN && !was_taken(transcript, seen->connection))
            return (struct opinion){ OPINION_PASS, NULL };
        if (!seen->from_target && seen->flags == SYN)
            break;
    }
    return (struct opinion){ OPINION_INCONCLUSIVE, "the latest SYN was answered: the backlog did not fill, or what is beyond it shows otherwise" };
}

static const struct ladder_case accept_cases[] = {

/* ---- what comes before the application has the connection ------------------------------------------------------------ */

{
    CASE  ("accept/data", "What comes before the application has taken the connection is acknowledged, and it gets all of it"),
    REQS  ("RFC9293-3.10.7.4-ESTABLISHED-data", "RFC9293-3.10.3-b"),
    LADDER(
        WAITS,
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        PEER    (ACK, .len = 900),
        IUT_ACKS(RCV_NXT + 900),
        TAKEN,
        APP_SEES(DATA, .octets = 1000),
        ALIVE
    ),
},
{
    CASE  ("accept/data-with-ack", "Data on the ACK that ends the handshake waits for the application"),
    REQS  ("RFC9293-3.10.7.4-ESTABLISHED-data", "RFC9293-3.10.7.4-ack-c", "RFC9293-3.10.7.2-e", "RFC9293-3.10.3-b"),
    LADDER(
        LEFT_WAITING,
        PEER    (SYN),
        IUT     (SYN|ACK, .rule = "RFC9293-3.10.7.2-e"),
        PEER    (ACK, .len = 300),
        IUT_ACKS(RCV_NXT + 300),
        TAKEN,
        APP_SEES(DATA, .octets = 300),
        ALIVE
    ),
},
{
    CASE  ("accept/gap", "Before the application has the connection a gap is answered at once, and filled as ever"),
    REQS  ("RFC9293-3.10.7.4-seq-k", "RFC5681-3.2-a", "RFC9293-SHLD-31", "RFC9293-3.10.3-b"),
    LADDER(
        WAITS,
        PEER    (ACK, .seq = RCV_NXT + 100, .len = 100),
        IUT     (ACK, .after = AT_ONCE, .rule = "RFC5681-3.2-a"),
        PEER    (ACK, .len = 100),
        ONE_OF  (
            BY ("RFC9293-SHLD-31",        IUT_ACKS (RCV_NXT + 200)),
            BY ("RFC9293-3.10.7.4-seq-k", IUT_ACKS (RCV_NXT + 100), PEER (ACK, .len = 100), IUT_ACKS (RCV_NXT + 100))
        ),
        TAKEN,
        APP_SEES(DATA, .octets = 200),
        ALIVE
    ),
},
{
    CASE  ("accept/old-segment", "Before the application has the connection an old segment draws an ACK, and is not delivered twice"),
    REQS  ("RFC9293-3.10.7.4-seq-l", "RFC9293-3.10.7.4-ESTABLISHED-seq", "RFC9293-3.10.7.4-ESTABLISHED-data"),
    LADDER(
        WAITS,
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100, .rule = "RFC9293-3.10.7.4-ESTABLISHED-data"),
        PEER    (ACK, .seq = RCV_NXT - 100, .len = 100),
        IUT     (ACK),
        TAKEN,
        APP_SEES(DATA, .octets = 100),
        ALIVE
    ),
},
{
    CASE  ("accept/urgent", "Urgent data that came before the application had the connection is announced to it"),
    REQS  ("RFC9293-MUST-32", "RFC9293-MUST-30", "RFC9293-3.10.7.4-ESTABLISHED-urg", "RFC9293-3.10.7.4-ESTABLISHED-data"),
    LADDER(
        WAITS,
        PEER    (URG|ACK, .len = 50, .up = 50),
        IUT_ACKS(RCV_NXT + 50, .rule = "RFC9293-3.10.7.4-ESTABLISHED-data"),
        TAKEN,
        APP_SEES(URGENT, .octets = 50),
        APP_SEES(DATA, .octets = 50),
        ALIVE
    ),
},
{
    CASE  ("accept/window-learned", "A window that was learned before the application had the connection bounds what it sends"),
    REQS  ("RFC9293-3.10.7.4-ack-i", "RFC9293-3.8.6-c", "RFC9293-3.10.7.4-ESTABLISHED-data"),
    LADDER(
        WAITS,
        PEER     (ACK, .len = 1),                   /* so that SEG.SEQ is above SND.WL1 from now on */
        IUT_ACKS (RCV_NXT + 1, .rule = "RFC9293-3.10.7.4-ESTABLISHED-data"),
        PEER     (ACK, .len = 10, .wnd = ZERO + 500),
        IUT_ACKS (RCV_NXT + 10, .rule = "RFC9293-3.10.7.4-ESTABLISHED-data"),
        TAKEN,
        APP      (SEND, .octets = 800),
        IUT_SENDS(500, .held = YES),
        SILENCE  (150),
        PEER     (ACK, .ack = SND_NXT, .wnd = ZERO + 5000),
        IUT_SENDS(300),
        ALIVE
    ),
},
{
    CASE  ("accept/fin", "A FIN that came before the application had the connection leaves it in CLOSE-WAIT with all the data"),
    REQS  ("RFC9293-3.10.3-c", "RFC9293-3.10.7.4-ESTABLISHED-fin", "RFC9293-3.6-d", "RFC9293-3.6-e", "RFC9293-3.10.7.4-ESTABLISHED-data"),
    LADDER(
        WAITS,
        PEER     (ACK, .len = 200),
        IUT_ACKS (RCV_NXT + 200, .rule = "RFC9293-3.10.7.4-ESTABLISHED-data"),
        PEER     (FIN|ACK),
        IUT      (ACK, .ack = RCV_NXT + 1, .rule = "RFC9293-3.10.7.4-ESTABLISHED-fin"),
        TAKEN,
        APP_SEES (DATA, .octets = 200),
        APP_SEES (END),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .rule = "RFC9293-3.6-d"),
        APP      (CLOSE),
        IUT      (FIN|ACK),
        PEER     (ACK),
        GONE
    ),
},
{
    CASE  ("accept/rst", "A RST ends a connection that nobody has taken yet, and the listener goes on"),
    REQS  ("RFC9293-3.10.7.4-ESTABLISHED-rst-exact", "RFC9293-3.10.7.2-e", "RFC9293-3.10.7.4-ESTABLISHED-data"),
    LADDER(
        WAITS,
        PEER    (RST),
        GONE,
        TAKEN,
        ON      (FRESH),
        ENTER   (ESTABLISHED),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100, .rule = "RFC9293-3.10.7.4-ESTABLISHED-data"),
        APP_SEES(DATA, .octets = 100),
        ALIVE
    ),
},
{
    CASE  ("accept/rst-in-window", "A RST within the window, and not at RCV.NXT, does not end a connection that waits to be taken"),
    REQS  ("RFC9293-3.10.7.4-ESTABLISHED-rst-inwin", "RFC5961-3.2-g", "RFC9293-3.10.7.4-ESTABLISHED-data"),
    LADDER(
        WAITS,
        PEER    (RST, .seq = RCV_NXT + 1),
        ONE_OF  (
            BY       ("RFC9293-3.10.7.4-ESTABLISHED-rst-inwin", IUT (ACK), TAKEN, PEER (ACK, .len = 100), IUT_ACKS (RCV_NXT + 100, .rule = "RFC9293-3.10.7.4-ESTABLISHED-data"),
                      APP_SEES (DATA, .octets = 100), ALIVE),
            DEVIATES ("RFC5961-3.2-a",                          GONE)
        )
    ),
},
{
    CASE  ("accept/each-its-own", "Two connections that wait keep their data apart, whichever was first"),
    REQS  ("RFC9293-3.10.7.4-ESTABLISHED-data", "RFC9293-MUST-42"),
    LADDER(
        WAITS,
        ON      (1),
        ENTER   (ESTABLISHED),
        PEER    (ACK, .len = 300),
        IUT_ACKS(RCV_NXT + 300),
        ON      (0),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        TAKEN,
        ON      (1),
        APP_SEES(DATA, .octets = 300),
        ON      (0),
        APP_SEES(DATA, .octets = 100),
        ALIVE,
        ON      (1),
        ALIVE
    ),
},

/* ---- the backlog ----------------------------------------------------------------------------------------------------- */

{
    CASE  ("accept/backlog", "A listener whose backlog was full takes connections again once the application does"),
    REQS  ("RFC9293-3.10.7.2-e", "RFC9293-3.10.7.4-ESTABLISHED-data"),
    LADDER(
        FILL_THE_BACKLOG,
        TAKEN,
        ON      (FRESH),
        PEER    (SYN),
        IUT     (SYN|ACK),
        PEER    (ACK),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100, .rule = "RFC9293-3.10.7.4-ESTABLISHED-data"),
        APP_SEES(DATA, .octets = 100),
        ALIVE
    ),
},
{
    CASE  ("accept/backlog-kept", "A connection that waits stays as it is while others find the backlog full"),
    REQS  ("RFC9293-3.10.7.4-ESTABLISHED-data", "RFC9293-3.10.3-b"),
    LADDER(
        FILL_THE_BACKLOG,
        ON      (0),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        TAKEN,
        APP_SEES(DATA, .octets = 100),
        ALIVE
    ),
},
{
    CASE  ("accept/backlog-syn-again", "A SYN that found the backlog full is answered when it comes again, once there is room"),
    REQS  ("RFC9293-3.10.7.2-e", "RFC9293-3.10.7.2-i", "RFC9293-3.10.7.4-ESTABLISHED-data"),
    LADDER(
        FILL_THE_BACKLOG,
        TAKEN,
        PEER    (SYN),
        IUT     (SYN|ACK),
        PEER    (ACK),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100, .rule = "RFC9293-3.10.7.4-ESTABLISHED-data"),
        APP_SEES(DATA, .octets = 100),
        ALIVE
    ),
},
};

GROUP (accept, "Connections that wait to be taken", accept_cases);
