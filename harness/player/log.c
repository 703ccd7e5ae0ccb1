#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inside.h"

/* ---- the log -------------------------------------------------------------------------------------------------------- */

static struct record *log_append(struct player *player)
{
    if (player->log_count == player->log_room) {
        size_t         room = player->log_room == 0 ? 64 : player->log_room * 2;
        struct record *more = realloc(player->log, room * sizeof *more);

        if (more == NULL)
            return NULL;
        player->log      = more;
        player->log_room = room;
    }
    struct record *record = &player->log[player->log_count++];

    memset(record, 0, sizeof *record);
    record->connection = -1;
    record->index      = player->log_count - 1;
    return record;
}

/* Which connection of the case a segment belongs to: by the 4-tuple alone. */
static int connection_of(const struct player *player, const struct segment *segment, bool from_target)
{
    uint16_t peer   = from_target ? segment->destination_port : segment->source_port;
    uint16_t target = from_target ? segment->source_port : segment->destination_port;
    unsigned index  = (unsigned)(peer - player->target->first_port);

    if (peer < player->target->first_port || index >= player->scene.count)
        return -1;
    const struct connection *connection = &player->scene.connections[index];

    if (connection->peer.target_port != 0 && connection->peer.target_port != target)
        return -1;
    return (int)index;
}

static struct note *note_append(struct player *player)
{
    if (player->note_count == player->note_room) {
        size_t       room = player->note_room == 0 ? 64 : player->note_room * 2;
        struct note *more = realloc(player->notes, room * sizeof *more);

        if (more == NULL)
            return NULL;
        player->notes     = more;
        player->note_room = room;
    }
    struct note *note = &player->notes[player->note_count++];

    *note = (struct note){ .depth = player->depth };
    return note;
}

static void add_note(struct player *player, enum note_kind kind, const char *text)
{
    struct note *note = note_append(player);

    if (note == NULL)
        return;
    note->kind = kind;
    note->text = strdup(text);
}

static void note_segment(struct player *player, size_t index)
{
    struct note *note = note_append(player);

    if (note == NULL)
        return;
    note->kind                  = NOTE_SEGMENT;
    note->record                = index;
    const struct record *record = &player->log[index];

    if (record->connection < 0)
        return;
    peer_names(&player->scene.connections[record->connection].peer, &note->names);
    if (record->from_target && (record->packet.segment.flags & SYN) && !note->names.at[NAME_SND_NXT].known) {
        note->names.at[NAME_ISS].value = record->packet.segment.seq; /* the target's first SYN defines it */
        note->names.at[NAME_ISS].known = true;
    }
}

static bool keep_octets(struct record *record, const struct arrival *arrival)
{
    uint8_t *octets = malloc(arrival->count + 1);

    if (octets == NULL)
        return false;
    memcpy(octets, arrival->octets, arrival->count);
    free(record->octets);
    record->time_us  = arrival->time_us;
    record->captured = true;
    record->octets   = octets;
    record->count    = arrival->count;
    packet_decode(octets, arrival->count, &record->packet);
    return true;
}

/* Our own packet has come by the capture: its time of departure is known now. ICMP messages were not expected here. */
static void stamp_own(struct player *player, const struct arrival *arrival)
{
    struct packet packet;

    if (packet_decode(arrival->octets, arrival->count, &packet) == PACKET_ICMP_ERROR) {
        struct record *record = log_append(player);

        if (record != NULL && keep_octets(record, arrival))
            note_segment(player, player->log_count - 1);
        return;
    }
    while (player->stamped < player->log_count &&
           (player->log[player->stamped].from_target || player->log[player->stamped].captured))
        player->stamped++;
    if (player->stamped < player->log_count)
        keep_octets(&player->log[player->stamped], arrival);
}

/* Whether an offload put together what the target sent. A segment that a kernel merged, or has yet to cut, has the sum of the
 * pseudo-header alone. Where the target's every checksum is left to an interface, that proves nothing: there only a size does
 * that no segment may have. */
static bool is_merged(const struct player *player, const struct record *record, bool cut)
{
    const struct connection *connection;

    if (!player->target->offloads || record->connection < 0)
        return false;
    if (cut)
        return true;
    if (record->packet.segment.text_octets == 0 || packet_sum(&record->packet) != SUM_UNFINISHED)
        return false;
    connection = &player->scene.connections[record->connection];
    return !player->target->checksums_unseen ||
           record->packet.segment.text_octets > peer_target_limit(&connection->peer, &player->link);
}

static void log_arrival(struct player *player, const struct arrival *arrival)
{
    struct record *record = log_append(player);

    if (record == NULL)
        return;
    record->from_target = true;
    if (!keep_octets(record, arrival))
        return;
    if (record->packet.kind == PACKET_TCP) {
        tcp_options_parse(record->packet.segment.options, record->packet.segment.option_octets, &record->options);
        record->connection = connection_of(player, &record->packet.segment, true);
        record->merged     = is_merged(player, record, arrival->cut);
    }
    if (player->target->checksums_unseen || record->merged)
        record->packet.faults &= ~(unsigned)FAULT_TCP_CHECKSUM;
    note_segment(player, player->log_count - 1);
}

