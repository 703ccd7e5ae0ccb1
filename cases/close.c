#include "ladder.h"

/* clang-format off */

/* TIME-WAIT and the states that have taken the peer's FIN answer it once more. */
#define FIN_AGAIN                                                                                       \
        PEER     (FIN|ACK, .seq = RCV_NXT - 1),                                                         \
        IUT      (ACK)

static const struct ladder_case close_cases[] = {

/* ---- ABORT ---------------------------------------------------------------------------------------------------------- */

{
    CASE  ("close/abort", "ABORT sends a RST at SND.NXT, and nothing is left"),
    REQS  ("RFC9293-3.10.5-b", "RFC9293-3.9.1.6-a"),
    STATES(FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT),
    LADDER(
        ENTER    (EACH),
        APP      (ABORT),
        IUT      (RST|MAY_ACK),
        GONE
    ),
},
{
    CASE  ("close/abort-deletes", "ABORT after both sides have closed leaves nothing"),
    REQS  ("RFC9293-3.10.5-c"),
    STATES(CLOSING, LAST_ACK),
    LADDER(
        ENTER    (EACH),
        APP      (ABORT),
        MAYBE    ("RFC9293-3.9.1.6-a", IUT (RST|MAY_ACK, .seq = ANY)),
        SILENCE  (100),
        GONE
    ),
},
{
    CASE  ("close/abort-drops-queue", "After ABORT nothing that was queued behind a closed window is sent"),
    REQS  ("RFC9293-3.10.5-e", "RFC9293-3.10.5-b"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (ACK, .len = 10, .wnd = ZERO),
        IUT_ACKS (RCV_NXT + 10),
        APP      (SEND, .octets = 3000),
        APP      (ABORT),
        IUT      (RST|MAY_ACK, .seq = ANY),
        PEER     (ACK, .wnd = ZERO + 20000),
        IUT      (RST, .seq = SEG_ACK)
    ),
},
{
    CASE  ("close/abort-drops-unacknowledged", "After ABORT what was not acknowledged is not sent again"),
    REQS  ("RFC9293-3.10.5-e", "RFC9293-3.10.5-b"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 1000),
        IUT_SENDS(1000, .held = YES),
        APP      (ABORT),
        IUT      (RST|MAY_ACK),
        SILENCE  (1500),
        GONE
    ),
},

/* ---- what the application is told ----------------------------------------------------------------------------------- */

{
    CASE  ("close/reset-told", "A RST at RCV.NXT is told to the application as a reset"),
    REQS  ("RFC9293-3.5.3-e", "RFC9293-MUST-12"),
    STATES(ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT),
    LADDER(
        ENTER    (EACH),
        PEER     (RST),
        APP_SEES (RESET),
        GONE
    ),
},
{
    CASE  ("close/end-told", "A FIN is told to the application as the end, after the data"),
    REQS  ("RFC9293-MUST-12", "RFC9293-3.6-e"),
    STATES(ESTABLISHED, FIN_WAIT_2),
    LADDER(
        ENTER    (EACH),
        PEER     (FIN|ACK, .len = 200),
        IUT_ACKS (RCV_NXT + 201),
        APP_SEES (DATA, .octets = 200),
        APP_SEES (END),
        FIN_AGAIN
    ),
},
{
    CASE  ("close/reset-after-data", "Data that a reset follows is not acknowledged any more once the reset was taken"),
    REQS  ("RFC9293-3.5.3-e"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (ACK, .len = 100),
        IUT_ACKS (RCV_NXT + 100),
        PEER     (RST),
        APP_SEES (RESET),
        PEER     (ACK, .len = 100),
        IUT      (RST, .seq = SEG_ACK)
    ),
},
{
    CASE  ("close/nothing-after-reset", "What comes after a reset is not delivered: the application reads what came before, and no more"),
    REQS  ("RFC9293-3.10.7.4-rst-g", "RFC9293-3.5.3-e"),
    STATES(ESTABLISHED, FIN_WAIT_2),
    LADDER(
        ENTER    (EACH),
        PEER     (ACK, .len = 100),
        IUT_ACKS (RCV_NXT + 100),
        APP_SEES (DATA, .octets = 60),
        PEER     (RST),
        APP_SEES (RESET),
        PEER     (ACK, .len = 100),
        IUT      (RST, .seq = SEG_ACK),
        PEER     (FIN|ACK, .seq = RCV_NXT + 100),
        IUT      (RST, .seq = SEG_ACK),
        APP_SEES (DATA)                                     /* not one octet more */
    ),
},
{
    CASE  ("close/dead-peer", "A RST that answers its data ends the connection, and the application is told"),
    REQS  ("RFC9293-3.5.1-d", "RFC9293-3.5.3-e"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .held = YES),
        PEER     (RST),
        APP_SEES (RESET),
        GONE
    ),
},

