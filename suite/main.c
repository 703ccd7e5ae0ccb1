/* main.c: the program tcprove: its verbs, and the exit statuses that scripts rely on. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "catalog.h"
#include "derive.h"
#include "inprocess/inprocess.h"
#include "lab/lab.h"
#include "lint.h"
#include "notation_ladder.h"
#include "options.h"
#include "requirements.h"
#include "runner.h"

enum status { STATUS_GOOD, STATUS_VIOLATION, STATUS_USAGE, STATUS_UNUSABLE, STATUS_NOTHING, STATUS_ERROR };

enum { JOBS_VIRTUAL = 4, JOBS_LINUX = 200, ROOM_NEEDED_OCTETS = 1 << 20 };

static const struct target_kind *const kinds[] = { &target_reference, &target_linux };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    interrupted = number;
}

static enum status complain(enum status status, const struct error *error)
{
    fprintf(stderr, "tcprove: %s\n", error->sentence);
    return status;
}

/* ---- selection -------------------------------------------------------------------------------------------------------- */

struct selection {
    struct catalog                  catalog;
    const struct entry_of_catalog **at;
    size_t                          count;
    size_t                          too_long; /* left out by the profile */
};

static bool picked_by_any(const char *const *selectors, size_t count, const struct entry_of_catalog *entry)
{
    for (size_t i = 0; i < count; i++)
        if (selector_picks(selectors[i], entry))
            return true;
    return false;
}

static bool each_picks_something(const struct options *options, const struct catalog *catalog, struct error *error)
{
    const char *const *lists[]  = { options->selectors, options->excluded };
    size_t             counts[] = { options->selector_count, options->excluded_count };

    for (int list = 0; list < 2; list++) {
        for (size_t i = 0; i < counts[list]; i++) {
            const char *selector = lists[list][i];
            bool        picks    = false;

            for (size_t k = 0; k < catalog->count && !picks; k++)
                picks = selector_picks(selector, &catalog->at[k]);
            if (picks)
                continue;
            const char *nearest = selector_nearest(catalog, selector);

            if (nearest[0] != '\0')
                return error_set(error, "\"%s\" selects no case: did you mean %s?", selector, nearest);
            return error_set(error, "\"%s\" selects no case: tcprove list shows what there is", selector);
        }
    }
    return true;
}

static bool fits_family(const struct entry_of_catalog *entry, bool ipv6)
{
    return entry->ladder->family == BOTH_FAMILIES || entry->ladder->family == (ipv6 ? IPV6_ONLY : IPV4_ONLY);
}

/* A case that is asked for by its whole name is played in every profile. */
static bool fits_profile(const struct options *options, const struct entry_of_catalog *entry, bool virtual_time)
{
    if (virtual_time || needs_of(entry->ladder, entry->each).waits_ms <= profile_limit_ms(options->profile))
        return true;
    for (size_t i = 0; i < options->selector_count; i++)
        if (strcmp(options->selectors[i], entry->id) == 0 || strcmp(options->selectors[i], entry->ladder->id) == 0)
            return true;
    return false;
}

static enum status select_cases(const struct options *options, bool for_run, bool virtual_time, struct selection *selection,
                                struct error *error)
{
    *selection    = (struct selection){ .catalog = catalog_open(catalog_groups) };
    selection->at = calloc(selection->catalog.count + 1, sizeof *selection->at);
    if (selection->at == NULL) {
        error_set(error, "out of memory");
        return STATUS_ERROR;
    }
    if (!each_picks_something(options, &selection->catalog, error))
        return STATUS_NOTHING;
    for (size_t i = 0; i < selection->catalog.count; i++) {
        const struct entry_of_catalog *entry = &selection->catalog.at[i];

        if (options->selector_count > 0 && !picked_by_any(options->selectors, options->selector_count, entry))
            continue;
        if (picked_by_any(options->excluded, options->excluded_count, entry))
            continue;
        if (for_run && !fits_family(entry, options->ipv6))
            continue;
        if (for_run && !fits_profile(options, entry, virtual_time)) {
            selection->too_long++;
            continue;
        }
        selection->at[selection->count++] = entry;
    }
    if (selection->count > 0)
        return STATUS_GOOD;
    error_set(error, "nothing is left to play: %zu cases are too long for --profile %s, the others were not selected",
              selection->too_long, profile_name(options->profile));
    return STATUS_NOTHING;
}

