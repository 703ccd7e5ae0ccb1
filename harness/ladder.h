/* ladder.h: the words that cases are written in. It knows the vocabulary of the RFCs and nothing else: not how a
 * segment is sent, not which target plays. Everything here is data; a case is a constant.
 *
 * Symbols speak from the control block of the TCP under test, as the wire has shown it so far: RCV_NXT is the highest
 * acknowledgment that the *target* sent, SND_UNA its oldest octet that we have not acknowledged, RMSS the largest
 * segment *we* may send it, SMSS the largest it may send us. They move only when a rung observes: two PEER rungs in a
 * row count from the same RCV_NXT, and what 100 octets lead to is written IUT_ACKS (RCV_NXT + 100). A term is one base
 * (a sequence number) plus counts of lengths plus an offset, packed into one integer, so RCV_NXT + RCV_WND - 1 is a
 * compile-time constant. A field that is left out is zero; a real zero is written ZERO. */
#ifndef TCPROVE_LADDER_H
#define TCPROVE_LADDER_H

#include <stddef.h>
#include <stdint.h>

#include "words.h"

typedef int64_t term;

/* ---- symbols: offset 33 bits signed | four lengths, 5 bits signed each | base 6 bits | bound 2 bits -------------- */

#define OFFSET_BITS 33
#define LENGTH_BITS 5
#define BASE_SHIFT  (OFFSET_BITS + 4 * LENGTH_BITS)
#define BASE_BITS   6
#define BOUND_SHIFT (BASE_SHIFT + BASE_BITS)

#define LENGTH(i) ((term)1 << (OFFSET_BITS + LENGTH_BITS * (i)))
#define RCV_WND   LENGTH(0) /* what the target offers us now, scaled                                 */
#define SND_WND   LENGTH(1) /* the largest window we ever offered it (RFC 5961: MAX.SND.WND)         */
#define SMSS      LENGTH(2) /* largest segment the target may send, RFC 5681's word                  */
#define RMSS      LENGTH(3) /* largest segment we may send, RFC 5681's word                          */

/* Codes of bases are odd, so the sum or difference of two of them is even: the lint refuses RCV_NXT + SND_NXT. */
#define BASE(i)     ((term)(2 * (i) + 1) << BASE_SHIFT)
#define ZERO        BASE(0) /* absolute: ZERO + 5 is the number 5, ZERO alone is a real 0            */
#define RCV_NXT     BASE(1)
#define SND_UNA     BASE(2)
#define SND_NXT     BASE(3)
#define ISS         BASE(4)
#define IRS         BASE(5)
#define SEG_SEQ     BASE(6) /* SEG.* : the latest PEER segment on this connection                    */
#define SEG_ACK     BASE(7)
#define SEG_END     BASE(8)  /* SEG.SEQ + SEG.LEN, SYN and FIN counted                                */
#define TS_RECENT   BASE(9)  /* the target's TS.Recent: the TSecr it sent last                        */
#define TS_FIRST    BASE(10) /* the TSval of our first segment; our clock stands still unless moved   */
#define TS_LAST     BASE(11) /* the latest TSval that the target sent                                 */
#define DEFAULT_MSS BASE(12) /* 536 over IPv4, 1220 over IPv6                                         */
#define ABSENT      BASE(13) /* this option is not there                                              */
#define ANY         BASE(14) /* IUT: not checked                                                      */

#define AT_LEAST(x) ((x) + ((term)1 << BOUND_SHIFT))
#define AT_MOST(x)  ((x) + ((term)2 << BOUND_SHIFT))
#define SOME        AT_LEAST(1)

enum way { PASSIVE, ACTIVE };
enum feature { SACK_PERMITTED = 1, TIMESTAMPS = 2, WINDOW_SCALE = 4, ECN = 8 };
enum place { FROM_PEER, FROM_TARGET, FROM_BROADCAST, FROM_MULTICAST, FROM_LOOPBACK };
enum mark { NO_MARK, A, B, C, D, PREVIOUS };
enum filler { STREAM, OTHER }; /* the octet that belongs at this sequence number, or a different one */
enum yes { NO, YES };

struct octets {
    const uint8_t *at;
    size_t         count;
};
#define OCTETS(...)                                                                                                            \
    {                                                                                                                          \
        (const uint8_t[]){ __VA_ARGS__ }, sizeof(const uint8_t[])                                                              \
        {                                                                                                                      \
            __VA_ARGS__                                                                                                        \
        }                                                                                                                      \
    }

struct block {
    term left, right;
};

/* How long after the segment before it (or after the rung marked .since): milliseconds, or percent of an interval. */
struct interval {
    uint32_t  least, most;
    enum mark of;
};
#define MS(lo, hi)                                                                                                             \
    {                                                                                                                          \
        (lo), (hi), NO_MARK                                                                                                    \
    }
