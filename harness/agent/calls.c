/* calls.c: the table of user calls, each carried out with sockets, and the wait for what the sockets have to do. */
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/endpoint.h"

enum { LISTEN_BACKLOG = 128, HANDLES_MAX = UINT16_MAX, STORE_OCTETS = 1 << 20, QUEUE_OCTETS = 16 << 20 };

/* The handle of an endpoint is its place in the table, counted from 1. */
struct agent {
    struct endpoint   **endpoints;
    size_t              count, room;
    struct pollfd      *polled; /* polled_room of them */
    size_t              polled_room;
    struct agent_limits own, *limits;
};

struct agent *agent_new(struct agent_limits *limits)
{
    struct agent *agent = calloc(1, sizeof *agent);
    if (!agent)
        return NULL;
    agent->own    = (struct agent_limits){ .store_most = STORE_OCTETS, .queue_most = QUEUE_OCTETS, .sockets_most = SIZE_MAX };
    agent->limits = limits ? limits : &agent->own;
    return agent;
}

void agent_free(struct agent *agent)
{
    if (!agent)
        return;
    for (size_t i = 0; i < agent->count; i++)
        endpoint_free(agent->endpoints[i]);
    free(agent->endpoints);
    free(agent->polled);
    free(agent);
}

static bool grow(struct agent *agent)
{
    if (agent->count < agent->room)
        return true;
    size_t            room      = agent->room ? agent->room * 2 : 16;
    struct endpoint **endpoints = realloc(agent->endpoints, room * sizeof *endpoints);
    if (!endpoints)
        return false;
    agent->endpoints = endpoints;
    agent->room      = room;
    return true;
}

/* One entry more than there are endpoints. */
static bool grow_polled(struct agent *agent)
{
    if (agent->count < agent->polled_room)
        return true;
    size_t         room   = agent->count * 2 + 16;
    struct pollfd *polled = realloc(agent->polled, room * sizeof *polled);
    if (!polled)
        return false;
    agent->polled      = polled;
    agent->polled_room = room;
    return true;
}

/* The handle of a served connection that is over, for nobody holds it; 0 where there is none. */
static uint16_t handle_to_spare(const struct agent *agent)
{
    for (size_t i = 0; i < agent->count; i++)
        if (agent->endpoints[i]->service != SERVICE_NONE && agent->endpoints[i]->role == ROLE_CONNECTION &&
            agent->endpoints[i]->fd < 0)
            return (uint16_t)(i + 1);
    return 0;
}

/* Takes the socket into the table; returns its handle, or 0 (and closes the socket) where that cannot be. */
static uint16_t adopt(struct agent *agent, enum endpoint_role role, int fd)
{
    struct endpoint *endpoint = NULL;
    uint16_t         spare    = handle_to_spare(agent);
    if (spare) {
        endpoint = endpoint_new(role, fd, agent->limits);
        if (!endpoint) {
            close(fd);
            return 0;
        }
        endpoint_free(agent->endpoints[spare - 1]);
        agent->endpoints[spare - 1] = endpoint;
        return spare;
    }
    if (agent->count < HANDLES_MAX && grow(agent))
        endpoint = endpoint_new(role, fd, agent->limits);
    if (!endpoint) {
        close(fd);
        return 0;
    }
    agent->endpoints[agent->count++] = endpoint;
    return (uint16_t)agent->count;
}

static struct endpoint *endpoint_of(struct agent *agent, uint16_t handle)
{
    return handle >= 1 && handle <= agent->count ? agent->endpoints[handle - 1] : NULL;
}

