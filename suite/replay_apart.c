/* replay_apart.c: work in a process of its own, so that what makes the TCP crash or loop is told by the one that lives on. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "replay_inside.h"

/* Time is the process's own, so that a busy machine makes no hang; so many times as much may pass on the wall, for what sleeps.
 */
enum { WALL_TIMES = 6 };

void *replay_share(size_t octets)
{
    void *memory = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory != MAP_FAILED ? memory : NULL;
}

void replay_unshare(void *memory, size_t octets)
{
    if (memory != NULL)
        munmap(memory, octets);
}

/* The kernel ends a process that has no handler for these. */
void replay_limit_time(unsigned limit_ms)
{
    unsigned               wall_ms = limit_ms * WALL_TIMES;
    const struct itimerval own     = { .it_value = { limit_ms / 1000, (long)(limit_ms % 1000) * 1000 } };
    const struct itimerval wall    = { .it_value = { wall_ms / 1000, (long)(wall_ms % 1000) * 1000 } };

    signal(SIGPROF, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    setitimer(ITIMER_PROF, &own, NULL);
    setitimer(ITIMER_REAL, &wall, NULL);
}

static void tell_death(int status, unsigned limit_ms, struct death *death)
{
    death->kind  = DEATH_NONE;
    death->cause = status;
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM)) {
        death->kind = DEATH_HANG;
        snprintf(death->sentence, sizeof death->sentence, "it did not come back within %g s", limit_ms / 1000.0);
    } else if (WIFSIGNALED(status)) {
        death->kind = DEATH_CRASH;
        snprintf(death->sentence, sizeof death->sentence, "the TCP ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) != 0) {
        death->kind = DEATH_CRASH;
        snprintf(death->sentence, sizeof death->sentence, "the TCP ended with exit status %d", WEXITSTATUS(status));
    }
}

bool replay_apart(apart_work *work, void *context, unsigned limit_ms, struct death *death, struct error *error)
{
    static const struct rlimit no_core = { 0, 0 };
    int                        status  = 0;
    pid_t                      child;

    fflush(NULL); /* what is written already is not to be written twice */
    child = fork();
    if (child < 0)
        return error_set(error, "no process can be made: %s", strerror(errno));
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setrlimit(RLIMIT_CORE, &no_core);
        replay_limit_time(limit_ms);
        work(context);
        exit(0); /* as a program ends: its coverage is counted then */
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return error_set(error, "the end of a process cannot be seen: %s", strerror(errno));
    tell_death(status, limit_ms, death);
    return true;
}

bool replay_same_death(const struct death *one, const struct death *other)
{
    return one->kind == other->kind && (one->kind != DEATH_CRASH || one->cause == other->cause);
}
