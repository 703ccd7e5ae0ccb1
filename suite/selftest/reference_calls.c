/* reference_calls.c: the user calls of RFC 9293 3.10.1 to 3.10.6 in every state, from tables written from the text; then what
 * the calls mean together. */
#include <string.h>

#include "selftest/reference_rig.h"
#include "selftest/selftest.h"

static const struct {
    enum state   state;
    enum rig_way way;
} columns[] = {
    { CLOSED, RIG_PASSIVE },      { LISTEN, RIG_PASSIVE },     { SYN_SENT, RIG_ACTIVE },    { SYN_RECEIVED, RIG_ACTIVE },
    { ESTABLISHED, RIG_PASSIVE }, { FIN_WAIT_1, RIG_PASSIVE }, { FIN_WAIT_2, RIG_PASSIVE }, { CLOSE_WAIT, RIG_PASSIVE },
    { CLOSING, RIG_PASSIVE },     { LAST_ACK, RIG_PASSIVE },   { TIME_WAIT, RIG_PASSIVE },
};

enum { STATES = sizeof columns / sizeof *columns };

enum call_of_table { CALL_IS_OPEN, CALL_IS_SEND, CALL_IS_RECEIVE, CALL_IS_CLOSE, CALL_IS_ABORT, CALL_IS_STATUS, CALLS };

#define OK     TCP_OK
#define NONE   TCP_ERROR_NOT_EXIST
#define EXISTS TCP_ERROR_ALREADY_EXISTS
#define SHUTS  TCP_ERROR_CLOSING
#define WAITS  TCP_ERROR_WOULD_WAIT
#define REMOTE TCP_ERROR_REMOTE_UNSPECIFIED

/* clang-format off */
static const enum tcp_error responses[CALLS][STATES] = {
/*                    CLOSED LISTEN  S-SENT  S-RCVD  ESTAB   F-W-1     F-W-2     C-WAIT    CLOSNG    L-ACK     T-WAIT */
[CALL_IS_OPEN]    = { NONE,  OK,     EXISTS, EXISTS, EXISTS, EXISTS,   EXISTS,   EXISTS,   EXISTS,   EXISTS,   EXISTS },
[CALL_IS_SEND]    = { NONE,  REMOTE, OK,     OK,     OK,     SHUTS, SHUTS, OK,       SHUTS, SHUTS, SHUTS },
[CALL_IS_RECEIVE] = { NONE,  WAITS,  WAITS,  WAITS,  WAITS,  WAITS,    WAITS,    SHUTS, SHUTS, SHUTS, SHUTS },
[CALL_IS_CLOSE]   = { NONE,  OK,     OK,     OK,     OK,     SHUTS, SHUTS, OK,       SHUTS, SHUTS, SHUTS },
[CALL_IS_ABORT]   = { NONE,  OK,     OK,     OK,     OK,     OK,       OK,       OK,       OK,       OK,       OK },
[CALL_IS_STATUS]  = { NONE,  OK,     OK,     OK,     OK,     OK,       OK,       OK,       OK,       OK,       OK },
};

/* The state after; the same for SEND, RECEIVE and STATUS. */
static const enum state after[CALLS][STATES] = {
[CALL_IS_OPEN]  = { CLOSED, SYN_SENT, SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT },
[CALL_IS_CLOSE] = { CLOSED, CLOSED,   CLOSED,   FIN_WAIT_1,   FIN_WAIT_1,  FIN_WAIT_1, FIN_WAIT_2, LAST_ACK,   CLOSING, LAST_ACK, TIME_WAIT },
[CALL_IS_ABORT] = { CLOSED, CLOSED,   CLOSED,   CLOSED,       CLOSED,      CLOSED,     CLOSED,     CLOSED,     CLOSED,  CLOSED,   CLOSED },
};

/* What leaves at once: S SYN, D octets, F FIN, R <SEQ=SND.NXT><CTL=RST>. */
static const char *const leaves[CALLS] = {
[CALL_IS_OPEN]    = ".S.........",
[CALL_IS_SEND]    = "....D..D...",
[CALL_IS_RECEIVE] = "...........",
[CALL_IS_CLOSE]   = "...FF..F...",
[CALL_IS_ABORT]   = "...RRRRR...",
[CALL_IS_STATUS]  = "...........",
};
/* clang-format on */

