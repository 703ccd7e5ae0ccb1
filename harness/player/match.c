#include <stdio.h>
#include <string.h>

#include "inside.h"

/* ---- what is expected ------------------------------------------------------------------------------------------------ */

static void expect_number(const struct player *player, const struct connection *connection, term packed, uint32_t otherwise,
                          bool otherwise_checked, uint32_t *value, bool *check, enum bound *bound)
{
    *bound = BOUND_EXACT;
    if (packed == 0) {
        *value = otherwise;
        *check = otherwise_checked;
        return;
    }
    *value = value_of(player, connection, packed);
    *check = !term_is(packed, BASE_ANY);
    *bound = term_take_apart(packed).bound;
}

/* vocabulary, IUT: what is left out must have its correct value. A SYN's SEQ defines ISS and cannot be compared. */
struct expectation expect(const struct player *player, const struct connection *connection, const struct rung_segment *want)
{
    const struct shadow_end *target = &connection->peer.shadow.target;
    struct expectation       e      = { .want = want, .flags = want->flags };
    bool                     syn    = (want->flags & SYN) != 0;
    bool                     ack    = (want->flags & (ACK | MAY_ACK)) != 0;
    uint32_t                 seq    = syn ? target->iss : target->nxt;
    bool                     known  = target->any_seen;
    bool                     check_len;

    expect_number(player, connection, want->seq, seq, known && !syn, &e.seq, &e.check_seq, &e.seq_bound);
    if (want->seq != 0 && !known && !term_is(want->seq, BASE_ABSOLUTE) && term_is(want->seq, BASE_ISS))
        e.check_seq = false;
    expect_number(player, connection, want->ack, target->ack_seen ? peer_rcv_nxt(&connection->peer) : connection->peer.irs + 1,
                  ack && (target->ack_seen || connection->peer.syn_sent), &e.ack, &e.check_ack, &e.ack_bound);
    expect_number(player, connection, want->len, 0, true, &e.len, &check_len, &e.len_bound);
    e.any_len = !check_len;
    return e;
}

static void interval_text(const struct interval *after, char *text, size_t room)
{
    text[0] = '\0';
    if (after->most == 0 && after->least == 0)
        return;
    if (after->of != NO_MARK)
        snprintf(text, room, " after %u to %u %% of the interval before", after->least, after->most);
    else if (after->most == NO_LIMIT)
        snprintf(text, room, " after %u ms or more", after->least);
    else
        snprintf(text, room, " after %u to %u ms", after->least, after->most);
}

void expectation_text(const struct player *player, const struct connection *connection, const struct expectation *e, char *text,
                      size_t room)
{
    struct notation_symbols names;
    struct segment segment = { .flags = (uint8_t)(e->flags & 0xff), .seq = e->seq, .ack = e->flags & ACK ? e->ack : 0 };
    char           line[400], interval[100];
    static const char *const bounds[] = { "", " LEN at least", " LEN at most" };

    (void)player;
    peer_names(&connection->peer, &names);
    segment.text_octets = e->any_len || e->len_bound != BOUND_EXACT ? 0 : e->len;
    notation_print(&segment, true, &names, line, sizeof line);
    interval_text(&e->want->after, interval, sizeof interval);
    /* The window is free unless it is named: what the printer says of it would mislead. */
    char *window = strstr(line, " WND=");
    if (window != NULL && e->want->wnd == 0) {
        char *end = strchr(window + 1, ' ');
        memmove(window, end != NULL ? end : window + strlen(window), end != NULL ? strlen(end) + 1 : 1);
    }
    if (e->len_bound != BOUND_EXACT)
        snprintf(text, room, "%s%s %u%s", line, bounds[e->len_bound], e->len, interval);
    else
        snprintf(text, room, "%s%s", line, interval);
}

/* ---- comparing ------------------------------------------------------------------------------------------------------- */

