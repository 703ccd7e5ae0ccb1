/* stub.c: the testability protocol, octet for octet as the page on it has them, against an application that does nothing but
 * remember. No encoder of ours makes what is sent here, or what is expected. */
#include "agent/stub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftest.h"

/* ---- an application that remembers ----------------------------------------------------------------------------------------
 */

struct memory {
    struct call_request latest;
    unsigned            calls, begun, ended;
    enum call_result    result;
    enum call_refusal   refusal;
    uint32_t            number; /* that nobody can foresee */
};

static struct memory  memory;
static struct stub   *stub;
static struct control tester = { { .family = 4, .octets = { 192, 0, 2, 1 } }, 40000 };
static uint8_t        reply[MESSAGE_OCTETS];
static size_t         reply_octets;

static void *application_new(void *user)
{
    ((struct memory *)user)->begun++;
    return user;
}

static void application_free(void *user, void *application)
{
    ck_assert_ptr_eq(application, user);
    ((struct memory *)user)->ended++;
}

static void call(void *user, void *application, const struct call_request *request, struct call_reply *answer)
{
    struct memory *it = user;

    (void)application;
    it->latest = *request;
    it->calls++;
    memset(answer, 0, sizeof *answer);
    answer->result  = it->result;
    answer->refusal = it->refusal;
    answer->handle  = request->handle != 0 ? request->handle : 0x0102;
    answer->port    = 0x1234;
    if (request->kind == CALL_SAW) {
        answer->octets      = request->from == UINT64_MAX ? 3 : 7;
        answer->data_octets = 4;
        memcpy(answer->data, "data", 4);
    }
    if (request->kind == CALL_RECEIVE)
        answer->octets = 0x0102030405;
    if (request->kind == CALL_ACCEPTED) {
        answer->address = (struct ip_address){ .family = 4, .octets = { 192, 0, 2, 9 } };
        answer->result  = request->from > 1 ? CALL_PENDING : answer->result;
    }
}

static uint32_t any_number(void *user)
{
    (void)user;
    return memory.number;
}

static void begin(void)
{
    struct stub_host host = { &memory, application_new, application_free, call, any_number, AGENT_SERVICE, 2 };

    memory = (struct memory){ .number = 0x00007788 }; /* the upper half masks socket numbers */
    stub   = stub_new(&host);
    ck_assert_ptr_nonnull(stub);
}

static void end(void)
{
    stub_free(stub);
    ck_assert_uint_eq(memory.begun, memory.ended);
}

/* ---- octets, written by hand ----------------------------------------------------------------------------------------------
 */

static size_t octets_of(const char *hex, uint8_t *octets)
{
    size_t count = 0;

    for (const char *at = hex; *at != '\0'; at++) {
        if (*at == ' ' || *at == '|')
            continue;
        char pair[3] = { at[0], at[1], '\0' };

        octets[count++] = (uint8_t)strtoul(pair, NULL, 16);
        at++;
    }
    return count;
}

static void say_from(const struct control *from, const char *hex)
{
    uint8_t octets[2000];
    size_t  count = octets_of(hex, octets);
    /* Of exactly its size, so that a sanitizer sees an octet read beyond it. */
    uint8_t *exact = malloc(count > 0 ? count : 1);

    memcpy(exact, octets, count);
    reply_octets = stub_datagram(stub, from, exact, count, reply);
    free(exact);
}

static void assert_octets(const uint8_t *seen, size_t count, const char *hex)
{
    uint8_t octets[2000];
    size_t  wanted     = octets_of(hex, octets);
    char    text[4001] = "";

    for (size_t i = 0; i < count && i < 1000; i++)
        snprintf(text + 2 * i, 3, "%02x", seen[i]);
    ck_assert_msg(count == wanted && memcmp(seen, octets, wanted) == 0, "%s\nwhere\n%s\nis right", text, hex);
}

static void exchange(const char *request, const char *response)
{
    say_from(&tester, request);
    assert_octets(reply, reply_octets, response);
}

/* ---- the standard groups --------------------------------------------------------------------------------------------------
 */