/* ---- CLOSE that gives up receiving ---------------------------------------------------------------------------------- */

{
    CASE  ("close/data-after-close", "Data after a close that gives up receiving draws a RST, or is taken until the FIN"),
    REQS  ("RFC9293-SHLD-3", "RFC9293-3.6-a"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CLOSE_BOTH),
        IUT      (FIN|ACK),
        PEER     (ACK, .len = 100),
        ONE_OF   (
            BY ("RFC9293-SHLD-3", IUT (RST|MAY_ACK, .seq = ANY), GONE),
            BY ("RFC9293-3.6-a",  IUT_ACKS (RCV_NXT + 100), PEER (FIN|ACK), IUT_ACKS (RCV_NXT + 1))
        )
    ),
},
{
    CASE  ("close/both-queued-first", "A close that gives up receiving still sends what was queued, and the FIN behind it"),
    REQS  ("RFC9293-3.6-b", "RFC9293-3.10.4-d"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (ACK, .len = 10),
        IUT_ACKS (RCV_NXT + 10),
        PEER     (ACK, .len = 10, .wnd = ZERO + 1000),      /* a higher SEQ: this window counts (window/shrunk-by-bare-ack) */
        IUT_ACKS (RCV_NXT + 10),
        APP_SEES (DATA, .octets = 20),
        APP      (SEND, .octets = 3000),
        APP      (CLOSE_BOTH),
        IUT_SENDS(1000, .held = YES),
        PEER     (ACK, .ack = SND_NXT, .wnd = ZERO + 20000),
        IUT_SENDS(2000),
        IUT      (FIN|ACK),
        PEER     (FIN|ACK, .ack = SND_NXT),
        IUT      (ACK, .ack = RCV_NXT + 1)
    ),
},
{
    CASE  ("close/unread-in-close-wait", "A close that gives up receiving, with unread data before the peer's FIN, resets"),
    REQS  ("RFC9293-SHLD-3"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (PAUSE_READING),
        PEER     (FIN|ACK, .len = 100),
        IUT_ACKS (RCV_NXT + 101),
        APP      (CLOSE_BOTH),
        IUT      (RST|MAY_ACK),
        GONE
    ),
},

{
    CASE  ("close/unread-after-half-close", "Giving up receiving with unread data, after a close that did not, resets"),
    REQS  ("RFC9293-SHLD-3"),
    STATES(FIN_WAIT_1, FIN_WAIT_2),
    LADDER(
        ENTER    (EACH),
        APP      (PAUSE_READING),
        PEER     (ACK, .len = 100),
        IUT_ACKS (RCV_NXT + 100),
        APP      (CLOSE_BOTH),
        IUT      (RST|MAY_ACK),
        GONE
    ),
},
{
    CASE  ("close/no-second-fin", "A close that gives up receiving, after one that did not, sends no second FIN"),
    REQS  ("RFC9293-3.10.4-e"),
    LADDER(
        ENTER    (FIN_WAIT_2),
        APP      (CLOSE_BOTH),
        SILENCE  (500),
        PEER     (FIN|ACK),
        IUT_ACKS (RCV_NXT + 1),
        FIN_AGAIN
    ),
},

/* ---- CLOSE-WAIT and LAST-ACK ---------------------------------------------------------------------------------------- */

{
    CASE  ("close/queued-in-close-wait", "CLOSE in CLOSE-WAIT sends what was queued, then the FIN"),
    REQS  ("RFC9293-3.10.4-f", "RFC9293-3.6-b"),
    LADDER(
        ENTER    (CLOSE_WAIT),
        APP      (SEND, .octets = 3000),
        APP      (CLOSE),
        IUT_SENDS(3000),
        IUT      (FIN|ACK),
        PEER     (ACK, .ack = SND_NXT),
        GONE
    ),
},
{
    CASE  ("close/sends-in-close-wait", "In CLOSE-WAIT data goes out as before, and is sent again where it was lost"),
    REQS  ("RFC9293-3.10.2-d", "RFC9293-3.6.1-a"),
    LADDER(
        ENTER    (CLOSE_WAIT),
        APP      (SEND, .octets = 1000),
        IUT_SENDS(1000, .held = YES),
        IUT      (ACK, .seq = SND_UNA, .len = SOME, .after = MEASURED),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("close/zero-window-last-ack", "Data and FIN behind a closed window in LAST-ACK: probes, then all of it, then the end"),
    REQS  ("RFC9293-MUST-36", "RFC9293-3.10.4-f"),
    .tags = "@museum",
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (FIN|ACK, .wnd = ZERO),
        IUT_ACKS (RCV_NXT + 1),
        APP      (SEND, .octets = 500),
        APP      (CLOSE),
        ONE_OF   (
            BY ("RFC9293-3.8.6.1-a", IUT (ACK, .seq = SND_UNA, .len = 1, .after = MEASURED)),
            BY ("RFC9293-3.8.6.1-a", IUT (ACK, .seq = SND_UNA - 1, .after = MEASURED))
        ),
        PEER     (ACK, .ack = SND_UNA, .wnd = ZERO + 5000),
        IUT_SENDS(500, .seq = SND_UNA),
        IUT      (FIN|ACK),
        PEER     (ACK, .ack = SND_NXT),
        GONE
    ),
},