static bool sequence_holds(enum bound bound, uint32_t seen, uint32_t limit)
{
    if (bound == BOUND_AT_LEAST)
        return seq_before_eq(limit, seen);
    if (bound == BOUND_AT_MOST)
        return seq_before_eq(seen, limit);
    return seen == limit;
}

static bool flags_match(unsigned want, unsigned seen)
{
    unsigned free = PSH;

    if (want & MAY_ACK)
        free |= ACK;
    if (want & PSH)
        free &= ~(unsigned)PSH;
    return ((want ^ seen) & 0xff & ~free) == 0;
}

static bool field_matches(const struct player *player, const struct connection *connection, term want, uint32_t seen,
                          const char *name, char *difference, size_t room)
{
    if (want == 0 || term_is(want, BASE_ANY))
        return true;
    uint32_t limit = value_of(player, connection, want);

    if (bound_holds(term_take_apart(want).bound, seen, limit))
        return true;
    snprintf(difference, room, "%s is %u where %u is called for", name, seen, limit);
    return false;
}

static bool option_matches(const struct player *player, const struct connection *connection, term want, bool present,
                           uint32_t seen, const char *name, char *difference, size_t room)
{
    if (want == 0)
        return true;
    if (term_is(want, BASE_ABSENT)) {
        if (present)
            snprintf(difference, room, "the %s option is there", name);
        return !present;
    }
    if (!present) {
        snprintf(difference, room, "the %s option is not there", name);
        return false;
    }
    return field_matches(player, connection, want, seen, name, difference, room);
}

static bool sack_matches(const struct player *player, const struct connection *connection, const struct rung_segment *want,
                         const struct tcp_options *options, char *difference, size_t room)
{
    unsigned count = 0;

    while (count < 4 && want->sack[count].left != 0)
        count++;
    if (count == 0)
        return true;
    if (term_is(want->sack[0].left, BASE_ABSENT)) {
        if (options->sack_blocks > 0)
            snprintf(difference, room, "there are SACK blocks");
        return options->sack_blocks == 0;
    }
    for (unsigned i = 0; i < count; i++) {
        uint32_t left  = value_of(player, connection, want->sack[i].left),
                 right = value_of(player, connection, want->sack[i].right);

        if (i >= options->sack_blocks || options->sack[i].left != left || options->sack[i].right != right) {
            snprintf(difference, room, "SACK block %u is not %u:%u", i + 1, left, right);
            return false;
        }
    }
    return true;
}

static bool options_match(const struct player *player, const struct connection *connection, const struct rung_segment *want,
                          const struct tcp_options *seen, char *difference, size_t room)
{
    return option_matches(player, connection, want->mss, seen->has_mss, seen->mss, "MSS", difference, room) &&
           option_matches(player, connection, want->wscale, seen->has_window_scale, seen->window_scale, "window scale",
                          difference, room) &&
           option_matches(player, connection, want->sack_permitted, seen->sack_permitted, 1, "SACK permitted", difference,
                          room) &&
           option_matches(player, connection, want->tsval, seen->has_timestamps, seen->tsval, "TSval", difference, room) &&
           option_matches(player, connection, want->tsecr, seen->has_timestamps, seen->tsecr, "TSecr", difference, room) &&
           sack_matches(player, connection, want, seen, difference, room);
}

/* The octets must be those that the application was given, at their place in the stream. */
bool text_matches(const struct player *player, const struct connection *connection, const struct segment *segment,
                  char *difference, size_t room)
{
    uint32_t first = segment->seq + (segment->flags & SYN ? 1 : 0) - connection->peer.shadow.target.iss - 1;

    if (!connection->peer.shadow.target.syn_seen)
        return true;
    for (uint32_t i = 0; i < segment->text_octets; i++) {
        uint8_t octet;

        if (target_octet(player, connection, first + i, &octet) && segment->text[i] != octet) {
            snprintf(difference, room, "octet %u of the stream differs from what the application sent", first + i);
            return false;
        }
    }
    return true;
}

