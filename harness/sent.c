#include "sent.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_LEAST = 4096 };

static bool make_room(struct sent *sent, size_t room)
{
    if (room <= sent->room)
        return true;
    size_t   size   = room < ROOM_LEAST ? ROOM_LEAST : room * 2;
    uint8_t *octets = realloc(sent->octets, size);

    if (octets == NULL)
        return false;
    sent->octets   = octets;
    uint8_t *known = realloc(sent->known, size);

    if (known == NULL)
        return false;
    memset(known + sent->room, 0, size - sent->room);
    sent->known = known;
    sent->room  = size;
    return true;
}

enum sent_again sent_takes(struct sent *sent, size_t at, const uint8_t *octets, size_t count)
{
    bool again = false, same = true;

    if (at > SENT_MOST_OCTETS || count > SENT_MOST_OCTETS - at || !make_room(sent, at + count))
        return SENT_FIRST;
    for (size_t i = 0; i < count; i++) {
        if (sent->known[at + i]) {
            again = true;
            same  = same && sent->octets[at + i] == octets[i];
        } else {
            sent->known[at + i]  = 1;
            sent->octets[at + i] = octets[i];
        }
    }
    if (sent->reach < at + count)
        sent->reach = at + count;
    if (!again)
        return SENT_FIRST;
    return same ? SENT_SAME : SENT_OTHER;
}

void sent_forget(struct sent *sent)
{
    if (sent->reach > 0)
        memset(sent->known, 0, sent->reach);
    sent->reach = 0;
}

void sent_release(struct sent *sent)
{
    free(sent->octets);
    free(sent->known);
    *sent = (struct sent){ 0 };
}
