/* file.c: a report reaches its place whole or not at all. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "results.h"

bool report_place_ready(const char *path, struct error *error)
{
    const char *slash = strrchr(path, '/');
    char        folder[4096];

    if (slash == NULL)
        snprintf(folder, sizeof folder, ".");
    else
        snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    if (path[0] != '\0' && access(folder, W_OK | X_OK) == 0)
        return true;
    return error_set(error, "\"%s\" cannot be written: %s", path, path[0] == '\0' ? "a file needs a name" : strerror(errno));
}

static bool write_beside(const char           *beside, bool (*write)(FILE *file, const struct results *results),
                         const struct results *results)
{
    FILE *file = fopen(beside, "we");

    if (file == NULL)
        return false;
    errno        = 0;
    bool written = write(file, results) && fflush(file) == 0 && ferror(file) == 0;
    int  why     = errno;

    if (fclose(file) != 0 && written) {
        written = false;
        why     = errno;
    }
    errno = why;
    return written;
}

bool report_file(const char *path, bool (*write)(FILE *file, const struct results *results), const struct results *results,
                 struct error *error)
{
    char beside[4096];

    if (strcmp(path, "-") == 0) {
        if (write(stdout, results) && fflush(stdout) == 0)
            return true;
        return error_set(error, "standard output could not be written: %s", strerror(errno));
    }
    if ((size_t)snprintf(beside, sizeof beside, "%s.part", path) >= sizeof beside)
        return error_set(error, "%s was not written: the path is too long", path);
    if (write_beside(beside, write, results) && rename(beside, path) == 0)
        return true;
    error_set(error, "%s was not written: %s", path, strerror(errno));
    unlink(beside);
    return false;
}
