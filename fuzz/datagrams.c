/* datagrams.c: an input is steps one behind the other, any octets are an input:
 *
 *     1 octet    who speaks and how, see enum how
 *     1 octet    how many octets follow; what is not there any more is left off
 *     n octets   the datagram; with HOW_HEAD group, primitive and parameters, and a sound head is put before them;
 *                with HOW_VISIT which application, a port, and from which port a peer connects to it
 *
 * Request ids, tokens and numbers of sockets are what a fuzzer cannot guess, so they are put in where it wishes: ids rise from
 * the latest one of that speaker, a token and sockets are those that the stub told it. */
#include "datagrams.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/speaker.h"
#include "octets.h"

enum how {
    HOW_SPEAKER = 3,      /* which of SPEAKERS                                                             */
    HOW_HEAD    = 1 << 2, /* group, primitive and parameters are given, otherwise all octets               */
    HOW_SAME_ID = 1 << 3, /* the id of that speaker's latest request again                                 */
    HOW_TOKEN   = 1 << 4, /* the token that it was told, behind the first octet of the parameters          */
    HOW_SOCKET  = 1 << 5, /* the first parameter counts the sockets that it was told, from the latest back */
    HOW_PASS    = 1 << 6, /* then time passes                                                              */
    HOW_VISIT   = 1 << 7  /* no datagram: a peer connects                                                  */
};

enum {
    SPEAKERS       = 4,
    CONTROLS       = 3, /* one less, so that one has to make room */
    STEPS_MOST     = 64,
    STEP_HEAD      = 2,
    EVENTS_MOST    = 10000,
    PASS_US        = 200000,
    DATAGRAM_ROOM  = MESSAGE_HEAD_OCTETS + UINT8_MAX,
    VERSION_OCTETS = 6,
    GROUP_AT       = 2,
    LENGTH_AT      = 4,
    ID_AT          = 8,
    RESULT_AT      = 15,
    FIRST_PORT     = 40000
};

struct play {
    struct ported        *ported;
    struct stub          *stub;
    struct speaker        speakers[SPEAKERS];
    const struct speaker *last; /* who spoke last */
    bool                  spoke[SPEAKERS];
    size_t                step;
    struct error         *finding;
};

/* True where nothing is wrong. */
static bool find(const struct play *play, const char *what)
{
    return what == NULL || error_set(play->finding, "step %zu: %s", play->step + 1, what);
}

/* ---- judging ---------------------------------------------------------------------------------------------------------------
 */

/* Where there are more speakers than places, whoever did not speak last may have been forgotten. */
static bool may_be_forgotten(const struct play *play, const struct speaker *speaker)
{
    size_t spoke = 0;

    for (size_t i = 0; i < SPEAKERS; i++)
        spoke += play->spoke[i];
    return play->last != speaker && spoke > CONTROLS;
}

static bool event_holds(struct play *play, const struct control *to, const uint8_t *event, size_t octets)
{
    for (size_t i = 0; i < SPEAKERS; i++) {
        struct speaker *speaker = &play->speakers[i];

        if (speaker->control.port == to->port && ip_address_equal(&speaker->control.address, &to->address))
            return find(play, speaker_takes_event(speaker, event, octets));
    }
    return find(play, "an event goes to nobody");
}

static bool events_hold(struct play *play)
{
    uint8_t        event[MESSAGE_OCTETS] = { 0 };
    struct control to;
    size_t         octets = stub_event(play->stub, &to, event);

    for (unsigned i = 0; octets > 0; i++) {
        if (i == EVENTS_MOST)
            return find(play, "events come without end");
        if (!event_holds(play, &to, event, octets))
            return false;
        octets = stub_event(play->stub, &to, event);
    }
    return true;
}

/* ---- playing ---------------------------------------------------------------------------------------------------------------
 */

/* The datagram lies in a buffer of exactly its size, so that a sanitizer sees what is read behind it. */
static bool say(struct play *play, struct speaker *speaker, const uint8_t *octets, size_t count)
{
    uint8_t  reply[MESSAGE_OCTETS] = { 0 };
    uint8_t *exact                 = malloc(count > 0 ? count : 1);

    if (exact == NULL)
        return true;
    memcpy(exact, octets, count);
    if (may_be_forgotten(play, speaker))
        speaker->greeted = false;
    play->last   = speaker;
    size_t got   = stub_datagram(play->stub, &speaker->control, exact, count, reply);
    bool   holds = find(play, speaker_takes_reply(speaker, exact, count, reply, got));

    free(exact);
    if (holds && play->ported->applications > CONTROLS)
        return find(play, "there are more applications than control endpoints");
    return holds;
}

static void put_in(const struct speaker *speaker, unsigned how, uint8_t *parameters, size_t count)
{
    if (how & HOW_TOKEN && count >= 5)
        write32(parameters + 1, speaker->token);
    if (how & HOW_SOCKET && count >= 2 && speaker->socket_count > 0)
        write16(parameters,
                speaker->sockets[(speaker->socket_count - 1 - read16(parameters) % speaker->socket_count) % STEPS_MOST]);
}

