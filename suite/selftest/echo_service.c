#include "echo_service.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "lab/link.h"
#include "selftest.h"

void loopback_up(void)
{
    struct error error  = { "" };
    int          socket = link_socket(&error);

    ck_assert_msg(socket >= 0 && link_up(socket, "lo", &error), "%s", error.sentence);
    /* Checksums cannot be left to loopback, the rest of it can. */
    link_offloads_off(socket, "lo", &error);
    close(socket);
}

pid_t echo_start(uint16_t port)
{
    int   ready[2];
    char  octet;
    pid_t parent = getpid();

    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();

    if (pid == 0) {
        static struct call_reply reply;
        struct agent            *agent = agent_new(NULL);
        struct call_request      open  = { .kind = CALL_PASSIVE_OPEN, .port = port, .address = { .family = 4 } };
        struct call_request      serve = { .kind = CALL_SERVE, .service = SERVICE_ECHO };

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        agent_call(agent, &open, &reply);
        serve.handle = reply.handle;
        agent_call(agent, &serve, &reply);
        if (getppid() != parent || reply.result != CALL_OK || write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            agent_poll(agent, -1, -1);
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &octet, 1), 1);
    close(ready[0]);
    return pid;
}

void echo_stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
