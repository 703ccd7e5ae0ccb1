#include "ladder.h"

/* clang-format off */

/* RFC 9293 3.10.7.1: one row for each combination of flags at a closed port. Without ACK the reply counts SEG.LEN. */
#define CLOSED_COUNTS(slug, text, clause, ...)                                                          \
{                                                                                                       \
    CASE  ("ports/closed-" slug, text ": the closed port's RST has SEQ 0 and acknowledges all of it"),  \
    REQS  (clause, "RFC9293-3.5.2-c", "RFC9293-3.5.2-a"),                                               \
    LADDER(                                                                                             \
        ENTER   (CLOSED),                                                                               \
        PEER    (__VA_ARGS__),                                                                          \
        IUT     (RST|ACK, .seq = ZERO, .ack = SEG_END)                                                  \
    ),                                                                                                  \
},

/* With ACK it takes its SEQ from there and has no ACK itself. */
#define CLOSED_ECHOES(slug, text, flags, ...)                                                           \
{                                                                                                       \
    CASE  ("ports/closed-" slug, text ": the closed port's RST takes its SEQ from the ACK"),            \
    REQS  ("RFC9293-3.10.7.1-c", "RFC9293-3.5.2-b", "RFC9293-3.5.2-a"),                                 \
    LADDER(                                                                                             \
        ENTER   (CLOSED),                                                                               \
        PEER    (flags, .seq = ZERO + 5000, .ack = ZERO + 3000000000, __VA_ARGS__),                     \
        IUT     (RST, .seq = SEG_ACK)                                                                   \
    ),                                                                                                  \
},

#define CLOSED_IGNORES(slug, text, ...)                                                                 \
{                                                                                                       \
    CASE  ("ports/closed-" slug, text " at a closed port draws nothing"),                               \
    REQS  ("RFC9293-3.10.7.1-a"),                                                                       \
    .tags = "@museum",                                                                                  \
    LADDER(                                                                                             \
        ENTER   (CLOSED),                                                                               \
        PEER    (__VA_ARGS__),                                                                          \
        SILENCE (300),                                                                                  \
        GONE                                                                                            \
    ),                                                                                                  \
},

