#include "ladder.h"

/* clang-format off */

/* Idle for a second, then a probe a second: what RFC 9293 3.8.4 lets an application ask for (MUST-27). */
#define ASKED_FOR                                                                                       \
        ENTER    (ESTABLISHED),                                                                         \
        APP      (CONFIGURE, .setting = KEEP_ALIVE_INTERVAL, .value = 1000),                            \
        APP      (CONFIGURE, .setting = KEEP_ALIVE, .value = 1000)

/* A probe has SEQ=SND.NXT-1, and no data or an octet of garbage. */
#define PROBE(law)                                                                                      \
        ONE_OF   (                                                                                      \
            BY       (law,               IUT (ACK, .seq = SND_NXT - 1, .after = MEASURED)),             \
            DEVIATES ("RFC9293-SHLD-12", IUT (ACK, .seq = SND_NXT - 1, .len = 1, .after = MEASURED))    \
        )

static const struct ladder_case settings_cases[] = {
{
    CASE  ("settings/keep-alive-on-and-off", "An application that asks for keep-alives gets probes, and none once it has switched them off"),
    REQS  ("RFC9293-MUST-24", "RFC9293-3.8.4-c", "RFC9293-MUST-27"),
    LADDER(
        ASKED_FOR,
        PROBE    ("RFC9293-MUST-24"),
        PEER     (ACK),
        PROBE    ("RFC9293-MUST-24"),
        PEER     (ACK),
        APP      (CONFIGURE, .setting = KEEP_ALIVE, .value = 0),
        SILENCE  (2500),
        ALIVE
    ),
},
{
    CASE  ("settings/keep-alive-off", "A connection whose application asked for no keep-alives stays silent for a minute"),
    REQS  ("RFC9293-MUST-25", "RFC9293-MUST-28"),
    LADDER(
        ENTER    (ESTABLISHED),
        SILENCE  (MINUTES (1)),
        ALIVE
    ),
},
{
    CASE  ("settings/keep-alive-off-for-two-hours", "A connection whose application asked for no keep-alives stays silent for two hours and more"),
    REQS  ("RFC9293-MUST-25", "RFC9293-MUST-28"),
    .tags = "@hours",
    LADDER(
        ENTER    (ESTABLISHED),
        SILENCE  (HOURS (2) + MINUTES (10)),
        ALIVE
    ),
},
{
    CASE  ("settings/keep-alive-one-is-not-enough", "One probe that is not answered does not end the connection"),
    REQS  ("RFC9293-MUST-29"),
    LADDER(
        ASKED_FOR,
        PROBE    ("RFC9293-MUST-24"),
        PROBE    ("RFC9293-MUST-29"),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("settings/keep-alive-waits-for-silence", "What comes from the peer puts the next probe off"),
    REQS  ("RFC9293-MUST-26"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CONFIGURE, .setting = KEEP_ALIVE, .value = 2000),
        ROUNDS   (3,
            WAIT     (800),
            PEER     (ACK, .len = 10),
            IUT_ACKS (RCV_NXT + 10)),
        PROBE    ("RFC9293-MUST-26"),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("settings/keep-alive-not-while-outstanding", "While data is outstanding it is the data that is sent again, and no probe"),
    REQS  ("RFC9293-MUST-26"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CONFIGURE, .setting = KEEP_ALIVE, .value = 1000),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        IUT      (ACK, .seq = SND_UNA, .len = 100, .after = MEASURED),
        IUT      (ACK, .seq = SND_UNA, .len = 100, .after = MEASURED),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("settings/keep-alive-reset-by-peer", "A RST that answers a probe ends the connection, and the application is told"),
    REQS  ("RFC9293-3.5.1-d", "RFC9293-3.5.3-e"),
    LADDER(
        ASKED_FOR,
        PROBE    ("RFC9293-MUST-24"),
        PEER     (RST),
        APP_SEES (RESET),
        GONE
    ),
},
{
    CASE  ("settings/keep-alive-of-one", "Keep-alives that one connection asked for are not sent on another"),
    REQS  ("RFC9293-MUST-24", "RFC9293-MUST-25"),
    LADDER(
        ASKED_FOR,
        ON       (1),
        ENTER    (ESTABLISHED),
        ON       (0),
        PROBE    ("RFC9293-MUST-24"),
        PEER     (ACK),
        PROBE    ("RFC9293-MUST-24"),
        PEER     (ACK),
        ON       (1),
        ALIVE
    ),
},
{
    CASE  ("settings/keep-alive-in-close-wait", "Keep-alives that were asked for go on after the peer's FIN"),
    REQS  ("RFC9293-MUST-24", "RFC9293-3.8.4-c"),
    LADDER(
        ASKED_FOR,
        PEER     (FIN|ACK),
        IUT_ACKS (RCV_NXT + 1),
        PROBE    ("RFC9293-MUST-24"),
        PEER     (ACK),
        PROBE    ("RFC9293-MUST-24"),
        PEER     (ACK),
        ALIVE
    ),
},

/* ---- the user timeout ----------------------------------------------------------------------------------------------- */

{
    CASE  ("settings/user-timeout", "Data that is not acknowledged within the user timeout ends the connection, and the application is told"),
    REQS  ("RFC9293-MUST-21", "RFC9293-3.9.1.1-c"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CONFIGURE, .setting = USER_TIMEOUT, .value = 3000),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        WAIT     (12000),
        APP_SEES (TIMED_OUT),
        GONE
    ),
},
{
    CASE  ("settings/user-timeout-met", "An ACK before the user timeout keeps the connection"),
    REQS  ("RFC9293-MUST-21"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CONFIGURE, .setting = USER_TIMEOUT, .value = 10000),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        WAIT     (1500),
        PEER     (ACK, .ack = SND_NXT),
        WAIT     (12000),
        ALIVE
    ),
},
{
    CASE  ("settings/user-timeout-opening", "A SYN that is not answered within the user timeout ends the attempt, and the application is told"),
    REQS  ("RFC9293-MUST-21", "RFC9293-MUST-22", "RFC9293-3.8.3-a"),
    LADDER(
        APP      (OPEN),
        IUT      (SYN),
        APP      (CONFIGURE, .setting = USER_TIMEOUT, .value = 3000),
        WAIT     (12000),
        APP_SEES (TIMED_OUT),
        PEER     (SYN|ACK),
        IUT      (RST, .seq = SEG_ACK)
    ),
},
{
    CASE  ("settings/user-timeout-closing", "A FIN that is not acknowledged within the user timeout ends the connection, and the application is told"),
    REQS  ("RFC9293-3.6-g", "RFC9293-MUST-21", "RFC9293-3.10.8-a"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CONFIGURE, .setting = USER_TIMEOUT, .value = 3000),
        APP      (CLOSE),
        IUT      (FIN|ACK),
        WAIT     (12000),
        APP_SEES (TIMED_OUT),
        GONE
    ),
},
{
    CASE  ("settings/user-timeout-idle", "A connection on which nothing is outstanding outlives the user timeout"),
    REQS  ("RFC9293-MUST-21", "RFC9293-3.9.1.1-c"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CONFIGURE, .setting = USER_TIMEOUT, .value = 2000),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100),
        SILENCE  (8000),
        ALIVE,
        APP      (SEND, .octets = 100),
        IUT_SENDS(100),
        ALIVE
    ),
},
{
    CASE  ("settings/user-timeout-anew", "The user timeout counts from what is outstanding, not from the beginning"),
    REQS  ("RFC9293-MUST-21", "RFC9293-3.9.1.1-c"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CONFIGURE, .setting = USER_TIMEOUT, .value = 6000),
        ROUNDS   (4,
            APP      (SEND, .octets = 100),
            IUT_SENDS(100, .held = YES),
            WAIT     (2500),
            PEER     (ACK, .ack = SND_NXT)),
        ALIVE
    ),
},

