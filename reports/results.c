#include "results.h"

#include <string.h>

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = { "pass", "fail", "inconclusive", "skip", "error" };

    return names[verdict];
}

struct summary results_summary(const struct results *results)
{
    struct summary summary = { 0 };

    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->at[i];

        switch (result->verdict) {
        case VERDICT_PASS:
            summary.pass++;
            break;
        case VERDICT_FAIL:
            summary.fail++;
            summary.violations += result->violation;
            summary.deviations += result->deviation;
            break;
        case VERDICT_INCONCLUSIVE:
            summary.inconclusive++;
            break;
        case VERDICT_SKIP:
            summary.skip++;
            break;
        case VERDICT_ERROR:
            summary.error++;
            break;
        }
    }
    if (summary.violations > 0)
        summary.compliance = "not compliant";
    else if (summary.deviations > 0)
        summary.compliance = "conditionally compliant";
    else if (summary.pass > 0)
        summary.compliance = "unconditionally compliant";
    else
        summary.compliance = "not judged";
    return summary;
}

void path_sentence(const struct results *results, char *text, size_t room)
{
    const struct path_seen *path = &results->path;

    text[0] = '\0';
    if (path->unanswered == 0 && path->contradicted > 0)
        snprintf(
            text, room,
            "%u cases failed once and passed once, though every first SYN was answered: the path or the target is not the same"
            " at all times; what that could explain was repeated, and left unjudged where it did not help",
            path->contradicted);
    else if (path->unanswered > 0)
        snprintf(text, room,
                 "the path loses segments: %u of %u first SYNs went unanswered, %u cases failed once and passed once; what loss"
                 " could explain was repeated, and left unjudged where that did not help",
                 path->unanswered, path->asked, path->contradicted);
}
