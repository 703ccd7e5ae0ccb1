/* round_trip.c: both ways open the same number of half-open connections to the same listener and end each with a RST. */
#include "bench/round_trip.h"

#include <libnet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab/lab.h"
#include "player/player.h"

enum { PLAYS = 40, SYNS = 50, ETHERNET_OCTETS = 14, PATIENCE_US = 1000000 };

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
    return values[count / 2];
}

/* ---- the player -----------------------------------------------------------------------------------------------------------
 */

/* clang-format off */
static const struct ladder_case syns = { CASE ("bench/syns", "SYN, SYN,ACK, RST"), LADDER (
    ROUNDS (SYNS, ON (FRESH), PEER (SYN), IUT (SYN|ACK), PEER (RST))) };
/* clang-format on */

/* What the bare loop left in the target's capture is read away first. */
static double play_syns(struct target *target)
{
    struct arrival arrival;
    struct error   error;

    while (target->next(target->self, target->now_us(target->self), &arrival, &error) == WAIT_ARRIVAL)
        continue;
    struct play_options options = { .seed = 1, .time_scale = 1.0 };
    struct play        *play    = play_ladder(&syns, EACH, target, &options);
    double              us      = play != NULL && play->verdict == VERDICT_PASS ? (double)play->duration_us / SYNS : 0;

    play_release(play);
    return us;
}

/* ---- the bare loop ----------------------------------------------------------------------------------------------------------
 */

struct bare {
    pcap_t       *pcap;
    libnet_t     *net;
    uint8_t       tester_mac[6], target_mac[6];
    uint32_t      tester, target; /* addresses, network order */
    uint16_t      listener, first_port;
    libnet_ptag_t tcp, ip, ethernet;
};

/* The link's name: the one interface of the namespace besides lo. */
static bool find_interface(char name[IF_NAMESIZE])
{
    struct if_nameindex *all   = if_nameindex();
    bool                 found = false;

    for (struct if_nameindex *one = all; one != NULL && one->if_index != 0; one++) {
        if (strcmp(one->if_name, "lo") != 0) {
            snprintf(name, IF_NAMESIZE, "%s", one->if_name);
            found = true;
        }
    }
    if_freenameindex(all);
    return found;
}

