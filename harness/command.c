/* command.c: the helper never holds a privilege while a command runs, and a command can gain none: capabilities are dropped
 * with the bounding set and no_new_privs. A command that leaves a process behind (a target started in the background) has ended
 * when its shell has; what that process prints later is read and forgotten. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "privilege.h"

enum { LOOK_MS = 20, PIPES_MAX = 16 };

struct answer {
    int      status; /* of waitpid */
    unsigned limit_ms;
    bool     overran, unstarted;
    size_t   count;
    char     output[COMMAND_OUTPUT_OCTETS]; /* the end of what it printed */
};

/* In the helper. */
struct helping {
    const char *line;
    unsigned    limit_ms;
    int         channel;
    int         pipes[PIPES_MAX]; /* of commands that have ended and may have left somebody who prints */
    unsigned    pipe_count;
};

/* A request: a run by the helper itself, or, with a channel of its own that comes along, one beside it. */
struct asking {
    char settings[COMMAND_SETTINGS_OCTETS + 1];
    int  channel; /* -1: none came */
};

/* ---- in the helper ---------------------------------------------------------------------------------------------------- */

static bool read_id(const char *name, unsigned long *id)
{
    const char *text = getenv(name);
    char       *end;

    if (text == NULL || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *id   = strtoul(text, &end, 10);
    return errno == 0 && *end == '\0' && *id > 0 && *id < 0xffffffff;
}

/* Whom sudo made root is still who runs the commands. */
static bool become_caller(void)
{
    unsigned long user, group;

    if (geteuid() != 0 || !read_id("SUDO_UID", &user) || !read_id("SUDO_GID", &group))
        return true;
    return setgroups(0, NULL) == 0 && setgid((gid_t)group) == 0 && setuid((uid_t)user) == 0;
}

static void keep_end(struct answer *answer, const char *octets, size_t count)
{
    if (count > sizeof answer->output - answer->count) {
        size_t less = answer->count + count - sizeof answer->output;

        less = less < answer->count ? less : answer->count;
        memmove(answer->output, answer->output + less, answer->count - less);
        answer->count -= less;
    }
    if (count > sizeof answer->output) {
        octets += count - sizeof answer->output;
        count = sizeof answer->output;
    }
    memcpy(answer->output + answer->count, octets, count);
    answer->count += count;
}

/* Reads what there is; false at the end. */
static bool drain(int fd, struct answer *answer)
{
    char octets[4096];

    for (;;) {
        ssize_t got = read(fd, octets, sizeof octets);

        if (got > 0 && answer != NULL)
            keep_end(answer, octets, (size_t)got);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
    }
}

_Noreturn static void be_command(const char *line, int output)
{
    int nothing = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    dup2(nothing, 0);
    dup2(output, 1);
    dup2(output, 2);
    close_range(3, ~0u, 0);
    execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(127);
}

/* Waits for the command to end; kills it with all that it started when its time is over or nobody asks any more. false when
 * there is nobody to answer. */
static bool await(const struct helping *helping, pid_t pid, int output, struct answer *answer)
{
    uint64_t end   = monotonic_ms() + helping->limit_ms;
    bool     asked = true;

    while (waitpid(pid, &answer->status, WNOHANG) == 0) {
        struct pollfd fds[] = { { .fd = output, .events = POLLIN }, { .fd = helping->channel, .events = POLLIN } };

        poll(fds, 2, LOOK_MS);
        if (!drain(output, answer))
            poll(NULL, 0, LOOK_MS);
        asked           = (fds[1].revents & POLLHUP) == 0;
        answer->overran = monotonic_ms() >= end;
        if (asked && !answer->overran)
            continue;
        kill(-pid, SIGKILL);
        kill(pid, SIGKILL);
        while (waitpid(pid, &answer->status, 0) < 0 && errno == EINTR)
            continue;
        break;
    }
    drain(output, answer);
    return asked;
}

static bool run_once(struct helping *helping)
{
    static struct answer answer;
    int                  ends[2];

    answer = (struct answer){ .unstarted = true, .limit_ms = helping->limit_ms };
    if (helping->pipe_count < PIPES_MAX && pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
        pid_t pid = fork();

        if (pid == 0) {
            fcntl(ends[1], F_SETFL, 0);
            be_command(helping->line, ends[1]);
        }
        close(ends[1]);
        answer.unstarted                      = pid < 0;
        helping->pipes[helping->pipe_count++] = ends[0];
        if (pid > 0 && !await(helping, pid, ends[0], &answer))
            return false;
    }
    return send(helping->channel, &answer, sizeof answer, MSG_NOSIGNAL) == (ssize_t)sizeof answer;
}

/* In a process that the helper forked for one run beside others. */
_Noreturn static void run_beside(const struct helping *helping, struct asking *asking)
{
    struct helping beside = { .line = helping->line, .limit_ms = helping->limit_ms, .channel = asking->channel };
    char          *rest;

    close(helping->channel);
    for (char *setting = strtok_r(asking->settings, "\n", &rest); setting != NULL; setting = strtok_r(NULL, "\n", &rest))
        putenv(setting);
    run_once(&beside);
    _exit(0);
}

static bool take_asking(int channel, struct asking *asking)
{
    union {
        struct cmsghdr head;
        char           room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec  part    = { .iov_base = asking->settings, .iov_len = COMMAND_SETTINGS_OCTETS };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room
    };
    ssize_t got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);

    if (got <= 0)
        return false;
    asking->settings[got]      = '\0';
    asking->channel            = -1;
    const struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

    if (cmsg != NULL && cmsg->cmsg_type == SCM_RIGHTS)
        memcpy(&asking->channel, CMSG_DATA(cmsg), sizeof asking->channel);
    return true;
}

