/* replay_target.c: a fuzz input on a kernel or a host. There is no looking inside: the referee judges what was sent, and what
 * cannot be done there is told. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "notation_ladder.h"
#include "pcapng.h"
#include "referee.h"
#include "replay_inside.h"
#include "targets.h"

enum { TOLD_MS = 10000 };

/* A ladder, and of each of its rungs the step of the input that it is of. */
struct rungs {
    struct step steps[2 * INPUT_STEPS + 2];
    size_t      of[2 * INPUT_STEPS + 2];
};

/* The steps of one family as a ladder: after each that sends something, time for what comes. Returns how many were left out. */
static size_t as_ladder(const struct input *input, bool ipv6, struct rungs *rungs)
{
    struct step             *steps = rungs->steps;
    size_t                   count = 0, left_out = 0;
    bool                     foreign = ipv6;
    static const struct step listens = ENTER(LISTEN), settles = WAIT(SETTLE_MS);

    steps[count++] = listens;
    for (size_t i = 0; i < input->count; i++) {
        struct step step = input->steps[i];

        if (step.rung == RUNG_ON) {
            foreign = (step.number >= 2) != ipv6;
            step.number %= 2;
        }
        if (foreign) {
            left_out += step.rung != RUNG_ON;
            continue;
        }
        rungs->of[count]     = i;
        rungs->of[count + 1] = i;
        steps[count++]       = step;
        if (step.rung != RUNG_ON && step.rung != RUNG_WAIT)
            steps[count++] = settles;
    }
    steps[count] = (struct step){ .rung = RUNG_END };
    return left_out;
}

/* What the steps wait on a wire, whatever else they take. */
static uint64_t waits_ms(const struct rungs *rungs)
{
    uint64_t ms = 0;

    for (const struct step *step = rungs->steps; step->rung != RUNG_END; step++)
        ms += step->rung == RUNG_WAIT ? step->number : 0;
    return ms;
}

/* Of many inputs those are left out that wait longer than the profile allows; one that is named alone is played, and its time
 * told. */
static bool is_too_long(const struct replay_wish *wish, const struct replay_file *file, const struct rungs *rungs)
{
    uint64_t ms = waits_ms(rungs);

    if (wish->file_count > 1 && ms > profile_limit_ms(wish->run.profile)) {
        printf("it waits %llu s, longer than --profile %s allows, and was not played\n", (unsigned long long)ms / 1000,
               profile_name(wish->run.profile));
        return true;
    }
    if (ms > TOLD_MS)
        fprintf(stderr, "tcprove: %s waits %llu s\n", file->path, (unsigned long long)ms / 1000);
    return false;
}

static bool referee_speaks(const struct play *play, const struct target *target)
{
    struct referee *referee = referee_open();
    bool            speaks  = false;

    if (referee == NULL)
        return false;
    if (target->checksums_unseen)
        referee_leave_checksums(referee);
    if (target->offloads)
        referee_meets_offloads(referee);
    for (size_t i = 0; i < play->packet_count; i++)
        referee_sees(referee, play->packets[i].from_target, play->packets[i].octets, play->packets[i].count);
    for (size_t i = 0; i < REFEREE_RULES; i++) {
        const struct ruling *ruling = referee_ruling(referee, i);

        if (ruling->broken == 0)
            continue;
        speaks = true;
        printf("\n!! referee, frame %zu\n   %s: %s\n   %s\n", ruling->first_frame, referee_rules[i].title, ruling->sentence,
               referee_rules[i].requirement);
    }
    referee_close(referee);
    return speaks;
}

static bool write_pcap(const char *path, const struct play *play, bool speaks)
{
    struct error error;

    return pcapng_write(AT_FDCWD, path, speaks ? "the referee speaks" : "no rule was broken", play->packets, play->packet_count,
                        &error) ||
           complain(STATUS_ERROR, &error) == STATUS_GOOD;
}

/* Why the play is no answer to the whole input: what cannot be done there, or what was not seen. */
static void tell_end(const struct play *play, const struct rungs *rungs, const struct input *input)
{
    char text[400];

    if (rungs->steps[play->through].rung == RUNG_END) {
        printf("\nit was played, and is not to be judged: %s\n", play->reason);
    } else if (play->through == 0) {
        printf("\nit could not begin: %s\n", play->reason);
    } else {
        size_t step = rungs->of[play->through];

        notation_rung(&input->steps[step], text, sizeof text);
        printf("\nit ended early, at step %zu, %s, which cannot be played there: %s\n", step + 1, text, play->reason);
    }
}

