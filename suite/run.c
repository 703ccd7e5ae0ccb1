#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "gate.h"
#include "host/connector.h"
#include "host/host.h"
#include "inprocess/inprocess.h"
#include "lab/lab.h"
#include "output.h"
#include "runner.h"
#include "selection.h"
#include "targets.h"
#include "terminal.h"

enum { FILES_ASIDE = 32 };

struct telling {
    const struct options *options;
    bool                  colour;
    struct progress      *progress;
    const char           *program;
    bool                  asked; /* how far it is */
    FILE                 *out;
};

/* As one word of a shell's, and a blank. */
static size_t append_quoted(char *text, size_t at, size_t room, const char *word)
{
    at += (size_t)snprintf(text + at, room - at, "'");
    for (; *word != '\0' && at < room; word++)
        at += (size_t)snprintf(text + at, room - at, *word == '\'' ? "'\\''" : "%c", *word);
    if (at < room)
        at += (size_t)snprintf(text + at, room - at, "' ");
    return at;
}

static void command_for(const struct telling *telling, const struct result *result, char *text, size_t room)
{
    const struct options *options = telling->options;
    size_t                at;

    const char *id = result->seen_in[0] != '\0' ? result->seen_in : result->id;

    text[0] = '\0';
    if (strncmp(id, "referee/", 8) == 0)
        return;
    at = (size_t)snprintf(text, room, "%s run %s %s", telling->program, options->target, options->ipv6 ? "--ipv6 " : "");
    for (size_t i = 0; i < options->service_count && at < room; i++) {
        at += (size_t)snprintf(text + at, room - at, "--service %s", service_name(options->services[i].kind));
        if (options->services[i].port != 0 && at < room)
            at += (size_t)snprintf(text + at, room - at, "=%u", options->services[i].port);
        if (at < room)
            at += (size_t)snprintf(text + at, room - at, " ");
    }
    if (options->agent != NULL && at < room)
        at += (size_t)snprintf(text + at, room - at, "--agent %s ", options->agent);
    if (options->agent_service != 0 && at < room)
        at += (size_t)snprintf(text + at, room - at, "--service-id 0x%04X ", options->agent_service);
    if (options->connect != NULL && at < room) {
        at += (size_t)snprintf(text + at, room - at, "--connect-cmd ");
        at = append_quoted(text, at, room, options->connect);
    }
    if (options->disruptive && at < room)
        at += (size_t)snprintf(text + at, room - at, "--disruptive ");
    if (options->source != NULL && at < room)
        at += (size_t)snprintf(text + at, room - at, "--source %s ", options->source);
    if (options->interface != NULL && at < room)
        at += (size_t)snprintf(text + at, room - at, "-i %s ", options->interface);
    if (at < room)
        snprintf(text + at, room - at, "%s -v", id);
}

static void tell_result(void *context, const struct result *result, size_t done)
{
    const struct telling *telling = context;
    char                  again[800];

    (void)done;
    bool shown = result->verdict == VERDICT_FAIL || result->verdict == VERDICT_ERROR;

    if (!telling->options->quiet && (shown || telling->options->verbose)) {
        progress_erase(telling->progress);
        command_for(telling, result, again, sizeof again);
        report_case(telling->out, result, again, telling->colour);
        fflush(telling->out);
    }
}

static void say(void *context, const char *sentence)
{
    const struct telling *telling = context;

    progress_erase(telling->progress);
    fprintf(stderr, "tcprove: %s\n", sentence);
}

static bool wants_sight(void *context)
{
    struct telling *telling = context;

    telling->asked = terminal_asked() || telling->asked;
    return telling->asked || progress_due(telling->progress);
}

static void show(void *context, const struct sight *sight)
{
    struct telling *telling = context;

    if (telling->asked)
        progress_answer(telling->progress, sight);
    else
        progress_show(telling->progress, sight);
    telling->asked = false;
}

/* With several, the first of: an unexpected verdict, an error of ours, the target or the way to it lost, nothing judged at all.
 */
static enum status status_of(const struct results *results)
{
    struct summary summary    = results_summary(results);
    bool           unexpected = false, lost = false;

    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->at[i];

        unexpected = unexpected || (result->unexpected && result->verdict != VERDICT_ERROR);
        lost       = lost || (result->verdict == VERDICT_INCONCLUSIVE && strcmp(result->id, "referee/alive") == 0);
    }
    if (unexpected)
        return STATUS_VIOLATION;
    if (summary.error > 0)
        return STATUS_ERROR;
    return lost || summary.pass + summary.fail == 0 ? STATUS_UNUSABLE : STATUS_GOOD;
}

