/* stub_ours.c: the primitives of the private group 7F: what the standard groups have no word for. All but HELLO want a HELLO
 * first; STATUS, whose reply is longer than its request, wants to have seen that replies arrive where requests come from. */
#include <string.h>

#include "agent/stub_inside.h"

static uint8_t hello(struct exchange *exchange)
{
    struct session *session = exchange->session;
    uint8_t         version = message_read8(exchange->in);
    uint32_t        token   = message_read32(exchange->in);

    if (exchange->in->bad)
        return RESULT_INVALID_PARAMETER;
    message_write8(exchange->out, AGENT_VERSION);
    message_write32(exchange->out, session->token);
    /* One that begins nothing, and does not know our token, was said to an agent before this one. */
    session->greeted = version == AGENT_VERSION && (token == 0 || token == session->token);
    session->shown   = session->greeted && token != 0;
    return RESULT_OK;
}

/* What the application saw, and as many octets of what it read as fit. */
static uint8_t status(struct exchange *exchange)
{
    const struct call_reply *reply   = &exchange->stub->reply;
    uint16_t                 socket  = stub_read_socket(exchange);
    struct call_request     *request = stub_request(exchange, CALL_SAW, socket);

    request->from  = message_read64(exchange->in);
    size_t  most   = message_read16(exchange->in);
    uint8_t result = exchange->session->shown ? stub_call(exchange) : RESULT_NOT_OK;

    if (result != RESULT_OK)
        return result;
    most = most < MESSAGE_DATA_OCTETS ? most : MESSAGE_DATA_OCTETS;
    message_write32(exchange->out, reply->events);
    message_write64(exchange->out, reply->octets);
    message_write64(exchange->out, reply->urgent_to);
    message_write_data(exchange->out, reply->data, reply->data_octets < most ? reply->data_octets : most);
    return RESULT_OK;
}

static bool is_any(const struct ip_address *address)
{
    static const struct ip_address any4 = { .family = 4 }, any6 = { .family = 6 };

    return ip_address_equal(address, &any4) || ip_address_equal(address, &any6);
}

static uint8_t accepted(struct exchange *exchange)
{
    uint16_t             socket  = stub_read_socket(exchange);
    struct call_request *request = stub_request(exchange, CALL_ACCEPTED, socket);

    request->port    = message_read16(exchange->in);
    request->address = message_read_address(exchange->in);
    if (is_any(&request->address))
        request->address.family = 0;
    uint8_t result = stub_call(exchange);

    if (result == RESULT_OK)
        stub_write_socket(exchange, exchange->stub->reply.handle);
    return result;
}

static uint8_t send_urgent(struct exchange *exchange)
{
    const uint8_t *data;
    uint16_t       socket = stub_read_socket(exchange);
    size_t         count  = message_read_data(exchange->in, &data);

    return exchange->in->bad || count == 0 ? RESULT_INVALID_PARAMETER : stub_send(exchange, socket, data, count, true);
}

static uint8_t gather(struct exchange *exchange)
{
    const uint8_t  *data;
    struct session *session = exchange->session;
    uint16_t        socket  = stub_read_socket(exchange);
    size_t          count   = message_read_data(exchange->in, &data);

    if (exchange->in->bad)
        return RESULT_INVALID_PARAMETER;
    if (session->gathered_socket != socket)
        session->gathered = 0;
    if (count > sizeof session->gather - session->gathered)
        return RESULT_BUFFER_TOO_SMALL;
    memcpy(session->gather + session->gathered, data, count);
    session->gathered_socket = socket;
    session->gathered += count;
    return RESULT_OK;
}

static uint8_t pause_reading(struct exchange *exchange)
{
    stub_request(exchange, CALL_PAUSE_READING, stub_read_socket(exchange));
    return stub_call(exchange);
}

static uint8_t resume_reading(struct exchange *exchange)
{
    stub_request(exchange, CALL_RECEIVE, stub_read_socket(exchange));
    uint8_t result = stub_call(exchange);

    if (result == RESULT_OK)
        message_write64(exchange->out, exchange->stub->reply.octets);
    return result;
}

static uint8_t serve(struct exchange *exchange)
{
    struct call_request *request = stub_request(exchange, CALL_SERVE, stub_read_socket(exchange));
    uint8_t              service = message_read8(exchange->in);

    if (service >= SERVICE_UNKNOWN)
        return RESULT_INVALID_PARAMETER;
    request->service = (enum service)service;
    return stub_call(exchange);
}

static uint8_t configure(struct exchange *exchange, uint16_t socket, enum setting setting, uint32_t value)
{
    struct call_request *request = stub_request(exchange, CALL_CONFIGURE, socket);

    request->setting = setting;
    request->value   = value;
    return stub_call(exchange);
}

static uint8_t user_timeout(struct exchange *exchange)
{
    uint16_t socket     = stub_read_socket(exchange);
    uint32_t timeout_ms = message_read32(exchange->in);

    return configure(exchange, socket, USER_TIMEOUT, timeout_ms);
}

/* The socket, which of two settings, and its value. */
static uint8_t configure_one_of(struct exchange *exchange, const enum setting settings[2])
{
    uint16_t socket = stub_read_socket(exchange);
    uint8_t  what   = message_read8(exchange->in);
    uint32_t value  = message_read32(exchange->in);

    return what < 2 ? configure(exchange, socket, settings[what], value) : (uint8_t)RESULT_INVALID_PARAMETER;
}

static uint8_t keep_alive(struct exchange *exchange)
{
    return configure_one_of(exchange, (const enum setting[]){ KEEP_ALIVE, KEEP_ALIVE_INTERVAL });
}

static uint8_t listener(struct exchange *exchange)
{
    return configure_one_of(exchange, (const enum setting[]){ ACCEPTING, BACKLOG });
}

primitive_function *stub_our_primitive(uint8_t primitive)
{
    static primitive_function *const primitives[] = {
        [OURS_HELLO]        = hello,
        [OURS_STATUS]       = status,
        [OURS_ACCEPTED]     = accepted,
        [OURS_SEND_URGENT]  = send_urgent,
        [OURS_GATHER]       = gather,
        [OURS_PAUSE]        = pause_reading,
        [OURS_RESUME]       = resume_reading,
        [OURS_SERVE]        = serve,
        [OURS_USER_TIMEOUT] = user_timeout,
        [OURS_KEEP_ALIVE]   = keep_alive,
        [OURS_LISTENER]     = listener,
    };

    return primitive < sizeof primitives / sizeof *primitives ? primitives[primitive] : NULL;
}
