/* replay_files.c: the files that a command line of `replay` means, what they were inputs of, and what is in them. A file says
 * nothing of the fuzz target that it was made for: the folder that it lies in does. */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "notation_ladder.h"
#include "replay_inside.h"

/* ---- which fuzz target ----------------------------------------------------------------------------------------------------
 */

enum { FOLDERS_UP = 4, BUILD_ID_DIGITS = 12 };

static const char *const made_names[] = {
    [MADE_LADDER] = "ladder",   [MADE_FRAME] = "frame",         [MADE_NOTATION] = "notation",
    [MADE_RESULTS] = "results", [MADE_DATAGRAMS] = "datagrams",
};

const char *replay_made_for(enum made_for made)
{
    return made_names[made];
}

/* A name at the beginning of `text` that `end` is behind; MADES for none. */
static enum made_for made_named(const char *text, char end)
{
    for (size_t i = 0; i < MADES; i++) {
        size_t length = strlen(made_names[i]);

        if (strncmp(text, made_names[i], length) == 0 && text[length] == end)
            return (enum made_for)i;
    }
    return MADES;
}

/* A campaign's folder holds a file that says so, whatever it is called. */
static enum made_for made_in_campaign(const char *folder)
{
    char  path[PATH_MAX + 8], text[100] = "";
    FILE *file;

    snprintf(path, sizeof path, "%s/build", folder);
    file = fopen(path, "re");
    if (file == NULL)
        return MADES;
    if (fgets(text, sizeof text, file) == NULL)
        text[0] = '\0';
    fclose(file);
    return made_named(text, ' ');
}

/* TARGET-BUILD, as campaigns are called, or corpus/TARGET. */
static enum made_for made_by_name(const char *folder)
{
    const char   *slash = strrchr(folder, '/');
    const char   *name  = slash != NULL ? slash + 1 : folder;
    enum made_for made  = made_named(name, '-');

    if (made < MADES) {
        const char *id = name + strlen(made_names[made]) + 1;

        return strlen(id) == BUILD_ID_DIGITS && strspn(id, "0123456789abcdef") == BUILD_ID_DIGITS ? made : MADES;
    }
    made = made_named(name, '\0');
    if (made < MADES && slash != NULL && slash - folder >= 7 && strncmp(slash - 7, "/corpus", 7) == 0)
        return made;
    return MADES;
}

static enum made_for made_for_whom(const char *path)
{
    char *folder = realpath(path, NULL);

    for (int up = 0; folder != NULL && up < FOLDERS_UP; up++) {
        char *slash = strrchr(folder, '/');

        if (slash == NULL || slash == folder)
            break;
        *slash             = '\0';
        enum made_for made = made_in_campaign(folder);

        if (made == MADES)
            made = made_by_name(folder);
        if (made < MADES) {
            free(folder);
            return made;
        }
    }
    free(folder);
    return MADE_LADDER;
}

/* ---- what is in a file ----------------------------------------------------------------------------------------------------
 */

/* Text in the words of the ladder, as a person or `replay` writes it, or some other text: fuzz inputs are no more printable
 * than chance makes them. */
static bool is_text(const uint8_t *octets, size_t count)
{
    size_t mark      = count >= 3 && memcmp(octets, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    size_t printable = mark;

    for (size_t i = mark; i < count; i++)
        printable += octets[i] == '\n' || octets[i] == '\r' || octets[i] == '\t' || (octets[i] >= ' ' && octets[i] < 127);
    return printable > 0 && printable >= count - count / 20;
}

static bool read_notation(struct replay_file *file, struct error *error)
{
    struct parsed_ladder ladder;
    struct error         why;

    file->octets[file->count] = '\0';
    if (strlen((const char *)file->octets) < file->count)
        return error_set(error, "%s is text, and no ladder: octet %zu of it is 0", file->path,
                         strlen((const char *)file->octets) + 1);
    if (!notation_ladder_parse((const char *)file->octets, &ladder, &why))
        return error_set(error, "%s is text, and no ladder: %s", file->path, why.sentence);
    file->count = input_write(ladder.steps, file->octets, sizeof file->octets - 1, &why);
    notation_ladder_free(&ladder);
    return file->count > 0 || error_set(error, "%s: %s", file->path, why.sentence);
}

static bool read_steps(struct replay_file *file, struct error *error)
{
    if (is_text(file->octets, file->count) && !read_notation(file, error))
        return false;
    input_read(file->octets, file->count, file->input);
    if (file->input->count == 0)
        return error_set(error,
                         "%s holds no step of a fuzz input: tcprove replay takes what AFL++ left in crashes/ or queue/,"
                         " or a ladder as text",
                         file->path);
    /* What the octets mean, in their shortest form. */
    file->count = input_write(file->input->steps, file->octets, sizeof file->octets, error);
    return file->count > 0;
}

bool replay_read_file(struct replay_file *file, struct error *error)
{
    FILE *stream = fopen(file->path, "rbe");

    file->made = MADES;
    if (stream == NULL)
        return error_set(error, "%s cannot be read: %s", file->path, strerror(errno));
    file->count = fread(file->octets, 1, sizeof file->octets - 1, stream);
    bool whole  = feof(stream) != 0;

    fclose(stream);
    if (!whole)
        return error_set(error, "%s is longer than a fuzz input can be, %zu octets", file->path, sizeof file->octets - 2);
    file->made = made_for_whom(file->path);
    if (file->made == MADE_NOTATION || file->made == MADE_RESULTS)
        return error_set(error,
                         "%s is an input of the fuzz target %s, and no ladder: make build/fuzz-plain/%s, and"
                         " build/fuzz-plain/%s FILE plays it",
                         file->path, made_names[file->made], made_names[file->made], made_names[file->made]);
    return file->made != MADE_LADDER || read_steps(file, error);
}

bool replay_read_ladder(struct replay_file *file, const char *wanted_for, struct error *error)
{
    return replay_read_file(file, error) &&
           (file->made == MADE_LADDER || error_set(error, "%s is an input of the fuzz target %s, and %s takes ladders",
                                                   file->path, made_names[file->made], wanted_for));
}

/* ---- the files that are meant ---------------------------------------------------------------------------------------------
 */

/* nftw has no context of its own. */
static struct {
    struct replay_wish *wish;
    size_t              root; /* length of the folder's own path */
    bool                afl;  /* it has folders that AFL++ makes */
    struct error       *error;
} gathering;

/* Where AFL++ keeps inputs; it sets a time behind the name when it starts again. */
static bool is_kept_by_afl(const char *name, size_t length)
{
    static const char *const folders[] = { "queue", "crashes", "hangs" };

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        size_t own = strlen(folders[i]);

        if (length >= own && strncmp(name, folders[i], own) == 0 && (length == own || name[own] == '.'))
            return true;
    }
    return false;
}

