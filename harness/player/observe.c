#include <stdio.h>
#include <string.h>

#include "inside.h"

/* ---- time -------------------------------------------------------------------------------------------------------------- */

/* The interval that a rung allows, in microseconds at the target, from the record `base` on; where there is none (SIZE_MAX),
 * from `base_us` on. */
struct window {
    bool     judged;
    size_t   base;
    uint64_t base_us, least_us, most_us, wait_until_us;
};

/* How far an interval that was measured here may be from what it was at the target. */
static uint64_t path_noise_us(const struct player *player)
{
    return player->target->round_trip_us - player->target->round_trip_least_us;
}

/* What a segment of ours and the answer to it spend on the way at least: no part of the target's own interval. One that began
 * with a segment of the target's has no such part. */
static uint64_t way_us(const struct player *player, size_t base)
{
    return base != SIZE_MAX && !player->log[base].from_target ? player->target->round_trip_least_us : 0;
}

static uint64_t interval_before(const struct player *player, enum mark mark)
{
    return mark == PREVIOUS ? player->scene.measured_us : player->scene.mark_interval_us[mark];
}

static struct window window_since(const struct player *player, enum mark since)
{
    const struct scene *scene = &player->scene;

    if (since != NO_MARK && since < PREVIOUS)
        return (struct window){ .base = SIZE_MAX, .base_us = scene->mark_at_us[since] };
    return (struct window){ .base = scene->last_segment,
                            .base_us =
                                scene->last_segment != SIZE_MAX ? player->log[scene->last_segment].time_us : scene->time_us };
}

static uint64_t stretched(const struct player *player, uint64_t ms)
{
    double scale = player->target->virtual_time ? 1.0 : player->options.time_scale;

    return (uint64_t)((double)ms * 1000.0 * scale);
}

static struct window window_for(const struct player *player, const struct rung_segment *rung)
{
    const struct interval *after  = &rung->after;
    struct window          window = window_since(player, rung->since);

    window.wait_until_us = player->scene.time_us + stretched(player, DEFAULT_WAIT_MS);
    if (after->least == 0 && after->most == 0)
        return window;
    window.least_us = (uint64_t)after->least * 1000;
    if (after->of == NO_MARK && after->most == NO_LIMIT) {
        window.judged        = after->least > 0;
        window.wait_until_us = window.base_us + window.least_us + stretched(player, MEASURED_WAIT_MS);
        window.least_us -= window.least_us < path_noise_us(player) ? window.least_us : path_noise_us(player);
        return window;
    }
    window.judged  = true;
    window.most_us = (uint64_t)after->most * 1000;
    if (after->of != NO_MARK) {
        uint64_t measured = interval_before(player, after->of);

        window.least_us = measured * after->least / 100;
        window.most_us  = measured * after->most / 100;
    }
    window.least_us -= window.least_us < path_noise_us(player) ? window.least_us : path_noise_us(player);
    window.most_us += path_noise_us(player);
    window.wait_until_us = window.base_us + window.most_us + way_us(player, window.base);
    return window;
}

/* The base of an interval is the tester's own segment in most cases; its capture time is known once the reply has been read. */
static bool came_in_time(struct player *player, const struct step *step, const struct window *window,
                         const struct record *record, const char *expected, const char *actual)
{
    const struct rung_segment *rung     = &step->segment;
    uint64_t                   base_us  = window->base != SIZE_MAX ? player->log[window->base].time_us : window->base_us;
    uint64_t                   passed   = record->time_us > base_us ? record->time_us - base_us : 0;
    uint64_t                   way      = way_us(player, window->base);
    uint64_t                   interval = passed > way ? passed - way : 0;

    if (window->judged && interval < window->least_us) {
        fail(player, step, true, expected, actual, "it came after %.1f ms, not before %.1f ms was right",
             (double)interval / 1000, (double)window->least_us / 1000);
        return false;
    }
    if (rung->after.most != 0)
        player->scene.measured_us = interval;
    if (rung->mark != NO_MARK && rung->mark < PREVIOUS) {
        player->scene.mark_at_us[rung->mark]       = record->time_us;
        player->scene.mark_interval_us[rung->mark] = interval;
    }
    return true;
}

