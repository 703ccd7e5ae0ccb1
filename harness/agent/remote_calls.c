/* remote_calls.c: each user call as primitives of the protocol. */
#include <stdlib.h>
#include <string.h>

#include "agent/remote_inside.h"

enum {
    PORT_FIRST       = 20000,
    PORTS            = 12000,
    PORT_TRIES       = 16,
    PORT_STRIDE      = 1021, /* a tester on the same host holds whole blocks of ports */
    CONNECTIONS_MOST = STREAMS_MOST
};

/* ---- what stubs without group 7F tell by events ---------------------------------------------------------------------------
 */

static struct stream *stream_of(struct remote *remote, uint16_t socket)
{
    for (size_t i = 0; i < remote->stream_count; i++)
        if (remote->streams[i].socket == socket)
            return &remote->streams[i];
    if (remote->stream_count == STREAMS_MOST)
        return NULL;
    remote->streams[remote->stream_count] = (struct stream){ .socket = socket };
    return &remote->streams[remote->stream_count++];
}

static void keep(struct stream *stream, const uint8_t *octets, size_t count)
{
    if (stream->count + count > stream->room) {
        size_t   room = (stream->count + count) * 2;
        uint8_t *more = realloc(stream->octets, room);

        if (more == NULL)
            return;
        stream->octets = more;
        stream->room   = room;
    }
    if (count > 0)
        memcpy(stream->octets + stream->count, octets, count);
    stream->count += count;
}

/* The event does not say whose octets they are. Some stubs give it the id of the request that armed it; else it is the one that
 * was armed last. */
static struct stream *stream_armed_by(struct remote *remote, uint32_t id)
{
    struct stream *latest = &remote->streams[0];

    for (size_t i = 0; i < remote->stream_count; i++) {
        if (remote->streams[i].armed == id)
            return &remote->streams[i];
        if (remote->streams[i].armed > latest->armed)
            latest = &remote->streams[i];
    }
    return latest;
}

void remote_note_event(struct remote *remote, const struct message_head *head, struct message_reader in)
{
    const uint8_t *octets;

    if (head->group == GROUP_TCP && head->primitive == TCP_LISTEN_AND_ACCEPT) {
        uint16_t          listener = message_read16(&in), socket = message_read16(&in), port = message_read16(&in);
        struct ip_address address = message_read_address(&in);
        struct stream    *stream  = in.bad ? NULL : stream_of(remote, socket);

        if (stream == NULL)
            return;
        stream->listener  = listener;
        stream->peer      = address;
        stream->peer_port = port;
    } else if (head->group == GROUP_TCP && head->primitive == TCP_RECEIVE_AND_FORWARD) {
        message_read16(&in);
        size_t count = message_read_data(&in, &octets);

        if (!in.bad && remote->stream_count > 0)
            keep(stream_armed_by(remote, head->id), octets, count);
    }
}

void remote_drop_streams(struct remote *remote)
{
    for (size_t i = 0; i < remote->stream_count; i++)
        free(remote->streams[i].octets);
    remote->stream_count = 0;
}

/* Octets that come from now on are told as events. */
static void arm(struct remote *remote, uint16_t socket, struct call_reply *reply)
{
    struct stream *stream = stream_of(remote, socket);

    if (stream == NULL || stream->armed != 0)
        return;
    remote_begin(remote, GROUP_TCP, TCP_RECEIVE_AND_FORWARD);
    message_write16(&remote->out, socket);
    message_write16(&remote->out, MESSAGE_NUMBER_NO_MAX);
    message_write16(&remote->out, MESSAGE_NUMBER_NO_MAX);
    stream->armed = remote->id;
    remote_response(remote, reply, "RECEIVE_AND_FORWARD");
}

/* ---- opening --------------------------------------------------------------------------------------------------------------
 */

/* The protocol cannot tell which port a socket has, so it is chosen here: another one where it is taken. 0 with the reply
 * filled in. */
static uint16_t create_and_bind(struct remote *remote, uint16_t wish, struct call_reply *reply)
{
    struct ip_address any = { .family = remote->family };

    for (int tries = 0; tries < PORT_TRIES; tries++) {
        uint16_t port = wish != 0 ? wish : (uint16_t)(PORT_FIRST + (remote->ports += PORT_STRIDE) % PORTS);

        remote_begin(remote, GROUP_TCP, TCP_CREATE_AND_BIND);
        message_write8(&remote->out, 1);
        message_write16(&remote->out, port);
        message_write_address(&remote->out, &any);
        remote->used   = true;
        uint8_t result = remote_response(remote, reply, "CREATE_AND_BIND");

        if (result == RESULT_OK) {
            memset(reply, 0, offsetof(struct call_reply, data));
            reply->handle = message_read16(&remote->in);
            reply->port   = port;
            return port;
        }
        if (result != RESULT_CANNOT_BIND || wish != 0)
            return 0;
    }
    return 0;
}

