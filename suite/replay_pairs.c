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

enum { STATES_MET = TIME_WAIT + 1, PAIRS = STATES_MET * EVENTS };

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
};

static void meet(void *context, enum state state, unsigned event)
{
    struct pairs *pairs = context;

    pairs->met[(unsigned)state * EVENTS + event] = true;
}

/* False: an oracle spoke. */
static bool play(struct stage *stage, const struct input *input, struct pairs *pairs)
{
    struct stage_watch watch = { .context = pairs, .event = meet };
    struct finding     finding;

    memset(pairs, 0, sizeof *pairs);
    return !stage_play(stage, input, &watch, &finding);
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
        if (!replay_read_file(file, &error))
            status = complain(STATUS_USAGE, &error);
        else if (!play(stage, file->input, &pairs))
            status = STATUS_VIOLATION;
        for (size_t pair = 0; pair < PAIRS && status == STATUS_GOOD; pair++)
            inputs[pair] += pairs.met[pair];
        if (status == STATUS_VIOLATION)
            fprintf(stderr, "tcprove: an oracle speaks: tcprove replay %s\n", file->path);
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
};

static bool still_reaches(void *context, const struct input *input)
{
    const struct wanted *wanted = context;
    struct pairs         pairs;

    return play(wanted->stage, input, &pairs) && count_new(&wanted->pairs, &pairs) == 0;
}

/* "FIN_WAIT_1", "data, SEQ old, ACK new": fin-wait-1-meets-data-seq-old-ack-new.ladder */
static void name_of(unsigned pair, char *name, size_t room)
{
    char   event[100], words[200];
    size_t used = 0;

    event_print(pair % EVENTS, event, sizeof event);
    snprintf(words, sizeof words, "%s meets %s", word_of(state_words, pair / EVENTS), event);
    for (const char *at = words; *at != '\0' && used + 8 < room; at++) {
        if (isalnum((unsigned char)*at))
            name[used++] = (char)tolower((unsigned char)*at);
        else if (used > 0 && name[used - 1] != '-')
            name[used++] = '-';
    }
    snprintf(name + used, room - used, ".ladder");
}

static bool write_ladder(const char *folder, unsigned pair, const struct input *input, struct error *error)
{
    char  path[1000], name[200], text[400];
    FILE *file;

    name_of(pair, name, sizeof name);
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

static bool keep_one(struct choosing *choosing, const char *folder, const struct candidate *one, struct error *error)
{
    struct replay_file *file   = choosing->file;
    struct wanted       wanted = { choosing->stage, one->pairs };
    unsigned            first  = PAIRS;

    for (unsigned i = PAIRS; i-- > 0;) {
        wanted.pairs.met[i] = one->pairs.met[i] && !choosing->reached.met[i];
        if (wanted.pairs.met[i])
            first = i;
    }
    memcpy(file->octets, one->octets, one->count);
    file->count = minimize(file->octets, one->count, still_reaches, &wanted);
    input_read(file->octets, file->count, file->input);
    join(&choosing->reached, &wanted.pairs);
    return write_ladder(folder, first, file->input, error);
}

static bool gather(struct choosing *choosing, const struct replay_wish *wish, struct error *error)
{
    size_t folder = strlen(wish->keep);

    choosing->candidates = calloc(wish->file_count, sizeof *choosing->candidates);
    for (size_t i = 0; choosing->candidates != NULL && i < wish->file_count; i++) {
        struct candidate *one = &choosing->candidates[choosing->count];

        choosing->file->path = wish->files[i];
        if (!replay_read_file(choosing->file, error))
            return false;
        if (!play(choosing->stage, choosing->file->input, &one->pairs))
            continue;
        if (strncmp(wish->files[i], wish->keep, folder) == 0) {
            join(&choosing->reached, &one->pairs);
            continue;
        }
        one->count  = choosing->file->count;
        one->octets = malloc(one->count);
        if (one->octets == NULL)
            return error_set(error, "out of memory");
        memcpy(one->octets, choosing->file->octets, one->count);
        choosing->count++;
    }
    return choosing->candidates != NULL || error_set(error, "out of memory");
}

enum status replay_keep(const struct replay_wish *wish, struct stage *stage, struct replay_file *file)
{
    struct choosing *choosing = calloc(1, sizeof *choosing);
    struct error     error    = { "out of memory" };
    bool             good     = choosing != NULL;

    if (good) {
        choosing->stage = stage;
        choosing->file  = file;
        good            = gather(choosing, wish, &error);
    }
    for (const struct candidate *one; good && (one = choose(choosing)) != NULL;)
        good = keep_one(choosing, wish->keep, one, &error);
    for (size_t i = 0; choosing != NULL && i < choosing->count; i++)
        free(choosing->candidates[i].octets);
    if (choosing != NULL)
        free(choosing->candidates);
    free(choosing);
    return good ? STATUS_GOOD : complain(STATUS_ERROR, &error);
}
