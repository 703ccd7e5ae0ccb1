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

typedef enum fault_verdict alteration(uint8_t *packet, size_t *count);

static bool send_on_way(struct link *link, struct link_queue *queue, alteration *alter, bool from_target, const uint8_t *octets,
                        size_t count)
{
    struct link_packet *packet = copy_of(octets, count, link->now_us + LINK_CROSSING_US, from_target);

    if (packet == NULL) {
        link->lost++;
        return false;
    }
    if (alter && alter(packet->octets, &packet->count) == FAULT_DROP)
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
    return send_on_way(link, &link->to_target, link->fault ? link->fault->to_target : NULL, false, octets, count);
}

bool link_send_to_tester(struct link *link, const uint8_t *octets, size_t count)
{
    return send_on_way(link, &link->to_tester, link->fault ? link->fault->from_target : NULL, true, octets, count);
}

uint64_t link_deadline(const struct link *link)
{
    uint64_t target_us = link->to_target.first ? link->to_target.first->time_us : UINT64_MAX;
    uint64_t tester_us = link->to_tester.first ? link->to_tester.first->time_us : UINT64_MAX;

    return target_us < tester_us ? target_us : tester_us;
}

struct link_packet *link_take_at_target(struct link *link)
{
    if (link->to_target.first == NULL || link->to_target.first->time_us > link->now_us)
        return NULL;
    return take_first(&link->to_target);
}

void link_capture_arrivals(struct link *link)
{
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
