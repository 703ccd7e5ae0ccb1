/* fuzz_datagrams.c: the agent's protocol under the fuzzer: any octets are an input, what is judged can fail, and the peers
 * behind the stub make connections. */
#include <string.h>

#include "fuzz/datagrams.h"
#include "fuzz/speaker.h"
#include "octets.h"
#include "selftest.h"

enum { RANDOM_INPUTS = 1500, RANDOM_OCTETS = 200, WINDOW_US = 200000, ID_AT = 8, RESULT_AT = 15 };

#define HEAD(group, primitive, parameters, type)                                                                               \
    0x01, 0x05, group, primitive, 0, 0, 0, 8 + (parameters), 0, 0, 0, 9, 1, 1, type, 0

static struct ported  ported;
static struct speaker speaker;
static struct error   error;

static void set_up(void)
{
    ck_assert_msg(ported_open(&ported, 1, &error), "%s", error.sentence);
    memset(&speaker, 0, sizeof speaker);
}

static void tear_down(void)
{
    ported_close(&ported);
}

/* ---- playing ---------------------------------------------------------------------------------------------------------------
 */

START_TEST(any_octets_are_an_input)
{
    uint32_t state = 5;
    uint8_t  octets[RANDOM_OCTETS];

    for (int i = 0; i < RANDOM_INPUTS; i++) {
        for (size_t k = 0; k < sizeof octets; k++) {
            state     = state * 1664525u + 1013904223u;
            octets[k] = (uint8_t)((state >> 24) % (k % 3 == 1 ? 16 : 256));
        }
        ck_assert_msg(datagrams_play(&ported, octets, (size_t)i % sizeof octets, &error), "input %d: %s", i, error.sentence);
    }
    ck_assert_uint_eq(ported.applications, 0);
}
END_TEST

START_TEST(a_socket_that_is_left_is_found)
{
    ported.applications = 1;
    ck_assert(!datagrams_play(&ported, NULL, 0, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "sockets are left"));
}
END_TEST

/* ---- the peers -------------------------------------------------------------------------------------------------------------
 */

static const struct control control = { { .family = 4, .octets = { 192, 0, 2, 1 } }, 40000 };

/* Says it and returns the result; the reply is in reply[]. */
static uint8_t reply[MESSAGE_OCTETS];

static uint8_t ask(struct stub *stub, const uint8_t *datagram, size_t count)
{
    ck_assert_uint_ge(stub_datagram(stub, &control, datagram, count, reply), MESSAGE_HEAD_OCTETS);
    return reply[RESULT_AT];
}

START_TEST(peers_connect_and_send_back)
{
    uint8_t create[] = { HEAD(2, 1, 9, 0), 1, 0, 7, 0, 4, 0, 0, 0, 0 }, listen[] = { HEAD(2, 4, 4, 0), 0, 1, 0, 5 };
    uint8_t forward[] = { HEAD(2, 3, 6, 0), 0, 2, 0xff, 0xff, 0xff, 0xff },
            send[]    = { HEAD(2, 2, 9, 0), 0, 2, 0, 2, 0, 0, 2, 'h', 'i' };
    uint8_t        event[MESSAGE_OCTETS];
    struct control to;

    ported.plain_sockets  = true;
    struct stub_host host = ported_host(&ported, 1);
    struct stub     *stub = stub_new(&host);

    ck_assert_uint_eq(ask(stub, create, sizeof create), RESULT_OK);
    ck_assert_uint_eq(ask(stub, listen, sizeof listen), RESULT_OK);
    ported_visit(stub, 0, 7, 3);
    ported_pass(stub, 1, WINDOW_US);
    ck_assert_uint_eq(stub_event(stub, &to, event), 28);
    ck_assert_uint_eq(ask(stub, forward, sizeof forward), RESULT_OK);
    ck_assert_uint_eq(ask(stub, send, sizeof send), RESULT_OK);
    ported_pass(stub, 1, WINDOW_US);
    ck_assert_uint_eq(stub_event(stub, &to, event), MESSAGE_HEAD_OCTETS + 6);
    ck_assert_mem_eq(event + MESSAGE_HEAD_OCTETS + 4, "hi", 2);
    stub_free(stub);
    ck_assert_uint_eq(ported.applications, 0);
}
END_TEST

/* ---- judging ---------------------------------------------------------------------------------------------------------------
 */

static const uint8_t asked[]     = { HEAD(0, 1, 0, 0) };
static const uint8_t answered[]  = { HEAD(0, 1, 6, 0x80), 0, 1, 0, 2, 0, 0 };
static const uint8_t hello[]     = { HEAD(0x7f, 0, 5, 0), 1, 0, 0, 0, 0 };
static const uint8_t hello_too[] = { HEAD(0x7f, 0, 5, 0x80), 1, 0, 0, 0, 5 };

