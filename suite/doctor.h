/* doctor.h: the verb `doctor`: what is found of a target and of this environment, one line each. */
#ifndef TCPROVE_DOCTOR_H
#define TCPROVE_DOCTOR_H

#include "options.h"
#include "status.h"

enum status doctor(const struct options *options);

#endif
