/* echo_service.h: an echo service of the tests' own on 127.0.0.1, in a process that can be killed, and a loopback for it that
 * nobody else has. */
#ifndef TCPROVE_SELFTEST_ECHO_SERVICE_H
#define TCPROVE_SELFTEST_ECHO_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* This network's loopback comes up and leaves segments whole. */
void loopback_up(void);

/* Returns when it listens. It ends with this process at the latest. */
pid_t echo_start(uint16_t port);
void  echo_stop(pid_t pid);

#endif