static void selection_close(struct selection *selection)
{
    free(selection->at);
    catalog_close(&selection->catalog);
}

/* ---- the output folder -------------------------------------------------------------------------------------------------- */

/* Everything that could go wrong with the folder is told before the run starts, and nothing is overwritten silently. */
static bool output_ready(const char *folder, char *path, size_t room, struct error *error)
{
    struct stat    seen;
    struct statvfs disk;

    if ((size_t)snprintf(path, room, "%s/results.json", folder) >= room)
        return error_set(error, "-o %s: the path is too long", folder);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return error_set(error, "-o %s cannot be made: %s", folder, strerror(errno));
    if (stat(folder, &seen) != 0 || !S_ISDIR(seen.st_mode))
        return error_set(error, "-o %s is in the way and is no folder: name another one", folder);
    if (access(folder, W_OK | X_OK) != 0)
        return error_set(error, "-o %s cannot be written to: %s", folder, strerror(errno));
    if (stat(path, &seen) == 0)
        return error_set(error, "%s is there already: name another folder with -o, or move it away", path);
    if (statvfs(folder, &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize < ROOM_NEEDED_OCTETS)
        return error_set(error, "-o %s: less than 1 MB is free there", folder);
    return true;
}

/* ---- run ---------------------------------------------------------------------------------------------------------------- */

struct telling {
    const struct options *options;
    size_t                count;
    bool                  colour, live;
    const char           *program;
};

static void command_for(const struct telling *telling, const struct result *result, char *text, size_t room)
{
    text[0] = '\0';
    if (strncmp(result->id, "referee/", 8) != 0)
        snprintf(text, room, "%s run %s %s%s -v", telling->program, telling->options->target,
                 telling->options->ipv6 ? "--ipv6 " : "", result->id);
}

static void tell_result(void *context, const struct result *result, size_t done)
{
    const struct telling *telling = context;
    char                  again[300];

    if (telling->live)
        fprintf(stderr, "\r\033[K");
    bool shown = result->verdict == VERDICT_FAIL || result->verdict == VERDICT_ERROR;

    if (!telling->options->quiet && (shown || telling->options->verbose)) {
        command_for(telling, result, again, sizeof again);
        report_case(stdout, result, again, telling->colour);
        fflush(stdout);
    }
    if (telling->live)
        fprintf(stderr, "%zu of %zu  %s", done, telling->count, done == telling->count ? "\r\033[K" : result->id);
}

static const struct target_kind *find_kind(const char *spec, char *base, size_t room, const char **fault, struct error *error)
{
    const char *plus   = strchr(spec, '+');
    size_t      length = plus != NULL ? (size_t)(plus - spec) : strlen(spec);

    *fault = plus != NULL ? plus + 1 : "";
    snprintf(base, room, "%.*s", (int)length, spec);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i]->name, base) == 0)
            return kinds[i];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (edit_distance(kinds[i]->name, base) < 4) {
            error_set(error, "unknown target \"%s\": did you mean %s?", spec, kinds[i]->name);
            return NULL;
        }
    }
    error_set(error, "unknown target \"%s\": targets are reference and linux", spec);
    return NULL;
}

static enum status status_of(const struct results *results, const struct options *options)
{
    struct summary s = results_summary(results);

