#include "ladder.h"

/* clang-format off */

/* RFC 6093 3.3: urgent octets belong to the stream. An application that has them taken out of it would not read what we sent, so
 * these cases make a user call: who can be asked so reads in line. */
#define IN_LINE APP (RECEIVE)

/* Pointers that make no sense: survived, and every octet delivered once, in order. */
#define POINTER(slug, text, ...)                                                                        \
{                                                                                                       \
    CASE  ("urgent/" slug, text " is survived, and no octet of the stream is lost"),                    \
    REQS  ("RFC9293-3.8.5-c", "RFC6093-3.3-a"),                                                         \
    .tags = "@museum @disruptive",                                                                      \
    LADDER(                                                                                             \
        ENTER   (ESTABLISHED),                                                                          \
        IN_LINE,                                                                                        \
        PEER    (URG|PSH|ACK, __VA_ARGS__),                                                             \
        IUT_ACKS(RCV_NXT + 20),                                                                         \
        PEER    (ACK, .len = 20),                                                                       \
        IUT_ACKS(RCV_NXT + 20),                                                                         \
        APP_SEES(DATA, .octets = 40),                                                                   \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

static const struct ladder_case urgent_cases[] = {
{
    CASE  ("urgent/told", "The application learns of urgent data, and reads every octet of it"),
    REQS  ("RFC9293-MUST-30", "RFC9293-MUST-32", "RFC9293-3.10.7.4-ESTABLISHED-urg", "RFC6093-3.3-a"),
    LADDER(
        ENTER   (ESTABLISHED),
        IN_LINE,
        PEER    (URG|ACK, .len = 20, .up = 20),
        IUT_ACKS(RCV_NXT + 20),
        APP_SEES(URGENT),
        APP_SEES(DATA, .octets = 20),
        ALIVE
    ),
},
{
    CASE  ("urgent/without-flag", "A pointer without URG harms nothing: the data is taken"),
    REQS  ("RFC9293-3.10.7.4-ESTABLISHED-data"),
    LADDER(
        ENTER   (ESTABLISHED),
        IN_LINE,
        PEER    (ACK, .len = 20, .up = 10),
        IUT_ACKS(RCV_NXT + 20),
        APP_SEES(DATA, .octets = 20),
        ALIVE
    ),
},
{
    CASE  ("urgent/long", "Urgent data of several segments is taken whole"),
    REQS  ("RFC9293-MUST-31", "RFC6093-3.3-a"),
    LADDER(
        ENTER   (ESTABLISHED),
        IN_LINE,
        PEER    (URG|ACK, .len = 500, .up = 1500),
        IUT_ACKS(RCV_NXT + 500),
        PEER    (URG|ACK, .len = 500, .up = 1000),
        IUT_ACKS(RCV_NXT + 500),
        PEER    (URG|ACK, .len = 500, .up = 500),
        IUT_ACKS(RCV_NXT + 500),
        APP_SEES(URGENT),
        APP_SEES(DATA, .octets = 1500),
        ALIVE
    ),
},
{
    CASE  ("urgent/told-again", "In urgent mode or after it, the application learns of every advance of the pointer"),
    REQS  ("RFC9293-MUST-32", "RFC9293-3.10.7.4-urg-a"),
    LADDER(
        ENTER   (ESTABLISHED),
        IN_LINE,
        PEER    (URG|ACK, .len = 20, .up = 20),
        IUT_ACKS(RCV_NXT + 20),
        APP_SEES(URGENT, .octets = 20),
        PEER    (ACK, .len = 10),
        IUT_ACKS(RCV_NXT + 10),
        PEER    (URG|ACK, .len = 20, .up = 20),
        IUT_ACKS(RCV_NXT + 20),
        APP_SEES(URGENT, .octets = 50),
        APP_SEES(DATA, .octets = 50),
        ALIVE
    ),
},
{
    CASE  ("urgent/moves-on-unread", "A pointer that moves on before the application has read says where urgent data now ends"),
    REQS  ("RFC9293-3.10.7.4-urg-a", "RFC9293-MUST-32", "RFC9293-3.8.5-d"),
    LADDER(
        ENTER   (ESTABLISHED),
        APP     (PAUSE_READING),
        PEER    (URG|ACK, .len = 20, .up = 20),
        IUT_ACKS(RCV_NXT + 20),
        APP_SEES(URGENT),
        PEER    (URG|ACK, .len = 30, .up = 30),
        IUT_ACKS(RCV_NXT + 30),
        APP     (RECEIVE),
        APP_SEES(URGENT, .octets = 50),
        APP_SEES(DATA, .octets = 50),
        ALIVE
    ),
},
{
    CASE  ("urgent/told-ahead", "An empty segment may announce urgent data: where it ends is kept until it comes"),
    REQS  ("RFC9293-3.8.5-b", "RFC9293-MUST-32", "RFC9293-3.10.7.4-ESTABLISHED-urg"),
    LADDER(
        ENTER   (ESTABLISHED),
        IN_LINE,
        PEER    (URG|ACK, .up = 150),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        APP_SEES(URGENT, .octets = 150),
        APP_SEES(DATA, .octets = 200),
        ALIVE
    ),
},
{
    CASE  ("urgent/beyond-window", "An urgent pointer on a segment beyond the window counts for nothing"),
    REQS  ("RFC9293-3.10.7.4-seq-g", "RFC9293-3.10.7.4-seq-j"),
    LADDER(
        ENTER   (ESTABLISHED),
        IN_LINE,
        PEER    (URG|ACK, .seq = RCV_NXT + RCV_WND + 1, .len = 20, .up = 20),
        IUT     (ACK),
        PEER    (URG|ACK, .len = 20, .up = 20),
        IUT_ACKS(RCV_NXT + 20),
        APP_SEES(URGENT, .octets = 20),
        APP_SEES(DATA, .octets = 20),
        ALIVE
    ),
},
{
    CASE  ("urgent/told-after-close", "After its own FIN the target still tells its application of urgent data"),
    REQS  ("RFC9293-3.10.7.4-*-urg", "RFC9293-3.10.7.4-urg-a"),
    STATES(FIN_WAIT_1, FIN_WAIT_2),
    LADDER(
        ENTER   (EACH),
        PEER    (URG|ACK, .len = 20, .up = 20),
        ONE_OF  (
            BY ("RFC9293-3.10.7.4-urg-a", IUT_ACKS (RCV_NXT + 20), APP_SEES (URGENT, .octets = 20), APP_SEES (DATA, .octets = 20)),
            BY ("RFC9293-SHLD-3",         IUT (RST|MAY_ACK, .seq = ANY, .ack = ANY), GONE)  /* half-duplex close, MAY-1 */
        )
    ),
},
POINTER ("pointer-0",        "An urgent pointer of 0",                       .len = 20)
POINTER ("pointer-odd",      "An urgent pointer in the middle of the data",  .len = 20, .up = 7)
POINTER ("pointer-beyond",   "An urgent pointer of 65535 on 20 octets",      .len = 20, .up = ZERO + 65535)
POINTER ("pointer-one-past", "An urgent pointer one beyond the data",        .len = 20, .up = 21)
{
    CASE  ("urgent/pointer-before-data", "Urgent pointers on empty segments, far ahead, harm nothing"),
    REQS  ("RFC9293-3.8.5-b", "RFC9293-3.8.5-c"),
    .tags = "@museum @disruptive",
    LADDER(
        ENTER   (ESTABLISHED),
        IN_LINE,
        PEER    (URG|ACK, .up = 10),
        PEER    (URG|ACK, .up = ZERO + 65535),
        PEER    (URG|ACK),
        PEER    (ACK, .len = 20),
        IUT_ACKS(RCV_NXT + 20),
        APP_SEES(DATA, .octets = 20),
        ALIVE
    ),
},
{
    CASE  ("urgent/recedes", "An urgent pointer that goes back is survived, and no octet is lost"),
    REQS  ("RFC9293-3.8.5-c", "RFC6093-3.3-a"),
    .tags = "@museum",
    LADDER(
        ENTER   (ESTABLISHED),
        IN_LINE,
        PEER    (URG|ACK, .len = 20, .up = 100),
        IUT_ACKS(RCV_NXT + 20),
        PEER    (URG|ACK, .len = 20, .up = 5),
        IUT_ACKS(RCV_NXT + 20),
        PEER    (URG|ACK, .seq = RCV_NXT - 20, .len = 20, .up = 1),
        IUT     (ACK),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        APP_SEES(DATA, .octets = 140),
        ALIVE
    ),
},
{
    CASE  ("urgent/above-gap", "Urgent data above a gap is delivered in its place"),
    REQS  ("RFC9293-3.8.5-c", "RFC9293-3.10.7.4-seq-k"),
    .tags = "@museum @disruptive",
    LADDER(
        ENTER   (ESTABLISHED),
        IN_LINE,
        PEER    (URG|ACK, .seq = RCV_NXT + 100, .len = 50, .up = 7),
        IUT     (ACK),
        PEER    (ACK, .len = 100),
        ONE_OF  (
            BY       ("RFC9293-SHLD-31", IUT_ACKS (RCV_NXT + 150)),
            DEVIATES ("RFC9293-SHLD-31", IUT_ACKS (RCV_NXT + 100), PEER (ACK, .len = 50), IUT_ACKS (RCV_NXT + 50))
        ),
        APP_SEES(DATA, .octets = 150),
        ALIVE
    ),
},
{
    CASE  ("urgent/while-connecting", "URG on the segments of a handshake harms neither the connection nor the stream"),
    REQS  ("RFC9293-3.10.7.4-SYN-RECEIVED-urg", "RFC9293-3.8.5-c"),
    .tags = "@museum @disruptive",
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN|URG, .up = 100),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        PEER    (URG|ACK, .up = 50),
        IN_LINE,
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        APP_SEES(DATA, .octets = 100),
        ALIVE
    ),
},
{
    CASE  ("urgent/while-opening", "URG on the SYN,ACK and its pointer do not keep an active open from succeeding"),
    REQS  ("RFC9293-3.10.7.3-j", "RFC9293-3.8.5-c"),
    .tags = "@museum @disruptive",
    LADDER(
        APP     (OPEN),
        IUT     (SYN),
        PEER    (SYN|URG|ACK, .up = ZERO + 65535),
        IUT     (ACK, .seq = ISS + 1, .ack = IRS + 1),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        APP_SEES(DATA, .octets = 100),
        ALIVE
    ),
},
{
    CASE  ("urgent/after-fin", "URG after the peer's FIN is ignored"),
    REQS  ("RFC9293-3.10.7.4-*-urg", "RFC9293-3.10.7.4-urg-b"),
    .tags = "@museum",
    STATES(CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT),
    LADDER(
        ENTER   (EACH),
        PEER    (URG|ACK, .up = 10),
        WAIT    (600),                                      /* in TIME-WAIT whatever comes may be acknowledged */
        ALIVE
    ),
},
{
    CASE  ("urgent/sent", "SEND with urgent data sets URG, and the pointer names the octet behind it"),
    REQS  ("RFC9293-MUST-62", "RFC9293-3.9.1.2-b", "RFC6093-4-a"),
    LADDER(
        ENTER   (ESTABLISHED),
        APP     (SEND_URGENT, .octets = 20),
        IUT     (URG|ACK, .len = 20, .up = ZERO + 20),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("urgent/sent-long", "Of urgent data in several segments each has URG, and a pointer to the end of it all"),
    REQS  ("RFC9293-MUST-62", "RFC9293-MUST-31", "RFC6093-4-a"),
    LADDER(
        ENTER   (ESTABLISHED, .mss = 500),
        APP     (SEND_URGENT, .octets = 1500),
        IUT     (URG|ACK, .len = 500, .up = ZERO + 1500),
        PEER    (ACK),
        IUT     (URG|ACK, .len = 500, .up = ZERO + 1000),
        PEER    (ACK),
        IUT     (URG|ACK, .len = 500, .up = ZERO + 500),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("urgent/sent-again", "Urgent data that is sent again is still urgent"),
    REQS  ("RFC9293-MUST-62", "RFC9293-3.9.1.2-b"),
    LADDER(
        ENTER   (ESTABLISHED),
        APP     (SEND_URGENT, .octets = 20),
        IUT     (URG|ACK, .len = 20, .up = ZERO + 20),
        IUT     (URG|ACK, .seq = SND_UNA, .len = 20, .up = ZERO + 20, .after = MEASURED),
        PEER    (ACK, .ack = SND_NXT),
        ALIVE
    ),
},
{
    CASE  ("urgent/sent-twice", "Urgent data behind urgent data has a pointer of its own, and what follows it is not urgent"),
    REQS  ("RFC9293-MUST-62", "RFC9293-3.8.5-e"),
    LADDER(
        ENTER   (ESTABLISHED),
        APP     (SEND_URGENT, .octets = 20),
        IUT     (URG|ACK, .len = 20, .up = ZERO + 20),
        PEER    (ACK),
        APP     (SEND_URGENT, .octets = 30),
        IUT     (URG|ACK, .len = 30, .up = ZERO + 30),
        PEER    (ACK),
        APP     (SEND, .octets = 10),
        IUT     (ACK, .len = 10),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("urgent/sent-behind-normal", "Urgent data behind data that waits for the window: all of it says where urgent data ends"),
    REQS  ("RFC9293-MUST-62", "RFC9293-3.9.1.2-b"),
    LADDER(
        ENTER   (ESTABLISHED, .mss = 500),
        APP     (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        PEER    (ACK, .wnd = ZERO),
        WAIT    (30),                                       /* a user call may overtake a segment of ours on its way */
        APP     (SEND, .octets = 500),
        APP     (SEND_URGENT, .octets = 20),
        WAIT    (30),
        PEER    (ACK, .ack = SND_UNA, .wnd = 5000),
        IUT     (URG|ACK, .seq = SND_UNA, .len = 500, .up = ZERO + 520),
        PEER    (ACK),
        IUT     (URG|ACK, .seq = SND_UNA, .len = 20, .up = ZERO + 20),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("urgent/sent-zero-window", "Urgent data behind a closed window is announced without it, and sent when the window opens"),
    REQS  ("RFC9293-3.8.5-b", "RFC9293-MUST-62", "RFC9293-MUST-36"),
    LADDER(
        ENTER   (ESTABLISHED),
        APP     (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        PEER    (ACK, .wnd = ZERO),
        WAIT    (30),
        APP     (SEND_URGENT, .octets = 20),
        ONE_OF  (                                           /* at once, or with the first probe */
            BY ("RFC9293-3.8.5-b",   IUT (URG|ACK, .seq = SND_UNA,     .up = ZERO + 20, .after = MEASURED)),
            BY ("RFC9293-3.8.5-b",   IUT (URG|ACK, .seq = SND_UNA - 1, .up = ZERO + 21, .after = MEASURED)),
            BY ("RFC9293-3.8.6.1-a", IUT (URG|ACK, .seq = SND_UNA, .len = SOME, .up = ZERO + 20, .after = MEASURED))
        ),
        MAYBE   ("RFC9293-3.8.6.1-a", IUT (URG|ACK, .seq = SND_UNA - 1, .up = ZERO + 21)),
        PEER    (ACK, .ack = SND_UNA, .wnd = 5000),
        ONE_OF  (                                           /* what a probe has brought already may not be repeated */
            BY ("RFC9293-3.8.6.1-c", IUT (URG|ACK, .seq = SND_UNA, .len = 20, .up = ZERO + 20)),
            BY ("RFC9293-3.8.6.1-c", IUT (URG|ACK, .len = 19, .up = ZERO + 19))
        ),
        PEER    (ACK, .ack = SND_NXT),
        ALIVE
    ),
},
{
    CASE  ("urgent/sent-in-close-wait", "In CLOSE-WAIT urgent data is sent as before"),
    REQS  ("RFC9293-3.9.1.2-b", "RFC9293-MUST-62", "RFC9293-3.10.2-d"),
    LADDER(
        ENTER   (CLOSE_WAIT),
        APP     (SEND_URGENT, .octets = 20),
        IUT     (URG|ACK, .len = 20, .up = ZERO + 20),
        PEER    (ACK),
        ALIVE
    ),
},
};

GROUP (urgent, "Urgent data", urgent_cases);