static const struct {
    const char *request, *response;
    unsigned    kind; /* that was made; CALL_KINDS: none */
    uint16_t    handle, port;
} standard[] = {
    /* GET_VERSION: 1.2.0 */
    { "0105 00 01 00000008 00000001 01 01 00 00", "0105 00 01 0000000e 00000001 01 01 80 00 | 0001 0002 0000", CALL_KINDS, 0,
      0 },
    /* START_TEST, END_TEST */
    { "0105 00 02 00000008 00000001 01 01 00 00", "0105 00 02 00000008 00000001 01 01 80 00", CALL_KINDS, 0, 0 },
    { "0105 00 03 00000010 00000001 01 01 00 00 | 0007 0004 efbbbf00", "0105 00 03 00000008 00000001 01 01 80 00", CALL_KINDS,
      0, 0 },
    /* CREATE_AND_BIND on port 80, IPv4; on any port, IPv6 */
    { "0105 02 01 00000011 00000001 01 01 00 00 | 01 0050 0004 00000000", "0105 02 01 0000000a 00000001 01 01 80 00 | 0102",
      CALL_RESERVE, 0, 80 },
    { "0105 02 01 0000001d 00000001 01 01 00 00 | 01 ffff 0010 00000000000000000000000000000000",
      "0105 02 01 0000000a 00000001 01 01 80 00 | 0102", CALL_RESERVE, 0, 0 },
    /* LISTEN_AND_ACCEPT */
    { "0105 02 04 0000000c 00000001 01 01 00 00 | 0003 0005", "0105 02 04 00000008 00000001 01 01 80 00", CALL_PASSIVE_OPEN, 3,
      0 },
    /* CONNECT to 192.0.2.1, port 4660 */
    { "0105 02 05 00000012 00000001 01 01 00 00 | 0003 1234 0004 c0000201", "0105 02 05 00000008 00000001 01 01 80 00",
      CALL_OPEN, 3, 0x1234 },
    /* SEND_DATA, five octets by repeating two */
    { "0105 02 02 00000011 00000001 01 01 00 00 | 0003 0005 00 0002 6162", "0105 02 02 00000008 00000001 01 01 80 00",
      CALL_SEND, 3, 0 },
    /* RECEIVE_AND_FORWARD: three octets were dropped before */
    { "0105 02 03 0000000e 00000001 01 01 00 00 | 0003 ffff ffff", "0105 02 03 0000000a 00000001 01 01 80 00 | 0003", CALL_SAW,
      3, 0 },
    /* CONFIGURE_SOCKET: Nagle off; MSS */
    { "0105 02 06 0000000f 00000001 01 01 00 00 | 0003 0006 0001 00", "0105 02 06 00000008 00000001 01 01 80 00",
      CALL_CONFIGURE, 3, 0 },
    { "0105 02 06 00000010 00000001 01 01 00 00 | 0003 0005 0002 0218", "0105 02 06 00000008 00000001 01 01 80 00",
      CALL_CONFIGURE, 3, 0 },
    /* SHUTDOWN of the writing side; CLOSE_SOCKET, with RST and without */
    { "0105 02 07 0000000b 00000001 01 01 00 00 | 0003 01", "0105 02 07 00000008 00000001 01 01 80 00", CALL_CLOSE, 3, 0 },
    { "0105 02 00 0000000b 00000001 01 01 00 00 | 0003 01", "0105 02 00 00000008 00000001 01 01 80 00", CALL_ABORT, 3, 0 },
    { "0105 02 00 0000000b 00000001 01 01 00 00 | 0003 00", "0105 02 00 00000008 00000001 01 01 80 00", CALL_CLOSE_BOTH, 3, 0 },
    /* what is not there: a group, a primitive (E_NTF) */
    { "0105 01 01 00000008 00000001 01 01 00 00", "0105 01 01 00000008 00000001 01 01 80 ff", CALL_KINDS, 0, 0 },
    { "0105 02 2a 00000008 00000001 01 01 00 00", "0105 02 2a 00000008 00000001 01 01 80 ff", CALL_KINDS, 0, 0 },
    { "0105 7f 2a 00000008 00000001 01 01 00 00", "0105 7f 2a 00000008 00000001 01 01 80 ff", CALL_KINDS, 0, 0 },
    /* parameters that are not there, an address of five octets, an unknown setting (invalid parameter) */
    { "0105 02 05 0000000a 00000001 01 01 00 00 | 0003", "0105 02 05 00000008 00000001 01 01 80 fc", CALL_KINDS, 0, 0 },
    { "0105 02 01 00000012 00000001 01 01 00 00 | 01 0050 0005 0000000000", "0105 02 01 00000008 00000001 01 01 80 fc",
      CALL_KINDS, 0, 0 },
    { "0105 02 06 0000000f 00000001 01 01 00 00 | 0003 0063 0001 00", "0105 02 06 00000008 00000001 01 01 80 fc", CALL_KINDS, 0,
      0 },
    { "0105 02 02 0000000f 00000001 01 01 00 00 | 0003 0005 00 0000", "0105 02 02 00000008 00000001 01 01 80 fc", CALL_KINDS, 0,
      0 },
    { "0105 02 07 0000000b 00000001 01 01 00 00 | 0003 03", "0105 02 07 00000008 00000001 01 01 80 fc", CALL_KINDS, 0, 0 },
    /* group 7F without a HELLO: not ok */
    { "0105 7f 05 0000000a 00000001 01 01 00 00 | 0003", "0105 7f 05 00000008 00000001 01 01 80 01", CALL_KINDS, 0, 0 },
};

