#include "oracle.h"

#include <stdio.h>
#include <string.h>

#include "referee.h"
#include "reference/inspect.h"

enum {
    /* A full send buffer in segments of one octet is bounded by the windows; what one event may send is this at most. */
    OUTPUTS_MOST      = 64,
    READ_OUTPUTS_MOST = 33, /* by each RECEIVE of the application beside it: a burst, and the window that it opens */
    /* Edges of code that one event may cost: some hundred for the headers, a few for each octet and each range held. */
    WORK_MOST      = 20000,
    WORK_PER_OCTET = 20,
    REST_MINUTES   = 30,
    FRESH_ACTOR    = INPUT_CONNECTIONS
};

static const char *const names[ORACLES] = { "invariants", "referee", "stream", "work", "memory", "rest" };

const char *oracle_name(enum oracle oracle)
{
    for (int i = 0; i < ORACLES; i++)
        if (oracle == 1u << i)
            return names[i];
    return "none";
}

static bool name_taken(const char *name, size_t length, unsigned *oracles)
{
    for (int i = 0; i < ORACLES; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0) {
            *oracles |= 1u << i;
            return true;
        }
    }
    return false;
}

bool oracles_named(const char *text, unsigned *oracles, struct error *error)
{
    *oracles = 0;
    if (strcmp(text, "all") == 0)
        *oracles = ORACLES_ALL;
    if (strcmp(text, "all") == 0 || strcmp(text, "none") == 0)
        return true;
    do {
        size_t length = strcspn(text, ",");

        if (!name_taken(text, length, oracles))
            return error_set(error, "\"%.*s\" is no oracle: invariants, referee, stream, work, memory, rest, all or none",
                             (int)length, text);
        text += length;
        text += *text == ',';
    } while (*text != '\0');
    return true;
}

void actor_begins(struct actor *actor, tcp_name name)
{
    actor->name      = name;
    actor->delivered = 0;
    actor->app_sent  = 0;
    actor->paused    = false;
    actor->readable  = true;
}

/* ---- octets --------------------------------------------------------------------------------------------------------- */

/* RFC 9293 3.8.4: a keep-alive may carry one garbage octet where an acknowledged one stood. */
static bool keeps_alive(const struct actor *actor, const struct segment *segment)
{
    return segment->text_octets == 1 && segment->seq + 1 == actor->peer.shadow.target.nxt;
}

void oracle_sees_sent(struct stage *stage, const struct actor *actor, const struct segment *segment)
{
    uint32_t first = segment->seq - actor->peer.shadow.target.iss - 1;
    uint8_t  should[1500];

    if (!(stage->oracles & ORACLE_STREAM) || segment->text_octets == 0 || keeps_alive(actor, segment))
        return;
    if (first + segment->text_octets > actor->app_sent) {
        stage_find(stage, ORACLE_STREAM, "RFC9293-3.6-b", "octets up to %zu were sent, and the user gave %u",
                   first + segment->text_octets, actor->app_sent);
        return;
    }
    stream_octets(SEED, true, first, should, segment->text_octets < sizeof should ? segment->text_octets : sizeof should);
    if (segment->text_octets > sizeof should || memcmp(should, segment->text, segment->text_octets) != 0)
        stage_find(stage, ORACLE_STREAM, "RFC9293-3.10.3-b", "octets from %u on are not those that the user gave", first);
}

void oracle_sees_delivered(struct stage *stage, struct actor *actor, const uint8_t *octets, size_t count)
{
    uint32_t first = actor->base_irs - actor->peer.irs + actor->delivered;
    uint8_t  should[SEND_OCTETS];

    actor->delivered += (uint32_t)count;
    if (!(stage->oracles & ORACLE_STREAM))
        return;
    stream_octets(SEED, false, first, should, count);
    if (memcmp(should, octets, count) == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (should[i] == octets[i] || peer_may_differ(&actor->peer, first + (uint32_t)i))
            continue;
        stage_find(stage, ORACLE_STREAM, "RFC9293-3.10.3-b", "octet %u that the user received is not the one that was sent",
                   (unsigned)(actor->delivered - count + i));
        return;
    }
}

/* ---- after each event ----------------------------------------------------------------------------------------------- */

