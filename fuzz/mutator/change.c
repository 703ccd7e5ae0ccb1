#include "fuzz/mutator/change.h"

#include <string.h>

#include "fuzz/mutator/value.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { RUN_MOST = 8, REPEATS_MOST = 10 };

/* ---- whole steps -------------------------------------------------------------------------------------------------------- */

static void insert(struct input *input, size_t at, const struct step *steps, size_t count)
{
    if (count > INPUT_STEPS - input->count)
        count = INPUT_STEPS - input->count;
    memmove(&input->steps[at + count], &input->steps[at], (input->count - at) * sizeof *steps);
    memcpy(&input->steps[at], steps, count * sizeof *steps);
    input->count += count;
}

static void cut(struct input *input, size_t at, size_t count)
{
    memmove(&input->steps[at], &input->steps[at + count], (input->count - at - count) * sizeof *input->steps);
    input->count -= count;
}

/* A few steps that follow one another: where they begin, and how many. */
static size_t pick_run(struct changer *changer, const struct input *input, size_t *at)
{
    *at = value_below(changer, input->count);

    size_t most = input->count - *at;

    return 1 + value_below(changer, most < RUN_MOST ? most : RUN_MOST);
}

/* What leads a connection on, as a handshake or a close does: one change that would take a fuzzer many. */
static const struct step phrases[][6] = {
    { PEER(SYN), PEER(ACK), END_OF_LADDER },
    { PEER(SYN, .mss = 1460, .sack_permitted = 1, .tsval = TS_FIRST, .wscale = 2), PEER(ACK), END_OF_LADDER },
    { APP(OPEN), PEER(SYN | ACK), END_OF_LADDER },
    { APP(OPEN), PEER(SYN), PEER(ACK), END_OF_LADDER },
    { PEER(ACK, .len = 100), END_OF_LADDER },
    { PEER(ACK, .len = RMSS), PEER(ACK, .seq = SEG_END, .len = RMSS), END_OF_LADDER },
    { PEER(ACK, .seq = RCV_NXT + 100, .len = 100), END_OF_LADDER },
    { PEER(ACK, .seq = RCV_NXT + 2 * RMSS, .len = RMSS), PEER(ACK, .len = 2 * RMSS), END_OF_LADDER },
    { APP(SEND, .octets = 100), END_OF_LADDER },
    { APP(SEND, .octets = 4000), PEER(ACK), PEER(ACK), END_OF_LADDER },
    { APP(SEND_URGENT, .octets = 10), END_OF_LADDER },
    { PEER(ACK, .ack = SND_UNA), PEER(ACK, .ack = SND_UNA), PEER(ACK, .ack = SND_UNA), END_OF_LADDER },
    { PEER(ACK, .ack = SND_UNA + 1), END_OF_LADDER },
    { PEER(ACK, .ack = SND_UNA + SMSS), END_OF_LADDER },
    { PEER(FIN | ACK), END_OF_LADDER },
    { PEER(FIN | ACK, .ack = SND_UNA), END_OF_LADDER },
    { APP(CLOSE), PEER(ACK), END_OF_LADDER },
    { APP(CLOSE), PEER(FIN | ACK), END_OF_LADDER },
    { APP(CLOSE_BOTH), END_OF_LADDER },
    { APP(PAUSE_READING), END_OF_LADDER },
    { APP(RECEIVE), END_OF_LADDER },
    { APP(ABORT), END_OF_LADDER },
    { PEER(RST, .seq = RCV_NXT), END_OF_LADDER },
    { PEER(RST, .seq = RCV_NXT + RCV_WND - 1), END_OF_LADDER },
    { PEER(SYN, .seq = RCV_NXT), END_OF_LADDER },
    { PEER(ACK | URG, .len = 10, .up = 5), END_OF_LADDER },
    { PEER(ACK, .wnd = ZERO), APP(SEND, .octets = 100), WAIT(3000), END_OF_LADDER },
    { PEER(ACK, .wnd = 1), END_OF_LADDER },
    { ICMP(PACKET_TOO_BIG, .mtu = 576), END_OF_LADDER },
    { ICMP(PORT_UNREACHABLE), END_OF_LADDER },
    { WAIT(250), END_OF_LADDER },
    { WAIT(3000), END_OF_LADDER },
    { WAIT(MINUTES(4)), END_OF_LADDER },
    { WAIT(HOURS(2)), END_OF_LADDER },
    { ON(0), END_OF_LADDER },
    { ON(1), END_OF_LADDER },
    { ON(2), END_OF_LADDER },
    { ON(3), END_OF_LADDER },
};