static void describe_run(struct results *results, const struct options *options, const struct target_kind *kind)
{
    time_t    now = time(NULL);
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(results->started, sizeof results->started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(results->target_spec, sizeof results->target_spec, "%s", options->target);
    snprintf(results->target_kind, sizeof results->target_kind, "%s", kind->name);
    snprintf(results->target_description, sizeof results->target_description, "%s", kind->description);
    results->seed    = options->seed;
    results->profile = profile_name(options->profile);
}

static void tell_end(const struct telling *telling, const struct results *results, const struct selection *selection)
{
    const struct options *options = telling->options;
    char                  again[800];

    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->at[i];

        if (strcmp(result->group, "referee") != 0 || result->verdict != VERDICT_FAIL || options->quiet)
            continue;
        command_for(telling, result, again, sizeof again);
        report_case(telling->out, result, again, telling->colour);
    }
    report_summary(telling->out, results, (struct report_look){ telling->colour, options->quiet });
    if (selection->disruptive > 0)
        fprintf(telling->out, "%zu cases can crash a host and were not played: --disruptive plays them\n",
                selection->disruptive);
    if (selection->too_long > 0)
        fprintf(telling->out, "%zu cases wait longer than --profile %s allows and were not played\n", selection->too_long,
                profile_name(options->profile));
}

/* What the baseline says of this run, or the baseline brought up to it. */
static enum status pass_gate(const struct telling *telling, struct results *results, const struct selection *selection,
                             struct baseline *baseline)
{
    const struct options *options = telling->options;
    struct error          error;

    gate_judge(results, baseline, options->selector_count + options->excluded_count > 0, options->strict);
    enum status status = status_of(results);

    if (options->update_baseline && !results->interrupted) {
        if (!baseline_update(options->baseline, options->target, results, &error))
            return complain(STATUS_ERROR, &error);
        fprintf(telling->out, "baseline: %s\n", options->baseline);
        return status == STATUS_VIOLATION ? STATUS_GOOD : status;
    }
    if (baseline != NULL && gate_tell(telling->out, results, baseline, &selection->catalog) > 0 && status == STATUS_GOOD)
        status = STATUS_VIOLATION;
    return status;
}

static enum status finish_run(const struct telling *telling, struct results *results, const struct selection *selection,
                              struct baseline *baseline)
{
    tell_end(telling, results, selection);
    enum status status = pass_gate(telling, results, selection, baseline);

    if (!output_write(telling->options, results))
        return status == STATUS_VIOLATION ? status : STATUS_ERROR;
    if (telling->options->output != NULL)
        fprintf(telling->out, "results: %s/\n", telling->options->output);
    return status;
}

/* Where the terminal's text goes: aside, when a report takes standard output. */
static FILE *text_stream(const struct options *options)
{
    for (size_t i = 0; i < options->report_count; i++)
        if (strcmp(options->reports[i].path, "-") == 0)
            return stderr;
    return stdout;
}

struct ready {
    const struct target_kind *kind;
    void                     *prepared;
    bool                      virtual_time, listens;
    struct output             output;
    struct command            reset, connect; /* --reset-cmd, --connect-cmd */
    struct baseline           baseline;
};

static unsigned jobs_for(const struct options *options, const struct target_kind *kind, const void *prepared)
{
    unsigned      wanted = options->jobs != 0 ? options->jobs : target_jobs(kind);
    unsigned      most   = kind->jobs_most != NULL ? kind->jobs_most(prepared) : wanted;
    struct rlimit files;

    wanted = wanted < most ? wanted : most;

    /* Each case at a time is a descriptor here; the soft limit is ours to raise. */
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return wanted;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted + FILES_ASIDE)
        return wanted;
    return files.rlim_cur > FILES_ASIDE ? (unsigned)files.rlim_cur - FILES_ASIDE : 1;
}

