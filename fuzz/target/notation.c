/* notation.c: the target `notation`: text for the parsers of segments (the first octet is even, and by its next bit numbers are
 * symbols or not) and of ladders (odd). What a parser takes must be what it takes again when it is printed; what it refuses
 * must come with a sentence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/target/target.h"
#include "notation.h"
#include "notation_ladder.h"

enum { TEXT_ROOM = 1 << 14, PRINTED_ROOM = 1 << 18 };

static const struct notation_symbols names = { .at    = { { "SND_NXT", 5000, true },
                                                          { "RCV_NXT", 9001, true },
                                                          { "SND_UNA", 4000, true },
                                                          { "ISS", 1000, true },
                                                          { "IRS", 9000, true } },
                                               .count = 5 };

void fuzz_begin(void)
{
}

static void tell(const char *what, const char *first, const char *second)
{
    fprintf(stderr, "notation: %s\n%s\n%s\n", what, first, second);
    abort();
}

static void read_segment(const char *text, const struct notation_symbols *symbols)
{
    struct segment segment, again;
    bool           from_target, again_from_target;
    struct error   error = { 0 };
    char           printed[2000], reprinted[2000];

    if (!notation_parse(text, symbols, &segment, &from_target, &error)) {
        if (error.sentence[0] == '\0')
            tell("a segment is refused without a sentence", text, "");
        return;
    }
    notation_print(&segment, from_target, symbols, printed, sizeof printed);
    if (!notation_parse(printed, symbols, &again, &again_from_target, &error))
        tell(error.sentence, text, printed);
    notation_print(&again, again_from_target, symbols, reprinted, sizeof reprinted);
    if (strcmp(printed, reprinted) != 0)
        tell("a segment that is printed and read again is another one", printed, reprinted);
}

static void read_ladder(const char *text)
{
    static char          printed[PRINTED_ROOM], reprinted[PRINTED_ROOM];
    struct parsed_ladder ladder, again;
    struct error         error = { 0 };

    if (!notation_ladder_parse(text, &ladder, &error)) {
        if (error.sentence[0] == '\0')
            tell("a ladder is refused without a sentence", text, "");
        return;
    }
    size_t count = notation_ladder_print(ladder.steps, printed, sizeof printed);

    if (count < sizeof printed) {
        if (!notation_ladder_parse(printed, &again, &error))
            tell(error.sentence, text, printed);
        notation_ladder_print(again.steps, reprinted, sizeof reprinted);
        notation_ladder_free(&again);
        if (strcmp(printed, reprinted) != 0)
            tell("a ladder that is printed and read again is another one", printed, reprinted);
    }
    notation_ladder_free(&ladder);
}

void fuzz_one(const uint8_t *octets, size_t count)
{
    char *text;

    if (count < 1 || count > TEXT_ROOM)
        return;
    /* Of exactly its size, so that a sanitizer sees what is read behind it. */
    text = malloc(count);
    if (text == NULL)
        return;
    memcpy(text, octets + 1, count - 1);
    text[count - 1] = '\0';
    if (octets[0] % 2 == 1)
        read_ladder(text);
    else
        read_segment(text, octets[0] / 2 % 2 == 1 ? &names : NULL);
    free(text);
}

void fuzz_counts(char *text, size_t room)
{
    (void)room;
    text[0] = '\0';
}
