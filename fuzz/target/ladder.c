/* ladder.c: the target `ladder`: an input of input.h, played on the stage. */
#include "fuzz/target/staged.h"
#include "fuzz/target/target.h"

static struct stage *stage;

void fuzz_begin(void)
{
    stage = staged_open();
}

void fuzz_one(const uint8_t *octets, size_t count)
{
    static struct input input;
    struct finding      finding;

    input_read(octets, count, &input);
    if (stage_play(stage, &input, &staged_watch, &finding))
        staged_tell(&finding);
}
