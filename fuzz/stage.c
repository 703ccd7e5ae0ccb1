#include "stage.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"
#include "peer.h"
#include "referee.h"
#include "reference/inspect.h"
#include "stage_inside.h"

/* ---- what an oracle says -------------------------------------------------------------------------------------------- */

void stage_find(struct stage *stage, enum oracle oracle, const char *requirement, const char *format, ...)
{
    va_list arguments;

    if (stage->finding->oracle != 0 || !(stage->oracles & oracle))
        return;
    stage->finding->oracle = oracle;
    stage->finding->step   = stage->at;
    snprintf(stage->finding->requirement, sizeof stage->finding->requirement, "%s", requirement);
    va_start(arguments, format);
    vsnprintf(stage->finding->sentence, sizeof stage->finding->sentence, format, arguments);
    va_end(arguments);
}

/* ---- what stands around the TCP ------------------------------------------------------------------------------------- */

static void *allocate(void *context, size_t octets)
{
    struct stage *stage = context;

    if (stage->tcp != NULL)
        stage_find(stage, ORACLE_MEMORY, "RFC9293-3.10.7.4-ESTABLISHED-data",
                   "%zu octets of memory were taken after the TCP was made", octets);
    stage->blocks_taken++;
    return memory_take(&stage->memory, octets);
}

static void release(void *context, void *memory)
{
    struct stage *stage = context;

    stage->blocks_taken--;
    memory_give(&stage->memory, memory);
}

static struct actor *actor_at(struct stage *stage, const struct ip_address *tester, uint16_t port)
{
    for (size_t i = 0; i < ACTORS; i++) {
        struct actor *actor = &stage->actors[i];

        if (actor->peer.port == port && ip_address_equal(&actor->link->tester, tester))
            return actor;
    }
    return NULL;
}

static void output(void *context, const uint8_t *octets, size_t count)
{
    struct stage *stage = context;
    struct packet packet;

    stage->outputs++;
    bool whole = packet_decode(octets, count, &packet) == PACKET_TCP && packet.faults == 0;

    if (stage->oracles & ORACLE_REFEREE)
        referee_sees_packet(stage->referee, true, &packet);
    struct actor *actor = whole ? actor_at(stage, &packet.segment.destination, packet.segment.destination_port) : NULL;

    if (stage->watch->packet != NULL)
        stage->watch->packet(stage->watch->context, stage->now_us, true, actor != NULL ? &actor->peer : NULL, octets, count);
    if (actor == NULL)
        return;
    peer_takes(&actor->peer, &packet.segment, &packet.options);
    oracle_sees_sent(stage, actor, &packet.segment);
}

/* A connection that no actor stands behind: raw octets may come from anywhere. At the end somebody has to close it. */
static void remember_stranger(struct stage *stage, tcp_name name)
{
    struct tcp_status status;

    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (stage->strangers[i] != 0 && tcp_status(stage->tcp, stage->strangers[i], &status) == TCP_OK)
            continue;
        stage->strangers[i] = name;
        return;
    }
}

/* Signals come in the middle of an event: what the application does about them waits until it is over. */
static void signal_user(void *context, tcp_name name, enum tcp_signal signal)
{
    struct stage     *stage = context;
    struct tcp_status status;

    if (signal == TCP_SIGNAL_ACCEPTED && tcp_status(stage->tcp, name, &status) == TCP_OK) {
        struct actor *actor = actor_at(stage, &status.remote_address, status.remote_port);

        stage->may_read = true;
        if (actor != NULL)
            actor_begins(actor, name);
        else
            remember_stranger(stage, name);
    }
    for (size_t i = 0; i < ACTORS; i++) {
        struct actor *actor = &stage->actors[i];

        if (actor->name != name)
            continue;
        if (signal == TCP_SIGNAL_CLOSED)
            actor->name = 0;
        else if (signal == TCP_SIGNAL_RECEIVABLE)
            actor->readable = stage->may_read = true;
    }
}

