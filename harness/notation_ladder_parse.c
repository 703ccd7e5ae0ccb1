/* notation_ladder_parse.c: the text of a ladder back into steps. Indentation tells which rungs hang below which; what it finds
 * is owned by an arena that is freed as a whole. */
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "notation_fields.h"
#include "notation_ladder.h"
#include "notation_term.h"

enum { ARENA_PART_OCTETS = 16384, NESTING_MOST = 16 };

/* ---- the arena ------------------------------------------------------------------------------------------------------ */

struct arena_part {
    struct arena_part *next;
    size_t             used, room;
    max_align_t        octets[];
};

/* Zeroed octets that live as long as the ladder; NULL without memory. */
static void *arena_take(struct arena_part **parts, size_t octets)
{
    size_t             rounded = (octets + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    struct arena_part *part    = *parts;

    if (part == NULL || part->room - part->used < rounded) {
        size_t room = rounded > ARENA_PART_OCTETS ? rounded : ARENA_PART_OCTETS;

        part = calloc(1, sizeof *part + room);
        if (part == NULL)
            return NULL;
        part->next = *parts;
        part->room = room;
        *parts     = part;
    }
    void *taken = (char *)part->octets + part->used;

    part->used += rounded;
    return taken;
}

void notation_ladder_free(struct parsed_ladder *ladder)
{
    for (struct arena_part *part = ladder->parts; part != NULL;) {
        struct arena_part *next = part->next;

        free(part);
        part = next;
    }
    *ladder = (struct parsed_ladder){ 0 };
}

/* ---- lines ---------------------------------------------------------------------------------------------------------- */

struct source_line {
    const char *begin, *at, *end; /* at: behind the indentation */
    unsigned    number;
};

struct reading {
    struct source_line *lines;
    size_t              count, next;
    struct arena_part  *parts;
    struct error       *error;
};

static size_t indent_of(const struct source_line *line)
{
    return (size_t)(line->at - line->begin);
}

static struct text_in open_line(const struct reading *reading, const struct source_line *line)
{
    return (struct text_in){
        .begin = line->begin, .at = line->at, .end = line->end, .line = line->number, .error = reading->error
    };
}

static bool split_lines(struct reading *reading, const char *text)
{
    size_t   ends   = 1;
    unsigned number = 0;

    for (const char *c = text; *c != '\0'; c++)
        ends += *c == '\n';
    reading->lines = calloc(ends, sizeof *reading->lines);
    if (reading->lines == NULL)
        return error_set(reading->error, "out of memory");
    while (*text != '\0') {
        size_t             length = strcspn(text, "\n");
        size_t             ending = length > 0 && text[length - 1] == '\r' ? 1 : 0; /* as other systems end a line */
        struct source_line line   = { .begin = text, .end = text + length - ending, .number = ++number };

        line.at = text + strspn(text, " ");
        if (line.at < line.end)
            reading->lines[reading->count++] = line;
        text += length + (text[length] == '\n');
    }
    return true;
}

/* How many lines stand at `indent` before one stands further out. */
static size_t count_siblings(const struct reading *reading, size_t indent)
{
    size_t siblings = 0;

    for (size_t i = reading->next; i < reading->count && indent_of(&reading->lines[i]) >= indent; i++)
        siblings += indent_of(&reading->lines[i]) == indent;
    return siblings;
}

/* ---- values --------------------------------------------------------------------------------------------------------- */

static void *take(struct reading *reading, size_t octets)
{
    void *taken = arena_take(&reading->parts, octets);

    if (taken == NULL)
        error_set(reading->error, "out of memory");
    return taken;
}

static bool parse_unsigned(struct text_in *in, const struct word *words, unsigned *value)
{
    char     next = text_next(in);
    uint64_t number;

    if (words != NULL && (next < '0' || next > '9'))
        return word_parse(in, words, "a number or its name", value);
    if (!text_number(in, UINT32_MAX, &number))
        return false;
    *value = (unsigned)number;
    return true;
}

static bool parse_blocks(struct text_in *in, struct block *blocks)
{
    size_t count = 0;

    if (!text_want(in, "{"))
        return false;
    do {
        if (count == FIELD_BLOCKS_COUNT)
            return text_wrong(in, "there are at most %d blocks", FIELD_BLOCKS_COUNT);
        struct block *block = &blocks[count++];

        if (!text_want(in, "{") || !term_parse(in, &block->left) || !text_want(in, ",") || !term_parse(in, &block->right) ||
            !text_want(in, "}"))
            return false;
    } while (text_take(in, ","));
    return text_want(in, "}");
}

static bool parse_octets(struct reading *reading, struct text_in *in, struct octets *octets)
{
    uint8_t  read[UINT8_MAX];
    size_t   count = 0;
    uint64_t octet;

    if (!text_want(in, "OCTETS") || !text_want(in, "("))
        return false;
    do {
        if (count == sizeof read)
            return text_wrong(in, "more than %zu octets", sizeof read);
        if (!text_number(in, UINT8_MAX, &octet))
            return false;
        read[count++] = (uint8_t)octet;
    } while (text_take(in, ","));
    if (!text_want(in, ")"))
        return false;
    uint8_t *kept = take(reading, count);

    if (kept == NULL)
        return false;
    memcpy(kept, read, count);
    *octets = (struct octets){ kept, count };
    return true;
}

static bool parse_limit(struct text_in *in, uint32_t *limit)
{
    uint64_t number = NO_LIMIT;

    if (!text_take(in, "NO_LIMIT") && !text_number(in, UINT32_MAX, &number))
        return false;
    *limit = (uint32_t)number;
    return true;
}

static bool parse_interval(struct text_in *in, struct interval *interval)
{
    static const struct {
        const char     *name;
        struct interval interval;
    } named[]     = { { "AT_ONCE", AT_ONCE }, { "MEASURED", MEASURED }, { "DOUBLED", DOUBLED } };
    unsigned mark = NO_MARK;

    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (text_take(in, named[i].name)) {
            *interval = named[i].interval;
            return true;
        }
    }
    bool percent = text_take(in, "PERCENT");

    if (!percent && !text_take(in, "MS"))
        return text_wrong(in, "AT_ONCE, MEASURED, DOUBLED, MS(…) or PERCENT(…) belongs here");
    if (!text_want(in, "(") || !parse_limit(in, &interval->least) || !text_want(in, ",") || !parse_limit(in, &interval->most))
        return false;
    if (percent && (!text_want(in, ",") || !word_parse(in, mark_words, "a mark", &mark)))
        return false;
    interval->of = (enum mark)mark;
    return text_want(in, ")");
}