/* A peer would drop a segment that is not sound, so nothing that it says can be what a rung calls for. */
bool sound(const struct record *record, char *difference, size_t room)
{
    unsigned faults = record->packet.faults & ~(unsigned)FAULT_TCP_OPTIONS;

    if (record->packet.kind != PACKET_TCP)
        snprintf(difference, room, "it is no TCP segment");
    else if (faults != 0)
        packet_faults_print(faults, difference, room);
    else
        return true;
    return false;
}

bool matches(const struct player *player, const struct connection *connection, const struct expectation *e,
             const struct record *record, char *difference, size_t room)
{
    const struct segment      *seen = &record->packet.segment;
    const struct rung_segment *want = e->want;

    difference[0] = '\0';
    if (!sound(record, difference, room))
        return false;
    if (!flags_match(e->flags, seen->flags)) {
        snprintf(difference, room, "the control bits differ");
        return false;
    }
    if (e->check_seq && !sequence_holds(e->seq_bound, seen->seq, e->seq)) {
        snprintf(difference, room, "SEQ is off by %+d", (int32_t)(seen->seq - e->seq));
        return false;
    }
    if (e->check_ack && (seen->flags & ACK) && !sequence_holds(e->ack_bound, seen->ack, e->ack)) {
        snprintf(difference, room, "ACK is off by %+d", (int32_t)(seen->ack - e->ack));
        return false;
    }
    if (!e->any_len && !bound_holds(e->len_bound, (uint32_t)seen->text_octets, e->len)) {
        snprintf(difference, room, "LEN is %zu", seen->text_octets);
        return false;
    }
    return field_matches(player, connection, want->wnd, seen->window, "the window", difference, room) &&
           field_matches(player, connection, want->up, seen->urgent_pointer, "the urgent pointer", difference, room) &&
           options_match(player, connection, want, &record->options, difference, room) &&
           text_matches(player, connection, seen, difference, room);
}

/* ---- noise ----------------------------------------------------------------------------------------------------------- */

/* vocabulary, rule 3: octets, SYN or FIN in SND.UNA..SND.NXT that were seen before. */
static bool repeats(const struct connection *connection, const struct segment *segment)
{
    const struct shadow_end *target = &connection->peer.shadow.target;
    uint32_t                 length = segment_length(segment);
    uint32_t                 una    = connection->peer.shadow.peer.ack_seen ? connection->peer.shadow.peer.ack : target->iss;

    return target->any_seen && length > 0 && !(segment->flags & RST) && seq_before(una, segment->seq + length) &&
           seq_before_eq(una, segment->seq) && seq_before_eq(segment->seq + length, target->nxt);
}

/* The same SEQ and ACK as before with a larger window, once the application could read. */
static bool updates_window(const struct connection *connection, const struct segment *segment)
{
    const struct shadow_end *target = &connection->peer.shadow.target;
    uint32_t                 window = segment->window;

    if (shadow_scales(&connection->peer.shadow))
        window <<= target->syn.window_scale;
    return (segment->flags & ~(unsigned)PSH) == ACK && segment->text_octets == 0 && target->ack_seen &&
           segment->ack == target->ack && segment->seq == target->nxt && window > target->window;
}

/* A bare ACK on the way to octets that were sent for an echo's sake. */
static bool acknowledges_lent(const struct connection *connection, const struct segment *segment)
{
    const struct shadow_end *target = &connection->peer.shadow.target;

    return connection->peer.lent && (segment->flags & ~(unsigned)PSH) == ACK && segment->text_octets == 0 &&
           segment->seq == target->nxt && seq_before(target->ack, segment->ack) &&
           seq_before_eq(segment->ack, connection->peer.lent_to);
}

bool noise(const struct connection *connection, const struct record *record)
{
    const struct segment *segment = &record->packet.segment;
    char                  fault[200];

    if (!sound(record, fault, sizeof fault))
        return false;
    return repeats(connection, segment) || updates_window(connection, segment) || acknowledges_lent(connection, segment);
}

