/* endpoint.c: a socket of the application, driven without blocking. What is read goes into a store that outlives the
 * socket, for the question "what did the application see" comes after the connection is gone as well. */
#include "agent/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_AT_ONCE_OCTETS  = 16384,
    READS_AT_ONCE        = 64,    /* then the others have their turn */
    ECHO_BACKLOG_OCTETS  = 65536, /* echo reads no more while so much is unsent */
    CHARGEN_CHUNK_OCTETS = 74 * 64,
    CHARGEN_LINE_OCTETS  = 74,
    CHARGEN_CHARACTERS   = 95
};

socklen_t socket_address_make(const struct ip_address *address, uint16_t port, union socket_address *out)
{
    memset(out, 0, sizeof *out);
    if (address->family == 6) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port   = htons(port);
        memcpy(&out->v6.sin6_addr, address->octets, 16);
        return sizeof out->v6;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port   = htons(port);
    memcpy(&out->v4.sin_addr, address->octets, 4);
    return sizeof out->v4;
}

uint16_t socket_address_read(const union socket_address *in, struct ip_address *address)
{
    memset(address, 0, sizeof *address);
    if (in->any.sa_family == AF_INET6) {
        address->family = 6;
        memcpy(address->octets, &in->v6.sin6_addr, 16);
        return ntohs(in->v6.sin6_port);
    }
    address->family = 4;
    memcpy(address->octets, &in->v4.sin_addr, 4);
    return ntohs(in->v4.sin_port);
}

struct endpoint *endpoint_new(enum endpoint_role role, int fd, struct agent_limits *limits)
{
    struct endpoint *endpoint = limits->sockets < limits->sockets_most ? calloc(1, sizeof *endpoint) : NULL;
    if (!endpoint)
        return NULL;
    limits->sockets++;
    endpoint->limits = limits;
    /* Urgent octets belong to the stream (RFC 9293 3.8.5): without this the last of them would be taken out of it. */
    setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &(int){ 1 }, sizeof(int));
    endpoint->role = role;
    endpoint->fd   = fd;
    return endpoint;
}

void endpoint_open(struct endpoint *endpoint, enum endpoint_role role)
{
    endpoint->role = role;
}

static void drop_queue(struct endpoint *endpoint)
{
    while (endpoint->first_chunk) {
        struct send_chunk *chunk = endpoint->first_chunk;
        endpoint->first_chunk    = chunk->next;
        free(chunk);
    }
    endpoint->last_chunk = NULL;
    endpoint->limits->queued -= endpoint->queued;
    endpoint->queued = 0;
}

static void close_socket(struct endpoint *endpoint)
{
    if (endpoint->fd >= 0) {
        close(endpoint->fd);
        endpoint->limits->sockets--;
    }
    endpoint->fd = -1;
    drop_queue(endpoint);
}