START_TEST(standard_primitives)
{
    exchange(standard[_i].request, standard[_i].response);
    ck_assert_uint_eq(memory.calls, standard[_i].kind != CALL_KINDS);
    if (standard[_i].kind == CALL_KINDS)
        return;
    ck_assert_uint_eq((unsigned)memory.latest.kind, standard[_i].kind);
    ck_assert_uint_eq(memory.latest.handle, standard[_i].handle);
    ck_assert_uint_eq(memory.latest.port, standard[_i].port);
}
END_TEST

START_TEST(what_calls_carry)
{
    exchange(standard[7].request, standard[7].response);
    ck_assert_uint_eq(memory.latest.data_octets, 5);
    ck_assert_mem_eq(memory.latest.data, "ababa", 5);
    exchange(standard[10].request, standard[10].response);
    ck_assert_int_eq(memory.latest.setting, SETTING_MSS);
    ck_assert_uint_eq(memory.latest.value, 536);
    exchange(standard[6].request, standard[6].response);
    ck_assert_mem_eq(memory.latest.address.octets, "\xc0\x00\x02\x01", 4);
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        enum call_refusal refusal;
        const char       *response;
    } rows[] = {
        { REFUSAL_OTHER, "0105 02 01 00000008 00000001 01 01 80 01" },
        { REFUSAL_NO_HANDLE, "0105 02 01 00000008 00000001 01 01 80 ef" },
        { REFUSAL_CREATE, "0105 02 01 00000008 00000001 01 01 80 ee" },
        { REFUSAL_BIND, "0105 02 01 00000008 00000001 01 01 80 ed" },
        { REFUSAL_ROOM, "0105 02 01 00000008 00000001 01 01 80 e8" },
        { REFUSAL_CLOSING, "0105 02 01 00000008 00000001 01 01 80 e6" },
        { REFUSAL_NONE_THERE, "0105 02 01 00000008 00000001 01 01 80 e5" },
        { REFUSAL_ARGUMENT, "0105 02 01 00000008 00000001 01 01 80 fc" },
    };

    memory.result = CALL_FAILED;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memory.refusal = rows[i].refusal;
        exchange("0105 02 01 00000011 00000001 01 01 00 00 | 01 0050 0004 00000000", rows[i].response);
    }
}
END_TEST