/* ---- events --------------------------------------------------------------------------------------------------------- */

static void application_reads(struct stage *stage, struct actor *actor)
{
    static const size_t once = 3000; /* so that one window takes several calls */
    uint8_t            *octets;
    size_t              count = 0;
    struct tcp_status   status;

    if (!actor->readable || actor->paused || actor->name == 0)
        return;
    if (actor->delivered == 0 && tcp_status(stage->tcp, actor->name, &status) == TCP_OK)
        actor->base_irs = status.irs;
    actor->readable = false;
    octets          = stage->read;
    while (actor->name != 0 && tcp_receive(stage->tcp, actor->name, octets, once, &count) == TCP_OK && count > 0) {
        stage->reads++;
        oracle_sees_delivered(stage, actor, octets, count);
    }
}

/* The event is over: the application does what it was waiting to do, and the oracles look. */
static void settle(struct stage *stage, uint64_t work_before, size_t octets)
{
    bool may_read = stage->may_read;

    stage->may_read = false;
    stage->reads    = 0;
    for (size_t i = 0; may_read && i < ACTORS; i++)
        application_reads(stage, &stage->actors[i]);
    oracle_sees_settled(stage, work_before, octets);
}

static uint64_t work_so_far(const struct stage *stage)
{
    return stage->meter != NULL ? stage->meter() : 0;
}

void stage_tell(struct stage *stage, const struct actor *actor, unsigned event)
{
    const struct peer *peer = &actor->peer;

    if (stage->watch->event != NULL)
        stage->watch->event(
            stage->watch->context,
            tcp_state_met(stage->tcp, &actor->link->target, peer->target_port, &actor->link->tester, peer->port), event);
}

void stage_advance(struct stage *stage, uint64_t until_us)
{
    uint64_t due_us = tcp_deadline(stage->tcp);

    for (unsigned timeouts = 0; due_us <= until_us && stage->finding->oracle == 0; timeouts++) {
        uint64_t work = work_so_far(stage);

        if (due_us > stage->now_us)
            stage->now_us = due_us;
        stage->outputs = 0;
        for (size_t i = 0; i < ACTORS; i++)
            if (stage->actors[i].name != 0)
                stage_tell(stage, &stage->actors[i], EVENT_TIMEOUT);
        tcp_time(stage->tcp, stage->now_us);
        settle(stage, work, 0);
        if (timeouts > TIMEOUTS_MOST)
            stage_find(stage, ORACLE_REST, "RFC9293-3.10.8-b", "more than %d timeouts in one wait", TIMEOUTS_MOST);
        due_us = tcp_deadline(stage->tcp);
    }
    if (until_us > stage->now_us)
        stage->now_us = until_us;
    tcp_time(stage->tcp, stage->now_us);
}

void stage_tell_packet(struct stage *stage, const struct peer *peer, const uint8_t *packet, size_t count)
{
    if (stage->watch->packet != NULL)
        stage->watch->packet(stage->watch->context, stage->now_us, false, peer, packet, count);
}

struct arrival stage_reads(struct stage *stage, const uint8_t *packet, size_t count)
{
    uint64_t       work    = work_so_far(stage);
    struct arrival arrival = { .octets = memory_exact(&stage->memory, packet, count), .count = count };

    packet_decode(arrival.octets, count, &arrival.packet);
    arrival.work = work_so_far(stage) - work;
    return arrival;
}

void stage_arrives(struct stage *stage, const struct arrival *arrival)
{
    uint64_t work = work_so_far(stage) - arrival->work;

    stage->counts.segments++;
    stage->outputs = 0;
    if (stage->oracles & ORACLE_REFEREE)
        referee_sees_packet(stage->referee, false, &arrival->packet);
    tcp_decoded_arrives(stage->tcp, &arrival->packet);
    memory_exact_done(&stage->memory, arrival->octets);
    settle(stage, work, arrival->count);
    stage_advance(stage, stage->now_us + CROSSING_US);
}

