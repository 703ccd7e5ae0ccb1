/* stub.c: control endpoints, and the way from a datagram to a primitive and back. */
#include "agent/stub.h"

#include <stdlib.h>
#include <string.h>

#include "agent/stub_inside.h"

enum { VERSION_MAJOR = 1, VERSION_MINOR = 2, VERSION_PATCH = 0, MISNAMED_MOST = 16 };

struct stub *stub_new(const struct stub_host *host)
{
    struct stub *stub = calloc(1, sizeof *stub);

    if (stub == NULL)
        return NULL;
    stub->host     = *host;
    stub->sessions = calloc(host->controls, sizeof *stub->sessions);
    stub->mask     = (uint16_t)(host->random(host->user) >> 16);
    if (stub->sessions != NULL)
        return stub;
    free(stub);
    return NULL;
}

static void end_session(struct stub *stub, size_t index)
{
    struct session *session = stub->sessions[index];

    if (session == NULL)
        return;
    if (session->application != NULL)
        stub->host.application_free(stub->host.user, session->application);
    free(session);
    stub->sessions[index] = NULL;
}

void stub_free(struct stub *stub)
{
    if (stub == NULL)
        return;
    for (size_t i = 0; i < stub->host.controls; i++)
        end_session(stub, i);
    free(stub->sessions);
    free(stub);
}

/* ---- control endpoints ----------------------------------------------------------------------------------------------------
 */

static struct session *session_of(const struct stub *stub, const struct control *control)
{
    for (size_t i = 0; i < stub->host.controls; i++) {
        struct session *session = stub->sessions[i];

        if (session != NULL && session->control.port == control->port &&
            ip_address_equal(&session->control.address, &control->address))
            return session;
    }
    return NULL;
}

/* One without sockets goes before one that has some: a case may be silent for long while its connections wait. */
static bool goes_before(const struct session *one, const struct session *other)
{
    if ((one->application == NULL) != (other->application == NULL))
        return one->application == NULL;
    return one->turn < other->turn;
}

/* A free place, or that of whoever has no sockets, or was silent longest. */
static size_t place_for_session(struct stub *stub)
{
    size_t oldest = 0;

    for (size_t i = 0; i < stub->host.controls; i++) {
        if (stub->sessions[i] == NULL)
            return i;
        if (goes_before(stub->sessions[i], stub->sessions[oldest]))
            oldest = i;
    }
    end_session(stub, oldest);
    return oldest;
}

static struct session *session_for(struct stub *stub, const struct control *control)
{
    struct session *session = session_of(stub, control);

    if (session == NULL) {
        size_t place = place_for_session(stub);

        session = stub->sessions[place] = calloc(1, sizeof *session);
        if (session == NULL)
            return NULL;
        session->control = *control;
    }
    session->turn = ++stub->turn;
    return session;
}

void *stub_application(const struct stub *stub, size_t index)
{
    return index < stub->host.controls && stub->sessions[index] != NULL ? stub->sessions[index]->application : NULL;
}

/* ---- calls ----------------------------------------------------------------------------------------------------------------
 */

uint16_t stub_read_socket(struct exchange *exchange)
{
    return (uint16_t)message_read16(exchange->in) ^ exchange->stub->mask;
}

void stub_write_socket(struct exchange *exchange, uint16_t socket)
{
    message_write16(exchange->out, socket ^ exchange->stub->mask);
}

/* Some guesses by chance are allowed for: a socket may have been closed. */
static void note_named(struct session *session, uint16_t socket, uint8_t result)
{
    if (socket == 0 || session->named)
        return;
    if (result == RESULT_INVALID_SOCKET)
        session->misnamed++;
    else
        session->named = session->misnamed < MISNAMED_MOST;
}

struct call_request *stub_request(struct exchange *exchange, enum call_kind kind, uint16_t socket)
{
    struct call_request *request = &exchange->stub->request;

    memset(request, 0, offsetof(struct call_request, data)); /* the data counts up to data_octets alone */
    request->kind   = kind;
    request->handle = socket;
    return request;
}

