/* replay.h: the verb `replay`: what a fuzz input does, step by step, and which oracle spoke. */
#ifndef TCPROVE_REPLAY_H
#define TCPROVE_REPLAY_H

#include "status.h"

/* argv[0] is the verb. */
enum status replay(int argc, char **argv);

/* The verb `seeds`: writes cases of the catalog as fuzz inputs into a folder. */
enum status seeds(int argc, char **argv);

#endif
