/* lab.c: the target linux: real segments to this machine's kernel and back. Where no namespace can be made the tests say so and are
 * left out. */
#include "lab/lab.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest.h"
#include "wire/capture.h"

enum { AWHILE_US = 5000000, QUIET_US = 100000, NOBODY = 65534, PATIENCE_MS = 20000 };

/* ---- a conversation --------------------------------------------------------------------------------------------------- */

/* One connection of a case, as the tester keeps it. */
struct talk {
    struct target target;
    uint16_t      listener, listener_port, port;
    uint32_t      seq, ack; /* what the tester sends next */
};

static void *prepare(const char *fault, bool ipv6)
{
    struct error error    = { "" };
    void        *prepared = target_linux.prepare("linux", fault, ipv6, 1, &error);

    if (prepared == NULL && strstr(error.sentence, "may not make them") != NULL) {
        printf("lab: skipped: %s\n", error.sentence);
        return NULL;
    }
    ck_assert_msg(prepared != NULL, "%s", error.sentence);
    return prepared;
}

static struct call_reply *call(struct talk *talk, struct call_request request)
{
    static struct call_reply reply;

    request.address = talk->target.address;
    talk->target.call(talk->target.self, &request, &reply);
    ck_assert_msg(reply.result != CALL_FAILED, "%s", reply.sentence);
    return &reply;
}

static void open_case(struct talk *talk, void *prepared, unsigned slot)
{
    struct error error = { "" };

    *talk = (struct talk){ .seq = 1000 };
    ck_assert_msg(target_linux.open(prepared, slot, &talk->target, &error), "%s", error.sentence);
    talk->port               = talk->target.first_port;
    struct call_reply *reply = call(talk, (struct call_request){ .kind = CALL_PASSIVE_OPEN });

    talk->listener      = reply->handle;
    talk->listener_port = reply->port;
}

static void send_damaged(struct talk *talk, uint8_t flags, const void *text, size_t octets, enum damage damage)
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

static void send_segment(struct talk *talk, uint8_t flags, const void *text, size_t octets)
{
    send_damaged(talk, flags, text, octets, UNDAMAGED);
}

/* The next packet of the target's; kind PACKET_OTHER where none came in wait_us. */
static struct packet receive(struct talk *talk, uint64_t wait_us)
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

static struct packet expect(struct talk *talk, uint8_t flags)
{
    struct packet packet = receive(talk, AWHILE_US);

    ck_assert_int_eq(packet.kind, PACKET_TCP);
    ck_assert_msg((packet.segment.flags & ~PSH) == flags, "flags %x, not %x", packet.segment.flags, flags);
    talk->ack = packet.segment.seq + segment_length(&packet.segment);
    return packet;
}

static void expect_silence(struct talk *talk)
{
    ck_assert_int_eq(receive(talk, QUIET_US).kind, PACKET_OTHER);
}

/* The three segments of a handshake; returns the handle of the target's side. */
static uint16_t shake_hands(struct talk *talk)
{
    struct call_request ask = { .kind = CALL_ACCEPTED, .handle = talk->listener };
    struct call_reply  *reply;

    send_segment(talk, SYN, NULL, 0);
    ck_assert_uint_eq(expect(talk, SYN | ACK).segment.ack, talk->seq);
    send_segment(talk, ACK, NULL, 0);
    while ((reply = call(talk, ask))->result == CALL_PENDING)
        usleep(100);
    return reply->handle;
}

static void end_case(struct talk *talk)
{
    ck_assert_uint_eq(talk->target.capture_lost(talk->target.self), 0);
    talk->target.close(talk->target.self);
}

/* ---- segments --------------------------------------------------------------------------------------------------------- */

/* The tester's own kernel owns none of the addresses in play, so it must not answer the SYN,ACK: a capture of everything that
 * neither case nor target sent stays empty. */