static bool lies_in_afls(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash;

    while (name > path && name[-1] != '/')
        name--;
    return is_kept_by_afl(name, (size_t)(slash - name));
}

/* AFL++'s folders hold findings, and what was made of one is none. Its name says which folder that was in. */
bool replay_minimized_path(const char *path, char *minimized, size_t room, struct error *error)
{
    char *whole = realpath(path, NULL);
    bool  good  = true;

    if (whole != NULL && lies_in_afls(whole)) {
        char *name = strrchr(whole, '/'), *folder;

        *name   = '\0';
        folder  = strrchr(whole, '/');
        *folder = '\0';
        snprintf(minimized, room, "%s/minimized", whole);
        good = mkdir(minimized, 0777) == 0 || errno == EEXIST ||
               error_set(error, "%s cannot be made: %s", minimized, strerror(errno));
        snprintf(minimized, room, "%s/minimized/%s-%s.min", whole, folder + 1, name + 1);
    } else {
        snprintf(minimized, room, "%s.min", path);
    }
    free(whole);
    return good;
}

static bool is_input(const char *path, const struct FTW *where)
{
    const char              *name     = path + where->base;
    static const char *const others[] = { "README.txt",     "README.md",    "fuzzer_stats", "plot_data",
                                          "cmdline",        "fuzzer_setup", "fuzz_bitmap",  "target_hash",
                                          "fastresume.bin", "is_main_node", "build-id" };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i]) == 0)
            return false;
    return strstr(path + gathering.root, "/.") == NULL;
}

static void add_file(struct replay_wish *wish, const char *path)
{
    if (wish->file_count < REPLAY_FILES_MOST && (wish->files[wish->file_count] = strdup(path)) != NULL)
        wish->file_count++;
}

/* Findings may be in it: the rest is not all. */
static int cannot_be_read(const char *path, struct error *error)
{
    error_set(error, "%s cannot be read, and findings may be in it: let its owner play it, or give you leave (chmod)", path);
    return 1;
}

static int gather(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    if (kind == FTW_D && where->level > 0 && is_kept_by_afl(path + where->base, strlen(path + where->base)))
        gathering.afl = true;
    if (kind == FTW_F && is_input(path, where))
        add_file(gathering.wish, path);
    if (kind == FTW_DNR || kind == FTW_NS)
        return cannot_be_read(path, gathering.error);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of what AFL++ left, its inputs alone: the rest is its own books, logs, and the seeds, which are in queue/ too. */
static void keep_afls(struct replay_wish *wish, size_t first)
{
    size_t left = first;

    for (size_t i = first; i < wish->file_count; i++) {
        if (lies_in_afls(wish->files[i]))
            wish->files[left++] = wish->files[i];
        else
            free((void *)(uintptr_t)wish->files[i]);
    }
    wish->file_count = left;
}

bool replay_gather(struct replay_wish *wish, const char *word, struct error *error)
{
    struct stat about;
    size_t      first = wish->file_count, length = strlen(word);

    if (stat(word, &about) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return false;
    if (stat(word, &about) != 0) {
        error_set(error, "%s cannot be read: %s", word, strerror(errno));
        return true;
    }
    if (S_ISREG(about.st_mode)) {
        add_file(wish, word);
        return true;
    }
    if (!S_ISDIR(about.st_mode)) {
        error_set(error, "%s is neither a file nor a folder", word);
        return true;
    }
    while (length > 1 && word[length - 1] == '/')
        length--;
    gathering.wish  = wish;
    gathering.root  = length;
    gathering.afl   = false;
    gathering.error = error;
    nftw(word, gather, 16, FTW_PHYS);
    if (gathering.afl)
        keep_afls(wish, first);
    qsort(wish->files + first, wish->file_count - first, sizeof *wish->files, by_name);
    return true;
}
