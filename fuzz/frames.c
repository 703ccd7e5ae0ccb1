/* frames.c: raw octets against decoder and TCP. An input is frames one behind the other, any octets are an input:
 *
 *     1 octet    what is mended before the frame arrives, see enum mend; the two highest bits say what happens first
 *     2 octets   its length modulo FRAME_OCTETS, the high octet first; what is not there any more is left off
 *     n octets   the IP packet
 *
 * What is mended is made right, so that a fuzzer need not solve checksums to get beyond them; what is not mended arrives as
 * it stands. */
#include <string.h>

#include "checksum.h"
#include "minimize.h"
#include "octets.h"
#include "oracle.h"
#include "reference/inspect.h"
#include "stage_inside.h"

enum mend {
    MEND_IPV6      = 1 << 0, /* addresses and lengths are made those of IPv6, otherwise of IPv4            */
    MEND_LENGTHS   = 1 << 1, /* version and lengths of the IP header, and which protocol: TCP, or ICMP     */
    MEND_ADDRESSES = 1 << 2, /* from the tester to the target                                              */
    MEND_PORTS     = 1 << 3, /* from one of the tester's connections to the listener                       */
    MEND_NUMBERS   = 1 << 4, /* SEQ and ACK count from what that connection has come to                    */
    MEND_SUMS      = 1 << 5  /* of the IP header and of TCP or ICMP                                        */
};
enum first { FIRST_NOTHING, FIRST_A_SECOND, FIRST_SEND, FIRST_CLOSE };

enum {
    FIRST_SHIFT     = 6,
    FRAME_HEADER    = 3,
    FRAMES_MOST     = 8, /* what comes behind is no part of the input */
    FRAME_OCTETS    = 2048,
    IPV4_OCTETS     = 20,
    IPV6_OCTETS     = 40,
    TCP_SUM_AT      = 16,
    ICMP_SUM_AT     = 2,
    ICMP_OCTETS     = 8,
    PROTOCOL_ICMP   = 1,
    PROTOCOL_TCP    = 6,
    PROTOCOL_ICMPV6 = 58,
    SECOND_US       = 1000000
};

/* How long the packet is of the frame whose header this is, with so many octets left behind that. */
static size_t packet_octets(const uint8_t *header, size_t left)
{
    size_t length = read16(header + 1) % FRAME_OCTETS;

    return length < left ? length : left;
}

/* What is too short for a header is no frame any more. */
static size_t frame_end(const uint8_t *octets, size_t count, size_t at)
{
    return at + FRAME_HEADER > count ? count : at + FRAME_HEADER + packet_octets(octets + at, count - at - FRAME_HEADER);
}

static void frame_shorten(uint8_t *frame, size_t octets)
{
    size_t length = read16(frame + 1) % FRAME_OCTETS;

    write16(frame + 1, (uint16_t)(length > octets ? length - octets : 0));
}

const struct form form_of_frames = { .header = FRAME_HEADER, .unit_end = frame_end, .shorten = frame_shorten };

/* A frame, and where its parts begin. */
struct frame {
    uint8_t *octets;
    size_t   count, header, address_octets;
    uint8_t  protocol;
};

static uint8_t *source_of(const struct frame *frame)
{
    return frame->octets + (frame->address_octets == 4 ? 12 : 8);
}

static bool is_tcp(const struct frame *frame)
{
    return frame->protocol == PROTOCOL_TCP && frame->count >= frame->header + TCP_HEADER_OCTETS;
}

/* ---- mending ------------------------------------------------------------------------------------------------------------ */

static void mend_lengths(struct frame *frame)
{
    bool tcp = frame->protocol != PROTOCOL_ICMP && frame->protocol != PROTOCOL_ICMPV6;

    if (frame->address_octets == 4) {
        frame->protocol  = tcp ? PROTOCOL_TCP : PROTOCOL_ICMP;
        frame->octets[0] = 0x45;
        write16(frame->octets + 2, (uint16_t)frame->count);
        write16(frame->octets + 6, 0);
        frame->octets[9] = frame->protocol;
        return;
    }
    frame->protocol  = tcp ? PROTOCOL_TCP : PROTOCOL_ICMPV6;
    frame->octets[0] = (uint8_t)(0x60 | (frame->octets[0] & 0xf));
    write16(frame->octets + 4, (uint16_t)(frame->count - IPV6_OCTETS));
    frame->octets[6] = frame->protocol;
}

static void mend_sum(struct frame *frame, size_t at, bool pseudo)
{
    uint8_t *part  = frame->octets + frame->header;
    size_t   count = frame->count - frame->header;
    uint64_t sum   = 0;

    if (pseudo)
        sum = checksum_pseudo(source_of(frame), source_of(frame) + frame->address_octets, frame->address_octets,
                              frame->protocol, count);
    write16(part + at, 0);
    write16(part + at, (uint16_t)~checksum_fold(checksum_add(sum, part, count)));
}

static void mend_sums(struct frame *frame)
{
    if (frame->address_octets == 4) {
        write16(frame->octets + 10, 0);
        write16(frame->octets + 10, (uint16_t)~checksum_fold(checksum_add(0, frame->octets, IPV4_OCTETS)));
    }
    if (is_tcp(frame))
        mend_sum(frame, TCP_SUM_AT, true);
    else if (frame->protocol != PROTOCOL_TCP && frame->count >= frame->header + ICMP_OCTETS)
        mend_sum(frame, ICMP_SUM_AT, frame->protocol == PROTOCOL_ICMPV6);
}

