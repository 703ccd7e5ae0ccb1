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
    SPEAKERS         = 4,
    CONTROLS         = 3, /* one less, so that one has to make room */
    STEPS_MOST       = 64,
    STEP_HEAD        = 2,
    EVENTS_MOST      = 10000,
    PASS_US          = 200000,
    REPLY_MORE       = 16, /* a reply to who knows where may be longer than its request by this */
    DATAGRAM_ROOM    = MESSAGE_HEAD_OCTETS + UINT8_MAX,
    VERSION_OCTETS   = 6,
    GROUP_AT         = 2,
    PRIMITIVE_AT     = 3,
    LENGTH_AT        = 4,
    ID_AT            = 8,
    TYPE_AT          = 14,
    RESULT_AT        = 15,
    EVENT_BIT        = 0x80,
    HELLO_TOKEN_AT   = MESSAGE_HEAD_OCTETS + 1,
    HELLO_OCTETS     = HELLO_TOKEN_AT + 4,
    ACCEPT_SOCKET_AT = MESSAGE_HEAD_OCTETS + 2,
    FIRST_PORT       = 40000
};

/* What is known of a control endpoint from what it said and what it was told. */
struct speaker {
    struct control control;
    bool           spoke, answered;
    bool           greeted; /* surely: with a repeated id it gets the same octets     */
    bool           shown;   /* perhaps: it said a token that the stub told it         */
    uint32_t       latest;  /* id                                                     */
    uint32_t       token;
    uint8_t        reply[MESSAGE_OCTETS]; /* to the latest */
    size_t         reply_octets;
    uint16_t       sockets[STEPS_MOST];
    size_t         socket_count;
    struct {
        uint32_t id;
        uint8_t  primitive;
    } armed[STEPS_MOST]; /* what was granted and may lead to events */
    size_t armed_count;
};

struct play {
    struct ported        *ported;
    struct stub          *stub;
    struct speaker        speakers[SPEAKERS];
    const struct speaker *last; /* who spoke last */
    size_t                step;
    struct error         *finding;
};

static bool find(const struct play *play, const char *what)
{
    return error_set(play->finding, "step %zu: %s", play->step + 1, what);
}

/* ---- what the speaker learns -----------------------------------------------------------------------------------------------
 */

static void learn_socket(struct speaker *speaker, uint16_t socket)
{
    speaker->sockets[speaker->socket_count++ % STEPS_MOST] = socket;
}

static void learn_hello(struct speaker *speaker, const uint8_t *asked, const uint8_t *reply, bool repeated)
{
    uint32_t said = read32(asked + HELLO_TOKEN_AT);

    speaker->token = read32(reply + HELLO_TOKEN_AT);
    speaker->shown |= said != 0 && said == speaker->token;
    if (!repeated)
        speaker->greeted = asked[MESSAGE_HEAD_OCTETS] == AGENT_VERSION && (said == 0 || said == speaker->token);
}

static void learn(struct speaker *speaker, const uint8_t *asked, size_t asked_octets, const uint8_t *reply, bool repeated)
{
    unsigned kind = read16(reply + GROUP_AT);

    if (reply[RESULT_AT] != RESULT_OK)
        return;
    if (kind == (GROUP_OURS << 8 | OURS_HELLO) && asked_octets >= HELLO_OCTETS)
        learn_hello(speaker, asked, reply, repeated);
    if (kind == (GROUP_TCP << 8 | TCP_CREATE_AND_BIND) || kind == (GROUP_OURS << 8 | OURS_ACCEPTED))
        learn_socket(speaker, read16(reply + MESSAGE_HEAD_OCTETS));
    if (kind != (GROUP_TCP << 8 | TCP_LISTEN_AND_ACCEPT) && kind != (GROUP_TCP << 8 | TCP_RECEIVE_AND_FORWARD))
        return;
    speaker->armed[speaker->armed_count].id          = read32(reply + ID_AT);
    speaker->armed[speaker->armed_count++].primitive = reply[PRIMITIVE_AT];
}

