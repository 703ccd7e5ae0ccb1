/* server.h: the agent as a server on UDP: who may speak to it, how much it takes and gives, and the applications' sockets. It
 * knows sockets; what a datagram means is the stub's matter. It never runs a command, and opens no file. */
#ifndef TCPROVE_AGENT_SERVER_H
#define TCPROVE_AGENT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calls.h"
#include "error.h"

enum { ALLOWED_MOST = 32 };

/* Addresses that are served: those whose first `bits` bits are these. */
struct allowed {
    struct ip_address address;
    unsigned          bits;
};

struct server_wish {
    struct ip_address bind; /* where control datagrams are taken */
    uint16_t          port;
    uint16_t          service; /* id in the protocol's header */
    struct allowed    allowed[ALLOWED_MOST];
    size_t            allowed_count;
    struct {
        enum service kind;
        uint16_t     port;
    } served[SERVICES]; /* services that it gives to everybody */
    size_t served_count;
    /* Is told who was refused: each address once, as far as is remembered, and a few a minute. NULL: nobody is told. */
    void (*refused)(const struct ip_address *address);
};

/* Reads ADDRESS or ADDRESS/BITS. */
bool allowed_read(const char *text, struct allowed *allowed, struct error *error);
bool allowed_covers(const struct allowed *allowed, const struct ip_address *address);

struct server;

/* Opens its sockets: everything that can fail. NULL with a sentence. Where wish->port is 0 a free port is taken, and told by
 * server_port. */
struct server *server_open(const struct server_wish *wish, struct error *error);
uint16_t       server_port(const struct server *server);
/* Serves until stop_fd can be read; sleeps while nothing comes. 0, or an errno value. */
int  server_run(struct server *server, int stop_fd);
void server_close(struct server *server);

#endif
