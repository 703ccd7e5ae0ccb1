#include "notation_fields.h"

#include <stddef.h>
#include <string.h>

#include "notation_term.h"

#define AT(member) offsetof(struct step, member)

static const struct word connection_words[] = { { "FRESH", FRESH }, { NULL, 0 } };
static const struct word silence_words[]    = { { "PROVEN", PROVEN }, { NULL, 0 } };

static const struct ladder_field segment_fields[] = {
    { "flags", FIELD_BITS, AT(segment.flags), flag_words },
    { "seq", FIELD_TERM, AT(segment.seq), NULL },
    { "ack", FIELD_TERM, AT(segment.ack), NULL },
    { "wnd", FIELD_TERM, AT(segment.wnd), NULL },
    { "len", FIELD_TERM, AT(segment.len), NULL },
    { "up", FIELD_TERM, AT(segment.up), NULL },
    { "mss", FIELD_TERM, AT(segment.mss), NULL },
    { "wscale", FIELD_TERM, AT(segment.wscale), NULL },
    { "sack_permitted", FIELD_TERM, AT(segment.sack_permitted), NULL },
    { "tsval", FIELD_TERM, AT(segment.tsval), NULL },
    { "tsecr", FIELD_TERM, AT(segment.tsecr), NULL },
    { "sack", FIELD_BLOCKS, AT(segment.sack), NULL },
    { "options", FIELD_OCTETS, AT(segment.options), NULL },
    { "corrupt", FIELD_WORD, AT(segment.corrupt), damage_words },
    { "data_offset", FIELD_TERM, AT(segment.data_offset), NULL },
    { "reserved", FIELD_TERM, AT(segment.reserved), NULL },
    { "fill", FIELD_WORD, AT(segment.fill), filler_words },
    { "from", FIELD_WORD, AT(segment.from), place_words },
    { "after", FIELD_INTERVAL, AT(segment.after), NULL },
    { "mark", FIELD_WORD, AT(segment.mark), mark_words },
    { "since", FIELD_WORD, AT(segment.since), mark_words },
    { "each", FIELD_TERM, AT(segment.each), NULL },
    { "held", FIELD_WORD, AT(segment.held), yes_words },
    { "apart_ms", FIELD_NUMBER, AT(segment.apart_ms), NULL },
    { "stride", FIELD_TERM, AT(segment.stride), NULL },
    { "rule", FIELD_STRING, AT(segment.rule), NULL },
    { NULL, FIELD_TERM, 0, NULL },
};

static const struct ladder_field entry_fields[] = {
    { "state", FIELD_WORD, AT(entry.state), state_words },
    { "via", FIELD_WORD, AT(entry.via), way_words },
    { "with", FIELD_BITS, AT(entry.with), feature_words },
    { "irs", FIELD_TERM, AT(entry.irs), NULL },
    { "mss", FIELD_TERM, AT(entry.mss), NULL },
    { "wnd", FIELD_TERM, AT(entry.wnd), NULL },
    { NULL, FIELD_TERM, 0, NULL },
};

static const struct ladder_field call_fields[] = {
    { "call", FIELD_WORD, AT(user.call), call_words },
    { "octets", FIELD_TERM, AT(user.octets), NULL },
    { "setting", FIELD_WORD, AT(user.setting), setting_words },
    { "value", FIELD_NUMBER, AT(user.value), NULL },
    { NULL, FIELD_TERM, 0, NULL },
};

static const struct ladder_field notice_fields[] = {
    { "event", FIELD_WORD, AT(notice.event), event_words },
    { "octets", FIELD_TERM, AT(notice.octets), NULL },
    { NULL, FIELD_TERM, 0, NULL },
};

static const struct ladder_field message_fields[] = {
    { "kind", FIELD_WORD, AT(message.kind), icmp_words },
    { "mtu", FIELD_TERM, AT(message.mtu), NULL },
    { "quotes", FIELD_TERM, AT(message.quotes), NULL },
    { NULL, FIELD_TERM, 0, NULL },
};

static const struct ladder_field connection_fields[] = {
    { "number", FIELD_NUMBER, AT(number), connection_words },
    { NULL, FIELD_TERM, 0, NULL },
};

