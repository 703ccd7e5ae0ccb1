/* command.h: a shell command of the user's, run by a helper process that was forked before this program used any privilege and
 * has given up all of them. It knows nothing of targets, nor why the command is run. */
#ifndef TCPROVE_COMMAND_H
#define TCPROVE_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

enum { COMMAND_LIMIT_MS = 60000, COMMAND_OUTPUT_OCTETS = 2000, COMMAND_SETTINGS_OCTETS = 200 };

struct command {
    pid_t helper;  /* 0: none of its own */
    int   channel; /* one message a request, one message a reply; readable when the command has ended */
};

/* Forks the helper. Started by sudo, it becomes the user who called sudo. `limit_ms` is what the command may take. false with a
 * sentence. The helper ends, and a command that it runs with it, when the last descriptor of the channel is closed. */
bool command_open(struct command *command, const char *line, const char *target, unsigned limit_ms, struct error *error);
void command_close(struct command *command);

/* Asks for one run; $TCPROVE_TARGET is the target. */
bool command_ask(const struct command *command, struct error *error);

/* To be called once the channel is readable. false with a sentence (exit status, limit or signal, and the end of what it
 * printed) when the command failed. */
bool command_answer(const struct command *command, struct error *error);

/* The same, and how it failed: of itself (also by SIGPIPE, since who it spoke to may have gone), or ended by somebody or by the
 * limit. A shell tells of a signal by a status of 128 and its number. */
enum command_end { COMMAND_GOOD, COMMAND_FAILED, COMMAND_KILLED };
enum command_end command_end(const struct command *command, struct error *error);

/* Has the helper of `command` run the line once more, beside whatever it runs already: it is started at once, with `settings`
 * in its environment ("NAME=value" and a newline, for each; COMMAND_SETTINGS_OCTETS at most). Any process that has the channel
 * may ask. *run is answered as above; command_close (run) kills what still runs. */
bool command_run_beside(const struct command *command, const char *settings, struct command *run, struct error *error);

/* Whether `command` has ended and command_answer will not wait. */
bool command_has_ended(const struct command *command);

#endif
