/* host.h: the target `HOST[:PORT]`: any host that this one can reach, itself included, with services of its own. It knows how
 * to get there and what answers; it does not know what is played. */
#ifndef TCPROVE_HOST_H
#define TCPROVE_HOST_H

#include "error.h"
#include "host/stand.h"
#include "target.h"

extern const struct target_kind target_host;

/* At a time, unless more are asked for: small stacks have a handful of connections. */
enum { HOST_JOBS = 4 };

/* Where the target is and what stands there. */
struct host_place {
    struct ip_address address;
    char              scope[16]; /* the interface of a link-local address; "" for none */
    struct service_at services[SERVICES];
    size_t            service_count;
};

/* Services are those of the wish, ports filled in, or one that is unknown; with an agent, one of kind NONE whose port is still
 * to be had from it; none where the target but connects and no port is named. A port behind the host goes to the first service
 * that names none. false with a sentence. */
bool host_place_read(const struct target_wish *wish, struct host_place *place, struct error *error);

/* What an immediate reply takes on a path, at least and at most. */
struct round_trip {
    uint64_t least_us, most_us;
};

/* From samples of it, which it sorts: half their spread beyond each end, and what a busy host may keep a reply waiting. */
struct round_trip host_round_trip(uint64_t *samples_us, size_t count);

#endif
