/* vigil.c: when the target died is known only between two moments: the latest answer that any case captured, and the earliest
 * moment at which a case was begun that nothing answered any more, or ended otherwise than it should have. Who was playing in
 * between may have killed it. */
#include "vigil.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "belief.h"
#include "clock.h"

enum {
    TRIES_LEAST     = 3,
    TRIES_MOST      = 30,
    APART_MS        = 1000,
    CHECK_LIMIT_MS  = 20000,
    AWAIT_MS        = 60000,
    RESETS_MOST     = 10,
    BEGUN_MS        = 100, /* from a case's beginning to its first segment, on a busy machine */
    IDS_OCTETS      = 260,
    SENTENCE_OCTETS = 300
};

#define REQUIREMENT "RFC9293-3.5-a"

/* The check itself, in the words of any other case. */
/* clang-format off */
static const struct ladder_case handshake = {
    CASE   ("referee/alive", "The target goes on answering"),
    REQS   (REQUIREMENT),
    LADDER (
        ENTER  (LISTEN),
        PEER   (SYN),
        ONE_OF (BY ("open",   IUT (SYN|ACK, .after = MS (0, APART_MS))),
                BY ("closed", IUT (RST|ACK, .seq = ANY, .ack = ANY, .after = MS (0, APART_MS))))
    ),
};
/* clang-format on */
static const struct ladder_group group = { "referee", "The referee", &handshake, 1 };

enum phase { CALM, CHECKS, RESETS, AWAITS, OVER };

/* The latest attempt at an entry, in milliseconds of monotonic_ms; 0: none. */
struct span {
    uint64_t began_ms, ended_ms;
    uint64_t number; /* of the attempt, from 1 on */
    bool     plays, suspect;
};

struct kept {
    size_t              entry;
    struct case_outcome outcome;
    char              **transcript;
};

struct vigil {
    struct vigil_wish       wish;
    struct entry_of_catalog check;
    struct span            *spans;
    uint64_t                attempts;
    uint64_t                answers;        /* attempts in which anything came */
    uint64_t                last_answer_ms; /* of somebody who is there; 0: never */
    uint64_t                first_mute_ms;  /* since when, at the latest, nobody answers those that are kept back */
    struct kept            *kept;
    size_t                  kept_count;
    enum phase              phase;
    bool                    checking; /* a handshake's process is there */
    struct case_process     process;
    unsigned                slot;
    uint64_t                check_began_ms, phase_began_ms;
    unsigned                tries, deaths, resets, revivals;
    bool                    mute;                    /* it never answered at all: nothing to watch */
    bool                    closed;                  /* the latest handshake was refused */
    bool                    died_closed;             /* ... at the latest death */
    char                    unsent[SENTENCE_OCTETS]; /* why the latest handshake could not even be asked for */
    unsigned                unreachable;             /* deaths of which no more is known than that */
    char                    unseen[SENTENCE_OCTETS]; /* ... and that, of the latest */
    char                    ids[IDS_OCTETS];
    char                    first_suspect[96];
    size_t                  suspects, unnamed;
};

struct vigil *vigil_open(const struct vigil_wish *wish)
{
    struct vigil *vigil = calloc(1, sizeof *vigil);

    if (vigil == NULL)
        return NULL;
    vigil->wish = *wish;
    if (wish->patience.apart_ms == 0)
        vigil->wish.patience.apart_ms = APART_MS;
    if (wish->patience.await_ms == 0)
        vigil->wish.patience.await_ms = AWAIT_MS;
    if (wish->patience.resets_most == 0)
        vigil->wish.patience.resets_most = RESETS_MOST;
    vigil->spans = calloc(wish->count + 1, sizeof *vigil->spans);
    vigil->kept  = calloc(wish->count + 1, sizeof *vigil->kept);
    vigil->check = (struct entry_of_catalog){ .group = &group, .ladder = &handshake, .each = EACH, .id = "referee/alive" };
    if (vigil->spans != NULL && vigil->kept != NULL)
        return vigil;
    vigil_close(vigil);
    return NULL;
}

static void free_lines(char **lines, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        free(lines[i]);
    free(lines);
}

static void end_check(struct vigil *vigil, struct case_outcome *outcome)
{
    char **transcript;

    case_finish(&vigil->process, outcome, &transcript);
    free_lines(transcript, outcome->transcript_lines);
    vigil->checking = false;
    vigil->wish.give_slot(vigil->wish.context, vigil->slot);
}

