/* remote_foreign.c: stubs of somebody else's, which know the standard groups alone. What their events tell is kept here until
 * it is asked for. An event need not say whose octets it has, and what came before it was asked for is lost: where that leaves
 * a doubt, the call is not offered and nobody is accused. */
#include <stdlib.h>
#include <string.h>

#include "agent/remote_inside.h"
#include "clock.h"

enum { ACCEPT_PATIENCE_MS = 300, PORT_BITS = 64 };

struct stream *foreign_stream(struct remote *remote, uint16_t socket)
{
    for (size_t i = 0; i < remote->stream_count; i++)
        if (remote->streams[i].socket == socket)
            return &remote->streams[i];
    return NULL;
}

struct stream *foreign_made(struct remote *remote, uint16_t socket, uint16_t port)
{
    struct stream *stream = foreign_stream(remote, socket);

    if (stream == NULL && remote->stream_count == STREAMS_MOST)
        return NULL;
    if (stream == NULL)
        stream = &remote->streams[remote->stream_count++];
    else
        free(stream->octets);
    *stream = (struct stream){ .socket = socket, .port = port };
    return stream;
}

void foreign_forget(struct remote *remote)
{
    for (size_t i = 0; i < remote->stream_count; i++)
        free(remote->streams[i].octets);
    remote->stream_count = 0;
}

/* ---- events ---------------------------------------------------------------------------------------------------------------
 */

static void keep(struct stream *stream, const uint8_t *octets, size_t count)
{
    if (stream->count + count > stream->room) {
        size_t   room = (stream->count + count) * 2;
        uint8_t *more = realloc(stream->octets, room);

        if (more == NULL) {
            stream->doubt = "there was no memory for what it forwarded";
            return;
        }
        stream->octets = more;
        stream->room   = room;
    }
    if (count > 0)
        memcpy(stream->octets + stream->count, octets, count);
    stream->count += count;
}

/* Whose octets an event has: those of the request whose id it has, or the only ones that were asked for. */
static struct stream *stream_armed_by(struct remote *remote, uint32_t id)
{
    struct stream *only  = NULL;
    size_t         armed = 0;

    for (size_t i = 0; i < remote->stream_count; i++) {
        if (!remote->streams[i].armed)
            continue;
        if (remote->streams[i].armed_by == id)
            return &remote->streams[i];
        only = &remote->streams[i];
        armed++;
    }
    return armed == 1 ? only : NULL;
}

static void octets_came(struct remote *remote, uint32_t id, size_t full, const uint8_t *octets, size_t count)
{
    struct stream *stream = stream_armed_by(remote, id);

    if (stream != NULL) {
        keep(stream, octets, count);
        if (full > count)
            stream->doubt = "it forwarded less than it had read";
    }
    for (size_t i = 0; stream == NULL && i < remote->stream_count; i++)
        if (remote->streams[i].armed)
            remote->streams[i].doubt = "it did not tell which connection's octets it forwarded";
}

static void connection_came(struct remote *remote, struct message_reader in)
{
    uint16_t             listener = message_read16(&in), socket = message_read16(&in), port = message_read16(&in);
    struct ip_address    address = message_read_address(&in);
    const struct stream *at      = in.bad ? NULL : foreign_stream(remote, listener);
    struct stream *stream = at != NULL && at->listens && socket != listener ? foreign_made(remote, socket, at->port) : NULL;

    if (stream == NULL)
        return;
    stream->accepted  = true;
    stream->listener  = listener;
    stream->peer      = address;
    stream->peer_port = port;
}

void foreign_event(struct remote *remote, const struct message_head *head, struct message_reader in)
{
    const uint8_t *octets;

    if (head->group == GROUP_TCP && head->primitive == TCP_LISTEN_AND_ACCEPT) {
        connection_came(remote, in);
    } else if (head->group == GROUP_TCP && head->primitive == TCP_RECEIVE_AND_FORWARD) {
        size_t full  = message_read16(&in);
        size_t count = message_read_data(&in, &octets);

        if (!in.bad)
            octets_came(remote, head->id, full, octets, count);
    }
}

