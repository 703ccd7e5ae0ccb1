/* referee.h: rules that hold in every conversation, judged over captured packets of one connection or of many. Its only state
 * is the shadow of each connection. It does not know which case is playing, nor what kind of target it watches. */
#ifndef TCPROVE_REFEREE_H
#define TCPROVE_REFEREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segment.h"

enum { REFEREE_RULES = 9 };

struct referee_rule {
    const char *id;          /* result "referee/<id>" */
    const char *title;       /* what is right */
    const char *requirement; /* id of cases/requirements.tsv */
};

extern const struct referee_rule referee_rules[REFEREE_RULES];

/* What a rule saw: how many segments it judged, how many broke it, and the first of these. */
struct ruling {
    uint64_t judged, broken;
    size_t   first_frame; /* counted from 1, over the packets given to this referee */
    char     sentence[300];
};

struct referee;

/* A referee over an empty conversation; NULL without memory. Release with referee_close. */
struct referee *referee_open(void);
void            referee_close(struct referee *referee);
/* Over an empty conversation once more; what it may leave unjudged stays so. */
void referee_begin_again(struct referee *referee);

/* What the target sends is captured before its TCP checksum is computed: it is not judged. */
void referee_leave_checksums(struct referee *referee);

/* Of a link where offloads may merge segments before they are captured: one whose checksum is that of the pseudo-header alone
 * is not charged for its sum, nor for its size. */
void referee_meets_offloads(struct referee *referee);

/* One packet as captured at the tester's side, in order. `count` octets from the IP header on. */
void referee_sees(struct referee *referee, bool from_target, const uint8_t *octets, size_t count);
/* The same for one that packet_decode took apart already. */
void referee_sees_packet(struct referee *referee, bool from_target, const struct packet *packet);

const struct ruling *referee_ruling(const struct referee *referee, size_t rule);
/* Whether any rule was broken. */
bool referee_saw_a_breach(const struct referee *referee);

#endif
