/* foreign.c: hosts whose test stub is somebody else's: what it cannot do is skipped with the primitive's name, what it can do
 * gives the verdicts of this machine's own kernel, and no call is made twice. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "foreign_stub.h"
#include "host_rig.h"
#include "selftest.h"

enum { PORT = 56000, SHUTDOWN = 7, CREATE_AND_BIND = 1 };

static char                   folder[] = "/tmp/tcprove-foreign-XXXXXX";
static bool                   standing;
static struct foreign_record *record;

static void enter(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("D", folder, 1);
    record = mmap(NULL, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(record, MAP_FAILED);
    standing = host_rig_enter();
}

static void leave(void)
{
    char line[100];

    snprintf(line, sizeof line, "rm -rf %s", folder);
    ck_assert_int_eq(system(line), 0);
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
    char    line[300], path[100];
    json_t *root;

    snprintf(line, sizeof line, "$T run %s --profile quick -q --disruptive --report json:$D/%s %s", target, name, cases);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int status = host_rig_shell(line);

    ck_assert_msg(status == 0 || status == 1, "%s: exit %d\n%s", line, status, host_rig_output);
    root = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(root);
    return root;
}

static const char *field(const json_t *one, const char *name)
{
    return json_string_value(json_object_get(one, name));
}

static const json_t *case_named(const json_t *root, const char *id)
{
    size_t  index;
    json_t *one;

    json_array_foreach(json_object_get(root, "cases"), index, one)
    {
        if (strcmp(field(one, "id"), id) == 0)
            return one;
    }
    return NULL;
}

/* What is skipped there and judged here names what was lacking. `hello`: how the stub answered that. */
static void compare(const json_t *host, const json_t *here, const char *hello, size_t least)
{
    size_t  index, judged = 0;
    json_t *one;

    json_array_foreach(json_object_get(host, "cases"), index, one)
    {
        const json_t *same = case_named(here, field(one, "id"));
        const char   *why  = field(one, "reason");

        if (strcmp(field(one, "group"), "referee") == 0)
            continue;
        ck_assert_msg(same != NULL, "%s is not there", field(one, "id"));
        if (strcmp(field(one, "verdict"), "skip") == 0 && strcmp(field(same, "verdict"), "skip") != 0) {
            ck_assert_msg(strstr(why, "the agent at UDP port 56000 of 192.0.2.2") != NULL &&
                              (strstr(why, hello) != NULL || strstr(why, "urgent data") != NULL),
                          "%s: %s", field(one, "id"), why);
            continue;
        }
        ck_assert_msg(strcmp(field(one, "verdict"), field(same, "verdict")) == 0, "%s is %s (%s), and %s on linux",
                      field(one, "id"), field(one, "verdict"), why, field(same, "verdict"));
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
