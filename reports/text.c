#include <stdlib.h>
#include <string.h>

#include "results.h"

/* A terminal's colours, or nothing. */
struct paint {
    const char *red, *green, *yellow, *bold, *plain;
};

static struct paint paint_for(bool colour)
{
    if (colour)
        return (struct paint){ "\033[31m", "\033[32m", "\033[33m", "\033[1m", "\033[0m" };
    return (struct paint){ "", "", "", "", "" };
}

/* Text from a target is never interpreted: what is not printable is shown as a question mark. */
static void put_safely(FILE *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        fputc(text[i] >= ' ' && text[i] < 127 ? text[i] : '?', out);
}

void report_wrapped(FILE *out, size_t column, const char *further, const char *text)
{
    size_t begin = column;

    while (*text != '\0') {
        size_t length = strcspn(text, " ");

        if (column > begin && column + length > 79) {
            fprintf(out, "\n%s", further);
            begin  = strlen(further);
            column = begin;
        }
        put_safely(out, text, length);
        column += length;
        text += length;
        text += strspn(text, " ");
        /* A blank only where a word follows on this line. */
        if (*text != '\0' && column + 1 + strcspn(text, " ") <= 79)
            fputc(' ', out);
        column++;
    }
    fputc('\n', out);
}

/* Prints words under a label. */
static void put_wrapped(FILE *out, const char *label, const char *text)
{
    char further[40];

    snprintf(further, sizeof further, "%*s", (int)strlen(label), "");
    fputs(label, out);
    report_wrapped(out, strlen(label), further, text);
}

/* A line of a transcript after its bar: its mark and indentation stay, what is too long goes on below. */
static void put_rung(FILE *out, const char *line)
{
    char   further[60];
    size_t lead = strspn(line, "! ");

    snprintf(further, sizeof further, "  | %*s", (int)lead + 4, "");
    fprintf(out, " %.*s", (int)lead, line);
    report_wrapped(out, 4 + lead, further, line + lead);
}

static const char *weight(const struct result *result)
{
    if (result->violation)
        return "violation";
    return result->deviation ? "deviation" : verdict_name(result->verdict);
}

void report_case(FILE *out, const struct result *result, const char *again, bool colour)
{
    struct paint paint = paint_for(colour);
    const char  *tone  = result->violation || result->verdict == VERDICT_ERROR ? paint.red : paint.yellow;

    fprintf(out, "\n%s%s%s  %s%s%s\n", tone, result->verdict == VERDICT_FAIL ? "FAIL" : verdict_name(result->verdict),
            paint.plain, paint.bold, result->id, paint.plain);
    put_wrapped(out, "  ", result->title);
    if (result->verdict == VERDICT_FAIL) {
        fprintf(out, "  %s of %s (%s)\n", weight(result), result->charged, result->level);
        put_wrapped(out, "    ", result->charged_text);
    }
    for (size_t i = 0; i < result->transcript_lines; i++) {
        bool bad = strncmp(result->transcript[i], "!!", 2) == 0;

        fprintf(out, "  %s|%s", bad ? tone : "", bad ? paint.plain : "");
        put_rung(out, result->transcript[i]);
    }
    if (result->expected[0] != '\0') {
        put_wrapped(out, "  expected  ", result->expected);
        put_wrapped(out, "  actual    ", result->actual);
    }
    if (result->reason[0] != '\0')
        put_wrapped(out, "  reason    ", result->reason);
    if (result->attempts > 1)
        fprintf(out, "  played    %u times, failed %u times\n", result->attempts, result->failed_attempts);
    if (again[0] != '\0')
        fprintf(out, "  again     %s\n", again);
}

static bool same_reason(const struct result *one, const struct result *other)
{
    return one->verdict == other->verdict && strcmp(one->reason, other->reason) == 0;
}

/* The first of those with the same verdict and reason speaks for all of them. */
static bool told_before(const struct results *results, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (same_reason(&results->at[i], &results->at[index]))
            return true;
    return false;
}

