/* notation_ladder.h: the one text form of a ladder, printed and parsed: each rung on a line, in the words in which a case
 * writes it, rungs inside a rung two blanks further in:
 *
 *     ENTER (ESTABLISHED)
 *     PEER (RST, .seq = RCV_NXT + RCV_WND - 1)
 *     ONE_OF
 *       BY ("RFC5961-3.2-g")
 *         IUT (ACK)
 *         ALIVE
 *       DEVIATES ("RFC5961-3.2-a")
 *         GONE
 *
 * It knows the vocabulary and not how it is played. */
#ifndef TCPROVE_NOTATION_LADDER_H
#define TCPROVE_NOTATION_LADDER_H

#include "ladder.h"
#include "notation.h"

/* One rung without the rungs inside it, cut to `room`. */
void notation_rung(const struct step *step, char *text, size_t room);

/* Calls back for each line of a ladder, from top to bottom, with how deep it is nested. A BY or DEVIATES is a line of its own
 * and comes with the ONE_OF that it belongs to. */
typedef void notation_line(void *context, unsigned depth, const struct step *step, const char *text);
void         notation_ladder(const struct step *steps, notation_line *line, void *context);

/* The whole text of a ladder, cut to `room` (the ending zero included). Returns the octets of the whole, the zero not counted.
 */
size_t notation_ladder_print(const struct step *steps, char *text, size_t room);

/* A ladder that was parsed; it owns its steps and all that they point to, but not the text. */
struct parsed_ladder {
    const struct step *steps;
    struct arena_part *parts;
};

/* Reads what notation_ladder prints, indented as a whole by any number of blanks; empty lines are passed over. Fields may stand
 * in any order. A JUDGE keeps its name in `what` and has no function: `judge` is NULL, and whoever plays the ladder has to find
 * the function by name or to refuse. False, with a sentence, its line and column in *error and nothing to free. */
bool notation_ladder_parse(const char *text, struct parsed_ladder *ladder, struct error *error);
void notation_ladder_free(struct parsed_ladder *ladder);

#endif
