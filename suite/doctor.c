#include "doctor.h"

#include <stdio.h>

#include "fault.h"
#include "host/connector.h"
#include "host/doctor.h"
#include "host/host.h"
#include "targets.h"

static void tell_line(void *context, enum finding finding, const char *line)
{
    static const char *const words[] = { [FINDING_OK] = "ok  ", [FINDING_NOTE] = "note", [FINDING_BAD] = "BAD " };

    (void)context;
    printf("%s  %s\n", words[finding], line);
    fflush(stdout);
}

/* The other kinds bring their environment along: what there is to examine is whether that can be made. */
static bool can_be_prepared(const struct named_target *named)
{
    struct error error    = { "" };
    void        *prepared = named->kind->prepare(&named->wish, &error);

    if (prepared == NULL) {
        tell_line(NULL, FINDING_BAD, error.sentence);
        return false;
    }
    named->kind->release(prepared);
    snprintf(error.sentence, sizeof error.sentence, "%s can be judged here: %s", named->kind->name, named->kind->description);
    tell_line(NULL, FINDING_OK, error.sentence);
    const struct fault *fault = fault_find(named->wish.fault);

    if (fault == NULL)
        return true;
    snprintf(error.sentence, sizeof error.sentence, "fault: %s stands between, and is judged too: %s", fault->name,
             fault->what);
    tell_line(NULL, FINDING_NOTE, error.sentence);
    return true;
}

enum status doctor(const struct options *options)
{
    struct named_target named;
    struct error        error;
    struct command      connect = { .channel = -1 };

    /* Before anything here uses a privilege. */
    if (options->connect != NULL && !command_open(&connect, options->connect, options->target, CONNECT_LIMIT_MS, &error))
        return complain(STATUS_ERROR, &error);
    if (!target_named(options, options->connect != NULL ? &connect : NULL, &named, &error)) {
        command_close(&connect);
        return complain(STATUS_USAGE, &error);
    }
    bool usable =
        named.kind == &target_host ? doctor_examines(&named.wish, options->load, tell_line, NULL) : can_be_prepared(&named);

    command_close(&connect);
    return usable ? STATUS_GOOD : STATUS_UNUSABLE;
}
