/* user_calls.c: RFC 9293 3.10.1 to 3.10.6: OPEN, SEND, RECEIVE, CLOSE, ABORT, STATUS. For each call a switch over the states,
 * in the order in which the RFC goes through them. There is no access control: who holds a name may use it. */
#include <string.h>

#include "reference/control_block.h"

const char *tcp_error_text(enum tcp_error error)
{
    switch (error) {
    case TCP_OK:
        return "ok";
    case TCP_ERROR_NOT_EXIST:
        return "error: connection does not exist";
    case TCP_ERROR_ALREADY_EXISTS:
        return "error: connection already exists";
    case TCP_ERROR_NO_RESOURCES:
        return "error: insufficient resources";
    case TCP_ERROR_REMOTE_UNSPECIFIED:
        return "error: remote socket unspecified";
    case TCP_ERROR_REMOTE_ILLEGAL:
        return "error: remote address is not that of one host";
    case TCP_ERROR_CLOSING:
        return "error: connection closing";
    case TCP_ERROR_WOULD_WAIT:
        return "nothing has been received yet";
    }
    return "error";
}

/* ---- 3.10.1, OPEN ---------------------------------------------------------------------------------------------------- */

/* A local port of the range that no connection to that remote socket has; 0 where there is none. */
static uint16_t ephemeral_port(struct tcp *tcp, const struct tcp_open *open)
{
    unsigned count = tcp->config.ephemeral_last - tcp->config.ephemeral_first + 1u;

    for (unsigned i = 0; i < count; i++) {
        uint16_t port       = tcp->next_ephemeral;
        tcp->next_ephemeral = port == tcp->config.ephemeral_last ? tcp->config.ephemeral_first : (uint16_t)(port + 1);
        if (!tcp_block_of_pair(tcp, &open->local_address, port, &open->remote_address, open->remote_port))
            return port;
    }
    return 0;
}

/* "Issue a SYN segment. An initial send sequence number (ISS) is selected … enter SYN-SENT state." */
static void become_active(struct tcp *tcp, struct control_block *tcb)
{
    tcb->passive    = false;
    tcb->state      = SYN_SENT;
    tcb->iss        = tcp_iss_select(tcp, tcb);
    tcb->snd_una    = tcb->iss;
    tcb->snd_nxt    = tcb->iss;
    tcb->resend_nxt = tcb->iss;
    tcb->send_first = tcb->iss + 1;
    tcp_send_syn(tcp, tcb);
    tcp_settle(tcp, tcb);
}

static enum tcp_error check_remote(const struct tcp_open *open)
{
    if (open->remote_address.family == 0 || open->remote_port == 0)
        return TCP_ERROR_REMOTE_UNSPECIFIED;
    if (!tcp_address_is_unicast(&open->remote_address) || open->local_address.family != open->remote_address.family)
        return TCP_ERROR_REMOTE_ILLEGAL; /* MUST-46 */
    return TCP_OK;
}

/* Two passive OPENs of one socket would be one too many (MUST-42 allows those that differ in the remote socket). */
static bool same_listener_exists(const struct tcp *tcp, const struct tcp_open *open)
{
    for (size_t i = 0; i < tcp->used; i++) {
        const struct control_block *tcb = &tcp->blocks[i];

        if (tcb->state == LISTEN && tcb->local_port == open->local_port && tcb->remote_port == open->remote_port &&
            ip_address_equal(&tcb->local_address, &open->local_address) &&
            ip_address_equal(&tcb->remote_address, &open->remote_address))
            return true;
    }
    return false;
}

static void fill_in(struct control_block *tcb, const struct tcp_open *open)
{
    tcb->user_knows      = true;
    tcb->local_address   = open->local_address;
    tcb->local_port      = open->local_port;
    tcb->remote_address  = open->remote_address;
    tcb->remote_port     = open->remote_port;
    tcb->diffserv        = open->diffserv;
    tcb->user_timeout_us = open->user_timeout_us;
}

static enum tcp_error open_in_closed(struct tcp *tcp, const struct tcp_open *wish, tcp_name *name)
{
    struct tcp_open       open  = *wish;
    enum tcp_error        error = open.passive ? TCP_OK : check_remote(&open);
    struct control_block *tcb;

