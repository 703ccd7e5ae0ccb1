/* results_rig.h: runs at the tester of the tests' own network whose results are read: a folder for them, $D in shell lines, and
 * what results.json says of a case. */
#ifndef TCPROVE_SELFTEST_RESULTS_RIG_H
#define TCPROVE_SELFTEST_RESULTS_RIG_H

#include <jansson.h>
#include <stdbool.h>

/* Makes the folder and the network; whether the network is there. */
bool results_rig_enter(void);
/* Removes the folder. */
void results_rig_leave(void);

/* The results that a run wrote to $D/NAME; to be given back with json_decref. */
json_t *results_named(const char *name);
/* Plays `what` (a target, options and selectors), quick; ends in status 0 or 1. */
json_t *results_of(const char *what, const char *name);

/* The case of that id; NULL if it is not there. */
const json_t *result_of(const json_t *root, const char *id);
const char   *result_field(const json_t *one, const char *name);

#endif
