/* input.h: a ladder's stimuli as octets for a fuzzer, and back. Every string of octets is an input, and an octet put in, taken
 * out or changed spoils the step or the field that it stands in and no other. It knows the tables of the notation and nothing
 * of what an input does.
 *
 *     1kkkkkkk   a step begins; k modulo 8: PEER, APP, WAIT, ON, ICMP, PEER, PEER, APP
 *     01ffffff   a field of that step begins; f modulo the fields that the step has, in the order of the notation's table
 *     00dddddd   a digit of the field's value, base 64, the most significant first; before any field: of the step's first one
 *
 * A term's first digit is its base, then follow pairs of length and count until a digit 0, then the offset in zigzag, five bits
 * a digit, the sixth bit saying that another one follows. SACK blocks are terms one behind the other, raw options two digits an
 * octet. Digits that are not there are 0. A field that is left out is what a rung that leaves it out means. */
#ifndef TCPROVE_FUZZ_INPUT_H
#define TCPROVE_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "ladder.h"

enum {
    INPUT_STEPS       = 400,     /* what comes behind is no part of the input */
    INPUT_CONNECTIONS = 4,       /* ON (0) and ON (1) are IPv4, ON (2) and ON (3) IPv6 */
    INPUT_WAIT_MS     = 1 << 24, /* a WAIT is shorter: 4.6 hours */
    INPUT_OPTIONS     = 40       /* octets of raw options at most */
};

struct input {
    struct step steps[INPUT_STEPS + 1]; /* ends with RUNG_END */
    size_t      count;
    uint8_t     options[INPUT_STEPS][INPUT_OPTIONS];
};

/* Never fails. */
void input_read(const uint8_t *octets, size_t count, struct input *input);

/* The shortest octets that input_read reads as these steps (ended by RUNG_END; only the rungs above, and of PEER only the
 * fields of what is sent). Returns their count; 0 with a sentence where a step cannot be said or `room` is too small. */
size_t input_write(const struct step *steps, uint8_t *octets, size_t room, struct error *error);

/* Where the step that begins at octets[at] ends: the place of the next octet that begins one, or count. */
size_t input_step_end(const uint8_t *octets, size_t count, size_t at);

#endif