{
    CASE  ("close/last-ack-data-first", "In LAST-ACK an ACK of the data alone leaves the FIN to be sent again, and the ACK of it ends"),
    REQS  ("RFC9293-3.10.7.4-ack-q", "RFC9293-3.10.8-e", "RFC9293-3.10.7.4-ack-n"),
    LADDER(
        ENTER    (CLOSE_WAIT),
        APP      (SEND, .octets = 100),
        APP      (CLOSE),
        IUT_SENDS(100, .held = YES),
        IUT      (FIN|ACK),
        PEER     (ACK, .ack = SND_UNA + 100),
        IUT      (FIN|ACK, .seq = SND_UNA, .after = MEASURED),
        PEER     (ACK, .ack = SND_NXT),
        GONE
    ),
},
{
    CASE  ("close/close-wait-window", "In CLOSE-WAIT data stays within the window, and goes on when it opens"),
    REQS  ("RFC9293-3.10.7.4-ack-l", "RFC9293-3.8.6-c", "RFC9293-3.6.1-a"),
    LADDER(
        ENTER    (ESTABLISHED, .mss = 500, .wnd = 1000),
        PEER     (FIN|ACK),
        IUT_ACKS (RCV_NXT + 1),
        APP      (SEND, .octets = 3000),
        IUT_SENDS(1000, .held = YES),
        SILENCE  (100),
        PEER     (ACK, .ack = SND_NXT, .wnd = ZERO + 20000),
        IUT_SENDS(2000),
        APP      (CLOSE),
        IUT      (FIN|ACK),
        PEER     (ACK, .ack = SND_NXT),
        GONE
    ),
},
{
    CASE  ("close/close-wait-long", "After the peer's FIN the target sends twenty segments of data, each acknowledged"),
    REQS  ("RFC9293-3.6.1-a", "RFC9293-3.10.2-d", "RFC9293-3.10.4-f"),
    LADDER(
        ENTER    (CLOSE_WAIT),
        ROUNDS   (20,
            APP      (SEND, .octets = 500),
            IUT_SENDS(500)),
        APP      (CLOSE),
        IUT      (FIN|ACK),
        PEER     (ACK),
        GONE
    ),
},

/* ---- FIN-WAIT ------------------------------------------------------------------------------------------------------- */

{
    CASE  ("close/data-acked-first", "In FIN-WAIT-1 an ACK of the data alone leaves the FIN to be sent again"),
    REQS  ("RFC9293-3.10.7.4-ack-p", "RFC9293-3.6-c"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 100),
        APP      (CLOSE),
        IUT_SENDS(100, .held = YES),
        IUT      (FIN|ACK),
        PEER     (ACK, .ack = SND_UNA + 100),
        IUT      (FIN|ACK, .seq = SND_UNA, .after = MEASURED),
        PEER     (ACK, .ack = SND_NXT),
        ALIVE
    ),
},
{
    CASE  ("close/fin-with-data-in-fin-wait-2", "In FIN-WAIT-2 a FIN on data is acknowledged with it, and TIME-WAIT follows"),
    REQS  ("RFC9293-3.10.7.4-FIN-WAIT-2-fin", "RFC9293-3.10.7.4-FIN-WAIT-2-data"),
    LADDER(
        ENTER    (FIN_WAIT_2),
        PEER     (FIN|ACK, .len = 100),
        IUT_ACKS (RCV_NXT + 101),
        APP_SEES (DATA, .octets = 100),
        FIN_AGAIN
    ),
},
{
    CASE  ("close/fin-above-gap-in-fin-wait-2", "In FIN-WAIT-2 a FIN above a gap is not acted on before the gap is filled"),
    REQS  ("RFC9293-3.10.7.4-fin-i", "RFC9293-3.10.7.4-fin-f"),
    LADDER(
        ENTER    (FIN_WAIT_2),
        PEER     (FIN|ACK, .seq = RCV_NXT + 100),
        IUT      (ACK),
        PEER     (ACK, .len = 100),
        ONE_OF   (
            BY ("RFC9293-3.10.7.4-fin-i", IUT_ACKS (RCV_NXT + 101)),
            BY ("RFC9293-3.10.7.4-fin-i", IUT_ACKS (RCV_NXT + 100), PEER (FIN|ACK), IUT_ACKS (RCV_NXT + 1))
        ),
        APP_SEES (DATA, .octets = 100),
        FIN_AGAIN
    ),
},
{
    CASE  ("close/half-close-long", "After its own FIN the target takes twenty segments of data and acknowledges all of it"),
    REQS  ("RFC9293-3.6.1-a", "RFC9293-3.10.7.4-FIN-WAIT-2-data", "RFC9293-3.6-a"),
    LADDER(
        ENTER     (FIN_WAIT_2),
        PEER_SENDS(10000, .each = 500),
        APP_SEES  (DATA, .octets = 10000),
        PEER      (FIN|ACK),
        IUT_ACKS  (RCV_NXT + 1),
        FIN_AGAIN
    ),
},