/* Runts, other services and versions, and what is no request. */
START_TEST(what_is_passed_over)
{
    static const char *const datagrams[] = {
        "",
        "01",
        "0105 00 01 00000008 00000001 01 01 00",
        "0106 00 01 00000008 00000001 01 01 00 00",
        "0105 00 01 00000007 00000001 01 01 00 00",
        "0105 00 01 00000009 00000001 01 01 00 00",
        "0105 00 01 ffffffff 00000001 01 01 00 00",
        "0105 00 01 00000008 00000001 02 01 00 00",
        "0105 00 01 00000008 00000001 01 02 00 00",
        "0105 00 01 00000008 00000001 01 01 80 00",
        "0105 80 01 00000008 00000001 01 01 02 00",
        "0105 80 01 00000008 00000001 01 01 00 00",
    };

    for (size_t i = 0; i < sizeof datagrams / sizeof *datagrams; i++) {
        say_from(&tester, datagrams[i]);
        ck_assert_msg(reply_octets == 0, "%s was answered", datagrams[i]);
    }
    ck_assert_uint_eq(memory.calls, 0);
}
END_TEST

#define HELLO(id)       "0105 7f 00 0000000d " id " 01 01 00 00 | 01 00000000"
#define HELLO_AGAIN(id) "0105 7f 00 0000000d " id " 01 01 00 00 | 01 00007789"
#define STATUS(id)      "0105 7f 01 00000014 " id " 01 01 00 00 | 0003 0000000000000003 0003"

/* ---- events ---------------------------------------------------------------------------------------------------------------
 */

START_TEST(events)
{
    struct control to;
    uint8_t        event[MESSAGE_OCTETS];

    ck_assert(!stub_has_armed(stub));
    say_from(&tester, "0105 02 04 0000000c 00000021 01 01 00 00 | 0003 0005");
    ck_assert(stub_has_armed(stub));
    size_t count = stub_event(stub, &to, event);

    /* listener 3, socket 3 (the application's answer), port 4660, 192.0.2.9 */
    assert_octets(event, count, "0105 82 04 00000014 00000021 01 01 02 00 | 0003 0003 1234 0004 c0000209");
    ck_assert_uint_eq(to.port, tester.port);
    ck_assert_uint_eq(stub_event(stub, &to, event), 0);

    say_from(&tester, "0105 02 03 0000000e 00000022 01 01 00 00 | 0004 0002 0004");
    count = stub_event(stub, &to, event);
    /* four octets came, two of them are wanted, and then it is over */
    assert_octets(event, count, "0105 82 03 0000000e 00000022 01 01 02 00 | 0004 0002 6461");
    ck_assert_uint_eq(stub_event(stub, &to, event), 0);
}
END_TEST

/* Socket numbers are told by replies alone, masked. */
START_TEST(socket_numbers_are_masked)
{
    end();
    begin();
    stub_free(stub);
    memory.number         = 0x12347788;
    struct stub_host host = { &memory, application_new, application_free, call, any_number, AGENT_SERVICE, 2 };

    stub = stub_new(&host);
    exchange("0105 02 01 00000011 00000001 01 01 00 00 | 01 0050 0004 00000000",
             "0105 02 01 0000000a 00000001 01 01 80 00 | 1336"); /* 0102, masked with 1234 */
    exchange("0105 02 00 0000000b 00000001 01 01 00 00 | 1336 01", "0105 02 00 00000008 00000001 01 01 80 00");
    ck_assert_uint_eq(memory.latest.handle, 0x0102);
}
END_TEST

/* Events are longer than what asks for them: who has guessed at socket numbers, as somebody would that speaks in another's
 * name, gets none. */
START_TEST(no_events_for_who_guesses)
{
    memory.result  = CALL_FAILED;
    memory.refusal = REFUSAL_NO_HANDLE;
    for (int i = 0; i < 16; i++)
        exchange("0105 02 04 0000000c 00000021 01 01 00 00 | 0003 0005", "0105 02 04 00000008 00000021 01 01 80 ef");
    memory.result = CALL_OK;
    exchange("0105 02 04 0000000c 00000021 01 01 00 00 | 0003 0005", "0105 02 04 00000008 00000021 01 01 80 e8");
    exchange("0105 02 03 0000000e 00000022 01 01 00 00 | 0004 0002 0004", "0105 02 03 00000008 00000022 01 01 80 e8");
    ck_assert(!stub_has_armed(stub));
    /* Until a HELLO shows that replies arrive. */
    say_from(&tester, HELLO("00000030"));
    say_from(&tester, HELLO_AGAIN("00000031"));
    exchange("0105 02 04 0000000c 00000032 01 01 00 00 | 0003 0005", "0105 02 04 00000008 00000032 01 01 80 00");
    ck_assert(stub_has_armed(stub));
}
END_TEST

