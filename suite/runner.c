#include "runner.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "belief.h"
#include "derive.h"
#include "entry_result.h"

enum { SLACK_MS = 20000, SLOTS = 1000, LOOK_MS = 100, ASIDE_MS = 50, STALL_MS = 2000 };

struct playing {
    bool                busy;
    unsigned            connections;
    struct case_process process;
    size_t              entry;
    unsigned            slot;
};

/* What is known of a case between its attempts. */
struct standing {
    uint64_t        waits_ms, limit_ms;
    struct attempts attempts;
    unsigned        connections; /* at a time */
    unsigned        played;
    unsigned        broken[REFEREE_RULES]; /* attempts in which a rule of the referee's was broken */
    bool            loss_explains;         /* the latest outcome */
    bool            done;
    bool            died; /* with the target: it is not played again */
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
    bool                   stop, gone; /* gone: the target, for good */
    struct vigil          *vigil;
    struct running        *running; /* room for what is shown of the run */
    uint64_t              *waiting_ms;
    uint64_t               aside_ms, aside_cases; /* what cases took beside their waits */
    struct ruling          rulings[REFEREE_RULES];
    size_t                 broken_by[REFEREE_RULES];
    bool                   breach_stands[REFEREE_RULES]; /* loss could not have made it look so */
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

/* What a case waits, on a clock that is ours: nothing in virtual time. */
static uint64_t waits_of(const struct run *run, size_t entry)
{
    return run->plan->virtual_time ? 0 : (uint64_t)((double)run->standings[entry].waits_ms * run->plan->play.time_scale);
}

/* ---- one result ------------------------------------------------------------------------------------------------------- */

static void record(struct run *run, size_t index, const struct case_outcome *outcome, char **transcript)
{
    struct result *result = &run->results->at[index];

    result->attempts        = run->standings[index].played;
    result->failed_attempts = run->standings[index].attempts.failed;
    result_of_outcome(result, run->plan->entries[index], outcome, transcript);
}

static struct belief_terms terms_of(const struct run *run)
{
    return (struct belief_terms){ .path          = run->results->path,
                                  .path_loses    = run->plan->path_loses,
                                  .path_reorders = !run->plan->virtual_time,
                                  .cases         = (unsigned)run->plan->count,
                                  .retries       = run->plan->retries };
}

/* Loss may make a rule look broken: which case broke it counts once loss can no longer explain what was seen there. */
static void gather_rulings(struct run *run, size_t index, const struct case_outcome *outcome)
{
    struct standing    *standing = &run->standings[index];
    struct belief_terms terms    = terms_of(run);

    for (size_t i = 0; i < REFEREE_RULES; i++) {
        struct ruling       *sum    = &run->rulings[i];
        const struct ruling *part   = &outcome->rulings[i];
        bool                 first  = part->broken > 0 && sum->broken == 0;
        bool                 stands = false;

        standing->broken[i] += part->broken > 0;
        if (part->broken > 0 && !run->breach_stands[i])
            stands = belief_in_breach(&standing->attempts, standing->broken[i], &terms);
        if (first || stands) {
            sum->first_frame      = part->first_frame;
            run->broken_by[i]     = index;
            run->breach_stands[i] = stands;
            memcpy(sum->sentence, part->sentence, sizeof sum->sentence);
        }
        sum->judged += part->judged;
        sum->broken += part->broken;
    }
}

/* ---- believing -------------------------------------------------------------------------------------------------------- */

static void count_attempt(struct run *run, struct standing *standing, const struct case_outcome *outcome)
{
    struct attempts *attempts = &standing->attempts;
    bool             before   = attempts->failed > 0 && attempts->passed > 0;

    standing->played++;
    standing->loss_explains = outcome->loss_explains;
    run->results->features |= outcome->features;
    attempts_count(attempts, outcome->verdict, outcome->packets);
    if (run->plan->path_loses) {
        run->results->path.asked += outcome->asked;
        run->results->path.unanswered += outcome->unanswered;
        run->results->path.contradicted += !before && attempts->failed > 0 && attempts->passed > 0;
    }
}

/* Whether a rule of the referee's was broken here, perhaps by what the path did. */
static bool breach_doubted(const struct run *run, const struct standing *standing)
{
    struct belief_terms terms = terms_of(run);

    for (size_t i = 0; i < REFEREE_RULES; i++)
        if (standing->broken[i] > 0 && !run->breach_stands[i] && belief_wants_breach_again(&standing->attempts, &terms))
            return true;
    return false;
}

static enum belief belief_so_far(const struct run *run, size_t index)
{
    const struct standing *standing = &run->standings[index];
    struct belief_terms    terms    = terms_of(run);