static enum status play_steps_on(const struct replay_wish *wish, const struct input *input, struct target *target,
                                 const struct rungs *rungs)
{
    static const char *const reqs[] = { "RFC9293-MUST-3", NULL };
    struct ladder_case  ladder  = { .id = "replay/input", .title = "", .file = __FILE__, .reqs = reqs, .steps = rungs->steps };
    struct play_options options = { .seed       = wish->run.seed,
                                    .time_scale = wish->run.time_scale,
                                    .service    = wish->run.service,
                                    .services   = options_service_bits(&wish->run),
                                    .text_most  = TEXT_OCTETS,
                                    .send_most  = SEND_OCTETS };
    struct play        *play    = play_ladder(&ladder, EACH, target, &options);

    if (play == NULL)
        return STATUS_ERROR;
    for (size_t i = 0; i < play->transcript_lines; i++)
        printf("%s\n", play->transcript[i]);
    if (play->refused > 0)
        printf("\n%zu user call%s refused, as the ladder says\n", play->refused, play->refused == 1 ? " was" : "s were");
    bool speaks = referee_speaks(play, target);

    bool whole = play->verdict == VERDICT_PASS;

    if (!whole)
        tell_end(play, rungs, input);
    else if (!speaks)
        printf("\nno rule was broken\n");
    bool written = wish->pcap == NULL || write_pcap(wish->pcap, play, speaks);

    play_release(play);
    if (!written)
        return STATUS_ERROR;
    return speaks ? STATUS_VIOLATION : whole ? STATUS_GOOD : STATUS_ERROR;
}

/* Whether there is something to play of it, and time; if not, it is told: of many inputs that is no fault. */
static bool is_for(const struct replay_wish *wish, const struct replay_file *file, bool ipv6, const struct rungs *rungs,
                   size_t left_out, enum status *status)
{
    struct error error;

    *status = STATUS_GOOD;
    if (left_out == 0 || rungs->steps[1].rung != RUNG_END)
        return !is_too_long(wish, file, rungs);
    if (wish->file_count > 1) {
        printf("all its steps are over IPv%d, and it was not played\n", ipv6 ? 4 : 6);
        return false;
    }
    error_set(&error, "all steps of %s are over IPv%d: %s", file->path, ipv6 ? 4 : 6,
              ipv6 ? "leave --ipv6 out" : "--ipv6, or a target with such an address, plays them");
    *status = complain(STATUS_USAGE, &error);
    return false;
}

static enum status play_rungs(const struct replay_wish *wish, const struct replay_file *file, const struct named_target *named,
                              const struct rungs *rungs)
{
    struct target target   = { 0 };
    struct error  error    = { "" };
    void         *prepared = named->kind->prepare(&named->wish, &error);
    enum status   status   = STATUS_UNUSABLE;

    if (prepared != NULL && named->kind->open(prepared, 0, &target, &error)) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of privileges has taken it back */
        status = play_steps_on(wish, file->input, &target, rungs);
        target.close(target.self);
    } else {
        complain(status, &error);
    }
    if (prepared != NULL)
        named->kind->release(prepared);
    return status;
}

enum status replay_on_target(const struct replay_wish *wish, const struct replay_file *file)
{
    struct named_target named;
    struct error        error  = { "out of memory" };
    struct rungs       *rungs  = calloc(1, sizeof *rungs);
    enum status         status = STATUS_USAGE;

    if (rungs == NULL)
        return complain(STATUS_ERROR, &error);
    if (!target_named(&wish->run, NULL, &named, &error)) {
        free(rungs);
        return complain(status, &error);
    }
    bool   ipv6     = named.wish.ipv6;
    size_t left_out = as_ladder(file->input, ipv6, rungs);

    if (wish->file_count > 1)
        printf("\n%s\n", file->path);
    if (is_for(wish, file, ipv6, rungs, left_out, &status)) {
        if (left_out > 0)
            printf("%zu step%s for IPv%d and %s left out\n", left_out, left_out == 1 ? " is" : "s are", ipv6 ? 4 : 6,
                   left_out == 1 ? "was" : "were");
        status = play_rungs(wish, file, &named, rungs);
    }
    free(rungs);
    return status;
}