/* ---- group 7F -------------------------------------------------------------------------------------------------------------
 */

START_TEST(hello_and_status)
{
    exchange(HELLO("00000010"), "0105 7f 00 0000000d 00000010 01 01 80 00 | 01 00007789");
    /* replies were not yet seen to arrive: no reply that is longer than its request */
    exchange(STATUS("00000011"), "0105 7f 01 00000008 00000011 01 01 80 01");
    exchange(HELLO_AGAIN("00000012"), "0105 7f 00 0000000d 00000012 01 01 80 00 | 01 00007789");
    exchange(STATUS("00000013"),
             "0105 7f 01 00000021 00000013 01 01 80 00 | 00000000 0000000000000007 0000000000000000 0003 646174");
}
END_TEST

#define ID "00000013"

static const struct {
    const char      *request, *response;
    enum call_result answer; /* the application's */
    unsigned         kind;   /* that was made; CALL_KINDS: none */
    uint16_t         port;
    uint8_t          family;
    enum service     service;
    enum setting     setting;
    uint32_t         value;
} ours[] = {
    /* ACCEPTED from 192.0.2.9, port 4660; from any address; not yet */
    { "0105 7f 02 00000012 " ID " 01 01 00 00 | 0003 1234 0004 c0000209", "0105 7f 02 0000000a " ID " 01 01 80 00 | 0003",
      CALL_OK, CALL_ACCEPTED, 0x1234, 4, SERVICE_NONE, NO_SETTING, 0 },
    { "0105 7f 02 0000001e " ID " 01 01 00 00 | 0003 0000 0010 00000000000000000000000000000000",
      "0105 7f 02 0000000a " ID " 01 01 80 00 | 0003", CALL_OK, CALL_ACCEPTED, 0, 0, SERVICE_NONE, NO_SETTING, 0 },
    { "0105 7f 02 00000012 " ID " 01 01 00 00 | 0003 1234 0004 c0000209", "0105 7f 02 00000008 " ID " 01 01 80 fe",
      CALL_PENDING, CALL_ACCEPTED, 0x1234, 4, SERVICE_NONE, NO_SETTING, 0 },
    /* PAUSE; RESUME tells how much was read so far */
    { "0105 7f 05 0000000a " ID " 01 01 00 00 | 0003", "0105 7f 05 00000008 " ID " 01 01 80 00", CALL_OK, CALL_PAUSE_READING, 0,
      0, SERVICE_NONE, NO_SETTING, 0 },
    { "0105 7f 06 0000000a " ID " 01 01 00 00 | 0003", "0105 7f 06 00000010 " ID " 01 01 80 00 | 0000000102030405", CALL_OK,
      CALL_RECEIVE, 0, 0, SERVICE_NONE, NO_SETTING, 0 },
    /* SERVE: discard; a service that there is not; one that the application has not (E_NTF) */
    { "0105 7f 07 0000000b " ID " 01 01 00 00 | 0003 02", "0105 7f 07 00000008 " ID " 01 01 80 00", CALL_OK, CALL_SERVE, 0, 0,
      SERVICE_DISCARD, NO_SETTING, 0 },
    { "0105 7f 07 0000000b " ID " 01 01 00 00 | 0003 06", "0105 7f 07 00000008 " ID " 01 01 80 fc", CALL_OK, CALL_KINDS, 0, 0,
      SERVICE_NONE, NO_SETTING, 0 },
    { "0105 7f 07 0000000b " ID " 01 01 00 00 | 0003 05", "0105 7f 07 00000008 " ID " 01 01 80 ff", CALL_NOT_OFFERED,
      CALL_SERVE, 0, 0, SERVICE_HTTP, NO_SETTING, 0 },
    /* USER_TIMEOUT of half a minute */
    { "0105 7f 08 0000000e " ID " 01 01 00 00 | 0003 00007530", "0105 7f 08 00000008 " ID " 01 01 80 00", CALL_OK,
      CALL_CONFIGURE, 0, 0, SERVICE_NONE, USER_TIMEOUT, 30000 },
    /* KEEP_ALIVE: idle for a second, an interval of two; neither */
    { "0105 7f 09 0000000f " ID " 01 01 00 00 | 0003 00 000003e8", "0105 7f 09 00000008 " ID " 01 01 80 00", CALL_OK,
      CALL_CONFIGURE, 0, 0, SERVICE_NONE, KEEP_ALIVE, 1000 },
    { "0105 7f 09 0000000f " ID " 01 01 00 00 | 0003 01 000007d0", "0105 7f 09 00000008 " ID " 01 01 80 00", CALL_OK,
      CALL_CONFIGURE, 0, 0, SERVICE_NONE, KEEP_ALIVE_INTERVAL, 2000 },
    { "0105 7f 09 0000000f " ID " 01 01 00 00 | 0003 02 000007d0", "0105 7f 09 00000008 " ID " 01 01 80 fc", CALL_OK,
      CALL_KINDS, 0, 0, SERVICE_NONE, NO_SETTING, 0 },
    /* LISTENER: what comes is left waiting, a backlog of five; neither */
    { "0105 7f 0a 0000000f " ID " 01 01 00 00 | 0003 00 00000000", "0105 7f 0a 00000008 " ID " 01 01 80 00", CALL_OK,
      CALL_CONFIGURE, 0, 0, SERVICE_NONE, ACCEPTING, 0 },
    { "0105 7f 0a 0000000f " ID " 01 01 00 00 | 0003 01 00000005", "0105 7f 0a 00000008 " ID " 01 01 80 00", CALL_OK,
      CALL_CONFIGURE, 0, 0, SERVICE_NONE, BACKLOG, 5 },
    { "0105 7f 0a 0000000f " ID " 01 01 00 00 | 0003 02 00000005", "0105 7f 0a 00000008 " ID " 01 01 80 fc", CALL_OK,
      CALL_KINDS, 0, 0, SERVICE_NONE, NO_SETTING, 0 },
    /* an octet short of their parameters */
    { "0105 7f 02 00000011 " ID " 01 01 00 00 | 0003 1234 0004 c00002", "0105 7f 02 00000008 " ID " 01 01 80 fc", CALL_OK,
      CALL_KINDS, 0, 0, SERVICE_NONE, NO_SETTING, 0 },
    { "0105 7f 05 00000009 " ID " 01 01 00 00 | 00", "0105 7f 05 00000008 " ID " 01 01 80 fc", CALL_OK, CALL_KINDS, 0, 0,
      SERVICE_NONE, NO_SETTING, 0 },
    { "0105 7f 06 00000009 " ID " 01 01 00 00 | 00", "0105 7f 06 00000008 " ID " 01 01 80 fc", CALL_OK, CALL_KINDS, 0, 0,
      SERVICE_NONE, NO_SETTING, 0 },
    { "0105 7f 07 0000000a " ID " 01 01 00 00 | 0003", "0105 7f 07 00000008 " ID " 01 01 80 fc", CALL_OK, CALL_KINDS, 0, 0,
      SERVICE_NONE, NO_SETTING, 0 },
    { "0105 7f 08 0000000d " ID " 01 01 00 00 | 0003 000075", "0105 7f 08 00000008 " ID " 01 01 80 fc", CALL_OK, CALL_KINDS, 0,
      0, SERVICE_NONE, NO_SETTING, 0 },
    { "0105 7f 09 0000000e " ID " 01 01 00 00 | 0003 00 000003", "0105 7f 09 00000008 " ID " 01 01 80 fc", CALL_OK, CALL_KINDS,
      0, 0, SERVICE_NONE, NO_SETTING, 0 },
    { "0105 7f 0a 0000000e " ID " 01 01 00 00 | 0003 00 000003", "0105 7f 0a 00000008 " ID " 01 01 80 fc", CALL_OK, CALL_KINDS,
      0, 0, SERVICE_NONE, NO_SETTING, 0 },
};