/* ---- explaining -------------------------------------------------------------------------------------------------------- */

static void record_text(const struct player *player, const struct record *record, char *text, size_t room)
{
    struct notation_symbols names;

    peer_names(&player->scene.connections[record->connection].peer, &names);
    notation_print(&record->packet.segment, true, &names, text, room);
}

static enum outcome nothing_came(struct player *player, const struct step *step, const char *expected, uint64_t since_us,
                                 uint64_t until_us)
{
    double waited_ms = until_us > since_us ? (double)(until_us - since_us) / 1000 : 0;

    player->scene.time_us = until_us;
    return fail(player, step, true, expected, "nothing", "nothing came within %.0f ms", waited_ms);
}

static enum outcome something_else(struct player *player, const struct step *step, const char *expected,
                                   const struct record *record, const char *difference)
{
    char     actual[500];
    unsigned of = (unsigned)record->connection;

    record_text(player, record, actual, sizeof actual);
    /* Something sent again says that the target did not get our answer to it. */
    const struct shadow_end *target = &player->scene.connections[of].peer.shadow.target;
    bool again = target->any_seen && segment_length(&record->packet.segment) > 0 && (record->packet.segment.flags & RST) == 0 &&
                 seq_before(record->packet.segment.seq, target->nxt);

    if (of != player->scene.current)
        return fail(player, step, false, expected, actual, "a segment came on connection %u, which nothing there calls for",
                    of);
    return fail(player, step, again, expected, actual, "%s", difference);
}

/* ---- the FIN at the end of data ---------------------------------------------------------------------------------------- */

/* A FIN on the last of the octets counts as a segment of its own: the octets are taken now, the FIN is read by the next rung.
 * The log stays as it was captured, for a ONE_OF may read it again. */
static struct record *next_arrival(struct player *player, uint64_t deadline_us)
{
    struct connection *connection = current(player);

    if (!connection->fin_split)
        return log_next(player, deadline_us);
    connection->fin_split = false;
    player->split         = player->log[connection->fin_record];
    struct segment *fin   = &player->split.packet.segment;

    fin->seq += (uint32_t)fin->text_octets;
    fin->text_octets = 0;
    return &player->split;
}

static void take_but_fin(struct player *player, struct record *record)
{
    struct connection *connection = current(player);
    struct record      octets     = *record;

    if ((record->packet.segment.flags & FIN) && record->packet.segment.text_octets > 0) {
        octets.packet.segment.flags = (uint8_t)(octets.packet.segment.flags & ~FIN);
        connection->fin_split       = true;
        connection->fin_record      = record->index;
    }
    take(player, &octets);
}

/* ---- IUT --------------------------------------------------------------------------------------------------------------- */

enum outcome observe_one(struct player *player, const struct step *step)
{
    struct connection *connection = current(player);

    if (connection_ready(player, connection) != THROUGH)
        return NOT_THROUGH;
    struct expectation e      = expect(player, connection, &step->segment);
    struct window      window = window_for(player, &step->segment);
    uint64_t           began  = player->scene.time_us;
    char               expected[500], actual[500], difference[200];

    expectation_text(player, connection, &e, expected, sizeof expected);
    for (;;) {
        struct record *record = next_arrival(player, window.wait_until_us);

        if (player->play->verdict == VERDICT_ERROR)
            return NOT_THROUGH;
        if (record == NULL)
            return nothing_came(player, step, expected, window.judged ? window.base_us : began, window.wait_until_us);
        if (record->connection == (int)player->scene.current &&
            matches(player, connection, &e, record, difference, sizeof difference)) {
            record_text(player, record, actual, sizeof actual);
            if (!came_in_time(player, step, &window, record, expected, actual))
                return NOT_THROUGH;
            take(player, record);
            return THROUGH;
        }
        if (record->connection != (int)player->scene.current)
            snprintf(difference, sizeof difference, "it is on another connection");
        if (!pass_over(player, record))
            return something_else(player, step, expected, record, difference);
    }
}

