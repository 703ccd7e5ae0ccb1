#include "catalog.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notation_ladder.h"

static void expand(char *out, size_t room, const char *pattern, enum state each)
{
    const char *star = strchr(pattern, '*');

    if (star == NULL || each == EACH)
        snprintf(out, room, "%s", pattern);
    else
        snprintf(out, room, "%.*s%s%s", (int)(star - pattern), pattern, notation_state(each), star + 1);
}

static void fill_entry(struct entry_of_catalog *entry, const struct ladder_group *group, const struct ladder_case *ladder,
                       enum state each)
{
    entry->group  = group;
    entry->ladder = ladder;
    entry->each   = each;
    snprintf(entry->id, sizeof entry->id, "%s", ladder->id);
    if (each != EACH) {
        size_t used = strlen(entry->id);

        snprintf(entry->id + used, sizeof entry->id - used, "/%s", notation_state(each));
        for (char *c = entry->id + used; *c != '\0'; c++)
            *c = (char)tolower((unsigned char)*c);
    }
    for (size_t i = 0; ladder->reqs != NULL && ladder->reqs[i] != NULL && i < ENTRY_REQS; i++)
        expand(entry->reqs[entry->req_count++], sizeof *entry->reqs, ladder->reqs[i], each);
}

static size_t entries_of(const struct ladder_case *ladder)
{
    size_t count = 0;

    if (ladder->states == NULL)
        return 1;
    while (ladder->states[count] != EACH)
        count++;
    return count;
}

struct catalog catalog_open(const struct ladder_group *const *groups)
{
    struct catalog catalog = { 0 };
    size_t         count   = 0;

    for (const struct ladder_group *const *group = groups; *group != NULL; group++)
        for (size_t i = 0; i < (*group)->count; i++)
            count += entries_of(&(*group)->cases[i]);
    catalog.at = calloc(count + 1, sizeof *catalog.at);
    if (catalog.at == NULL)
        return catalog;
    for (const struct ladder_group *const *group = groups; *group != NULL; group++) {
        for (size_t i = 0; i < (*group)->count; i++) {
            const struct ladder_case *ladder = &(*group)->cases[i];

            for (size_t k = 0; k < entries_of(ladder); k++)
                fill_entry(&catalog.at[catalog.count++], *group, ladder, ladder->states != NULL ? ladder->states[k] : EACH);
        }
    }
    return catalog;
}

void catalog_close(struct catalog *catalog)
{
    free(catalog->at);
    *catalog = (struct catalog){ 0 };
}

/* ---- selectors ------------------------------------------------------------------------------------------------------ */

static bool tagged(const char *tags, const char *tag)
{
    size_t length = strlen(tag);

    for (const char *at = tags; at != NULL && (at = strstr(at, tag)) != NULL; at += length)
        if (at[length] == '\0' || at[length] == ' ')
            return true;
    return false;
}

bool selector_picks(const char *selector, const struct entry_of_catalog *entry)
{
    size_t length = strlen(selector);

    if (selector[0] == '@')
        return tagged(entry->ladder->tags, selector);
    if (strncmp(selector, "RFC", 3) == 0) {
        for (size_t i = 0; i < entry->req_count; i++)
            if (strncmp(entry->reqs[i], selector, length) == 0)
                return true;
        return false;
    }
    if (length > 0 && selector[length - 1] == '/')
        return strncmp(entry->id, selector, length) == 0;
    return strcmp(entry->id, selector) == 0 || strcmp(entry->ladder->id, selector) == 0 ||
           strcmp(entry->group->name, selector) == 0;
}

unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[128];
    size_t   width = strlen(b);

    if (width >= 127 || strlen(a) >= 127)
        return 99;
    for (unsigned i = 0; i <= width; i++)
        row[i] = i;
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned k = 1; k <= width; k++) {
            unsigned best = diagonal + (a[i - 1] != b[k - 1]);

            diagonal = row[k];
            if (row[k] + 1 < best)
                best = row[k] + 1;
            if (row[k - 1] + 1 < best)
                best = row[k - 1] + 1;
            row[k] = best;
        }
    }
    return row[width] < 99 ? row[width] : 99;
}

static void keep_nearer(const char *candidate, const char *word, const char **nearest, unsigned *distance)
{
    unsigned now = edit_distance(candidate, word);

    if (now < *distance) {
        *distance = now;
        *nearest  = candidate;
    }
}

const char *selector_nearest(const struct catalog *catalog, const char *selector)
{
    const char *nearest  = "";
    unsigned    distance = (unsigned)strlen(selector) / 3 + 2;

    for (size_t i = 0; i < catalog->count; i++) {
        const struct entry_of_catalog *entry = &catalog->at[i];

        keep_nearer(entry->id, selector, &nearest, &distance);
        keep_nearer(entry->ladder->id, selector, &nearest, &distance);
        keep_nearer(entry->group->name, selector, &nearest, &distance);
        for (size_t k = 0; k < entry->req_count; k++)
            keep_nearer(entry->reqs[k], selector, &nearest, &distance);
        if (entry->ladder->tags != NULL)
            keep_nearer(entry->ladder->tags, selector, &nearest, &distance);
    }
    return nearest;
}
