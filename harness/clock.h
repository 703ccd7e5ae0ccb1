/* clock.h: the clock that nobody sets, for waiting. What is judged is judged by capture timestamps, never by this. */
#ifndef TCPROVE_CLOCK_H
#define TCPROVE_CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment before this process began. */
uint64_t monotonic_ms(void);

#endif
