#include "lint.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "requirements.h"
#include "terms.h"

struct linting {
    const struct entry_of_catalog *entry;
    lint_tell                     *tell;
    void                          *context;
    size_t                         faults;
};

static void fault(struct linting *linting, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct linting *linting, const char *format, ...)
{
    char    sentence[300];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    linting->faults++;
    linting->tell(linting->context, linting->entry->id, sentence);
}

/* ---- requirements ------------------------------------------------------------------------------------------------------- */

static void lint_clause(struct linting *linting, const char *clause, const char *where)
{
    char                      id[64];
    const enum state          each[] = { linting->entry->each, EACH };
    const char *const         reqs[] = { clause, NULL };
    const struct ladder_case  one    = { .id = "", .reqs = reqs, .states = each[0] != EACH ? each : NULL };
    const struct ladder_group group  = { .name = "", .cases = &one, .count = 1 };

    if (clause == NULL)
        return;
    struct catalog single = catalog_open((const struct ladder_group *const[]){ &group, NULL });

    snprintf(id, sizeof id, "%s", single.count > 0 ? single.at[0].reqs[0] : clause);
    catalog_close(&single);
    if (requirement_find(id) == NULL)
        fault(linting, "%s names the unknown requirement %s", where, id);
}

/* ---- terms ----------------------------------------------------------------------------------------------------------------
 */

static void lint_term(struct linting *linting, term packed, const char *name)
{
    struct term_parts parts = term_take_apart(packed);

    if (packed != 0 && parts.base == BASE_BROKEN)
        fault(linting, "%s adds two bases, or takes one from another", name);
}

/* A number far from RCV.NXT is outside the window only if it is counted from the window. */
static void lint_out_of_window(struct linting *linting, const struct rung_segment *segment)
{
    struct term_parts parts = term_take_apart(segment->seq);

    if (segment->seq != 0 && parts.base == BASE_RCV_NXT && parts.lengths[LENGTH_RCV_WND] == 0 && parts.offset >= 20000)
        fault(linting, ".seq counts %lld from RCV_NXT: what lies outside the window is counted with RCV_WND",
              (long long)parts.offset);
}

static void lint_segment(struct linting *linting, const struct rung_segment *segment)
{
    const struct {
        term        value;
        const char *name;
    } terms[] = {
        { segment->seq, ".seq" },       { segment->ack, ".ack" },       { segment->wnd, ".wnd" },
        { segment->len, ".len" },       { segment->up, ".up" },         { segment->mss, ".mss" },
        { segment->wscale, ".wscale" }, { segment->tsval, ".tsval" },   { segment->tsecr, ".tsecr" },
        { segment->each, ".each" },     { segment->stride, ".stride" }, { segment->sack_permitted, ".sack_permitted" },
    };

    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        lint_term(linting, terms[i].value, terms[i].name);
    for (size_t i = 0; i < 4; i++) {
        lint_term(linting, segment->sack[i].left, ".sack");
        lint_term(linting, segment->sack[i].right, ".sack");
    }
    lint_clause(linting, segment->rule, ".rule");
}

/* ---- what a rung proves ----------------------------------------------------------------------------------------------------
 */

/* Whether a rung can be passed only by something that the target did. */
static bool observes_something(const struct step *step);

static bool every_way_observes(const struct step *step)
{
    for (const struct way_out *way = step->ways; way->clause != NULL; way++) {
        bool seen = false;

        for (const struct step *rung = way->rungs; rung->rung != RUNG_END; rung++)
            seen = seen || observes_something(rung);
        if (!seen)
            return false;
    }
    return true;
}

static bool observes_something(const struct step *step)
{
    switch (step->rung) {
    case RUNG_IUT:
    case RUNG_IUT_ACKS:
    case RUNG_IUT_SENDS:
    case RUNG_PEER_SENDS:
    case RUNG_APP_SEES:
    case RUNG_ALIVE:
    case RUNG_GONE:
    case RUNG_JUDGE:
        return true;
    case RUNG_ONE_OF:
        return every_way_observes(step);
    case RUNG_ROUNDS:
        for (const struct step *rung = step->rungs; rung->rung != RUNG_END; rung++)
            if (observes_something(rung))
                return true;
        return false;
    default:
        return false;
    }
}

