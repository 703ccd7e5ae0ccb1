/* host.c: the target HOST, in a network of the test's own: the same verdicts from wherever the tester stands, and refusals that
 * say what to do. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/host.h"
#include "host/probe.h"
#include "host/spec.h"
#include "host_rig.h"
#include "privilege.h"
#include "selftest.h"

enum { UNJUDGED_MAX = 5, REFUSAL_MS = 3000 };

/* ---- what a user writes ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *text, *address, *scope;
    uint16_t    port;
} specs[] = {
    { "192.0.2.2", "192.0.2.2", "", 0 },       { "192.0.2.2:7", "192.0.2.2", "", 7 },
    { "2001:db8::2", "2001:db8::2", "", 0 },   { "[2001:db8::2]:65535", "2001:db8::2", "", 65535 },
    { "[2001:db8::2]", "2001:db8::2", "", 0 }, { "[fe80::2%eth0]:7", "fe80::2", "eth0", 7 },
    { "localhost:7", "127.0.0.1", "", 7 },
};

START_TEST(specs_are_read)
{
    struct host_spec spec;
    struct error     error = { "" };
    char             text[46];

    ck_assert(host_spec_like(specs[_i].text));
    ck_assert_msg(host_spec_read(specs[_i].text, false, &spec, &error), "%s", error.sentence);
    ip_address_print(&spec.address, text);
    if (strncmp(specs[_i].text, "localhost", 9) != 0 || spec.address.family == 4)
        ck_assert_str_eq(text, specs[_i].address);
    ck_assert_str_eq(spec.scope, specs[_i].scope);
    ck_assert_uint_eq(spec.port, specs[_i].port);
}
END_TEST

START_TEST(specs_are_refused)
{
    static const char *const wrong[] = { "192.0.2.2:", "192.0.2.2:0", "192.0.2.2:70000", "192.0.2.2:7x", "[2001:db8::2",
                                         "[]:7",       ":7",          "no.such.host:7" };
    struct host_spec         spec;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error error = { "" };

        ck_assert_msg(!host_spec_read(wrong[i], false, &spec, &error), "%s", wrong[i]);
        ck_assert_str_ne(error.sentence, "");
    }
    ck_assert(!host_spec_like("./stack.so"));
    ck_assert(!host_spec_like("/stack.so"));
    ck_assert(!host_spec_like("lunix"));
}
END_TEST

START_TEST(a_port_goes_to_the_service_that_names_none)
{
    const struct service_at wanted[] = { { SERVICE_DISCARD, 1009 }, { SERVICE_ECHO, 0 }, { SERVICE_CHARGEN, 0 } };
    struct target_wish      wish     = { .spec = "192.0.2.2:1007", .services = wanted, .service_count = 3 };
    struct host_place       place;
    struct error            error = { "" };

    ck_assert_msg(host_place_read(&wish, &place, &error), "%s", error.sentence);
    ck_assert_uint_eq(place.service_count, 3);
    ck_assert_uint_eq(place.services[0].port, 1009);
    ck_assert_uint_eq(place.services[1].port, 1007);
    ck_assert_uint_eq(place.services[2].port, 19);
}
END_TEST

START_TEST(the_round_trip_has_room_for_noise)
{
    uint64_t          samples[] = { 41000, 79000, 52000, 63000 };
    struct round_trip bound     = host_round_trip(samples, 4);

    /* A path of 40 to 80 ms, of which four samples show less. */
    ck_assert_uint_le(bound.least_us, 40000);
    ck_assert_uint_ge(bound.most_us, 80000);
    /* Not so wide that an acknowledgment that is delayed by 40 ms would be taken for an immediate one at the far end. */
    ck_assert_uint_lt(bound.most_us, 20000 + 40000 + 79000);
    uint64_t          none[] = { 0 };
    struct round_trip guess  = host_round_trip(none, 0);

    ck_assert_uint_gt(guess.most_us, 0);
    ck_assert_uint_eq(guess.least_us, 0);
}
END_TEST

/* ---- verdicts --------------------------------------------------------------------------------------------------------- */

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/tcprove-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("D", folder, 1);
}

static json_t *read_results(size_t number)
{
    json_error_t why;
    char         path[100];

    snprintf(path, sizeof path, "%s/%zu", folder, number);
    json_t *root = json_load_file(path, 0, &why);

    ck_assert_msg(root != NULL, "%s: %s", path, why.text);
    return root;
}

