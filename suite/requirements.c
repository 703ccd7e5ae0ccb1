#include "requirements.h"

#include <string.h>

const struct requirement *requirement_find(const char *id)
{
    size_t low = 0, high = requirement_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int    order  = strcmp(id, requirements[middle].id);

        if (order == 0)
            return &requirements[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *level_name(enum level level)
{
    static const char *const names[] = { "MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "behaviour" };

    return names[level];
}

bool requirement_violated(const struct requirement *requirement)
{
    static const char *const informal[] = { "RFC1337", "RFC3465", "RFC4987", "RFC5927",
                                            "RFC6429", "RFC6691", "RFC6928", "RFC7413" };

    for (size_t i = 0; i < sizeof informal / sizeof *informal; i++)
        if (strcmp(requirement->rfc, informal[i]) == 0)
            return false;
    return requirement->level == LEVEL_MUST || requirement->level == LEVEL_MUST_NOT || requirement->level == LEVEL_BEHAVIOUR;
}