/* ---- IUT_ACKS ---------------------------------------------------------------------------------------------------------- */

/* Whether a segment is a step towards ACK = goal: in order, its ACK not beyond the goal, and something new in it. */
static bool acks_towards(const struct connection *connection, const struct record *record, uint32_t goal, char *difference,
                         size_t room)
{
    const struct shadow_end *target  = &connection->peer.shadow.target;
    const struct segment    *segment = &record->packet.segment;

    if (!sound(record, difference, room))
        return false;
    if ((segment->flags & (ACK | RST | SYN)) != ACK) {
        snprintf(difference, room, "the control bits differ");
        return false;
    }
    if (seq_before(goal, segment->ack)) {
        snprintf(difference, room, "ACK passes it by %u", segment->ack - goal);
        return false;
    }
    bool advances = !target->ack_seen || seq_before(target->ack, segment->ack);
    bool has_new  = segment_length(segment) > 0 && segment->seq == target->nxt;

    if (!advances && !has_new)
        snprintf(difference, room, "an ACK that moves nothing, which nothing there calls for");
    else if (target->any_seen && segment->seq != target->nxt)
        snprintf(difference, room, "SEQ is not SND.NXT");
    else
        return true;
    return false;
}

static bool reply_options_match(const struct player *player, const struct connection *connection,
                                const struct rung_segment *want, const struct record *record, char *difference, size_t room)
{
    struct rung_segment only = { .flags = ACK, .seq = ANY, .ack = ANY, .len = ANY };

    only.tsecr = want->tsecr;
    only.tsval = want->tsval;
    only.wnd   = want->wnd;
    for (int i = 0; i < 4; i++)
        only.sack[i] = want->sack[i];
    struct expectation e = expect(player, connection, &only);

    e.flags = record->packet.segment.flags;
    return matches(player, connection, &e, record, difference, room);
}

static void acks_expected_text(const struct player *player, const struct connection *connection, uint32_t goal, char *text,
                               size_t room)
{
    struct rung_segment want = { .flags = ACK, .ack = ZERO + goal };
    struct expectation  e    = expect(player, connection, &want);

    expectation_text(player, connection, &e, text, room);
}

enum outcome observe_acks(struct player *player, const struct step *step)
{
    struct connection *connection = current(player);

    if (connection_ready(player, connection) != THROUGH)
        return NOT_THROUGH;
    uint32_t      goal   = value_of(player, connection, step->segment.ack);
    struct window window = window_for(player, &step->segment);
    uint64_t      began  = player->scene.time_us;
    char          expected[500], actual[500], difference[200];

    acks_expected_text(player, connection, goal, expected, sizeof expected);
    while (!connection->peer.shadow.target.ack_seen || connection->peer.shadow.target.ack != goal) {
        struct record *record = next_arrival(player, window.wait_until_us);

        if (player->play->verdict == VERDICT_ERROR)
            return NOT_THROUGH;
        if (record == NULL)
            return nothing_came(player, step, expected, began, window.wait_until_us);
        bool own = record->connection == (int)player->scene.current;
        if (own && acks_towards(connection, record, goal, difference, sizeof difference)) {
            bool reached = record->packet.segment.ack == goal;

            record_text(player, record, actual, sizeof actual);
            if (reached && !reply_options_match(player, connection, &step->segment, record, difference, sizeof difference))
                return fail(player, step, false, expected, actual, "%s", difference);
            if (reached && !came_in_time(player, step, &window, record, expected, actual))
                return NOT_THROUGH;
            take_but_fin(player, record);
            continue;
        }
        if (!own)
            snprintf(difference, sizeof difference, "it is on another connection");
        if (!pass_over(player, record))
            return something_else(player, step, expected, record, difference);
    }
    return come_to_rest(player);
}

/* ---- IUT_SENDS --------------------------------------------------------------------------------------------------------- */

