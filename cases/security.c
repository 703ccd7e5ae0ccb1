#include "ladder.h"

/* clang-format off */

#define SYNCHRONIZED STATES (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK)

/* RFC 5961 is optional in RFC 9293 3.10.7.4; without it a SYN inside the window resets the connection. */
#define SYN_INSIDE(slug, text, ...)                                                                     \
{                                                                                                       \
    CASE  ("security/" slug, text " draws a challenge ACK and changes nothing"),                        \
    REQS  ("RFC9293-3.10.7.4-*-syn", "RFC5961-4.2-b", "RFC5961-4.2-c"),                                 \
    .tags = "@museum",                                                                                  \
    SYNCHRONIZED,                                                                                       \
    LADDER(                                                                                             \
        ENTER   (EACH),                                                                                 \
        PEER    (__VA_ARGS__),                                                                          \
        ONE_OF  (                                                                                       \
            BY       ("RFC9293-3.10.7.4-*-syn", IUT (ACK), ALIVE),                                      \
            DEVIATES ("RFC5961-4.2-a",          IUT (RST|MAY_ACK, .seq = ANY, .ack = ANY), GONE)        \
        )                                                                                               \
    ),                                                                                                  \
},

/* Outside it both agree: an ACK. */
#define SYN_OUTSIDE(slug, text, ...)                                                                    \
{                                                                                                       \
    CASE  ("security/" slug, text " draws an ACK and changes nothing"),                                 \
    REQS  ("RFC9293-3.10.7.4-*-seq", "RFC9293-3.10.7.4-*-syn"),                                         \
    SYNCHRONIZED,                                                                                       \
    LADDER(                                                                                             \
        ENTER   (EACH),                                                                                 \
        PEER    (__VA_ARGS__),                                                                          \
        IUT     (ACK),                                                                                  \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

#define SYN_FROM(slug, text, place, ...)                                                                \
{                                                                                                       \
    CASE  ("security/syn-from-" slug, "A SYN from " text " is ignored, and the listener goes on"),      \
    REQS  (__VA_ARGS__),                                                                                \
    .tags = "@museum",                                                                                  \
    LADDER(                                                                                             \
        ENTER   (LISTEN),                                                                               \
        PEER    (SYN, .from = place),                                                                   \
        SILENCE (300),                                                                                  \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

enum { ISNS = 20, ISNS_LOOKED_AT = 32 };

static unsigned collect_isns(const struct transcript *transcript, uint32_t isns[ISNS_LOOKED_AT])
{
    unsigned count = 0, seen_on[ISNS_LOOKED_AT];

    for (size_t i = 0; i < transcript->count && count < ISNS_LOOKED_AT; i++) {
        const struct sighting *seen = &transcript->at[i];

        if (!seen->from_target && (seen->flags & RST) != 0 && count > 0)
            seen_on[count - 1] = UINT32_MAX;                /* that connection is over: the next ISN is another */
        if (!seen->from_target || (seen->flags & (SYN | RST)) != SYN)
            continue;
        if (count > 0 && seen_on[count - 1] == seen->connection && isns[count - 1] == seen->seq)
            continue;                                       /* the same SYN,ACK once more */
        seen_on[count] = seen->connection;
        isns[count++]  = seen->seq;
    }
    return count;
}

/* RFC 6528 3: different 4-tuples have offsets that tell nothing of each other. Of 20 numbers none comes twice, steps do not
 * recur, and most steps are no small ones: by chance a step below 2^24 comes once in 256. */
static struct opinion isns_are_spread(const struct transcript *transcript)
{
    uint32_t isns[ISNS_LOOKED_AT];
    unsigned count = collect_isns(transcript, isns), small = 0, recurring = 0;

    if (count < ISNS)
        return (struct opinion){ OPINION_INCONCLUSIVE, "fewer initial sequence numbers came than were asked for" };
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < i; k++)
            if (isns[i] == isns[k])
                return (struct opinion){ OPINION_FAIL, "two connections have the same initial sequence number" };
    for (unsigned i = 1; i < count; i++) {
        uint32_t step = isns[i] - isns[i - 1];

        small += step < 1u << 24 || 0u - step < 1u << 24;
        recurring += i > 1 && step == isns[i - 1] - isns[i - 2];
    }
    if (recurring > 0)
        return (struct opinion){ OPINION_FAIL, "the initial sequence numbers count up by a constant" };
    if (small > count / 2)
        return (struct opinion){ OPINION_FAIL, "the initial sequence numbers lie close to each other" };
    return (struct opinion){ OPINION_PASS, NULL };
}

/* Of one 4-tuple they rise with the clock: never a step back, modulo 2^32, in the instants that this case takes. */
static struct opinion isns_advance(const struct transcript *transcript)
{
    uint32_t isns[ISNS_LOOKED_AT];
    unsigned count = collect_isns(transcript, isns);

    if (count < 6)
        return (struct opinion){ OPINION_INCONCLUSIVE, "fewer initial sequence numbers came than were asked for" };
    for (unsigned i = 1; i < count; i++)
        if (isns[i] - isns[i - 1] >= 1u << 31 || isns[i] == isns[i - 1])
            return (struct opinion){ OPINION_FAIL, "the initial sequence number of the same 4-tuple did not advance" };
    return (struct opinion){ OPINION_PASS, NULL };
}

enum { CHALLENGES = 60 };

static struct opinion challenges_are_throttled(const struct transcript *transcript)
{
    unsigned answers = 0, stimuli = 0;

    for (size_t i = 0; i < transcript->count; i++) {
        const struct sighting *seen = &transcript->at[i];

        answers += seen->from_target && (seen->flags & (SYN | FIN | RST | ACK)) == ACK && seen->len == 0;
        stimuli += !seen->from_target && (seen->flags & RST) != 0;
    }
    if (answers > stimuli)
        return (struct opinion){ OPINION_FAIL, "more ACKs came than there were RSTs" };
    if (answers == stimuli)
        return (struct opinion){ OPINION_INCONCLUSIVE, "every RST drew its challenge ACK: a limit, if there is one, lies higher" };
    return (struct opinion){ OPINION_PASS, NULL };
}

static const struct ladder_case security_cases[] = {

/* ---- initial sequence numbers ------------------------------------------------------------------------------------------ */

{
    CASE  ("security/isn-spread", "The initial sequence numbers of twenty connections neither repeat nor count up"),
    REQS  ("RFC9293-SHLD-1", "RFC6528-3-c", "RFC6528-3-a"),
    .tags = "@museum",
    LADDER(
        ROUNDS  (ISNS,                                      /* one at a time: some targets have room for no more */
            ON      (FRESH),
            ENTER   (SYN_RECEIVED),
            PEER    (RST)
        ),
        JUDGE   (isns_are_spread),
        ON      (FRESH),
        ENTER   (ESTABLISHED),
        ALIVE
    ),
},
{
    CASE  ("security/isn-advances", "The initial sequence numbers of one 4-tuple rise with time"),
    REQS  ("RFC9293-MUST-8", "RFC9293-3.4.1-a", "RFC9293-SHLD-1", "RFC6528-3-c"),
    LADDER(
        ENTER   (LISTEN),
        ROUNDS  (6,
            PEER    (SYN),
            IUT     (SYN|ACK, .seq = ANY, .ack = IRS + 1),
            PEER    (RST),
            WAIT    (20)
        ),
        JUDGE   (isns_advance),
        ON      (FRESH),
        ENTER   (ESTABLISHED),
        ALIVE
    ),
},

/* ---- addresses ----------------------------------------------------------------------------------------------------------- */

{
    CASE  ("security/land", "A SYN from the target's own address and port harms nothing"),
    REQS  ("RFC9293-MUST-63"),
    .tags = "@museum @disruptive",
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN, .from = FROM_TARGET),
        PEER    (SYN|ACK, .from = FROM_TARGET, .ack = ZERO + 1000),
        PEER    (ACK, .from = FROM_TARGET, .ack = ZERO + 1000),
        SILENCE (300),
        ALIVE
    ),
},
SYN_FROM ("broadcast", "the limited broadcast address", FROM_BROADCAST, "RFC9293-MUST-63", "RFC1122-3.2.1.3-b", "RFC9293-3.9.2.3-a")
SYN_FROM ("multicast", "a multicast address",           FROM_MULTICAST, "RFC9293-MUST-63", "RFC9293-3.9.2.3-a")
SYN_FROM ("loopback",  "the loopback address",          FROM_LOOPBACK,  "RFC9293-MUST-63", "RFC1122-3.2.1.3-c")

/* ---- SYN on a connection -------------------------------------------------------------------------------------------------- */

SYN_INSIDE  ("syn-at-left-edge",    "A SYN at RCV.NXT",                    SYN, .seq = RCV_NXT)
SYN_INSIDE  ("syn-at-last-octet",   "A SYN at the last octet of the window", SYN, .seq = RCV_NXT + RCV_WND - 1)
SYN_INSIDE  ("syn-ack",             "A SYN,ACK inside the window",         SYN|ACK, .seq = RCV_NXT + 10)
SYN_OUTSIDE ("syn-below-window",    "A SYN below the window",              SYN, .seq = RCV_NXT - 1000)
SYN_OUTSIDE ("syn-beyond-window",   "A SYN beyond the window",             SYN, .seq = RCV_NXT + RCV_WND + 1000)
{
    CASE  ("security/syn-with-data", "Of a SYN with data on a connection neither SYN nor data count"),
    REQS  ("RFC5961-4.2-c", "RFC9293-3.10.7.4-syn-d"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (SYN|ACK, .seq = RCV_NXT, .len = 100),
        ONE_OF  (
            BY       ("RFC9293-3.10.7.4-syn-d", IUT (ACK), PEER (ACK, .len = 10), IUT_ACKS (RCV_NXT + 10),
                                                APP_SEES (DATA, .octets = 10)),
            DEVIATES ("RFC5961-4.2-a",          IUT (RST|MAY_ACK, .seq = ANY, .ack = ANY), GONE)
        )
    ),
},
{
    CASE  ("security/syn-into-gap", "A SYN into a gap leaves what is held above the gap as it was"),
    REQS  ("RFC9293-3.10.7.4-syn-d", "RFC9293-SHLD-31"),
    .tags = "@museum",
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK, .seq = RCV_NXT + 100, .len = 100),
        IUT     (ACK),
        WAIT    (600),                                      /* stacks may limit how often they answer */
        PEER    (SYN, .seq = RCV_NXT + 50),
        ONE_OF  (
            BY       ("RFC9293-3.10.7.4-syn-d",
                      IUT     (ACK),
                      PEER    (ACK, .len = 100),
                      ONE_OF  (
                          BY       ("RFC9293-SHLD-31", IUT_ACKS (RCV_NXT + 200)),
                          DEVIATES ("RFC9293-SHLD-31", IUT_ACKS (RCV_NXT + 100), PEER (ACK, .len = 100), IUT_ACKS (RCV_NXT + 100))
                      ),
                      APP_SEES(DATA, .octets = 200)),
            DEVIATES ("RFC5961-4.2-a",
                      IUT     (RST|MAY_ACK, .seq = ANY, .ack = ANY),
                      GONE)
        )
    ),
},

