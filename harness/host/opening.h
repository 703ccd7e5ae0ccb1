/* opening.h: the active opens of one case at a target without an agent. Each is a run of the user's command (--connect-cmd),
 * watched while the case needs it: once the tester has spoken of an end, it may fail as it likes. It knows commands and the
 * control bits of segments, not what is judged. */
#ifndef TCPROVE_HOST_OPENING_H
#define TCPROVE_HOST_OPENING_H

#include <stdbool.h>
#include <stdint.h>

#include "calls.h"
#include "command.h"
#include "target.h"

struct opening {
    struct command run;
    uint16_t       port;       /* of the tester's */
    bool           fin, reset; /* the target sent one */
    bool           told;       /* the tester sent one */
    bool           failed;     /* the command ended while it was needed, and not because of its connection */
    char           why[200];
};

struct openings {
    const struct command *command;
    uint16_t              first_handle, count;
    struct opening        at[TESTER_PORTS];
};

/* CALL_OPEN and CALL_ACCEPTED (calls.h). */
void opening_ask(struct openings *openings, const struct call_request *request, struct call_reply *reply);
void opening_look(struct openings *openings, const struct call_request *request, struct call_reply *reply);

/* To be told of every packet of the target's, and of every segment of the tester's before it leaves. */
void openings_see(struct openings *openings, const struct arrival *arrival);
void openings_foresee(struct openings *openings, const struct segment *segment);

/* Whether every command lasted as long as its connection; false with a sentence. */
bool openings_lasted(struct openings *openings, struct error *error);

/* Ends the commands that still run. */
void openings_close(struct openings *openings);

#endif