static struct actor *actor_meant(struct stage *stage, const struct frame *frame)
{
    unsigned port = read16(frame->octets + frame->header);

    return &stage->actors[port % 2 + (frame->address_octets == 4 ? 0 : 2)];
}

static void mend_numbers(struct frame *frame, const struct actor *actor)
{
    uint8_t *tcp = frame->octets + frame->header;

    write32(tcp + 4, read32(tcp + 4) + peer_rcv_nxt(&actor->peer));
    write32(tcp + 8, read32(tcp + 8) + actor->peer.shadow.target.nxt);
}

/* Returns the connection that the frame belongs to where ports were mended. */
static struct actor *mend(struct stage *stage, unsigned wishes, uint8_t *octets, size_t count)
{
    bool          ipv6  = wishes & MEND_IPV6;
    struct frame  frame = { .octets = octets, .count = count, .header = ipv6 ? IPV6_OCTETS : IPV4_OCTETS };
    struct actor *actor = NULL;

    if (count < frame.header)
        return NULL;
    frame.address_octets = ipv6 ? 16 : 4;
    frame.protocol       = octets[ipv6 ? 6 : 9];
    if (wishes & MEND_LENGTHS)
        mend_lengths(&frame);
    if (wishes & MEND_ADDRESSES) {
        memcpy(source_of(&frame), stage->links[ipv6].tester.octets, frame.address_octets);
        memcpy(source_of(&frame) + frame.address_octets, stage->links[ipv6].target.octets, frame.address_octets);
    }
    if (is_tcp(&frame) && wishes & MEND_PORTS) {
        actor = actor_meant(stage, &frame);
        write16(octets + frame.header, actor->peer.port);
        write16(octets + frame.header + 2, LOCAL_PORT);
        if (wishes & MEND_NUMBERS)
            mend_numbers(&frame, actor);
    }
    if (wishes & MEND_SUMS)
        mend_sums(&frame);
    return actor;
}

/* ---- playing ------------------------------------------------------------------------------------------------------------ */

static void happens_first(struct stage *stage, enum first first)
{
    static const struct step send = APP(SEND, .octets = 300), finish = APP(CLOSE);

    if (first == FIRST_A_SECOND)
        stage_advance(stage, stage->now_us + SECOND_US);
    for (stage->current = 0; first >= FIRST_SEND && stage->current < INPUT_CONNECTIONS; stage->current++)
        if (stage->actors[stage->current].name != 0)
            stage_step(stage, first == FIRST_SEND ? &send : &finish);
}

static void play_frame(struct stage *stage, unsigned wishes, const uint8_t *octets, size_t count)
{
    memcpy(stage->packet, octets, count);
    struct actor        *actor   = mend(stage, wishes, stage->packet, count);
    const struct arrival arrival = stage_reads(stage, stage->packet, count);
    const struct packet *packet  = &arrival.packet;

    if (actor != NULL && packet->kind == PACKET_TCP && packet->faults == 0)
        stage_tell(stage, actor,
                   event_of_segment(&packet->segment, peer_rcv_nxt(&actor->peer), actor->peer.shadow.target.window,
                                    peer_snd_una(&actor->peer), actor->peer.shadow.target.nxt));
    stage_tell_packet(stage, actor != NULL ? &actor->peer : NULL, stage->packet, count);
    stage_arrives(stage, &arrival);
}

/* Nobody but the stage speaks for the last actor, and what frames have said in its name is over. */
static void prepare_end(struct stage *stage)
{
    struct actor *fresh = &stage->actors[INPUT_CONNECTIONS];

    tcp_close_both(stage->tcp, fresh->name);
    for (size_t i = 0; i < CONNECTIONS; i++)
        if (stage->strangers[i] != 0)
            tcp_close_both(stage->tcp, stage->strangers[i]);
    memset(&fresh->peer.shadow, 0, sizeof fresh->peer.shadow);
    fresh->peer.irs += UINT32_C(1) << 30;
    fresh->delivered = 0;
}

bool stage_play_frames(struct stage *stage, const uint8_t *octets, size_t count, const struct stage_watch *watch,
                       struct finding *finding)
{
    unsigned oracles = stage->oracles;
    size_t   at      = 0;

    stage->small = true;
    if (stage_begins(stage, watch, finding)) {
        stage->oracles &= ~(unsigned)ORACLE_STREAM;
        for (; at + FRAME_HEADER <= count && stage->at < FRAMES_MOST && finding->oracle == 0; stage->at++) {
            size_t length = packet_octets(octets + at, count - at - FRAME_HEADER);

            happens_first(stage, octets[at] >> FIRST_SHIFT);
            play_frame(stage, octets[at], octets + at + FRAME_HEADER, length);
            at += FRAME_HEADER + length;
        }
        /* Where no connection is, nothing has to come to rest. */
        if (finding->oracle == 0 && tcp_connections_in_use(stage->tcp) > 0) {
            prepare_end(stage);
            oracle_sees_end(stage);
        }
        stage->oracles = oracles;
    }
    stage->small = false;
    return stage_ends(stage, stage->at);
}