static const char *verdict_of(const json_t *results, const char *id)
{
    size_t  i;
    json_t *one;

    json_array_foreach(json_object_get(results, "cases"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "id")), id) == 0)
            return json_string_value(json_object_get(one, "verdict"));
    }
    return "";
}

/* The same verdict in each case; the host that is this one can be asked a few things less. A tester that was late has not
 * judged. */
static void compare(const json_t *results, const json_t *like, const char *where, bool local)
{
    size_t  i, judged = 0, unjudged = 0;
    json_t *one;

    json_array_foreach(json_object_get(results, "cases"), i, one)
    {
        const char *id      = json_string_value(json_object_get(one, "id")),
                   *verdict = json_string_value(json_object_get(one, "verdict"));
        const char *should  = verdict_of(like, id);

        if (strcmp(verdict, "inconclusive") == 0 || strcmp(should, "inconclusive") == 0) {
            unjudged++;
            continue;
        }
        if (local && strcmp(verdict, "skip") == 0)
            continue;
        judged += strcmp(verdict, "skip") != 0;
        ck_assert_msg(strcmp(verdict, should) == 0, "%s from %s: %s, not %s: %s %s", id, where, verdict, should,
                      json_string_value(json_object_get(one, "reason")), json_string_value(json_object_get(one, "actual")));
    }
    ck_assert_msg(judged > 70, "%s: only %zu were judged", where, judged);
    ck_assert_msg(unjudged <= UNJUDGED_MAX, "%s: %zu could not be judged", where, unjudged);
}

/* Groups whose verdicts hang on no timer of the echo service's. */
#define ECHO                                                                                                                   \
    "checksum/ fin/ rst/ sequence/ handshake/ retransmission/floor --service echo --profile quick -q -j 16 --report json:"

static const char *const ways[] = { "192.0.2.2",
                                    "192.0.2.2 --source 192.0.2.77",
                                    "198.51.100.2",
                                    "198.51.100.2 --source 192.0.2.78",
                                    "127.0.0.1",
                                    "[2001:db8::2]:7",
                                    "2001:db8::2 --source 2001:db8::77",
                                    "2001:db8:1::2",
                                    "[2001:db8:1::2]:7 --source 2001:db8::78",
                                    "::1" };
enum { WAYS = sizeof ways / sizeof *ways, WAYS_IPV4 = 5 };

/* All of them at once, six at the same hosts: they must not disturb each other. */
START_TEST(verdicts_are_the_same_everywhere)
{
    char    line[3000] = "";
    size_t  at         = 0;
    json_t *results[WAYS + 2];

    if (!host_rig_enter())
        return;
    for (size_t i = 0; i < WAYS; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, "$T run %s " ECHO "$D/%zu & ", ways[i], i);
    snprintf(line + at, sizeof line - at, "$T run linux " ECHO "$D/%d & $T run linux --ipv6 " ECHO "$D/%d & wait", WAYS,
             WAYS + 1);
    make_folder();
    host_rig_shell(line);
    for (size_t i = 0; i < WAYS + 2; i++)
        results[i] = read_results(i);
    for (size_t i = 0; i < WAYS; i++)
        compare(results[i], results[i < WAYS_IPV4 ? WAYS : WAYS + 1], ways[i], i == WAYS_IPV4 - 1 || i == WAYS - 1);
    ck_assert_str_eq(verdict_of(results[0], "rst/right-edge"), "fail");
    ck_assert_str_eq(verdict_of(results[0], "retransmission/floor"), "fail");
    ck_assert_str_eq(verdict_of(results[4], "checksum/ip-header"), "skip");
    for (size_t i = 0; i < WAYS + 2; i++)
        json_decref(results[i]);
    ck_assert_int_eq(host_rig_shell("rm -r $D"), 0);
}
END_TEST