/* What is said of a reply in which one octet is another one. */
static const char *said_of(size_t at, uint8_t octet)
{
    uint8_t changed[sizeof answered];

    memcpy(changed, answered, sizeof changed);
    changed[at] = octet;
    return speaker_takes_reply(&speaker, asked, sizeof asked, changed, sizeof changed);
}

START_TEST(a_reply_that_does_not_fit_is_found)
{
    ck_assert_str_eq(said_of(0, 2), "a reply is not well made");
    ck_assert_str_eq(said_of(2, 2), "a reply has another group or primitive than its request");
    ck_assert_str_eq(said_of(3, 2), "a reply has another group or primitive than its request");
    ck_assert_str_eq(said_of(7, 8), "a reply is not well made");
    ck_assert_str_eq(said_of(11, 8), "a reply has another id than its request");
    ck_assert_str_eq(said_of(14, 0), "a reply is not well made");
    ck_assert_str_eq(speaker_takes_reply(&speaker, asked, sizeof asked - 1, answered, sizeof answered),
                     "what is no request was answered");
    ck_assert_ptr_null(said_of(0, 1));
}
END_TEST

START_TEST(a_repeated_id_gets_the_same_octets_after_hello_alone)
{
    ck_assert_ptr_null(said_of(17, 1));
    ck_assert_ptr_null(said_of(17, 2));
    ck_assert_ptr_null(speaker_takes_reply(&speaker, hello, sizeof hello, hello_too, sizeof hello_too));
    ck_assert_str_eq(said_of(17, 2), "a repeated id was not answered with the same octets");
    ck_assert_ptr_null(speaker_takes_reply(&speaker, asked, sizeof asked, hello_too, sizeof hello_too));
}
END_TEST

START_TEST(a_long_reply_wants_the_token)
{
    static const uint8_t status[] = { HEAD(0x7f, 1, 0, 0) };
    uint8_t              token[sizeof hello], full[200] = { HEAD(0x7f, 1, 184, 0x80) };

    memcpy(token, hello, sizeof token);
    token[sizeof token - 1] = 5;
    ck_assert_ptr_null(speaker_takes_reply(&speaker, hello, sizeof hello, hello_too, sizeof hello_too));
    speaker.answered = false; /* ids are not what this is about */
    ck_assert_str_eq(speaker_takes_reply(&speaker, status, sizeof status, full, sizeof full),
                     "a reply is much longer than its request, to an address that nothing was seen of");
    ck_assert_ptr_null(speaker_takes_reply(&speaker, token, sizeof token, hello_too, sizeof hello_too));
    speaker.answered = false;
    ck_assert_ptr_null(speaker_takes_reply(&speaker, status, sizeof status, full, sizeof full));
}
END_TEST

START_TEST(an_event_was_asked_for)
{
    static const uint8_t forward[] = { HEAD(2, 3, 0, 0) }, granted[] = { HEAD(2, 3, 2, 0x80), 0, 0 };
    static const uint8_t event[] = { HEAD(0x82, 3, 2, 2), 0, 0 }, other[] = { HEAD(0x82, 4, 2, 2), 0, 0 };

    ck_assert_str_eq(speaker_takes_event(&speaker, event, sizeof event), "an event goes to somebody who did not ask for it");
    ck_assert_ptr_null(speaker_takes_reply(&speaker, forward, sizeof forward, granted, sizeof granted));
    ck_assert_ptr_null(speaker_takes_event(&speaker, event, sizeof event));
    ck_assert_str_eq(speaker_takes_event(&speaker, other, sizeof other), "an event goes to somebody who did not ask for it");
    ck_assert_str_eq(speaker_takes_event(&speaker, granted, sizeof granted), "an event is not well made");
}
END_TEST

SUITE(fuzz_datagrams)
{
    Suite *suite = suite_create("fuzz_datagrams");
    TCase *tests = tcase_create("fuzz_datagrams");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, any_octets_are_an_input);
    tcase_add_test(tests, a_socket_that_is_left_is_found);
    tcase_add_test(tests, peers_connect_and_send_back);
    tcase_add_test(tests, a_reply_that_does_not_fit_is_found);
    tcase_add_test(tests, a_repeated_id_gets_the_same_octets_after_hello_alone);
    tcase_add_test(tests, a_long_reply_wants_the_token);
    tcase_add_test(tests, an_event_was_asked_for);
    suite_add_tcase(suite, tests);
    return suite;
}