static enum tcp_error make_call(struct rig *rig, tcp_name *name, enum call_of_table call)
{
    struct tcp_open   open = { .local_address  = rig_address(false, false),
                               .local_port     = RIG_LOCAL_PORT,
                               .remote_address = rig_address(false, true),
                               .remote_port    = RIG_PEER_PORT };
    struct tcp_status status;
    uint8_t           octets[8] = { 0 };
    size_t            count;

    switch (call) {
    case CALL_IS_OPEN:
        return *name == 0 ? TCP_ERROR_NOT_EXIST : tcp_open(rig->tcp, &open, name);
    case CALL_IS_SEND:
        return tcp_send(rig->tcp, *name, octets, sizeof octets, false, &count);
    case CALL_IS_RECEIVE:
        return tcp_receive(rig->tcp, *name, octets, sizeof octets, &count);
    case CALL_IS_CLOSE:
        return tcp_close(rig->tcp, *name);
    case CALL_IS_ABORT:
        return tcp_abort(rig->tcp, *name);
    default:
        return tcp_status(rig->tcp, *name, &status);
    }
}

static void expect_leaving(struct rig *rig, char what, uint32_t snd_nxt, uint32_t rcv_nxt)
{
    switch (what) {
    case 'S':
        ck_assert_uint_eq(rig_next(rig)->packet.segment.flags, SYN);
        break;
    case 'D':
        rig_expect(rig, ACK, snd_nxt, rcv_nxt, 8);
        break;
    case 'F':
        rig_expect(rig, FIN | ACK, snd_nxt, rcv_nxt, 0);
        break;
    case 'R':
        rig_expect(rig, RST, snd_nxt, 0, 0);
        break;
    default:
        break;
    }
    rig_expect_nothing(rig);
}

START_TEST(call_in_every_state)
{
    enum call_of_table call = (enum call_of_table)(_i / STATES);
    int                in   = _i % STATES;
    struct rig         rig  = { .irs = 100 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, columns[in].state, columns[in].way);
    tcp_name name     = columns[in].state == LISTEN ? rig.listener : rig.name;
    bool     fin_sent = columns[in].state > ESTABLISHED && columns[in].state != CLOSE_WAIT;
    bool     fin_came = columns[in].state == CLOSE_WAIT || columns[in].state >= CLOSING;

    ck_assert_int_eq(make_call(&rig, &name, call), responses[call][in]);
    bool changes = call == CALL_IS_OPEN || call == CALL_IS_CLOSE || call == CALL_IS_ABORT;

    struct tcp_status status;
    tcp_status(rig.tcp, name, &status);
    ck_assert_int_eq(status.state, changes ? after[call][in] : columns[in].state);
    expect_leaving(&rig, leaves[call][in], rig.iss + 1 + fin_sent, rig.irs + 1 + fin_came);
    rig_end(&rig);
}
END_TEST

START_TEST(errors_have_the_rfcs_words)
{
    ck_assert_str_eq(tcp_error_text(TCP_ERROR_NOT_EXIST), "error: connection does not exist");
    ck_assert_str_eq(tcp_error_text(TCP_ERROR_CLOSING), "error: connection closing");
    ck_assert_str_eq(tcp_error_text(TCP_ERROR_NO_RESOURCES), "error: insufficient resources");
}
END_TEST

/* 3.10.2 and 3.10.4, SYN-RECEIVED: what is sent and closed early goes when ESTABLISHED is entered, octets before FIN. */
START_TEST(early_send_and_close)
{
    struct rig rig = { .irs = 100 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, SYN_RECEIVED, RIG_ACTIVE);
    ck_assert_uint_eq(rig_send(&rig, 0, 50), 50);
    ck_assert_int_eq(tcp_close(rig.tcp, rig.name), TCP_OK);
    ck_assert_int_eq(rig_state(&rig), SYN_RECEIVED);
    rig_expect_nothing(&rig);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 0);
    rig_expect(&rig, FIN | ACK, rig.iss + 1, rig.irs + 1, 50);
    ck_assert_int_eq(rig_state(&rig), FIN_WAIT_1);
    rig_end(&rig);
}
END_TEST

/* A CLOSE in SYN-RECEIVED with nothing to send: the FIN goes at once, and the SYN,ACK is still sent again until it is
 * acknowledged. */
