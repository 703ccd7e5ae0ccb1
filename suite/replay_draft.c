/* replay_draft.c: a fuzz input as the rungs of a case, found by playing it as cases are played: after each of its steps what
 * the built-in TCP answers becomes rungs, and those stay that come through when all is played again from the start. */
#include <stdio.h>
#include <string.h>

#include "notation_ladder.h"
#include "player/player.h"
#include "replay_inside.h"
#include "targets.h"
#include "terms.h"

enum {
    DRAFT_LIMIT_MS  = 30000, /* of the process's own time: some hundred plays for an input of some hundred steps */
    LAST_MS         = 1000,  /* when the input has ended */
    ANSWERS         = 40,    /* to one step; what draws more is let pass */
    INSIDE_MOST     = 20000, /* lint takes what is counted from RCV_NXT to lie in the window as far as this … */
    CASE_WINDOW     = 65535, /* … which is this large where cases meet the built-in TCP */
    FAR             = 65535, /* such an offset is no place in a window: the number is another one's, and differs elsewhere */
    REASON_OCTETS   = 600,
    SEEDS_OF_CHANCE = 4,
    CONNECTIONS_OF_INPUTS = 2 /* of one family */
};

/* What came while the last rung was played. */
struct answers {
    struct answer {
        unsigned    connection;
        uint64_t    after_us; /* the rung began */
        struct step rung;
    } at[ANSWERS];
    size_t count; /* may be more than ANSWERS */
};

struct drafting {
    const struct replay_wish *wish;
    const struct input       *input;
    struct draft             *draft; /* shared: this process may die of what it tries */
    const struct target_kind *kind;
    void                     *prepared;       /* for the family that is played now … */
    void                     *other_prepared; /* … and for the other one */
    unsigned                  current;        /* connection that the rungs speak of */
    bool                      acks;           /* what was sent last is data in order: what acknowledges it is IUT_ACKS */
    uint64_t                  succeeded;      /* bits: connections that another one has followed on the same sockets */
    struct answers           *heard;          /* NULL: nobody listens */
    char                      reason[REASON_OCTETS];
};

/* ---- an answer as a rung ------------------------------------------------------------------------------------------------ */

static bool is_near(uint32_t seen, uint32_t known)
{
    return seen - known + FAR <= 2 * FAR;
}

/* A number in the words that an expectation leaves out where it is the expected one; ANY where no word is near. Where another
 * connection has followed on the same sockets, the highest numbers that were seen may be its predecessor's. */
static term number_term(uint32_t seen, const struct peer *peer, const struct notation_symbols *names, unsigned usual,
                        unsigned initial, bool succeeded)
{
    static const term terms[PEER_NAMES] = { SND_NXT, RCV_NXT, SND_UNA, ISS, IRS };
    const unsigned    order[]           = { succeeded ? initial : usual, succeeded ? usual : initial };
    bool              small             = seen <= FAR; /* it follows a number that a step said outright */

    if (small && succeeded)
        return ZERO + seen;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        uint32_t value = names->at[order[i]].value;

        if (names->at[order[i]].known && is_near(seen, value))
            return order[i] == usual && seen == value ? 0 : terms[order[i]] + (int32_t)(seen - value);
    }
    return small ? ZERO + seen : seen == peer->seg_ack ? SEG_ACK : seen == peer->seg_end ? SEG_END : ANY;
}

static struct step answer_rung(const struct peer *peer, const struct segment *segment, bool acks, bool succeeded)
{
    struct notation_symbols names;
    struct step             rung = { .rung = RUNG_IUT };

    peer_names(peer, &names);
    rung.segment.flags = segment->flags & ~(unsigned)PSH;
    if (!(segment->flags & SYN))
        rung.segment.seq = number_term(segment->seq, peer, &names, NAME_SND_NXT, NAME_ISS, succeeded);
    if (segment->flags & ACK)
        rung.segment.ack = number_term(segment->ack, peer, &names, NAME_RCV_NXT, NAME_IRS, succeeded);
    if ((segment->flags & (SYN | ACK)) == (SYN | ACK) && segment->ack == peer->irs + 1 && !peer->shadow.target.ack_seen)
        rung.segment.ack = 0;
    /* RFC 9293 3.5.2: a reset takes its numbers from the segment that it answers. */
    if ((segment->flags & (RST | ACK)) == RST && segment->seq == peer->seg_ack)
        rung.segment.seq = SEG_ACK;
    if ((segment->flags & (RST | ACK)) == (RST | ACK) && segment->ack == peer->seg_end)
        rung.segment.ack = SEG_END;
    if (segment->text_octets > 0)
        rung.segment.len = ZERO + (term)segment->text_octets;
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

