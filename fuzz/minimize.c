#include "minimize.h"

#include <stdlib.h>
#include <string.h>

struct shrinking {
    still_holds *holds;
    void        *context;
    uint8_t     *octets, *tried;
    size_t       count;
    struct input input;
};

/* Does it hold without the octets [from, to)? Then that is the input from now on. */
static bool do_without(struct shrinking *shrinking, size_t from, size_t to)
{
    size_t left = shrinking->count - (to - from);

    memcpy(shrinking->tried, shrinking->octets, from);
    memcpy(shrinking->tried + from, shrinking->octets + to, shrinking->count - to);
    input_read(shrinking->tried, left, &shrinking->input);
    if (!shrinking->holds(shrinking->context, &shrinking->input))
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

static bool drop_octets(struct shrinking *shrinking, size_t width)
{
    bool   dropped = false;
    size_t at      = 0;

    while (at + width <= shrinking->count) {
        if (do_without(shrinking, at, at + width))
            dropped = true;
        else
            at++;
    }
    return dropped;
}

size_t minimize(uint8_t *octets, size_t count, still_holds *holds, void *context)
{
    struct shrinking *shrinking = malloc(sizeof *shrinking);
    uint8_t          *tried     = malloc(count + 1);
    bool              smaller   = true;

    if (shrinking != NULL && tried != NULL) {
        *shrinking = (struct shrinking){ .holds = holds, .context = context, .octets = octets, .tried = tried, .count = count };
        /* Until nothing can go: what is small then is found small the next time too. */
        while (smaller) {
            smaller = false;
            for (size_t steps = INPUT_STEPS; steps > 0; steps /= 2)
                smaller = drop_steps(shrinking, steps) || smaller;
            for (size_t width = 8; width > 0; width /= 2)
                smaller = drop_octets(shrinking, width) || smaller;
        }
        count = shrinking->count;
    }
    free(shrinking);
    free(tried);
    return count;
}
