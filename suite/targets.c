#include "targets.h"

#include <stdio.h>
#include <string.h>

#include "catalog.h"
#include "fault.h"
#include "host/host.h"
#include "host/spec.h"
#include "inprocess/inprocess.h"
#include "lab/lab.h"

/* In virtual time the wait is computing: a few at a time are enough. On a wire nearly all of a case is waiting. */
struct known_target {
    const struct target_kind *kind;
    unsigned                  jobs;
};

static const struct known_target kinds[] = { { &target_reference, 4 }, { &target_linux, 200 } };
enum { KINDS = sizeof kinds / sizeof *kinds };

unsigned target_jobs(const struct target_kind *kind)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].kind == kind)
            return kinds[i].jobs;
    return HOST_JOBS;
}

unsigned target_services(const struct options *options, const struct target_kind *kind)
{
    unsigned bits = options_service_bits(options);

    if (kind != &target_host || options->agent != NULL)
        return bits;
    bits = bits == 0 ? 1u << SERVICE_UNKNOWN : bits;
    return options->connect != NULL ? bits | 1u << SERVICE_CONNECTS : bits;
}

static bool fault_is_known(const char *name, struct error *error)
{
    const struct fault *fault;

    if (fault_named(name, &fault, error))
        return true;
    for (size_t i = 0; (fault = fault_at(i)) != NULL; i++)
        if (edit_distance(fault->name, name) < 4)
            return error_set(error, "unknown fault \"%s\": did you mean %s? tcprove --help lists them all", name, fault->name);
    return false;
}

static const struct target_kind *find_kind(const char *spec, const char *base, struct error *error)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].kind->name, base) == 0)
            return kinds[i].kind;
    if (host_spec_like(base))
        return &target_host;
    for (size_t i = 0; i < KINDS; i++) {
        if (edit_distance(kinds[i].kind->name, base) < 4) {
            error_set(error, "unknown target \"%s\": did you mean %s?", spec, kinds[i].kind->name);
            return NULL;
        }
    }
    error_set(error, "unknown target \"%s\": targets are reference, linux and HOST[:PORT]", spec);
    return NULL;
}

/* What is given and does nothing would be taken to have done something. */
static bool options_fit(const struct options *options, const struct target_kind *kind, struct error *error)
{
    const struct {
        const char *name;
        bool        given;
    } for_hosts[] = { { "--agent", options->agent != NULL },
                      { "--service-id", options->agent_service != 0 },
                      { "--source", options->source != NULL },
                      { "-i", options->interface != NULL },
                      { "--reset-cmd", options->reset != NULL },
                      { "--connect-cmd", options->connect != NULL },
                      { "--load", options->load } };

    for (size_t i = 0; kind != &target_host && i < sizeof for_hosts / sizeof *for_hosts; i++)
        if (for_hosts[i].given)
            return error_set(error, "%s is for a target HOST[:PORT]: leave it out with %s", for_hosts[i].name, kind->name);
    return true;
}

static bool source_fits(const char *source, const struct ip_address *target, const char *spec, struct error *error)
{
    struct ip_address address;
    struct error      why;

    if (source == NULL || !ip_address_parse(source, &address))
        return true;
    if (address.family != target->family)
        return error_set(error, "--source %s and the target %s are not of one family", source, spec);
    return host_address_is_one(&address, source, &why) || error_set(error, "--source %s", why.sentence);
}

bool target_named(const struct options *options, const struct command *connect, struct named_target *named, struct error *error)
{
    const char *plus   = strchr(options->target, '+');
    size_t      length = plus != NULL ? (size_t)(plus - options->target) : strlen(options->target);

    snprintf(named->base, sizeof named->base, "%.*s", (int)length, options->target);
    named->listens = false;
    named->wish    = (struct target_wish){ .spec          = named->base,
                                           .fault         = plus != NULL ? plus + 1 : "",
                                           .ipv6          = options->ipv6,
                                           .seed          = options->seed,
                                           .interface     = options->interface,
                                           .source        = options->source,
                                           .agent         = options->agent,
                                           .agent_service = options->agent_service,
                                           .connect       = connect,
                                           .services      = options->services,
                                           .service_count = options->service_count };
    if (plus != NULL && plus[1] == '\0')
        return error_set(error, "\"%s\" names no fault behind the +", options->target);
    if (!fault_is_known(named->wish.fault, error))
        return false;
    named->kind = find_kind(options->target, named->base, error);
    if (named->kind == NULL || !options_fit(options, named->kind, error))
        return false;
    if (named->kind != &target_host)
        return true;
    struct host_place place;

    if (!host_place_read(&named->wish, &place, error) || !source_fits(options->source, &place.address, named->base, error))
        return false;
    named->wish.ipv6 = place.address.family == 6;
    named->listens   = place.service_count > 0;
    return true;
}