static const struct ladder_field silence_fields[] = {
    { "number", FIELD_NUMBER, AT(number), silence_words },
    { NULL, FIELD_TERM, 0, NULL },
};

static const struct ladder_field number_fields[] = {
    { "number", FIELD_NUMBER, AT(number), NULL },
    { NULL, FIELD_TERM, 0, NULL },
};

static const struct ladder_field clause_fields[] = {
    { "clause", FIELD_STRING, AT(clause), NULL },
    { NULL, FIELD_TERM, 0, NULL },
};

static const struct ladder_field judge_fields[] = {
    { "what", FIELD_NAME, AT(what), NULL },
    { NULL, FIELD_TERM, 0, NULL },
};

const struct ladder_rung ladder_rungs[] = {
    { "ENTER", RUNG_ENTER, entry_fields, "state", HOLDS_NOTHING },
    { "ON", RUNG_ON, connection_fields, "number", HOLDS_NOTHING },
    { "PEER", RUNG_PEER, segment_fields, "flags", HOLDS_NOTHING },
    { "IUT", RUNG_IUT, segment_fields, "flags", HOLDS_NOTHING },
    { "PEER_SENDS", RUNG_PEER_SENDS, segment_fields, "len", HOLDS_NOTHING },
    { "IUT_SENDS", RUNG_IUT_SENDS, segment_fields, "len", HOLDS_NOTHING },
    { "IUT_ACKS", RUNG_IUT_ACKS, segment_fields, "ack", HOLDS_NOTHING },
    { "ONE_OF", RUNG_ONE_OF, NULL, NULL, HOLDS_WAYS },
    { "MAYBE", RUNG_MAYBE, clause_fields, "clause", HOLDS_RUNGS },
    { "SILENCE", RUNG_SILENCE, silence_fields, "number", HOLDS_NOTHING },
    { "WAIT", RUNG_WAIT, number_fields, "number", HOLDS_NOTHING },
    { "APP", RUNG_APP, call_fields, "call", HOLDS_NOTHING },
    { "APP_SEES", RUNG_APP_SEES, notice_fields, "event", HOLDS_NOTHING },
    { "ICMP", RUNG_ICMP, message_fields, "kind", HOLDS_NOTHING },
    { "ALIVE", RUNG_ALIVE, NULL, NULL, HOLDS_NOTHING },
    { "GONE", RUNG_GONE, NULL, NULL, HOLDS_NOTHING },
    { "ROUNDS", RUNG_ROUNDS, number_fields, "number", HOLDS_RUNGS },
    { "JUDGE", RUNG_JUDGE, judge_fields, "what", HOLDS_NOTHING },
    { NULL, RUNG_END, NULL, NULL, HOLDS_NOTHING },
};

const struct ladder_rung way_by       = { "BY", RUNG_END, clause_fields, "clause", HOLDS_RUNGS };
const struct ladder_rung way_deviates = { "DEVIATES", RUNG_END, clause_fields, "clause", HOLDS_RUNGS };

const struct ladder_rung *ladder_rung_of(enum rung rung)
{
    for (const struct ladder_rung *at = ladder_rungs; at->name != NULL; at++)
        if (at->rung == rung)
            return at;
    return NULL;
}

