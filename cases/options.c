#include "ladder.h"

/* clang-format off */

/* A header that lies. No clause says what comes back, so an ACK is left open; 100 octets that were taken by mistake would
 * show in the acknowledgment of the 20 that follow. */
#define BAD_HEADER(slug, text, families, ...)                                                           \
{                                                                                                       \
    CASE  ("options/" slug, text),                                                                      \
    REQS  ("RFC9293-3.1-x", "RFC9293-3.1-e"),                                                           \
    .family = families,                                                                                 \
    .tags = "@museum @disruptive",                                                                      \
    LADDER(                                                                                             \
        ENTER   (ESTABLISHED),                                                                          \
        PEER    (ACK, __VA_ARGS__),                                                                     \
        MAYBE   ("RFC9293-3.1-x", IUT (ACK)),                                                           \
        PEER    (ACK, .len = 20),                                                                       \
        IUT_ACKS(RCV_NXT + 20),                                                                         \
        APP_SEES(DATA, .octets = 20),                                                                   \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

/* An illegal option length on a SYN. MUST-7 wants it survived; the reset is a suggestion, going on and silence are in order. */
#define BAD_ON_SYN(slug, text, ...)                                                                     \
{                                                                                                       \
    CASE  ("options/syn-" slug, "A SYN with " text " is survived, and the listener goes on"),           \
    REQS  ("RFC9293-MUST-7"),                                                                           \
    .tags = "@museum @disruptive",                                                                      \
    LADDER(                                                                                             \
        ENTER   (LISTEN),                                                                               \
        PEER    (SYN, .options = OCTETS(__VA_ARGS__)),                                                  \
        MAYBE   ("RFC9293-MUST-7", IUT (SYN|ACK, .seq = ANY, .ack = IRS + 1)),                          \
        MAYBE   ("RFC9293-MUST-7", IUT (RST|ACK, .seq = ZERO, .ack = SEG_END)),                         \
        ON      (FRESH),                                                                                \
        PEER    (SYN),                                                                                  \
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),                                                  \
        PEER    (ACK),                                                                                  \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

/* The same on data of a connection: it is taken, refused with an ACK, dropped, or the connection is reset as suggested. */
#define BAD_ON_DATA(slug, text, ...)                                                                    \
{                                                                                                       \
    CASE  ("options/data-" slug, "Data with " text " is survived: taken, dropped, or answered with a reset"), \
    REQS  ("RFC9293-MUST-7", "RFC9293-MUST-5"),                                                         \
    .tags = "@museum @disruptive",                                                                      \
    LADDER(                                                                                             \
        ENTER   (ESTABLISHED),                                                                          \
        PEER    (ACK, .len = 100, .options = OCTETS(__VA_ARGS__)),                                      \
        ONE_OF  (                                                                                       \
            BY ("RFC9293-MUST-7", IUT_ACKS (RCV_NXT + 100), ALIVE),                                     \
            BY ("RFC9293-MUST-7", IUT (ACK), ALIVE),                                                    \
            BY ("RFC9293-MUST-7", IUT (RST|MAY_ACK, .seq = ANY, .ack = ANY), GONE),                     \
            BY ("RFC9293-MUST-7", SILENCE (600), ALIVE)                                                 \
        ),                                                                                              \
        ON      (FRESH),                                                                                \
        ENTER   (ESTABLISHED),                                                                          \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

/* Options that are legal on data, known or not: the data is taken all the same. */
#define TAKEN_WITH(slug, text, clause, ...)                                                             \
{                                                                                                       \
    CASE  ("options/" slug, text),                                                                      \
    REQS  (clause, "RFC9293-MUST-5"),                                                                   \
    LADDER(                                                                                             \
        ENTER   (ESTABLISHED),                                                                          \
        PEER    (ACK, .len = 100, .options = OCTETS(__VA_ARGS__)),                                      \
        IUT_ACKS(RCV_NXT + 100),                                                                        \
        APP_SEES(DATA, .octets = 100),                                                                  \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

#define MSS_OBEYED(slug, text, size, count)                                                             \
{                                                                                                       \
    CASE  ("options/mss-" slug, text),                                                                  \
    REQS  ("RFC9293-MUST-16", "RFC9293-MUST-14"),                                                       \
    LADDER(                                                                                             \
        ENTER    (ESTABLISHED, .mss = (size)),                                                          \
        APP      (SEND, .octets = (count)),                                                             \
        IUT_SENDS((count), .each = AT_MOST(size)),                                                      \
        ALIVE                                                                                           \
    ),                                                                                                  \
},

static const struct ladder_case options_cases[] = {

/* ---- headers that lie ----------------------------------------------------------------------------------------------- */

BAD_HEADER ("data-offset-0", "A data offset of 0 is survived, and nothing of the segment is taken",
            BOTH_FAMILIES, .len = 100, .data_offset = ZERO + 0)
BAD_HEADER ("data-offset-1", "A data offset of 1 is survived, and nothing of the segment is taken",
            BOTH_FAMILIES, .len = 100, .data_offset = ZERO + 1)
BAD_HEADER ("data-offset-4", "A data offset of 4, one word short of a header, is survived, and nothing of the segment is taken",
            BOTH_FAMILIES, .len = 100, .data_offset = ZERO + 4)
BAD_HEADER ("data-offset-beyond", "A data offset beyond the segment's end is survived, and nothing of the segment is taken",
            BOTH_FAMILIES, .len = 39, .data_offset = ZERO + 15)
BAD_HEADER ("data-offset-one-beyond", "A data offset one word beyond the end of an empty segment is survived",
            BOTH_FAMILIES, .data_offset = ZERO + 6)
BAD_HEADER ("ip-length-short", "An IP length that ends inside the TCP header is survived, and nothing of the segment is taken",
            BOTH_FAMILIES, .len = 100, .corrupt = IP_LENGTH_SHORT)
{
    CASE  ("options/syn-data-offset", "SYNs with data offsets below 5 and beyond the segment do not end the listener"),
    REQS  ("RFC9293-3.1-x"),
    .tags = "@museum @disruptive",
    LADDER(
        ENTER   (LISTEN),
        MAYBE   ("RFC9293-3.1-x", IUT (SYN|ACK, .seq = ANY, .ack = ANY)),
        MAYBE   ("RFC9293-3.1-x", IUT (RST|MAY_ACK, .seq = ANY, .ack = ANY)),
        PEER    (SYN, .data_offset = ZERO + 0),
        PEER    (SYN, .data_offset = ZERO + 4),
        PEER    (SYN, .data_offset = ZERO + 15),
        ON      (FRESH),
        PEER    (SYN),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("options/reserved-bits", "Reserved bits of the header are ignored, on a SYN and on data"),
    REQS  ("RFC9293-3.1-b"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN, .reserved = ZERO + 14),               /* without the lowest, which AccECN has taken */
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        PEER    (ACK, .reserved = ZERO + 14),
        PEER    (ACK, .len = 100, .reserved = ZERO + 14),
        IUT_ACKS(RCV_NXT + 100),
        APP_SEES(DATA, .octets = 100),
        ALIVE
    ),
},

/* ---- options that are legal ----------------------------------------------------------------------------------------- */

TAKEN_WITH ("unknown-with-value",    "An unknown option with octets behind its length is skipped on data", "RFC9293-MUST-6",
            254, 8, 1, 2, 3, 4, 5, 6)
TAKEN_WITH ("unknown-without-value", "An unknown option of length 2 is skipped on data", "RFC9293-MUST-6",
            253, 2, 1, 1)
TAKEN_WITH ("unknown-40-octets",     "One unknown option that fills the header's 40 octets is skipped on data", "RFC9293-MUST-6",
            254, 40, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
            21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)
TAKEN_WITH ("nops-on-data",          "Forty octets of NOP on data are passed over", "RFC9293-3.1-m",
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
TAKEN_WITH ("end-of-list-on-data",   "An end of the option list at once, and nonsense behind it, harm nothing on data", "RFC9293-3.1-l",
            0, 254, 0, 1)
TAKEN_WITH ("window-scale-on-data",  "A window scale option on data does not keep the data from being taken", "RFC9293-MUST-5",
            3, 3, 14, 1)
{
    CASE  ("options/mss-on-data", "An MSS option on data does not keep the data from being taken"),
    REQS  ("RFC9293-MUST-5"),
    LADDER(
        ENTER    (ESTABLISHED),
        PEER     (ACK, .len = 100, .options = OCTETS(2, 4, 0, 100)),
        IUT_ACKS (RCV_NXT + 100),
        APP      (SEND, .octets = 2000),
        IUT_SENDS(2000),
        ALIVE
    ),
},
{
    CASE  ("options/in-every-segment", "An unknown option on each segment of a connection's life is skipped"),
    REQS  ("RFC9293-MUST-5", "RFC9293-MUST-6"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN, .options = OCTETS(254, 4, 1, 2)),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        PEER    (ACK, .options = OCTETS(254, 4, 1, 2)),
        PEER    (ACK, .len = 100, .options = OCTETS(254, 4, 1, 2)),
        IUT_ACKS(RCV_NXT + 100),
        PEER    (FIN|ACK, .options = OCTETS(254, 4, 1, 2)),
        IUT_ACKS(RCV_NXT + 1),
        APP_SEES(END),
        PEER    (RST, .options = OCTETS(254, 4, 1, 2)),
        GONE
    ),
},
{
    CASE  ("options/syn-nops", "Forty octets of NOP on a SYN are passed over"),
    REQS  ("RFC9293-MUST-4", "RFC9293-3.1-m"),
    LADDER(
        ENTER   (LISTEN),
        PEER    (SYN, .options = OCTETS(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)),
        IUT     (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        PEER    (ACK),
        ALIVE
    ),
},
{
    CASE  ("options/end-of-list-early", "What stands behind the end of the option list does not count"),
    REQS  ("RFC9293-3.1-l", "RFC9293-MUST-4", "RFC9293-MUST-15"),
    LADDER(
        ENTER    (LISTEN),
        PEER     (SYN, .options = OCTETS(0, 2, 4, 5, 120, 0, 0, 0)),        /* an MSS of 1400 that must not be read */
        IUT      (SYN|ACK, .seq = ISS, .ack = IRS + 1),
        PEER     (ACK),
        APP      (SEND, .octets = 5000),
        IUT_SENDS(5000, .each = AT_MOST(DEFAULT_MSS)),
        ALIVE
    ),
},

/* ---- illegal lengths ------------------------------------------------------------------------------------------------ */

BAD_ON_SYN  ("length-0",           "an unknown option of length 0", 254, 0, 1, 1)
BAD_ON_SYN  ("length-1",           "an unknown option of length 1", 254, 1, 1, 1)
BAD_ON_SYN  ("past-header",        "an unknown option that runs past the header", 254, 40, 1, 1)
BAD_ON_SYN  ("cut-off",            "an option that is cut off at its length octet", 1, 1, 1, 254)
BAD_ON_SYN  ("mss-length-0",       "an MSS option of length 0", 2, 0, 5, 180)
BAD_ON_SYN  ("mss-length-5",       "an MSS option of length 5", 2, 5, 5, 180, 0, 1, 1, 1)
BAD_ON_SYN  ("mss-cut-off",        "an MSS option that ends inside its value", 1, 2, 4, 5)
BAD_ON_SYN  ("scale-length-2",     "a window scale option of length 2", 2, 4, 5, 180, 3, 2, 1, 1)
BAD_ON_SYN  ("scale-length-4",     "a window scale option of length 4", 2, 4, 5, 180, 3, 4, 7, 7)
BAD_ON_SYN  ("sack-length-3",      "a SACK-permitted option of length 3", 2, 4, 5, 180, 4, 3, 1, 1)
BAD_ON_SYN  ("timestamps-short",   "a timestamps option of length 6", 2, 4, 5, 180, 8, 6, 1, 2, 3, 4, 1, 1)

BAD_ON_DATA ("length-0",           "an unknown option of length 0", 254, 0, 1, 1)
BAD_ON_DATA ("length-1",           "an unknown option of length 1", 254, 1, 1, 1)
BAD_ON_DATA ("past-header",        "an unknown option that runs past the header", 254, 40, 1, 1)
BAD_ON_DATA ("cut-off",            "an option that is cut off at its length octet", 1, 1, 1, 254)
BAD_ON_DATA ("scale-length-0",     "a window scale option of length 0", 3, 0, 1, 1)
BAD_ON_DATA ("sack-odd-length",    "SACK blocks that end inside a number", 5, 9, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1)
BAD_ON_DATA ("sack-no-block",      "a SACK option without a block", 5, 2, 1, 1)
BAD_ON_DATA ("timestamps-short",   "a timestamps option of length 6", 8, 6, 1, 2, 3, 4, 1, 1)
{
    CASE  ("options/syn-ack-length-0", "A SYN,ACK with an MSS option of length 0 is survived: taken, dropped or refused"),
    REQS  ("RFC9293-MUST-7"),
    .tags = "@museum @disruptive",
    LADDER(
        APP     (OPEN),
        IUT     (SYN),
        PEER    (SYN|ACK, .options = OCTETS(2, 0, 5, 180)),
        ONE_OF  (
            BY ("RFC9293-MUST-7", IUT (ACK, .seq = ISS + 1, .ack = IRS + 1), ALIVE),
            BY ("RFC9293-MUST-7", IUT (RST|MAY_ACK, .seq = ANY, .ack = ANY), GONE),
            BY ("RFC9293-MUST-7", SILENCE (600), PEER (SYN|ACK), IUT (ACK, .seq = ISS + 1, .ack = IRS + 1), ALIVE)
        )
    ),
},

/* ---- values of the MSS ---------------------------------------------------------------------------------------------- */

{
    CASE  ("options/mss-0", "An MSS of 0, which allows no octet at all, is survived, and data still flows"),
    REQS  ("RFC9293-MUST-14"),
    .tags = "@museum @disruptive",
    LADDER(
        ENTER    (ESTABLISHED, .mss = ZERO),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .seq = SND_UNA, .each = AT_MOST(DEFAULT_MSS)),
        ALIVE,
        ON       (FRESH),
        ENTER    (ESTABLISHED),
        ALIVE
    ),
},
{
    CASE  ("options/mss-1", "An MSS of 1 is survived, and an octet of data still flows"),
    REQS  ("RFC9293-MUST-14"),
    .tags = "@museum @disruptive",
    LADDER(
        ENTER    (ESTABLISHED, .mss = 1),
        APP      (SEND, .octets = 1),
        IUT_SENDS(1, .seq = SND_UNA),
        ALIVE,
        ON       (FRESH),
        ENTER    (ESTABLISHED),
        ALIVE
    ),
},
MSS_OBEYED ("47",    "An MSS of 47 is obeyed",                                                            47,    200)
MSS_OBEYED ("48",    "An MSS of 48 is obeyed",                                                            48,    200)
MSS_OBEYED ("535",   "An MSS one below the default of IPv4 is obeyed",                                    535,   3000)
MSS_OBEYED ("536",   "An MSS of the default of IPv4 is obeyed",                                           536,   3000)
MSS_OBEYED ("65535", "An MSS of 65535 does not lead to segments that the link cannot carry",              65535, 5000)

/* ---- window scale ---------------------------------------------------------------------------------------------------- */

{
    CASE  ("options/scale-15", "A window scale of 15 is survived, and data flows by a window field of 1"),
    REQS  ("RFC7323-2.3-f", "RFC7323-2.3-d"),
    LADDER(
        ENTER    (LISTEN),
        PEER     (SYN, .wscale = ZERO + 15),
        ONE_OF   (
            BY ("RFC7323-2.3-g", IUT (SYN|ACK, .seq = ISS, .wscale = AT_MOST(14)), PEER (ACK, .wnd = 1)),
            BY ("RFC9293-MUST-6", IUT (SYN|ACK, .seq = ISS, .wscale = ABSENT), PEER (ACK))
        ),
        APP      (SEND, .octets = 100),
        IUT_SENDS(100, .each = AT_LEAST(100)),
        ALIVE
    ),
},
};

GROUP (options, "Header and options", options_cases);