struct harvest {
    uint32_t   at, end; /* next octet awaited; one past the last */
    uint32_t   limit;   /* octets of one segment at most */
    enum bound bound;
    uint32_t   each;
    bool       bounded;
};

static bool belongs(const struct player *player, const struct connection *connection, const struct harvest *harvest,
                    const struct record *record, char *difference, size_t room)
{
    const struct segment *segment = &record->packet.segment;
    uint32_t              length  = (uint32_t)segment->text_octets;
    uint32_t              past    = segment->seq + length;
    uint32_t              edge    = connection->peer.shadow.peer.right_edge;

    if (!sound(record, difference, room))
        return false;
    if ((segment->flags & (ACK | RST | SYN)) != ACK)
        snprintf(difference, room, "the control bits differ");
    else if (segment->seq != harvest->at || length == 0)
        snprintf(difference, room, "these are not the octets that come next");
    else if (seq_before(harvest->end, past))
        snprintf(difference, room, "%u octets more than were expected", past - harvest->end);
    else if (harvest->bounded && !bound_holds(harvest->bound, length, harvest->each))
        snprintf(difference, room, "a segment of %u octets where %u is the bound", length, harvest->each);
    else if (length + segment->option_octets > harvest->limit)
        snprintf(difference, room, "a segment of %u octets is above the MSS of %u", length, harvest->limit);
    else if (connection->peer.shadow.peer.ack_seen && seq_before(edge, past))
        snprintf(difference, room, "%u octets lie beyond the window", past - edge);
    else
        return text_matches(player, connection, segment, difference, room);
    return false;
}

static enum outcome acknowledge(struct player *player)
{
    static const struct rung_segment plain      = { .flags = ACK };
    struct connection               *connection = current(player);
    unsigned                         index      = player->scene.current;

    /* When a ONE_OF reads the same octets again, their ACK has left already. */
    if (player->acked_any[index] && seq_before_eq(connection->peer.accepted, player->acked_to[index])) {
        connection->peer.shadow.peer.ack = connection->peer.accepted;
        return THROUGH;
    }
    player->acked_any[index] = true;
    player->acked_to[index]  = connection->peer.accepted;
    return send_segment(player, &plain);
}

static struct harvest harvest_for(const struct player *player, const struct connection *connection,
                                  const struct rung_segment *rung)
{
    struct harvest harvest = { .at    = connection->peer.shadow.target.nxt,
                               .limit = peer_target_limit(&connection->peer, &player->link) };

    if (rung->seq != 0)
        harvest.at = value_of(player, connection, rung->seq);
    harvest.end = harvest.at + value_of(player, connection, rung->len);
    if (rung->each != 0) {
        harvest.bounded = true;
        harvest.bound   = term_take_apart(rung->each).bound;
        harvest.each    = value_of(player, connection, rung->each);
    }
    return harvest;
}

static enum outcome octets_missing(struct player *player, const struct step *step, const struct harvest *harvest, bool began,
                                   const char *expected, uint64_t since_us, uint64_t until_us)
{
    /* No octet at all after the application was told to send: the case could not be played (vocabulary, rule 6). */
    if (!began && step->segment.seq == 0) {
        player->scene.time_us = until_us;
        return give_up(player, VERDICT_INCONCLUSIVE, "the application was told to send, and no octet came within %.0f ms",
                       (double)(until_us - since_us) / 1000);
    }
    /* An echo may have come to the application in pieces; less than a segment then waits for an ACK that is held here. */
    uint32_t missing = harvest->end - harvest->at;

    if (player->options.service == SERVICE_ECHO && step->segment.held && missing < harvest->limit) {
        player->scene.time_us = until_us;
        return give_up(player, VERDICT_INCONCLUSIVE, "%u octets of the echo wait for an ACK, as RFC 9293 3.7.4 has it",
                       missing);
    }
    nothing_came(player, step, expected, since_us, until_us);
    if (player->play->verdict == VERDICT_FAIL)
        snprintf(player->play->reason, sizeof player->play->reason, "%u of the octets never came", harvest->end - harvest->at);
    return NOT_THROUGH;
}