    if (s.violations > 0 || (options->strict && (s.deviations > 0 || s.inconclusive > 0)))
        return STATUS_VIOLATION;
    if (s.error > 0)
        return STATUS_ERROR;
    if (s.pass + s.fail == 0)
        return STATUS_UNUSABLE;
    return STATUS_GOOD;
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

static enum status finish_run(const struct telling *telling, const struct options *options, const struct results *results,
                              const struct selection *selection, const char *path)
{
    enum status  status = status_of(results, options);
    struct error error;

    for (size_t i = 0; i < results->count; i++)
        if (strncmp(results->at[i].id, "referee/", 8) == 0 && results->at[i].verdict == VERDICT_FAIL && !options->quiet)
            report_case(stdout, &results->at[i], "", telling->colour);
    report_summary(stdout, results, telling->colour);
    if (selection->too_long > 0)
        printf("%zu cases wait longer than --profile %s allows and were not played\n", selection->too_long,
               profile_name(options->profile));
    if (path[0] != '\0') {
        if (report_json(results, path, &error))
            printf("results: %s\n", path);
        else {
            complain(STATUS_ERROR, &error);
            if (status == STATUS_GOOD || status == STATUS_UNUSABLE)
                status = STATUS_ERROR;
        }
    }
    return status;
}

/* In virtual time the wait is computing: a few at a time are enough. On a wire nearly all of a case is waiting. */
static unsigned jobs_for(const struct options *options, bool virtual_time)
{
    return options->jobs != 0 ? options->jobs : virtual_time ? JOBS_VIRTUAL : JOBS_LINUX;
}

static enum status play_selection(const struct options *options, const struct target_kind *kind, void *prepared,
                                  bool virtual_time, struct selection *selection, const char *path, const char *program)
{
    struct results  results = { 0 };
    struct error    error;
    struct telling  telling = { options, selection->count, isatty(1) && getenv("NO_COLOR") == NULL, isatty(2) && isatty(1),
                                program };
    struct run_plan plan    = { .entries  = selection->at,
                                .count    = selection->count,
                                .kind     = kind,
                                .prepared = prepared,
                                .play = { .seed = options->seed, .time_scale = options->time_scale, .service = options->service },
                                .jobs = jobs_for(options, virtual_time),
                                .retries      = options->retries,
                                .fail_fast    = options->fail_fast,
                                .virtual_time = virtual_time,
                                .interrupted  = &interrupted,
                                .tell         = tell_result,
                                .context      = &telling };

    describe_run(&results, options, kind);
    bool        ran    = runner_run(&plan, &results, &error);
    enum status status = ran ? finish_run(&telling, options, &results, selection, path) : complain(STATUS_ERROR, &error);

    runner_release(&results);
    return status;
}

static enum status run(const struct options *options, const char *program)
{
    struct error              error;
    struct selection          selection;
    char                      base[64], path[4096] = "";
    const char               *fault;
    const struct target_kind *kind = find_kind(options->target, base, sizeof base, &fault, &error);

    if (kind == NULL)
        return complain(STATUS_USAGE, &error);
    bool        virtual_time = kind == &target_reference;
    enum status status       = select_cases(options, true, virtual_time, &selection, &error);

    if (status != STATUS_GOOD) {
        selection_close(&selection);
        return complain(status, &error);
    }
    if (options->output != NULL && !output_ready(options->output, path, sizeof path, &error)) {
        selection_close(&selection);
        return complain(STATUS_UNUSABLE, &error);
    }
    void *prepared = kind->prepare(base, fault, options->ipv6, options->seed, &error);

    status = prepared == NULL ? complain(STATUS_UNUSABLE, &error)
                              : play_selection(options, kind, prepared, virtual_time, &selection, path, program);
    if (prepared != NULL)
        kind->release(prepared);
    selection_close(&selection);
    return status;
}

/* ---- list and explain ------------------------------------------------------------------------------------------------------
 */

static void list_json(const struct selection *selection)
{
    json_t *all = json_array();

    for (size_t i = 0; i < selection->count; i++) {
        const struct entry_of_catalog *entry = selection->at[i];
        json_t                        *reqs  = json_array();

        for (size_t k = 0; k < entry->req_count; k++)
            json_array_append_new(reqs, json_string(entry->reqs[k]));
        json_array_append_new(all, json_pack("{ss ss ss so sI}", "id", entry->id, "group", entry->group->name, "title",
                                             entry->ladder->title, "requirements", reqs, "waits_ms",
                                             (json_int_t)needs_of(entry->ladder, entry->each).waits_ms));
    }
    json_dumpf(all, stdout, JSON_INDENT(1));
    printf("\n");
    json_decref(all);
}

static void list_line(const struct entry_of_catalog *entry, bool tsv)
{
    double waits_s = (double)needs_of(entry->ladder, entry->each).waits_ms / 1000;

    if (!tsv) {
        printf("%-44s %7.1f s  %s\n", entry->id, waits_s, entry->ladder->title);
        return;
    }
    printf("%s\t%s\t%.1f\t", entry->id, entry->ladder->title, waits_s);
    for (size_t k = 0; k < entry->req_count; k++)
        printf("%s%s", k > 0 ? "," : "", entry->reqs[k]);
    printf("\n");
}

static enum status list(const struct options *options)
{
    struct error     error;
    struct selection selection;
    enum status      status = select_cases(options, false, true, &selection, &error);

