/* control_block.h: the transmission control block (RFC 9293 3.3.1) and the functions that the files of this folder share.
 * Nothing outside harness/reference includes it. Variables have the RFCs' names: SND.UNA is snd_una. */
#ifndef TCPROVE_REFERENCE_CONTROL_BLOCK_H
#define TCPROVE_REFERENCE_CONTROL_BLOCK_H

#include "reference/tcp.h"

#define NEVER UINT64_MAX

enum timer {
    TIMER_RETRANSMISSION, /* RFC 6298                                                          */
    TIMER_PERSIST,        /* RFC 9293 3.8.6.1: the next probe of a zero window                 */
    TIMER_OVERRIDE,       /* RFC 9293 3.8.6.2.1 (4)                                            */
    TIMER_DELAYED_ACK,    /* RFC 9293 3.8.6.3                                                  */
    TIMER_TIME_WAIT,      /* RFC 9293 3.10.8: 2 MSL                                            */
    TIMER_USER,           /* RFC 9293 3.10.8: USER TIMEOUT                                     */
    TIMER_KEEP_ALIVE,     /* RFC 9293 3.8.4                                                    */
    TIMER_ORPHAN,         /* nobody receives any more, and the peer does not close             */
    TIMERS
};

/* What the peer is owed for what has come. */
enum ack_owed { ACK_NONE, ACK_DELAYED, ACK_NOW };

/* Octets that came out of order and are kept in the receive buffer, as sequence numbers [from, to). */
struct held_range {
    uint32_t from, to;
};

struct control_block {
    enum state        state;
    tcp_name          name;
    bool              passive;                        /* came from LISTEN (RFC 9293 3.10.7.4, second and fourth)          */
    bool              user_knows;                     /* the user has its name: OPEN gave it, or ACCEPTED has been signalled */
    tcp_name          listener;                       /* the TCB in LISTEN that it came from, or 0                        */
    bool              accepted;                       /* the user has taken it from its listener                          */
    uint64_t          backlog;                        /* LISTEN: how many may wait to be taken; 0: any number             */
    bool              reopened;                       /* a SYN took it out of TIME-WAIT (MAY-2), which may have to come back */
    uint32_t          before_snd_nxt, before_rcv_nxt; /* … with these                               */
    struct ip_address local_address, remote_address;
    uint16_t          local_port, remote_port;
    uint8_t           diffserv;
    bool              nagle, keep_alive;
    uint64_t          user_timeout_us, keep_alive_us, keep_alive_interval_us;
    unsigned          soft_error;
    uint64_t          timers[TIMERS]; /* when each is due; NEVER: it does not run                   */

    /* Send sequence space. The send buffer holds the octets from send_first on: those that are sent and not yet
     * acknowledged, then those that are not sent. resend_nxt lags behind SND.NXT while octets that are deemed lost are
     * sent again; otherwise it equals SND.NXT. */
    uint32_t iss, snd_una, snd_nxt, snd_wnd, snd_wl1, snd_wl2, snd_up, max_snd_wnd;
    uint32_t resend_nxt;
    uint32_t send_first;
    uint8_t *send_buffer;
    size_t   send_at, send_count;
    bool     urgent_sending;
    bool     close_queued, fin_sent; /* CLOSE was called; the FIN has been sent (at send_first + send_count) */
    uint32_t smss;                   /* Eff.snd.MSS (RFC 9293 3.7.1)                                         */
    uint32_t mss_offered;            /* SendMSS: what the peer's SYN said, or the default                    */
    uint32_t path_mtu;               /* RFC 1191, RFC 8201                                                   */

    /* Receive sequence space. The receive buffer holds the octets that the user has not received, then places for those
     * of the window; out-of-order octets lie in their places already. */
    uint32_t           irs, rcv_nxt, rcv_wnd, rcv_up;
    uint8_t           *receive_buffer;
    size_t             receive_at, receive_user; /* RCV.USER */
    uint64_t           received;                 /* octets that the user has received so far */
    struct held_range *held;
    size_t             held_count;
    bool               fin_seen; /* a FIN stands at fin_seq; it counts once everything before it is there */
    uint32_t           fin_seq;
    bool               fin_received; /* RCV.NXT has gone over it */
    bool               urgent_receiving;
    bool               gives_up_receiving; /* tcp_close_both */
    enum ack_owed      ack_owed;
    uint32_t           unacked_octets; /* received in order since the last ACK was sent */