static enum status play_selection(const struct options *options, struct ready *ready, struct selection *selection,
                                  const char *program, volatile const sig_atomic_t *interrupted)
{
    struct results  results = { 0 };
    struct error    error;
    FILE           *out    = text_stream(options);
    bool            colour = isatty(fileno(out)) && getenv("NO_COLOR") == NULL;
    struct progress progress;
    struct telling  telling = { .options = options, .colour = colour, .progress = &progress, .program = program, .out = out };
    struct run_plan plan    = { .entries      = selection->at,
                                .count        = selection->count,
                                .kind         = ready->kind,
                                .prepared     = ready->prepared,
                                .play         = { .seed       = options->seed,
                                                  .time_scale = options->time_scale,
                                                  .service    = options->service,
                                                  .services   = target_services(options, ready->kind) },
                                .jobs         = jobs_for(options, ready->kind, ready->prepared),
                                .retries      = options->retries,
                                .fail_fast    = options->fail_fast,
                                .virtual_time = ready->virtual_time,
                                .path_loses   = ready->kind == &target_host,
                                .pcap_folder  = ready->output.pcap_folder,
                                .pcap_path    = options->output,
                                .pcap_all     = options->pcap == PCAP_ALL,
                                .reset        = ready->reset.helper > 0 ? &ready->reset : NULL,
                                .answered     = ready->listens,
                                .deaf         = ready->kind == &target_host && !ready->listens,
                                .interrupted  = interrupted,
                                .tell         = tell_result,
                                .say          = say,
                                .wants_sight  = wants_sight,
                                .show         = show,
                                .context      = &telling };

    describe_run(&results, options, ready->kind);
    progress_open(&progress, stderr, options->quiet);
    if (progress.drawn && !options->quiet)
        terminal_take();
    plan.keys = terminal_keys();
    bool ran  = runner_run(&plan, &results, &error);

    progress_erase(&progress);
    terminal_give_back();
    bool        compares = options->baseline != NULL && !options->update_baseline;
    enum status status =
        ran ? finish_run(&telling, &results, selection, compares ? &ready->baseline : NULL) : complain(STATUS_ERROR, &error);

    runner_release(&results);
    return status;
}

static enum selection_purpose purpose_for(const struct target_kind *kind)
{
    if (kind == &target_reference)
        return TO_PLAY_IN_VIRTUAL_TIME;
    return kind == &target_linux ? TO_PLAY_IN_A_LAB : TO_PLAY_ON_A_HOST;
}

static bool baseline_ready(const struct options *options, struct baseline *baseline, struct error *error)
{
    if (options->baseline == NULL)
        return true;
    if (options->update_baseline && !baseline_writable(options->baseline, error))
        return false;
    if (options->update_baseline && access(options->baseline, F_OK) != 0)
        return true;
    /* What is no baseline is not added to. */
    return baseline_read(options->baseline, options->target, baseline, error);
}

/* Everything that can be found out before the first case is played. */
static enum status get_ready(const struct options *options, struct ready *ready, struct selection *selection,
                             struct error *error)
{
    struct named_target named;

    if (!target_named(options, ready->connect.helper > 0 ? &ready->connect : NULL, &named, error))
        return STATUS_USAGE;
    ready->listens           = named.listens;
    ready->kind              = named.kind;
    ready->virtual_time      = ready->kind == &target_reference;
    struct options of_family = *options;

    of_family.ipv6     = named.wish.ipv6;
    enum status status = selection_open(&of_family, purpose_for(ready->kind), selection, error);

    if (status != STATUS_GOOD)
        return status;
    if (!baseline_ready(options, &ready->baseline, error))
        return STATUS_USAGE;
    if (!output_open(options, &ready->output, error))
        return STATUS_UNUSABLE;
    ready->prepared = ready->kind->prepare(&named.wish, error);
    return ready->prepared != NULL ? STATUS_GOOD : STATUS_UNUSABLE;
}

static bool commands_ready(const struct options *options, struct ready *ready, struct error *error)
{
    return (options->connect == NULL ||
            command_open(&ready->connect, options->connect, options->target, CONNECT_LIMIT_MS, error)) &&
           (options->reset == NULL || command_open(&ready->reset, options->reset, options->target, COMMAND_LIMIT_MS, error));
}

enum status run(const struct options *options, const char *program, volatile const sig_atomic_t *interrupted)
{
    struct error     error;
    struct selection selection = { 0 };
    struct ready     ready     = { .output = { .pcap_folder = -1 }, .reset = { .channel = -1 }, .connect = { .channel = -1 } };

    /* Before anything here uses a privilege. */
    if (!commands_ready(options, &ready, &error)) {
        command_close(&ready.connect);
        return complain(STATUS_ERROR, &error);
    }
    terminal_listen();
    enum status status = get_ready(options, &ready, &selection, &error);

    status =
        status == STATUS_GOOD ? play_selection(options, &ready, &selection, program, interrupted) : complain(status, &error);
    command_close(&ready.reset);
    if (ready.prepared != NULL)
        ready.kind->release(ready.prepared);
    command_close(&ready.connect);
    output_close(&ready.output);
    baseline_free(&ready.baseline);
    selection_close(&selection);
    return status;
}