static void passive_open(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    if (create_and_bind(remote, request->port, reply) == 0)
        return;
    remote_begin(remote, GROUP_TCP, TCP_LISTEN_AND_ACCEPT);
    message_write16(&remote->out, reply->handle);
    message_write16(&remote->out, remote->ours ? 0 : CONNECTIONS_MOST); /* ours is asked with ACCEPTED */
    remote_response(remote, reply, "LISTEN_AND_ACCEPT");
}

static void reserve(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    create_and_bind(remote, request->port, reply);
}

static void active_open(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    if (create_and_bind(remote, 0, reply) == 0)
        return;
    remote_begin(remote, GROUP_TCP, TCP_CONNECT);
    message_write16(&remote->out, reply->handle);
    message_write16(&remote->out, request->port);
    message_write_address(&remote->out, &request->address);
    remote_response(remote, reply, "CONNECT");
}

static void accepted_by_events(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    remote_take_events(remote);
    reply->result = CALL_PENDING;
    for (size_t i = remote->stream_count; i > 0; i--) {
        const struct stream *stream = &remote->streams[i - 1];

        if (stream->listener != request->handle || (request->port != 0 && stream->peer_port != request->port))
            continue;
        reply->result = CALL_OK;
        reply->handle = stream->socket;
        reply->port   = stream->peer_port;
        reply->events = 1u << ACCEPTED;
        arm(remote, stream->socket, reply);
        return;
    }
}

static void accepted(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    if (!remote->ours) {
        accepted_by_events(remote, request, reply);
        return;
    }
    struct ip_address address =
        request->address.family != 0 ? request->address : (struct ip_address){ .family = remote->family };

    remote_begin(remote, GROUP_OURS, OURS_ACCEPTED);
    message_write16(&remote->out, request->handle);
    message_write16(&remote->out, request->port);
    message_write_address(&remote->out, &address);
    if (remote_response(remote, reply, "ACCEPTED") != RESULT_OK)
        return;
    reply->handle = message_read16(&remote->in);
    reply->port   = request->port;
    reply->events = 1u << ACCEPTED;
}

/* ---- on a connection ------------------------------------------------------------------------------------------------------
 */

/* What is too long for one message goes ahead in pieces, so that it is still one SEND. */
static size_t gather(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    size_t at = 0;

    while (remote->ours && request->data_octets - at > MESSAGE_DATA_OCTETS) {
        remote_begin(remote, GROUP_OURS, OURS_GATHER);
        message_write16(&remote->out, request->handle);
        message_write_data(&remote->out, request->data + at, MESSAGE_DATA_OCTETS);
        at += MESSAGE_DATA_OCTETS;
        if (remote_response(remote, reply, "GATHER") != RESULT_OK)
            break;
    }
    return at;
}

static void send_data(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    bool   urgent = request->kind == CALL_SEND_URGENT;
    size_t at     = gather(remote, request, reply);

    while (reply->result == CALL_OK && (at < request->data_octets || at == 0)) {
        size_t left  = request->data_octets - at;
        size_t count = left < MESSAGE_DATA_OCTETS ? left : MESSAGE_DATA_OCTETS;

        remote_begin(remote, urgent ? GROUP_OURS : GROUP_TCP, urgent ? OURS_SEND_URGENT : TCP_SEND_DATA);
        message_write16(&remote->out, request->handle);
        if (!urgent) {
            message_write16(&remote->out, (unsigned)count);
            message_write8(&remote->out, 0);
        }
        message_write_data(&remote->out, request->data + at, count);
        remote_response(remote, reply, urgent ? "SEND_URGENT" : "SEND_DATA");
        at += count > 0 ? count : 1;
    }
}

static void with_socket(struct remote *remote, const struct call_request *request, enum message_group group, uint8_t primitive)
{
    remote_begin(remote, group, primitive);
    message_write16(&remote->out, request->handle);
}

static void pause_reading(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    with_socket(remote, request, GROUP_OURS, OURS_PAUSE);
    remote_response(remote, reply, "PAUSE");
}

static void receive(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    with_socket(remote, request, GROUP_OURS, OURS_RESUME);
    if (remote_response(remote, reply, "RESUME") == RESULT_OK)
        reply->octets = message_read64(&remote->in);
}

static void close_sending(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    with_socket(remote, request, GROUP_TCP, TCP_SHUTDOWN);
    message_write8(&remote->out, 1);
    remote_response(remote, reply, "SHUTDOWN");
}

static void close_socket(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    with_socket(remote, request, GROUP_TCP, TCP_CLOSE_SOCKET);
    message_write8(&remote->out, request->kind == CALL_ABORT);
    remote_response(remote, reply, "CLOSE_SOCKET");
}

