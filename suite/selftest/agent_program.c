/* agent_program.c: the program tcprove-agent as its users start it: what it says and refuses, as whom it runs, and that it
 * sleeps while nobody speaks to it. $TCPROVE names the program beside it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/namespace.h"
#include "program_rig.h"
#include "selftest.h"

enum { NOBODY = 65534, LINE = 2000, REPLY_OCTETS = 22, PATIENCE_MS = 20000 };

/* ---- the command line ------------------------------------------------------------------------------------------------- */

static const struct {
    const char *line;
    int         status;
    const char *says;
} usages[] = {
    { "${T}-agent --help", 0, "It needs no privilege" },
    { "${T}-agent --version", 0, "tcprove-agent " },
    { "${T}-agent 192.0.2.1", 2, "\"192.0.2.1\" is no option" },
    { "${T}-agent --bind 127.0.0.1 --bind ::1", 2, "--bind is given twice: start another agent for another address" },
    { "${T}-agent --bind here", 2, "--bind takes an address of this host, not \"here\"" },
    { "${T}-agent --bind [::1]7", 2, "--bind takes ADDRESS[:PORT] or [V6]:PORT" },
    { "${T}-agent --bind 127.0.0.1:70000", 2, "a port is a number up to 65535" },
    { "${T}-agent --bind 192.0.2.99", 3, "UDP port 30700 of 192.0.2.99 cannot be taken" },
    { "${T}-agent --allow 192.0.2.0/33", 2, "the bits of a network are 0 to 32" },
    { "${T}-agent --allow everybody", 2, "\"everybody\" is no address" },
    { "${T}-agent --serve chat", 2, "--serve takes echo, discard, chargen, daytime or http" },
    { "${T}-agent --serve echo=0", 2, "a port is a number from 1 to 65535" },
    { "${T}-agent --service-id 1 --service-id 2", 2, "--service-id is given twice" },
    { "${T}-agent --service-id 65536", 2, "--service-id is a number up to 0xFFFF" },
};

START_TEST(usage)
{
    int status = program_shell(usages[_i].line);

    ck_assert_msg(status == usages[_i].status, "%s: exit %d\n%s", usages[_i].line, status, program_output);
    ck_assert_msg(strstr(program_output, usages[_i].says) != NULL, "%s: %s", usages[_i].line, program_output);
}
END_TEST

/* ---- an agent that runs ----------------------------------------------------------------------------------------------- */

struct running {
    pid_t    process;
    FILE    *says, *complains; /* its standard output and error */
    uint16_t port;
};

/* Who it is: this process, an ordinary user without any capability, or one that a set-uid file would make of an ordinary user.
 */
enum user { AS_WE_ARE, AS_NOBODY, AS_IF_SET_UID };

static void become(enum user user)
{
    uid_t effective = user == AS_IF_SET_UID ? 0 : NOBODY;

    if (user == AS_WE_ARE || geteuid() != 0)
        return;
    if (user == AS_NOBODY && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0))
        _exit(90);
    if (setresuid(NOBODY, effective, effective) != 0)
        _exit(91);
}

static struct running start(enum user user, const char *bind, const char *allow)
{
    char           path[1000];
    int            says[2], complains[2];
    const char    *named   = getenv("TCPROVE");
    struct running running = { 0 };
    pid_t          parent  = getpid();

    snprintf(path, sizeof path, "%s-agent", named != NULL ? named : "build/tcprove");
    int   program     = open(path, O_RDONLY | O_CLOEXEC); /* where an ordinary user may not look */
    char *arguments[] = {
        path, (char *)(uintptr_t) "--bind", (char *)(uintptr_t)bind, (char *)(uintptr_t) "--allow", (char *)(uintptr_t)allow,
        NULL
    };