    drafting->succeeded            = 0;
    draft->steps[draft->count]     = last != NULL ? *last : (struct step){ .rung = RUNG_END };
    draft->steps[draft->count + 1] = (struct step){ .rung = RUNG_END };
    /* Another slot means other ports, on which numbers depend too. */
    if (!drafting->kind->open(drafting->prepared, (unsigned)chance, &target, &error)) {
        snprintf(drafting->reason, sizeof drafting->reason, "%s", error.sentence);
        return false;
    }
    struct play *play    = play_ladder(&ladder, EACH, &target, &options);
    bool         through = play != NULL && play->verdict == VERDICT_PASS;

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

static bool has_room(const struct draft *draft)
{
    return draft->count + 2 * ANSWERS + 8 < DRAFT_STEPS;
}

static void add(struct draft *draft, const struct step *step)
{
    draft->steps[draft->count++] = *step;
}

/* `what` with the rung behind it, as a comment before the rung that comes next; what is said twice is counted. */
static void remark(struct draft *draft, const char *what, const struct step *step, const char *reason)
{
    struct draft_note *last = draft->note_count > 0 ? &draft->notes[draft->note_count - 1] : NULL;
    struct draft_note  note = { .before = draft->count, .times = 1 };
    char               rung[400];

    notation_rung(step, rung, sizeof rung);
    snprintf(note.text, sizeof note.text, "%s%.120s%s%.600s", what, rung, reason[0] != '\0' ? ": " : "", reason);
    if (last != NULL && last->before == note.before && strcmp(last->text, note.text) == 0)
        last->times++;
    else if (draft->note_count < DRAFT_NOTES)
        draft->notes[draft->note_count++] = note;
}

static void go_on(struct drafting *drafting, unsigned connection)
{
    struct step on = ON(connection);

    if (connection == drafting->current)
        return;
    drafting->current = connection;
    add(drafting->draft, &on);
}

/* The answers as rungs, and the rest of a WAIT behind them. */
static void add_answers(struct drafting *drafting, const struct answers *answers, uint32_t wait_ms)
{
    const struct interval any     = MEASURED;
    unsigned              current = drafting->current;

    for (size_t i = 0; i < answers->count; i++) {
        struct step rung = answers->at[i].rung;

        if (wait_ms > 0)
            rung.segment.after = any;
        go_on(drafting, answers->at[i].connection);
        add(drafting->draft, &rung);
    }
    go_on(drafting, current);
    uint32_t passed_ms = (uint32_t)(answers->at[answers->count - 1].after_us / 1000);

    if (passed_ms < wait_ms) {
        struct step rest = WAIT(wait_ms - passed_ms);

        add(drafting->draft, &rest);
    }
}

/* What was heard in `wait` becomes rungs, or else the WAIT stands, in which whatever comes is taken. */
static void take_down(struct drafting *drafting, const struct step *wait, const struct answers *answers, bool same, bool waits)
{
    struct draft *draft = drafting->draft;
    size_t        count = draft->count;

    if (answers->count == 0 && same) {
        if (waits)
            add(draft, wait);
        return;
    }
    if (answers->count <= ANSWERS && same) {
        add_answers(drafting, answers, waits ? wait->number : 0);
        if (comes_through(drafting))
            return;
        draft->count = count;
    }
    for (size_t i = 0; i < answers->count && i < ANSWERS; i++)
        remark(draft, "comes and is not judged: ", &answers->at[i].rung, "");
    add(draft, wait);
}

/* The step in words that a case may have: lint wants what lies outside the window counted with RCV_WND. */
static struct step in_words_of_cases(const struct step *step)
{
    struct step       said  = *step;
    struct term_parts parts = term_take_apart(said.segment.seq);

