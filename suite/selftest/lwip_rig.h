/* lwip_rig.h: a network of two: a tester, and lwIP as a host (lwip_host.c), each in a network namespace. */
#ifndef TCPROVE_SELFTEST_LWIP_RIG_H
#define TCPROVE_SELFTEST_LWIP_RIG_H

#include <stdbool.h>

/* Makes it and moves this process to the tester, for good. 192.0.2.1 and 2001:db8::1 are the tester's; .4 and ::4 lwIP's, with
 * echo and discard, and with memory for so many connections at a time (0: for any number). All goes with this process. Shell
 * lines at the tester are run by host_rig_shell. false where no namespace can be made: it is printed that the test is left
 * out. */
bool lwip_rig_enter(unsigned connections_most);

/* It has not crashed. */
bool lwip_rig_lives(void);

#endif