{
    CASE  ("close/data-acks-fin", "In FIN-WAIT-1 data that acknowledges the FIN is taken, and FIN-WAIT-2 follows"),
    REQS  ("RFC9293-3.10.7.4-ack-j", "RFC9293-3.10.7.4-FIN-WAIT-1-data"),
    LADDER(
        ENTER    (FIN_WAIT_1),
        PEER     (ACK, .ack = SND_NXT, .len = 100),
        IUT_ACKS (RCV_NXT + 100),
        APP_SEES (DATA, .octets = 100),
        SILENCE  (1500),                                    /* the FIN is not sent again */
        PEER     (FIN|ACK),
        IUT_ACKS (RCV_NXT + 1),
        FIN_AGAIN
    ),
},

{
    CASE  ("close/half-close-slow-reader", "After its FIN the target's window shrinks by no more than what is not read, and opens as it is"),
    REQS  ("RFC9293-3.6-a", "RFC9293-3.10.3-b", "RFC9293-3.10.7.4-dat-b", "RFC9293-SHLD-14"),
    LADDER(
        ENTER    (FIN_WAIT_2),
        APP      (PAUSE_READING),
        WAIT     (30),                                      /* a segment of ours may overtake a user call on its way */
        ROUNDS   (4,
            PEER     (ACK, .len = 500),
            IUT_ACKS (RCV_NXT + 500, .wnd = AT_LEAST(RCV_WND - 500))),
        APP      (RECEIVE),
        APP_SEES (DATA, .octets = 2000),
        PEER     (ACK, .len = 500),
        IUT_ACKS (RCV_NXT + 500),
        APP_SEES (DATA, .octets = 500),
        PEER     (FIN|ACK),
        IUT_ACKS (RCV_NXT + 1),
        FIN_AGAIN
    ),
},

/* ---- CLOSING -------------------------------------------------------------------------------------------------------- */

{
    CASE  ("close/closing-sends-again", "In CLOSING an unacknowledged FIN is sent again"),
    REQS  ("RFC9293-3.6-c", "RFC9293-3.10.8-b"),
    LADDER(
        ENTER    (CLOSING),
        IUT      (FIN|ACK, .seq = SND_UNA, .after = MEASURED),
        PEER     (ACK, .ack = SND_NXT),
        FIN_AGAIN
    ),
},
{
    CASE  ("close/closing-stays", "In CLOSING an ACK short of its FIN changes nothing, the ACK of it leads to TIME-WAIT"),
    REQS  ("RFC9293-3.10.7.4-ack-m", "RFC9293-3.10.7.4-ack-p"),
    LADDER(
        ENTER    (CLOSING),
        PEER     (ACK),
        SILENCE  (PROVEN),
        ALIVE,
        PEER     (ACK, .ack = SND_NXT),
        FIN_AGAIN
    ),
},

