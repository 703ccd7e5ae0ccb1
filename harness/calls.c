/* calls.c: what every application has in common that carries out user calls: the names of services, the way from a request to
 * the function for it, the octets that were read. */
#include "calls.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct known_service {
    const char *name;
    uint16_t    port;
};

static const struct known_service known_services[SERVICES] = {
    [SERVICE_NONE]     = { "", 0 },
    [SERVICE_ECHO]     = { "echo", 7 },
    [SERVICE_DISCARD]  = { "discard", 9 },
    [SERVICE_CHARGEN]  = { "chargen", 19 },
    [SERVICE_DAYTIME]  = { "daytime", 13 },
    [SERVICE_HTTP]     = { "http", 80 },
    [SERVICE_UNKNOWN]  = { "unknown", 0 },
    [SERVICE_CONNECTS] = { "connects", 0 },
};

const char *service_name(enum service service)
{
    return known_services[service].name;
}

uint16_t service_port(enum service service)
{
    return known_services[service].port;
}

bool setting_is_of_listeners(enum setting setting)
{
    return setting == ACCEPTING || setting == BACKLOG;
}

/* ---- carrying out ----------------------------------------------------------------------------------------------------------
 */

static bool names_a_handle(enum call_kind kind)
{
    return kind != CALL_PASSIVE_OPEN && kind != CALL_RESERVE && kind != CALL_OPEN;
}

void call_carry_out(const struct call_table *table, void *application, const struct call_request *request,
                    struct call_reply *reply)
{
    /* Not the data: 16 KiB that nobody reads. */
    memset(reply, 0, offsetof(struct call_reply, data));
    reply->sentence[0] = '\0';
    if ((size_t)request->kind >= CALL_KINDS || table->of[request->kind] == NULL) {
        reply->result = CALL_NOT_OFFERED;
        return;
    }
    if (names_a_handle(request->kind)) {
        if (!table->look_up(application, request->handle)) {
            call_fail(reply, REFUSAL_NO_HANDLE, "the application has nothing with handle %u", request->handle);
            return;
        }
        reply->handle = request->handle;
    }
    table->of[request->kind](application, request, reply);
}

void call_fail(struct call_reply *reply, enum call_refusal refusal, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reply->sentence, sizeof reply->sentence, format, arguments);
    va_end(arguments);
    reply->result  = CALL_FAILED;
    reply->refusal = refusal;
}

void call_show(const struct call_request *request, struct call_reply *reply, const uint8_t *kept, size_t count)
{
    uint64_t oldest = reply->octets - count;

    if (request->from >= reply->octets)
        return;
    if (request->from < oldest) {
        call_fail(reply, REFUSAL_ARGUMENT, "only the octets from %llu on are still kept", (unsigned long long)oldest);
        return;
    }
    uint64_t left      = reply->octets - request->from;
    reply->data_octets = left < CALL_DATA_MAX_OCTETS ? (uint32_t)left : CALL_DATA_MAX_OCTETS;
    memcpy(reply->data, kept + (request->from - oldest), reply->data_octets);
}
