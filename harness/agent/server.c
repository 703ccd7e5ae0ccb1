#include "agent/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/endpoint.h"
#include "agent/stub.h"

enum {
    CONTROLS_MOST     = 256,
    SOCKETS_MOST      = 512,
    STORE_OCTETS      = 256 << 10,
    QUEUE_OCTETS      = 64 << 20,
    DATAGRAM_OCTETS   = 65536,
    DATAGRAMS_AT_ONCE = 64, /* then the applications have their turn */
    OUTPUT_PER_SECOND = 8 << 20,
    REFUSED_KEPT      = 32, /* addresses that were told of */
    REFUSED_A_MINUTE  = 6
};

struct server {
    struct server_wish wish;
    int                fd;
    uint16_t           port;
    struct stub       *stub;
    struct agent *public; /* what serves everybody */
    struct agent_limits limits;
    struct pollfd      *polled;
    size_t              polled_room;
    uint64_t            second, sent; /* octets sent in this second: no more than OUTPUT_PER_SECOND */
    struct ip_address   refused[REFUSED_KEPT];
    size_t              refused_count; /* that were told of, ever */
    uint64_t            minute, told;  /* refusals told of in this minute: no more than REFUSED_A_MINUTE */
    uint8_t             datagram[DATAGRAM_OCTETS];
};

/* ---- who is allowed -------------------------------------------------------------------------------------------------------
 */

bool allowed_read(const char *text, struct allowed *allowed, struct error *error)
{
    char          address[46];
    const char   *slash  = strchr(text, '/');
    size_t        length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    unsigned long bits;
    char         *end = NULL;

    snprintf(address, sizeof address, "%.*s", (int)length, text);
    if (length >= sizeof address || !ip_address_parse(address, &allowed->address))
        return error_set(error, "\"%s\" is no address, nor ADDRESS/BITS", text);
    unsigned all = allowed->address.family == 6 ? 128 : 32;

    bits = slash != NULL ? strtoul(slash + 1, &end, 10) : all;
    if (slash != NULL && (end == slash + 1 || *end != '\0' || bits > all))
        return error_set(error, "\"%s\": the bits of a network are 0 to %u", text, all);
    allowed->bits = (unsigned)bits;
    return true;
}

bool allowed_covers(const struct allowed *allowed, const struct ip_address *address)
{
    if (allowed->address.family != address->family)
        return false;
    for (unsigned bit = 0; bit < allowed->bits; bit++) {
        uint8_t mask = (uint8_t)(0x80 >> bit % 8);

        if ((allowed->address.octets[bit / 8] & mask) != (address->octets[bit / 8] & mask))
            return false;
    }
    return true;
}

static bool is_allowed(const struct server *server, const struct ip_address *address)
{
    for (size_t i = 0; i < server->wish.allowed_count; i++)
        if (allowed_covers(&server->wish.allowed[i], address))
            return true;
    return false;
}

/* Addresses can be invented, and whoever reads of them is not to be flooded. */
static void tell_refused(struct server *server, const struct ip_address *address)
{
    struct timespec now;

    if (server->wish.refused == NULL)
        return;
    for (size_t i = 0; i < server->refused_count && i < REFUSED_KEPT; i++)
        if (ip_address_equal(&server->refused[i], address))
            return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if ((uint64_t)now.tv_sec / 60 != server->minute) {
        server->minute = (uint64_t)now.tv_sec / 60;
        server->told   = 0;
    }
    if (server->told == REFUSED_A_MINUTE)
        return;
    server->told++;
    server->refused[server->refused_count++ % REFUSED_KEPT] = *address;
    server->wish.refused(address);
}

/* ---- what the stub needs --------------------------------------------------------------------------------------------------
 */

static void *application_new(void *user)
{
    return agent_new(&((struct server *)user)->limits);
}

static void application_free(void *user, void *application)
{
    (void)user;
    agent_free(application);
}

static void call(void *user, void *application, const struct call_request *request, struct call_reply *reply)
{
    (void)user;
    agent_call(application, request, reply);
}

static uint32_t any_number(void *user)
{
    uint32_t number = 0;

    (void)user;
    while (getrandom(&number, sizeof number, 0) != sizeof number)
        continue; /* a signal came: server_open has seen that there are numbers */
    return number;
}

/* ---- opening --------------------------------------------------------------------------------------------------------------
 */

static bool serve_everybody(struct server *server, struct error *error)
{
    struct call_request *request = calloc(1, sizeof *request);
    struct call_reply   *reply   = calloc(1, sizeof *reply);
    bool                 good    = request != NULL && reply != NULL && (server->public = agent_new(&server->limits)) != NULL;

    if (!good)
        error_set(error, "out of memory");
    for (size_t i = 0; good && i < server->wish.served_count; i++) {
        *request = (struct call_request){ .kind    = CALL_PASSIVE_OPEN,
                                          .address = { .family = server->wish.bind.family },
                                          .port    = server->wish.served[i].port };
        agent_call(server->public, request, reply);
        good =
            reply->result == CALL_OK || error_set(error, "%s: %s", service_name(server->wish.served[i].kind), reply->sentence);
        *request = (struct call_request){ .kind = CALL_SERVE, .handle = reply->handle, .service = server->wish.served[i].kind };
        if (good)
            agent_call(server->public, request, reply);
    }
    free(request);
    free(reply);
    return good;
}

