#include "runner.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "derive.h"
#include "requirements.h"

enum { SLACK_MS = 20000, SLOTS = 1000, REPEATS = 3 };

struct playing {
    bool                busy;
    struct case_process process;
    size_t              entry;
    unsigned            slot;
};

/* What is known of a case between its attempts. */
struct standing {
    uint64_t waits_ms, limit_ms;
    unsigned attempts, failed, passed, unjudged;
    bool     done;
};

struct run {
    const struct run_plan *plan;
    struct results        *results;
    struct standing       *standings;
    size_t                *queue; /* entries to play, in order; grows as cases are repeated */
    size_t                 queue_at, queue_end, queue_room;
    struct playing        *playing;
    unsigned               jobs;
    bool                   slots[SLOTS];
    unsigned               next_slot;
    size_t                 done;
    bool                   stop;
    struct ruling          rulings[REFEREE_RULES];
    size_t                 broken_by[REFEREE_RULES];
};

/* ---- the queue -------------------------------------------------------------------------------------------------------- */

static bool enqueue(struct run *run, size_t entry)
{
    if (run->queue_end == run->queue_room) {
        size_t  room = run->queue_room * 2 + 64;
        size_t *more = realloc(run->queue, room * sizeof *more);

        if (more == NULL)
            return false;
        run->queue      = more;
        run->queue_room = room;
    }
    run->queue[run->queue_end++] = entry;
    return true;
}

static int longer_first(const void *a, const void *b, void *context)
{
    const struct standing *standings = context;
    size_t                 left = *(const size_t *)a, right = *(const size_t *)b;

    if (standings[left].waits_ms != standings[right].waits_ms)
        return standings[left].waits_ms > standings[right].waits_ms ? -1 : 1;
    return left < right ? -1 : 1;
}

static bool plan_queue(struct run *run)
{
    for (size_t i = 0; i < run->plan->count; i++) {
        const struct entry_of_catalog *entry = run->plan->entries[i];
        struct needs                   needs = needs_of(entry->ladder, entry->each);

        run->standings[i].waits_ms = needs.waits_ms;
        run->standings[i].limit_ms = run->plan->slack_ms != 0 ? run->plan->slack_ms : SLACK_MS;
        if (!run->plan->virtual_time)
            run->standings[i].limit_ms += (uint64_t)((double)needs.at_most_ms * run->plan->play.time_scale);
        if (!enqueue(run, i))
            return false;
    }
    qsort_r(run->queue, run->queue_end, sizeof *run->queue, longer_first, run->standings);
    return true;
}

/* ---- one result ------------------------------------------------------------------------------------------------------- */

static void describe(struct result *result, const struct entry_of_catalog *entry)
{
    snprintf(result->id, sizeof result->id, "%s", entry->id);
    snprintf(result->group, sizeof result->group, "%s", entry->group->name);
    snprintf(result->title, sizeof result->title, "%s", entry->ladder->title);
    snprintf(result->source, sizeof result->source, "%s:%d", entry->ladder->file, entry->ladder->line);
    result->req_count = entry->req_count;
    memcpy(result->reqs, entry->reqs, sizeof entry->reqs);
}

/* design 4: level and weight of a result come from the requirement that a FAIL is laid to. */
static void weigh(struct result *result, const char *charged, bool deviates)
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

static void drop_transcript(struct result *result)
{
    for (size_t i = 0; i < result->transcript_lines; i++)
        free(result->transcript[i]);
    free(result->transcript);
    result->transcript       = NULL;
    result->transcript_lines = 0;
}

static void record(struct run *run, size_t index, const struct case_outcome *outcome, char **transcript)
{
    struct result                 *result = &run->results->at[index];
    const struct entry_of_catalog *entry  = run->plan->entries[index];
    char                           charged[64];

    drop_transcript(result);
    result->verdict          = outcome->verdict;
    result->transcript       = transcript;
    result->transcript_lines = outcome->transcript_lines;
    result->duration_ms      = outcome->duration_us / 1000;
    result->attempts         = run->standings[index].attempts;
    result->failed_attempts  = run->standings[index].failed;
    snprintf(result->reason, sizeof result->reason, "%s", outcome->reason);
    snprintf(result->expected, sizeof result->expected, "%s", outcome->expected);
    snprintf(result->actual, sizeof result->actual, "%s", outcome->actual);
    if (outcome->pcap[0] != '\0')
        snprintf(result->pcap, sizeof result->pcap, "pcap/%.120s", outcome->pcap);
    snprintf(result->ways, sizeof result->ways, "%s", outcome->ways);
    put_state(charged, sizeof charged, outcome->charged, entry->each);
    weigh(result, charged, outcome->deviates);
}