/* ---- Nagle ---------------------------------------------------------------------------------------------------------- */

{
    CASE  ("settings/nagle-off", "With the Nagle algorithm switched off a small SEND leaves at once, whatever is outstanding"),
    REQS  ("RFC9293-MUST-17"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CONFIGURE, .setting = NAGLE, .value = 0),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        APP      (SEND, .octets = 100),
        IUT      (PSH|ACK, .len = 100, .after = MS (0, 150)),
        PEER     (ACK, .ack = SND_NXT),
        ALIVE
    ),
},
{
    CASE  ("settings/nagle-off-each", "With the Nagle algorithm switched off each of three small SENDs leaves by itself"),
    REQS  ("RFC9293-MUST-17"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 1000),
        APP      (CONFIGURE, .setting = NAGLE, .value = 0),
        APP      (SEND, .octets = 3000),                    /* opens the congestion window */
        IUT_SENDS(3000),
        APP      (SEND, .octets = 10),
        IUT_SENDS(10, .held = YES),
        APP      (SEND, .octets = 20),
        IUT      (PSH|ACK, .len = 20, .after = MS (0, 150)),
        APP      (SEND, .octets = 30),
        IUT      (PSH|ACK, .len = 30, .after = MS (0, 150)),
        PEER     (ACK, .ack = SND_NXT),
        ALIVE
    ),
},
{
    CASE  ("settings/nagle-on-again", "The Nagle algorithm that was switched off and on again holds small data back"),
    REQS  ("RFC9293-SHLD-7", "RFC9293-3.7.4-a", "RFC9293-MUST-17"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CONFIGURE, .setting = NAGLE, .value = 0),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        APP      (SEND, .octets = 100),
        IUT      (PSH|ACK, .len = 100, .after = MS (0, 150)),
        PEER     (ACK, .ack = SND_NXT),
        APP      (CONFIGURE, .setting = NAGLE, .value = 1),
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
    CASE  ("settings/nagle-of-one", "The Nagle algorithm that one connection switched off still holds back on another"),
    REQS  ("RFC9293-MUST-17", "RFC9293-SHLD-7"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CONFIGURE, .setting = NAGLE, .value = 0),
        ON       (1),
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        APP      (SEND, .octets = 100),
        ONE_OF   (
            BY       ("RFC9293-SHLD-7", SILENCE (100), PEER (ACK), IUT_SENDS (100)),
            DEVIATES ("RFC9293-SHLD-7", IUT (ACK, .len = 100), PEER (ACK))
        ),
        ON       (0),
        ALIVE
    ),
},
};

GROUP (settings, "What an application may set", settings_cases);
