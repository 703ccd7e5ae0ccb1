/* replay_pairs.c: which states met which events while inputs were played, as a table for programs to read; and inputs chosen
 * and made small that reach what the ladders of a folder do not. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/minimize.h"
#include "notation_ladder.h"
#include "notation_words.h"
#include "replay_inside.h"

enum { STATES_MET = TIME_WAIT + 1, PAIRS = STATES_MET * EVENTS, STEPS_TOGETHER = 150 };

struct pairs {
    bool met[PAIRS];
};

struct candidate {
    uint8_t     *octets;
    size_t       count;
    struct pairs pairs;
};

struct choosing {
    struct stage       *stage;
    struct replay_file *file;
    struct pairs        reached; /* by what is there already */
    struct candidate   *candidates;
    size_t              count;
    struct candidate   *chosen; /* made small; `pairs` are those that it was chosen for */
    size_t              chosen_count;
};

static void meet(void *context, enum state state, unsigned event)
{
    struct pairs *pairs = context;

    pairs->met[(unsigned)state * EVENTS + event] = true;
}

struct meeting {
    struct stage       *stage;
    const struct input *input;
    struct met {
        bool         silent; /* no oracle spoke */
        struct pairs pairs;
    } * met; /* shared */
};

static void play_here(void *context)
{
    struct meeting    *meeting = context;
    struct stage_watch watch   = { .context = &meeting->met->pairs, .event = meet };
    struct finding     finding;

    meeting->met->silent = !stage_play(meeting->stage, meeting->input, &watch, &finding);
}

/* False: an oracle spoke, or it did not live through it. */
static bool play(struct stage *stage, const struct input *input, struct pairs *pairs)
{
    struct meeting meeting = { stage, input, replay_share(sizeof *meeting.met) };
    struct death   death;
    struct error   ignored;

    if (meeting.met == NULL)
        return false;
    bool silent =
        replay_apart(play_here, &meeting, PLAY_LIMIT_MS, &death, &ignored) && death.kind == DEATH_NONE && meeting.met->silent;

    *pairs = meeting.met->pairs;
    replay_unshare(meeting.met, sizeof *meeting.met);
    return silent;
}

/* ---- the table ---------------------------------------------------------------------------------------------------------- */

enum status replay_print_pairs(const struct replay_wish *wish, struct stage *stage, struct replay_file *file)
{
    unsigned    *inputs = calloc(PAIRS, sizeof *inputs);
    struct pairs pairs;
    struct error error;
    enum status  status = inputs != NULL ? STATUS_GOOD : STATUS_ERROR;
    char         event[100];

    for (size_t i = 0; i < wish->file_count && status == STATUS_GOOD; i++) {
        file->path = wish->files[i];
        if (!replay_read_ladder(file, "--pairs", &error))
            status = complain(STATUS_USAGE, &error);
        else if (!play(stage, file->input, &pairs))
            status = STATUS_VIOLATION;
        for (size_t pair = 0; pair < PAIRS && status == STATUS_GOOD; pair++)
            inputs[pair] += pairs.met[pair];
        if (status == STATUS_VIOLATION)
            fprintf(stderr, "tcprove: an oracle speaks, or the TCP does not live through it: tcprove replay %s\n", file->path);
    }
    for (unsigned pair = 0; pair < PAIRS && status == STATUS_GOOD; pair++) {
        event_print(pair % EVENTS, event, sizeof event);
        printf("%s\t%s\t%u\n", word_of(state_words, pair / EVENTS), event, inputs[pair]);
    }
    free(inputs);
    return status;
}

/* ---- choosing inputs ---------------------------------------------------------------------------------------------------- */

static size_t count_new(const struct pairs *pairs, const struct pairs *reached)
{
    size_t count = 0;

    for (size_t i = 0; i < PAIRS; i++)
        count += pairs->met[i] && !reached->met[i];
    return count;
}

static void join(struct pairs *reached, const struct pairs *pairs)
{
    for (size_t i = 0; i < PAIRS; i++)
        reached->met[i] = reached->met[i] || pairs->met[i];
}

struct wanted {
    struct stage *stage;
    struct pairs  pairs;
    struct input *tried; /* where octets are read into */
};

