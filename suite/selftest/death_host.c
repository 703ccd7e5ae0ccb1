/* death_host.c: a service that is killed while its host is judged, with and without somebody who starts it again, and an
 * interface that goes down. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "echo_service.h"
#include "host_rig.h"
#include "lab/namespace.h"
#include "program_rig.h"
#include "selftest.h"

enum { ECHO_PORT = 7007 };

/* Kills the service once some cases have passed, and starts it again when the command asks for it. */
static int run_on_host(const char *line, char *output, size_t room)
{
    const char *named = getenv("TCPROVE");
    char        command[2000], wanted[100];
    pid_t       echo   = echo_start(ECHO_PORT);
    size_t      count  = 0;
    bool        killed = false;

    snprintf(wanted, sizeof wanted, "%s/wanted", getenv("D"));
    snprintf(command, sizeof command, "T='%s'; { %s\n} 2>&1 </dev/null", named != NULL ? named : "build/tcprove", line);
    FILE *pipe = popen(command, "re");

    ck_assert_ptr_nonnull(pipe);
    for (bool ended = false; !ended;) {
        if (access(wanted, F_OK) == 0) {
            unlink(wanted);
            echo = echo_start(ECHO_PORT);
        }
        if (poll(&(struct pollfd){ .fd = fileno(pipe), .events = POLLIN }, 1, 50) == 0)
            continue;
        ssize_t got = read(fileno(pipe), output + count, room - count - 1);

        ended = got <= 0;
        count += got > 0 ? (size_t)got : 0;
        output[count] = '\0';
        if (!killed && strstr(output, "\npass  ") != NULL) {
            killed = true;
            echo_stop(echo);
        }
    }
    int status = pclose(pipe);

    echo_stop(echo);
    ck_assert_msg(WIFEXITED(status), "signal %d\n%s", WTERMSIG(status), output);
    return WEXITSTATUS(status);
}

static bool own_loopback(void)
{
    struct error error;

    if (!namespace_new(&error)) {
        printf("death: skipped: %s\n", error.sentence);
        return false;
    }
    loopback_up();
    return true;
}

#define RUN                                                                                                                    \
    "$T run 127.0.0.1:7007 --service echo sequence/in-order sequence/overlap-left sequence/duplicate sequence/hole-then-fill " \
    "sequence/wrap -j 1 -v "

START_TEST(a_service_that_is_killed)
{
    static char output[1 << 20];

    if (!own_loopback())
        return;
    int status = run_on_host(RUN, output, sizeof output);

    ck_assert_msg(status == 1, "exit %d\n%s", status, output);
    ck_assert_ptr_nonnull(strstr(output, "tcprove: the target stopped answering, it refuses every connection"));
    ck_assert_ptr_nonnull(strstr(output, "referee/alive                                RFC9293-3.5-a (behaviour)"));
    ck_assert_ptr_nonnull(strstr(output, "the target died: it had stopped answering before this case could be played"));
}
END_TEST

START_TEST(a_service_that_is_started_again)
{
    static char output[1 << 20];

    if (!own_loopback())
        return;
    int status = run_on_host(RUN "--reset-cmd 'grep Cap /proc/self/status >$D/caps; touch $D/wanted'; s=$?;"
                                 " cat $D/caps; exit $s",
                             output, sizeof output);

    ck_assert_msg(status == 1, "exit %d\n%s", status, output);
    ck_assert_ptr_nonnull(strstr(output, "the target answers again"));
    ck_assert_ptr_nonnull(strstr(output, "FAIL  referee/alive"));
    ck_assert_ptr_nonnull(strstr(output, "CapEff:\t0000000000000000"));
    ck_assert_msg(strstr(output, "before this case could be played") == NULL, "%s", output);
}
END_TEST

/* In the midst of a run, as soon as something has passed. */
START_TEST(an_interface_that_goes_down)
{
    if (!host_rig_enter())
        return;
    host_rig_shell("$T run 192.0.2.2 --service echo sequence/ rst/exact/ -j 1 -v --report json:$D/results |"
                   " while IFS= read -r l; do case $l in 'pass '*) ip link set eth0 down;; esac; done;"
                   " grep -o \"this host's eth0 is down: what became of it could not be seen\" $D/results;"
                   " grep -E '\"(fail|error)\": [0-9]+' $D/results");
    ck_assert_ptr_nonnull(strstr(host_rig_output, "eth0 is down"));
    ck_assert_ptr_nonnull(strstr(host_rig_output, "\"fail\": 0"));
    ck_assert_ptr_nonnull(strstr(host_rig_output, "\"error\": 0"));
}
END_TEST

SUITE(death_host)
{
    Suite *suite = suite_create("death_host");
    TCase *host  = tcase_create("a host");

    tcase_set_timeout(host, 120);
    tcase_add_checked_fixture(host, program_make_folder, program_drop_folder);
    tcase_add_test(host, a_service_that_is_killed);
    tcase_add_test(host, a_service_that_is_started_again);
    tcase_add_test(host, an_interface_that_goes_down);
    suite_add_tcase(suite, host);
    return suite;
}
