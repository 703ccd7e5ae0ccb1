/* notation_fields.h: the rungs by name, and the fields of each with name, kind and place in struct step: the one table that
 * drives printing and parsing. It knows the layout of struct step and no other text than names. */
#ifndef TCPROVE_NOTATION_FIELDS_H
#define TCPROVE_NOTATION_FIELDS_H

#include "ladder.h"
#include "notation_words.h"

enum field_kind {
    FIELD_TERM,
    FIELD_WORD,     /* an enumeration: one of `words`            */
    FIELD_BITS,     /* unsigned: `words` joined with |           */
    FIELD_NUMBER,   /* uint32_t, or one of `words`               */
    FIELD_BLOCKS,   /* struct block[4]                           */
    FIELD_OCTETS,   /* struct octets                             */
    FIELD_INTERVAL, /* struct interval                           */
    FIELD_STRING,   /* const char *, between quotation marks     */
    FIELD_NAME      /* const char *, a C identifier              */
};

enum { FIELD_BLOCKS_COUNT = 4, FIELDS_MOST = 32 };

/* A table of fields ends with a null name. */
struct ladder_field {
    const char        *name;
    enum field_kind    kind;
    size_t             at; /* in struct step */
    const struct word *words;
};

/* Which rungs hang below one. */
enum holding { HOLDS_NOTHING, HOLDS_RUNGS, HOLDS_WAYS };

struct ladder_rung {
    const char                *name;
    enum rung                  rung;
    const struct ladder_field *fields; /* NULL: none, and no parentheses              */
    const char                *first;  /* the field that stands first, without its name */
    enum holding               holds;
};

/* Ends with a null name. */
extern const struct ladder_rung ladder_rungs[];
/* BY ("clause"): no rung, but printed and parsed like one whose `clause` stands first. */
extern const struct ladder_rung way_by, way_deviates;

const struct ladder_rung  *ladder_rung_of(enum rung rung);
const struct ladder_field *ladder_field_of(const struct ladder_rung *rung, const char *name);

/* A field that is left out is zero. */
bool field_left_out(const struct ladder_field *field, const struct step *step);
void field_print(struct text_out *out, const struct ladder_field *field, const struct step *step);

#endif
