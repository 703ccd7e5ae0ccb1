/* misled.c: an agent that says nothing, or says it late, by halves, or falsely: a run is refused at once with a sentence that
 * names where the agent is, or judges nothing by it. What stands between the tester and a good agent makes it such a one, so
 * that each row of a table is bad in one thing alone. */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "host_rig.h"
#include "selftest.h"

enum {
    FRONT_PORT        = 30701,
    AGENT_PORT        = 30700,
    HEAD              = 16,
    DATAGRAM          = 65536,
    TESTERS           = 64,
    BURST             = 100,
    REFUSED_WITHIN_MS = 3000
};

/* The agent's words, as group and primitive stand in the header. */
enum word { ANY = -1, GET_BOUND = 0x0201, LISTEN = 0x0204, HELLO = 0x7f00, STATUS = 0x7f01, ACCEPTED = 0x7f02 };

enum twist { DROPPED, LATE, FLOODED, AFTER_GARBAGE, CUT, CHANGED, FORGOTTEN };

static const struct row {
    const char *what;
    enum twist  twist;
    enum word   word;  /* whose responses are so */
    unsigned    first; /* from the how manieth on, counted from 1 */
    size_t      at;    /* CHANGED: this octet of the response, and how */
    uint8_t     by;
    int         status;
    const char *says;
} rows[] = {
    { "silent", DROPPED, ANY, 1, 0, 0, 3, "nobody answered for" },
    { "silent after HELLO", DROPPED, ANY, 3, 0, 0, 3, "asked for CREATE_AND_BIND: nobody answered for" },
    { "silent to one call", DROPPED, LISTEN, 1, 0, 0, 3, "asked for LISTEN_AND_ACCEPT: nobody answered for" },
    { "silent in the middle", DROPPED, STATUS, 1, 0, 0, 0, "asked for STATUS: nobody answered for" },
    { "late", LATE, ANY, 1, 0, 0, 3, "it answers too slowly" },
    { "late after HELLO", LATE, ANY, 3, 0, 0, 3, "nobody answered for" },
    { "late in the middle", LATE, STATUS, 1, 0, 0, 0, "pass fin/received" },
    { "garbage without end", FLOODED, ANY, 1, 0, 0, 3, "what answers there has another service id" },
    { "garbage without end in the middle", FLOODED, STATUS, 1, 0, 0, 0, "asked for STATUS: " },
    { "garbage before every response", AFTER_GARBAGE, ANY, 1, 0, 0, 0, "pass fin/received" },
    { "half a HELLO", CUT, HELLO, 1, 0, 0, 3, "answered HELLO as no agent of tcprove's does" },
    { "half a CREATE_AND_BIND", CUT, GET_BOUND, 1, 0, 0, 3, "sent half a response to CREATE_AND_BIND" },
    { "half an ACCEPTED", CUT, ACCEPTED, 1, 0, 0, 0, "sent half a response to ACCEPTED" },
    { "half a STATUS", CUT, STATUS, 1, 0, 0, 0, "sent a STATUS that cannot be" },
    { "a STATUS of events that there are not", CHANGED, STATUS, 1, HEAD, 0x80, 0, "sent a STATUS that cannot be" },
    { "a STATUS of more octets than a case sends", CHANGED, STATUS, 1, HEAD + 4, 0x80, 0, "sent a STATUS that cannot be" },
    { "a STATUS whose data is longer than it is", CHANGED, STATUS, 1, HEAD + 20, 0x80, 0, "sent a STATUS that cannot be" },
    { "another version of group 7F", CHANGED, HELLO, 1, HEAD, 0x08, 3, "it is version 9 of tcprove's agent" },
    { "another service id", CHANGED, ANY, 1, 1, 0x01, 3, "another service id than 0x0105" },
    { "another version of the protocol", CHANGED, ANY, 1, 12, 0x02, 3, "another version of the protocol" },
    { "responses to what was not asked", CHANGED, ANY, 1, 11, 0x01, 3, "nobody answered for" },
    { "responses of another primitive", CHANGED, ANY, 1, 3, 0x10, 3, "nobody answered for" },
    { "a socket that there is not", CHANGED, GET_BOUND, 1, HEAD, 0x40, 3, "answered LISTEN_AND_ACCEPT with invalid socket" },
    { "a connection that there is not", CHANGED, ACCEPTED, 1, HEAD, 0x40, 0, "with invalid socket" },
    { "no HELLO", CHANGED, HELLO, 1, 15, 0x01, 0, "answered HELLO with not ok" },
    { "started anew", FORGOTTEN, LISTEN, 2, 0, 0, 0, "was started anew while this case was playing" },
    { "started anew before a user call", FORGOTTEN, ACCEPTED, 1, 0, 0, 0, "was started anew while this case was playing" },
};