    /* RFC 6298 */
    uint64_t srtt_us, rttvar_us, rto_us;
    bool     rtt_measured, timing;
    uint32_t timed_seq; /* acknowledged when SEG.ACK is beyond it */
    uint64_t timed_at_us;
    unsigned retransmissions; /* of the segment at SND.UNA, by timeout */
    bool     syn_timed_out;
    uint64_t first_sent_us; /* when the segment at SND.UNA was sent first */
    unsigned probes;        /* zero-window probes in a row without an answer */
    unsigned persist_shift;
    uint64_t last_sent_us, last_heard_us;
    unsigned keep_alive_sent;

    /* RFC 5681, RFC 6582 */
    uint32_t cwnd, ssthresh, cwnd_acked, recover;
    unsigned duplicate_acks;
    bool     recovering, partial_acked;
    uint32_t limited_octets; /* RFC 3042: sent beyond cwnd on the first two duplicates */

    /* RFC 5961 7 */
    uint64_t challenge_since_us;
    unsigned challenges;
};

struct tcp {
    struct tcp_config     config;
    struct tcp_host       host;
    uint64_t              now_us;
    uint64_t              quiet_until_us; /* no timer is due before */
    uint8_t               secret[16];     /* RFC 6528 */
    uint16_t              next_ephemeral;
    uint32_t              generation;
    struct control_block *blocks;        /* config.connections of them; state CLOSED: free */
    size_t                used;          /* blocks that were ever in use: none is beyond */
    uint8_t              *packet, *text; /* where a packet is put together */
};

/* ---- tcp.c: the table of TCBs, and the way in of packets */
struct control_block *tcp_block_new(struct tcp *tcp);
void                  tcp_block_delete(struct tcp *tcp, struct control_block *tcb);
struct control_block *tcp_block_named(const struct tcp *tcp, tcp_name name);
struct control_block *tcp_block_of_pair(const struct tcp *tcp, const struct ip_address *local, uint16_t local_port,
                                        const struct ip_address *remote, uint16_t remote_port);
struct control_block *tcp_block_listening(const struct tcp *tcp, const struct segment *segment);
void                  tcp_signal_user(struct tcp *tcp, const struct control_block *tcb, enum tcp_signal signal);
bool                  tcp_address_is_unicast(const struct ip_address *address);

/* ---- segment_arrives.c, segment_arrives_otherwise.c: RFC 9293 3.10.7 */
void tcp_arrives_in_closed(struct tcp *tcp, const struct segment *segment);
void tcp_arrives_in_listen(struct tcp *tcp, struct control_block *listener, const struct segment *segment);
bool tcp_reopens_time_wait(struct tcp *tcp, struct control_block *tcb, const struct segment *segment);
void tcp_return_to_listen(struct tcp *tcp, struct control_block *tcb);
void tcp_arrives_in_syn_sent(struct tcp *tcp, struct control_block *tcb, const struct segment *segment);
void tcp_arrives_otherwise(struct tcp *tcp, struct control_block *tcb, const struct segment *arrived);
void tcp_enter_established(struct tcp *tcp, struct control_block *tcb);
void tcp_sixth_check_urg(struct tcp *tcp, struct control_block *tcb, const struct segment *segment);
void tcp_seventh_segment_text(struct tcp *tcp, struct control_block *tcb, const struct segment *segment);
void tcp_eighth_check_fin(struct tcp *tcp, struct control_block *tcb, const struct segment *segment);
void tcp_take_window(struct tcp *tcp, struct control_block *tcb, const struct segment *segment);
void tcp_remove_acknowledged(struct tcp *tcp, struct control_block *tcb, uint32_t ack);

/* ---- icmp_arrives.c: RFC 9293 3.9.2.2 */
void tcp_icmp_arrives(struct tcp *tcp, const struct packet *packet);