/* The reason, and under it every case that it holds for. */
static void report_reason(FILE *out, const struct results *results, size_t first)
{
    size_t room = 1;

    for (size_t i = first; i < results->count; i++)
        room += strlen(results->at[i].id) + 1;
    char *ids = calloc(room, 1);

    put_wrapped(out, "  ", results->at[first].reason);
    if (ids == NULL)
        return;
    for (size_t i = first; i < results->count; i++) {
        if (!same_reason(&results->at[i], &results->at[first]))
            continue;
        strcat(ids, ids[0] != '\0' ? " " : "");
        strcat(ids, results->at[i].id);
    }
    put_wrapped(out, "    ", ids);
    free(ids);
}

static void count_reason(FILE *out, const struct results *results, size_t first)
{
    unsigned count = 0;
    char     label[16];

    for (size_t i = first; i < results->count; i++)
        count += same_reason(&results->at[i], &results->at[first]);
    snprintf(label, sizeof label, "  %4u  ", count);
    put_wrapped(out, label, results->at[first].reason);
}

static void report_unjudged(FILE *out, const struct results *results, enum verdict verdict, const char *heading, bool brief)
{
    bool first = true;

    for (size_t i = 0; i < results->count; i++) {
        if (results->at[i].verdict != verdict || told_before(results, i))
            continue;
        if (first)
            fprintf(out, "\n%s\n", heading);
        first = false;
        (brief ? count_reason : report_reason)(out, results, i);
    }
}

static void report_charges(FILE *out, const struct results *results, bool violations, const char *heading)
{
    bool first = true;

    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->at[i];

        if (result->verdict != VERDICT_FAIL || result->violation != violations)
            continue;
        if (first)
            fprintf(out, "\n%s\n", heading);
        first = false;
        fprintf(out, "  %-44s %s (%s)\n", result->id, result->charged, result->level);
    }
}

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

void report_summary(FILE *out, const struct results *results, struct report_look look)
{
    struct paint   paint = paint_for(look.colour);
    struct summary s     = results_summary(results);
    char           path[300];
    const char    *verdict = s.violations > 0 ? paint.red : s.deviations > 0 ? paint.yellow : paint.green;

    report_charges(out, results, true, "Violations");
    report_charges(out, results, false, "Deviations");
    report_unjudged(out, results, VERDICT_INCONCLUSIVE, "Could not be judged", look.brief);
    report_unjudged(out, results, VERDICT_ERROR, "Errors of tcprove's own", false);
    report_unjudged(out, results, VERDICT_SKIP, "Skipped", look.brief);
    fprintf(out,
            "\n%s: %u pass, %u fail (%u violation%s, %u deviation%s),\n  %u inconclusive, %u skipped, %u error%s, in %.1f s\n",
            results->target_spec, s.pass, s.fail, s.violations, plural(s.violations), s.deviations, plural(s.deviations),
            s.inconclusive, s.skip, s.error, plural(s.error), (double)results->wall_ms / 1000);
    path_sentence(results, path, sizeof path);
    if (path[0] != '\0')
        put_wrapped(out, "", path);
    fprintf(out, "%s%s%s%s", verdict, s.compliance, paint.plain, s.pass + s.fail > 0 ? ", over what was judged" : "");
    if (s.inconclusive + s.skip + s.error > 0)
        fprintf(out, "; %u could not be", s.inconclusive + s.skip + s.error);
    if (results->interrupted)
        fprintf(out, "\ninterrupted: %zu case%s not played", results->unplayed, results->unplayed == 1 ? " was" : "s were");
    fputc('\n', out);
}

static bool write_text(FILE *file, const struct results *results)
{
    for (size_t i = 0; i < results->count; i++)
        if (results->at[i].verdict == VERDICT_FAIL || results->at[i].verdict == VERDICT_ERROR)
            report_case(file, &results->at[i], "", false);
    report_summary(file, results, (struct report_look){ false, false });
    return ferror(file) == 0;
}

bool report_text(const struct results *results, const char *path, struct error *error)
{
    return report_file(path, write_text, results, error);
}
