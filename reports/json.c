#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "results.h"

/* Text that came from a target may hold anything; jansson refuses what is not UTF-8. */
static json_t *text(const char *octets)
{
    json_t *value = json_string(octets);
    char    plain[700];
    size_t  i = 0;

    if (value != NULL)
        return value;
    for (; octets[i] != '\0' && i < sizeof plain - 1; i++)
        plain[i] = octets[i] >= ' ' && octets[i] < 127 ? octets[i] : '?';
    plain[i] = '\0';
    return json_string(plain);
}

static json_t *case_object(const struct result *result)
{
    json_t *requirements = json_array(), *transcript = json_array();

    for (size_t i = 0; i < result->req_count; i++)
        json_array_append_new(requirements, text(result->reqs[i]));
    for (size_t i = 0; i < result->transcript_lines; i++)
        json_array_append_new(transcript, text(result->transcript[i]));
    return json_pack("{so ss so ss so so ss so si si sI so so so so so ss}", "id", text(result->id), "group", result->group,
                     "title", text(result->title), "level", result->level, "requirements", requirements, "charged",
                     text(result->charged), "verdict", verdict_name(result->verdict), "reason", text(result->reason),
                     "attempts", (int)result->attempts, "failed_attempts", (int)result->failed_attempts, "duration_ms",
                     (json_int_t)result->duration_ms, "source", text(result->source), "expected", text(result->expected),
                     "actual", text(result->actual), "ways", text(result->ways), "transcript", transcript, "pcap", "");
}

static json_t *summary_object(const struct results *results)
{
    struct summary s = results_summary(results);

    return json_pack("{si si si si si si si ss}", "pass", (int)s.pass, "fail", (int)s.fail, "inconclusive", (int)s.inconclusive,
                     "skip", (int)s.skip, "error", (int)s.error, "violations", (int)s.violations, "deviations",
                     (int)s.deviations, "class", s.compliance);
}

static json_t *run_object(const struct results *results)
{
    json_t *cases = json_array();

    for (size_t i = 0; i < results->count; i++)
        json_array_append_new(cases, case_object(&results->at[i]));
    return json_pack("{si s{ss ss} s{so ss so s[]} ss sI sI ss sb so so}", "schema", 1, "tool", "name", "tcprove", "version",
                     TCPROVE_VERSION, "target", "spec", text(results->target_spec), "kind", results->target_kind, "description",
                     text(results->target_description), "features", "started", results->started, "wall_ms",
                     (json_int_t)results->wall_ms, "seed", (json_int_t)results->seed, "profile", results->profile,
                     "interrupted", results->interrupted, "summary", summary_object(results), "cases", cases);
}

static bool write_whole(json_t *run, const char *path)
{
    FILE *file = fopen(path, "we");

    if (file == NULL)
        return false;
    bool written = json_dumpf(run, file, JSON_INDENT(1) | JSON_SORT_KEYS) == 0 && fputc('\n', file) != EOF && fflush(file) == 0;
    int  why     = errno;

    if (fclose(file) != 0 && written) {
        written = false;
        why     = errno;
    }
    errno = why;
    return written;
}

bool report_json(const struct results *results, const char *path, struct error *error)
{
    char    beside[4096];
    json_t *run = run_object(results);

    if (run == NULL)
        return error_set(error, "%s was not written: out of memory", path);
    if ((size_t)snprintf(beside, sizeof beside, "%s.part", path) >= sizeof beside) {
        json_decref(run);
        return error_set(error, "%s was not written: the path is too long", path);
    }
    bool written = write_whole(run, beside) && rename(beside, path) == 0;

    if (!written) {
        error_set(error, "%s was not written: %s", path, strerror(errno));
        unlink(beside);
    }
    json_decref(run);
    return written;
}
