/* notation.h: the one text form of a segment, printed and parsed:
 *
 *     <-- SYN|ACK SEQ=ISS ACK=IRS+1 WND=64240 <MSS 1460, SACK permitted>
 *     --> ACK SEQ=RCV_NXT+100 ACK=SND_NXT LEN=100 WND=65535
 *
 * It knows the words and how far numbers are from symbols, not how a segment is sent or what is right. */
#ifndef TCPROVE_NOTATION_H
#define TCPROVE_NOTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "segment.h"
#include "words.h"

enum { NOTATION_SYMBOLS = 8, NOTATION_NEAR_OCTETS = 100000 };

/* What the symbols are worth. SND_NXT, SND_UNA and ISS number the octets that the target sends; every other name numbers ours.
 */
struct notation_symbols {
    struct {
        const char *name;
        uint32_t    value;
        bool        known;
    } at[NOTATION_SYMBOLS];
    size_t count;
};

/* Prints a segment without its addresses, ports and octets of text. SEQ, ACK and SACK edges that are within
 * NOTATION_NEAR_OCTETS of a known symbol of their space are printed from the nearest one (an exact match first, in the
 * order given); `names` may be NULL. The line is cut to `room`, the ending zero included.
 * Options stand in < >. Without NOP, END, raw or packed among them each is preceded by the NOPs that align its end to 4 octets;
 * with one of these they are exactly what is written. */
void notation_print(const struct segment *segment, bool from_target, const struct notation_symbols *names, char *text,
                    size_t room);

/* Reads what notation_print writes; symbols get their values from `names` (NULL: numbers only). Of *segment, fields that the
 * notation does not have are zero and `text` is NULL, whatever LEN. False with a sentence and its column in *error. */
bool notation_parse(const char *text, const struct notation_symbols *names, struct segment *segment, bool *from_target,
                    struct error *error);

/* The RFC's name with hyphens, as in requirement ids: "FIN-WAIT-1". */
const char *notation_state(enum state state);

/* The word of ladders: "DATA". */
const char *notation_event(enum event event);

#endif
