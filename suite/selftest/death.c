/* death.c: a target that dies while it is judged: what is said of it, of the cases that were playing and of those behind them,
 * and how it is brought back. The target is made for the test: it lives as long as a file does, and answers SYNs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner.h"
#include "selftest.h"

enum { DEADLY = 666, CASES = 5, RESETS = 10, KILLERS = RESETS + 2 };

/* clang-format off */
#define ANSWERED LADDER (ENTER (LISTEN), PEER (SYN), IUT (SYN|ACK))
#define FATAL    LADDER (ENTER (LISTEN), PEER (SYN, .wnd = DEADLY), IUT (SYN|ACK))
#define KILLER(n) { CASE ("fatal/" n, "Fatal"), REQS ("RFC9293-3.5-a"), FATAL }
static const struct ladder_case cases[CASES] = {
    { CASE ("made/a",     "Answered"), REQS ("RFC9293-3.5-a"), ANSWERED },
    { CASE ("made/kills", "Fatal"),    REQS ("RFC9293-3.5-a"), FATAL },
    { CASE ("made/b",     "Answered"), REQS ("RFC9293-3.5-a"), ANSWERED },
    { CASE ("made/c",     "Answered"), REQS ("RFC9293-3.5-a"), ANSWERED },
    { CASE ("made/d",     "Answered"), REQS ("RFC9293-3.5-a"), ANSWERED },
};
static const struct ladder_case killers[KILLERS] = {
    KILLER ("a"), KILLER ("b"), KILLER ("c"), KILLER ("d"), KILLER ("e"), KILLER ("f"),
    KILLER ("g"), KILLER ("h"), KILLER ("i"), KILLER ("j"), KILLER ("k"), KILLER ("l"),
};
/* Nobody here makes an active open: that is found out when it is asked for, or, on a service, beforehand. */
static const struct ladder_case idlers[CASES] = {
    { CASE ("idle/a",     "Answered"), REQS ("RFC9293-3.5-a"), ANSWERED },
    { CASE ("idle/opens", "No call"),  REQS ("RFC9293-3.5-a"), LADDER (APP (OPEN), IUT (SYN)) },
    { CASE ("idle/kills", "Fatal"),    REQS ("RFC9293-3.5-a"), FATAL },
    { CASE ("idle/b",     "Answered"), REQS ("RFC9293-3.5-a"), ANSWERED },
    { CASE ("idle/last",  "No call"),  REQS ("RFC9293-3.5-a"), LADDER (APP (OPEN), IUT (SYN)) },
};
/* clang-format on */
static const struct ladder_group        made           = { "made", "Made for the test", cases, CASES };
static const struct ladder_group        fatal          = { "fatal", "Fatal, every one", killers, KILLERS };
static const struct ladder_group        idle           = { "idle", "Not all can be played", idlers, CASES };
static const struct ladder_group *const groups[]       = { &made, NULL };
static const struct ladder_group *const fatal_groups[] = { &fatal, NULL };
static const struct ladder_group *const idle_groups[]  = { &idle, NULL };

static char folder[64], life[100];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/tcprove-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(life, sizeof life, "%s/life", folder);
    setenv("D", folder, 1);
}