static void accept_all(struct agent *agent, uint16_t handle)
{
    struct endpoint *listener = endpoint_of(agent, handle);
    for (;;) {
        union socket_address peer;
        socklen_t            length = sizeof peer;
        if (listener->waits || agent->limits->sockets >= agent->limits->sockets_most)
            return;
        int fd = accept4(listener->fd, &peer.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
            continue;
        if (fd < 0)
            return;
        struct endpoint *connection = endpoint_of(agent, adopt(agent, ROLE_CONNECTION, fd));
        if (!connection)
            return;
        connection->peer_port = socket_address_read(&peer, &connection->peer);
        connection->listener  = handle;
        connection->service   = listener->service;
        connection->paused    = listener->paused;
        connection->events    = 1u << ACCEPTED;
        endpoint_pump(connection);
    }
}

static void pump(struct agent *agent, uint16_t handle)
{
    struct endpoint *endpoint = endpoint_of(agent, handle);
    if (endpoint->role == ROLE_LISTENER && endpoint->fd >= 0)
        accept_all(agent, handle);
    else
        endpoint_pump(endpoint);
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static uint16_t local_port(int fd)
{
    union socket_address address;
    struct ip_address    unused;
    socklen_t            length = sizeof address;
    return getsockname(fd, &address.any, &length) == 0 ? socket_address_read(&address, &unused) : 0;
}

/* A non-blocking socket of the request's family, bound to any address and `port`; -1 with the reply filled in. */
static int bound_socket(const struct call_request *request, uint16_t port, struct call_reply *reply)
{
    bool                 v6  = request->address.family == 6;
    struct ip_address    any = { .family = v6 ? 6 : 4 };
    union socket_address address;
    int                  fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        call_fail(reply, REFUSAL_CREATE, "socket: %s", strerror(errno));
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    if (v6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int));
    socklen_t length = socket_address_make(&any, port, &address);
    if (bind(fd, &address.any, length) != 0) {
        call_fail(reply, REFUSAL_BIND, "bind to port %u: %s", port, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

/* The socket that RESERVE gave, which keeps its handle, or a new one. */
static int take_or_bind(struct agent *agent, const struct call_request *request, uint16_t port, struct call_reply *reply)
{
    const struct endpoint *reserved = endpoint_of(agent, request->handle);
    if (request->handle == 0)
        return bound_socket(request, port, reply);
    if (reserved && reserved->role == ROLE_RESERVED && reserved->fd >= 0)
        return reserved->fd;
    call_fail(reply, REFUSAL_NO_HANDLE, "handle %u is no socket that waits to be opened", request->handle);
    return -1;
}

/* What failed is closed, unless it was there before. */
static void give_back(const struct call_request *request, int fd)
{
    if (request->handle == 0)
        close(fd);
}

static void reply_with(struct agent *agent, enum endpoint_role role, uint16_t reserved, int fd, struct call_reply *reply)
{
    reply->port   = local_port(fd);
    reply->handle = reserved;
    if (reserved)
        endpoint_open(endpoint_of(agent, reserved), role);
    else
        reply->handle = adopt(agent, role, fd);
    if (!reply->handle)
        call_fail(reply, REFUSAL_ROOM, "the application has no room for another socket");
}

static void call_passive_open(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct agent *agent = self;
    int           fd    = take_or_bind(agent, request, request->port, reply);
    if (fd < 0)
        return;
    /* Before listen, for connections inherit it: urgent data may arrive before accept. */
    setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &(int){ 1 }, sizeof(int));
    if (listen(fd, LISTEN_BACKLOG) != 0) {
        call_fail(reply, REFUSAL_BIND, "listen on port %u: %s", local_port(fd), strerror(errno));
        give_back(request, fd);
        return;
    }
    reply_with(agent, ROLE_LISTENER, request->handle, fd, reply);
}

static void call_reserve(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct agent *agent = self;
    int           fd    = bound_socket(request, request->port, reply);
    if (fd < 0)
        return;
    reply_with(agent, ROLE_RESERVED, 0, fd, reply);
    if (reply->handle)
        endpoint_of(agent, reply->handle)->peer.family = request->address.family == 6 ? 6 : 4;
}

static void call_open(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct agent        *agent = self;
    union socket_address address;
    socklen_t            length = socket_address_make(&request->address, request->port, &address);
    int                  fd     = take_or_bind(agent, request, 0, reply);
    if (fd < 0)
        return;
    if (connect(fd, &address.any, length) != 0 && errno != EINPROGRESS) {
        call_fail(reply, REFUSAL_OTHER, "connect: %s", strerror(errno));
        give_back(request, fd);
        return;
    }
    reply_with(agent, ROLE_CONNECTION, request->handle, fd, reply);
    struct endpoint *connection = endpoint_of(agent, reply->handle);
    if (connection) {
        connection->peer      = request->address;
        connection->peer_port = request->port;
    }
}

static uint64_t accepted_in_all(const struct agent *agent, uint16_t listener)
{
    uint64_t count = 0;
    for (size_t i = 0; i < agent->count; i++)
        count += agent->endpoints[i]->listener == listener;
    return count;
}

static void call_accepted(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct agent *agent = self;
    if (endpoint_of(agent, request->handle)->role != ROLE_LISTENER) {
        call_fail(reply, REFUSAL_ARGUMENT, "only a listener has connections to be accepted");
        return;
    }
    uint64_t earlier = accepted_in_all(agent, request->handle);
    reply->result    = CALL_PENDING;
    for (size_t i = agent->count; i > 0; i--) { /* the latest first: a 4-tuple may come back */
        const struct endpoint *it = agent->endpoints[i - 1];
        if (it->listener != request->handle)
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

/* ---- on an endpoint ------------------------------------------------------------------------------------------------- */

static void call_send(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct agent    *agent    = self;
    struct endpoint *endpoint = endpoint_of(agent, request->handle);
    if (endpoint->role != ROLE_CONNECTION || endpoint->fd < 0 || endpoint->finished)
        call_fail(reply, REFUSAL_NONE_THERE, "there is no connection to send on");
    else if (endpoint->close_send || endpoint->close_both)
        call_fail(reply, REFUSAL_CLOSING, "the connection is closing");
    else if (request->data_octets > CALL_DATA_MAX_OCTETS ||
             !endpoint_send(endpoint, request->data, request->data_octets, request->kind == CALL_SEND_URGENT))
        call_fail(reply, REFUSAL_ROOM, "%u octets more do not fit into the application's queue", request->data_octets);
}

static void call_reading(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct agent    *agent    = self;
    struct endpoint *endpoint = endpoint_of(agent, request->handle);
    endpoint->paused          = request->kind == CALL_PAUSE_READING;
    reply->octets             = endpoint->octets;
    pump(agent, request->handle);
}

static void call_close(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct agent    *agent    = self;
    struct endpoint *endpoint = endpoint_of(agent, request->handle);
    if (endpoint->fd < 0)
        call_fail(reply, REFUSAL_NONE_THERE, "it is closed already");
    else if (endpoint->role != ROLE_CONNECTION || request->kind == CALL_CLOSE_BOTH)
        endpoint_close_both(endpoint);
    else if (request->kind == CALL_ABORT)
        endpoint_abort(endpoint);
    else
        endpoint_close_send(endpoint);
}

static void call_saw(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct agent    *agent    = self;
    struct endpoint *endpoint = endpoint_of(agent, request->handle);
    endpoint_note_error(endpoint);
    reply->events    = endpoint->events;
    reply->octets    = endpoint->octets;
    reply->urgent_to = endpoint->urgent_to;
    call_show(request, reply, endpoint->store, endpoint->stored);
}

static bool set(const struct endpoint *endpoint, int level, int name, int value)
{
    return setsockopt(endpoint->fd, level, name, &value, sizeof value) == 0;
}

/* Seconds are the finest that these options know. */
static int seconds(uint32_t milliseconds)
{
    return (int)(milliseconds / 1000 + (milliseconds % 1000 != 0));
}

static bool configure(struct endpoint *endpoint, enum setting setting, uint32_t value)
{
    bool v6 = endpoint->peer.family == 6;
    switch (setting) {
    case NO_SETTING:
        break;
    case SETTING_TTL:
        return set(endpoint, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_UNICAST_HOPS : IP_TTL, (int)value);
    case SETTING_TOS:
        return set(endpoint, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, (int)value);
    case SETTING_PRIORITY:
        return set(endpoint, SOL_SOCKET, SO_PRIORITY, (int)value);
    case SETTING_DONT_FRAGMENT:
        return set(endpoint, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER,
                   value ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT);
    case SETTING_MSS:
        return set(endpoint, IPPROTO_TCP, TCP_MAXSEG, (int)value);
    case NAGLE:
        return set(endpoint, IPPROTO_TCP, TCP_NODELAY, value == 0);
    case KEEP_ALIVE:
        return set(endpoint, SOL_SOCKET, SO_KEEPALIVE, value != 0) &&
               (value == 0 || set(endpoint, IPPROTO_TCP, TCP_KEEPIDLE, seconds(value)));
    case KEEP_ALIVE_INTERVAL:
        return set(endpoint, IPPROTO_TCP, TCP_KEEPINTVL, seconds(value));
    case USER_TIMEOUT:
        return set(endpoint, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)value);
    case ACCEPTING:
        endpoint->waits = value == 0;
        return true;
    case BACKLOG:
        return value > 0 && listen(endpoint->fd, (int)value) == 0;
    }
    errno = EINVAL;
    return false;
}

static void call_configure(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct agent    *agent       = self;
    struct endpoint *endpoint    = endpoint_of(agent, request->handle);
    bool             of_listener = setting_is_of_listeners(request->setting);

    if (endpoint->fd < 0)
        call_fail(reply, REFUSAL_NONE_THERE, "it is closed already");
    else if (of_listener && endpoint->role != ROLE_LISTENER)
        call_fail(reply, REFUSAL_ARGUMENT, "only a listener has this setting");
    else if (request->value > INT_MAX || !configure(endpoint, request->setting, request->value))
        call_fail(reply, REFUSAL_ARGUMENT, "a value of %u: %s", request->value, strerror(errno));
    else
        pump(agent, request->handle);
}

static void call_serve(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct agent    *agent    = self;
    struct endpoint *endpoint = endpoint_of(agent, request->handle);
    if (endpoint->role != ROLE_LISTENER)
        call_fail(reply, REFUSAL_ARGUMENT, "only a listener can be served");
    else
        endpoint->service = request->service;
}

/* ---- the table ------------------------------------------------------------------------------------------------------ */

static bool look_up(void *self, uint16_t handle)
{
    if (endpoint_of(self, handle) == NULL)
        return false;
    pump(self, handle);
    return true;
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

void agent_call(struct agent *agent, const struct call_request *request, struct call_reply *reply)
{
    call_carry_out(&calls, agent, request, reply);
}

size_t agent_wishes(const struct agent *agent, struct pollfd *entries, size_t room)
{
    for (size_t i = 0; i < agent->count && i < room; i++) {
        int wishes = endpoint_wishes(agent->endpoints[i]);
        /* Without room for another connection none is accepted: it waits in the kernel, and is not closed at once. */
        if (agent->endpoints[i]->role == ROLE_LISTENER &&
            (agent->endpoints[i]->waits || agent->limits->sockets >= agent->limits->sockets_most))
            wishes = -1;
        entries[i] =
            (struct pollfd){ .fd = wishes < 0 ? -1 : agent->endpoints[i]->fd, .events = (short)(wishes < 0 ? 0 : wishes) };
    }
    return agent->count;
}

void agent_work(struct agent *agent, const struct pollfd *entries, size_t count)
{
    for (size_t i = 0; i < count && i < agent->count; i++) {
        short revents = entries[i].revents;
        if (!revents)
            continue;
        pump(agent, (uint16_t)(i + 1));
        struct endpoint *endpoint = agent->endpoints[i]; /* read anew: accepting may move the table */
        if (revents & (POLLERR | POLLHUP) && endpoint->role == ROLE_CONNECTION) {
            endpoint_note_error(endpoint);
            /* poll(2) tells of a hang-up for ever: what may still come is asked for by CALL_SAW. Unread data and END
             * are not lost by this while the application is paused, for RECEIVE takes them. */
            endpoint->hung_up = true;
            endpoint_pump(endpoint); /* a served one is over */
        }
    }
}

bool agent_poll(struct agent *agent, int timeout_ms, int extra_fd)
{
    size_t count = agent->count;
    if (!grow_polled(agent))
        return false;
    agent_wishes(agent, agent->polled, count);
    agent->polled[count] = (struct pollfd){ .fd = extra_fd, .events = POLLIN };
    if (poll(agent->polled, (nfds_t)(count + 1), timeout_ms) <= 0)
        return false;
    bool extra = agent->polled[count].revents != 0;
    agent_work(agent, agent->polled, count);
    return extra;
}
