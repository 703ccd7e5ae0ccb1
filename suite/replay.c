/* replay.c: the verb `replay`: its command line, and the files that it names, one after the other. */
#include "replay.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/target/target.h"
#include "inprocess/inprocess.h"
#include "replay_inside.h"
#include "targets.h"

/* ---- the command line -----------------------------------------------------------------------------------------------------
 */

/* What takes one value takes it once. */
static bool take_value(struct replay_wish *wish, const char *word, const char *value, struct error *error)
{
    bool oracles = word[2] == 'o';

    if (oracles ? wish->oracles_given : word[2] == 'k' ? wish->keep != NULL : wish->pcap != NULL)
        return error_set(error, "%s is given twice: leave one of them out", word);
    if (oracles)
        return (wish->oracles_given = true) && oracles_named(value, &wish->oracles, error);
    if (word[2] == 'p')
        return (wish->pcap = value) != NULL;
    wish->known = wish->file_count;
    return (wish->keep = value) != NULL;
}

static bool read_own_option(struct replay_wish *wish, const char *word, const char *value, bool *took_value,
                            struct error *error)
{
    *took_value = false;
    if (strcmp(word, "--minimize") == 0)
        return wish->minimize = true;
    if (strcmp(word, "--as-case") == 0)
        return wish->as_case = true;
    if (strcmp(word, "--pairs") == 0)
        return wish->pairs = true;
    if (strcmp(word, "--oracles") != 0 && strcmp(word, "--pcap") != 0 && strcmp(word, "--keep") != 0)
        return false;
    *took_value = true;
    if (value == NULL)
        return error_set(error, "%s takes %s", word,
                         word[2] == 'o'   ? "names of oracles"
                         : word[2] == 'k' ? "a folder"
                                          : "a file");
    return take_value(wish, word, value, error);
}

/* What is given and does nothing would be taken to have done something. */
static bool options_fit(const struct replay_wish *wish, struct error *error)
{
    const struct {
        const char *name;
        bool        given;
    } of_reference[] = { { "--minimize", wish->minimize },
                         { "--as-case", wish->as_case },
                         { "--pairs", wish->pairs },
                         { "--keep", wish->keep != NULL },
                         { "--oracles", wish->oracles_given } };
    bool elsewhere   = strcmp(wish->run.target, "reference") != 0;

    for (size_t i = 0; elsewhere && i < sizeof of_reference / sizeof *of_reference; i++)
        if (of_reference[i].given)
            return error_set(error, "%s is for the built-in TCP: leave it out with %s", of_reference[i].name, wish->run.target);
    if (wish->pcap != NULL && wish->file_count != 1)
        return error_set(error, "--pcap takes the segments of one input");
    struct stat about;

    /* It may be the input, or another finding. */
    return wish->pcap == NULL || lstat(wish->pcap, &about) != 0 ||
           error_set(error, "--pcap %s: it exists already: name another, or remove it", wish->pcap);
}

static bool read_words(int argc, char **argv, struct replay_wish *wish, struct error *error)
{
    const char **forward = calloc((size_t)argc + 3, sizeof *forward);
    int          count   = 2;
    const char  *folder  = NULL;

    error->sentence[0] = '\0';
    if (forward == NULL)
        return error_set(error, "out of memory");
    forward[0] = "tcprove";
    forward[1] = "run";
    for (int i = 1; i < argc && error->sentence[0] == '\0'; i++) {
        bool took_value = false;

        if (argv[i][0] == '-' && read_own_option(wish, argv[i], argv[i + 1], &took_value, error))
            i += took_value;
        else if (argv[i][0] == '-')
            forward[count++] = argv[i];
        else if (replay_gather(wish, argv[i], error))
            folder = argv[i];
        else
            forward[count++] = argv[i];
    }
    bool good = error->sentence[0] == '\0' && options_read(count, (char **)(uintptr_t)forward, &wish->run, error);

    /* The words that options_read keeps are argv's. */
    free(forward);
    if (good && wish->run.selector_count > 0)
        return error_set(error, "%s: no such file or folder", wish->run.selectors[0]);
    if (good && wish->file_count == 0 && strcmp(wish->run.target, "reference") != 0)
        return error_set(error, "%s: no such file or folder", wish->run.target);
    if (good && wish->file_count == 0 && folder != NULL)
        return error_set(error, "no fuzz input is in %s", folder);
    if (good && wish->file_count == 0)
        return error_set(error, "replay needs a file: tcprove replay FILE [TARGET], or a folder that AFL++ left");
    return good && options_fit(wish, error);
}

static enum status print_help(void)
{
    printf("tcprove replay FILE... [TARGET] [OPTION ...]\n\n"
           "Plays fuzz inputs and prints each as a ladder, with what happened beside its\n"
           "steps and the oracle that spoke. FILE is what AFL++ left, a folder of it (of a\n"
           "campaign's, what is in queue/, crashes/ and hangs/), or a ladder as text. Inputs\n"
           "of the fuzz targets frame and datagrams are known by their campaign's folder or\n"
           "by corpus/NAME/. TARGET is reference (the default), linux or a host, with the\n"
           "options that tcprove run has for them; there the referee alone judges.\n\n"
           "  --minimize      write a smaller input that has the same finding, FILE.min; of what\n"
           "                  AFL++ left, into minimized/ beside its crashes/ (ladders and frames)\n"
           "  --as-case       print the input as an entry for a table in cases/\n"
           "  --pcap FILE     write the segments into a new file\n"
           "  --pairs         print how many inputs bring each state to meet each event\n"
           "  --keep FOLDER   write small ladders into FOLDER that reach pairs of a state and\n"
           "                  an event which the inputs named before this option do not,\n"
           "                  made from those named behind it\n"
           "  -v              what each event cost, in edges of code, and how much it may\n"
           "  --oracles LIST  invariants, referee, stream, work, memory, rest; all (the\n"
           "                  default) or none\n\n"
           "A crash and a hang (5 s) of the built-in TCP are findings too.\n"
           "Exit status: 0 no finding, 1 a finding, 2 usage, 3 the target cannot be used,\n"
           "5 an input could not be played to its end on TARGET, or a file not be written.\n");
    return STATUS_GOOD;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* A target on a wire gives up its privileges for good when it is opened: each file has a process of its own. */
static enum status play_on_target(const struct replay_wish *wish, const struct replay_file *file)
{
    int   status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child < 0)
        return STATUS_ERROR;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* and what it has made dies with it */
        enum status own = replay_on_target(wish, file);

