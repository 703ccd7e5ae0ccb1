#include "player.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "derive.h"
#include "inside.h"

/* Whether a rung only reads: the alternatives of a ONE_OF are tried side by side up to the first rung that does not. */
static bool only_observes(const struct step *step)
{
    switch (step->rung) {
    case RUNG_IUT:
    case RUNG_IUT_ACKS:
    case RUNG_IUT_SENDS:
    case RUNG_SILENCE:
    case RUNG_MAYBE:
    case RUNG_ONE_OF:
        return true;
    default:
        return false;
    }
}

static size_t observing_rungs(const struct step *steps)
{
    size_t count = 0;

    while (steps[count].rung != RUNG_END && only_observes(&steps[count]))
        count++;
    return count;
}

static enum outcome play_some(struct player *player, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count && steps[i].rung != RUNG_END; i++)
        if (play_step(player, &steps[i]) != THROUGH)
            return NOT_THROUGH;
    return THROUGH;
}

enum outcome play_steps(struct player *player, const struct step *steps)
{
    return play_some(player, steps, SIZE_MAX);
}

static void remember_way(struct player *player, const struct way_out *way)
{
    struct play *play = player->play;
    size_t       used = strlen(play->ways);

    snprintf(play->ways + used, sizeof play->ways - used, "%s%s", used > 0 ? "," : "", way->clause);
}

/* A permitted way that a recommendation advises against: a deviation, told as a failure of that recommendation. */
static void deviate(struct player *player, const struct way_out *way)
{
    struct play *play = player->play;

    play->deviates = true;
    snprintf(play->charged, sizeof play->charged, "%s", way->clause);
    snprintf(play->reason, sizeof play->reason, "permitted, but %s recommends otherwise", way->clause);
}

/* Rungs that failed in alternatives that were not taken are no faults. */
static void forgive(struct player *player, size_t since)
{
    for (size_t i = since; i < player->note_count; i++)
        if (player->notes[i].kind == NOTE_FAILED_RUNG)
            player->notes[i].kind = NOTE_OTHER_WAY;
}

static void append(char *text, size_t room, const char *more)
{
    size_t used = strlen(text);
    int    left = (int)(room - used) - 7;

    if (left > 0)
        snprintf(text + used, room - used, "%s%.*s", used > 0 ? "  or  " : "", left, more);
}

/* vocabulary, rule 5: the alternatives read the same arrivals, in written order; each starts from the same scene and reads
 * the log from the same place, so trying one after the other is the same as side by side. Only the clock does not go back: a
 * way is taken once no earlier one can be, and its sending rungs follow that moment. */
static enum outcome choose_way(struct player *player, const struct step *step)
{
    struct scene *start                                 = malloc(sizeof *start);
    char          wanted[sizeof player->play->expected] = "";
    size_t        noted                                 = player->note_count;
    bool          loss_explains                         = false;
    uint64_t      decided_us                            = player->scene.time_us;

    if (start == NULL)
        return give_up(player, VERDICT_ERROR, "out of memory");
    *start = player->scene;
    for (const struct way_out *way = step->ways; way->clause != NULL; way++) {
        size_t       observing = observing_rungs(way->rungs);
        struct play *play      = player->play;

        player->scene = *start;
        note_remark(player, "%s %s", way->deviates ? "DEVIATES" : "BY", way->clause);
        player->depth++;
        bool through = play_some(player, way->rungs, observing) == THROUGH;
        if (player->scene.time_us > decided_us)
            decided_us = player->scene.time_us;
        if (through) {
            free(start);
            forgive(player, noted);
            player->scene.time_us = decided_us;
            remember_way(player, way);
            enum outcome outcome = play_some(player, way->rungs + observing, SIZE_MAX);
            player->depth--;
            if (outcome == THROUGH && way->deviates)
                deviate(player, way);
            return outcome;
        }
        player->depth--;
        if (play->verdict != VERDICT_FAIL)
            break;
        append(wanted, sizeof wanted, play->expected);
        loss_explains = loss_explains || play->loss_explains;
        if (way[1].clause != NULL)
            play->verdict = VERDICT_PASS;
    }
    free(start);
    if (player->play->verdict == VERDICT_FAIL) {
        snprintf(player->play->expected, sizeof player->play->expected, "%s", wanted);
        player->play->loss_explains = loss_explains;
    }
    return NOT_THROUGH;
}

