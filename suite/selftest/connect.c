/* connect.c: targets that a command makes connect to us (--connect-cmd): the verdicts of this machine's own kernel behind user
 * calls, and what is said of commands that do not do as they should. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "host_rig.h"
#include "results_rig.h"
#include "selftest.h"

/* On this host itself: a shell that connects, and stays until the other side closes. */
#define CONNECTS "exec 3<>/dev/tcp/$TCPROVE_ADDRESS/$TCPROVE_PORT && cat <&3 >/dev/null"
#define HERE     "$T run 127.0.0.1 --connect-cmd "

/* The command lasts when it is tried; then, while a SYN,ACK of the target's waits a second for its ACK, it does not. */
#define ENDS_EARLY(how)                                                                                                        \
    "rm -f $D/once; " HERE "\"test -e $D/once && exec " how " $CONNECT; touch $D/once; $CONNECT\" open/crossing-again"

static bool standing;

static void enter(void)
{
    standing = results_rig_enter();
    setenv("CONNECT", "bash -c '" CONNECTS "'", 1);
    ck_assert_int_eq(system("mkfifo $D/ask"), 0);
}

/* What stands for logging in there: a shell on that host that connects to whatever address and port it is told of. */
static void shell_on_near_host(void)
{
    pid_t parent = getpid();

    if (fork() != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || !host_rig_go_near())
        _exit(1);
    execlp("bash", "bash", "-c",
           "exec 4<>$D/ask; while read -r TCPROVE_ADDRESS TCPROVE_PORT <&4; do (" CONNECTS ") 2>/dev/null & done",
           (char *)NULL);
    _exit(1);
}

#define OPENING " open/ handshake/ security/ close/"

/* What is not skipped for want of user calls has the verdict that it has with them. */
static void compare(const json_t *host, const json_t *here, size_t at_least, const char *what)
{
    size_t  index, judged = 0;
    json_t *one;

    json_array_foreach(json_object_get(host, "cases"), index, one)
    {
        const json_t *same = result_of(here, result_field(one, "id"));

        if (strcmp(result_field(one, "group"), "referee") == 0 || strcmp(result_field(one, "verdict"), "skip") == 0)
            continue;
        ck_assert_msg(same != NULL && strcmp(result_field(one, "verdict"), result_field(same, "verdict")) == 0,
                      "%s: %s is %s (%s), and %s on linux", what, result_field(one, "id"), result_field(one, "verdict"),
                      result_field(one, "reason"), same != NULL ? result_field(same, "verdict") : "not there");
        judged += strncmp(result_field(one, "id"), "open/", 5) == 0;
    }
    ck_assert_msg(judged >= at_least, "%s: %zu active opens were judged", what, judged);
}

START_TEST(the_verdicts_of_linux)
{
    if (!standing)
        return;
    shell_on_near_host();
    setenv("ASK", "echo $TCPROVE_ADDRESS $TCPROVE_PORT >$D/ask; exec sleep 60", 1);
    json_t *four = results_of("192.0.2.2 --connect-cmd \"$ASK\"" OPENING, "four");
    json_t *six  = results_of("[2001:db8::2]:7 --connect-cmd \"$ASK\" -j 20" OPENING, "six");
    json_t *here = results_of("linux" OPENING, "here"), *here6 = results_of("linux --ipv6" OPENING, "here6");

    compare(four, here, 20, "IPv4");
    compare(six, here6, 20, "IPv6");
    ck_assert_str_eq(result_field(result_of(four, "handshake/ack-at-listen"), "verdict"), "skip");
    ck_assert_ptr_nonnull(strstr(result_field(result_of(four, "handshake/ack-at-listen"), "reason"), "no port was named"));
    ck_assert_str_eq(result_field(result_of(six, "handshake/ack-at-listen"), "verdict"), "pass");
    json_decref(four);
    json_decref(six);
    json_decref(here);
    json_decref(here6);
}
END_TEST

