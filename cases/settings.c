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
};

GROUP (settings, "What an application may set", settings_cases);
