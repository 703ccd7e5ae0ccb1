/* remote_calls.c: each user call as primitives of the protocol. */
#include <string.h>

#include "agent/remote_inside.h"

enum {
    PORT_FIRST       = 20000,
    PORTS            = 12000,
    PORT_TRIES       = 16,
    PORT_STRIDE      = 1021, /* a tester on the same host holds whole blocks of ports */
    CONNECTIONS_MOST = STREAMS_MOST / 2
};

/* ---- opening --------------------------------------------------------------------------------------------------------------
 */

/* A response that lacks parameters is nothing that a verdict can rest on. 0, for convenience. */
static uint16_t unsound(const struct remote *remote, struct call_reply *reply, const char *primitive)
{
    call_fail(reply, REFUSAL_OTHER, "%s sent half a response to %s", remote->name, primitive);
    return 0;
}

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
            if (remote->in.bad)
                return unsound(remote, reply, "CREATE_AND_BIND");
            if (!remote->ours)
                foreign_made(remote, reply->handle, port);
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
    struct stream *stream = remote_response(remote, reply, "LISTEN_AND_ACCEPT") == RESULT_OK && !remote->ours
                                ? foreign_stream(remote, reply->handle)
                                : NULL;

    if (stream != NULL)
        stream->listens = true;
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
    struct stream *stream =
        remote_response(remote, reply, "CONNECT") == RESULT_OK && !remote->ours ? foreign_stream(remote, reply->handle) : NULL;

    if (stream != NULL)
        stream->peer_port = request->port;
}

static void accepted(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    if (!remote->ours) {
        foreign_accepted(remote, request, reply);
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
    if (remote->in.bad)
        unsound(remote, reply, "ACCEPTED");
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
    if (remote_response(remote, reply, "RESUME") != RESULT_OK)
        return;
    reply->octets = message_read64(&remote->in);
    if (remote->in.bad)
        unsound(remote, reply, "RESUME");
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

/* What no application can have seen is not believed: no case sends 4 GiB. */
static bool status_can_be(const struct remote *remote, uint64_t from, const struct call_reply *reply, size_t count)
{
    bool read_so_far = count == 0 || (reply->octets >= count && from <= reply->octets - count);

    return !remote->in.bad && read_so_far && reply->octets <= UINT32_MAX && reply->urgent_to <= UINT32_MAX &&
           reply->events >> (SOFT_ERROR + 1) == 0;
}

/* One message's worth after the other, until what had been read at first is there. */
static void saw(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    const uint8_t *octets;
    uint32_t       have = 0;

    if (!remote->ours) {
        foreign_saw(remote, request, reply);
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

        if (!status_can_be(remote, request->from + have, reply, count) || count > CALL_DATA_MAX_OCTETS - have) {
            call_fail(reply, REFUSAL_OTHER, "%s sent a STATUS that cannot be", remote->name);
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
    } parameters[SETTINGS] = { [SETTING_TTL] = { 0, 1 }, [SETTING_PRIORITY] = { 1, 1 }, [SETTING_DONT_FRAGMENT] = { 2, 1 },
                               [SETTING_TOS] = { 4, 1 }, [SETTING_MSS] = { 5, 2 },      [NAGLE] = { 6, 1 } };
    uint8_t value[2]       = { (uint8_t)(request->value >> 8), (uint8_t)request->value };
    uint8_t octets         = (size_t)request->setting < SETTINGS ? parameters[request->setting].octets : 0;

    if (octets > 0) {
        with_socket(remote, request, GROUP_TCP, TCP_CONFIGURE_SOCKET);
        message_write16(&remote->out, parameters[request->setting].parameter);
        message_write_data(&remote->out, value + 2 - octets, octets);
        remote_response(remote, reply, "CONFIGURE_SOCKET");
    } else if (request->setting == USER_TIMEOUT) {
        with_socket(remote, request, GROUP_OURS, OURS_USER_TIMEOUT);
        message_write32(&remote->out, request->value);
        remote_response(remote, reply, "USER_TIMEOUT");
    } else if (setting_is_of_listeners(request->setting)) {
        with_socket(remote, request, GROUP_OURS, OURS_LISTENER);
        message_write8(&remote->out, request->setting == BACKLOG);
        message_write32(&remote->out, request->value);
        remote_response(remote, reply, "LISTENER");
    } else {
        with_socket(remote, request, GROUP_OURS, OURS_KEEP_ALIVE);
        message_write8(&remote->out, request->setting == KEEP_ALIVE_INTERVAL);
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
