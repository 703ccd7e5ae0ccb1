/* entry_afl.c: inputs from AFL++ by shared memory, many in one process; or from the files named on the command line, one after
 * the other, for a look at what a campaign left. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/target/target.h"

enum { FILE_OCTETS = 1 << 20, IN_ONE_PROCESS = 20000 };

static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The counts of this process, added to the file that TCPROVE_FUZZ_COUNTS names. */
static void leave_counts(void)
{
    const char *path = getenv("TCPROVE_FUZZ_COUNTS");
    char        text[200];
    FILE       *file = path != NULL ? fopen(path, "ae") : NULL;

    if (file == NULL)
        return;
    fuzz_counts(text, sizeof text);
    fprintf(file, "%s, %.2f s of CPU\n", text, cpu_seconds());
    fclose(file);
}

static int play_files(int count, char **paths)
{
    static uint8_t octets[FILE_OCTETS];

    for (int i = 0; i < count; i++) {
        FILE *file = fopen(paths[i], "rbe");

        if (file == NULL) {
            perror(paths[i]);
            return 2;
        }
        size_t got = fread(octets, 1, sizeof octets, file);

        fclose(file);
        fprintf(stderr, "%s\n", paths[i]);
        fuzz_one(octets, got);
    }
    return 0;
}

#ifdef TCPROVE_FUZZ_AFL
__AFL_FUZZ_INIT();

int main(int argc, char **argv)
{
    fuzz_begin();
    if (argc > 1)
        return play_files(argc - 1, argv + 1);
    __AFL_INIT();
    const uint8_t *octets = __AFL_FUZZ_TESTCASE_BUF;

    while (__AFL_LOOP(IN_ONE_PROCESS)) {
        size_t count = (size_t)__AFL_FUZZ_TESTCASE_LEN;

        fuzz_one(octets, count);
    }
    leave_counts();
    return 0;
}
#else
int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE...\n", argv[0]);
        return 2;
    }
    fuzz_begin();
    int status = play_files(argc - 1, argv + 1);

    leave_counts();
    return status;
}
#endif
