#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/datagrams.h"
#include "fuzz/minimize.h"
#include "fuzz/target/target.h"
#include "inprocess/inprocess.h"
#include "notation_ladder.h"
#include "pcapng.h"
#include "replay_inside.h"
#include "requirements.h"
#include "targets.h"

/* ---- one play on the reference ------------------------------------------------------------------------------------------ */

struct showing {
    bool             quiet, costs;
    uint64_t         began_us;
    struct captured *packets;
    size_t           count, room;
};

static void show_step(void *context, size_t index, const struct step *step)
{
    const struct showing *showing = context;
    char                  text[400];

    if (showing->quiet)
        return;
    if (step == NULL) {
        printf(" end  everything is closed; half an hour later, a new connection\n");
        return;
    }
    notation_rung(step, text, sizeof text);
    printf("%4zu  %s\n", index + 1, text);
}

static void keep(struct showing *showing, uint64_t time_us, bool from_target, const uint8_t *octets, size_t count)
{
    if (showing->count == showing->room) {
        size_t           room = showing->room * 2 + 64;
        struct captured *more = realloc(showing->packets, room * sizeof *more);

        if (more == NULL)
            return;
        showing->packets = more;
        showing->room    = room;
    }
    uint8_t *copy = malloc(count + 1);

    if (copy == NULL)
        return;
    memcpy(copy, octets, count);
    showing->packets[showing->count++] = (struct captured){ time_us, from_target, copy, count };
}

static void show_packet(void *context, uint64_t time_us, bool from_target, const struct peer *peer, const uint8_t *octets,
                        size_t count)
{
    struct showing         *showing = context;
    struct notation_symbols names;
    struct packet           packet;
    char                    text[400], faults[200] = "";

    keep(showing, time_us, from_target, octets, count);
    if (showing->quiet)
        return;
    if (peer != NULL)
        peer_names(peer, &names);
    if (packet_decode(octets, count, &packet) == PACKET_TCP)
        notation_print(&packet.segment, from_target, peer != NULL ? &names : NULL, text, sizeof text);
    else
        snprintf(text, sizeof text, "%s ICMP type %u code %u", from_target ? "<--" : "-->", packet.icmp_type, packet.icmp_code);
    if (packet.faults != 0)
        packet_faults_print(packet.faults, faults, sizeof faults);
    printf("      %12.3f ms  %s%s%s\n", (double)(time_us - showing->began_us) / 1000, text, faults[0] != '\0' ? "  !" : "",
           faults);
}

/* -v: what the oracle of work bounds. */
static void show_cost(void *context, uint64_t work, uint64_t work_most, unsigned segments)
{
    const struct showing *showing = context;

    if (showing->costs)
        printf("                       work %llu of %llu%s", (unsigned long long)work, (unsigned long long)work_most,
               segments == 0 ? "\n" : "");
    if (showing->costs && segments > 0)
        printf(", %u segment%s\n", segments, segments == 1 ? "" : "s");
}

static void tell_finding(const char *path, const struct replay_file *file, const struct finding *finding)
{
    const struct requirement *requirement = requirement_find(finding->requirement);
    char                      at[400]     = "";

    if (file->made == MADE_LADDER && finding->step < file->input->count)
        notation_rung(&file->input->steps[finding->step], at, sizeof at);
    else if (file->made == MADE_LADDER || finding->oracle == ORACLE_REST)
        snprintf(at, sizeof at, "the end of the input");
    printf("%s!! %s, at %s %zu%s%s\n   %s\n   %s%s%s\n", path, oracle_name(finding->oracle),
           file->made == MADE_LADDER ? "step" : "frame", finding->step + 1, at[0] != '\0' ? ", " : "", at, finding->sentence,
           finding->requirement, requirement != NULL ? ": " : "", requirement != NULL ? requirement->paraphrase : "");
}

static enum status write_pcap(const char *path, const struct showing *showing, const struct finding *finding)
{
    struct error error;

    if (pcapng_write(AT_FDCWD, path, finding->oracle != 0 ? finding->sentence : "no finding", showing->packets, showing->count,
                     &error))
        return STATUS_GOOD;
    return complain(STATUS_ERROR, &error);
}

