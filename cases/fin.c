#include "ladder.h"

/* clang-format off */

/* The same FIN once more: only TIME-WAIT and the states that have taken it answer with an ACK that moves nothing. */
#define FIN_AGAIN                                                                                       \
        PEER     (FIN|ACK, .seq = RCV_NXT - 1),                                                         \
        IUT      (ACK)

static const struct ladder_case fin_cases[] = {

/* ---- the peer closes first ------------------------------------------------------------------------------------------ */

{
    CASE  ("fin/received", "A FIN is acknowledged, the application learns of it, and the connection stays half open"),
    REQS  ("RFC9293-3.10.7.4-ESTABLISHED-fin", "RFC9293-3.10.7.4-fin-b", "RFC9293-3.10.7.4-fin-c", "RFC9293-3.6-d"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (FIN|ACK),
        IUT_ACKS (RCV_NXT + 1),
        APP_SEES (END),
        SILENCE  (300),
        ALIVE
    ),
},
{
    CASE  ("fin/with-data", "A FIN on data: the data is delivered, then the end"),
    REQS  ("RFC9293-3.10.7.4-dat-f", "RFC9293-3.4-e"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (FIN|ACK, .len = 100),
        IUT_ACKS (RCV_NXT + 101),
        APP_SEES (DATA, .octets = 100),
        APP_SEES (END),
        ALIVE
    ),
},
{
    CASE  ("fin/out-of-order", "A FIN above a gap is not acted on before the gap is filled"),
    REQS  ("RFC9293-3.10.7.4-fin-i"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (FIN|ACK, .seq = RCV_NXT + 100),
        IUT      (ACK),
        PEER     (ACK, .len = 100),
        ONE_OF   (
            BY ("RFC9293-3.10.7.4-fin-i", IUT_ACKS (RCV_NXT + 101)),
            BY ("RFC9293-3.10.7.4-fin-i", IUT_ACKS (RCV_NXT + 100), PEER (FIN|ACK), IUT_ACKS (RCV_NXT + 1))
        ),
        APP_SEES (DATA, .octets = 100),
        APP_SEES (END),
        ALIVE
    ),
},
{
    CASE  ("fin/data-out-of-order", "Data with a FIN above a gap: all of it is taken once the gap is filled"),
    REQS  ("RFC9293-3.10.7.4-fin-i", "RFC9293-3.10.7.4-seq-k"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (FIN|ACK, .seq = RCV_NXT + 100, .len = 50),
        IUT      (ACK),
        PEER     (ACK, .len = 100),
        ONE_OF   (
            BY       ("RFC9293-3.10.7.4-fin-i", IUT_ACKS (RCV_NXT + 151)),
            DEVIATES ("RFC9293-SHLD-31",        IUT_ACKS (RCV_NXT + 100), PEER (FIN|ACK, .len = 50), IUT_ACKS (RCV_NXT + 51))
        ),
        APP_SEES (DATA, .octets = 150),
        APP_SEES (END)
    ),
},
{
    CASE  ("fin/repeated", "A repeated FIN is acknowledged again and changes nothing"),
    REQS  ("RFC9293-3.10.7.4-*-fin", "RFC9293-3.10.7.4-fin-g"),
    STATES(CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT),
    LADDER(
        ENTER    (EACH),
        FIN_AGAIN,
        ALIVE
    ),
},
{
    CASE  ("fin/last-ack-ends", "The ACK of its FIN ends LAST-ACK"),
    REQS  ("RFC9293-3.10.7.4-ack-n"),
    LADDER(
        ENTER    (LAST_ACK),
        PEER     (ACK, .ack = SND_NXT),
        GONE
    ),
},
{
    CASE  ("fin/last-ack-stays", "An ACK short of its FIN leaves LAST-ACK as it is"),
    REQS  ("RFC9293-3.10.7.4-ack-q"),
    LADDER(
        ENTER    (LAST_ACK),
        PEER     (ACK),
        SILENCE  (PROVEN),
        ALIVE,
        PEER     (ACK, .ack = SND_NXT),
        GONE
    ),
},
{
    CASE  ("fin/last-ack-sends-again", "In LAST-ACK an unacknowledged FIN is sent again"),
    REQS  ("RFC9293-3.10.8-e", "RFC9293-3.6-c"),
    LADDER(
        ENTER    (LAST_ACK),
        IUT      (FIN|ACK, .seq = SND_UNA, .after = MEASURED),
        IUT      (FIN|ACK, .seq = SND_UNA, .after = MEASURED),
        PEER     (ACK, .ack = SND_NXT),
        GONE
    ),
},

/* ---- the target closes first ---------------------------------------------------------------------------------------- */

{
    CASE  ("fin/data-first", "CLOSE sends what was queued, and the FIN behind it"),
    REQS  ("RFC9293-3.6-b", "RFC9293-3.10.4-d", "RFC9293-3.9.1.4-a"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (SEND, .octets = 3000),
        APP      (CLOSE),
        IUT_SENDS(3000),
        IUT      (FIN|ACK),
        PEER     (ACK),
        ALIVE
    ),
},
{
    CASE  ("fin/sent-again", "In FIN-WAIT-1 an unacknowledged FIN is sent again"),
    REQS  ("RFC9293-3.6-c"),
    LADDER(
        ENTER    (FIN_WAIT_1),
        IUT      (FIN|ACK, .seq = SND_UNA, .after = MEASURED),
        IUT      (FIN|ACK, .seq = SND_UNA, .after = MEASURED),
        PEER     (ACK, .ack = SND_NXT),
        ALIVE
    ),
},
{
    CASE  ("fin/normal-close", "FIN, ACK, FIN, ACK: the numbers of a normal close, and TIME-WAIT after it"),
    REQS  ("RFC9293-3.6-h", "RFC9293-3.10.7.4-ack-j", "RFC9293-3.10.7.4-fin-f", "RFC9293-3.10.7.4-FIN-WAIT-2-fin"),
    LADDER(
        ENTER    (FIN_WAIT_2),
        PEER     (FIN|ACK),
        IUT      (ACK, .ack = RCV_NXT + 1),
        FIN_AGAIN
    ),
},
{
    CASE  ("fin/ack-and-fin-at-once", "In FIN-WAIT-1 a FIN that acknowledges the target's own leads to TIME-WAIT"),
    REQS  ("RFC9293-3.10.7.4-fin-d", "RFC9293-3.10.7.4-FIN-WAIT-1-fin"),
    LADDER(
        ENTER    (FIN_WAIT_1),
        PEER     (FIN|ACK, .ack = SND_NXT),
        IUT      (ACK, .ack = RCV_NXT + 1),
        FIN_AGAIN
    ),
},
{
    CASE  ("fin/simultaneous-close", "FIN crosses FIN: CLOSING, then TIME-WAIT"),
    REQS  ("RFC9293-3.6-f", "RFC9293-3.10.7.4-fin-e", "RFC9293-3.10.7.4-ack-m"),
    LADDER(
        ENTER    (ESTABLISHED),
        APP      (CLOSE),
        IUT      (FIN|ACK),
        PEER     (FIN|ACK, .ack = SND_UNA),                 /* does not acknowledge the FIN */
        IUT      (ACK, .ack = RCV_NXT + 1),
        PEER     (ACK),
        FIN_AGAIN
    ),
},
{
    CASE  ("fin/still-receives", "After its CLOSE the target still takes data"),
    REQS  ("RFC9293-3.10.7.4-*-data", "RFC9293-3.6-a"),
    STATES(FIN_WAIT_1, FIN_WAIT_2),
    LADDER(
        ENTER    (EACH),
        PEER     (ACK, .len = 100),
        ONE_OF   (
            BY ("RFC9293-3.6-a",  IUT_ACKS (RCV_NXT + 100), APP_SEES (DATA, .octets = 100)),
            BY ("RFC9293-SHLD-3", IUT (RST|MAY_ACK, .seq = ANY, .ack = ANY), GONE)          /* half-duplex close, MAY-1 */
        )
    ),
},
{
    CASE  ("fin/half-close", "After the peer's FIN the target still sends, and closes when its application does"),
    REQS  ("RFC9293-3.6.1-a", "RFC9293-3.10.4-f", "RFC9293-3.10.7.4-ack-l"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (FIN|ACK),
        IUT_ACKS (RCV_NXT + 1),
        APP      (SEND, .octets = 3000),
        IUT_SENDS(3000),
        APP      (CLOSE),
        IUT      (FIN|ACK),
        PEER     (ACK),
        GONE
    ),
},
{
    CASE  ("fin/closed-port", "A FIN at a closed port draws a RST that counts it"),
    REQS  ("RFC9293-3.10.7.1-d", "RFC9293-3.10.7.4-fin-a"),
    LADDER(
        ENTER    (CLOSED),
        PEER     (FIN, .len = 7),
        IUT      (RST|ACK, .seq = ZERO, .ack = SEG_END)
    ),
},
{
    CASE  ("fin/beyond-window", "A FIN beyond the window closes nothing"),
    REQS  ("RFC9293-3.10.7.4-seq-j", "RFC9293-3.10.7.4-seq-g"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (FIN|ACK, .seq = RCV_NXT + RCV_WND + 1),
        IUT      (ACK),
        PEER     (ACK, .len = 10),
        IUT_ACKS (RCV_NXT + 10),
        APP_SEES (DATA, .octets = 10)
    ),
},

/* ---- TIME-WAIT ------------------------------------------------------------------------------------------------------- */

{
    CASE  ("fin/time-wait-lasts", "TIME-WAIT answers a repeated FIN for two maximum segment lifetimes, then is gone"),
    REQS  ("RFC9293-MUST-13", "RFC9293-3.10.7.4-ack-o", "RFC9293-3.10.8-c", "RFC9293-3.10.7.4-fin-h"),
    LADDER(
        ENTER    (TIME_WAIT),
        FIN_AGAIN,
        SILENCE  (MINUTES(4) - SECONDS(5)),
        FIN_AGAIN,                                          /* starts the 2 MSL again */
        SILENCE  (MINUTES(4) - SECONDS(5)),
        FIN_AGAIN,
        SILENCE  (MINUTES(4) + SECONDS(5)),
        GONE
    ),
},
{
    CASE  ("fin/time-wait-half-minute", "TIME-WAIT answers a repeated FIN for half a minute at least"),
    REQS  ("RFC9293-3.10.7.4-ack-o", "RFC9293-3.10.7.4-TIME-WAIT-fin"),
    LADDER(
        ENTER    (TIME_WAIT),
        SILENCE  (SECONDS(30)),
        FIN_AGAIN
    ),
},
};

GROUP (fin, "Closing", fin_cases);
