/* fault_lifetime.c: faults in how a connection lives and ends: its wait for the application, its keep-alives, its FIN,
 * TIME-WAIT, reset and ABORT. What such a target would send by itself is written into a header of the target's own that came
 * by. */
#include <string.h>

#include "fault_inside.h"
#include "fault_memory.h"
#include "octets.h"
#include "words.h"

enum { ANSWER_US = 1000, PROBE_AFTER_US = 30000000, WAITING_MOST = 2 };

/* ---- what the fault sends by itself ------------------------------------------------------------------------------------- */

/* A header of the target's, without options and text, to be filled in when there is something to say. */
static void keep_header(const struct seen *seen, const uint8_t *packet)
{
    struct remembered *connection = seen->connection;
    size_t             octets     = (size_t)(seen->tcp.header - packet) + TCP_HEADER_LEAST;

    if (octets > COPY_OCTETS)
        return;
    memcpy(connection->copy, packet, octets);
    connection->copied = octets;
}

static void send_by_itself(struct remembered *connection, uint8_t flags, uint32_t seq, uint32_t ack, uint64_t due_us,
                           uint64_t every_us)
{
    uint8_t *packet = connection->copy, *tcp = packet + connection->copied - TCP_HEADER_LEAST;
    bool     v6 = packet[0] >> 4 == 6;

    if (connection->copied == 0)
        return;
    if (v6)
        write16(packet + 4, (uint16_t)(connection->copied - IPV6_HEADER_OCTETS));
    else
        write16(packet + 2, (uint16_t)connection->copied);
    write32(tcp + TCP_SEQ_AT, seq);
    write32(tcp + TCP_ACK_AT, ack);
    write16(tcp + TCP_OFFSET_AT, (uint16_t)(5u << 12 | flags));
    write16(tcp + TCP_CHECKSUM_AT + 2, 0); /* the urgent pointer */
    repair_checksums(packet, connection->copied);
    connection->due_us   = due_us;
    connection->every_us = every_us;
}

/* ---- the FIN ------------------------------------------------------------------------------------------------------------ */

/* What stands beside the FIN goes its way: octets, and an ACK of something new. */
enum fault_verdict lose_fin(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct seen seen;

    if (way == FAULT_TO_TARGET || !see(memory, way, packet, count, &seen) || seen.flags & (RST | SYN))
        return FAULT_PASS;
    struct remembered *connection = seen.connection;
    bool               says_more  = seen.end - seen.seq > 1 || !connection->has_acked || seen.ack != connection->last_ack;

    if (seen.flags & FIN && !says_more)
        return FAULT_DROP;
    connection->has_acked = true;
    connection->last_ack  = seen.ack;
    if (seen.flags & FIN)
        alter16(seen.tcp.header, TCP_OFFSET_AT, (uint16_t)(read16(seen.tcp.header + TCP_OFFSET_AT) & ~FIN));
    return FAULT_PASS;
}

/* ---- TIME-WAIT ---------------------------------------------------------------------------------------------------------- */

static void note_closing(struct seen *seen, enum fault_way way)
{
    struct remembered *connection = seen->connection;
    bool               ack        = (seen->flags & (ACK | RST)) == ACK;

    if (way == FAULT_FROM_TARGET) {
        if (ack && connection->tester_fin_sent && !is_after(connection->tester_fin_end, seen->ack))
            connection->tester_fin_acked = true;
        if (seen->flags & FIN && !(seen->flags & RST)) {
            connection->fin_sent = true;
            connection->fin_end  = seen->end;
        }
        return;
    }
    if (ack && connection->fin_sent && seen->ack == connection->fin_end)
        connection->fin_acked = true;
    if (seen->flags & FIN && !(seen->flags & RST) && !connection->tester_fin_sent) {
        connection->tester_fin_sent = true;
        connection->tester_fin_end  = seen->end;
    }
}

