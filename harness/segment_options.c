/* segment_options.c: the options of the TCP header that are known by kind, read and built. */
#include "octets.h"
#include "segment.h"
#include "segment_octets.h"

enum { MSS_OCTETS = 4, WINDOW_SCALE_OCTETS = 3, SACK_PERMITTED_OCTETS = 2, TIMESTAMPS_OCTETS = 10, SACK_BLOCK_OCTETS = 8 };

static bool parse_sack(const uint8_t *option, size_t length, struct tcp_options *options)
{
    unsigned blocks = (unsigned)(length - 2) / SACK_BLOCK_OCTETS;

    if (blocks < 1 || blocks > 4 || length != 2 + (size_t)blocks * SACK_BLOCK_OCTETS)
        return false;
    options->sack_blocks = blocks;
    for (unsigned i = 0; i < blocks; i++)
        options->sack[i] =
            (struct sack_block){ read32(option + 2 + SACK_BLOCK_OCTETS * i), read32(option + 6 + SACK_BLOCK_OCTETS * i) };
    return true;
}

/* One option of `length` octets, kind and length among them; false where the length is wrong for the kind. */
static bool parse_option(const uint8_t *option, size_t length, struct tcp_options *options)
{
    switch (option[0]) {
    case OPTION_MSS:
        if (length != MSS_OCTETS)
            return false;
        options->has_mss = true;
        options->mss     = read16(option + 2);
        return true;
    case OPTION_WINDOW_SCALE:
        if (length != WINDOW_SCALE_OCTETS)
            return false;
        options->has_window_scale = true;
        options->window_scale     = option[2];
        return true;
    case OPTION_SACK_PERMITTED:
        options->sack_permitted = options->sack_permitted || length == SACK_PERMITTED_OCTETS;
        return length == SACK_PERMITTED_OCTETS;
    case OPTION_SACK:
        return parse_sack(option, length, options);
    case OPTION_TIMESTAMPS:
        if (length != TIMESTAMPS_OCTETS)
            return false;
        options->has_timestamps = true;
        options->tsval          = read32(option + 2);
        options->tsecr          = read32(option + 6);
        return true;
    default:
        options->unknown++;
        return true;
    }
}

void tcp_options_parse(const uint8_t *octets, size_t count, struct tcp_options *options)
{
    *options = (struct tcp_options){ 0 };
    for (size_t at = 0; at < count && octets[at] != OPTION_END;) {
        if (octets[at] == OPTION_NOP) {
            at++;
            continue;
        }
        size_t length = at + 1 < count ? octets[at + 1] : 0;

        if (length < 2 || length > count - at || !parse_option(octets + at, length, options)) {
            options->malformed = true;
            return;
        }
        at += length;
    }
}

/* Starts an option of `length` octets on a multiple of 4, NOPs in front. Returns where it begins; the octets after kind and
 * length are the caller's to write. */
static uint8_t *begin_option(uint8_t *octets, size_t *count, uint8_t kind, size_t length)
{
    while ((*count + length) % 4 != 0)
        octets[(*count)++] = OPTION_NOP;
    uint8_t *option = octets + *count;

    option[0] = kind;
    option[1] = (uint8_t)length;
    *count += length;
    return option;
}

static void build_sack(const struct tcp_options *options, uint8_t *octets, size_t *count)
{
    size_t room   = (TCP_OPTIONS_MAX_OCTETS - *count) / 4 * 4;
    size_t blocks = room < 4 ? 0 : (room - 4) / SACK_BLOCK_OCTETS;

    if (blocks > options->sack_blocks)
        blocks = options->sack_blocks;
    if (blocks > 4)
        blocks = 4;
    if (blocks == 0)
        return;
    uint8_t *option = begin_option(octets, count, OPTION_SACK, 2 + blocks * SACK_BLOCK_OCTETS);

    for (size_t i = 0; i < blocks; i++) {
        write32(option + 2 + SACK_BLOCK_OCTETS * i, options->sack[i].left);
        write32(option + 6 + SACK_BLOCK_OCTETS * i, options->sack[i].right);
    }
}

size_t tcp_options_build(const struct tcp_options *options, uint8_t octets[TCP_OPTIONS_MAX_OCTETS])
{
    size_t count = 0;

    if (options->has_mss)
        write16(begin_option(octets, &count, OPTION_MSS, MSS_OCTETS) + 2, options->mss);
    if (options->sack_permitted)
        begin_option(octets, &count, OPTION_SACK_PERMITTED, SACK_PERMITTED_OCTETS);
    if (options->has_timestamps) {
        uint8_t *option = begin_option(octets, &count, OPTION_TIMESTAMPS, TIMESTAMPS_OCTETS);

        write32(option + 2, options->tsval);
        write32(option + 6, options->tsecr);
    }
    if (options->has_window_scale)
        begin_option(octets, &count, OPTION_WINDOW_SCALE, WINDOW_SCALE_OCTETS)[2] = options->window_scale;
    build_sack(options, octets, &count);
    return count;
}
