/* peer.h: the tester's end of one connection: what it has sent and accepted, so that a segment of which a rung names only some
 * fields gets the right value in all others, and what the symbols of a term are worth. It knows neither ladders nor verdicts.
 */
#ifndef TCPROVE_PEER_H
#define TCPROVE_PEER_H

#include "ladder.h"
#include "notation.h"
#include "segment.h"
#include "shadow.h"

enum { OTHER_RANGES = 8 };

/* What all connections of a conversation share. */
struct peer_link {
    struct ip_address tester, target;
    uint16_t          mtu;  /* octets of an IP packet */
    uint64_t          seed; /* of the octets of both streams */
};

struct range {
    uint32_t from, to;
};

struct peer {
    uint16_t      port, target_port;
    struct shadow shadow;
    uint32_t      irs;
    bool          irs_known, syn_sent;
    uint32_t      accepted; /* next octet of the target's that we have not accepted: the default ACK */
    bool          accepts;
    bool          fin_held; /* the target's FIN is not accepted until a rung's ACK covers it */
    uint16_t      window_field;
    uint32_t      seg_seq, seg_ack, seg_end; /* of our latest segment */
    uint32_t      tsval, tsval_first;
    uint32_t      path_mtu;
    bool          lent; /* RCV_NXT counts octets that were sent for an echo's sake at once, up to lent_to */
    uint32_t      lent_to;
    struct range  others[OTHER_RANGES]; /* of our stream, where differing octets were sent */
    unsigned      other_count;
};

/* ---- what symbols are worth */
uint32_t peer_value(const struct peer *peer, const struct peer_link *link, term packed);
uint32_t peer_rcv_nxt(const struct peer *peer);
/* The latest ACK that the peer sent, or the target's ISS: SND.UNA as the target has it. */
uint32_t peer_snd_una(const struct peer *peer);
uint32_t peer_target_limit(const struct peer *peer, const struct peer_link *link); /* SMSS */
uint32_t peer_own_limit(const struct peer *peer, const struct peer_link *link);    /* RMSS */
/* The state that the target must be in, told from who sent and who acknowledged which SYN and FIN; `listens` is whether a
 * listener stands behind its port. */
enum state peer_state_shown(const struct peer *peer, bool listens);

/* The names by which segments of this connection are printed now, in this order. */
enum { NAME_SND_NXT, NAME_RCV_NXT, NAME_SND_UNA, NAME_ISS, NAME_IRS, PEER_NAMES };
void peer_names(const struct peer *peer, struct notation_symbols *names);

/* ---- octets: a fixed function of seed, direction and place in the stream */
uint8_t stream_octet(uint64_t seed, bool from_target, uint32_t position);
void    stream_octets(uint64_t seed, bool from_target, uint32_t position, uint8_t *octets, size_t count);
/* Whether octets that differ from the stream's were sent for this place in it (filler OTHER). */
bool peer_may_differ(const struct peer *peer, uint64_t position);

/* ---- sending */
/* The segment that the rung means, without its text: text_octets says how much peer_text has to write. `options` are those that
 * it carries, as a receiver would read them. */
void peer_segment(const struct peer *peer, const struct peer_link *link, const struct rung_segment *rung,
                  struct segment *segment, struct tcp_options *options);
/* Writes segment->text_octets octets. */
void peer_text(struct peer *peer, const struct peer_link *link, const struct rung_segment *rung, const struct segment *segment,
               uint8_t *text);
/* The damage that the rung wishes. */
struct damage_wish peer_damage(const struct peer *peer, const struct peer_link *link, const struct rung_segment *rung);
/* It has left; `believed` is false where the target must drop it (damage, another's address). */
void peer_sent(struct peer *peer, const struct segment *segment, const struct tcp_options *options, bool believed);

/* The ICMP error that the rung means, quoting `quoted` or, where that is NULL, a segment at its SEQ that may never have been
 * sent. Returns its octets; 0 where the kind does not exist in that family or room is too small. */
size_t peer_icmp(const struct peer *peer, const struct peer_link *link, const struct message *message, const uint8_t *quoted,
                 size_t quoted_octets, uint8_t *packet, size_t room);

/* ---- receiving: symbols move, and what lies inside the window that we offered, and in order, is accepted */
void peer_takes(struct peer *peer, const struct segment *segment, const struct tcp_options *options);

#endif
