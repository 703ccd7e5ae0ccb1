#include "lab/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* ---- user namespaces -------------------------------------------------------------------------------------------------- */

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    close(fd);
    return written;
}

/* The number in a file of /proc/sys, or `otherwise` where there is no such file. */
static long read_number(const char *path, long otherwise)
{
    long  number = otherwise;
    FILE *file   = fopen(path, "re");

    if (file == NULL)
        return otherwise;
    if (fscanf(file, "%ld", &number) != 1)
        number = otherwise;
    fclose(file);
    return number;
}

/* Why an ordinary user cannot have a user namespace here, with the command that would help. */
static bool explain_refusal(const char *what, int number, struct error *error)
{
    const char *help = "";

    if (read_number("/proc/sys/kernel/unprivileged_userns_clone", 1) == 0)
        help = ", or allow ordinary users to: sudo sysctl -w kernel.unprivileged_userns_clone=1";
    else if (read_number("/proc/sys/user/max_user_namespaces", 1) == 0)
        help = ", or allow user namespaces: sudo sysctl -w user.max_user_namespaces=10000";
    else if (read_number("/proc/sys/user/max_net_namespaces", 1) == 0)
        help = ", after allowing network namespaces: sudo sysctl -w user.max_net_namespaces=10000";
    else if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 0) == 1)
        help = ", or allow ordinary users to: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
    return error_set(error,
                     "the target linux needs network namespaces, and this user may not make them (%s: %s)."
                     " Run it as root: sudo tcprove run linux%s",
                     what, number == ENOSPC ? "their limit is reached" : strerror(number), help);
}

/* The user keeps his own number inside, so that files stay his. */
static bool map_user(uid_t user, gid_t group)
{
    char users[64], groups[64];

    snprintf(users, sizeof users, "%u %u 1", user, user);
    snprintf(groups, sizeof groups, "%u %u 1", group, group);
    return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/gid_map", groups) &&
           write_file("/proc/self/uid_map", users);
}

static bool become_master_of_a_user_namespace(struct error *error)
{
    uid_t user  = geteuid();
    gid_t group = getegid();

    if (unshare(CLONE_NEWUSER) != 0)
        return explain_refusal("no user namespace", errno, error);
    return map_user(user, group) || explain_refusal("no place in the user namespace", errno, error);
}

/* ---- network namespaces ----------------------------------------------------------------------------------------------- */

bool namespace_new(struct error *error)
{
    if (unshare(CLONE_NEWNET) == 0)
        return true;
    if (errno != EPERM)
        return explain_refusal("no network namespace", errno, error);
    if (!become_master_of_a_user_namespace(error))
        return false;
    return unshare(CLONE_NEWNET) == 0 || explain_refusal("no network namespace", errno, error);
}

int namespace_here(struct error *error)
{
    int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        error_set(error, "/proc/self/ns/net: %s: the target linux needs /proc", strerror(errno));
    return fd;
}

bool namespace_go(int fd, struct error *error)
{
    return setns(fd, CLONE_NEWNET) == 0 || error_set(error, "entering a network namespace: %s", strerror(errno));
}