static enum outcome leave_maybe(struct player *player, const struct step *step)
{
    struct connection *connection = current(player);

    for (const struct step *rung = step->rungs; rung->rung != RUNG_END; rung++) {
        if (rung->rung != RUNG_IUT || connection->maybe_count == MAYBES)
            return give_up(player, VERDICT_ERROR, "MAYBE holds at most %d IUT rungs and nothing else", MAYBES);
        connection->maybes[connection->maybe_count++] = expect(player, connection, &rung->segment);
    }
    return THROUGH;
}

static enum outcome go_on(struct player *player, const struct step *step)
{
    struct scene *scene = &player->scene;

    if (step->number == FRESH)
        scene->current = scene->count;
    else
        scene->current = step->number;
    if (scene->current >= CONNECTIONS)
        return give_up(player, VERDICT_ERROR, "a case has at most %d connections", CONNECTIONS);
    while (scene->count <= scene->current) {
        scene->connections[scene->count].peer.port = (uint16_t)(player->target->first_port + scene->count);
        scene->count++;
    }
    return THROUGH;
}

static enum outcome judge_transcript(struct player *player, const struct step *step)
{
    struct sighting *seen  = calloc(player->log_count + 1, sizeof *seen);
    size_t           count = 0;

    if (seen == NULL)
        return give_up(player, VERDICT_ERROR, "out of memory");
    for (size_t i = 0; i < player->log_count; i++) {
        const struct record *record = &player->log[i];

        if (record->connection < 0 || record->packet.kind != PACKET_TCP)
            continue;
        seen[count++] = (struct sighting){ .time_us     = record->time_us,
                                           .connection  = (unsigned)record->connection,
                                           .from_target = record->from_target ? YES : NO,
                                           .flags       = record->packet.segment.flags,
                                           .seq         = record->packet.segment.seq,
                                           .ack         = record->packet.segment.ack,
                                           .wnd         = record->packet.segment.window,
                                           .len         = (uint32_t)record->packet.segment.text_octets };
    }
    struct transcript transcript = { seen, count };
    struct opinion    opinion    = step->judge(&transcript);

    free(seen);
    if (opinion.verdict == OPINION_FAIL)
        return fail(player, step, false, step->what, opinion.sentence, "%s", opinion.sentence);
    if (opinion.verdict == OPINION_INCONCLUSIVE)
        return give_up(player, VERDICT_INCONCLUSIVE, "%s", opinion.sentence);
    return THROUGH;
}

static enum outcome play_rounds(struct player *player, const struct step *step)
{
    for (uint32_t i = 0; i < step->number; i++)
        if (play_steps(player, step->rungs) != THROUGH)
            return NOT_THROUGH;
    return THROUGH;
}

/* SILENCE (PROVEN) takes no time where the answer that ALIVE draws can be told from one that was not due. In the later states
 * both are the same empty ACK, so the wrong one must be given time to come first. */
static uint32_t silence_ms(uint32_t written_ms, enum state state)
{
    return written_ms == PROVEN && state >= FIN_WAIT_1 ? PROVEN_LATER_MS : written_ms;
}

static enum outcome play_rung(struct player *player, const struct step *step)
{
    switch (step->rung) {
    case RUNG_ENTER:
        return enter_state(player, step);
    case RUNG_ON:
        return go_on(player, step);
    case RUNG_PEER:
        return send_segment(player, &step->segment);
    case RUNG_IUT:
        return observe_one(player, step);
    case RUNG_PEER_SENDS:
        return peer_sends(player, step);
    case RUNG_IUT_SENDS:
        return observe_sends(player, step);
    case RUNG_IUT_ACKS:
        return observe_acks(player, step);
    case RUNG_ONE_OF:
        return choose_way(player, step);
    case RUNG_MAYBE:
        return leave_maybe(player, step);
    case RUNG_SILENCE:
        return keep_silence(player, (uint64_t)silence_ms(step->number, state_shown(player, current(player))) * 1000);
    case RUNG_WAIT:
        let_pass(player, (uint64_t)step->number * 1000);
        return THROUGH;
    case RUNG_APP:
        return app_call(player, step);
    case RUNG_APP_SEES:
        return app_sees(player, step);
    case RUNG_ICMP:
        return send_icmp(player, step);
    case RUNG_ALIVE:
        return prove_alive(player);
    case RUNG_GONE:
        return prove_gone(player);
    case RUNG_ROUNDS:
        return play_rounds(player, step);
    case RUNG_JUDGE:
        return judge_transcript(player, step);
    case RUNG_END:
        break;
    }
    return THROUGH;
}