/* ---- what stands between ---------------------------------------------------------------------------------------------- */

struct between {
    const struct row  *row;
    int                front;
    struct sockaddr_in testers[TESTERS];
    int                agent[TESTERS];      /* a socket to the good agent for each */
    uint8_t            next_id[TESTERS][4]; /* of a request that the good agent has not seen */
    size_t             count;
    unsigned           seen; /* responses that the row speaks of */
};

static struct sockaddr_in address_of(const char *text, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

    inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

static int to_agent(void)
{
    struct sockaddr_in agent = address_of("192.0.2.2", AGENT_PORT);
    int                fd    = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&agent, sizeof agent) != 0)
        _exit(1);
    return fd;
}

static void give(const struct between *it, size_t tester, const uint8_t *octets, size_t count)
{
    sendto(it->front, octets, count, 0, (const struct sockaddr *)&it->testers[tester], sizeof it->testers[tester]);
}

/* Octets that are no message, runts, and responses and events that nobody asked for. */
static void give_garbage(const struct between *it, size_t tester, unsigned number)
{
    static const uint8_t head[] = { 1, 5, 0x7f, 0, 0, 0, 0, 8, 0, 0, 0, 0, 1, 1, 0x80, 0 };
    uint8_t              octets[HEAD + 64];

    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(number * 31 + i * 7);
    if (number % 3 != 0)
        memcpy(octets, head, sizeof head);
    if (number % 3 == 2) {
        octets[2]  = 0x82;
        octets[3]  = (uint8_t)(number % 8);
        octets[14] = 2;
    }
    give(it, tester, octets, number % 5 == 0 ? number % HEAD : number % 3 == 0 ? sizeof octets : HEAD);
}

static void flood(const struct between *it, size_t tester)
{
    pid_t parent = getpid();

    if (fork() != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (unsigned number = 0; getppid() == parent; number++)
        give_garbage(it, tester, number);
    _exit(0);
}

static void take_request(struct between *it)
{
    static uint8_t     octets[DATAGRAM];
    struct sockaddr_in from   = { 0 };
    socklen_t          length = sizeof from;
    ssize_t            count  = recvfrom(it->front, octets, sizeof octets, 0, (struct sockaddr *)&from, &length);
    size_t             tester = 0;

    if (count < 0)
        return;
    while (tester < it->count && it->testers[tester].sin_port != from.sin_port)
        tester++;
    if (tester == TESTERS)
        return;
    if (tester == it->count) {
        it->testers[tester] = from;
        it->agent[tester]   = to_agent();
        it->count++;
    }
    send(it->agent[tester], octets, (size_t)count, 0);
}

/* The agent closes all that they have and knows none of them any more, as one does that is started anew. */
static void forget_all(struct between *it)
{
    uint8_t end_test[] = { 1, 5, 0, 3, 0, 0, 0, 13, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0 }, reply[HEAD];

    for (size_t i = 0; i < it->count; i++) {
        memcpy(end_test + 8, it->next_id[i], sizeof it->next_id[i]);
        send(it->agent[i], end_test, sizeof end_test, 0);
        poll(&(struct pollfd){ .fd = it->agent[i], .events = POLLIN }, 1, -1);
        recv(it->agent[i], reply, sizeof reply, 0);
        close(it->agent[i]);
        it->agent[i] = to_agent();
    }
}

static void twist(struct between *it, size_t tester, uint8_t *octets, size_t count)
{
    switch (it->row->twist) {
    case DROPPED:
        return;
    case FLOODED:
        if (it->seen == it->row->first)
            flood(it, tester);
        return;
    case LATE:
        sleep(2);
        break;
    case AFTER_GARBAGE:
        for (unsigned number = 0; number < BURST; number++)
            give_garbage(it, tester, number);
        break;
    case CUT:
        count     = count > HEAD ? count - 1 : count;
        octets[6] = (uint8_t)((count - HEAD + 8) >> 8);
        octets[7] = (uint8_t)(count - HEAD + 8);
        break;
    case CHANGED:
        if (it->row->at < count)
            octets[it->row->at] ^= it->row->by;
        break;
    case FORGOTTEN:
        if (it->seen == it->row->first)
            forget_all(it);
        break;
    }
    give(it, tester, octets, count);
}

static void take_response(struct between *it, size_t tester)
{
    static uint8_t octets[DATAGRAM];
    ssize_t        count = recv(it->agent[tester], octets, sizeof octets, 0);

    if (count < HEAD)
        return;
    memcpy(it->next_id[tester], octets + 8, sizeof it->next_id[tester]);
    for (size_t i = 4; i-- > 0 && ++it->next_id[tester][i] == 0;)
        continue;
    bool meant = it->row->word == ANY || it->row->word == (enum word)(octets[2] << 8 | octets[3]);

    it->seen += meant;
    if (meant && it->seen >= it->row->first)
        twist(it, tester, octets, (size_t)count);
    else
        give(it, tester, octets, (size_t)count);
}

static void stand_between(const struct row *row, int ready)
{
    static struct between it;
    struct sockaddr_in    own = address_of("192.0.2.1", FRONT_PORT);

    it = (struct between){ .row = row, .front = socket(AF_INET, SOCK_DGRAM, 0) };
    if (bind(it.front, (const struct sockaddr *)&own, sizeof own) != 0 || write(ready, "", 1) != 1)
        _exit(1);
    for (;;) {
        struct pollfd polled[TESTERS + 1] = { { .fd = it.front, .events = POLLIN } };

        for (size_t i = 0; i < it.count; i++)
            polled[i + 1] = (struct pollfd){ .fd = it.agent[i], .events = POLLIN };
        size_t count = it.count;

        if (poll(polled, (nfds_t)count + 1, -1) < 0)
            continue;
        for (size_t i = 0; i < count; i++)
            if (polled[i + 1].revents != 0)
                take_response(&it, i);
        if (polled[0].revents != 0)
            take_request(&it);
    }
}

static void start(const struct row *row)
{
    int   ready[2];
    char  octet;
    pid_t parent = getpid();

    ck_assert_int_eq(pipe(ready), 0);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGCHLD, SIG_IGN);
        if (getppid() == parent)
            stand_between(row, ready[1]);
        _exit(1);
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &octet, 1), 1);
    close(ready[0]);
}