static bool parse_string(struct reading *reading, struct text_in *in, const char **string)
{
    if (text_take(in, "NULL"))
        return true;
    if (!text_want(in, "\""))
        return false;
    const char *end = in->at;

    while (end < in->end && *end != '"')
        end += *end == '\\' && end + 1 < in->end ? 2 : 1;
    if (end >= in->end)
        return text_wrong(in, "the quotation mark that ends this is missing");
    char *kept = take(reading, (size_t)(end - in->at) + 1), *out = kept;

    if (kept == NULL)
        return false;
    for (const char *c = in->at; c < end; c++) {
        bool escaped = *c == '\\';

        c += escaped;
        *out++ = (char)(escaped && *c == 'n' ? '\n' : *c);
    }
    *string = kept;
    in->at  = end + 1;
    return true;
}

static bool parse_name(struct reading *reading, struct text_in *in, const char **name)
{
    char word[WORD_ROOM];

    if (!text_word(in, word))
        return text_wrong(in, "a name belongs here");
    if (strcmp(word, "NULL") == 0)
        return true;
    char *kept = take(reading, strlen(word) + 1);

    if (kept == NULL)
        return false;
    strcpy(kept, word);
    *name = kept;
    return true;
}

static bool parse_field(struct reading *reading, struct text_in *in, const struct ladder_field *field, struct step *step)
{
    void    *place = (char *)step + field->at;
    unsigned value = 0;
    bool     good  = false;

    switch (field->kind) {
    case FIELD_TERM:
        return term_parse(in, place);
    case FIELD_WORD:
        good = word_parse(in, field->words, "a word", &value);
        break;
    case FIELD_BITS:
        good = bits_parse(in, field->words, "a word", &value);
        break;
    case FIELD_NUMBER:
        good = parse_unsigned(in, field->words, &value);
        break;
    case FIELD_BLOCKS:
        return parse_blocks(in, place);
    case FIELD_OCTETS:
        return parse_octets(reading, in, place);
    case FIELD_INTERVAL:
        return parse_interval(in, place);
    case FIELD_STRING:
        return parse_string(reading, in, place);
    case FIELD_NAME:
        return parse_name(reading, in, place);
    }
    memcpy(place, &value, sizeof value);
    return good;
}