/* A head before group, primitive and parameters. Returns the octets of the datagram. */
static size_t put_head(const struct speaker *speaker, unsigned how, const uint8_t *octets, size_t count, uint8_t *datagram)
{
    uint8_t kind[2]    = { 0 };
    size_t  parameters = count > sizeof kind ? count - sizeof kind : 0;

    memcpy(kind, octets, count < sizeof kind ? count : sizeof kind);
    memset(datagram, 0, MESSAGE_HEAD_OCTETS);
    write16(datagram, AGENT_SERVICE);
    memcpy(datagram + GROUP_AT, kind, sizeof kind);
    write32(datagram + LENGTH_AT, (uint32_t)(parameters + MESSAGE_LENGTH_LEAST));
    write32(datagram + ID_AT, speaker->latest + ((how & HOW_SAME_ID) == 0));
    datagram[ID_AT + 4] = MESSAGE_PROTOCOL;
    datagram[ID_AT + 5] = MESSAGE_INTERFACE;
    if (parameters > 0)
        memcpy(datagram + MESSAGE_HEAD_OCTETS, octets + sizeof kind, parameters);
    put_in(speaker, how, datagram + MESSAGE_HEAD_OCTETS, parameters);
    return MESSAGE_HEAD_OCTETS + parameters;
}

static bool play_step(struct play *play, unsigned how, const uint8_t *octets, size_t count)
{
    uint8_t         datagram[DATAGRAM_ROOM];
    struct speaker *speaker = &play->speakers[how & HOW_SPEAKER];
    bool            holds   = true;

    play->spoke[how & HOW_SPEAKER] = true;
    if (how & HOW_VISIT && count >= 4)
        ported_visit(play->stub, octets[0] % CONTROLS, read16(octets + 1), octets[3]);
    else if (how & HOW_HEAD)
        holds = say(play, speaker, datagram, put_head(speaker, how, octets, count, datagram));
    else
        holds = say(play, speaker, octets, count);
    if (how & HOW_PASS)
        ported_pass(play->stub, CONTROLS, PASS_US);
    return holds && events_hold(play);
}

static bool is_answered(struct play *play, struct speaker *speaker, uint8_t primitive, size_t octets)
{
    const uint8_t asked[] = { GROUP_GENERAL, primitive };
    uint8_t       datagram[DATAGRAM_ROOM];
    uint32_t      id = speaker->latest + 1;

    return say(play, speaker, datagram, put_head(speaker, 0, asked, sizeof asked, datagram)) && speaker->latest == id &&
           speaker->reply[RESULT_AT] == RESULT_OK && speaker->reply_octets == octets;
}

/* Everybody ends, and nothing is left; then somebody comes who was never there. */
static bool end_holds(struct play *play)
{
    struct speaker fresh = { .control = { { .family = 4, .octets = { 192, 0, 2, 1 + SPEAKERS } }, FIRST_PORT } };

    for (size_t i = 0; i < SPEAKERS; i++)
        if (!is_answered(play, &play->speakers[i], GENERAL_END_TEST, MESSAGE_HEAD_OCTETS))
            return play->finding->sentence[0] == '\0' ? find(play, "END_TEST was not answered") : false;
    if (play->ported->applications != 0)
        return find(play, "sockets are left when everybody has ended");
    if (!is_answered(play, &fresh, GENERAL_GET_VERSION, MESSAGE_HEAD_OCTETS + VERSION_OCTETS))
        return play->finding->sentence[0] == '\0' ? find(play, "a fresh control endpoint was not answered") : false;
    return true;
}

/* Numbers that nobody can foresee hang on the whole input: the next one cannot have learned them from this one. */
static uint64_t numbers_of(const uint8_t *octets, size_t count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < count; i++)
        hash = (hash ^ octets[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static bool play_all(struct play *play, const uint8_t *octets, size_t count)
{
    size_t at = 0;

    for (; at + STEP_HEAD <= count && play->step < STEPS_MOST; play->step++) {
        size_t length = octets[at + 1], left = count - at - STEP_HEAD;

        length = length < left ? length : left;
        if (!play_step(play, octets[at], octets + at + STEP_HEAD, length))
            return false;
        at += STEP_HEAD + length;
    }
    return end_holds(play);
}

bool datagrams_play(struct ported *ported, const uint8_t *octets, size_t count, struct error *finding)
{
    struct play play = { .ported = ported, .finding = finding };

    finding->sentence[0]  = '\0';
    ported->random        = numbers_of(octets, count);
    struct stub_host host = ported_host(ported, CONTROLS);

    play.stub = stub_new(&host);
    if (play.stub == NULL)
        return true;
    for (size_t i = 0; i < SPEAKERS; i++)
        play.speakers[i].control = (struct control){ { .family = 4, .octets = { 192, 0, 2, (uint8_t)(1 + i) } }, FIRST_PORT };
    bool holds = play_all(&play, octets, count);

    stub_free(play.stub);
    if (holds && ported->applications != 0)
        return find(&play, "an application outlives the stub");
    return holds;
}
