/* fault_inside.h: what the faults that remember share: a record for each connection, and how it is kept. It knows no fault. */
#ifndef TCPROVE_FAULT_INSIDE_H
#define TCPROVE_FAULT_INSIDE_H

#include "fault.h"
#include "fault_packet.h"

enum { CONNECTIONS_KEPT = 64, KEY_OCTETS = 36, KEY_PORT_AT = 32, COPY_OCTETS = 1500 };

/* One connection. The numbers are the target's, but for those of the tester. */
struct remembered {
    uint8_t  key[KEY_OCTETS]; /* addresses, then the ports, the tester's before the target's */
    bool     has_begun;       /* `isn` and `next` are known */
    uint32_t isn, next;       /* next: one past the highest octet that was seen */
    bool     has_acked;
    uint32_t last_ack;
    uint32_t shift;            /* what its numbers are above those that the tester sees */
    uint64_t due_us, every_us; /* when the copy is sent again, and after how long once more; UINT64_MAX and 0 for never */
    uint32_t copy_end;         /* one past the last octet of the copy */
    size_t   copied;           /* octets; 0: nothing is kept to be sent again */
    uint8_t  copy[COPY_OCTETS];
    bool     fin_sent, fin_acked, tester_fin_sent, tester_fin_acked, answered, over;
    uint32_t fin_end, tester_fin_end; /* one past the FIN */
    uint16_t handle;                  /* of the target's side among user calls; 0 while it is not known */
    size_t   late;                    /* octets that came after the reset */
    uint8_t  late_text[COPY_OCTETS];
    uint32_t early; /* octets that came before the application took it */
};

struct fault_memory {
    const struct fault *fault;
    uint64_t            now_us;
    bool                aborting;    /* the application has called ABORT, and the tester has sent nothing since */
    bool                waiting;     /* the application takes no connection from its listener */
    size_t              overflow;    /* SYNs that came meanwhile */
    size_t              connections; /* that ever were; the newest CONNECTIONS_KEPT are kept */
    struct remembered   kept[CONNECTIONS_KEPT];
};

/* One segment, and the connection that it belongs to. */
struct seen {
    struct tcp_place   tcp;
    struct remembered *connection;
    uint8_t            flags;
    uint32_t           seq, ack, end;
};

/* Whether a sequence number lies behind another one. */
bool is_after(uint32_t a, uint32_t b);

/* Reads a packet and finds its connection; false where it is no TCP segment. */
bool see(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count, struct seen *seen);

/* Remembers the target's own segment. A SYN with another number begins the connection anew. */
void note(const struct seen *seen);

size_t kept_connections(const struct fault_memory *memory);

#endif