/* false when there is nobody to answer any more. */
static bool serve_asking(struct helping *helping)
{
    struct asking asking;

    if (!take_asking(helping->channel, &asking))
        return false;
    if (asking.channel < 0)
        return run_once(helping);
    if (fork() == 0)
        run_beside(helping, &asking);
    close(asking.channel);
    return true;
}

static void forget_pipe(struct helping *helping, unsigned index)
{
    close(helping->pipes[index]);
    helping->pipes[index] = helping->pipes[--helping->pipe_count];
}

_Noreturn static void help(struct helping *helping)
{
    struct error error;

    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    if (!become_caller() || !drop_privilege(&error))
        _exit(1);
    for (;;) {
        struct pollfd fds[1 + PIPES_MAX] = { { .fd = helping->channel, .events = POLLIN } };

        for (unsigned i = 0; i < helping->pipe_count; i++)
            fds[1 + i] = (struct pollfd){ .fd = helping->pipes[i], .events = POLLIN };
        if (poll(fds, 1 + helping->pipe_count, -1) < 0 && errno != EINTR)
            _exit(1);
        for (unsigned i = helping->pipe_count; i-- > 0;)
            if (fds[1 + i].revents != 0 && !drain(helping->pipes[i], NULL))
                forget_pipe(helping, i);
        if (fds[0].revents != 0 && !serve_asking(helping))
            _exit(0);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue; /* who ran one beside */
    }
}

/* ---- in the program --------------------------------------------------------------------------------------------------- */

bool command_open(struct command *command, const char *line, const char *target, unsigned limit_ms, struct error *error)
{
    int ends[2];

    *command = (struct command){ .channel = -1 };
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return error_set(error, "no channel to a helper for commands: %s", strerror(errno));
    command->helper = fork();
    if (command->helper == 0) {
        struct helping helping = { .line = line, .limit_ms = limit_ms, .channel = ends[1] };

        close(ends[0]);
        setenv("TCPROVE_TARGET", target, 1);
        help(&helping);
    }
    int number = errno;

    close(ends[1]);
    command->channel = ends[0];
    if (command->helper > 0)
        return true;
    close(ends[0]);
    *command = (struct command){ .channel = -1 };
    return error_set(error, "no process for commands: %s", strerror(number));
}

