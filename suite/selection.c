#include "selection.h"

#include <stdlib.h>
#include <string.h>

#include "derive.h"

static bool picked_by_any(const char *const *selectors, size_t count, const struct entry_of_catalog *entry)
{
    for (size_t i = 0; i < count; i++)
        if (selector_picks(selectors[i], entry))
            return true;
    return false;
}

static bool each_picks_something(const struct options *options, const struct catalog *catalog, struct error *error)
{
    const char *const *lists[]  = { options->selectors, options->excluded };
    size_t             counts[] = { options->selector_count, options->excluded_count };

    for (int list = 0; list < 2; list++) {
        for (size_t i = 0; i < counts[list]; i++) {
            const char *selector = lists[list][i];
            bool        picks    = false;

            for (size_t k = 0; k < catalog->count && !picks; k++)
                picks = selector_picks(selector, &catalog->at[k]);
            if (picks)
                continue;
            const char *nearest = selector_nearest(catalog, selector);

            if (nearest[0] != '\0')
                return error_set(error, "\"%s\" selects no case: did you mean %s?", selector, nearest);
            return error_set(error, "\"%s\" selects no case: tcprove list shows what there is", selector);
        }
    }
    return true;
}

static bool fits_family(const struct entry_of_catalog *entry, bool ipv6)
{
    return entry->ladder->family == BOTH_FAMILIES || entry->ladder->family == (ipv6 ? IPV6_ONLY : IPV4_ONLY);
}

/* A case that is asked for by its whole name is played in every profile. */
static bool fits_profile(const struct options *options, const struct entry_of_catalog *entry)
{
    if (needs_of(entry->ladder, entry->each).waits_ms <= profile_limit_ms(options->profile))
        return true;
    for (size_t i = 0; i < options->selector_count; i++)
        if (strcmp(options->selectors[i], entry->id) == 0 || strcmp(options->selectors[i], entry->ladder->id) == 0)
            return true;
    return false;
}

enum status selection_open(const struct options *options, enum selection_purpose purpose, struct selection *selection,
                           struct error *error)
{
    *selection    = (struct selection){ .catalog = catalog_open(catalog_groups) };
    selection->at = calloc(selection->catalog.count + 1, sizeof *selection->at);
    if (selection->at == NULL) {
        error_set(error, "out of memory");
        return STATUS_ERROR;
    }
    if (!each_picks_something(options, &selection->catalog, error))
        return STATUS_NOTHING;
    for (size_t i = 0; i < selection->catalog.count; i++) {
        const struct entry_of_catalog *entry = &selection->catalog.at[i];

        if (options->selector_count > 0 && !picked_by_any(options->selectors, options->selector_count, entry))
            continue;
        if (picked_by_any(options->excluded, options->excluded_count, entry))
            continue;
        if (purpose != TO_READ && !fits_family(entry, options->ipv6))
            continue;
        if (purpose > TO_PLAY_IN_VIRTUAL_TIME && !fits_profile(options, entry))
            selection->too_long++;
        else if (purpose == TO_PLAY_ON_A_HOST && !options->disruptive && selector_picks("@disruptive", entry))
            selection->disruptive++;
        else
            selection->at[selection->count++] = entry;
    }
    if (selection->count > 0)
        return STATUS_GOOD;
    error_set(error,
              "nothing is left to play: %zu cases are too long for --profile %s, %zu can crash a host and want --disruptive, "
              "the others were not selected%s",
              selection->too_long, profile_name(options->profile), selection->disruptive,
              options->excluded_count > 0 ? ", or left out with -x" : "");
    return STATUS_NOTHING;
}

void selection_close(struct selection *selection)
{
    free(selection->at);
    catalog_close(&selection->catalog);
}
