#include "foreign_stub.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKETS = 128, MESSAGE = 65536, HEAD = 16, READ_AT_ONCE = 8192, NO_LIMIT = 0xffff };

enum {
    OK            = 0x00,
    NOT_OK        = 0x01,
    BOUND_ALREADY = 0xed,
    NO_SOCKET     = 0xee,
    WRONG_SOCKET  = 0xef,
    NO_ROOM       = 0xe8,
    NOT_FOUND     = 0xff
};

enum kind { FREE, BOUND, LISTENS, CONNECTED };

/* Its place in the table, counted from 0, is its id in the protocol. */
struct place {
    enum kind kind;
    int       fd;
    bool      forwards, ended, shuts, closes;
    uint32_t  armed_by; /* id of the request */
    uint16_t  accepts;  /* connections that are still told */
    uint16_t  forward_most;
    uint32_t  forward_left; /* UINT32_MAX: no limit */
    uint32_t  dropped;
    uint8_t  *queue;
    size_t    queued;
};

struct stub {
    const struct foreign_wish *wish;
    struct foreign_record     *record;
    int                        fd;
    struct sockaddr_storage    tester; /* whose sockets these are, and who gets events */
    socklen_t                  tester_length;
    struct place               places[SOCKETS];
    bool                       has_lost;
};

/* A request that is read, and the response that is written. */
struct message {
    const uint8_t *at, *end;
    bool           bad;
    uint32_t       id;
    uint8_t        out[MESSAGE];
    size_t         count;
};

/* ---- octets ----------------------------------------------------------------------------------------------------------- */

static unsigned get8(struct message *message)
{
    if (message->end - message->at < 1) {
        message->bad = true;
        return 0;
    }
    return *message->at++;
}

static unsigned get16(struct message *message)
{
    unsigned high = get8(message);

    return high * 256 + get8(message);
}

static void put8(struct message *message, unsigned value)
{
    message->out[message->count++] = (uint8_t)value;
}

static void put16(struct message *message, unsigned value)
{
    put8(message, value / 256);
    put8(message, value % 256);
}

static void put_octets(struct message *message, const void *octets, size_t count)
{
    put16(message, (unsigned)count);
    memcpy(message->out + message->count, octets, count);
    message->count += count;
}

/* n, and n octets that lie in the message; NULL where there are fewer. */
static const uint8_t *get_octets(struct message *message, size_t *count)
{
    const uint8_t *octets = message->at + 2;

    *count = get16(message);
    if (message->bad || (size_t)(message->end - message->at) < *count) {
        message->bad = true;
        return NULL;
    }
    message->at += *count;
    return octets;
}

static socklen_t get_address(struct message *message, unsigned port, struct sockaddr_storage *address)
{
    struct sockaddr_in  *four = (struct sockaddr_in *)address;
    struct sockaddr_in6 *six  = (struct sockaddr_in6 *)address;
    size_t               count;
    const uint8_t       *octets = get_octets(message, &count);

    memset(address, 0, sizeof *address);
    if (octets != NULL && count == 4) {
        four->sin_family = AF_INET;
        four->sin_port   = htons((uint16_t)port);
        memcpy(&four->sin_addr, octets, 4);
        return sizeof *four;
    }
    if (octets != NULL && count == 16) {
        six->sin6_family = AF_INET6;
        six->sin6_port   = htons((uint16_t)port);
        memcpy(&six->sin6_addr, octets, 16);
        return sizeof *six;
    }
    message->bad = true;
    return 0;
}

static void begin(struct message *message, unsigned group, unsigned primitive, uint32_t id, unsigned type)
{
    message->count = 0;
    put16(message, 0x0105);
    put8(message, group);
    put8(message, primitive);
    put16(message, 0);
    put16(message, 0); /* the length, once it is known */
    put16(message, id >> 16);
    put16(message, id & 0xffff);
    put8(message, 1);
    put8(message, 1);
    put8(message, type);
    put8(message, OK);
}

static void finish(const struct stub *stub, struct message *message)
{
    size_t length = message->count - HEAD + 8;

    message->out[6] = (uint8_t)(length / 256);
    message->out[7] = (uint8_t)length;
    sendto(stub->fd, message->out, message->count, 0, (const struct sockaddr *)&stub->tester, stub->tester_length);
}

/* ---- sockets ---------------------------------------------------------------------------------------------------------- */

static void drop(struct place *place)
{
    if (place->kind != FREE)
        close(place->fd);
    free(place->queue);
    *place = (struct place){ .kind = FREE };
}