/* Reads the octets of an IUT_SENDS and acknowledges them, unless they are held. */
static enum outcome read_octets(struct player *player, const struct step *step)
{
    struct connection *connection = current(player);
    struct harvest     harvest    = harvest_for(player, connection, &step->segment);
    struct window      window     = window_for(player, &step->segment);
    bool               began      = false;
    char               expected[120], actual[500], difference[200];

    snprintf(expected, sizeof expected, "<== %u octets from SND_NXT on", harvest.end - harvest.at);
    while (harvest.at != harvest.end) {
        uint64_t since_us     = player->scene.time_us;
        uint64_t until_us     = window.judged && !began ? window.wait_until_us : since_us + stretched(player, DEFAULT_WAIT_MS);
        struct record *record = next_arrival(player, until_us);

        if (player->play->verdict == VERDICT_ERROR)
            return NOT_THROUGH;
        if (record == NULL)
            return octets_missing(player, step, &harvest, began, expected, since_us, until_us);
        bool own = record->connection == (int)player->scene.current;
        if (own && belongs(player, connection, &harvest, record, difference, sizeof difference)) {
            record_text(player, record, actual, sizeof actual);
            if (!began && !came_in_time(player, step, &window, record, expected, actual))
                return NOT_THROUGH;
            began = true;
            harvest.at += (uint32_t)record->packet.segment.text_octets;
            take_but_fin(player, record);
            if (!step->segment.held && acknowledge(player) != THROUGH)
                return NOT_THROUGH;
            continue;
        }
        if (!own)
            snprintf(difference, sizeof difference, "it is on another connection");
        if (!pass_over(player, record))
            return something_else(player, step, expected, record, difference);
    }
    return THROUGH;
}

/* What the target's application still owes (an echo) comes and is acknowledged, so that no strict rung meets leftovers. */
enum outcome come_to_rest(struct player *player)
{
    struct connection *connection = current(player);
    struct shadow_end *peer       = &connection->peer.shadow.peer;

    if (player->options.service != SERVICE_ECHO || !connection->peer.accepts || !peer->ack_seen)
        return THROUGH;
    /* What waits for our ACK (RFC 9293 3.7.4, a full congestion window) would never come without it. */
    if (seq_before(peer->ack, connection->peer.accepted) && acknowledge(player) != THROUGH)
        return NOT_THROUGH;
    uint32_t    owed = echo_owed(player, connection);
    struct step rest = { .rung = RUNG_IUT_SENDS, .segment = { .len = ZERO + owed } };

    return owed > 0 ? read_octets(player, &rest) : THROUGH;
}

enum outcome observe_sends(struct player *player, const struct step *step)
{
    if (read_octets(player, step) != THROUGH)
        return NOT_THROUGH;
    return step->segment.held ? THROUGH : come_to_rest(player);
}

/* ---- PEER_SENDS -------------------------------------------------------------------------------------------------------- */

/* Reads ACKs until one comes, the deadline passes or all is acknowledged. */
static enum outcome read_ack(struct player *player, const struct step *step, uint32_t goal, uint64_t deadline_us, bool *came)
{
    struct connection *connection = current(player);
    char               expected[500], actual[500], difference[200];

    *came = false;
    for (;;) {
        struct record *record = next_arrival(player, deadline_us);

        if (record == NULL)
            return player->play->verdict == VERDICT_ERROR ? NOT_THROUGH : THROUGH;
        acks_expected_text(player, connection, goal, expected, sizeof expected);
        bool own = record->connection == (int)player->scene.current;
        if (own && acks_towards(connection, record, goal, difference, sizeof difference)) {
            uint32_t stride = record->packet.segment.ack - connection->peer.shadow.target.ack;
            uint32_t limit  = step->segment.stride != 0 ? value_of(player, connection, step->segment.stride) : UINT32_MAX;

            record_text(player, record, actual, sizeof actual);
            if (stride > limit)
                return fail(player, step, false, expected, actual, "one ACK covers %u octets where %u is the bound", stride,
                            limit);
            take_but_fin(player, record);
            *came = true;
            return THROUGH;
        }
        if (!own)
            snprintf(difference, sizeof difference, "it is on another connection");
        if (!pass_over(player, record))
            return something_else(player, step, expected, record, difference);
        *came = connection->peer.shadow.target.ack == goal; /* a retransmission carries an ACK as well */
        if (*came)
            return THROUGH;
    }
}

