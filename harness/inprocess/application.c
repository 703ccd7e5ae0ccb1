#include "inprocess/application.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inprocess/application_endpoint.h"

/* Below the tester's ports, so that the two are told apart at a glance. */
enum { FIRST_PORT = 700, LAST_PORT = 1023, HANDLES_MOST = UINT16_MAX };

/* The handle of an endpoint is its place in the table, counted from 1. */
struct application {
    struct tcp                   *tcp;
    struct ip_address             address;
    struct application_endpoint **endpoints;
    size_t                        count, room;
};

struct application *application_new(const struct ip_address *address)
{
    struct application *application = calloc(1, sizeof *application);

    if (application)
        application->address = *address;
    return application;
}

void application_use(struct application *application, struct tcp *tcp)
{
    application->tcp = tcp;
}

void application_free(struct application *application)
{
    if (application == NULL)
        return;
    for (size_t i = 0; i < application->count; i++)
        application_endpoint_release(application->endpoints[i]);
    free(application->endpoints);
    free(application);
}

/* A new place in the table; 0 where there is none. */
static uint16_t add_endpoint(struct application *application, enum endpoint_kind kind)
{
    if (application->count == application->room) {
        size_t                        room = application->room ? application->room * 2 : 16;
        struct application_endpoint **more = realloc(application->endpoints, room * sizeof(struct application_endpoint *));

        if (more == NULL)
            return 0;
        application->endpoints = more;
        application->room      = room;
    }
    struct application_endpoint *endpoint = calloc(1, sizeof *endpoint);

    if (endpoint == NULL || application->count == HANDLES_MOST) {
        free(endpoint);
        return 0;
    }
    endpoint->kind                             = kind;
    application->endpoints[application->count] = endpoint;
    return (uint16_t)++application->count;
}

static struct application_endpoint *endpoint_of(const struct application *application, uint16_t handle)
{
    return handle >= 1 && handle <= application->count ? application->endpoints[handle - 1] : NULL;
}

static uint16_t handle_named(const struct application *application, tcp_name name)
{
    for (size_t i = application->count; i > 0; i--)
        if (name != 0 && application->endpoints[i - 1]->name == name)
            return (uint16_t)i;
    return 0;
}

/* ---- signals ----------------------------------------------------------------------------------------------------------------
 */

/* It is served and read as its listener says now. */
static void take_connection(struct application *application, struct application_endpoint *connection)
{
    connection->waits   = false;
    connection->stirred = true;
    tcp_accept(application->tcp, connection->name);
    if (connection->listener == 0)
        return;
    connection->service = endpoint_of(application, connection->listener)->service;
    connection->paused  = endpoint_of(application, connection->listener)->paused;
}

static void accept_connection(struct application *application, tcp_name name)
{
    struct tcp_status status;

    tcp_status(application->tcp, name, &status);
    uint16_t listener = handle_named(application, status.listener);
    uint16_t handle   = add_endpoint(application, KIND_CONNECTION);

    if (handle == 0)
        return;
    struct application_endpoint *connection = endpoint_of(application, handle);

    connection->name      = name;
    connection->port      = status.local_port;
    connection->peer      = status.remote_address;
    connection->peer_port = status.remote_port;
    connection->listener  = listener;
    connection->events    = 1u << ACCEPTED;
    connection->waits     = listener != 0 && endpoint_of(application, listener)->waits;
    if (!connection->waits)
        take_connection(application, connection);
}

void application_note(struct application *application, tcp_name name, enum tcp_signal signal)
{
    if (signal == TCP_SIGNAL_ACCEPTED)
        accept_connection(application, name);
    uint16_t handle = handle_named(application, name);

    if (handle != 0)
        application_endpoint_note(endpoint_of(application, handle), application->tcp, signal);
}

/* What one endpoint does may stir others, and itself. */
void application_work(struct application *application)
{
    bool stirred = true;

    while (stirred) {
        stirred = false;
        for (size_t i = 0; i < application->count; i++) {
            if (!application->endpoints[i]->stirred)
                continue;
            application_endpoint_work(application->endpoints[i], application->tcp);
            stirred = true;
        }
    }
}

/* ---- opening ----------------------------------------------------------------------------------------------------------------
 */

static bool port_is_taken(const struct application *application, uint16_t port)
{
    for (size_t i = 0; i < application->count; i++)
        if (application->endpoints[i]->port == port && application->endpoints[i]->kind != KIND_CONNECTION)
            return true;
    return false;
}

static uint16_t choose_port(const struct application *application, uint16_t wish, struct call_reply *reply)
{
    if (wish != 0 && !port_is_taken(application, wish))
        return wish;
    for (uint16_t port = FIRST_PORT; wish == 0 && port <= LAST_PORT; port++)
        if (!port_is_taken(application, port))
            return port;
    call_fail(reply, REFUSAL_BIND, "port %u is in use", wish != 0 ? wish : FIRST_PORT);
    return 0;
}

/* The port of what RESERVE gave, or a new one; 0 with the reply filled in. */
static uint16_t reserved_or_new_port(const struct application *application, const struct call_request *request,
                                     struct call_reply *reply)
{
    const struct application_endpoint *reserved = endpoint_of(application, request->handle);

