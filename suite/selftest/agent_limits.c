/* agent_limits.c: what the sockets of an agent may take: served connections that peers reset leave nothing behind, without room
 * for one more none is accepted and closed at once, and a listener may be told to leave what comes waiting. And how many of
 * those that it refuses are told of. */
#include "agent/agent.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/endpoint.h"
#include "agent/protocol.h"
#include "agent/server.h"
#include "selftest.h"

enum { MOST = 4, CLIENTS = 40, TURNS = 5000 };

static struct agent_limits limits;
static struct agent       *agent;
static uint16_t            listener, port;

static void begin(void)
{
    static struct call_reply reply;
    struct call_request      open = { .kind = CALL_PASSIVE_OPEN, .address = { .family = 4 } };

    limits = (struct agent_limits){ .store_most = 1 << 16, .queue_most = 1 << 20, .sockets_most = MOST };
    agent  = agent_new(&limits);
    ck_assert_ptr_nonnull(agent);
    agent_call(agent, &open, &reply);
    ck_assert_int_eq(reply.result, CALL_OK);
    listener                  = reply.handle;
    port                      = reply.port;
    struct call_request serve = { .kind = CALL_SERVE, .handle = reply.handle, .service = SERVICE_ECHO };

    agent_call(agent, &serve, &reply);
}

static void end(void)
{
    agent_free(agent);
    ck_assert_uint_eq(limits.sockets, 0);
    ck_assert_uint_eq(limits.queued, 0);
}

static int connected(void)
{
    struct ip_address    loopback = { 4, { 127, 0, 0, 1 } };
    union socket_address address;
    socklen_t            length = socket_address_make(&loopback, port, &address);
    int                  fd     = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, &address.any, length), 0);
    return fd;
}

static void work_until_sockets_are(size_t count)
{
    for (int turn = 0; turn < TURNS && limits.sockets != count; turn++)
        agent_poll(agent, 2, -1);
    ck_assert_uint_eq(limits.sockets, count);
}

START_TEST(resets_leave_nothing)
{
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    for (int i = 0; i < CLIENTS; i++) {
        int fd = connected();

        if (i % 2 == 0)
            ck_assert_int_eq(send(fd, "octets", 6, 0), 6);
        work_until_sockets_are(2);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
        work_until_sockets_are(1); /* the listener */
    }
}
END_TEST

START_TEST(what_has_no_room_waits)
{
    int  clients[MOST];
    char octet;

    for (int i = 0; i < MOST; i++) /* one more than there is room for beside the listener */
        clients[i] = connected();
    work_until_sockets_are(MOST);
    for (int i = 0; i < 50; i++)
        agent_poll(agent, 1, -1);
    ck_assert_int_eq(send(clients[MOST - 1], "x", 1, 0), 1);
    ck_assert_int_eq(recv(clients[MOST - 1], &octet, 1, MSG_DONTWAIT), -1); /* neither an end nor a reset */
    for (int i = 0; i < MOST - 1; i++)
        close(clients[i]);
    for (int turn = 0; turn < TURNS && recv(clients[MOST - 1], &octet, 1, MSG_DONTWAIT) != 1; turn++)
        agent_poll(agent, 2, -1);
    ck_assert_int_eq(octet, 'x');
    close(clients[MOST - 1]);
}
END_TEST

static enum call_result set(uint16_t handle, enum setting setting, uint32_t value)
{
    static struct call_reply reply;
    struct call_request      request = { .kind = CALL_CONFIGURE, .handle = handle, .setting = setting, .value = value };

    agent_call(agent, &request, &reply);
    return reply.result;
}

START_TEST(what_is_left_waiting_is_taken_later)
{
    char octet = 0;

    ck_assert_int_eq(set(listener, ACCEPTING, 0), CALL_OK);
    int fd = connected();

    ck_assert_int_eq(send(fd, "x", 1, 0), 1);
    for (int i = 0; i < 20; i++)
        ck_assert(!agent_poll(agent, 1, -1));
    ck_assert_uint_eq(limits.sockets, 1);
    ck_assert_int_eq(set(listener, ACCEPTING, 1), CALL_OK);
    ck_assert_uint_eq(limits.sockets, 2);
    for (int turn = 0; turn < TURNS && recv(fd, &octet, 1, MSG_DONTWAIT) != 1; turn++)
        agent_poll(agent, 2, -1);
    ck_assert_int_eq(octet, 'x');
    close(fd);
}
END_TEST