static pcap_t *open_pcap(const char *interface)
{
    char    said[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_create(interface, said);

    if (pcap == NULL)
        return NULL;
    pcap_set_snaplen(pcap, 200);
    pcap_set_immediate_mode(pcap, 1);
    pcap_set_timeout(pcap, 1);
    if (pcap_activate(pcap) >= 0 && pcap_setnonblock(pcap, 1, said) == 0)
        return pcap;
    pcap_close(pcap);
    return NULL;
}

static uint16_t read16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* Spins until the listener has answered `port`. false if it does not. */
static bool answered(struct bare *bare, uint16_t port)
{
    struct pcap_pkthdr *header;
    const uint8_t      *frame;
    uint64_t            until_ns = now_ns() + PATIENCE_US * 1000ull;

    while (now_ns() < until_ns) {
        if (pcap_next_ex(bare->pcap, &header, &frame) != 1)
            continue;
        if (header->caplen >= ETHERNET_OCTETS + 40 && memcmp(frame + 6, bare->target_mac, 6) == 0 && frame[12] == 8 &&
            read16(frame + 34) == bare->listener && read16(frame + 36) == port)
            return true;
    }
    return false;
}

static bool send_bare(struct bare *bare, uint16_t port, uint32_t seq, uint8_t flags)
{
    bare->tcp = libnet_build_tcp(port, bare->listener, seq, 0, flags, 65535, 0, 0, LIBNET_TCP_H, NULL, 0, bare->net, bare->tcp);
    bare->ip = libnet_build_ipv4(LIBNET_IPV4_H + LIBNET_TCP_H, 0, 1, 0, 64, IPPROTO_TCP, 0, bare->tester, bare->target, NULL, 0,
                                 bare->net, bare->ip);
    bare->ethernet =
        libnet_build_ethernet(bare->target_mac, bare->tester_mac, ETHERTYPE_IP, NULL, 0, bare->net, bare->ethernet);
    return bare->tcp != -1 && bare->ip != -1 && bare->ethernet != -1 && libnet_write(bare->net) > 0;
}

static double loop_bare(struct bare *bare)
{
    uint64_t began = now_ns();

    for (uint16_t i = 0; i < SYNS; i++) {
        uint16_t port = (uint16_t)(bare->first_port + i);

        if (!send_bare(bare, port, 1000, TH_SYN) || !answered(bare, port) || !send_bare(bare, port, 1001, TH_RST))
            return 0;
    }
    return (double)(now_ns() - began) / 1000.0 / SYNS;
}

/* Learns both MACs from a handshake that the target itself carries. */
static bool learn(struct bare *bare, struct target *target)
{
    static const uint8_t nobody[6];
    struct call_request *request = calloc(1, sizeof *request);
    struct call_reply   *reply   = calloc(1, sizeof *reply);
    struct error         error;
    bool                 learnt = false;

    if (request != NULL && reply != NULL) {
        *request = (struct call_request){ .kind = CALL_PASSIVE_OPEN, .address = { .family = 4 } };
        target->call(target->self, request, reply);
        struct segment syn = { .source           = target->tester,
                               .destination      = target->address,
                               .source_port      = (uint16_t)(target->first_port + TESTER_PORTS - 1),
                               .destination_port = reply->port,
                               .flags            = SYN,
                               .window           = 1000 };

        bare->listener   = reply->port;
        bare->first_port = target->first_port;
        memcpy(&bare->tester, target->tester.octets, 4);
        memcpy(&bare->target, target->address.octets, 4);
        learnt = reply->result == CALL_OK && target->deliver(target->self, &syn, NULL, &error);
    }
    free(request);
    free(reply);
    for (uint64_t until_ns = now_ns() + PATIENCE_US * 1000ull; learnt && now_ns() < until_ns;) {
        struct pcap_pkthdr *header;
        const uint8_t      *frame;

        if (pcap_next_ex(bare->pcap, &header, &frame) != 1 || frame[12] != 8 || memcmp(frame + 26, &bare->target, 4) != 0)
            continue;
        memcpy(bare->tester_mac, frame, 6);
        memcpy(bare->target_mac, frame + 6, 6);
        break;
    }
    return learnt && memcmp(bare->target_mac, nobody, 6) != 0;
}

static bool bare_open(struct bare *bare, struct error *error)
{
    char name[IF_NAMESIZE], said[LIBNET_ERRBUF_SIZE];

    if (!find_interface(name) || (bare->pcap = open_pcap(name)) == NULL)
        return error_set(error, "no capture for the bare loop");
    if ((bare->net = libnet_init(LIBNET_LINK, name, said)) == NULL)
        return error_set(error, "libnet: %s", said);
    return true;
}

static void bare_close(struct bare *bare)
{
    if (bare->pcap != NULL)
        pcap_close(bare->pcap);
    if (bare->net != NULL)
        libnet_destroy(bare->net);
}

/* ---- both
 * --------------------------------------------------------------------------------------------------------------------- */

static bool measure_both(void *prepared, struct round_trips *trips, struct error *error)
{
    double        bare_us[PLAYS], player_us[PLAYS];
    struct target target = { 0 };
    struct bare   bare   = { 0 };
    bool          good   = bare_open(&bare, error) && target_linux.open(prepared, 0, &target, error);

    if (good && !learn(&bare, &target))
        good = error_set(error, "the target did not answer the bare loop");
    for (int i = 0; good && i < PLAYS; i++) {
        bare_us[i]   = loop_bare(&bare);
        player_us[i] = play_syns(&target);
        if (bare_us[i] <= 0)
            good = error_set(error, "a SYN of the bare loop was not answered");
        else if (player_us[i] <= 0)
            good = error_set(error, "a SYN of the player's was not answered");
    }
    if (good)
        *trips = (struct round_trips){ median(bare_us, PLAYS), median(player_us, PLAYS), PLAYS * SYNS };
    bare_close(&bare);
    if (target.close != NULL)
        target.close(target.self);
    return good;
}

bool round_trips_measure(struct round_trips *trips, struct error *error)
{
    void *prepared =
        target_linux.prepare(&(struct target_wish){ .spec = "linux", .fault = "", .ipv6 = false, .seed = 1 }, error);

    if (prepared == NULL)
        return false;
    bool good = measure_both(prepared, trips, error);

    target_linux.release(prepared);
    return good;
}
