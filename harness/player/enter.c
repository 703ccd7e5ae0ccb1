#include <stdio.h>
#include <string.h>

#include "entry.h"
#include "inside.h"

/* ---- rungs of its own ------------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct step to_syn_sent[]    = { APP (OPEN), IUT (SYN), END_OF_LADDER };

static const struct step alive_established[] = { PEER (ACK, .len = 1), IUT_ACKS (RCV_NXT + 1), END_OF_LADDER };
static const struct step alive_later[]       = { PEER (ACK, .seq = RCV_NXT - 1), IUT (ACK), END_OF_LADDER };
static const struct step alive_syn_sent[]    = { PEER (SYN|ACK), IUT (ACK), END_OF_LADDER };
static const struct step finish_handshake[]  = { PEER (ACK), END_OF_LADDER };
static const struct step alive_listen[]      = { ON (FRESH), PEER (SYN), IUT (SYN|ACK), PEER (ACK),
                                                 PEER (ACK, .len = 1), IUT_ACKS (RCV_NXT + 1), END_OF_LADDER };
static const struct step alive_answering[]   = { ON (FRESH), PEER (SYN), IUT (SYN|ACK), END_OF_LADDER };
/* An ACK flag on the RST leaves no doubt that the connection is gone; cases of their own judge its form. The SEQ is far from
 * that of the handshake: its last ACK, once more, would open a connection at a listener that sends SYN cookies (RFC 4987 3.6). */
static const struct step gone[]              = { PEER (ACK, .seq = RCV_NXT - 1000), IUT (RST|MAY_ACK, .seq = SEG_ACK, .ack = ANY), END_OF_LADDER };
/* clang-format on */

static enum outcome check_granted(struct player *player, const struct entry *entry)
{
    const struct connection  *connection = current(player);
    const struct tcp_options *granted    = &connection->peer.shadow.target.syn;

    if ((entry->with & SACK_PERMITTED) && !granted->sack_permitted)
        return give_up(player, VERDICT_SKIP, "the target does not grant SACK");
    if ((entry->with & TIMESTAMPS) && !granted->has_timestamps)
        return give_up(player, VERDICT_SKIP, "the target does not grant timestamps");
    if ((entry->with & WINDOW_SCALE) && !granted->has_window_scale)
        return give_up(player, VERDICT_SKIP, "the target does not grant window scaling");
    return THROUGH;
}

/* ECN is granted by ECE in the SYN,ACK (RFC 3168 6.1.1); a target that leaves it out has merely declined. */
static bool declined_ecn(const struct player *player, const struct entry *entry)
{
    const struct scene  *scene = &player->scene;
    const struct record *last  = scene->cursor > 0 ? &player->log[scene->cursor - 1] : NULL;

    return (entry->with & ECN) && last != NULL && last->from_target &&
           (last->packet.segment.flags & (SYN | ACK | RST | ECE)) == (SYN | ACK);
}

/* A SYN,ACK that a timer of the target's had to send again, or none at all, says that the path lost one of the two. */
static enum outcome shake(struct player *player, const struct step *syn, const struct step *syn_ack)
{
    struct play *play = player->play;

    if (play_step(player, syn) != THROUGH)
        return NOT_THROUGH;
    size_t       sent    = player->log_count - 1;
    enum outcome outcome = play_step(player, syn_ack);
    bool         none    = outcome != THROUGH && strcmp(play->actual, "nothing") == 0;
    uint64_t     took_us = player->scene.time_us - player->log[sent].time_us;

    play->asked++;
    play->unanswered += none || took_us > UNANSWERED_MS * 1000 + player->target->round_trip_us;
    return outcome;
}

static enum outcome enter_by_handshake(struct player *player, const struct entry *entry, bool finish)
{
    struct step syn     = { .rung = RUNG_PEER, .segment = entry_syn(entry, SYN) };
    struct step syn_ack = IUT(SYN | ACK);

    if (entry->with & ECN)
        syn_ack.segment.flags |= ECE;
    if (shake(player, &syn, &syn_ack) != THROUGH)
        return declined_ecn(player, entry) ? give_up(player, VERDICT_SKIP, "the target does not grant ECN") : NOT_THROUGH;
    if (check_granted(player, entry) != THROUGH)
        return NOT_THROUGH;
    return finish ? play_steps(player, finish_handshake) : THROUGH;
}

/* Active: the target opens; for SYN-RECEIVED our SYN crosses its own (RFC 9293 Figure 7). */
static enum outcome enter_by_open(struct player *player, const struct entry *entry, bool finish)
{
    struct step answer  = { .rung = RUNG_PEER, .segment = entry_syn(entry, finish ? SYN | ACK : SYN) };
    struct step comes   = IUT(ACK);
    struct step crossed = IUT(SYN | ACK, .seq = ISS);

    if (play_steps(player, to_syn_sent) != THROUGH || play_step(player, &answer) != THROUGH)
        return NOT_THROUGH;
    return play_step(player, finish ? &comes : &crossed);
}

static enum outcome walk_to(struct player *player, const struct entry *entry, enum state state)
{
    struct connection *connection = current(player);
    bool               finish     = state != SYN_RECEIVED;

