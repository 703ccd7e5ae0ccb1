/* program_rig.h: the program run as its users run it: a shell line, what it printed, a folder for what it writes. $TCPROVE
 * names the binary; without that it is build/tcprove. */
#ifndef TCPROVE_SELFTEST_PROGRAM_RIG_H
#define TCPROVE_SELFTEST_PROGRAM_RIG_H

#include <jansson.h>

/* Runs a shell line in which $T is the program. Its exit status; everything it prints is in program_output. */
int         program_shell(const char *line);
extern char program_output[];
/* The test fails where program_output does not have these words. */
void program_says(const char *words);

/* A fixture: a new folder, named $D in shell lines, and its end. */
void program_make_folder(void);
void program_drop_folder(void);
/* Writes $D/name. The path; it stays until three others were asked for. */
const char *program_write(const char *name, const char *text);

/* What is in $D/name/results.json; the caller gives it back. */
json_t *program_results(const char *name);

#endif
