#include "compare.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

enum change { FIXED, BROKEN, CHANGED, NEW, GONE, CHANGES };

static const char *const headings[CHANGES] = {
    [FIXED] = "Fixed", [BROKEN] = "Broken", [CHANGED] = "Otherwise changed", [NEW] = "New", [GONE] = "Gone",
};

struct comparing {
    FILE   *out;
    json_t *lines[CHANGES]; /* arrays of strings */
    bool    worse;
};

/* Without these two nothing can be compared, and nothing would be told either. */
static bool has_verdicts(const json_t *root)
{
    size_t  index;
    json_t *one;

    json_array_foreach(json_object_get(root, "cases"), index, one)
    {
        if (!json_is_string(json_object_get(one, "id")) || !json_is_string(json_object_get(one, "verdict")))
            return false;
    }
    return true;
}

static json_t *load(const char *path, struct error *error)
{
    json_error_t problem;
    json_t      *root = json_load_file(path, 0, &problem);

    if (root == NULL)
        error_set(error, "%s cannot be read: %s", path, problem.text);
    else if (json_integer_value(json_object_get(root, "schema")) != 1 || !json_is_array(json_object_get(root, "cases")))
        error_set(error, "%s is no results.json of tcprove's", path);
    else if (!has_verdicts(root))
        error_set(error, "%s has cases without an id or a verdict: no results.json of tcprove's", path);
    else
        return root;
    json_decref(root);
    return NULL;
}

static const char *text_of(const json_t *one, const char *field)
{
    const char *text = json_string_value(json_object_get(one, field));

    return text != NULL ? text : "";
}

static const json_t *find(const json_t *root, const char *id)
{
    size_t  index;
    json_t *one;

    json_array_foreach(json_object_get(root, "cases"), index, one) if (strcmp(text_of(one, "id"), id) == 0) return one;
    return NULL;
}

static void note(struct comparing *comparing, enum change change, const char *id, const char *was, const char *is)
{
    char line[200];

    if (was == NULL || is == NULL)
        snprintf(line, sizeof line, "%s: %s", id, was != NULL ? was : is);
    else
        snprintf(line, sizeof line, "%s: %s, was %s", id, is, was);
    json_array_append_new(comparing->lines[change], json_string(line));
}

static void compare_one(struct comparing *comparing, const json_t *was, const json_t *is)
{
    const char *id = text_of(is, "id"), *now = text_of(is, "verdict");
    const char *before = was != NULL ? text_of(was, "verdict") : NULL;
    bool        failed = strcmp(now, "fail") == 0 || strcmp(now, "error") == 0;

    if (before == NULL) {
        note(comparing, NEW, id, NULL, now);
        comparing->worse = comparing->worse || failed;
    } else if (strcmp(before, now) == 0) {
        return;
    } else if (strcmp(now, "pass") == 0) {
        note(comparing, FIXED, id, before, now);
    } else if (strcmp(before, "pass") == 0 || failed) {
        note(comparing, BROKEN, id, before, now);
        comparing->worse = true;
    } else {
        note(comparing, CHANGED, id, before, now);
    }
}

static void print(const struct comparing *comparing)
{
    bool any = false;

    for (int change = 0; change < CHANGES; change++) {
        size_t  index;
        json_t *line;

        if (json_array_size(comparing->lines[change]) > 0)
            fprintf(comparing->out, "%s\n", headings[change]);
        json_array_foreach(comparing->lines[change], index, line) fprintf(comparing->out, "  %s\n", json_string_value(line));
        any = any || json_array_size(comparing->lines[change]) > 0;
    }
    if (!any)
        fprintf(comparing->out, "no verdict differs\n");
}

enum status compare(FILE *out, const char *old_path, const char *new_path, struct error *error)
{
    json_t          *was       = load(old_path, error);
    json_t          *is        = was != NULL ? load(new_path, error) : NULL;
    struct comparing comparing = { .out = out };
    size_t           index;
    json_t          *one;

    if (is == NULL) {
        json_decref(was);
        return STATUS_USAGE;
    }
    for (int change = 0; change < CHANGES; change++)
        comparing.lines[change] = json_array();
    json_array_foreach(json_object_get(is, "cases"), index, one) compare_one(&comparing, find(was, text_of(one, "id")), one);
    json_array_foreach(json_object_get(was, "cases"), index, one) if (find(is, text_of(one, "id")) == NULL)
        note(&comparing, GONE, text_of(one, "id"), text_of(one, "verdict"), NULL);
    print(&comparing);
    for (int change = 0; change < CHANGES; change++)
        json_decref(comparing.lines[change]);
    json_decref(was);
    json_decref(is);
    return comparing.worse ? STATUS_VIOLATION : STATUS_GOOD;
}
