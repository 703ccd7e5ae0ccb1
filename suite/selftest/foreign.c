/* foreign.c: hosts whose test stub is somebody else's: what it cannot do is skipped with the primitive's name, what it can do
 * gives the verdicts of this machine's own kernel, and no call is made twice. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "foreign_stub.h"
#include "host_rig.h"
#include "results_rig.h"
#include "selftest.h"

enum { PORT = 56000, SHUTDOWN = 7, CREATE_AND_BIND = 1 };

static bool                   standing;
static struct foreign_record *record;

static void enter(void)
{
    record = mmap(NULL, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(record, MAP_FAILED);
    standing = results_rig_enter();
}

static void leave(void)
{
    results_rig_leave();
    munmap(record, sizeof *record);
}

/* At the near host, until this test ends. */
static void start(const struct foreign_wish *wish)
{
    int   ready[2];
    char  octet;
    pid_t parent = getpid();

    ck_assert_int_eq(pipe(ready), 0);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || !host_rig_go_near())
            _exit(1);
        foreign_stub_serve(wish, record, ready[1]);
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &octet, 1), 1);
    close(ready[0]);
}

static json_t *play(const char *target, const char *cases, const char *name)
{
    char what[300];

    snprintf(what, sizeof what, "%s --disruptive %s", target, cases);
    return results_of(what, name);
}

/* What is skipped there and judged here names what was lacking. `hello`: how the stub answered that. */
static void compare(const json_t *host, const json_t *here, const char *hello, size_t least)
{
    size_t  index, judged = 0;
    json_t *one;

    json_array_foreach(json_object_get(host, "cases"), index, one)
    {
        const json_t *same = result_of(here, result_field(one, "id"));
        const char   *why  = result_field(one, "reason");

        if (strcmp(result_field(one, "group"), "referee") == 0)
            continue;
        ck_assert_msg(same != NULL, "%s is not there", result_field(one, "id"));
        if (strcmp(result_field(one, "verdict"), "skip") == 0 && strcmp(result_field(same, "verdict"), "skip") != 0) {
            ck_assert_msg(strstr(why, "the agent at UDP port 56000 of 192.0.2.2") != NULL &&
                              (strstr(why, hello) != NULL || strstr(why, "urgent data") != NULL),
                          "%s: %s", result_field(one, "id"), why);
            continue;
        }
        ck_assert_msg(strcmp(result_field(one, "verdict"), result_field(same, "verdict")) == 0,
                      "%s is %s (%s), and %s on linux", result_field(one, "id"), result_field(one, "verdict"), why,
                      result_field(same, "verdict"));
        judged++;
    }
    ck_assert_uint_ge(judged, least);
}

/* As stubs in the field differ. The first plays what there is, the others what may be another's with them. */
static const struct {
    struct foreign_wish wish;
    const char         *cases, *hello;
    size_t              judged;
} variants[] = {
    { { .port = PORT, .events_have_ids = true, .replies_have_ids = true, .lacks = FOREIGN_NONE, .loses = FOREIGN_NONE },
      "fin/ rst/",
      "E_NTF",
      20 },
    { { .port = PORT, .release_1_1 = true, .owns_7f = true, .lacks = FOREIGN_NONE, .loses = FOREIGN_NONE },
      "fin/half-close fin/normal-close rst/exact rst/told",
      "(EC)",
      3 },
    { { .port = PORT, .replies_have_ids = true, .reads_late = true, .lacks = FOREIGN_NONE, .loses = FOREIGN_NONE },
      "fin/ rst/exact rst/told -x fin/last-ack-sends-again -x fin/sent-again",
      "E_NTF",
      8 },
};

START_TEST(the_verdicts_of_linux)
{
    if (!standing)
        return;
    start(&variants[_i].wish);
    json_t *host = play("192.0.2.2 --agent 192.0.2.2:56000 -j 50", variants[_i].cases, "host");
    json_t *here = play("linux", variants[_i].cases, "here");

    compare(host, here, variants[_i].hello, variants[_i].judged);
    ck_assert_uint_eq(record->mixed, 0);
    ck_assert_uint_eq(record->of_7f > 0, !variants[_i].wish.owns_7f); /* nothing but HELLO is said to it */
    json_decref(host);
    json_decref(here);
}
END_TEST

START_TEST(what_it_lacks_is_named)
{
    struct foreign_wish wish = variants[0].wish;

    if (!standing)
        return;
    wish.lacks = SHUTDOWN;
    start(&wish);
    int status = host_rig_shell("$T run 192.0.2.2 --agent 192.0.2.2:56000 fin/half-close -v");

    ck_assert_msg(status == 0, "exit %d\n%s", status, host_rig_output);
    ck_assert_msg(strstr(host_rig_output, "192.0.2.2 answered SHUTDOWN with no such primitive (E_NTF)") != NULL, "%s",
                  host_rig_output);
}
END_TEST

/* The first of the run is that of the port that is probed: the run is refused, and the call was made once. */
START_TEST(no_call_is_made_twice)
{
    struct foreign_wish wish = variants[0].wish;

    if (!standing)
        return;
    wish.loses = CREATE_AND_BIND;
    start(&wish);
    int status = host_rig_shell("$T run 192.0.2.2 --agent 192.0.2.2:56000 fin/half-close");

    ck_assert_msg(status == 3, "exit %d\n%s", status, host_rig_output);
    ck_assert_msg(strstr(host_rig_output, "port 56000 of 192.0.2.2, asked for CREATE_AND_BIND: nobody answered") != NULL, "%s",
                  host_rig_output);
    ck_assert_uint_eq(record->made[CREATE_AND_BIND], 1);
}
END_TEST

SUITE(foreign)
{
    Suite *suite = suite_create("foreign");
    TCase *tests = tcase_create("stubs of somebody else's");

    tcase_add_checked_fixture(tests, enter, leave);
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, the_verdicts_of_linux, 0, sizeof variants / sizeof *variants);
    tcase_add_test(tests, what_it_lacks_is_named);
    tcase_add_test(tests, no_call_is_made_twice);
    suite_add_tcase(suite, tests);
    return suite;
}