        fflush(stdout);
        _exit((int)own);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? (enum status)WEXITSTATUS(status) : STATUS_ERROR;
}

/* What is wished that inputs of other fuzz targets are not fit for; NULL: nothing. */
static const char *takes_ladders(const struct replay_wish *wish)
{
    if (strcmp(wish->run.target, "reference") != 0)
        return wish->run.target;
    return wish->as_case ? "--as-case" : NULL;
}

static enum status play_file(const struct replay_wish *wish, struct stage *stage, struct replay_file *file)
{
    if (strcmp(wish->run.target, "reference") != 0)
        return play_on_target(wish, file);
    if (file->made != MADE_DATAGRAMS)
        return replay_play_one(wish, stage, file);
    if (wish->pcap == NULL && !wish->minimize)
        return replay_play_datagrams(wish, file);
    struct error error;

    error_set(&error, "%s is of datagrams to the agent, and %s", file->path,
              wish->minimize ? "--minimize takes ladders and frames" : "--pcap takes segments");
    return complain(STATUS_USAGE, &error);
}

/* Of what the files are that cannot be played, it is enough to be told once. */
struct unplayed {
    size_t count;
    bool   told[MADES];
};

static void tell_unplayed(struct unplayed *unplayed, const struct replay_file *file, const struct error *error)
{
    unplayed->count++;
    if (file->made == MADES || !unplayed->told[file->made])
        complain(STATUS_USAGE, error);
    if (file->made != MADES)
        unplayed->told[file->made] = true;
}

/* Entries of a table in cases/ have to stand alone. */
static void tell_all(const struct replay_wish *wish, size_t found, size_t unplayed)
{
    FILE *out = wish->as_case ? stderr : stdout;

    fprintf(out, "%zu inputs, %zu finding%s%s", wish->file_count, found, found == 1 ? "" : "s",
            wish->minimize && found == 0 ? ": there is nothing to minimize" : "");
    if (unplayed > 0)
        fprintf(out, "; %zu of them %s not played", unplayed, unplayed == 1 ? "was" : "were");
    fprintf(out, "\n");
}

static enum status play_each(const struct replay_wish *wish, struct stage *stage, struct replay_file *file)
{
    enum status     status      = STATUS_GOOD;
    size_t          found       = 0;
    struct unplayed unplayed    = { 0 };
    const char     *ladders_for = takes_ladders(wish);
    struct error    error;

    for (size_t i = 0; i < wish->file_count; i++) {
        file->path = wish->files[i];
        if (!(ladders_for != NULL ? replay_read_ladder(file, ladders_for, &error) : replay_read_file(file, &error))) {
            status = status == STATUS_ERROR ? status : STATUS_USAGE;
            tell_unplayed(&unplayed, file, &error);
            continue;
        }
        enum status one = play_file(wish, stage, file);

        found += one == STATUS_VIOLATION;
        if (status == STATUS_GOOD || one == STATUS_ERROR)
            status = one;
    }
    if (wish->file_count > 1)
        tell_all(wish, found, unplayed.count);
    return status;
}

enum status replay_play_all(const struct replay_wish *wish)
{
    struct stage       *stage  = stage_open(wish->oracles, work_done);
    struct replay_file *file   = calloc(1, sizeof *file);
    struct input       *input  = calloc(1, sizeof *input);
    struct error        error  = { "out of memory" };
    enum status         status = STATUS_ERROR;

    if (stage == NULL || file == NULL || input == NULL) {
        complain(status, &error);
    } else {
        file->input = input;
        status      = wish->keep != NULL ? replay_keep(wish, stage, file)
                      : wish->pairs      ? replay_print_pairs(wish, stage, file)
                                         : play_each(wish, stage, file);
    }
    if (stage != NULL)
        stage_close(stage);
    free(file);
    free(input);
    return status;
}

enum status replay(int argc, char **argv)
{
    struct replay_wish wish = { .player  = replay_on_stage,
                                .judged  = &target_reference,
                                .oracles = ORACLES_ALL,
                                .files   = calloc(REPLAY_FILES_MOST, sizeof *wish.files) };
    struct error       error;
    enum status        status = STATUS_USAGE;

    if (asks_for_help(argc, argv)) {
        free(wish.files);
        return print_help();
    }
    if (wish.files == NULL)
        return STATUS_ERROR;
    if (read_words(argc, argv, &wish, &error))
        status = replay_play_all(&wish);
    else
        complain(status, &error);
    for (size_t i = 0; i < wish.file_count; i++)
        free((void *)(uintptr_t)wish.files[i]);
    free(wish.files);
    return status;
}
