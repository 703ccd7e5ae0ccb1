#include "lwip_rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host_rig.h"
#include "lab/namespace.h"
#include "selftest.h"

enum { PAIR_NUMBER = 6, PATH_OCTETS = 4096 };

static pid_t lwip;

static int new_namespace(void)
{
    struct error error = { "" };

    if (!namespace_new(&error)) {
        printf("lwip: skipped: %s\n", error.sentence);
        return -1;
    }
    int fd = namespace_here(&error);

    ck_assert_msg(fd >= 0, "%s", error.sentence);
    return fd;
}

static void shell_in(int fd, const char *line)
{
    struct error error = { "" };

    ck_assert_msg(namespace_go(fd, &error), "%s", error.sentence);
    ck_assert_msg(system(line) == 0, "%s", line);
}

/* Beside the program under test, wherever that was built. */
static void path_of_lwip_host(char path[PATH_OCTETS])
{
    const char *named = getenv("TCPROVE");
    const char *slash = named != NULL ? strrchr(named, '/') : NULL;

    if (slash != NULL)
        snprintf(path, PATH_OCTETS, "%.*s/lwip-host", (int)(slash - named), named);
    else
        snprintf(path, PATH_OCTETS, "build/lwip-host");
}

/* In the namespace that this process is in. Returns when it listens. */
static void start(unsigned connections_most)
{
    char  path[PATH_OCTETS], most[12], octet;
    int   said[2];
    pid_t parent = getpid();

    path_of_lwip_host(path);
    snprintf(most, sizeof most, "%u", connections_most);
    ck_assert_int_eq(pipe(said), 0);
    lwip = fork();
    if (lwip == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent && dup2(said[1], STDOUT_FILENO) >= 0)
            execl(path, path, "eth0", most, (char *)NULL);
        _exit(1);
    }
    close(said[1]);
    ck_assert_msg(read(said[0], &octet, 1) == 1, "%s does not run", path);
    close(said[0]);
}

bool lwip_rig_enter(unsigned connections_most)
{
    int tester = new_namespace();
    int host   = tester >= 0 ? new_namespace() : -1;

    if (host < 0)
        return false;
    host_rig_make_pair(tester, "eth0", host, "eth0", PAIR_NUMBER);
    shell_in(tester, "set -e; ip link set lo up; ip link set eth0 up; ip addr add 192.0.2.1/24 dev eth0;"
                     "ip addr add 2001:db8::1/64 dev eth0 nodad");
    /* The kernel there has no address and says nothing of its own. */
    shell_in(host, "echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6 && ip link set eth0 up");
    start(connections_most);
    shell_in(tester, ":");
    return true;
}

bool lwip_rig_lives(void)
{
    return waitpid(lwip, NULL, WNOHANG) == 0;
}
