/* replay_draft.c: a fuzz input as the rungs of a case, found by playing it as cases are played: after each of its steps what
 * the built-in TCP answers becomes rungs, and those stay that come through when all is played again from the start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "notation_ladder.h"
#include "player/player.h"
#include "replay_inside.h"

enum {
    DRAFT_MOST_S     = 15,    /* of the process's own time: what comes behind makes no case that anybody would read */
    LAST_MS          = 600,   /* for a delayed ACK, when the input has ended */
    LONG_MS          = 10000, /* a timer's interval that MEASURED may not wait for */
    ANSWERS          = 40,    /* to one step; what draws more is let pass */
    FAR              = 65535, /* such an offset is no place in a window: the number is another one's, and differs elsewhere */
    COUNTED_MOST     = 3,     /* segments, and so many octets more or less */
    A_FEW            = 48,
    RUNG_IN_NOTE     = 120, /* octets */
    REASON_OCTETS    = 600,
    SEEDS_OF_CHANCE  = 4,     /* that each rung has to come through with … */
    SEEDS_AT_THE_END = 20,    /* … and the whole, or it is told */
    CONNECTIONS_OF_INPUTS = 2 /* of one family */
};

/* What came while the last rung was played. */
struct answers {
    struct answer {
        unsigned    connection;
        uint64_t    after_us; /* the rung began */
        struct step rung;
    } at[ANSWERS];
    size_t count; /* may be more than those */
};

struct drafting {
    const struct replay_wish *wish;
    const struct input       *input;
    struct draft             *draft;          /* shared: this process may die of what it tries */
    void                     *prepared;       /* for the family that is played now … */
    void                     *other_prepared; /* … and for the other one */
    unsigned                  current;        /* connection that the rungs speak of */
    bool                      acks;           /* what was sent last is data in order: what acknowledges it is IUT_ACKS */
    uint64_t                  succeeded;      /* bits: connections that another one has followed on the same sockets */
    uint32_t                  window[CONNECTIONS_OF_INPUTS]; /* that the target told last */
    struct answers           *heard;                         /* NULL: nobody listens */
    bool                      failed;                        /* the latest play: not inconclusive, nor skipped */
    char                      reason[REASON_OCTETS];
};

/* ---- an answer as a rung ------------------------------------------------------------------------------------------------ */

static bool is_near(uint32_t seen, uint32_t known)
{
    return seen - known + FAR <= 2 * FAR;
}

/* So many octets, counted in segments where they are some, but for a few: over another family they are as many. */
static term octets_term(int32_t octets, int32_t segment, term limit)
{
    int32_t count = (octets + (octets < 0 ? -segment : segment) / 2) / segment;
    int32_t rest  = octets - count * segment;

    return abs(count) <= COUNTED_MOST && abs(rest) <= A_FEW ? count * limit + rest : octets;
}

/* A number in the words that an expectation leaves out where it is the expected one; ANY where no word is near. Where another
 * connection has followed on the same sockets, the highest numbers that were seen may be its predecessor's. */
static term number_term(uint32_t seen, int32_t segment, const struct peer *peer, const struct notation_symbols *names,
                        unsigned usual, unsigned initial, bool succeeded)
{
    static const term terms[PEER_NAMES] = { SND_NXT, RCV_NXT, SND_UNA, ISS, IRS };
    const term        limit             = initial == NAME_ISS ? SMSS : RMSS;
    const unsigned    order[]           = { succeeded ? initial : usual, succeeded ? usual : initial };
    bool              small             = seen <= FAR; /* it follows a number that a step said outright */

    if (small && succeeded)
        return ZERO + seen;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        uint32_t value = names->at[order[i]].value;

        if (names->at[order[i]].known && is_near(seen, value))
            return order[i] == usual && seen == value ? 0
                                                      : terms[order[i]] + octets_term((int32_t)(seen - value), segment, limit);
    }
    return small ? ZERO + seen : seen == peer->seg_ack ? SEG_ACK : seen == peer->seg_end ? SEG_END : ANY;
}

static struct step answer_rung(const struct peer *peer, const struct segment *segment, bool acks, bool succeeded)
{
    struct notation_symbols names;
    struct step             rung    = { .rung = RUNG_IUT };
    int32_t                 largest = segment->source.family == 6 ? RMSS_IPV6 : RMSS_IPV4;