/* ---- the tests -------------------------------------------------------------------------------------------------------- */

/* Sentences are broken into lines where they are long. */
static bool is_said(const char *sentence)
{
    static char words[1 << 16];
    size_t      count = 0;

    for (const char *at = host_rig_output; *at != '\0' && count < sizeof words - 1; at++) {
        bool space = *at == ' ' || *at == '\n';

        if (!space || (count > 0 && words[count - 1] != ' '))
            words[count++] = space ? ' ' : *at;
    }
    words[count] = '\0';
    return strstr(words, sentence) != NULL;
}

#define RUN "$T run 192.0.2.2 --agent 192.0.2.1:30701 --retries 0 -v"

START_TEST(nobody_is_accused)
{
    const struct row *row = &rows[_i];

    if (!host_rig_enter())
        return;
    start(row);
    uint64_t began = monotonic_ms();
    int      status =
        host_rig_shell(row->word == LISTEN && row->twist == FORGOTTEN ? RUN " handshake/passive" : RUN " fin/received");
    uint64_t took_ms = monotonic_ms() - began;

    ck_assert_msg(status == row->status, "%s: exit %d\n%s", row->what, status, host_rig_output);
    ck_assert_msg(is_said(row->says), "%s does not say \"%s\": %s", row->what, row->says, host_rig_output);
    ck_assert_msg(is_said("the agent at UDP port 30701 of 192.0.2.1") || is_said("pass fin/received"), "%s: %s", row->what,
                  host_rig_output);
    ck_assert_msg(status == 3 || is_said("0 violations, 0 deviations"), "%s: %s", row->what, host_rig_output);
    /* 3 s are promised; this machine may be doing something else. */
    ck_assert_msg(status != 3 || took_ms < REFUSED_WITHIN_MS, "%s: %u ms", row->what, (unsigned)took_ms);
}
END_TEST

SUITE(misled)
{
    Suite *suite = suite_create("misled");
    TCase *tests = tcase_create("agents that misbehave");

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, nobody_is_accused, 0, sizeof rows / sizeof *rows);
    suite_add_tcase(suite, tests);
    return suite;
}
