/* states.c: ENTER reaches all eleven states, on the built-in TCP and on this machine's kernel, over both families. */
#include <stdio.h>
#include <string.h>

#include "inprocess/inprocess.h"
#include "lab/lab.h"
#include "notation_ladder.h"
#include "player/player.h"
#include "selftest.h"

/* clang-format off */
static const struct ladder_case entered = { CASE ("made/entered", "Entered, and alive there"), REQS ("RFC9293-MUST-3"),
                                            LADDER (ENTER (EACH), ALIVE) };
static const struct ladder_case closed  = { CASE ("made/closed", "Closed"), REQS ("RFC9293-MUST-3"), LADDER (ENTER (EACH), GONE) };
static const struct ladder_case active  = { CASE ("made/active", "The same after an OPEN"), REQS ("RFC9293-MUST-3"),
                                            LADDER (ENTER (EACH, .via = ACTIVE), ALIVE) };
/* clang-format on */

static const enum state states[] = { CLOSED,     LISTEN,     SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1,
                                     FIN_WAIT_2, CLOSE_WAIT, CLOSING,  LAST_ACK,     TIME_WAIT };
enum { STATES_IN_ALL = sizeof states / sizeof *states };

static void enter_all(const struct target_kind *kind, bool ipv6)
{
    struct play_options options = { .seed = 5, .time_scale = 1.0 };
    struct error        error;
    void               *prepared = kind->prepare(&(struct target_wish){ .spec = kind->name, .ipv6 = ipv6, .seed = 5 }, &error);

    if (prepared == NULL && kind == &target_linux) {
        printf("skipped: %s\n", error.sentence);
        return;
    }
    ck_assert_msg(prepared != NULL, "%s", error.sentence);
    struct target target = { 0 };

    /* One after the other on one target, each on a connection of its own, as cases would on a wire that they share. */
    ck_assert_msg(kind->open(prepared, 0, &target, &error), "%s", error.sentence);
    for (unsigned i = 0; i < STATES_IN_ALL; i++) {
        for (int opened = 0; opened < (states[i] >= ESTABLISHED ? 2 : 1); opened++) {
            const struct ladder_case *ladder = states[i] == CLOSED ? &closed : opened ? &active : &entered;
            struct target             mine   = target;

            mine.first_port   = (uint16_t)(target.first_port + 2 * i + (unsigned)opened);
            struct play *play = play_ladder(ladder, states[i], &mine, &options);

            ck_assert_ptr_nonnull(play);
            ck_assert_msg(play->verdict == VERDICT_PASS, "%s, %s%s: %s", kind->name, notation_state(states[i]),
                          opened ? " after OPEN" : "", play->reason);
            play_release(play);
        }
    }
    target.close(target.self);
    kind->release(prepared);
}

START_TEST(on_the_built_in_tcp)
{
    enter_all(&target_reference, _i == 1);
}
END_TEST

START_TEST(on_this_kernel)
{
    enter_all(&target_linux, _i == 1);
}
END_TEST

SUITE(states)
{
    Suite *suite = suite_create("states");
    TCase *tests = tcase_create("all eleven");

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, on_the_built_in_tcp, 0, 2);
    tcase_add_loop_test(tests, on_this_kernel, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
