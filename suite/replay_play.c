/* replay_play.c: one input on the built-in TCP: played in a process of its own, shown, made small, judged by the oracles or by
 * how that process ended. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/datagrams.h"
#include "fuzz/minimize.h"
#include "notation_ladder.h"
#include "pcapng.h"
#include "replay_inside.h"
#include "requirements.h"

enum { PACKETS_OCTETS = 64 << 20 /* of --pcap; what comes behind is not kept */ };

/* What a play leaves, in memory that both processes see: it may have died. */
struct page {
    size_t         step; /* that it came to; the count of steps: the input had ended */
    bool           found;
    struct finding finding;
    size_t         used; /* of `packets` */
    size_t         packet_count;
};

/* A packet in the room behind the page; its octets follow. */
struct kept {
    uint64_t time_us;
    size_t   count;
    bool     from_target;
};

struct playing {
    const struct replay_wish *wish;
    struct stage             *stage;
    const struct replay_file *file;
    bool                      quiet, costs, silent /* of nothing but its end is told */;
    struct page              *page;
    size_t                    page_octets;
    struct death              death;
};

/* ---- what is seen while it plays ---------------------------------------------------------------------------------------- */

static void show_step(void *context, size_t index, const struct step *step)
{
    struct playing *playing = context;
    char            text[400];

    playing->page->step = index;
    if (playing->quiet)
        return;
    if (step == NULL) {
        printf(" end  everything is closed; half an hour later, a new connection\n");
    } else {
        notation_rung(step, text, sizeof text);
        printf("%4zu  %s\n", index + 1, text);
    }
    fflush(stdout); /* it may not live to do it later */
}

static size_t kept_octets(size_t count)
{
    return sizeof(struct kept) + (count + 7) / 8 * 8;
}

static void keep(const struct playing *playing, const struct kept *kept, const uint8_t *octets)
{
    struct page *page = playing->page;
    uint8_t     *at   = (uint8_t *)(page + 1) + page->used;

    if (kept_octets(kept->count) > playing->page_octets - sizeof *page - page->used)
        return;
    memcpy(at, kept, sizeof *kept);
    memcpy(at + sizeof *kept, octets, kept->count);
    page->used += kept_octets(kept->count);
    page->packet_count++;
}

static void show_packet(void *context, uint64_t time_us, bool from_target, const struct peer *peer, const uint8_t *octets,
                        size_t count)
{
    const struct playing   *playing = context;
    struct notation_symbols names;
    struct packet           packet;
    char                    text[400], faults[200] = "";

    keep(playing, &(struct kept){ time_us, count, from_target }, octets);
    if (playing->quiet)
        return;
    if (peer != NULL)
        peer_names(peer, &names);
    if (packet_decode(octets, count, &packet) == PACKET_TCP)
        notation_print(&packet.segment, from_target, peer != NULL ? &names : NULL, text, sizeof text);
    else
        snprintf(text, sizeof text, "%s ICMP type %u code %u", from_target ? "<--" : "-->", packet.icmp_type, packet.icmp_code);
    if (packet.faults != 0)
        packet_faults_print(packet.faults, faults, sizeof faults);
    printf("      %12.3f ms  %s%s%s\n", (double)(time_us - STAGE_BEGINS_US) / 1000, text, faults[0] != '\0' ? "  !" : "",
           faults);
    fflush(stdout);
}

/* -v: what the oracle of work bounds. */
static void show_cost(void *context, uint64_t work, uint64_t work_most, unsigned segments)
{
    const struct playing *playing = context;

    if (playing->costs)
        printf("                       work %llu of %llu%s", (unsigned long long)work, (unsigned long long)work_most,
               segments == 0 ? "\n" : "");
    if (playing->costs && segments > 0)
        printf(", %u segment%s\n", segments, segments == 1 ? "" : "s");
}

/* ---- a play, in a process of its own ------------------------------------------------------------------------------------ */

bool replay_on_stage(struct stage *stage, const struct replay_file *file, const struct stage_watch *watch,
                     struct finding *finding)
{
    return file->made == MADE_FRAME ? stage_play_frames(stage, file->octets, file->count, watch, finding)
                                    : stage_play(stage, file->input, watch, finding);
}