const struct ladder_field *ladder_field_of(const struct ladder_rung *rung, const char *name)
{
    for (const struct ladder_field *field = rung->fields; field != NULL && field->name != NULL; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

/* ---- values --------------------------------------------------------------------------------------------------------- */

static const void *place_of(const struct ladder_field *field, const struct step *step)
{
    return (const char *)step + field->at;
}

static unsigned unsigned_at(const void *place)
{
    unsigned value;

    memcpy(&value, place, sizeof value);
    return value;
}

static unsigned blocks_used(const struct block *blocks)
{
    unsigned used = 0;

    for (unsigned i = 0; i < FIELD_BLOCKS_COUNT; i++)
        if (blocks[i].left != 0 || blocks[i].right != 0)
            used = i + 1;
    return used;
}

bool field_left_out(const struct ladder_field *field, const struct step *step)
{
    const void            *place    = place_of(field, step);
    const struct interval *interval = place;

    switch (field->kind) {
    case FIELD_TERM:
        return *(const term *)place == 0;
    case FIELD_WORD:
    case FIELD_BITS:
    case FIELD_NUMBER:
        return unsigned_at(place) == 0;
    case FIELD_BLOCKS:
        return blocks_used(place) == 0;
    case FIELD_OCTETS:
        return ((const struct octets *)place)->count == 0;
    case FIELD_INTERVAL:
        return interval->least == 0 && interval->most == 0 && interval->of == NO_MARK;
    case FIELD_STRING:
    case FIELD_NAME:
        break;
    }
    return *(const char *const *)place == NULL;
}

static void blocks_print(struct text_out *out, const struct block *blocks)
{
    text_add(out, "{");
    for (unsigned i = 0; i < blocks_used(blocks); i++) {
        text_add(out, i > 0 ? ", {" : "{");
        term_print(out, blocks[i].left);
        text_add(out, ", ");
        term_print(out, blocks[i].right);
        text_add(out, "}");
    }
    text_add(out, "}");
}

static void octets_print(struct text_out *out, const struct octets *octets)
{
    text_add(out, "OCTETS(");
    for (size_t i = 0; i < octets->count; i++)
        text_add(out, "%s%u", i > 0 ? ", " : "", octets->at[i]);
    text_add(out, ")");
}

static bool is_interval(const struct interval *interval, uint32_t least, uint32_t most, enum mark of)
{
    return interval->least == least && interval->most == most && interval->of == of;
}

static void limit_print(struct text_out *out, uint32_t limit)
{
    if (limit == NO_LIMIT)
        text_add(out, "NO_LIMIT");
    else
        text_add(out, "%u", limit);
}

static void interval_print(struct text_out *out, const struct interval *interval)
{
    if (is_interval(interval, 0, 20, NO_MARK)) {
        text_add(out, "AT_ONCE");
    } else if (is_interval(interval, 0, NO_LIMIT, NO_MARK)) {
        text_add(out, "MEASURED");
    } else if (is_interval(interval, 150, 250, PREVIOUS)) {
        text_add(out, "DOUBLED");
    } else {
        text_add(out, interval->of == NO_MARK ? "MS(" : "PERCENT(");
        limit_print(out, interval->least);
        text_add(out, ", ");
        limit_print(out, interval->most);
        if (interval->of != NO_MARK) {
            text_add(out, ", ");
            word_print(out, mark_words, interval->of);
        }
        text_add(out, ")");
    }
}

static void string_print(struct text_out *out, const char *string)
{
    if (string == NULL) {
        text_add(out, "NULL");
        return;
    }
    text_add(out, "\"");
    for (; *string != '\0'; string++) {
        if (*string == '"' || *string == '\\')
            text_add(out, "\\%c", *string);
        else if (*string == '\n')
            text_add(out, "\\n");
        else
            text_add(out, "%c", *string);
    }
    text_add(out, "\"");
}

void field_print(struct text_out *out, const struct ladder_field *field, const struct step *step)
{
    const void *place = place_of(field, step);

    switch (field->kind) {
    case FIELD_TERM:
        term_print(out, *(const term *)place);
        break;
    case FIELD_WORD:
        word_print(out, field->words, unsigned_at(place));
        break;
    case FIELD_BITS:
        bits_print(out, field->words, unsigned_at(place));
        break;
    case FIELD_NUMBER:
        if (field->words != NULL)
            word_print(out, field->words, unsigned_at(place));
        else
            text_add(out, "%u", unsigned_at(place));
        break;
    case FIELD_BLOCKS:
        blocks_print(out, place);
        break;
    case FIELD_OCTETS:
        octets_print(out, place);
        break;
    case FIELD_INTERVAL:
        interval_print(out, place);
        break;
    case FIELD_STRING:
        string_print(out, *(const char *const *)place);
        break;
    case FIELD_NAME:
        text_add(out, "%s", *(const char *const *)place != NULL ? *(const char *const *)place : "NULL");
        break;
    }
}
