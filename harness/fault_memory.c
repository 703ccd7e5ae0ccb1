/* fault_memory.c: a record for each connection of a case, made from the segments that come by, and the faults that need one.
 * Whatever a segment claims is taken for true: a fault need not be fair, only be always the same. */
#include "fault_memory.h"

#include <stdlib.h>
#include <string.h>

#include "fault_inside.h"
#include "octets.h"
#include "words.h"

enum { FIXED_ISN = 0x10000000, AGAIN_US = 1000000 };

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

bool is_after(uint32_t a, uint32_t b)
{
    return a != b && a - b < 1u << 31;
}

static void copy_key(enum fault_way way, const uint8_t *packet, const uint8_t *tcp, uint8_t key[KEY_OCTETS])
{
    bool           v6     = packet[0] >> 4 == 6;
    size_t         octets = v6 ? 16 : 4;
    const uint8_t *from = packet + (v6 ? 8 : 12), *to = from + octets;
    bool           theirs = way == FAULT_FROM_TARGET;

    memset(key, 0, KEY_OCTETS);
    memcpy(key, theirs ? to : from, octets);
    memcpy(key + 16, theirs ? from : to, octets);
    memcpy(key + 32, theirs ? tcp + 2 : tcp, 2);
    memcpy(key + 34, theirs ? tcp : tcp + 2, 2);
}

size_t kept_connections(const struct fault_memory *memory)
{
    if (memory == NULL)
        return 0;
    return memory->connections < CONNECTIONS_KEPT ? memory->connections : CONNECTIONS_KEPT;
}

static struct remembered *connection_of(struct fault_memory *memory, const uint8_t key[KEY_OCTETS])
{
    for (size_t i = 0; i < kept_connections(memory); i++)
        if (memcmp(memory->kept[i].key, key, KEY_OCTETS) == 0)
            return &memory->kept[i];
    struct remembered *fresh = &memory->kept[memory->connections++ % CONNECTIONS_KEPT];

    memset(fresh, 0, sizeof *fresh);
    memcpy(fresh->key, key, KEY_OCTETS);
    fresh->due_us = UINT64_MAX;
    return fresh;
}

bool see(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count, struct seen *seen)
{
    uint8_t key[KEY_OCTETS];

    if (!find_tcp(packet, count, &seen->tcp))
        return false;
    copy_key(way, packet, seen->tcp.header, key);
    seen->connection = connection_of(memory, key);
    seen->flags      = seen->tcp.header[TCP_FLAGS_AT];
    seen->seq        = read32(seen->tcp.header + TCP_SEQ_AT);
    seen->ack        = read32(seen->tcp.header + TCP_ACK_AT);
    seen->end        = seen->seq + (uint32_t)(seen->tcp.octets - header_octets(seen->tcp)) + ((seen->flags & SYN) != 0) +
                ((seen->flags & FIN) != 0);
    return true;
}

void note(const struct seen *seen)
{
    struct remembered *connection = seen->connection;

    if (seen->flags & RST || seen->end == seen->seq)
        return;
    if (!connection->has_begun || (seen->flags & SYN && seen->seq != connection->isn)) {
        connection->has_begun = true;
        connection->isn       = seen->seq;
        connection->next      = seen->seq;
        connection->copied    = 0;
        connection->due_us    = UINT64_MAX;
        connection->has_acked = false;
    }
    connection->has_acked = connection->has_acked || seen->flags & ACK;
    if (is_after(seen->end, connection->next))
        connection->next = seen->end;
}

/* Octets, a SYN or a FIN, and none of them for the first time. A SYN,ACK after a SYN is the first of its kind. */
static bool is_repeat(const struct seen *seen)
{
    const struct remembered *connection = seen->connection;

    if (!connection->has_begun || seen->flags & RST || seen->end == seen->seq)
        return false;
    if (seen->flags & SYN)
        return seen->seq == connection->isn && (connection->has_acked || !(seen->flags & ACK));
    return !is_after(seen->end, connection->next);
}

/* ---- the faults --------------------------------------------------------------------------------------------------------- */

enum fault_verdict repeat_old_ack(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct seen seen;

    if (way == FAULT_TO_TARGET || !see(memory, way, packet, count, &seen) || (seen.flags & (RST | ACK)) != ACK)
        return FAULT_PASS;
    if (!(seen.flags & SYN) && seen.connection->has_acked)
        alter32(seen.tcp.header, TCP_ACK_AT, seen.connection->last_ack);
    seen.connection->last_ack  = seen.ack;
    seen.connection->has_acked = true;
    return FAULT_PASS;
}

enum fault_verdict swallow_repeats(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct seen seen;

    if (way == FAULT_TO_TARGET || !see(memory, way, packet, count, &seen))
        return FAULT_PASS;
    if (is_repeat(&seen))
        return FAULT_DROP;
    note(&seen);
    return FAULT_PASS;
}

static void keep_copy(const struct fault_memory *memory, const struct seen *seen, const uint8_t *packet, size_t count)
{
    struct remembered *connection = seen->connection;

    if (count > COPY_OCTETS)
        return;
    memcpy(connection->copy, packet, count);
    connection->copied   = count;
    connection->copy_end = seen->end;
    connection->due_us   = memory->now_us + AGAIN_US;
    connection->every_us = AGAIN_US;
}

static void forget_copy(struct remembered *connection)
{
    connection->copied = 0;
    connection->due_us = UINT64_MAX;
}