    if (status == STATUS_GOOD) {
        if (strcmp(options->format, "json") == 0)
            list_json(&selection);
        else
            for (size_t i = 0; i < selection.count; i++)
                list_line(selection.at[i], strcmp(options->format, "tsv") == 0);
    } else {
        complain(status, &error);
    }
    selection_close(&selection);
    return status;
}

static void print_rung(void *context, unsigned depth, const struct step *step, const char *text)
{
    (void)context;
    (void)step;
    printf("    %*s%s\n", (int)(2 * depth), "", text);
}

static void explain_case(const struct entry_of_catalog *entry)
{
    struct needs needs = needs_of(entry->ladder, entry->each);

    printf("%s\n  %s\n\n  judges\n", entry->id, entry->ladder->title);
    for (size_t i = 0; i < entry->req_count; i++) {
        const struct requirement *requirement = requirement_find(entry->reqs[i]);

        printf("    %s  %s, %s section %s\n      %s\n", entry->reqs[i], level_name(requirement->level), requirement->rfc,
               requirement->section, requirement->paraphrase);
    }
    printf("\n  ladder (--> from the tester, <-- from the target)\n");
    notation_ladder(entry->ladder->steps, print_rung, NULL);
    printf("\n  needs\n    %.1f s of waiting on a wire%s%s%s\n    from %s:%d\n", (double)needs.waits_ms / 1000,
           needs.calls || needs.sends || needs.told ? ", user calls at the target" : "", needs.opens ? ", an active open" : "",
           needs.reads ? ", a look at what the application read" : "", entry->ladder->file, entry->ladder->line);
}

static enum status explain(const struct options *options)
{
    struct error     error;
    struct selection selection;

    if (options->selector_count == 0) {
        error_set(&error, "explain needs a case: tcprove list shows them");
        return complain(STATUS_USAGE, &error);
    }
    enum status status = select_cases(options, false, true, &selection, &error);

    if (status != STATUS_GOOD)
        complain(status, &error);
    for (size_t i = 0; status == STATUS_GOOD && i < selection.count; i++) {
        if (i > 0)
            printf("\n");
        explain_case(selection.at[i]);
    }
    selection_close(&selection);
    return status;
}

/* ---- lint -------------------------------------------------------------------------------------------------------------------
 */

static void print_fault(void *context, const char *id, const char *sentence)
{
    (void)context;
    fprintf(stderr, "tcprove: %s: %s\n", id, sentence);
}

static enum status lint(const struct options *options)
{
    size_t faults = lint_groups(catalog_groups, print_fault, NULL);

    for (size_t i = 0; i < options->selector_count; i++)
        faults += lint_text(options->selectors[i], print_fault, NULL);
    return faults == 0 ? STATUS_GOOD : STATUS_ERROR;
}

/* ---- the program
 * -------------------------------------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
    struct options   options;
    struct error     error;
    struct sigaction action = { .sa_handler = on_interrupt };
    enum status      status;

    if (!options_read(argc, argv, &options, &error))
        return (int)complain(STATUS_USAGE, &error);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(options.verb, "run") == 0)
        status = run(&options, argv[0]);
    else if (strcmp(options.verb, "list") == 0)
        status = list(&options);
    else if (strcmp(options.verb, "explain") == 0)
        status = explain(&options);
    else if (strcmp(options.verb, "lint") == 0)
        status = lint(&options);
    else {
        if (strcmp(options.verb, "version") == 0)
            printf("tcprove %s\n", TCPROVE_VERSION);
        else
            options_help();
        status = STATUS_GOOD;
    }
    if (interrupted != 0) {
        int number = interrupted;

        fflush(NULL);
        signal(number, SIG_DFL);
        raise(number);
    }
    return (int)status;
}
