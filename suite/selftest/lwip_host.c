/* lwip_host.c: a program of its own: lwIP as a host with echo and discard, in one thread, on an interface that nobody else
 * uses. A TCP that is no relative of the built-in one and of the kernel's, for the tests. It knows nothing of tcprove.
 *
 *     lwip-host INTERFACE [CONNECTIONS]
 *
 * It prints a line when it listens at 192.0.2.4 and 2001:db8::4, and goes on until it is killed. Of CONNECTIONS, it has memory
 * for so many at a time, as a small device does, those in SYN-RECEIVED and in TIME-WAIT among them. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>
#include <lwip/timeouts.h>
#include <net/if.h>
#include <netif/ethernet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ECHO_PORT    = 7,
    DISCARD_PORT = 9,
    FRAME_OCTETS = 2048,
    SECOND       = 2 /* lwIP polls applications twice a second */,
    TICKS_BEFORE = 100
};

static unsigned connections_most;

/* ---- the interface ---------------------------------------------------------------------------------------------------- */

struct port {
    int         fd;
    const char *name;
};

static err_t transmit(struct netif *netif, struct pbuf *frame)
{
    const struct port *port = netif->state;
    char               octets[FRAME_OCTETS];
    u16_t              count = pbuf_copy_partial(frame, octets, sizeof octets, 0);

    /* What a full queue loses is lost, as on any link. */
    return count == frame->tot_len && send(port->fd, octets, count, 0) == count ? ERR_OK : ERR_IF;
}

static err_t set_up(struct netif *netif)
{
    const struct port *port    = netif->state;
    struct ifreq       request = { .ifr_name = "" };

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", port->name);
    if (ioctl(port->fd, SIOCGIFHWADDR, &request) != 0)
        return ERR_IF;
    memcpy(netif->hwaddr, request.ifr_hwaddr.sa_data, ETH_HWADDR_LEN);
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->name[0]    = 'e';
    netif->name[1]    = 'n';
    netif->mtu        = 1500;
    netif->flags      = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6 | NETIF_FLAG_LINK_UP;
    netif->output     = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = transmit;
    return ERR_OK;
}

static void receive(struct netif *netif)
{
    const struct port *port = netif->state;
    char               octets[FRAME_OCTETS];

    for (ssize_t count; (count = recv(port->fd, octets, sizeof octets, MSG_DONTWAIT)) > 0;) {
        struct pbuf *frame = pbuf_alloc(PBUF_RAW, (u16_t)count, PBUF_RAM);

        if (frame == NULL)
            continue;
        if (pbuf_take(frame, octets, (u16_t)count) != ERR_OK || netif->input(frame, netif) != ERR_OK)
            pbuf_free(frame);
    }
}

static bool port_open(struct port *port, const char *name)
{
    const int          on      = 1;
    struct sockaddr_ll address = { .sll_family   = AF_PACKET,
                                   .sll_protocol = htons(0x0003), /* every protocol */
                                   .sll_ifindex  = (int)if_nametoindex(name) };

    port->name = name;
    port->fd   = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    return port->fd >= 0 && address.sll_ifindex > 0 &&
           setsockopt(port->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) == 0 &&
           bind(port->fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static void take_addresses(struct netif *netif, struct port *port)
{
    ip4_addr_t address, mask, gateway;
    ip6_addr_t address6;

    IP4_ADDR(&address, 192, 0, 2, 4);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 192, 0, 2, 254);
    IP6_ADDR(&address6, PP_HTONL(0x20010db8), 0, 0, PP_HTONL(4));
    netif_add(netif, &address, &mask, &gateway, port, set_up, ethernet_input);
    netif_set_default(netif);
    netif_create_ip6_linklocal_address(netif, 1);
    netif_ip6_addr_set(netif, 1, &address6);
    for (s8_t i = 0; i < 2; i++) /* nobody else is there to have them */
        netif_ip6_addr_set_state(netif, i, IP6_ADDR_PREFERRED);
    netif_set_up(netif);
}

/* lwIP asks its own thread to go on with what it sent to itself. There is none here: the next turn of the loop does. */
err_t tcpip_try_callback(tcpip_callback_fn function, void *context)
{
    sys_timeout(0, function, context);
    return ERR_OK;
}

/* ---- memory ----------------------------------------------------------------------------------------------------------- */

static unsigned control_blocks(void)
{
    unsigned count = 0;

    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next)
        count++;
    for (const struct tcp_pcb *pcb = tcp_tw_pcbs; pcb != NULL; pcb = pcb->next)
        count++;
    return count;
}

/* lwIP's own, with the end that a device's memory has: this library was built to take what malloc gives. What lwIP does then is
 * its affair: it drops the SYN, or gives up a connection in TIME-WAIT, LAST-ACK or CLOSING for it. */