/* A sentence and an exit status, before any case is played, or of the case. */
static const struct {
    const char *line;
    int         status;
    const char *says;
} told[] = {
    { HERE "\"$CONNECT\" open/ -x open/three-minutes", 0, "0 violations" },
    { HERE "'exit 3'", 3, "--connect-cmd: it ended with status 3" },
    { HERE "'echo no such board; exit 1'", 3, "status 1: no such board" },
    { HERE "/no/such/program", 3, "status 127" },
    { HERE "''", 2, "--connect-cmd needs a command" },
    { "$T run linux --connect-cmd true", 2, "--connect-cmd is for a target HOST" },
    { "$T run 192.0.2.2 --agent 192.0.2.2 --connect-cmd true", 2, "leave --connect-cmd out" },
    { HERE "\"bash -c 'exec 3<>/dev/tcp/\\$TCPROVE_ADDRESS/\\$TCPROVE_PORT; echo hello >&3; sleep 9'\"", 3,
      "sends octets as soon as it is connected" },
    { HERE "\"bash -c 'exec 3<>/dev/tcp/\\$TCPROVE_ADDRESS/\\$TCPROVE_PORT; exec 3>&-; sleep 9'\"", 3,
      "closes as soon as it is connected" },
    { "$T doctor 127.0.0.1 --connect-cmd \"$CONNECT\"", 0, "brought a connection that waits in silence" },
    { "$T doctor 127.0.0.1:7 --connect-cmd 'exit 4'", 3, "BAD   --connect-cmd: it ended with status 4" },
    /* It worked when it was tried; then it does not: nobody is accused. */
    { "rm -f $D/once; " HERE "\"test -e $D/once && exit 5; touch $D/once; $CONNECT\" open/no-flags -q", 3, "0 violations" },
    /* Nor where it ends in the middle of a case, and the target sends what it must then. */
    { ENDS_EARLY("timeout 0.5"), 0, "--connect-cmd ended before the case did: it ended with status 124" },
    { ENDS_EARLY("timeout -s KILL 0.5"), 0, "--connect-cmd ended before the case did: it died of signal 9" },
    /* Nothing listens: what did not pass is no sign that the target died. */
    { "$T run 127.0.0.1+acks-less --connect-cmd \"$CONNECT\" open/urg", 1, "FAIL  open/urg" },
    /* How to play a case again has the command in it. */
    { HERE "\"$CONNECT\" ports/closed-syn -v", 0, "run 127.0.0.1 --connect-cmd 'bash -c '\\''exec 3<>" },
};
enum { TOLD = sizeof told / sizeof *told };

START_TEST(what_is_told)
{
    if (!standing)
        return;
    int status = host_rig_shell(told[_i].line);

    ck_assert_msg(status == told[_i].status, "%s: exit %d\n%s", told[_i].line, status, host_rig_output);
    ck_assert_msg(strstr(host_rig_output, told[_i].says) != NULL, "%s: %s", told[_i].line, host_rig_output);
}
END_TEST

/* The command of a case ends with the case, also when the run is interrupted. */
START_TEST(no_command_is_left)
{
    if (!standing)
        return;
    host_rig_shell("$T run 127.0.0.1 --connect-cmd \"echo \\$\\$ >>$D/pids; $CONNECT\" open/ -q >/dev/null & run=$!;"
                   " until test $(wc -l <$D/pids) -gt 3; do sleep 0.1; done; kill -INT $run; wait $run;"
                   " for i in $(seq 50); do left=0; for p in $(cat $D/pids); do kill -0 $p 2>/dev/null && left=1; done;"
                   " test $left = 0 && break; sleep 0.1; done; echo left $left");
    ck_assert_msg(strstr(host_rig_output, "left 0") != NULL, "%s", host_rig_output);
}
END_TEST

SUITE(connect)
{
    Suite *suite = suite_create("connect");
    TCase *tests = tcase_create("connect");

    tcase_add_checked_fixture(tests, enter, results_rig_leave);
    tcase_add_test(tests, the_verdicts_of_linux);
    tcase_add_loop_test(tests, what_is_told, 0, TOLD);
    tcase_add_test(tests, no_command_is_left);
    tcase_set_timeout(tests, 200);
    suite_add_tcase(suite, tests);
    return suite;
}
