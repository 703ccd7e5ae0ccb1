#include "referee.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "offer.h"
#include "sent.h"
#include "shadow.h"

enum { STIMULI = 64, WINDOW_OPENS_MOST = 1 << 20 };

/* What a tester's segment allows a RST to be made of (RFC 9293 3.10.7.1). */
struct stimulus {
    uint32_t ack, end;
    bool     has_ack;
};

struct conversation {
    struct ip_address tester, target;
    uint16_t          tester_port, target_port;
    struct shadow     shadow, before; /* of the incarnation that the target may go back to (RFC 9293 3.10.7.4, MAY-2) */
    bool opened;  /* the target sent a SYN of its own: its SYN,ACK repeats an offer and answers none (RFC 9293 Figure 7) */
    bool muddled; /* a second SYN came: until the target answers it, sequence numbers mean nothing */
    struct offer         offer;      /* of the tester's segments */
    struct segment       latest_syn; /* of the tester's, with its options */
    struct tcp_options   latest_syn_options;
    struct conversation *next;
    struct sent          sent; /* by the target, from ISS+1 on */
    size_t               stimulus_count;
    struct stimulus      stimuli[STIMULI]; /* the latest ones: as many as the count says have been written */
};

struct referee {
    struct conversation *conversations, *spare; /* spare: of an earlier time, for their memory */
    size_t               frames;
    bool                 checksums_unseen, offloads, breached;
    struct ruling        rulings[REFEREE_RULES];
};

enum rule {
    RULE_CHECKSUM,
    RULE_ACK_OF_SENT,
    RULE_ACK_BACK,
    RULE_WINDOW,
    RULE_MSS,
    RULE_OPTIONS,
    RULE_RST,
    RULE_SAME_OCTETS,
    RULE_EDGE_BACK
};

const struct referee_rule referee_rules[REFEREE_RULES] = {
    [RULE_CHECKSUM]    = { "checksum", "Every segment carries a correct checksum", "RFC9293-MUST-2" },
    [RULE_ACK_OF_SENT] = { "ack-of-sent", "ACK never covers what was not sent", "RFC9293-3.4-b" },
    [RULE_ACK_BACK]    = { "ack-not-back", "ACK never steps back", "RFC9293-3.8-c" },
    [RULE_WINDOW] = { "inside-window", "No octets beyond the offered window, probes of a closed one aside", "RFC9293-3.8.6-c" },
    [RULE_MSS]    = { "mss", "No segment is larger than the MSS that was offered, less its options", "RFC9293-MUST-16" },
    [RULE_OPTIONS]     = { "options-agreed", "Options are well formed and stand only where they were agreed", "RFC7323-2.2-c" },
    [RULE_RST]         = { "rst-form", "A RST takes SEQ from the ACK it answers, or ACK from the segment", "RFC9293-3.5.2-b" },
    [RULE_SAME_OCTETS] = { "same-octets", "The same sequence number never carries different octets", "RFC9293-3.4.3-b" },
    [RULE_EDGE_BACK]   = { "edge-not-back", "The right edge of the window does not move back", "RFC9293-SHLD-14" },
};

/* ---- bookkeeping ------------------------------------------------------------------------------------------------------ */

struct referee *referee_open(void)
{
    return calloc(1, sizeof(struct referee));
}

void referee_begin_again(struct referee *referee)
{
    struct conversation **end = &referee->spare;

    while (*end != NULL)
        end = &(*end)->next;
    *end                   = referee->conversations;
    referee->conversations = NULL;
    referee->frames        = 0;
    referee->breached      = false;
    for (size_t i = 0; i < REFEREE_RULES; i++) {
        struct ruling *ruling = &referee->rulings[i];

        ruling->judged = ruling->broken = 0;
        ruling->first_frame             = 0;
        ruling->sentence[0]             = '\0';
    }
}

void referee_close(struct referee *referee)
{
    if (referee != NULL)
        referee_begin_again(referee);
    while (referee != NULL && referee->spare != NULL) {
        struct conversation *gone = referee->spare;

        referee->spare = gone->next;
        sent_release(&gone->sent);
        free(gone);
    }
    free(referee);
}

void referee_leave_checksums(struct referee *referee)
{
    referee->checksums_unseen = true;
}

void referee_meets_offloads(struct referee *referee)
{
    referee->offloads = true;
}

const struct ruling *referee_ruling(const struct referee *referee, size_t rule)
{
    return &referee->rulings[rule];
}

