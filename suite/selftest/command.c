/* command.c: commands of the user's: what they may do, what is said when they fail, and that nothing of them is left. */
#include "command.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "selftest.h"

enum { LONG_MS = 60000, AWHILE_MS = 30000 };

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/tcprove-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("D", folder, 1);
}

static void drop_folder(void)
{
    char command[100];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Runs it once; what went wrong is in *error. */
static bool run_line(const char *line, unsigned limit_ms, struct error *error)
{
    struct command command;

    error->sentence[0] = '\0';
    ck_assert_msg(command_open(&command, line, "192.0.2.2:7", limit_ms, error), "%s", error->sentence);
    ck_assert(command_ask(&command, error));
    ck_assert_int_eq(poll(&(struct pollfd){ .fd = command.channel, .events = POLLIN }, 1, AWHILE_MS), 1);
    bool good = command_answer(&command, error);

    command_close(&command);
    return good;
}

static const char *read_file(const char *name)
{
    static char text[4096];
    char        path[100];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE  *file  = fopen(path, "re");
    size_t count = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;

    if (file != NULL)
        fclose(file);
    text[count] = '\0';
    return text;
}

START_TEST(what_is_said_of_each_end)
{
    static const struct {
        const char *line;
        unsigned    limit_ms;
        const char *says; /* "": it went well */
    } rows[] = {
        { "true", LONG_MS, "" },
        { "echo a great deal; exit 0", LONG_MS, "" },
        { "yes | head -c 1000000", LONG_MS, "" },
        { "exit 3", LONG_MS, "it ended with status 3" },
        { "echo no such; echo board >&2; exit 3", LONG_MS, "it ended with status 3: no such|board" },
        { "yes | head -c 1000000; echo the end; exit 1", LONG_MS, "y|the end" },
        { "printf '\\033[2J'; exit 1", LONG_MS, "status 1: ?[2J" },
        { "kill -9 $$", LONG_MS, "it died of signal 9" },
        { "/no/such/program", LONG_MS, "status 127" },
        { "test \"$TCPROVE_TARGET\" = 192.0.2.2:7", LONG_MS, "" },
        { "read line; test -z \"$line\"", LONG_MS, "" },
        { "sleep 60 & sleep 60", 300, "it took longer than 0.3 s and was stopped" },
        { "sleep 2 & echo started", LONG_MS, "" }, /* somebody is left behind, with the pipe in hand */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error error;
        bool         good = run_line(rows[i].line, rows[i].limit_ms, &error);

        ck_assert_msg(good == (rows[i].says[0] == '\0'), "%s: \"%s\"", rows[i].line, error.sentence);
        ck_assert_msg(strstr(error.sentence, rows[i].says) != NULL, "%s: \"%s\"", rows[i].line, error.sentence);
    }
}
END_TEST

START_TEST(it_has_no_privilege_and_can_gain_none)
{
    struct error error;

    ck_assert_msg(run_line("cat /proc/self/status >$D/status", LONG_MS, &error), "%s", error.sentence);
    ck_assert_ptr_nonnull(strstr(read_file("status"), "CapEff:\t0000000000000000\n"));
    ck_assert_ptr_nonnull(strstr(read_file("status"), "CapPrm:\t0000000000000000\n"));
    ck_assert_ptr_nonnull(strstr(read_file("status"), "NoNewPrivs:\t1\n"));
}
END_TEST

/* Under sudo the command is the caller's, not root's. */
START_TEST(it_is_whom_sudo_was_called_by)
{
    struct error error;

    if (geteuid() != 0) {
        printf("command: skipped: only root can become another user\n");
        return;
    }
    setenv("SUDO_UID", "65534", 1);
    setenv("SUDO_GID", "65533", 1);
    ck_assert_int_eq(chmod(folder, 0777), 0);
    ck_assert_msg(run_line("echo $(id -u) $(id -g) $(id -G) >$D/ids", LONG_MS, &error), "%s", error.sentence);
    ck_assert_str_eq(read_file("ids"), "65534 65533 65533\n");
}
END_TEST

START_TEST(it_can_be_asked_again)
{
    struct command command;
    struct error   error;

    ck_assert(command_open(&command, "echo again >>$D/log", "linux", LONG_MS, &error));
    for (int i = 0; i < 20; i++) {
        ck_assert(command_ask(&command, &error));
        ck_assert_msg(command_answer(&command, &error), "%s", error.sentence);
    }
    command_close(&command);
    ck_assert_uint_eq(strlen(read_file("log")), 20 * strlen("again\n"));
}
END_TEST

/* The program ends while its command still runs: the helper kills it and ends too. */
START_TEST(nothing_outlives_the_program)
{
    struct command command;
    struct error   error;

    ck_assert(command_open(&command, "echo $$ >$D/pid.part; mv $D/pid.part $D/pid; sleep 60; echo late >$D/late", "linux",
                           LONG_MS, &error));
    ck_assert(command_ask(&command, &error));
    for (int i = 0; i < AWHILE_MS / 10 && read_file("pid")[0] == '\0'; i++)
        poll(NULL, 0, 10);
    pid_t pid = (pid_t)atoi(read_file("pid"));

    ck_assert_int_gt(pid, 1);
    command_close(&command); /* waits for the helper */
    ck_assert(kill(pid, 0) != 0 && errno == ESRCH);
    ck_assert_str_eq(read_file("late"), "");
}
END_TEST

SUITE(command)
{
    Suite *suite = suite_create("command");
    TCase *tests = tcase_create("the user's");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_folder, drop_folder);
    tcase_add_test(tests, what_is_said_of_each_end);
    tcase_add_test(tests, it_has_no_privilege_and_can_gain_none);
    tcase_add_test(tests, it_is_whom_sudo_was_called_by);
    tcase_add_test(tests, it_can_be_asked_again);
    tcase_add_test(tests, nothing_outlives_the_program);
    suite_add_tcase(suite, tests);
    return suite;
}
