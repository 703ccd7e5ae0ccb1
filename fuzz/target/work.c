/* work.c: counts the edges that the TCP's code takes. The compiler puts a call of the hook at each: of the one in work.h, which
 * is then made part of its callers, or of the one here (libFuzzer has one of its own: there nothing is counted). The hook has
 * no argument, hence the one variable that all share. */
#include "fuzz/target/target.h"

extern uint64_t work_edges;
uint64_t        work_edges;

__attribute__((weak)) void __sanitizer_cov_trace_pc(void);

void __sanitizer_cov_trace_pc(void)
{
    work_edges++;
}

uint64_t work_done(void)
{
    return work_edges;
}
