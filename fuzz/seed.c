#include "seed.h"

#include "entry.h"
#include "input.h"
#include "terms.h"

enum { ROUNDS_MOST = 6, TIMER_MS = 1100, MSS = 1460, PIECES_MOST = 8 };

struct sowing {
    struct step *steps;
    size_t       count;
    enum state   each;
    unsigned     first; /* connection: 0, or 2 for IPv6 */
    unsigned     current, fresh;
    bool         fin_held;
};

static void add(struct sowing *sowing, const struct step *step)
{
    if (sowing->count < SEED_STEPS)
        sowing->steps[sowing->count++] = *step;
}

static void wait_ms(struct sowing *sowing, uint32_t ms)
{
    const struct step wait = WAIT(ms < INPUT_WAIT_MS ? ms : INPUT_WAIT_MS - 1);

    if (ms > 0)
        add(sowing, &wait);
}

/* In the states in which the target's FIN is held, our ACK stays short of it. */
static void send(struct sowing *sowing, const struct step *step)
{
    struct step peer = { .rung = RUNG_PEER, .segment = step->segment };

    if (sowing->fin_held && (peer.segment.flags & ACK) && peer.segment.ack == 0)
        peer.segment.ack = SND_UNA;
    /* These fields are for rungs that observe. */
    peer.segment.after = (struct interval){ 0, 0, NO_MARK };
    peer.segment.mark = peer.segment.since = NO_MARK;
    peer.segment.rule                      = NULL;
    add(sowing, &peer);
}

/* How long an observing rung would have waited for a timer of the target's. */
static uint32_t timer_ms(const struct rung_segment *segment)
{
    const struct interval *after = &segment->after;

    if (after->of != NO_MARK)
        return 2 * TIMER_MS;
    if (after->most == NO_LIMIT)
        return after->least > TIMER_MS ? after->least : TIMER_MS;
    return after->least;
}

static void sow(struct sowing *sowing, const struct step *steps);

static void sow_entry(struct sowing *sowing, const struct entry *entry)
{
    static const struct step open = APP(OPEN), ack = PEER(ACK);
    enum state               state  = entry->state == EACH ? sowing->each : entry->state;
    bool                     active = state == SYN_SENT || entry->via == ACTIVE;
    bool                     whole  = state >= ESTABLISHED;
    struct step              syn    = { .rung = RUNG_PEER };

    syn.segment     = entry_syn(entry, active && whole ? SYN | ACK : SYN);
    syn.segment.seq = entry->irs;
    if (state <= LISTEN)
        return;
    if (active)
        add(sowing, &open);
    if (state == SYN_SENT)
        return;
    add(sowing, &syn);
    if (whole && !active)
        add(sowing, &ack);
    sowing->fin_held = entry_holds_fin(state);
    sow(sowing, entry_from_established(state));
}

static void sow_octets(struct sowing *sowing, const struct step *step)
{
    struct term_parts parts = term_take_apart(step->segment.len);
    int64_t           left  = parts.offset + MSS * (int64_t)(parts.lengths[LENGTH_RMSS] + parts.lengths[LENGTH_SMSS]);

    for (int i = 0; i < PIECES_MOST && left > 0; i++, left -= MSS) {
        struct step piece = { .rung = RUNG_PEER, .segment = { .flags = ACK, .len = ZERO + (left < MSS ? left : MSS) } };

        send(sowing, &piece);
    }
}

static void sow_alive(struct sowing *sowing)
{
    static const struct step octet = PEER(ACK, .len = 1), below = PEER(ACK, .seq = RCV_NXT - 1);

    send(sowing, sowing->fin_held ? &below : &octet);
}

static void sow_on(struct sowing *sowing, uint32_t number)
{
    struct step on = ON(number);

    if (number == FRESH)
        number = ++sowing->fresh;
    on.number = sowing->first + number % 2;
    add(sowing, &on);
}

static void sow_step(struct sowing *sowing, const struct step *step)
{
    static const struct step ack = PEER(ACK);

    switch (step->rung) {
    case RUNG_ENTER:
        sow_entry(sowing, &step->entry);
        break;
    case RUNG_ON:
        sow_on(sowing, step->number);
        break;
    case RUNG_PEER:
        send(sowing, step);
        break;
    case RUNG_APP:
        if (step->user.call != CONFIGURE) /* an input has no fields for it */
            add(sowing, step);
        break;
    case RUNG_ICMP:
        add(sowing, step);
        break;
    case RUNG_SILENCE:
    case RUNG_WAIT:
        wait_ms(sowing, step->number);
        break;
    case RUNG_IUT:
    case RUNG_IUT_ACKS:
        wait_ms(sowing, timer_ms(&step->segment));
        break;
    case RUNG_IUT_SENDS:
        if (!step->segment.held)
            send(sowing, &ack);
        break;
    case RUNG_PEER_SENDS:
        sow_octets(sowing, step);
        break;
    case RUNG_ALIVE:
        sow_alive(sowing);
        break;
    case RUNG_GONE:
        send(sowing, &ack);
        break;
    case RUNG_ONE_OF:
        sow(sowing, step->ways[0].rungs);
        break;
    case RUNG_ROUNDS:
        for (uint32_t i = 0; i < step->number && i < ROUNDS_MOST; i++)
            sow(sowing, step->rungs);
        break;
    default:
        break;
    }
}

static void sow(struct sowing *sowing, const struct step *steps)
{
    for (; steps->rung != RUNG_END; steps++)
        sow_step(sowing, steps);
}

size_t seed_of_case(const struct ladder_case *ladder, enum state each, bool ipv6, struct step steps[SEED_STEPS + 1])
{
    struct sowing sowing = { .steps = steps, .each = each, .first = ipv6 ? 2 : 0 };

    if (ipv6)
        sow_on(&sowing, 0);
    sow(&sowing, ladder->steps);
    steps[sowing.count] = (struct step){ .rung = RUNG_END };
    return sowing.count;
}
