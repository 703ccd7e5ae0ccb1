/* lab_order.c: what the target linux keeps apart, what it holds no longer than needed, and what is left of it: nothing. */
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/link.h"
#include "lab/namespace.h"
#include "lab_rig.h"
#include "selftest.h"
#include "wire/capture.h"

enum { NOBODY = 65534, PATIENCE_MS = 20000 };

/* ---- cases side by side ----------------------------------------------------------------------------------------------- */

/* What close leaves behind: the application is gone and its connections were aborted. */
START_TEST(closing_leaves_no_process)
{
    struct talk talk;
    void       *prepared = lab_prepare("", false);

    if (prepared == NULL)
        return;
    lab_open_case(&talk, prepared, 0);
    lab_shake_hands(&talk);
    lab_end_case(&talk);
    target_linux.release(prepared);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* RFC 1191: the target is told of a path with an MTU of 600. */
static void shrink_the_path(struct talk *talk)
{
    uint8_t      packet[200], quoted[100];
    struct error error  = { "" };
    uint16_t     handle = lab_shake_hands(talk);

    lab_send_from_application(talk, handle, 1460);
    struct packet  big   = lab_expect(talk, ACK);
    struct segment quote = big.segment;
    quote.text_octets    = 0;
    size_t count         = segment_encode(&quote, quoted, sizeof quoted);

    ck_assert_uint_eq(big.segment.text_octets, 1460);
    count = icmp_error_encode(PACKET_TOO_BIG, 600, &talk->target.tester, quoted, count, packet, sizeof packet);
    ck_assert_msg(talk->target.deliver_packet(talk->target.self, packet, count, &error), "%s", error.sentence);
    ck_assert_uint_le(lab_expect(talk, ACK).segment.text_octets, 560);
}

static void expect_a_large_segment(struct talk *talk)
{
    lab_send_from_application(talk, lab_shake_hands(talk), 1460);
    ck_assert_uint_eq(lab_expect(talk, ACK).segment.text_octets, 1460);
}

START_TEST(what_one_case_tells_the_kernel_is_its_own)
{
    void *prepared = lab_prepare("", false);

    if (prepared == NULL)
        return;
    lab_expect_good_end(lab_start_case(prepared, 1, shrink_the_path));
    lab_expect_good_end(lab_start_case(prepared, 2, expect_a_large_segment));
    lab_expect_good_end(lab_start_case(prepared, 506, expect_a_large_segment));
    target_linux.release(prepared);
}
END_TEST

static void only_shake_hands(struct talk *talk)
{
    lab_shake_hands(talk);
}

static void many_at_once(bool ipv6)
{
    enum { CASES = 60 };
    pid_t cases[CASES];
    void *prepared = lab_prepare("", ipv6);

    if (prepared == NULL)
        return;
    for (unsigned i = 0; i < CASES; i++)
        cases[i] = lab_start_case(prepared, i * 16 + 15, only_shake_hands);
    for (unsigned i = 0; i < CASES; i++)
        lab_expect_good_end(cases[i]);
    lab_expect_good_end(lab_start_case(prepared, 999, only_shake_hands));
    target_linux.release(prepared);
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

/* IPv6 gets an address ready later than it says: what is sent to it before is lost. */
START_TEST(an_address_that_is_not_there_is_not_ready)
{
    struct error      error;
    struct ip_address own, other;

    if (!namespace_new(&error)) {
        printf("lab_order: skipped: %s\n", error.sentence);
        return;
    }
    int socket = link_socket(&error);

    ck_assert(socket >= 0 && ip_address_parse("::1", &own) && ip_address_parse("2001:db8::9", &other));
    ck_assert_msg(link_up(socket, "lo", &error) && link_await_local(socket, &own, &error), "%s", error.sentence);
    ck_assert(!link_await_local(socket, &other, &error));
    ck_assert_msg(strstr(error.sentence, "an IPv6 address was not ready after 5 s") != NULL, "%s", error.sentence);
    close(socket);
}
END_TEST

/* ---- privilege -------------------------------------------------------------------------------------------------------- */

static bool status_says(pid_t process, const char *line)
{
    char path[64], text[4096] = "";
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
    void        *prepared    = lab_prepare("", false);

    if (prepared == NULL)
        return;
    lab_open_case(&talk, prepared, 0);
    ck_assert_uint_eq(children_of(getpid(), &application, 1), 1);
    for (int i = 0; i < 2; i++) {
        pid_t process = i == 0 ? getpid() : application;

        ck_assert(status_says(process, "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000"));
        ck_assert(status_says(process, "NoNewPrivs:\t1"));
    }
    ck_assert_ptr_null(capture_open("tester", "tcp", 100, &error));
    lab_shake_hands(&talk);
    lab_end_case(&talk);
    target_linux.release(prepared);
}
END_TEST

/* Runs in a child, so that the user namespace does not stay with the test's process. */
static void be_nobody_and_shake_hands(const char *folder)
{
    char  path[128];
    FILE *file;

    ck_assert(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
    void *prepared = lab_prepare("", true);

    if (prepared != NULL) {
        lab_expect_good_end(lab_start_case(prepared, 0, only_shake_hands));
        target_linux.release(prepared);
    }
    snprintf(path, sizeof path, "%s/results", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
}

START_TEST(an_ordinary_user_can_do_the_same)
{
    char        folder[64], path[128];
    struct stat seen;

    if (geteuid() != 0) {
        printf("lab: the tests run as an ordinary user already\n");
        return;
    }
    snprintf(folder, sizeof folder, "/tmp/tcprove-selftest-%d", getpid());
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(chown(folder, NOBODY, NOBODY), 0);
    pid_t user = fork();

    if (user == 0) {
        be_nobody_and_shake_hands(folder);
        _exit(0);
    }
    lab_expect_good_end(user);
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
    ck_assert_ptr_null(
        target_linux.prepare(&(struct target_wish){ .spec = "linux", .fault = "", .ipv6 = false, .seed = 1 }, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "sudo tcprove run linux"));
    ck_assert_ptr_nonnull(strstr(error.sentence, "sudo sysctl -w user.max_net_namespaces"));
}
END_TEST

/* ---- the end of a run ------------------------------------------------------------------------------------------------- */

static void wait_for_ever(struct talk *talk)
{
    lab_shake_hands(talk);
    for (;;)
        pause();
}

static void run_until_killed(int announce)
{
    pid_t cases[3], applications[3];
    void *prepared = lab_prepare("", false);
    char  mine     = prepared != NULL;

    for (unsigned i = 0; prepared != NULL && i < 3; i++)
        cases[i] = lab_start_case(prepared, i, wait_for_ever);
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
    void *prepared = lab_prepare("", false);

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

SUITE(lab_order)
{
    Suite *suite = suite_create("lab_order");
    TCase *cases = tcase_create("lab_order");

    tcase_add_test(cases, closing_leaves_no_process);
    tcase_add_test(cases, what_one_case_tells_the_kernel_is_its_own);
    tcase_add_test(cases, sixty_cases_at_once_over_ipv4);
    tcase_add_test(cases, sixty_cases_at_once_over_ipv6);
    tcase_add_test(cases, an_address_that_is_not_there_is_not_ready);
    tcase_add_test(cases, a_case_and_its_application_hold_no_privilege);
    tcase_add_test(cases, an_ordinary_user_can_do_the_same);
    tcase_add_test(cases, a_refusal_says_what_helps);
    tcase_add_test(cases, a_killed_run_leaves_nothing_behind);
    tcase_add_test(cases, releasing_goes_back);
    tcase_set_timeout(cases, 60);
    suite_add_tcase(suite, cases);
    return suite;
}
