#include "fuzz/mutator/value.h"

#include <string.h>

#include "notation_fields.h"
#include "terms.h"

#define COUNT(table)           (sizeof(table) / sizeof *(table))
#define ANY_OF(changer, table) ((table)[value_below((changer), COUNT(table))])

/* SplitMix64. */
static uint64_t next(struct changer *changer)
{
    uint64_t mixed = changer->random += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

size_t value_below(struct changer *changer, size_t most)
{
    return most == 0 ? 0 : next(changer) % most;
}

/* ---- numbers ------------------------------------------------------------------------------------------------------------ */

static const int64_t offsets[] = {
    0,     0,      1,          -1,         2,          -2,         3,          4,           7,
    8,     10,     20,         28,         40,         63,         64,         100,         128,
    255,   256,    512,        535,        536,        537,        1023,       1024,        1220,
    1280,  1459,   1460,       1461,       1500,       4095,       4096,       4097,        8191,
    8192,  8193,   32767,      32768,      65534,      65535,      65536,      65537,       -100,
    -1460, -65535, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, -0x7fffffff, -INT64_C(0x80000000)
};
static const term bases[]   = { 0,   0,       ZERO,    ZERO,    RCV_NXT,   RCV_NXT,  SND_UNA, SND_NXT,    ISS,
                                IRS, SEG_SEQ, SEG_ACK, SEG_END, TS_RECENT, TS_FIRST, TS_LAST, DEFAULT_MSS };
static const term lengths[] = { 0,    0,     0,        RCV_WND, RCV_WND, -RCV_WND, SND_WND, -SND_WND,
                                SMSS, -SMSS, 2 * SMSS, RMSS,    -RMSS,   2 * RMSS, 3 * RMSS };

/* A sum that is a term still; the first of the two where it would not be. */
static term sum(term value, term more)
{
    struct term_parts before = term_take_apart(value), after = term_take_apart(value + more);

    return before.base == after.base && after.bound == BOUND_EXACT ? value + more : value;
}

static term new_offset(struct changer *changer)
{
    return value_below(changer, 4) == 0 ? (term)value_below(changer, 3000) - 1000 : ANY_OF(changer, offsets);
}

static term new_term(struct changer *changer)
{
    term value = ANY_OF(changer, bases) + ANY_OF(changer, lengths);

    if (value_below(changer, 3) > 0)
        value += new_offset(changer);
    return value != 0 ? value : ZERO;
}

/* Sequence numbers count from what the connection has come to. */
static term new_number(struct changer *changer)
{
    static const term near[] = { RCV_NXT, RCV_NXT, RCV_NXT, SND_UNA, SND_NXT, ISS, IRS, SEG_SEQ, SEG_ACK, SEG_END };

    return ANY_OF(changer, near) + ANY_OF(changer, lengths) + (value_below(changer, 3) > 0 ? new_offset(changer) : 0);
}

static term new_length(struct changer *changer)
{
    term value = ANY_OF(changer, lengths) + (value_below(changer, 3) > 0 ? new_offset(changer) : 0);

    return value != 0 ? value : ZERO;
}

/* How far RCV.NXT lies above SEG.SEQ; 0 where that cannot be said. */
static term up_to_rcv_nxt(const struct rung_segment *segment)
{
    term              way   = segment->seq != 0 ? RCV_NXT - segment->seq : 0;
    struct term_parts parts = term_take_apart(way);

    return parts.base == BASE_NONE && parts.bound == BOUND_EXACT ? way : 0;
}

/* The pointer counts from SEG.SEQ: to the end of the text mostly, to the edges of the window, to where it counts for nothing or
 * cannot reach further; or an octet off. */
static term new_urgent_pointer(struct changer *changer, const struct rung_segment *segment)
{
    term       left     = up_to_rcv_nxt(segment);
    const term places[] = { segment->len, segment->len, segment->len, left, sum(left, RCV_WND), 0, 65535 };
    term       value    = sum(ANY_OF(changer, places), (term)value_below(changer, 3) - 1);

    return value != 0 ? value : ZERO;
}

/* ---- other kinds -------------------------------------------------------------------------------------------------------- */

static unsigned new_flags(struct changer *changer)
{
    static const unsigned usual[] = { ACK,       ACK,       ACK,       SYN,       SYN | ACK,
                                      FIN | ACK, FIN,       RST,       RST | ACK, PSH | ACK,
                                      URG | ACK, SYN | FIN, SYN | RST, 0,         ECE | CWR | SYN,
                                      ECE | ACK, CWR | ACK };

    return value_below(changer, 6) == 0 ? (unsigned)value_below(changer, 256) : ANY_OF(changer, usual);
}

static uint32_t new_time_ms(struct changer *changer)
{
    static const uint32_t usual[] = { 1,      10,     100,    199,    200,    201,     500,    999,    1000,
                                      1001,   2000,   3000,   7000,   15000,  60000,   75000,  100000, 120000,
                                      150000, 180000, 240000, 300000, 600000, 7200000, 7275000 };

    return value_below(changer, 4) == 0 ? (uint32_t)value_below(changer, INPUT_WAIT_MS) : ANY_OF(changer, usual);
}

static void new_options(struct changer *changer, struct octets *octets)
{
    static const struct {
        uint8_t count, octets[12];
    } usual[]      = { { 4, { 2, 4, 5, 180 } },
                       { 4, { 2, 4, 0, 0 } },
                       { 4, { 2, 4, 255, 255 } },
                       { 3, { 3, 3, 14 } },
                       { 3, { 3, 3, 255 } },
                       { 2, { 4, 2 } },
                       { 10, { 8, 10, 0, 15 } },
                       { 10, { 5, 10 } },
                       { 2, { 2, 0 } },
                       { 2, { 2, 1 } },
                       { 3, { 2, 3, 1 } },
                       { 2, { 8, 255 } },
                       { 1, { 0 } },
                       { 4, { 1, 1, 1, 1 } },
                       { 2, { 34, 2 } },
                       { 6, { 253, 6, 1, 2, 3, 4 } },
                       { 1, { 2 } },
                       { 11, { 5, 11, 0, 0, 0, 1 } },
                       { 2, { 5, 2 } } };
    uint8_t *row   = changer->rows[changer->rows_used++ % CHANGE_ROWS];
    size_t   count = 0;

    for (size_t pieces = 1 + value_below(changer, 3); pieces > 0; pieces--) {
        size_t which = value_below(changer, COUNT(usual) + 1);

        if (which == COUNT(usual)) {
            row[count++] = (uint8_t)value_below(changer, 256);
            continue;
        }
        memcpy(row + count, usual[which].octets, usual[which].count);
        count += usual[which].count;
    }
    *octets = (struct octets){ row, count };
}

static void new_blocks(struct changer *changer, struct block *blocks)
{
    size_t count = 1 + value_below(changer, FIELD_BLOCKS_COUNT);

    memset(blocks, 0, FIELD_BLOCKS_COUNT * sizeof *blocks);
    for (size_t i = 0; i < count; i++) {
        blocks[i].left = value_below(changer, 4) == 0 ? new_term(changer) : new_number(changer);
        blocks[i].right =
            value_below(changer, 4) == 0 ? new_term(changer) : sum(blocks[i].left, (term)value_below(changer, 1500));
    }
}

/* ---- fields ------------------------------------------------------------------------------------------------------------- */

/* Of a segment, what is behind `from` belongs to rungs that observe. */
static size_t field_count(const struct ladder_rung *rung)
{
    size_t count = 0;

    while (rung->fields[count].name != NULL)
        if (strcmp(rung->fields[count++].name, "from") == 0)
            break;
    return count;
}

static const struct ladder_field *pick_field(struct changer *changer, const struct step *step)
{
    const struct ladder_rung *rung = ladder_rung_of(step->rung);

    return &rung->fields[value_below(changer, field_count(rung))];
}

static size_t word_count(const struct word *words)
{
    size_t count = 0;

    while (words[count].name != NULL)
        count++;
    return count;
}

static bool is_option(const struct ladder_field *field)
{
    static const char *const options[] = { "mss", "wscale", "sack_permitted", "tsval", "tsecr" };

    for (size_t i = 0; i < COUNT(options); i++)
        if (strcmp(field->name, options[i]) == 0)
            return true;
    return false;
}

static term term_for(struct changer *changer, const struct step *step, const struct ladder_field *field)
{
    if (value_below(changer, 8) == 0)
        return new_term(changer);
    if (value_below(changer, 8) == 0 && is_option(field))
        return ABSENT;
    if (strcmp(field->name, "seq") == 0 || strcmp(field->name, "ack") == 0 || strcmp(field->name, "quotes") == 0)
        return new_number(changer);
    if (strcmp(field->name, "up") == 0 && value_below(changer, 4) > 0)
        return new_urgent_pointer(changer, &step->segment);
    return new_length(changer);
}

/* The flag and the pointer mean something together alone, so that mostly one brings the other. */
static void pair_urgent(struct changer *changer, const struct ladder_field *field, struct rung_segment *segment)
{
    if (value_below(changer, 4) == 0)
        return;
    if (strcmp(field->name, "up") == 0)
        segment->flags |= URG;
    else if (strcmp(field->name, "flags") == 0 && (segment->flags & URG) != 0)
        segment->up = new_urgent_pointer(changer, segment);
}

void value_set(struct changer *changer, struct step *step)
{
    const struct ladder_field *field = pick_field(changer, step);
    void                      *place = (uint8_t *)step + field->at;

    switch (field->kind) {
    case FIELD_TERM:
        *(term *)place = term_for(changer, step, field);
        break;
    case FIELD_WORD:
        *(unsigned *)place = field->words[value_below(changer, word_count(field->words))].value;
        break;
    case FIELD_BITS:
        *(unsigned *)place = new_flags(changer);
        break;
    case FIELD_NUMBER:
        *(uint32_t *)place = step->rung == RUNG_ON ? (uint32_t)value_below(changer, INPUT_CONNECTIONS) : new_time_ms(changer);
        break;
    case FIELD_BLOCKS:
        new_blocks(changer, place);
        break;
    case FIELD_OCTETS:
        new_options(changer, place);
        break;
    default:
        break;
    }
    if (step->rung == RUNG_PEER)
        pair_urgent(changer, field, &step->segment);
}

static size_t field_octets(const struct ladder_field *field)
{
    switch (field->kind) {
    case FIELD_TERM:
        return sizeof(term);
    case FIELD_BLOCKS:
        return FIELD_BLOCKS_COUNT * sizeof(struct block);
    case FIELD_OCTETS:
        return sizeof(struct octets);
    default:
        return sizeof(unsigned);
    }
}

term value_way(struct changer *changer)
{
    static const term ways[] = { 1, 2, 10, 20, 100, 1000, RMSS, 2 * RMSS, -1, -10, -100, -RMSS };

    return ANY_OF(changer, ways);
}

void value_move_on(struct step *step, term way)
{
    if (step->rung == RUNG_PEER)
        step->segment.seq = sum(step->segment.seq != 0 ? step->segment.seq : RCV_NXT, way);
}

bool value_next_field(const struct step *step, size_t *field)
{
    const struct ladder_rung *rung = ladder_rung_of(step->rung);

    for (size_t count = field_count(rung); *field < count; ++*field)
        if (!field_left_out(&rung->fields[*field], step))
            return true;
    return false;
}

void value_leave_out(struct step *step, size_t field)
{
    const struct ladder_field *left_out = &ladder_rung_of(step->rung)->fields[field];

    memset((uint8_t *)step + left_out->at, 0, field_octets(left_out));
}

/* The first field is always there. */
void value_drop(struct changer *changer, struct step *step)
{
    size_t count = field_count(ladder_rung_of(step->rung)), field = 1 + value_below(changer, count - 1);

    if (field < count)
        value_leave_out(step, field);
}

void value_nudge(struct changer *changer, struct step *step)
{
    static const term         steps[] = { 1, -1, 1, -1, 2, -2, 8, -8, 100, RMSS, -RMSS, SMSS, -SMSS, RCV_WND, -RCV_WND };
    const struct ladder_rung *rung    = ladder_rung_of(step->rung);
    size_t                    count = field_count(rung), first = value_below(changer, count);

    for (size_t i = 0; i < count; i++) {
        const struct ladder_field *field = &rung->fields[(first + i) % count];
        term                      *place = (term *)(void *)((uint8_t *)step + field->at);

        if (field->kind != FIELD_TERM || *place == 0 || *place == ABSENT)
            continue;
        *place = sum(*place, ANY_OF(changer, steps));
        if (*place == 0)
            *place = ZERO;
        return;
    }
    value_set(changer, step);
}
