/* feedback.c: pairs of a state and an event as edges of their own in AFL++'s map. Compiled without instrumentation: the guards
 * stand in the section in which the instrumentation's stand, and the runtime numbers them with those. */
#include <stdbool.h>

#include "fuzz/event.h"
#include "fuzz/target/target.h"

enum { PAIRS = (TIME_WAIT + 1) * EVENTS };

static bool     seen[PAIRS];
static unsigned seen_count;

static void count_pair(unsigned pair)
{
    seen_count += !seen[pair];
    seen[pair] = true;
}

unsigned feedback_pairs(void)
{
    return seen_count;
}

#ifdef TCPROVE_FUZZ_AFL

extern uint8_t *__afl_area_ptr;

__attribute__((section("__sancov_guards"), used)) static uint32_t guards[PAIRS];

void feedback_pair(unsigned state, unsigned event)
{
    __afl_area_ptr[guards[state * EVENTS + event]] |= 1;
    count_pair(state * EVENTS + event);
}

#else

void feedback_pair(unsigned state, unsigned event)
{
    count_pair(state * EVENTS + event);
}

#endif