    if (run->plan->virtual_time || run->stop)
        return BELIEVED;
    enum belief belief = belief_in(&standing->attempts, run->results->at[index].verdict, standing->loss_explains, &terms);

    return belief == BELIEVED && breach_doubted(run, standing) ? ONCE_MORE : belief;
}

static void conclude(struct run *run, size_t index)
{
    run->standings[index].done = true;
    run->done++;
    run->plan->tell(run->plan->context, &run->results->at[index], run->done);
    if (run->plan->fail_fast && run->results->at[index].violation)
        run->stop = true;
}

static void settle(struct run *run, size_t index, const struct case_outcome *outcome, char **transcript)
{
    count_attempt(run, &run->standings[index], outcome);
    gather_rulings(run, index, outcome);
    record(run, index, outcome, transcript);
    enum belief belief = belief_so_far(run, index);

    if (belief == ONCE_MORE && enqueue(run, index))
        return;
    if (belief == UNBELIEVED)
        result_leave_unjudged(&run->results->at[index], &run->standings[index].attempts);
    conclude(run, index);
}

static void finish_case(struct run *run, struct playing *slot)
{
    struct case_outcome outcome;
    char              **transcript;
    uint64_t            took_ms  = monotonic_ms() - slot->process.started_ms;
    uint64_t            waits_ms = waits_of(run, slot->entry);

    case_finish(&slot->process, &outcome, &transcript);
    slot->busy             = false;
    run->slots[slot->slot] = false;
    run->aside_ms += took_ms > waits_ms ? took_ms - waits_ms : 0;
    run->aside_cases++;
    if (!vigil_keeps(run->vigil, slot->entry, &outcome, transcript))
        settle(run, slot->entry, &outcome, transcript);
}

/* What cannot be played here, whatever the target does, needs no process to find that out. */
static bool skips(struct run *run, size_t index)
{
    const struct run_plan         *plan        = run->plan;
    const struct entry_of_catalog *entry       = plan->entries[index];
    unsigned                       connections = run->standings[index].connections;
    char                           sentence[sizeof run->results->at->reason];

    if (play_lacks_service(entry->ladder, entry->each, &plan->play, sentence, sizeof sentence))
        result_skip_service(&run->results->at[index], sentence);
    else if (plan->path_loses && connections > run->jobs)
        result_skip_connections(&run->results->at[index], connections);
    else
        return false;
    conclude(run, index);
    return true;
}

static bool plan_queue(struct run *run)
{
    for (size_t i = 0; i < run->plan->count; i++) {
        struct needs needs = needs_of(run->plan->entries[i]->ladder, run->plan->entries[i]->each);

        result_describe(&run->results->at[i], run->plan->entries[i]);
        run->standings[i].waits_ms        = needs.waits_ms;
        run->standings[i].attempts.unseen = needs.unseen;
        run->standings[i].connections     = needs.connections;
        run->standings[i].limit_ms        = run->plan->slack_ms != 0 ? run->plan->slack_ms : SLACK_MS;
        if (!run->plan->virtual_time)
            run->standings[i].limit_ms += (uint64_t)((double)needs.at_most_ms * run->plan->play.time_scale);
        if (!skips(run, i) && !enqueue(run, i))
            return false;
    }
    if (run->queue_end > 0)
        qsort_r(run->queue, run->queue_end, sizeof *run->queue, longer_first, run->standings);
    return true;
}

/* Loss that shows late in a run puts what was believed before in doubt. Whether anything is to be played again. */
static bool reopen(struct run *run)
{
    size_t before = run->queue_end;

    for (size_t i = 0; i < run->plan->count; i++) {
        if (!run->standings[i].done || run->standings[i].died || belief_so_far(run, i) != ONCE_MORE || !enqueue(run, i))
            continue;
        run->standings[i].done = false;
        run->done--;
    }
    return run->queue_end > before;
}

/* ---- the loop --------------------------------------------------------------------------------------------------------- */

static unsigned take_slot(void *context)
{
    struct run *run = context;
    while (run->slots[run->next_slot % SLOTS])
        run->next_slot++;
    unsigned slot = run->next_slot++ % SLOTS;

    run->slots[slot] = true;
    return slot;
}

static void give_slot(void *context, unsigned slot)
{
    ((struct run *)context)->slots[slot] = false;
}

static bool start_one(struct run *run, struct playing *place, struct error *error)
{
    const struct run_plan *plan  = run->plan;
    size_t                 index = run->queue[run->queue_at];
    struct case_wish       wish  = { .entry       = plan->entries[index],
                                     .kind        = plan->kind,
                                     .prepared    = plan->prepared,
                                     .slot        = take_slot(run),
                                     .options     = plan->play,
                                     .pcap_folder = plan->pcap_folder,
                                     .pcap_path   = plan->pcap_path,
                                     .pcap_all    = plan->pcap_all,
                                     .parents_fd  = plan->reset != NULL ? plan->reset->channel : 0 };

    place->connections = run->standings[index].connections;
    if (!case_start(&wish, run->standings[index].limit_ms, &place->process, error)) {
        run->slots[wish.slot] = false;
        return false;
    }
    run->queue_at++;
    place->busy  = true;
    place->entry = index;
    place->slot  = wish.slot;
    vigil_started(run->vigil, index);
    return true;
}

/* Never more connections at a time than was asked for: the next case waits until there is room for its own. */
static bool has_room(const struct run *run)
{
    unsigned connections = run->standings[run->queue[run->queue_at]].connections;

    for (unsigned i = 0; i < run->jobs; i++)
        connections += run->playing[i].busy ? run->playing[i].connections : 0;
    return !run->plan->path_loses || connections <= run->jobs;
}

static unsigned start_some(struct run *run, struct error *error)
{
    unsigned busy = 0;

    for (unsigned i = 0; i < run->jobs; i++) {
        struct playing *place = &run->playing[i];

        if (!place->busy && !run->stop && vigil_calm(run->vigil) && run->queue_at < run->queue_end && has_room(run) &&
            !start_one(run, place, error) && busy == 0 && run->done == 0)
            run->stop = true;
        busy += place->busy;
    }
    return busy;
}

/* Who stopped this program (Ctrl-Z) stopped its cases too: they have not hung. */
static void forgive_stall(struct run *run, uint64_t expected_ms)
{
    uint64_t now = monotonic_ms();

    for (unsigned i = 0; now > expected_ms + STALL_MS && i < run->jobs; i++)
        run->playing[i].process.started_ms += now - expected_ms;
}

static void watch(struct run *run, struct pollfd *fds)
{
    nfds_t   count = 0;
    uint64_t now   = monotonic_ms();
    uint64_t wait  = run->plan->wants_sight != NULL ? LOOK_MS : 1000;

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
    vigil_polls(run->vigil, &fds[count], &wait);
    fds[count + 1] = (struct pollfd){ .fd = run->plan->keys, .events = POLLIN };
    poll(fds, count + 2, (int)wait);
    forgive_stall(run, now + wait);
    count = 0;
    for (unsigned i = 0; i < run->jobs; i++)
        if (run->playing[i].busy && fds[count++].revents != 0 && !case_read(&run->playing[i].process))
            finish_case(run, &run->playing[i]);
}

/* ---- a target that died ------------------------------------------------------------------------------------------------- */

/* What it has not been judged by is INCONCLUSIVE; what it was dead for already is played if it comes back. */
static void die_with_target(struct run *run, size_t index, struct case_outcome *outcome, char **transcript)
{
    bool had_no_chance = vigil_victim(run->vigil, index, outcome);

    if (had_no_chance && !run->gone && enqueue(run, index)) {
        for (uint32_t i = 0; i < outcome->transcript_lines; i++)
            free(transcript[i]);
        free(transcript);
        return;
    }
    run->standings[index].died = true;
    record(run, index, outcome, transcript);
    conclude(run, index);
}

static void stop_playing(struct run *run)
{
    struct case_outcome outcome;
    char              **transcript;
    size_t              entry;

    for (unsigned i = 0; i < run->jobs; i++) {
        struct playing *slot = &run->playing[i];

        if (!slot->busy)
            continue;
        case_stop(&slot->process);
        case_finish(&slot->process, &outcome, &transcript);
        slot->busy             = false;
        run->slots[slot->slot] = false;
        die_with_target(run, slot->entry, &outcome, transcript);
    }
    while (vigil_releases(run->vigil, &entry, &outcome, &transcript))
        die_with_target(run, entry, &outcome, transcript);
}

static void keep_vigil(struct run *run)
{
    struct case_outcome outcome;
    char              **transcript;
    size_t              entry;

    switch (vigil_turn(run->vigil)) {
    case VIGIL_NOTHING:
        break;
    case VIGIL_ALIVE:
        while (vigil_releases(run->vigil, &entry, &outcome, &transcript))
            settle(run, entry, &outcome, transcript);
        break;
    case VIGIL_DIED:
        stop_playing(run);
        break;
    case VIGIL_GONE:
        run->gone = run->stop = true;
        for (size_t i = 0; i < run->plan->count; i++) {
            outcome = (struct case_outcome){ 0 };
            if (!run->standings[i].done)
                die_with_target(run, i, &outcome, NULL);
        }
        break;
    }
}

static bool keeps_vigil(const struct run *run)
{
    return !run->gone && !vigil_calm(run->vigil);
}

/* ---- what is shown ------------------------------------------------------------------------------------------------------ */

static void show(struct run *run)
{
    const struct run_plan *plan  = run->plan;
    struct sight           sight = { .done = run->done, .count = plan->count, .note = vigil_note(run->vigil) };
    struct workload       *load  = &sight.load;

    if (plan->wants_sight == NULL || !plan->wants_sight(plan->context))
        return;
    load->running    = run->running;
    load->waiting_ms = run->waiting_ms;
    load->jobs       = run->jobs;
    load->aside_ms   = run->aside_cases > 0 ? run->aside_ms / run->aside_cases : ASIDE_MS;
    for (size_t i = 0; i < plan->count; i++)
        sight.verdicts[run->results->at[i].verdict] += run->standings[i].done;
    for (unsigned i = 0; i < run->jobs; i++)
        if (run->playing[i].busy)
            run->running[load->running_count++] =
                (struct running){ plan->entries[run->playing[i].entry]->id, monotonic_ms() - run->playing[i].process.started_ms,
                                  waits_of(run, run->playing[i].entry) };
    for (size_t i = run->queue_at; i < run->queue_end && load->waiting_count < plan->count; i++)
        run->waiting_ms[load->waiting_count++] = waits_of(run, run->queue[i]);
    plan->show(plan->context, &sight);
}

/* ---- the end ------------------------------------------------------------------------------------------------------------ */

static void stop_all(struct run *run)
{
    for (unsigned i = 0; i < run->jobs; i++) {
        if (!run->playing[i].busy)
            continue;
        struct case_outcome outcome;
        char              **transcript;

        case_stop(&run->playing[i].process);
        case_finish(&run->playing[i].process, &outcome, &transcript);
        for (uint32_t k = 0; k < outcome.transcript_lines; k++)
            free(transcript[k]);
        free(transcript);
        run->playing[i].busy = false;
    }
}

/* ---- the referee's results ---------------------------------------------------------------------------------------------- */

/* A breach is dismissed if it is in every case in which it was seen. */
static enum breach breach_of(const struct run *run, size_t rule)
{
    enum breach breach = run->rulings[rule].broken > 0 ? BREACH_DISMISSED : BREACH_NONE;

