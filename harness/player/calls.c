#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inside.h"

enum { POLL_US = 2000, CALL_WAIT_MS = 5000, INPUT_CALL_WAIT_MS = 300 /* where it is no surprise that nothing is there */ };

/* One call, with the two answers that mean the same for every case: not offered, and refused. */
static enum outcome call(struct player *player, const struct call_request *request, struct call_reply *reply)
{
    reply->result      = CALL_FAILED;
    reply->sentence[0] = '\0';
    player->target->call(player->target->self, request, reply);
    if (reply->result == CALL_NOT_OFFERED)
        return give_up(player, VERDICT_SKIP, "the target's application offers no such call%s%s", reply->sentence[0] ? ": " : "",
                       reply->sentence);
    if (reply->result == CALL_FAILED)
        return give_up(player, VERDICT_INCONCLUSIVE, "the user call failed: %s", reply->sentence);
    return THROUGH;
}

static enum outcome serve_with(struct player *player, uint16_t listener)
{
    struct call_request request = { .kind = CALL_SERVE, .handle = listener, .service = player->options.service };
    struct call_reply   reply;

    return player->options.service == SERVICE_NONE ? THROUGH : call(player, &request, &reply);
}

enum outcome listen_once(struct player *player)
{
    struct call_request request = { .kind    = CALL_PASSIVE_OPEN,
                                    .address = { .family = player->target->address.family },
                                    .service = player->options.service };
    struct call_reply   reply;

    if (player->listening)
        return THROUGH;
    if (call(player, &request, &reply) != THROUGH || serve_with(player, reply.handle) != THROUGH)
        return NOT_THROUGH;
    player->listening     = true;
    player->listener      = reply.handle;
    player->listener_port = reply.port;
    player->scene.time_us = player->target->now_us(player->target->self);
    return THROUGH;
}

enum outcome reserve_once(struct player *player)
{
    struct call_request request = { .kind = CALL_RESERVE, .address = { .family = player->target->address.family } };
    struct call_reply   reply;

    if (player->reserved)
        return THROUGH;
    if (call(player, &request, &reply) != THROUGH)
        return NOT_THROUGH;
    player->reserved      = true;
    player->listener_port = reply.port;
    player->scene.time_us = player->target->now_us(player->target->self);
    return THROUGH;
}

/* Lets time pass without reading anything: what arrives waits in the log. */
static void pause_a_moment(struct player *player)
{
    uint64_t until_us = player->target->now_us(player->target->self) + POLL_US;
    size_t   cursor   = player->scene.cursor;

    while (log_next(player, until_us) != NULL)
        continue;
    player->scene.cursor = cursor;
}

/* The handle of the target's side of this connection: known from OPEN, else asked for once it has been accepted; and each time
 * where others have gone before it, for the latest may be still to come. */
static enum outcome find_handle(struct player *player, struct connection *connection)
{
    struct call_request request = {
        .kind = CALL_ACCEPTED, .handle = player->listener, .address = player->target->tester, .port = connection->peer.port
    };
    struct call_reply reply;
    bool              is_input = player->options.send_most > 0;
    uint64_t          until_us =
        player->target->now_us(player->target->self) + (uint64_t)(is_input ? INPUT_CALL_WAIT_MS : CALL_WAIT_MS) * 1000;

    if (connection->calls_open && !connection->succeeded)
        return THROUGH;
    if (!player->listening)
        return give_up(player, VERDICT_SKIP, "there is no connection that the application could be told of");
    do {
        if (call(player, &request, &reply) != THROUGH)
            return NOT_THROUGH;
        if (reply.result == CALL_OK && !(connection->succeeded && reply.handle == connection->former)) {
            connection->calls_open = true;
            connection->accepted   = true;
            connection->handle     = reply.handle;
            return THROUGH;
        }
        pause_a_moment(player);
    } while (player->target->now_us(player->target->self) < until_us);
    return give_up(player, VERDICT_INCONCLUSIVE, "the target's application never got the connection");
}

/* Where the call could not tell which port the target has: its SYN does. */
static enum outcome await_syn(struct player *player, struct connection *connection, uint16_t handle)
{
    struct call_request request  = { .kind = CALL_ACCEPTED, .handle = handle };
    struct call_reply   reply    = { .result = CALL_PENDING };
    int                 index    = (int)(connection - player->scene.connections);
    size_t              read     = player->log_count;
    uint64_t            until_us = player->target->now_us(player->target->self) + OPEN_LIMIT_MS * 1000;

