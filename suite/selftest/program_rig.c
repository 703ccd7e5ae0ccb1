#include "program_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "selftest.h"

enum { OUTPUT_MAX = 1 << 20 };

char program_output[OUTPUT_MAX];

static const char *program(void)
{
    const char *named = getenv("TCPROVE");

    return named != NULL ? named : "build/tcprove";
}

int program_shell(const char *line)
{
    char   command[2000];
    size_t count = 0;

    snprintf(command, sizeof command, "T='%s'; { %s\n} 2>&1 </dev/null", program(), line);
    FILE *pipe = popen(command, "re");

    ck_assert_ptr_nonnull(pipe);
    for (size_t got; (got = fread(program_output + count, 1, OUTPUT_MAX - 1 - count, pipe)) > 0;)
        count += got;
    program_output[count] = '\0';
    int status            = pclose(pipe);

    ck_assert_msg(WIFEXITED(status), "%s: signal %d\n%s", line, WTERMSIG(status), program_output);
    return WEXITSTATUS(status);
}

static char folder[64];

void program_make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/tcprove-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("D", folder, 1);
}

void program_drop_folder(void)
{
    char command[100];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

json_t *program_results(const char *name)
{
    char         path[128];
    json_error_t error;

    snprintf(path, sizeof path, "%s/%s/results.json", folder, name);
    json_t *root = json_load_file(path, 0, &error);

    ck_assert_msg(root != NULL, "%s: %s", path, error.text);
    return root;
}

void program_says(const char *words)
{
    ck_assert_msg(strstr(program_output, words) != NULL, "it does not say \"%s\":\n%s", words, program_output);
}

const char *program_write(const char *name, const char *text)
{
    static char paths[4][200];
    static int  turn = 0;
    char       *path = paths[turn++ % 4];
    FILE       *file;

    snprintf(path, sizeof paths[0], "%s/%s", getenv("D"), name);
    file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    return path;
}
