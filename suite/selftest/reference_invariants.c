/* reference_invariants.c: whatever segments, calls and times come in whatever order, the control block stays sound, work for
 * one segment stays bounded, and afterwards the TCP comes to rest. */
#include <string.h>

#include "reference/inspect.h"
#include "selftest/reference_rig.h"
#include "selftest/selftest.h"

enum { EVENTS = 400, SEEDS = 400, ANSWERS_MOST = 80 };

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 0x2545f4914f6cdd1du) >> 33) % below;
}

static void check(const struct rig *rig)
{
    const struct tcp_invariant *broken = tcp_broken_invariant(rig->tcp);

    ck_assert_msg(broken == NULL, "%s: %s (%s)", broken->id, broken->says, broken->clause);
}

/* A segment whose numbers are near those that matter. */
static void random_segment(struct rig *rig, uint64_t *state)
{
    static const uint8_t        flags[] = { ACK,       ACK, ACK,       ACK, ACK, ACK | PSH, FIN | ACK,
                                            ACK | URG, SYN, SYN | ACK, RST, 0,   SYN | FIN, 255 };
    static uint8_t              text[1460];
    const struct control_block *tcb     = rig_block(rig);
    uint32_t                    rcv_nxt = tcb ? tcb->rcv_nxt : rig->irs, wnd = tcb ? tcb->rcv_wnd : 10;
    uint32_t                    una = tcb ? tcb->snd_una : rig->iss, nxt = tcb ? tcb->snd_nxt : rig->iss;
    const uint32_t              seqs[] = { rcv_nxt,
                                           rcv_nxt,
                                           rcv_nxt,
                                           rcv_nxt,
                                           rcv_nxt + draw(state, 3000),
                                           rcv_nxt - draw(state, 3000),
                                           rcv_nxt + wnd,
                                           rcv_nxt + wnd - 1,
                                           draw(state, UINT32_MAX) };
    const uint32_t              acks[] = {
                     nxt, nxt, una, una, una + draw(state, 1500), nxt + 1, una - draw(state, 70000), draw(state, UINT32_MAX)
    };
    const uint16_t windows[] = { 0, 1, 500, 5000, 20000, 65535 };
    struct segment segment   = { .flags          = flags[draw(state, sizeof flags)],
                                 .seq            = seqs[draw(state, sizeof seqs / sizeof *seqs)],
                                 .ack            = acks[draw(state, sizeof acks / sizeof *acks)],
                                 .window         = windows[draw(state, sizeof windows / sizeof *windows)],
                                 .urgent_pointer = (uint16_t)draw(state, 3000),
                                 .text           = text,
                                 .text_octets    = draw(state, 3) ? draw(state, 1400) : 0 };

    /* RST ends everything: now and then only. */
    if ((segment.flags & RST) && draw(state, 8) != 0)
        return;
    if (draw(state, 4) == 0)
        segment.option_octets = 4 * draw(state, 4);
    for (size_t i = 0; i < segment.option_octets; i++)
        segment.options[i] = (uint8_t)draw(state, 9);
    rig_peer_segment(rig, &segment);
}

static void random_call(struct rig *rig, uint64_t *state)
{
    uint8_t data[4000] = { 0 };
    size_t  count;

    switch (draw(state, 12)) {
    case 0:
        tcp_close(rig->tcp, rig->name);
        break;
    case 1:
        if (draw(state, 6) == 0)
            tcp_close_both(rig->tcp, rig->name);
        break;
    case 2:
        if (draw(state, 20) == 0)
            tcp_abort(rig->tcp, rig->name);
        break;
    case 3:
        tcp_set(rig->tcp, rig->name, TCP_NAGLE, draw(state, 2));
        break;
    case 4:
        tcp_set(rig->tcp, rig->name, TCP_KEEP_ALIVE, draw(state, 2));
        break;
    case 5:
    case 6:
    case 7:
        tcp_receive(rig->tcp, rig->name, data, draw(state, sizeof data), &count);
        break;
    default:
        tcp_send(rig->tcp, rig->name, data, draw(state, sizeof data), draw(state, 5) == 0, &count);
        break;
    }
}

static void random_event(struct rig *rig, uint64_t *state)
{
    static const uint32_t pauses_us[] = { 1000, 250000, 1100000, 70000000 };

    rig->sent_count = rig->seen = 0;
    switch (draw(state, 10)) {
    case 0:
        rig_pass(rig, draw(state, pauses_us[draw(state, 4)]));
        break;
    case 1:
    case 2:
    case 3:
        random_call(rig, state);
        break;
    default:
        random_segment(rig, state);
        ck_assert_uint_le(rig->sent_count, ANSWERS_MOST);
        break;
    }
}

START_TEST(control_block_stays_sound)
{
    static const enum state begins[] = { LISTEN,      SYN_SENT,    SYN_RECEIVED, ESTABLISHED,
                                         ESTABLISHED, ESTABLISHED, FIN_WAIT_1,   CLOSE_WAIT };
    struct rig              rig      = { .ipv6 = _i % 2, .irs = (uint32_t)_i * 0x01234567u, .mss = 500 };
    uint64_t                state    = (uint64_t)_i + 1;

    rig_begin(&rig, NULL);
    enum state begin = begins[draw(&state, 8)];

    rig_enter(&rig, begin, begin == SYN_SENT ? RIG_ACTIVE : (enum rig_way)draw(&state, begin == LISTEN ? 1 : 2));
    for (int i = 0; i < EVENTS; i++) {
        random_event(&rig, &state);
        check(&rig);
    }
    /* A day later all that could end has ended, and a new connection is served. */
    rig.sent_count = rig.seen = 0;
    tcp_set(rig.tcp, rig.name, TCP_KEEP_ALIVE, 0);
    for (int hour = 0; hour < 24; hour++) {
        rig.sent_count = rig.seen = 0;
        rig_pass(&rig, 3600 * (uint64_t)RIG_S);
    }
    rig_expect_nothing(&rig);
    check(&rig);
    if (rig.listener == 0)
        rig_listen(&rig);
    struct segment syn = { .source           = rig_address(rig.ipv6, true),
                           .destination      = rig_address(rig.ipv6, false),
                           .source_port      = 9,
                           .destination_port = RIG_LOCAL_PORT,
                           .flags            = SYN };
    uint8_t        packet[100];

    tcp_packet_arrives(rig.tcp, packet, segment_encode(&syn, packet, sizeof packet));
    ck_assert_uint_eq(rig_next(&rig)->packet.segment.flags, SYN | ACK);
    rig_end(&rig);
}
END_TEST

SUITE(reference_invariants)
{
    Suite *suite = suite_create("reference_invariants");
    TCase *tcase = tcase_create("random");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, control_block_stays_sound, 0, SEEDS);
    suite_add_tcase(suite, tcase);
    return suite;
}
