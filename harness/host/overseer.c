#include "host/overseer.h"

#include <stdlib.h>

#include "clock.h"
#include "host/spec.h"

enum { FIRST_PATIENCE_MS = 2500, PATIENCE_MS = 5000 };

bool overseer_read(const struct target_wish *wish, struct overseer *overseer, struct error *error)
{
    struct host_spec spec;
    struct error     why;

    *overseer = (struct overseer){ 0 };
    if (wish->agent == NULL && wish->agent_service != 0)
        return error_set(error, "--service-id is the agent's: name it with --agent HOST[:PORT]");
    if (wish->agent == NULL)
        return true;
    if (!host_spec_read(wish->agent, false, &spec, &why))
        return error_set(error, "--agent: %s", why.sentence);
    if (wish->service_count > 0)
        return error_set(error, "--agent makes every user call at the target: leave --service out");
    if (wish->connect != NULL)
        return error_set(error, "--agent makes every user call at the target: leave --connect-cmd out");
    *overseer = (struct overseer){ .given   = true,
                                   .address = spec.address,
                                   .port    = spec.port != 0 ? spec.port : AGENT_PORT,
                                   .service = wish->agent_service != 0 ? wish->agent_service : AGENT_SERVICE };
    return true;
}

struct remote *overseer_meet(struct overseer *overseer, uint8_t family, uint16_t *port, struct error *error)
{
    uint64_t       until_ms = monotonic_ms() + FIRST_PATIENCE_MS;
    struct remote *remote =
        remote_open(&overseer->address, overseer->port, overseer->service, family, FIRST_PATIENCE_MS, error);
    struct call_request *request = calloc(1, sizeof *request);
    struct call_reply   *reply   = calloc(1, sizeof *reply);

    if (remote != NULL && (request == NULL || reply == NULL)) {
        error_set(error, "out of memory");
        remote_close(remote);
        remote = NULL;
    }
    if (remote != NULL) {
        remote_hurry(remote, until_ms);
        overseer->ours   = remote_is_ours(remote);
        request->kind    = CALL_PASSIVE_OPEN;
        request->address = (struct ip_address){ .family = family };
        remote_call(remote, request, reply);
        *port = reply->port;
        if (reply->result != CALL_OK) {
            error_set(error, "%s", reply->sentence);
            remote_close(remote);
            remote = NULL;
        }
    }
    free(request);
    free(reply);
    return remote;
}

struct remote *overseer_greet(const struct overseer *overseer, uint8_t family, struct error *error)
{
    return remote_open(&overseer->address, overseer->port, overseer->service, family, PATIENCE_MS, error);
}
