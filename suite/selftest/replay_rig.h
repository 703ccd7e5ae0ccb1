/* replay_rig.h: what the suites of the verb `replay` share: inputs that are there, and a wish carried out in this process, so
 * that a test can hand in a player or a target of its own. */
#ifndef TCPROVE_SELFTEST_REPLAY_RIG_H
#define TCPROVE_SELFTEST_REPLAY_RIG_H

#include "program_rig.h"
#include "replay_inside.h"

#define CORPUS "fuzz/corpus/ladder/"
#define OLD    CORPUS "segments-before-any-syn.ladder"
#define NEW    CORPUS "fin-wait-2-meets-acks-that-its-peer-does-not-know-it-gave.ladder"

/* A connection, as text. */
#define OPENED "PEER (SYN)\nPEER (ACK)\n"

/* What it prints is in program_output. */
enum status play_wish(struct replay_wish *wish);

#endif