/* The stage's own packet, whoever it is of. */
static void packet_arrives(struct stage *stage, size_t count)
{
    const struct arrival arrival = stage_reads(stage, stage->packet, count);

    stage_arrives(stage, &arrival);
}

/* A data offset that is not ours moves the text against its sequence numbers: other octets than the stream's, up to forty more.
 */
static void write_text(struct stage *stage, struct peer *peer, const struct peer_link *link, const struct rung_segment *rung,
                       struct segment *segment, struct damage_wish *wish)
{
    struct rung_segment moved = *rung;

    if (wish->set_data_offset && peer->other_count < OTHER_RANGES)
        moved.fill = OTHER;
    else
        wish->set_data_offset = false;
    peer_text(peer, link, &moved, segment, stage->text);
    if (wish->set_data_offset)
        peer->others[peer->other_count - 1].to += TCP_OPTIONS_MAX_OCTETS;
    segment->text = stage->text;
}

static void play_segment(struct stage *stage, struct actor *actor, const struct rung_segment *rung)
{
    struct peer       *peer = &actor->peer;
    struct damage_wish wish = peer_damage(peer, actor->link, rung);
    struct segment     segment;
    struct tcp_options options;

    peer_segment(peer, actor->link, rung, &segment, &options);
    if (segment.text_octets > TEXT_OCTETS)
        segment.text_octets = TEXT_OCTETS;
    write_text(stage, peer, actor->link, rung, &segment, &wish);
    bool   sound = wish.kind == UNDAMAGED && !wish.set_data_offset;
    size_t count = segment_encode(&segment, stage->packet, sizeof stage->packet);

    if (!sound || wish.reserved != 0)
        count = packet_damage(stage->packet, count, &wish);
    stage_tell(stage, actor,
               event_of_segment(&segment, peer_rcv_nxt(peer), peer->shadow.target.window, peer_snd_una(peer),
                                peer->shadow.target.nxt));
    stage_tell_packet(stage, peer, stage->packet, count);
    peer_sent(peer, &segment, &options, sound && rung->from == FROM_PEER);
    packet_arrives(stage, count);
}

static void play_message(struct stage *stage, struct actor *actor, const struct message *message)
{
    size_t count = peer_icmp(&actor->peer, actor->link, message, NULL, 0, stage->packet, sizeof stage->packet);

    if (count == 0)
        return;
    stage_tell(stage, actor, (EVENT_MESSAGES + (unsigned)message->kind));
    stage_tell_packet(stage, &actor->peer, stage->packet, count);
    if (message->kind == PACKET_TOO_BIG)
        actor->peer.path_mtu = 0; /* the target may have its reasons to doubt it: what it sends is judged by its MSS alone */
    packet_arrives(stage, count);
}

/* ---- user calls ----------------------------------------------------------------------------------------------------- */

static void open_connection(struct stage *stage, struct actor *actor, bool passive)
{
    struct tcp_open open = { .passive        = passive,
                             .local_address  = actor->link->target,
                             .local_port     = LOCAL_PORT,
                             .remote_address = actor->link->tester,
                             .remote_port    = actor->peer.port };
    tcp_name        name = 0;

    if (actor->name != 0 || tcp_open(stage->tcp, &open, &name) != TCP_OK)
        return;
    if (passive) {
        actor->listener = name;
        return;
    }
    actor_begins(actor, name);
    stage->may_read = true;
    if (actor->settings) {
        tcp_set(stage->tcp, name, TCP_KEEP_ALIVE, 1);
        tcp_set(stage->tcp, name, TCP_NAGLE, 0);
    }
}

