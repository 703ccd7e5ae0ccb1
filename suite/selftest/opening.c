/* opening.c: whether a command that made the target connect lasted as long as it was needed, by what it did and what was sent
 * before. The command ends when the test says so. */
#include "host/opening.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "program_rig.h"
#include "selftest.h"
#include "wire/wire.h"

enum { PORT = 2048, FIRST_HANDLE = 9, ENDS_MS = 20000 };

/* What is on the wire before the command ends, or behind that. */
enum sent { NOTHING, FIN_CAME, RST_CAME, RST_CAME_ELSEWHERE, RST_LEFT, FIN_LEFT, ACK_LEFT };

static const struct {
    const char *how;
    enum sent   before, after;
    bool        lasted;
    const char *says;
} rows[] = {
    { "exit 3", NOTHING, NOTHING, false, "--connect-cmd ended before the case did: it ended with status 3" },
    { "echo cut off; exit 3", ACK_LEFT, NOTHING, false, "status 3: cut off" },
    { "kill -9 $$", NOTHING, NOTHING, false, "it died of signal 9" },
    { "exit 0", NOTHING, NOTHING, true, "" },
    { "exit 0", FIN_CAME, NOTHING, true, "" },
    { "exec sleep 60", NOTHING, NOTHING, true, "" },
    /* A program that is told of an end may fail of it; none is killed by it. */
    { "exit 3", RST_LEFT, NOTHING, true, "" },
    { "exit 3", FIN_LEFT, NOTHING, true, "" },
    { "kill -9 $$", RST_LEFT, NOTHING, false, "it died of signal 9" },
    /* So may one whose connection the target has reset, which is for the case to judge. */
    { "exit 3", RST_CAME, NOTHING, true, "" },
    { "kill -PIPE $$", RST_CAME, NOTHING, true, "" },
    { "exit 141", RST_CAME, NOTHING, true, "" },
    { "exit 143", RST_CAME, NOTHING, false, "it ended with status 143" },
    { "exit 3", RST_CAME_ELSEWHERE, NOTHING, false, "status 3" },
    { "exit 3", FIN_CAME, NOTHING, false, "status 3" },
    /* What comes behind the end was not its reason. */
    { "exit 3", NOTHING, RST_CAME, false, "status 3" },
    { "exit 3", NOTHING, RST_LEFT, false, "status 3" },
    { "exit 3", FIN_CAME, RST_LEFT, false, "status 3" },
};

static void happen(struct openings *openings, enum sent sent)
{
    uint8_t        octets[100];
    struct segment segment = { .source      = { .family = 4, .octets = { 192, 0, 2, 2 } },
                               .destination = { .family = 4, .octets = { 192, 0, 2, 1 } },
                               .source_port = 7,
                               .flags       = sent == FIN_CAME || sent == FIN_LEFT ? FIN | ACK
                                              : sent == ACK_LEFT                   ? ACK
                                                                                   : RST };

    if (sent == NOTHING)
        return;
    if (sent >= RST_LEFT) {
        segment.source_port = PORT;
        openings_foresee(openings, &segment);
        return;
    }
    segment.destination_port = sent == RST_CAME_ELSEWHERE ? PORT + 1 : PORT;
    size_t count             = segment_encode(&segment, octets, sizeof octets);

    openings_see(openings,
                 &(struct arrival){ .time_us = wire_now_us(), .from_target = true, .octets = octets, .count = count });
}

START_TEST(what_counts_as_lasting)
{
    struct command      command;
    struct openings     openings = { .command = &command, .first_handle = FIRST_HANDLE };
    struct call_reply   reply    = { 0 };
    struct call_request open     = { .kind = CALL_OPEN, .address = { .family = 4, .octets = { 192, 0, 2, 1 } }, .port = PORT };
    struct error        error    = { "" };
    char                line[200];
    bool                stays = rows[_i].how[1] == 'x' && rows[_i].how[2] == 'e';

    snprintf(line, sizeof line, "until test -e $D/go; do sleep 0.01; done; %s", rows[_i].how);
    ck_assert(command_open(&command, line, "target", ENDS_MS, &error));
    opening_ask(&openings, &open, &reply);
    ck_assert_int_eq(reply.result, CALL_OK);
    ck_assert_uint_eq(reply.handle, FIRST_HANDLE);
    happen(&openings, rows[_i].before);
    ck_assert_int_eq(program_shell("touch $D/go"), 0);
    for (int i = 0; i < ENDS_MS && !stays && !command_has_ended(&openings.at[0].run); i++)
        usleep(1000);
    happen(&openings, rows[_i].after);
    ck_assert_msg(openings_lasted(&openings, &error) == rows[_i].lasted, "row %d: %s", _i, error.sentence);
    if (!rows[_i].lasted)
        ck_assert_msg(strstr(error.sentence, rows[_i].says) != NULL, "row %d: %s", _i, error.sentence);
    openings_close(&openings);
    command_close(&command);
}
END_TEST

SUITE(opening)
{
    Suite *suite = suite_create("opening");
    TCase *tests = tcase_create("opening");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, program_make_folder, program_drop_folder);
    tcase_add_loop_test(tests, what_counts_as_lasting, 0, (int)(sizeof rows / sizeof *rows));
    suite_add_tcase(suite, tests);
    return suite;
}
