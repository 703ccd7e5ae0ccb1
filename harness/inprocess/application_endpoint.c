#include "inprocess/application_endpoint.h"

#include <stdlib.h>
#include <string.h>

enum {
    READ_AT_ONCE_OCTETS  = 16384,
    ECHO_BACKLOG_OCTETS  = 65536, /* echo reads no more while so much is unsent */
    CHARGEN_LINE_OCTETS  = 74,
    CHARGEN_CHUNK_OCTETS = CHARGEN_LINE_OCTETS * 64,
    CHARGEN_CHARACTERS   = 95
};

/* ---- what the application is told --------------------------------------------------------------------------------------- */

static void drop_queue(struct application_endpoint *endpoint)
{
    while (endpoint->first_send) {
        struct queued_send *send = endpoint->first_send;

        endpoint->first_send = send->next;
        free(send);
    }
    endpoint->last_send = NULL;
    endpoint->queued    = 0;
}

static void note_urgent(struct application_endpoint *endpoint, const struct tcp *tcp)
{
    struct tcp_status status;

    endpoint->events |= 1u << URGENT;
    if (tcp_status(tcp, endpoint->name, &status) == TCP_OK && status.urgent)
        endpoint->urgent_to = status.urgent_to;
}

/* How an attempt to connect fails is "refused" to an application, whether RFC 9293 calls it reset or refused. */
void application_endpoint_note(struct application_endpoint *endpoint, const struct tcp *tcp, enum tcp_signal signal)
{
    endpoint->stirred = true;
    switch (signal) {
    case TCP_SIGNAL_OPENED:
    case TCP_SIGNAL_ACCEPTED:
        endpoint->established = true;
        break;
    case TCP_SIGNAL_URGENT:
        note_urgent(endpoint, tcp);
        break;
    case TCP_SIGNAL_SOFT_ERROR:
        endpoint->events |= 1u << SOFT_ERROR;
        break;
    case TCP_SIGNAL_RESET:
        endpoint->events |= 1u << RESET | (endpoint->established ? 0 : 1u << REFUSED);
        break;
    case TCP_SIGNAL_REFUSED:
        endpoint->events |= 1u << REFUSED;
        break;
    case TCP_SIGNAL_TIMED_OUT:
        endpoint->events |= 1u << TIMED_OUT;
        break;
    case TCP_SIGNAL_CLOSED:
        endpoint->name = 0;
        drop_queue(endpoint);
        break;
    case TCP_SIGNAL_RECEIVABLE:
    case TCP_SIGNAL_SENDABLE:
    case TCP_SIGNAL_CLOSING:
    case TCP_SIGNAL_DELAYED:
        break;
    }
}

/* ---- reading --------------------------------------------------------------------------------------------------------------
 */

/* Makes room for one more read; the oldest half goes when the bound is reached. */
static bool make_room(struct application_endpoint *endpoint)
{
    if (endpoint->kept_octets + READ_AT_ONCE_OCTETS > KEPT_MOST_OCTETS) {
        size_t half = KEPT_MOST_OCTETS / 2;

        memmove(endpoint->kept, endpoint->kept + endpoint->kept_octets - half, half);
        endpoint->kept_octets = half;
    }
    if (endpoint->kept_octets + READ_AT_ONCE_OCTETS <= endpoint->kept_room)
        return true;
    size_t   room = endpoint->kept_room ? endpoint->kept_room * 2 : (size_t)READ_AT_ONCE_OCTETS * 2;
    uint8_t *kept = realloc(endpoint->kept, room);

    if (kept == NULL)
        return false;
    endpoint->kept      = kept;
    endpoint->kept_room = room;
    return true;
}

static bool reads(const struct application_endpoint *endpoint)
{
    bool echo_is_full = endpoint->service == SERVICE_ECHO && endpoint->queued > ECHO_BACKLOG_OCTETS;

    return endpoint->name != 0 && !endpoint->paused && !echo_is_full && !(endpoint->events & 1u << END);
}

/* Reads once. false when there is nothing more to be read now. */
static bool read_once(struct application_endpoint *endpoint, struct tcp *tcp)
{
    size_t count;

    if (!make_room(endpoint))
        return false;
    uint8_t       *at    = endpoint->kept + endpoint->kept_octets;
    enum tcp_error error = tcp_receive(tcp, endpoint->name, at, READ_AT_ONCE_OCTETS, &count);

    if (error == TCP_ERROR_CLOSING)
        endpoint->events |= 1u << END;
    if (error != TCP_OK)
        return false;
    endpoint->kept_octets += count;
    endpoint->octets += count;
    if (endpoint->service == SERVICE_ECHO)
        return application_endpoint_queue(endpoint, at, count, false);
    return true;
}

