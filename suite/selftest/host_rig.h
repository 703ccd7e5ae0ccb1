/* host_rig.h: a network of the tests' own: a tester, a bridge that is a router too, a host on the bridge, one on the bridge
 * that is reached through a relay, and one behind the router, each in a network namespace, with every service on every host.
 */
#ifndef TCPROVE_SELFTEST_HOST_RIG_H
#define TCPROVE_SELFTEST_HOST_RIG_H

#include <stdbool.h>
#include <stdint.h>

/* Makes it and moves this process to the tester, for good. 192.0.2.1 and 2001:db8::1 are the tester's; .2 and ::2 the near
 * host's; .3 and ::3 are behind the relay; 198.51.100.2 and 2001:db8:1::2 are the far one's; 192.0.2.194 and
 * 2001:db8:2::2 are reached over a link with every offload on.
 * 192.0.2.2 and .3 have an agent for 192.0.2.0/24. 127.0.0.1 and ::1 have the
 * services too. All goes with this process. false where no namespace can be made: it is printed that the test is left out. */
bool host_rig_enter(void);

/* The way to and from 192.0.2.3 and 2001:db8::3 from now on, each the same (struct relay_impairment). There is neither delay
 * nor loss at first. */
void host_rig_impair(uint32_t delay_ms, uint32_t jitter_ms, uint32_t loss_per_mille, uint64_t seed);

/* A pair of interfaces between two network namespaces, without offloads and down; `number` makes its MACs. This process is in
 * the far one afterwards. */
void host_rig_make_pair(int near, const char *near_name, int far, const char *far_name, uint8_t number);

/* Moves this process to the near host. false if it cannot. */
bool host_rig_go_near(void);

/* An interface of the tester's merges what comes in, and what it sends itself. */
void host_rig_merge_segments(const char *interface);

/* Runs a shell line at the tester, in which $T is the program. Its exit status; what it printed
 * is in host_rig_output. */
int                host_rig_shell(const char *line);
extern const char *host_rig_output;

#endif
