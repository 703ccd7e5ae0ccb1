/* fuzz_stage.c: fuzz inputs on the reference: what the catalog and chance bring makes no oracle speak, the same input does the
 * same every time, and the catalog's seeds come to every state. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "catalog.h"
#include "checksum.h"
#include "fuzz/seed.h"
#include "fuzz/stage.h"
#include "notation_ladder.h"
#include "reference/inspect.h"
#include "requirements.h"
#include "selftest.h"

enum { RANDOM_INPUTS = 4000, OCTETS_MOST = 300 };

static struct input input;

static void tell(const struct finding *finding, const char *of)
{
    ck_abort_msg("%s: %s at step %zu, %s: %s", of, oracle_name(finding->oracle), finding->step + 1, finding->requirement,
                 finding->sentence);
}

/* ---- the catalog --------------------------------------------------------------------------------------------------------- */

struct seen {
    uint8_t  pairs[TIME_WAIT + 1][EVENTS];
    uint64_t packets, sum;
};

static void see_event(void *context, enum state state, unsigned event)
{
    ((struct seen *)context)->pairs[state][event] = 1;
}

static void see_packet(void *context, uint64_t time_us, bool from_target, const struct peer *peer, const uint8_t *octets,
                       size_t count)
{
    struct seen *seen = context;

    (void)peer;
    seen->packets++;
    seen->sum = seen->sum * 31 + checksum_add(time_us + from_target, octets, count);
}

/* Plays every case as a seed; its octets must say the same as its steps. */
static void play_catalog(struct stage *stage, struct seen *seen)
{
    static struct step steps[SEED_STEPS + 1];
    static uint8_t     octets[1 << 16];
    struct stage_watch watch   = { .context = seen, .event = see_event, .packet = see_packet };
    struct catalog     catalog = catalog_open(catalog_groups);
    struct error       error   = { "" };
    struct finding     finding;

    for (size_t i = 0; i < catalog.count; i++) {
        const struct entry_of_catalog *entry = &catalog.at[i];

        if (seed_of_case(entry->ladder, entry->each, i % 3 == 0, steps) == 0)
            continue;
        size_t count = input_write(steps, octets, sizeof octets, &error);

        ck_assert_msg(count > 0, "%s: %s", entry->id, error.sentence);
        input_read(octets, count, &input);
        if (stage_play(stage, &input, &watch, &finding))
            tell(&finding, entry->id);
    }
    catalog_close(&catalog);
}

START_TEST(the_catalog_reaches_every_state_and_no_oracle_speaks)
{
    static struct seen seen, again;
    struct stage      *stage = stage_open(ORACLES_ALL, NULL);

    ck_assert_ptr_nonnull(stage);
    play_catalog(stage, &seen);
    ck_assert_uint_gt(stage_counts(stage)->segments, 2000);
    for (int state = LISTEN; state <= TIME_WAIT; state++) {
        unsigned pairs = 0;

        for (unsigned event = 0; event < EVENTS; event++)
            pairs += seen.pairs[state][event];
        ck_assert_msg(pairs >= 5, "state %d met %u events", state, pairs);
    }
    play_catalog(stage, &again);
    ck_assert_uint_eq(seen.packets, again.packets);
    ck_assert_uint_eq(seen.sum, again.sum);
    stage_close(stage);
}
END_TEST

/* ---- chance -------------------------------------------------------------------------------------------------------------- */

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

START_TEST(chance_makes_no_oracle_speak)
{
    uint64_t       state               = (uint64_t)_i * 1000003 + 5;
    struct stage  *stage               = stage_open(ORACLES_ALL, NULL);
    uint8_t        octets[OCTETS_MOST] = { 0x80, SYN, 0x80, ACK };
    struct finding finding;

    for (int i = 0; i < RANDOM_INPUTS; i++) {
        size_t count = 4 + draw(&state, OCTETS_MOST - 4);

        for (size_t k = 4; k < count; k++) {
            uint32_t kind = draw(&state, 5);

            octets[k] = (uint8_t)(kind == 0 ? 0x80 + draw(&state, 8) : kind < 3 ? 0x40 + draw(&state, 18) : draw(&state, 64));
        }
        input_read(octets, count, &input);
        if (stage_play(stage, &input, NULL, &finding))
            tell(&finding, "a random input");
    }
    stage_close(stage);
}
END_TEST

/* ---- the corpus ---------------------------------------------------------------------------------------------------------- */