static bool reaches(const struct wanted *wanted, const struct input *input)
{
    struct pairs pairs;

    return play(wanted->stage, input, &pairs) && count_new(&wanted->pairs, &pairs) == 0;
}

static bool still_reaches(void *context, const uint8_t *octets, size_t count)
{
    const struct wanted *wanted = context;

    input_read(octets, count, wanted->tried);
    return reaches(wanted, wanted->tried);
}

/* "FIN_WAIT_1", "data, SEQ old, ACK new", 7: fin-wait-1-meets-data-seq-old-ack-new-and-6-others.ladder */
static void name_of(unsigned pair, size_t pairs, char *name, size_t room)
{
    char   event[100], words[200];
    size_t used = 0;

    event_print(pair % EVENTS, event, sizeof event);
    snprintf(words, sizeof words, "%s meets %s", word_of(state_words, pair / EVENTS), event);
    for (const char *at = words; *at != '\0' && used + 40 < room; at++) {
        if (isalnum((unsigned char)*at))
            name[used++] = (char)tolower((unsigned char)*at);
        else if (used > 0 && name[used - 1] != '-')
            name[used++] = '-';
    }
    if (pairs > 1)
        snprintf(name + used, room - used, "-and-%zu-others.ladder", pairs - 1);
    else
        snprintf(name + used, room - used, ".ladder");
}

static unsigned first_of(const struct pairs *pairs)
{
    unsigned first = 0;

    while (first < PAIRS && !pairs->met[first])
        first++;
    return first;
}

static bool write_ladder(const char *folder, const struct candidate *one, struct input *input, struct error *error)
{
    static const struct pairs none;
    char                      path[1000], name[200], text[400];
    FILE                     *file;

    input_read(one->octets, one->count, input);
    name_of(first_of(&one->pairs), count_new(&one->pairs, &none), name, sizeof name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wex");
    if (file == NULL)
        return error_set(error, "%s was not written: %s", path, strerror(errno));
    for (size_t i = 0; i < input->count; i++) {
        notation_rung(&input->steps[i], text, sizeof text);
        fprintf(file, "%s\n", text);
    }
    printf("%s\n", path);
    return fclose(file) == 0 || error_set(error, "%s was not written whole: %s", path, strerror(errno));
}

static bool set_octets(struct candidate *one, const uint8_t *octets, size_t count, struct error *error)
{
    uint8_t *copy = realloc(one->octets, count + 1);

    if (copy == NULL)
        return error_set(error, "out of memory");
    memcpy(copy, octets, count);
    one->octets = copy;
    one->count  = count;
    return true;
}

/* The candidate that adds most, and of those the shortest; NULL where none adds anything. */
static const struct candidate *choose(const struct choosing *choosing)
{
    const struct candidate *best = NULL;
    size_t                  most = 0;

    for (size_t i = 0; i < choosing->count; i++) {
        const struct candidate *one   = &choosing->candidates[i];
        size_t                  count = count_new(&one->pairs, &choosing->reached);

        if (count > most || (count == most && count > 0 && one->count < best->count)) {
            best = one;
            most = count;
        }
    }
    return best;
}

static bool choose_one(struct choosing *choosing, const struct candidate *one, struct error *error)
{
    struct replay_file *file   = choosing->file;
    struct wanted       wanted = { choosing->stage, one->pairs, file->input };
    struct candidate   *chosen = &choosing->chosen[choosing->chosen_count++];

    for (unsigned i = 0; i < PAIRS; i++)
        wanted.pairs.met[i] = one->pairs.met[i] && !choosing->reached.met[i];
    memcpy(file->octets, one->octets, one->count);
    file->count = minimize(&form_of_ladders, file->octets, one->count, still_reaches, &wanted);
    join(&choosing->reached, &wanted.pairs);
    chosen->pairs = wanted.pairs;
    return set_octets(chosen, file->octets, file->count, error);
}

/* ---- many small ladders as a few ------------------------------------------------------------------------------------------
 */

/* One behind the other, with what ends the connections in between, if all that both were chosen for is reached still. */
static bool put_together(struct choosing *choosing, struct candidate *first, const struct candidate *then, struct error *error)
{
    static const struct step ends[][4] = { { ON(0), END_OF_LADDER },
                                           { PEER(RST), ON(0), END_OF_LADDER },
                                           { ON(0), PEER(RST), END_OF_LADDER },
                                           { ON(0), APP(ABORT), END_OF_LADDER },
                                           { ON(2), END_OF_LADDER },
                                           { ON(2), PEER(RST), END_OF_LADDER },
                                           { ON(1), END_OF_LADDER },
                                           { ON(1), PEER(RST), END_OF_LADDER },
                                           { ON(3), PEER(RST), END_OF_LADDER },
                                           { ON(0), APP(ABORT), WAIT(300000), END_OF_LADDER } };
    struct replay_file      *file      = choosing->file;
    struct wanted            wanted    = { choosing->stage, first->pairs, NULL };

    join(&wanted.pairs, &then->pairs);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        uint8_t end[100];
        size_t  count = input_write(ends[i], end, sizeof end, error);

        if (first->count + count + then->count > sizeof file->octets)
            return false;
        memcpy(file->octets, first->octets, first->count);
        memcpy(file->octets + first->count, end, count);
        memcpy(file->octets + first->count + count, then->octets, then->count);
        input_read(file->octets, first->count + count + then->count, file->input);
        if (file->input->count > STEPS_TOGETHER || !reaches(&wanted, file->input))
            continue;
        first->pairs = wanted.pairs;
        return set_octets(first, file->octets, first->count + count + then->count, error);
    }
    return false;
}