static void gather_rulings(struct run *run, size_t index, const struct case_outcome *outcome)
{
    for (size_t i = 0; i < REFEREE_RULES; i++) {
        struct ruling       *sum  = &run->rulings[i];
        const struct ruling *part = &outcome->rulings[i];

        if (part->broken > 0 && sum->broken == 0) {
            sum->first_frame  = part->first_frame;
            run->broken_by[i] = index;
            memcpy(sum->sentence, part->sentence, sizeof sum->sentence);
        }
        sum->judged += part->judged;
        sum->broken += part->broken;
    }
}

/* ---- believing -------------------------------------------------------------------------------------------------------- */

/* Whether a case is played once more: what could not be judged is retried; a FAIL that a lost segment or a late reply could
 * explain must come twice out of at most three times. */
static bool again(const struct run *run, const struct standing *standing, const struct case_outcome *outcome)
{
    if (run->plan->virtual_time || run->stop)
        return false;
    if (outcome->verdict == VERDICT_INCONCLUSIVE)
        return standing->unjudged <= run->plan->retries;
    if (outcome->verdict == VERDICT_FAIL && outcome->loss_explains)
        return standing->failed < 2;
    return outcome->verdict == VERDICT_PASS && standing->failed == 1 && standing->passed < 2 && standing->attempts < REPEATS;
}

static void finish_case(struct run *run, struct playing *slot)
{
    struct case_outcome outcome;
    char              **transcript;
    size_t              index    = slot->entry;
    struct standing    *standing = &run->standings[index];

    case_finish(&slot->process, &outcome, &transcript);
    slot->busy             = false;
    run->slots[slot->slot] = false;
    standing->attempts++;
    standing->failed += outcome.verdict == VERDICT_FAIL;
    standing->passed += outcome.verdict == VERDICT_PASS;
    standing->unjudged += outcome.verdict == VERDICT_INCONCLUSIVE;
    gather_rulings(run, index, &outcome);
    record(run, index, &outcome, transcript);
    if (again(run, standing, &outcome) && enqueue(run, index))
        return;
    standing->done = true;
    run->done++;
    run->plan->tell(run->plan->context, &run->results->at[index], run->done);
    if (run->plan->fail_fast && run->results->at[index].violation)
        run->stop = true;
}

/* ---- the loop --------------------------------------------------------------------------------------------------------- */

static unsigned take_slot(struct run *run)
{
    while (run->slots[run->next_slot % SLOTS])
        run->next_slot++;
    unsigned slot = run->next_slot++ % SLOTS;

    run->slots[slot] = true;
    return slot;
}

static bool start_one(struct run *run, struct playing *place, struct error *error)
{
    const struct run_plan *plan  = run->plan;
    size_t                 index = run->queue[run->queue_at];
    struct case_wish       wish  = { plan->entries[index], plan->kind,        plan->prepared, take_slot(run),
                                     plan->play,           plan->pcap_folder, plan->pcap_all };

    if (!case_start(&wish, run->standings[index].limit_ms, &place->process, error)) {
        run->slots[wish.slot] = false;
        return false;
    }
    run->queue_at++;
    place->busy  = true;
    place->entry = index;
    place->slot  = wish.slot;
    return true;
}

static unsigned start_some(struct run *run, struct error *error)
{
    unsigned busy = 0;

    for (unsigned i = 0; i < run->jobs; i++) {
        struct playing *place = &run->playing[i];

        if (!place->busy && !run->stop && run->queue_at < run->queue_end && !start_one(run, place, error) && busy == 0 &&
            run->done == 0)
            run->stop = true;
        busy += place->busy;
    }
    return busy;
}

static void watch(struct run *run, struct pollfd *fds)
{
    nfds_t   count = 0;
    uint64_t now   = monotonic_ms();
    uint64_t wait  = 1000;

    for (unsigned i = 0; i < run->jobs; i++) {
        struct case_process *process = &run->playing[i].process;

        if (!run->playing[i].busy)
            continue;
        uint64_t end = process->started_ms + process->limit_ms;

        if (end <= now) {
            process->overran = true;
            kill(process->pid, SIGKILL);
        } else if (end - now < wait) {
            wait = end - now;
        }
        fds[count++] = (struct pollfd){ .fd = process->pipe, .events = POLLIN };
    }
    poll(fds, count, (int)wait);
    count = 0;
    for (unsigned i = 0; i < run->jobs; i++)
        if (run->playing[i].busy && fds[count++].revents != 0 && !case_read(&run->playing[i].process))
            finish_case(run, &run->playing[i]);
}

