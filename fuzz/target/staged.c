#include "fuzz/target/staged.h"

#include <stdio.h>
#include <stdlib.h>

#include "fuzz/target/target.h"

static struct stage *opened;

struct stage *staged_open(void)
{
    const char  *named   = getenv("TCPROVE_ORACLES");
    unsigned     oracles = ORACLES_ALL;
    struct error error;

    if (named != NULL && named[0] != '\0' && !oracles_named(named, &oracles, &error)) {
        fprintf(stderr, "TCPROVE_ORACLES: %s\n", error.sentence);
        exit(2);
    }
    opened = stage_open(oracles, work_done);
    if (opened == NULL) {
        fprintf(stderr, "there is no memory for a stage\n");
        exit(3);
    }
    return opened;
}

static void tell_pair(void *context, enum state state, unsigned event)
{
    (void)context;
    feedback_pair((unsigned)state, event);
}

const struct stage_watch staged_watch = { .event = tell_pair };

void staged_tell(const struct finding *finding)
{
    fprintf(stderr, "%s, step %zu, %s: %s\n", oracle_name(finding->oracle), finding->step + 1, finding->requirement,
            finding->sentence);
    abort();
}

void fuzz_counts(char *text, size_t room)
{
    const struct stage_counts *counts = opened != NULL ? stage_counts(opened) : NULL;

    if (counts == NULL || counts->inputs == 0)
        text[0] = '\0';
    else
        snprintf(text, room, "%llu inputs, %llu steps, %llu segments arrived, %u pairs", (unsigned long long)counts->inputs,
                 (unsigned long long)counts->steps, (unsigned long long)counts->segments, feedback_pairs());
}
