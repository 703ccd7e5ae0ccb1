#include "derive.h"

/* A retransmission timer where the case measures it: RFC 6298's 1 s floor. */
enum { TYPICAL_RTO_MS = 1000, RUNG_LIMIT_MS = 3000, MEASURED_LIMIT_MS = 15000, CHALLENGE_PAUSE_MS = 600 };

struct tally {
    struct needs needs;
    uint64_t     previous_ms, previous_limit_ms;
    uint64_t     marked_ms[PREVIOUS], marked_limit_ms[PREVIOUS];
    enum state   each, entered;
    bool         answered; /* the target has sent a SYN,ACK to a SYN that no ENTER sent */
    bool         fed;      /* an ALIVE has given the application an octet */
    uint64_t     live;     /* connections that the target has, one bit each */
    unsigned     current, count;
    bool         asked; /* a stimulus left whose effect no rung has shown yet */
};

static void wait_for_interval(struct tally *tally, const struct rung_segment *segment)
{
    const struct interval *after   = &segment->after;
    uint64_t               typical = 0, limit = RUNG_LIMIT_MS;

    if (after->of == NO_MARK && after->most == NO_LIMIT) {
        typical = after->least > TYPICAL_RTO_MS ? after->least : TYPICAL_RTO_MS;
        limit   = after->least + MEASURED_LIMIT_MS;
    } else if (after->of != NO_MARK) {
        bool previous = after->of == PREVIOUS;

        typical = (previous ? tally->previous_ms : tally->marked_ms[after->of]) * (after->least + after->most) / 200;
        limit   = (previous ? tally->previous_limit_ms : tally->marked_limit_ms[after->of]) * after->most / 100;
    } else if (after->most > 0) {
        typical = after->least;
        limit   = after->most;
    }
    if (after->most > 0) {
        tally->previous_ms       = typical;
        tally->previous_limit_ms = limit;
    }
    if (segment->mark != NO_MARK && segment->mark < PREVIOUS) {
        tally->marked_ms[segment->mark]       = typical;
        tally->marked_limit_ms[segment->mark] = limit;
    }
    tally->needs.waits_ms += typical;
    tally->needs.at_most_ms += limit;
}

/* What a rung calls for at once answers the stimulus before it; what a timer brings comes by itself. */
static bool answers_at_once(const struct step *step)
{
    switch (step->rung) {
    case RUNG_IUT:
    case RUNG_IUT_ACKS:
    case RUNG_IUT_SENDS:
        return step->segment.after.of == NO_MARK && step->segment.after.least == 0 && step->segment.after.most != NO_LIMIT;
    case RUNG_GONE:
    case RUNG_PEER_SENDS:
        return true;
    case RUNG_APP_SEES:
        return step->notice.event == DATA;
    case RUNG_ONE_OF:
        for (const struct way_out *way = step->ways; way->clause != NULL; way++)
            if (!answers_at_once(&way->rungs[0]))
                return false;
        return true;
    default:
        return false;
    }
}

static void tally_live(struct tally *tally, bool live)
{
    uint64_t bit = (uint64_t)1 << (tally->current % 64);
    unsigned now;

    tally->live = live ? tally->live | bit : tally->live & ~bit;
    now         = (unsigned)__builtin_popcountll(tally->live);
    if (now > tally->needs.connections)
        tally->needs.connections = now;
}

static void tally_on(struct tally *tally, uint32_t number)
{
    tally->current = number == FRESH ? tally->count : number;
    if (tally->current >= tally->count)
        tally->count = tally->current + 1;
}

static void tally_stimulus(struct tally *tally, const struct step *step)
{
    bool stimulus = step->rung == RUNG_PEER || step->rung == RUNG_ICMP;

    if (tally->asked && !answers_at_once(step))
        tally->needs.unseen++;
    tally->asked = stimulus;
}

static void tally_steps(struct tally *tally, const struct step *steps);

/* A stimulus that comes in every round is not the harder to notice for it. */
static void tally_rounds(struct tally *tally, const struct step *step)
{
    for (uint32_t i = 0; i < step->number; i++) {
        unsigned unseen = tally->needs.unseen;

        tally_steps(tally, step->rungs);
        if (i > 0)
            tally->needs.unseen = unseen;
    }
}

/* The longest alternative counts: it is the one that may have to be waited for. */
static void tally_ways(struct tally *tally, const struct step *step)
{
    struct tally start = *tally, longest = *tally;

    for (const struct way_out *way = step->ways; way->clause != NULL; way++) {
        struct tally tried = start;

        tally_steps(&tried, way->rungs);
        if (way == step->ways)
            longest = tried;
        if (tried.needs.at_most_ms > longest.needs.at_most_ms)
            longest.needs.at_most_ms = tried.needs.at_most_ms;
        longest.needs.establishes = longest.needs.establishes || tried.needs.establishes;
        longest.needs.texts       = longest.needs.texts || tried.needs.texts;
        longest.needs.breaks_ip   = longest.needs.breaks_ip || tried.needs.breaks_ip;
        longest.fed               = longest.fed || tried.fed;
        if (tried.needs.connections > longest.needs.connections)
            longest.needs.connections = tried.needs.connections;
        longest.asked = longest.asked || tried.asked;
        if (tried.needs.unseen > longest.needs.unseen)
            longest.needs.unseen = tried.needs.unseen;
    }
    *tally = longest;
}