/* Whether a rung can be passed only by more than a SYN,ACK. ENTER is left out: it gives no verdict. */
static bool beyond_syn_ack(const struct step *step)
{
    switch (step->rung) {
    case RUNG_IUT:
        return (step->segment.flags & (SYN | ACK)) != (SYN | ACK);
    case RUNG_ONE_OF:
        for (const struct way_out *way = step->ways; way->clause != NULL; way++) {
            bool beyond = false;

            for (const struct step *rung = way->rungs; rung->rung != RUNG_END; rung++)
                beyond = beyond || beyond_syn_ack(rung);
            if (!beyond)
                return false;
        }
        return true;
    case RUNG_ROUNDS:
        for (const struct step *rung = step->rungs; rung->rung != RUNG_END; rung++)
            if (beyond_syn_ack(rung))
                return true;
        return false;
    case RUNG_JUDGE:
        return false;
    default:
        return observes_something(step);
    }
}

/* ---- the order of rungs
 * ------------------------------------------------------------------------------------------------------ */

struct order {
    bool measured;       /* an interval that DOUBLED can refer to */
    bool owes_proof;     /* a SILENCE that nothing has followed yet */
    bool proven_owed;    /* SILENCE (PROVEN): ALIVE must come next */
    bool sent_in_order;  /* the rung before was a PEER with data that the target must accept */
    bool waits_for_data; /* that PEER was undamaged data at RCV_NXT */
};

static bool data_in_order(const struct step *step)
{
    const struct rung_segment *segment = &step->segment;

    return step->rung == RUNG_PEER && segment->len != 0 && segment->seq == 0 && segment->ack == 0 && (segment->flags & ACK) &&
           !(segment->flags & (SYN | RST)) && segment->corrupt == UNDAMAGED && segment->data_offset == 0 &&
           segment->from == FROM_PEER && segment->tsval == 0 && segment->options.at == NULL;
}

static void lint_bare_ack(struct linting *linting, const struct order *order, const struct step *step)
{
    const struct rung_segment *segment = &step->segment;

    if (order->waits_for_data && step->rung == RUNG_IUT && segment->flags == ACK && segment->ack != 0 && segment->len == 0 &&
        term_take_apart(segment->ack).base == BASE_RCV_NXT)
        fault(linting, "a bare-ACK IUT for data that is accepted: IUT_ACKS leaves segmentation and echo free");
}

static void lint_steps(struct linting *linting, const struct step *steps, struct order *order);

static void lint_ways(struct linting *linting, const struct step *step, struct order *order)
{
    bool owes = false;

    for (const struct way_out *way = step->ways; way->clause != NULL; way++) {
        struct order tried = *order;

        lint_clause(linting, way->clause, "a way of ONE_OF");
        lint_steps(linting, way->rungs, &tried);
        owes            = owes || tried.owes_proof;
        order->measured = order->measured || tried.measured;
    }
    order->owes_proof = owes;
}

static void lint_interval(struct linting *linting, struct order *order, const struct step *step)
{
    const struct interval *after = &step->segment.after;

    if (after->of == PREVIOUS && !order->measured)
        fault(linting, "DOUBLED without a MEASURED before it");
    if (after->most != 0 && step->rung != RUNG_ENTER)
        order->measured = true;
}

static void lint_step(struct linting *linting, const struct step *step, struct order *order)
{
    lint_segment(linting, &step->segment);
    lint_term(linting, step->entry.irs, "ENTER's .irs");
    lint_term(linting, step->user.octets, "APP's .octets");
    lint_term(linting, step->notice.octets, "APP_SEES's .octets");
    lint_interval(linting, order, step);
    lint_bare_ack(linting, order, step);
    if (step->rung == RUNG_PEER)
        lint_out_of_window(linting, &step->segment);
    if (order->proven_owed && step->rung != RUNG_ALIVE)
        fault(linting, "SILENCE (PROVEN) is proven by the ALIVE that follows it at once");
    order->proven_owed    = step->rung == RUNG_SILENCE && step->number == 0;
    order->waits_for_data = data_in_order(step);
    if (step->rung == RUNG_ONE_OF)
        lint_ways(linting, step, order);
    else if (step->rung == RUNG_SILENCE)
        order->owes_proof = true;
    else if (observes_something(step))
        order->owes_proof = false;
    if (step->rung == RUNG_MAYBE)
        lint_clause(linting, step->clause, "MAYBE");
    if (step->rung == RUNG_ROUNDS)
        lint_steps(linting, step->rungs, order);
}