void *memp_malloc(memp_t type)
{
    if (type == MEMP_TCP_PCB && connections_most > 0 && control_blocks() >= connections_most)
        return NULL;
    return type < MEMP_MAX ? memp_malloc_pool(memp_pools[type]) : NULL;
}

/* ---- services --------------------------------------------------------------------------------------------------------- */

struct echo {
    struct pbuf *owed;  /* read and not sent back */
    bool         ended; /* the peer's FIN has come */
};

static void forget(void *arg, err_t why)
{
    struct echo *echo = arg;

    (void)why;
    if (echo == NULL)
        return;
    if (echo->owed != NULL)
        pbuf_free(echo->owed);
    free(echo);
}

static err_t close_or_abort(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    tcp_err(pcb, NULL);
    if (tcp_close(pcb) == ERR_OK)
        return ERR_OK;
    tcp_abort(pcb);
    return ERR_ABRT;
}

/* Sends back what there is room for; what is sent back makes room in the window. */
static err_t send_back(struct echo *echo, struct tcp_pcb *pcb)
{
    while (echo->owed != NULL) {
        struct pbuf *first = echo->owed;
        u16_t        room = tcp_sndbuf(pcb), count = first->len < room ? first->len : room;

        if (count == 0 || tcp_write(pcb, first->payload, count, TCP_WRITE_FLAG_COPY) != ERR_OK)
            break;
        tcp_recved(pcb, count);
        echo->owed = pbuf_free_header(first, count);
    }
    tcp_output(pcb);
    if (!echo->ended || echo->owed != NULL)
        return ERR_OK;
    free(echo);
    return close_or_abort(pcb);
}

static err_t echo_reads(void *arg, struct tcp_pcb *pcb, struct pbuf *data, err_t result)
{
    struct echo *echo = arg;

    (void)result;
    if (data == NULL)
        echo->ended = true;
    else if (echo->owed == NULL)
        echo->owed = data;
    else
        pbuf_cat(echo->owed, data);
    return send_back(echo, pcb);
}

static err_t echo_sent(void *arg, struct tcp_pcb *pcb, u16_t count)
{
    (void)count;
    return send_back(arg, pcb);
}

static err_t echo_polled(void *arg, struct tcp_pcb *pcb)
{
    return send_back(arg, pcb);
}

static err_t echo_accepts(void *arg, struct tcp_pcb *pcb, err_t result)
{
    (void)arg;
    if (pcb == NULL || result != ERR_OK)
        return ERR_VAL;
    struct echo *echo = calloc(1, sizeof *echo);

    if (echo == NULL)
        return ERR_MEM;
    tcp_arg(pcb, echo);
    tcp_err(pcb, forget);
    tcp_recv(pcb, echo_reads);
    tcp_sent(pcb, echo_sent);
    tcp_poll(pcb, echo_polled, SECOND);
    return ERR_OK;
}

static err_t discard_reads(void *arg, struct tcp_pcb *pcb, struct pbuf *data, err_t result)
{
    (void)arg;
    (void)result;
    if (data == NULL)
        return close_or_abort(pcb);
    tcp_recved(pcb, data->tot_len);
    pbuf_free(data);
    return ERR_OK;
}

static err_t discard_accepts(void *arg, struct tcp_pcb *pcb, err_t result)
{
    (void)arg;
    if (pcb == NULL || result != ERR_OK)
        return ERR_VAL;
    tcp_recv(pcb, discard_reads);
    return ERR_OK;
}

static bool listen_at(u16_t number, tcp_accept_fn accepts)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);

    if (pcb == NULL || tcp_bind(pcb, IP_ANY_TYPE, number) != ERR_OK)
        return false;
    pcb = tcp_listen(pcb);
    if (pcb == NULL)
        return false;
    tcp_accept(pcb, accepts);
    return true;
}

/* ---- the program ------------------------------------------------------------------------------------------------------ */

int main(int argc, char **argv)
{
    static struct netif netif;
    struct port         port;

    if (argc < 2 || argc > 3)
        return 2;
    connections_most = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    lwip_init();
    if (!port_open(&port, argv[1])) {
        fprintf(stderr, "lwip-host: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    take_addresses(&netif, &port);
    /* Its clock of initial sequence numbers stands still until it has ticked: it has been up for a while. */
    for (int i = 0; i < TICKS_BEFORE; i++)
        tcp_tmr();
    if (!listen_at(ECHO_PORT, echo_accepts) || !listen_at(DISCARD_PORT, discard_accepts))
        return 1;
    puts("listening");
    fflush(stdout);
    for (;;) {
        struct pollfd awaited  = { .fd = port.fd, .events = POLLIN };
        u32_t         sleep_ms = sys_timeouts_sleeptime();

        poll(&awaited, 1, sleep_ms > 1000 ? 1000 : (int)sleep_ms);
        receive(&netif);
        sys_check_timeouts();
    }
}