/* ---- rungs ---------------------------------------------------------------------------------------------------------- */

/* `, .name = value`, behind the comma. */
static bool parse_named(struct reading *reading, struct text_in *in, const struct ladder_rung *rung, uint32_t *given,
                        struct step *step)
{
    char word[WORD_ROOM];

    if (!text_want(in, "."))
        return false;
    struct text_in before = *in;

    if (!text_word(in, word))
        return text_wrong(in, "the name of a field belongs here");
    const struct ladder_field *field = ladder_field_of(rung, word);
    uint32_t                   bit   = field != NULL ? (uint32_t)1 << (field - rung->fields) : 0;

    if (field == NULL || (*given & bit) != 0) {
        *in = before;
        return text_wrong(in, field == NULL ? "%s has no field .%s" : "%s has .%s twice", rung->name, word);
    }
    *given |= bit;
    return text_want(in, "=") && parse_field(reading, in, field, step);
}

/* What stands in the parentheses, to the end of the line. */
static bool parse_fields(struct reading *reading, struct text_in *in, const struct ladder_rung *rung, struct step *step)
{
    if (rung->fields != NULL) {
        const struct ladder_field *first = ladder_field_of(rung, rung->first);
        uint32_t                   given = (uint32_t)1 << (first - rung->fields);

        if (!text_want(in, "(") || !parse_field(reading, in, first, step))
            return false;
        while (text_take(in, ","))
            if (!parse_named(reading, in, rung, &given, step))
                return false;
        if (!text_want(in, ")"))
            return false;
    }
    return text_ended(in) || text_wrong(in, "nothing comes after a rung on its line");
}

static const struct ladder_rung *rung_called(const char *word)
{
    for (const struct ladder_rung *rung = ladder_rungs; rung->name != NULL; rung++)
        if (strcmp(rung->name, word) == 0)
            return rung;
    return NULL;
}

static bool parse_head(struct reading *reading, const struct source_line *line, const struct ladder_rung **rung,
                       struct step *step)
{
    struct text_in in = open_line(reading, line), begin = in;
    char           word[WORD_ROOM];

    if (!text_word(&in, word))
        return text_wrong(&in, "a rung belongs here");
    *rung = rung_called(word);
    if (*rung == NULL)
        return text_wrong(&begin, "no rung is called %s", word);
    step->rung = (*rung)->rung;
    return parse_fields(reading, &in, *rung, step);
}

static bool parse_rungs(struct reading *reading, size_t indent, unsigned depth, const struct step **steps);

/* The indentation of what hangs below `line`, which must be there. */
static bool indent_below(const struct reading *reading, const struct source_line *line, const char *name, unsigned depth,
                         size_t *indent)
{
    struct text_in in = open_line(reading, line);

    *indent = reading->next < reading->count ? indent_of(&reading->lines[reading->next]) : 0;
    if (*indent <= indent_of(line))
        return text_wrong(&in, "%s needs lines below it, further in", name);
    return depth < NESTING_MOST || text_wrong(&in, "rungs are nested more than %d deep", NESTING_MOST);
}

