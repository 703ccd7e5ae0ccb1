/* fault_memory.h: the faults that remember connections, for the table in fault.c. */
#ifndef TCPROVE_FAULT_MEMORY_H
#define TCPROVE_FAULT_MEMORY_H

#include "fault.h"

typedef enum fault_verdict fault_remembering(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count);

fault_remembering repeat_old_ack, swallow_repeats, repeat_each_second, fix_isn, believe_acks;

#endif