    ck_assert_msg(program >= 0 && pipe(says) == 0 && pipe(complains) == 0, "%s", path);
    running.process = fork();
    if (running.process == 0) {
        become(user);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent && dup2(says[1], STDOUT_FILENO) >= 0 && dup2(complains[1], STDERR_FILENO) >= 0)
            fexecve(program, arguments, environ);
        _exit(92);
    }
    close(program);
    close(says[1]);
    close(complains[1]);
    running.says      = fdopen(says[0], "r");
    running.complains = fdopen(complains[0], "r");
    return running;
}

/* Its first words tell the port. */
static void wait_until_it_listens(struct running *running)
{
    char     line[LINE] = "";
    unsigned port       = 0;

    ck_assert_ptr_nonnull(fgets(line, sizeof line, running->says));
    ck_assert_msg(sscanf(line, "tcprove-agent: UDP port %u of", &port) == 1, "%s", line);
    running->port = (uint16_t)port;
}

/* Its exit status; what it complained of is in program_output. */
static int end(struct running *running)
{
    int status;

    kill(running->process, SIGTERM);
    ck_assert_int_eq(waitpid(running->process, &status, 0), running->process);
    size_t count = fread(program_output, 1, LINE, running->complains);

    program_output[count] = '\0';
    fclose(running->says);
    fclose(running->complains);
    ck_assert_msg(WIFEXITED(status), "signal %d: %s", WTERMSIG(status), program_output);
    return WEXITSTATUS(status);
}

static int speaker_to(const char *address, uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    int                fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(inet_pton(AF_INET, address, &to.sin_addr), 1);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void ask_version(int fd)
{
    static const uint8_t get_version[] = { 1, 5, 0, 1, 0, 0, 0, 8, 0, 0, 0, 1, 1, 1, 0, 0 };

    ck_assert_int_eq(send(fd, get_version, sizeof get_version, 0), sizeof get_version);
}

static void assert_it_answers(const struct running *running)
{
    uint8_t reply[100];
    int     fd = speaker_to("127.0.0.1", running->port);

    ask_version(fd);
    ck_assert_int_eq(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, PATIENCE_MS), 1);
    ck_assert_int_eq(recv(fd, reply, sizeof reply, 0), REPLY_OCTETS);
    close(fd);
}

/* What stands behind the first name that begins so in /proc/PID/status. */
static const char *status_of(const struct running *running, const char *name, char line[LINE])
{
    char  path[60];
    FILE *file;
    bool  found = false;

    snprintf(path, sizeof path, "/proc/%d/status", (int)running->process);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (!found && fgets(line, LINE, file) != NULL)
        found = strncmp(line, name, strlen(name)) == 0;
    fclose(file);
    ck_assert_msg(found, "%s has no %s", path, name);
    return strchr(line, ':') + 2;
}

static unsigned long long number_of(const struct running *running, const char *name, int base)
{
    char line[LINE];

    return strtoull(status_of(running, name, line), NULL, base);
}

START_TEST(runs_as_an_ordinary_user)
{
    struct running running = start(AS_NOBODY, "127.0.0.1:0", "192.0.2.1");

    wait_until_it_listens(&running);
    if (geteuid() == 0)
        ck_assert_uint_eq(number_of(&running, "Uid", 10), NOBODY);
    ck_assert_uint_ne(number_of(&running, "Uid", 10), 0);
    ck_assert_uint_eq(number_of(&running, "CapPrm", 16), 0);
    ck_assert_uint_eq(number_of(&running, "CapEff", 16), 0);
    assert_it_answers(&running);
    ck_assert_int_eq(end(&running), 0);
    ck_assert_str_eq(program_output, "");
}
END_TEST

START_TEST(refuses_a_privilege_from_its_file)
{
    if (geteuid() != 0) {
        printf("agent_program: skipped: only root can start it as a set-uid file would\n");
        return;
    }
    struct running running = start(AS_IF_SET_UID, "127.0.0.1:0", "192.0.2.1");
    char           line[LINE];

    ck_assert_ptr_null(fgets(line, sizeof line, running.says)); /* it has ended by itself */
    ck_assert_int_eq(end(&running), 3);
    ck_assert_msg(strstr(program_output, "chmod u-s,g-s or setcap -r") != NULL, "%s", program_output);
}
END_TEST