START_TEST(our_primitives)
{
    say_from(&tester, HELLO("00000012"));
    memory.result = ours[_i].answer;
    exchange(ours[_i].request, ours[_i].response);
    ck_assert_uint_eq(memory.calls, ours[_i].kind != CALL_KINDS);
    if (ours[_i].kind == CALL_KINDS)
        return;
    ck_assert_uint_eq((unsigned)memory.latest.kind, ours[_i].kind);
    ck_assert_uint_eq(memory.latest.handle, 3);
    ck_assert_uint_eq(memory.latest.port, ours[_i].port);
    ck_assert_uint_eq(memory.latest.address.family, ours[_i].family);
    ck_assert_int_eq(memory.latest.service, ours[_i].service);
    ck_assert_int_eq(memory.latest.setting, ours[_i].setting);
    ck_assert_uint_eq(memory.latest.value, ours[_i].value);
}
END_TEST

/* What was said to an agent before this one does nothing, and the tester sees another token. */
START_TEST(a_stale_token)
{
    exchange("0105 7f 00 0000000d 00000010 01 01 00 00 | 01 0badcafe",
             "0105 7f 00 0000000d 00000010 01 01 80 00 | 01 00000000");
    exchange(STATUS("00000011"), "0105 7f 01 00000008 00000011 01 01 80 01");
    exchange("0105 7f 05 0000000a 00000012 01 01 00 00 | 0003", "0105 7f 05 00000008 00000012 01 01 80 01");
    say_from(&tester, HELLO("00000013"));
    say_from(&tester, HELLO_AGAIN("00000014"));
    /* and as said to one that was greeted */
    exchange("0105 7f 00 0000000d 00000015 01 01 00 00 | 01 0badcafe",
             "0105 7f 00 0000000d 00000015 01 01 80 00 | 01 00007789");
    exchange(STATUS("00000016"), "0105 7f 01 00000008 00000016 01 01 80 01");
    ck_assert_uint_eq(memory.calls, 0);
    exchange(HELLO_AGAIN("00000017"), "0105 7f 00 0000000d 00000017 01 01 80 00 | 01 00007789");
    exchange("0105 7f 05 0000000a 00000018 01 01 00 00 | 0003", "0105 7f 05 00000008 00000018 01 01 80 00");
    ck_assert_uint_eq(memory.calls, 1);
}
END_TEST

