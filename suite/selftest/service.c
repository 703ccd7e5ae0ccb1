/* service.c: what is refused before a case is played: a service that is not what it was called, in the tests' own network and
 * on a path that loses segments; addresses that are no host's; options that would do nothing. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "catalog.h"
#include "echo_service.h"
#include "host_rig.h"
#include "lab/namespace.h"
#include "player/player.h"
#include "selftest.h"

enum { REFUSAL_MS = 3000 };

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void expect(const char *line, int wanted, const char *says)
{
    int status = host_rig_shell(line);

    ck_assert_msg(status == wanted, "%s: exit %d\n%s", line, status, host_rig_output);
    ck_assert_msg(strstr(host_rig_output, says) != NULL, "%s does not say \"%s\":\n%s", line, says, host_rig_output);
}

static void expect_sentence(const char *line, int wanted, const char *says)
{
    expect(line, wanted, says);
    ck_assert_msg(strchr(host_rig_output, '\n') == host_rig_output + strlen(host_rig_output) - 1,
                  "%s: more than a sentence:\n%s", line, host_rig_output);
}

/* ---- names ------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *target, *says;
} misnamed[] = {
    { "192.0.2.2 --service echo=19", "port 19 sends unasked: this is chargen, not echo; --service chargen=19" },
    { "192.0.2.2 --service echo=13", "port 13 sends a line unasked and closes: this is daytime, not echo" },
    { "192.0.2.2 --service echo=80", "port 80 answers a GET with HTTP/: this is http, not echo; --service http=80" },
    { "192.0.2.2 --service echo=9", "port 9 acknowledges what it is sent and answers nothing: this is discard, not echo" },
    { "192.0.2.2 --service discard=7", "port 7 sends back what it is sent: this is echo, not discard; --service echo=7" },
    { "192.0.2.2 --service discard=80", "this is http, not discard" },
    { "192.0.2.2 --service chargen=7", "this is echo, not chargen" },
    { "192.0.2.2 --service chargen=9", "this is discard, not chargen" },
    { "192.0.2.2 --service chargen=13", "this is daytime, not chargen" },
    { "192.0.2.2 --service daytime=19", "this is chargen, not daytime" },
    { "192.0.2.2 --service daytime=80", "this is http, not daytime" },
    { "192.0.2.2 --service http=9", "this is discard, not http" },
    { "192.0.2.2 --service http=7", "this is echo, not http" },
    { "192.0.2.2 --service echo --service discard --service http=19", "this is chargen, not http" },
    { "198.51.100.2 --source 192.0.2.77 --service echo=19", "this is chargen, not echo" },
    { "127.0.0.1 --service echo=9", "this is discard, not echo" },
    { "2001:db8::2 --service discard=19", "this is chargen, not discard" },
    { "::1 --service http=13", "this is daytime, not http" },
};
enum { MISNAMED = sizeof misnamed / sizeof *misnamed };

START_TEST(a_service_by_another_name_is_refused)
{
    char line[200];

    if (!host_rig_enter())
        return;
    for (size_t i = 0; i < MISNAMED; i++) {
        uint64_t began = now_ms();

        snprintf(line, sizeof line, "$T run %s fin/", misnamed[i].target);
        expect_sentence(line, 3, misnamed[i].says);
        uint64_t took = now_ms() - began;

        ck_assert_msg(took < REFUSAL_MS, "%s took %llu ms", line, (unsigned long long)took);
    }
}
END_TEST

START_TEST(the_doctor_says_the_same)
{
    char line[200];

    if (!host_rig_enter())
        return;
    for (size_t i = 0; i < MISNAMED; i += 3) {
        snprintf(line, sizeof line, "o=$($T doctor %s); s=$?; echo \"$o\" | grep '^BAD  '; exit $s", misnamed[i].target);
        expect_sentence(line, 3, misnamed[i].says);
    }
}
END_TEST

START_TEST(a_service_by_its_name_is_not)
{
    static const char *const targets[] = { "192.0.2.2", "198.51.100.2", "127.0.0.1", "2001:db8::2" };
    static const char        named[]   = " --service echo --service discard --service chargen --service daytime --service http";
    char                     line[200];

    if (!host_rig_enter())
        return;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        snprintf(line, sizeof line, "$T doctor %s%s", targets[i], named);
        expect(line, 0, "ok    service: port 7 behaves as echo does");
        ck_assert_ptr_nonnull(strstr(host_rig_output, "ok    service: port 13 behaves as daytime does"));
    }
    /* A fault between us and the target is not the service's. */
    expect("$T run 192.0.2.2+answers-syn-ack-only --service echo rst/exact/established -q", 1, "1 fail");
}
END_TEST

