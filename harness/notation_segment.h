/* notation_segment.h: what the printer and the parser of segments share: numbers in terms of symbols, and the list of options.
 * It knows the text form, not what a segment means. */
#ifndef TCPROVE_NOTATION_SEGMENT_H
#define TCPROVE_NOTATION_SEGMENT_H

#include "notation.h"
#include "notation_text.h"

/* `of_target`: the number counts octets that the target sends. */
void number_print(struct text_out *out, const struct notation_symbols *names, bool of_target, uint32_t value);
bool number_parse(struct text_in *in, const struct notation_symbols *names, uint32_t *value);

void options_print(struct text_out *out, const struct segment *segment, bool from_target, const struct notation_symbols *names);
/* Behind the "<". */
bool options_parse(struct text_in *in, const struct notation_symbols *names, struct segment *segment);

#endif
