/* terminal.c: the program on a terminal of its own: the line that is redrawn in place, keys, and that the terminal is given
 * back on every way out. Played on this machine's kernel, for a case that waits half a minute and never has to. */
#include "terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "selftest.h"

enum { OUTPUT_OCTETS = 1 << 20, AWHILE_S = 60, COLUMNS = 80, STATUS_UNUSABLE_HERE = 3 };

#define LONG_CASE "fin/time-wait-half-minute"

static char   output[OUTPUT_OCTETS];
static size_t count;
static int    terminal;
static pid_t  shell; /* leads the session, and waits for the program as a shell does */

/* ---- the program on a terminal ------------------------------------------------------------------------------------------- */

/* In the session's leader: the program in a process group of its own, in the foreground. Its number is the first line. */
static void lead(const char *locale, bool colour)
{
    const char *named = getenv("TCPROVE");
    const char *path  = named != NULL ? named : "build/tcprove";
    int         status;

    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", locale, 1);
    if (colour)
        unsetenv("NO_COLOR");
    else
        setenv("NO_COLOR", "1", 1);
    signal(SIGTTOU, SIG_IGN);
    signal(SIGQUIT, SIG_DFL); /* ignored where a shell runs the tests in the background */
    pid_t program = fork();

    if (program == 0) {
        setpgid(0, 0);
        tcsetpgrp(0, getpid());
        signal(SIGTTOU, SIG_DFL);
        printf("%d\n", (int)getpid());
        fflush(stdout);
        execl(path, path, "run", "linux", LONG_CASE, "handshake/passive", (char *)NULL);
        _exit(127);
    }
    do
        waitpid(program, &status, WUNTRACED);
    while (WIFSTOPPED(status) && write(1, "\n<stopped>\n", 11) > 0);
    _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static bool read_some(void)
{
    ck_assert_int_gt(poll(&(struct pollfd){ .fd = terminal, .events = POLLIN }, 1, AWHILE_S * 1000), 0);
    ssize_t got = read(terminal, output + count, sizeof output - count - 1);

    if (got <= 0)
        return false;
    count += (size_t)got;
    output[count] = '\0';
    return true;
}

/* Reads until this comes, from `from` on. false: the program ended. */
static bool await(size_t from, const char *text)
{
    time_t began = time(NULL);

    while (strstr(output + from, text) == NULL) {
        ck_assert_msg(time(NULL) < began + AWHILE_S, "no \"%s\" in:\n%s", text, output + from);
        if (!read_some())
            return false;
    }
    return true;
}

static int end_of_program(void)
{
    int status;

    while (read_some())
        continue;
    waitpid(shell, &status, 0);
    close(terminal);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* false, and told, where this machine's kernel cannot be judged. The line has been drawn when it returns. */
static pid_t start(const char *locale, bool colour)
{
    struct winsize size = { .ws_row = 24, .ws_col = COLUMNS };

    count     = 0;
    output[0] = '\0';
    shell     = forkpty(&terminal, NULL, NULL, &size);
    ck_assert_int_ge(shell, 0);
    if (shell == 0)
        lead(locale, colour);
    if (await(0, "/2 "))
        return (pid_t)atoi(output);
    int status = end_of_program();

    ck_assert_msg(status == STATUS_UNUSABLE_HERE, "exit %d\n%s", status, output);
    printf("terminal: skipped: %s", output);
    return 0;
}

static bool keys_are_taken(void)
{
    struct termios mode;

    ck_assert_int_eq(tcgetattr(terminal, &mode), 0);
    ck_assert((mode.c_lflag & ISIG) != 0);
    ck_assert_int_eq((mode.c_lflag & ICANON) != 0, (mode.c_lflag & ECHO) != 0);
    return (mode.c_lflag & ICANON) == 0;
}

static void press(const char *keys)
{
    ck_assert_int_eq(write(terminal, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* ---- what stands on the screen ------------------------------------------------------------------------------------------- */

/* What a terminal does with carriage returns and "erase to the end of the line": each finished line is whole text, without a
 * rest of the bar, and no line was ever longer than the terminal is wide. Lines of a ladder may be. */
static void check_screen(void)
{
    char     line[4096] = "";
    size_t   column = 0, columns = 0;
    unsigned drawn = 0;

    for (const char *at = output; *at != '\0'; at++) {
        if (*at == '\n' || *at == '\r') {
            bool bar = strstr(line, "/2 ") != NULL && strstr(line, " pass") != NULL;

            drawn += bar;
            ck_assert_msg(!bar || columns < COLUMNS, "%zu columns: %s", columns, line);
            ck_assert_msg(!bar || *at == '\r', "a rest of the bar stands: %s", line);
            if (*at == '\n')
                line[0] = '\0';
            column = columns = 0;
        } else if (strncmp(at, "\033[K", 3) == 0) {
            line[column] = '\0';
            at += 2;
        } else if (*at == '\033') {
            at += strcspn(at, "m");
        } else if (column < sizeof line - 1) {
            bool longer = line[column] == '\0';

            line[column++] = *at;
            columns += ((unsigned char)*at & 0xc0) != 0x80;
            if (longer)
                line[column] = '\0';
        }
    }
    ck_assert_uint_gt(drawn, 0);
}

START_TEST(a_line_is_drawn_and_erased)
{
    static const char *const locales[] = { "C", "C.UTF-8" };

    if (start(locales[_i], _i != 0) == 0)
        return;
    ck_assert(await(0, "1/2 "));
    press("\003");
    ck_assert_int_eq(end_of_program(), 128 + SIGINT);
    check_screen();
    ck_assert((strstr(output, "\u2591") != NULL) == (_i != 0));
    ck_assert((strstr(output, "\033[32m") != NULL) == (_i != 0));
    for (size_t i = 0; i < count; i++)
        ck_assert(_i != 0 || (unsigned char)output[i] < 0x80);
}
END_TEST

START_TEST(keys_and_a_signal_ask)
{
    static const char *const keys[] = { " ", "\r", "s", NULL };

    for (int i = 0; i < 4; i++) {
        pid_t program = start("C", false);

        if (program == 0)
            return;
        ck_assert(keys_are_taken());
        ck_assert(await(0, "1/2 "));
        size_t from = count;

        press("xyz"); /* which mean nothing */
        if (keys[i] != NULL)
            press(keys[i]);
        else
            kill(program, SIGUSR1);
        ck_assert(await(from, "1 of 2 done, 1 pass; slowest running: " LONG_CASE " ("));
        ck_assert(await(from, "\n  " LONG_CASE " ("));
        press("\003");
        ck_assert_int_eq(end_of_program(), 128 + SIGINT);
        ck_assert_ptr_null(strstr(output, "xyz"));
        check_screen();
    }
}
END_TEST

START_TEST(the_terminal_is_given_back)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    int              keeps;
    char             name[64];

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        pid_t program = start("C", false);

        if (program == 0)
            return;
        ck_assert(keys_are_taken());
        /* The terminal is to be there still when the last process has left it. */
        ck_assert_int_eq(ptsname_r(terminal, name, sizeof name), 0);
        keeps = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
        ck_assert_int_ge(keeps, 0);
        kill(program, signals[i]);
        int status;

        waitpid(shell, &status, 0);
        ck_assert_int_eq(WEXITSTATUS(status), 128 + signals[i]);
        ck_assert(!keys_are_taken());
        close(keeps);
        close(terminal);
    }
}
END_TEST

START_TEST(stopped_it_gives_the_terminal_back_and_takes_it_again)
{
    pid_t program = start("C", false);

    if (program == 0)
        return;
    ck_assert(keys_are_taken());
    press("\032");
    ck_assert(await(0, "<stopped>"));
    ck_assert(!keys_are_taken());
    size_t from = count;

    kill(-program, SIGCONT);
    ck_assert(await(from, "/2 ")); /* it is drawn again */
    ck_assert(keys_are_taken());
    press("\003");
    ck_assert_int_eq(end_of_program(), 128 + SIGINT);
    check_screen();
}
END_TEST

/* ---- no terminal -----------------------------------------------------------------------------------------------------------
 */

START_TEST(without_a_terminal_there_are_plain_lines)
{
    static const char line[] =
        "\"${TCPROVE:-build/tcprove}\" run linux " LONG_CASE " handshake/passive 2>&1 >/dev/null </dev/null &"
        " echo $!; exec 2>/dev/null; wait";
    FILE *pipe = popen(line, "re");
    char  first[400];

    ck_assert_ptr_nonnull(pipe);
    ck_assert_ptr_nonnull(fgets(first, sizeof first, pipe));
    pid_t program = (pid_t)atoi(first);

    ck_assert_int_gt(program, 1);
    ck_assert_ptr_nonnull(fgets(first, sizeof first, pipe));
    kill(program, SIGTERM);
    pclose(pipe);
    if (strncmp(first, "tcprove: ", 9) == 0) {
        printf("terminal: skipped: %s", first);
        return;
    }
    ck_assert_msg(strncmp(first, "1 of 2 done, 1 pass; slowest running: " LONG_CASE " (", 60) == 0, "%s", first);
}
END_TEST

START_TEST(the_signal_is_answered_even_when_quiet)
{
    static const char line[] =
        "\"${TCPROVE:-build/tcprove}\" run linux " LONG_CASE " handshake/passive -q 2>&1 </dev/null & p=$!;"
        " exec 2>/dev/null;"
        " for i in 1 2 3 4 5 6; do sleep 0.5; kill -USR1 $p; done; kill $p; wait $p";
    FILE *pipe = popen(line, "re");

    ck_assert_ptr_nonnull(pipe);
    count         = fread(output, 1, sizeof output - 1, pipe);
    output[count] = '\0';
    pclose(pipe);
    if (strncmp(output, "tcprove: ", 9) == 0) {
        printf("terminal: skipped: %s", output);
        return;
    }
    ck_assert_msg(strstr(output, "1 of 2 done, 1 pass; slowest running: " LONG_CASE " (") != NULL, "%s", output);
    ck_assert_ptr_null(strchr(output, '\033'));
}
END_TEST

SUITE(terminal)
{
    Suite *suite = suite_create("terminal");
    TCase *tests = tcase_create("terminal");

    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, a_line_is_drawn_and_erased, 0, 2);
    tcase_add_test(tests, keys_and_a_signal_ask);
    tcase_add_test(tests, the_terminal_is_given_back);
    tcase_add_test(tests, stopped_it_gives_the_terminal_back_and_takes_it_again);
    tcase_add_test(tests, without_a_terminal_there_are_plain_lines);
    tcase_add_test(tests, the_signal_is_answered_even_when_quiet);
    suite_add_tcase(suite, tests);
    return suite;
}