void vigil_close(struct vigil *vigil)
{
    struct case_outcome outcome;

    if (vigil == NULL)
        return;
    if (vigil->checking) {
        kill(vigil->process.pid, SIGKILL);
        end_check(vigil, &outcome);
    }
    for (size_t i = 0; i < vigil->kept_count; i++)
        free_lines(vigil->kept[i].transcript, vigil->kept[i].outcome.transcript_lines);
    free(vigil->kept);
    free(vigil->spans);
    free(vigil);
}

/* ---- what cases show ---------------------------------------------------------------------------------------------------- */

void vigil_started(struct vigil *vigil, size_t entry)
{
    vigil->spans[entry] = (struct span){ .began_ms = monotonic_ms(), .number = ++vigil->attempts, .plays = true };
}

/* A link that lost its carrier, as that to a board does which is switched off, takes no frame: the play broke off. Or the agent
 * there does not answer, and it never began. */
static bool unsent(const struct case_outcome *outcome)
{
    return outcome->verdict == VERDICT_ERROR && (outcome->transcript_lines > 0 || outcome->unreached);
}

/* Whatever a dying target does, its connections broken off included, may look like this. */
static bool doubtful(const struct case_outcome *outcome)
{
    return outcome->verdict == VERDICT_INCONCLUSIVE || outcome->verdict == VERDICT_FAIL || unsent(outcome);
}

/* What this machine itself sees of its own link. A target that is silent behind a link that is up cannot be told from a dead
 * one, whatever the reason is. */
static bool carries(const struct vigil *vigil, struct error *error)
{
    return vigil->wish.kind->carries == NULL || vigil->wish.kind->carries(vigil->wish.prepared, error);
}

/* Without an interface that is up no case is even opened. */
static bool broken_off(const struct vigil *vigil, const struct case_outcome *outcome)
{
    struct error unused;

    return doubtful(outcome) || (outcome->verdict == VERDICT_ERROR && !carries(vigil, &unused));
}

bool vigil_keeps(struct vigil *vigil, size_t entry, const struct case_outcome *outcome, char **transcript)
{
    struct span *span  = &vigil->spans[entry];
    uint64_t     took  = outcome->duration_us / 1000;
    uint64_t     ended = monotonic_ms();

    span->plays    = false;
    span->ended_ms = ended;
    /* In virtual time it may have lasted longer than it took. */
    if (span->began_ms + took < ended)
        span->began_ms = ended - took;
    /* Who sent nothing killed nobody. */
    if (outcome->verdict == VERDICT_SKIP && outcome->packets == 0)
        span->began_ms = 0;
    vigil->answers += outcome->first_answer_us > 0;
    if (outcome->last_answer_us > 0) {
        uint64_t answer_ms = span->began_ms + outcome->last_answer_us / 1000;

        answer_ms             = answer_ms < ended ? answer_ms : ended;
        vigil->last_answer_ms = answer_ms > vigil->last_answer_ms ? answer_ms : vigil->last_answer_ms;
    }
    if (!broken_off(vigil, outcome) || !vigil->wish.watches || vigil->mute || vigil->phase > CHECKS)
        return false;
    uint64_t since_ms = unsent(outcome) || outcome->last_answer_us > 0 ? ended : span->began_ms;

    if (vigil->kept_count == 0 || since_ms < vigil->first_mute_ms)
        vigil->first_mute_ms = since_ms;
    vigil->kept[vigil->kept_count++] = (struct kept){ entry, *outcome, transcript };
    return true;
}

bool vigil_releases(struct vigil *vigil, size_t *entry, struct case_outcome *outcome, char ***transcript)
{
    if (vigil->kept_count == 0)
        return false;
    struct kept *last = &vigil->kept[--vigil->kept_count];

    *entry      = last->entry;
    *outcome    = last->outcome;
    *transcript = last->transcript;
    /* The way to the target was cut, and is there again: no error of this program's. */
    if (unsent(outcome))
        outcome->verdict = VERDICT_INCONCLUSIVE;
    return true;
}

bool vigil_calm(const struct vigil *vigil)
{
    return vigil->phase == CALM && vigil->kept_count == 0;
}

/* ---- a death ------------------------------------------------------------------------------------------------------------ */

static bool may_have_killed(const struct vigil *vigil, const struct span *span)
{
    bool begun_before = span->began_ms != 0 && span->began_ms <= vigil->first_mute_ms + BEGUN_MS;

    return begun_before && (span->plays || span->ended_ms >= vigil->last_answer_ms);
}