/* Of one state each; what goes nowhere stays by itself. */
static void gather_states(struct choosing *choosing)
{
    struct error ignored;
    size_t       left = 0;

    for (size_t i = 0; i < choosing->chosen_count; i++) {
        struct candidate one    = choosing->chosen[i];
        bool             placed = false;

        for (size_t k = 0; k < left && !placed; k++)
            if (first_of(&choosing->chosen[k].pairs) / EVENTS == first_of(&one.pairs) / EVENTS)
                placed = put_together(choosing, &choosing->chosen[k], &one, &ignored);
        if (placed)
            free(one.octets);
        else
            choosing->chosen[left++] = one;
    }
    choosing->chosen_count = left;
}

/* *status says whose fault it is where it returns false. */
static bool gather(struct choosing *choosing, const struct replay_wish *wish, enum status *status, struct error *error)
{
    choosing->candidates = calloc(wish->file_count + 1, sizeof *choosing->candidates);
    choosing->chosen     = calloc(wish->file_count + 1, sizeof *choosing->chosen);
    if (choosing->candidates == NULL || choosing->chosen == NULL)
        return error_set(error, "out of memory");
    for (size_t i = 0; i < wish->file_count; i++) {
        struct candidate *one = &choosing->candidates[choosing->count];

        choosing->file->path = wish->files[i];
        if (!replay_read_ladder(choosing->file, "--keep", error)) {
            *status = STATUS_USAGE;
            return false;
        }
        if (!play(choosing->stage, choosing->file->input, &one->pairs))
            continue;
        if (i < wish->known) {
            join(&choosing->reached, &one->pairs);
            continue;
        }
        if (!set_octets(one, choosing->file->octets, choosing->file->count, error))
            return false;
        choosing->count++;
    }
    return true;
}

static void release(struct choosing *choosing)
{
    for (size_t i = 0; i < choosing->count; i++)
        free(choosing->candidates[i].octets);
    for (size_t i = 0; i < choosing->chosen_count; i++)
        free(choosing->chosen[i].octets);
    free(choosing->candidates);
    free(choosing->chosen);
    free(choosing);
}

enum status replay_keep(const struct replay_wish *wish, struct stage *stage, struct replay_file *file)
{
    struct choosing *choosing = calloc(1, sizeof *choosing);
    struct error     error    = { "out of memory" };
    enum status      status   = STATUS_ERROR;
    bool             good     = choosing != NULL;

    if (good) {
        choosing->stage = stage;
        choosing->file  = file;
        good            = gather(choosing, wish, &status, &error);
    }
    for (const struct candidate *one; good && (one = choose(choosing)) != NULL;)
        good = choose_one(choosing, one, &error);
    if (good)
        gather_states(choosing);
    for (size_t i = 0; good && i < choosing->chosen_count; i++)
        good = write_ladder(wish->keep, &choosing->chosen[i], file->input, &error);
    if (choosing != NULL)
        release(choosing);
    return good ? STATUS_GOOD : complain(status, &error);
}