/* A sanitizer's report of each of the many that are tried would bury the one of the result. */
static void say_nothing(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
}

static void play_here(void *context)
{
    struct playing    *playing = context;
    struct stage_watch watch   = {
          .context = playing, .step = show_step, .packet = show_packet, .settled = playing->costs ? show_cost : NULL
    };

    if (playing->silent) {
        watch.packet = NULL;
        say_nothing();
    }
    playing->page->found = playing->wish->player(playing->stage, playing->file, &watch, &playing->page->finding);
}

static bool play_apart(struct playing *playing, unsigned limit_ms, struct error *error)
{
    struct page *page = playing->page;

    *page = (struct page){ 0 };
    return replay_apart(play_here, playing, limit_ms, &playing->death, error);
}

static bool open_page(struct playing *playing, size_t packets_octets, struct error *error)
{
    playing->page_octets = sizeof *playing->page + packets_octets;
    playing->page        = replay_share(playing->page_octets);
    return playing->page != NULL || error_set(error, "out of memory");
}

/* ---- what is told of it ------------------------------------------------------------------------------------------------- */

static void tell_where(const struct playing *playing, size_t step, char *at, size_t room)
{
    const struct replay_file *file = playing->file;

    if (file->made == MADE_LADDER && step < file->input->count)
        notation_rung(&file->input->steps[step], at, room);
    else if (file->made == MADE_LADDER || playing->page->finding.oracle == ORACLE_REST)
        snprintf(at, room, "the end of the input");
}

/* In a folder the file's name stands above it. */
static void tell_beginning(const struct playing *playing)
{
    if (playing->wish->file_count == 1)
        printf("\n");
    else
        printf("%s\n", playing->file->path);
}

static void tell_finding(const struct playing *playing)
{
    const struct finding     *finding     = &playing->page->finding;
    const struct requirement *requirement = requirement_find(finding->requirement);
    char                      at[400]     = "";

    tell_where(playing, finding->step, at, sizeof at);
    tell_beginning(playing);
    printf("!! %s, at %s %zu%s%s\n   %s\n   %s%s%s\n", oracle_name(finding->oracle),
           playing->file->made == MADE_LADDER ? "step" : "frame", finding->step + 1, at[0] != '\0' ? ", " : "", at,
           finding->sentence, finding->requirement, requirement != NULL ? ": " : "",
           requirement != NULL ? requirement->paraphrase : "");
}

/* Frames are not counted while they are played. */
static void tell_death(const struct playing *playing)
{
    char at[60] = "";

    if (playing->file->made == MADE_LADDER && playing->page->step >= playing->file->input->count)
        snprintf(at, sizeof at, ", at the end of the input");
    else if (playing->file->made == MADE_LADDER)
        snprintf(at, sizeof at, ", at step %zu", playing->page->step + 1);
    tell_beginning(playing);
    printf("!! %s%s: %s\n", playing->death.kind == DEATH_HANG ? "hang" : "crash", at, playing->death.sentence);
}

static void tell_silence(const struct replay_file *file)
{
    if (file->made == MADE_LADDER)
        printf("\nno oracle spoke: %zu step%s\n", file->input->count, file->input->count == 1 ? "" : "s");
    else
        printf("\nno oracle spoke: %zu octets of the target %s\n", file->count, replay_made_for(file->made));
}

/* What comes behind the step at which it died, or an oracle spoke, is no part of a case. */
static enum status tell_case(const struct playing *playing)
{
    const struct page *page  = playing->page;
    bool               died  = playing->death.kind != DEATH_NONE;
    size_t             count = playing->file->input->count;
    size_t             last  = died ? page->step : page->found ? page->finding.step : count;

    return replay_as_case(playing->wish, playing->file, last < count ? last + 1 : count,
                          page->found && !died ? &page->finding : NULL, &playing->death);
}

static enum status write_pcap(const char *path, const struct playing *playing)
{
    const struct page *page    = playing->page;
    const uint8_t     *at      = (const uint8_t *)(page + 1);
    struct captured   *packets = calloc(page->packet_count + 1, sizeof *packets);
    const char        *comment = playing->death.kind != DEATH_NONE ? playing->death.sentence
                                 : page->found                     ? page->finding.sentence
                                                                   : "no finding";
    struct error       error   = { "out of memory" };

