/* tap.c: TAP 14, the Test Anything Protocol. */
#include <stdio.h>
#include <string.h>

#include "results.h"

/* A directive begins with "#", and "\\" escapes: both are escaped in what comes from elsewhere, and nothing breaks a line. */
static void put_plain(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '#' || *text == '\\')
            fputc('\\', file);
        fputc(*text >= ' ' && *text < 127 ? *text : '?', file);
    }
}

/* In double quotes, as YAML has it. */
static void put_quoted(FILE *file, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    fprintf(file, "  %s: \"", name);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        fputc(*text >= ' ' && *text < 127 ? *text : '?', file);
    }
    fputs("\"\n", file);
}

static void put_diagnosis(FILE *file, const struct result *result)
{
    fputs("  ---\n", file);
    put_quoted(file, "verdict", verdict_name(result->verdict));
    put_quoted(file, "title", result->title);
    put_quoted(file, "charged", result->charged);
    put_quoted(file, "level", result->level);
    put_quoted(file, "reason", result->reason);
    put_quoted(file, "expected", result->expected);
    put_quoted(file, "actual", result->actual);
    put_quoted(file, "pcap", result->pcap);
    if (result->transcript_lines > 0)
        fputs("  transcript:\n", file);
    for (size_t i = 0; i < result->transcript_lines; i++)
        put_quoted(file, "  -", result->transcript[i]);
    fputs("  ...\n", file);
}

static void put_directive(FILE *file, const struct result *result)
{
    bool passed = result->verdict == VERDICT_PASS;

    if (result->verdict == VERDICT_SKIP || (result->verdict == VERDICT_INCONCLUSIVE && !result->unexpected)) {
        fputs(result->verdict == VERDICT_SKIP ? " # SKIP " : " # SKIP inconclusive: ", file);
        put_plain(file, result->reason);
    } else if (!passed && !result->unexpected) {
        fputs(" # TODO ", file);
        put_plain(file, result->known[0] != '\0' ? result->known : "a deviation from a recommendation");
    }
}

static bool write_tap(FILE *file, const struct results *results)
{
    char path[300];

    fprintf(file, "TAP version 14\n1..%zu\n", results->count);
    path_sentence(results, path, sizeof path);
    if (path[0] != '\0')
        fprintf(file, "# %s\n", path);
    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->at[i];
        bool                 failed = result->unexpected || result->verdict == VERDICT_FAIL || result->verdict == VERDICT_ERROR;

        fprintf(file, "%s %zu - ", failed ? "not ok" : "ok", i + 1);
        put_plain(file, result->id);
        put_directive(file, result);
        fputc('\n', file);
        if (failed)
            put_diagnosis(file, result);
    }
    return ferror(file) == 0;
}

bool report_tap(const struct results *results, const char *path, struct error *error)
{
    return report_file(path, write_tap, results, error);
}