/* ---- taking ---------------------------------------------------------------------------------------------------------- */

/* A SYN with another number than the one before: a listener gives the application another connection between the same sockets.
 * (Where an OPEN made the first, no listener is there.) */
static void notice_successor(struct connection *connection, const struct segment *segment)
{
    const struct shadow_end *target = &connection->peer.shadow.target;
    bool                     opened = connection->calls_open && !connection->accepted;

    if (opened || !(segment->flags & SYN) || !target->any_seen || segment->seq == target->iss)
        return;
    if (connection->accepted)
        connection->former = connection->handle;
    connection->succeeded  = true;
    connection->app_sent   = 0;
    connection->app_judged = 0;
}

/* The rung has read this arrival: symbols move. */
void take(struct player *player, struct record *record)
{
    struct connection       *connection    = &player->scene.connections[record->connection];
    const struct segment    *segment       = &record->packet.segment;
    const struct play_watch *watch         = player->options.watch;
    bool                     moves_nothing = connection->peer.shadow.target.ack_seen && segment_length(segment) == 0 &&
                         (segment->flags & (ACK | RST)) == ACK && segment->ack == connection->peer.shadow.target.ack;

    if (moves_nothing)
        connection->challenged_us = record->time_us;
    if (watch != NULL)
        watch->takes(watch->context, player->play->through, (unsigned)record->connection, &connection->peer, segment,
                     record->time_us - player->rung_began_us);
    notice_successor(connection, segment);
    peer_takes(&connection->peer, segment, &record->options);
    player->scene.last_segment = record->index;
    player->scene.time_us      = record->time_us;
}

static bool excused(struct player *player, struct connection *connection, struct record *record)
{
    char difference[160];

    for (unsigned i = 0; i < connection->maybe_count; i++) {
        if (matches(player, connection, &connection->maybes[i], record, difference, sizeof difference)) {
            connection->maybes[i] = connection->maybes[--connection->maybe_count];
            return true;
        }
    }
    return false;
}

/* On a path that is not tcprove's own, two packets that leave within moments of each other may change places: a bare ACK that
 * comes right after octets that begin where it stands was sent before them. It says nothing that they did not say. */
static bool overtaken(const struct player *player, const struct connection *connection, const struct record *record)
{
    const struct segment *segment = &record->packet.segment;
    char                  fault[200];

    if (!player->target->offloads || segment->text_octets > 0 || (segment->flags & ~(unsigned)PSH) != ACK ||
        !sound(record, fault, sizeof fault) || !connection->peer.shadow.target.ack_seen ||
        !seq_before_eq(segment->ack, connection->peer.shadow.target.ack))
        return false;
    for (size_t i = record->index; i > 0; i--) {
        const struct record *earlier = &player->log[i - 1];

        if (earlier->time_us + OVERTAKEN_US < record->time_us)
            return false;
        if (earlier->from_target && earlier->connection == record->connection && earlier->packet.segment.text_octets > 0 &&
            earlier->packet.segment.seq == segment->seq)
            return true;
    }
    return false;
}

/* Passes over an arrival that the rung does not want, if it is noise or a MAYBE gave it leave. Noise moves the symbols too, but
 * is not "the segment before" of an interval that is being measured. */
bool pass_over(struct player *player, struct record *record)
{
    struct connection *connection = &player->scene.connections[record->connection];
    size_t             before     = player->scene.last_segment;
    uint64_t           time_us    = player->scene.time_us;

    if (overtaken(player, connection, record))
        return true;
    if (!excused(player, connection, record) && !noise(connection, record))
        return false;
    uint64_t challenged_us = connection->challenged_us;

    take(player, record);
    connection->challenged_us  = challenged_us;
    player->scene.last_segment = before;
    player->scene.time_us      = time_us;
    return true;
}
