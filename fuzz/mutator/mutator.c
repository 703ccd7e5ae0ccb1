#include "fuzz/mutator/mutator.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/mutator/change.h"
#include "fuzz/mutator/value.h"

#define EXPORTED __attribute__((visibility("default")))

enum { OCTETS_ROOM = 1 << 16, STEPS_MOST = 200 };

/* What is left of an input that is being trimmed, and what is tried next: `run` steps from `at` on; where run is 0, field
 * `field` of step `at`. */
struct trimming {
    struct input kept, tried;
    size_t       run, at, field;
};

struct mutator {
    struct changer  changer;
    struct input    input, other;
    struct trimming trimming;
    uint8_t         out[OCTETS_ROOM];
};

EXPORTED struct mutator *afl_custom_init(void *afl, unsigned seed)
{
    struct mutator *mutator = calloc(1, sizeof *mutator);

    (void)afl;
    if (mutator != NULL)
        mutator->changer.random = seed;
    return mutator;
}

EXPORTED void afl_custom_deinit(struct mutator *mutator)
{
    free(mutator);
}

EXPORTED size_t afl_custom_fuzz(struct mutator *mutator, uint8_t *octets, size_t count, uint8_t **out, uint8_t *other,
                                size_t other_count, size_t most)
{
    struct error error;
    bool         spliced = other != NULL && value_below(&mutator->changer, 2) == 0;

    input_read(octets, count, &mutator->input);
    if (spliced)
        input_read(other, other_count, &mutator->other);
    change(&mutator->changer, &mutator->input, spliced ? &mutator->other : NULL, STEPS_MOST);
    size_t written = input_write(mutator->input.steps, mutator->out, most < OCTETS_ROOM ? most : OCTETS_ROOM, &error);

    *out = written > 0 ? mutator->out : octets;
    return written > 0 ? written : count < most ? count : most;
}

EXPORTED const char *afl_custom_describe(struct mutator *mutator, size_t most)
{
    const char *what = mutator->changer.what;

    return what != NULL && strlen(what) < most ? what : "";
}

/* ---- trimming ----------------------------------------------------------------------------------------------------------- */

EXPORTED int32_t afl_custom_init_trim(struct mutator *mutator, uint8_t *octets, size_t count)
{
    struct trimming *trimming = &mutator->trimming;

    input_read(octets, count, &trimming->kept);
    trimming->run = 1;
    while (trimming->run < trimming->kept.count / 2)
        trimming->run *= 2;
    trimming->at    = 0;
    trimming->field = 1;
    return trimming->kept.count > 0;
}

static void leave_out_steps(struct trimming *trimming)
{
    struct input *tried = &trimming->tried;
    size_t        left = tried->count - trimming->at, run = trimming->run < left ? trimming->run : left;

    memmove(&tried->steps[trimming->at], &tried->steps[trimming->at + run], (left - run + 1) * sizeof *tried->steps);
    tried->count -= run;
}

/* The raw options of the copy stay those of `kept`. */
static void copy_steps(struct input *to, const struct input *from)
{
    memcpy(to->steps, from->steps, (from->count + 1) * sizeof *from->steps);
    to->count = from->count;
}

EXPORTED size_t afl_custom_trim(struct mutator *mutator, uint8_t **out)
{
    struct trimming *trimming = &mutator->trimming;
    struct error     error;

    copy_steps(&trimming->tried, &trimming->kept);
    if (trimming->run > 0)
        leave_out_steps(trimming);
    else
        value_leave_out(&trimming->tried.steps[trimming->at], trimming->field);
    *out = mutator->out;
    return input_write(trimming->tried.steps, mutator->out, OCTETS_ROOM, &error);
}

/* The next thing to try; false where there is none. */
static bool move_on(struct trimming *trimming)
{
    if (trimming->run > 0) {
        if (trimming->at < trimming->kept.count)
            return true;
        trimming->at = 0;
        trimming->run /= 2;
        if (trimming->run > 0)
            return trimming->kept.count > 0;
    }
    for (; trimming->at < trimming->kept.count; trimming->at++, trimming->field = 1)
        if (value_next_field(&trimming->kept.steps[trimming->at], &trimming->field))
            return true;
    return false;
}

EXPORTED int32_t afl_custom_post_trim(struct mutator *mutator, unsigned char same)
{
    struct trimming *trimming = &mutator->trimming;

    if (same)
        copy_steps(&trimming->kept, &trimming->tried);
    else if (trimming->run > 0)
        trimming->at += trimming->run;
    if (trimming->run == 0)
        trimming->field++;
    return move_on(trimming) ? 0 : 1;
}