    if (error != TCP_OK)
        return error;
    if (open.local_port == 0)
        open.local_port = ephemeral_port(tcp, &open);
    if (open.local_port == 0)
        return TCP_ERROR_NO_RESOURCES;
    if (open.passive
            ? same_listener_exists(tcp, &open)
            : tcp_block_of_pair(tcp, &open.local_address, open.local_port, &open.remote_address, open.remote_port) != NULL)
        return TCP_ERROR_ALREADY_EXISTS;
    tcb = tcp_block_new(tcp);
    if (tcb == NULL)
        return TCP_ERROR_NO_RESOURCES;
    fill_in(tcb, &open);
    *name = tcb->name;
    if (open.passive)
        tcb->state = LISTEN;
    else
        become_active(tcp, tcb);
    return TCP_OK;
}

enum tcp_error tcp_open(struct tcp *tcp, const struct tcp_open *open, tcp_name *name)
{
    if (*name == 0)
        return open_in_closed(tcp, open, name);
    struct control_block *tcb = tcp_block_named(tcp, *name);

    if (tcb == NULL)
        return TCP_ERROR_NOT_EXIST;
    if (tcb->state != LISTEN || open->passive)
        return TCP_ERROR_ALREADY_EXISTS;
    enum tcp_error error = check_remote(open);

    if (error != TCP_OK)
        return error;
    if (tcp_block_of_pair(tcp, &open->local_address, tcb->local_port, &open->remote_address, open->remote_port) != NULL)
        return TCP_ERROR_ALREADY_EXISTS;
    tcb->local_address  = open->local_address;
    tcb->remote_address = open->remote_address;
    tcb->remote_port    = open->remote_port;
    become_active(tcp, tcb);
    return TCP_OK;
}

/* ---- 3.10.2, SEND ---------------------------------------------------------------------------------------------------- */

/* Copies as much as there is room for behind what is queued already. */
static size_t queue_octets(struct tcp *tcp, struct control_block *tcb, const uint8_t *data, size_t count)
{
    size_t size  = tcp->config.send_buffer_octets;
    size_t room  = size - tcb->send_count;
    size_t taken = count < room ? count : room;
    size_t at    = (tcb->send_at + tcb->send_count) % size;
    size_t first = taken < size - at ? taken : size - at;

    if (taken == 0)
        return 0;
    memcpy(tcb->send_buffer + at, data, first);
    memcpy(tcb->send_buffer, data + first, taken - first);
    tcb->send_count += taken;
    return taken;
}

static enum tcp_error queue_and_send(struct tcp *tcp, struct control_block *tcb, const uint8_t *data, size_t count, bool urgent,
                                     size_t *taken)
{
    *taken = queue_octets(tcp, tcb, data, count);
    if (*taken == 0 && count > 0)
        return TCP_ERROR_NO_RESOURCES;
    /* "If the URGENT flag is set, then SND.UP <- SND.NXT", as it will be behind these octets (MUST-62). */
    if (urgent && *taken > 0) {
        tcb->urgent_sending = true;
        tcb->snd_up         = tcb->send_first + (uint32_t)tcb->send_count;
    }
    tcp_settle(tcp, tcb);
    return TCP_OK;
}

enum tcp_error tcp_send(struct tcp *tcp, tcp_name name, const uint8_t *data, size_t count, bool urgent, size_t *taken)
{
    struct control_block *tcb = tcp_block_named(tcp, name);

    *taken = 0;
    if (tcb == NULL)
        return TCP_ERROR_NOT_EXIST;
    switch (tcb->state) {
    case LISTEN:
        if (tcb->remote_address.family == 0 || tcb->remote_port == 0 || tcb->local_address.family == 0)
            return TCP_ERROR_REMOTE_UNSPECIFIED;
        become_active(tcp, tcb);
        return queue_and_send(tcp, tcb, data, count, urgent, taken);
    case SYN_SENT:
    case SYN_RECEIVED:
    case ESTABLISHED:
    case CLOSE_WAIT:
        if (tcb->close_queued)
            return TCP_ERROR_CLOSING;
        return queue_and_send(tcp, tcb, data, count, urgent, taken);
    default:
        return TCP_ERROR_CLOSING;
    }
}

/* ---- 3.10.3, RECEIVE ------------------------------------------------------------------------------------------------- */