START_TEST(close_in_syn_received)
{
    struct rig rig = { .irs = 100 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, SYN_RECEIVED, RIG_ACTIVE);
    tcp_close(rig.tcp, rig.name);
    rig_expect(&rig, FIN | ACK, rig.iss + 1, rig.irs + 1, 0);
    rig_pass(&rig, RIG_S);
    rig_expect(&rig, SYN | ACK, rig.iss, rig.irs + 1, 0);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 0);
    ck_assert_int_eq(rig_state(&rig), FIN_WAIT_1);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 2, NULL, 0);
    ck_assert_int_eq(rig_state(&rig), FIN_WAIT_2);
    rig_end(&rig);
}
END_TEST

/* 3.10.4, ESTABLISHED: the FIN comes after all that was sent before, however long that takes; no SEND after it. */
START_TEST(fin_follows_all_octets)
{
    struct rig rig    = { .irs = 100 };
    size_t     octets = 0;
    bool       fin    = false;

    rig_begin(&rig, NULL);
    rig_enter(&rig, ESTABLISHED, RIG_PASSIVE);
    rig_send(&rig, 0, 60000);
    tcp_close(rig.tcp, rig.name);
    ck_assert_int_eq(rig_state(&rig), FIN_WAIT_1);
    ck_assert_uint_eq(rig_send(&rig, 0, 10), 0);
    for (const struct rig_sent *sent = rig_next(&rig); sent; sent = rig_next(&rig)) {
        ck_assert(!fin);
        octets += sent->packet.segment.text_octets;
        fin = (sent->packet.segment.flags & FIN) != 0;
        rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1 + (uint32_t)octets + fin, NULL, 0);
    }
    ck_assert(fin);
    ck_assert_uint_eq(octets, 60000);
    ck_assert_int_eq(rig_state(&rig), FIN_WAIT_2);
    rig_end(&rig);
}
END_TEST

/* RFC 9293 3.6.1, SHLD-3: a RST shows that data was lost; without such data CLOSE is quiet. */
START_TEST(giving_up_receiving)
{
    struct rig rig = { .irs = 100 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, ESTABLISHED, RIG_PASSIVE);
    if (_i == 0) { /* unread */
        rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, "unread", 6);
        tcp_close_both(rig.tcp, rig.name);
        rig_expect(&rig, RST, rig.iss + 1, 0, 0);
        ck_assert_ptr_null(rig_block(&rig));
    } else if (_i == 1) { /* still to come */
        tcp_close_both(rig.tcp, rig.name);
        rig_expect(&rig, FIN | ACK, rig.iss + 1, rig.irs + 1, 0);
        rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 2, "late", 4);
        rig_expect(&rig, RST, rig.iss + 2, 0, 0);
        ck_assert_ptr_null(rig_block(&rig));
    } else { /* none */
        tcp_close_both(rig.tcp, rig.name);
        rig_expect(&rig, FIN | ACK, rig.iss + 1, rig.irs + 1, 0);
        rig_peer(&rig, FIN | ACK, rig.irs + 1, rig.iss + 2, NULL, 0);
        rig_expect(&rig, ACK, rig.iss + 2, rig.irs + 2, 0);
        ck_assert_int_eq(rig_state(&rig), TIME_WAIT);
    }
    rig_end(&rig);
}
END_TEST

/* 3.10.2, LISTEN: a listener whose remote socket is known becomes active by SEND. */
START_TEST(send_makes_a_listener_active)
{
    struct rig      rig  = { .irs = 100 };
    struct tcp_open open = { .passive        = true,
                             .local_address  = rig_address(false, false),
                             .local_port     = RIG_LOCAL_PORT,
                             .remote_address = rig_address(false, true),
                             .remote_port    = RIG_PEER_PORT };

    rig_begin(&rig, NULL);
    ck_assert_int_eq(tcp_open(rig.tcp, &open, &rig.name), TCP_OK);
    ck_assert_uint_eq(rig_send(&rig, 0, 5), 5);
    rig.iss = rig.sent[0].packet.segment.seq;
    rig_expect(&rig, SYN, rig.iss, 0, 0);
    rig_peer(&rig, SYN | ACK, rig.irs, rig.iss + 1, NULL, 0);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 5);
    rig_end(&rig);
}
END_TEST