START_TEST(settings_of_listeners_are_for_listeners)
{
    static struct call_reply reply;
    enum setting             setting  = _i ? BACKLOG : ACCEPTING;
    int                      fd       = connected();
    struct call_request      accepted = { .kind = CALL_ACCEPTED, .handle = listener };

    work_until_sockets_are(2);
    agent_call(agent, &accepted, &reply);
    ck_assert_int_eq(reply.result, CALL_OK);
    ck_assert_int_eq(set(reply.handle, setting, 1), CALL_FAILED);
    ck_assert_int_eq(set(listener, setting, 1), CALL_OK);
    ck_assert_int_eq(set(listener, setting, 0), _i ? CALL_FAILED : CALL_OK);
    close(fd);
}
END_TEST

/* ---- who is refused --------------------------------------------------------------------------------------------------- */

enum { STRANGERS = 20, REFUSALS_TOLD = 6 };

static int told_by[2];

static void tell(const struct ip_address *address)
{
    if (write(told_by[1], &address->octets[3], 1) != 1)
        _exit(1);
}

/* From 127.0.0.`host`. */
static int speaker_at(uint8_t host, uint16_t to)
{
    static const uint8_t get_version[] = { 1, 5, 0, 1, 0, 0, 0, 8, 0, 0, 0, 1, 1, 1, 0, 0 };
    struct ip_address    own = { 4, { 127, 0, 0, host } }, loopback = { 4, { 127, 0, 0, 1 } };
    union socket_address address;
    socklen_t            length = socket_address_make(&own, 0, &address);
    int                  fd     = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, &address.any, length), 0);
    length = socket_address_make(&loopback, to, &address);
    ck_assert_int_eq(connect(fd, &address.any, length), 0);
    ck_assert_int_eq(send(fd, get_version, sizeof get_version, 0), sizeof get_version);
    return fd;
}

/* Each is told of once, and no more of them in a minute than somebody would read. This test may see the minute change. */
START_TEST(refusals_are_told_of_sparingly)
{
    struct error       error;
    uint8_t            told[4 * STRANGERS], octets[100];
    int                stop[2];
    pid_t              parent = getpid();
    struct server_wish wish   = { .bind = { 4, { 127, 0, 0, 1 } }, .service = AGENT_SERVICE, .refused = tell };

    ck_assert(allowed_read("127.0.0.1", &wish.allowed[wish.allowed_count++], &error));
    ck_assert_int_eq(pipe(told_by), 0);
    ck_assert_int_eq(pipe(stop), 0);
    struct server *server = server_open(&wish, &error);

    ck_assert_msg(server != NULL, "%s", error.sentence);
    pid_t child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(getppid() == parent ? server_run(server, stop[0]) : 1);
    }
    for (uint8_t round = 0; round < 2; round++)
        for (uint8_t host = 2; host < 2 + STRANGERS; host++)
            close(speaker_at(host, server_port(server)));
    int fd = speaker_at(1, server_port(server));

    ck_assert_int_gt(recv(fd, octets, sizeof octets, 0), 0); /* so what came before was read */
    close(fd);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(told_by[1]);
    ssize_t count = read(told_by[0], told, sizeof told);

    ck_assert_int_ge(count, REFUSALS_TOLD);
    ck_assert_int_le(count, 2 * REFUSALS_TOLD);
    for (ssize_t i = 0; i < REFUSALS_TOLD; i++)
        ck_assert_int_eq(told[i], 2 + i);
    close(told_by[0]);
    server_close(server);
}
END_TEST

SUITE(agent_limits)
{
    Suite *suite = suite_create("agent_limits");
    TCase *tests = tcase_create("what sockets may take");

    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, resets_leave_nothing);
    tcase_add_test(tests, what_has_no_room_waits);
    tcase_add_test(tests, what_is_left_waiting_is_taken_later);
    tcase_add_loop_test(tests, settings_of_listeners_are_for_listeners, 0, 2);
    suite_add_tcase(suite, tests);
    tests = tcase_create("who is refused");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, refusals_are_told_of_sparingly);
    suite_add_tcase(suite, tests);
    return suite;
}