    do {
        pause_a_moment(player);
        for (; read < player->log_count; read++) {
            const struct record *record = &player->log[read];

            if (!record->from_target || record->connection != index || !(record->packet.segment.flags & SYN))
                continue;
            connection->peer.target_port = record->packet.segment.source_port;
            return THROUGH;
        }
        if (call(player, &request, &reply) != THROUGH)
            return NOT_THROUGH;
    } while (player->target->now_us(player->target->self) < until_us);
    return give_up(player, VERDICT_INCONCLUSIVE, "the application was told to connect, and no SYN came for %d s",
                   OPEN_LIMIT_MS / 1000);
}

static enum outcome open_actively(struct player *player, struct connection *connection)
{
    struct call_request request = { .kind = CALL_OPEN, .address = player->target->tester, .port = connection->peer.port };
    struct call_reply   reply;

    if (call(player, &request, &reply) != THROUGH)
        return NOT_THROUGH;
    connection->peer.target_port = reply.port;
    if (reply.port == 0 && await_syn(player, connection, reply.handle) != THROUGH)
        return NOT_THROUGH;
    connection->calls_open = true;
    connection->accepted   = false;
    connection->handle     = reply.handle;
    return connection_ready(player, connection);
}

static enum outcome send_octets(struct player *player, struct connection *connection, const struct step *step)
{
    uint32_t             left    = value_of(player, connection, step->user.octets);
    struct call_request *request = calloc(1, sizeof *request);
    struct call_reply    reply;
    enum outcome         outcome = THROUGH;

    if (request == NULL)
        return give_up(player, VERDICT_ERROR, "out of memory");
    if (player->options.send_most > 0 && left > player->options.send_most)
        left = player->options.send_most;
    while (left > 0 && outcome == THROUGH) {
        uint32_t size = left < CALL_DATA_MAX_OCTETS ? left : CALL_DATA_MAX_OCTETS;

        request->kind        = step->user.call == SEND_URGENT && size == left ? CALL_SEND_URGENT : CALL_SEND;
        request->handle      = connection->handle;
        request->data_octets = size;
        for (uint32_t i = 0; i < size; i++)
            request->data[i] = stream_octet(player->options.seed, true, connection->app_sent + i);
        connection->app_sent += size;
        left -= size;
        outcome = call(player, request, &reply);
    }
    free(request);
    return outcome;
}

static const enum call_kind simple_calls[] = {
    [RECEIVE] = CALL_RECEIVE, [PAUSE_READING] = CALL_PAUSE_READING, [CLOSE] = CALL_CLOSE, [CLOSE_BOTH] = CALL_CLOSE_BOTH,
    [ABORT] = CALL_ABORT,
};

static enum outcome configure(struct player *player, struct connection *connection, const struct user *user)
{
    bool              of_listener = setting_is_of_listeners(user->setting);
    struct call_reply reply;

    if ((of_listener ? listen_once(player) : find_handle(player, connection)) != THROUGH)
        return NOT_THROUGH;
    struct call_request request = { .kind    = CALL_CONFIGURE,
                                    .handle  = of_listener ? player->listener : connection->handle,
                                    .setting = user->setting,
                                    .value   = user->value };

    return call(player, &request, &reply);
}

static enum outcome do_call(struct player *player, const struct step *step)
{
    struct connection *connection = current(player);

    if (step->user.call == OPEN)
        return open_actively(player, connection);
    if (step->user.call == PASSIVE_OPEN)
        return listen_once(player);
    if (step->user.call == SEND && player->options.service == SERVICE_ECHO)
        return send_for_echo(player, value_of(player, connection, step->user.octets));
    if (step->user.call == CONFIGURE)
        return configure(player, connection, &step->user);
    if (find_handle(player, connection) != THROUGH)
        return NOT_THROUGH;
    if (step->user.call == SEND || step->user.call == SEND_URGENT)
        return send_octets(player, connection, step);

    struct call_request request = { .kind = simple_calls[step->user.call], .handle = connection->handle };
    struct call_reply   reply;

    if (step->user.call == PAUSE_READING)
        connection->app_reads = false;
    if (step->user.call == RECEIVE)
        connection->app_reads = true;
    return call(player, &request, &reply);
}

enum outcome app_call(struct player *player, const struct step *step)
{
    enum outcome outcome = do_call(player, step);
    struct play *play    = player->play;

    player->scene.time_us = player->target->now_us(player->target->self);
    if (outcome == THROUGH || player->options.send_most == 0 || play->verdict != VERDICT_INCONCLUSIVE)
        return outcome;
    /* An input of the fuzzer's calls at any time, and goes on where the answer is no. */
    note_remark(player, "refused: %s", play->reason);
    play->verdict   = VERDICT_PASS;
    play->reason[0] = '\0';
    play->refused++;
    return THROUGH;
}

/* ---- what the application saw -------------------------------------------------------------------------------------------- */

