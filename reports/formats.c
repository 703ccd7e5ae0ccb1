/* formats.c: the table of formats that results can be written in. */
#include <string.h>

#include "results.h"

static const struct report_format formats[] = {
    { "json", "results.json", report_json },
    { "junit", "junit.xml", report_junit },
    { "tap", "results.tap", report_tap },
    { "text", "results.txt", report_text },
};

const struct report_format *report_format_at(size_t index)
{
    return index < sizeof formats / sizeof *formats ? &formats[index] : NULL;
}

const struct report_format *report_format_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strlen(formats[i].name) == length && strncmp(formats[i].name, name, length) == 0)
            return &formats[i];
    return NULL;
}