static void send_octets(struct stage *stage, struct actor *actor, uint32_t octets, bool urgent)
{
    size_t taken = 0;

    if (octets > SEND_OCTETS)
        octets = SEND_OCTETS;
    uint32_t before = actor->app_sent;

    stream_octets(SEED, true, before, stage->text, octets);
    actor->app_sent += octets; /* some of them leave at once */
    if (tcp_send(stage->tcp, actor->name, stage->text, octets, urgent, &taken) != TCP_OK)
        taken = 0;
    actor->app_sent = before + (uint32_t)taken;
}

/* CLOSE or ABORT where there is no connection is the listener's: the actor's own one, otherwise the one that all share. */
static void close_listener(struct stage *stage, struct actor *actor)
{
    tcp_name *listener = actor->listener != 0 ? &actor->listener : &stage->listener;

    tcp_close(stage->tcp, *listener);
    *listener = 0;
}

static void play_call(struct stage *stage, struct actor *actor, const struct user *user)
{
    uint64_t work = work_so_far(stage);

    if (user->call != CONFIGURE) /* RFC 9293 3.10 has no such event */
        stage_tell(stage, actor, (EVENT_CALLS + (unsigned)user->call));
    stage->outputs = 0;
    switch (user->call) {
    case OPEN:
    case PASSIVE_OPEN:
        open_connection(stage, actor, user->call == PASSIVE_OPEN);
        break;
    case SEND:
    case SEND_URGENT:
        send_octets(stage, actor, peer_value(&actor->peer, actor->link, user->octets), user->call == SEND_URGENT);
        break;
    case RECEIVE:
        actor->paused   = false;
        actor->readable = stage->may_read = true;
        break;
    case PAUSE_READING:
        actor->paused = true;
        break;
    case CLOSE:
        if (actor->name == 0)
            close_listener(stage, actor);
        tcp_close(stage->tcp, actor->name);
        break;
    case CLOSE_BOTH:
        tcp_close_both(stage->tcp, actor->name);
        break;
    case ABORT:
        if (actor->name == 0)
            close_listener(stage, actor);
        tcp_abort(stage->tcp, actor->name);
        break;
    case CONFIGURE: /* an input has no fields for it */
        break;
    }
    settle(stage, work, SEND_OCTETS);
}

void stage_step(struct stage *stage, const struct step *step)
{
    struct actor *actor = &stage->actors[stage->current];

    switch (step->rung) {
    case RUNG_PEER:
        play_segment(stage, actor, &step->segment);
        break;
    case RUNG_APP:
        play_call(stage, actor, &step->user);
        break;
    case RUNG_ICMP:
        play_message(stage, actor, &step->message);
        break;
    case RUNG_WAIT:
        stage_advance(stage, stage->now_us + (uint64_t)step->number * 1000);
        break;
    case RUNG_ON:
        stage->current = step->number % INPUT_CONNECTIONS;
        break;
    default:
        break;
    }
}

/* ---- a play --------------------------------------------------------------------------------------------------------- */

static struct tcp *make_tcp(struct stage *stage)
{
    const struct tcp_host host = { stage, output, signal_user, allocate, release };
    struct tcp_config     config;

    tcp_config_default(&config);
    config.connections           = stage->small ? CONNECTIONS / 2 : CONNECTIONS;
    config.send_buffer_octets    = stage->small ? 512 : 4096;
    config.receive_buffer_octets = stage->small ? 1024 : 8192;
    config.held_ranges           = 8;
    config.seed                  = SEED;
    return tcp_create(&config, &host);
}

bool stage_listens(struct stage *stage)
{
    const struct tcp_open listen = { .passive = true, .local_port = LOCAL_PORT };

    return stage->listener != 0 || tcp_open(stage->tcp, &listen, &stage->listener) == TCP_OK;
}