{
    CASE  ("close/closing-data-first", "In CLOSING an ACK of the data alone leaves the FIN to be sent again, and the ACK of it leads to TIME-WAIT"),
    REQS  ("RFC9293-3.6-c", "RFC9293-3.10.7.4-ack-m", "RFC9293-3.6-f"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 100),
        APP      (CLOSE),
        IUT_SENDS(100, .held = YES),
        IUT      (FIN|ACK),
        PEER     (FIN|ACK, .ack = SND_UNA + 100),
        IUT_ACKS (RCV_NXT + 1),
        IUT      (FIN|ACK, .seq = SND_UNA, .after = MEASURED),
        PEER     (ACK, .ack = SND_NXT),
        FIN_AGAIN
    ),
},
{
    CASE  ("close/crossing-with-data", "Both sides close at once with data before their FINs: all of it arrives, and TIME-WAIT follows"),
    REQS  ("RFC9293-3.6-f", "RFC9293-3.6-b", "RFC9293-3.10.7.4-fin-e"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 100),
        APP      (CLOSE),
        IUT_SENDS(100, .held = YES),
        IUT      (FIN|ACK),
        PEER     (FIN|ACK, .ack = SND_UNA, .len = 200),     /* it left before the other end's data came */
        IUT_ACKS (RCV_NXT + 201),
        APP_SEES (DATA, .octets = 200),
        PEER     (ACK, .ack = SND_NXT),
        FIN_AGAIN
    ),
},

/* ---- TIME-WAIT ------------------------------------------------------------------------------------------------------ */

{
    CASE  ("close/time-wait-old-syn", "In TIME-WAIT a SYN below what was received opens nothing"),
    REQS  ("RFC9293-3.10.7.4-TIME-WAIT-syn"),
    LADDER(
        ENTER    (TIME_WAIT),
        PEER     (SYN, .seq = RCV_NXT - 1000),
        ONE_OF   (
            BY ("RFC9293-3.10.7.4-TIME-WAIT-syn", IUT (ACK), WAIT (600)),
            BY ("RFC9293-3.10.7.4-TIME-WAIT-syn", SILENCE (600))
        ),
        FIN_AGAIN
    ),
},
{
    CASE  ("close/time-wait-old-data", "In TIME-WAIT an old duplicate of data is answered with an ACK and harms nothing"),
    REQS  ("RFC9293-3.10.7.4-TIME-WAIT-seq"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (ACK, .len = 100),
        IUT_ACKS (RCV_NXT + 100),
        APP      (CLOSE),
        IUT      (FIN|ACK),
        PEER     (FIN|ACK, .ack = SND_NXT),
        IUT_ACKS (RCV_NXT + 1),
        WAIT     (600),
        PEER     (ACK, .seq = RCV_NXT - 101, .len = 100),
        IUT      (ACK),
        WAIT     (600),
        FIN_AGAIN
    ),
},
{
    CASE  ("close/time-wait-new-syn", "In TIME-WAIT a SYN above what was received draws an ACK, or opens anew above all that was sent"),
    REQS  ("RFC9293-3.10.7.4-TIME-WAIT-syn", "RFC9293-MAY-2", "RFC9293-3.10.7.4-syn-f", "RFC6191-2-f"),
    LADDER(
        ENTER    (TIME_WAIT),
        PEER     (SYN, .seq = RCV_NXT + 10000),
        ONE_OF   (
            BY ("RFC6191-2-f",                    IUT (SYN|ACK, .seq = AT_LEAST(SND_NXT), .ack = SEG_END), PEER (RST, .seq = SEG_END)),
            BY ("RFC9293-3.10.7.4-TIME-WAIT-syn", IUT (ACK), WAIT (600), FIN_AGAIN)
        ),
        ON       (FRESH),
        ENTER    (ESTABLISHED),
        ALIVE
    ),
},
{
    CASE  ("close/time-wait-syn-of-opener", "In TIME-WAIT after an OPEN of its own a SYN opens nothing: nobody listens"),
    REQS  ("RFC9293-3.10.7.4-TIME-WAIT-syn", "RFC9293-3.5-g"),
    LADDER(
        ENTER    (TIME_WAIT, .via = ACTIVE),
        PEER     (SYN, .seq = RCV_NXT + 10000),
        ONE_OF   (
            BY ("RFC9293-3.10.7.4-TIME-WAIT-syn", IUT (ACK), WAIT (600)),
            BY ("RFC9293-3.10.7.4-TIME-WAIT-syn", SILENCE (600))
        ),
        FIN_AGAIN
    ),
},
{
    CASE  ("close/time-wait-again", "A FIN that comes again after half a minute is acknowledged, and TIME-WAIT goes on for as long again"),
    REQS  ("RFC9293-3.10.7.4-ack-o", "RFC9293-3.10.7.4-fin-h", "RFC9293-3.10.7.4-TIME-WAIT-fin"),
    LADDER(
        ENTER    (TIME_WAIT),
        SILENCE  (SECONDS (35)),
        FIN_AGAIN,
        SILENCE  (SECONDS (35)),
        FIN_AGAIN
    ),
},
};

GROUP (close, "Closing, abort and what is left", close_cases);