void endpoint_abort(struct endpoint *endpoint)
{
    /* A linger time of zero is how sockets say ABORT: close then sends a RST. */
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    if (endpoint->fd >= 0)
        setsockopt(endpoint->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close_socket(endpoint);
}

void endpoint_free(struct endpoint *endpoint)
{
    if (!endpoint)
        return;
    endpoint_abort(endpoint);
    free(endpoint->store);
    free(endpoint);
}

/* ---- what the application is told ----------------------------------------------------------------------------------- */

static void note_error(struct endpoint *endpoint, int error)
{
    switch (error) {
    case 0:
        return;
    case ECONNRESET:
    case EPIPE: /* Linux' word for a RST in CLOSE-WAIT */
        endpoint->events |= 1u << RESET;
        break;
    case ECONNREFUSED:
        endpoint->events |= 1u << REFUSED;
        break;
    case ETIMEDOUT:
        endpoint->events |= 1u << TIMED_OUT;
        break;
    case EHOSTUNREACH:
    case ENETUNREACH: /* given up after a soft error: RFC 1122 4.2.3.9 */
        endpoint->events |= 1u << TIMED_OUT | 1u << SOFT_ERROR;
        break;
    default:
        endpoint->events |= 1u << SOFT_ERROR;
        break;
    }
    endpoint->finished = true;
    drop_queue(endpoint);
}

void endpoint_note_error(struct endpoint *endpoint)
{
    int       error  = 0;
    socklen_t length = sizeof error;
    if (endpoint->fd >= 0 && getsockopt(endpoint->fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0)
        note_error(endpoint, error);
}

/* The urgent mark is the last urgent octet; it is known only once everything before it was read. */
static void note_urgent_mark(struct endpoint *endpoint)
{
    int at_mark = 0;
    if (ioctl(endpoint->fd, SIOCATMARK, &at_mark) == 0 && at_mark) {
        endpoint->events |= 1u << URGENT;
        endpoint->urgent_to = endpoint->octets + 1;
    }
}

static void note_urgent_announced(struct endpoint *endpoint)
{
    struct pollfd entry = { .fd = endpoint->fd, .events = POLLPRI };
    if (poll(&entry, 1, 0) == 1 && entry.revents & POLLPRI)
        endpoint->events |= 1u << URGENT;
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/* Makes room for one more read at the store's end; the oldest half goes when the bound is reached. */
static bool make_room(struct endpoint *endpoint)
{
    if (endpoint->stored + READ_AT_ONCE_OCTETS > endpoint->limits->store_most) {
        size_t kept = endpoint->limits->store_most / 2;
        memmove(endpoint->store, endpoint->store + endpoint->stored - kept, kept);
        endpoint->stored = kept;
    }
    if (endpoint->stored + READ_AT_ONCE_OCTETS <= endpoint->store_room)
        return true;
    size_t   room  = endpoint->store_room ? endpoint->store_room * 2 : (size_t)READ_AT_ONCE_OCTETS * 2;
    uint8_t *store = realloc(endpoint->store, room);
    if (!store)
        return false;
    endpoint->store      = store;
    endpoint->store_room = room;
    return true;
}

static bool reading(const struct endpoint *endpoint)
{
    bool echo_is_full = endpoint->service == SERVICE_ECHO && endpoint->queued > ECHO_BACKLOG_OCTETS;
    return endpoint->fd >= 0 && !endpoint->paused && !endpoint->finished && !echo_is_full && !(endpoint->events & 1u << END);
}

/* Reads once. false when there is nothing more to be read now. */
static bool read_once(struct endpoint *endpoint)
{
    if (!make_room(endpoint))
        return false;
    note_urgent_mark(endpoint);
    uint8_t *at    = endpoint->store + endpoint->stored;
    ssize_t  count = recv(endpoint->fd, at, READ_AT_ONCE_OCTETS, MSG_DONTWAIT);
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ENOTCONN)
            note_error(endpoint, errno);
        return errno == EINTR;
    }
    if (count == 0) {
        endpoint->events |= 1u << END;
        return false;
    }
    endpoint->stored += (size_t)count;
    endpoint->octets += (uint64_t)count;
    if (endpoint->service == SERVICE_ECHO)
        return endpoint_send(endpoint, at, (size_t)count, false);
    return true;
}

/* ---- sending -------------------------------------------------------------------------------------------------------- */

static void flush_queue(struct endpoint *endpoint)
{
    while (endpoint->fd >= 0 && endpoint->first_chunk) {
        struct send_chunk *chunk = endpoint->first_chunk;
        /* With MSG_OOB the urgent pointer goes behind the last octet taken, so the rest of a chunk moves it on. */
        int     flags = MSG_DONTWAIT | MSG_NOSIGNAL | (chunk->urgent ? MSG_OOB : 0);
        ssize_t count = send(endpoint->fd, chunk->data + chunk->sent, chunk->octets - chunk->sent, flags);
        if (count < 0) {
            if (errno != EAGAIN && errno != EINTR)
                note_error(endpoint, errno);
            return;
        }
        chunk->sent += (size_t)count;
        endpoint->queued -= (size_t)count;
        endpoint->limits->queued -= (size_t)count;
        if (chunk->sent < chunk->octets)
            continue;
        endpoint->first_chunk = chunk->next;
        if (!chunk->next)
            endpoint->last_chunk = NULL;
        free(chunk);
    }
}

bool endpoint_send(struct endpoint *endpoint, const uint8_t *data, size_t octets, bool urgent)
{
    if (octets == 0)
        return true;
    if (endpoint->limits->queued + octets > endpoint->limits->queue_most)
        return false;
    struct send_chunk *chunk = malloc(sizeof *chunk + octets);
    if (!chunk)
        return false;
    *chunk = (struct send_chunk){ .urgent = urgent, .octets = octets };
    memcpy(chunk->data, data, octets);
    if (endpoint->last_chunk)
        endpoint->last_chunk->next = chunk;
    else
        endpoint->first_chunk = chunk;
    endpoint->last_chunk = chunk;
    endpoint->queued += octets;
    endpoint->limits->queued += octets;
    flush_queue(endpoint);
    return true;
}

/* RFC 864: lines of 72 characters, each line beginning with the next character of the ring. */
static void generate(struct endpoint *endpoint)
{
    uint8_t octets[CHARGEN_CHUNK_OCTETS];
    for (size_t i = 0; i < sizeof octets; i++) {
        uint64_t line   = (endpoint->generated + i) / CHARGEN_LINE_OCTETS;
        uint64_t column = (endpoint->generated + i) % CHARGEN_LINE_OCTETS;
        octets[i]       = column == 72 ? '\r' : column == 73 ? '\n' : (uint8_t)(' ' + (line + column) % CHARGEN_CHARACTERS);
    }
    if (endpoint_send(endpoint, octets, sizeof octets, false))
        endpoint->generated += sizeof octets;
}

/* RFC 867: the time as a line, and the end. */
static void tell_time(struct endpoint *endpoint)
{
    char      line[64];
    time_t    now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    size_t octets = strftime(line, sizeof line, "%A, %B %d, %Y %H:%M:%S-UTC\r\n", &utc);
    endpoint_send(endpoint, (const uint8_t *)line, octets, false);
    endpoint->close_both = true;
}

/* The least of RFC 9110 and 9112 that answers a GET: a head, a page, and the end. Whatever ends with an empty line is one. */
static void answer_request(struct endpoint *endpoint)
{
    static const char page[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntcprove\n";
    bool whole = false;
    for (size_t i = 4; i <= endpoint->stored && !whole; i++)
        whole = memcmp(endpoint->store + i - 4, "\r\n\r\n", 4) == 0;
    if (!whole)
        return;
    endpoint_send(endpoint, (const uint8_t *)page, sizeof page - 1, false);
    endpoint->close_both = true;
}

static void serve(struct endpoint *endpoint)
{
    /* Nobody asks later what became of a served connection. */
    if (endpoint->service != SERVICE_NONE && endpoint->finished)
        close_socket(endpoint);
    if (endpoint->service == SERVICE_NONE || endpoint->finished || endpoint->close_both)
        return;
    if (endpoint->service == SERVICE_DAYTIME)
        tell_time(endpoint);
    else if (endpoint->service == SERVICE_HTTP)
        answer_request(endpoint);
    if (endpoint->events & 1u << END)
        endpoint->close_both = true; /* these services are over when the peer's FIN was read and the echo is out */
    else if (endpoint->service == SERVICE_CHARGEN && endpoint->queued == 0)
        generate(endpoint);
}

static void close_what_is_due(struct endpoint *endpoint)
{
    if (endpoint->fd < 0 || endpoint->queued > 0)
        return;
    if (endpoint->close_both) {
        close_socket(endpoint);
    } else if (endpoint->close_send && !endpoint->closed_send) {
        shutdown(endpoint->fd, SHUT_WR);
        endpoint->closed_send = true;
    }
}

/* ---- driving -------------------------------------------------------------------------------------------------------- */

void endpoint_pump(struct endpoint *endpoint)
{
    if (endpoint->role != ROLE_CONNECTION || endpoint->fd < 0)
        return;
    for (int i = 0; i < READS_AT_ONCE && reading(endpoint); i++)
        if (!read_once(endpoint))
            break;
    if (endpoint->paused && !(endpoint->events & 1u << URGENT))
        note_urgent_announced(endpoint);
    if (!endpoint->finished)
        flush_queue(endpoint);
    serve(endpoint);
    close_what_is_due(endpoint);
}

int endpoint_wishes(const struct endpoint *endpoint)
{
    if (endpoint->fd < 0 || endpoint->role == ROLE_RESERVED || endpoint->finished || endpoint->hung_up)
        return -1;
    if (endpoint->role == ROLE_LISTENER)
        return POLLIN;
    int events = 0;
    if (reading(endpoint))
        events |= POLLIN | POLLPRI;
    else if (endpoint->paused && !(endpoint->events & 1u << URGENT))
        events |= POLLPRI;
    if (endpoint->queued > 0 || (endpoint->service == SERVICE_CHARGEN && !(endpoint->events & 1u << END)))
        events |= POLLOUT;
    return events;
}

void endpoint_close_send(struct endpoint *endpoint)
{
    endpoint->close_send = true;
    endpoint_pump(endpoint);
}

void endpoint_close_both(struct endpoint *endpoint)
{
    if (endpoint->role != ROLE_CONNECTION) {
        close_socket(endpoint);
        return;
    }
    endpoint_pump(endpoint);
    endpoint->close_both = true;
    close_what_is_due(endpoint);
}
