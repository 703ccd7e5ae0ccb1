/* seeds.c: the verb `seeds`: each case of the catalog, and each ladder that is named, as a fuzz input in a file named after it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/input.h"
#include "fuzz/seed.h"
#include "notation_ladder.h"
#include "options.h"
#include "replay.h"
#include "selection.h"

/* Every fourth case goes over IPv6 too, and every one that exists there alone. */
enum { IPV6_EACH = 4, SEED_OCTETS = 1 << 16 };

static bool write_steps(const char *folder, const char *name, const struct step *steps, struct error *error)
{
    static uint8_t octets[SEED_OCTETS];
    char           path[1000];
    size_t         count = input_write(steps, octets, sizeof octets, error);

    if (count == 0)
        return false;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wbe");

    if (file == NULL)
        return error_set(error, "%s cannot be written: %s", path, strerror(errno));
    bool whole = fwrite(octets, 1, count, file) == count;

    whole = fclose(file) == 0 && whole;
    return whole || error_set(error, "%s was not written whole", path);
}

static bool write_case(const char *folder, const struct entry_of_catalog *entry, bool ipv6, struct error *error)
{
    static struct step steps[SEED_STEPS + 1];
    char               name[120];

    if (seed_of_case(entry->ladder, entry->each, ipv6, steps) == 0)
        return true;
    snprintf(name, sizeof name, "%s%s", entry->id, ipv6 ? ".ipv6" : "");
    for (char *at = name; *at != '\0'; at++)
        if (*at == '/')
            *at = '.';
    return write_steps(folder, name, steps, error);
}

static bool write_catalog(const char *folder, const struct selection *selection, struct error *error)
{
    bool good = true;

    for (size_t i = 0; good && i < selection->count; i++) {
        const struct entry_of_catalog *entry  = selection->at[i];
        enum family                    family = entry->ladder->family;

        if (family != IPV6_ONLY)
            good = write_case(folder, entry, false, error);
        if (good && (family == IPV6_ONLY || (i % IPV6_EACH == 0 && family != IPV4_ONLY)))
            good = write_case(folder, entry, true, error);
    }
    return good;
}

/* A ladder in the words of the notation, from a file. */
static bool write_ladder(const char *folder, const char *path, struct error *error)
{
    static char          text[SEED_OCTETS];
    struct parsed_ladder ladder;
    struct error         why;
    const char          *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    FILE                *file = fopen(path, "re");

    if (file == NULL)
        return error_set(error, "%s cannot be read: %s", path, strerror(errno));
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    if (!notation_ladder_parse(text, &ladder, &why))
        return error_set(error, "%s: %s", path, why.sentence);
    bool good = write_steps(folder, name, ladder.steps, &why);

    notation_ladder_free(&ladder);
    return good || error_set(error, "%s: %s", path, why.sentence);
}

enum status seeds(int argc, char **argv)
{
    struct options   options;
    struct selection selection;
    struct error     error;

    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        printf("tcprove seeds FOLDER [LADDER ...]\n\n"
               "Writes every case of the catalog, and each ladder given as text, into FOLDER as\n"
               "an input of the fuzzer.\n");
        return STATUS_GOOD;
    }
    if (argc >= 2 && argv[1][0] == '-') {
        error_set(&error, "unknown option \"%s\": tcprove seeds FOLDER [LADDER ...]; ./%s is a folder", argv[1], argv[1]);
        return complain(STATUS_USAGE, &error);
    }
    if (argc < 2) {
        error_set(&error, "seeds needs a folder: tcprove seeds FOLDER [LADDER...]");
        return complain(STATUS_USAGE, &error);
    }
    char *words[] = { argv[0], (char[]){ "list" }, NULL };

    if (!options_read(2, words, &options, &error))
        return complain(STATUS_ERROR, &error);
    if (mkdir(argv[1], 0777) != 0 && errno != EEXIST) {
        error_set(&error, "%s cannot be made: %s", argv[1], strerror(errno));
        return complain(STATUS_USAGE, &error);
    }
    enum status status = selection_open(&options, TO_READ, &selection, &error);
    bool        good   = status == STATUS_GOOD && write_catalog(argv[1], &selection, &error);

    for (int i = 2; good && i < argc; i++)
        good = write_ladder(argv[1], argv[i], &error);
    selection_close(&selection);
    return good ? STATUS_GOOD : complain(STATUS_ERROR, &error);
}
