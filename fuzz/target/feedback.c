/* feedback.c: pairs of a state and an event as edges of their own in AFL++'s map. Compiled without instrumentation: the guards
 * stand in the section in which the instrumentation's stand, and the runtime numbers them with those. */
#include "fuzz/event.h"
#include "fuzz/target/target.h"

#ifdef TCPROVE_FUZZ_AFL

extern uint8_t *__afl_area_ptr;

__attribute__((section("__sancov_guards"), used)) static uint32_t guards[(TIME_WAIT + 1) * EVENTS];

void feedback_pair(unsigned state, unsigned event)
{
    __afl_area_ptr[guards[state * EVENTS + event]] |= 1;
}

#else

void feedback_pair(unsigned state, unsigned event)
{
    (void)state;
    (void)event;
}

#endif