/* Whether the leave that a MAYBE gave ends with this rung. */
static bool ends_leave(const struct step *step)
{
    return step->rung != RUNG_MAYBE && (only_observes(step) || step->rung == RUNG_ALIVE || step->rung == RUNG_GONE ||
                                        step->rung == RUNG_PEER_SENDS || step->rung == RUNG_APP_SEES);
}

enum outcome play_step(struct player *player, const struct step *step)
{
    unsigned on    = player->scene.current;
    unsigned leave = player->scene.connections[on].maybe_count;

    note_rung(player, step);
    enum outcome outcome = play_rung(player, step);
    if (ends_leave(step) && leave > 0)
        player->scene.connections[on].maybe_count = 0;
    return outcome;
}

enum outcome fail(struct player *player, const struct step *step, bool loss_explains, const char *expected, const char *actual,
                  const char *format, ...)
{
    struct play *play = player->play;
    va_list      arguments;

    if (play->verdict == VERDICT_ERROR)
        return NOT_THROUGH;
    play->verdict       = VERDICT_FAIL;
    play->loss_explains = loss_explains;
    snprintf(play->expected, sizeof play->expected, "%s", expected);
    snprintf(play->actual, sizeof play->actual, "%s", actual);
    snprintf(play->charged, sizeof play->charged, "%s", step != NULL && step->segment.rule != NULL ? step->segment.rule : "");
    va_start(arguments, format);
    vsnprintf(play->reason, sizeof play->reason, format, arguments);
    va_end(arguments);
    if (player->late) {
        play->verdict = VERDICT_INCONCLUSIVE;
        snprintf(play->reason, sizeof play->reason,
                 "the tester was late by %llu ms, so what came may not answer what was meant",
                 (unsigned long long)player->late_by_us / 1000);
    }
    for (size_t i = player->note_count; i-- > 0;) {
        if (player->notes[i].kind == NOTE_RUNG) {
            player->notes[i].kind = NOTE_FAILED_RUNG;
            break;
        }
    }
    return NOT_THROUGH;
}

enum outcome give_up(struct player *player, enum verdict verdict, const char *format, ...)
{
    struct play *play = player->play;
    va_list      arguments;

    if (play->verdict == VERDICT_ERROR)
        return NOT_THROUGH;
    play->verdict = verdict;
    va_start(arguments, format);
    vsnprintf(play->reason, sizeof play->reason, format, arguments);
    va_end(arguments);
    return NOT_THROUGH;
}

/* Sound segments of ours that the capture never saw: they did not leave, so the target was not asked. */
static size_t never_left(const struct player *player)
{
    size_t count = 0;

    for (size_t i = 0; i < player->log_count; i++)
        count += !player->log[i].from_target && !player->log[i].captured && !player->log[i].damaged;
    return count;
}

/* A pure function over the transcript may count segments, or look at their sizes. */
static bool has_judge(const struct step *steps)
{
    for (const struct step *step = steps; step != NULL && step->rung != RUNG_END; step++) {
        if (step->rung == RUNG_JUDGE || has_judge(step->rungs))
            return true;
        for (const struct way_out *way = step->ways; way != NULL && way->clause != NULL; way++)
            if (has_judge(way->rungs))
                return true;
    }
    return false;
}

/* What was not on the wire as it was captured shows neither a segment's size nor how many there were. */
static void distrust_merged(struct player *player)
{
    struct play *play   = player->play;
    bool         merged = false;

    for (size_t i = 0; i < player->log_count; i++)
        merged = merged || player->log[i].merged;
    if (!merged || (play->verdict != VERDICT_FAIL && !(play->verdict == VERDICT_PASS && has_judge(player->ladder->steps))))
        return;
    play->verdict = VERDICT_INCONCLUSIVE;
    snprintf(
        play->reason, sizeof play->reason,
        "segments of the target's were captured as larger ones than it sent, for an offload merges them: here, sudo ethtool"
        " -K IF gro off lro off; at the target, sudo ethtool -K IF tso off gso off");
}

