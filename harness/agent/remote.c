/* remote.c: greeting an agent, and asking for a primitive until its response is there. */
#include "agent/remote.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "agent/endpoint.h"
#include "agent/remote_inside.h"
#include "clock.h"
#include "octets.h"

enum { CALL_PATIENCE_MS = 5000, SAME_PATIENCE_MS = 2000, FAREWELL_MS = 100, FIRST_WAIT_MS = 50, LONGEST_WAIT_MS = 800 };

/* ---- one request ----------------------------------------------------------------------------------------------------------
 */

void remote_begin(struct remote *remote, enum message_group group, uint8_t primitive)
{
    struct message_head head = {
        .service = remote->service, .group = (uint8_t)group, .primitive = primitive, .type = MESSAGE_REQUEST, .id = ++remote->id
    };

    message_begin(&remote->out, &head);
    remote->asked = head;
}

/* One datagram: what it was. */
enum taken { TAKEN_NOTHING, TAKEN_RESPONSE, TAKEN_OTHER, TAKEN_REFUSED };

static const char nothing_listens[] = "nothing listens there";

/* The standard lets a stub ignore ids: one of somebody else's shows with its first response whether it does. */
static bool is_our_response(struct remote *remote, const struct message_head *head)
{
    if (head->type != MESSAGE_RESPONSE || head->event || head->group != remote->asked.group ||
        head->primitive != remote->asked.primitive)
        return false;
    if (head->group == GROUP_OURS && head->primitive == OURS_HELLO && head->result != RESULT_OK && !remote->ours)
        remote->without_ids = head->id != remote->asked.id;
    return remote->without_ids || head->id == remote->asked.id;
}

static enum taken take_datagram(struct remote *remote, enum message_fault *fault)
{
    struct message_head head;
    ssize_t             count = recv(remote->fd, remote->datagram, sizeof remote->datagram, MSG_DONTWAIT);

    if (count < 0)
        return errno == ECONNREFUSED ? TAKEN_REFUSED : TAKEN_NOTHING;
    enum message_fault sound = message_read(remote->datagram, (size_t)count, remote->service, &head, &remote->in);

    if (sound != MESSAGE_SOUND)
        *fault = sound;
    else if (is_our_response(remote, &head)) {
        remote->result = head.result;
        return TAKEN_RESPONSE;
    } else if (head.event && head.type == MESSAGE_EVENT)
        foreign_event(remote, &head, remote->in);
    return TAKEN_OTHER;
}

/* No more than this in one go: whoever sends without end is not waited for. */
enum { DATAGRAMS_AT_ONCE = 1000 };

void remote_take_events(struct remote *remote, unsigned wait_ms)
{
    enum message_fault fault;

    remote->asked.group = UINT8_MAX; /* no response is awaited */
    if (wait_ms > 0)
        poll(&(struct pollfd){ .fd = remote->fd, .events = POLLIN }, 1, (int)wait_ms);
    for (int i = 0; i < DATAGRAMS_AT_ONCE && take_datagram(remote, &fault) == TAKEN_OTHER; i++)
        continue;
}

static bool wait_for_response(struct remote *remote, uint64_t until_ms, struct error *why)
{
    for (uint64_t now = monotonic_ms(); now < until_ms; now = monotonic_ms()) {
        enum message_fault fault = MESSAGE_SOUND;

        if (poll(&(struct pollfd){ .fd = remote->fd, .events = POLLIN }, 1, (int)(until_ms - now)) <= 0)
            return false;
        switch (take_datagram(remote, &fault)) {
        case TAKEN_RESPONSE:
            return true;
        case TAKEN_REFUSED:
            error_set(why, "%s", nothing_listens);
            return false;
        case TAKEN_NOTHING:
        case TAKEN_OTHER:
            break;
        }
        if (fault == MESSAGE_OTHER_VERSION)
            error_set(why, "what answers there speaks another version of the protocol");
        else if (fault == MESSAGE_OTHER_SERVICE)
            error_set(why, "what answers there has another service id than 0x%04X: --service-id names it", remote->service);
    }
    return false;
}