    peer_names(peer, &names);
    rung.segment.flags = segment->flags & ~(unsigned)PSH;
    if (!(segment->flags & SYN))
        rung.segment.seq = number_term(segment->seq, largest, peer, &names, NAME_SND_NXT, NAME_ISS, succeeded);
    if (segment->flags & ACK)
        rung.segment.ack = number_term(segment->ack, largest, peer, &names, NAME_RCV_NXT, NAME_IRS, succeeded);
    if ((segment->flags & (SYN | ACK)) == (SYN | ACK) && segment->ack == peer->irs + 1 && !peer->shadow.target.ack_seen)
        rung.segment.ack = 0;
    /* RFC 9293 3.5.2: a reset takes its numbers from the segment that it answers. */
    if ((segment->flags & (RST | ACK)) == RST && segment->seq == peer->seg_ack)
        rung.segment.seq = SEG_ACK;
    if ((segment->flags & (RST | ACK)) == (RST | ACK) && segment->ack == peer->seg_end)
        rung.segment.ack = SEG_END;
    if (segment->text_octets > 0)
        rung.segment.len = octets_term((int32_t)segment->text_octets, largest, SMSS);
    if (acks && rung.segment.flags == ACK && segment->text_octets == 0 && rung.segment.ack != 0 && rung.segment.ack != ANY)
        rung = (struct step){ .rung = RUNG_IUT_ACKS, .segment = { .ack = rung.segment.ack } };
    return rung;
}

/* ---- a play of the draft ------------------------------------------------------------------------------------------------ */

static void hear(void *context, size_t rung, unsigned connection, const struct peer *peer, const struct segment *segment,
                 uint64_t after_us)
{
    struct drafting *drafting = context;
    struct answers  *heard    = drafting->heard;
    bool follows = (segment->flags & SYN) && peer->shadow.target.any_seen && segment->seq != peer->shadow.target.iss;

    drafting->succeeded |= (uint64_t)follows << connection;
    if (segment->flags & ACK && connection < CONNECTIONS_OF_INPUTS)
        drafting->window[connection] = segment->window;
    if (heard == NULL || rung != drafting->draft->count)
        return;
    if (heard->count < ANSWERS)
        heard->at[heard->count] =
            (struct answer){ connection, after_us,
                             answer_rung(peer, segment, drafting->acks, drafting->succeeded >> connection & 1) };
    heard->count++;
}

/* Plays the draft with `last` behind it (NULL: nothing). false, with the reason, where it does not come through. */
static bool play_draft(struct drafting *drafting, const struct step *last, uint64_t chance)
{
    static const char *const reqs[] = { "RFC9293-MUST-3", NULL };
    const struct play_watch  watch  = { drafting, hear };
    struct draft            *draft  = drafting->draft;
    struct ladder_case  ladder  = { .id = "replay/draft", .title = "", .file = __FILE__, .reqs = reqs, .steps = draft->steps };
    struct play_options options = { .seed = drafting->wish->run.seed + chance, .time_scale = 1, .watch = &watch };
    struct target       target  = { 0 };
    struct error        error   = { "" };

    replay_limit_time(PLAY_LIMIT_MS);
    drafting->succeeded            = 0;
    draft->steps[draft->count]     = last != NULL ? *last : (struct step){ .rung = RUNG_END };
    draft->steps[draft->count + 1] = (struct step){ .rung = RUNG_END };
    /* Another slot means other ports, on which numbers depend too. */
    if (!drafting->wish->judged->open(drafting->prepared, (unsigned)chance, &target, &error)) {
        snprintf(drafting->reason, sizeof drafting->reason, "%s", error.sentence);
        return false;
    }
    struct play *play    = play_ladder(&ladder, EACH, &target, &options);
    bool         through = play != NULL && play->verdict == VERDICT_PASS;

    drafting->failed = play != NULL && play->verdict == VERDICT_FAIL;
    snprintf(drafting->reason, sizeof drafting->reason, "%s", play == NULL ? "out of memory" : play->reason);
    play_release(play);
    target.close(target.self);
    return through;
}

/* With other payloads and sequence numbers it is the same case. */
static bool comes_through(struct drafting *drafting)
{
    for (uint64_t chance = 0; chance < SEEDS_OF_CHANCE; chance++)
        if (!play_draft(drafting, NULL, chance))
            return false;
    return true;
}