static const struct {
    const char *line;
    int         status;
    const char *says;
} services[] = {
    { "$T run 192.0.2.2 --service discard rst/exact/established", 0, "unconditionally compliant" },
    { "$T run 192.0.2.2 --service discard retransmission/karn", 3, "--service echo would allow it" },
    { "$T run 192.0.2.2 --service discard --service echo=7 sequence/hole-then-fill", 0, "unconditionally compliant" },
    { "$T run 192.0.2.2:7 sequence/hole-then-fill", 3, "what listens there is unknown" },
    { "$T run 192.0.2.2:7 handshake/syn-ack-at-listen", 0, "unconditionally compliant" },
    { "$T run 192.0.2.2 --service echo fin/closed-port checksum/closed-port", 0, "unconditionally compliant" },
    { "$T run 192.0.2.2 --service echo -j 1 rst/", 1, "rst/right-edge" },
    { "$T run 192.0.2.2+answers-nothing --service echo rst/exact/established", 3, "answered none of 6 SYNs" },
    { "$T run 127.0.0.1 --service echo checksum/ip-header", 3, "mends IP headers" },
    { "$T run 127.0.0.1 --service echo security/syn-from-loopback", 3, "the tester's own" },
    { "$T run ::1 --service echo security/syn-from-loopback", 3, "the tester's own" },
};

START_TEST(services_decide_what_is_played)
{
    if (!host_rig_enter())
        return;
    int status = host_rig_shell(services[_i].line);

    ck_assert_msg(status == services[_i].status, "%s: exit %d\n%s", services[_i].line, status, host_rig_output);
    ck_assert_msg(strstr(host_rig_output, services[_i].says) != NULL, "%s does not say \"%s\":\n%s", services[_i].line,
                  services[_i].says, host_rig_output);
}
END_TEST

/* ---- refusals --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *line, *says;
} refusals[] = {
    { "setpriv --bounding-set -all --inh-caps -all $T run 192.0.2.2:7", "sudo setcap cap_net_raw+ep" },
    { "$T run 203.0.113.1:7", "there is no route to 203.0.113.1" },
    { "$T run 192.0.2.99:7", "192.0.2.99 does not answer ARP on eth0" },
    { "$T run [2001:db8::99]:7", "2001:db8::99 does not answer neighbour solicitations" },
    { "$T run 192.0.2.2:8", "port 8 of 192.0.2.2 is closed" },
    { "$T run 198.51.100.2 --service echo=10", "is closed: start echo there" },
    { "$T run 198.51.100.77:7", "cannot be reached: an ICMP message of type 3" },
    { "$T run 198.51.100.99:7", "answered none of 6 SYNs" },
    { "$T run 192.0.2.2:7 --source 192.0.2.254", "--source 192.0.2.254 is in use on eth0: 192.0.2." },
    { "$T run [2001:db8::2]:7 --source 2001:db8::fe", "is free" },
    { "$T run 192.0.2.2:7 --source 203.0.113.9", "answered none of 6 SYNs" },
    { "$T run 192.0.2.2:7 -i eth9", "there is no interface eth9" },
    { "$T run 127.0.0.1:7 --source 192.0.2.9", "leave --source out" },
    { "ip link set eth0 down; $T run 192.0.2.2:7", "is down: sudo ip link set eth0 up" },
};

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

START_TEST(refusals_say_what_to_do)
{
    if (!host_rig_enter())
        return;
    uint64_t began  = now_ms();
    int      status = host_rig_shell(refusals[_i].line);
    uint64_t took   = now_ms() - began;

    ck_assert_msg(status == 3, "%s: exit %d\n%s", refusals[_i].line, status, host_rig_output);
    ck_assert_msg(strstr(host_rig_output, refusals[_i].says) != NULL, "%s does not say \"%s\":\n%s", refusals[_i].line,
                  refusals[_i].says, host_rig_output);
    ck_assert_msg(strchr(host_rig_output, '\n') == host_rig_output + strlen(host_rig_output) - 1, "more than a sentence:\n%s",
                  host_rig_output);
    ck_assert_msg(took < REFUSAL_MS, "%s took %llu ms", refusals[_i].line, (unsigned long long)took);
}
END_TEST

/* ---- the tester's own kernel --------------------------------------------------------------------------------------------- */

/* The same address and the same SYN: unguarded, the kernel answers the SYN,ACK with a RST, so its silence behind a guard means
 * something. As an ordinary user has it, without the privilege to attach a filter, the guard must do as well. */
