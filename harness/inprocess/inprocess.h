/* inprocess.h: targets in this process, on a virtual clock. It knows neither cases nor what is right. */
#ifndef TCPROVE_INPROCESS_H
#define TCPROVE_INPROCESS_H

#include "target.h"

/* The built-in TCP (harness/reference) with an application beside it. Needs nothing: no root, no network. */
extern const struct target_kind target_reference;

#endif
