/* belief.h: whether what a case's attempts showed is enough to believe it, or whether the path, by losing a segment, could have
 * made it look so. It knows counts and odds, not how cases are played. */
#ifndef TCPROVE_BELIEF_H
#define TCPROVE_BELIEF_H

#include <stdbool.h>

#include "results.h"

/* The outcomes of one case. */
struct attempts {
    unsigned failed, passed, unjudged;
    unsigned packets; /* of the longest attempt, both directions */
    unsigned unseen;  /* stimuli whose arrival nothing in the ladder shows (needs.unseen) */
};

void attempts_count(struct attempts *attempts, enum verdict verdict, unsigned packets);

/* Why another attempt may be wanted at all. */
struct belief_terms {
    struct path_seen path;
    bool             path_loses;    /* the path is not ours: it may lose segments, though none was seen to be lost */
    bool             path_reorders; /* one segment may overtake another: on a veth too, where there are two processors */
    unsigned         cases;         /* of the run: among so many, odds add up */
    unsigned         retries;       /* --retries: further attempts at what could not be judged */
};

enum belief {
    BELIEVED,   /* the latest outcome is the verdict */
    ONCE_MORE,  /* it may be otherwise: to be played again */
    UNBELIEVED, /* played often enough, and loss could still explain what was seen: INCONCLUSIVE */
};

/* Attempts after which a case on a path that loses segments is left unjudged. */
enum { ATTEMPTS_MOST = 24 };

/* The odds that a segment or the answer to it is lost; 0 where every handshake was answered at once and no case failed once and
 * passed once. */
double path_loss(const struct path_seen *path);

/* `verdict` and `loss_explains` are those of the latest attempt, which is counted in *attempts already. Without loss: what
 * could not be judged is retried, and a FAIL that a lost segment or a late reply could explain must come twice out of at most
 * three times. With loss, the odds that loss alone made the verdict must be below 1 in 1,000 for the whole run. */
enum belief belief_in(const struct attempts *attempts, enum verdict verdict, bool loss_explains,
                      const struct belief_terms *terms);

/* Whether what the path did could not have made a rule look broken in `broken` of the attempts: loss, or a segment
 * that overtook another. */
bool belief_in_breach(const struct attempts *attempts, unsigned broken, const struct belief_terms *terms);

/* Whether a breach that does not stand is the path's doing: the case was played often enough without it. */
bool belief_dismisses_breach(const struct attempts *attempts, unsigned broken);

/* Whether an attempt more may tell, of a breach that does not stand. */
bool belief_wants_breach_again(const struct attempts *attempts, const struct belief_terms *terms);

/* What is to be said of a rule of the referee's that was seen broken. */
enum breach { BREACH_NONE, BREACH_STANDS, BREACH_DOUBTFUL, BREACH_DISMISSED };

#endif