/* Whoever waits with a limit wakes when it has passed. */
START_TEST(sleeps_while_nobody_speaks)
{
    char           line[LINE];
    struct running running = start(AS_WE_ARE, "127.0.0.1:0", "192.0.2.1");

    wait_until_it_listens(&running);
    assert_it_answers(&running);
    while (*status_of(&running, "State", line) != 'S')
        usleep(1000);
    unsigned long long before = number_of(&running, "voluntary_ctxt_switches", 10);

    sleep(1);
    ck_assert_uint_eq(number_of(&running, "voluntary_ctxt_switches", 10), before);
    ck_assert_int_eq(end(&running), 0);
}
END_TEST

START_TEST(everybody_is_warned_of)
{
    static const char *const everybody[] = { "0.0.0.0/0", "::/0" };

    for (size_t i = 0; i < 2; i++) {
        struct running running = start(AS_WE_ARE, "127.0.0.1:0", everybody[i]);

        wait_until_it_listens(&running);
        assert_it_answers(&running); /* it has said all that it says at first */
        ck_assert_int_eq(end(&running), 0);
        ck_assert_msg(strstr(program_output, "/0 lets every host") != NULL, "%s", program_output);
    }
}
END_TEST

/* Nobody of the other family reaches it; and who is named twice is named. */
START_TEST(says_where_nobody_is_served)
{
    ck_assert_int_eq(program_shell("timeout 1 $T-agent --bind 0.0.0.0:0 --allow 2001:db8::1 --allow 2001:db8::1; :"), 0);
    ck_assert_msg(strstr(program_output, "::1/128, 2001:db8::1/128\ntcprove-agent: no tester is served on that address") !=
                      NULL,
                  "%s", program_output);
    ck_assert_int_eq(program_shell("timeout 1 $T-agent --bind 0.0.0.0:0 --allow 192.0.2.1; :"), 0);
    ck_assert_msg(strstr(program_output, "no tester") == NULL, "%s", program_output);
}
END_TEST

/* In a network of its own this host has an address that is no loopback's. */
START_TEST(the_refused_are_told_of_once)
{
    struct error error;

    if (!namespace_new(&error)) {
        printf("agent_program: skipped: %s\n", error.sentence);
        return;
    }
    ck_assert_int_eq(system("ip link set lo up && ip addr add 192.0.2.9/32 dev lo"), 0);
    struct running running = start(AS_WE_ARE, "0.0.0.0:0", "192.0.2.1");

    wait_until_it_listens(&running);
    int fd = speaker_to("192.0.2.9", running.port);

    for (int i = 0; i < 100; i++)
        ask_version(fd);
    assert_it_answers(&running); /* and so has read what came before */
    ck_assert_int_eq(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0), 0);
    close(fd);
    ck_assert_int_eq(end(&running), 0);
    ck_assert_str_eq(program_output, "tcprove-agent: 192.0.2.9 is not allowed to speak to this agent and gets no answer: "
                                     "--allow 192.0.2.9 would\n");
}
END_TEST

SUITE(agent_program)
{
    Suite *suite = suite_create("agent_program");
    TCase *tests = tcase_create("tcprove-agent");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, usage, 0, sizeof usages / sizeof *usages);
    tcase_add_test(tests, runs_as_an_ordinary_user);
    tcase_add_test(tests, refuses_a_privilege_from_its_file);
    tcase_add_test(tests, sleeps_while_nobody_speaks);
    tcase_add_test(tests, everybody_is_warned_of);
    tcase_add_test(tests, says_where_nobody_is_served);
    tcase_add_test(tests, the_refused_are_told_of_once);
    suite_add_tcase(suite, tests);
    return suite;
}