/* What comes in `last` behind the draft, and whether it is as much with any numbers. */
static bool listen_in(struct drafting *drafting, const struct step *last, struct answers *answers, bool *same)
{
    bool through = true;

    *same = true;
    for (uint64_t chance = SEEDS_OF_CHANCE; through && chance-- > 0;) {
        size_t before = answers->count;

        answers->count  = 0;
        drafting->heard = answers;
        through         = play_draft(drafting, last, chance);
        drafting->heard = NULL;
        *same           = *same && (chance == SEEDS_OF_CHANCE - 1 || answers->count == before);
    }
    return through;
}

/* ---- the draft grows ---------------------------------------------------------------------------------------------------- */

/* For a step and what comes behind the last one: answers, each with an ON, and a few rungs more. */
static bool has_room(const struct draft *draft)
{
    return draft->count + (size_t)2 * (2 * ANSWERS + PIECES + 8) < DRAFT_STEPS;
}

/* Each step is tried with all that stands before it. */
static bool has_time(void)
{
    return clock() / CLOCKS_PER_SEC < DRAFT_MOST_S;
}

static void add(struct draft *draft, const struct step *step)
{
    draft->steps[draft->count++] = *step;
}

static void add_note(struct draft *draft, const struct draft_note *note)
{
    struct draft_note *last = draft->note_count > 0 ? &draft->notes[draft->note_count - 1] : NULL;

    if (last != NULL && last->before == note->before && strcmp(last->text, note->text) == 0)
        last->times++;
    else if (draft->note_count < DRAFT_NOTES)
        draft->notes[draft->note_count++] = *note;
    else
        snprintf(last->text, sizeof last->text, "there is more to be told than there is room for");
}

/* `what` with the rung behind it, as a comment before the rung that comes next; what is said twice is counted. */
static void remark(struct draft *draft, const char *what, const struct step *step, const char *reason)
{
    struct draft_note note = { .before = draft->count, .times = 1 };
    char              rung[400];

    notation_rung(step, rung, sizeof rung);
    if (strlen(rung) > RUNG_IN_NOTE)
        snprintf(rung + RUNG_IN_NOTE, sizeof rung - RUNG_IN_NOTE, " …");
    snprintf(note.text, sizeof note.text, "%s%s%s%.300s", what, rung, reason[0] != '\0' ? ": " : "", reason);
    add_note(draft, &note);
}

static void go_on(struct drafting *drafting, unsigned connection)
{
    struct step on = ON(connection);

    if (connection == drafting->current)
        return;
    drafting->current = connection;
    add(drafting->draft, &on);
}

/* How long a rung waits for what a timer of the target's brings. */
static struct interval interval_of(uint64_t since_us)
{
    const struct interval any = MEASURED, half = MS((uint32_t)(since_us / 2000), NO_LIMIT);

    return since_us > LONG_MS * 1000u ? half : any;
}

/* The answers as rungs, and the rest of a WAIT behind them. */
static void add_answers(struct drafting *drafting, const struct answers *answers, uint32_t wait_ms)
{
    unsigned current   = drafting->current;
    uint64_t before_us = 0;

    for (size_t i = 0; i < answers->count; i++) {
        struct step rung = answers->at[i].rung;

        if (wait_ms > 0)
            rung.segment.after = interval_of(answers->at[i].after_us - before_us);
        before_us = answers->at[i].after_us;
        go_on(drafting, answers->at[i].connection);
        add(drafting->draft, &rung);
    }
    go_on(drafting, current);
    uint32_t passed_ms = (uint32_t)(before_us / 1000);

    if (passed_ms < wait_ms) {
        struct step rest = WAIT(wait_ms - passed_ms);

        add(drafting->draft, &rest);
    }
}

/* What was heard in so many milliseconds becomes rungs, nothing a SILENCE, or else it is a WAIT, in which whatever comes is
 * taken. `timed`: they are the input's, and what comes in them a timer brought. */
static void take_down(struct drafting *drafting, uint32_t ms, const struct answers *answers, bool same, bool timed)
{
    struct draft     *draft = drafting->draft;
    size_t            count = draft->count;
    const struct step wait = WAIT(ms), silence = SILENCE(ms);

    if (answers->count <= ANSWERS && same) {
        if (answers->count > 0)
            add_answers(drafting, answers, timed ? ms : 0);
        else
            add(draft, &silence);
        if (comes_through(drafting))
            return;
        draft->count = count;
    }
    if (answers->count > ANSWERS)
        add_note(draft, &(struct draft_note){ .before = count, .times = 1, .text = "more comes than is judged" });
    for (size_t i = 0; i < answers->count && i < ANSWERS && answers->count <= ANSWERS; i++)
        remark(draft, "comes and is not judged: ", &answers->at[i].rung, "");
    add(draft, &wait);
}