/* One packet from the capture into the log; false once the deadline has passed or nothing can come any more. */
static bool pull(struct player *player, uint64_t deadline_us)
{
    struct arrival arrival;
    struct error   error = { "" };

    switch (player->target->next(player->target->self, deadline_us, &arrival, &error)) {
    case WAIT_ARRIVAL:
        if (arrival.from_target)
            log_arrival(player, &arrival);
        else
            stamp_own(player, &arrival);
        return true;
    case WAIT_DEADLINE:
        return false;
    case WAIT_FAILED:
        break;
    }
    give_up(player, VERDICT_ERROR, "%s", error.sentence);
    return false;
}

/* The next arrival from the target on one of the case's connections, or NULL when none came by the deadline. Rungs that are
 * tried again after a ONE_OF went back read the same arrivals once more. */
struct record *log_next(struct player *player, uint64_t deadline_us)
{
    struct scene *scene = &player->scene;

    for (;;) {
        while (scene->cursor < player->log_count) {
            struct record *record = &player->log[scene->cursor];

            if (record->from_target && record->connection >= 0) {
                if (record->time_us > deadline_us)
                    return NULL;
                scene->cursor++;
                return record;
            }
            scene->cursor++;
        }
        if (!pull(player, deadline_us))
            return NULL;
    }
}

/* Takes what has been captured already into the log, without waiting. */
void log_drain(struct player *player)
{
    uint64_t now = player->target->now_us(player->target->self);

    for (int i = 0; i < 10000 && pull(player, now); i++)
        continue;
}

void log_sent(struct player *player, const struct segment *segment, unsigned connection, bool damaged)
{
    struct record *record = log_append(player);

    if (record == NULL)
        return;
    record->time_us             = player->target->now_us(player->target->self);
    record->connection          = (int)connection;
    record->packet.kind         = PACKET_TCP;
    record->packet.segment      = *segment;
    record->damaged             = damaged;
    record->packet.segment.text = NULL;
    if (!player->began)
        player->first_sent_us = record->time_us;
    player->began              = true;
    player->scene.last_segment = player->log_count - 1;
    note_segment(player, player->log_count - 1);
}

/* ---- the transcript -------------------------------------------------------------------------------------------------- */

/* The text is made now: a rung may be the player's own and be gone when the transcript is written. EACH is printed as the state
 * that is being played. */
void note_rung(struct player *player, const struct step *step)
{
    char        text[300];
    struct step shown = *step;

    if (shown.rung == RUNG_ENTER && shown.entry.state == EACH)
        shown.entry.state = player->each;
    notation_rung(&shown, text, sizeof text);
    add_note(player, NOTE_RUNG, text);
}

void note_remark(struct player *player, const char *format, ...)
{
    char    text[300];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    add_note(player, NOTE_REMARK, text);
}

static void write_segment(const struct player *player, const struct note *note, char *line, size_t room)
{
    const struct record *record = &player->log[note->record];
    char                 text[400], faults[200] = "";
    double               at_ms = (double)(int64_t)(record->time_us - player->began_us) / 1000.0;

    if (record->packet.kind == PACKET_TCP)
        notation_print(&record->packet.segment, record->from_target, &note->names, text, sizeof text);
    else
        snprintf(text, sizeof text, "%s ICMP type %u code %u", record->from_target ? "<--" : "-->", record->packet.icmp_type,
                 record->packet.icmp_code);
    if (record->packet.faults != 0)
        packet_faults_print(record->packet.faults, faults, sizeof faults);
    if (record->connection > 0)
        snprintf(line, room, "%12.3f ms  [%d] %s%s%s", at_ms, record->connection, text, faults[0] ? "  !" : "", faults);
    else
        snprintf(line, room, "%12.3f ms  %s%s%s", at_ms, text, faults[0] ? "  !" : "", faults);
}

static void write_note(const struct player *player, const struct note *note, char *line, size_t room)
{
    static const char *const margins[] = {
        [NOTE_RUNG] = "   ", [NOTE_REMARK] = "   ", [NOTE_FAILED_RUNG] = "!! ", [NOTE_OTHER_WAY] = " ~ "
    };

    if (note->kind == NOTE_SEGMENT)
        write_segment(player, note, line, room);
    else
        snprintf(line, room, "%s%*s%s", margins[note->kind], (int)(2 * note->depth), "", note->text != NULL ? note->text : "");
}

void transcript_write(struct player *player)
{
    struct play *play = player->play;

    play->transcript = calloc(player->note_count + 1, sizeof *play->transcript);
    for (size_t i = 0; i < player->note_count; i++) {
        char line[1024];

        if (play->transcript != NULL) {
            write_note(player, &player->notes[i], line, sizeof line);
            play->transcript[play->transcript_lines++] = strdup(line);
        }
        free(player->notes[i].text);
    }
    free(player->notes);
}
