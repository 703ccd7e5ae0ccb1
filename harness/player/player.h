/* player.h: plays one ladder against one target, keeps the transcript and gives the verdict. It knows neither files nor
 * reports, nor which kind of target it plays against. */
#ifndef TCPROVE_PLAYER_H
#define TCPROVE_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ladder.h"
#include "peer.h"
#include "target.h"

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_INCONCLUSIVE, VERDICT_SKIP, VERDICT_ERROR };

/* A packet of the case as it was captured, in order. */
struct captured {
    uint64_t       time_us;
    bool           from_target;
    const uint8_t *octets; /* from the IP header on */
    size_t         count;
};

/* Told of each segment of the target's when a rung takes it, before the symbols move: the rung (of the whole ladder, from 0
 * on), the case's connection, and the tester's end of it. */
struct play_watch {
    void *context;
    void (*takes)(void *context, size_t rung, unsigned connection, const struct peer *peer, const struct segment *segment,
                  uint64_t after_us);
};

struct play_options {
    uint64_t     seed;       /* payloads and sequence numbers */
    double       time_scale; /* stretches waiting, never what is judged; 1 by default */
    enum service service;    /* SERVICE_NONE: user calls; otherwise only what that service allows */
    unsigned     services;   /* bits, 1 << enum service, where there are several: each case has the one that allows it */
    uint32_t     text_most;  /* 0 for a case; otherwise an input of the fuzzer's: octets of one segment, at most … */
    uint32_t     send_most;  /* … and of one SEND; no window is too small for a segment, and a call that is refused is none */

    const struct play_watch *watch; /* NULL: nobody is told */
};

struct play {
    enum verdict verdict;
    bool         loss_explains; /* a FAIL that a lost segment or a late reply could explain: to be repeated */
    bool         deviates;      /* a FAIL by a way that is permitted, against the recommendation `charged` */
    char         charged[64];   /* requirement that the failed rung or the way names; "" : the case's first */
    char         reason[600];   /* one sentence */
    char         expected[600], actual[600];
    uint64_t     duration_us; /* on the target's clock */
    char       **transcript;  /* lines, drawn as a ladder; the rung that failed begins with "!!" */
    size_t       transcript_lines;
    char         ways[256]; /* the clauses of the alternatives that were taken, comma separated */

    size_t           through; /* rungs of the ladder that were gone through */
    size_t           refused; /* user calls of an input */
    struct captured *packets; /* all that was captured */
    size_t           packet_count;
    uint64_t         first_answer_us; /* from the first segment sent to the first answer; 0 if there was none */
    unsigned         asked;           /* SYNs of ENTER, which a listener answers at once … */
    unsigned         unanswered;      /* … and those that were not: the path or the target lost something */
};

/* Plays `ladder` (in state `each` where the case is played for several states, else EACH). Never fails as a call: what went
 * wrong is a verdict. Release with play_release. */
struct play *play_ladder(const struct ladder_case *ladder, enum state each, struct target *target,
                         const struct play_options *options);
void         play_release(struct play *play);

/* Why a case cannot be asked of an application that is a service (options.service, options.services), and what would allow it:
 * the sentence of its SKIP. false where it can be. */
bool play_lacks_service(const struct ladder_case *ladder, enum state each, const struct play_options *options, char *sentence,
                        size_t room);

#endif
