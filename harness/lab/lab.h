/* lab.h: the target `linux`: this machine's kernel in a network namespace of its own, with the application beside it and a link
 * to the tester's namespace. It knows how these are made and go away again; it does not know what is played on them. */
#ifndef TCPROVE_LAB_H
#define TCPROVE_LAB_H

#include "target.h"

extern const struct target_kind target_linux;

#endif