/* RFC 9293 3.10.7.1, as if the connection did not exist. A SYN is left to the target. */
enum fault_verdict skip_time_wait(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct seen seen;

    if (!see(memory, way, packet, count, &seen))
        return FAULT_PASS;
    struct remembered *connection = seen.connection;
    bool               over       = connection->fin_acked && connection->tester_fin_acked;

    if (way == FAULT_FROM_TARGET)
        keep_header(&seen, packet);
    if (is_syn(seen.tcp)) {
        connection->fin_sent = connection->fin_acked = connection->tester_fin_sent = connection->tester_fin_acked = false;
        return FAULT_PASS;
    }
    note_closing(&seen, way);
    if (!over)
        return FAULT_PASS;
    if (way == FAULT_TO_TARGET && !(seen.flags & RST)) {
        bool ack = (seen.flags & ACK) != 0;

        send_by_itself(connection, ack ? RST : RST | ACK, ack ? seen.ack : 0, ack ? 0 : seen.end, memory->now_us + ANSWER_US,
                       0);
    }
    return FAULT_DROP;
}

/* ---- keep-alives -------------------------------------------------------------------------------------------------------- */

/* An established connection on which nothing has come by for a while in either direction. */
enum fault_verdict probe_idle(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct seen seen;

    if (!see(memory, way, packet, count, &seen))
        return FAULT_PASS;
    struct remembered *connection = seen.connection;

    if (way == FAULT_FROM_TARGET) {
        note(&seen);
        keep_header(&seen, packet);
        if (seen.flags & ACK)
            connection->last_ack = seen.ack;
        connection->over = connection->over && !is_syn(seen.tcp);
    } else if ((seen.flags & (SYN | RST | ACK)) == ACK) {
        connection->answered = connection->has_begun && seen.ack != connection->isn;
    }
    connection->over   = connection->over || seen.flags & (FIN | RST);
    connection->due_us = UINT64_MAX;
    if (connection->answered && !connection->over)
        send_by_itself(connection, ACK, connection->next - 1, connection->last_ack, memory->now_us + PROBE_AFTER_US,
                       PROBE_AFTER_US);
    return FAULT_PASS;
}

void keep_probing(struct fault_memory *memory, call_function *carry_out, void *application, const struct call_request *request,
                  struct call_reply *reply)
{
    (void)memory;
    if (request->kind == CALL_CONFIGURE && request->setting == KEEP_ALIVE && request->value == 0)
        *reply = (struct call_reply){ .result = CALL_OK };
    else
        carry_out(application, request, reply);
}

/* ---- ABORT -------------------------------------------------------------------------------------------------------------- */

/* A RST that no segment has asked for is the ABORT's. */
enum fault_verdict abort_in_silence(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct tcp_place tcp;

    if (way == FAULT_TO_TARGET)
        memory->aborting = false;
    return memory->aborting && find_tcp(packet, count, &tcp) && tcp.header[TCP_FLAGS_AT] & RST ? FAULT_DROP : FAULT_PASS;
}

void note_abort(struct fault_memory *memory, call_function *carry_out, void *application, const struct call_request *request,
                struct call_reply *reply)
{
    memory->aborting = memory->aborting || request->kind == CALL_ABORT;
    carry_out(application, request, reply);
}

/* ---- delivering after a reset ------------------------------------------------------------------------------------------- */

/* What the tester sends behind a RST that the target takes. */
enum fault_verdict keep_late_text(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct seen seen;

    if (!see(memory, way, packet, count, &seen))
        return FAULT_PASS;
    struct remembered *connection = seen.connection;

    if (way == FAULT_FROM_TARGET) {
        if ((seen.flags & (RST | ACK)) == ACK)
            connection->last_ack = seen.ack;
        return FAULT_PASS;
    }
    const uint8_t *text   = seen.tcp.header + header_octets(seen.tcp);
    size_t         octets = seen.tcp.octets - header_octets(seen.tcp);

    if (seen.flags & RST) {
        connection->over = connection->over || seen.seq == connection->last_ack;
    } else if (connection->over && octets <= sizeof connection->late_text - connection->late) {
        memcpy(connection->late_text + connection->late, text, octets);
        connection->late += octets;
    }
    return FAULT_PASS;
}

static struct remembered *connection_from(struct fault_memory *memory, uint16_t port)
{
    for (size_t i = 0; i < kept_connections(memory); i++)
        if (read16(memory->kept[i].key + KEY_PORT_AT) == port)
            return &memory->kept[i];
    return NULL;
}

