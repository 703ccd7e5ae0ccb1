/* host_rig.h: a network of the tests' own: a tester, a bridge that is a router too, a host on the bridge and one behind the
 * router, each in a network namespace, with echo and discard on both hosts. */
#ifndef TCPROVE_SELFTEST_HOST_RIG_H
#define TCPROVE_SELFTEST_HOST_RIG_H

#include <stdbool.h>

/* Makes it and moves this process to the tester, for good. 192.0.2.1 and 2001:db8::1 are the tester's; .2 and ::2 the near
 * host's; 198.51.100.2 and 2001:db8:1::2 the far one's. 127.0.0.1 and ::1 have the services too. All goes with this process.
 * false where no namespace can be made: it is printed that the test is left out. */
bool host_rig_enter(void);

/* The tester's interface merges what comes in. */
void host_rig_merge_segments(void);

/* Runs a shell line at the tester, in which $T is the program. Its exit status; what it printed
 * is in host_rig_output. */
int                host_rig_shell(const char *line);
extern const char *host_rig_output;

#endif
