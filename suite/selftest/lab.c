/* lab.c: the target linux: real segments to this machine's kernel and back. Where no namespace can be made the tests say so and
 * are left out. */
#include "lab/lab.h"

#include <string.h>

#include "lab_rig.h"
#include "selftest.h"
#include "wire/capture.h"

/* ---- segments --------------------------------------------------------------------------------------------------------- */

/* The tester's own kernel owns none of the addresses in play, so it must not answer the SYN,ACK: a capture of everything that
 * neither case nor target sent stays empty. */
static void handshake(bool ipv6)
{
    struct error          error = { "" };
    struct captured_frame frame;
    struct talk           talk;
    void                 *prepared = lab_prepare("", ipv6);

    if (prepared == NULL)
        return;
    struct capture *strangers =
        capture_open("tester", "not ether src 02:00:5e:10:00:03 and not ether src 02:00:5e:00:ff:02", 2000, &error);

    ck_assert_msg(strangers != NULL, "%s", error.sentence);
    lab_open_case(&talk, prepared, 3);
    ck_assert_uint_eq(talk.target.first_port, 1024 + 3 * TESTER_PORTS);
    ck_assert_uint_eq(talk.target.address.family, ipv6 ? 6 : 4);
    lab_shake_hands(&talk);
    lab_expect_silence(&talk);
    ck_assert_int_eq(capture_read(strangers, &frame, &error), CAPTURED_NOTHING);
    capture_close(strangers);
    lab_end_case(&talk);
    target_linux.release(prepared);
}

START_TEST(handshake_over_ipv4)
{
    handshake(false);
}
END_TEST

START_TEST(handshake_over_ipv6)
{
    handshake(true);
}
END_TEST

/* With segmentation left to the interface, one frame would carry all 3,000 octets and its checksum would not be computed yet.
 */
START_TEST(offloads_are_off)
{
    struct talk talk;
    uint32_t    got      = 0;
    void       *prepared = lab_prepare("", false);

    if (prepared == NULL)
        return;
    lab_open_case(&talk, prepared, 0);
    lab_send_from_application(&talk, lab_shake_hands(&talk), 3000);
    while (got < 3000) {
        struct packet packet = lab_expect(&talk, ACK);

        ck_assert_uint_gt(packet.segment.text_octets, 0);
        ck_assert_uint_le(packet.segment.text_octets, 1460);
        got += (uint32_t)packet.segment.text_octets;
        lab_send_segment(&talk, ACK, NULL, 0);
    }
    ck_assert_uint_eq(got, 3000);
    lab_end_case(&talk);
    target_linux.release(prepared);
}
END_TEST

START_TEST(the_target_checks_checksums)
{
    struct talk talk;
    void       *prepared = lab_prepare("", false);

    if (prepared == NULL)
        return;
    lab_open_case(&talk, prepared, 0);
    lab_send_damaged(&talk, SYN, NULL, 0, BAD_CHECKSUM);
    lab_expect_silence(&talk);
    lab_shake_hands(&talk);
    lab_end_case(&talk);
    target_linux.release(prepared);
}
END_TEST

/* ---- user calls ------------------------------------------------------------------------------------------------------- */

START_TEST(calls_show_on_the_wire)
{
    struct talk talk;
    void       *prepared = lab_prepare("", true);

    if (prepared == NULL)
        return;
    lab_open_case(&talk, prepared, 0);
    uint16_t handle = lab_shake_hands(&talk);

    lab_send_segment(&talk, ACK, "hello", 5);
    ck_assert_uint_eq(lab_expect(&talk, ACK).segment.ack, talk.seq);
    struct call_reply *saw = lab_call(&talk, (struct call_request){ .kind = CALL_SAW, .handle = handle });

    ck_assert_uint_eq(saw->octets, 5);
    ck_assert_mem_eq(saw->data, "hello", 5);
    lab_call(&talk, (struct call_request){ .kind = CALL_CLOSE, .handle = handle });
    lab_expect(&talk, FIN | ACK);
    lab_send_segment(&talk, ACK, NULL, 0);
    lab_send_segment(&talk, FIN | ACK, NULL, 0);
    lab_expect(&talk, ACK);

    talk.port++;
    handle = lab_shake_hands(&talk);
    lab_call(&talk, (struct call_request){ .kind = CALL_ABORT, .handle = handle });
    lab_expect(&talk, RST | ACK);
    lab_end_case(&talk);
    target_linux.release(prepared);
}
END_TEST

START_TEST(echo_comes_back)
{
    struct talk talk;
    void       *prepared = lab_prepare("", false);

    if (prepared == NULL)
        return;
    lab_open_case(&talk, prepared, 0);
    lab_call(&talk, (struct call_request){ .kind = CALL_SERVE, .handle = talk.listener, .service = SERVICE_ECHO });
    lab_shake_hands(&talk);
    lab_send_segment(&talk, ACK, "hello", 5);
    struct packet packet = lab_expect(&talk, ACK);

    if (packet.segment.text_octets == 0)
        packet = lab_expect(&talk, ACK);
    ck_assert_uint_eq(packet.segment.text_octets, 5);
    lab_end_case(&talk);
    target_linux.release(prepared);
}
END_TEST

/* ---- faults ----------------------------------------------------------------------------------------------------------- */

START_TEST(an_unknown_fault_is_an_error)
{
    struct error error = { "" };

    ck_assert_ptr_null(target_linux.prepare(
        &(struct target_wish){ .spec = "linux", .fault = "answers-noting", .ipv6 = false, .seed = 1 }, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "answers-noting"));
    ck_assert_ptr_nonnull(strstr(error.sentence, "--help"));
}
END_TEST

START_TEST(a_fault_makes_the_target_mute)
{
    struct talk talk;
    void       *prepared = lab_prepare("answers-nothing", false);

    if (prepared == NULL)
        return;
    lab_open_case(&talk, prepared, 0);
    lab_send_segment(&talk, SYN, NULL, 0);
    lab_expect_silence(&talk);
    lab_end_case(&talk);
    target_linux.release(prepared);
}
END_TEST

/* A RST that never arrives leaves the connection as it was. */
START_TEST(a_fault_keeps_segments_from_the_target)
{
    struct talk talk;
    void       *prepared = lab_prepare("ignores-rst", false);

    if (prepared == NULL)
        return;
    lab_open_case(&talk, prepared, 0);
    lab_shake_hands(&talk);
    lab_send_segment(&talk, RST, NULL, 0);
    lab_expect_silence(&talk);
    lab_send_segment(&talk, ACK, "still there", 11);
    ck_assert_uint_eq(lab_expect(&talk, ACK).segment.ack, talk.seq);
    lab_end_case(&talk);
    target_linux.release(prepared);
}
END_TEST

SUITE(lab)
{
    Suite *suite = suite_create("lab");
    TCase *cases = tcase_create("lab");

    tcase_add_test(cases, handshake_over_ipv4);
    tcase_add_test(cases, handshake_over_ipv6);
    tcase_add_test(cases, offloads_are_off);
    tcase_add_test(cases, the_target_checks_checksums);
    tcase_add_test(cases, calls_show_on_the_wire);
    tcase_add_test(cases, echo_comes_back);
    tcase_add_test(cases, an_unknown_fault_is_an_error);
    tcase_add_test(cases, a_fault_makes_the_target_mute);
    tcase_add_test(cases, a_fault_keeps_segments_from_the_target);
    tcase_set_timeout(cases, 60);
    suite_add_tcase(suite, cases);
    return suite;
}
