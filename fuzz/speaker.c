#include "speaker.h"

#include <string.h>

#include "octets.h"

enum {
    REPLY_MORE       = 16, /* a reply to who knows where may be longer than its request by this */
    GROUP_AT         = 2,
    PRIMITIVE_AT     = 3,
    LENGTH_AT        = 4,
    ID_AT            = 8,
    TYPE_AT          = 14,
    RESULT_AT        = 15,
    EVENT_BIT        = 0x80,
    HELLO_TOKEN_AT   = MESSAGE_HEAD_OCTETS + 1,
    HELLO_OCTETS     = HELLO_TOKEN_AT + 4,
    ACCEPT_SOCKET_AT = MESSAGE_HEAD_OCTETS + 2
};

/* ---- what it learns --------------------------------------------------------------------------------------------------------
 */

static void learn_socket(struct speaker *speaker, uint16_t socket)
{
    speaker->sockets[speaker->socket_count++ % SPEAKER_REMEMBERS] = socket;
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
    size_t place = speaker->armed_count++ % SPEAKER_REMEMBERS;

    speaker->armed[place].id        = read32(reply + ID_AT);
    speaker->armed[place].primitive = reply[PRIMITIVE_AT];
}

/* ---- judging ---------------------------------------------------------------------------------------------------------------
 */

static bool is_well_made(const uint8_t *octets, size_t count)
{
    return count >= MESSAGE_HEAD_OCTETS && count <= MESSAGE_OCTETS && read16(octets) == AGENT_SERVICE &&
           read32(octets + LENGTH_AT) == count - MESSAGE_HEAD_OCTETS + MESSAGE_LENGTH_LEAST;
}

const char *speaker_takes_reply(struct speaker *speaker, const uint8_t *asked, size_t asked_octets, const uint8_t *reply,
                                size_t octets)
{
    bool same_id = speaker->answered && asked_octets >= MESSAGE_HEAD_OCTETS && read32(asked + ID_AT) == speaker->latest;
    bool same    = octets == speaker->reply_octets && memcmp(reply, speaker->reply, octets) == 0;

    if (octets == 0)
        return NULL;
    if (asked_octets < MESSAGE_HEAD_OCTETS || asked[TYPE_AT] != MESSAGE_REQUEST)
        return "what is no request was answered";
    if (!is_well_made(reply, octets) || reply[TYPE_AT] != MESSAGE_RESPONSE)
        return "a reply is not well made";
    if (read32(reply + ID_AT) != read32(asked + ID_AT))
        return "a reply has another id than its request";
    if (same_id && speaker->greeted && !same)
        return "a repeated id was not answered with the same octets";
    if (!(same_id && same) && memcmp(reply + GROUP_AT, asked + GROUP_AT, 2) != 0)
        return "a reply has another group or primitive than its request";
    learn(speaker, asked, asked_octets, reply, same_id && same);
    if (!speaker->shown && octets > asked_octets + REPLY_MORE)
        return "a reply is much longer than its request, to an address that nothing was seen of";
    memcpy(speaker->reply, reply, octets);
    speaker->reply_octets = octets;
    speaker->latest       = read32(reply + ID_AT);
    speaker->answered     = true;
    return NULL;
}

static bool is_armed(const struct speaker *speaker, const uint8_t *event)
{
    for (size_t i = 0; i < speaker->armed_count && i < SPEAKER_REMEMBERS; i++)
        if (speaker->armed[i].id == read32(event + ID_AT) && speaker->armed[i].primitive == event[PRIMITIVE_AT])
            return true;
    return false;
}

const char *speaker_takes_event(struct speaker *speaker, const uint8_t *event, size_t octets)
{
    if (!is_well_made(event, octets) || event[TYPE_AT] != MESSAGE_EVENT || event[GROUP_AT] != (EVENT_BIT | GROUP_TCP))
        return "an event is not well made";
    if (!is_armed(speaker, event))
        return "an event goes to somebody who did not ask for it";
    if (event[PRIMITIVE_AT] == TCP_LISTEN_AND_ACCEPT)
        learn_socket(speaker, read16(event + ACCEPT_SOCKET_AT));
    return NULL;
}

uint16_t speaker_socket(const struct speaker *speaker, size_t index, uint16_t otherwise)
{
    if (speaker->socket_count == 0)
        return otherwise;
    return speaker->sockets[(speaker->socket_count - 1 - index % speaker->socket_count) % SPEAKER_REMEMBERS];
}
