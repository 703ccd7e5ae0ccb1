/* notation_words.h: the names of flags, states, marks and the other enumerations, each in one table that printing and parsing
 * share. It knows spellings, not meanings. */
#ifndef TCPROVE_NOTATION_WORDS_H
#define TCPROVE_NOTATION_WORDS_H

#include "notation_text.h"

/* A table of names ends with a null name. */
struct word {
    const char *name;
    unsigned    value;
};

extern const struct word state_words[], event_words[], call_words[], setting_words[], icmp_words[], damage_words[],
    flag_words[], feature_words[], way_words[], place_words[], mark_words[], filler_words[], yes_words[];

/* The first name of a value, or NULL. */
const char *word_of(const struct word *words, unsigned value);

/* Prints the name of a value (a number where it has none); - in a name becomes _. */
void word_print(struct text_out *out, const struct word *words, unsigned value);
bool word_parse(struct text_in *in, const struct word *words, const char *what, unsigned *value);

/* Bits joined with |; 0 where there are none, a number for those without a name. */
void bits_print(struct text_out *out, const struct word *words, unsigned bits);
bool bits_parse(struct text_in *in, const struct word *words, const char *what, unsigned *bits);

#endif