void command_close(struct command *command)
{
    if (command->channel >= 0)
        close(command->channel);
    while (command->helper > 0 && waitpid(command->helper, NULL, 0) < 0 && errno == EINTR)
        continue;
    *command = (struct command){ .channel = -1 };
}

bool command_ask(const struct command *command, struct error *error)
{
    if (send(command->channel, "", 1, MSG_NOSIGNAL) == 1)
        return true;
    return error_set(error, "the helper that runs commands has ended");
}

static bool send_channel(const struct command *command, const char *settings, int channel)
{
    union {
        struct cmsghdr head;
        char           room[CMSG_SPACE(sizeof(int))];
    } control             = { .room = { 0 } };
    struct iovec  part    = { .iov_base = (char *)settings, .iov_len = strlen(settings) };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room
    };

    control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.head), &channel, sizeof channel);
    return sendmsg(command->channel, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

bool command_run_beside(const struct command *command, const char *settings, struct command *run, struct error *error)
{
    int ends[2];

    *run = (struct command){ .channel = -1 };
    if (strlen(settings) == 0 || strlen(settings) > COMMAND_SETTINGS_OCTETS)
        return error_set(error, "a command's settings take 1 to %d octets", COMMAND_SETTINGS_OCTETS);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return error_set(error, "no channel to a helper for commands: %s", strerror(errno));
    bool sent = send_channel(command, settings, ends[1]);

    close(ends[1]);
    run->channel = ends[0];
    if (sent)
        return true;
    command_close(run);
    return error_set(error, "the helper that runs commands has ended");
}

bool command_has_ended(const struct command *command)
{
    return poll(&(struct pollfd){ .fd = command->channel, .events = POLLIN }, 1, 0) > 0;
}

/* What was printed, as the end of a sentence: printable, on one line. */
static void append_output(struct error *error, struct answer *answer)
{
    size_t used = strlen(error->sentence);
    size_t room = sizeof error->sentence - used;

    while (answer->count > 0 && answer->output[answer->count - 1] == '\n')
        answer->count--;
    if (answer->count == 0 || room < 8)
        return;
    size_t shown = answer->count < room - 3 ? answer->count : room - 3;

    for (size_t i = answer->count - shown; i < answer->count; i++)
        if (answer->output[i] < ' ' || answer->output[i] > 126)
            answer->output[i] = answer->output[i] == '\n' ? '|' : '?';
    snprintf(error->sentence + used, room, ": %.*s", (int)shown, answer->output + answer->count - shown);
}

/* 0: none. A shell's words for the death of what it started are taken for its own. */
static int signal_of(int status)
{
    if (WIFSIGNALED(status))
        return WTERMSIG(status);
    return WEXITSTATUS(status) > 128 && WEXITSTATUS(status) <= 128 + SIGRTMAX ? WEXITSTATUS(status) - 128 : 0;
}

enum command_end command_end(const struct command *command, struct error *error)
{
    static struct answer answer;
    ssize_t              got;

    error->sentence[0] = '\0';
    do
        got = recv(command->channel, &answer, sizeof answer, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof answer)
        error_set(error, "the helper that runs commands has ended");
    else if (answer.unstarted)
        error_set(error, "it could not be started");
    if (error->sentence[0] != '\0')
        return COMMAND_FAILED;
    if (answer.overran)
        error_set(error, "it took longer than %.3g s and was stopped", answer.limit_ms / 1000.0);
    else if (WIFSIGNALED(answer.status))
        error_set(error, "it died of signal %d", WTERMSIG(answer.status));
    else if (WEXITSTATUS(answer.status) != 0)
        error_set(error, "it ended with status %d", WEXITSTATUS(answer.status));
    else
        return COMMAND_GOOD;
    append_output(error, &answer);
    return signal_of(answer.status) != 0 && signal_of(answer.status) != SIGPIPE ? COMMAND_KILLED : COMMAND_FAILED;
}

bool command_answer(const struct command *command, struct error *error)
{
    return command_end(command, error) == COMMAND_GOOD;
}
