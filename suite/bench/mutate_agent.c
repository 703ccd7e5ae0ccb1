/* mutate_agent.c: broken datagrams to the test stub, by the million. Behind it stands the built-in TCP in virtual time: a
 * second host that the stub is ported to, besides the sockets of tcprove-agent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/stub.h"
#include "bench/mutate.h"
#include "fuzz/ported.h"

enum { CONTROLS = 3, DATAGRAM_OCTETS = 300, PASS_US = 200000, LONGEST_LIFE = 4000 /* datagrams until all begin anew */ };

/* ---- datagrams -------------------------------------------------------------------------------------------------------------
 */

#define HEAD(group, primitive, parameters) 0x01, 0x05, group, primitive, 0, 0, 0, 8 + (parameters), 0, 0, 0, 1, 1, 1, 0, 0
#define SOUND(...)                                                                                                             \
    {                                                                                                                          \
        { __VA_ARGS__ }, sizeof(uint8_t[])                                                                                     \
        {                                                                                                                      \
            __VA_ARGS__                                                                                                        \
        }                                                                                                                      \
    }

static const struct {
    uint8_t octets[64];
    size_t  count;
} sound[] = {
    SOUND(HEAD(0x00, 0x01, 0)),
    SOUND(HEAD(0x00, 0x03, 8), 0, 7, 0, 4, 0xef, 0xbb, 0xbf, 0),
    SOUND(HEAD(0x02, 0x01, 9), 1, 0xff, 0xff, 0, 4, 0, 0, 0, 0),
    SOUND(HEAD(0x02, 0x04, 4), 0, 1, 0, 5),
    SOUND(HEAD(0x02, 0x05, 10), 0, 1, 0x12, 0x34, 0, 4, 192, 0, 2, 1),
    SOUND(HEAD(0x02, 0x02, 9), 0, 1, 0, 5, 0, 0, 2, 'a', 'b'),
    SOUND(HEAD(0x02, 0x03, 6), 0, 1, 0xff, 0xff, 0xff, 0xff),
    SOUND(HEAD(0x02, 0x06, 7), 0, 1, 0, 6, 0, 1, 0),
    SOUND(HEAD(0x02, 0x07, 3), 0, 1, 1),
    SOUND(HEAD(0x02, 0x00, 3), 0, 1, 1),
    SOUND(HEAD(0x7f, 0x00, 5), 1, 0, 0, 0, 0),
    SOUND(HEAD(0x7f, 0x01, 12), 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0xb0),
    SOUND(HEAD(0x7f, 0x02, 10), 0, 1, 0x12, 0x34, 0, 4, 192, 0, 2, 1),
    SOUND(HEAD(0x7f, 0x03, 5), 0, 1, 0, 1, 'u'),
    SOUND(HEAD(0x7f, 0x04, 7), 0, 1, 0, 3, 'a', 'b', 'c'),
    SOUND(HEAD(0x7f, 0x05, 2), 0, 1),
    SOUND(HEAD(0x7f, 0x06, 2), 0, 1),
    SOUND(HEAD(0x7f, 0x07, 3), 0, 1, 1),
    SOUND(HEAD(0x7f, 0x08, 6), 0, 1, 0, 0, 0x10, 0),
    SOUND(HEAD(0x7f, 0x09, 7), 0, 1, 0, 0, 0, 0x10, 0),
};
enum { SOUND_ONES = sizeof sound / sizeof *sound, ID_AT = 8, LENGTH_AT = 7, HEAD_END = 16 };

static size_t below(uint64_t *state, size_t limit)
{
    return (size_t)(mutate_random(state) % limit);
}

/* A sound datagram with a rising id, of which up to three octets, or the end, are then changed. */
static size_t make_datagram(uint64_t *state, uint64_t number, uint8_t octets[DATAGRAM_OCTETS])
{
    size_t which = below(state, SOUND_ONES), count = sound[which].count;

    memcpy(octets, sound[which].octets, count);
    for (size_t i = 0; i < 4; i++)
        octets[ID_AT + i] = (uint8_t)(number >> 8 * (3 - i));
    if (count > HEAD_END + 1)
        octets[HEAD_END + 1] = (uint8_t)(1 + below(state, 6)); /* a socket, as often as not one that is there */
    for (size_t i = below(state, 4); i > 0; i--)
        octets[below(state, count)] = (uint8_t)mutate_random(state);
    if (below(state, 4) == 0)
        count = below(state, count + 1);
    else if (below(state, 4) == 0)
        while (count < DATAGRAM_OCTETS && below(state, 30) != 0)
            octets[count++] = (uint8_t)mutate_random(state);
    if (below(state, 3) == 0 && count >= HEAD_END)
        octets[LENGTH_AT] = (uint8_t)(count - HEAD_END + 8);
    return count;
}

/* ---- what must hold --------------------------------------------------------------------------------------------------------
 */

static bool reply_holds(const uint8_t *asked, size_t asked_octets, const uint8_t *reply, size_t octets)
{
    if (octets == 0)
        return true;
    /* An id that came before is answered as before, whatever is asked with it now. */
    return asked_octets >= HEAD_END && octets >= HEAD_END && octets <= MESSAGE_OCTETS && memcmp(asked, reply, 2) == 0 &&
           memcmp(asked + ID_AT, reply + ID_AT, 4) == 0 && reply[14] == MESSAGE_RESPONSE &&
           (size_t)reply[6] * 256 + reply[7] == octets - HEAD_END + 8;
}

static bool one_datagram(struct stub *stub, uint64_t *state, uint64_t number)
{
    uint8_t        made[DATAGRAM_OCTETS], reply[MESSAGE_OCTETS];
    size_t         count = make_datagram(state, number, made);
    uint8_t       *exact = malloc(count > 0 ? count : 1);
    struct control from  = { { .family = 4, .octets = { 192, 0, 2, (uint8_t)(1 + below(state, CONTROLS + 1)) } }, 40000 };
    struct control to;

    if (exact == NULL)
        return false;
    memcpy(exact, made, count);
    size_t octets = stub_datagram(stub, &from, exact, count, reply);
    bool   holds  = reply_holds(exact, count, reply, octets);

    free(exact);
    if (number % 16 == 0)
        ported_pass(stub, CONTROLS, PASS_US);
    for (int i = 0; holds && i < 1000 && stub_event(stub, &to, reply) > 0; i++)
        continue;
    return holds;
}

bool mutate_agent(uint64_t count, uint64_t seed)
{
    struct error     error;
    struct ported    ported;
    struct stub     *stub  = NULL;
    uint64_t         state = seed;
    bool             holds = ported_open(&ported, seed, &error);
    struct stub_host host  = ported_host(&ported, CONTROLS);

    ported.plain_sockets = true; /* or nearly all of them would be unknown */
    for (uint64_t i = 0; holds && i < count; i++) {
        if (i % LONGEST_LIFE == 0) {
            stub_free(stub);
            stub = stub_new(&host);
        }
        holds = stub != NULL && one_datagram(stub, &state, i);
        if (!holds)
            fprintf(stderr, "mutate: the stub's answer to datagram %llu of seed %llu does not hold\n", (unsigned long long)i,
                    (unsigned long long)seed);
    }
    stub_free(stub);
    ported_close(&ported);
    return holds;
}