static void tally_call(struct tally *tally, const struct step *step)
{
    struct needs *needs = &tally->needs;

    needs->opens = needs->opens || step->user.call == OPEN;
    needs->sends = needs->sends || step->user.call == SEND;
    needs->calls = needs->calls || (step->user.call != SEND && step->user.call != PASSIVE_OPEN && step->user.call != OPEN);
    if (step->user.call == OPEN)
        needs->at_most_ms += OPEN_LIMIT_MS;
}

static void tally_entry(struct tally *tally, const struct entry *entry)
{
    struct needs *needs = &tally->needs;
    enum state    state = entry->state == EACH ? tally->each : entry->state;

    tally->entered = state;
    needs->features |= entry->with;
    needs->calls = needs->calls || (state >= FIN_WAIT_1 && state != CLOSE_WAIT);
    needs->stays = needs->stays || state == CLOSE_WAIT || state == LAST_ACK;
    needs->opens = needs->opens || state == SYN_SENT || entry->via == ACTIVE;
    needs->at_most_ms += 4 * RUNG_LIMIT_MS + (uint64_t)(needs->opens ? OPEN_LIMIT_MS : 0);
    needs->establishes = needs->establishes || state >= ESTABLISHED;
    tally->answered    = tally->answered || state == SYN_RECEIVED;
    if (state > LISTEN)
        tally_live(tally, true);
}

/* A FIN that may be accepted ends what a service does: it closes in turn. */
static void tally_peer(struct tally *tally, const struct rung_segment *segment)
{
    struct needs *needs   = &tally->needs;
    bool          closes  = (segment->flags & (FIN | ACK | RST)) == (FIN | ACK) && segment->corrupt == UNDAMAGED;
    bool          greets  = (segment->flags & (SYN | ACK | RST)) == ACK && segment->seq == 0 && segment->ack == 0;
    bool          reaches = needs->establishes || tally->answered;

    if (segment->corrupt == UNDAMAGED && (segment->flags & (SYN | RST)) != 0)
        tally_live(tally, (segment->flags & RST) == 0);
    needs->stays       = needs->stays || (closes && tally->entered >= SYN_RECEIVED);
    needs->establishes = needs->establishes || (greets && tally->answered && segment->corrupt == UNDAMAGED);
    needs->texts       = needs->texts || (segment->len != 0 && reaches);
    needs->breaks_ip   = needs->breaks_ip || segment->corrupt == BAD_IP_CHECKSUM || segment->corrupt == IP_LENGTH_SHORT;
}

/* In the later states SILENCE (PROVEN) is a short real one. */
static void tally_silence(struct tally *tally, uint32_t ms)
{
    uint32_t waited_ms = ms == PROVEN && tally->entered >= FIN_WAIT_1 ? PROVEN_LATER_MS : ms;

    tally->needs.waits_ms += waited_ms;
    tally->needs.at_most_ms += waited_ms;
}

static void tally_step(struct tally *tally, const struct step *step)
{
    struct needs *needs = &tally->needs;

    needs->texts = needs->texts || tally->fed;
    tally_stimulus(tally, step);
    switch (step->rung) {
    case RUNG_ON:
        tally_on(tally, step->number);
        break;
    case RUNG_ENTER:
        tally_entry(tally, &step->entry);
        break;
    case RUNG_PEER:
        tally_peer(tally, &step->segment);
        break;
    case RUNG_IUT:
        tally->answered = tally->answered || (step->segment.flags & SYN) != 0;
        wait_for_interval(tally, &step->segment);
        break;
    case RUNG_IUT_ACKS:
    case RUNG_IUT_SENDS:
        wait_for_interval(tally, &step->segment);
        break;
    case RUNG_PEER_SENDS:
        needs->texts = true;
        needs->at_most_ms += 4 * RUNG_LIMIT_MS;
        break;
    case RUNG_SILENCE:
    case RUNG_WAIT:
        tally_silence(tally, step->number);
        break;
    case RUNG_APP:
        tally_call(tally, step);
        break;
    case RUNG_APP_SEES:
        needs->reads = needs->reads || step->notice.event == DATA;
        needs->told  = needs->told || step->notice.event != DATA;
        needs->at_most_ms += RUNG_LIMIT_MS;
        break;
    case RUNG_ALIVE:
    case RUNG_GONE:
        needs->at_most_ms += RUNG_LIMIT_MS + CHALLENGE_PAUSE_MS;
        if (step->rung == RUNG_ALIVE && (tally->answered || tally->entered >= SYN_RECEIVED))
            tally->fed = needs->establishes = true;
        break;
    case RUNG_ONE_OF:
        tally_ways(tally, step);
        break;
    case RUNG_ROUNDS:
        tally_rounds(tally, step);
        break;
    default:
        break;
    }
}

static void tally_steps(struct tally *tally, const struct step *steps)
{
    for (; steps->rung != RUNG_END; steps++)
        tally_step(tally, steps);
}

struct needs needs_of(const struct ladder_case *ladder, enum state each)
{
    struct tally tally = { .each = each, .count = 1, .needs = { .connections = 1 } };

    tally_steps(&tally, ladder->steps);
    return tally.needs;
}
