/* stub_tcp.c: the primitives of group TCP as user calls, and the events that they arm. */
#include <string.h>

#include "agent/stub_inside.h"

enum { PORT_ANY = 0xffff };

static uint8_t close_socket(struct exchange *exchange)
{
    uint16_t socket = stub_read_socket(exchange);
    bool     abort  = message_read8(exchange->in) != 0;

    stub_request(exchange, abort ? CALL_ABORT : CALL_CLOSE_BOTH, socket);
    return stub_call(exchange);
}

static uint8_t create_and_bind(struct exchange *exchange)
{
    bool                 bind    = message_read8(exchange->in) != 0;
    uint16_t             port    = message_read16(exchange->in);
    struct ip_address    address = message_read_address(exchange->in);
    struct call_request *request = stub_request(exchange, CALL_RESERVE, 0);

    request->address.family = address.family; /* any of this host's: a tester knows which it speaks to */
    request->port           = bind && port != PORT_ANY ? port : 0;
    uint8_t result          = stub_call(exchange);

    if (result == RESULT_OK)
        stub_write_socket(exchange, exchange->stub->reply.handle);
    return result;
}

/* The data is repeated until `total` octets are there. */
static uint8_t send_data(struct exchange *exchange)
{
    const uint8_t *data;
    uint16_t       socket = stub_read_socket(exchange);
    size_t         total  = message_read16(exchange->in);

    message_read8(exchange->in);
    size_t count = message_read_data(exchange->in, &data);

    if (exchange->in->bad || (count == 0 && total > 0))
        return RESULT_INVALID_PARAMETER;
    if (total <= count)
        return stub_send(exchange, socket, data, total > 0 ? total : count, false);
    if (total > CALL_DATA_MAX_OCTETS)
        return RESULT_BUFFER_TOO_SMALL;
    struct call_request *request = stub_request(exchange, CALL_SEND, socket);

    for (size_t at = 0; at < total; at += count)
        memcpy(request->data + at, data, count < total - at ? count : total - at);
    request->data_octets = (uint32_t)total;
    return stub_call(exchange);
}

/* What came before, or between two of these, was read and told to nobody: "dropped". */
static uint8_t receive_and_forward(struct exchange *exchange)
{
    uint16_t socket  = stub_read_socket(exchange);
    uint16_t forward = message_read16(exchange->in);
    uint16_t length  = message_read16(exchange->in);

    stub_request(exchange, CALL_SAW, socket)->from = UINT64_MAX;
    uint8_t result                                 = stub_call(exchange);

    if (result != RESULT_OK)
        return result;
    struct armed *armed = stub_arm(exchange->session, ARMED_FORWARD, socket);

    if (armed == NULL)
        return RESULT_INSUFFICIENT_RESOURCES;
    uint64_t seen    = exchange->stub->reply.octets;
    uint64_t dropped = armed->until != 0 && armed->told < armed->until ? 0 : seen - armed->told;

    if (armed->until == 0 || armed->told >= armed->until)
        armed->told = seen;
    armed->request = exchange->head.id;
    armed->forward = forward;
    armed->until   = length == MESSAGE_NUMBER_NO_MAX ? UINT64_MAX : armed->told + length;
    message_write16(exchange->out, dropped < UINT16_MAX ? (unsigned)dropped : UINT16_MAX);
    return RESULT_OK;
}

static uint8_t listen_and_accept(struct exchange *exchange)
{
    uint16_t socket      = stub_read_socket(exchange);
    uint16_t connections = message_read16(exchange->in);

    stub_request(exchange, CALL_PASSIVE_OPEN, socket);
    uint8_t result = socket != 0 ? stub_call(exchange) : RESULT_INVALID_SOCKET;

    if (result != RESULT_OK)
        return result;
    struct armed *armed = stub_arm(exchange->session, ARMED_ACCEPT, socket);

    if (armed == NULL)
        return RESULT_INSUFFICIENT_RESOURCES;
    armed->request     = exchange->head.id;
    armed->connections = connections;
    return RESULT_OK;
}

static uint8_t connect_socket(struct exchange *exchange)
{
    uint16_t             socket  = stub_read_socket(exchange);
    struct call_request *request = stub_request(exchange, CALL_OPEN, socket);

    request->port    = message_read16(exchange->in);
    request->address = message_read_address(exchange->in);
    return socket != 0 ? stub_call(exchange) : RESULT_INVALID_SOCKET;
}

static uint8_t configure_socket(struct exchange *exchange)
{
    static const struct {
        uint16_t     parameter, octets;
        enum setting setting;
    } parameters[] = { { 0, 1, SETTING_TTL }, { 1, 1, SETTING_PRIORITY }, { 2, 1, SETTING_DONT_FRAGMENT },
                       { 4, 1, SETTING_TOS }, { 5, 2, SETTING_MSS },      { 6, 1, NAGLE } };
    const uint8_t       *value;
    uint16_t             socket    = stub_read_socket(exchange);
    uint16_t             parameter = message_read16(exchange->in);
    size_t               octets    = message_read_data(exchange->in, &value);
    struct call_request *request   = stub_request(exchange, CALL_CONFIGURE, socket);

    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        if (parameters[i].parameter != parameter || parameters[i].octets != octets)
            continue;
        request->setting = parameters[i].setting;
        request->value   = octets == 1 ? value[0] : (uint32_t)value[0] << 8 | value[1];
        return stub_call(exchange);
    }
    return RESULT_INVALID_PARAMETER;
}