START_TEST(connections_inherit_from_their_listener)
{
    struct rig rig = { .irs = 100 };

    rig_begin(&rig, NULL);
    rig_listen(&rig);
    tcp_set(rig.tcp, rig.listener, TCP_NAGLE, 0);
    tcp_set(rig.tcp, rig.listener, TCP_DIFFSERV, 0xb8);
    rig_peer(&rig, SYN, rig.irs, 0, NULL, 0);
    ck_assert_uint_eq(rig.sent[0].packet.segment.traffic_class, 0xb8); /* MUST-48 */
    rig.iss = rig_next(&rig)->packet.segment.seq;
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 0);
    rig_send(&rig, 0, 10);
    rig_send(&rig, 10, 10);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, 10);
    rig_expect(&rig, ACK, rig.iss + 11, rig.irs + 1, 10);
    rig_end(&rig);
}
END_TEST

START_TEST(opens_that_are_refused)
{
    struct rig        rig = { .irs = 100 };
    struct tcp_config config;
    tcp_name          name = 0;

    tcp_config_default(&config);
    config.connections = 2;
    rig_begin(&rig, &config);
    struct tcp_open open = { .local_address = rig_address(false, false) };

    ck_assert_int_eq(tcp_open(rig.tcp, &open, &name), TCP_ERROR_REMOTE_UNSPECIFIED);
    open.remote_port = 80;
    ip_address_parse("224.0.0.1", &open.remote_address);
    ck_assert_int_eq(tcp_open(rig.tcp, &open, &name), TCP_ERROR_REMOTE_ILLEGAL); /* MUST-46 */
    open.remote_address = rig_address(true, true);
    ck_assert_int_eq(tcp_open(rig.tcp, &open, &name), TCP_ERROR_REMOTE_ILLEGAL);
    rig_listen(&rig);
    struct tcp_open again = { .passive = true, .local_port = RIG_LOCAL_PORT };

    ck_assert_int_eq(tcp_open(rig.tcp, &again, &name), TCP_ERROR_ALREADY_EXISTS);
    open.remote_address = rig_address(false, true);
    ck_assert_int_eq(tcp_open(rig.tcp, &open, &name), TCP_OK);
    name = 0;
    ck_assert_int_eq(tcp_open(rig.tcp, &open, &name), TCP_ERROR_NO_RESOURCES);
    rig.seen = rig.sent_count;
    rig_peer(&rig, SYN, rig.irs, 0, NULL, 0); /* no room: no answer, no harm */
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(closing_a_listener_ends_what_it_began)
{
    struct rig rig = { .irs = 100 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, SYN_RECEIVED, RIG_PASSIVE);
    ck_assert_int_eq(tcp_close(rig.tcp, rig.listener), TCP_OK);
    rig_expect(&rig, RST, rig.iss + 1, 0, 0);
    ck_assert_int_eq(rig_state(&rig), CLOSED);
    rig_end(&rig);
}
END_TEST

/* Another peer's SYN, and what the listener says to it; 0 for nothing. */
static unsigned answer_to_syn(struct rig *rig, uint16_t from)
{
    struct segment syn = { .source           = rig_address(false, true),
                           .destination      = rig_address(false, false),
                           .source_port      = from,
                           .destination_port = RIG_LOCAL_PORT,
                           .seq              = 5000,
                           .flags            = SYN };
    uint8_t        packet[100];

    tcp_packet_arrives(rig->tcp, packet, segment_encode(&syn, packet, sizeof packet));
    const struct rig_sent *answer = rig_next(rig);

    return answer != NULL ? answer->packet.segment.flags : 0;
}

/* RFC 4987 2.2: SYNs are passed over while the backlog is full; what waits goes on, and makes room when it is taken, or ends.
 */
START_TEST(a_full_backlog_passes_syns_over)
{
    struct rig rig = { .irs = 100, .window = 5000 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, ESTABLISHED, RIG_PASSIVE);
    ck_assert_int_eq(tcp_set(rig.tcp, rig.listener, TCP_BACKLOG, 1), TCP_OK);
    ck_assert_uint_eq(answer_to_syn(&rig, 5000), 0);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, "waits", 5);
    rig_pass(&rig, RIG_S);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 6, 0);
    if (_i == 0) {
        ck_assert_int_eq(tcp_accept(rig.tcp, rig.name), TCP_OK);
    } else {
        rig_peer(&rig, RST, rig.irs + 6, 0, NULL, 0);
        ck_assert_int_eq(tcp_accept(rig.tcp, rig.name), TCP_ERROR_NOT_EXIST);
    }
    ck_assert_uint_eq(answer_to_syn(&rig, 5000), SYN | ACK);
    ck_assert_uint_eq(answer_to_syn(&rig, 5001), 0); /* half-open ones count as well */
    rig_end(&rig);
}
END_TEST

