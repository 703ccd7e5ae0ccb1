/* notation_term.h: terms of ladder.h as text: RCV_NXT + RCV_WND - 1, AT_MOST(2 * RMSS), ZERO + 7. It knows how terms are
 * spelled and not what a symbol is worth. */
#ifndef TCPROVE_NOTATION_TERM_H
#define TCPROVE_NOTATION_TERM_H

#include "ladder.h"
#include "notation_text.h"

void term_print(struct text_out *out, term packed);
bool term_parse(struct text_in *in, term *packed);

#endif
