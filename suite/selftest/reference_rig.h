/* reference_rig.h: the reference TCP on a test bench: one host, a peer made of single segments, and a clock that the test
 * moves. It knows the reference's inside, to tell states; what is right stands in the tests. */
#ifndef TCPROVE_SELFTEST_REFERENCE_RIG_H
#define TCPROVE_SELFTEST_REFERENCE_RIG_H

#include "reference/control_block.h"

enum { RIG_SENT_MOST = 512, RIG_PACKET_MOST = 1500, RIG_MS = 1000, RIG_S = 1000000 };

enum { RIG_LOCAL_PORT = 700, RIG_PEER_PORT = 4000 };

/* A packet that the TCP sent. */
struct rig_sent {
    uint64_t      time_us;
    struct packet packet;
    uint8_t       octets[RIG_PACKET_MOST];
};

struct rig {
    struct tcp      *tcp;
    uint64_t         now_us;
    bool             ipv6;
    struct rig_sent *sent;
    size_t           sent_count, seen;
    unsigned         signals; /* 1 << enum tcp_signal, since the test cleared it */
    unsigned         signal_counts[TCP_SIGNAL_CLOSED + 1];
    tcp_name         listener, name;
    uint16_t         local_port;
    uint32_t         irs;         /* the peer's initial number; set before rig_enter */
    uint32_t         iss;         /* the TCP's, once seen */
    uint16_t         window, mss; /* what the peer offers; mss 0: no option */
    size_t           allocations;
};

/* A TCP with this config (NULL: the default, with few connections) and nothing else. */
void rig_begin(struct rig *rig, const struct tcp_config *config);
void rig_end(struct rig *rig);

/* Moves the clock from deadline to deadline. */
void rig_pass(struct rig *rig, uint64_t us);

/* The next packet that the TCP sent and the test has not seen; NULL for none. */
const struct rig_sent *rig_next(struct rig *rig);
/* Fails the test unless exactly this comes next; text octets are counted, not compared. */
const struct segment *rig_expect(struct rig *rig, unsigned flags, uint32_t seq, uint32_t ack, size_t octets);
void                  rig_expect_nothing(struct rig *rig);

/* The peer sends. */
void rig_peer(struct rig *rig, unsigned flags, uint32_t seq, uint32_t ack, const void *text, size_t octets);
void rig_peer_segment(struct rig *rig, struct segment *segment);

/* Brings the connection to a state by the RFC's ways; the FIN of FIN-WAIT-1, CLOSING and LAST-ACK is not acknowledged. */
enum rig_way { RIG_PASSIVE, RIG_ACTIVE };
void                  rig_listen(struct rig *rig);
void                  rig_open(struct rig *rig);
void                  rig_enter(struct rig *rig, enum state state, enum rig_way way);
struct control_block *rig_block(const struct rig *rig);
enum state            rig_state(const struct rig *rig);

/* Gives the TCP octets to send: position i of the stream is (uint8_t)(i * 31 + i / 256), from `from` on. */
uint8_t rig_octet(size_t position);
size_t  rig_send(struct rig *rig, size_t from, size_t octets);

struct ip_address rig_address(bool ipv6, bool peer);

#endif