static void name_suspect(struct vigil *vigil, size_t entry)
{
    const char *id   = vigil->wish.entries[entry]->id;
    size_t      used = strlen(vigil->ids);

    vigil->spans[entry].suspect = true;
    if (vigil->suspects++ == 0)
        snprintf(vigil->first_suspect, sizeof vigil->first_suspect, "%s", id);
    if (used + strlen(id) + 3 > sizeof vigil->ids)
        vigil->unnamed++;
    else
        snprintf(vigil->ids + used, sizeof vigil->ids - used, "%s%s", used > 0 ? ", " : "", id);
}

/* The latest that was begun is named first. */
static void name_suspects(struct vigil *vigil)
{
    size_t latest = 0;

    for (uint64_t below = UINT64_MAX; below > 0;) {
        uint64_t next = 0;

        for (size_t i = 0; i < vigil->wish.count; i++) {
            const struct span *span = &vigil->spans[i];

            if (may_have_killed(vigil, span) && span->number < below && span->number > next) {
                next   = span->number;
                latest = i;
            }
        }
        if (next > 0)
            name_suspect(vigil, latest);
        below = next;
    }
}

bool vigil_victim(struct vigil *vigil, size_t entry, struct case_outcome *outcome)
{
    bool playing = vigil->spans[entry].suspect;

    vigil->spans[entry].plays = false;

    outcome->verdict     = VERDICT_INCONCLUSIVE;
    outcome->expected[0] = outcome->actual[0] = outcome->charged[0] = '\0';
    snprintf(outcome->reason, sizeof outcome->reason, "%s: it %s", vigil->unsent[0] != '\0' ? vigil->unsent : "the target died",
             playing ? "stopped answering while this case was playing"
                     : "had stopped answering before this case could be played");
    return !playing;
}

static const char *says(const struct vigil *vigil)
{
    if (vigil->unsent[0] != '\0')
        return vigil->unsent;
    return vigil->closed ? "it refuses every connection" : "it answers no SYN";
}

/* A sentence for who watches. */
static void say(const struct vigil *vigil, const char *sentence, const char *more)
{
    char text[sizeof(struct error) + 400];

    snprintf(text, sizeof text, "%s%s", sentence, more);
    vigil->wish.say(vigil->wish.told, text);
}

static void enter_phase(struct vigil *vigil, enum phase phase)
{
    vigil->phase          = phase;
    vigil->phase_began_ms = monotonic_ms();
    vigil->tries          = 0;
}