static uint8_t shutdown_socket(struct exchange *exchange)
{
    static const enum call_kind kinds[] = { CALL_PAUSE_READING, CALL_CLOSE, CALL_CLOSE_BOTH };
    uint16_t                    socket  = stub_read_socket(exchange);
    uint8_t                     type    = message_read8(exchange->in);

    if (type >= sizeof kinds / sizeof *kinds)
        return RESULT_INVALID_PARAMETER;
    stub_request(exchange, kinds[type], socket);
    return stub_call(exchange);
}

primitive_function *stub_tcp_primitive(uint8_t primitive)
{
    static primitive_function *const primitives[] = {
        [TCP_CLOSE_SOCKET]        = close_socket,
        [TCP_CREATE_AND_BIND]     = create_and_bind,
        [TCP_SEND_DATA]           = send_data,
        [TCP_RECEIVE_AND_FORWARD] = receive_and_forward,
        [TCP_LISTEN_AND_ACCEPT]   = listen_and_accept,
        [TCP_CONNECT]             = connect_socket,
        [TCP_CONFIGURE_SOCKET]    = configure_socket,
        [TCP_SHUTDOWN]            = shutdown_socket,
    };

    return primitive < sizeof primitives / sizeof *primitives ? primitives[primitive] : NULL;
}

/* ---- events ---------------------------------------------------------------------------------------------------------------
 */

static void begin_event(struct exchange *exchange, const struct armed *armed, uint8_t primitive)
{
    struct message_head head = { .service   = exchange->stub->host.service,
                                 .event     = true,
                                 .group     = GROUP_TCP,
                                 .primitive = primitive,
                                 .type      = MESSAGE_EVENT,
                                 .id        = armed->request };

    message_begin(exchange->out, &head);
}

/* The connection after those that were told. */
static bool tell_accepted(struct exchange *exchange, struct armed *armed)
{
    struct call_reply *reply = &exchange->stub->reply;

    if (armed->told >= armed->connections)
        return false;
    stub_request(exchange, CALL_ACCEPTED, armed->socket)->from = armed->told + 1;
    if (stub_call(exchange) != RESULT_OK)
        return false;
    armed->told++;
    begin_event(exchange, armed, TCP_LISTEN_AND_ACCEPT);
    stub_write_socket(exchange, armed->socket);
    stub_write_socket(exchange, reply->handle);
    message_write16(exchange->out, reply->port);
    message_write_address(exchange->out, &reply->address);
    return true;
}

/* What was read since, up to one event's worth: the full length, and as much of it as is wanted. */
static bool tell_data(struct exchange *exchange, struct armed *armed)
{
    struct call_reply *reply = &exchange->stub->reply;

    if (armed->told >= armed->until)
        return false;
    stub_request(exchange, CALL_SAW, armed->socket)->from = armed->told;
    if (stub_call(exchange) != RESULT_OK || reply->data_octets == 0)
        return false;
    uint64_t wanted = armed->until - armed->told;
    size_t   octets = reply->data_octets < MESSAGE_DATA_OCTETS ? reply->data_octets : MESSAGE_DATA_OCTETS;

    octets = octets < wanted ? octets : (size_t)wanted;
    armed->told += octets;
    begin_event(exchange, armed, TCP_RECEIVE_AND_FORWARD);
    message_write16(exchange->out, (unsigned)octets);
    message_write_data(exchange->out, reply->data, octets < armed->forward ? octets : armed->forward);
    return true;
}

static bool tell(struct exchange *exchange, struct armed *armed)
{
    if (armed->kind == ARMED_ACCEPT)
        return tell_accepted(exchange, armed);
    return armed->kind == ARMED_FORWARD && tell_data(exchange, armed);
}

size_t stub_event(struct stub *stub, struct control *to, uint8_t *event)
{
    struct message_reader nothing = { 0 };
    struct message_writer writer;

    for (size_t i = 0; i < stub->host.controls; i++) {
        struct session *session = stub->sessions[i];

        for (size_t k = 0; session != NULL && session->application != NULL && k < ARMED_MOST; k++) {
            struct exchange exchange = { .stub = stub, .session = session, .in = &nothing, .out = &writer };

            if (!tell(&exchange, &session->armed[k]))
                continue;
            size_t octets = message_end(&writer);

            memcpy(event, writer.octets, octets);
            *to = session->control;
            return octets;
        }
    }
    return 0;
}

bool stub_has_armed(const struct stub *stub)
{
    for (size_t i = 0; i < stub->host.controls; i++)
        for (size_t k = 0; stub->sessions[i] != NULL && k < ARMED_MOST; k++)
            if (stub->sessions[i]->armed[k].kind != ARMED_NOTHING)
                return true;
    return false;
}