static void put_phrase(struct changer *changer, struct input *input)
{
    const struct step *phrase = phrases[value_below(changer, COUNT(phrases))];
    size_t             count  = 0;

    while (phrase[count].rung != RUNG_END)
        count++;
    insert(input, value_below(changer, 2) == 0 ? input->count : value_below(changer, input->count + 1), phrase, count);
    changer->what = "phrase";
}

static void delete_run(struct changer *changer, struct input *input)
{
    size_t at, count = pick_run(changer, input, &at);

    cut(input, at, (count + 1) / 2);
    changer->what = "delete";
}

static void duplicate_run(struct changer *changer, struct input *input)
{
    size_t      at, count = pick_run(changer, input, &at);
    struct step run[RUN_MOST];

    memcpy(run, &input->steps[at], count * sizeof *run);
    insert(input, value_below(changer, 2) == 0 ? at : value_below(changer, input->count + 1), run, count);
    changer->what = "duplicate";
}

/* A step again and again, a segment at the same place or each time further on: what grows with each takes several to reach its
 * bound. */
static void repeat_step(struct changer *changer, struct input *input)
{
    size_t      at   = value_below(changer, input->count);
    struct step step = input->steps[at];
    size_t      most = value_below(changer, REPEATS_MOST);
    bool        same = value_below(changer, 2) == 0;
    term        way  = value_way(changer);

    for (size_t i = 0; i <= most; i++) {
        if (!same)
            value_move_on(&step, way);
        insert(input, at + 1 + i < input->count ? at + 1 + i : input->count, &step, 1);
    }
    changer->what = "repeat";
}

static void swap_steps(struct changer *changer, struct input *input)
{
    size_t      a = value_below(changer, input->count), b = value_below(changer, input->count);
    struct step kept = input->steps[a];

    input->steps[a] = input->steps[b];
    input->steps[b] = kept;
    changer->what   = "swap";
}

/* The other one, or its end, behind this one, or behind a beginning of this one; or a run of it somewhere inside. Mostly what
 * was there stays, so that inputs grow: what it costs to begin one is shared by more steps. */
static void splice(struct changer *changer, struct input *input, const struct input *other)
{
    size_t at    = value_below(changer, input->count + 1);
    size_t from  = value_below(changer, 2) == 0 ? 0 : value_below(changer, other->count);
    size_t count = other->count - from;

    switch (value_below(changer, 4)) {
    case 0:
        input->count = at;
        break;
    case 1:
        count = 1 + value_below(changer, count);
        break;
    default:
        at = input->count;
        break;
    }
    insert(input, at, &other->steps[from], count);
    changer->what = "splice";
}

/* ---- fields ------------------------------------------------------------------------------------------------------------- */

static void set_field(struct changer *changer, struct input *input)
{
    value_set(changer, &input->steps[value_below(changer, input->count)]);
    changer->what = "set";
}

static void drop_field(struct changer *changer, struct input *input)
{
    value_drop(changer, &input->steps[value_below(changer, input->count)]);
    changer->what = "drop";
}

static void nudge_field(struct changer *changer, struct input *input)
{
    value_nudge(changer, &input->steps[value_below(changer, input->count)]);
    changer->what = "nudge";
}

/* ---- one change --------------------------------------------------------------------------------------------------------- */

typedef void one_change(struct changer *changer, struct input *input);

/* How often each comes is how often it stands here. */
static one_change *const changes[] = { put_phrase,    put_phrase,  put_phrase,  delete_run,  delete_run,
                                       duplicate_run, repeat_step, swap_steps,  set_field,   set_field,
                                       set_field,     set_field,   nudge_field, nudge_field, drop_field };

static void change_once(struct changer *changer, struct input *input)
{
    if (input->count == 0)
        put_phrase(changer, input);
    else
        changes[value_below(changer, COUNT(changes))](changer, input);
}

void change(struct changer *changer, struct input *input, const struct input *other, size_t most)
{
    size_t times = (size_t)1 << value_below(changer, 4);

    changer->rows_used = 0;
    for (size_t i = 0; i < times; i++)
        change_once(changer, input);
    /* Last, so that what it brings stays together. */
    if (other != NULL && other->count > 0)
        splice(changer, input, other);
    if (input->count > most)
        input->count = most;
    input->steps[input->count].rung = RUNG_END;
}