static void play_ladder_file(struct stage *stage, const char *path)
{
    static char          text[1 << 16];
    static uint8_t       octets[1 << 16];
    struct parsed_ladder ladder;
    struct error         error = { "" };
    struct finding       finding;
    FILE                *file = fopen(path, "re");

    ck_assert_msg(file != NULL, "%s", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    ck_assert_msg(notation_ladder_parse(text, &ladder, &error), "%s: %s", path, error.sentence);
    size_t count = input_write(ladder.steps, octets, sizeof octets, &error);

    ck_assert_msg(count > 0, "%s: %s", path, error.sentence);
    notation_ladder_free(&ladder);
    input_read(octets, count, &input);
    if (stage_play(stage, &input, NULL, &finding))
        tell(&finding, path);
}

/* What campaigns found and what was mended since stays mended. */
START_TEST(the_corpus_makes_no_oracle_speak)
{
    const char   *folder = "fuzz/corpus/ladder";
    DIR          *open   = opendir(folder);
    struct stage *stage  = stage_open(ORACLES_ALL, NULL);
    unsigned      played = 0;

    ck_assert_msg(open != NULL, "%s: run the tests from the root of the project", folder);
    for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
        char path[600];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        play_ladder_file(stage, path);
        played++;
    }
    closedir(open);
    ck_assert_uint_gt(played, 10);
    stage_close(stage);
}
END_TEST

/* ---- what a watch is told ------------------------------------------------------------------------------------------------ */

/* A meter that stands still but for what the test adds: the cost of an event is what was added during it. */
static uint64_t metered;

static uint64_t meter(void)
{
    return metered;
}

struct told {
    struct seen seen;
    unsigned    events, segments;
    uint64_t    work, least_bound;
};

static void spend(void *context, enum state state, unsigned event)
{
    metered += 7; /* between the begin of an event and its end */
    see_event(&((struct told *)context)->seen, state, event);
}

static void add_cost(void *context, uint64_t work, uint64_t work_most, unsigned segments)
{
    struct told *told = context;

    told->events++;
    told->work += work;
    told->segments += segments;
    if (told->events == 1 || work_most < told->least_bound)
        told->least_bound = work_most;
}

/* CLOSE without a connection is the listener's: then a SYN finds CLOSED, a passive OPEN helps, and at the end all are served.
 */
START_TEST(a_listener_can_be_closed_and_each_event_has_its_cost)
{
    static const struct step steps[] = { APP(CLOSE), PEER(SYN), APP(PASSIVE_OPEN), PEER(SYN), PEER(ACK), { .rung = RUNG_END } };
    static struct told       told;
    uint8_t                  octets[200];
    struct stage_watch       watch = { .context = &told, .event = spend, .settled = add_cost };
    struct stage            *stage = stage_open(ORACLES_ALL, meter);
    struct error             error = { "" };
    struct finding           finding;
    size_t                   count = input_write(steps, octets, sizeof octets, &error);

    ck_assert_msg(count > 0, "%s", error.sentence);
    input_read(octets, count, &input);
    if (stage_play(stage, &input, &watch, &finding))
        tell(&finding, "a listener that is closed");
    unsigned met[TIME_WAIT + 1] = { 0 };

    for (unsigned event = 0; event < EVENT_SEGMENTS; event++)
        for (int state = CLOSED; state <= LISTEN; state++)
            met[state] += told.seen.pairs[state][event];
    ck_assert_uint_eq(met[CLOSED], 1);
    ck_assert_uint_gt(met[LISTEN], 0);
    ck_assert(told.seen.pairs[LISTEN][EVENT_CALLS + CLOSE]);
    ck_assert_uint_gt(told.events, 5);
    ck_assert_uint_gt(told.segments, 2); /* a RST, SYN,ACKs, a FIN */
    ck_assert_uint_gt(told.work, 0);     /* of the calls; segments are told before their event begins */
    ck_assert_uint_eq(told.work % 7, 0);
    ck_assert_uint_ge(told.least_bound, 20000);
    stage_close(stage);
}
END_TEST

/* What an oracle speaks of can be looked up, and charged to in a case. */
START_TEST(invariants_have_requirements)
{
    for (const struct tcp_invariant *invariant = tcp_invariants; invariant->id != NULL; invariant++)
        ck_assert_msg(requirement_find(invariant->clause) != NULL, "%s: %s", invariant->id, invariant->clause);
}
END_TEST

START_TEST(oracles_have_names)
{
    unsigned     oracles;
    struct error error = { "" };

    ck_assert(oracles_named("all", &oracles, &error));
    ck_assert_uint_eq(oracles, ORACLES_ALL);
    ck_assert(oracles_named("none", &oracles, &error));
    ck_assert_uint_eq(oracles, 0);
    ck_assert(oracles_named("stream,rest", &oracles, &error));
    ck_assert_uint_eq(oracles, ORACLE_STREAM | ORACLE_REST);
    ck_assert(!oracles_named("stream,luck", &oracles, &error));
    ck_assert_ptr_nonnull(strstr(error.sentence, "luck"));
}
END_TEST

SUITE(fuzz_stage)
{
    Suite *suite = suite_create("fuzz_stage");
    TCase *tests = tcase_create("stage");

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, the_catalog_reaches_every_state_and_no_oracle_speaks);
    tcase_add_loop_test(tests, chance_makes_no_oracle_speak, 0, 4);
    tcase_add_test(tests, the_corpus_makes_no_oracle_speak);
    tcase_add_test(tests, a_listener_can_be_closed_and_each_event_has_its_cost);
    tcase_add_test(tests, invariants_have_requirements);
    tcase_add_test(tests, oracles_have_names);
    suite_add_tcase(suite, tests);
    return suite;
}