bool referee_saw_a_breach(const struct referee *referee)
{
    return referee->breached;
}

/* Empty; NULL without memory. */
static struct conversation *new_conversation(struct referee *referee)
{
    struct conversation *fresh = referee->spare;

    if (fresh == NULL)
        return calloc(1, sizeof *fresh);
    referee->spare = fresh->next;
    memset(fresh, 0, offsetof(struct conversation, sent));
    sent_forget(&fresh->sent);
    fresh->stimulus_count = 0;
    return fresh;
}

static struct conversation *find_conversation(struct referee *referee, const struct segment *segment, bool from_target)
{
    const struct ip_address *tester      = from_target ? &segment->destination : &segment->source;
    const struct ip_address *target      = from_target ? &segment->source : &segment->destination;
    uint16_t                 tester_port = from_target ? segment->destination_port : segment->source_port;
    uint16_t                 target_port = from_target ? segment->source_port : segment->destination_port;

    for (struct conversation *c = referee->conversations; c != NULL; c = c->next)
        if (c->tester_port == tester_port && c->target_port == target_port && ip_address_equal(&c->tester, tester) &&
            ip_address_equal(&c->target, target))
            return c;
    struct conversation *fresh = new_conversation(referee);

    if (fresh == NULL)
        return NULL;
    fresh->tester          = *tester;
    fresh->target          = *target;
    fresh->tester_port     = tester_port;
    fresh->target_port     = target_port;
    fresh->next            = referee->conversations;
    referee->conversations = fresh;
    return fresh;
}

