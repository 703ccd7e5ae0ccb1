#include "lab_rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/lab.h"
#include "selftest.h"

enum { AWHILE_US = 10000000, QUIET_US = 100000 };

void *lab_prepare(const char *fault, bool ipv6)
{
    struct error error = { "" };
    void        *prepared =
        target_linux.prepare(&(struct target_wish){ .spec = "linux", .fault = fault, .ipv6 = ipv6, .seed = 1 }, &error);

    if (prepared == NULL && strstr(error.sentence, "may not make them") != NULL) {
        printf("lab: skipped: %s\n", error.sentence);
        return NULL;
    }
    ck_assert_msg(prepared != NULL, "%s", error.sentence);
    return prepared;
}

struct call_reply *lab_call(struct talk *talk, struct call_request request)
{
    static struct call_reply reply;

    talk->target.call(talk->target.self, &request, &reply);
    ck_assert_msg(reply.result != CALL_FAILED, "%s", reply.sentence);
    return &reply;
}

void lab_open_case(struct talk *talk, void *prepared, unsigned slot)
{
    struct error error = { "" };

    *talk = (struct talk){ .seq = 1000 };
    ck_assert_msg(target_linux.open(prepared, slot, &talk->target, &error), "%s", error.sentence);
    talk->port               = talk->target.first_port;
    struct call_reply *reply = lab_call(
        talk, (struct call_request){ .kind = CALL_PASSIVE_OPEN, .address = { .family = talk->target.address.family } });

    talk->listener      = reply->handle;
    talk->listener_port = reply->port;
}

void lab_send_damaged(struct talk *talk, uint8_t flags, const void *text, size_t octets, enum damage damage)
{
    struct error       error   = { "" };
    struct damage_wish wish    = { .kind = damage };
    struct segment     segment = { .source           = talk->target.tester,
                                   .destination      = talk->target.address,
                                   .source_port      = talk->port,
                                   .destination_port = talk->listener_port,
                                   .seq              = talk->seq,
                                   .ack              = flags & ACK ? talk->ack : 0,
                                   .flags            = flags,
                                   .window           = 65535,
                                   .text             = text,
                                   .text_octets      = octets };

    if (flags & SYN) {
        segment.option_octets = 4;
        memcpy(segment.options, "\x02\x04\x05\xb4", 4); /* MSS 1460 */
    }
    ck_assert_msg(talk->target.deliver(talk->target.self, &segment, &wish, &error), "%s", error.sentence);
    if (damage == UNDAMAGED)
        talk->seq += segment_length(&segment);
}

void lab_send_segment(struct talk *talk, uint8_t flags, const void *text, size_t octets)
{
    lab_send_damaged(talk, flags, text, octets, UNDAMAGED);
}

/* The next packet of the target's; kind PACKET_OTHER where none came in wait_us. */
struct packet lab_receive(struct talk *talk, uint64_t wait_us)
{
    struct arrival arrival;
    struct packet  packet   = { .kind = PACKET_OTHER };
    struct error   error    = { "" };
    uint64_t       deadline = talk->target.now_us(talk->target.self) + wait_us;

    for (;;) {
        enum wait_result result = talk->target.next(talk->target.self, deadline, &arrival, &error);

        ck_assert_msg(result != WAIT_FAILED, "%s", error.sentence);
        if (result == WAIT_DEADLINE)
            return packet;
        if (!arrival.from_target)
            continue;
        packet_decode(arrival.octets, arrival.count, &packet);
        ck_assert_uint_eq(packet.faults, 0);
        return packet;
    }
}

struct packet lab_expect(struct talk *talk, uint8_t flags)
{
    struct packet packet = lab_receive(talk, AWHILE_US);

    ck_assert_int_eq(packet.kind, PACKET_TCP);
    ck_assert_msg((packet.segment.flags & ~PSH) == flags, "flags %x, not %x", packet.segment.flags, flags);
    talk->ack = packet.segment.seq + segment_length(&packet.segment);
    return packet;
}

void lab_expect_silence(struct talk *talk)
{
    ck_assert_int_eq(lab_receive(talk, QUIET_US).kind, PACKET_OTHER);
}

/* The three segments of a handshake; returns the handle of the target's side. */
uint16_t lab_shake_hands(struct talk *talk)
{
    struct call_request ask = { .kind = CALL_ACCEPTED, .handle = talk->listener };
    struct call_reply  *reply;

    lab_send_segment(talk, SYN, NULL, 0);
    ck_assert_uint_eq(lab_expect(talk, SYN | ACK).segment.ack, talk->seq);
    lab_send_segment(talk, ACK, NULL, 0);
    while ((reply = lab_call(talk, ask))->result == CALL_PENDING)
        usleep(100);
    return reply->handle;
}

void lab_end_case(struct talk *talk)
{
    ck_assert_uint_eq(talk->target.capture_lost(talk->target.self), 0);
    talk->target.close(talk->target.self);
}

void lab_send_from_application(struct talk *talk, uint16_t handle, uint32_t octets)
{
    struct call_request request = { .kind = CALL_SEND, .handle = handle, .data_octets = octets };

    lab_call(talk, request);
}

/* A case in a process of its own, as in a run; what fails in it fails the test. */
pid_t lab_start_case(void *prepared, unsigned slot, void (*play)(struct talk *talk))
{
    pid_t case_process = fork();

    if (case_process == 0) {
        struct talk talk;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        lab_open_case(&talk, prepared, slot);
        play(&talk);
        lab_end_case(&talk);
        _exit(0);
    }
    ck_assert_int_gt(case_process, 0);
    return case_process;
}

void lab_expect_good_end(pid_t process)
{
    int status = -1;

    ck_assert_int_eq(waitpid(process, &status, 0), process);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a case ended with status %x", status);
}