static unsigned resets_seen(const char *address, bool guarded, bool privileged)
{
    struct ip_address       target;
    struct stand            stand;
    struct port_block       block;
    struct sighting_of_port seen;
    struct error            error = { "" };
    struct probe_wish       wish  = { .port = 7, .tries = 3, .wait_us = 1000000, .linger_us = 100000 };

    ck_assert(ip_address_parse(address, &target));
    ck_assert_msg(stand_take(&target, NULL, NULL, &stand, &error), "%s", error.sentence);
    ck_assert(stand.owned);
    stand.owned = guarded;
    if (!privileged)
        ck_assert(keep_raw_only(&error));
    ck_assert_msg(block_open(&stand, FIRST_PROBE_BLOCK, NULL, &block, &error), "%s", error.sentence);
    ck_assert_msg(probe_port(&stand, &block, 0, &wish, &seen, &error), "%s", error.sentence);
    ck_assert_int_eq(seen.state, PORT_OPEN);
    ck_assert_int_ne(seen.sums, SUM_WRONG);
    block_close(&block);
    stand_leave(&stand);
    return seen.foreign_resets;
}

START_TEST(the_kernel_is_kept_out)
{
    static const char *const targets[] = { "192.0.2.2", "198.51.100.2", "2001:db8::2", "127.0.0.1", "::1" };

    if (!host_rig_enter())
        return;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        ck_assert_msg(resets_seen(targets[i], false, true) > 0, "%s: the kernel was silent without a guard", targets[i]);
        ck_assert_msg(resets_seen(targets[i], true, true) == 0, "%s: the kernel answered from a guarded port", targets[i]);
    }
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        ck_assert_msg(resets_seen(targets[i], true, false) == 0,
                      "%s: the kernel answered from a port guarded without privilege", targets[i]);
}
END_TEST

/* Ports that somebody has are left to him. */
START_TEST(ports_in_use_are_passed_over)
{
    struct ip_address target;
    struct stand      stand;
    struct port_block first, second;
    struct error      error = { "" };

    if (!host_rig_enter())
        return;
    ck_assert(ip_address_parse("192.0.2.2", &target));
    ck_assert_msg(stand_take(&target, NULL, NULL, &stand, &error), "%s", error.sentence);
    ck_assert(block_open(&stand, 5, NULL, &first, &error));
    ck_assert(block_open(&stand, 5, NULL, &second, &error));
    ck_assert_uint_ne(first.first_port, second.first_port);
    block_close(&second);
    block_close(&first);
    stand_leave(&stand);
}
END_TEST

/* ---- the doctor --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *line;
    int         status;
    const char *says;
} examinations[] = {
    { "$T doctor 192.0.2.2 --service echo --service discard", 0, "ok    port 9 (discard): open" },
    { "$T doctor 192.0.2.2 --service echo", 0, "ok    RST: this host's kernel stays out of it" },
    { "$T doctor 198.51.100.2:7 --source 192.0.2.77", 0,
      "ok    route: 198.51.100.2 is reached over eth0 by the gateway 192.0.2.254" },
    { "$T doctor [2001:db8:1::2]:7 --load", 0, "ok    load: 64 connections at a time" },
    { "$T doctor 127.0.0.1:7", 0, "note  checksums: on the way to this host itself" },
    { "$T doctor 192.0.2.2:7", 0, "SACK, timestamps, window scale" },
    { "$T doctor 192.0.2.2:7", 0, "answers with RST" },
    { "$T doctor 192.0.2.2:8", 3, "BAD   port 8 (unknown): it is closed" },
    { "$T doctor 198.51.100.77:7", 3, "BAD   port 7 (unknown): an ICMP error came back" },
    { "$T doctor 203.0.113.1:7", 3, "BAD   there is no route" },
    { "setpriv --bounding-set -all --inh-caps -all $T doctor 192.0.2.2:7", 3, "sudo setcap cap_net_raw+ep" },
    { "$T doctor linux", 0, "ok    linux can be judged here" },
    { "$T doctor 192.0.2.2", 2, "needs a port or a service" },
    { "$T doctor 127.0.0.1:7", 0, "over lo, it is this host itself, MTU 65536, of which 1500 are used" },
    { "$T doctor 192.0.2.2:7", 0, "over eth0, MTU 1500\n" },
    { "$T doctor 192.0.2.2:7+answers-nothing", 3, "note  fault: answers-nothing stands between" },
    { "$T doctor 192.0.2.2:7+answers-nothing", 3,
      "pass TCP from this address; the fault answers-nothing stands between, and may be the reason" },
    { "$T doctor 192.0.2.2:7+sends-bad-checksum", 3, "BAD   checksums: the target's SYN has a wrong one" },
    { "$T doctor linux+ignores-rst", 0, "note  fault: ignores-rst stands between" },
    { "$T run 192.0.2.2:7+answers-nothing", 3, "; the fault answers-nothing stands between, and may be the reason" },
};

START_TEST(the_doctor_finds)
{
    if (!host_rig_enter())
        return;
    int status = host_rig_shell(examinations[_i].line);

    ck_assert_msg(status == examinations[_i].status, "%s: exit %d\n%s", examinations[_i].line, status, host_rig_output);
    ck_assert_msg(strstr(host_rig_output, examinations[_i].says) != NULL, "%s does not say \"%s\":\n%s", examinations[_i].line,
                  examinations[_i].says, host_rig_output);
}
END_TEST

START_TEST(the_doctor_names_the_offload_and_its_cure)
{
    if (!host_rig_enter())
        return;
    host_rig_merge_segments("eth0");
    int status = host_rig_shell("$T doctor 192.0.2.2:7");

    ck_assert_msg(status == 3, "exit %d\n%s", status, host_rig_output);
    ck_assert_ptr_nonnull(strstr(host_rig_output, "BAD   offloads: gro of eth0"));
    ck_assert_ptr_nonnull(strstr(host_rig_output, "sudo ethtool -K eth0 gro off"));
}
END_TEST

/* ---- privileges ------------------------------------------------------------------------------------------------------- */

