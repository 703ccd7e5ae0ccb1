/* rootless.c: the program with no more than it needs: as an ordinary user in a user namespace, as rootless containers are, and
 * as root with the capabilities that a container is given. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "echo_service.h"
#include "lab/namespace.h"
#include "selftest.h"

enum { NOBODY = 65534, PORT = 7007 };

#define CASES "handshake/passive sequence/in-order rst/exact/established checksum/data"

static char folder[64], output[1 << 18];

/* A folder that everybody may read, with the program in it. */
static void make_folder(void)
{
    const char *named = getenv("TCPROVE");
    char        command[400];

    snprintf(folder, sizeof folder, "/tmp/tcprove-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(command, sizeof command, "cp '%s' %s/tcprove && chmod 755 %s %s/tcprove", named != NULL ? named : "build/tcprove",
             folder, folder, folder);
    ck_assert_int_eq(system(command), 0);
    snprintf(command, sizeof command, "%s/tcprove", folder);
    setenv("T", command, 1);
}

static void drop_folder(void)
{
    char command[100];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static int run_line(const char *line)
{
    char command[1000];

    snprintf(command, sizeof command, "{ %s\n} 2>&1 </dev/null", line);
    FILE *pipe = popen(command, "re");

    ck_assert_ptr_nonnull(pipe);
    output[fread(output, 1, sizeof output - 1, pipe)] = '\0';
    int status                                        = pclose(pipe);

    ck_assert_msg(WIFEXITED(status), "%s: signal %d\n%s", line, WTERMSIG(status), output);
    return WEXITSTATUS(status);
}

static bool write_file(const char *path, const char *text)
{
    int  fd   = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return good;
}

/* What `unshare -rUn` does, and rootless podman: an ordinary user becomes root of a namespace of its own, and there only. */
static bool become_root_of_nothing(void)
{
    char map[40];

    if (geteuid() == 0)
        ck_assert(chown(folder, NOBODY, NOBODY) == 0 && setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    /* Who changed its user is no owner of its own /proc, unless it says so. */
    prctl(PR_SET_DUMPABLE, 1);
    uid_t user  = getuid();
    gid_t group = getgid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        printf("rootless: skipped: no user namespaces here: %s\n", strerror(errno));
        return false;
    }
    ck_assert(write_file("/proc/self/setgroups", "deny"));
    snprintf(map, sizeof map, "0 %u 1", (unsigned)user);
    ck_assert(write_file("/proc/self/uid_map", map));
    snprintf(map, sizeof map, "0 %u 1", (unsigned)group);
    ck_assert(write_file("/proc/self/gid_map", map));
    return true;
}

START_TEST(in_a_user_namespace)
{
    if (!become_root_of_nothing())
        return;
    loopback_up();
    pid_t echo   = echo_start(PORT);
    int   status = run_line("$T run 127.0.0.1:7007 --service echo " CASES);

    ck_assert_msg(status == 0, "exit %d\n%s", status, output);
    status = run_line("$T run linux handshake/passive fin/received");
    ck_assert_msg(status == 0, "exit %d\n%s", status, output);
    echo_stop(echo);
}
END_TEST

/* `docker run --cap-drop ALL --cap-add NET_RAW`: root by name, and nothing else. */
START_TEST(with_one_capability)
{
    struct error error;

    if (geteuid() != 0 || run_line("setpriv --version") != 0 || !namespace_new(&error)) {
        printf("rootless: skipped: this needs root and setpriv\n");
        return;
    }
    loopback_up();
    pid_t echo   = echo_start(PORT);
    int   status = run_line("setpriv --bounding-set=-all,+net_raw $T run 127.0.0.1:7007 --service echo " CASES);

    ck_assert_msg(status == 0, "exit %d\n%s", status, output);
    status = run_line("setpriv --bounding-set=-all $T run 127.0.0.1:7007 --service echo " CASES);
    ck_assert_msg(status == 3, "exit %d\n%s", status, output);
    ck_assert_ptr_nonnull(strstr(output, "cap_net_raw"));
    echo_stop(echo);
}
END_TEST

SUITE(rootless)
{
    Suite *suite = suite_create("rootless");
    TCase *tests = tcase_create("no more than it needs");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_folder, drop_folder);
    tcase_add_test(tests, in_a_user_namespace);
    tcase_add_test(tests, with_one_capability);
    suite_add_tcase(suite, tests);
    return suite;
}