/* An earlier datagram that met a closed port is told in place of sending this one. */
static bool send_request(const struct remote *remote, size_t count)
{
    return send(remote->fd, remote->out.octets, count, MSG_NOSIGNAL) >= 0 ||
           (errno == ECONNREFUSED && (send(remote->fd, remote->out.octets, count, MSG_NOSIGNAL) >= 0 || errno == ECONNREFUSED));
}

/* A stub of somebody else's would do a repeated request again: it is asked once. */
bool remote_ask(struct remote *remote, unsigned patience_ms, bool once, struct error *why)
{
    uint64_t began = monotonic_ms(), now = began;
    uint64_t end     = remote->until_ms != 0 && remote->until_ms < now + patience_ms ? remote->until_ms : now + patience_ms;
    uint64_t wait_ms = FIRST_WAIT_MS;
    size_t   count   = message_end(&remote->out);

    why->sentence[0] = '\0';
    while (now < end) {
        uint64_t until = once || now + wait_ms > end ? end : now + wait_ms;

        if (!send_request(remote, count))
            return error_set(why, "%s", strerror(errno));
        if (wait_for_response(remote, until, why))
            return true;
        if (strcmp(why->sentence, nothing_listens) == 0)
            return false;
        wait_ms = wait_ms * 2 < LONGEST_WAIT_MS ? wait_ms * 2 : LONGEST_WAIT_MS;
        now     = monotonic_ms();
    }
    if (why->sentence[0] == '\0')
        error_set(why, "nobody answered for %.1f s", (double)(now - began) / 1000);
    return false;
}

/* ---- greeting -------------------------------------------------------------------------------------------------------------
 */

static bool say_hello(struct remote *remote, unsigned patience_ms, uint32_t token, struct error *why)
{
    remote_begin(remote, GROUP_OURS, OURS_HELLO);
    message_write8(&remote->out, AGENT_VERSION);
    message_write32(&remote->out, token);
    return remote_ask(remote, patience_ms, false, why);
}

/* Twice: the second shows the agent that its replies arrive. A stub of somebody else's answers E_NTF, or that these are no
 * parameters of its own group 7F. */
static bool greet(struct remote *remote, unsigned patience_ms, struct error *why)
{
    uint64_t began = monotonic_ms();

    for (int round = 0; round < 2; round++) {
        uint64_t took_ms = monotonic_ms() - began;

        if (took_ms >= patience_ms || !say_hello(remote, patience_ms - (unsigned)took_ms, remote->token, why))
            return round == 0 ? false
                              : error_set(why, "it answers too slowly: the first time after %.1f s", (double)took_ms / 1000);
        remote->hello = remote->result;
        if (remote->result != RESULT_OK)
            return true;
        unsigned version = message_read8(&remote->in);

        remote->token = message_read32(&remote->in);
        if (remote->in.bad || remote->in.left > 0)
            return error_set(why, "it answered HELLO as no agent of tcprove's does");
        if (version != AGENT_VERSION)
            return error_set(why, "it is version %u of tcprove's agent, and this is version %d: install the same on both sides",
                             version, AGENT_VERSION);
    }
    return remote->ours = true;
}

bool remote_is_same(struct remote *remote, struct error *why)
{
    struct error reason;
    uint32_t     token = remote->token;

    if (!remote->ours)
        remote_begin(remote, GROUP_GENERAL, GENERAL_GET_VERSION);
    if (!(remote->ours ? say_hello(remote, SAME_PATIENCE_MS, token, &reason)
                       : remote_ask(remote, SAME_PATIENCE_MS, false, &reason)))
        return error_set(why, "%s: %s", remote->name, reason.sentence);
    if (!remote->ours)
        return true;
    message_read8(&remote->in);
    if (remote->result == RESULT_OK && message_read32(&remote->in) == token)
        return true;
    return error_set(why, "%s was started anew while this case was playing", remote->name);
}

/* An agent that was started anew knows neither our sockets nor our HELLO. */
static bool knows_us_no_more(struct remote *remote, struct error *why)
{
    uint8_t result  = remote->result;
    bool    suspect = remote->ours && (result == RESULT_NOT_OK || result == RESULT_INVALID_SOCKET);
    bool    same    = !suspect || remote_is_same(remote, why);

    remote->result = result;
    return !same;
}

