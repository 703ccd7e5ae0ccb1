#include "inprocess/link.h"

#include <stdlib.h>
#include <string.h>

static struct link_packet *copy_of(const uint8_t *octets, size_t count, uint64_t time_us, bool from_target)
{
    struct link_packet *packet = malloc(sizeof *packet + count);

    if (packet == NULL)
        return NULL;
    *packet = (struct link_packet){ .time_us = time_us, .from_target = from_target, .count = count };
    memcpy(packet->octets, octets, count);
    return packet;
}

static void append(struct link_queue *queue, struct link_packet *packet)
{
    packet->next = NULL;
    if (queue->last)
        queue->last->next = packet;
    else
        queue->first = packet;
    queue->last = packet;
}

static struct link_packet *take_first(struct link_queue *queue)
{
    struct link_packet *packet = queue->first;

    if (packet == NULL)
        return NULL;
    queue->first = packet->next;
    if (queue->first == NULL)
        queue->last = NULL;
    return packet;
}

static bool send_on_way(struct link *link, struct link_queue *queue, enum fault_way way, const uint8_t *octets, size_t count)
{
    bool                from_target = way == FAULT_FROM_TARGET;
    struct link_packet *packet      = copy_of(octets, count, link->now_us + LINK_CROSSING_US, from_target);

    if (packet == NULL) {
        link->lost++;
        return false;
    }
    if (fault_apply(link->fault, way, link->now_us, packet->octets, &packet->count) == FAULT_DROP)
        free(packet);
    else
        append(queue, packet);
    return true;
}

bool link_send_to_target(struct link *link, const uint8_t *octets, size_t count)
{
    struct link_packet *seen = copy_of(octets, count, link->now_us, false);

    if (seen == NULL) {
        link->lost++;
        return false;
    }
    append(&link->capture, seen);
    return send_on_way(link, &link->to_target, FAULT_TO_TARGET, octets, count);
}

bool link_send_to_tester(struct link *link, const uint8_t *octets, size_t count)
{
    return send_on_way(link, &link->to_tester, FAULT_FROM_TARGET, octets, count);
}

uint64_t link_deadline(const struct link *link)
{
    uint64_t target_us = link->to_target.first ? link->to_target.first->time_us : UINT64_MAX;
    uint64_t tester_us = link->to_tester.first ? link->to_tester.first->time_us : UINT64_MAX;

    uint64_t first_us = target_us < tester_us ? target_us : tester_us;
    uint64_t fault_us = fault_due_us(link->fault);

    return first_us < fault_us ? first_us : fault_us;
}

struct link_packet *link_take_at_target(struct link *link)
{
    if (link->to_target.first == NULL || link->to_target.first->time_us > link->now_us)
        return NULL;
    return take_first(&link->to_target);
}

/* What the fault sends by itself leaves the target's end, as the target's own packets do. */
static void send_what_the_fault_sends(struct link *link)
{
    uint8_t octets[LINK_MTU_OCTETS];

    while (fault_due_us(link->fault) <= link->now_us) {
        uint64_t            due_us = fault_due_us(link->fault);
        size_t              count  = fault_take(link->fault, octets, sizeof octets);
        struct link_packet *packet = copy_of(octets, count, due_us + LINK_CROSSING_US, true);

        if (packet != NULL)
            append(&link->to_tester, packet);
        else
            link->lost++;
    }
}

void link_capture_arrivals(struct link *link)
{
    send_what_the_fault_sends(link);
    while (link->to_tester.first && link->to_tester.first->time_us <= link->now_us)
        append(&link->capture, take_first(&link->to_tester));
}

struct link_packet *link_take_captured(struct link *link)
{
    return take_first(&link->capture);
}

static void empty_queue(struct link_queue *queue)
{
    for (struct link_packet *packet = take_first(queue); packet; packet = take_first(queue))
        free(packet);
}

void link_empty(struct link *link)
{
    empty_queue(&link->to_target);
    empty_queue(&link->to_tester);
    empty_queue(&link->capture);
}