static void save_minimized(const struct replay_file *file)
{
    char  path[1000];
    FILE *out;

    snprintf(path, sizeof path, "%s.min", file->path);
    out = fopen(path, "wbex");
    if (out == NULL) {
        fprintf(stderr, "tcprove: %s was not written: %s\n", path, strerror(errno));
        return;
    }
    fwrite(file->octets, 1, file->count, out);
    fclose(out);
    printf("written: %s, %zu octets, %zu steps\n\n", path, file->count, file->input->count);
}

struct sought {
    struct stage         *stage;
    const struct finding *finding;
};

/* The same oracle speaks of the same requirement. */
static bool still_found(void *context, const struct input *input)
{
    const struct sought *sought = context;
    struct finding       found;

    return stage_play(sought->stage, input, NULL, &found) && found.oracle == sought->finding->oracle &&
           strcmp(found.requirement, sought->finding->requirement) == 0;
}

static bool play_input(struct stage *stage, const struct replay_file *file, const struct stage_watch *watch,
                       struct finding *finding)
{
    return file->made == MADE_FRAME ? stage_play_frames(stage, file->octets, file->count, watch, finding)
                                    : stage_play(stage, file->input, watch, finding);
}

static void make_small(struct stage *stage, struct replay_file *file, bool alone)
{
    struct finding finding;
    struct sought  sought = { stage, &finding };

    if (stage_play(stage, file->input, NULL, &finding)) {
        file->count = minimize(file->octets, file->count, still_found, &sought);
        input_read(file->octets, file->count, file->input);
        save_minimized(file);
    } else if (alone) {
        fprintf(stderr, "tcprove: %s: no oracle speaks, so there is nothing to minimize\n", file->path);
    }
}

static void tell_silence(const struct replay_file *file)
{
    if (file->made == MADE_LADDER)
        printf("\nno oracle spoke: %zu steps\n", file->input->count);
    else
        printf("\nno oracle spoke: %zu octets of the target %s\n", file->count, replay_made_for(file->made));
}

static enum status play_one(const struct replay_wish *wish, struct stage *stage, struct replay_file *file, bool alone)
{
    struct showing     showing = { .quiet    = !alone || wish->as_case,
                                   .costs    = alone && !wish->as_case && wish->run.verbose,
                                   .began_us = STAGE_BEGINS_US };
    struct stage_watch watch   = { .context = &showing, .step = show_step, .packet = show_packet, .settled = show_cost };
    struct finding     finding;

    if (wish->minimize)
        make_small(stage, file, alone);
    bool        found  = play_input(stage, file, &watch, &finding);
    enum status status = found ? STATUS_VIOLATION : STATUS_GOOD;

    if (wish->as_case)
        replay_as_case(file, &finding);
    else if (found)
        tell_finding(alone ? "\n" : file->path, file, &finding);
    else if (alone)
        tell_silence(file);
    if (wish->pcap != NULL && write_pcap(wish->pcap, &showing, &finding) != STATUS_GOOD)
        status = STATUS_ERROR;
    for (size_t i = 0; i < showing.count; i++)
        free((void *)(uintptr_t)showing.packets[i].octets);
    free(showing.packets);
    return status;
}

/* What comes to the agent's port: no ladder and no oracle, and each has an agent of its own. */
static enum status play_datagrams(const struct replay_file *file, bool alone)
{
    struct ported ported;
    struct error  error;

    if (!ported_open(&ported, 0, &error))
        return complain(STATUS_ERROR, &error);
    bool good = datagrams_play(&ported, file->octets, file->count, &error);

    ported_close(&ported);
    if (!good)
        printf("%s!! datagrams: %s\n", alone ? "\n" : file->path, error.sentence);
    else if (alone)
        printf("what the agent answers is as it should be: %zu octets of the target datagrams\n", file->count);
    return good ? STATUS_GOOD : STATUS_VIOLATION;
}

/* ---- the command line -----------------------------------------------------------------------------------------------------
 */

static bool read_operand(struct replay_wish *wish, const char *word, const char **forward, int *count)
{
    if (replay_gather(wish, word))
        return true;
    forward[(*count)++] = word;
    return false;
}

/* What takes one value takes it once. */
static bool take_value(struct replay_wish *wish, const char *word, const char *value, struct error *error)
{
    bool oracles = word[2] == 'o';

    if (oracles ? wish->oracles_given : word[2] == 'k' ? wish->keep != NULL : wish->pcap != NULL)
        return error_set(error, "%s is given twice: leave one of them out", word);
    if (oracles)
        return (wish->oracles_given = true) && oracles_named(value, &wish->oracles, error);
    if (word[2] == 'p')
        return (wish->pcap = value) != NULL;
    wish->known = wish->file_count;
    return (wish->keep = value) != NULL;
}