static void lint_steps(struct linting *linting, const struct step *steps, struct order *order)
{
    for (; steps->rung != RUNG_END; steps++)
        lint_step(linting, steps, order);
}

/* ---- a case ----------------------------------------------------------------------------------------------------------------
 */

static bool only_handshake(const struct ladder_case *ladder)
{
    return ladder->tags != NULL && strstr(ladder->tags, "@handshake-only") != NULL;
}

static void lint_case(struct linting *linting)
{
    const struct ladder_case *ladder = linting->entry->ladder;
    const struct step        *last   = NULL;
    struct order              order  = { 0 };
    bool                      beyond = false;

    if (linting->entry->req_count == 0)
        fault(linting, "it names no requirement");
    if (linting->entry->req_count == ENTRY_REQS)
        fault(linting, "it names %d requirements or more", ENTRY_REQS);
    for (size_t i = 0; ladder->reqs != NULL && ladder->reqs[i] != NULL && i < ENTRY_REQS; i++)
        lint_clause(linting, ladder->reqs[i], "REQS");
    if (ladder->steps == NULL || ladder->steps->rung == RUNG_END) {
        fault(linting, "its ladder has no rung");
        return;
    }
    for (const struct step *step = ladder->steps; step->rung != RUNG_END; step++) {
        last   = step;
        beyond = beyond || beyond_syn_ack(step);
    }
    lint_steps(linting, ladder->steps, &order);
    if (order.proven_owed)
        fault(linting, "SILENCE (PROVEN) is proven by the ALIVE that follows it at once");
    else if (order.owes_proof)
        fault(linting, "a SILENCE without a positive observation after it");
    else if (!observes_something(last))
        fault(linting, "its last rung proves nothing");
    if (!beyond && !only_handshake(ladder))
        fault(linting, "a target that is mute or only sends SYN,ACKs would come through");
}

static void lint_names(struct linting *linting, const struct catalog *catalog, size_t index)
{
    const struct entry_of_catalog *entry  = &catalog->at[index];
    size_t                         length = strlen(entry->group->name);

    if (strncmp(entry->id, entry->group->name, length) != 0 || entry->id[length] != '/')
        fault(linting, "its id does not begin with its group, %s/", entry->group->name);
    for (size_t i = 0; i < index; i++)
        if (strcmp(catalog->at[i].id, entry->id) == 0)
            fault(linting, "its id is taken already");
}

size_t lint_groups(const struct ladder_group *const *groups, lint_tell *tell, void *context)
{
    struct catalog catalog = catalog_open(groups);
    size_t         faults  = 0;

    for (size_t i = 0; i < catalog.count; i++) {
        struct linting linting = { &catalog.at[i], tell, context, 0 };

        lint_names(&linting, &catalog, i);
        lint_case(&linting);
        faults += linting.faults;
    }
    catalog_close(&catalog);
    return faults;
}

size_t lint_text(const char *path, lint_tell *tell, void *context)
{
    FILE  *file = fopen(path, "re");
    char   line[1000], sentence[200];
    size_t number = 0, faults = 0;

    if (file == NULL) {
        tell(context, path, strerror(errno));
        return 1;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        number++;
        for (char *at = strchr(line, '.'); at != NULL; at = strchr(at + 1, '.')) {
            char word[16];
            int  used = 0;

            if (sscanf(at, ".%15[a-z_] = 0%n", word, &used) != 1 || used == 0 || isxdigit((unsigned char)at[used]) ||
                at[used] == 'x' || strcmp(word, "apart_ms") == 0 || strcmp(word, "value") == 0)
                continue;
            snprintf(sentence, sizeof sentence, "line %zu: .%s = 0 is the same as leaving it out; a real zero is ZERO", number,
                     word);
            tell(context, path, sentence);
            faults++;
        }
    }
    fclose(file);
    return faults;
}
