/* mutate_player.c: the player and the referee against a target that sends nothing but nearly right segments. Whatever comes, a
 * ladder ends with a verdict, and nothing is read or written that is not there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/mutate.h"
#include "catalog.h"
#include "player/player.h"
#include "referee.h"

enum { PACKET_ROOM = 1500, STORM = 1000, APART_US = 700, PORT = 7, FIRST_PORT = 1024 };

/* A target on a clock of its own. It answers every wait with a mutated relative of the right segment. */
struct storm {
    uint64_t       state, now_us, frames; /* frames: sent so far */
    unsigned       left;                  /* of this play */
    struct segment last;                  /* what the player delivered last, without text */
    uint32_t       iss;
    uint8_t       *packet; /* the latest, in a buffer of exactly its size */
};

static size_t below(struct storm *storm, size_t limit)
{
    return (size_t)(mutate_random(&storm->state) % limit);
}

/* Now and then another number, mostly near the right one. */
static uint32_t near(struct storm *storm, uint32_t number)
{
    static const int32_t steps[] = { 0, 0, 0, 0, 0, 1, -1, 2, 100, -100, 1460, 65535, -65535, 0x7fffffff };

    return number + (uint32_t)steps[below(storm, sizeof steps / sizeof *steps)];
}

/* What a target might answer, and then something wrong with it. */
static size_t make_packet(struct storm *storm, uint8_t packet[PACKET_ROOM])
{
    static const uint8_t flags[] = { SYN | ACK, ACK, ACK, ACK, PSH | ACK, FIN | ACK, RST, RST | ACK, SYN, 0, URG | ACK };
    uint8_t              text[MUTATE_TEXT_OCTETS];
    struct segment       segment;

    mutate_segment(&storm->state, storm->last.source.family, &segment, text);
    segment.source           = storm->last.destination;
    segment.destination      = storm->last.source;
    segment.source_port      = storm->last.destination_port;
    segment.destination_port = storm->last.source_port;
    segment.flags            = flags[below(storm, sizeof flags)];
    segment.seq              = near(storm, storm->last.flags & ACK ? storm->last.ack : storm->iss);
    segment.ack              = near(storm, storm->last.seq + (storm->last.flags & (SYN | FIN) ? 1 : 0));
    if (below(storm, 2) == 0)
        segment.text_octets = 0;
    if (below(storm, 2) == 0)
        segment.option_octets = 0;
    size_t count = segment_encode(&segment, packet, PACKET_ROOM);

    for (size_t i = below(storm, 4) == 0 ? 1 + below(storm, 3) : 0; i > 0; i--)
        packet[below(storm, count)] ^= (uint8_t)(1u << below(storm, 8));
    return below(storm, 16) == 0 ? below(storm, count + 1) : count;
}

/* ---- the target ---------------------------------------------------------------------------------------------------------- */

static bool deliver(void *self, const struct segment *segment, const struct damage_wish *wish, struct error *error)
{
    struct storm *storm = self;

    (void)wish;
    (void)error;
    storm->last      = *segment;
    storm->last.text = NULL;
    return true;
}

static bool deliver_packet(void *self, const uint8_t *packet, size_t count, struct error *error)
{
    (void)self;
    (void)packet;
    (void)count;
    (void)error;
    return true;
}

static enum wait_result next(void *self, uint64_t deadline_us, struct arrival *arrival, struct error *error)
{
    struct storm *storm = self;
    uint8_t       packet[PACKET_ROOM];

    (void)error;
    if (storm->left == 0 || storm->last.source.family == 0 || storm->now_us + APART_US > deadline_us) {
        if (storm->now_us < deadline_us)
            storm->now_us = deadline_us;
        return WAIT_DEADLINE;
    }
    size_t count = make_packet(storm, packet);

    free(storm->packet);
    storm->packet = malloc(count > 0 ? count : 1);
    if (storm->packet == NULL)
        return WAIT_DEADLINE;
    memcpy(storm->packet, packet, count);
    storm->left--;
    storm->frames++;
    storm->now_us += APART_US;
    *arrival = (struct arrival){ storm->now_us, true, storm->packet, count, false };
    return WAIT_ARRIVAL;
}

