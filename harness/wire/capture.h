/* capture.h: what libpcap sees on a link, one frame at a time and never waiting. It knows neither whose frames they are nor
 * what is in them. */
#ifndef TCPROVE_WIRE_CAPTURE_H
#define TCPROVE_WIRE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct capture;

struct captured_frame {
    uint64_t       time_us; /* CLOCK_REALTIME, as the kernel stamped it */
    const uint8_t *octets;  /* the capture's to keep until the next frame is asked for */
    size_t         count;   /* octets captured */
    bool           cut;     /* it was longer */
};

enum captured { CAPTURED, CAPTURED_NOTHING, CAPTURE_BROKEN };

/* Captures both directions of an Ethernet link from now on, as far as the filter (pcap-filter(7)) admits. Frames are kept up
 * to frame_octets. NULL with a sentence when that cannot be. */
struct capture *capture_open(const char *interface, const char *filter, size_t frame_octets, struct error *error);
void            capture_close(struct capture *capture);

/* The next frame that the kernel has handed over. */
enum captured capture_read(struct capture *capture, struct captured_frame *frame, struct error *error);

/* To be polled for reading. */
int capture_fd(const struct capture *capture);

/* Frames that there was no room for so far. */
uint64_t capture_lost(const struct capture *capture);

#endif