static void drop_folder(void)
{
    char command[100];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void set_alive(bool alive)
{
    if (alive)
        fclose(fopen(life, "we"));
    else
        unlink(life);
}

/* ---- the target ---------------------------------------------------------------------------------------------------------- */

/* How it shows that it is dead. */
enum end { SILENT, REFUSES, CUT /* nothing can be sent to it */, MUDDLED /* its last answer is wrong */, ENDS };

struct mortal {
    enum end end;
    uint64_t now_us;
    uint8_t  queue[8][200]; /* what is to be captured: what was sent, then the answer */
    bool     from_target[8];
    size_t   counts[8], head, tail;
    uint8_t  captured[200];
};

static void put_on_wire(struct mortal *mortal, const struct segment *segment, bool from_target)
{
    size_t at = mortal->tail++ % 8;

    mortal->from_target[at] = from_target;
    mortal->counts[at]      = segment_encode(segment, mortal->queue[at], sizeof mortal->queue[at]);
}

static bool deliver(void *self, const struct segment *segment, const struct damage_wish *wish, struct error *error)
{
    struct mortal *mortal = self;
    struct segment answer = { .source           = segment->destination,
                              .destination      = segment->source,
                              .source_port      = segment->destination_port,
                              .destination_port = segment->source_port,
                              .seq              = 1000,
                              .ack              = segment->seq + 1,
                              .flags            = SYN | ACK,
                              .window           = 1000 };

    (void)wish;
    if (mortal->end == CUT && access(life, F_OK) != 0)
        return error_set(error, "the cable is cut");
    put_on_wire(mortal, segment, false);
    if (segment->flags != SYN)
        return true;
    if (segment->window == DEADLY)
        set_alive(false);
    if (access(life, F_OK) != 0) {
        answer.seq   = 0;
        answer.flags = RST | ACK;
    }
    if (mortal->end == MUDDLED && segment->window == DEADLY) {
        answer.flags = SYN | ACK;
        answer.ack++;
    }
    if (answer.flags & SYN || mortal->end == REFUSES)
        put_on_wire(mortal, &answer, true);
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
    struct mortal *mortal = self;
    size_t         at     = mortal->head % 8;

    (void)error;
    if (mortal->head == mortal->tail) {
        mortal->now_us = deadline_us > mortal->now_us ? deadline_us : mortal->now_us;
        return WAIT_DEADLINE;
    }
    mortal->head++;
    mortal->now_us += 500;
    memcpy(mortal->captured, mortal->queue[at], mortal->counts[at]);
    *arrival = (struct arrival){ mortal->now_us, mortal->from_target[at], mortal->captured, mortal->counts[at], false };
    return WAIT_ARRIVAL;
}

static uint64_t now_us(void *self)
{
    return ((struct mortal *)self)->now_us;
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
    else if (request->kind == CALL_OPEN)
        reply->result = CALL_NOT_OFFERED;
}

static void close_target(void *self)
{
    (void)self;
}

static bool open_target(void *prepared, unsigned slot, struct target *target, struct error *error)
{
    static struct mortal mortal;

    (void)error;
    mortal  = (struct mortal){ .end = *(const enum end *)prepared, .now_us = 1000 };
    *target = (struct target){ .self           = &mortal,
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

static const struct target_kind mortal_kind = { .name = "mortal", .description = "can die", .open = open_target };

/* ---- running ------------------------------------------------------------------------------------------------------------- */

static char said[4000];

static void say(void *context, const char *sentence)
{
    (void)context;
    ck_assert_uint_lt(strlen(said) + strlen(sentence) + 2, sizeof said);
    strcat(strcat(said, sentence), "\n");
}

static void tell(void *context, const struct result *result, size_t done)
{
    (void)context;
    (void)result;
    (void)done;
}

/* What a test has otherwise than the others. */
static struct {
    const struct ladder_group *const *groups;
    const struct target_kind         *kind;
    enum service                      service;
    struct vigil_patience             patience;
    bool                              answered; /* before the run */
} odd;

/* Plays the cases from `first` on, one at a time. */
static void play(size_t first, enum end end, bool virtual_time, const struct command *reset, struct results *results)
{
    static const sig_atomic_t      never   = 0;
    struct catalog                 catalog = catalog_open(odd.groups != NULL ? odd.groups : groups);
    const struct entry_of_catalog *entries[KILLERS];
    struct error                   error;
    struct run_plan                plan = { .entries      = entries,
                                            .count        = catalog.count - first,
                                            .kind         = odd.kind != NULL ? odd.kind : &mortal_kind,
                                            .prepared     = &end,
                                            .play         = { .seed = 1, .time_scale = 1.0, .service = odd.service },
                                            .jobs         = 1,
                                            .retries      = 1,
                                            .pcap_folder  = -1,
                                            .virtual_time = virtual_time,
                                            .reset        = reset,
                                            .patience     = odd.patience,
                                            .answered     = odd.answered,
                                            .interrupted  = &never,
                                            .tell         = tell,
                                            .say          = say,
                                            .keys         = -1 };

    for (size_t i = first; i < catalog.count; i++)
        entries[i - first] = &catalog.at[i];
    said[0]  = '\0';
    *results = (struct results){ 0 };
    ck_assert_msg(runner_run(&plan, results, &error), "%s", error.sentence);
    ck_assert_uint_eq(results->count, plan.count + REFEREE_RULES + 1);
    catalog_close(&catalog);
}

static void expect(const struct results *results, const char *id, enum verdict verdict, const char *says)
{
    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->at[i];

        if (strcmp(result->id, id) != 0)
            continue;
        ck_assert_msg(result->verdict == verdict, "%s is %s: %s", id, verdict_name(result->verdict), result->reason);
        ck_assert_msg(strstr(result->reason, says) != NULL, "%s: \"%s\" does not say \"%s\"", id, result->reason, says);
        return;
    }
    ck_abort_msg("no result %s", id);
}

static void expect_death(const struct results *results, enum end end)
{
    const struct result *alive = &results->at[results->count - 1];

    expect(results, "referee/alive", end == CUT ? VERDICT_INCONCLUSIVE : VERDICT_FAIL, "while these were playing: made/kills");
    ck_assert_int_eq(alive->violation, end != CUT);
    ck_assert_str_eq(alive->seen_in, "made/kills");
    ck_assert_str_eq(alive->charged, end == CUT ? "" : "RFC9293-3.5-a");
    ck_assert_str_eq(alive->actual, end == REFUSES ? "RST" : "nothing, for some seconds");
    expect(results, "made/a", VERDICT_PASS, "");
    expect(results, "made/kills", VERDICT_INCONCLUSIVE, "stopped answering while this case was playing");
}

START_TEST(who_was_playing_is_named_and_nobody_else_is_judged)
{
    static const char *const says[ENDS] = { "it answers no SYN", "it refuses every connection", "the cable is cut",
                                            "it answers no SYN" };
    struct results           results;

    set_alive(true);
    play(0, (enum end)_i, false, NULL, &results);
    expect_death(&results, (enum end)_i);
    for (size_t i = 2; i < CASES; i++) {
        expect(&results, cases[i].id, VERDICT_INCONCLUSIVE, "had stopped answering before this case");
        ck_assert_uint_eq(results.at[i].attempts, 0);
    }
    ck_assert_msg(strstr(said, says[_i]) != NULL, "%s", said);
    runner_release(&results);
}
END_TEST

START_TEST(a_command_brings_it_back)
{
    struct command command;
    struct results results;
    struct error   error;

    set_alive(true);
    ck_assert(command_open(&command, "touch $D/life", "mortal", COMMAND_LIMIT_MS, &error));
    play(0, (enum end)_i, false, &command, &results);
    expect_death(&results, (enum end)_i);
    ck_assert_ptr_nonnull(strstr(results.at[results.count - 1].reason, "--reset-cmd brought it back 1 of 1 times"));
    for (size_t i = 2; i < CASES; i++)
        expect(&results, cases[i].id, VERDICT_PASS, "");
    ck_assert_ptr_nonnull(strstr(said, "answers again"));
    runner_release(&results);
    command_close(&command);
}
END_TEST

START_TEST(a_command_that_fails_is_told)
{
    struct command command;
    struct results results;
    struct error   error;

    set_alive(true);
    ck_assert(command_open(&command, "echo no such board; exit 7", "mortal", COMMAND_LIMIT_MS, &error));
    play(0, SILENT, false, &command, &results);
    expect_death(&results, SILENT);
    expect(&results, "made/d", VERDICT_INCONCLUSIVE, "had stopped answering before");
    expect(&results, "referee/alive", VERDICT_FAIL, "brought it back 0 of 1 times");
    ck_assert_ptr_nonnull(strstr(said, "--reset-cmd: it ended with status 7: no such board"));
    runner_release(&results);
    command_close(&command);
}
END_TEST

START_TEST(ten_resets_are_enough)
{
    struct command command;
    struct results results;
    struct error   error;

    set_alive(true);
    ck_assert(command_open(&command, "touch $D/life", "mortal", COMMAND_LIMIT_MS, &error));
    odd.groups            = fatal_groups;
    odd.answered          = true;
    odd.patience.apart_ms = 1;
    play(0, SILENT, false, &command, &results);
    expect(&results, "referee/alive", VERDICT_FAIL, "stopped answering 11 times");
    expect(&results, "referee/alive", VERDICT_FAIL, "--reset-cmd brought it back 10 of 11 times");
    expect(&results, "fatal/k", VERDICT_INCONCLUSIVE, "stopped answering while this case was playing");
    expect(&results, "fatal/l", VERDICT_INCONCLUSIVE, "had stopped answering before this case");
    ck_assert_ptr_nonnull(strstr(said, "the target is not brought back: it was reset 10 times already"));
    runner_release(&results);
    command_close(&command);
}
END_TEST

START_TEST(who_does_not_come_back_is_not_waited_for)
{
    struct command command;
    struct results results;
    struct error   error;

    set_alive(true);
    ck_assert(command_open(&command, "true", "mortal", COMMAND_LIMIT_MS, &error));
    odd.patience = (struct vigil_patience){ .apart_ms = 1, .await_ms = 250 };
    play(0, SILENT, false, &command, &results);
    expect_death(&results, SILENT);
    expect(&results, "made/d", VERDICT_INCONCLUSIVE, "had stopped answering before");
    expect(&results, "referee/alive", VERDICT_FAIL, "brought it back 0 of 1 times");
    ck_assert_ptr_nonnull(strstr(said, "the target is not brought back: it did not answer within 0.25 s of --reset-cmd"));
    runner_release(&results);
    command_close(&command);
}
END_TEST

/* Who sent nothing is not named, and what could never be played stays as it is. */
START_TEST(what_is_skipped_has_no_part_in_it)
{
    struct results results;
    bool           on_service = _i != 0;

    set_alive(true);
    odd.groups            = idle_groups;
    odd.service           = on_service ? SERVICE_DISCARD : SERVICE_NONE;
    odd.patience.apart_ms = 1;
    play(0, SILENT, false, NULL, &results);
    expect(&results, "idle/a", VERDICT_PASS, "");
    expect(&results, "idle/opens", VERDICT_SKIP, on_service ? "cannot open a connection actively" : "offers no such call");
    expect(&results, "idle/kills", VERDICT_INCONCLUSIVE, "while this case was playing");
    expect(&results, "idle/b", VERDICT_INCONCLUSIVE, "had stopped answering before this case");
    if (on_service)
        expect(&results, "idle/last", VERDICT_SKIP, "cannot open a connection actively");
    expect(&results, "referee/alive", VERDICT_FAIL, "while these were playing: idle/kills");
    ck_assert_ptr_null(strstr(results.at[results.count - 1].reason, "idle/opens"));
    runner_release(&results);
}
END_TEST

/* The link dies with the target: nothing can be sent, or no case can even be opened. */
#define TEN(word) word word word word word word word word word word
static bool wordy; /* the reason is longer than there is room for */

static bool link_lives(const void *prepared, struct error *error)
{
    (void)prepared;
    return access(life, F_OK) == 0 || error_set(error, "this host's eth0 has no carrier%s", wordy ? TEN(TEN(" carrier")) : "");
}

static bool open_over_link(void *prepared, unsigned slot, struct target *target, struct error *error)
{
    return link_lives(prepared, error) && open_target(prepared, slot, target, error);
}

START_TEST(an_own_link_that_is_down_accuses_nobody)
{
    const struct target_kind kind = {
        .name = "mortal", .description = "can die", .open = _i == 1 ? open_over_link : open_target, .carries = link_lives
    };
    struct results results;

    wordy = _i == 2;
    set_alive(true);
    odd.kind              = &kind;
    odd.patience.apart_ms = 1;
    play(0, SILENT, false, NULL, &results);
    expect(&results, "made/a", VERDICT_PASS, "");
    for (size_t i = 1; i < CASES; i++)
        expect(&results, cases[i].id, VERDICT_INCONCLUSIVE, "this host's eth0 has no carrier");
    expect(&results, "referee/alive", VERDICT_INCONCLUSIVE, "while these were playing: made/kills");
    expect(&results, "referee/alive", VERDICT_INCONCLUSIVE, "; this host's eth0 has no carrier");
    expect(&results, "referee/alive", VERDICT_INCONCLUSIVE, wordy ? " carrier...: what became" : " carrier: what became of it");
    expect(&results, "made/d", VERDICT_INCONCLUSIVE, wordy ? " carrier...: it had stopped" : " carrier: it had stopped");
    ck_assert_ptr_nonnull(strstr(said, "this host's eth0 has no carrier"));
    runner_release(&results);
}
END_TEST

/* Its agent is started anew: for a moment nobody greets a case. */
static bool open_unless_away(void *prepared, unsigned slot, struct target *target, struct error *error)
{
    char away[120];

    snprintf(away, sizeof away, "%s/away", folder);
    if (unlink(away) != 0)
        return open_target(prepared, slot, target, error);
    target->unreached = true;
    return error_set(error, "nothing listens there");
}

START_TEST(who_was_away_for_a_moment_is_asked_again)
{
    const struct target_kind kind = { .name = "mortal", .description = "can die", .open = open_unless_away };
    struct results           results;
    char                     command[140];

    set_alive(true);
    snprintf(command, sizeof command, "touch %s/away", folder);
    ck_assert_int_eq(system(command), 0);
    odd.kind     = &kind;
    odd.answered = true;
    play(2, SILENT, false, NULL, &results);
    for (size_t i = 2; i < CASES; i++)
        expect(&results, cases[i].id, VERDICT_PASS, "");
    runner_release(&results);
}
END_TEST

/* Who never answered cannot die: what its cases show is believed. */
START_TEST(a_mute_target_is_judged)
{
    struct results results;

    set_alive(false);
    play(2, SILENT, false, NULL, &results);
    for (size_t i = 2; i < CASES; i++)
        expect(&results, cases[i].id, VERDICT_FAIL, "nothing came");
    expect(&results, "referee/alive", VERDICT_SKIP, "no case saw the target answer");
    ck_assert_str_eq(said, "");
    runner_release(&results);
}
END_TEST

START_TEST(a_target_that_lives_passes)
{
    struct results results;

    set_alive(true);
    play(2, SILENT, _i != 0, NULL, &results);
    expect(&results, "referee/alive", VERDICT_PASS, "it answered in 3 attempts");
    runner_release(&results);
}
END_TEST

SUITE(death)
{
    Suite *suite = suite_create("death");
    TCase *made_ = tcase_create("a target made for it");

    tcase_set_timeout(made_, 120);
    tcase_add_checked_fixture(made_, make_folder, drop_folder);
    tcase_add_loop_test(made_, who_was_playing_is_named_and_nobody_else_is_judged, 0, ENDS);
    tcase_add_loop_test(made_, a_command_brings_it_back, 0, ENDS);
    tcase_add_test(made_, a_command_that_fails_is_told);
    tcase_add_test(made_, ten_resets_are_enough);
    tcase_add_test(made_, who_does_not_come_back_is_not_waited_for);
    tcase_add_loop_test(made_, what_is_skipped_has_no_part_in_it, 0, 2);
    tcase_add_loop_test(made_, an_own_link_that_is_down_accuses_nobody, 0, 3);
    tcase_add_test(made_, who_was_away_for_a_moment_is_asked_again);
    tcase_add_test(made_, a_mute_target_is_judged);
    tcase_add_loop_test(made_, a_target_that_lives_passes, 0, 2);
    suite_add_tcase(suite, made_);
    return suite;
}
