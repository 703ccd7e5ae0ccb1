#include "privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

/* The bounding set can only be emptied by who holds CAP_SETPCAP; no_new_privs makes it matter to nobody. */
static bool apply(bool keep_raw, struct error *error)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_set(error, "no_new_privs: %s", strerror(errno));
    capng_get_caps_process();
    bool bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
    bool raw    = keep_raw && capng_have_capability(CAPNG_PERMITTED, CAP_NET_RAW) != 0;

    capng_clear(CAPNG_SELECT_BOTH);
    if (raw)
        capng_update(CAPNG_ADD, (capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED), CAP_NET_RAW);
    if (capng_apply(bounds ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) != 0)
        return error_set(error, "capabilities could not be dropped");
    return true;
}

bool drop_privilege(struct error *error)
{
    if (!apply(false, error))
        return false;
    capng_get_caps_process();
    if (capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
        return error_set(error, "capabilities are left after all were dropped");
    return true;
}

bool keep_raw_only(struct error *error)
{
    return apply(true, error);
}
