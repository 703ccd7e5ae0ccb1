/* terminal.h: the terminal that the program was started from: keys that ask how far a run is, SIGUSR1 that does the same, and
 * the terminal's own mode, which is given back on every way out. It knows nothing of runs. */
#ifndef TCPROVE_TERMINAL_H
#define TCPROVE_TERMINAL_H

#include <stdbool.h>

/* SIGUSR1 asks from now on. */
void terminal_listen(void);

/* Keys ask too, if standard input is a terminal and this program is in its foreground: no line, no echo; Ctrl-C and the like
 * stay what they are. Stopped (SIGTSTP) and continued, it gives the terminal back and takes it again. */
void terminal_take(void);
void terminal_give_back(void);

/* To be polled for; -1: there are no keys. */
int terminal_keys(void);

/* Whether somebody asked since it was called last. */
bool terminal_asked(void);

/* A line stands on standard error that is to be erased should the program stop now. */
void terminal_line_stands(bool stands);

#endif
