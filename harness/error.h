/* error.h: an error as a value that carries a sentence a user can act on. It knows no error in particular. */
#ifndef TCPROVE_ERROR_H
#define TCPROVE_ERROR_H

#include <stdbool.h>

struct error {
    char sentence[480];
};

/* Writes the sentence (printf's format) and returns false, so that a function can `return error_set (error, …)`. */
bool error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
