/* speaker.h: a control endpoint of the agent's as a fuzzer plays it: what it said, what it was told, and what must hold of
 * whatever comes to it. It does not know what the right answer is. */
#ifndef TCPROVE_FUZZ_SPEAKER_H
#define TCPROVE_FUZZ_SPEAKER_H

#include "agent/stub.h"

enum { SPEAKER_REMEMBERS = 64 /* sockets, and requests that are answered by events */ };

struct speaker {
    struct control control;
    bool           answered;
    bool           greeted; /* surely: with a repeated id it gets the same octets     */
    bool           shown;   /* perhaps: it said a token that the stub told it         */
    uint32_t       latest;  /* id                                                     */
    uint32_t       token;
    uint8_t        reply[MESSAGE_OCTETS]; /* to the latest */
    size_t         reply_octets;
    uint16_t       sockets[SPEAKER_REMEMBERS];
    size_t         socket_count;
    struct {
        uint32_t id;
        uint8_t  primitive;
    } armed[SPEAKER_REMEMBERS]; /* what was granted and leads to events */
    size_t armed_count;
};

/* Takes the reply to what it asked, `octets` of 0 where none came. Returns NULL, or what is wrong with it. */
const char *speaker_takes_reply(struct speaker *speaker, const uint8_t *asked, size_t asked_octets, const uint8_t *reply,
                                size_t octets);

/* Takes an event. */
const char *speaker_takes_event(struct speaker *speaker, const uint8_t *event, size_t octets);

/* The index-th of the sockets that it was told, from the latest back, over and over; `otherwise` where it was told none. */
uint16_t speaker_socket(const struct speaker *speaker, size_t index, uint16_t otherwise);

#endif
