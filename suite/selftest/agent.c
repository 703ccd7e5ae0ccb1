/* agent.c: user calls carried out with sockets, seen by peers that are plain sockets on the loopback interface of this host,
 * and the channel that calls travel by. */
#include "agent/agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/channel.h"
#include "agent/endpoint.h"
#include "clock.h"
#include "selftest.h"

enum { TURNS_MAX = 5000, TURN_MS = 2 };

static const struct ip_address loopback = { 4, { 127, 0, 0, 1 } };

/* ---- calls ------------------------------------------------------------------------------------------------------------ */

static const struct call_reply *call_with(struct agent *agent, struct call_request request)
{
    static struct call_reply reply;

    agent_call(agent, &request, &reply);
    return &reply;
}

static const struct call_reply *call(struct agent *agent, enum call_kind kind, uint16_t handle)
{
    return call_with(agent, (struct call_request){ .kind = kind, .handle = handle });
}

static const struct call_reply *saw(struct agent *agent, uint16_t handle, uint64_t from)
{
    return call_with(agent, (struct call_request){ .kind = CALL_SAW, .handle = handle, .from = from });
}

static bool saw_event(struct agent *agent, uint16_t handle, enum event event)
{
    return saw(agent, handle, 0)->events & 1u << event;
}

/* Lets the application work until the condition holds; the test fails when it never does. */
#define UNTIL(agent, condition)                                                                                                \
    do {                                                                                                                       \
        int turns = 0;                                                                                                         \
        while (!(condition)) {                                                                                                 \
            ck_assert_msg(turns++ < TURNS_MAX, "never: %s", #condition);                                                       \
            agent_poll(agent, TURN_MS, -1);                                                                                    \
        }                                                                                                                      \
    } while (0)

static uint16_t listen_for(struct agent *agent, uint16_t *port)
{
    const struct call_reply *reply =
        call_with(agent, (struct call_request){ .kind = CALL_PASSIVE_OPEN, .address = { .family = 4 } });

    ck_assert_msg(reply->result == CALL_OK, "%s", reply->sentence);
    ck_assert_uint_ne(reply->port, 0);
    *port = reply->port;
    return reply->handle;
}

static int peer_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static int connect_to(uint16_t port)
{
    union socket_address address;
    int                  fd     = peer_socket();
    socklen_t            length = socket_address_make(&loopback, port, &address);

    ck_assert_int_eq(connect(fd, &address.any, length), 0);
    return fd;
}

static uint16_t port_of(int fd)
{
    union socket_address address;
    struct ip_address    unused;
    socklen_t            length = sizeof address;

    ck_assert_int_eq(getsockname(fd, &address.any, &length), 0);
    return socket_address_read(&address, &unused);
}

/* An application with one accepted connection, and its peer. */
struct pair {
    struct agent *agent;
    uint16_t      listener, port, handle;
    int           peer;
};

static void accept_peer(struct pair *pair)
{
    struct call_request request = { .kind = CALL_ACCEPTED, .handle = pair->listener };

    pair->peer   = connect_to(pair->port);
    request.port = port_of(pair->peer);
    UNTIL(pair->agent, call_with(pair->agent, request)->result == CALL_OK);
    pair->handle = call_with(pair->agent, request)->handle;
}

static struct pair make_pair(void)
{
    struct pair pair = { .agent = agent_new(NULL) };

    ck_assert_ptr_nonnull(pair.agent);
    pair.listener = listen_for(pair.agent, &pair.port);
    accept_peer(&pair);
    return pair;
}

static void end_pair(struct pair *pair)
{
    close(pair->peer);
    agent_free(pair->agent);
}

static bool readable(int fd)
{
    return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) == 1;
}

static void send_urgently(struct agent *agent, uint16_t handle, const char *text, enum call_kind kind)
{
    struct call_request request = { .kind = kind, .handle = handle, .data_octets = (uint32_t)strlen(text) };

    memcpy(request.data, text, strlen(text));
    const struct call_reply *reply = call_with(agent, request);

    ck_assert_msg(reply->result == CALL_OK, "%s", reply->sentence);
}

static void send_text(struct agent *agent, uint16_t handle, const char *text)
{
    send_urgently(agent, handle, text, CALL_SEND);
}

static void expect_at_peer(struct pair *pair, const char *text)
{
    char got[100];

    UNTIL(pair->agent, readable(pair->peer));
    ck_assert_int_eq(recv(pair->peer, got, strlen(text), MSG_WAITALL), (ssize_t)strlen(text));
    ck_assert_mem_eq(got, text, strlen(text));
}