    if (state == CLOSED)
        return reserve_once(player) == THROUGH ? connection_ready(player, connection) : NOT_THROUGH;
    if (entry->irs != 0) {
        connection->peer.irs       = value_of(player, connection, entry->irs);
        connection->peer.irs_known = true;
    }
    if (state == LISTEN)
        return connection_ready(player, connection);
    if (state == SYN_SENT)
        return play_steps(player, to_syn_sent);
    enum outcome outcome =
        entry->via == ACTIVE ? enter_by_open(player, entry, finish) : enter_by_handshake(player, entry, finish);
    if (outcome != THROUGH || state == SYN_RECEIVED || state == ESTABLISHED)
        return outcome;
    connection->peer.fin_held = entry_holds_fin(state);
    return play_steps(player, entry_from_established(state));
}

/* A state that is not reached is no verdict on the case. */
enum outcome enter_state(struct player *player, const struct step *step)
{
    enum state   state = step->entry.state == EACH ? player->each : step->entry.state;
    struct play *play  = player->play;

    player->depth++;
    enum outcome outcome = walk_to(player, &step->entry, state);
    player->depth--;
    if (outcome != THROUGH && play->verdict == VERDICT_FAIL) {
        char why[sizeof play->reason];

        snprintf(why, sizeof why, "%.500s", play->reason);
        play->verdict    = VERDICT_INCONCLUSIVE;
        play->charged[0] = '\0';
        snprintf(play->reason, sizeof play->reason, "the target did not come to %s: %.500s", notation_state(state), why);
    }
    return outcome;
}

/* ---- proofs of life and of death ------------------------------------------------------------------------------------------
 */

/* Stacks may limit how often they answer what moves nothing (RFC 5961 section 7): keep clear of the last such answer. */
static enum outcome let_limit_pass(struct player *player)
{
    const struct connection *connection = current(player);
    uint64_t                 free_us    = connection->challenged_us + (uint64_t)CHALLENGE_PAUSE_MS * 1000;

    if (connection->challenged_us == 0 || player->scene.time_us >= free_us)
        return THROUGH;
    return keep_silence(player, free_us - player->scene.time_us);
}

enum outcome prove_alive(struct player *player)
{
    enum outcome outcome = NOT_THROUGH;
    enum state   state   = state_shown(player, current(player));

    player->depth++;
    switch (state) {
    case CLOSED:
        outcome = give_up(player, VERDICT_ERROR, "ALIVE has no meaning on a closed port");
        break;
    case LISTEN: {
        unsigned back = player->scene.current;

        outcome               = play_steps(player, service_waits(player->options.service) ? alive_listen : alive_answering);
        player->scene.current = back;
        break;
    }
    case SYN_SENT:
        outcome = play_steps(player, alive_syn_sent);
        break;
    case SYN_RECEIVED:
        if (play_steps(player, finish_handshake) == THROUGH)
            outcome = play_steps(player, alive_established);
        break;
    case ESTABLISHED:
        outcome = play_steps(player, alive_established);
        break;
    default:
        if (let_limit_pass(player) == THROUGH)
            outcome = play_steps(player, alive_later);
        break;
    }
    player->depth--;
    return outcome;
}

/* Where no RST came: a connection that is still there takes an octet; one that is gone and answers nothing is another fault. */
static void tell_why_no_rst(struct player *player)
{
    struct play *play   = player->play;
    struct play  told   = *play;
    const char  *clause = "RFC9293-3.10.7.1-c";

    note_remark(player, "no RST: is it still there?");
    play->verdict = VERDICT_PASS;
    bool there    = play_steps(player, alive_established) == THROUGH;

    told.transcript       = play->transcript;
    told.transcript_lines = play->transcript_lines;
    *play                 = told;
    if (there) {
        snprintf(play->reason, sizeof play->reason, "the connection is still there: it takes data");
        return;
    }
    snprintf(play->charged, sizeof play->charged, "%s", clause);
    snprintf(play->reason, sizeof play->reason,
             "the connection may be gone, but no RST says so: nothing answers an ACK, nor data");
}

/* What is still there answers an old segment with an ACK. */
static bool answered_as_one_that_is_there(const struct player *player)
{
    const struct record *last = player->scene.cursor > 0 ? &player->log[player->scene.cursor - 1] : NULL;

    return last != NULL && last->from_target && last->packet.kind == PACKET_TCP && last->packet.faults == 0 &&
           (last->packet.segment.flags & (SYN | RST | ACK)) == ACK;
}

enum outcome prove_gone(struct player *player)
{
    player->depth++;
    enum outcome outcome = play_steps(player, gone);

    if (outcome != THROUGH && player->play->verdict == VERDICT_FAIL && player->play->loss_explains)
        tell_why_no_rst(player);
    else if (outcome != THROUGH && player->play->verdict == VERDICT_FAIL && answered_as_one_that_is_there(player))
        snprintf(player->play->reason, sizeof player->play->reason, "the connection is still there: it answers an old segment");
    player->depth--;
    return outcome;
}