/* Octets that come from now on are told as events. false: that cannot be asked for, and the reply says why. */
static bool arm(struct remote *remote, struct stream *stream, struct call_reply *reply)
{
    if (stream->armed)
        return true;
    remote_begin(remote, GROUP_TCP, TCP_RECEIVE_AND_FORWARD);
    message_write16(&remote->out, stream->socket);
    message_write16(&remote->out, MESSAGE_NUMBER_NO_MAX);
    message_write16(&remote->out, MESSAGE_NUMBER_NO_MAX);
    /* Before it is asked: an event may overtake the response. */
    stream->armed    = true;
    stream->armed_by = remote->id;
    uint8_t result   = remote_response(remote, reply, "RECEIVE_AND_FORWARD");

    if (result != RESULT_OK) {
        stream->armed = false;
        if (result != RESULT_NOT_FOUND)
            stream->doubt = "what it read could not be asked for in time";
        return false;
    }
    if (message_read16(&remote->in) > 0)
        stream->doubt = "it had dropped octets before RECEIVE_AND_FORWARD asked for them";
    return true;
}

/* ---- before octets leave --------------------------------------------------------------------------------------------------
 */

static struct stream *stream_between(struct remote *remote, uint16_t port, uint16_t peer_port, bool *listening)
{
    *listening = false;
    for (size_t i = remote->stream_count; i > 0; i--) {
        struct stream *stream = &remote->streams[i - 1];

        if (stream->port == port && stream->peer_port == peer_port)
            return stream;
        *listening = *listening || (stream->port == port && stream->listens);
    }
    return NULL;
}

void remote_foresee(struct remote *remote, uint16_t port, uint16_t peer_port, bool urgent)
{
    struct call_reply unused;
    uint64_t          bit = UINT64_C(1) << peer_port % PORT_BITS, end = monotonic_ms() + ACCEPT_PATIENCE_MS, now;
    bool              listening;

    if (remote->ours)
        return;
    remote_take_events(remote, 0);
    struct stream *stream = stream_between(remote, port, peer_port, &listening);

    while (stream == NULL && listening && !(remote->awaited & bit) && (now = monotonic_ms()) < end) {
        remote_take_events(remote, (unsigned)(end - now));
        stream = stream_between(remote, port, peer_port, &listening);
    }
    if (stream == NULL)
        remote->awaited |= listening ? bit : 0; /* it is not accepted yet: once is enough */
    else if (urgent)
        stream->doubt = "its primitives tell nothing of urgent data";
    if (stream != NULL)
        arm(remote, stream, &unused);
}

/* ---- calls ----------------------------------------------------------------------------------------------------------------
 */

void foreign_accepted(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    struct stream *latest = NULL;

    remote_take_events(remote, 0);
    for (size_t i = 0; i < remote->stream_count; i++) {
        struct stream *stream = &remote->streams[i];

        if (stream->accepted && stream->listener == request->handle &&
            (request->port == 0 || stream->peer_port == request->port) &&
            (request->address.family == 0 || ip_address_equal(&stream->peer, &request->address)))
            latest = stream;
    }
    reply->result = CALL_PENDING;
    if (latest == NULL)
        return;
    reply->result  = CALL_OK;
    reply->handle  = latest->socket;
    reply->address = latest->peer;
    reply->port    = latest->peer_port;
    reply->events  = 1u << ACCEPTED;
}

void foreign_saw(struct remote *remote, const struct call_request *request, struct call_reply *reply)
{
    struct stream *stream = foreign_stream(remote, request->handle);

    if (request->value & ~(1u << ACCEPTED)) {
        remote_begin(remote, GROUP_OURS, OURS_STATUS);
        remote_response(remote, reply, "STATUS");
        return;
    }
    if (stream == NULL) {
        call_fail(reply, REFUSAL_NO_HANDLE, "%s gave no socket %u", remote->name, request->handle);
        return;
    }
    if (stream->doubt == NULL && !arm(remote, stream, reply))
        return;
    remote_take_events(remote, 0);
    if (stream->doubt != NULL) {
        call_fail(reply, REFUSAL_OTHER, "%s: %s", remote->name, stream->doubt);
        reply->result = CALL_NOT_OFFERED;
        return;
    }
    reply->events = stream->accepted ? 1u << ACCEPTED : 0;
    reply->octets = stream->count;
    call_show(request, reply, stream->octets, stream->count);
}