#define PERCENT(lo, hi, m)                                                                                                     \
    {                                                                                                                          \
        (lo), (hi), (m)                                                                                                        \
    }
#define AT_ONCE  MS(0, 20) /* plus the round trip that the doctor measured */
#define MEASURED MS(0, NO_LIMIT)
#define DOUBLED  PERCENT(150, 250, PREVIOUS)
#define NO_LIMIT UINT32_MAX

/* One segment, sent or expected. Left out, sent: the correct value. Left out, expected: the correct value is demanded
 * for flags, SEQ, ACK, LEN and octets; the rest is free. */
struct rung_segment {
    unsigned        flags;
    term            seq, ack, wnd, len, up;
    term            mss, wscale, sack_permitted, tsval, tsecr;
    struct block    sack[4];
    struct octets   options; /* raw, instead of the named ones */
    enum damage     corrupt;
    term            data_offset, reserved;
    enum filler     fill;
    enum place      from;
    struct interval after;
    enum mark       mark, since;
    term            each;     /* IUT_SENDS: bound on each segment; PEER_SENDS: its length */
    enum yes        held;     /* IUT_SENDS: we do not acknowledge */
    uint32_t        apart_ms; /* PEER_SENDS: pace */
    term            stride;   /* PEER_SENDS: bound on every advance of the target's ACK */
    const char     *rule;     /* the requirement that a failure here is charged to */
};

struct entry {
    enum state state;
    enum way   via;
    unsigned   with;
    term       irs, mss, wnd;
};
struct user {
    enum call    call;
    term         octets;
    enum setting setting;
    uint32_t     value;
};
struct notice {
    enum event event;
    term       octets;
};
struct message {
    enum icmp kind;
    term      mtu, quotes;
};

/* What a case saw, for the few judgements that must compute. */
struct sighting {
    uint64_t time_us;
    unsigned connection;
    enum yes from_target;
    unsigned flags;
    uint32_t seq, ack, wnd, len;
};
struct transcript {
    const struct sighting *at;
    size_t                 count;
};
struct opinion {
    enum { OPINION_PASS, OPINION_FAIL, OPINION_INCONCLUSIVE } verdict;
    const char *sentence;
};
typedef struct opinion judge(const struct transcript *);

enum rung {
    RUNG_END,
    RUNG_ENTER,
    RUNG_ON,
    RUNG_PEER,
    RUNG_IUT,
    RUNG_PEER_SENDS,
    RUNG_IUT_SENDS,
    RUNG_IUT_ACKS,
    RUNG_ONE_OF,
    RUNG_MAYBE,
    RUNG_SILENCE,
    RUNG_WAIT,
    RUNG_APP,
    RUNG_APP_SEES,
    RUNG_ICMP,
    RUNG_ALIVE,
    RUNG_GONE,
    RUNG_ROUNDS,
    RUNG_JUDGE
};

struct step;
struct way_out {
    const char        *clause;
    const struct step *rungs;
    enum yes           deviates;
};

struct step {
    enum rung             rung;
    struct rung_segment   segment;
    struct entry          entry;
    struct user           user;
    struct notice         notice;
    struct message        message;
    uint32_t              number; /* ms, connection or rounds */
    const struct way_out *ways;   /* ONE_OF, ended by a null clause */
    const struct step    *rungs;  /* ROUNDS, MAYBE */
    const char           *clause; /* MAYBE */
    judge                *judge;
    const char           *what;
};

#define END_OF_LADDER                                                                                                          \
    {                                                                                                                          \
        .rung = RUNG_END                                                                                                       \
    }
#define RUNGS(...)                                                                                                             \
    (const struct step[])                                                                                                      \
    {                                                                                                                          \
        __VA_ARGS__, END_OF_LADDER                                                                                             \
    }

#define ENTER(...)                                                                                                             \
    {                                                                                                                          \
        .rung = RUNG_ENTER, .entry = {.state = __VA_ARGS__ }                                                                   \
    }
#define ON(n)                                                                                                                  \
    {                                                                                                                          \
        .rung = RUNG_ON, .number = (n)                                                                                         \
    }
#define FRESH UINT32_MAX
#define PEER(...)                                                                                                              \
    {                                                                                                                          \
        .rung = RUNG_PEER, .segment = {.flags = __VA_ARGS__ }                                                                  \
    }
#define IUT(...)                                                                                                               \
    {                                                                                                                          \
        .rung = RUNG_IUT, .segment = {.flags = __VA_ARGS__ }                                                                   \
    }
