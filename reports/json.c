#include <jansson.h>
#include <stdio.h>
#include <string.h>

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
    return json_pack("{so ss so ss so so ss so si si sI so so so so so ss sb so}", "id", text(result->id), "group",
                     result->group, "title", text(result->title), "level", result->level, "requirements", requirements,
                     "charged", text(result->charged), "verdict", verdict_name(result->verdict), "reason", text(result->reason),
                     "attempts", (int)result->attempts, "failed_attempts", (int)result->failed_attempts, "duration_ms",
                     (json_int_t)result->duration_ms, "source", text(result->source), "expected", text(result->expected),
                     "actual", text(result->actual), "ways", text(result->ways), "transcript", transcript, "pcap", result->pcap,
                     "unexpected", result->unexpected, "known", text(result->known));
}

static json_t *summary_object(const struct results *results)
{
    struct summary s = results_summary(results);

    return json_pack("{si si si si si si si ss}", "pass", (int)s.pass, "fail", (int)s.fail, "inconclusive", (int)s.inconclusive,
                     "skip", (int)s.skip, "error", (int)s.error, "violations", (int)s.violations, "deviations",
                     (int)s.deviations, "class", s.compliance);
}

static json_t *features_array(const struct results *results)
{
    static const struct {
        unsigned    bit;
        const char *name;
    } names[] = { { SACK_PERMITTED, "sack" }, { TIMESTAMPS, "timestamps" }, { WINDOW_SCALE, "window_scale" }, { ECN, "ecn" } };
    json_t *features = json_array();

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (results->features & names[i].bit)
            json_array_append_new(features, json_string(names[i].name));
    return features;
}

static json_t *run_object(const struct results *results)
{
    json_t *cases = json_array();

    for (size_t i = 0; i < results->count; i++)
        json_array_append_new(cases, case_object(&results->at[i]));
    return json_pack("{si s{ss ss} s{so ss so so} ss sI sI ss sb s{si si si} so so}", "schema", 1, "tool", "name", "tcprove",
                     "version", TCPROVE_VERSION, "target", "spec", text(results->target_spec), "kind", results->target_kind,
                     "description", text(results->target_description), "features", features_array(results), "started",
                     results->started, "wall_ms", (json_int_t)results->wall_ms, "seed", (json_int_t)results->seed, "profile",
                     results->profile, "interrupted", results->interrupted, "path", "asked", (int)results->path.asked,
                     "unanswered", (int)results->path.unanswered, "contradicted", (int)results->path.contradicted, "summary",
                     summary_object(results), "cases", cases);
}

static bool write_json(FILE *file, const struct results *results)
{
    json_t *run     = run_object(results);
    bool    written = run != NULL && json_dumpf(run, file, JSON_INDENT(1) | JSON_SORT_KEYS) == 0 && fputc('\n', file) != EOF;

    json_decref(run);
    return written;
}

bool report_json(const struct results *results, const char *path, struct error *error)
{
    return report_file(path, write_json, results, error);
}