/* ---- timers.c: when they are due */
void     tcp_start_timer(struct tcp *tcp, struct control_block *tcb, enum timer timer, uint64_t after_us);
void     tcp_stop_timer(struct control_block *tcb, enum timer timer);
bool     tcp_timer_runs(const struct control_block *tcb, enum timer timer);
uint64_t tcp_next_timeout_us(const struct control_block *tcb); /* NEVER where no timer runs */
/* The first timer from this one on, in the order of enum timer, that is due now; TIMERS where none is. */
int tcp_due_timer(const struct tcp *tcp, const struct control_block *tcb, int from);

/* ---- timeouts.c: RFC 9293 3.10.8 */
void     tcp_run_timers(struct tcp *tcp, struct control_block *tcb);
void     tcp_enter_time_wait(struct tcp *tcp, struct control_block *tcb);
void     tcp_watch_orphan(struct tcp *tcp, struct control_block *tcb);
void     tcp_heard(struct tcp *tcp, struct control_block *tcb);
uint64_t tcp_probe_interval_us(const struct tcp *tcp, const struct control_block *tcb);

/* ---- send.c: RFC 9293 3.7, 3.8.6.2.1 */
void tcp_emit(struct tcp *tcp, struct control_block *tcb, uint32_t seq, uint8_t flags, size_t text_octets);
void tcp_send_syn(struct tcp *tcp, struct control_block *tcb);
void tcp_send_ack(struct tcp *tcp, struct control_block *tcb);
void tcp_send_rst(struct tcp *tcp, struct control_block *tcb);
void tcp_answer_with_rst(struct tcp *tcp, const struct segment *segment);
void tcp_challenge(struct tcp *tcp, struct control_block *tcb);
void tcp_send_what_may_go(struct tcp *tcp, struct control_block *tcb);
void tcp_retransmit_first(struct tcp *tcp, struct control_block *tcb);
void tcp_probe_window(struct tcp *tcp, struct control_block *tcb);
void tcp_send_overriding(struct tcp *tcp, struct control_block *tcb);
void tcp_settle(struct tcp *tcp, struct control_block *tcb);
bool tcp_octets_are_queued(const struct control_block *tcb);
bool tcp_fin_acknowledged(const struct control_block *tcb);
void tcp_learn_mss(struct tcp *tcp, struct control_block *tcb, const struct segment *syn);
void tcp_work_out_smss(struct tcp *tcp, struct control_block *tcb);

/* ---- receive.c: RFC 9293 3.4, 3.8.6.2.2; reassembly */
bool     tcp_acceptable(const struct control_block *tcb, const struct segment *segment);
void     tcp_trim(const struct control_block *tcb, struct segment *segment);
void     tcp_hold_text(struct tcp *tcp, struct control_block *tcb, uint32_t seq, const uint8_t *text, size_t count);
uint32_t tcp_take_in_order(struct control_block *tcb);
size_t   tcp_held_octets(const struct control_block *tcb);
void     tcp_advance_window(const struct tcp *tcp, struct control_block *tcb);
bool     tcp_window_wants_update(const struct tcp *tcp, const struct control_block *tcb);
size_t   tcp_read(struct tcp *tcp, struct control_block *tcb, uint8_t *data, size_t room);

/* ---- retransmission.c: RFC 6298 and RFC 9293 3.8.1, 3.8.3 */
void tcp_rto_begin(const struct tcp *tcp, struct control_block *tcb);
void tcp_rto_time_segment(const struct tcp *tcp, struct control_block *tcb, uint32_t seq);
void tcp_rto_acknowledged(struct tcp *tcp, struct control_block *tcb);
void tcp_retransmission_timeout(struct tcp *tcp, struct control_block *tcb);

/* ---- congestion.c: RFC 5681, RFC 6582, RFC 3042 */
uint32_t tcp_flight_size(const struct control_block *tcb);
void     tcp_congestion_begin(struct control_block *tcb);
void     tcp_congestion_acknowledged(struct tcp *tcp, struct control_block *tcb, uint32_t octets);
void     tcp_congestion_duplicate(struct tcp *tcp, struct control_block *tcb);
void     tcp_congestion_timeout(struct control_block *tcb);
void     tcp_congestion_restart(const struct tcp *tcp, struct control_block *tcb);

/* ---- iss.c: RFC 6528 */
void     tcp_iss_begin(struct tcp *tcp);
uint32_t tcp_iss_select(const struct tcp *tcp, const struct control_block *tcb);

#endif