/* Octets that were acknowledged are the user's in every state; "connection closing" is the answer once they are all received
 * and the peer's FIN was behind them. */
enum tcp_error tcp_receive(struct tcp *tcp, tcp_name name, uint8_t *data, size_t room, size_t *count)
{
    struct control_block *tcb = tcp_block_named(tcp, name);

    *count = 0;
    if (tcb == NULL)
        return TCP_ERROR_NOT_EXIST;
    if (tcb->receive_user == 0)
        return tcb->fin_received || tcb->gives_up_receiving ? TCP_ERROR_CLOSING : TCP_ERROR_WOULD_WAIT;
    *count = tcp_read(tcp, tcb, data, room);
    if (tcp_window_wants_update(tcp, tcb)) {
        tcb->ack_owed = ACK_NOW;
        tcp_settle(tcp, tcb);
    }
    return TCP_OK;
}

/* ---- 3.10.4, CLOSE --------------------------------------------------------------------------------------------------- */

/* Connections that this listener has not handed over yet will not find a user. */
static void close_listener(struct tcp *tcp, struct control_block *listener)
{
    for (size_t i = 0; i < tcp->used; i++) {
        struct control_block *tcb = &tcp->blocks[i];

        if (tcb->state != SYN_RECEIVED || tcb->listener != listener->name)
            continue;
        tcp_send_rst(tcp, tcb);
        tcp_block_delete(tcp, tcb);
    }
    tcp_block_delete(tcp, listener);
}

static enum tcp_error close_sending(struct tcp *tcp, struct control_block *tcb)
{
    switch (tcb->state) {
    case LISTEN:
        close_listener(tcp, tcb);
        return TCP_OK;
    case SYN_SENT:
        tcp_block_delete(tcp, tcb);
        return TCP_OK;
    case SYN_RECEIVED:
        tcb->close_queued = true;
        if (tcb->send_count == 0)
            tcb->state = FIN_WAIT_1;
        break;
    case ESTABLISHED:
        tcb->close_queued = true;
        tcb->state        = FIN_WAIT_1;
        break;
    case CLOSE_WAIT:
        tcb->close_queued = true; /* LAST-ACK when the FIN is sent */
        break;
    default:
        return TCP_ERROR_CLOSING;
    }
    tcp_settle(tcp, tcb);
    return TCP_OK;
}

enum tcp_error tcp_close(struct tcp *tcp, tcp_name name)
{
    struct control_block *tcb = tcp_block_named(tcp, name);

    if (tcb == NULL)
        return TCP_ERROR_NOT_EXIST;
    if (tcb->close_queued)
        return TCP_ERROR_CLOSING;
    return close_sending(tcp, tcb);
}

/* RFC 9293 3.6.1: "If such a host issues a CLOSE call while received data is still pending in the TCP connection … its TCP
 * implementation SHOULD send a RST" (SHLD-3). */
enum tcp_error tcp_close_both(struct tcp *tcp, tcp_name name)
{
    struct control_block *tcb = tcp_block_named(tcp, name);

    if (tcb == NULL)
        return TCP_ERROR_NOT_EXIST;
    if (tcb->receive_user > 0)
        return tcp_abort(tcp, name);
    tcb->gives_up_receiving = true;
    if (tcb->close_queued)
        tcp_settle(tcp, tcb); /* the FIN is on its way; who receives has changed */
    else
        close_sending(tcp, tcb);
    return TCP_OK;
}

/* ---- 3.10.5, ABORT --------------------------------------------------------------------------------------------------- */

enum tcp_error tcp_abort(struct tcp *tcp, tcp_name name)
{
    struct control_block *tcb = tcp_block_named(tcp, name);

    if (tcb == NULL)
        return TCP_ERROR_NOT_EXIST;
    switch (tcb->state) {
    case LISTEN:
        close_listener(tcp, tcb);
        return TCP_OK;
    case SYN_RECEIVED:
    case ESTABLISHED:
    case FIN_WAIT_1:
    case FIN_WAIT_2:
    case CLOSE_WAIT:
        tcp_send_rst(tcp, tcb);
        break;
    default: /* SYN-SENT, CLOSING, LAST-ACK, TIME-WAIT: nothing is sent */
        break;
    }
    tcp_block_delete(tcp, tcb);
    return TCP_OK;
}