/* Nobody is greeted who speaks another version of the group; what it is told is ours. */
START_TEST(another_version_of_the_group)
{
    exchange("0105 7f 00 0000000d 00000010 01 01 00 00 | 02 00000000",
             "0105 7f 00 0000000d 00000010 01 01 80 00 | 01 00007789");
    exchange("0105 7f 05 0000000a 00000011 01 01 00 00 | 0003", "0105 7f 05 00000008 00000011 01 01 80 01");
    ck_assert_uint_eq(memory.calls, 0);
}
END_TEST

/* After a HELLO a repeated id gets the same answer and nothing is done again; what is older is passed over. Without one ids
 * mean nothing. */
START_TEST(nothing_is_done_twice)
{
    exchange(standard[12].request, standard[12].response);
    exchange(standard[12].request, standard[12].response);
    ck_assert_uint_eq(memory.calls, 2);
    say_from(&tester, HELLO("00000010"));
    exchange("0105 02 00 0000000b 00000011 01 01 00 00 | 0003 01", "0105 02 00 00000008 00000011 01 01 80 00");
    exchange("0105 02 00 0000000b 00000011 01 01 00 00 | 0003 01", "0105 02 00 00000008 00000011 01 01 80 00");
    ck_assert_uint_eq(memory.calls, 3);
    exchange("0105 02 00 0000000b 00000012 01 01 00 00 | 0003 01", "0105 02 00 00000008 00000012 01 01 80 00");
    say_from(&tester, "0105 02 00 0000000b 00000011 01 01 00 00 | 0003 01");
    ck_assert_uint_eq(reply_octets, 0);
    ck_assert_uint_eq(memory.calls, 4);
}
END_TEST

