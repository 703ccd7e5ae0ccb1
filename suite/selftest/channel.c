/* channel.c: the way of a user call to the application and back, with what may go wrong on it. */
#include "agent/channel.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/endpoint.h"
#include "selftest.h"

static int connect_to(uint16_t port)
{
    const struct ip_address loopback = { 4, { 127, 0, 0, 1 } };
    union socket_address    address;
    int                     fd     = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t               length = socket_address_make(&loopback, port, &address);

    ck_assert_int_eq(connect(fd, &address.any, length), 0);
    return fd;
}

static pid_t start_server(int ends[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    pid_t server = fork();

    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        _exit(agent_serve_channel(ends[1]));
    }
    close(ends[1]);
    return server;
}

static void ask(int fd, struct call_request request, struct call_reply *reply)
{
    memset(reply, 0xff, sizeof *reply);
    channel_call(fd, &request, reply);
}

START_TEST(calls_travel)
{
    static struct call_reply reply;
    int                      ends[2], status = -1;
    pid_t                    server = start_server(ends);

    ask(ends[0], (struct call_request){ .kind = CALL_PASSIVE_OPEN, .address = { .family = 4 } }, &reply);
    ck_assert_int_eq(reply.result, CALL_OK);
    uint16_t listener = reply.handle;
    int      peer     = connect_to(reply.port);

    do
        ask(ends[0], (struct call_request){ .kind = CALL_ACCEPTED, .handle = listener }, &reply);
    while (reply.result == CALL_PENDING);
    ck_assert_int_eq(reply.result, CALL_OK);
    uint16_t handle = reply.handle;

    ask(ends[0], (struct call_request){ .kind = CALL_SEND, .handle = handle, .data_octets = 5, .data = "hello" }, &reply);
    ck_assert_int_eq(reply.result, CALL_OK);
    char got[5];

    ck_assert_int_eq(recv(peer, got, 5, MSG_WAITALL), 5);
    ck_assert_mem_eq(got, "hello", 5);
    ck_assert_int_eq(send(peer, got, 5, 0), 5);
    do
        ask(ends[0], (struct call_request){ .kind = CALL_SAW, .handle = handle }, &reply);
    while (reply.octets < 5);
    ck_assert_uint_eq(reply.data_octets, 5);
    ck_assert_mem_eq(reply.data, "hello", 5);
    ask(ends[0], (struct call_request){ .kind = CALL_SEND, .handle = 99 }, &reply);
    ck_assert_int_eq(reply.result, CALL_FAILED);
    ck_assert_str_eq(reply.sentence, "the application has nothing with handle 99");
    close(ends[0]);
    ck_assert_int_eq(waitpid(server, &status, 0), server);
    ck_assert_int_eq(status, 0);
    close(peer);
}
END_TEST

START_TEST(an_application_that_is_gone_is_told)
{
    static struct call_reply reply;
    int                      ends[2];
    pid_t                    server = start_server(ends);

    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    ask(ends[0], (struct call_request){ .kind = CALL_SAW }, &reply);
    ck_assert_int_eq(reply.result, CALL_FAILED);
    ck_assert_ptr_nonnull(strstr(reply.sentence, "gone"));
    close(ends[0]);
}
END_TEST

/* Passes requests on to a server; `meddle` may send something of its own before the reply goes back. */
static void stand_between(int fd, void (*meddle)(int fd, uint8_t *reply, size_t *count))
{
    static uint8_t octets[2 * CALL_DATA_MAX_OCTETS];
    int            ends[2];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    start_server(ends);
    for (;;) {
        ssize_t count = recv(fd, octets, sizeof octets, 0);

        if (count <= 0 || send(ends[0], octets, (size_t)count, 0) != count)
            _exit(0);
        size_t size = (size_t)recv(ends[0], octets, sizeof octets, 0);

        meddle(fd, octets, &size);
        send(fd, octets, size, 0);
    }
}

static void late_reply_first(int fd, uint8_t *reply, size_t *count)
{
    reply[0] ^= 1; /* another ticket */
    reply[8 + offsetof(struct call_reply, handle)] ^= 1;
    send(fd, reply, *count, 0);
    reply[0] ^= 1;
    reply[8 + offsetof(struct call_reply, handle)] ^= 1;
}

static void half_a_reply(int fd, uint8_t *reply, size_t *count)
{
    (void)fd;
    (void)reply;
    *count -= 1;
}

/* Says that there is more data than was sent: nobody may read it. */
static void too_much_data(int fd, uint8_t *reply, size_t *count)
{
    uint32_t claimed = CALL_DATA_MAX_OCTETS + 1;

    (void)fd;
    (void)count;
    memcpy(reply + 8 + offsetof(struct call_reply, data_octets), &claimed, sizeof claimed);
}

static void reserve_through(void (*meddle)(int fd, uint8_t *reply, size_t *count), struct call_reply *reply)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    pid_t between = fork();

    if (between == 0) {
        close(ends[0]);
        stand_between(ends[1], meddle);
    }
    close(ends[1]);
    ask(ends[0], (struct call_request){ .kind = CALL_RESERVE, .address = { .family = 4 } }, reply);
    close(ends[0]);
    waitpid(between, NULL, 0);
}

START_TEST(replies_are_not_believed_blindly)
{
    static struct call_reply reply;

    reserve_through(late_reply_first, &reply);
    ck_assert_int_eq(reply.result, CALL_OK);
    ck_assert_uint_eq(reply.handle, 1);
    reserve_through(half_a_reply, &reply);
    ck_assert_int_eq(reply.result, CALL_FAILED);
    ck_assert_ptr_nonnull(strstr(reply.sentence, "half a reply"));
    reserve_through(too_much_data, &reply);
    ck_assert_int_eq(reply.result, CALL_FAILED);
    ck_assert_uint_eq(reply.data_octets, 0);
}
END_TEST

SUITE(channel)
{
    Suite *suite = suite_create("channel");
    TCase *cases = tcase_create("channel");

    tcase_add_test(cases, calls_travel);
    tcase_add_test(cases, an_application_that_is_gone_is_told);
    tcase_add_test(cases, replies_are_not_believed_blindly);
    tcase_set_timeout(cases, 60);
    suite_add_tcase(suite, cases);
    return suite;
}
