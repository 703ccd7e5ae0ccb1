/* replay_case.c: a fuzz input as an entry of a table in cases/: our steps, and what the reference answers to each as rungs.
 * What is right is for a person to say: the reference may be wrong where an oracle has spoken. */
#include <stdio.h>

#include "notation_ladder.h"
#include "replay_inside.h"

static void print_rung(const struct step *step, const char *behind)
{
    char text[1000];

    notation_rung(step, text, sizeof text);
    printf("        %s%s\n", text, behind);
}

/* A quotation mark would end the title. */
static void print_title(const char *title)
{
    for (; *title != '\0'; title++)
        putchar(*title == '"' ? '\'' : *title);
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

static void print_draft(const struct draft *draft, const struct input *input, const struct death *death, const char *spoke)
{
    static const struct step end[] = { ON(FRESH), ENTER(ESTABLISHED), ALIVE };
    bool                     died  = death->kind != DEATH_NONE;

    if (draft->foreign > 0)
        printf("        /* %zu steps over IPv%d are left out: a case has one family */\n", draft->foreign, draft->ipv6 ? 4 : 6);
    for (size_t i = 0; i < draft->count; i++) {
        print_notes(draft, i);
        if (spoke != NULL && i == draft->end && !died)
            printf("        /* here, as the fuzzer plays it: %s */\n", spoke);
        print_rung(&draft->steps[i], died || i + 1 < draft->count ? "," : "");
    }
    print_notes(draft, draft->count);
    if (!died)
        return;
    if (draft->trying < draft->until)
        print_rung(&input->steps[draft->trying], ",");
    printf("        /* here %s: its answers end */\n", death->sentence);
    for (size_t i = 0; i < sizeof end / sizeof *end; i++)
        print_rung(&end[i], i + 1 < sizeof end / sizeof *end ? "," : "");
}

enum status replay_as_case(const struct replay_wish *wish, const struct replay_file *file, size_t until, const char *spoke,
                           const char *requirement)
{
    struct draft *draft = replay_share(sizeof *draft);
    struct death  death = { 0 };
    struct error  error = { "out of memory" };

    if (draft == NULL || !replay_draft(wish, file->input, until, draft, &death, &error)) {
        replay_unshare(draft, sizeof *draft);
        return complain(STATUS_ERROR, &error);
    }
    printf("{\n    CASE  (\"group/slug\", \"");
    print_title(spoke != NULL ? spoke : "what is right here");
    printf("\"),\n    REQS  (\"%s\"), /* to be confirmed: which requirement, and that the rungs below are what it says */\n",
           requirement);
    if (!draft->both)
        printf("    .family = IPV%d_ONLY,\n", draft->ipv6 ? 6 : 4);
    printf("    LADDER(\n");
    print_draft(draft, file->input, &death, spoke);
    printf("    ),\n},\n");
    replay_unshare(draft, sizeof *draft);
    return STATUS_GOOD;
}