/* A verdict stands only on a whole capture. */
static void distrust(struct player *player)
{
    struct play *play   = player->play;
    uint64_t     lost   = player->target->capture_lost(player->target->self);
    size_t       unsent = never_left(player);

    if (unsent > 0 && play->verdict == VERDICT_FAIL) {
        play->verdict = VERDICT_INCONCLUSIVE;
        snprintf(play->reason, sizeof play->reason, "%zu segments of the tester's never left this machine", unsent);
    }
    distrust_merged(player);
    if (lost > 0 && play->verdict != VERDICT_ERROR && play->verdict != VERDICT_SKIP) {
        play->verdict = VERDICT_INCONCLUSIVE;
        snprintf(play->reason, sizeof play->reason, "the capture lost %llu packets", (unsigned long long)lost);
    }
}

static void hand_over_packets(struct player *player)
{
    struct play *play = player->play;

    play->packets = calloc(player->log_count + 1, sizeof *play->packets);
    for (size_t i = 0; i < player->log_count && play->packets != NULL; i++) {
        struct record *record = &player->log[i];

        if (record->octets == NULL)
            continue;
        play->packets[play->packet_count++] =
            (struct captured){ record->time_us, record->from_target, record->octets, record->count };
        if (record->from_target && play->first_answer_us == 0 && record->time_us > player->first_sent_us)
            play->first_answer_us = record->time_us - player->first_sent_us;
    }
    free(player->log);
}

static bool judges_checksums(const struct ladder_case *ladder)
{
    for (size_t i = 0; ladder->reqs[i] != NULL; i++)
        if (strcmp(ladder->reqs[i], "RFC9293-MUST-2") == 0)
            return true;
    return false;
}

/* What this target can never show, or its application never do, is no verdict on it. */
static bool target_allows(struct player *player)
{
    const struct target *target = player->target;
    char                 sentence[sizeof player->play->reason];

    if (play_lacks_service(player->ladder, player->each, &player->options, sentence, sizeof sentence))
        give_up(player, VERDICT_SKIP, "%s", sentence);
    else if (target->checksums_unseen && judges_checksums(player->ladder))
        give_up(player, VERDICT_SKIP,
                "the target's checksums are not computed yet where it is captured: tcprove doctor tells why");
    else if (target->kernel_writes_ip && needs_of(player->ladder, player->each).breaks_ip)
        give_up(player, VERDICT_SKIP,
                "on the way to this host itself the kernel mends IP headers: another host can be sent wrong ones");
    else
        return true;
    return false;
}

static enum outcome play_whole(struct player *player)
{
    const struct step *step = player->ladder->steps;

    for (; step->rung != RUNG_END; step++) {
        player->rung_began_us = player->scene.time_us;
        if (play_step(player, step) != THROUGH)
            return NOT_THROUGH;
        player->play->through++;
    }
    return THROUGH;
}

struct play *play_ladder(const struct ladder_case *ladder, enum state each, struct target *target,
                         const struct play_options *options)
{
    struct player *player = calloc(1, sizeof *player);
    struct play   *play   = calloc(1, sizeof *play);

    if (player == NULL || play == NULL) {
        free(player);
        free(play);
        return NULL;
    }
    player->target                         = target;
    player->ladder                         = ladder;
    player->each                           = each;
    player->options                        = *options;
    player->play                           = play;
    player->random                         = (uint32_t)(options->seed * 2654435761u) ^ target->first_port;
    player->link                           = (struct peer_link){ target->tester, target->address, target->mtu, options->seed };
    player->scene.last_segment             = SIZE_MAX;
    player->scene.count                    = 1;
    player->scene.connections[0].peer.port = target->first_port;
    player->scene.time_us                  = target->now_us(target->self);
    player->began_us                       = player->scene.time_us;

    if (target->services != 0)
        player->options.services = target->services;
    if (player->options.services != 0)
        player->options.service = service_for(player->options.services, ladder, each);
    if (!target_allows(player))
        play->deviates = false;
    else if (play_whole(player) == THROUGH)
        play->verdict = play->deviates ? VERDICT_FAIL : VERDICT_PASS;
    else
        play->deviates = false;
    play->duration_us = target->now_us(target->self) - player->began_us;
    reset_everything(player);
    distrust(player);
    transcript_write(player);
    hand_over_packets(player);
    free(player);
    return play;
}

void play_release(struct play *play)
{
    if (play == NULL)
        return;
    for (size_t i = 0; i < play->transcript_lines; i++)
        free(play->transcript[i]);
    free(play->transcript);
    for (size_t i = 0; i < play->packet_count; i++)
        free((void *)(uintptr_t)play->packets[i].octets);
    free(play->packets);
    free(play);
}