uint8_t remote_response(struct remote *remote, struct call_reply *reply, const char *primitive)
{
    struct error why;

    /* Its group 7F, if it has one, is something else. */
    if (remote->asked.group == GROUP_OURS && !remote->ours) {
        call_fail(reply, REFUSAL_OTHER, "%s answered HELLO with %s, and so has no %s", remote->name,
                  message_result_name(remote->hello), primitive);
        reply->result = CALL_NOT_OFFERED;
        return RESULT_NOT_FOUND;
    }
    if (!remote_ask(remote, CALL_PATIENCE_MS, !remote->ours, &why)) {
        call_fail(reply, REFUSAL_OTHER, "%s, asked for %s: %s", remote->name, primitive, why.sentence);
        return RESULT_NOT_OK;
    }
    if (remote->result == RESULT_OK)
        return RESULT_OK;
    if (knows_us_no_more(remote, &why)) {
        call_fail(reply, REFUSAL_OTHER, "%s", why.sentence);
        return RESULT_NOT_OK;
    }
    call_fail(reply, REFUSAL_OTHER, "%s answered %s with %s", remote->name, primitive, message_result_name(remote->result));
    if (remote->result == RESULT_NOT_FOUND)
        reply->result = CALL_NOT_OFFERED;
    else if (remote->result == RESULT_PENDING)
        reply->result = CALL_PENDING;
    return remote->result;
}

static void begin_farewell(struct remote *remote)
{
    remote_begin(remote, GROUP_GENERAL, GENERAL_END_TEST);
    message_write16(&remote->out, 0);
    message_write_data(&remote->out, (const uint8_t *)"\xef\xbb\xbftcprove", 11);
}

/* Nothing is made now that a signal handler will need. */
static void prepare_farewell(struct remote *remote)
{
    begin_farewell(remote);
    remote->farewell        = remote->out;
    remote->farewell_octets = message_end(&remote->farewell);
}

void remote_abandon(const struct remote *remote)
{
    uint8_t message[MESSAGE_OCTETS];

    if (!remote->used)
        return;
    memcpy(message, remote->farewell.octets, remote->farewell_octets);
    write32(message + MESSAGE_ID_AT, remote->id + 1); /* of a request that has not been answered yet */
    send(remote->fd, message, remote->farewell_octets, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool open_socket(struct remote *remote, const struct ip_address *address, uint16_t port, struct error *why)
{
    union socket_address to;
    socklen_t            length = socket_address_make(address, port, &to);

    remote->fd = socket(to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (remote->fd < 0 || connect(remote->fd, &to.any, length) != 0)
        return error_set(why, "%s", strerror(errno));
    return true;
}

struct remote *remote_open(const struct ip_address *address, uint16_t port, uint16_t service, uint8_t family,
                           unsigned patience_ms, struct error *error)
{
    char           text[46];
    struct error   why;
    struct remote *remote = calloc(1, sizeof *remote);

    if (remote == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    *remote = (struct remote){ .fd = -1, .service = service, .family = family };
    if (getrandom(&remote->id, sizeof remote->id, 0) < 0)
        remote->id = (uint32_t)monotonic_ms();
    remote->ports = remote->id;
    ip_address_print(address, text);
    snprintf(remote->name, sizeof remote->name, "the agent at UDP port %u of %s", port, text);
    if (open_socket(remote, address, port, &why) && greet(remote, patience_ms, &why)) {
        prepare_farewell(remote);
        return remote;
    }
    char id[40] = "";

    if (service != AGENT_SERVICE)
        snprintf(id, sizeof id, " and --service-id 0x%04X", service);
    error_set(error, "%s: %s; start tcprove-agent --bind %s there, with --allow for this host's address%s", remote->name,
              why.sentence, text, id);
    remote_close(remote);
    return NULL;
}

void remote_hurry(struct remote *remote, uint64_t until_ms)
{
    remote->until_ms = until_ms;
}

bool remote_is_ours(const struct remote *remote)
{
    return remote->ours;
}

void remote_close(struct remote *remote)
{
    struct error unused;

    if (remote == NULL)
        return;
    remote->until_ms = 0;
    if (remote->fd >= 0 && remote->used) {
        begin_farewell(remote);
        remote_ask(remote, FAREWELL_MS, !remote->ours, &unused);
    }
    if (remote->fd >= 0)
        close(remote->fd);
    foreign_forget(remote);
    free(remote);
}
