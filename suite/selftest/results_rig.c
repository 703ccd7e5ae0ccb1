#include "results_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_rig.h"
#include "selftest.h"

static char folder[40];

bool results_rig_enter(void)
{
    snprintf(folder, sizeof folder, "/tmp/tcprove-results-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("D", folder, 1);
    return host_rig_enter();
}

void results_rig_leave(void)
{
    char line[100];

    snprintf(line, sizeof line, "rm -rf %s", folder);
    ck_assert_int_eq(system(line), 0);
}

json_t *results_named(const char *name)
{
    char path[100];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    json_t *root = json_load_file(path, 0, NULL);

    ck_assert_msg(root != NULL, "%s: %s", path, host_rig_output);
    return root;
}

json_t *results_of(const char *what, const char *name)
{
    char line[500];

    snprintf(line, sizeof line, "$T run --profile quick -q --report json:$D/%s %s", name, what);
    int status = host_rig_shell(line);

    ck_assert_msg(status == 0 || status == 1, "%s: exit %d\n%s", line, status, host_rig_output);
    return results_named(name);
}

const json_t *result_of(const json_t *root, const char *id)
{
    size_t  index;
    json_t *one;

    json_array_foreach(json_object_get(root, "cases"), index, one)
    {
        if (strcmp(result_field(one, "id"), id) == 0)
            return one;
    }
    return NULL;
}

const char *result_field(const json_t *one, const char *name)
{
    return json_string_value(json_object_get(one, name));
}