static void check_referee(struct stage *stage)
{
    if (!referee_saw_a_breach(stage->referee))
        return;
    for (size_t i = 0; i < REFEREE_RULES; i++) {
        const struct ruling *ruling = referee_ruling(stage->referee, i);

        if (ruling->broken > 0)
            stage_find(stage, ORACLE_REFEREE, referee_rules[i].requirement, "%s: %s", referee_rules[i].title, ruling->sentence);
    }
}

static void check_work(struct stage *stage, uint64_t work, uint64_t most)
{
    if (stage->outputs > OUTPUTS_MOST + READ_OUTPUTS_MOST * stage->reads)
        stage_find(stage, ORACLE_WORK, "RFC5961-7-a", "one event drew %u segments", stage->outputs);
    if (work > most)
        stage_find(stage, ORACLE_WORK, "RFC9293-3.10.7.4-ESTABLISHED-data", "one event took %llu steps of work",
                   (unsigned long long)work);
}

void oracle_sees_settled(struct stage *stage, uint64_t work_before, size_t octets)
{
    /* Before the invariants are looked at, which is work too, and not the TCP's. */
    uint64_t work = stage->meter != NULL ? stage->meter() - work_before : 0, most = WORK_MOST + WORK_PER_OCTET * octets;

    if (stage->watch->settled != NULL)
        stage->watch->settled(stage->watch->context, work, most, stage->outputs);
    if (stage->oracles & ORACLE_INVARIANTS) {
        const struct tcp_invariant *broken = tcp_broken_invariant(stage->tcp);

        if (broken != NULL)
            stage_find(stage, ORACLE_INVARIANTS, broken->clause, "%s: %s", broken->id, broken->says);
    }
    if (stage->oracles & ORACLE_REFEREE)
        check_referee(stage);
    if (stage->oracles & ORACLE_WORK)
        check_work(stage, work, most);
}

/* ---- at the end ----------------------------------------------------------------------------------------------------- */

static void check_quiet(struct stage *stage)
{
    size_t left = tcp_connections_in_use(stage->tcp);

    if (left > 0)
        stage_find(stage, ORACLE_REST, "RFC9293-3.6-g", "%zu connections that nobody uses are there after half an hour", left);
    else if (tcp_deadline(stage->tcp) != UINT64_MAX)
        stage_find(stage, ORACLE_REST, "RFC9293-3.10.8-b", "a timer runs, and there is no connection");
}

/* A new connection is served: a handshake, whose ACK brings one octet, and an ACK of that when it is due. */
static void check_fresh(struct stage *stage)
{
    static const struct step fresh[] = { PEER(SYN), PEER(ACK, .len = 1), WAIT(500) };
    const struct actor      *actor   = &stage->actors[FRESH_ACTOR];

    stage->current = FRESH_ACTOR;
    if (!stage_listens(stage))
        stage_find(stage, ORACLE_REST, "RFC9293-3.10.1-e", "afterwards no listener can be opened");
    for (size_t i = 0; i < sizeof fresh / sizeof *fresh; i++)
        stage_step(stage, &fresh[i]);
    if (!actor->peer.shadow.target.syn_seen || actor->peer.shadow.target.ack != actor->peer.irs + 2)
        stage_find(stage, ORACLE_REST, "RFC9293-3.10.7.2-e", "afterwards a new connection is not served");
    if (actor->delivered != 1)
        stage_find(stage, ORACLE_REST, "RFC9293-3.10.7.4-ESTABLISHED-data",
                   "afterwards an octet on a new connection does not reach the user");
}

void oracle_sees_end(struct stage *stage)
{
    if (!(stage->oracles & ORACLE_REST))
        return;
    for (size_t i = 0; i < INPUT_CONNECTIONS; i++) {
        struct actor *actor = &stage->actors[i];

        if (actor->name != 0)
            tcp_close_both(stage->tcp, actor->name);
        if (actor->listener != 0)
            tcp_close(stage->tcp, actor->listener);
    }
    stage_advance(stage, stage->now_us + (uint64_t)REST_MINUTES * 60 * 1000000);
    check_quiet(stage);
    check_fresh(stage);
}
