/* runner.c: what becomes of a case whose process crashes, hangs, or says nothing, and of an interrupted run. The target is made
 * for the test; the ladders need nothing of it. */
#include "runner.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "selftest.h"

enum { LIMIT_MS = 300 };

enum mood { CRASHES, HANGS, LEAVES_EARLY, CANNOT_OPEN, ANSWERS_NOTHING };

/* clang-format off */
static const struct ladder_case cases[] = {
    { CASE ("made/a", "Nothing comes"), REQS ("RFC9293-MUST-3"), LADDER (ENTER (LISTEN), PEER (SYN), IUT (SYN|ACK), ALIVE) },
    { CASE ("made/b", "Nothing comes to ENTER"), REQS ("RFC9293-MUST-3"), LADDER (ENTER (ESTABLISHED), ALIVE) },
};
/* clang-format on */
static const struct ladder_group        made     = { "made", "Made for the test", cases, 2 };
static const struct ladder_group *const groups[] = { &made, NULL };

/* ---- a target on a clock of its own that answers nothing ------------------------------------------------------------- */

struct silent {
    uint64_t now_us;
    uint8_t  sent[200]; /* the latest packet that was delivered, until it has been captured */
    size_t   count;
};

static bool deliver(void *self, const struct segment *segment, const struct damage_wish *wish, struct error *error)
{
    struct silent *silent = self;

    (void)wish;
    (void)error;
    silent->count = segment_encode(segment, silent->sent, sizeof silent->sent);
    return true;
}

static bool deliver_packet(void *self, const uint8_t *packet, size_t count, struct error *error)
{
    (void)self;
    (void)packet;
    (void)count;
    (void)error;
    return true;
}

static enum wait_result next(void *self, uint64_t deadline_us, struct arrival *arrival, struct error *error)
{
    struct silent *silent = self;

    (void)error;
    if (silent->count > 0) {
        *arrival      = (struct arrival){ silent->now_us, false, silent->sent, silent->count, false };
        silent->count = 0;
        return WAIT_ARRIVAL;
    }
    if (silent->now_us < deadline_us)
        silent->now_us = deadline_us;
    return WAIT_DEADLINE;
}

static uint64_t now_us(void *self)
{
    return ((struct silent *)self)->now_us;
}

static uint64_t capture_lost(void *self)
{
    (void)self;
    return 0;
}

static void call(void *self, const struct call_request *request, struct call_reply *reply)
{
    (void)self;
    memset(reply, 0, sizeof *reply);
    reply->port = 7;
    if (request->kind == CALL_ACCEPTED)
        reply->result = CALL_PENDING;
}

static void close_target(void *self)
{
    (void)self;
}

static void *prepare(const struct target_wish *wish, struct error *error)
{
    (void)wish;
    (void)error;
    return NULL;
}

static bool open_target(void *prepared, unsigned slot, struct target *target, struct error *error)
{
    static struct silent silent;

    switch (*(const enum mood *)prepared) {
    case CRASHES:
        signal(SIGSEGV, SIG_DFL); /* a sanitizer would print a report of what is meant to happen */
        raise(SIGSEGV);
        break;
    case HANGS:
        sleep(60);
        break;
    case LEAVES_EARLY:
        _exit(3);
    case CANNOT_OPEN:
        return error_set(error, "the wire is cut");
    case ANSWERS_NOTHING:
        break;
    }
    silent  = (struct silent){ .now_us = 1000 };
    *target = (struct target){ .self           = &silent,
                               .tester         = { .family = 4, .octets = { 192, 0, 2, 1 } },
                               .address        = { .family = 4, .octets = { 192, 0, 2, 2 } },
                               .virtual_time   = true,
                               .first_port     = (uint16_t)(1024 + slot * TESTER_PORTS),
                               .mtu            = 1500,
                               .deliver        = deliver,
                               .deliver_packet = deliver_packet,
                               .next           = next,
                               .now_us         = now_us,
                               .capture_lost   = capture_lost,
                               .call           = call,
                               .close          = close_target };
    return true;
}

static const struct target_kind silent_kind = {
    .name = "silent", .description = "answers nothing", .prepare = prepare, .open = open_target
};

/* ---- running ----------------------------------------------------------------------------------------------------------- */

struct told {
    size_t count;
};

static void tell(void *context, const struct result *result, size_t done)
{
    struct told *told = context;

    told->count++;
    ck_assert_uint_eq(done, told->count);
    ck_assert_str_ne(result->id, "");
}

