#include "entry_result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "requirements.h"

void result_describe(struct result *result, const struct entry_of_catalog *entry)
{
    snprintf(result->id, sizeof result->id, "%s", entry->id);
    snprintf(result->group, sizeof result->group, "%s", entry->group->name);
    snprintf(result->title, sizeof result->title, "%s", entry->ladder->title);
    snprintf(result->source, sizeof result->source, "%s:%d", entry->ladder->file, entry->ladder->line);
    result->req_count = entry->req_count;
    memcpy(result->reqs, entry->reqs, sizeof entry->reqs);
}

void result_weigh(struct result *result, const char *charged, bool deviates)
{
    const char               *id          = charged[0] != '\0' ? charged : result->reqs[0];
    const struct requirement *requirement = requirement_find(id);

    snprintf(result->level, sizeof result->level, "%s", requirement != NULL ? level_name(requirement->level) : "");
    if (result->verdict != VERDICT_FAIL)
        return;
    snprintf(result->charged, sizeof result->charged, "%s", id);
    snprintf(result->charged_text, sizeof result->charged_text, "%s", requirement != NULL ? requirement->paraphrase : "");
    result->violation = !deviates && requirement != NULL && requirement_violated(requirement);
    result->deviation = !result->violation;
}

static void put_state(char *id, size_t room, const char *pattern, enum state each)
{
    const struct ladder_case  one    = { .id     = "",
                                         .reqs   = (const char *const[]){ pattern, NULL },
                                         .states = (const enum state[]){ each, EACH } };
    const struct ladder_group group  = { .name = "", .cases = &one, .count = 1 };
    struct catalog            single = catalog_open((const struct ladder_group *const[]){ &group, NULL });

    snprintf(id, room, "%s", single.count > 0 ? single.at[0].reqs[0] : pattern);
    catalog_close(&single);
}

void result_drop_transcript(struct result *result)
{
    for (size_t i = 0; i < result->transcript_lines; i++)
        free(result->transcript[i]);
    free(result->transcript);
    result->transcript       = NULL;
    result->transcript_lines = 0;
}

void result_of_outcome(struct result *result, const struct entry_of_catalog *entry, const struct case_outcome *outcome,
                       char **transcript)
{
    char charged[64];

    result_drop_transcript(result);
    result->verdict   = outcome->verdict;
    result->violation = result->deviation = false;
    result->charged[0] = result->charged_text[0] = '\0';
    result->transcript                           = transcript;
    result->transcript_lines                     = outcome->transcript_lines;
    result->duration_ms                          = outcome->duration_us / 1000;
    snprintf(result->reason, sizeof result->reason, "%s", outcome->reason);
    snprintf(result->expected, sizeof result->expected, "%s", outcome->expected);
    snprintf(result->actual, sizeof result->actual, "%s", outcome->actual);
    if (outcome->pcap[0] != '\0')
        snprintf(result->pcap, sizeof result->pcap, "pcap/%.120s", outcome->pcap);
    snprintf(result->ways, sizeof result->ways, "%s", outcome->ways);
    put_state(charged, sizeof charged, outcome->charged, entry->each);
    result_weigh(result, charged, outcome->deviates);
}

void result_of_rule(struct result *result, size_t rule, const struct ruling *ruling, enum breach breach,
                    const struct result *first)
{
    snprintf(result->id, sizeof result->id, "referee/%s", referee_rules[rule].id);
    snprintf(result->group, sizeof result->group, "referee");
    snprintf(result->title, sizeof result->title, "%s", referee_rules[rule].title);
    snprintf(result->reqs[0], sizeof result->reqs[0], "%s", referee_rules[rule].requirement);
    snprintf(result->source, sizeof result->source, "harness/referee.c");
    result->req_count = 1;
    result->attempts  = 1;
    if (breach == BREACH_DISMISSED) {
        result->verdict = VERDICT_PASS;
        snprintf(result->reason, sizeof result->reason,
                 "%llu segments judged; %llu seemed to break it, and the same cases did not when they were played again",
                 (unsigned long long)ruling->judged, (unsigned long long)ruling->broken);
    } else if (breach == BREACH_DOUBTFUL) {
        result->verdict = VERDICT_INCONCLUSIVE;
        snprintf(result->reason, sizeof result->reason,
                 "%llu of %llu segments seemed to break it, and what the path did could explain that",
                 (unsigned long long)ruling->broken, (unsigned long long)ruling->judged);
    } else if (breach == BREACH_STANDS) {
        result->verdict         = VERDICT_FAIL;
        result->failed_attempts = 1;
        memcpy(result->pcap, first->pcap, sizeof result->pcap);
        snprintf(result->seen_in, sizeof result->seen_in, "%s", first->id);
        snprintf(result->expected, sizeof result->expected, "%s", referee_rules[rule].title);
        snprintf(result->actual, sizeof result->actual, "%s", ruling->sentence);
        snprintf(result->reason, sizeof result->reason, "%llu of %llu segments; first in %s, frame %zu",
                 (unsigned long long)ruling->broken, (unsigned long long)ruling->judged, first->id, ruling->first_frame);
    } else if (ruling->judged > 0) {
        result->verdict = VERDICT_PASS;
        snprintf(result->reason, sizeof result->reason, "%llu segments judged", (unsigned long long)ruling->judged);
    } else {
        result->verdict = VERDICT_SKIP;
        snprintf(result->reason, sizeof result->reason, "no segment that this rule could judge was seen");
    }
    result_weigh(result, "", false);
}

void result_leave_unjudged(struct result *result, const struct attempts *attempts)
{
    snprintf(result->reason, sizeof result->reason,
             "failed %u, passed %u and could not be judged %u times on a path that loses segments: loss could explain it",
             attempts->failed, attempts->passed, attempts->unjudged);
    result->verdict   = VERDICT_INCONCLUSIVE;
    result->violation = result->deviation = false;
    result->charged[0] = result->charged_text[0] = '\0';
}

void result_skip_connections(struct result *result, unsigned connections)
{
    result->verdict = VERDICT_SKIP;
    snprintf(result->reason, sizeof result->reason, "needs %u connections at a time: -j %u would allow it", connections,
             connections);
    result_weigh(result, "", false);
}

void result_skip_service(struct result *result, const char *sentence)
{
    result->verdict = VERDICT_SKIP;
    snprintf(result->reason, sizeof result->reason, "%s", sentence);
    result_weigh(result, "", false);
}
