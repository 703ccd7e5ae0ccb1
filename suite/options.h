/* options.h: the command line of tcprove as data. It knows the words of the command line, and neither targets nor cases. */
#ifndef TCPROVE_OPTIONS_H
#define TCPROVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calls.h"
#include "error.h"
#include "results.h"
#include "target.h"

enum profile { PROFILE_QUICK, PROFILE_STANDARD, PROFILE_FULL };

/* Whose packets are kept in the folder of results. */
enum pcap_wish { PCAP_FAILED, PCAP_ALL, PCAP_NONE };

struct report_wish {
    const struct report_format *format;
    const char                 *path; /* "-" is standard output */
};

enum { SELECTORS_MAX = 256, REPORTS_MAX = 16 };

struct options {
    const char        *verb;
    const char        *target; /* as written; "reference" by default */
    const char        *selectors[SELECTORS_MAX];
    size_t             selector_count;
    const char        *excluded[SELECTORS_MAX];
    size_t             excluded_count;
    const char        *agent;         /* HOST[:PORT], NULL: none */
    uint16_t           agent_service; /* id in the header of what is said to it; 0: the usual one */
    const char        *output;        /* folder, NULL: none */
    const char        *format;        /* of `list` */
    enum profile       profile;
    bool               profile_given;
    bool               ipv6, strict, disruptive, fail_fast, verbose, help, version, quiet;
    unsigned           jobs; /* 0: what suits the target */
    unsigned           retries;
    uint64_t           seed;
    bool               seed_given;
    double             time_scale;
    struct report_wish reports[REPORTS_MAX];
    size_t             report_count;
    enum pcap_wish     pcap;
    const char        *baseline; /* file, NULL: none */
    const char        *reset;    /* shell command that brings a dead target back, NULL: none */
    const char        *connect;  /* shell command that makes the target connect to us, NULL: none */
    bool               update_baseline;
    bool               load;               /* of `doctor` */
    enum service       service;            /* what stands in for the target's application; SERVICE_NONE: user calls */
    const char        *interface, *source; /* NULL: what the kernel's routes say */
    struct service_at  services[SERVICES]; /* each that was named; `service` is the first */
    size_t             service_count;
};

/* As bits, 1 << enum service. */
unsigned options_service_bits(const struct options *options);

/* Reads argv[1..]; false with one sentence that says what to do (exit status 2). */
bool options_read(int argc, char **argv, struct options *options, struct error *error);

const char *profile_name(enum profile profile);

/* Real waiting, in milliseconds, that a case may need in this profile. */
uint64_t profile_limit_ms(enum profile profile);

void options_help(void);

#endif
