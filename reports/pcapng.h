/* pcapng.h: the packets of one case as a file that tshark and libpcap read. It knows packets, neither cases nor verdicts. */
#ifndef TCPROVE_PCAPNG_H
#define TCPROVE_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "player/player.h"

/* The name of a case's file: its id with dots for slashes. */
void pcapng_name(const char *id, char *name, size_t room);

/* Writes the file `name` in the folder of a descriptor; `comment` stands at its head. false with a sentence where that cannot
 * be: then there is no such file. */
bool pcapng_write(int folder, const char *name, const char *comment, const struct captured *packets, size_t count,
                  struct error *error);

#endif
