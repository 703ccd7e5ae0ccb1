/* timers.c: when the timers of a TCB are due. What happens then is in timeouts.c: here is bookkeeping, which no packet steers.
 */
#include "reference/control_block.h"

void tcp_start_timer(struct tcp *tcp, struct control_block *tcb, enum timer timer, uint64_t after_us)
{
    uint64_t due_us = after_us < NEVER - tcp->now_us ? tcp->now_us + after_us : NEVER;

    tcb->timers[timer] = due_us;
    if (due_us < tcp->quiet_until_us)
        tcp->quiet_until_us = due_us;
}

void tcp_stop_timer(struct control_block *tcb, enum timer timer)
{
    tcb->timers[timer] = NEVER;
}

bool tcp_timer_runs(const struct control_block *tcb, enum timer timer)
{
    return tcb->timers[timer] != NEVER;
}

int tcp_due_timer(const struct tcp *tcp, const struct control_block *tcb, int from)
{
    while (from < TIMERS && tcb->timers[from] > tcp->now_us)
        from++;
    return from;
}

/* Asked for every block whenever time passes: hence without a branch. */
uint64_t tcp_next_timeout_us(const struct control_block *tcb)
{
    uint64_t next_us = NEVER;

    for (int timer = 0; timer < TIMERS; timer++)
        next_us = tcb->timers[timer] < next_us ? tcb->timers[timer] : next_us;
    return next_us;
}

uint64_t tcp_deadline(const struct tcp *tcp)
{
    uint64_t deadline_us = NEVER;

    for (size_t i = 0; i < tcp->used; i++) {
        uint64_t due_us = tcp_next_timeout_us(&tcp->blocks[i]);

        deadline_us = due_us < deadline_us ? due_us : deadline_us;
    }
    return deadline_us;
}