    if (request->handle == 0)
        return choose_port(application, request->port, reply);
    if (reserved != NULL && reserved->kind == KIND_RESERVED && reserved->port != 0)
        return reserved->port;
    call_fail(reply, REFUSAL_NO_HANDLE, "handle %u is no socket that waits to be opened", request->handle);
    return 0;
}

/* A new endpoint, or the one that RESERVE gave in its new part. */
static struct application_endpoint *reply_with(struct application *application, enum endpoint_kind kind, uint16_t reserved,
                                               uint16_t port, struct call_reply *reply)
{
    reply->handle = reserved != 0 ? reserved : add_endpoint(application, kind);
    if (reply->handle == 0) {
        call_fail(reply, REFUSAL_ROOM, "the application has no room for another connection");
        return NULL;
    }
    struct application_endpoint *endpoint = endpoint_of(application, reply->handle);

    endpoint->kind = kind;
    endpoint->port = port;
    reply->port    = port;
    return endpoint;
}

static void call_reserve(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct application *application = self;
    uint16_t            port        = choose_port(application, request->port, reply);

    if (port != 0)
        reply_with(application, KIND_RESERVED, 0, port, reply);
}

static void call_passive_open(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct application *application = self;
    struct tcp_open     open        = { .passive = true };
    tcp_name            name        = 0;

    open.local_port = reserved_or_new_port(application, request, reply);

    if (open.local_port == 0)
        return;
    enum tcp_error error = tcp_open(application->tcp, &open, &name);

    if (error != TCP_OK) {
        call_fail(reply, REFUSAL_OTHER, "OPEN: %s", tcp_error_text(error));
        return;
    }
    struct application_endpoint *listener = reply_with(application, KIND_LISTENER, request->handle, open.local_port, reply);

    if (listener)
        listener->name = name;
}

static void call_open(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct application *application = self;
    struct tcp_open     open        = { .local_address  = application->address,
                                        .remote_address = request->address,
                                        .remote_port    = request->port };
    tcp_name            name        = 0;

    if (request->handle != 0 && (open.local_port = reserved_or_new_port(application, request, reply)) == 0)
        return;
    enum tcp_error error = tcp_open(application->tcp, &open, &name);

    if (error != TCP_OK) {
        call_fail(reply, REFUSAL_OTHER, "OPEN: %s", tcp_error_text(error));
        return;
    }
    struct tcp_status status;

    tcp_status(application->tcp, name, &status);
    struct application_endpoint *connection =
        reply_with(application, KIND_CONNECTION, request->handle, status.local_port, reply);

    if (connection == NULL)
        return;
    connection->name      = name;
    connection->peer      = request->address;
    connection->peer_port = request->port;
}

static uint64_t accepted_in_all(const struct application *application, uint16_t listener)
{
    uint64_t count = 0;

    for (size_t i = 0; i < application->count; i++)
        count += application->endpoints[i]->kind == KIND_CONNECTION && application->endpoints[i]->listener == listener &&
                 !application->endpoints[i]->waits;
    return count;
}

static void call_accepted(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct application *application = self;
    uint64_t            earlier     = accepted_in_all(application, request->handle);
    reply->result                   = CALL_PENDING;
    for (size_t i = application->count; i > 0; i--) { /* the latest first: a 4-tuple may come back */
        const struct application_endpoint *it = application->endpoints[i - 1];

        if (it->kind != KIND_CONNECTION || it->listener != request->handle || it->waits)
            continue;
        if (request->from != 0 && earlier-- != request->from)
            continue;
        if (request->address.family && !ip_address_equal(&it->peer, &request->address))
            continue;
        if (request->port && it->peer_port != request->port)
            continue;
        reply->result  = CALL_OK;
        reply->handle  = (uint16_t)i;
        reply->address = it->peer;
        reply->port    = it->peer_port;
        reply->events  = it->events;
        return;
    }
}

/* ---- on a connection --------------------------------------------------------------------------------------------------------
 */

static void call_send(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct application          *application = self;
    struct application_endpoint *endpoint    = endpoint_of(application, request->handle);

    if (endpoint->kind != KIND_CONNECTION || endpoint->name == 0)
        call_fail(reply, REFUSAL_NONE_THERE, "there is no connection to send on");
    else if (endpoint->close_send || endpoint->close_both)
        call_fail(reply, REFUSAL_CLOSING, "the connection is closing");
    else if (request->data_octets > CALL_DATA_MAX_OCTETS ||
             !application_endpoint_queue(endpoint, request->data, request->data_octets, request->kind == CALL_SEND_URGENT))
        call_fail(reply, REFUSAL_ROOM, "%u octets more do not fit into the application's queue", request->data_octets);
    endpoint->stirred = true;
}

static void call_reading(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct application          *application = self;
    struct application_endpoint *endpoint    = endpoint_of(application, request->handle);

    endpoint->paused  = request->kind == CALL_PAUSE_READING;
    endpoint->stirred = true;
    reply->octets     = endpoint->octets;
}

