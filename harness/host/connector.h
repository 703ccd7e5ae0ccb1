/* connector.h: active opens of a target without an agent: a shell command of the user's (--connect-cmd) makes it connect to an
 * address and port of the tester's. It knows commands and segments, not cases. */
#ifndef TCPROVE_HOST_CONNECTOR_H
#define TCPROVE_HOST_CONNECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "error.h"
#include "host/stand.h"
#include "segment.h"

/* What such a command may take: longer than any case. */
enum { CONNECT_LIMIT_MS = 40 * 60 * 1000 };

/* Runs the command with $TCPROVE_ADDRESS and $TCPROVE_PORT set. *run is to be closed (command_close), which ends the command.
 */
bool connector_asks(const struct command *command, const struct ip_address *address, uint16_t port, struct command *run,
                    struct error *error);

/* What its connection showed of the path. */
struct connector_sighting {
    uint64_t        round_trip_us; /* from our SYN,ACK to the target's ACK */
    enum packet_sum sums;          /* of its SYN */
};

/* Has the command connect once, and sees whether it does as cases need it: a SYN comes, and then neither octets nor a FIN.
 * false with a sentence. */
bool connector_tried(const struct stand *stand, const struct command *command, struct connector_sighting *seen,
                     struct error *error);

#endif