    if (said.rung == RUNG_PEER && parts.base == BASE_RCV_NXT && parts.lengths[LENGTH_RCV_WND] == 0 &&
        parts.offset >= INSIDE_MOST)
        said.segment.seq += RCV_WND - CASE_WINDOW;
    return said;
}

/* What fits where that does not: a segment no larger than a packet, no more octets than the application may queue. */
static bool made_to_fit(struct step *step)
{
    if (step->rung == RUNG_PEER && step->segment.len != 0)
        step->segment.len = RMSS;
    else if (step->rung == RUNG_APP && step->user.octets != 0)
        step->user.octets = ZERO + SEND_OCTETS;
    else
        return false;
    return true;
}

static void try_step(struct drafting *drafting, const struct step *step)
{
    const struct step settles = WAIT(SETTLE_MS);
    struct draft     *draft   = drafting->draft;
    struct answers    answers = { .count = 0 };
    struct step       tried   = in_words_of_cases(step);
    size_t            count   = draft->count;
    bool              same;

    drafting->acks = tried.rung == RUNG_PEER && tried.segment.len != 0 && tried.segment.seq == 0 && tried.segment.ack == 0;
    add(draft, &tried);
    if (!listen_in(drafting, &settles, &answers, &same)) {
        char reason[REASON_OCTETS];

        snprintf(reason, sizeof reason, "%s", drafting->reason);
        draft->count = count;
        if (made_to_fit(&tried)) {
            remark(draft, "it was ", step, reason);
            add(draft, &tried);
        }
        if (draft->count == count || !listen_in(drafting, &settles, &answers, &same)) {
            draft->note_count -= draft->count > count;
            draft->count = count;
            remark(draft, "left out: ", step, reason);
            return;
        }
    }
    take_down(drafting, &settles, &answers, same, false);
}

static void try_wait(struct drafting *drafting, const struct step *wait)
{
    struct answers answers = { .count = 0 };
    bool           same;

    if (listen_in(drafting, wait, &answers, &same))
        take_down(drafting, wait, &answers, same, true);
    else
        remark(drafting->draft, "left out: ", wait, drafting->reason);
}

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
    take_down(drafting, &wait, &answers, same, true);
    if (draft->count > count + 1 && draft->steps[draft->count - 1].rung == RUNG_WAIT)
        draft->count--;
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
        add(drafting->draft, &sees);
        if (comes_through(drafting))
            continue;
        drafting->draft->count = count;
        drafting->current      = before;
    }
}

/* Another connection is served. */
static bool ends_well(struct drafting *drafting)
{
    static const struct step end[] = { ON(FRESH), ENTER(ESTABLISHED), ALIVE };
    struct draft            *draft = drafting->draft;

    draft->end = draft->count;
    for (size_t i = 0; i < sizeof end / sizeof *end; i++)
        add(draft, &end[i]);
    if (comes_through(drafting))
        return true;
    remark(draft, "this does not come through: ", &end[2], drafting->reason);
    return false;
}

static void draft_steps(void *context)
{
    static const struct step listens  = ENTER(LISTEN);
    struct drafting         *drafting = context;
    struct draft            *draft    = drafting->draft;
    bool                     ipv6 = draft->ipv6, foreign = ipv6;

    add(draft, &listens);
    for (draft->trying = 0; draft->trying < draft->until && has_room(draft); draft->trying++) {
        const struct step *step = &drafting->input->steps[draft->trying];

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
    hear_the_rest(drafting);
    ask_applications(drafting);
    if (!ends_well(drafting))
        return;
    drafting->prepared = drafting->other_prepared;
    draft->both        = comes_through(drafting);
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
static void *prepare(struct drafting *drafting, bool ipv6, struct error *error)
{
    struct options      run = drafting->wish->run;
    struct named_target named;

    run.ipv6   = ipv6;
    run.target = "reference";
    if (!target_named(&run, NULL, &named, error))
        return NULL;
    drafting->kind = named.kind;
    return named.kind->prepare(&named.wish, error);
}

bool replay_draft(const struct replay_wish *wish, const struct input *input, size_t until, struct draft *draft,
                  struct death *death, struct error *error)
{
    struct drafting drafting = { .wish = wish, .input = input, .draft = draft };
    bool            good     = false;

    draft->until            = until;
    draft->ipv6             = is_over_ipv6(input, until);
    drafting.prepared       = prepare(&drafting, draft->ipv6, error);
    drafting.other_prepared = prepare(&drafting, !draft->ipv6, error);
    if (drafting.prepared != NULL && drafting.other_prepared != NULL)
        good = replay_apart(draft_steps, &drafting, DRAFT_LIMIT_MS, death, error);
    if (drafting.prepared != NULL)
        drafting.kind->release(drafting.prepared);
    if (drafting.other_prepared != NULL)
        drafting.kind->release(drafting.other_prepared);
    return good;
}
