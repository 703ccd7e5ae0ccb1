/* agent_host.c: hosts with an agent: the verdicts of this machine's own kernel behind the socketpair, over IPv4 and IPv6. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host_rig.h"
#include "results_rig.h"
#include "selftest.h"

#define GROUPS " fin/ rst/ sequence/ window/ ack/ urgent/ security/"

static bool standing;

static void enter(void)
{
    standing = results_rig_enter();
}

/* The rules of the referee speak of other segments in each run, and are not compared. */
static void compare(const json_t *host, const json_t *here, const char *what, unsigned least)
{
    size_t  index, compared = 0;
    json_t *one;

    json_array_foreach(json_object_get(host, "cases"), index, one)
    {
        const json_t *same = result_of(here, result_field(one, "id"));

        if (strcmp(result_field(one, "group"), "referee") == 0)
            continue;
        ck_assert_msg(same != NULL, "%s: %s is not there", what, result_field(one, "id"));
        ck_assert_msg(strcmp(result_field(one, "verdict"), result_field(same, "verdict")) == 0,
                      "%s: %s is %s (%s), and %s (%s) in the other run", what, result_field(one, "id"),
                      result_field(one, "verdict"), result_field(one, "reason"), result_field(same, "verdict"),
                      result_field(same, "reason"));
        compared++;
    }
    ck_assert_uint_ge(compared, least);
}

START_TEST(the_verdicts_of_linux)
{
    if (!standing)
        return;
    json_t *four = results_of("192.0.2.2 --agent 192.0.2.2 -j 50 --disruptive" GROUPS, "four");
    json_t *six  = results_of("2001:db8::2 --agent 192.0.2.2 -j 50 --disruptive" GROUPS, "six");
    json_t *here = results_of("linux" GROUPS, "here"), *here6 = results_of("linux --ipv6" GROUPS, "here6");

    compare(four, here, "IPv4", 150);
    compare(six, here6, "IPv6", 150);
    json_decref(four);
    json_decref(six);
    json_decref(here);
    json_decref(here6);
}
END_TEST

/* ENTER comes to each of the eleven states, by calls of the agent where the wire alone does not lead there. */
static const struct {
    const char *state, *id;
} reached[] = {
    { "CLOSED", "ports/closed-syn" },
    { "LISTEN", "handshake/ack-at-listen" },
    { "SYN-SENT", "open/text-without-ack" },
    { "SYN-RECEIVED", "sequence/below-window/syn-received" },
    { "ESTABLISHED", "sequence/below-window/established" },
    { "FIN-WAIT-1", "sequence/below-window/fin-wait-1" },
    { "FIN-WAIT-2", "sequence/below-window/fin-wait-2" },
    { "CLOSE-WAIT", "sequence/below-window/close-wait" },
    { "CLOSING", "sequence/below-window/closing" },
    { "LAST-ACK", "sequence/below-window/last-ack" },
    { "TIME-WAIT", "sequence/below-window/time-wait" },
};
enum { REACHED = sizeof reached / sizeof *reached };

START_TEST(eleven_states)
{
    static const char *const hosts[] = { "192.0.2.2", "2001:db8::2" };
    char                     line[800];

    if (!standing)
        return;
    size_t used = (size_t)snprintf(line, sizeof line, "$T run %s --agent 192.0.2.2 -q --report json:$D/states", hosts[_i]);

    for (size_t i = 0; i < REACHED; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, " %s", reached[i].id);
    int status = host_rig_shell(line);

    ck_assert_msg(status == 0, "%s: exit %d\n%s", line, status, host_rig_output);
    json_t *root = results_named("states");

    for (size_t i = 0; i < REACHED; i++) {
        const json_t *one = result_of(root, reached[i].id);

        ck_assert_msg(one != NULL && strcmp(result_field(one, "verdict"), "pass") == 0, "%s: %s does not pass",
                      reached[i].state, reached[i].id);
    }
    json_decref(root);
}
END_TEST