/* ---- sending --------------------------------------------------------------------------------------------------------------
 */

bool application_endpoint_queue(struct application_endpoint *endpoint, const uint8_t *data, size_t octets, bool urgent)
{
    if (octets == 0)
        return true;
    if (endpoint->queued + octets > QUEUE_MOST_OCTETS)
        return false;
    struct queued_send *send = malloc(sizeof *send + octets);

    if (send == NULL)
        return false;
    *send = (struct queued_send){ .urgent = urgent, .octets = octets };
    memcpy(send->data, data, octets);
    if (endpoint->last_send)
        endpoint->last_send->next = send;
    else
        endpoint->first_send = send;
    endpoint->last_send = send;
    endpoint->queued += octets;
    return true;
}

/* Gives the TCP what its send buffer takes. */
static void flush_queue(struct application_endpoint *endpoint, struct tcp *tcp)
{
    while (endpoint->name != 0 && endpoint->first_send) {
        struct queued_send *send = endpoint->first_send;
        size_t              taken;

        if (tcp_send(tcp, endpoint->name, send->data + send->sent, send->octets - send->sent, send->urgent, &taken) != TCP_OK)
            return;
        send->sent += taken;
        endpoint->queued -= taken;
        if (send->sent < send->octets)
            continue;
        endpoint->first_send = send->next;
        if (endpoint->first_send == NULL)
            endpoint->last_send = NULL;
        free(send);
    }
}

/* ---- services -------------------------------------------------------------------------------------------------------------
 */

/* RFC 864: lines of 72 characters, each line beginning with the next character of the ring. */
static bool generate(struct application_endpoint *endpoint)
{
    uint8_t octets[CHARGEN_CHUNK_OCTETS];

    for (size_t i = 0; i < sizeof octets; i++) {
        uint64_t line   = (endpoint->generated + i) / CHARGEN_LINE_OCTETS;
        uint64_t column = (endpoint->generated + i) % CHARGEN_LINE_OCTETS;

        octets[i] = column == 72 ? '\r' : column == 73 ? '\n' : (uint8_t)(' ' + (line + column) % CHARGEN_CHARACTERS);
    }
    if (!application_endpoint_queue(endpoint, octets, sizeof octets, false))
        return false;
    endpoint->generated += sizeof octets;
    return true;
}

/* These services are over when the peer's FIN was read and the echo is out. */
static void serve(struct application_endpoint *endpoint, struct tcp *tcp)
{
    if (endpoint->service == SERVICE_NONE || endpoint->close_both)
        return;
    if (endpoint->events & 1u << END) {
        endpoint->close_both = true;
        return;
    }
    while (endpoint->service == SERVICE_CHARGEN && endpoint->name != 0 && endpoint->queued == 0 && generate(endpoint))
        flush_queue(endpoint, tcp);
}

static void close_what_is_due(struct application_endpoint *endpoint, struct tcp *tcp)
{
    if (endpoint->name == 0 || endpoint->queued > 0)
        return;
    if (endpoint->close_both) {
        tcp_name name = endpoint->name;

        endpoint->name = 0; /* what becomes of the connection is no longer the application's concern */
        tcp_close_both(tcp, name);
    } else if (endpoint->close_send && !endpoint->closed_send) {
        endpoint->closed_send = true;
        tcp_close(tcp, endpoint->name);
    }
}

void application_endpoint_work(struct application_endpoint *endpoint, struct tcp *tcp)
{
    endpoint->stirred = false;
    if (endpoint->kind != KIND_CONNECTION || endpoint->name == 0 || endpoint->waits)
        return;
    flush_queue(endpoint, tcp);
    while (reads(endpoint) && read_once(endpoint, tcp))
        continue;
    flush_queue(endpoint, tcp);
    serve(endpoint, tcp);
    close_what_is_due(endpoint, tcp);
}

void application_endpoint_release(struct application_endpoint *endpoint)
{
    if (endpoint == NULL)
        return;
    drop_queue(endpoint);
    free(endpoint->kept);
    free(endpoint);
}
