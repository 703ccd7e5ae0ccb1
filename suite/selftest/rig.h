/* rig.h: the tests' own network for a shell line. */
#ifndef TCPROVE_SELFTEST_RIG_H
#define TCPROVE_SELFTEST_RIG_H

/* arguments: delay and jitter in ms, loss in per mille, seed, the line. The line's exit status; 3 where no namespace can be
 * made. */
int rig_play(char **arguments);

#endif
