/* link.h: the link between tester and target: a pair of virtual Ethernet interfaces, one end in each network namespace, set up
 * through rtnetlink(7). It knows addresses; it does not know what is sent over them. */
#ifndef TCPROVE_LAB_LINK_H
#define TCPROVE_LAB_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "segment.h"

/* A socket that sets up the network namespace that the process is in when it is opened; -1 with a sentence. */
int link_socket(struct error *error);

/* Makes a pair: `near` in the socket's namespace, `far` in that of the descriptor; each with its MAC, and down. */
bool link_make_pair(int socket, const char *near, const uint8_t *near_mac, const char *far, const uint8_t *far_mac,
                    int far_namespace, struct error *error);

/* The interface gets no link-local address when it comes up (RFC 4862 5.3 is left out). */
bool link_without_ipv6_address(int socket, const char *name, struct error *error);

bool link_up(int socket, const char *name, struct error *error);

/* Waits until what is sent by the interface leaves by it: a pair comes up at one end after the other, and the kernel gives the
 * first end its queue some time later, until when it drops packets in silence. */
bool link_wait_for_queue(int socket, const char *name, struct error *error);

/* Gives the interface an address at once (nothing asks whether it is free: RFC 4862 5.4 is left out). */
bool link_add_address(int socket, const char *name, const struct ip_address *address, unsigned prefix, struct error *error);
/* Waits until the kernel takes what is sent to this address for its own: it gets that ready later than it says, and what comes
 * before is lost. */
bool link_await_local(int socket, const struct ip_address *address, struct error *error);

/* Reaches a prefix directly over the interface. */
bool link_add_route(int socket, const char *name, const struct ip_address *destination, unsigned prefix, struct error *error);

struct neighbour {
    struct ip_address address;
    uint8_t           mac[6];
};

/* Static neighbours: nobody is asked for their MAC. */
bool link_add_neighbours(int socket, const char *name, const struct neighbour *neighbours, size_t count, struct error *error);

/* Turns off all that makes an interface send or show other segments than its kernel's TCP made: checksums left to hardware,
 * segmentation, merging. Reads back whether they are off. */
bool link_offloads_off(int socket, const char *name, struct error *error);

#endif