/* Behind what the application has read, as SAW shows it from `from` on. */
static void add_late_text(const struct remembered *connection, uint64_t from, struct call_reply *reply)
{
    size_t skipped = from > reply->octets ? (size_t)(from - reply->octets) : 0;

    if (skipped < connection->late && reply->data_octets + (connection->late - skipped) <= sizeof reply->data) {
        memcpy(reply->data + reply->data_octets, connection->late_text + skipped, connection->late - skipped);
        reply->data_octets += (uint32_t)(connection->late - skipped);
    }
    reply->octets += connection->late;
}

/* ACCEPTED tells which connection has which handle among user calls. */
static void note_handle(struct fault_memory *memory, const struct call_request *request, const struct call_reply *reply)
{
    bool               told       = request->kind == CALL_ACCEPTED && reply->result == CALL_OK;
    struct remembered *connection = told ? connection_from(memory, request->port) : NULL;

    if (connection != NULL)
        connection->handle = reply->handle;
}

void deliver_late_text(struct fault_memory *memory, call_function *carry_out, void *application,
                       const struct call_request *request, struct call_reply *reply)
{
    carry_out(application, request, reply);
    note_handle(memory, request, reply);
    for (size_t i = 0; i < kept_connections(memory) && request->kind == CALL_SAW && reply->result == CALL_OK; i++)
        if (memory->kept[i].handle == request->handle && memory->kept[i].late > 0)
            add_late_text(&memory->kept[i], request->from, reply);
}

/* ---- connections that wait to be taken ---------------------------------------------------------------------------------- */

void note_waiting(struct fault_memory *memory, call_function *carry_out, void *application, const struct call_request *request,
                  struct call_reply *reply)
{
    carry_out(application, request, reply);
    if (request->kind == CALL_CONFIGURE && request->setting == ACCEPTING && reply->result == CALL_OK)
        memory->waiting = request->value == 0;
}

enum fault_verdict ignore_waiting(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct seen seen;

    if (way == FAULT_FROM_TARGET || !memory->waiting || !see(memory, way, packet, count, &seen) || seen.flags & (SYN | RST))
        return FAULT_PASS;
    return seen.end != seen.seq ? FAULT_DROP : FAULT_PASS;
}

enum fault_verdict wedge_when_full(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct tcp_place tcp;

    if (way == FAULT_FROM_TARGET || !find_tcp(packet, count, &tcp) || !is_syn(tcp))
        return FAULT_PASS;
    memory->overflow += memory->waiting;
    return memory->overflow > WAITING_MOST ? FAULT_DROP : FAULT_PASS;
}

/* How much came early is what the target has acknowledged since its SYN,ACK. */
enum fault_verdict lose_early_text(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct seen seen;

    if (way == FAULT_TO_TARGET || !see(memory, way, packet, count, &seen))
        return FAULT_PASS;
    struct remembered *connection = seen.connection;

    if (seen.flags & SYN) {
        connection->has_acked = true;
        connection->last_ack  = seen.ack;
    } else if (memory->waiting && connection->has_acked && seen.flags & ACK) {
        connection->early = seen.ack - connection->last_ack;
    }
    return FAULT_PASS;
}

/* What is shown begins so many octets later in the stream. */
static void take_off(struct call_reply *reply, uint32_t octets)
{
    uint32_t gone = octets < reply->data_octets ? octets : reply->data_octets;

    memmove(reply->data, reply->data + gone, reply->data_octets - gone);
    reply->data_octets -= gone;
    reply->octets -= octets < reply->octets ? octets : reply->octets;
}

void hide_early_text(struct fault_memory *memory, call_function *carry_out, void *application,
                     const struct call_request *request, struct call_reply *reply)
{
    note_waiting(memory, carry_out, application, request, reply);
    note_handle(memory, request, reply);
    for (size_t i = 0; i < kept_connections(memory) && request->kind == CALL_SAW && reply->result == CALL_OK; i++)
        if (memory->kept[i].handle == request->handle)
            take_off(reply, memory->kept[i].early);
}
