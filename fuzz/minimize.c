#include "minimize.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT_RUN = 8 };

const struct form form_of_ladders = { .unit_end = input_step_end };

struct shrinking {
    const struct form *form;
    still_holds       *holds;
    void              *context;
    uint8_t           *octets, *tried;
    size_t             count;
};

static size_t units_end(const struct shrinking *shrinking, size_t at, size_t units)
{
    while (units-- > 0 && at < shrinking->count)
        at = shrinking->form->unit_end(shrinking->octets, shrinking->count, at);
    return at;
}

/* Does it hold without the octets [from, to), of the unit at `unit` or from unit to unit? Then that is the input from now on.
 */
static bool do_without(struct shrinking *shrinking, size_t unit, size_t from, size_t to)
{
    size_t left = shrinking->count - (to - from);

    memcpy(shrinking->tried, shrinking->octets, from);
    memcpy(shrinking->tried + from, shrinking->octets + to, shrinking->count - to);
    if (from > unit && shrinking->form->shorten != NULL)
        shrinking->form->shorten(shrinking->tried + unit, to - from);
    if (!shrinking->holds(shrinking->context, shrinking->tried, left))
        return false;
    memcpy(shrinking->octets, shrinking->tried, left);
    shrinking->count = left;
    return true;
}

static bool drop_units(struct shrinking *shrinking, size_t units)
{
    bool   dropped = false;
    size_t at      = 0;

    while (at < shrinking->count) {
        if (do_without(shrinking, at, at, units_end(shrinking, at, units)))
            dropped = true;
        else
            at = units_end(shrinking, at, 1);
    }
    return dropped;
}

/* At every place where the run is short; a long one need not begin everywhere, for a short one follows. */
static bool shorten_unit(struct shrinking *shrinking, size_t unit, size_t width)
{
    bool   dropped = false;
    size_t at      = unit + shrinking->form->header;

    while (at + width <= units_end(shrinking, unit, 1)) {
        if (do_without(shrinking, unit, at, at + width))
            dropped = true;
        else
            at += width > SHORT_RUN ? width / 2 : 1;
    }
    return dropped;
}

static bool shorten_units(struct shrinking *shrinking, size_t width)
{
    bool dropped = false;

    for (size_t unit = 0; unit < shrinking->count; unit = units_end(shrinking, unit, 1))
        dropped = shorten_unit(shrinking, unit, width) || dropped;
    return dropped;
}

static bool make_smaller(struct shrinking *shrinking)
{
    bool   smaller = false;
    size_t width   = SHORT_RUN;

    for (size_t units = INPUT_STEPS; units > 0; units /= 2)
        smaller = drop_units(shrinking, units) || smaller;
    while (width < shrinking->count / 2)
        width *= 2;
    for (; width > 0; width /= 2)
        smaller = shorten_units(shrinking, width) || smaller;
    return smaller;
}

size_t minimize(const struct form *form, uint8_t *octets, size_t count, still_holds *holds, void *context)
{
    uint8_t         *tried     = malloc(count + 1);
    struct shrinking shrinking = {
        .form = form, .holds = holds, .context = context, .octets = octets, .tried = tried, .count = count
    };

    /* Until nothing can go: what is small then is found small the next time too. */
    while (tried != NULL && make_smaller(&shrinking))
        continue;
    free(tried);
    return shrinking.count;
}
