/* replay_case.c: a fuzz input as an entry of a table in cases/: our steps, and what the reference answers to each as rungs.
 * What is right is for a person to say: the reference may be wrong where an oracle has spoken. */
#include <stdio.h>

#include "notation_ladder.h"
#include "replay_inside.h"
#include "requirements.h"

static void print_rung(const struct step *step, const char *behind)
{
    char text[1000];

    notation_rung(step, text, sizeof text);
    printf("        %s%s\n", text, behind);
}

static void print_notes(const struct draft *draft, size_t before)
{
    for (size_t i = 0; i < draft->note_count; i++) {
        const struct draft_note *note = &draft->notes[i];

        if (note->before == before && note->times > 1)
            printf("        /* %zu times: %s */\n", note->times, note->text);
        else if (note->before == before)
            printf("        /* %s */\n", note->text);
    }
}

/* Behind the last step: what was found when it was played. */
static void print_spoken(const struct draft *draft, size_t at, const struct finding *finding, const struct death *fatal)
{
    if (draft->last == 0 || at != draft->last)
        return;
    if (fatal->kind != DEATH_NONE)
        printf("        /* here, as the fuzzer plays it and a case does not: %s */\n", fatal->sentence);
    else if (finding != NULL)
        printf("        /* here, as the fuzzer plays it: %s */\n", finding->sentence);
}

static void print_rungs(const struct draft *draft, const struct finding *finding, const struct death *fatal)
{
    for (size_t i = 0; i < draft->count; i++) {
        print_notes(draft, i);
        print_spoken(draft, i, finding, fatal);
        print_rung(&draft->steps[i], i + 1 < draft->count ? "," : "");
    }
    print_notes(draft, draft->count);
}

/* The TCP died of the rungs that are there, the last one being what was tried. */
static void print_deadly_rungs(const struct draft *draft, const struct death *death)
{
    size_t ends = draft->end > 0 ? 0 : DRAFT_ENDING;

    for (size_t i = 0; i < draft->count || draft->steps[i].rung != RUNG_END; i++) {
        print_notes(draft, i);
        print_rung(&draft->steps[i], ",");
    }
    printf("        /* here %s: its answers end */\n", death->sentence);
    for (size_t i = 0; i < ends; i++)
        print_rung(&draft_ending[i], i + 1 < ends ? "," : "");
}

/* What is right: the requirement, where one was broken. */
static void print_title(const struct finding *finding, bool died)
{
    const struct requirement *requirement = finding != NULL ? requirement_find(finding->requirement) : NULL;
    const char               *title       = died                  ? "The TCP lives through this"
                                            : requirement != NULL ? requirement->paraphrase
                                                                  : "What is right here";

    /* A quotation mark would end it. */
    for (; *title != '\0'; title++)
        putchar(*title == '"' ? '\'' : *title);
}

enum status replay_as_case(const struct replay_wish *wish, const struct replay_file *file, size_t until,
                           const struct finding *finding, const struct death *fatal)
{
    struct draft *draft = replay_share(sizeof *draft);
    struct death  death = { 0 };
    struct error  error = { "out of memory" };

    if (draft != NULL) {
        draft->until  = until;
        draft->stream = finding != NULL && finding->oracle == ORACLE_STREAM;
    }
    if (draft == NULL || !replay_draft(wish, file->input, draft, &death, &error)) {
        replay_unshare(draft, sizeof *draft);
        return complain(STATUS_ERROR, &error);
    }
    bool dies = death.kind != DEATH_NONE, died = dies || fatal->kind != DEATH_NONE;

    if (wish->file_count > 1)
        printf("/* %s */\n", file->path);
    printf("{\n    CASE  (\"group/slug\", \"");
    print_title(finding, died);
    printf("\"),\n    REQS  (\"%s\"), /* to be confirmed: which requirement, and that the rungs below are what it says */\n",
           finding != NULL ? finding->requirement : "RFC9293-MUST-3");
    if (!draft->both && !dies)
        printf("    .family = IPV%d_ONLY,\n", draft->ipv6 ? 6 : 4);
    printf("    LADDER(\n");
    if (draft->foreign > 0)
        printf("        /* what is left out, being over IPv%d: %zu step%s */\n", draft->ipv6 ? 4 : 6, draft->foreign,
               draft->foreign == 1 ? "" : "s");
    if (dies)
        print_deadly_rungs(draft, &death);
    else
        print_rungs(draft, finding, fatal);
    printf("    ),\n},\n");
    replay_unshare(draft, sizeof *draft);
    return dies ? STATUS_VIOLATION : STATUS_GOOD;
}
