#include "notation_text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_add(struct text_out *out, const char *format, ...)
{
    bool    fits = out->used < out->room;
    va_list arguments;

    va_start(arguments, format);
    int added = vsnprintf(fits ? out->text + out->used : NULL, fits ? out->room - out->used : 0, format, arguments);
    va_end(arguments);
    if (added > 0)
        out->used += (size_t)added;
}

struct text_in text_open(const char *text, struct error *error)
{
    return (struct text_in){ .begin = text, .at = text, .end = text + strlen(text), .error = error };
}

static void skip_blanks(struct text_in *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\t'))
        in->at++;
}

bool text_ended(struct text_in *in)
{
    skip_blanks(in);
    return in->at == in->end;
}

char text_next(struct text_in *in)
{
    skip_blanks(in);
    return in->at < in->end ? *in->at : '\0';
}

bool text_take(struct text_in *in, const char *piece)
{
    size_t length = strlen(piece);

    skip_blanks(in);
    if ((size_t)(in->end - in->at) < length || memcmp(in->at, piece, length) != 0)
        return false;
    in->at += length;
    return true;
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

bool text_word(struct text_in *in, char word[WORD_ROOM])
{
    skip_blanks(in);
    const char *end = in->at;

    while (end < in->end && in_word(*end))
        end++;
    size_t length = (size_t)(end - in->at);

    if (length == 0 || length >= WORD_ROOM || isdigit((unsigned char)*in->at))
        return false;
    memcpy(word, in->at, length);
    word[length] = '\0';
    in->at       = end;
    return true;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

bool text_number(struct text_in *in, uint64_t most, uint64_t *value)
{
    skip_blanks(in);
    const char *start = in->at, *at = in->at;
    int         base = 10;

    if (in->end - at > 2 && at[0] == '0' && at[1] == 'x') {
        base = 16;
        at += 2;
    }
    const char *digits = at;

    for (*value = 0; at < in->end && digit_value(*at) < base; at++) {
        uint64_t more = *value * (uint64_t)base + (uint64_t)digit_value(*at);

        if (more > most || *value > UINT64_MAX / 16)
            return text_wrong(in, "this number is above %llu", (unsigned long long)most);
        *value = more;
    }
    if (at == digits || (at < in->end && in_word(*at)))
        return text_wrong(in, "a number belongs here");
    in->at = at;
    return at > start;
}

bool text_want(struct text_in *in, const char *piece)
{
    return text_take(in, piece) || text_wrong(in, "\"%s\" belongs here", piece);
}

bool text_wrong(struct text_in *in, const char *format, ...)
{
    char     sentence[300], seen[24];
    va_list  arguments;
    unsigned column = (unsigned)(in->at - in->begin) + 1;
    size_t   length = (size_t)(in->end - in->at);

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    snprintf(seen, sizeof seen, "%.*s", length < sizeof seen ? (int)length : (int)sizeof seen - 1, in->at);
    for (char *c = seen; *c != '\0'; c++)
        if (!isprint((unsigned char)*c))
            *c = '?';
    if (in->line > 0)
        return error_set(in->error, "line %u, column %u: %s (\"%s\")", in->line, column, sentence, seen);
    return error_set(in->error, "column %u: %s (\"%s\")", column, sentence, seen);
}