    for (size_t i = 0; packets != NULL && i < page->packet_count; i++) {
        struct kept kept;

        memcpy(&kept, at, sizeof kept);
        packets[i] = (struct captured){ kept.time_us, kept.from_target, at + sizeof kept, kept.count };
        at += kept_octets(kept.count);
    }
    bool good = packets != NULL && pcapng_write(AT_FDCWD, path, comment, packets, page->packet_count, &error);

    free(packets);
    return good ? STATUS_GOOD : complain(STATUS_ERROR, &error);
}

/* ---- --minimize --------------------------------------------------------------------------------------------------------- */

/* The same octets under that name: it was made before. */
static bool is_there(const char *path, const struct replay_file *file)
{
    FILE *stream = fopen(path, "rbe");
    bool  same   = stream != NULL;

    for (size_t i = 0; same && i < file->count; i++)
        same = fgetc(stream) == file->octets[i];
    same = same && fgetc(stream) == EOF;
    if (stream != NULL)
        fclose(stream);
    return same;
}

static enum status save_minimized(const struct replay_file *file)
{
    char         path[1200];
    struct error error;

    if (!replay_minimized_path(file->path, path, sizeof path, &error))
        return complain(STATUS_ERROR, &error);
    if (is_there(path, file)) {
        printf("nothing new: %s is there already\n\n", path);
        return STATUS_GOOD;
    }
    FILE *out = fopen(path, "wbex");

    if (out == NULL) {
        error_set(&error, "%s was not written: %s%s", path, strerror(errno),
                  errno == EEXIST ? ", with other octets. Move it away" : "");
        return complain(STATUS_ERROR, &error);
    }
    bool written = fwrite(file->octets, 1, file->count, out) == file->count;

    if (fclose(out) != 0 || !written) {
        error_set(&error, "%s was not written whole: %s", path, strerror(errno));
        remove(path);
        return complain(STATUS_ERROR, &error);
    }
    printf("written: %s, %zu octets", path, file->count);
    if (file->made == MADE_LADDER)
        printf(", %zu step%s", file->input->count, file->input->count == 1 ? "" : "s");
    printf("\n\n");
    return STATUS_GOOD;
}

struct sought {
    struct playing    *playing; /* one try after the other */
    struct replay_file tried;
    struct finding     finding;
    struct death       death;
    struct error       error;
};

/* The same oracle speaks of the same requirement, or it dies in the same way. */
static bool still_found(void *context, const uint8_t *octets, size_t count)
{
    struct sought      *sought = context;
    struct replay_file *tried  = &sought->tried;
    const struct page  *page   = sought->playing->page;

    memcpy(tried->octets, octets, count);
    tried->count = count;
    if (tried->made == MADE_LADDER)
        input_read(octets, count, tried->input);
    if (!play_apart(sought->playing, TRY_LIMIT_MS, &sought->error) ||
        !replay_same_death(&sought->playing->death, &sought->death))
        return false;
    return sought->death.kind != DEATH_NONE || (page->found && page->finding.oracle == sought->finding.oracle &&
                                                strcmp(page->finding.requirement, sought->finding.requirement) == 0);
}

static enum status shrink(struct sought *sought, struct replay_file *file)
{
    size_t before = file->count;

    file->count = minimize(file->made == MADE_LADDER ? &form_of_ladders : &form_of_frames, file->octets, file->count,
                           still_found, sought);
    if (file->made == MADE_LADDER)
        input_read(file->octets, file->count, file->input);
    if (file->count < before)
        return save_minimized(file);
    printf("nothing new: %s is as small as it gets\n\n", file->path);
    return STATUS_GOOD;
}

static enum status make_small(const struct replay_wish *wish, struct stage *stage, struct replay_file *file)
{
    struct sought *sought  = calloc(1, sizeof *sought);
    struct playing playing = { .wish = wish, .stage = stage, .quiet = true, .silent = true };
    struct error   error   = { "out of memory" };
    enum status    status  = STATUS_ERROR;

