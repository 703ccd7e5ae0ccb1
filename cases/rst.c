#include "ladder.h"

/* clang-format off */

/* RFC 5961 is optional in RFC 9293 3.10.7.4: the older behaviour comes through as a deviation from its recommendation. */
#define CHALLENGED                                                                                      \
        ONE_OF  (                                                                                       \
            BY       ("RFC9293-3.10.7.4-*-rst-inwin", IUT (ACK), ALIVE),                                \
            DEVIATES ("RFC5961-3.2-a",                SILENCE (200), GONE)                              \
        )

#define SYNCHRONIZED STATES (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK)

static const struct ladder_case rst_cases[] = {
{
    CASE  ("rst/below-window", "A RST just below the window is ignored"),
    REQS  ("RFC9293-3.10.7.4-*-rst-oow", "RFC5961-3.2-b"),
    SYNCHRONIZED,
    LADDER(
        ENTER   (EACH),
        PEER    (RST, .seq = RCV_NXT - 2),
        SILENCE (PROVEN),
        ALIVE
    ),
},
{
    CASE  ("rst/beyond-window", "A RST beyond the window is ignored"),
    REQS  ("RFC9293-3.10.7.4-*-rst-oow", "RFC5961-3.2-b"),
    SYNCHRONIZED,
    LADDER(
        ENTER   (EACH),
        PEER    (RST, .seq = RCV_NXT + RCV_WND + 1),
        SILENCE (PROVEN),
        ALIVE
    ),
},
{
    CASE  ("rst/right-edge", "A RST at the right edge of the window, the first octet outside, is ignored"),
    REQS  ("RFC5961-3.2-g", "RFC9293-3.10.7.4-ESTABLISHED-rst-oow"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (RST, .seq = RCV_NXT + RCV_WND),
        SILENCE (PROVEN),
        ALIVE
    ),
},
{
    CASE  ("rst/exact", "A RST at RCV.NXT resets"),
    REQS  ("RFC9293-3.10.7.4-*-rst-exact", "RFC5961-3.2-c"),
    SYNCHRONIZED,
    LADDER(
        ENTER   (EACH),
        PEER    (RST),
        SILENCE (200),
        GONE
    ),
},
{
    CASE  ("rst/one-above", "A RST one above RCV.NXT draws a challenge ACK"),
    REQS  ("RFC9293-3.10.7.4-*-rst-inwin", "RFC5961-3.2-d", "RFC5961-3.2-e"),
    SYNCHRONIZED,
    LADDER(
        ENTER   (EACH),
        PEER    (RST, .seq = RCV_NXT + 1),
        CHALLENGED
    ),
},
{
    CASE  ("rst/last-octet", "A RST at the last octet of the window draws a challenge ACK"),
    REQS  ("RFC9293-3.10.7.4-*-rst-inwin", "RFC5961-3.2-g"),
    SYNCHRONIZED,
    LADDER(
        ENTER   (EACH),
        PEER    (RST, .seq = RCV_NXT + RCV_WND - 1),
        CHALLENGED
    ),
},
{
    CASE  ("rst/told", "The application learns of a reset"),
    REQS  ("RFC9293-3.5.3-e", "RFC9293-3.10.7.4-rst-g", "RFC9293-MUST-12"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (RST),
        APP_SEES(RESET),
        GONE
    ),
},
{
    CASE  ("rst/ack-not-consulted", "The ACK field of a RST is not consulted in a synchronized state"),
    REQS  ("RFC9293-3.10.7.4-rst-i"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (RST|ACK, .ack = SND_UNA - 1000),
        SILENCE (200),
        GONE
    ),
},
{
    CASE  ("rst/with-data", "A RST that carries data is a RST"),
    REQS  ("RFC9293-SHLD-2", "RFC9293-3.10.7.4-rst-j"),
    LADDER(
        ENTER   (ESTABLISHED),
        PEER    (RST|ACK, .len = 20),
        SILENCE (200),
        GONE
    ),
},
{
    CASE  ("rst/closed-port", "A closed port answers all but RST with the RST of RFC 9293 3.10.7.1"),
    REQS  ("RFC9293-3.10.7.1-b", "RFC9293-3.10.7.1-c", "RFC9293-3.10.7.1-d", "RFC9293-3.10.7.1-a", "RFC9293-3.5.2-a"),
    LADDER(
        ENTER   (CLOSED),
        PEER    (SYN),
        IUT     (RST|ACK, .seq = ZERO, .ack = SEG_END),
        PEER    (SYN, .len = 7),
        IUT     (RST|ACK, .seq = ZERO, .ack = SEG_END),
        PEER    (ACK, .seq = ZERO + 1000, .ack = ZERO + 777000, .len = 5),
        IUT     (RST, .seq = SEG_ACK, .rule = "RFC9293-3.10.7.1-c"),
        PEER    (RST, .seq = ZERO + 1000),
        SILENCE (300),
        GONE
    ),
},
{
    CASE  ("rst/abort", "ABORT sends a RST at SND.NXT and nothing after it"),
    REQS  ("RFC9293-3.10.5-b", "RFC9293-3.10.5-e"),
    LADDER(
        ENTER   (ESTABLISHED),
        APP     (ABORT),
        IUT     (RST|MAY_ACK),
        GONE
    ),
},
{
    CASE  ("rst/close-with-unread-data", "A close that gives up receiving, with unread data, resets"),
    REQS  ("RFC9293-SHLD-3"),
    LADDER(
        ENTER   (ESTABLISHED),
        APP     (PAUSE_READING),
        PEER    (ACK, .len = 100),
        IUT_ACKS(RCV_NXT + 100),
        APP     (CLOSE_BOTH),
        IUT     (RST|MAY_ACK),
        GONE
    ),
},
};

GROUP (rst, "Reset", rst_cases);
