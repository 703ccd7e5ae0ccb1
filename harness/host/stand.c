#include "host/stand.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/neighbour.h"

enum { FIRST_PORT = 1024, BLOCK_TRIES = 60, BLOCK_STRIDE = 331 /* no divisor of BLOCKS */ };

bool stand_may_speak(struct error *error)
{
    char    program[300] = "tcprove";
    ssize_t length;
    int     fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        close(fd);
        return true;
    }
    if (errno != EPERM && errno != EACCES)
        return error_set(error, "a packet socket: %s", strerror(errno));
    length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length > 0)
        program[length] = '\0';
    return error_set(error,
                     "segments are made and captured raw, which needs CAP_NET_RAW: sudo setcap cap_net_raw+ep %s"
                     " (or run it with sudo)",
                     program);
}

/* ---- taking a stand --------------------------------------------------------------------------------------------------- */

static bool choose_source(const char *source, struct stand *stand, struct error *error)
{
    char address[46];

    stand->source = stand->path.source;
    if (source != NULL && !ip_address_parse(source, &stand->source))
        return error_set(error, "--source takes an IP address, not \"%s\"", source);
    ip_address_print(&stand->path.target, address);
    if (stand->source.family == 0)
        return error_set(error, "%s has no IPv%u address to speak to %s from: give it one, or name a free one with --source",
                         stand->path.interface, stand->path.target.family, address);
    if (stand->source.family != stand->path.target.family)
        return error_set(error, "--source %s and the target %s are not of one family", source, address);
    return true;
}

static bool take_unowned(struct stand *stand, struct error *error)
{
    char address[46];

    if (stand->path.local) {
        ip_address_print(&stand->source, address);
        return error_set(error, "the target is this host itself: it cannot be spoken to from %s, leave --source out", address);
    }
    neighbour_mac(&stand->source, stand->mac);
    stand->neighbour = neighbour_start(&stand->path, &stand->source, error);
    return stand->neighbour > 0;
}

bool stand_take(const struct ip_address *target, const char *interface, const char *source, struct stand *stand,
                struct error *error)
{
    uint16_t start = 0;

    *stand = (struct stand){ .neighbour = -1 };
    if (!stand_may_speak(error) || !path_find(target, interface, &stand->path, error) || !choose_source(source, stand, error) ||
        !path_resolve(&stand->path, error))
        return false;
    if (getrandom(&start, sizeof start, 0) != (ssize_t)sizeof start)
        return error_set(error, "no random number for the first port: %s", strerror(errno));
    stand->first_block = start % BLOCKS;
    stand->owned       = path_owns(&stand->source);
    if (stand->owned)
        memcpy(stand->mac, stand->path.own_mac, MAC_OCTETS);
    return stand->owned || take_unowned(stand, error);
}

void stand_leave(struct stand *stand)
{
    neighbour_stop(stand->neighbour);
    stand->neighbour = -1;
}

/* ---- blocks ----------------------------------------------------------------------------------------------------------- */

static bool avoids(const struct stand *stand, uint16_t first_port)
{
    for (unsigned i = 0; stand->path.local && i < stand->avoided_count; i++)
        if (stand->avoided[i] >= first_port && stand->avoided[i] - first_port < TESTER_PORTS)
            return false;
    return true;
}

/* An address that nobody owns has all its ports to give; on one of this host's, the guards show which are free. */
static bool take_ports(const struct stand *stand, unsigned index, struct port_block *block, struct error *error)
{
    for (unsigned i = 0; i < BLOCK_TRIES; i++) {
        unsigned number = (stand->first_block + index + i * BLOCK_STRIDE) % BLOCKS;

        block->first_port = (uint16_t)(FIRST_PORT + number * TESTER_PORTS);
        if (!avoids(stand, block->first_port))
            continue;
        if (!stand->owned)
            return true;
        enum guarded got = guard_open(&block->guard, &stand->source, stand->path.index, block->first_port, TESTER_PORTS, error);

        if (got != GUARD_PORT_IN_USE)
            return got == GUARDED;
    }
    return error_set(error,
                     "no %d free ports in a row were found on this host: end what uses so many, or name a free address"
                     " with --source",
                     TESTER_PORTS);
}

bool block_open(const struct stand *stand, unsigned index, const struct fault *fault, struct port_block *block,
                struct error *error)
{
    struct wire_wish wish = { .interface = stand->path.interface,
                              .ports     = TESTER_PORTS,
                              .mtu       = stand->path.mtu,
                              .shared    = true,
                              .local     = stand->path.local,
                              .tester    = stand->source,
                              .target    = stand->path.target,
                              .fault     = fault };

    *block = (struct port_block){ .clock = (uint32_t)(wire_now_us() / 4) };
    memcpy(wish.tester_mac, stand->mac, MAC_OCTETS);
    memcpy(wish.target_mac, stand->path.next_mac, MAC_OCTETS);
    if (!take_ports(stand, index, block, error))
        return false;
    wish.first_port = block->first_port;
    block->wire     = wire_open(&wish, error);
    if (block->wire == NULL)
        block_close(block);
    return block->wire != NULL;
}

void block_close(struct port_block *block)
{
    wire_close(block->wire);
    guard_close(&block->guard);
    block->wire = NULL;
}