static enum outcome saw(struct player *player, const struct connection *connection, uint64_t from, uint32_t events,
                        struct call_reply *reply)
{
    struct call_request request = { .kind = CALL_SAW, .handle = connection->handle, .from = from, .value = events };

    return call(player, &request, reply);
}

static enum outcome compare_octets(struct player *player, const struct step *step, struct connection *connection,
                                   const struct call_reply *reply)
{
    char expected[80], actual[80];

    for (uint32_t i = 0; i < reply->data_octets; i++) {
        uint64_t position = connection->app_judged + i;
        uint8_t  octet    = stream_octet(player->options.seed, false, (uint32_t)position);

        uint8_t other = octet ^ 0xff; /* filler OTHER */

        if (reply->data[i] == octet || (peer_may_differ(&connection->peer, position) && reply->data[i] == other))
            continue;
        snprintf(expected, sizeof expected, "octet %llu of the stream is %02x", (unsigned long long)position, octet);
        snprintf(actual, sizeof actual, "the application read %02x", reply->data[i]);
        return fail(player, step, false, expected, actual, "the application got other octets than were sent");
    }
    connection->app_judged += reply->data_octets;
    return THROUGH;
}

/* All that the target has acknowledged must reach the application, and nothing else. */
static uint64_t octets_owed(const struct connection *connection)
{
    const struct shadow_end *peer  = &connection->peer.shadow.peer;
    uint32_t                 acked = connection->peer.shadow.target.ack - connection->peer.irs - 1;

    if (peer->fin_seen && seq_before(peer->fin_seq, connection->peer.shadow.target.ack))
        acked--;
    return acked;
}

static enum outcome sees_data(struct player *player, const struct step *step)
{
    struct connection *connection = current(player);
    struct call_reply *reply      = malloc(sizeof *reply);
    uint64_t           began      = connection->app_judged;
    uint64_t           owed       = octets_owed(connection);
    uint32_t           at_least   = value_of(player, connection, step->notice.octets);
    uint64_t           until_us   = player->target->now_us(player->target->self) + CALL_WAIT_MS * 1000;
    enum outcome       outcome    = THROUGH;
    char               expected[80], actual[80];

    if (reply == NULL)
        return give_up(player, VERDICT_ERROR, "out of memory");
    for (;;) {
        outcome = saw(player, connection, connection->app_judged, 0, reply);
        if (outcome == THROUGH)
            outcome = compare_octets(player, step, connection, reply);
        bool more = reply->data_octets > 0;
        if (outcome != THROUGH || (connection->app_judged >= owed && !more))
            break;
        if (player->target->now_us(player->target->self) > until_us)
            break;
        if (!more)
            pause_a_moment(player);
    }
    free(reply);
    if (outcome != THROUGH)
        return outcome;
    snprintf(expected, sizeof expected, "the application reads %llu octets", (unsigned long long)owed);
    snprintf(actual, sizeof actual, "it read %llu", (unsigned long long)connection->app_judged);
    if (connection->app_judged != owed)
        return fail(player, step, connection->app_judged < owed, expected, actual,
                    "what the application read is not what the target acknowledged");
    if (owed - began < at_least)
        return fail(player, step, false, expected, actual, "fewer than %u octets were there to be read", at_least);
    return THROUGH;
}

static enum outcome sees_event(struct player *player, const struct step *step)
{
    struct connection *connection = current(player);
    struct call_reply *reply      = malloc(sizeof *reply);
    uint64_t           until_us   = player->target->now_us(player->target->self) + CALL_WAIT_MS * 1000;
    uint32_t           wanted     = 1u << step->notice.event;
    uint32_t           urgent_to  = value_of(player, connection, step->notice.octets);
    enum outcome       outcome;
    bool               seen = false;

    if (reply == NULL)
        return give_up(player, VERDICT_ERROR, "out of memory");
    for (;;) {
        outcome = saw(player, connection, 0, wanted, reply);
        if (outcome != THROUGH)
            break;
        seen = (reply->events & wanted) != 0;
        if (step->notice.event == URGENT && urgent_to != 0)
            seen = seen && reply->urgent_to == urgent_to;
        if (seen || player->target->now_us(player->target->self) > until_us)
            break;
        pause_a_moment(player);
    }
    free(reply);
    if (outcome != THROUGH || seen)
        return outcome;
    return fail(player, step, true, notation_event(step->notice.event), "it did not", "the application was never told");
}

enum outcome app_sees(struct player *player, const struct step *step)
{
    if (player->options.service == SERVICE_ECHO)
        return sees_echo(player, step);
    if (find_handle(player, current(player)) != THROUGH)
        return NOT_THROUGH;
    enum outcome outcome = step->notice.event == DATA ? sees_data(player, step) : sees_event(player, step);

    player->scene.time_us = player->target->now_us(player->target->self);
    return outcome;
}