/* The oldest segment that is not acknowledged is kept, and what the target sends again meanwhile is dropped. */
enum fault_verdict repeat_each_second(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct seen seen;

    if (!see(memory, way, packet, count, &seen))
        return FAULT_PASS;
    struct remembered *connection = seen.connection;

    if (seen.flags & RST)
        forget_copy(connection);
    if (way == FAULT_TO_TARGET) {
        if (seen.flags & ACK && !is_after(connection->copy_end, seen.ack) && !is_after(seen.ack, connection->next))
            forget_copy(connection);
        return FAULT_PASS;
    }
    if (is_repeat(&seen) && connection->copied > 0)
        return FAULT_DROP;
    note(&seen);
    if ((connection->copied == 0 || seen.flags & SYN) && seen.end != seen.seq && !(seen.flags & RST))
        keep_copy(memory, &seen, packet, count);
    return FAULT_PASS;
}

/* Blocks of a SACK option speak of the target's octets where the tester sends them. */
static void shift_sack(struct tcp_place tcp, uint32_t shift)
{
    size_t at = find_option(tcp, OPTION_SACK);

    for (size_t edge = at + 2; at != 0 && edge + 4 <= at + tcp.header[at + 1]; edge += 4)
        alter32(tcp.header, edge, read32(tcp.header + edge) + shift);
}

/* <SEQ=0><CTL=RST,ACK> answers a segment without ACK, and its number is no number of the connection's. */
enum fault_verdict fix_isn(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct seen seen;

    if (!see(memory, way, packet, count, &seen))
        return FAULT_PASS;
    if (way == FAULT_TO_TARGET) {
        if (seen.flags & ACK)
            alter32(seen.tcp.header, TCP_ACK_AT, seen.ack + seen.connection->shift);
        shift_sack(seen.tcp, seen.connection->shift);
        return FAULT_PASS;
    }
    if (is_syn(seen.tcp))
        seen.connection->shift = seen.seq - FIXED_ISN;
    if ((seen.flags & (RST | ACK)) != (RST | ACK) || seen.seq != 0)
        alter32(seen.tcp.header, TCP_SEQ_AT, seen.seq - seen.connection->shift);
    return FAULT_PASS;
}

/* SND.NXT and what is half the number space away from it included: before one and behind the other, it is both to those who
 * compare carelessly. */
enum fault_verdict believe_acks(struct fault_memory *memory, enum fault_way way, uint8_t *packet, size_t count)
{
    struct seen seen;

    if (!see(memory, way, packet, count, &seen))
        return FAULT_PASS;
    if (way == FAULT_FROM_TARGET)
        note(&seen);
    else if ((seen.flags & (RST | ACK)) == ACK && seen.connection->has_begun && seen.ack - seen.connection->next <= 1u << 31)
        alter32(seen.tcp.header, TCP_ACK_AT, seen.connection->next);
    return FAULT_PASS;
}

/* ---- between the two ends of a case ------------------------------------------------------------------------------------- */

bool fault_begin(const struct fault *fault, struct fault_memory **memory, struct error *error)
{
    *memory = NULL;
    if (fault == NULL)
        return true;
    *memory = calloc(1, sizeof **memory);
    if (*memory == NULL)
        return error_set(error, "out of memory");
    (*memory)->fault = fault;
    return true;
}

void fault_end(struct fault_memory *memory)
{
    free(memory);
}

bool fault_touches(const struct fault_memory *memory, enum fault_way way)
{
    if (memory == NULL)
        return false;
    return memory->fault->remembering != NULL ||
           (way == FAULT_TO_TARGET ? memory->fault->to_target : memory->fault->from_target) != NULL;
}

enum fault_verdict fault_apply(struct fault_memory *memory, enum fault_way way, uint64_t time_us, uint8_t *packet,
                               size_t *count)
{
    if (!fault_touches(memory, way))
        return FAULT_PASS;
    memory->now_us = time_us;
    if (memory->fault->remembering != NULL)
        return memory->fault->remembering(memory, way, packet, *count);
    return way == FAULT_TO_TARGET ? memory->fault->to_target(packet, count) : memory->fault->from_target(packet, count);
}

void fault_call(struct fault_memory *memory, call_function *carry_out, void *application, const struct call_request *request,
                struct call_reply *reply)
{
    if (memory != NULL && memory->fault->calling != NULL)
        memory->fault->calling(memory, carry_out, application, request, reply);
    else
        carry_out(application, request, reply);
}

uint64_t fault_due_us(const struct fault_memory *memory)
{
    uint64_t due_us = UINT64_MAX;

    for (size_t i = 0; i < kept_connections(memory); i++)
        if (memory->kept[i].due_us < due_us)
            due_us = memory->kept[i].due_us;
    return due_us;
}

size_t fault_take(struct fault_memory *memory, uint8_t *packet, size_t room)
{
    uint64_t due_us = fault_due_us(memory);

    for (size_t i = 0; i < kept_connections(memory); i++) {
        struct remembered *connection = &memory->kept[i];

        if (connection->due_us != due_us)
            continue;
        connection->due_us = connection->every_us > 0 ? due_us + connection->every_us : UINT64_MAX;
        if (connection->copied > room)
            return 0;
        memcpy(packet, connection->copy, connection->copied);
        return connection->copied;
    }
    return 0;
}