static void close_at_once(struct application *application, struct application_endpoint *endpoint, bool abort)
{
    tcp_name name = endpoint->name;

    endpoint->name = 0;
    if (endpoint->kind == KIND_RESERVED)
        endpoint->port = 0;
    if (abort)
        tcp_abort(application->tcp, name);
    else
        tcp_close_both(application->tcp, name);
}

static void call_close(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct application          *application = self;
    struct application_endpoint *endpoint    = endpoint_of(application, request->handle);

    if (endpoint->name == 0 && endpoint->kind != KIND_RESERVED)
        call_fail(reply, REFUSAL_NONE_THERE, "it is closed already");
    else if (endpoint->kind != KIND_CONNECTION)
        close_at_once(application, endpoint, false);
    else if (request->kind == CALL_ABORT)
        close_at_once(application, endpoint, true);
    else if (request->kind == CALL_CLOSE_BOTH)
        endpoint->close_both = true;
    else
        endpoint->close_send = true;
    endpoint->stirred = true;
}

static void call_saw(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct application          *application = self;
    struct application_endpoint *endpoint    = endpoint_of(application, request->handle);

    reply->events    = endpoint->events;
    reply->octets    = endpoint->octets;
    reply->urgent_to = endpoint->urgent_to;
    call_show(request, reply, endpoint->kept, endpoint->kept_octets);
}

static void call_serve(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct application          *application = self;
    struct application_endpoint *endpoint    = endpoint_of(application, request->handle);

    if (endpoint->kind != KIND_LISTENER)
        call_fail(reply, REFUSAL_ARGUMENT, "only a listener can be served");
    else
        endpoint->service = request->service;
}

static void set_accepting(struct application *application, uint16_t handle, bool accepting)
{
    endpoint_of(application, handle)->waits = !accepting;
    for (size_t i = 0; accepting && i < application->count; i++)
        if (application->endpoints[i]->listener == handle && application->endpoints[i]->waits)
            take_connection(application, application->endpoints[i]);
}

/* Of the settings of a connection those that are set on a listener or before OPEN hold for nothing yet. */
static void call_configure(void *self, const struct call_request *request, struct call_reply *reply)
{
    static const struct {
        bool             known;
        enum tcp_setting setting;
        uint64_t         factor;
    } settings[SETTINGS] = {
        [SETTING_TOS]         = { true, TCP_DIFFSERV, 1 },
        [NAGLE]               = { true, TCP_NAGLE, 1 },
        [KEEP_ALIVE]          = { true, TCP_KEEP_ALIVE_IDLE_US, 1000 },
        [KEEP_ALIVE_INTERVAL] = { true, TCP_KEEP_ALIVE_INTERVAL_US, 1000 },
        [USER_TIMEOUT]        = { true, TCP_USER_TIMEOUT_US, 1000 },
        [BACKLOG]             = { true, TCP_BACKLOG, 1 },
    };
    struct application          *application = self;
    struct application_endpoint *endpoint    = endpoint_of(application, request->handle);
    bool                         of_listener = setting_is_of_listeners(request->setting);

    if (of_listener && endpoint->kind != KIND_LISTENER) {
        call_fail(reply, REFUSAL_ARGUMENT, "only a listener has this setting");
        return;
    }
    if (request->setting == BACKLOG && request->value == 0) {
        call_fail(reply, REFUSAL_ARGUMENT, "a backlog is at least 1");
        return;
    }
    if (request->setting == ACCEPTING) {
        set_accepting(application, request->handle, request->value != 0);
        return;
    }
    if ((size_t)request->setting >= SETTINGS || !settings[request->setting].known) {
        call_fail(reply, REFUSAL_ARGUMENT, "this application has no such setting");
        return;
    }
    enum tcp_error error = tcp_set(application->tcp, endpoint->name, settings[request->setting].setting,
                                   request->value * settings[request->setting].factor);

    if (error != TCP_OK)
        call_fail(reply, REFUSAL_NONE_THERE, "%s", tcp_error_text(error));
}

/* ---- the table --------------------------------------------------------------------------------------------------------------
 */

static bool look_up(void *self, uint16_t handle)
{
    return endpoint_of(self, handle) != NULL;
}

static const struct call_table calls = {
    .look_up = look_up,
    .of      = { [CALL_PASSIVE_OPEN]  = call_passive_open,
                 [CALL_RESERVE]       = call_reserve,
                 [CALL_OPEN]          = call_open,
                 [CALL_ACCEPTED]      = call_accepted,
                 [CALL_SEND]          = call_send,
                 [CALL_SEND_URGENT]   = call_send,
                 [CALL_PAUSE_READING] = call_reading,
                 [CALL_RECEIVE]       = call_reading,
                 [CALL_CLOSE]         = call_close,
                 [CALL_CLOSE_BOTH]    = call_close,
                 [CALL_ABORT]         = call_close,
                 [CALL_SAW]           = call_saw,
                 [CALL_SERVE]         = call_serve,
                 [CALL_CONFIGURE]     = call_configure },
};

void application_call(struct application *application, const struct call_request *request, struct call_reply *reply)
{
    call_carry_out(&calls, application, request, reply);
    application_work(application);
}
