/* notation_text.h: text written piece by piece into a buffer, and text read piece by piece with the place known; shared by the
 * files of the notation and by nobody else. It knows no word of the notation. */
#ifndef TCPROVE_NOTATION_TEXT_H
#define TCPROVE_NOTATION_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum { WORD_ROOM = 64 };

/* What does not fit is left out, and `used` tells how much room it would have taken. */
struct text_out {
    char  *text;
    size_t room, used;
};

void text_add(struct text_out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What is still to be read. Blanks before a piece are passed over by every function. */
struct text_in {
    const char   *begin, *at, *end;
    unsigned      line; /* 0: the text is a single line */
    struct error *error;
};

struct text_in text_open(const char *text, struct error *error);
bool           text_ended(struct text_in *in);
/* The next octet, or zero at the end. */
char text_next(struct text_in *in);
/* Takes a piece of punctuation where it stands next. */
bool text_take(struct text_in *in, const char *piece);
/* Takes a word (letters, digits and _, no digit first); false and nothing taken where none stands next or it is too long. */
bool text_word(struct text_in *in, char word[WORD_ROOM]);
/* Takes a number (decimal, or hexadecimal after 0x) that is at most `most`; says what is wrong otherwise. */
bool text_number(struct text_in *in, uint64_t most, uint64_t *value);
/* Like text_take, but says what is missing. */
bool text_want(struct text_in *in, const char *piece);
/* Says in the error what is wrong here, with line and column; returns false. */
bool text_wrong(struct text_in *in, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
