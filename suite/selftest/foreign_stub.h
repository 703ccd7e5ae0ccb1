/* foreign_stub.h: a test stub as somebody else would write it from the page on the testability protocol, with sockets of its
 * own: groups GENERAL and TCP, one case at a time. It shares no code with harness/agent, so that what tcprove understands by
 * the protocol is tried against a second reading of it. */
#ifndef TCPROVE_SELFTEST_FOREIGN_STUB_H
#define TCPROVE_SELFTEST_FOREIGN_STUB_H

#include <stdbool.h>
#include <stdint.h>

enum { FOREIGN_PRIMITIVES = 8, FOREIGN_NONE = -1 };

/* Where stubs in the field differ. */
struct foreign_wish {
    uint16_t port;             /* UDP, of any address of the host */
    bool     release_1_1;      /* an invalid parameter is EC, else FC */
    bool     events_have_ids;  /* an event has the id of the request that armed it, else 0 */
    bool     replies_have_ids; /* a response has the id of its request, else 0 */
    bool     reads_late;       /* no octet is read before it is asked to forward; what waits then is dropped */
    bool     owns_7f;          /* a private group 7F of its own: HELLO means something else there */
    int      lacks, loses;     /* primitives of group TCP: there is none (E_NTF); its first response is lost. FOREIGN_NONE */
};

/* What it did; in memory that the test shares with it. */
struct foreign_record {
    unsigned made[FOREIGN_PRIMITIVES]; /* of group TCP */
    unsigned of_7f;                    /* requests to its own group, but the first of each tester */
    unsigned ended;                    /* END_TEST */
    unsigned mixed;                    /* sockets made for one tester while another's were open */
};

/* Serves in this process and network namespace until it is killed; an octet is written to `ready` once it listens. */
void foreign_stub_serve(const struct foreign_wish *wish, struct foreign_record *record, int ready) __attribute__((noreturn));

#endif