/* One way in ten something is lost: nobody is called what he is not. */
START_TEST(loss_accuses_nobody)
{
    if (!host_rig_enter())
        return;
    host_rig_impair(30, 5, 50, (uint64_t)_i + 1);
    expect("for s in echo discard chargen daytime http; do for i in 1 2 3 4; do"
           "  { $T run 192.0.2.3 --service $s handshake/syn-ack-at-listen -q 2>&1 | grep tcprove: ; } &"
           " done; done; wait; echo done",
           0, "done");
    ck_assert_str_eq(host_rig_output, "done\n");
    expect("$T run 192.0.2.3 --service echo=9 fin/", 3, "this is discard, not echo");
    expect("$T run 192.0.2.3 --service discard=19 fin/", 3, "this is chargen, not discard");
}
END_TEST

/* ---- services of nobody's ------------------------------------------------------------------------------------------------ */

enum manner { GREETS, LEAVES, ARGUES, TAKES_ALL };

/* What it saw. */
struct visits {
    int so_far, now, most;
};

static void treat(int fd, enum manner manner, struct visits *visits)
{
    char octets[100];

    visits->so_far++;
    visits->now++;
    visits->most = visits->now > visits->most ? visits->now : visits->most;
    if (manner == GREETS)
        (void)!write(fd, "220 at your service\r\n", 21);
    while (manner != LEAVES && read(fd, octets, sizeof octets) > 0)
        if (manner == ARGUES)
            (void)!write(fd, "500 no such command\r\n", 21);
    close(fd);
    visits->now--;
}

/* Serves one after another, each until it ends, on a port of its own. */
static pid_t serve(enum manner manner, uint16_t port, struct visits *visits)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    int                fd      = socket(AF_INET, SOCK_STREAM, 0);
    pid_t              parent  = getpid(), pid;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent)
            treat(accept(fd, NULL, NULL), manner, visits);
        _exit(0);
    }
    close(fd);
    return pid;
}

static const struct {
    const char *service, *says;
} strangers[] = {
    [GREETS]    = { "chargen", "port 4321 sends 21 octets unasked and waits: this is not chargen; without --service" },
    [LEAVES]    = { "echo", "port 4321 ends a connection without a word: this is not echo; without --service" },
    [ARGUES]    = { "http", "in a way of its own (\"500 no such command\"): this is not http; without --service" },
    [TAKES_ALL] = { "echo", "this is discard, not echo" },
};

