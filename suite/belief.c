#include "belief.h"

#include <math.h>

enum { REPEATS = 3 };

static const double ODDS = 1.0 / 1000;

void attempts_count(struct attempts *attempts, enum verdict verdict, unsigned packets)
{
    attempts->failed += verdict == VERDICT_FAIL;
    attempts->passed += verdict == VERDICT_PASS;
    attempts->unjudged += verdict == VERDICT_INCONCLUSIVE;
    if (packets > attempts->packets)
        attempts->packets = packets;
}

double path_loss(const struct path_seen *path)
{
    /* A case that failed and passed is a loss too, though nobody knows of how many segments. */
    unsigned seen = path->unanswered > 0 || path->contradicted == 0 ? path->unanswered : 1;
    /* And as many again as chance may have spared us. */
    double lost = seen + sqrt(seen);

    if (seen == 0)
        return 0;

    return lost < path->asked ? lost / path->asked : 1;
}

/* The odds of `least` or more among `count`, each with the odds `each`. */
static double at_least(unsigned least, unsigned count, double each)
{
    double sum = 0;

    for (unsigned i = least; i <= count; i++)
        sum += exp(lgamma(count + 1.0) - lgamma(i + 1.0) - lgamma(count - i + 1.0)) * pow(each, i) * pow(1 - each, count - i);
    return sum;
}

/* That one attempt was spoiled: some segment of it was lost, either way. */
static double spoiled(const struct attempts *attempts, double loss)
{
    return 1 - pow(1 - loss / 2, attempts->packets);
}

/* That one attempt passed because a stimulus that nothing shows, or the answer to it, was lost. */
static double unnoticed(const struct attempts *attempts, double loss)
{
    return 1 - pow(1 - loss, attempts->unseen);
}

static unsigned played(const struct attempts *attempts)
{
    return attempts->failed + attempts->passed + attempts->unjudged;
}

static bool beyond_chance(unsigned seen, unsigned count, double each, unsigned cases)
{
    return at_least(seen, count, each) * cases < ODDS;
}

static bool fail_stands(const struct attempts *attempts, double loss, unsigned cases)
{
    return beyond_chance(attempts->failed, attempts->failed + attempts->passed, spoiled(attempts, loss), cases);
}

static bool pass_stands(const struct attempts *attempts, double loss, unsigned cases)
{
    if (attempts->passed <= attempts->failed)
        return false;
    return attempts->unseen == 0 ||
           beyond_chance(attempts->passed, attempts->failed + attempts->passed, unnoticed(attempts, loss), cases);
}

static enum belief without_loss(const struct attempts *attempts, enum verdict verdict, bool doubtful, unsigned retries)
{
    bool again = false;

    if (verdict == VERDICT_INCONCLUSIVE)
        again = attempts->unjudged <= retries;
    else if (verdict == VERDICT_FAIL && doubtful)
        again = attempts->failed < 2;
    else if (verdict == VERDICT_PASS)
        again = attempts->failed == 1 && attempts->passed < 2 && played(attempts) < REPEATS;
    return again ? ONCE_MORE : BELIEVED;
}

enum belief belief_in(const struct attempts *attempts, enum verdict verdict, bool loss_explains,
                      const struct belief_terms *terms)
{
    double   loss   = path_loss(&terms->path);
    unsigned judged = attempts->failed + attempts->passed;

    if (verdict == VERDICT_SKIP || verdict == VERDICT_ERROR)
        return BELIEVED;
    if (loss == 0)
        return without_loss(attempts, verdict, loss_explains || terms->path_loses, terms->retries);
    if (verdict == VERDICT_FAIL && fail_stands(attempts, loss, terms->cases))
        return BELIEVED;
    if (verdict == VERDICT_PASS && pass_stands(attempts, loss, terms->cases))
        return BELIEVED;
    if (attempts->unjudged > terms->retries + judged)
        return judged == 0 ? BELIEVED : UNBELIEVED;
    return judged + attempts->unjudged < ATTEMPTS_MOST ? ONCE_MORE : UNBELIEVED;
}

bool belief_in_breach(const struct attempts *attempts, unsigned broken, const struct belief_terms *terms)
{
    double loss = path_loss(&terms->path);

    if (loss == 0)
        return broken >= (terms->path_reorders ? 2 : 1);
    return beyond_chance(broken, played(attempts), spoiled(attempts, loss), terms->cases);
}

bool belief_dismisses_breach(const struct attempts *attempts, unsigned broken)
{
    return played(attempts) >= REPEATS && broken * REPEATS <= played(attempts);
}

bool belief_wants_breach_again(const struct attempts *attempts, const struct belief_terms *terms)
{
    if (path_loss(&terms->path) == 0)
        return terms->path_reorders && played(attempts) < REPEATS;
    return played(attempts) < ATTEMPTS_MOST;
}
