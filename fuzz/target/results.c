/* results.c: the target `results`: what tcprove reads beside packets. The first octet modulo 4 chooses: results.json (against
 * itself and against a sound one), a baseline, a command line (words ended by line feeds), selectors. What is refused must come
 * with a sentence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "compare.h"
#include "fuzz/target/target.h"
#include "gate.h"
#include "options.h"

enum { TEXT_ROOM = 1 << 14, WORDS_MOST = 64 };

static struct {
    int            given, sound; /* files in memory */
    char           given_path[40], sound_path[40];
    FILE          *nowhere;
    struct catalog catalog;
} world;

static bool fill(int file, const void *octets, size_t count)
{
    return ftruncate(file, 0) == 0 && pwrite(file, octets, count, 0) == (ssize_t)count;
}

static int memory_file(char *path, size_t room)
{
    int file = memfd_create("tcprove", MFD_CLOEXEC);

    snprintf(path, room, "/proc/self/fd/%d", file);
    return file;
}

void fuzz_begin(void)
{
    static const char sound[] = "{\"schema\": 1, \"tool\": {\"name\": \"tcprove\", \"version\": \"0\"}, \"cases\": ["
                                "{\"id\": \"rst/exact\", \"verdict\": \"pass\", \"level\": \"MUST\"},"
                                "{\"id\": \"rst/last-octet\", \"verdict\": \"fail\", \"level\": \"MUST\"}]}";

    json_object_seed(1);
    world.given   = memory_file(world.given_path, sizeof world.given_path);
    world.sound   = memory_file(world.sound_path, sizeof world.sound_path);
    world.nowhere = fopen("/dev/null", "we");
    world.catalog = catalog_open(catalog_groups);
    if (world.given < 0 || world.sound < 0 || world.nowhere == NULL || !fill(world.sound, sound, sizeof sound - 1)) {
        fprintf(stderr, "there are no files in memory here: results needs memfd_create and /proc\n");
        exit(3);
    }
}

static void tell(const char *what)
{
    fprintf(stderr, "results: %s\n", what);
    abort();
}

static void read_results(const uint8_t *octets, size_t count)
{
    struct error error = { 0 };

    if (!fill(world.given, octets, count))
        return;
    if (compare(world.nowhere, world.given_path, world.sound_path, &error) == STATUS_USAGE && error.sentence[0] == '\0')
        tell("results are refused without a sentence");
    error = (struct error){ 0 };
    compare(world.nowhere, world.sound_path, world.given_path, &error);
    if (compare(world.nowhere, world.given_path, world.given_path, &error) == STATUS_VIOLATION)
        tell("results differ from themselves");
}

static void read_baseline(const uint8_t *octets, size_t count)
{
    struct baseline baseline = { 0 };
    struct error    error    = { 0 };

    if (!fill(world.given, octets, count))
        return;
    if (!baseline_read(world.given_path, "reference", &baseline, &error) && error.sentence[0] == '\0')
        tell("a baseline is refused without a sentence");
    baseline_free(&baseline);
}

static void read_options(char *text)
{
    static struct options options;
    char                 *words[WORDS_MOST + 1] = { "tcprove" };
    int                   count                 = 1;
    struct error          error                 = { 0 };

    for (char *rest = text, *word; count < WORDS_MOST && (word = strsep(&rest, "\n")) != NULL;)
        words[count++] = word;
    if (!options_read(count, words, &options, &error) && error.sentence[0] == '\0')
        tell("a command line is refused without a sentence");
}

static void read_selector(const char *text)
{
    size_t picked = 0;

    for (size_t i = 0; i < world.catalog.count; i++)
        picked += selector_picks(text, &world.catalog.at[i]);
    if (picked == 0 && selector_nearest(&world.catalog, text) == NULL)
        tell("there is no word about a selector that picks nothing");
}

void fuzz_one(const uint8_t *octets, size_t count)
{
    char *text;

    if (count < 1 || count > TEXT_ROOM)
        return;
    text = malloc(count);
    if (text == NULL)
        return;
    memcpy(text, octets + 1, count - 1);
    text[count - 1] = '\0';
    switch (octets[0] % 4) {
    case 0:
        read_results(octets + 1, count - 1);
        break;
    case 1:
        read_baseline(octets + 1, count - 1);
        break;
    case 2:
        read_options(text);
        break;
    default:
        read_selector(text);
        break;
    }
    free(text);
}

void fuzz_counts(char *text, size_t room)
{
    (void)room;
    text[0] = '\0';
}