/* ---- a step ----------------------------------------------------------------------------------------------------------------
 */

/* Adds these steps, and hears what comes behind them. */
static bool steps_come_through(struct drafting *drafting, const struct step *steps, size_t count, struct answers *answers,
                               bool *same)
{
    const struct step settles = WAIT(SETTLE_MS);
    struct draft     *draft   = drafting->draft;
    size_t            before  = draft->count;

    for (size_t i = 0; i < count; i++)
        add(draft, &steps[i]);
    if (count > 0 && listen_in(drafting, &settles, answers, same))
        return true;
    draft->count = before;
    return false;
}

/* Adds the step, or what of it a case may have. false: it is left out. */
static bool step_comes_through(struct drafting *drafting, const struct step *step, struct answers *answers, bool *same)
{
    struct draft *draft = drafting->draft;
    struct step   said  = *step, pieces[PIECES];
    size_t        notes = draft->note_count;
    char          reason[REASON_OCTETS];

    if (fit_settles_lengths(&said))
        remark(draft, "it was ", step, "a length that is another one in each run");
    fit_counts_far_from_edge(&said);
    if (steps_come_through(drafting, &said, 1, answers, same))
        return true;
    snprintf(reason, sizeof reason, "%s", drafting->reason);
    if (draft->note_count == notes)
        remark(draft, "it was ", step, reason);
    pieces[0] = said;
    if ((fit_counts_from_edge(&pieces[0], drafting->window[drafting->current]) &&
         steps_come_through(drafting, pieces, 1, answers, same)) ||
        steps_come_through(drafting, pieces, fit_to_packets(&said, draft->ipv6, pieces), answers, same))
        return true;
    draft->note_count = notes;
    remark(draft, "left out: ", step, reason);
    return false;
}

static void try_step(struct drafting *drafting, const struct step *step)
{
    struct answers answers = { .count = 0 };
    bool           same;

    drafting->acks = step->rung == RUNG_PEER && step->segment.len != 0 && step->segment.seq == 0 && step->segment.ack == 0;
    if (!step_comes_through(drafting, step, &answers, &same))
        return;
    /* What is sent needs time to arrive before a call is made, and a call none. */
    if (answers.count > 0 || !same || step->rung != RUNG_APP)
        take_down(drafting, SETTLE_MS, &answers, same, false);
}

static void try_wait(struct drafting *drafting, const struct step *wait)
{
    struct answers answers = { .count = 0 };
    bool           same;

    if (listen_in(drafting, wait, &answers, &same))
        take_down(drafting, wait->number, &answers, same, true);
    else
        remark(drafting->draft, "left out: ", wait, drafting->reason);
}

/* ---- the end of it --------------------------------------------------------------------------------------------------------
 */

/* What a delayed ACK or a timer still owes. */
static void hear_the_rest(struct drafting *drafting)
{
    const struct step wait    = WAIT(LAST_MS);
    struct draft     *draft   = drafting->draft;
    struct answers    answers = { .count = 0 };
    size_t            count   = draft->count;
    bool              same;

    if (!listen_in(drafting, &wait, &answers, &same) || answers.count == 0)
        return;
    take_down(drafting, LAST_MS, &answers, same, true);
    if (draft->count > count + 1 && draft->steps[draft->count - 1].rung == RUNG_WAIT)
        draft->count--;
}

/* Whether the application got other octets than were acknowledged, as the oracle of the streams has said: a case says so too.
 */
static bool stream_is_broken(struct drafting *drafting)
{
    static const struct step sees   = APP_SEES(DATA);
    bool                     broken = drafting->draft->stream && !play_draft(drafting, &sees, 0) && drafting->failed;

    if (broken)
        remark(drafting->draft, "this fails here: ", &sees, drafting->reason);
    return broken;
}