#define PEER_SENDS(...)                                                                                                        \
    {                                                                                                                          \
        .rung = RUNG_PEER_SENDS, .segment = {.len = __VA_ARGS__ }                                                              \
    }
#define IUT_SENDS(...)                                                                                                         \
    {                                                                                                                          \
        .rung = RUNG_IUT_SENDS, .segment = {.len = __VA_ARGS__ }                                                               \
    }
#define IUT_ACKS(...)                                                                                                          \
    {                                                                                                                          \
        .rung = RUNG_IUT_ACKS, .segment = {.ack = __VA_ARGS__ }                                                                \
    }
#define ONE_OF(...)                                                                                                            \
    {                                                                                                                          \
        .rung = RUNG_ONE_OF, .ways = (const struct way_out[])                                                                  \
        {                                                                                                                      \
            __VA_ARGS__,                                                                                                       \
            {                                                                                                                  \
                0                                                                                                              \
            }                                                                                                                  \
        }                                                                                                                      \
    }
#define BY(req, ...)                                                                                                           \
    {                                                                                                                          \
        (req), RUNGS(__VA_ARGS__), NO                                                                                          \
    }
#define DEVIATES(req, ...)                                                                                                     \
    {                                                                                                                          \
        (req), RUNGS(__VA_ARGS__), YES                                                                                         \
    }
#define MAYBE(req, ...)                                                                                                        \
    {                                                                                                                          \
        .rung = RUNG_MAYBE, .clause = (req), .rungs = RUNGS(__VA_ARGS__)                                                       \
    }
#define PROVEN 0u /* SILENCE (PROVEN): the ALIVE that follows is answered first */
#define SILENCE(ms)                                                                                                            \
    {                                                                                                                          \
        .rung = RUNG_SILENCE, .number = (ms)                                                                                   \
    }
#define WAIT(ms)                                                                                                               \
    {                                                                                                                          \
        .rung = RUNG_WAIT, .number = (ms)                                                                                      \
    }
#define APP(...)                                                                                                               \
    {                                                                                                                          \
        .rung = RUNG_APP, .user = {.call = __VA_ARGS__ }                                                                       \
    }
#define APP_SEES(...)                                                                                                          \
    {                                                                                                                          \
        .rung = RUNG_APP_SEES, .notice = {.event = __VA_ARGS__ }                                                               \
    }
#define ICMP(...)                                                                                                              \
    {                                                                                                                          \
        .rung = RUNG_ICMP, .message = {.kind = __VA_ARGS__ }                                                                   \
    }
#define ALIVE                                                                                                                  \
    {                                                                                                                          \
        .rung = RUNG_ALIVE                                                                                                     \
    }
#define GONE                                                                                                                   \
    {                                                                                                                          \
        .rung = RUNG_GONE                                                                                                      \
    }
#define ROUNDS(n, ...)                                                                                                         \
    {                                                                                                                          \
        .rung = RUNG_ROUNDS, .number = (n), .rungs = RUNGS(__VA_ARGS__)                                                        \
    }
#define JUDGE(f)                                                                                                               \
    {                                                                                                                          \
        .rung = RUNG_JUDGE, .judge = (f), .what = #f                                                                           \
    }

#define SECONDS(s) ((s)*1000u)
#define MINUTES(m) ((m)*60000u)
#define HOURS(h)   ((h)*3600000u)

enum family { BOTH_FAMILIES, IPV4_ONLY, IPV6_ONLY };

struct ladder_case {
    const char        *id, *title, *file;
    int                line;
    const char *const *reqs; /* ended by a null */
    const struct step *steps;
    enum family        family;
    const char        *tags;
    const enum state  *states; /* ended by EACH; the id gets "/state", a * in a requirement becomes STATE */
};

#define CASE(slug, text) .id = (slug), .title = (text), .file = __FILE__, .line = __LINE__
#define REQS(...)                                                                                                              \
    .reqs = (const char *const[])                                                                                              \
    {                                                                                                                          \
        __VA_ARGS__, NULL                                                                                                      \
    }
#define STATES(...)                                                                                                            \
    .states = (const enum state[])                                                                                             \
    {                                                                                                                          \
        __VA_ARGS__, EACH                                                                                                      \
    }
#define LADDER(...) .steps = RUNGS(__VA_ARGS__)

/* A file in cases/ is one group and ends in GROUP (name, "title", table): that is all it takes to be in the catalog. */
struct ladder_group {
    const char               *name, *title;
    const struct ladder_case *cases;
    size_t                    count;
};
#define GROUP(slug, text, table)                                                                                               \
    extern const struct ladder_group group_##slug;                                                                             \
    const struct ladder_group        group_##slug = { #slug, (text), (table), sizeof(table) / sizeof *(table) }

#endif
