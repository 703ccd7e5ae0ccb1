/* fault_memory.h: the faults that remember connections, for the table in fault.c. */
#ifndef TCPROVE_FAULT_MEMORY_H
#define TCPROVE_FAULT_MEMORY_H

#include "fault.h"

typedef enum fault_verdict fault_remembering(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count);

typedef void fault_calling(struct fault_memory *memory, call_function *carry_out, void *application,
                           const struct call_request *request, struct call_reply *reply);

fault_remembering repeat_old_ack, swallow_repeats, repeat_each_second, fix_isn, believe_acks;

/* fault_lifetime.c: how connections live and end. */
fault_remembering lose_fin, skip_time_wait, probe_idle, abort_in_silence, keep_late_text;
fault_remembering ignore_waiting, lose_early_text, wedge_when_full;
fault_calling     note_abort, keep_probing, deliver_late_text, note_waiting, hide_early_text;

#endif