static bool read_own_option(struct replay_wish *wish, const char *word, const char *value, bool *took_value,
                            struct error *error)
{
    *took_value = false;
    if (strcmp(word, "--minimize") == 0)
        return wish->minimize = true;
    if (strcmp(word, "--as-case") == 0)
        return wish->as_case = true;
    if (strcmp(word, "--pairs") == 0)
        return wish->pairs = true;
    if (strcmp(word, "--oracles") != 0 && strcmp(word, "--pcap") != 0 && strcmp(word, "--keep") != 0)
        return false;
    *took_value = true;
    if (value == NULL)
        return error_set(error, "%s takes %s", word,
                         word[2] == 'o'   ? "names of oracles"
                         : word[2] == 'k' ? "a folder"
                                          : "a file");
    return take_value(wish, word, value, error);
}

/* What is given and does nothing would be taken to have done something. */
static bool options_fit(const struct replay_wish *wish, struct error *error)
{
    const struct {
        const char *name;
        bool        given;
    } of_reference[] = { { "--minimize", wish->minimize },
                         { "--as-case", wish->as_case },
                         { "--pairs", wish->pairs },
                         { "--keep", wish->keep != NULL },
                         { "--oracles", wish->oracles_given } };
    bool elsewhere   = strcmp(wish->run.target, "reference") != 0;

    for (size_t i = 0; elsewhere && i < sizeof of_reference / sizeof *of_reference; i++)
        if (of_reference[i].given)
            return error_set(error, "%s is for the built-in TCP: leave it out with %s", of_reference[i].name, wish->run.target);
    return wish->pcap == NULL || wish->file_count == 1 || error_set(error, "--pcap takes the segments of one input");
}

static bool read_words(int argc, char **argv, struct replay_wish *wish, struct error *error)
{
    const char **forward = calloc((size_t)argc + 3, sizeof *forward);
    int          count   = 2;
    bool         named   = false;

    error->sentence[0] = '\0';
    if (forward == NULL)
        return error_set(error, "out of memory");
    forward[0] = "tcprove";
    forward[1] = "run";
    for (int i = 1; i < argc && error->sentence[0] == '\0'; i++) {
        bool took_value = false;

        if (argv[i][0] == '-' && read_own_option(wish, argv[i], argv[i + 1], &took_value, error))
            i += took_value;
        else if (argv[i][0] == '-')
            forward[count++] = argv[i];
        else
            named = read_operand(wish, argv[i], forward, &count) || named;
    }
    bool good = error->sentence[0] == '\0' && options_read(count, (char **)(uintptr_t)forward, &wish->run, error);

    /* The words that options_read keeps are argv's. */
    free(forward);
    if (good && wish->run.selector_count > 0)
        return error_set(error, "%s: no such file or folder", wish->run.selectors[0]);
    if (good && wish->file_count == 0 && strcmp(wish->run.target, "reference") != 0)
        return error_set(error, "%s: no such file or folder", wish->run.target);
    if (good && wish->file_count == 0)
        return error_set(error, named ? "no fuzz input is in that folder"
                                      : "replay needs a file: tcprove replay FILE [TARGET], or a folder that AFL++ left");
    return good && options_fit(wish, error);
}