static bool begin(struct stage *stage)
{
    memset(stage->actors, 0, sizeof stage->actors);
    memset(stage->strangers, 0, sizeof stage->strangers);
    for (unsigned i = 0; i < ACTORS; i++) {
        struct actor *actor = &stage->actors[i];
        bool          odd   = i % 2 == 1;

        actor->link              = &stage->links[i < 2 || i == INPUT_CONNECTIONS ? 0 : 1];
        actor->settings          = odd;
        actor->peer.port         = (uint16_t)(FIRST_PORT + i);
        actor->peer.target_port  = LOCAL_PORT;
        actor->peer.irs_known    = true;
        actor->peer.irs          = odd ? 0xfffff000u : 0x10000000u; /* of the odd ones, sequence numbers soon wrap */
        actor->peer.window_field = 65535;
        actor->peer.tsval = actor->peer.tsval_first = 1000000;
    }
    stage->current      = 0;
    stage->may_read     = false;
    stage->now_us       = STAGE_BEGINS_US;
    stage->at           = 0;
    stage->tcp          = NULL;
    stage->listener     = 0;
    stage->blocks_taken = 0;
    referee_begin_again(stage->referee);
    memory_begin(&stage->memory);
    struct tcp *tcp = make_tcp(stage);

    stage->tcp = tcp;
    if (tcp == NULL)
        return false;
    tcp_time(tcp, stage->now_us);
    return stage_listens(stage);
}

static void end(struct stage *stage)
{
    tcp_destroy(stage->tcp);
    if (stage->blocks_taken != 0)
        stage_find(stage, ORACLE_MEMORY, "RFC9293-3.10.7.4-ESTABLISHED-data", "%d pieces of memory were not given back",
                   stage->blocks_taken);
    stage->tcp = NULL;
}

bool stage_begins(struct stage *stage, const struct stage_watch *watch, struct finding *finding)
{
    static const struct stage_watch nobody = { 0 };

    *finding       = (struct finding){ 0 };
    stage->finding = finding;
    stage->watch   = watch != NULL ? watch : &nobody;
    return begin(stage);
}

bool stage_ends(struct stage *stage, size_t steps)
{
    stage->counts.inputs++;
    stage->counts.steps += steps;
    end(stage);
    return stage->finding->oracle != 0;
}

bool stage_play(struct stage *stage, const struct input *input, const struct stage_watch *watch, struct finding *finding)
{
    if (stage_begins(stage, watch, finding)) {
        for (; stage->at < input->count && finding->oracle == 0; stage->at++) {
            if (stage->watch->step != NULL)
                stage->watch->step(stage->watch->context, stage->at, &input->steps[stage->at]);
            stage_step(stage, &input->steps[stage->at]);
            if (finding->oracle != 0)
                break;
        }
        if (finding->oracle == 0 && stage->watch->step != NULL)
            stage->watch->step(stage->watch->context, stage->at, NULL);
        if (finding->oracle == 0)
            oracle_sees_end(stage);
    }
    return stage_ends(stage, input->count);
}

/* ---- the stage ------------------------------------------------------------------------------------------------------ */

struct stage *stage_open(unsigned oracles, work_meter *meter)
{
    struct stage *stage = calloc(1, sizeof *stage);

    if (stage == NULL)
        return NULL;
    stage->referee = referee_open();
    if (stage->referee == NULL) {
        free(stage);
        return NULL;
    }
    stage->oracles = oracles;
    stage->meter   = meter;
    for (int i = 0; i < 2; i++) {
        ip_address_parse(i == 0 ? "192.0.2.1" : "2001:db8::1", &stage->links[i].tester);
        ip_address_parse(i == 0 ? "192.0.2.2" : "2001:db8::2", &stage->links[i].target);
        stage->links[i].mtu  = 1500;
        stage->links[i].seed = SEED;
    }
    return stage;
}

void stage_close(struct stage *stage)
{
    if (stage == NULL)
        return;
    referee_close(stage->referee);
    free(stage);
}

const struct stage_counts *stage_counts(const struct stage *stage)
{
    return &stage->counts;
}
