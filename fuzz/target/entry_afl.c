/* entry_afl.c: inputs from AFL++ by shared memory, many in one process; or from the files and folders named on the command
 * line, one after the other, for a look at what a campaign left. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
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
    const char *path      = getenv("TCPROVE_FUZZ_COUNTS");
    char        text[200] = "";
    FILE       *file;

    fuzz_counts(text, sizeof text);
    if (path == NULL || text[0] == '\0' || (file = fopen(path, "ae")) == NULL)
        return;
    fprintf(file, "%s, %.2f s of CPU\n", text, cpu_seconds());
    fclose(file);
}

static int play_file(const char *path)
{
    static uint8_t octets[FILE_OCTETS];
    FILE          *file = fopen(path, "rbe");

    if (file == NULL) {
        perror(path);
        return 2;
    }
    size_t got = fread(octets, 1, sizeof octets, file);

    fclose(file);
    fprintf(stderr, "%s\n", path);
    fuzz_one(octets, got);
    return 0;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_type == DT_REG;
}

/* The files in a folder, by their names. */
static int play_folder(const char *path)
{
    struct dirent **entries;
    int             count = scandir(path, &entries, is_input, alphasort), status = 0;
    char            file[4096];

    if (count < 0) {
        perror(path);
        return 2;
    }
    for (int i = 0; i < count; i++) {
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (status == 0)
            status = play_file(file);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static int play_files(int count, char **paths)
{
    struct stat about;
    int         status = 0;

    for (int i = 0; i < count && status == 0; i++)
        status = stat(paths[i], &about) == 0 && S_ISDIR(about.st_mode) ? play_folder(paths[i]) : play_file(paths[i]);
    return status;
}

static int play_and_count(int count, char **paths)
{
    int status = play_files(count, paths);

    leave_counts();
    return status;
}

/* What was freed is kept from being used again for the inputs that follow, not for hundreds of megabytes: those cost half of
 * the time. Only ASan calls this. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "quarantine_size_mb=4:thread_local_quarantine_size_kb=64";
}

#ifdef TCPROVE_FUZZ_AFL
__AFL_FUZZ_INIT();

int main(int argc, char **argv)
{
    fuzz_begin();
    if (argc > 1)
        return play_and_count(argc - 1, argv + 1);
    prctl(PR_SET_DUMPABLE, 0); /* a core dump that is piped to a program takes so long that AFL++ calls the crash a hang */
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
        fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
        return 2;
    }
    fuzz_begin();
    return play_and_count(argc - 1, argv + 1);
}
#endif
