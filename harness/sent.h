/* sent.h: the octets that one end of a connection has sent, each by its place in the stream, and whether what it sends again is
 * what it sent before. It knows neither sequence numbers nor segments. */
#ifndef TCPROVE_SENT_H
#define TCPROVE_SENT_H

#include <stddef.h>
#include <stdint.h>

enum { SENT_MOST_OCTETS = 1 << 20 }; /* of a stream, from its beginning: what lies beyond is not kept */

/* Begins as all zeros; release with sent_release. */
struct sent {
    uint8_t *octets, *known; /* `known`: whether the octet at this place was sent; false from `reach` on */
    size_t   room, reach;
};

enum sent_again {
    SENT_FIRST, /* no octet of it was sent before, or it lies beyond what is kept, or there is no memory */
    SENT_SAME,  /* those that were are the same as then                                                  */
    SENT_OTHER
};

/* `count` octets are sent, the first of them at the place `at`. */
enum sent_again sent_takes(struct sent *sent, size_t at, const uint8_t *octets, size_t count);

/* Nothing was sent; the memory stays for what comes. */
void sent_forget(struct sent *sent);
void sent_release(struct sent *sent);

#endif