START_TEST(configs_out_of_bounds)
{
    static const uint8_t none;
    struct tcp_host      host = { (void *)(uintptr_t)&none, NULL, NULL, NULL, NULL };
    struct tcp_config    config;

    for (int i = 0; i < 6; i++) {
        tcp_config_default(&config);
        switch (i) {
        case 0:
            config.connections = 0;
            break;
        case 1:
            config.delayed_ack_us = 500 * RIG_MS;
            break;
        case 2:
            config.r2_us = 99 * (uint64_t)RIG_S;
            break;
        case 3:
            config.r2_syn_us = 179 * (uint64_t)RIG_S;
            break;
        case 4:
            config.keep_alive_us = 3600 * (uint64_t)RIG_S;
            break;
        default:
            config.receive_buffer_octets = 65536;
            break;
        }
        ck_assert_ptr_null(tcp_create(&config, &host));
    }
}
END_TEST

/* RFC 6528: ISNs follow a clock of 4 µs on one pair of sockets, and say nothing of other pairs. */
START_TEST(isns)
{
    struct rig rig = { 0 };
    uint32_t   first;

    rig_begin(&rig, NULL);
    rig_open(&rig);
    first = rig.iss;
    tcp_abort(rig.tcp, rig.name);
    rig.name = 0;
    rig_pass(&rig, 4000);
    rig_open(&rig);
    ck_assert_uint_eq(rig.iss, first + 1000);
    struct tcp_open other = { .local_address  = rig_address(false, false),
                              .local_port     = RIG_LOCAL_PORT + 1,
                              .remote_address = rig_address(false, true),
                              .remote_port    = RIG_PEER_PORT };
    tcp_name        name  = 0;

    tcp_open(rig.tcp, &other, &name);
    uint32_t away = rig_next(&rig)->packet.segment.seq - rig.iss;

    ck_assert(away > 100000 && away < 0u - 100000);
    rig_end(&rig);
}
END_TEST

/* ---- ICMP, RFC 9293 3.9.2.2
 * -------------------------------------------------------------------------------------------------- */

static void icmp(struct rig *rig, enum icmp kind, uint32_t seq, uint32_t mtu)
{
    struct ip_address peer   = rig_address(rig->ipv6, true);
    struct segment    quoted = { .source           = rig_address(rig->ipv6, false),
                                 .destination      = peer,
                                 .source_port      = RIG_LOCAL_PORT,
                                 .destination_port = RIG_PEER_PORT,
                                 .flags            = ACK,
                                 .seq              = seq };
    uint8_t           octets[200], packet[RIG_PACKET_MOST];
    size_t            count = segment_encode(&quoted, octets, sizeof octets);

    count = icmp_error_encode(kind, mtu, &peer, octets, count, packet, sizeof packet);
    if (count > 0)
        tcp_packet_arrives(rig->tcp, packet, count);
}

/* Soft errors are told and abort nothing (MUST-56, SHLD-25); hard ones end an attempt to connect and nothing else; Source
 * Quench does nothing (MUST-55); what quotes nothing in flight is not believed (RFC 5927 4.1). */
