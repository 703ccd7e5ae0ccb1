#include "terminal.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <termios.h>
#include <unistd.h>

static const int fatal[] = { SIGQUIT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
enum { FATAL = sizeof fatal / sizeof *fatal };

static struct termios        before; /* as it was found */
static volatile sig_atomic_t taken;  /* its mode is ours */
static volatile sig_atomic_t wanted; /* ... is to be */
static volatile sig_atomic_t asked;  /* by SIGUSR1 */
static volatile sig_atomic_t line_stands;
static bool                  stops; /* SIGTSTP is not ignored */
static pid_t                 owner;

static void set_mode(const struct termios *mode)
{
    sigset_t block, old;

    /* In the background, setting it would stop the program. */
    sigemptyset(&block);
    sigaddset(&block, SIGTTOU);
    sigprocmask(SIG_BLOCK, &block, &old);
    tcsetattr(STDIN_FILENO, TCSANOW, mode);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void take_mode(void)
{
    struct termios mode;

    if (tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &before) != 0)
        return;
    mode = before;
    mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    mode.c_cc[VMIN]  = 0;
    mode.c_cc[VTIME] = 0;
    taken            = 1;
    set_mode(&mode);
}

/* Safe in a handler: only calls that signal-safety(7) lists. */
static void put_back(void)
{
    static const char erase[] = "\r\033[K";

    if (getpid() != owner)
        return;
    if (line_stands && write(STDERR_FILENO, erase, sizeof erase - 1) < 0)
        line_stands = 0;
    if (taken)
        set_mode(&before);
    taken = 0;
}

static void on_usr1(int number)
{
    (void)number;
    asked = 1;
}

static void on_fatal(int number)
{
    put_back();
    signal(number, SIG_DFL);
    raise(number);
}

static void on_stop(int number)
{
    sigset_t stop;

    put_back();
    signal(number, SIG_DFL);
    sigemptyset(&stop);
    sigaddset(&stop, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &stop, NULL); /* here it stops, and goes on from here */
    signal(number, on_stop);
    if (wanted && getpid() == owner)
        take_mode();
}

void terminal_listen(void)
{
    struct sigaction action = { .sa_handler = on_usr1 };

    sigaction(SIGUSR1, &action, NULL);
}

void terminal_take(void)
{
    struct sigaction old;

    if (!isatty(STDIN_FILENO) || taken)
        return;
    owner  = getpid();
    wanted = 1;
    take_mode();
    for (size_t i = 0; i < FATAL; i++)
        if (sigaction(fatal[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            signal(fatal[i], on_fatal);
    stops = sigaction(SIGTSTP, NULL, &old) == 0 && old.sa_handler == SIG_DFL;
    if (stops)
        signal(SIGTSTP, on_stop);
}

void terminal_give_back(void)
{
    if (!wanted)
        return;
    wanted = 0;
    if (stops)
        signal(SIGTSTP, SIG_DFL);
    put_back();
}

int terminal_keys(void)
{
    return taken ? STDIN_FILENO : -1;
}

bool terminal_asked(void)
{
    struct pollfd terminal = { .fd = STDIN_FILENO, .events = POLLIN };
    char          keys[64];
    bool          yes = asked != 0;

    asked = 0;
    if (taken && poll(&terminal, 1, 0) > 0 && (terminal.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        taken = 0; /* it has gone: there is nothing to give back */
    /* With VMIN 0, reading does not wait. */
    for (ssize_t got = taken ? read(STDIN_FILENO, keys, sizeof keys) : 0; got > 0; got = read(STDIN_FILENO, keys, sizeof keys))
        for (ssize_t i = 0; i < got; i++)
            yes = yes || keys[i] == ' ' || keys[i] == '\n' || keys[i] == '\r' || keys[i] == 's';
    return yes;
}

void terminal_line_stands(bool stands)
{
    line_stands = stands;
}
