/* main.c: `bench speed PROGRAM SELFTEST` measures, as ratios against a baseline of the same run, or as rates where there is
 * none; what needs a network namespace is left out, and told, where none can be made. `bench mutate COUNT [NAME]` sends mutated
 * frames, lines and datagrams through everything that reads them, or through that part of it alone. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/call_trip.h"
#include "bench/mutate.h"
#include "bench/round_trip.h"
#include "clock.h"

enum { REFERENCE_RUNS = 5 };

/* What one run of the program did. */
struct measured {
    bool     ran;
    uint64_t wall_ms;    /* of the program, start and end included */
    uint64_t longest_ms; /* of its longest case, as often as it was played */
    unsigned cases;      /* that were judged */
};

static void read_cases(json_t *root, struct measured *measured)
{
    size_t  index;
    json_t *one;

    json_array_foreach(json_object_get(root, "cases"), index, one)
    {
        uint64_t duration_ms = (uint64_t)(json_integer_value(json_object_get(one, "duration_ms")) *
                                          json_integer_value(json_object_get(one, "attempts")));

        if (strncmp(json_string_value(json_object_get(one, "id")), "referee/", 8) == 0)
            continue;
        measured->cases++;
        if (duration_ms > measured->longest_ms)
            measured->longest_ms = duration_ms;
    }
}

/* Runs the program without retries and reads what it left. `within` is a line that runs another one, or "". */
static struct measured measure(const char *within, const char *program, const char *arguments)
{
    char            folder[] = "/tmp/tcprove-bench-XXXXXX", command[1000], path[100];
    struct measured measured = { 0 };

    if (mkdtemp(folder) == NULL)
        return measured;
    snprintf(command, sizeof command, "%s%s%s run %s --retries 0 -q -o %s%s >%s/said 2>&1", within,
             within[0] != '\0' ? "'" : "", program, arguments, folder, within[0] != '\0' ? "'" : "", folder);
    uint64_t began  = monotonic_ms();
    int      status = system(command);

    measured.wall_ms = monotonic_ms() - began;
    measured.ran     = WIFEXITED(status) && WEXITSTATUS(status) <= 1;
    snprintf(path, sizeof path, "%s/results.json", folder);
    json_t *root = json_load_file(path, 0, NULL);

    read_cases(root, &measured);
    measured.ran = measured.ran && measured.cases > 0;
    json_decref(root);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0)
        fprintf(stderr, "bench: %s could not be removed\n", folder);
    return measured;
}

static void bench_reference(const char *program)
{
    struct measured best = { 0 };

    for (int i = 0; i < REFERENCE_RUNS; i++) {
        struct measured one = measure("", program, "reference");

        if (one.ran && (!best.ran || one.wall_ms < best.wall_ms))
            best = one;
    }
    if (best.ran && best.wall_ms > 0)
        printf("reference, whole catalog    %8.2f s    %.0f cases/s, best of %d runs\n", (double)best.wall_ms / 1000,
               best.cases * 1000.0 / (double)best.wall_ms, REFERENCE_RUNS);
}

static void bench_linux(const char *program, const char *profile)
{
    char arguments[60];

    snprintf(arguments, sizeof arguments, "linux --profile %s", profile);
    struct measured one = measure("", program, arguments);

    if (!one.ran)
        printf("linux, profile %-8s     not measured: the target cannot be used here\n", profile);
    else
        printf("linux, profile %-8s     %8.2f s    longest case %.2f s, ratio %.2f, %u cases\n", profile,
               (double)one.wall_ms / 1000, (double)one.longest_ms / 1000, (double)one.wall_ms / (double)one.longest_ms,
               one.cases);
}

/* A host on the bridge of the tests' own network: `rig` plays a line there. */
static void bench_host(const char *program, const char *rig)
{
    char            within[300];
    struct measured one;

    snprintf(within, sizeof within, "%s rig 0 0 0 1 ", rig);
    one = measure(within, program, "192.0.2.2:7 --service echo --service discard --profile quick -j 50");
    if (!one.ran)
        printf("host, profile quick         not measured: no network can be made here\n");
    else
        printf("host, profile quick, -j 50  %8.2f s    longest case %.2f s, ratio %.2f, %u cases\n", (double)one.wall_ms / 1000,
               (double)one.longest_ms / 1000, (double)one.wall_ms / (double)one.longest_ms, one.cases);
}

static void bench_round_trip(void)
{
    struct round_trips trips;
    struct error       error;

    if (!round_trips_measure(&trips, &error)) {
        printf("SYN to SYN,ACK              not measured: %s\n", error.sentence);
        return;
    }
    printf("SYN to SYN,ACK, bare        %8.1f us   libnet and libpcap in a loop, median of %u\n", trips.bare_us, trips.count);
    printf("SYN to SYN,ACK, player      %8.1f us   ratio %.2f\n", trips.player_us, trips.player_us / trips.bare_us);
}

static void bench_call_trip(void)
{
    struct call_trips trips;
    struct error      error;

    if (!call_trips_measure(&trips, &error)) {
        printf("user call to an agent       not measured: %s\n", error.sentence);
        return;
    }
    printf("datagram and back, bare     %8.1f us   veth, median of %u\n", trips.bare_us, trips.count);
    printf("user call to an agent       %8.1f us   ratio %.2f\n", trips.call_us, trips.call_us / trips.bare_us);
}

static const struct {
    const char *name, *what;
    bool (*run)(uint64_t count, uint64_t seed);
} mutations[] = {
    { "decoder", "frames through the decoder", mutate_decoder },
    { "notation", "lines and ladders through the parsers", mutate_notation },
    { "player", "frames through player and referee", mutate_player },
    { "agent", "datagrams to the agent's stub", mutate_agent },
};

/* `name`: that one alone; NULL: all of them. The seed is the time, and is told with a finding. */
static int mutate(const char *count_text, const char *name)
{
    char    *end;
    uint64_t count = strtoull(count_text, &end, 10);
    bool     known = false, good = true;

    if (*end != '\0' || count == 0) {
        fprintf(stderr, "bench: mutate takes how many frames and lines to try, not \"%s\"\n", count_text);
        return 2;
    }
    for (size_t i = 0; good && i < sizeof mutations / sizeof *mutations; i++) {
        uint64_t began = monotonic_ms();

        if (name != NULL && strcmp(name, mutations[i].name) != 0)
            continue;
        known = true;
        good  = mutations[i].run(count, began);
        printf("%llu %s: %s, %.0f s\n", (unsigned long long)count, mutations[i].what, good ? "no finding" : "a finding",
               (double)(monotonic_ms() - began) / 1000);
        fflush(stdout);
    }
    if (!known)
        fprintf(stderr, "bench: mutate knows decoder, notation, player and agent, not \"%s\"\n", name);
    return !known ? 2 : good ? 0 : 1;
}

int main(int argc, char **argv)
{
    if ((argc == 3 || argc == 4) && strcmp(argv[1], "mutate") == 0)
        return mutate(argv[2], argv[3]);
    if (argc != 4 || strcmp(argv[1], "speed") != 0) {
        fprintf(stderr, "usage: bench speed PROGRAM SELFTEST | bench mutate COUNT [decoder|notation|player|agent]\n");
        return 2;
    }
    bench_reference(argv[2]);
    bench_linux(argv[2], "quick");
    bench_linux(argv[2], "standard");
    bench_host(argv[2], argv[3]);
    bench_call_trip();
    bench_round_trip(); /* gives up every privilege of this process */
    return 0;
}
