/* namespace.h: anonymous network namespaces, made as root or as an ordinary user. It knows nothing of links and addresses. */
#ifndef TCPROVE_LAB_NAMESPACE_H
#define TCPROVE_LAB_NAMESPACE_H

#include <stdbool.h>

#include "error.h"

/* Moves this process into a new network namespace. An ordinary user's process moves into a new user namespace before, in which
 * it keeps its user and group and holds every capability. false with a sentence that says what would help. */
bool namespace_new(struct error *error);

/* The network namespace that this process is in, as a file descriptor that keeps it in being; -1 with a sentence. */
int namespace_here(struct error *error);

/* Moves this process into the network namespace of a descriptor. */
bool namespace_go(int fd, struct error *error);

#endif