    for (size_t i = 0; i < run->plan->count; i++) {
        const struct standing *standing = &run->standings[i];

        if (standing->broken[rule] > 0 && !belief_dismisses_breach(&standing->attempts, standing->broken[rule]))
            breach = BREACH_DOUBTFUL;
    }
    return run->breach_stands[rule] ? BREACH_STANDS : breach;
}

static void add_referee(struct run *run)
{
    struct result *result = &run->results->at[run->results->count];

    for (size_t i = 0; i < REFEREE_RULES; i++)
        result_of_rule(result++, i, &run->rulings[i], breach_of(run, i), &run->results->at[run->broken_by[i]]);
    vigil_result(run->vigil, result);
    result_weigh(result, "", false);
    run->results->count += REFEREE_RULES + 1;
}

static bool run_open(struct run *run, const struct run_plan *plan, struct results *results)
{
    struct vigil_wish wish = { .entries   = plan->entries,
                               .count     = plan->count,
                               .kind      = plan->kind,
                               .prepared  = plan->prepared,
                               .play      = plan->play,
                               .watches   = !plan->virtual_time && !plan->deaf,
                               .proven    = plan->answered,
                               .reset     = plan->reset,
                               .patience  = plan->patience,
                               .path      = &results->path,
                               .take_slot = take_slot,
                               .give_slot = give_slot,
                               .say       = plan->say,
                               .context   = run,
                               .told      = plan->context };

    *run            = (struct run){ .plan = plan, .results = results, .jobs = plan->jobs };
    results->at     = calloc(plan->count + REFEREE_RULES + 1, sizeof *results->at);
    run->standings  = calloc(plan->count + 1, sizeof *run->standings);
    run->playing    = calloc(run->jobs, sizeof *run->playing);
    run->running    = calloc(run->jobs, sizeof *run->running);
    run->waiting_ms = calloc(plan->count + 1, sizeof *run->waiting_ms);
    run->vigil      = vigil_open(&wish);
    return results->at != NULL && run->standings != NULL && run->playing != NULL && run->running != NULL &&
           run->waiting_ms != NULL && run->vigil != NULL && plan_queue(run);
}

static void run_close(struct run *run)
{
    vigil_close(run->vigil);
    free(run->queue);
    free(run->standings);
    free(run->playing);
    free(run->running);
    free(run->waiting_ms);
}

/* What an interrupt left unplayed is left out of the results. */
static void keep_only_done(struct run *run)
{
    size_t kept = 0;

    for (size_t i = 0; i < run->plan->count; i++) {
        if (!run->standings[i].done) {
            result_drop_transcript(&run->results->at[i]);
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
    struct pollfd *fds   = calloc(plan->jobs + 2, sizeof *fds);
    bool           good  = fds != NULL && run_open(&run, plan, results);

    if (!good) {
        free(fds);
        return error_set(error, "out of memory");
    }
    error->sentence[0] = '\0';
    while (start_some(&run, error) > 0 || keeps_vigil(&run) || (!run.stop && reopen(&run))) {
        show(&run);
        watch(&run, fds);
        keep_vigil(&run);
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
    add_referee(&run);
    results->wall_ms = monotonic_ms() - began;
    run_close(&run);
    free(fds);
    return good;
}

void runner_release(struct results *results)
{
    for (size_t i = 0; i < results->count; i++)
        result_drop_transcript(&results->at[i]);
    free(results->at);
    results->at    = NULL;
    results->count = 0;
}
