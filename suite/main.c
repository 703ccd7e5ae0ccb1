/* main.c: the program tcprove: its verbs, and the exit statuses that scripts rely on. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "derive.h"
#include "doctor.h"
#include "lint.h"
#include "notation_ladder.h"
#include "replay.h"
#include "requirements.h"
#include "run.h"
#include "selection.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    interrupted = number;
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
    enum status      status = selection_open(options, TO_READ, &selection, &error);

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
    int  indent = 4 + 2 * (int)depth;
    char further[80];

    snprintf(further, sizeof further, "%*s", indent + 4, "");
    printf("%*s", indent, "");
    report_wrapped(stdout, (size_t)indent, further, text);
}

static void explain_case(const struct entry_of_catalog *entry)
{
    struct needs needs = needs_of(entry->ladder, entry->each);

    printf("%s\n  ", entry->id);
    report_wrapped(stdout, 2, "  ", entry->ladder->title);
    printf("\n  judges\n");
    for (size_t i = 0; i < entry->req_count; i++) {
        const struct requirement *requirement = requirement_find(entry->reqs[i]);

        printf("    %s  %s, %s section %s\n      ", entry->reqs[i], level_name(requirement->level), requirement->rfc,
               requirement->section);
        report_wrapped(stdout, 6, "      ", requirement->paraphrase);
    }
    printf("\n  ladder (--> from the tester, <-- from the target)\n");
    notation_ladder(entry->ladder->steps, print_rung, NULL);
    printf("\n  needs\n    %.1f s of waiting on a wire\n%s%s%s    from %s:%d\n", (double)needs.waits_ms / 1000,
           needs.calls || needs.sends || needs.told ? "    user calls at the target\n" : "",
           needs.opens ? "    an active open\n" : "", needs.reads ? "    a look at what the application read\n" : "",
           entry->ladder->file, entry->ladder->line);
}

static enum status explain(const struct options *options)
{
    struct error     error;
    struct selection selection;

    if (options->selector_count == 0) {
        error_set(&error, "explain needs a case: tcprove list shows them");
        return complain(STATUS_USAGE, &error);
    }
    enum status status = selection_open(options, TO_READ, &selection, &error);

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

/* ---- lint ---------------------------------------------------------------------------------------------------------------- */

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

/* ---- the other verbs ------------------------------------------------------------------------------------------------------
 */

static enum status compare_two(const struct options *options)
{
    struct error error;

    if (options->selector_count != 2) {
        error_set(&error, "compare needs two files: tcprove compare OLD.json NEW.json");
        return complain(STATUS_USAGE, &error);
    }
    enum status status = compare(stdout, options->selectors[0], options->selectors[1], &error);

    return status == STATUS_USAGE ? complain(status, &error) : status;
}

static enum status help(const struct options *options)
{
    (void)options;
    options_help();
    return STATUS_GOOD;
}

static enum status version(const struct options *options)
{
    (void)options;
    printf("tcprove %s\n", TCPROVE_VERSION);
    return STATUS_GOOD;
}

static const char *program;

static enum status run_here(const struct options *options)
{
    return run(options, program, &interrupted);
}

static const struct {
    const char *name;
    enum status (*act)(const struct options *options);
} verbs[] = {
    { "run", run_here },  { "list", list },           { "explain", explain }, { "lint", lint },
    { "doctor", doctor }, { "compare", compare_two }, { "help", help },       { "version", version },
};

/* ---- the program ----------------------------------------------------------------------------------------------------------
 */

/* What was printed must have arrived, except at a reader that has seen enough (tcprove list | head). */
static enum status output_reached(enum status status)
{
    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    if (errno == EPIPE)
        return status;
    fprintf(stderr, "tcprove: standard output was not written: %s\n", strerror(errno != 0 ? errno : EIO));
    return status == STATUS_GOOD || status == STATUS_UNUSABLE ? STATUS_ERROR : status;
}

int main(int argc, char **argv)
{
    struct options   options;
    struct error     error;
    struct sigaction action = { .sa_handler = on_interrupt };
    enum status      status = STATUS_ERROR;

    /* These two have command lines of their own: files, and the options of a fuzzer. */
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && strcmp(argv[1], "replay") == 0)
        return (int)output_reached(replay(argc - 1, argv + 1));
    if (argc > 1 && strcmp(argv[1], "seeds") == 0)
        return (int)output_reached(seeds(argc - 1, argv + 1));
    if (!options_read(argc, argv, &options, &error))
        return (int)complain(STATUS_USAGE, &error);
    program = argv[0];
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, options.verb) == 0)
            status = verbs[i].act(&options);
    status = output_reached(status);
    if (interrupted != 0) {
        int number = interrupted;

        fflush(NULL);
        signal(number, SIG_DFL);
        raise(number);
    }
    return (int)status;
}
