/* channel.c: a request and a reply are sent as they lie in memory, for both ends are one program; of the data only the
 * octets that count. Each carries a ticket, so that a reply that came too late is not taken for the next one. */
#include "agent/channel.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "agent/agent.h"

enum { REPLY_LIMIT_MS = 5000 };

enum { REQUEST_HEAD_OCTETS = offsetof(struct call_request, data), REPLY_HEAD_OCTETS = offsetof(struct call_reply, data) };

static uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static ssize_t send_parts(int fd, struct iovec *parts, size_t count)
{
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
    ssize_t       sent;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

static ssize_t receive_parts(int fd, struct iovec *parts, size_t count)
{
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
    ssize_t       got;
    do
        got = recvmsg(fd, &message, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

/* ---- the application's side ----------------------------------------------------------------------------------------- */

static int serve_one(struct agent *agent, int fd, struct call_request *request, struct call_reply *reply)
{
    uint64_t     ticket     = 0;
    struct iovec incoming[] = { { &ticket, sizeof ticket },
                                { request, REQUEST_HEAD_OCTETS },
                                { request->data, sizeof request->data } };
    ssize_t      got        = receive_parts(fd, incoming, 3);
    if (got < 0)
        return errno;
    if (got == 0)
        return -1;
    if ((size_t)got < sizeof ticket + REQUEST_HEAD_OCTETS ||
        (size_t)got != sizeof ticket + REQUEST_HEAD_OCTETS + request->data_octets)
        return EBADMSG;
    agent_call(agent, request, reply);
    struct iovec outgoing[] = { { &ticket, sizeof ticket },
                                { reply, REPLY_HEAD_OCTETS },
                                { reply->sentence, sizeof reply->sentence },
                                { reply->data, reply->data_octets } };
    return send_parts(fd, outgoing, 4) < 0 ? errno : 0;
}

int agent_serve_channel(int fd)
{
    struct agent        *agent   = agent_new(NULL);
    struct call_request *request = calloc(1, sizeof *request);
    struct call_reply   *reply   = calloc(1, sizeof *reply);
    int                  result  = agent && request && reply ? 0 : ENOMEM;
    while (result == 0)
        if (agent_poll(agent, -1, fd))
            result = serve_one(agent, fd, request, reply);
    agent_free(agent);
    free(request);
    free(reply);
    return result < 0 || result == ECONNRESET || result == EPIPE ? 0 : result;
}

/* ---- the case's side ------------------------------------------------------------------------------------------------ */

static void fail(struct call_reply *reply, const char *what, int error)
{
    memset(reply, 0, offsetof(struct call_reply, data));
    reply->result = CALL_FAILED;
    snprintf(reply->sentence, sizeof reply->sentence, "%s%s%s", what, error ? ": " : "", error ? strerror(error) : "");
}

/* Waits until a reply can be read. false with the reply filled in when none came in time. */
static bool wait_for_reply(int fd, uint64_t deadline_ns, struct call_reply *reply)
{
    for (;;) {
        uint64_t now   = monotonic_ns();
        int      left  = now < deadline_ns ? (int)((deadline_ns - now) / 1000000u) + 1 : 0;
        int      ready = poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, left);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR) {
            fail(reply, "waiting for the application beside the target", errno);
            return false;
        }
        if (ready == 0 && left == 0) {
            fail(reply, "the application beside the target did not answer for 5 s", 0);
            return false;
        }
    }
}

/* The application reads what strangers send, so its reply is not believed before it is seen to be whole. */
static bool is_whole(struct call_reply *reply, size_t octets)
{
    size_t expected = sizeof(uint64_t) + REPLY_HEAD_OCTETS + sizeof reply->sentence;
    if (octets < expected || reply->data_octets > CALL_DATA_MAX_OCTETS || octets != expected + reply->data_octets)
        return false;
    reply->sentence[sizeof reply->sentence - 1] = '\0';
    return true;
}

void channel_call(int fd, const struct call_request *request, struct call_reply *reply)
{
    uint64_t     ticket = monotonic_ns();
    uint64_t     answered;
    uint32_t     octets     = request->data_octets < CALL_DATA_MAX_OCTETS ? request->data_octets : CALL_DATA_MAX_OCTETS;
    struct iovec outgoing[] = { { &ticket, sizeof ticket },
                                { (void *)(uintptr_t)request, REQUEST_HEAD_OCTETS },
                                { (void *)(uintptr_t)request->data, octets } };
    if (send_parts(fd, outgoing, 3) < 0) {
        fail(reply, "the application beside the target is gone", errno);
        return;
    }
    do {
        if (!wait_for_reply(fd, ticket + REPLY_LIMIT_MS * 1000000ull, reply))
            return;
        struct iovec incoming[] = { { &answered, sizeof answered },
                                    { reply, REPLY_HEAD_OCTETS },
                                    { reply->sentence, sizeof reply->sentence },
                                    { reply->data, sizeof reply->data } };
        ssize_t      got        = receive_parts(fd, incoming, 4);
        if (got <= 0) {
            fail(reply, "the application beside the target is gone", got < 0 ? errno : 0);
            return;
        }
        if (!is_whole(reply, (size_t)got)) {
            fail(reply, "the application beside the target sent half a reply", 0);
            return;
        }
    } while (answered != ticket);
}