static uint64_t now_us(void *self)
{
    return ((struct storm *)self)->now_us;
}

static uint64_t capture_lost(void *self)
{
    (void)self;
    return 0;
}

/* The application does what it is told, and has seen whatever one likes. */
static void call(void *self, const struct call_request *request, struct call_reply *reply)
{
    struct storm *storm = self;

    memset(reply, 0, offsetof(struct call_reply, data));
    reply->port   = PORT;
    reply->handle = 1;
    if (request->kind != CALL_SAW)
        return;
    reply->events      = (uint32_t)mutate_random(&storm->state) & 0xff;
    reply->octets      = request->from + below(storm, 100);
    reply->data_octets = (uint32_t)below(storm, 100);
    memset(reply->data, 0, reply->data_octets);
}

static void close_target(void *self)
{
    (void)self;
}

/* ---- playing --------------------------------------------------------------------------------------------------------------
 */

/* clang-format off */
static const struct ladder_case storms[] = {
    { CASE ("mutate/listen", ""), LADDER (ENTER (LISTEN), PEER (SYN), WAIT (1000000), ALIVE) },
    { CASE ("mutate/open", ""), LADDER (APP (OPEN), WAIT (1000), PEER (SYN|ACK), WAIT (1000000), PEER (FIN|ACK), WAIT (1000), GONE) },
    { CASE ("mutate/sends", ""), LADDER (ENTER (LISTEN), PEER (SYN), WAIT (2), PEER (ACK), APP (SEND, .octets = 5000),
                                         ONE_OF (BY ("a", IUT_SENDS (5000)), BY ("b", IUT_ACKS (RCV_NXT + 7)), BY ("c", IUT (ACK, .seq = ANY, .ack = ANY, .len = ANY))),
                                         WAIT (1000000), APP_SEES (DATA)) },
};
/* clang-format on */

static bool play_one(struct storm *storm, const struct ladder_case *ladder, enum state each, uint8_t family, unsigned frames)
{
    struct play_options options = { .seed = 1, .time_scale = 1.0 };
    struct target       target  = { .self           = storm,
                                    .tester         = { family, { 192, 0, 2, 1 } },
                                    .address        = { family, { 192, 0, 2, 2 } },
                                    .virtual_time   = true,
                                    .first_port     = FIRST_PORT,
                                    .mtu            = PACKET_ROOM,
                                    .deliver        = deliver,
                                    .deliver_packet = deliver_packet,
                                    .next           = next,
                                    .now_us         = now_us,
                                    .capture_lost   = capture_lost,
                                    .call           = call,
                                    .close          = close_target };
    struct referee     *referee = referee_open();

    storm->left       = frames;
    storm->last       = (struct segment){ 0 };
    storm->iss        = (uint32_t)mutate_random(&storm->state);
    struct play *play = play_ladder(ladder, each, &target, &options);
    bool         good = play != NULL && referee != NULL;

    for (size_t i = 0; good && i < play->packet_count; i++)
        referee_sees(referee, play->packets[i].from_target, play->packets[i].octets, play->packets[i].count);
    referee_close(referee);
    play_release(play);
    return good;
}

bool mutate_player(uint64_t count, uint64_t seed)
{
    struct catalog catalog = catalog_open(catalog_groups);
    struct storm   storm   = { .state = seed, .now_us = 1000000 };
    bool           good    = catalog.count > 0;

    while (good && storm.frames < count) {
        const struct entry_of_catalog *entry  = &catalog.at[below(&storm, catalog.count)];
        uint8_t                        family = below(&storm, 2) == 0 ? 4 : 6;

        good = play_one(&storm, entry->ladder, entry->each, family, 20) &&
               play_one(&storm, &storms[below(&storm, 3)], EACH, family, STORM);
    }
    if (!good)
        fprintf(stderr, "mutate: a ladder did not end with a verdict (seed %llu)\n", (unsigned long long)seed);
    free(storm.packet);
    catalog_close(&catalog);
    return good;
}