static void rule_on(struct referee *referee, enum rule rule, bool kept, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void rule_on(struct referee *referee, enum rule rule, bool kept, const char *format, ...)
{
    struct ruling *ruling = &referee->rulings[rule];
    va_list        arguments;

    ruling->judged++;
    if (kept)
        return;
    referee->breached = true;
    if (ruling->broken++ > 0)
        return;
    ruling->first_frame = referee->frames;
    va_start(arguments, format);
    vsnprintf(ruling->sentence, sizeof ruling->sentence, format, arguments);
    va_end(arguments);
}

/* ---- the tester's side ------------------------------------------------------------------------------------------------- */

/* Both SYNs are acknowledged: a SYN that comes now is a stimulus, and moves nothing. */
static bool synchronized_shown(const struct shadow *shadow)
{
    const struct shadow_end *target = &shadow->target, *peer = &shadow->peer;

    return target->syn_seen && target->ack_seen && peer->ack_seen && seq_before(target->iss, peer->ack);
}

/* SEG.WND of a segment of the tester's, in octets. */
static uint32_t window_of(const struct conversation *c, const struct segment *segment)
{
    return shadow_window(&c->shadow, &c->shadow.peer, segment);
}

/* A new incarnation: of what was before, the tester's latest SYN alone counts, if the target answers it. One that was never
 * synchronized leaves the way back to the one before it. */
static void start_over(struct conversation *c, bool answers)
{
    if (synchronized_shown(&c->shadow))
        /* One that began in between and came to nothing is none to go back to. */
        if (c->shadow.target.fin_seen)
            c->before = c->shadow;
    memset(&c->shadow, 0, sizeof c->shadow);
    c->offer = (struct offer){ 0 };
    sent_forget(&c->sent);
    c->muddled = c->opened = false;
    if (!answers)
        return;
    shadow_sees(&c->shadow, false, &c->latest_syn, &c->latest_syn_options);
    offer_moves(&c->offer, &c->latest_syn, window_of(c, &c->latest_syn));
}

/* In the order that the target sees, which counts from what it acknowledged: what lies half the sequence space below that is
 * not beyond what lies a little above it. */
static bool comes_before(const struct conversation *c, uint32_t a, uint32_t b)
{
    uint32_t first = c->shadow.target.ack + 0x80000000u;

    return c->shadow.target.ack_seen ? a - first < b - first : seq_before(a, b);
}

/* What a RST carries is never taken. */
static void note_sent_up_to(struct conversation *c, const struct segment *segment)
{
    uint32_t past = segment->seq + segment_length(segment);

    if (!(segment->flags & RST) && comes_before(c, c->shadow.peer.nxt, past))
        c->shadow.peer.nxt = past;
}

/* "If SEG.ACK =< ISS or SEG.ACK > SND.NXT … discard the segment" (RFC 9293 3.10.7.3): its MSS was never offered. */
static bool is_refused_in_syn_sent(const struct shadow_end *target, const struct segment *segment)
{
    bool syn_sent = target->syn_seen && !target->ack_seen;

    return syn_sent && (segment->flags & (SYN | ACK | RST)) == (SYN | ACK) &&
           (seq_before_eq(segment->ack, target->iss) || seq_before(target->nxt, segment->ack));
}

/* An ACK counts that lies in ISS+1 .. SND.NXT; where the target's SYN was not seen, one that is not above what it sent. */
static bool acks_what_was_sent(const struct shadow_end *target, uint32_t ack)
{
    if (target->syn_seen && target->any_seen)
        return ack - target->iss - 1 < target->nxt - target->iss;
    return !target->any_seen || !seq_before(target->nxt, ack);
}

/* Beyond the window it is dropped, whatever it carries, unless the target has opened its window meanwhile. */
static bool is_beyond_window(struct conversation *c, const struct segment *segment)
{
    const struct shadow_end *target = &c->shadow.target;

    if (!target->ack_seen || !seq_before(target->right_edge, segment->seq))
        return false;
    if (segment->seq - target->right_edge < WINDOW_OPENS_MOST) {
        note_sent_up_to(c, segment);
        if (acks_what_was_sent(target, segment->ack))
            offer_may_move(&c->offer, segment, window_of(c, segment));
    }
    return true;
}

/* Whether all of it lies below what was sent, or what was acknowledged: where the target has taken that, it drops this one. */
static bool is_old(const struct conversation *c, const struct segment *segment)
{
    const struct shadow_end *target = &c->shadow.target, *peer = &c->shadow.peer;
    uint32_t                 length = segment_length(segment), last = segment->seq + (length > 0 ? length - 1 : 0);

    if ((segment->flags & SYN) || !peer->any_seen)
        return false;
    return comes_before(c, last, peer->nxt) ||
           (target->ack_seen && seq_before(segment->seq, target->ack) && seq_before(last, target->ack));
}

static void tester_sent(struct conversation *c, const struct packet *packet)
{
    const struct segment     *segment = &packet->segment;
    const struct tcp_options *options = &packet->options;

    c->stimuli[c->stimulus_count++ % STIMULI] =
        (struct stimulus){ segment->ack, segment->seq + segment_length(segment), (segment->flags & ACK) != 0 };
    if (packet->faults & ~(unsigned)FAULT_TCP_OPTIONS)
        return;
    if (is_refused_in_syn_sent(&c->shadow.target, segment))
        return;
    if ((segment->flags & SYN) && !(segment->flags & RST)) {
        c->latest_syn         = *segment;
        c->latest_syn_options = *options;
        if (c->shadow.peer.syn_seen && c->shadow.peer.iss != segment->seq) {
            c->muddled = true;
            return;
        }
    }
    if (is_beyond_window(c, segment))
        return;
    struct segment seen = *segment;
    /* At the right edge some take what has no octets, and RFC 9293 3.10.7.4 does where the window is 0 alone. */
    bool at_edge =
        c->shadow.target.ack_seen && segment->seq == c->shadow.target.right_edge && segment->seq != c->shadow.target.ack;

    /* What the target was never sent cannot be acknowledged, and moves nothing at its side. */
    if ((seen.flags & ACK) && !acks_what_was_sent(&c->shadow.target, seen.ack))
        seen.flags = (uint8_t)(seen.flags & ~ACK);
    /* Nor does an ACK from before the latest one: SND.UNA =< SEG.ACK, or SND.WND stays (RFC 9293 3.10.7.4). */
    if ((seen.flags & ACK) && c->shadow.peer.ack_seen && seq_before(seen.ack, c->shadow.peer.ack)) {
        seen.flags = (uint8_t)(seen.flags & ~ACK);
        /* But the latest one may have been dropped for its SEQ, and then this one was not old. */
        offer_may_move_late(&c->offer, &seen, window_of(c, &seen));
    }
    struct tcp_options offered = c->shadow.peer.syn;
    bool               again   = (seen.flags & SYN) && c->shadow.peer.syn_seen && c->shadow.target.syn_seen;

    /* Sequence numbers begin with the SYN, whatever came before it. */
    if ((seen.flags & SYN) && !again) {
        c->shadow.peer.any_seen = c->shadow.peer.ack_seen = false;
        c->offer                                          = (struct offer){ 0 };
    }
    if (again && (!(seen.flags & ACK) || synchronized_shown(&c->shadow))) {
        note_sent_up_to(c, &seen); /* what else it carries may count, and be acknowledged */
        offer_may_move(&c->offer, &seen, window_of(c, &seen));
        return;
    }
    bool     old = is_old(c, &seen);
    uint32_t nxt = c->shadow.peer.nxt;

    shadow_sees(&c->shadow, false, &seen, options);
    if (old) /* half the sequence space below, it would look new */
        c->shadow.peer.nxt = nxt;
    (at_edge || old ? offer_may_move : offer_moves)(&c->offer, &seen, window_of(c, &seen));
    /* What the first SYN offered holds until the target answers another one. */
    if (again)
        c->shadow.peer.syn = offered;
}

/* ---- the rules ----------------------------------------------------------------------------------------------------------- */

/* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> of a TCP that knows no connection (RFC 9293 3.10.7.1): what it acknowledges is of
 * one segment, wherever that lay. */
static bool answers_in_closed(const struct conversation *c, const struct segment *segment)
{
    size_t kept = c->stimulus_count < STIMULI ? c->stimulus_count : STIMULI;

    if ((segment->flags & (RST | ACK)) != (RST | ACK) || segment->seq != 0)
        return false;
    for (size_t i = 0; i < kept; i++)
        if (segment->ack == c->stimuli[i].end)
            return true;
    return false;
}

static void judge_ack(struct referee *referee, const struct conversation *c, const struct segment *segment)
{
    const struct shadow *shadow = &c->shadow;

    if (!(segment->flags & ACK) || !shadow->peer.any_seen || answers_in_closed(c, segment))
        return;
    /* Segments far apart can have brought it half around the sequence space: nobody knows then what was sent. */
    if (!shadow->peer.syn_seen || seq_before(shadow->peer.iss, shadow->peer.nxt))
        rule_on(referee, RULE_ACK_OF_SENT, seq_before_eq(segment->ack, shadow->peer.nxt), "ACK %u, %u beyond what was sent",
                segment->ack, segment->ack - shadow->peer.nxt);
    if (segment->flags & (RST | SYN) || !shadow->target.ack_seen)
        return;
    rule_on(referee, RULE_ACK_BACK, seq_before_eq(shadow->target.ack, segment->ack), "ACK %u after ACK %u", segment->ack,
            shadow->target.ack);
}

static void judge_window(struct referee *referee, const struct conversation *c, const struct segment *segment)
{
    const struct shadow_end *peer = &c->shadow.peer;
    uint32_t                 past = segment->seq + (uint32_t)segment->text_octets;

    if (segment->text_octets == 0 || !peer->ack_seen || (segment->flags & (SYN | RST)))
        return;
    /* RFC 9293 3.8.6.1: one octet of new data at least, or a retransmission of what is outstanding. */
    bool closed = peer->window == 0 || offer_is_closed(&c->offer);
    bool probe  = closed && (segment->text_octets == 1 || segment->seq == peer->ack);
    bool slid   = offer_reaches(&c->offer, past);

    rule_on(referee, RULE_WINDOW, probe || slid || seq_before_eq(past, peer->right_edge),
            "octets up to %u, %u beyond the window", past, past - peer->right_edge);
}

/* `unfinished`: an offload had its hands on it, and what is too large may be several segments. */
static void judge_mss(struct referee *referee, const struct conversation *c, const struct segment *segment, bool unfinished)
{
    uint32_t limit = shadow_mss(&c->shadow.peer, segment->source.family);
    bool     fits  = segment->text_octets + segment->option_octets <= limit;

    if (segment->text_octets == 0 || !c->shadow.peer.syn_seen || (unfinished && !fits))
        return;
    rule_on(referee, RULE_MSS, fits, "%zu octets of text and %zu of options where the MSS is %u", segment->text_octets,
            segment->option_octets, limit);
}

static const char *option_out_of_place(const struct conversation *c, const struct segment *segment,
                                       const struct tcp_options *options)
{
    const struct tcp_options *offered = &c->shadow.peer.syn;
    bool                      syn     = (segment->flags & SYN) != 0;
    bool                      answer  = (segment->flags & (SYN | ACK)) == (SYN | ACK) && c->shadow.peer.syn_seen && !c->opened;

    if (options->malformed)
        return "the options are malformed";
    if (!syn && (options->has_mss || options->has_window_scale || options->sack_permitted))
        return "an option that belongs on a SYN stands on another segment";
    if (!c->shadow.peer.syn_seen)
        return NULL;
    if (answer && options->has_window_scale && !offered->has_window_scale)
        return "window scale in a SYN,ACK that answers a SYN without it";
    if ((answer || !syn) && options->has_timestamps && !offered->has_timestamps)
        return "timestamps that were never offered";
    if (options->sack_blocks > 0 && !offered->sack_permitted)
        return "SACK blocks without SACK permitted";
    return NULL;
}

/* RFC 9293 3.5.2 and 3.10.5: a RST answers a segment (SEQ from its ACK, or SEQ 0 and ACK over it) or ends the connection from
 * its own side (SEQ is SND.NXT). Whether one that takes its SEQ from an ACK may have an ACK itself is for the cases to say. */
static bool rst_is_formed(const struct conversation *c, const struct segment *segment)
{
    const struct shadow_end *target = &c->shadow.target;
    size_t                   kept   = c->stimulus_count < STIMULI ? c->stimulus_count : STIMULI;

    if (target->any_seen && (segment->seq == target->nxt || (c->shadow.peer.ack_seen && segment->seq == c->shadow.peer.ack)))
        return true;
    for (size_t i = 0; i < kept; i++)
        if (c->stimuli[i].has_ack && segment->seq == c->stimuli[i].ack)
            return true;
    return answers_in_closed(c, segment);
}

/* A keep-alive may carry one garbage octet where an acknowledged one stood (RFC 9293 3.8.4). */
static bool is_keep_alive(const struct conversation *c, const struct segment *segment)
{
    return segment->text_octets == 1 && c->shadow.target.any_seen && segment->seq + 1 == c->shadow.target.nxt &&
           c->shadow.peer.ack_seen && c->shadow.peer.ack == c->shadow.target.nxt;
}

static void judge_octets(struct referee *referee, struct conversation *c, const struct segment *segment)
{
    uint32_t at = segment->seq + (segment->flags & SYN ? 1 : 0) - c->shadow.target.iss - 1;

    if (segment->text_octets == 0 || !c->shadow.target.syn_seen || is_keep_alive(c, segment))
        return;
    enum sent_again again = sent_takes(&c->sent, at, segment->text, segment->text_octets);

    if (again != SENT_FIRST)
        rule_on(referee, RULE_SAME_OCTETS, again == SENT_SAME, "other octets than before from SEQ %u on", segment->seq);
}

static bool fin_is_taken(const struct conversation *c)
{
    const struct shadow_end *peer = &c->shadow.peer;

    return peer->fin_seen && seq_before(peer->fin_seq, c->shadow.target.ack);
}

/* The window beside an ACK below an earlier one is as old as that: RFC 9293 3.10.7.4 does not take it (SND.WL2). Behind our FIN
 * there is nothing to come that it could be for. */
static void judge_edge(struct referee *referee, const struct conversation *c, const struct segment *segment)
{
    const struct shadow_end *target = &c->shadow.target;
    bool                     old    = target->ack_seen && seq_before(segment->ack, target->ack);

    if (!target->ack_seen || old || fin_is_taken(c) || !(segment->flags & ACK) || (segment->flags & (SYN | RST)))
        return;
    unsigned shift    = target->syn.window_scale > 14 ? 14 : target->syn.window_scale;
    uint32_t rounding = shadow_scales(&c->shadow) ? (1u << shift) - 1 : 0;
    uint32_t edge     = segment->ack + shadow_window(&c->shadow, target, segment) + rounding;

    rule_on(referee, RULE_EDGE_BACK, seq_before_eq(target->right_edge, edge), "the right edge went back by %u octets",
            target->right_edge - edge);
}

/* A SYN that took a connection out of TIME-WAIT has turned out an old duplicate. */
static bool speaks_as_before(const struct conversation *c, const struct segment *segment)
{
    const struct shadow_end *before = &c->before.target, *now = &c->shadow.target;
    bool went_on = now->syn_seen && seq_before(now->iss + 1, now->nxt); /* beyond SYN-RECEIVED there is no way back */

    return before->fin_seen && !went_on && (segment->flags & (SYN | RST | ACK)) == ACK && segment->text_octets == 0 &&
           segment->seq == before->nxt && segment->ack == before->ack;
}

/* A SYN,ACK that was sent before may answer the latest SYN all the same, where TIME-WAIT was gone back to and left again (ISS
 * is made of what was before, RFC 9293 3.10.7.4), or within one tick of the clock of ISNs. Of the two offers the larger one may
 * be in force, whatever we have acknowledged: that may have been dropped, and a synchronized TCP sends no SYN. */
static void answers_again(struct conversation *c, uint8_t family)
{
    struct shadow_end *peer   = &c->shadow.peer;
    struct shadow_end  latest = { .syn = c->latest_syn_options };

    c->muddled = false;
    if (c->latest_syn.seq == peer->iss && (c->latest_syn.flags & SYN) &&
        shadow_mss(peer, family) < shadow_mss(&latest, family)) {
        peer->syn.has_mss = true;
        peer->syn.mss     = (uint16_t)shadow_mss(&latest, family);
    }
}

/* Which incarnation of the connection a segment of the target's belongs to: the one that was, one that begins with it, or the
 * one before, gone back to. False: that cannot be told, and nothing of it can be judged. */
static bool find_incarnation(struct conversation *c, const struct segment *segment)
{
    const struct shadow_end *target = &c->shadow.target;
    bool                     syn    = (segment->flags & (SYN | RST)) == SYN;
    bool                     again  = syn && target->syn_seen && segment->seq == target->iss;

    bool goes_on = (segment->flags & (SYN | RST | ACK)) == ACK && target->ack_seen &&
                   seq_before_eq(target->ack, segment->ack) && seq_before_eq(segment->ack, c->shadow.peer.nxt);

    if (again && segment->ack == c->shadow.peer.iss + 1)
        answers_again(c, segment->source.family);
    else if (goes_on)
        c->muddled = false; /* … with the connection that it had */
    bool opens = syn && !(segment->flags & ACK) && !target->syn_seen;
    bool anew  = syn && target->syn_seen && segment->seq != target->iss;

    if (c->muddled && !opens && !anew && !(syn && segment->ack == c->latest_syn.seq + 1))
        return false;
    if (speaks_as_before(c, segment)) {
        c->shadow = c->before;
        c->offer  = (struct offer){ 0 };
        return false;
    }
    if (c->muddled || opens || anew)
        start_over(c, (segment->flags & ACK) && (c->latest_syn.flags & SYN));
    return true;
}

static void judge_target(struct referee *referee, struct conversation *c, const struct packet *packet, bool unfinished)
{
    const struct segment     *segment = &packet->segment;
    const struct tcp_options *options = &packet->options;

    if (!(packet->faults & FAULT_TRUNCATED) && !referee->checksums_unseen && !unfinished)
        rule_on(referee, RULE_CHECKSUM, !(packet->faults & (FAULT_TCP_CHECKSUM | FAULT_IP_CHECKSUM)), "the checksum is wrong");
    if (packet->faults & ~(unsigned)FAULT_TCP_OPTIONS)
        return;
    if (!find_incarnation(c, segment))
        return;
    const char *misplaced = option_out_of_place(c, segment, options);

    if (segment->option_octets > 0)
        rule_on(referee, RULE_OPTIONS, misplaced == NULL, "%s", misplaced != NULL ? misplaced : "");
    if (segment->flags & RST) {
        rule_on(referee, RULE_RST, rst_is_formed(c, segment),
                "a RST with SEQ %u answers no ACK that was sent, nor is it SND.NXT", segment->seq);
        judge_ack(referee, c, segment);
        shadow_sees(&c->shadow, true, segment, options);
        return;
    }
    if ((segment->flags & (SYN | ACK)) == SYN)
        c->opened = true;
    judge_ack(referee, c, segment);
    judge_window(referee, c, segment);
    judge_mss(referee, c, segment, unfinished);
    judge_octets(referee, c, segment);
    judge_edge(referee, c, segment);
    shadow_sees(&c->shadow, true, segment, options);
}

void referee_sees_packet(struct referee *referee, bool from_target, const struct packet *packet)
{
    struct packet spared;

    referee->frames++;
    if (packet->kind != PACKET_TCP)
        return;
    struct conversation *c = find_conversation(referee, &packet->segment, from_target);

    if (c == NULL)
        return;
    if (!from_target) {
        tester_sent(c, packet);
        return;
    }
    bool unfinished = referee->offloads && packet_sum(packet) == SUM_UNFINISHED;

    if (referee->checksums_unseen || unfinished) {
        spared = *packet;
        spared.faults &= ~(unsigned)FAULT_TCP_CHECKSUM;
        packet = &spared;
    }
    judge_target(referee, c, packet, unfinished);
}

void referee_sees(struct referee *referee, bool from_target, const uint8_t *octets, size_t count)
{
    struct packet packet;

    packet_decode(octets, count, &packet);
    referee_sees_packet(referee, from_target, &packet);
}