static void handshake(bool ipv6)
{
    struct error          error = { "" };
    struct captured_frame frame;
    struct talk           talk;
    void                 *prepared = prepare("", ipv6);

    if (prepared == NULL)
        return;
    struct capture *strangers =
        capture_open("tester", "not ether src 02:00:5e:10:00:03 and not ether src 02:00:5e:00:ff:02", 2000, &error);

    ck_assert_msg(strangers != NULL, "%s", error.sentence);
    open_case(&talk, prepared, 3);
    ck_assert_uint_eq(talk.target.first_port, 1024 + 3 * TESTER_PORTS);
    ck_assert_uint_eq(talk.target.address.family, ipv6 ? 6 : 4);
    shake_hands(&talk);
    expect_silence(&talk);
    ck_assert_int_eq(capture_read(strangers, &frame, &error), CAPTURED_NOTHING);
    capture_close(strangers);
    end_case(&talk);
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

static void send_from_application(struct talk *talk, uint16_t handle, uint32_t octets)
{
    struct call_request request = { .kind = CALL_SEND, .handle = handle, .data_octets = octets };

    call(talk, request);
}

/* With segmentation left to the interface, one frame would carry all 3,000 octets and its checksum would not be computed yet. */
START_TEST(offloads_are_off)
{
    struct talk talk;
    uint32_t    got      = 0;
    void       *prepared = prepare("", false);

    if (prepared == NULL)
        return;
    open_case(&talk, prepared, 0);
    send_from_application(&talk, shake_hands(&talk), 3000);
    while (got < 3000) {
        struct packet packet = expect(&talk, ACK);

        ck_assert_uint_gt(packet.segment.text_octets, 0);
        ck_assert_uint_le(packet.segment.text_octets, 1460);
        got += (uint32_t)packet.segment.text_octets;
        send_segment(&talk, ACK, NULL, 0);
    }
    ck_assert_uint_eq(got, 3000);
    end_case(&talk);
}
END_TEST

START_TEST(the_target_checks_checksums)
{
    struct talk talk;
    void       *prepared = prepare("", false);

    if (prepared == NULL)
        return;
    open_case(&talk, prepared, 0);
    send_damaged(&talk, SYN, NULL, 0, BAD_CHECKSUM);
    expect_silence(&talk);
    shake_hands(&talk);
    end_case(&talk);
}
END_TEST

/* ---- user calls ------------------------------------------------------------------------------------------------------- */

START_TEST(calls_show_on_the_wire)
{
    struct talk talk;
    void       *prepared = prepare("", true);

    if (prepared == NULL)
        return;
    open_case(&talk, prepared, 0);
    uint16_t handle = shake_hands(&talk);

    send_segment(&talk, ACK, "hello", 5);
    ck_assert_uint_eq(expect(&talk, ACK).segment.ack, talk.seq);
    struct call_reply *saw = call(&talk, (struct call_request){ .kind = CALL_SAW, .handle = handle });

    ck_assert_uint_eq(saw->octets, 5);
    ck_assert_mem_eq(saw->data, "hello", 5);
    call(&talk, (struct call_request){ .kind = CALL_CLOSE, .handle = handle });
    expect(&talk, FIN | ACK);
    send_segment(&talk, ACK, NULL, 0);
    send_segment(&talk, FIN | ACK, NULL, 0);
    expect(&talk, ACK);

    talk.port++;
    handle = shake_hands(&talk);
    call(&talk, (struct call_request){ .kind = CALL_ABORT, .handle = handle });
    expect(&talk, RST | ACK);
    end_case(&talk);
}
END_TEST

START_TEST(echo_comes_back)
{
    struct talk talk;
    void       *prepared = prepare("", false);

    if (prepared == NULL)
        return;
    open_case(&talk, prepared, 0);
    call(&talk, (struct call_request){ .kind = CALL_SERVE, .handle = talk.listener, .service = SERVICE_ECHO });
    shake_hands(&talk);
    send_segment(&talk, ACK, "hello", 5);
    struct packet packet = expect(&talk, ACK);

    if (packet.segment.text_octets == 0)
        packet = expect(&talk, ACK);
    ck_assert_uint_eq(packet.segment.text_octets, 5);
    end_case(&talk);
}
END_TEST

/* What close leaves behind: the application is gone and its connections were aborted. */
START_TEST(closing_leaves_no_process)
{
    struct talk talk;
    void       *prepared = prepare("", false);

    if (prepared == NULL)
        return;
    open_case(&talk, prepared, 0);
    shake_hands(&talk);
    end_case(&talk);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* ---- cases side by side ----------------------------------------------------------------------------------------------- */

/* A case in a process of its own, as in a run; what fails in it fails the test. */
static pid_t start_case(void *prepared, unsigned slot, void (*play)(struct talk *talk))
{
    pid_t case_process = fork();

    if (case_process == 0) {
        struct talk talk;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        open_case(&talk, prepared, slot);
        play(&talk);
        end_case(&talk);
        _exit(0);
    }
    ck_assert_int_gt(case_process, 0);
    return case_process;
}

static void expect_good_end(pid_t process)
{
    int status = -1;

    ck_assert_int_eq(waitpid(process, &status, 0), process);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a case ended with status %x", status);
}

/* RFC 1191: the target is told of a path with an MTU of 600. */
static void shrink_the_path(struct talk *talk)
{
    uint8_t       packet[200], quoted[100];
    struct error  error  = { "" };
    uint16_t      handle = shake_hands(talk);

    send_from_application(talk, handle, 1460);
    struct packet  big    = expect(talk, ACK);
    struct segment quote  = big.segment;
    quote.text_octets     = 0;
    size_t         count  = segment_encode(&quote, quoted, sizeof quoted);

    ck_assert_uint_eq(big.segment.text_octets, 1460);
    count = icmp_error_encode(PACKET_TOO_BIG, 600, &talk->target.tester, quoted, count, packet, sizeof packet);
    ck_assert_msg(talk->target.deliver_packet(talk->target.self, packet, count, &error), "%s", error.sentence);
    ck_assert_uint_le(expect(talk, ACK).segment.text_octets, 560);
}

static void expect_a_large_segment(struct talk *talk)
{
    send_from_application(talk, shake_hands(talk), 1460);
    ck_assert_uint_eq(expect(talk, ACK).segment.text_octets, 1460);
}

START_TEST(what_one_case_tells_the_kernel_is_its_own)
{
    void *prepared = prepare("", false);

    if (prepared == NULL)
        return;
    expect_good_end(start_case(prepared, 1, shrink_the_path));
    expect_good_end(start_case(prepared, 2, expect_a_large_segment));
    expect_good_end(start_case(prepared, 506, expect_a_large_segment));
    target_linux.release(prepared);
}
END_TEST

static void only_shake_hands(struct talk *talk)
{
    shake_hands(talk);
}

static void many_at_once(bool ipv6)
{
    enum { CASES = 60 };
    pid_t cases[CASES];
    void *prepared = prepare("", ipv6);

    if (prepared == NULL)
        return;
    for (unsigned i = 0; i < CASES; i++)
        cases[i] = start_case(prepared, i * 16 + 15, only_shake_hands);
    for (unsigned i = 0; i < CASES; i++)
        expect_good_end(cases[i]);
    expect_good_end(start_case(prepared, 999, only_shake_hands));
}

START_TEST(sixty_cases_at_once_over_ipv4)
{
    many_at_once(false);
}
END_TEST

START_TEST(sixty_cases_at_once_over_ipv6)
{
    many_at_once(true);
}
END_TEST

/* ---- privilege -------------------------------------------------------------------------------------------------------- */

static bool status_says(pid_t process, const char *line)
{
    char  path[64], text[4096] = "";
    snprintf(path, sizeof path, "/proc/%d/status", process);
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return false;
    size_t got = fread(text, 1, sizeof text - 1, file);

    text[got] = '\0';
    fclose(file);
    return strstr(text, line) != NULL;
}

/* The children of a process, as far as there is room. */
static size_t children_of(pid_t parent, pid_t *children, size_t room)
{
    char           line[32];
    size_t         count = 0;
    DIR           *all   = opendir("/proc");
    struct dirent *entry;

    snprintf(line, sizeof line, "\nPPid:\t%d\n", parent);
    while ((entry = readdir(all)) != NULL && count < room) {
        pid_t process = (pid_t)strtol(entry->d_name, NULL, 10);

        if (process > 0 && status_says(process, line))
            children[count++] = process;
    }
    closedir(all);
    return count;
}

START_TEST(a_case_and_its_application_hold_no_privilege)
{
    struct error error;
    struct talk  talk;
    pid_t        application = 0;
    void        *prepared    = prepare("", false);

    if (prepared == NULL)
        return;
    open_case(&talk, prepared, 0);
    ck_assert_uint_eq(children_of(getpid(), &application, 1), 1);
    for (int i = 0; i < 2; i++) {
        pid_t process = i == 0 ? getpid() : application;

        ck_assert(status_says(process, "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000"));
        ck_assert(status_says(process, "NoNewPrivs:\t1"));
    }
    ck_assert_ptr_null(capture_open("tester", "tcp", 100, &error));
    shake_hands(&talk);
    end_case(&talk);
}
END_TEST

/* Runs in a child, so that the user namespace does not stay with the test's process. */
static void be_nobody_and_shake_hands(const char *folder)
{
    char  path[128];
    FILE *file;

    ck_assert(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
    void *prepared = prepare("", true);

    if (prepared != NULL)
        expect_good_end(start_case(prepared, 0, only_shake_hands));
    snprintf(path, sizeof path, "%s/results", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
}

START_TEST(an_ordinary_user_can_do_the_same)
{
    char        folder[] = "/tmp/tcprove-selftest-XXXXXX", path[128];
    struct stat seen;

    if (geteuid() != 0) {
        printf("lab: the tests run as an ordinary user already\n");
        return;
    }
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chown(folder, NOBODY, NOBODY), 0);
    pid_t user = fork();

    if (user == 0) {
        be_nobody_and_shake_hands(folder);
        _exit(0);
    }
    expect_good_end(user);
    snprintf(path, sizeof path, "%s/results", folder);
    ck_assert_int_eq(stat(path, &seen), 0);
    ck_assert_uint_eq(seen.st_uid, NOBODY);
    unlink(path);
    rmdir(folder);
}
END_TEST

static bool write_text(const char *path, const char *text)
{
    int  fd   = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return good;
}

/* In a user namespace of his own a user may forbid himself to make network namespaces. */
START_TEST(a_refusal_says_what_helps)
{
    struct error error = { "" };

    if (unshare(CLONE_NEWUSER) != 0 || !write_text("/proc/sys/user/max_net_namespaces", "0")) {
        printf("lab: skipped: user namespaces cannot be bounded here\n");
        return;
    }
    ck_assert_ptr_null(target_linux.prepare("linux", "", false, 1, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "sudo tcprove run linux"));
    ck_assert_ptr_nonnull(strstr(error.sentence, "sudo sysctl -w user.max_net_namespaces"));
}
END_TEST

/* ---- faults ----------------------------------------------------------------------------------------------------------- */

START_TEST(an_unknown_fault_is_an_error)
{
    struct error error = { "" };

    ck_assert_ptr_null(target_linux.prepare("linux", "answers-noting", false, 1, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "answers-noting"));
    ck_assert_ptr_nonnull(strstr(error.sentence, "answers-nothing, "));
    ck_assert_ptr_nonnull(strstr(error.sentence, ", forgets-fin"));
}
END_TEST

START_TEST(a_fault_makes_the_target_mute)
{
    struct talk talk;
    void       *prepared = prepare("answers-nothing", false);

    if (prepared == NULL)
        return;
    open_case(&talk, prepared, 0);
    send_segment(&talk, SYN, NULL, 0);
    expect_silence(&talk);
    end_case(&talk);
}
END_TEST

/* A RST that never arrives leaves the connection as it was. */
START_TEST(a_fault_keeps_segments_from_the_target)
{
    struct talk talk;
    void       *prepared = prepare("ignores-rst", false);

    if (prepared == NULL)
        return;
    open_case(&talk, prepared, 0);
    shake_hands(&talk);
    send_segment(&talk, RST, NULL, 0);
    expect_silence(&talk);
    send_segment(&talk, ACK, "still there", 11);
    ck_assert_uint_eq(expect(&talk, ACK).segment.ack, talk.seq);
    end_case(&talk);
}
END_TEST

/* ---- the end of a run ------------------------------------------------------------------------------------------------- */

static void wait_for_ever(struct talk *talk)
{
    shake_hands(talk);
    for (;;)
        pause();
}

static void run_until_killed(int announce)
{
    pid_t cases[3], applications[3];
    void *prepared = prepare("", false);
    char  mine     = prepared != NULL;

    for (unsigned i = 0; prepared != NULL && i < 3; i++)
        cases[i] = start_case(prepared, i, wait_for_ever);
    for (unsigned i = 0; prepared != NULL && i < 3; i++)
        while (children_of(cases[i], &applications[i], 1) == 0)
            usleep(1000);
    ck_assert_int_eq(write(announce, &mine, 1), 1);
    if (mine) {
        ck_assert_int_eq(write(announce, cases, sizeof cases), sizeof cases);
        ck_assert_int_eq(write(announce, applications, sizeof applications), sizeof applications);
    }
    for (;;)
        pause();
}

static bool gone(pid_t process)
{
    for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms++) {
        if (kill(process, 0) != 0 || status_says(process, "State:\tZ"))
            return true;
        usleep(1000);
    }
    return false;
}

/* Namespaces live as long as a process is in them or holds them, so it is enough that every process is gone; and the link was
 * never in the namespace that the run was started in. */
START_TEST(a_killed_run_leaves_nothing_behind)
{
    int   ends[2];
    char  prepared = 0;
    pid_t processes[6];

    ck_assert_int_eq(pipe(ends), 0);
    pid_t run = fork();

    if (run == 0)
        run_until_killed(ends[1]);
    ck_assert_int_eq(read(ends[0], &prepared, 1), 1);
    if (prepared) {
        for (size_t got = 0; got < sizeof processes;)
            got += (size_t)read(ends[0], (char *)processes + got, sizeof processes - got);
    }
    ck_assert_uint_eq(if_nametoindex("tester"), 0);
    ck_assert_uint_eq(if_nametoindex("target"), 0);
    kill(run, SIGKILL);
    waitpid(run, NULL, 0);
    for (size_t i = 0; prepared && i < 6; i++)
        ck_assert_msg(gone(processes[i]), "process %d outlived its run", processes[i]);
}
END_TEST

/* As root the run's process is back where it came from. */
START_TEST(releasing_goes_back)
{
    struct stat before, after;

    ck_assert_int_eq(stat("/proc/self/ns/net", &before), 0);
    void *prepared = prepare("", false);

    if (prepared == NULL)
        return;
    ck_assert_int_eq(stat("/proc/self/ns/net", &after), 0);
    ck_assert_uint_ne(before.st_ino, after.st_ino);
    target_linux.release(prepared);
    ck_assert_int_eq(stat("/proc/self/ns/net", &after), 0);
    if (geteuid() == 0)
        ck_assert_uint_eq(before.st_ino, after.st_ino);
}
END_TEST

SUITE(lab)
{
    Suite *suite = suite_create("lab");
    TCase *wire = tcase_create("wire"), *order = tcase_create("order");

    tcase_add_test(wire, handshake_over_ipv4);
    tcase_add_test(wire, handshake_over_ipv6);
    tcase_add_test(wire, offloads_are_off);
    tcase_add_test(wire, the_target_checks_checksums);
    tcase_add_test(wire, calls_show_on_the_wire);
    tcase_add_test(wire, echo_comes_back);
    tcase_add_test(wire, an_unknown_fault_is_an_error);
    tcase_add_test(wire, a_fault_makes_the_target_mute);
    tcase_add_test(wire, a_fault_keeps_segments_from_the_target);
    tcase_add_test(order, closing_leaves_no_process);
    tcase_add_test(order, what_one_case_tells_the_kernel_is_its_own);
    tcase_add_test(order, sixty_cases_at_once_over_ipv4);
    tcase_add_test(order, sixty_cases_at_once_over_ipv6);
    tcase_add_test(order, a_case_and_its_application_hold_no_privilege);
    tcase_add_test(order, an_ordinary_user_can_do_the_same);
    tcase_add_test(order, a_refusal_says_what_helps);
    tcase_add_test(order, a_killed_run_leaves_nothing_behind);
    tcase_add_test(order, releasing_goes_back);
    tcase_set_timeout(wire, 60);
    tcase_set_timeout(order, 60);
    suite_add_tcase(suite, wire);
    suite_add_tcase(suite, order);
    return suite;
}