static uint8_t result_of(const struct call_reply *reply)
{
    static const uint8_t refusals[] = {
        [REFUSAL_OTHER]      = RESULT_NOT_OK,
        [REFUSAL_NO_HANDLE]  = RESULT_INVALID_SOCKET,
        [REFUSAL_CREATE]     = RESULT_CANNOT_CREATE,
        [REFUSAL_BIND]       = RESULT_CANNOT_BIND,
        [REFUSAL_ROOM]       = RESULT_INSUFFICIENT_RESOURCES,
        [REFUSAL_CLOSING]    = RESULT_CLOSING,
        [REFUSAL_NONE_THERE] = RESULT_NOT_EXISTING,
        [REFUSAL_ARGUMENT]   = RESULT_INVALID_PARAMETER,
    };

    switch (reply->result) {
    case CALL_OK:
        return RESULT_OK;
    case CALL_PENDING:
        return RESULT_PENDING;
    case CALL_NOT_OFFERED:
        return RESULT_NOT_FOUND;
    case CALL_FAILED:
        break;
    }
    return refusals[reply->refusal];
}

uint8_t stub_call(struct exchange *exchange)
{
    const struct stub_host *host    = &exchange->stub->host;
    struct session         *session = exchange->session;

    if (exchange->in->bad)
        return RESULT_INVALID_PARAMETER;
    if (session->application == NULL)
        session->application = host->application_new(host->user);
    if (session->application == NULL)
        return RESULT_INSUFFICIENT_RESOURCES;
    uint16_t socket = exchange->stub->request.handle;

    host->call(host->user, session->application, &exchange->stub->request, &exchange->stub->reply);
    uint8_t result = result_of(&exchange->stub->reply);

    note_named(session, socket, result);
    return result;
}

uint8_t stub_send(struct exchange *exchange, uint16_t socket, const uint8_t *data, size_t count, bool urgent)
{
    struct session      *session  = exchange->session;
    struct call_request *request  = stub_request(exchange, urgent ? CALL_SEND_URGENT : CALL_SEND, socket);
    size_t               gathered = session->gathered_socket == socket ? session->gathered : 0;

    if (gathered + count > sizeof request->data)
        return RESULT_BUFFER_TOO_SMALL;
    memcpy(request->data, session->gather, gathered);
    if (count > 0)
        memcpy(request->data + gathered, data, count);
    request->data_octets = (uint32_t)(gathered + count);
    if (gathered > 0)
        session->gathered = 0;
    return stub_call(exchange);
}

struct armed *stub_arm(struct session *session, enum armed_kind kind, uint16_t socket)
{
    struct armed *free_one = NULL;

    if (!session->named && !session->shown)
        return NULL;
    for (size_t i = 0; i < ARMED_MOST; i++) {
        struct armed *armed = &session->armed[i];

        if (armed->kind == kind && armed->socket == socket)
            return armed;
        if (armed->kind == ARMED_NOTHING && free_one == NULL)
            free_one = armed;
    }
    if (free_one != NULL)
        *free_one = (struct armed){ .kind = kind, .socket = socket };
    return free_one;
}

/* ---- group GENERAL --------------------------------------------------------------------------------------------------------
 */

static uint8_t get_version(struct exchange *exchange)
{
    message_write16(exchange->out, VERSION_MAJOR);
    message_write16(exchange->out, VERSION_MINOR);
    message_write16(exchange->out, VERSION_PATCH);
    return RESULT_OK;
}

static uint8_t start_test(struct exchange *exchange)
{
    (void)exchange;
    return RESULT_OK;
}

static void end_test_of(struct stub *stub, struct session *session)
{
    if (session->application != NULL)
        stub->host.application_free(stub->host.user, session->application);
    session->application = NULL;
    session->gathered    = 0;
    memset(session->armed, 0, sizeof session->armed);
}

