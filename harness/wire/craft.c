/* craft.c: libnet builds from the inside out: options, TCP, IP. Every segment is built anew, for a block that is used again
 * keeps what the segment before left in it. */
#include "wire/craft.h"

#include <errno.h>
#include <libnet.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { DEFAULT_HOP_LIMIT = 64, IPV4_OCTETS = 20, IPV6_OCTETS = 40, IP_MAX_OCTETS = 65535 };

struct craft {
    libnet_t *libnet;
};

/* A packet socket receives too. Nobody reads this one, so it is told to take nothing: else each frame on the link would be
 * queued once more for every case that is playing. */
static bool refuse_all(int fd)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog  program = { .len = 1, .filter = &nothing };

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

struct craft *craft_open(const char *interface, struct error *error)
{
    char          why[LIBNET_ERRBUF_SIZE] = "";
    struct craft *craft                   = calloc(1, sizeof *craft);

    if (craft == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    craft->libnet = libnet_init(LIBNET_LINK_ADV, interface, why);
    if (craft->libnet == NULL)
        error_set(error, "injecting on %s: %s", interface, why);
    else if (!refuse_all(libnet_getfd(craft->libnet)))
        error_set(error, "injecting on %s: no filter on the socket: %s", interface, strerror(errno));
    else
        return craft;
    craft_close(craft);
    return NULL;
}

void craft_close(struct craft *craft)
{
    if (craft == NULL)
        return;
    if (craft->libnet != NULL)
        libnet_destroy(craft->libnet);
    free(craft);
}

/* ---- building --------------------------------------------------------------------------------------------------------- */

static bool build_tcp(libnet_t *libnet, const struct segment *segment, size_t tcp_octets)
{
    if (segment->option_octets > 0 &&
        libnet_build_tcp_options(segment->options, (uint32_t)segment->option_octets, libnet, 0) < 0)
        return false;
    return libnet_build_tcp(segment->source_port, segment->destination_port, segment->seq, segment->ack, segment->flags,
                            segment->window, 0, segment->urgent_pointer, (uint16_t)tcp_octets,
                            segment->text_octets > 0 ? segment->text : NULL, (uint32_t)segment->text_octets, libnet, 0) >= 0;
}

static bool build_ipv4(libnet_t *libnet, const struct segment *segment, size_t tcp_octets)
{
    uint32_t source, destination;
    uint8_t  hops = segment->hop_limit != 0 ? segment->hop_limit : DEFAULT_HOP_LIMIT;

    memcpy(&source, segment->source.octets, sizeof source);
    memcpy(&destination, segment->destination.octets, sizeof destination);
    return libnet_build_ipv4((uint16_t)(IPV4_OCTETS + tcp_octets), segment->traffic_class, segment->identification, IP_DF, hops,
                             IPPROTO_TCP, 0, source, destination, NULL, 0, libnet, 0) >= 0;
}

static bool build_ipv6(libnet_t *libnet, const struct segment *segment, size_t tcp_octets)
{
    struct libnet_in6_addr source, destination;
    uint8_t                hops = segment->hop_limit != 0 ? segment->hop_limit : DEFAULT_HOP_LIMIT;

    memcpy(&source, segment->source.octets, sizeof source);
    memcpy(&destination, segment->destination.octets, sizeof destination);
    return libnet_build_ipv6(segment->traffic_class, 0, (uint16_t)tcp_octets, IPPROTO_TCP, hops, source, destination, NULL, 0,
                             libnet, 0) >= 0;
}

size_t craft_segment(struct craft *craft, const struct segment *segment, uint8_t *packet, size_t room, struct error *error)
{
    bool     v6         = segment->source.family == 6;
    size_t   padded     = (segment->option_octets + 3) / 4 * 4;
    size_t   tcp_octets = TCP_HEADER_OCTETS + padded + segment->text_octets;
    size_t   ip_octets  = tcp_octets + (v6 ? IPV6_OCTETS : IPV4_OCTETS);
    uint8_t *made       = NULL;
    uint32_t count      = 0;

    if (segment->source.family != segment->destination.family || padded > TCP_OPTIONS_MAX_OCTETS) {
        error_set(error, "a segment from IPv%u to IPv%u with %zu octets of options is no packet", segment->source.family,
                  segment->destination.family, segment->option_octets);
        return 0;
    }
    if (ip_octets > IP_MAX_OCTETS || ip_octets > room) {
        error_set(error, "a packet of %zu octets does not fit the link's MTU of %zu", ip_octets, room);
        return 0;
    }
    libnet_clear_packet(craft->libnet);
    bool built = build_tcp(craft->libnet, segment, tcp_octets) &&
                 (v6 ? build_ipv6 : build_ipv4)(craft->libnet, segment, tcp_octets) &&
                 libnet_adv_cull_packet(craft->libnet, &made, &count) >= 0;

    if (!built || count > room) {
        error_set(error, "crafting a segment: %s", built ? "it is longer than it should be" : libnet_geterror(craft->libnet));
        count = 0;
    } else {
        memcpy(packet, made, count);
    }
    if (made != NULL)
        libnet_adv_free_packet(craft->libnet, made);
    return count;
}

bool craft_write(struct craft *craft, const uint8_t *frame, size_t count, struct error *error)
{
    int written = libnet_adv_write_link(craft->libnet, frame, (uint32_t)count);

    if (written == (int)count)
        return true;
    return error_set(error, "a frame of %zu octets did not leave: %s", count, libnet_geterror(craft->libnet));
}