static bool open_control(struct server *server, struct error *error)
{
    uint32_t             number;
    char                 text[46];
    struct ip_address    unused;
    union socket_address address;
    socklen_t            length = socket_address_make(&server->wish.bind, server->wish.port, &address);

    if (getrandom(&number, sizeof number, 0) != sizeof number)
        return error_set(error, "there are no random numbers for a tester's token: %s", strerror(errno));
    ip_address_print(&server->wish.bind, text);
    server->fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->fd < 0)
        return error_set(error, "no UDP socket: %s", strerror(errno));
    if (bind(server->fd, &address.any, length) != 0)
        return error_set(error, "UDP port %u of %s cannot be taken: %s", server->wish.port, text, strerror(errno));
    length       = sizeof address;
    server->port = getsockname(server->fd, &address.any, &length) == 0 ? socket_address_read(&address, &unused) : 0;
    return true;
}

struct server *server_open(const struct server_wish *wish, struct error *error)
{
    struct server *server = calloc(1, sizeof *server);

    if (server == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    server->wish = *wish;
    server->fd   = -1;
    server->limits =
        (struct agent_limits){ .store_most = STORE_OCTETS, .queue_most = QUEUE_OCTETS, .sockets_most = SOCKETS_MOST };
    struct stub_host host = { server, application_new, application_free, call, any_number, wish->service, CONTROLS_MOST };

    server->stub = stub_new(&host);
    if (server->stub != NULL ? open_control(server, error) && serve_everybody(server, error)
                             : error_set(error, "out of memory"))
        return server;
    server_close(server);
    return NULL;
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

void server_close(struct server *server)
{
    stub_free(server->stub);
    agent_free(server->public);
    if (server->fd >= 0)
        close(server->fd);
    free(server->polled);
    free(server);
}

/* ---- serving --------------------------------------------------------------------------------------------------------------
 */

/* What is above the bound is not sent: a tester asks again, and nobody else should have asked. */
static void send_to(struct server *server, const struct control *to, const uint8_t *octets, size_t count)
{
    struct timespec      now;
    union socket_address address;
    socklen_t            length = socket_address_make(&to->address, to->port, &address);

    clock_gettime(CLOCK_MONOTONIC, &now);
    if ((uint64_t)now.tv_sec != server->second) {
        server->second = (uint64_t)now.tv_sec;
        server->sent   = 0;
    }
    server->sent += count;
    if (server->sent <= OUTPUT_PER_SECOND)
        sendto(server->fd, octets, count, MSG_DONTWAIT | MSG_NOSIGNAL, &address.any, length);
}

static void take_datagrams(struct server *server)
{
    uint8_t reply[MESSAGE_OCTETS];

    for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
        union socket_address address;
        struct control       from;
        socklen_t            length = sizeof address;
        ssize_t count = recvfrom(server->fd, server->datagram, sizeof server->datagram, MSG_DONTWAIT, &address.any, &length);

        if (count < 0 && (errno == EINTR || errno == ECONNREFUSED))
            continue; /* an answer of ours met a closed port */
        if (count < 0)
            return;
        from.port = socket_address_read(&address, &from.address);
        if (!is_allowed(server, &from.address)) {
            tell_refused(server, &from.address);
            continue;
        }
        size_t octets = stub_datagram(server->stub, &from, server->datagram, (size_t)count, reply);

        if (octets > 0)
            send_to(server, &from, reply, octets);
    }
}

static void send_events(struct server *server)
{
    uint8_t        event[MESSAGE_OCTETS];
    struct control to;

    while (stub_has_armed(server->stub)) {
        size_t octets = stub_event(server->stub, &to, event);

        if (octets == 0)
            return;
        send_to(server, &to, event, octets);
    }
}

/* The index-th application: the public one, then those of the control endpoints. */
static struct agent *application_at(const struct server *server, size_t index)
{
    return index == 0 ? server->public : stub_application(server->stub, index - 1);
}

static bool make_room(struct server *server, size_t entries)
{
    if (entries <= server->polled_room)
        return true;
    struct pollfd *polled = realloc(server->polled, entries * 2 * sizeof *polled);

    if (polled == NULL)
        return false;
    server->polled      = polled;
    server->polled_room = entries * 2;
    return true;
}

/* Entry 0 is the control socket's, entry 1 says when to stop; each application has its own part behind it. Returns the entries,
 * 0 without memory. */
static size_t gather_wishes(struct server *server, int stop_fd)
{
    size_t entries = 2;

    for (size_t i = 0; i <= CONTROLS_MOST; i++) {
        struct agent *agent = application_at(server, i);
        size_t        count = agent != NULL ? agent_wishes(agent, NULL, 0) : 0;

        if (!make_room(server, entries + count))
            return 0;
        if (count > 0)
            agent_wishes(agent, server->polled + entries, count);
        entries += count;
    }
    server->polled[0] = (struct pollfd){ .fd = server->fd, .events = POLLIN };
    server->polled[1] = (struct pollfd){ .fd = stop_fd, .events = POLLIN };
    return entries;
}

static void let_applications_work(struct server *server)
{
    size_t at = 2;

    for (size_t i = 0; i <= CONTROLS_MOST; i++) {
        struct agent *agent = application_at(server, i);
        size_t        count = agent != NULL ? agent_wishes(agent, NULL, 0) : 0;

        /* Accepting adds endpoints behind those that were waited for. */
        if (count > 0)
            agent_work(agent, server->polled + at, count);
        at += count;
    }
}

int server_run(struct server *server, int stop_fd)
{
    for (;;) {
        size_t entries = gather_wishes(server, stop_fd);

        if (entries == 0)
            return ENOMEM;
        if (poll(server->polled, (nfds_t)entries, -1) < 0) {
            if (errno != EINTR)
                return errno;
            continue;
        }
        if (server->polled[1].revents != 0)
            return 0;
        /* First those that were waited for; a datagram may end an application. */
        let_applications_work(server);
        if (server->polled[0].revents != 0)
            take_datagrams(server);
        send_events(server);
    }
}
