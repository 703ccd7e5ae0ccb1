#include "notation_words.h"

#include <stdio.h>
#include <string.h>

#include "ladder.h"
#include "notation.h"

const struct word state_words[] = {
    { "CLOSED", CLOSED },
    { "LISTEN", LISTEN },
    { "SYN-SENT", SYN_SENT },
    { "SYN-RECEIVED", SYN_RECEIVED },
    { "ESTABLISHED", ESTABLISHED },
    { "FIN-WAIT-1", FIN_WAIT_1 },
    { "FIN-WAIT-2", FIN_WAIT_2 },
    { "CLOSE-WAIT", CLOSE_WAIT },
    { "CLOSING", CLOSING },
    { "LAST-ACK", LAST_ACK },
    { "TIME-WAIT", TIME_WAIT },
    { "EACH", EACH },
    { NULL, 0 },
};

const struct word event_words[] = {
    { "DATA", DATA },         { "URGENT", URGENT },         { "END", END },
    { "RESET", RESET },       { "REFUSED", REFUSED },       { "TIMED_OUT", TIMED_OUT },
    { "ACCEPTED", ACCEPTED }, { "SOFT_ERROR", SOFT_ERROR }, { NULL, 0 },
};

const struct word call_words[] = {
    { "OPEN", OPEN },       { "PASSIVE_OPEN", PASSIVE_OPEN },   { "SEND", SEND },   { "SEND_URGENT", SEND_URGENT },
    { "RECEIVE", RECEIVE }, { "PAUSE_READING", PAUSE_READING }, { "CLOSE", CLOSE }, { "CLOSE_BOTH", CLOSE_BOTH },
    { "ABORT", ABORT },     { "CONFIGURE", CONFIGURE },         { NULL, 0 },
};

const struct word setting_words[] = {
    { "NAGLE", NAGLE },
    { "KEEP_ALIVE", KEEP_ALIVE },
    { "KEEP_ALIVE_INTERVAL", KEEP_ALIVE_INTERVAL },
    { "USER_TIMEOUT", USER_TIMEOUT },
    { "ACCEPTING", ACCEPTING },
    { "BACKLOG", BACKLOG },
    { NULL, 0 },
};

const struct word icmp_words[] = {
    { "PACKET_TOO_BIG", PACKET_TOO_BIG },
    { "HOST_UNREACHABLE", HOST_UNREACHABLE },
    { "PROTOCOL_UNREACHABLE", PROTOCOL_UNREACHABLE },
    { "PORT_UNREACHABLE", PORT_UNREACHABLE },
    { "TIME_EXCEEDED", TIME_EXCEEDED },
    { "SOURCE_QUENCH", SOURCE_QUENCH },
    { NULL, 0 },
};

const struct word damage_words[] = {
    { "UNDAMAGED", UNDAMAGED },
    { "BAD_CHECKSUM", BAD_CHECKSUM },
    { "ZERO_CHECKSUM", ZERO_CHECKSUM },
    { "PSEUDO_LENGTH_WRONG", PSEUDO_LENGTH_WRONG },
    { "PSEUDO_ADDRESS_WRONG", PSEUDO_ADDRESS_WRONG },
    { "BAD_IP_CHECKSUM", BAD_IP_CHECKSUM },
    { "IP_LENGTH_SHORT", IP_LENGTH_SHORT },
    { NULL, 0 },
};

const struct word flag_words[] = {
    { "SYN", SYN }, { "FIN", FIN }, { "RST", RST }, { "PSH", PSH },         { "ACK", ACK },
    { "URG", URG }, { "ECE", ECE }, { "CWR", CWR }, { "MAY_ACK", MAY_ACK }, { NULL, 0 },
};

const struct word feature_words[] = {
    { "SACK_PERMITTED", SACK_PERMITTED },
    { "TIMESTAMPS", TIMESTAMPS },
    { "WINDOW_SCALE", WINDOW_SCALE },
    { "ECN", ECN },
    { NULL, 0 },
};

const struct word way_words[] = { { "PASSIVE", PASSIVE }, { "ACTIVE", ACTIVE }, { NULL, 0 } };

const struct word place_words[] = {
    { "FROM_PEER", FROM_PEER },           { "FROM_TARGET", FROM_TARGET },     { "FROM_BROADCAST", FROM_BROADCAST },
    { "FROM_MULTICAST", FROM_MULTICAST }, { "FROM_LOOPBACK", FROM_LOOPBACK }, { NULL, 0 },
};

const struct word mark_words[] = {
    { "NO_MARK", NO_MARK }, { "A", A }, { "B", B }, { "C", C }, { "D", D }, { "PREVIOUS", PREVIOUS }, { NULL, 0 },
};

const struct word filler_words[] = { { "STREAM", STREAM }, { "OTHER", OTHER }, { NULL, 0 } };

const struct word yes_words[] = { { "NO", NO }, { "YES", YES }, { NULL, 0 } };

const char *word_of(const struct word *words, unsigned value)
{
    for (; words->name != NULL; words++)
        if (words->value == value)
            return words->name;
    return NULL;
}

void word_print(struct text_out *out, const struct word *words, unsigned value)
{
    const char *name = word_of(words, value);

    if (name == NULL) {
        text_add(out, "%u", value);
        return;
    }
    for (; *name != '\0'; name++)
        text_add(out, "%c", *name == '-' ? '_' : *name);
}

/* A word of the notation has _ where the RFC's name has a hyphen. */
static bool spells(const char *word, const char *name)
{
    for (; *word != '\0' && (*word == *name || (*word == '_' && *name == '-')); word++)
        name++;
    return *word == '\0' && *name == '\0';
}

bool word_parse(struct text_in *in, const struct word *words, const char *what, unsigned *value)
{
    struct text_in before = *in;
    char           word[WORD_ROOM];

    if (text_word(in, word)) {
        for (; words->name != NULL; words++) {
            if (spells(word, words->name)) {
                *value = words->value;
                return true;
            }
        }
        *in = before;
        return text_wrong(in, "%s belongs here, and \"%s\" is none", what, word);
    }
    return text_wrong(in, "%s belongs here", what);
}

void bits_print(struct text_out *out, const struct word *words, unsigned bits)
{
    const char *between = "";

    for (; words->name != NULL; words++) {
        if ((bits & words->value) == 0)
            continue;
        text_add(out, "%s%s", between, words->name);
        between = "|";
        bits &= ~words->value;
    }
    if (bits != 0 || *between == '\0')
        text_add(out, "%s%u", between, bits);
}

bool bits_parse(struct text_in *in, const struct word *words, const char *what, unsigned *bits)
{
    *bits = 0;
    do {
        uint64_t number = 0;
        unsigned value  = 0;
        char     next   = text_next(in);

        if (next >= '0' && next <= '9') {
            if (!text_number(in, UINT32_MAX, &number))
                return false;
        } else if (!word_parse(in, words, what, &value)) {
            return false;
        }
        *bits |= value | (unsigned)number;
    } while (text_take(in, "|"));
    return true;
}

const char *notation_state(enum state state)
{
    const char *name = word_of(state_words, state);

    return name != NULL ? name : "an unknown state";
}

const char *notation_event(enum event event)
{
    const char *name = word_of(event_words, event);

    return name != NULL ? name : "an unknown event";
}