START_TEST(icmp_errors)
{
    static const struct {
        enum state state;
        enum icmp  kind;
        int        seq; /* from SND.UNA */
        bool       soft, gone;
    } rows[] = {
        { SYN_SENT, HOST_UNREACHABLE, 0, true, false },    { SYN_SENT, TIME_EXCEEDED, 0, true, false },
        { SYN_SENT, PORT_UNREACHABLE, 0, false, true },    { SYN_SENT, PROTOCOL_UNREACHABLE, 0, false, true },
        { SYN_SENT, PORT_UNREACHABLE, 1, false, false },   { SYN_SENT, SOURCE_QUENCH, 0, false, false },
        { FIN_WAIT_1, PORT_UNREACHABLE, 0, true, false },  { FIN_WAIT_1, HOST_UNREACHABLE, 0, true, false },
        { FIN_WAIT_1, HOST_UNREACHABLE, 1, false, false }, { FIN_WAIT_1, HOST_UNREACHABLE, -1, false, false },
        { FIN_WAIT_1, SOURCE_QUENCH, 0, false, false },    { ESTABLISHED, PORT_UNREACHABLE, 0, false, false },
    };
    struct rig rig = { .irs = 100 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, rows[_i].state, rows[_i].state == SYN_SENT ? RIG_ACTIVE : RIG_PASSIVE);
    icmp(&rig, rows[_i].kind, rig_block(&rig)->snd_una + (uint32_t)rows[_i].seq, 0);
    ck_assert_int_eq((rig.signals & 1u << TCP_SIGNAL_SOFT_ERROR) != 0, rows[_i].soft);
    ck_assert_int_eq((rig.signals & 1u << TCP_SIGNAL_REFUSED) != 0, rows[_i].gone);
    ck_assert_int_eq(rig_block(&rig) == NULL, rows[_i].gone);
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

/* RFC 1191: smaller at once, and what was too big again; never below 576 or 1280, never larger. */
START_TEST(path_mtu)
{
    struct rig rig = { .irs = 100, .ipv6 = _i == 1 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, ESTABLISHED, RIG_PASSIVE);
    uint32_t smss = _i == 1 ? 1440 : 1460;

    rig_send(&rig, 0, 2000);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, smss);
    icmp(&rig, PACKET_TOO_BIG, rig.iss + 1, 1300);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, smss - 200);
    rig.seen = rig.sent_count;
    icmp(&rig, PACKET_TOO_BIG, rig.iss + 1, 1400);
    rig_expect_nothing(&rig);
    icmp(&rig, PACKET_TOO_BIG, rig.iss + 1, 68);
    rig_expect(&rig, ACK, rig.iss + 1, rig.irs + 1, _i == 1 ? 1280 - 60 : 576 - 40);
    rig_end(&rig);
}
END_TEST

/* RFC 9293 3.9.2.3 and 3.1: what is damaged, or comes from an address that no host has, is as if it had not come. */
START_TEST(packets_that_do_not_count)
{
    static const char *const sources[] = { "224.0.0.1", "255.255.255.255", "127.0.0.1", "0.0.0.0", "198.51.100.2" };
    struct rig               rig       = { .irs = 100 };

    rig_begin(&rig, NULL);
    rig_listen(&rig);
    for (int i = 0; i < 9; i++) {
        static const enum damage damages[] = { BAD_CHECKSUM, PSEUDO_ADDRESS_WRONG, BAD_IP_CHECKSUM, IP_LENGTH_SHORT };
        struct segment           segment   = { .source           = rig_address(false, true),
                                               .destination      = rig_address(false, false),
                                               .source_port      = RIG_PEER_PORT,
                                               .destination_port = RIG_LOCAL_PORT,
                                               .flags            = SYN };
        struct damage_wish       wish      = { .kind = i < 4 ? damages[i] : UNDAMAGED };
        uint8_t                  packet[100];

        if (i >= 4)
            ip_address_parse(sources[i - 4], &segment.source);
        size_t count = segment_encode(&segment, packet, sizeof packet);

        count = packet_damage(packet, count, &wish);
        tcp_packet_arrives(rig.tcp, packet, count);
        rig_expect_nothing(&rig);
    }
    rig_peer(&rig, SYN, rig.irs, 0, NULL, 0);
    ck_assert_ptr_nonnull(rig_next(&rig));
    rig_end(&rig);
}
END_TEST

SUITE(reference_calls)
{
    Suite *suite = suite_create("reference_calls");
    TCase *tcase = tcase_create("calls");

    tcase_add_loop_test(tcase, call_in_every_state, 0, CALLS * STATES);
    tcase_add_test(tcase, errors_have_the_rfcs_words);
    tcase_add_test(tcase, early_send_and_close);
    tcase_add_test(tcase, close_in_syn_received);
    tcase_add_test(tcase, fin_follows_all_octets);
    tcase_add_loop_test(tcase, giving_up_receiving, 0, 3);
    tcase_add_test(tcase, send_makes_a_listener_active);
    tcase_add_test(tcase, connections_inherit_from_their_listener);
    tcase_add_test(tcase, opens_that_are_refused);
    tcase_add_test(tcase, closing_a_listener_ends_what_it_began);
    tcase_add_loop_test(tcase, a_full_backlog_passes_syns_over, 0, 2);
    tcase_add_test(tcase, configs_out_of_bounds);
    tcase_add_test(tcase, isns);
    tcase_add_loop_test(tcase, icmp_errors, 0, 12);
    tcase_add_loop_test(tcase, path_mtu, 0, 2);
    tcase_add_test(tcase, packets_that_do_not_count);
    suite_add_tcase(suite, tcase);
    return suite;
}
