#include "replay_rig.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum status play_wish(struct replay_wish *wish)
{
    char path[200];
    int  kept = dup(1), said;

    snprintf(path, sizeof path, "%s/said", getenv("D"));
    fflush(stdout);
    said = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert(kept >= 0 && said >= 0 && dup2(said, 1) == 1);
    enum status status = replay_play_all(wish);

    fflush(stdout);
    ck_assert_int_eq(dup2(kept, 1), 1);
    close(kept);
    close(said);
    ck_assert_int_eq(program_shell("cat $D/said"), 0);
    return status;
}
