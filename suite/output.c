#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { ROOM_NEEDED_OCTETS = 1 << 20, PATH_OCTETS = 4096 };

static bool path_of(char path[PATH_OCTETS], const char *folder, const char *name, struct error *error)
{
    if ((size_t)snprintf(path, PATH_OCTETS, "%s/%s", folder, name) < PATH_OCTETS)
        return true;
    return error_set(error, "-o %s: the path is too long", folder);
}

static bool folder_ready(const char *folder, struct error *error)
{
    struct stat    seen;
    struct statvfs disk;

    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return error_set(error, "-o %s cannot be made: %s", folder, strerror(errno));
    if (stat(folder, &seen) != 0 || !S_ISDIR(seen.st_mode))
        return error_set(error, "-o %s is in the way and is no folder: name another one", folder);
    if (access(folder, W_OK | X_OK) != 0)
        return error_set(error, "-o %s cannot be written to: %s", folder, strerror(errno));
    if (statvfs(folder, &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize < ROOM_NEEDED_OCTETS)
        return error_set(error, "-o %s: less than 1 MB is free there", folder);
    return true;
}

static bool nothing_in_the_way(const char *folder, struct error *error)
{
    char        path[PATH_OCTETS];
    struct stat seen;

    for (size_t i = 0; report_format_at(i) != NULL; i++) {
        if (!path_of(path, folder, report_format_at(i)->file, error))
            return false;
        if (lstat(path, &seen) == 0)
            return error_set(error, "%s is there already: name another folder with -o, or move it away", path);
    }
    return true;
}

static bool pcap_folder_ready(const char *folder, struct output *output, struct error *error)
{
    char path[PATH_OCTETS];

    if (!path_of(path, folder, "pcap", error))
        return false;
    if (mkdir(path, 0777) != 0)
        return error_set(error, "%s: %s: name another folder with -o, or move it away", path, strerror(errno));
    output->pcap_folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return output->pcap_folder >= 0 || error_set(error, "%s: %s", path, strerror(errno));
}

/* A path that cannot be written to is worth finding out before a run is spent on it. */
static bool report_ready(const char *path, struct error *error)
{
    struct stat seen;

    if (strcmp(path, "-") == 0)
        return true;
    if (lstat(path, &seen) == 0)
        return error_set(error, "--report: %s is there already: name another file, or move it away", path);
    return report_place_ready(path, error);
}

bool output_open(const struct options *options, struct output *output, struct error *error)
{
    *output = (struct output){ .pcap_folder = -1 };
    for (size_t i = 0; i < options->report_count; i++)
        if (!report_ready(options->reports[i].path, error))
            return false;
    if (options->output == NULL)
        return true;
    if (!folder_ready(options->output, error) || !nothing_in_the_way(options->output, error))
        return false;
    return options->pcap == PCAP_NONE || pcap_folder_ready(options->output, output, error);
}

static bool write_one(const struct report_format *format, const char *path, const struct results *results)
{
    struct error error;

    if (format->write(results, path, &error))
        return true;
    fprintf(stderr, "tcprove: %s\n", error.sentence);
    return false;
}

bool output_write(const struct options *options, const struct results *results)
{
    char         path[PATH_OCTETS];
    struct error error;
    bool         good = true;

    for (size_t i = 0; i < options->report_count; i++)
        good = write_one(options->reports[i].format, options->reports[i].path, results) && good;
    for (size_t i = 0; options->output != NULL && report_format_at(i) != NULL; i++)
        good = path_of(path, options->output, report_format_at(i)->file, &error) &&
               write_one(report_format_at(i), path, results) && good;
    return good;
}

void output_close(struct output *output)
{
    if (output->pcap_folder >= 0)
        close(output->pcap_folder);
}