/* ---- judging ---------------------------------------------------------------------------------------------------------------
 */

static bool is_well_made(const uint8_t *octets, size_t count)
{
    return count >= MESSAGE_HEAD_OCTETS && count <= MESSAGE_OCTETS && read16(octets) == AGENT_SERVICE &&
           read32(octets + LENGTH_AT) == count - MESSAGE_HEAD_OCTETS + MESSAGE_LENGTH_LEAST;
}

/* Where there are more speakers than places, whoever did not speak last may have been forgotten. */
static bool may_be_forgotten(const struct play *play, const struct speaker *speaker)
{
    size_t spoke = 0;

    for (size_t i = 0; i < SPEAKERS; i++)
        spoke += play->speakers[i].spoke;
    return play->last != speaker && spoke > CONTROLS;
}

static bool reply_holds(struct play *play, struct speaker *speaker, const uint8_t *asked, size_t asked_octets,
                        const uint8_t *reply, size_t octets)
{
    bool same_id = speaker->answered && asked_octets >= MESSAGE_HEAD_OCTETS && read32(asked + ID_AT) == speaker->latest;
    bool same    = octets == speaker->reply_octets && memcmp(reply, speaker->reply, octets) == 0;

    if (octets == 0)
        return true;
    if (asked_octets < MESSAGE_HEAD_OCTETS || asked[TYPE_AT] != MESSAGE_REQUEST)
        return find(play, "what is no request was answered");
    if (!is_well_made(reply, octets) || reply[TYPE_AT] != MESSAGE_RESPONSE)
        return find(play, "a reply is not well made");
    if (read32(reply + ID_AT) != read32(asked + ID_AT))
        return find(play, "a reply has another id than its request");
    if (same_id && speaker->greeted && !same)
        return find(play, "a repeated id was not answered with the same octets");
    if (!(same_id && same) && memcmp(reply + GROUP_AT, asked + GROUP_AT, 2) != 0)
        return find(play, "a reply has another group or primitive than its request");
    learn(speaker, asked, asked_octets, reply, same_id && same);
    if (!speaker->shown && octets > asked_octets + REPLY_MORE)
        return find(play, "a reply is much longer than its request, to an address that nothing was seen of");
    memcpy(speaker->reply, reply, octets);
    speaker->reply_octets = octets;
    speaker->latest       = read32(reply + ID_AT);
    speaker->answered     = true;
    return true;
}

static bool is_armed(const struct speaker *speaker, const uint8_t *event)
{
    for (size_t i = 0; i < speaker->armed_count; i++)
        if (speaker->armed[i].id == read32(event + ID_AT) && speaker->armed[i].primitive == event[PRIMITIVE_AT])
            return true;
    return false;
}

static bool event_holds(struct play *play, const struct control *to, const uint8_t *event, size_t octets)
{
    struct speaker *speaker = NULL;

    for (size_t i = 0; i < SPEAKERS; i++)
        if (play->speakers[i].control.port == to->port && ip_address_equal(&play->speakers[i].control.address, &to->address))
            speaker = &play->speakers[i];
    if (!is_well_made(event, octets) || event[TYPE_AT] != MESSAGE_EVENT || event[GROUP_AT] != (EVENT_BIT | GROUP_TCP))
        return find(play, "an event is not well made");
    if (speaker == NULL || !is_armed(speaker, event))
        return find(play, "an event goes to somebody who did not ask for it");
    if (event[PRIMITIVE_AT] == TCP_LISTEN_AND_ACCEPT)
        learn_socket(speaker, read16(event + ACCEPT_SOCKET_AT));
    return true;
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
    speaker->spoke = true;
    play->last     = speaker;
    size_t got     = stub_datagram(play->stub, &speaker->control, exact, count, reply);
    bool   holds   = reply_holds(play, speaker, exact, count, reply, got);

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
