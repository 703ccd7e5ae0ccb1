/* work.h: put before each file of what is fuzzed (clang -include), where the compiler places a call of this hook at every edge:
 * it is made part of the caller. It knows nothing of who reads the count. */
#ifndef TCPROVE_FUZZ_WORK_H
#define TCPROVE_FUZZ_WORK_H

#include <stdint.h>

extern uint64_t work_edges;

static __attribute__((used)) void __sanitizer_cov_trace_pc(void)
{
    work_edges++;
}

#endif