/* Octets of the next segment that the target's window has room for; 0 if it must open first. */
static uint32_t room_for(const struct connection *connection, uint32_t at, uint32_t end, uint32_t each)
{
    uint32_t edge = connection->peer.shadow.target.ack + connection->peer.shadow.target.window;
    uint32_t room = seq_before(at, edge) ? edge - at : 0;
    uint32_t left = end - at < each ? end - at : each;

    return room < left ? room : left;
}

enum outcome peer_sends(struct player *player, const struct step *step)
{
    struct connection *connection = current(player);
    uint32_t           at         = value_of(player, connection, RCV_NXT);
    uint32_t           end        = at + value_of(player, connection, step->segment.len);
    uint32_t           each       = step->segment.each != 0 ? value_of(player, connection, step->segment.each)
                                                            : peer_own_limit(&connection->peer, &player->link);
    uint64_t           wait_us    = stretched(player, DEFAULT_WAIT_MS);
    bool               came;

    while (connection->peer.shadow.target.ack != end) {
        uint32_t size = room_for(connection, at, end, each);
        uint64_t now  = player->target->now_us(player->target->self);

        if (size > 0) {
            struct rung_segment segment = { .flags = ACK, .seq = ZERO + at, .len = ZERO + size };

            player->scene.time_us = now;
            if (send_segment(player, &segment) != THROUGH)
                return NOT_THROUGH;
            at += size;
            uint64_t until_us = player->scene.time_us + (uint64_t)step->segment.apart_ms * 1000;
            do {
                if (read_ack(player, step, end, until_us, &came) != THROUGH)
                    return NOT_THROUGH;
            } while (came && connection->peer.shadow.target.ack != end);
            player->scene.time_us = player->target->now_us(player->target->self);
            continue;
        }
        /* What waits for our ACK (RFC 9293 3.7.4) may hold the target's own ACK back with it. */
        struct rung_segment ack = { .flags = ACK, .seq = ZERO + at };

        if (seq_before(connection->peer.shadow.peer.ack, connection->peer.accepted) && send_segment(player, &ack) != THROUGH)
            return NOT_THROUGH;
        if (read_ack(player, step, end, player->scene.time_us + wait_us, &came) != THROUGH)
            return NOT_THROUGH;
        if (!came) {
            char expected[500];

            acks_expected_text(player, connection, end, expected, sizeof expected);
            return nothing_came(player, step, expected, player->scene.time_us, player->scene.time_us + wait_us);
        }
    }
    return come_to_rest(player);
}

/* ---- SILENCE and WAIT -------------------------------------------------------------------------------------------------- */

/* What would break a silence after a segment of ours is seen by way of the path. */
enum outcome keep_silence(struct player *player, uint64_t for_us)
{
    uint64_t                 until_us = player->scene.time_us + for_us + way_us(player, player->scene.last_segment);
    struct record           *record;
    static const struct step silence = { .rung = RUNG_SILENCE };

    if (for_us == 0)
        return THROUGH;
    while ((record = next_arrival(player, until_us)) != NULL) {
        char actual[500];

        if (pass_over(player, record))
            continue;
        record_text(player, record, actual, sizeof actual);
        return fail(player, &silence, false, "silence", actual, "nothing but silence was called for");
    }
    player->scene.time_us = until_us;
    return player->play->verdict == VERDICT_ERROR ? NOT_THROUGH : THROUGH;
}

void let_pass(struct player *player, uint64_t for_us)
{
    uint64_t       until_us = player->scene.time_us + for_us;
    struct record *record;

    while ((record = next_arrival(player, until_us)) != NULL)
        take(player, record);
    player->scene.time_us = until_us;
}
