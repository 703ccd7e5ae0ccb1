#include "ladder.h"

/* clang-format off */

/* SYN-SENT, and what brings it to ESTABLISHED. */
#define OPENED                                                                                          \
        APP     (OPEN),                                                                                 \
        IUT     (SYN)
#define ANSWERED                                                                                        \
        PEER    (SYN|ACK),                                                                              \
        IUT     (ACK, .seq = ISS + 1, .ack = IRS + 1)

/* What says nothing that SYN-SENT acts on draws nothing, and the attempt goes on. */
#define DROPPED(slug, text, req, ...)                                                                   \
{                                                                                                       \
    CASE  ("open/" slug, "In SYN-SENT " text " is dropped, and the attempt goes on"),                   \
    REQS  (req),                                                                                        \
    LADDER(                                                                                             \
        OPENED,                                                                                         \
        PEER    (__VA_ARGS__),                                                                          \
        SILENCE (200),                                                                                  \
        ANSWERED,                                                                                       \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

/* What acknowledges something else than our SYN draws a RST from that ACK, and the attempt goes on. */
#define REFUTED(slug, text, ...)                                                                        \
{                                                                                                       \
    CASE  ("open/" slug, "In SYN-SENT " text " draws a RST from its ACK, and the attempt goes on"),     \
    REQS  ("RFC9293-3.10.7.3-a", "RFC9293-3.5.2-d"),                                                    \
    LADDER(                                                                                             \
        OPENED,                                                                                         \
        PEER    (__VA_ARGS__),                                                                          \
        IUT     (RST, .seq = SEG_ACK),                                                                  \
        ANSWERED,                                                                                       \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

/* A RST that acknowledges the SYN ends the attempt, whatever comes with it. */
#define ENDED(slug, text, ...)                                                                          \
{                                                                                                       \
    CASE  ("open/" slug, "In SYN-SENT " text " that acknowledges the SYN ends the attempt"),            \
    REQS  ("RFC9293-3.10.7.3-d", "RFC9293-3.5.3-b"),                                                    \
    LADDER(                                                                                             \
        OPENED,                                                                                         \
        PEER    (__VA_ARGS__),                                                                          \
        APP_SEES(REFUSED),                                                                              \
        PEER    (SYN|ACK),                                                                              \
        IUT     (RST, .seq = SEG_ACK)                                                                   \
    ),                                                                                                  \
},

static const struct ladder_case open_cases[] = {

/* ---- segments in SYN-SENT ------------------------------------------------------------------------------------------- */

DROPPED ("text-without-ack", "text without ACK",         "RFC9293-3.10.7.3-k", PSH, .seq = IRS + 1, .len = 20)
DROPPED ("text-with-ack",    "text that acknowledges the SYN", "RFC9293-3.10.7.3-m", ACK, .seq = IRS + 1, .ack = ISS + 1, .len = 20)
DROPPED ("fin-with-ack",     "a FIN that acknowledges the SYN", "RFC9293-3.10.7.4-fin-a", FIN|ACK, .seq = IRS + 1, .ack = ISS + 1)
DROPPED ("no-flags",         "a segment without flags",  "RFC9293-3.10.7.3-k", 0, .seq = IRS + 1)
DROPPED ("urg",              "URG without SYN",          "RFC9293-3.10.7.3-k", URG, .seq = IRS + 1, .up = 10, .len = 20)
DROPPED ("rst-and-syn",      "a RST with SYN and without ACK", "RFC9293-3.10.7.3-e", RST|SYN, .seq = IRS)
DROPPED ("rst-with-text",    "a RST with text and without ACK", "RFC9293-3.10.7.3-e", RST, .seq = IRS, .len = 10)
DROPPED ("rst-and-fin",      "a RST with FIN and without ACK", "RFC9293-3.10.7.3-e", RST|FIN, .seq = IRS)
DROPPED ("rst-of-the-past",  "a RST that acknowledges less than the SYN", "RFC9293-3.10.7.3-b", RST|ACK, .seq = IRS, .ack = ISS)
DROPPED ("rst-of-unsent",    "a RST that acknowledges more than the SYN", "RFC9293-3.10.7.3-b", RST|ACK, .seq = IRS, .ack = ISS + 2)
DROPPED ("syn-ack-damaged",  "a SYN,ACK with a wrong checksum", "RFC9293-MUST-3", SYN|ACK, .corrupt = BAD_CHECKSUM)

REFUTED ("syn-ack-of-the-past", "a SYN,ACK of what came before the SYN", SYN|ACK, .ack = ISS)
REFUTED ("syn-ack-of-unsent",   "a SYN,ACK of one octet more than the SYN", SYN|ACK, .ack = ISS + 2)
REFUTED ("syn-ack-far",         "a SYN,ACK half the number space away", SYN|ACK, .ack = ISS + 0x7fffffff)
REFUTED ("fin-of-unsent",       "a FIN of what was never sent",  FIN|ACK, .seq = IRS + 1, .ack = ISS + 1000)
REFUTED ("text-of-unsent",      "text with an ACK of what was never sent", ACK, .seq = IRS + 1, .ack = ISS + 1000, .len = 20)
REFUTED ("syn-ack-text-of-unsent", "a SYN,ACK with text and an ACK of what was never sent", SYN|ACK, .ack = ISS + 1000, .len = 20)

ENDED   ("rst-ack-anywhere",  "a RST at any SEQ", RST|ACK, .seq = ZERO + 0x12345678, .ack = ISS + 1)
ENDED   ("rst-ack-with-text", "a RST with text",  RST|ACK, .seq = ZERO, .ack = ISS + 1, .len = 10)
ENDED   ("rst-syn-ack",       "a RST with SYN",   RST|SYN|ACK, .seq = IRS, .ack = ISS + 1)

/* ---- the SYN,ACK ---------------------------------------------------------------------------------------------------- */

{
    CASE  ("open/mss-sent", "The SYN of an active open carries an MSS, unless what the target can receive is the default"),
    REQS  ("RFC9293-SHLD-5", "RFC9293-MUST-14"),
    LADDER(
        APP     (OPEN),
        ONE_OF  (
            BY       ("RFC9293-MUST-14", IUT (SYN, .mss = SOME)),
            DEVIATES ("RFC9293-SHLD-5",  IUT (SYN, .mss = ABSENT))
        ),
        ANSWERED,
        ALIVE
    ),
},
{
    CASE  ("open/mss-obeyed", "An active opener obeys the MSS of the SYN,ACK"),
    REQS  ("RFC9293-MUST-16", "RFC9293-MUST-14"),
    LADDER(
        OPENED,
        PEER     (SYN|ACK, .mss = ZERO + 600),
        IUT      (ACK, .seq = ISS + 1, .ack = IRS + 1),
        APP      (SEND, .octets = 3000),
        IUT_SENDS(3000, .each = AT_MOST(ZERO + 600)),
        ALIVE
    ),
},
{
    CASE  ("open/no-mss", "A SYN,ACK without MSS lets segments of the default size leave, and no larger ones"),
    REQS  ("RFC9293-MUST-15", "RFC9293-MUST-16"),
    .tags = "@museum",
    LADDER(
        OPENED,
        PEER     (SYN|ACK, .mss = ABSENT),
        IUT      (ACK, .seq = ISS + 1, .ack = IRS + 1),
        APP      (SEND, .octets = 3000),
        IUT_SENDS(3000, .each = AT_MOST(DEFAULT_MSS)),
        ALIVE
    ),
},
{
    CASE  ("open/window-of-syn-ack", "No more leaves than the window of the SYN,ACK admits"),
    REQS  ("RFC9293-3.10.7.3-g", "RFC9293-3.10.7.4-ack-i"),
    LADDER(
        OPENED,
        PEER     (SYN|ACK, .mss = ZERO + 500, .wnd = ZERO + 1000),
        IUT      (ACK, .seq = ISS + 1, .ack = IRS + 1),
        APP      (SEND, .octets = 3000),
        IUT_SENDS(1000, .held = YES),
        SILENCE  (150),
        PEER     (ACK, .ack = SND_NXT, .wnd = ZERO + 20000),
        IUT_SENDS(2000),
        ALIVE
    ),
},
{
    CASE  ("open/syn-ack-with-text", "Text on the SYN,ACK is taken, or left to be sent again, never lost"),
    REQS  ("RFC9293-3.10.7.3-j", "RFC9293-3.10.7.3-g"),
    LADDER(
        OPENED,
        PEER    (SYN|ACK, .len = 100),
        ONE_OF  (
            BY ("RFC9293-3.10.7.3-j", IUT_ACKS (IRS + 101)),
            BY ("RFC9293-3.10.7.3-g", IUT_ACKS (IRS + 1), PEER (ACK, .len = 100), IUT_ACKS (RCV_NXT + 100))
        ),
        APP_SEES(DATA, .octets = 100),
        ALIVE
    ),
},
{
    CASE  ("open/syn-ack-with-fin", "A FIN on the SYN,ACK is taken, or left to be sent again"),
    REQS  ("RFC9293-3.10.7.3-j", "RFC9293-3.10.7.3-g"),
    LADDER(
        OPENED,
        PEER    (SYN|FIN|ACK),
        ONE_OF  (
            BY ("RFC9293-3.10.7.3-j", IUT_ACKS (IRS + 2)),
            BY ("RFC9293-3.10.7.3-g", IUT_ACKS (IRS + 1), PEER (FIN|ACK), IUT_ACKS (RCV_NXT + 1))
        ),
        APP_SEES(END),
        ALIVE
    ),
},
{
    CASE  ("open/syn-ack-again", "A repeated SYN,ACK is answered with an ACK, and changes nothing"),
    REQS  ("RFC9293-3.10.7.4-syn-c", "RFC9293-3.5.2-e"),
    LADDER(
        OPENED,
        ANSWERED,
        PEER    (SYN|ACK, .seq = IRS, .ack = ISS + 1),
        IUT     (ACK),
        ALIVE
    ),
},
{
    CASE  ("open/data-waits", "What is sent before the SYN,ACK came leaves after it"),
    REQS  ("RFC9293-3.10.2-c"),
    LADDER(
        OPENED,
        APP      (SEND, .octets = 300),
        SILENCE  (200),
        PEER     (SYN|ACK),
        ONE_OF   (
            BY ("RFC9293-3.10.7.3-i", IUT (PSH|ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 300), PEER (ACK)),
            BY ("RFC9293-3.10.7.3-g", IUT (ACK, .seq = ISS + 1, .ack = IRS + 1), IUT_SENDS (300))
        ),
        ALIVE
    ),
},
{
    CASE  ("open/two-at-once", "Two attempts at a time stay apart, in whatever order they are answered"),
    REQS  ("RFC9293-3.10.1-a", "RFC9293-3.10.7.3-g", "RFC9293-MUST-42"),
    LADDER(
        OPENED,
        ON      (1),
        OPENED,
        PEER    (SYN|ACK, .ack = ISS + 2),
        IUT     (RST, .seq = SEG_ACK),
        ANSWERED,
        ON      (0),
        ANSWERED,
        ALIVE,
        ON      (1),
        ALIVE
    ),
},

/* ---- simultaneous open ---------------------------------------------------------------------------------------------- */

{
    CASE  ("open/crossing-acked", "After crossing SYNs an ACK alone is enough"),
    REQS  ("RFC9293-MUST-10", "RFC9293-3.10.7.3-h"),
    LADDER(
        OPENED,
        PEER    (SYN),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        PEER    (ACK, .seq = IRS + 1, .ack = ISS + 1),
        ALIVE
    ),
},
{
    CASE  ("open/crossing-with-text", "Text on a crossing SYN is held for later or left to be sent again, never lost"),
    REQS  ("RFC9293-3.10.7.3-l", "RFC9293-3.10.7.3-h"),
    LADDER(
        OPENED,
        PEER    (SYN, .len = 100),
        IUT     (SYN|ACK, .seq = ISS, .ack = AT_LEAST(IRS + 1)),
        PEER    (ACK, .seq = IRS + 1, .ack = ISS + 1, .len = 100),
        IUT_ACKS(IRS + 101),
        APP_SEES(DATA, .octets = 100),
        ALIVE
    ),
},
{
    CASE  ("open/crossing-reset", "A RST after crossing SYNs ends the attempt: no listener is left"),
    REQS  ("RFC9293-MUST-11", "RFC9293-3.5.3-d", "RFC9293-3.5-g"),
    LADDER(
        OPENED,
        PEER    (SYN),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        PEER    (RST, .seq = IRS + 1),
        SILENCE (100),
        PEER    (SYN, .seq = IRS + 100000),
        IUT     (RST|ACK, .seq = ZERO, .ack = SEG_END)
    ),
},
{
    CASE  ("open/crossing-again", "The SYN,ACK that answers a crossing SYN is sent again until it is acknowledged"),
    REQS  ("RFC9293-3.10.8-b", "RFC9293-3.5-f"),
    LADDER(
        OPENED,
        PEER    (SYN),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1, .after = MEASURED),
        PEER    (ACK, .seq = IRS + 1, .ack = ISS + 1),
        ALIVE
    ),
},
{
    CASE  ("open/crossing-closes", "CLOSE after crossing SYNs: the FIN leaves at once, or once the connection stands"),
    REQS  ("RFC9293-3.10.4-c"),
    LADDER(
        OPENED,
        PEER    (SYN),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        APP     (CLOSE),
        PEER    (ACK, .seq = IRS + 1, .ack = ISS + 1),
        IUT     (FIN|ACK, .seq = ISS + 1, .ack = IRS + 1),
        PEER    (ACK),
        ALIVE
    ),
},

/* ---- the user changes his mind -------------------------------------------------------------------------------------- */

{
    CASE  ("open/closed-in-syn-sent", "CLOSE in SYN-SENT sends no FIN and leaves nothing behind"),
    REQS  ("RFC9293-3.10.4-b"),
    LADDER(
        OPENED,
        APP     (CLOSE_BOTH),
        SILENCE (200),
        PEER    (SYN|ACK),
        IUT     (RST, .seq = SEG_ACK)
    ),
},
{
    CASE  ("open/aborted-in-syn-sent", "ABORT in SYN-SENT leaves nothing behind"),
    REQS  ("RFC9293-3.10.5-a"),
    LADDER(
        OPENED,
        APP     (ABORT),
        SILENCE (200),
        PEER    (SYN|ACK),
        IUT     (RST, .seq = SEG_ACK)
    ),
},
{
    CASE  ("open/aborted-in-syn-received", "ABORT after crossing SYNs sends a RST"),
    REQS  ("RFC9293-3.10.5-b", "RFC9293-3.9.1.6-a"),
    LADDER(
        OPENED,
        PEER    (SYN),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        APP     (ABORT),
        IUT     (RST|MAY_ACK, .seq = ISS + 1),
        GONE
    ),
},
{
    CASE  ("open/three-minutes", "An unanswered SYN is not given up before three minutes have passed"),
    REQS  ("RFC9293-MUST-23"),
    LADDER(
        OPENED,
        WAIT    (SECONDS (178)),
        PEER    (SYN|ACK),
        IUT     (ACK, .seq = ISS + 1, .ack = IRS + 1),
        ALIVE
    ),
},
};

GROUP (open, "Active open", open_cases);