/* Side by side, and each as alone: sockets belong to who made them. */
START_TEST(two_testers_at_once)
{
    static const char line[] = "run() { $T run 192.0.2.2 --agent 192.0.2.2 -j 25 --profile quick -q --report json:$D/$1 fin/"
                               " rst/exact rst/told rst/abort; }; run alone; run one & run two; wait $!";
    static const char *const both[] = { "one", "two" };

    if (!standing)
        return;
    int     status = host_rig_shell(line);
    json_t *alone  = results_named("alone");

    ck_assert_msg(status == 0 || status == 1, "exit %d\n%s", status, host_rig_output);
    for (size_t i = 0; i < 2; i++) {
        json_t *beside = results_named(both[i]);

        compare(beside, alone, both[i], 20);
        json_decref(beside);
    }
    json_decref(alone);
}
END_TEST

/* Another id in the header, on both sides. */
START_TEST(another_service_id)
{
    if (!standing)
        return;
    int status = host_rig_shell("${T}-agent --bind 127.0.0.1:30778 --service-id 0x0207 >/dev/null & agent=$!; sleep 0.5;"
                                "$T run 127.0.0.1 --agent 127.0.0.1:30778 --service-id 0x0207 fin/half-close -q; s=$?;"
                                "$T run 127.0.0.1 --agent 127.0.0.1:30778 fin/half-close -q; echo then $?; kill $agent;"
                                "exit $s");

    ck_assert_msg(status == 0, "exit %d\n%s", status, host_rig_output);
    ck_assert_msg(strstr(host_rig_output, "nobody answered for") != NULL && strstr(host_rig_output, "then 3") != NULL, "%s",
                  host_rig_output);
}
END_TEST

/* A user's mistakes: a sentence and an exit status, before any case is played. */
static const struct {
    const char *line;
    int         status;
    const char *says;
} mistakes[] = {
    { "$T run 192.0.2.2 --agent 192.0.2.2:30701", 3, "the agent at UDP port 30701 of 192.0.2.2: nothing listens there" },
    { "$T run 192.0.2.2 --agent 192.0.2.2 --service echo", 2, "leave --service out" },
    { "$T run 192.0.2.2 --agent nowhere.example", 2, "--agent: " },
    { "$T run linux --agent 192.0.2.2", 2, "--agent is for a target HOST" },
    { "$T run 192.0.2.2:7 --service-id 0x0207", 2, "--service-id is the agent's" },
    { "$T run 192.0.2.2:7 --agent 192.0.2.2", 2, "leave the port out of 192.0.2.2:7" },
    { "$T run 192.0.2.2 --agent 192.0.2.2 --service-id 0x0107", 3, "and --service-id 0x0107" },
    { "$T run 198.51.100.2 --agent 192.0.2.3 fin/half-close", 3, "the agent has opened it: it is not on that host" },
};

START_TEST(mistakes_are_told)
{
    if (!standing)
        return;
    int status = host_rig_shell(mistakes[_i].line);

    ck_assert_msg(status == mistakes[_i].status, "%s: exit %d\n%s", mistakes[_i].line, status, host_rig_output);
    ck_assert_msg(strstr(host_rig_output, mistakes[_i].says) != NULL, "%s: %s", mistakes[_i].line, host_rig_output);
}
END_TEST

/* The control channel loses datagrams as the path does: calls are asked for again, and made once. */
START_TEST(lost_datagrams)
{
    if (!standing)
        return;
    host_rig_impair(5, 2, 50, 7);
    int status = host_rig_shell("$T run 192.0.2.3 --agent 192.0.2.3 fin/half-close rst/abort -q");

    ck_assert_msg(status == 0 || status == 1, "exit %d\n%s", status, host_rig_output);
    ck_assert_msg(strstr(host_rig_output, "0 errors") != NULL, "%s", host_rig_output);
}
END_TEST

