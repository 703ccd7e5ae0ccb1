#include "minimize.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT_RUN = 8 };

struct shrinking {
    still_holds *holds;
    void        *context;
    uint8_t     *octets, *tried;
    size_t       count;
};

/* Does it hold without the octets [from, to)? Then that is the input from now on. */
static bool do_without(struct shrinking *shrinking, size_t from, size_t to)
{
    size_t left = shrinking->count - (to - from);

    memcpy(shrinking->tried, shrinking->octets, from);
    memcpy(shrinking->tried + from, shrinking->octets + to, shrinking->count - to);
    if (!shrinking->holds(shrinking->context, shrinking->tried, left))
        return false;
    memcpy(shrinking->octets, shrinking->tried, left);
    shrinking->count = left;
    return true;
}

static size_t steps_end(const struct shrinking *shrinking, size_t at, size_t steps)
{
    while (steps-- > 0 && at < shrinking->count)
        at = input_step_end(shrinking->octets, shrinking->count, at);
    return at;
}

static bool drop_steps(struct shrinking *shrinking, size_t steps)
{
    bool   dropped = false;
    size_t at      = 0;

    while (at < shrinking->count) {
        if (do_without(shrinking, at, steps_end(shrinking, at, steps)))
            dropped = true;
        else
            at = steps_end(shrinking, at, 1);
    }
    return dropped;
}

/* At every place where the run is short; a long one need not begin everywhere, for a short one follows. */
static bool drop_octets(struct shrinking *shrinking, size_t width)
{
    bool   dropped = false;
    size_t at      = 0;

    while (at + width <= shrinking->count) {
        if (do_without(shrinking, at, at + width))
            dropped = true;
        else
            at += width > SHORT_RUN ? width / 2 : 1;
    }
    return dropped;
}

static bool make_smaller(struct shrinking *shrinking, enum taken_away away)
{
    bool   smaller = false;
    size_t width   = SHORT_RUN;

    for (size_t steps = INPUT_STEPS; away == STEPS_OF_A_LADDER && steps > 0; steps /= 2)
        smaller = drop_steps(shrinking, steps) || smaller;
    while (away == RUNS_OF_OCTETS && width < shrinking->count / 2)
        width *= 2;
    for (; width > 0; width /= 2)
        smaller = drop_octets(shrinking, width) || smaller;
    return smaller;
}

size_t minimize(enum taken_away away, uint8_t *octets, size_t count, still_holds *holds, void *context)
{
    uint8_t         *tried     = malloc(count + 1);
    struct shrinking shrinking = { .holds = holds, .context = context, .octets = octets, .tried = tried, .count = count };

    /* Until nothing can go: what is small then is found small the next time too. */
    while (tried != NULL && make_smaller(&shrinking, away))
        continue;
    free(tried);
    return shrinking.count;
}