/* RFC 9293 3.10.7.2: first RST, then ACK, then SYN, then nothing. */
#define LISTEN_ECHOES(slug, text, flags, ...)                                                           \
{                                                                                                       \
    CASE  ("ports/listen-" slug, text " at a listener draws a RST from its ACK, and the listener goes on"), \
    REQS  ("RFC9293-3.10.7.2-j", "RFC9293-3.10.7.2-b"),                                                 \
    LADDER(                                                                                             \
        ENTER   (LISTEN),                                                                               \
        PEER    (flags, .seq = ZERO + 5000, .ack = ZERO + 3000000000, __VA_ARGS__),                     \
        IUT     (RST, .seq = SEG_ACK),                                                                  \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

#define LISTEN_IGNORES(slug, text, clause, ...)                                                         \
{                                                                                                       \
    CASE  ("ports/listen-" slug, text " at a listener draws nothing, and the listener goes on"),        \
    REQS  (clause),                                                                                     \
    LADDER(                                                                                             \
        ENTER   (LISTEN),                                                                               \
        PEER    (__VA_ARGS__),                                                                          \
        SILENCE (300),                                                                                  \
        ON      (FRESH),                                                                                \
        ENTER   (ESTABLISHED),                                                                          \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

/* Controls beside SYN wait for SYN-RECEIVED; the SYN is answered. */
#define LISTEN_OPENS(slug, text, ...)                                                                   \
{                                                                                                       \
    CASE  ("ports/listen-" slug, "A SYN with " text " is a SYN for a listener"),                        \
    REQS  ("RFC9293-3.10.7.2-e", "RFC9293-3.10.7.2-f"),                                                 \
    LADDER(                                                                                             \
        ENTER   (LISTEN),                                                                               \
        PEER    (__VA_ARGS__),                                                                          \
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),                                                  \
        PEER    (ACK),                                                                                  \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

static const struct ladder_case ports_cases[] = {

/* ---- a closed port --------------------------------------------------------------------------------------------------- */

CLOSED_COUNTS  ("syn",          "A SYN",                          "RFC9293-3.10.7.1-b", SYN)
CLOSED_COUNTS  ("syn-data",     "A SYN with data",                "RFC9293-3.10.7.1-d", SYN, .len = 7)
CLOSED_COUNTS  ("syn-fin",      "SYN and FIN together",           "RFC9293-3.10.7.1-d", SYN|FIN)
CLOSED_COUNTS  ("syn-fin-data", "SYN, FIN and data",              "RFC9293-3.10.7.1-d", SYN|FIN|PSH|URG, .len = 7)
CLOSED_COUNTS  ("fin",          "A FIN",                          "RFC9293-3.10.7.1-d", FIN)
CLOSED_COUNTS  ("null",         "A segment without any flag",     "RFC9293-3.10.7.1-f", 0)
CLOSED_COUNTS  ("data",         "Data without any flag",          "RFC9293-3.10.7.1-e", 0, .len = 7)
CLOSED_COUNTS  ("psh-urg",      "PSH and URG with data",          "RFC9293-3.10.7.1-d", PSH|URG, .len = 7, .up = 3)
CLOSED_COUNTS  ("christmas",    "FIN, PSH and URG together",      "RFC9293-3.10.7.1-d", FIN|PSH|URG)
CLOSED_COUNTS  ("wrap",         "A SYN at 2^32 - 1",              "RFC9293-3.10.7.1-b", SYN, .seq = ZERO + 0xffffffff)

CLOSED_ECHOES  ("ack",          "An ACK",                         ACK, .len = ZERO)
CLOSED_ECHOES  ("ack-data",     "An ACK with data",               ACK|PSH, .len = 7)
CLOSED_ECHOES  ("syn-ack",      "A SYN,ACK",                      SYN|ACK, .len = ZERO)
CLOSED_ECHOES  ("fin-ack",      "A FIN,ACK",                      FIN|ACK, .len = ZERO)
CLOSED_ECHOES  ("all-but-rst",  "Every flag but RST",             SYN|FIN|ACK|PSH|URG, .len = 7)

CLOSED_IGNORES ("rst",          "A RST",                          RST)
CLOSED_IGNORES ("rst-ack",      "A RST,ACK",                      RST|ACK, .ack = ZERO + 1000)
CLOSED_IGNORES ("rst-syn",      "A RST with SYN",                 RST|SYN)
CLOSED_IGNORES ("rst-data",     "A RST with data and FIN",        RST|FIN|PSH, .len = 7)

/* ---- a listener ------------------------------------------------------------------------------------------------------ */

LISTEN_ECHOES  ("ack-data",     "An ACK with data",               ACK|PSH, .len = 7)
LISTEN_ECHOES  ("fin-ack",      "A FIN,ACK",                      FIN|ACK, .len = ZERO)
LISTEN_ECHOES  ("urg-ack",      "An ACK with URG",                URG|ACK, .len = ZERO, .up = 3)
LISTEN_ECHOES  ("syn-ack-data", "A SYN,ACK with data",            SYN|ACK, .len = 7)
LISTEN_ECHOES  ("all-but-rst",  "Every flag but RST",             SYN|FIN|ACK|PSH|URG, .len = 7)

LISTEN_IGNORES ("rst-syn",      "A RST with SYN",                 "RFC9293-3.10.7.2-a", RST|SYN)
LISTEN_IGNORES ("rst-syn-ack",  "A RST with SYN and ACK",         "RFC9293-3.10.7.2-d", RST|SYN|ACK, .ack = ZERO + 1000)
LISTEN_IGNORES ("rst-fin",      "A RST with FIN and data",        "RFC9293-3.10.7.2-a", RST|FIN, .len = 7)
LISTEN_IGNORES ("null",         "A segment without any flag",     "RFC9293-3.10.7.2-g", 0)
LISTEN_IGNORES ("data",         "Data without any flag",          "RFC9293-3.10.7.2-g", 0, .len = 7)
LISTEN_IGNORES ("fin",          "A FIN",                          "RFC9293-3.10.7.2-g", FIN)
LISTEN_IGNORES ("psh-urg",      "PSH and URG with data",          "RFC9293-3.10.7.2-g", PSH|URG, .len = 7, .up = 3)
LISTEN_IGNORES ("christmas",    "FIN, PSH and URG together",      "RFC9293-3.10.7-x",   FIN|PSH|URG)

LISTEN_OPENS   ("syn-psh",      "PSH",                            SYN|PSH)
LISTEN_OPENS   ("syn-urg",      "URG and a pointer",              SYN|URG, .up = 10)
{
    CASE  ("ports/listen-syn-fin", "A SYN with FIN at a listener is a SYN, or dropped; the listener goes on"),
    REQS  ("RFC9293-3.10.7.2-h", "RFC9293-3.10.7-x"),
    .tags = "@museum",
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN|FIN),
        ONE_OF  (
            BY ("RFC9293-3.10.7.2-h", IUT (SYN|ACK, .seq = ISS, .ack = AT_LEAST(IRS + 1)), PEER (RST)),
            BY ("RFC9293-3.10.7-x",   SILENCE (600))
        ),
        ON      (FRESH),
        ENTER   (ESTABLISHED),
        ALIVE
    ),
},

/* ---- between ports --------------------------------------------------------------------------------------------------- */

{
    CASE  ("ports/other-source-port", "A segment from another port does not touch a connection, and draws a RST"),
    REQS  ("RFC9293-3.10.7.2-b", "RFC9293-3.5.1-b"),
    LADDER(
        ENTER   (ESTABLISHED),
        ON      (FRESH),
        PEER    (ACK, .seq = ZERO + 5000, .ack = ZERO + 70000, .len = 10),
        IUT     (RST|MAY_ACK, .seq = SEG_ACK, .ack = ANY),
        ON      (0),
        ALIVE
    ),
},
{
    CASE  ("ports/three-connections", "Three connections to one listener: each has its own numbers and its own octets"),
    REQS  ("RFC9293-MUST-42", "RFC9293-3.10.7.2-e"),
    LADDER(
        ENTER    (ESTABLISHED),
        ON       (1),
        ENTER    (ESTABLISHED),
        ON       (2),
        ENTER    (ESTABLISHED),
        PEER     (ACK, .len = 30),
        IUT_ACKS (RCV_NXT + 30),
        APP_SEES (DATA, .octets = 30),
        ON       (0),
        PEER     (ACK, .len = 100),
        IUT_ACKS (RCV_NXT + 100),
        APP_SEES (DATA, .octets = 100),
        ON       (1),
        PEER     (RST),
        GONE,
        ON       (0),
        ALIVE,
        ON       (2),
        ALIVE
    ),
},
};

GROUP (ports, "Closed ports and listeners", ports_cases);