/* After a rung and all that hangs below it: a line that is further in all the same hangs below nothing. */
static bool nothing_hangs(const struct reading *reading, size_t indent)
{
    if (reading->next == reading->count || indent_of(&reading->lines[reading->next]) <= indent)
        return true;
    struct text_in in = open_line(reading, &reading->lines[reading->next]);

    return text_wrong(&in, "this line is further in than what stands above it allows");
}

static bool parse_way(struct reading *reading, unsigned depth, struct way_out *way)
{
    const struct source_line *line = &reading->lines[reading->next++];
    struct text_in            in = open_line(reading, line), begin = in;
    struct step               head = { .clause = NULL };
    char                      word[WORD_ROOM];
    size_t                    indent;
    bool                      known = text_word(&in, word) && (strcmp(word, "BY") == 0 || strcmp(word, "DEVIATES") == 0);

    if (!known)
        return text_wrong(&begin, "below ONE_OF stands BY (\"…\") or DEVIATES (\"…\")");
    if (!parse_fields(reading, &in, &way_by, &head))
        return false;
    if (head.clause == NULL)
        return text_wrong(&begin, "%s names a requirement", word);
    way->clause   = head.clause;
    way->deviates = word[0] == 'D' ? YES : NO;
    return indent_below(reading, line, word, depth, &indent) && parse_rungs(reading, indent, depth + 1, &way->rungs);
}

static bool parse_ways(struct reading *reading, size_t indent, unsigned depth, const struct way_out **ways)
{
    size_t          count = count_siblings(reading, indent);
    struct way_out *array = take(reading, (count + 1) * sizeof *array);

    *ways = array;
    for (size_t i = 0; array != NULL && i < count; i++)
        if (!parse_way(reading, depth, &array[i]) || !nothing_hangs(reading, indent))
            return false;
    return array != NULL;
}

static bool parse_rung(struct reading *reading, unsigned depth, struct step *step)
{
    const struct source_line *line = &reading->lines[reading->next++];
    const struct ladder_rung *rung = NULL;
    size_t                    indent;

    if (!parse_head(reading, line, &rung, step))
        return false;
    if (rung->holds == HOLDS_NOTHING)
        return true;
    if (!indent_below(reading, line, rung->name, depth, &indent))
        return false;
    return rung->holds == HOLDS_WAYS ? parse_ways(reading, indent, depth + 1, &step->ways)
                                     : parse_rungs(reading, indent, depth + 1, &step->rungs);
}

static bool parse_rungs(struct reading *reading, size_t indent, unsigned depth, const struct step **steps)
{
    size_t       count = count_siblings(reading, indent);
    struct step *array = take(reading, (count + 1) * sizeof *array);

    *steps = array;
    for (size_t i = 0; array != NULL && i < count; i++)
        if (!parse_rung(reading, depth, &array[i]) || !nothing_hangs(reading, indent))
            return false;
    return array != NULL;
}

/* RUNG_END is zero, and the arena is zeroed: every array of steps and of ways ends by itself. */
_Static_assert(RUNG_END == 0, "the end of a ladder is all zero");

bool notation_ladder_parse(const char *text, struct parsed_ladder *ladder, struct error *error)
{
    struct reading     reading = { .error = error };
    const struct step *steps   = NULL;
    size_t             mark    = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* of UTF-8 */
    bool               good    = split_lines(&reading, text + mark);

    if (good && reading.count == 0)
        good = error_set(error, "there is no rung in the text");
    good = good && parse_rungs(&reading, indent_of(&reading.lines[0]), 0, &steps);
    if (good && reading.next < reading.count) {
        struct text_in in = open_line(&reading, &reading.lines[reading.next]);

        good = text_wrong(&in, "this line is further out than the first one");
    }
    free(reading.lines);
    *ladder = (struct parsed_ladder){ steps, reading.parts };
    if (!good)
        notation_ladder_free(ladder);
    return good;
}