static struct place *take(struct stub *stub, enum kind kind, int fd)
{
    for (size_t i = 0; i < SOCKETS; i++) {
        if (stub->places[i].kind != FREE)
            continue;
        stub->places[i] = (struct place){ .kind = kind, .fd = fd };
        return &stub->places[i];
    }
    close(fd);
    return NULL;
}

static unsigned id_of(const struct stub *stub, const struct place *place)
{
    return (unsigned)(place - stub->places);
}

static struct place *get_place(struct stub *stub, struct message *message)
{
    unsigned id = get16(message);

    return id < SOCKETS && stub->places[id].kind != FREE && !stub->places[id].closes ? &stub->places[id] : NULL;
}

/* Sends what the kernel takes; what was to follow the last octet follows it. */
static void flush(struct place *place)
{
    ssize_t sent = place->queued > 0 ? send(place->fd, place->queue, place->queued, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

    if (sent < 0 && errno != EAGAIN)
        place->queued = 0;
    if (sent > 0) {
        place->queued -= (size_t)sent;
        memmove(place->queue, place->queue + sent, place->queued);
    }
    if (place->queued > 0)
        return;
    if (place->shuts)
        shutdown(place->fd, SHUT_WR);
    place->shuts = false;
    if (place->closes)
        drop(place);
}

static void queue(struct place *place, const uint8_t *octets, size_t count)
{
    place->queue = realloc(place->queue, place->queued + count + 1);
    if (place->queue == NULL)
        _exit(1);
    memcpy(place->queue + place->queued, octets, count);
    place->queued += count;
}

/* ---- group TCP -------------------------------------------------------------------------------------------------------- */

static unsigned close_socket(struct stub *stub, struct message *message)
{
    struct linger at_once = { 1, 0 };
    struct place *place   = get_place(stub, message);
    bool          abort   = get8(message) != 0;

    if (place == NULL)
        return WRONG_SOCKET;
    if (abort)
        setsockopt(place->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    place->queued = abort ? 0 : place->queued;
    place->closes = true;
    flush(place);
    return OK;
}

static unsigned create_and_bind(struct stub *stub, struct message *message)
{
    struct sockaddr_storage address;
    int                     on     = 1;
    bool                    binds  = get8(message) != 0;
    unsigned                port   = get16(message);
    socklen_t               length = get_address(message, port == NO_LIMIT ? 0 : port, &address);

    if (message->bad)
        return OK;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return NO_SOCKET;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (binds && bind(fd, (const struct sockaddr *)&address, length) != 0) {
        close(fd);
        return BOUND_ALREADY;
    }
    struct place *place = take(stub, BOUND, fd);

    if (place == NULL)
        return NO_ROOM;
    put16(message, id_of(stub, place));
    return OK;
}

static unsigned send_data(struct stub *stub, struct message *message)
{
    struct place *place = get_place(stub, message);
    size_t        total = get16(message), count;

    get8(message); /* flags */
    const uint8_t *octets = get_octets(message, &count);

    if (message->bad || (count == 0 && total > 0)) {
        message->bad = true;
        return OK;
    }
    if (place == NULL || place->kind != CONNECTED)
        return WRONG_SOCKET;
    for (size_t at = 0; at < total; at += count)
        queue(place, octets, total - at < count ? total - at : count);
    flush(place);
    return OK;
}

static unsigned receive_and_forward(struct stub *stub, struct message *message)
{
    uint8_t       waits[READ_AT_ONCE];
    struct place *place = get_place(stub, message);
    unsigned      most = get16(message), length = get16(message);

    if (place == NULL || place->kind != CONNECTED)
        return WRONG_SOCKET;
    for (ssize_t got; !place->forwards && (got = recv(place->fd, waits, sizeof waits, MSG_DONTWAIT)) > 0;)
        place->dropped += (uint32_t)got;
    put16(message, place->dropped < NO_LIMIT ? place->dropped : NO_LIMIT);
    place->dropped      = 0;
    place->forwards     = true;
    place->armed_by     = message->id;
    place->forward_most = (uint16_t)most;
    place->forward_left = length == NO_LIMIT ? UINT32_MAX : length;
    return OK;
}

static unsigned listen_and_accept(struct stub *stub, struct message *message)
{
    struct place *place = get_place(stub, message);
    unsigned      most  = get16(message);

    if (place == NULL || place->kind != BOUND)
        return WRONG_SOCKET;
    if (listen(place->fd, 128) != 0)
        return NOT_OK;
    place->kind     = LISTENS;
    place->accepts  = (uint16_t)most;
    place->armed_by = message->id;
    return OK;
}

static unsigned connect_socket(struct stub *stub, struct message *message)
{
    struct sockaddr_storage address;
    struct place           *place  = get_place(stub, message);
    unsigned                port   = get16(message);
    socklen_t               length = get_address(message, port, &address);

    if (message->bad)
        return OK;
    if (place == NULL || place->kind != BOUND)
        return WRONG_SOCKET;
    if (connect(place->fd, (const struct sockaddr *)&address, length) != 0 && errno != EINPROGRESS)
        return NOT_OK;
    place->kind = CONNECTED;
    return OK;
}

static unsigned configure_socket(struct stub *stub, struct message *message)
{
    struct place  *place     = get_place(stub, message);
    unsigned       parameter = get16(message);
    size_t         count;
    const uint8_t *value = get_octets(message, &count);
    int            off   = 1;

    if (place == NULL)
        return WRONG_SOCKET;
    message->bad = message->bad || count != (parameter == 5 ? 2u : 1u);
    if (message->bad)
        return OK;
    if (parameter == 6) {
        off = value[0] == 0;
        return setsockopt(place->fd, IPPROTO_TCP, TCP_NODELAY, &off, sizeof off) == 0 ? OK : NOT_OK;
    }
    message->bad = true; /* the only one that a case sets */
    return OK;
}

static unsigned shutdown_socket(struct stub *stub, struct message *message)
{
    struct place *place = get_place(stub, message);
    unsigned      type  = get8(message);

    message->bad = message->bad || type > 2;
    if (place == NULL || message->bad)
        return WRONG_SOCKET;
    if (type != 1)
        shutdown(place->fd, SHUT_RD);
    place->shuts = type != 0;
    flush(place);
    return OK;
}

typedef unsigned primitive_function(struct stub *stub, struct message *message);

static primitive_function *const primitives[FOREIGN_PRIMITIVES] = { close_socket,        create_and_bind,   send_data,
                                                                    receive_and_forward, listen_and_accept, connect_socket,
                                                                    configure_socket,    shutdown_socket };

/* ---- requests --------------------------------------------------------------------------------------------------------- */

static unsigned general(struct stub *stub, unsigned primitive, struct message *message)
{
    if (primitive == 1) {
        put16(message, 1);
        put16(message, stub->wish->release_1_1 ? 1 : 2);
        put16(message, 0);
        return OK;
    }
    if (primitive == 3) {
        stub->record->ended++;
        for (size_t i = 0; i < SOCKETS; i++)
            drop(&stub->places[i]);
    }
    return primitive == 2 || primitive == 3 ? OK : NOT_FOUND;
}

static unsigned carry_out(struct stub *stub, unsigned group, unsigned primitive, struct message *message)
{
    if (group == 0x7f && stub->wish->owns_7f && primitive == 0)
        return stub->wish->release_1_1 ? 0xec : 0xfc; /* whatever it is, its parameters are others */
    if (group == 0x7f)
        stub->record->of_7f++;
    if (group == 0x00)
        return general(stub, primitive, message);
    if (group != 0x02 || primitive >= FOREIGN_PRIMITIVES || (int)primitive == stub->wish->lacks)
        return NOT_FOUND;
    stub->record->made[primitive]++;
    return primitives[primitive](stub, message);
}

static bool is_another(const struct stub *stub, const struct sockaddr_storage *from, socklen_t length)
{
    return length != stub->tester_length || memcmp(from, &stub->tester, length) != 0;
}

static void take_request(struct stub *stub)
{
    static struct message   message;
    static uint8_t          request[MESSAGE];
    struct sockaddr_storage from   = { 0 };
    socklen_t               length = sizeof from;
    ssize_t                 count  = recvfrom(stub->fd, request, sizeof request, 0, (struct sockaddr *)&from, &length);

    if (count < HEAD || request[0] != 1 || request[1] != 5 || request[14] != 0)
        return;
    for (size_t i = 0; i < SOCKETS && is_another(stub, &from, length); i++)
        if (stub->places[i].kind != FREE && !stub->places[i].closes) {
            stub->record->mixed += request[2] == 0x02;
            break;
        }
    stub->tester        = from;
    stub->tester_length = length;
    message.at          = request + HEAD;
    message.end         = request + count;
    message.bad         = false;
    message.id          = (uint32_t)request[8] << 24 | (uint32_t)request[9] << 16 | (uint32_t)request[10] << 8 | request[11];
    begin(&message, request[2], request[3], stub->wish->replies_have_ids ? message.id : 0, 0x80);
    unsigned result = carry_out(stub, request[2], request[3], &message);

    if (message.bad)
        result = stub->wish->release_1_1 ? 0xec : 0xfc;
    message.out[15] = (uint8_t)result;
    message.count   = result == OK ? message.count : HEAD;
    bool lost       = request[2] == 0x02 && (int)request[3] == stub->wish->loses && !stub->has_lost;

    stub->has_lost = stub->has_lost || lost;
    if (!lost)
        finish(stub, &message);
}

/* ---- events ----------------------------------------------------------------------------------------------------------- */

static void begin_event(const struct stub *stub, struct message *event, unsigned primitive, uint32_t armed_by)
{
    begin(event, 0x82, primitive, stub->wish->events_have_ids ? armed_by : 0, 0x02);
}

static void accept_one(struct stub *stub, struct place *listener)
{
    static struct message   event;
    struct sockaddr_storage peer   = { 0 };
    socklen_t               length = sizeof peer;
    int                     fd     = accept4(listener->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK);
    struct place           *place  = fd >= 0 ? take(stub, CONNECTED, fd) : NULL;

    if (place == NULL)
        return;
    listener->accepts--;
    begin_event(stub, &event, 4, listener->armed_by);
    put16(&event, id_of(stub, listener));
    put16(&event, id_of(stub, place));
    if (peer.ss_family == AF_INET) {
        put16(&event, ntohs(((struct sockaddr_in *)&peer)->sin_port));
        put_octets(&event, &((struct sockaddr_in *)&peer)->sin_addr, 4);
    } else {
        put16(&event, ntohs(((struct sockaddr_in6 *)&peer)->sin6_port));
        put_octets(&event, &((struct sockaddr_in6 *)&peer)->sin6_addr, 16);
    }
    finish(stub, &event);
}

static void read_some(struct stub *stub, struct place *place)
{
    static struct message event;
    uint8_t               octets[READ_AT_ONCE];
    ssize_t               got = recv(place->fd, octets, sizeof octets, MSG_DONTWAIT);

    place->ended = got == 0 || (got < 0 && errno != EAGAIN);
    if (got <= 0)
        return;
    if (!place->forwards) {
        place->dropped += (uint32_t)got;
        return;
    }
    if (place->forward_left != UINT32_MAX) {
        place->forward_left -= (uint32_t)got < place->forward_left ? (uint32_t)got : place->forward_left;
        place->forwards = place->forward_left > 0;
    }
    begin_event(stub, &event, 3, place->armed_by);
    put16(&event, (unsigned)got);
    put_octets(&event, octets, (size_t)got < place->forward_most ? (size_t)got : place->forward_most);
    finish(stub, &event);
}

static short wishes_of(const struct stub *stub, const struct place *place)
{
    if (place->kind == LISTENS)
        return place->accepts > 0 ? POLLIN : 0;
    if (place->kind != CONNECTED)
        return 0;
    bool reads = !place->ended && !place->closes && (place->forwards || !stub->wish->reads_late);

    return (short)((reads ? POLLIN : 0) | (place->queued > 0 ? POLLOUT : 0));
}

static void work(struct stub *stub, struct place *place, short revents)
{
    if (revents == 0 || place->kind == FREE)
        return;
    if (place->kind == LISTENS && revents & POLLIN) {
        accept_one(stub, place);
        return;
    }
    if (place->kind == CONNECTED && wishes_of(stub, place) & POLLIN)
        read_some(stub, place);
    if (revents & (POLLOUT | POLLERR | POLLHUP))
        flush(place);
}

void foreign_stub_serve(const struct foreign_wish *wish, struct foreign_record *record, int ready)
{
    static struct stub  stub;
    struct sockaddr_in6 own = { .sin6_family = AF_INET6, .sin6_port = htons(wish->port) };

    stub = (struct stub){ .wish = wish, .record = record, .fd = socket(AF_INET6, SOCK_DGRAM, 0) };
    if (stub.fd < 0 || bind(stub.fd, (struct sockaddr *)&own, sizeof own) != 0 || write(ready, "", 1) != 1)
        _exit(1);
    for (;;) {
        struct pollfd polled[1 + SOCKETS];

        polled[0] = (struct pollfd){ .fd = stub.fd, .events = POLLIN };
        for (size_t i = 0; i < SOCKETS; i++) {
            short wishes = wishes_of(&stub, &stub.places[i]);

            polled[1 + i] = (struct pollfd){ .fd = wishes != 0 ? stub.places[i].fd : -1, .events = wishes };
        }
        if (poll(polled, 1 + SOCKETS, -1) < 0)
            continue;
        for (size_t i = 0; i < SOCKETS; i++)
            work(&stub, &stub.places[i], polled[1 + i].revents);
        if (polled[0].revents != 0)
            take_request(&stub);
    }
}