/* What was acknowledged has reached the applications, octet by octet, where one still can be asked. */
static void ask_applications(struct drafting *drafting)
{
    static const struct step sees    = APP_SEES(DATA, .octets = 1);
    unsigned                 current = drafting->current;

    for (unsigned connection = 0; connection < CONNECTIONS_OF_INPUTS; connection++) {
        size_t   count  = drafting->draft->count;
        unsigned before = drafting->current;

        go_on(drafting, (current + connection) % CONNECTIONS_OF_INPUTS);
        bool broken = stream_is_broken(drafting);

        add(drafting->draft, &sees);
        if (broken || comes_through(drafting))
            continue;
        drafting->draft->count = count;
        drafting->current      = before;
    }
}

static void swap_families(struct drafting *drafting)
{
    void *played = drafting->prepared;

    drafting->prepared       = drafting->other_prepared;
    drafting->other_prepared = played;
}

const struct step draft_ending[DRAFT_ENDING] = { ON(FRESH), ENTER(ESTABLISHED), ALIVE };

/* Another connection is served; and how many sets of numbers it comes through with. */
static void end_draft(struct drafting *drafting)
{
    struct draft *draft  = drafting->draft;
    unsigned      failed = 0;
    char          reason[REASON_OCTETS];

    draft->end = draft->count;
    for (size_t i = 0; i < DRAFT_ENDING; i++)
        add(draft, &draft_ending[i]);
    for (uint64_t chance = 0; chance < SEEDS_AT_THE_END; chance++) {
        if (play_draft(drafting, NULL, chance))
            continue;
        failed++;
        snprintf(reason, sizeof reason, "%s", drafting->reason);
    }
    if (failed > 0) {
        struct draft_note note = { .before = 0, .times = 1 };

        snprintf(note.text, sizeof note.text,
                 "with %u of %d sets of payloads and sequence numbers it does not come through: %.300s", failed,
                 SEEDS_AT_THE_END, reason);
        add_note(draft, &note);
    }
    swap_families(drafting);
    draft->both = comes_through(drafting);
    swap_families(drafting);
}

static void draft_steps(void *context)
{
    static const struct step listens  = ENTER(LISTEN);
    struct drafting         *drafting = context;
    struct draft            *draft    = drafting->draft;
    bool                     ipv6 = draft->ipv6, foreign = ipv6;
    size_t                   at = 0;

    add(draft, &listens);
    for (; at < draft->until && has_room(draft) && has_time(); at++) {
        const struct step *step = &drafting->input->steps[at];

        if (step->rung == RUNG_ON) {
            foreign = (step->number >= CONNECTIONS_OF_INPUTS) != ipv6;
            if (!foreign)
                go_on(drafting, step->number % CONNECTIONS_OF_INPUTS);
        } else if (foreign) {
            draft->foreign++;
        } else if (step->rung == RUNG_WAIT) {
            try_wait(drafting, step);
        } else {
            try_step(drafting, step);
        }
    }
    if (at < draft->until)
        remark(draft, "a case would be too long from here on: ", &drafting->input->steps[at], "");
    else
        draft->last = draft->count;
    hear_the_rest(drafting);
    ask_applications(drafting);
    end_draft(drafting);
}

/* The family of the connection that the last of the steps speaks of. */
static bool is_over_ipv6(const struct input *input, size_t until)
{
    for (size_t i = until; i-- > 0;)
        if (input->steps[i].rung == RUNG_ON)
            return input->steps[i].number >= CONNECTIONS_OF_INPUTS;
    return false;
}

/* The built-in TCP over that family; NULL with a sentence. */
static void *prepare(const struct replay_wish *wish, bool ipv6, struct error *error)
{
    const struct target_wish target = { .spec = "reference", .fault = "", .ipv6 = ipv6, .seed = wish->run.seed };

    return wish->judged->prepare(&target, error);
}

bool replay_draft(const struct replay_wish *wish, const struct input *input, struct draft *draft, struct death *death,
                  struct error *error)
{
    struct drafting drafting = { .wish = wish, .input = input, .draft = draft };
    bool            good     = false;

    draft->ipv6             = is_over_ipv6(input, draft->until);
    drafting.prepared       = prepare(wish, draft->ipv6, error);
    drafting.other_prepared = prepare(wish, !draft->ipv6, error);
    if (drafting.prepared != NULL && drafting.other_prepared != NULL)
        good = replay_apart(draft_steps, &drafting, PLAY_LIMIT_MS, death, error);
    if (drafting.prepared != NULL)
        wish->judged->release(drafting.prepared);
    if (drafting.other_prepared != NULL)
        wish->judged->release(drafting.other_prepared);
    return good;
}