/* The run ends soon, and nobody is accused: what is left is inconclusive, with the reason. */
START_TEST(an_agent_that_dies)
{
    if (!standing)
        return;
    int status = host_rig_shell("${T}-agent --bind 127.0.0.1:30777 >/dev/null & agent=$!; sleep 0.5; (sleep 2; kill $agent) &"
                                " $T run 127.0.0.1 --agent 127.0.0.1:30777 retransmission/ settings/ -j 2 -q");
    ck_assert_msg(strstr(host_rig_output, "the agent at UDP port 30777 of 127.0.0.1") != NULL &&
                      strstr(host_rig_output, "had stopped answering before this case") != NULL &&
                      strstr(host_rig_output, "0 errors") != NULL && strstr(host_rig_output, "0 violations") != NULL,
                  "%s", host_rig_output);
    ck_assert_msg(status == 3, "exit %d\n%s", status, host_rig_output);
}
END_TEST

/* Nobody would close them else before the agent ends. */
START_TEST(an_interrupted_run_leaves_no_socket)
{
    if (!standing)
        return;
    int status = host_rig_shell(
        "${T}-agent --bind 127.0.0.1:30777 >/dev/null & agent=$!; sleep 0.5; before=$(grep -c ' 0A ' /proc/net/tcp);"
        " $T run 127.0.0.1 --agent 127.0.0.1:30777 retransmission/ settings/ -j 8 -q & run=$!; sleep 1.5;"
        " during=$(grep -c ' 0A ' /proc/net/tcp); kill -INT $run; wait $run; ended=$?; sleep 0.5;"
        " after=$(grep -c ' 0A ' /proc/net/tcp); kill $agent; echo $before $during $after ended $ended;"
        " test $during -gt $before && test $after -eq $before");

    ck_assert_msg(status == 0, "%s", host_rig_output);
    ck_assert_msg(strstr(host_rig_output, "ended 130") != NULL, "%s", host_rig_output);
}
END_TEST

/* RFC 4987 3.6: every handshake is completed from what its last ACK says. */
static void near_host_sends_cookies(void)
{
    pid_t child = fork();
    int   status;

    if (child == 0) {
        FILE *setting = host_rig_go_near() ? fopen("/proc/sys/net/ipv4/tcp_syncookies", "we") : NULL;

        _exit(setting == NULL || fputs("2", setting) < 0 || fclose(setting) != 0);
    }
    waitpid(child, &status, 0);
    ck_assert_int_eq(status, 0);
}

/* That ACK once more would open the connection anew, which is not the one that was reset. */
START_TEST(cookies_bring_nothing_back)
{
    if (!standing)
        return;
    near_host_sends_cookies();
    int status = host_rig_shell("$T run 192.0.2.2 --agent 192.0.2.2 accept/rst rst/exact/ close/abort/ close/reset-told/ -q");

    ck_assert_msg(strstr(host_rig_output, "0 violations") != NULL, "%s", host_rig_output);
    ck_assert_msg(status == 0, "exit %d\n%s", status, host_rig_output);
}
END_TEST

SUITE(agent_host)
{
    Suite *suite = suite_create("agent_host");
    TCase *tests = tcase_create("hosts with an agent");

    tcase_add_checked_fixture(tests, enter, results_rig_leave);
    tcase_set_timeout(tests, 180);
    tcase_add_test(tests, the_verdicts_of_linux);
    tcase_add_test(tests, another_service_id);
    tcase_add_test(tests, two_testers_at_once);
    tcase_add_loop_test(tests, eleven_states, 0, 2);
    tcase_add_loop_test(tests, mistakes_are_told, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tests, an_interrupted_run_leaves_no_socket);
    tcase_add_test(tests, cookies_bring_nothing_back);
    tcase_add_test(tests, lost_datagrams);
    tcase_add_test(tests, an_agent_that_dies);
    suite_add_tcase(suite, tests);
    return suite;
}