static void saw_by_events(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    arm(remote, request->handle, reply);
    if (reply->result != CALL_OK)
        return;
    remote_take_events(remote);
    struct stream *stream = stream_of(remote, request->handle);

    if (stream == NULL)
        return;
    reply->events = stream->listener != 0 ? 1u << ACCEPTED : 0;
    reply->octets = stream->count;
    call_show(request, reply, stream->octets, stream->count);
}

/* One message's worth after the other, until what had been read at first is there. */
static void saw(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    const uint8_t *octets;
    uint32_t       have = 0;

    if (!remote->ours) {
        saw_by_events(remote, request, reply);
        return;
    }
    for (;;) {
        with_socket(remote, request, GROUP_OURS, OURS_STATUS);
        message_write64(&remote->out, request->from + have);
        message_write16(&remote->out, MESSAGE_DATA_OCTETS);
        if (remote_response(remote, reply, "STATUS") != RESULT_OK)
            return;
        reply->events    = message_read32(&remote->in);
        reply->octets    = message_read64(&remote->in);
        reply->urgent_to = message_read64(&remote->in);
        size_t count     = message_read_data(&remote->in, &octets);

        if (remote->in.bad || count > CALL_DATA_MAX_OCTETS - have) {
            call_fail(reply, REFUSAL_OTHER, "the agent at the target sent a STATUS that cannot be");
            return;
        }
        memcpy(reply->data + have, octets, count);
        have += (uint32_t)count;
        reply->data_octets = have;
        if (count == 0 || request->from + have >= reply->octets || have + MESSAGE_DATA_OCTETS > CALL_DATA_MAX_OCTETS)
            return;
    }
}

static void serve(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    if (request->service == SERVICE_NONE)
        return;
    with_socket(remote, request, GROUP_OURS, OURS_SERVE);
    message_write8(&remote->out, request->service);
    remote_response(remote, reply, "SERVE");
}

static void configure(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    static const struct {
        uint8_t parameter, octets;
    } parameters[CALL_SETTINGS] = { [SETTING_TTL] = { 0, 1 }, [SETTING_PRIORITY] = { 1, 1 }, [SETTING_DONT_FRAGMENT] = { 2, 1 },
                                    [SETTING_TOS] = { 4, 1 }, [SETTING_MSS] = { 5, 2 },      [SETTING_NAGLE] = { 6, 1 } };
    uint8_t value[2]            = { (uint8_t)(request->value >> 8), (uint8_t)request->value };
    uint8_t octets              = (size_t)request->setting < CALL_SETTINGS ? parameters[request->setting].octets : 0;

    if (octets > 0) {
        with_socket(remote, request, GROUP_TCP, TCP_CONFIGURE_SOCKET);
        message_write16(&remote->out, parameters[request->setting].parameter);
        message_write_data(&remote->out, value + 2 - octets, octets);
        remote_response(remote, reply, "CONFIGURE_SOCKET");
    } else if (request->setting == SETTING_USER_TIMEOUT_MS) {
        with_socket(remote, request, GROUP_OURS, OURS_USER_TIMEOUT);
        message_write32(&remote->out, request->value);
        remote_response(remote, reply, "USER_TIMEOUT");
    } else {
        with_socket(remote, request, GROUP_OURS, OURS_KEEP_ALIVE);
        message_write8(&remote->out, request->setting == SETTING_KEEP_ALIVE_INTERVAL_MS);
        message_write32(&remote->out, request->value);
        remote_response(remote, reply, "KEEP_ALIVE");
    }
}

/* ---- the table ------------------------------------------------------------------------------------------------------------
 */

typedef void remote_function(struct remote *remote, const struct call_request *request, struct call_reply *reply);

static remote_function *const functions[CALL_KINDS] = {
    [CALL_PASSIVE_OPEN]  = passive_open,
    [CALL_RESERVE]       = reserve,
    [CALL_OPEN]          = active_open,
    [CALL_ACCEPTED]      = accepted,
    [CALL_SEND]          = send_data,
    [CALL_SEND_URGENT]   = send_data,
    [CALL_PAUSE_READING] = pause_reading,
    [CALL_RECEIVE]       = receive,
    [CALL_CLOSE]         = close_sending,
    [CALL_CLOSE_BOTH]    = close_socket,
    [CALL_ABORT]         = close_socket,
    [CALL_SAW]           = saw,
    [CALL_SERVE]         = serve,
    [CALL_CONFIGURE]     = configure,
};

void remote_call(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    memset(reply, 0, offsetof(struct call_reply, data));
    reply->sentence[0] = '\0';
    reply->handle      = request->handle;
    if ((size_t)request->kind < CALL_KINDS)
        functions[request->kind](remote, request, reply);
    else
        reply->result = CALL_NOT_OFFERED;
}
