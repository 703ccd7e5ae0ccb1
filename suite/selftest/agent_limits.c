/* agent_limits.c: what the sockets of an agent may take: served connections that peers reset leave nothing behind, and without
 * room for one more none is accepted and closed at once. */
#include "agent/agent.h"

#include <sys/socket.h>
#include <unistd.h>

#include "agent/endpoint.h"
#include "selftest.h"

enum { MOST = 4, CLIENTS = 40, TURNS = 5000 };

static struct agent_limits limits;
static struct agent       *agent;
static uint16_t            port;

static void begin(void)
{
    static struct call_reply reply;
    struct call_request      open = { .kind = CALL_PASSIVE_OPEN, .address = { .family = 4 } };

    limits = (struct agent_limits){ .store_most = 1 << 16, .queue_most = 1 << 20, .sockets_most = MOST };
    agent  = agent_new(&limits);
    ck_assert_ptr_nonnull(agent);
    agent_call(agent, &open, &reply);
    ck_assert_int_eq(reply.result, CALL_OK);
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

SUITE(agent_limits)
{
    Suite *suite = suite_create("agent_limits");
    TCase *tests = tcase_create("what sockets may take");

    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, resets_leave_nothing);
    tcase_add_test(tests, what_has_no_room_waits);
    suite_add_tcase(suite, tests);
    return suite;
}
