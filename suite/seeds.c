/* seeds.c: the verb `seeds`: each case of the catalog as a fuzz input, in a file named after it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/input.h"
#include "fuzz/seed.h"
#include "options.h"
#include "replay.h"
#include "selection.h"

/* Every fourth case goes over IPv6 too, and every one that exists there alone. */
enum { IPV6_EACH = 4, SEED_OCTETS = 1 << 16 };

static bool write_seed(const char *folder, const struct entry_of_catalog *entry, bool ipv6, struct error *error)
{
    static struct step steps[SEED_STEPS + 1];
    static uint8_t     octets[SEED_OCTETS];
    char               path[1000], name[100];

    seed_of_case(entry->ladder, entry->each, ipv6, steps);
    if (steps[0].rung == RUNG_END)
        return true;
    size_t count = input_write(steps, octets, sizeof octets, error);

    if (count == 0)
        return false;
    snprintf(name, sizeof name, "%s", entry->id);
    for (char *at = name; *at != '\0'; at++)
        if (*at == '/')
            *at = '.';
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ipv6 ? ".ipv6" : "");
    FILE *file = fopen(path, "wbe");

    if (file == NULL)
        return error_set(error, "%s cannot be written: %s", path, strerror(errno));
    bool whole = fwrite(octets, 1, count, file) == count;

    whole = fclose(file) == 0 && whole;
    return whole || error_set(error, "%s was not written whole", path);
}

enum status seeds(int argc, char **argv)
{
    struct options   options;
    struct selection selection;
    struct error     error;

    if (argc < 2) {
        error_set(&error, "seeds needs a folder: tcprove seeds FOLDER");
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
    bool        good   = status == STATUS_GOOD;

    for (size_t i = 0; good && i < selection.count; i++) {
        const struct entry_of_catalog *entry = selection.at[i];

        if (entry->ladder->family != IPV6_ONLY)
            good = write_seed(argv[1], entry, false, &error);
        if (good && (entry->ladder->family == IPV6_ONLY || (i % IPV6_EACH == 0 && entry->ladder->family != IPV4_ONLY)))
            good = write_seed(argv[1], entry, true, &error);
    }
    selection_close(&selection);
    return good ? STATUS_GOOD : complain(STATUS_ERROR, &error);
}
