#include "host/offload.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct known_offload {
    struct offload offload;
    uint32_t       get;
    uint32_t       flag;       /* of ETHTOOL_GFLAGS */
    bool           local_only; /* what is sent raw is not touched by it: it counts where the target's TCP is this host's */
};

static const struct known_offload known[] = {
    { { "gro", "merges segments that come in before they are captured" }, ETHTOOL_GGRO, 0, false },
    { { "lro", "merges segments that come in before they are captured" }, ETHTOOL_GFLAGS, ETH_FLAG_LRO, false },
    { { "tso", "shows many segments as one" }, ETHTOOL_GTSO, 0, true },
    { { "gso", "shows many segments as one" }, ETHTOOL_GGSO, 0, true },
};

unsigned offloads_on(const char *interface, bool local, void (*tell)(void *context, const struct offload *offload),
                     void *context)
{
    struct ifreq request = { 0 };
    int          fd      = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    unsigned     found   = 0;

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
    for (size_t i = 0; fd >= 0 && i < sizeof known / sizeof *known; i++) {
        struct ethtool_value value = { .cmd = known[i].get };

        request.ifr_data = (void *)&value;
        if (known[i].local_only && !local)
            continue;
        if (ioctl(fd, SIOCETHTOOL, &request) != 0)
            continue; /* an interface that cannot be asked has none to turn off */
        bool on = known[i].flag != 0 ? (value.data & known[i].flag) != 0 : value.data != 0;

        found += on;
        if (on && tell != NULL)
            tell(context, &known[i].offload);
    }
    if (fd >= 0)
        close(fd);
    return found;
}
