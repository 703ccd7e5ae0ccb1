/* judges.c: functions of cases that compute over a transcript, given transcripts made by hand. */
#include <string.h>

#include "catalog.h"
#include "selftest.h"

static judge *judge_of(const char *id)
{
    struct catalog catalog = catalog_open(catalog_groups);
    judge         *found   = NULL;

    for (size_t i = 0; i < catalog.count; i++) {
        if (strcmp(catalog.at[i].ladder->id, id) != 0)
            continue;
        for (const struct step *step = catalog.at[i].ladder->steps; step->rung != RUNG_END; step++)
            if (step->rung == RUNG_JUDGE)
                found = step->judge;
    }
    catalog_close(&catalog);
    ck_assert(found != NULL);
    return found;
}

/* A handshake, then so many segments of 500 octets, then the first of them once more. */
static int initial_window_of(unsigned segments, uint32_t iss)
{
    struct sighting   seen[20];
    struct transcript transcript = { seen, 0 };

    seen[transcript.count++] = (struct sighting){ .flags = SYN, .seq = 7 };
    seen[transcript.count++] = (struct sighting){ .from_target = YES, .flags = SYN | ACK, .seq = iss, .ack = 8 };
    seen[transcript.count++] = (struct sighting){ .flags = ACK, .seq = 8, .ack = iss + 1 };
    for (unsigned i = 0; i < segments; i++)
        seen[transcript.count++] =
            (struct sighting){ .from_target = YES, .flags = ACK, .seq = iss + 1 + i * 500, .ack = 8, .len = 500 };
    seen[transcript.count++] = (struct sighting){ .from_target = YES, .flags = ACK, .seq = iss + 1, .ack = 8, .len = 500 };
    return (int)judge_of("ack/initial-window")(&transcript).verdict;
}

START_TEST(the_initial_window)
{
    static const uint32_t numbers[] = { 1000, 0xfffff000 };

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(initial_window_of(1, numbers[i]), OPINION_PASS);
        ck_assert_int_eq(initial_window_of(10, numbers[i]), OPINION_PASS);
        ck_assert_int_eq(initial_window_of(11, numbers[i]), OPINION_FAIL);
    }
}
END_TEST

/* Three SYNs, each on a connection of its own, of which so many draw a SYN,ACK; or the last a RST. */
static int backlog_with(unsigned taken, bool refused)
{
    struct sighting   seen[20];
    struct transcript transcript = { seen, 0 };

    for (unsigned i = 0; i < 3; i++) {
        seen[transcript.count++] = (struct sighting){ .connection = i, .flags = SYN };
        if (i < taken)
            seen[transcript.count++] = (struct sighting){ .connection = i, .from_target = YES, .flags = SYN | ACK };
    }
    if (refused)
        seen[transcript.count++] = (struct sighting){ .connection = 2, .from_target = YES, .flags = RST | ACK };
    return (int)judge_of("accept/backlog")(&transcript).verdict;
}

START_TEST(the_backlog)
{
    ck_assert_int_eq(backlog_with(3, false), OPINION_INCONCLUSIVE);
    ck_assert_int_eq(backlog_with(2, false), OPINION_PASS);
    ck_assert_int_eq(backlog_with(2, true), OPINION_PASS);
    ck_assert_int_eq(backlog_with(1, false), OPINION_PASS);
}
END_TEST

SUITE(judges)
{
    Suite *suite = suite_create("judges");
    TCase *tests = tcase_create("judges");

    tcase_add_test(tests, the_initial_window);
    tcase_add_test(tests, the_backlog);
    suite_add_tcase(suite, tests);
    return suite;
}