static void peer_sends(struct pair *pair, const char *text)
{
    ck_assert_int_eq(send(pair->peer, text, strlen(text), 0), (ssize_t)strlen(text));
}

/* A linger time of zero: close sends a RST. */
static void peer_aborts(struct pair *pair)
{
    struct linger at_once = { .l_onoff = 1 };

    ck_assert_int_eq(setsockopt(pair->peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(pair->peer);
    pair->peer = -1;
}

/* ---- opening ---------------------------------------------------------------------------------------------------------- */

START_TEST(a_connection_is_found_by_its_peer)
{
    struct pair              pair  = make_pair();
    uint16_t                 first = pair.handle;
    const struct call_reply *reply;
    struct call_request      ask = {
             .kind = CALL_ACCEPTED, .handle = pair.listener, .address = loopback, .port = port_of(pair.peer)
    };
    int other = pair.peer;

    reply = call_with(pair.agent, ask);
    ck_assert_int_eq(reply->result, CALL_OK);
    ck_assert_uint_eq(reply->port, ask.port);
    ck_assert_uint_eq(reply->events, 1u << ACCEPTED);
    accept_peer(&pair);
    ck_assert_uint_ne(pair.handle, first);
    ck_assert_uint_eq(call_with(pair.agent, ask)->handle, first);
    ask.address.octets[3] = 9;
    ck_assert_int_eq(call_with(pair.agent, ask)->result, CALL_PENDING);
    ck_assert_int_eq(call(pair.agent, CALL_ACCEPTED, first)->result, CALL_FAILED);
    close(other);
    end_pair(&pair);
}
END_TEST

START_TEST(a_reserved_port_stays_closed)
{
    union socket_address     address;
    struct agent            *agent = agent_new(NULL);
    const struct call_reply *reply =
        call_with(agent, (struct call_request){ .kind = CALL_RESERVE, .address = { .family = 4 } });
    uint16_t port = reply->port;
    int      peer = peer_socket();

    ck_assert_int_eq(reply->result, CALL_OK);
    ck_assert_uint_ne(port, 0);
    socklen_t length = socket_address_make(&loopback, port, &address);

    ck_assert_int_ne(connect(peer, &address.any, length), 0);
    ck_assert_int_eq(errno, ECONNREFUSED);
    reply = call_with(agent, (struct call_request){ .kind = CALL_OPEN, .address = loopback, .port = port });
    ck_assert_int_eq(reply->result, CALL_OK);
    uint16_t handle = reply->handle;

    UNTIL(agent, saw_event(agent, handle, REFUSED));
    ck_assert(!saw_event(agent, handle, RESET));
    close(peer);
    agent_free(agent);
}
END_TEST

START_TEST(an_active_open_tells_its_port)
{
    union socket_address address;
    struct ip_address    from;
    struct agent        *agent    = agent_new(NULL);
    int                  listener = peer_socket();
    socklen_t            length   = socket_address_make(&loopback, 0, &address);

    ck_assert(bind(listener, &address.any, length) == 0 && listen(listener, 1) == 0);
    const struct call_reply *reply =
        call_with(agent, (struct call_request){ .kind = CALL_OPEN, .address = loopback, .port = port_of(listener) });
    uint16_t handle = reply->handle, port = reply->port;

    ck_assert_int_eq(reply->result, CALL_OK);
    send_text(agent, handle, "hello"); /* it waits for the handshake, or not: it comes */
    struct pair pair = { .agent = agent, .handle = handle, .peer = accept(listener, &address.any, &length) };

    ck_assert_uint_eq(socket_address_read(&address, &from), port);
    expect_at_peer(&pair, "hello");
    close(listener);
    end_pair(&pair);
}
END_TEST

START_TEST(what_cannot_be_done_is_refused)
{
    struct pair pair = make_pair();

    ck_assert_int_eq(call(pair.agent, CALL_SEND, 77)->result, CALL_FAILED);
    ck_assert_int_eq(call(pair.agent, CALL_SAW, 0)->result, CALL_FAILED);
    ck_assert_int_eq(call(pair.agent, CALL_SEND, pair.listener)->result, CALL_FAILED);
    ck_assert_int_eq(call(pair.agent, CALL_SERVE, pair.handle)->result, CALL_FAILED);
    ck_assert_int_eq(call(pair.agent, (enum call_kind)99, pair.handle)->result, CALL_NOT_OFFERED);
    ck_assert_int_eq(call(pair.agent, CALL_CLOSE, pair.handle)->result, CALL_OK);
    ck_assert_int_eq(call(pair.agent, CALL_SEND, pair.handle)->result, CALL_FAILED);
    ck_assert_int_eq(call(pair.agent, CALL_ABORT, pair.handle)->result, CALL_OK);
    const struct call_reply *reply = call(pair.agent, CALL_ABORT, pair.handle);

    ck_assert_int_eq(reply->result, CALL_FAILED);
    ck_assert_str_ne(reply->sentence, "");
    end_pair(&pair);
}
END_TEST

/* ---- data ------------------------------------------------------------------------------------------------------------- */

START_TEST(data_goes_both_ways)
{
    struct pair              pair = make_pair();
    const struct call_reply *reply;

    send_text(pair.agent, pair.handle, "down");
    expect_at_peer(&pair, "down");
    peer_sends(&pair, "upward");
    UNTIL(pair.agent, saw(pair.agent, pair.handle, 0)->octets == 6);
    reply = saw(pair.agent, pair.handle, 2);
    ck_assert_uint_eq(reply->data_octets, 4);
    ck_assert_mem_eq(reply->data, "ward", 4);
    ck_assert_uint_eq(saw(pair.agent, pair.handle, 6)->data_octets, 0);
    ck_assert_uint_eq(saw(pair.agent, pair.handle, 600)->data_octets, 0);
    end_pair(&pair);
}
END_TEST

static void send_pattern(struct agent *agent, uint16_t handle, uint32_t chunks)
{
    struct call_request *request = calloc(1, sizeof *request);
    struct call_reply   *reply   = calloc(1, sizeof *reply);

    *request = (struct call_request){ .kind = CALL_SEND, .handle = handle, .data_octets = CALL_DATA_MAX_OCTETS };
    for (uint32_t i = 0; i < chunks; i++) {
        memset(request->data, (int)(i & 0xff), CALL_DATA_MAX_OCTETS);
        agent_call(agent, request, reply);
        ck_assert_msg(reply->result == CALL_OK, "%s", reply->sentence);
    }
    free(request);
    free(reply);
}

/* SEND is queued whole whatever the window, and a CLOSE after it waits for its turn. */
START_TEST(what_was_sent_comes_before_the_close)
{
    enum { CHUNKS = 500 };
    struct pair pair = make_pair();
    uint8_t    *got  = malloc(CALL_DATA_MAX_OCTETS);

    send_pattern(pair.agent, pair.handle, CHUNKS);
    ck_assert_int_eq(call(pair.agent, CALL_CLOSE, pair.handle)->result, CALL_OK);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        for (size_t have = 0; have < CALL_DATA_MAX_OCTETS;) {
            UNTIL(pair.agent, readable(pair.peer));
            ssize_t more = recv(pair.peer, got + have, CALL_DATA_MAX_OCTETS - have, 0);

            ck_assert_int_gt(more, 0);
            have += (size_t)more;
        }
        ck_assert_uint_eq(got[0], i & 0xff);
        ck_assert_uint_eq(got[CALL_DATA_MAX_OCTETS - 1], i & 0xff);
    }
    UNTIL(pair.agent, readable(pair.peer));
    ck_assert_int_eq(recv(pair.peer, got, 1, 0), 0);
    free(got);
    end_pair(&pair);
}
END_TEST

START_TEST(old_octets_are_forgotten_with_a_sentence)
{
    enum { CHUNKS = 200 };
    struct pair              pair = make_pair();
    uint8_t                 *text = calloc(1, CALL_DATA_MAX_OCTETS);
    const struct call_reply *reply;

    for (uint64_t i = 1; i <= CHUNKS; i++) {
        memset(text, (int)i, CALL_DATA_MAX_OCTETS);
        ck_assert_int_eq(send(pair.peer, text, CALL_DATA_MAX_OCTETS, 0), CALL_DATA_MAX_OCTETS);
        UNTIL(pair.agent, saw(pair.agent, pair.handle, UINT64_MAX)->octets == i * CALL_DATA_MAX_OCTETS);
    }
    reply = saw(pair.agent, pair.handle, 0);
    ck_assert_int_eq(reply->result, CALL_FAILED);
    ck_assert_ptr_nonnull(strstr(reply->sentence, "only the octets from"));
    reply = saw(pair.agent, pair.handle, (CHUNKS - 1) * CALL_DATA_MAX_OCTETS);
    ck_assert_uint_eq(reply->data_octets, CALL_DATA_MAX_OCTETS);
    ck_assert_mem_eq(reply->data, text, CALL_DATA_MAX_OCTETS);
    free(text);
    end_pair(&pair);
}
END_TEST

START_TEST(a_paused_application_reads_nothing)
{
    struct pair pair = make_pair();

    call(pair.agent, CALL_PAUSE_READING, pair.handle);
    peer_sends(&pair, "wait");
    for (int i = 0; i < 20; i++)
        agent_poll(pair.agent, 1, -1);
    ck_assert_uint_eq(saw(pair.agent, pair.handle, 0)->octets, 0);
    call(pair.agent, CALL_RECEIVE, pair.handle);
    UNTIL(pair.agent, saw(pair.agent, pair.handle, 0)->octets == 4);
    end_pair(&pair);
}
END_TEST

START_TEST(a_paused_listener_pauses_what_comes)
{
    struct pair pair  = make_pair();
    int         first = pair.peer;

    call(pair.agent, CALL_PAUSE_READING, pair.listener);
    accept_peer(&pair);
    peer_sends(&pair, "wait");
    for (int i = 0; i < 20; i++)
        agent_poll(pair.agent, 1, -1);
    ck_assert_uint_eq(saw(pair.agent, pair.handle, 0)->octets, 0);
    close(first);
    end_pair(&pair);
}
END_TEST

/* RFC 9293 3.8.5: urgent octets stay in the stream, and the application is told how far they reach. */
START_TEST(urgent_data_is_announced_in_line)
{
    struct pair pair = make_pair();

    peer_sends(&pair, "plain");
    ck_assert_int_eq(send(pair.peer, "now!", 4, MSG_OOB), 4);
    peer_sends(&pair, "later");
    UNTIL(pair.agent, saw(pair.agent, pair.handle, 0)->octets == 14);
    const struct call_reply *reply = saw(pair.agent, pair.handle, 0);

    ck_assert(reply->events & 1u << URGENT);
    ck_assert_uint_eq(reply->urgent_to, 9);
    ck_assert_mem_eq(reply->data, "plainnow!later", 14);
    end_pair(&pair);
}
END_TEST

START_TEST(urgent_data_is_seen_by_who_does_not_read)
{
    struct pair pair = make_pair();

    call(pair.agent, CALL_PAUSE_READING, pair.handle);
    ck_assert_int_eq(send(pair.peer, "now!", 4, MSG_OOB), 4);
    UNTIL(pair.agent, saw_event(pair.agent, pair.handle, URGENT));
    ck_assert_uint_eq(saw(pair.agent, pair.handle, 0)->octets, 0);
    end_pair(&pair);
}
END_TEST

START_TEST(urgent_data_can_be_sent)
{
    struct pair pair = make_pair();
    char        last = 0;

    send_urgently(pair.agent, pair.handle, "now!", CALL_SEND_URGENT);
    UNTIL(pair.agent, recv(pair.peer, &last, 1, MSG_OOB | MSG_DONTWAIT) == 1);
    ck_assert_int_eq(last, '!');
    expect_at_peer(&pair, "now");
    end_pair(&pair);
}
END_TEST

/* ---- closing ---------------------------------------------------------------------------------------------------------- */

START_TEST(a_closed_connection_still_receives)
{
    struct pair pair = make_pair();
    char        octet;

    call(pair.agent, CALL_CLOSE, pair.handle);
    UNTIL(pair.agent, readable(pair.peer));
    ck_assert_int_eq(recv(pair.peer, &octet, 1, 0), 0);
    peer_sends(&pair, "more");
    UNTIL(pair.agent, saw(pair.agent, pair.handle, 0)->octets == 4);
    ck_assert(!saw_event(pair.agent, pair.handle, END));
    shutdown(pair.peer, SHUT_WR);
    UNTIL(pair.agent, saw_event(pair.agent, pair.handle, END));
    ck_assert(!saw_event(pair.agent, pair.handle, RESET));
    end_pair(&pair);
}
END_TEST

static void expect_reset_at_peer(struct pair *pair)
{
    char octet;

    UNTIL(pair->agent, readable(pair->peer));
    ck_assert_int_eq(recv(pair->peer, &octet, 1, 0), -1);
    ck_assert_int_eq(errno, ECONNRESET);
}

START_TEST(an_abort_is_a_reset)
{
    struct pair pair = make_pair();

    call(pair.agent, CALL_ABORT, pair.handle);
    expect_reset_at_peer(&pair);
    end_pair(&pair);
}
END_TEST

/* RFC 9293 MUST-17 by way of the kernel: what is unread when receiving is given up is answered with a RST. */
START_TEST(giving_up_unread_data_resets)
{
    struct pair pair = make_pair();

    call(pair.agent, CALL_PAUSE_READING, pair.handle);
    peer_sends(&pair, "never read");
    call(pair.agent, CALL_CLOSE_BOTH, pair.handle);
    expect_reset_at_peer(&pair);
    end_pair(&pair);
}
END_TEST

START_TEST(the_end_of_the_application_aborts)
{
    struct pair pair = make_pair();

    agent_free(pair.agent);
    pair.agent = agent_new(NULL);
    expect_reset_at_peer(&pair);
    end_pair(&pair);
}
END_TEST

/* Told once, a reset is no reason to wake up again and again. */
START_TEST(a_reset_is_told_once)
{
    struct pair pair = make_pair();

    peer_aborts(&pair);
    UNTIL(pair.agent, saw_event(pair.agent, pair.handle, RESET));
    agent_poll(pair.agent, 0, -1);
    uint64_t began = monotonic_ms();

    agent_poll(pair.agent, 50, -1);
    ck_assert_uint_ge(monotonic_ms() - began, 49);
    end_pair(&pair);
}
END_TEST

/* ---- services --------------------------------------------------------------------------------------------------------- */

static struct pair make_served_pair(enum service service)
{
    struct pair pair = { .agent = agent_new(NULL) };

    pair.listener = listen_for(pair.agent, &pair.port);
    ck_assert_int_eq(
        call_with(pair.agent, (struct call_request){ .kind = CALL_SERVE, .handle = pair.listener, .service = service })->result,
        CALL_OK);
    accept_peer(&pair);
    return pair;
}

START_TEST(echo_echoes_until_the_end)
{
    struct pair pair = make_served_pair(SERVICE_ECHO);
    char        octet;

    peer_sends(&pair, "hello");
    expect_at_peer(&pair, "hello");
    peer_sends(&pair, "again");
    shutdown(pair.peer, SHUT_WR);
    expect_at_peer(&pair, "again");
    UNTIL(pair.agent, readable(pair.peer));
    ck_assert_int_eq(recv(pair.peer, &octet, 1, 0), 0);
    end_pair(&pair);
}
END_TEST

START_TEST(discard_reads_and_closes)
{
    struct pair pair = make_served_pair(SERVICE_DISCARD);
    char        octet;

    peer_sends(&pair, "hello");
    UNTIL(pair.agent, saw(pair.agent, pair.handle, 0)->octets == 5);
    ck_assert(!readable(pair.peer));
    shutdown(pair.peer, SHUT_WR);
    UNTIL(pair.agent, readable(pair.peer));
    ck_assert_int_eq(recv(pair.peer, &octet, 1, 0), 0);
    end_pair(&pair);
}
END_TEST

/* RFC 864: each line begins with the next character. */
START_TEST(chargen_turns_the_ring)
{
    struct pair pair = make_served_pair(SERVICE_CHARGEN);

    expect_at_peer(&pair, " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n");
    expect_at_peer(&pair, "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh\r\n");
    end_pair(&pair);
}
END_TEST

SUITE(agent)
{
    Suite *suite = suite_create("agent");
    TCase *cases = tcase_create("agent");

    tcase_add_test(cases, a_connection_is_found_by_its_peer);
    tcase_add_test(cases, a_reserved_port_stays_closed);
    tcase_add_test(cases, an_active_open_tells_its_port);
    tcase_add_test(cases, what_cannot_be_done_is_refused);
    tcase_add_test(cases, data_goes_both_ways);
    tcase_add_test(cases, what_was_sent_comes_before_the_close);
    tcase_add_test(cases, old_octets_are_forgotten_with_a_sentence);
    tcase_add_test(cases, a_paused_application_reads_nothing);
    tcase_add_test(cases, a_paused_listener_pauses_what_comes);
    tcase_add_test(cases, urgent_data_is_announced_in_line);
    tcase_add_test(cases, urgent_data_is_seen_by_who_does_not_read);
    tcase_add_test(cases, urgent_data_can_be_sent);
    tcase_add_test(cases, a_closed_connection_still_receives);
    tcase_add_test(cases, an_abort_is_a_reset);
    tcase_add_test(cases, giving_up_unread_data_resets);
    tcase_add_test(cases, the_end_of_the_application_aborts);
    tcase_add_test(cases, a_reset_is_told_once);
    tcase_add_test(cases, echo_echoes_until_the_end);
    tcase_add_test(cases, discard_reads_and_closes);
    tcase_add_test(cases, chargen_turns_the_ring);
    tcase_set_timeout(cases, 60);
    suite_add_tcase(suite, cases);
    return suite;
}