/* Another tester that got this address and port says HELLO with any id, and finds no sockets; a late copy of the first HELLO
 * changes nothing. */
START_TEST(a_tester_after_another)
{
    say_from(&tester, HELLO("70000000"));
    say_from(&tester, "0105 02 01 00000011 70000001 01 01 00 00 | 01 0050 0004 00000000");
    ck_assert_uint_eq(memory.begun, 1);
    say_from(&tester, HELLO("70000000"));
    ck_assert_uint_eq(memory.ended, 0);
    exchange(HELLO("00000005"), "0105 7f 00 0000000d 00000005 01 01 80 00 | 01 00007789");
    ck_assert_uint_eq(memory.ended, 1);
}
END_TEST

START_TEST(gathered_octets_are_one_send)
{
    say_from(&tester, HELLO("00000010"));
    exchange("0105 7f 04 0000000f 00000011 01 01 00 00 | 0003 0003 616263", "0105 7f 04 00000008 00000011 01 01 80 00");
    ck_assert_uint_eq(memory.calls, 0);
    exchange("0105 02 02 00000011 00000012 01 01 00 00 | 0003 0002 00 0002 6465", "0105 02 02 00000008 00000012 01 01 80 00");
    ck_assert_uint_eq(memory.latest.data_octets, 5);
    ck_assert_mem_eq(memory.latest.data, "abcde", 5);
    exchange("0105 7f 03 0000000d 00000013 01 01 00 00 | 0003 0001 66", "0105 7f 03 00000008 00000013 01 01 80 00");
    ck_assert_int_eq(memory.latest.kind, CALL_SEND_URGENT);
    ck_assert_uint_eq(memory.latest.data_octets, 1);
}
END_TEST

/* Two at a time here: who was silent longest makes room, and its sockets go. */
START_TEST(control_endpoints_are_bounded)
{
    struct control second = tester, third = tester;

    second.port++;
    third.port += 2;
    say_from(&tester, standard[3].request);
    say_from(&second, standard[3].request);
    ck_assert_uint_eq(memory.begun, 2);
    say_from(&third, standard[3].request);
    ck_assert_uint_eq(memory.begun, 3);
    ck_assert_uint_eq(memory.ended, 1);
    /* END_TEST closes the sockets of who says it, and no others */
    say_from(&second, standard[2].request);
    ck_assert_uint_eq(memory.ended, 2);
}
END_TEST

/* A case may be silent for long while its connections wait: who has ended goes first. */
START_TEST(who_has_no_sockets_goes_first)
{
    struct control second = tester, third = tester;

    second.port++;
    third.port += 2;
    say_from(&tester, standard[3].request);
    say_from(&second, standard[3].request);
    say_from(&second, standard[2].request); /* END_TEST */
    ck_assert_uint_eq(memory.ended, 1);
    say_from(&third, standard[3].request);
    ck_assert_uint_eq(memory.ended, 1);
}
END_TEST

SUITE(stub)
{
    Suite *suite = suite_create("stub");
    TCase *tests = tcase_create("testability protocol");

    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, standard_primitives, 0, sizeof standard / sizeof *standard);
    tcase_add_test(tests, what_calls_carry);
    tcase_add_test(tests, refusals);
    tcase_add_test(tests, what_is_passed_over);
    tcase_add_test(tests, events);
    tcase_add_test(tests, socket_numbers_are_masked);
    tcase_add_test(tests, no_events_for_who_guesses);
    tcase_add_test(tests, hello_and_status);
    tcase_add_loop_test(tests, our_primitives, 0, sizeof ours / sizeof *ours);
    tcase_add_test(tests, a_stale_token);
    tcase_add_test(tests, another_version_of_the_group);
    tcase_add_test(tests, nothing_is_done_twice);
    tcase_add_test(tests, a_tester_after_another);
    tcase_add_test(tests, gathered_octets_are_one_send);
    tcase_add_test(tests, control_endpoints_are_bounded);
    tcase_add_test(tests, who_has_no_sockets_goes_first);
    suite_add_tcase(suite, tests);
    return suite;
}