/* ---- challenge ACKs -------------------------------------------------------------------------------------------------------- */

{
    CASE  ("security/challenges-throttled", "Sixty RSTs in a row do not draw sixty challenge ACKs"),
    REQS  ("RFC5961-7-a"),
    .tags = "@museum",
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (RST, .seq = RCV_NXT + 1),
        ONE_OF  (
            BY       ("RFC5961-7-a",
                      IUT    (ACK),
                      ROUNDS (CHALLENGES - 1, PEER (RST, .seq = RCV_NXT + 1)),
                      WAIT   (600),
                      JUDGE  (challenges_are_throttled),
                      ALIVE),
            DEVIATES ("RFC5961-3.2-a", SILENCE (200), GONE)
        )
    ),
},

/* ---- data from the blind --------------------------------------------------------------------------------------------------- */

{
    CASE  ("security/blind-data-ack-above", "Data whose ACK is far above SND.NXT is dropped and answered with an ACK"),
    REQS  ("RFC9293-3.10.7.4-*-ackhigh", "RFC9293-3.10.7.4-ack-g", "RFC5961-5.2-c"),
    STATES(ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT),
    LADDER(
        ENTER   (EACH),
        PEER    (ACK, .ack = SND_NXT + 1000000, .len = 10),
        IUT     (ACK),
        ALIVE
    ),
},
{
    CASE  ("security/blind-data-ack-half", "Data whose ACK is half the number space away is dropped and answered with an ACK"),
    REQS  ("RFC9293-3.10.7.4-ack-g", "RFC5961-5.2-c"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (ACK, .ack = SND_NXT + 0x7ffffff0, .len = 10),
        IUT     (ACK),
        PEER    (ACK, .len = 20),
        IUT_ACKS(RCV_NXT + 20),
        APP_SEES(DATA, .octets = 20)
    ),
},
{
    CASE  ("security/blind-fin", "A FIN whose ACK is far above SND.NXT closes nothing"),
    REQS  ("RFC9293-3.10.7.4-ack-g", "RFC9293-3.10.7.4-ESTABLISHED-ackhigh"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (FIN|ACK, .ack = SND_NXT + 1000000),
        IUT     (ACK),
        PEER    (ACK, .len = 20),
        IUT_ACKS(RCV_NXT + 20),
        APP_SEES(DATA, .octets = 20)
    ),
},