    if (sought != NULL && open_page(&playing, 0, &error)) {
        sought->playing = &playing;
        sought->tried   = *file;
        playing.file    = &sought->tried;
        status          = play_apart(&playing, PLAY_LIMIT_MS, &error) ? STATUS_GOOD : STATUS_ERROR;
        sought->finding = playing.page->finding;
        sought->death   = playing.death;
    }
    if (status != STATUS_GOOD)
        complain(status, &error);
    else if (sought->death.kind != DEATH_NONE || playing.page->found)
        status = shrink(sought, file);
    else if (wish->file_count == 1)
        fprintf(stderr, "tcprove: %s: no oracle speaks, so there is nothing to minimize\n", file->path);
    replay_unshare(playing.page, playing.page_octets);
    free(sought);
    return status;
}

/* ---- one input ---------------------------------------------------------------------------------------------------------- */

static enum status tell(const struct playing *playing)
{
    const struct replay_wish *wish  = playing->wish;
    bool                      found = playing->death.kind != DEATH_NONE || playing->page->found;

    if (wish->as_case) {
        enum status status = tell_case(playing);

        return status == STATUS_GOOD && found ? STATUS_VIOLATION : status;
    }
    if (playing->death.kind != DEATH_NONE)
        tell_death(playing);
    else if (found)
        tell_finding(playing);
    else if (wish->file_count == 1)
        tell_silence(playing->file);
    return found ? STATUS_VIOLATION : STATUS_GOOD;
}

enum status replay_play_one(const struct replay_wish *wish, struct stage *stage, struct replay_file *file)
{
    bool           alone   = wish->file_count == 1;
    struct playing playing = { .wish  = wish,
                               .stage = stage,
                               .file  = file,
                               .quiet = !alone || wish->as_case,
                               .costs = alone && !wish->as_case && wish->run.verbose };
    enum status    small   = wish->minimize ? make_small(wish, stage, file) : STATUS_GOOD;
    enum status    status  = STATUS_ERROR;
    struct error   error;

    if (!open_page(&playing, wish->pcap != NULL ? PACKETS_OCTETS : 0, &error))
        return complain(STATUS_ERROR, &error);
    if (play_apart(&playing, PLAY_LIMIT_MS, &error))
        status = tell(&playing);
    else
        complain(status, &error);
    if (wish->pcap != NULL && status != STATUS_ERROR && write_pcap(wish->pcap, &playing) != STATUS_GOOD)
        status = STATUS_ERROR;
    replay_unshare(playing.page, playing.page_octets);
    return small != STATUS_GOOD ? small : status;
}

/* ---- datagrams ---------------------------------------------------------------------------------------------------------- */

struct asking {
    const struct replay_file *file;
    struct asked {
        bool         opened, good;
        struct error error;
    } * asked; /* shared */
};

static void ask_here(void *context)
{
    const struct asking *asking = context;
    struct ported        ported;

    asking->asked->opened = ported_open(&ported, 0, &asking->asked->error);
    if (!asking->asked->opened)
        return;
    asking->asked->good = datagrams_play(&ported, asking->file->octets, asking->file->count, &asking->asked->error);
    ported_close(&ported);
}

enum status replay_play_datagrams(const struct replay_wish *wish, const struct replay_file *file)
{
    bool          alone  = wish->file_count == 1;
    struct asking asking = { file, replay_share(sizeof *asking.asked) };
    struct death  death  = { 0 };
    struct error  error  = { "out of memory" };
    enum status   status = STATUS_ERROR;

    if (asking.asked == NULL || !replay_apart(ask_here, &asking, PLAY_LIMIT_MS, &death, &error)) {
        complain(status, &error);
    } else if (death.kind != DEATH_NONE) {
        status = STATUS_VIOLATION;
        printf("%s\n!! %s: %s\n", alone ? "" : file->path, death.kind == DEATH_HANG ? "hang" : "crash", death.sentence);
    } else if (!asking.asked->opened) {
        complain(status, &asking.asked->error);
    } else if (!asking.asked->good) {
        status = STATUS_VIOLATION;
        printf("%s\n!! datagrams: %s\n", alone ? "" : file->path, asking.asked->error.sentence);
    } else {
        status = STATUS_GOOD;
        if (alone)
            printf("what the agent answers is as it should be: %zu octets of the target datagrams\n", file->count);
    }
    replay_unshare(asking.asked, sizeof *asking.asked);
    return status;
}