/* ---- taking a connection from its listener ------------------------------------------------------------------------------- */

enum tcp_error tcp_accept(struct tcp *tcp, tcp_name name)
{
    struct control_block *tcb = tcp_block_named(tcp, name);

    if (tcb == NULL)
        return TCP_ERROR_NOT_EXIST;
    tcb->accepted = true;
    return TCP_OK;
}

/* ---- 3.10.6, STATUS -------------------------------------------------------------------------------------------------- */

static size_t unsent_octets(const struct control_block *tcb)
{
    uint32_t end = tcb->send_first + (uint32_t)tcb->send_count;

    return seq_before(tcb->snd_nxt, end) ? end - tcb->snd_nxt : 0;
}

enum tcp_error tcp_status(const struct tcp *tcp, tcp_name name, struct tcp_status *status)
{
    const struct control_block *tcb = tcp_block_named(tcp, name);

    *status = (struct tcp_status){ .state = CLOSED };
    if (tcb == NULL)
        return TCP_ERROR_NOT_EXIST;
    *status = (struct tcp_status){
        .state                 = tcb->state,
        .listener              = tcp_block_named(tcp, tcb->listener) ? tcb->listener : 0,
        .local_address         = tcb->local_address,
        .remote_address        = tcb->remote_address,
        .local_port            = tcb->local_port,
        .remote_port           = tcb->remote_port,
        .snd_una               = tcb->snd_una,
        .snd_nxt               = tcb->snd_nxt,
        .snd_wnd               = tcb->snd_wnd,
        .snd_up                = tcb->snd_up,
        .iss                   = tcb->iss,
        .rcv_nxt               = tcb->rcv_nxt,
        .rcv_wnd               = tcb->rcv_wnd,
        .rcv_up                = tcb->rcv_up,
        .irs                   = tcb->irs,
        .urgent                = tcb->urgent_receiving,
        .urgent_to             = tcb->received + (tcb->rcv_up - (tcb->rcv_nxt - (uint32_t)tcb->receive_user)),
        .unread_octets         = tcb->receive_user,
        .unsent_octets         = unsent_octets(tcb),
        .unacknowledged_octets = tcp_flight_size(tcb),
        .held_octets           = tcp_held_octets(tcb),
        .cwnd                  = tcb->cwnd,
        .ssthresh              = tcb->ssthresh,
        .smss                  = tcb->smss,
        .rto_us                = tcb->rto_us,
        .srtt_us               = tcb->srtt_us,
        .rttvar_us             = tcb->rttvar_us,
        .soft_error            = tcb->soft_error,
    };
    return TCP_OK;
}

/* ---- settings --------------------------------------------------------------------------------------------------------- */

enum tcp_error tcp_set(struct tcp *tcp, tcp_name name, enum tcp_setting setting, uint64_t value)
{
    struct control_block *tcb = tcp_block_named(tcp, name);

    if (tcb == NULL)
        return TCP_ERROR_NOT_EXIST;
    switch (setting) {
    case TCP_NAGLE:
        tcb->nagle = value != 0;
        break;
    case TCP_KEEP_ALIVE:
        tcb->keep_alive = value != 0;
        tcp_stop_timer(tcb, TIMER_KEEP_ALIVE);
        if (tcb->keep_alive)
            tcp_start_timer(tcp, tcb, TIMER_KEEP_ALIVE, tcb->keep_alive_us);
        break;
    case TCP_KEEP_ALIVE_IDLE_US:
        if (value != 0)
            tcb->keep_alive_us = value;
        return tcp_set(tcp, name, TCP_KEEP_ALIVE, value != 0);
    case TCP_KEEP_ALIVE_INTERVAL_US:
        if (value == 0)
            value = 1;
        tcb->keep_alive_interval_us = value;
        break;
    case TCP_USER_TIMEOUT_US:
        tcb->user_timeout_us = value;
        tcp_stop_timer(tcb, TIMER_USER);
        break;
    case TCP_DIFFSERV:
        tcb->diffserv = (uint8_t)value;
        break;
    case TCP_BACKLOG:
        tcb->backlog = value;
        break;
    }
    tcp_settle(tcp, tcb);
    return TCP_OK;
}
