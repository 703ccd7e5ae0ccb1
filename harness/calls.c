/* calls.c: the names and the well-known ports of services. */
#include "calls.h"

struct known_service {
    const char *name;
    uint16_t    port;
};

static const struct known_service known_services[SERVICES] = {
    [SERVICE_NONE]    = { "", 0 },
    [SERVICE_ECHO]    = { "echo", 7 },
    [SERVICE_DISCARD] = { "discard", 9 },
    [SERVICE_CHARGEN] = { "chargen", 19 },
    [SERVICE_DAYTIME] = { "daytime", 13 },
    [SERVICE_HTTP]    = { "http", 80 },
    [SERVICE_UNKNOWN] = { "unknown", 0 },
};

const char *service_name(enum service service)
{
    return known_services[service].name;
}

uint16_t service_port(enum service service)
{
    return known_services[service].port;
}
