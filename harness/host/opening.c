/* opening.c: a command that ends in the middle of a case takes its connection with it, and the target, which then sends a FIN
 * or a RST as it must, would be blamed. What ends first is seen late, since a command may run on another host: where the target
 * ended the connection, the command has a moment to follow. A program that is reset fails too, so that status alone is no
 * excuse for a RST; a signal is. */
#include "host/opening.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "host/connector.h"
#include "segment.h"
#include "wire/wire.h"

enum { FOLLOWS_MS = 300, LOOK_MS = 5, FRESH_US = 2000 };

void opening_ask(struct openings *openings, const struct call_request *request, struct call_reply *reply)
{
    struct opening *opening = &openings->at[openings->count];
    struct error    error;

    if (openings->count == TESTER_PORTS) {
        call_fail(reply, REFUSAL_ROOM, "a case has %d active opens at most", TESTER_PORTS);
        return;
    }
    *opening = (struct opening){ .port = request->port };
    if (!connector_asks(openings->command, &request->address, request->port, &opening->run, &error))
        call_fail(reply, REFUSAL_OTHER, "--connect-cmd: %s", error.sentence);
    else
        *reply = (struct call_reply){ .result = CALL_OK, .handle = (uint16_t)(openings->first_handle + openings->count++) };
}

/* A command that failed brings no SYN any more; one that ended well may have left a process that will. */
void opening_look(struct openings *openings, const struct call_request *request, struct call_reply *reply)
{
    unsigned        index = request->handle - openings->first_handle;
    struct command *run   = index < openings->count ? &openings->at[index].run : NULL;
    struct error    error;

    *reply = (struct call_reply){ .result = CALL_PENDING };
    if (run == NULL || run->channel < 0 || !command_has_ended(run))
        return;
    bool good = command_answer(run, &error);

    command_close(run);
    if (!good)
        call_fail(reply, REFUSAL_OTHER, "--connect-cmd: %.140s", error.sentence);
}

static struct opening *opening_at(struct openings *openings, uint16_t port)
{
    for (uint16_t i = 0; i < openings->count; i++)
        if (openings->at[i].port == port)
            return &openings->at[i];
    return NULL;
}

static bool has_ended(const struct opening *opening)
{
    const struct timespec moment   = { .tv_nsec = LOOK_MS * 1000000L };
    bool                  awaited  = (opening->fin || opening->reset) && !opening->told;
    uint64_t              until_ms = monotonic_ms() + (awaited ? FOLLOWS_MS : 0);

    while (!command_has_ended(&opening->run)) {
        if (monotonic_ms() >= until_ms)
            return false;
        nanosleep(&moment, NULL);
    }
    return true;
}

static void look_after(struct opening *opening)
{
    struct error error;

    if (opening->run.channel < 0 || !has_ended(opening))
        return;
    enum command_end end = command_end(&opening->run, &error);

    command_close(&opening->run);
    opening->failed = end == COMMAND_KILLED || (end == COMMAND_FAILED && !opening->reset && !opening->told);
    snprintf(opening->why, sizeof opening->why, "%.*s", (int)sizeof opening->why - 1, error.sentence);
}

void openings_see(struct openings *openings, const struct arrival *arrival)
{
    struct packet packet;

    if (openings->count == 0 || !arrival->from_target || packet_decode(arrival->octets, arrival->count, &packet) != PACKET_TCP)
        return;
    struct opening *opening = opening_at(openings, packet.segment.destination_port);

    if (opening == NULL)
        return;
    /* A command that is known to have ended by now did so before. */
    if (packet.segment.flags & RST && !opening->reset && wire_now_us() < arrival->time_us + FRESH_US)
        look_after(opening);
    opening->fin   = opening->fin || (packet.segment.flags & FIN) != 0;
    opening->reset = opening->reset || (packet.segment.flags & RST) != 0;
}

void openings_foresee(struct openings *openings, const struct segment *segment)
{
    struct opening *opening = segment->flags & (FIN | RST) ? opening_at(openings, segment->source_port) : NULL;

    if (opening == NULL)
        return;
    look_after(opening);
    opening->told = true;
}

bool openings_lasted(struct openings *openings, struct error *error)
{
    for (uint16_t i = 0; i < openings->count; i++) {
        look_after(&openings->at[i]);
        if (openings->at[i].failed)
            return error_set(error, "--connect-cmd ended before the case did: %s", openings->at[i].why);
    }
    return true;
}

void openings_close(struct openings *openings)
{
    for (uint16_t i = 0; i < openings->count; i++)
        command_close(&openings->at[i].run);
}