/* Nothing is going to bring it back. */
static void give_up(struct vigil *vigil, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void give_up(struct vigil *vigil, const char *format, ...)
{
    char    why[sizeof(struct error) + 40];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    say(vigil, "the target is not brought back: ", why);
    enter_phase(vigil, OVER);
}

static enum vigil_news bury(struct vigil *vigil)
{
    struct error error;

    vigil->deaths++;
    vigil->died_closed = vigil->closed;
    vigil->unreachable += vigil->unsent[0] != '\0';
    memcpy(vigil->unseen, vigil->unsent, sizeof vigil->unseen);
    name_suspects(vigil);
    say(vigil, "the target stopped answering, ", says(vigil));
    if (vigil->wish.reset == NULL)
        enter_phase(vigil, OVER);
    else if (vigil->resets == vigil->wish.patience.resets_most)
        give_up(vigil, "it was reset %u times already", vigil->resets);
    else if (!command_ask(vigil->wish.reset, &error))
        give_up(vigil, "%s", error.sentence);
    else
        enter_phase(vigil, RESETS);
    return VIGIL_DIED;
}

/* ---- handshakes --------------------------------------------------------------------------------------------------------- */

static bool start_check(struct vigil *vigil)
{
    struct error     error;
    struct case_wish wish = { .entry       = &vigil->check,
                              .kind        = vigil->wish.kind,
                              .prepared    = vigil->wish.prepared,
                              .slot        = vigil->wish.take_slot(vigil->wish.context),
                              .options     = vigil->wish.play,
                              .pcap_folder = -1,
                              .parents_fd  = vigil->wish.reset != NULL ? vigil->wish.reset->channel : 0 };

    vigil->slot           = wish.slot;
    vigil->check_began_ms = monotonic_ms();
    vigil->tries++;
    vigil->checking = case_start(&wish, CHECK_LIMIT_MS, &vigil->process, &error);
    if (!vigil->checking)
        vigil->wish.give_slot(vigil->wish.context, wish.slot);
    return vigil->checking;
}

/* As much of a sentence as there is room for, cut at a word. */
static void put_words(char *text, size_t room, const char *sentence)
{
    size_t end = strlen(sentence);

    if (end < room) {
        memcpy(text, sentence, end + 1);
        return;
    }
    end = room - sizeof "...";
    while (end > 0 && sentence[end] != ' ')
        end--;
    snprintf(text, room, "%.*s...", (int)end, sentence);
}

/* A handshake that this program could not try says nothing against the target. */
static bool shows_life(struct vigil *vigil, const struct case_outcome *outcome)
{
    struct error error;

    vigil->closed    = outcome->verdict == VERDICT_PASS && strcmp(outcome->ways, "closed") == 0;
    vigil->unsent[0] = '\0';
    if (outcome->last_answer_us == 0 && !carries(vigil, &error))
        put_words(vigil->unsent, sizeof vigil->unsent, error.sentence);
    else if (unsent(outcome))
        put_words(vigil->unsent, sizeof vigil->unsent, outcome->reason);
    else if (outcome->verdict == VERDICT_ERROR)
        return true;
    return outcome->last_answer_us > 0;
}

static enum vigil_news life_seen(struct vigil *vigil)
{
    char text[60];

    if (vigil->phase == AWAITS) {
        snprintf(text, sizeof text, "%.1f s", (double)(monotonic_ms() - vigil->phase_began_ms) / 1000);
        say(vigil, "the target answers again, after ", text);
        vigil->revivals++;
    }
    vigil->last_answer_ms = monotonic_ms();
    enter_phase(vigil, CALM);
    return VIGIL_ALIVE;
}

/* So many that loss on the way explains their silence once in a million times. */
static unsigned tries_wanted(const struct vigil *vigil)
{
    double   loss = path_loss(vigil->wish.path), odds = 1;
    unsigned tries = 0;

    while (tries < TRIES_LEAST || (odds > 1e-6 && tries < TRIES_MOST)) {
        odds *= loss;
        tries++;
    }
    return tries;
}

static enum vigil_news no_life_seen(struct vigil *vigil)
{
    if (vigil->phase == AWAITS) {
        if (monotonic_ms() - vigil->phase_began_ms < vigil->wish.patience.await_ms)
            return VIGIL_NOTHING;
        give_up(vigil, "it did not answer within %g s of --reset-cmd", (double)vigil->wish.patience.await_ms / 1000);
        return VIGIL_GONE;
    }
    if (vigil->tries < tries_wanted(vigil))
        return VIGIL_NOTHING;
    if (vigil->last_answer_ms == 0 && !vigil->wish.proven) {
        vigil->mute = true;
        enter_phase(vigil, CALM);
        return VIGIL_ALIVE;
    }
    return bury(vigil);
}

static enum vigil_news read_check(struct vigil *vigil)
{
    struct case_outcome outcome;

    if (monotonic_ms() >= vigil->check_began_ms + CHECK_LIMIT_MS) {
        vigil->process.overran = true;
        kill(vigil->process.pid, SIGKILL);
    } else if (case_read(&vigil->process)) {
        return VIGIL_NOTHING;
    }
    end_check(vigil, &outcome);
    return shows_life(vigil, &outcome) ? life_seen(vigil) : no_life_seen(vigil);
}

/* ---- turns -------------------------------------------------------------------------------------------------------------- */

static uint64_t next_check_ms(const struct vigil *vigil)
{
    return vigil->tries == 0 ? 0 : vigil->check_began_ms + vigil->wish.patience.apart_ms;
}

static enum vigil_news check_turn(struct vigil *vigil)
{
    if (vigil->checking)
        return read_check(vigil);
    if (monotonic_ms() < next_check_ms(vigil) || start_check(vigil) || vigil->phase == AWAITS)
        return VIGIL_NOTHING;
    enter_phase(vigil, CALM);
    return VIGIL_ALIVE;
}

static enum vigil_news reset_turn(struct vigil *vigil)
{
    struct pollfd fd = { .fd = vigil->wish.reset->channel, .events = POLLIN };
    struct error  error;

    if (poll(&fd, 1, 0) <= 0)
        return VIGIL_NOTHING;
    if (!command_answer(vigil->wish.reset, &error)) {
        give_up(vigil, "--reset-cmd: %s", error.sentence);
        return VIGIL_GONE;
    }
    vigil->resets++;
    enter_phase(vigil, AWAITS);
    return VIGIL_NOTHING;
}

enum vigil_news vigil_turn(struct vigil *vigil)
{
    switch (vigil->phase) {
    case CALM:
        if (vigil->kept_count > 0)
            enter_phase(vigil, CHECKS);
        return VIGIL_NOTHING;
    case CHECKS:
    case AWAITS:
        return check_turn(vigil);
    case RESETS:
        return reset_turn(vigil);
    case OVER:
        break;
    }
    return VIGIL_GONE;
}

bool vigil_polls(const struct vigil *vigil, struct pollfd *fd, uint64_t *wait_ms)
{
    uint64_t now = monotonic_ms(), next = next_check_ms(vigil);

    *fd = (struct pollfd){ .fd = -1, .events = POLLIN };
    if (vigil->phase == CALM && vigil->kept_count == 0)
        return false;
    if (vigil->phase == OVER || (vigil->phase == CALM && vigil->kept_count > 0))
        *wait_ms = 0;
    else if (vigil->phase == RESETS)
        fd->fd = vigil->wish.reset->channel;
    else if (vigil->checking)
        fd->fd = vigil->process.pipe;
    else if (next <= now)
        *wait_ms = 0;
    else if (next - now < *wait_ms)
        *wait_ms = next - now;
    return fd->fd >= 0;
}

const char *vigil_note(const struct vigil *vigil)
{
    switch (vigil->phase) {
    case CHECKS:
        return vigil->tries > 1 ? "does the target still answer?" : NULL;
    case RESETS:
        return "--reset-cmd runs";
    case AWAITS:
        return "waiting for the target to come back";
    case CALM:
    case OVER:
        break;
    }
    return NULL;
}

/* ---- the result --------------------------------------------------------------------------------------------------------- */

static void put_death(const struct vigil *vigil, struct result *result)
{
    static const char unseen[]  = ": what became of it could not be seen";
    char              times[40] = "", more[40] = "", back[60] = "";

    if (vigil->deaths > 1)
        snprintf(times, sizeof times, " %u times", vigil->deaths);
    if (vigil->unnamed > 0)
        snprintf(more, sizeof more, " and %zu more", vigil->unnamed);
    if (vigil->wish.reset != NULL)
        snprintf(back, sizeof back, "; --reset-cmd brought it back %u of %u times", vigil->revivals, vigil->deaths);
    size_t used = (size_t)snprintf(result->reason, sizeof result->reason,
                                   "it stopped answering%s while these were playing: %s%s%s", times, vigil->ids, more, back);

    if (result->verdict == VERDICT_INCONCLUSIVE) {
        strcpy(result->reason + used, "; ");
        put_words(result->reason + used + 2, sizeof result->reason - used - 2 - strlen(unseen), vigil->unseen);
        strcat(result->reason, unseen);
    }
    snprintf(result->expected, sizeof result->expected, "a SYN draws SYN,ACK, as it did before");
    snprintf(result->actual, sizeof result->actual, "%s", vigil->died_closed ? "RST" : "nothing, for some seconds");
    snprintf(result->seen_in, sizeof result->seen_in, "%s", vigil->first_suspect);
}

void vigil_result(const struct vigil *vigil, struct result *result)
{
    snprintf(result->id, sizeof result->id, "%s", handshake.id);
    snprintf(result->group, sizeof result->group, "%s", group.name);
    snprintf(result->title, sizeof result->title, "%s", handshake.title);
    snprintf(result->source, sizeof result->source, "%s:%d", handshake.file, handshake.line);
    snprintf(result->reqs[0], sizeof result->reqs[0], REQUIREMENT);
    result->req_count = 1;
    result->attempts  = 1;
    if (vigil->deaths > 0) {
        result->verdict         = vigil->unreachable < vigil->deaths ? VERDICT_FAIL : VERDICT_INCONCLUSIVE;
        result->failed_attempts = result->verdict == VERDICT_FAIL;
        put_death(vigil, result);
    } else if (vigil->answers > 0) {
        result->verdict = VERDICT_PASS;
        snprintf(result->reason, sizeof result->reason, "it answered in %llu attempts at cases",
                 (unsigned long long)vigil->answers);
    } else {
        result->verdict = VERDICT_SKIP;
        snprintf(result->reason, sizeof result->reason, "no case saw the target answer");
    }
}