/* ---- RST in states that rst/ leaves out --------------------------------------------------------------------------------------- */

{
    CASE  ("security/rst-syn-received-above", "In SYN-RECEIVED a RST one above RCV.NXT draws a challenge ACK"),
    REQS  ("RFC9293-3.10.7.4-SYN-RECEIVED-rst-inwin", "RFC5961-3.2-d"),
    LADDER(
        ENTER   (SYN_RECEIVED),
        PEER    (RST, .seq = RCV_NXT + 1),
        ONE_OF  (
            BY       ("RFC9293-3.10.7.4-SYN-RECEIVED-rst-inwin", IUT (ACK), ALIVE),
            DEVIATES ("RFC5961-3.2-a",                           SILENCE (200), GONE)
        )
    ),
},
{
    CASE  ("security/rst-syn-received-beyond", "In SYN-RECEIVED a RST beyond the window is ignored"),
    REQS  ("RFC9293-3.10.7.4-SYN-RECEIVED-rst-oow", "RFC5961-3.2-b"),
    LADDER(
        ENTER   (SYN_RECEIVED),
        PEER    (RST, .seq = RCV_NXT + RCV_WND + 1),
        SILENCE (PROVEN),
        ALIVE
    ),
},
{
    CASE  ("security/rst-time-wait", "In TIME-WAIT a RST at RCV.NXT deletes the connection or, as RFC 1337 has it, does nothing"),
    REQS  ("RFC9293-3.10.7.4-TIME-WAIT-rst-exact", "RFC9293-3.10.7.4-rst-h", "RFC1337-3-a"),
    .tags = "@museum",
    LADDER(
        ENTER   (TIME_WAIT),
        PEER    (RST),
        SILENCE (600),
        PEER    (FIN|ACK, .seq = RCV_NXT - 1),
        ONE_OF  (
            BY ("RFC9293-3.10.7.4-TIME-WAIT-rst-exact", IUT (RST, .seq = SEG_ACK)),
            BY ("RFC1337-3-a",                          IUT (ACK))
        )
    ),
},
{
    CASE  ("security/rst-time-wait-beyond", "In TIME-WAIT a RST beyond the window is ignored"),
    REQS  ("RFC9293-3.10.7.4-TIME-WAIT-rst-oow"),
    .tags = "@museum",
    LADDER(
        ENTER   (TIME_WAIT),
        PEER    (RST, .seq = RCV_NXT + RCV_WND + 1),
        SILENCE (600),
        PEER    (FIN|ACK, .seq = RCV_NXT - 1),
        IUT     (ACK)
    ),
},
{
    CASE  ("security/rst-syn-sent-no-ack", "In SYN-SENT a RST without ACK is dropped"),
    REQS  ("RFC9293-3.10.7.3-e", "RFC9293-3.5.3-b"),
    LADDER(
        ENTER   (SYN_SENT),
        PEER    (RST),
        SILENCE (PROVEN),
        ALIVE
    ),
},
{
    CASE  ("security/rst-syn-sent-foreign", "In SYN-SENT a RST that does not acknowledge the SYN is dropped"),
    REQS  ("RFC5961-3.2-f", "RFC9293-3.10.7.3-b", "RFC9293-3.5.3-b"),
    LADDER(
        ENTER   (SYN_SENT),
        PEER    (RST|ACK, .ack = ISS),
        PEER    (RST|ACK, .ack = ISS + 1000),
        SILENCE (PROVEN),
        ALIVE
    ),
},
{
    CASE  ("security/rst-syn-sent", "In SYN-SENT a RST that acknowledges the SYN ends the attempt"),
    REQS  ("RFC9293-3.10.7.3-d", "RFC9293-3.5.3-b", "RFC9293-3.8.3-a"),
    LADDER(
        ENTER   (SYN_SENT),
        PEER    (RST|ACK, .seq = ZERO, .ack = ISS + 1),
        APP_SEES(REFUSED),
        PEER    (SYN|ACK),
        IUT     (RST, .seq = SEG_ACK)
    ),
},
{
    CASE  ("security/ack-syn-sent", "In SYN-SENT a bare ACK of the SYN is dropped, without a RST"),
    REQS  ("RFC9293-3.10.7.3-m", "RFC9293-3.10.7.3-k"),
    LADDER(
        ENTER   (SYN_SENT),
        PEER    (ACK, .seq = IRS, .ack = ISS + 1),
        SILENCE (PROVEN),
        ALIVE
    ),
},
{
    CASE  ("security/foreign-ack-syn-sent", "In SYN-SENT a bare ACK of something else draws a RST, and the attempt goes on"),
    REQS  ("RFC9293-3.10.7.3-a", "RFC9293-3.5.2-d"),
    LADDER(
        ENTER   (SYN_SENT),
        PEER    (ACK, .seq = IRS, .ack = ISS + 1000),
        IUT     (RST, .seq = SEG_ACK),
        PEER    (ACK, .seq = IRS, .ack = ISS),
        IUT     (RST, .seq = SEG_ACK),
        ALIVE
    ),
},
};

GROUP (security, "Attacks from the blind", security_cases);