/* Every socket of this control endpoint is closed; what it said with HELLO stays. */
static uint8_t end_test(struct exchange *exchange)
{
    end_test_of(exchange->stub, exchange->session);
    return RESULT_OK;
}

static primitive_function *primitive_of(const struct message_head *head)
{
    if (head->group == GROUP_TCP)
        return stub_tcp_primitive(head->primitive);
    if (head->group == GROUP_OURS)
        return stub_our_primitive(head->primitive);
    if (head->group != GROUP_GENERAL)
        return NULL;
    switch (head->primitive) {
    case GENERAL_GET_VERSION:
        return get_version;
    case GENERAL_START_TEST:
        return start_test;
    case GENERAL_END_TEST:
        return end_test;
    }
    return NULL;
}

/* ---- datagrams ------------------------------------------------------------------------------------------------------------
 */

static bool is_older(uint32_t id, uint32_t latest)
{
    return (int32_t)(id - latest) < 0;
}

/* A response without parameters where the result is not ok, as testers expect it. */
static void respond(struct message_writer *writer, const struct message_head *head, uint8_t result)
{
    struct message_head response = *head;

    response.type   = MESSAGE_RESPONSE;
    response.result = result;
    if (result != RESULT_OK)
        message_begin(writer, &response);
    writer->octets[MESSAGE_HEAD_OCTETS - 1] = result;
}

/* A tester that said no HELLO, or said it to an agent that was started anew since, must notice. */
static bool lacks_hello(const struct session *session, const struct message_head *head)
{
    return head->group == GROUP_OURS && head->primitive != OURS_HELLO && !session->greeted;
}

static void answer(struct stub *stub, struct session *session, const struct message_head *head, struct message_reader *in,
                   struct message_writer *out)
{
    struct exchange     exchange  = { stub, session, *head, in, out };
    struct message_head response  = *head;
    primitive_function *primitive = primitive_of(head);

    response.type = MESSAGE_RESPONSE;
    message_begin(out, &response);
    uint8_t result = RESULT_NOT_FOUND;

    if (primitive != NULL)
        result = lacks_hello(session, head) ? RESULT_NOT_OK : primitive(&exchange);

    if (result == RESULT_OK && in->bad)
        result = RESULT_INVALID_PARAMETER;
    respond(out, head, result);
}

/* A HELLO without a token is a tester's first word; where it is not the one that began this session (a late copy), somebody
 * else speaks from this address and port now. */
static bool begins_anew(const struct session *session, const struct message_head *head, struct message_reader reader)
{
    if (head->group != GROUP_OURS || head->primitive != OURS_HELLO || (session->greeted && head->id == session->first))
        return false;
    message_read8(&reader);
    return message_read32(&reader) == 0 && !reader.bad;
}

static void begin_anew(struct stub *stub, struct session *session, uint32_t id)
{
    end_test_of(stub, session);
    session->greeted = session->shown = false;
    session->first                    = id;
    session->token                    = stub->host.random(stub->host.user) | 1; /* 0 is nobody's */
}

size_t stub_datagram(struct stub *stub, const struct control *from, const uint8_t *datagram, size_t count, uint8_t *reply)
{
    struct message_head   head;
    struct message_reader reader;
    struct message_writer writer;

    if (message_read(datagram, count, stub->host.service, &head, &reader) != MESSAGE_SOUND || head.type != MESSAGE_REQUEST ||
        head.event)
        return 0;
    struct session *session = session_for(stub, from);

    if (session == NULL)
        return 0;
    if (session->greeted && head.id == session->latest) {
        memcpy(reply, session->cached, session->cached_octets);
        return session->cached_octets;
    }
    if (begins_anew(session, &head, reader))
        begin_anew(stub, session, head.id);
    else if (session->greeted && is_older(head.id, session->latest))
        return 0;
    answer(stub, session, &head, &reader, &writer);
    size_t octets = message_end(&writer);

    memcpy(reply, writer.octets, octets);
    memcpy(session->cached, writer.octets, octets);
    session->cached_octets = octets;
    session->latest        = head.id;
    return octets;
}
