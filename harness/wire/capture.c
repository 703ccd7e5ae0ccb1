/* capture.c: libpcap in immediate mode. In that mode it uses a ring of single frames (TPACKET_V2), so a frame can be read as
 * soon as it is stamped, and not when a block is full or a timer has run out. */
#include "wire/capture.h"

#include <pcap/pcap.h>
#include <stdlib.h>

enum { BUFFER_OCTETS = 512 * 1024, LARGE_FRAME_OCTETS = 4096, LARGE_BUFFER_OCTETS = 4 << 20 };

struct capture {
    pcap_t *pcap;
};

static bool set_up(struct capture *capture, size_t frame_octets)
{
    pcap_t *pcap = capture->pcap;

    return pcap_set_snaplen(pcap, (int)frame_octets) == 0 && pcap_set_immediate_mode(pcap, 1) == 0 &&
           pcap_set_buffer_size(pcap, frame_octets > LARGE_FRAME_OCTETS ? LARGE_BUFFER_OCTETS : BUFFER_OCTETS) == 0 &&
           pcap_set_timeout(pcap, 1) == 0 && pcap_set_promisc(pcap, 0) == 0;
}

static bool narrow(struct capture *capture, const char *filter, struct error *error)
{
    struct bpf_program program;

    if (pcap_compile(capture->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return error_set(error, "the capture filter \"%s\": %s", filter, pcap_geterr(capture->pcap));
    bool set = pcap_setfilter(capture->pcap, &program) == 0;

    pcap_freecode(&program);
    return set || error_set(error, "the capture filter \"%s\": %s", filter, pcap_geterr(capture->pcap));
}

static bool start(struct capture *capture, const char *interface, const char *filter, struct error *error)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    int  status                = pcap_activate(capture->pcap);

    if (status == PCAP_ERROR_PERM_DENIED)
        return error_set(error, "capturing on %s needs CAP_NET_RAW: run tcprove with sudo", interface);
    if (status < 0)
        return error_set(error, "capturing on %s: %s (%s)", interface, pcap_statustostr(status), pcap_geterr(capture->pcap));
    if (pcap_datalink(capture->pcap) != DLT_EN10MB)
        return error_set(error, "%s is no Ethernet link", interface);
    if (!narrow(capture, filter, error))
        return false;
    if (pcap_setdirection(capture->pcap, PCAP_D_INOUT) != 0)
        return error_set(error, "capturing both directions on %s: %s", interface, pcap_geterr(capture->pcap));
    if (pcap_setnonblock(capture->pcap, 1, why) != 0)
        return error_set(error, "capturing on %s: %s", interface, why);
    return true;
}

struct capture *capture_open(const char *interface, const char *filter, size_t frame_octets, struct error *error)
{
    char            why[PCAP_ERRBUF_SIZE] = "";
    struct capture *capture               = calloc(1, sizeof *capture);

    if (capture == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    capture->pcap = pcap_create(interface, why);
    if (capture->pcap == NULL)
        error_set(error, "capturing on %s: %s", interface, why);
    else if (!set_up(capture, frame_octets))
        error_set(error, "capturing on %s: %s", interface, pcap_geterr(capture->pcap));
    else if (start(capture, interface, filter, error))
        return capture;
    capture_close(capture);
    return NULL;
}

void capture_close(struct capture *capture)
{
    if (capture == NULL)
        return;
    if (capture->pcap != NULL)
        pcap_close(capture->pcap);
    free(capture);
}

enum captured capture_read(struct capture *capture, struct captured_frame *frame, struct error *error)
{
    struct pcap_pkthdr *header;
    const uint8_t      *octets;
    int                 got = pcap_next_ex(capture->pcap, &header, &octets);

    if (got == 0)
        return CAPTURED_NOTHING;
    if (got < 0) {
        error_set(error, "the capture broke off: %s", pcap_geterr(capture->pcap));
        return CAPTURE_BROKEN;
    }
    frame->time_us = (uint64_t)header->ts.tv_sec * 1000000u + (uint64_t)header->ts.tv_usec;
    frame->octets  = octets;
    frame->count   = header->caplen;
    frame->cut     = header->caplen < header->len;
    return CAPTURED;
}

int capture_fd(const struct capture *capture)
{
    return pcap_get_selectable_fd(capture->pcap);
}

uint64_t capture_lost(const struct capture *capture)
{
    struct pcap_stat stat;

    /* What cannot be counted may have been lost. */
    return pcap_stats(capture->pcap, &stat) == 0 ? (uint64_t)stat.ps_drop + stat.ps_ifdrop : UINT64_MAX;
}
