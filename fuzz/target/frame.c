/* frame.c: the target `frame`: raw octets that arrive at the decoder and the TCP, as stage_play_frames reads them. */
#include "fuzz/target/staged.h"
#include "fuzz/target/target.h"

static struct stage *stage;

void fuzz_begin(void)
{
    stage = staged_open();
}

void fuzz_one(const uint8_t *octets, size_t count)
{
    struct finding finding;

    if (stage_play_frames(stage, octets, count, &staged_watch, &finding))
        staged_tell(&finding);
}