/* An ordinary user with a binary that has the one file capability. */
START_TEST(a_file_capability_is_enough)
{
    if (!host_rig_enter())
        return;
    make_folder();
    int status =
        host_rig_shell("chmod 755 $D; cp \"$T\" $D/t && setcap cap_net_raw+ep $D/t || { echo no setcap; rm -r $D; exit 77; }; "
                       "case $(findmnt -no OPTIONS -T $D) in *nosuid*) echo nosuid; rm -r $D; exit 77;; esac; "
                       "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps -all "
                       "$D/t run 192.0.2.2 --service echo rst/exact/; s=$?; rm -r $D; exit $s");

    if (status == 77) {
        printf("host: skipped: file capabilities cannot be set here: %s", host_rig_output);
        return;
    }
    ck_assert_msg(status == 0, "exit %d\n%s", status, host_rig_output);
    ck_assert_ptr_nonnull(strstr(host_rig_output, "0 errors"));
}
END_TEST

/* On a path that is not ours nothing is believed that was seen once, however plain. */
START_TEST(a_fail_is_seen_twice)
{
    size_t  i;
    json_t *one, *results;

    if (!host_rig_enter())
        return;
    make_folder();
    ck_assert_msg(host_rig_shell("$T run 192.0.2.2 --service echo options/mss-47 rst/right-edge -o $D/out -q") == 1, "%s",
                  host_rig_output);
    ck_assert_int_eq(host_rig_shell("cp $D/out/results.json $D/0"), 0);
    results = read_results(0);
    json_array_foreach(json_object_get(results, "cases"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "verdict")), "fail") == 0 &&
            strncmp(json_string_value(json_object_get(one, "id")), "referee/", 8) != 0)
            ck_assert_int_ge(json_integer_value(json_object_get(one, "failed_attempts")), 2);
    }
    json_decref(results);
    ck_assert_int_eq(host_rig_shell("rm -rf $D"), 0);
}
END_TEST

SUITE(host)
{
    Suite *suite   = suite_create("host");
    TCase *words   = tcase_create("words");
    TCase *network = tcase_create("network");

    tcase_add_loop_test(words, specs_are_read, 0, sizeof specs / sizeof *specs);
    tcase_add_test(words, specs_are_refused);
    tcase_add_test(words, a_port_goes_to_the_service_that_names_none);
    tcase_add_test(words, the_round_trip_has_room_for_noise);
    tcase_add_test(network, verdicts_are_the_same_everywhere);
    tcase_add_loop_test(network, services_decide_what_is_played, 0, sizeof services / sizeof *services);
    tcase_add_test(network, a_fail_is_seen_twice);
    tcase_add_loop_test(network, refusals_say_what_to_do, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(network, the_kernel_is_kept_out);
    tcase_add_test(network, ports_in_use_are_passed_over);
    tcase_add_loop_test(network, the_doctor_finds, 0, sizeof examinations / sizeof *examinations);
    tcase_add_test(network, the_doctor_names_the_offload_and_its_cure);
    tcase_add_test(network, a_file_capability_is_enough);
    tcase_set_timeout(network, 60);
    suite_add_tcase(suite, words);
    suite_add_tcase(suite, network);
    return suite;
}
