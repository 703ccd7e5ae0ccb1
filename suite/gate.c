#include "gate.h"

#include <errno.h>
#include <fnmatch.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_OCTETS = 400 };

static bool read_verdict(const char *word, size_t length, enum verdict *verdict)
{
    for (int i = VERDICT_PASS; i <= VERDICT_ERROR; i++) {
        const char *name = verdict_name((enum verdict)i);

        if (strlen(name) == length && strncmp(name, word, length) == 0) {
            *verdict = (enum verdict)i;
            return true;
        }
    }
    return false;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

struct reading {
    const char      *path, *target;
    struct baseline *baseline;
    struct error    *error;
    bool             good;
};

static bool append(struct baseline *baseline, const char *pattern, enum verdict verdict, const char *why)
{
    if (baseline->count == baseline->room) {
        size_t                room = baseline->room * 2 + 16;
        struct expected_line *more = realloc(baseline->at, room * sizeof *more);

        if (more == NULL)
            return false;
        baseline->at   = more;
        baseline->room = room;
    }
    struct expected_line *line = &baseline->at[baseline->count++];

    *line = (struct expected_line){ .verdict = verdict };
    snprintf(line->pattern, sizeof line->pattern, "%s", pattern);
    snprintf(line->why, sizeof line->why, "%s", why);
    return true;
}

/* "verdict, reason" or "verdict". */
static int read_line(void *user, const char *section, const char *name, const char *value)
{
    struct reading *reading = user;
    size_t          length  = strcspn(value, ", \t");
    enum verdict    verdict;

    if (!reading->good)
        return 0;
    if (!read_verdict(value, length, &verdict)) {
        reading->good =
            error_set(reading->error, "%s: [%s] %s = %s: a line says pass, fail, inconclusive, skip or error, then a reason",
                      reading->path, section, name, value);
        return 0;
    }
    const char *why = value + length;

    why += strspn(why, ", \t");
    if (fnmatch(section, reading->target, 0) != 0)
        return 1;
    if (append(reading->baseline, name, verdict, why))
        return 1;
    reading->good = error_set(reading->error, "out of memory");
    return 0;
}

/* A folder reads as an empty file, and a device can be read for ever. */
static bool is_regular_or_absent(const char *path, struct error *error)
{
    struct stat about;

    if (stat(path, &about) != 0 || S_ISREG(about.st_mode))
        return true;
    return error_set(error, "--baseline %s is %s: name a file", path, S_ISDIR(about.st_mode) ? "a folder" : "no regular file");
}

bool baseline_read(const char *path, const char *target, struct baseline *baseline, struct error *error)
{
    struct reading reading = { path, target, baseline, error, true };

    *baseline = (struct baseline){ 0 };
    if (!is_regular_or_absent(path, error))
        return false;
    int result = ini_parse(path, read_line, &reading);

    if (reading.good && result == 0)
        return true;
    if (reading.good && result == -1)
        error_set(error, "--baseline %s cannot be read: %s; --update-baseline makes one", path, strerror(errno));
    else if (reading.good)
        error_set(error, "--baseline %s, line %d: neither [target] nor case = verdict, reason", path, result);
    baseline_free(baseline);
    return false;
}

void baseline_free(struct baseline *baseline)
{
    free(baseline->at);
    *baseline = (struct baseline){ 0 };
}

/* ---- judging ------------------------------------------------------------------------------------------------------------ */

static const struct expected_line *line_for(const struct baseline *baseline, const char *id)
{
    const struct expected_line *found = NULL;

    for (size_t i = 0; i < baseline->count; i++)
        if (fnmatch(baseline->at[i].pattern, id, 0) == 0)
            found = &baseline->at[i];
    return found;
}

static bool counts_by_itself(const struct result *result, bool strict)
{
    return result->violation || result->verdict == VERDICT_ERROR ||
           (strict && (result->deviation || result->verdict == VERDICT_INCONCLUSIVE));
}

/* A rule of the referee that met nothing to judge, or only a part of the catalog, and was not broken says nothing of the
 * target. */
static bool says_nothing(const struct result *result, bool part)
{
    return strcmp(result->group, "referee") == 0 &&
           (result->verdict == VERDICT_SKIP || (part && result->verdict == VERDICT_PASS));
}

void gate_judge(struct results *results, const struct baseline *baseline, bool part, bool strict)
{
    for (size_t i = 0; i < results->count; i++) {
        struct result *result = &results->at[i];

        if (baseline == NULL) {
            result->unexpected = counts_by_itself(result, strict);
            continue;
        }
        const struct expected_line *line = line_for(baseline, result->id);

        result->unexpected = result->verdict != (line != NULL ? line->verdict : VERDICT_PASS) && !says_nothing(result, part);
        if (!result->unexpected && line != NULL && result->verdict != VERDICT_PASS)
            snprintf(result->known, sizeof result->known, "%s", line->why[0] != '\0' ? line->why : "known by the baseline");
    }
}

/* ---- telling ------------------------------------------------------------------------------------------------------------ */

static bool in_catalog(const struct catalog *catalog, const char *id)
{
    if (strncmp(id, "referee/", 8) == 0)
        return true;
    for (size_t i = 0; i < catalog->count; i++)
        if (strcmp(catalog->at[i].id, id) == 0)
            return true;
    return false;
}

size_t gate_tell(FILE *out, const struct results *results, const struct baseline *baseline, const struct catalog *catalog)
{
    size_t told = 0;

    for (size_t i = 0; i < results->count; i++) {
        const struct result        *result = &results->at[i];
        const struct expected_line *line   = line_for(baseline, result->id);

        if (!result->unexpected)
            continue;
        fprintf(out, "%s%s: %s, where the baseline has %s\n", told++ == 0 ? "\nOther than the baseline\n  " : "  ", result->id,
                verdict_name(result->verdict), verdict_name(line != NULL ? line->verdict : VERDICT_PASS));
    }
    for (size_t i = 0; i < baseline->count; i++) {
        const char *id = baseline->at[i].pattern;

        if (strpbrk(id, "*?[") != NULL || in_catalog(catalog, id))
            continue;
        fprintf(out, "%s%s: vanished, no case has this id\n", told++ == 0 ? "\nOther than the baseline\n  " : "  ", id);
    }
    return told;
}

/* ---- updating ----------------------------------------------------------------------------------------------------------- */

struct updating {
    const struct results *results;
    bool                 *written; /* for each result */
    FILE                 *in, *out;
    bool                  inside, seen; /* in the target's section; it was there */
};

static void write_line(FILE *out, const struct result *result)
{
    const char *why = result->verdict == VERDICT_FAIL ? result->charged : result->reason;

    fprintf(out, "%s = %s, %s\n", result->id, verdict_name(result->verdict), why);
}

static void write_missing(struct updating *updating)
{
    for (size_t i = 0; i < updating->results->count; i++) {
        const struct result *result = &updating->results->at[i];

        if (!updating->written[i] && result->verdict != VERDICT_PASS && !says_nothing(result, false))
            write_line(updating->out, result);
        updating->written[i] = true;
    }
}

/* A line of the target's section that speaks of a case of this run is kept, replaced or dropped as its verdict has it. */
static void update_line(struct updating *updating, const char *line)
{
    char         id[LINE_OCTETS], word[20];
    enum verdict verdict;

    if (sscanf(line, " %399[^= \t] = %19[a-z]", id, word) != 2) {
        fputs(line, updating->out);
        return;
    }
    for (size_t i = 0; i < updating->results->count; i++) {
        const struct result *result = &updating->results->at[i];

        if (strcmp(result->id, id) != 0)
            continue;
        updating->written[i] = true;
        if (read_verdict(word, strlen(word), &verdict) && verdict == result->verdict)
            fputs(line, updating->out);
        else if (result->verdict != VERDICT_PASS)
            write_line(updating->out, result);
        return;
    }
    fputs(line, updating->out);
}

static void update_lines(struct updating *updating, const char *target)
{
    char line[LINE_OCTETS], head[LINE_OCTETS];

    snprintf(head, sizeof head, "[%s]", target);
    while (updating->in != NULL && fgets(line, sizeof line, updating->in) != NULL) {
        if (line[0] == '[') {
            if (updating->inside)
                write_missing(updating);
            updating->inside = strncmp(line, head, strlen(head)) == 0;
            updating->seen   = updating->seen || updating->inside;
            fputs(line, updating->out);
        } else if (updating->inside) {
            update_line(updating, line);
        } else {
            fputs(line, updating->out);
        }
    }
    if (!updating->seen)
        fprintf(updating->out, "%s\n", head);
    write_missing(updating);
}

bool baseline_writable(const char *path, struct error *error)
{
    return is_regular_or_absent(path, error) && report_place_ready(path, error);
}

bool baseline_update(const char *path, const char *target, const struct results *results, struct error *error)
{
    char            beside[4096];
    struct updating updating = { .results = results, .written = calloc(results->count + 1, sizeof(bool)) };
    bool            good     = updating.written != NULL;

    if (!good || (size_t)snprintf(beside, sizeof beside, "%s.part", path) >= sizeof beside) {
        free(updating.written);
        return error_set(error, "%s was not written: %s", path, good ? "the path is too long" : "out of memory");
    }
    if (!is_regular_or_absent(path, error)) {
        free(updating.written);
        return false;
    }
    updating.in  = fopen(path, "re");
    updating.out = fopen(beside, "we");
    if (updating.out != NULL)
        update_lines(&updating, target);
    good = updating.out != NULL && ferror(updating.out) == 0;
    if (updating.in != NULL)
        fclose(updating.in);
    if (updating.out != NULL && fclose(updating.out) != 0)
        good = false;
    free(updating.written);
    if (good && rename(beside, path) == 0)
        return true;
    error_set(error, "%s was not written: %s", path, strerror(errno));
    unlink(beside);
    return false;
}
