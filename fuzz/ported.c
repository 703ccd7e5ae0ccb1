#include "ported.h"

#include <stdlib.h>
#include <string.h>

#include "inprocess/inprocess.h"
#include "target.h"

enum { ANSWERS_MOST = 64 /* of one peer in one pass: an echo to an echo has no end */, VISITOR_ISS = 1000, PEER_WINDOW = 4000 };

bool ported_open(struct ported *ported, uint64_t seed, struct error *error)
{
    struct target_wish wish = { .spec = "reference", .fault = "", .seed = seed };

    *ported = (struct ported){ .prepared = target_reference.prepare(&wish, error), .random = seed };
    return ported->prepared != NULL;
}

void ported_close(struct ported *ported)
{
    if (ported->prepared != NULL)
        target_reference.release(ported->prepared);
    ported->prepared = NULL;
}

/* ---- the stub's host -------------------------------------------------------------------------------------------------------
 */

static void *application_new(void *user)
{
    struct ported *ported = user;
    struct target *target = calloc(1, sizeof *target);
    struct error   error;

    if (target != NULL && !target_reference.open(ported->prepared, 0, target, &error)) {
        free(target);
        target = NULL;
    }
    ported->applications += target != NULL;
    return target;
}

static void application_free(void *user, void *application)
{
    struct ported *ported = user;
    struct target *target = application;

    target->close(target->self);
    free(target);
    ported->applications--;
}

static void call(void *user, void *application, const struct call_request *request, struct call_reply *reply)
{
    struct target *target = application;

    (void)user;
    target->call(target->self, request, reply);
}

/* The upper half is what socket numbers are masked with. */
static uint32_t any_number(void *user)
{
    struct ported *ported = user;

    ported->random = ported->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(ported->random >> 32) & (ported->plain_sockets ? UINT16_MAX : UINT32_MAX);
}

struct stub_host ported_host(struct ported *ported, size_t controls)
{
    return (struct stub_host){ ported, application_new, application_free, call, any_number, AGENT_SERVICE, controls };
}

/* ---- the peers -------------------------------------------------------------------------------------------------------------
 */

/* Answers from what the segment itself says, so that nothing need be remembered of a connection. */
static bool answer(struct target *target, const struct segment *segment)
{
    struct segment reply = { .source           = segment->destination,
                             .destination      = segment->source,
                             .source_port      = segment->destination_port,
                             .destination_port = segment->source_port,
                             .seq              = (segment->flags & ACK) != 0 ? segment->ack : VISITOR_ISS,
                             .ack              = segment->seq + segment_length(segment),
                             .flags            = ACK,
                             .window           = PEER_WINDOW,
                             .text             = segment->text,
                             .text_octets      = segment->text_octets };
    struct error   error;

    if ((segment->flags & RST) != 0 || segment_length(segment) == 0)
        return false;
    if ((segment->flags & (SYN | ACK)) == SYN)
        reply.flags |= SYN;
    reply.flags |= segment->flags & FIN;
    return target->deliver(target->self, &reply, NULL, &error);
}

static void pass(struct target *target, uint64_t us)
{
    struct arrival arrival;
    struct packet  packet;
    struct error   error;
    unsigned       answers = 0;
    uint64_t       until   = target->now_us(target->self) + us;

    while (target->next(target->self, until, &arrival, &error) == WAIT_ARRIVAL)
        if (arrival.from_target && answers < ANSWERS_MOST &&
            packet_decode(arrival.octets, arrival.count, &packet) == PACKET_TCP)
            answers += answer(target, &packet.segment);
}

void ported_pass(const struct stub *stub, size_t controls, uint64_t us)
{
    for (size_t i = 0; i < controls; i++)
        if (stub_application(stub, i) != NULL)
            pass(stub_application(stub, i), us);
}

void ported_visit(const struct stub *stub, size_t index, uint16_t port, uint8_t from)
{
    struct target *target = stub_application(stub, index);
    struct error   error;

    if (target == NULL)
        return;
    struct segment syn = { .source           = target->tester,
                           .destination      = target->address,
                           .source_port      = (uint16_t)(target->first_port + from % TESTER_PORTS),
                           .destination_port = port,
                           .seq              = VISITOR_ISS,
                           .flags            = SYN,
                           .window           = PEER_WINDOW };

    target->deliver(target->self, &syn, NULL, &error);
}