static enum status print_help(void)
{
    printf("tcprove replay FILE... [TARGET] [OPTION ...]\n\n"
           "Plays fuzz inputs and prints each as a ladder, with what happened beside its\n"
           "steps and the oracle that spoke. FILE is what AFL++ left, a folder of it (of a\n"
           "campaign's, what is in queue/, crashes/ and hangs/), or a ladder as text. Inputs\n"
           "of the fuzz targets frame and datagrams are known by their campaign's folder or\n"
           "by corpus/NAME/. TARGET is reference (the default), linux or a host, with the\n"
           "options that tcprove run has for them; there the referee alone judges.\n\n"
           "  --minimize      write a smaller input that has the same finding, FILE.min\n"
           "  --as-case       print the input as an entry for a table in cases/\n"
           "  --pcap FILE     write the segments\n"
           "  --pairs         print how many inputs bring each state to meet each event\n"
           "  --keep FOLDER   write small ladders into FOLDER that reach pairs of a state and\n"
           "                  an event which the inputs named before this option do not,\n"
           "                  made from those named behind it\n"
           "  -v              what each event cost, in edges of code, and how much it may\n"
           "  --oracles LIST  invariants, referee, stream, work, memory, rest; all (the\n"
           "                  default) or none\n\n"
           "Exit status: 0 no finding, 1 a finding, 2 usage, 3 the target cannot be used.\n");
    return STATUS_GOOD;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* A target on a wire gives up its privileges for good when it is opened: each file has a process of its own. */
static enum status play_on_target(const struct replay_wish *wish, const struct replay_file *file)
{
    int   status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child < 0)
        return STATUS_ERROR;
    if (child == 0) {
        enum status own = replay_on_target(wish, file);

        fflush(stdout);
        _exit((int)own);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? (enum status)WEXITSTATUS(status) : STATUS_ERROR;
}

/* What is wished that inputs of other fuzz targets are not fit for; NULL: nothing. */
static const char *takes_ladders(const struct replay_wish *wish)
{
    if (strcmp(wish->run.target, "reference") != 0)
        return wish->run.target;
    return wish->minimize ? "--minimize" : wish->as_case ? "--as-case" : NULL;
}

static enum status play_file(const struct replay_wish *wish, struct stage *stage, struct replay_file *file)
{
    bool alone = wish->file_count == 1;

    if (strcmp(wish->run.target, "reference") != 0)
        return play_on_target(wish, file);
    if (file->made != MADE_DATAGRAMS)
        return play_one(wish, stage, file, alone);
    if (wish->pcap == NULL)
        return play_datagrams(file, alone);
    struct error error;

    error_set(&error, "%s is of datagrams to the agent, and --pcap takes segments", file->path);
    return complain(STATUS_USAGE, &error);
}

static enum status play_each(const struct replay_wish *wish, struct stage *stage, struct replay_file *file)
{
    enum status  status = STATUS_GOOD;
    size_t       found  = 0;
    struct error error;

    for (size_t i = 0; i < wish->file_count; i++) {
        const char *ladders_for = takes_ladders(wish);

        file->path = wish->files[i];
        if (!(ladders_for != NULL ? replay_read_ladder(file, ladders_for, &error) : replay_read_file(file, &error))) {
            status = complain(STATUS_USAGE, &error);
            continue;
        }
        enum status one = play_file(wish, stage, file);

        found += one == STATUS_VIOLATION;
        if (status == STATUS_GOOD || one == STATUS_ERROR)
            status = one;
    }
    if (wish->file_count > 1)
        printf("%zu inputs, %zu findings%s\n", wish->file_count, found,
               wish->minimize && found == 0 ? ": there is nothing to minimize" : "");
    return status;
}

static enum status play_all(const struct replay_wish *wish)
{
    struct stage       *stage  = stage_open(wish->oracles, work_done);
    struct replay_file *file   = calloc(1, sizeof *file);
    struct input       *input  = calloc(1, sizeof *input);
    struct error        error  = { "out of memory" };
    enum status         status = STATUS_ERROR;

    if (stage == NULL || file == NULL || input == NULL) {
        complain(status, &error);
    } else {
        file->input = input;
        status      = wish->keep != NULL ? replay_keep(wish, stage, file)
                      : wish->pairs      ? replay_print_pairs(wish, stage, file)
                                         : play_each(wish, stage, file);
    }
    if (stage != NULL)
        stage_close(stage);
    free(file);
    free(input);
    return status;
}

enum status replay(int argc, char **argv)
{
    struct replay_wish wish = { .oracles = ORACLES_ALL, .files = calloc(REPLAY_FILES_MOST, sizeof *wish.files) };
    struct error       error;
    enum status        status = STATUS_USAGE;

    if (asks_for_help(argc, argv)) {
        free(wish.files);
        return print_help();
    }
    if (wish.files == NULL)
        return STATUS_ERROR;
    if (read_words(argc, argv, &wish, &error))
        status = play_all(&wish);
    else
        complain(status, &error);
    for (size_t i = 0; i < wish.file_count; i++)
        free((void *)(uintptr_t)wish.files[i]);
    free(wish.files);
    return status;
}