static void stop_all(struct run *run)
{
    for (unsigned i = 0; i < run->jobs; i++) {
        if (!run->playing[i].busy)
            continue;
        struct case_outcome outcome;
        char              **transcript;

        kill(run->playing[i].process.pid, SIGKILL);
        case_finish(&run->playing[i].process, &outcome, &transcript);
        for (uint32_t k = 0; k < outcome.transcript_lines; k++)
            free(transcript[k]);
        free(transcript);
        run->playing[i].busy = false;
    }
}

/* ---- the referee's results ---------------------------------------------------------------------------------------------- */

static void add_ruling(struct run *run, size_t rule)
{
    struct result       *result = &run->results->at[run->results->count++];
    const struct ruling *ruling = &run->rulings[rule];

    snprintf(result->id, sizeof result->id, "referee/%s", referee_rules[rule].id);
    snprintf(result->group, sizeof result->group, "referee");
    snprintf(result->title, sizeof result->title, "%s", referee_rules[rule].title);
    snprintf(result->reqs[0], sizeof result->reqs[0], "%s", referee_rules[rule].requirement);
    snprintf(result->source, sizeof result->source, "harness/referee.c");
    result->req_count = 1;
    result->attempts  = 1;
    if (ruling->broken > 0) {
        const struct result *first = &run->results->at[run->broken_by[rule]];

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
    weigh(result, "", false);
}

static bool run_open(struct run *run, const struct run_plan *plan, struct results *results)
{
    *run           = (struct run){ .plan = plan, .results = results, .jobs = plan->jobs };
    results->at    = calloc(plan->count + REFEREE_RULES, sizeof *results->at);
    run->standings = calloc(plan->count + 1, sizeof *run->standings);
    run->playing   = calloc(run->jobs, sizeof *run->playing);
    return results->at != NULL && run->standings != NULL && run->playing != NULL && plan_queue(run);
}

/* What an interrupt left unplayed is left out of the results. */
static void keep_only_done(struct run *run)
{
    size_t kept = 0;

    for (size_t i = 0; i < run->plan->count; i++) {
        if (!run->standings[i].done) {
            drop_transcript(&run->results->at[i]);
            continue;
        }
        for (size_t rule = 0; rule < REFEREE_RULES; rule++)
            if (run->broken_by[rule] == i)
                run->broken_by[rule] = kept;
        if (kept != i)
            run->results->at[kept] = run->results->at[i];
        kept++;
    }
    memset(&run->results->at[kept], 0, (run->plan->count - kept) * sizeof *run->results->at);
    run->results->unplayed = run->plan->count - kept;
    run->results->count    = kept;
}

bool runner_run(const struct run_plan *plan, struct results *results, struct error *error)
{
    struct run     run;
    uint64_t       began = monotonic_ms();
    struct pollfd *fds   = calloc(plan->jobs, sizeof *fds);
    bool           good  = fds != NULL && run_open(&run, plan, results);

    if (!good) {
        free(fds);
        return error_set(error, "out of memory");
    }
    error->sentence[0] = '\0';
    for (size_t i = 0; i < plan->count; i++)
        describe(&results->at[i], plan->entries[i]);
    while (start_some(&run, error) > 0) {
        watch(&run, fds);
        if (*plan->interrupted) {
            results->interrupted = true;
            break;
        }
        if (run.stop && plan->fail_fast)
            break;
    }
    stop_all(&run);
    good = run.done > 0 || results->interrupted || plan->count == 0;
    keep_only_done(&run);
    for (size_t i = 0; i < REFEREE_RULES; i++)
        add_ruling(&run, i);
    results->wall_ms = monotonic_ms() - began;
    free(run.queue);
    free(run.standings);
    free(run.playing);
    free(fds);
    return good;
}

void runner_release(struct results *results)
{
    for (size_t i = 0; i < results->count; i++)
        drop_transcript(&results->at[i]);
    free(results->at);
    results->at    = NULL;
    results->count = 0;
}