static bool run_in(enum mood mood, volatile const sig_atomic_t *interrupted, struct results *results, size_t *told_of)
{
    struct catalog                 catalog   = catalog_open(groups);
    const struct entry_of_catalog *entries[] = { &catalog.at[0], &catalog.at[1] };
    struct error                   error;
    struct told                    told = { 0 };
    struct run_plan                plan = { .entries      = entries,
                                            .count        = 2,
                                            .kind         = &silent_kind,
                                            .prepared     = &mood,
                                            .play         = { .seed = 1, .time_scale = 1.0 },
                                            .jobs         = 2,
                                            .retries      = 2,
                                            .pcap_folder  = -1,
                                            .slack_ms     = mood == HANGS ? LIMIT_MS : 0,
                                            .virtual_time = true,
                                            .interrupted  = interrupted,
                                            .tell         = tell,
                                            .keys         = -1,
                                            .context      = &told };
    bool                           ran  = runner_run(&plan, results, &error);

    *told_of = told.count;
    catalog_close(&catalog);
    return ran;
}

static const struct {
    enum mood    mood;
    enum verdict verdicts[2];
    const char  *says[2];
} rows[] = {
    { CRASHES, { VERDICT_ERROR, VERDICT_ERROR }, { "signal 11", "signal 11" } },
    { HANGS, { VERDICT_ERROR, VERDICT_ERROR }, { "limit of 0 s", "hung" } },
    { LEAVES_EARLY, { VERDICT_ERROR, VERDICT_ERROR }, { "status 3", "half a result" } },
    { CANNOT_OPEN, { VERDICT_ERROR, VERDICT_ERROR }, { "the wire is cut", "the wire is cut" } },
    { ANSWERS_NOTHING, { VERDICT_FAIL, VERDICT_INCONCLUSIVE }, { "nothing came", "did not come to ESTABLISHED" } },
};

START_TEST(each_mishap_has_its_verdict)
{
    static const sig_atomic_t never   = 0;
    struct results            results = { 0 };
    size_t                    told;

    ck_assert(run_in(rows[_i].mood, &never, &results, &told));
    ck_assert_uint_eq(told, 2);
    ck_assert_uint_eq(results.count, 2 + REFEREE_RULES + 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_msg(results.at[i].verdict == rows[_i].verdicts[i], "%s is %s: %s", results.at[i].id,
                      verdict_name(results.at[i].verdict), results.at[i].reason);
        ck_assert_msg(strstr(results.at[i].reason, rows[_i].says[i]) != NULL, "\"%s\" does not say \"%s\"",
                      results.at[i].reason, rows[_i].says[i]);
    }
    for (size_t i = 2; i < results.count; i++)
        ck_assert_msg(results.at[i].verdict == VERDICT_SKIP, "%s passed on nothing", results.at[i].id);
    runner_release(&results);
}
END_TEST

START_TEST(a_failure_is_charged_and_explained)
{
    static const sig_atomic_t never   = 0;
    struct results            results = { 0 };
    size_t                    told;

    ck_assert(run_in(ANSWERS_NOTHING, &never, &results, &told));
    ck_assert_str_eq(results.at[0].charged, "RFC9293-MUST-3");
    ck_assert_str_eq(results.at[0].level, "MUST");
    ck_assert(results.at[0].violation);
    ck_assert_ptr_nonnull(strstr(results.at[0].expected, "SYN|ACK"));
    ck_assert_str_eq(results.at[0].actual, "nothing");
    size_t bad_rungs = 0;
    for (size_t i = 0; i < results.at[0].transcript_lines; i++)
        bad_rungs += strncmp(results.at[0].transcript[i], "!!", 2) == 0;
    ck_assert_uint_eq(bad_rungs, 1);
    runner_release(&results);
}
END_TEST

START_TEST(an_interrupt_stops_the_run)
{
    static const sig_atomic_t now     = SIGINT;
    struct results            results = { 0 };
    size_t                    told;

    ck_assert(run_in(HANGS, &now, &results, &told));
    ck_assert(results.interrupted);
    ck_assert_uint_eq(told, 0);
    ck_assert_uint_eq(results.count, REFEREE_RULES + 1);
    runner_release(&results);
}
END_TEST

SUITE(runner)
{
    Suite *suite = suite_create("runner");
    TCase *tests = tcase_create("mishaps");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, each_mishap_has_its_verdict, 0, (int)(sizeof rows / sizeof *rows));
    tcase_add_test(tests, a_failure_is_charged_and_explained);
    tcase_add_test(tests, an_interrupt_stops_the_run);
    suite_add_tcase(suite, tests);
    return suite;
}