START_TEST(a_stranger_is_described)
{
    struct error   error;
    struct visits *visits = mmap(NULL, sizeof *visits, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char           line[200];

    if (!namespace_new(&error)) {
        printf("service: skipped: %s\n", error.sentence);
        return;
    }
    loopback_up();
    ck_assert(visits != MAP_FAILED);
    pid_t pid = serve((enum manner)_i, 4321, visits);

    snprintf(line, sizeof line, "$T run 127.0.0.1:4321 --service %s fin/", strangers[_i].service);
    expect_sentence(line, 3, strangers[_i].says);
    /* It was visited more than once, by one at a time, and all have left when the run is over. */
    for (int i = 0; i < 200 && *(volatile int *)&visits->now > 0; i++)
        usleep(10000);
    ck_assert_int_eq(visits->now, 0);
    ck_assert_int_eq(visits->most, 1);
    ck_assert_int_gt(visits->so_far, 1);
    expect("ss -Htan 'sport = :4321 and not state time-wait' | grep -vc LISTEN || true", 0, "0\n");
    expect("$T run 127.0.0.1:4321 handshake/syn-ack-at-listen -q", 0, "0 violations");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
END_TEST

/* ---- usage --------------------------------------------------------------------------------------------------------------- */

/* Without any privilege: these are told before one is needed. */
#define RUN "setpriv --bounding-set -all --inh-caps -all $T run "

static const struct {
    const char *line, *says;
} usages[] = {
    { RUN "0.0.0.0:7", "0.0.0.0 is no host's address" },
    { RUN "[::]:7", ":: is no host's address" },
    { RUN "[ff02::1]:7", "ff02::1 is a multicast group's address" },
    { RUN "224.0.0.1:7", "224.0.0.1 is a multicast group's address" },
    { RUN "255.255.255.255:7", "255.255.255.255 is a broadcast address" },
    { RUN "192.0.2.255:7", "192.0.2.255 is a broadcast address" },
    { RUN "[2001:db8::2", "an IPv6 address and its port are written [ADDRESS]:PORT" },
    { RUN "[::ffff:192.0.2.2]:7", "an IPv4 address in the form that sockets use: write 192.0.2.2" },
    { RUN "192.0.2.2:7 --source 2001:db8::9", "not of one family" },
    { RUN "192.0.2.2:7 --source 224.0.0.1", "--source 224.0.0.1 is a multicast group's address" },
    { RUN "192.0.2.2:7 --source 192.0.2.255", "--source 192.0.2.255 is a broadcast address" },
    { RUN "192.0.2.2 --agent 224.0.0.1", "224.0.0.1 is a multicast group's address" },
    { RUN "linux --source 192.0.2.9", "--source is for a target HOST[:PORT]: leave it out with linux" },
    { RUN "reference --reset-cmd true", "--reset-cmd is for a target HOST[:PORT]: leave it out with reference" },
    { RUN "reference -i eth0", "-i is for a target HOST[:PORT]: leave it out with reference" },
    { RUN "linux --agent 192.0.2.2", "--agent is for a target HOST[:PORT]: leave it out with linux" },
    { "$T doctor linux --load", "--load is for a target HOST[:PORT]: leave it out with linux" },
};

START_TEST(what_cannot_be_meant_is_told)
{
    if (!host_rig_enter())
        return;
    for (size_t i = 0; i < sizeof usages / sizeof *usages; i++)
        expect_sentence(usages[i].line, 2, usages[i].says);
}
END_TEST

/* ---- what a service allows --------------------------------------------------------------------------------------------- */

static size_t allowed_by(enum service service, const char **sentence)
{
    static char         text[600];
    struct catalog      catalog = catalog_open(catalog_groups);
    struct play_options options = { .service = service };
    size_t              count   = 0;

    *sentence = text;
    for (size_t i = 0; i < catalog.count; i++)
        count += !play_lacks_service(catalog.at[i].ladder, catalog.at[i].each, &options, text, sizeof text);
    catalog_close(&catalog);
    return count;
}

START_TEST(each_service_allows_what_it_shows)
{
    const char *sentence;
    size_t      all = allowed_by(SERVICE_NONE, &sentence), echo = allowed_by(SERVICE_ECHO, &sentence);

    ck_assert_ptr_nonnull(strstr(sentence, "on a HOST give --agent"));
    size_t discard = allowed_by(SERVICE_DISCARD, &sentence), http = allowed_by(SERVICE_HTTP, &sentence);
    size_t chargen = allowed_by(SERVICE_CHARGEN, &sentence), daytime = allowed_by(SERVICE_DAYTIME, &sentence);

    ck_assert_uint_gt(all, echo);
    ck_assert_uint_gt(echo, discard);
    ck_assert_uint_gt(discard, http);
    ck_assert_uint_gt(http, chargen);
    ck_assert_uint_eq(chargen, daytime);
    ck_assert_uint_eq(daytime, allowed_by(SERVICE_UNKNOWN, &sentence));
    ck_assert_uint_gt(daytime, 0);
}
END_TEST

/* ---- how many cases each allows ----------------------------------------------------------------------------------------- */

static const struct {
    enum service kind;
    const char  *row;
} allowed[] = {
    { SERVICE_ECHO, "| `echo` | %zu |" },
    { SERVICE_DISCARD, "| `discard` | %zu |" },
    { SERVICE_HTTP, "| `http` | %zu |" },
    { SERVICE_CONNECTS, "| a command (`--connect-cmd`) | %zu |" },
    { SERVICE_CHARGEN, "| `chargen`, `daytime`, or a port without `--service` | %zu |" },
    { SERVICE_DAYTIME, "| `chargen`, `daytime`, or a port without `--service` | %zu |" },
    { SERVICE_UNKNOWN, "| `chargen`, `daytime`, or a port without `--service` | %zu |" },
};

static size_t cases_allowed_by(enum service kind)
{
    struct catalog            catalog = catalog_open(catalog_groups);
    const struct play_options options = { .services = 1u << kind };
    char                      sentence[400];
    size_t                    count = 0;

    for (size_t i = 0; i < catalog.count; i++)
        count += !play_lacks_service(catalog.at[i].ladder, catalog.at[i].each, &options, sentence, sizeof sentence);
    catalog_close(&catalog);
    return count;
}

START_TEST(the_readme_counts_what_each_allows)
{
    static char text[1 << 16];
    char        row[120];
    FILE       *file = fopen("README.md", "re");

    ck_assert(file != NULL);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        snprintf(row, sizeof row, allowed[i].row, cases_allowed_by(allowed[i].kind));
        ck_assert_msg(strstr(text, row) != NULL, "README.md has no \"%s\"", row);
    }
}
END_TEST

SUITE(service)
{
    Suite *suite   = suite_create("service");
    TCase *words   = tcase_create("words");
    TCase *network = tcase_create("network");

    tcase_add_test(words, each_service_allows_what_it_shows);
    tcase_add_test(words, the_readme_counts_what_each_allows);
    tcase_add_test(network, what_cannot_be_meant_is_told);
    tcase_add_test(network, a_service_by_another_name_is_refused);
    tcase_add_test(network, the_doctor_says_the_same);
    tcase_add_test(network, a_service_by_its_name_is_not);
    tcase_add_loop_test(network, a_stranger_is_described, 0, TAKES_ALL + 1);
    tcase_add_loop_test(network, loss_accuses_nobody, 0, 2);
    tcase_set_timeout(network, 60);
    suite_add_tcase(suite, words);
    suite_add_tcase(suite, network);
    return suite;
}
