/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtadm --mode portal. */
#include <string.h>

#include "adm.h"

/* One call for each "portal=…" among the parameters; what else is there is not understood. */
static int each(struct adm *adm, const char *method)
{
    g_auto(GStrv) words = g_strsplit(adm->params, ",", -1);
    int status = LEGACY_OK, found = 0;
    for (char **w = words; *w && status == LEGACY_OK; w++) {
        if (!**w)
            continue;
        if (!g_str_has_prefix(*w, "portal="))
            return adm_error(adm, ADM_ERROR_INVALID);
        status = adm_do(
            adm, method,
            json_pack("{s:s, s:s}", "address", *w + strlen("portal="), "transport", adm->lld),
            NULL);
        found++;
    }
    return found ? status : adm_error(adm, ADM_ERROR_INVALID);
}

int adm_portal_new(struct adm *adm)
{
    return each(adm, "portal.add");
}

int adm_portal_delete(struct adm *adm)
{
    return each(adm, "portal.delete");
}

static void print(struct adm *adm, const json_t *portal)
{
    const char *address = adm_text(portal, "address");
    bool v6 = address && strchr(address, ':');
    if (g_strcmp0(adm_text(portal, "transport"), adm->lld) == 0)
        adm_say(adm, "Portal: %s%s%s:%lld,%lld\n", v6 ? "[" : "", address, v6 ? "]" : "",
                adm_int(portal, "port"), adm_int(portal, "tpgt"));
}

/* The newest first. */
int adm_portal_show(struct adm *adm)
{
    int status = LEGACY_OK;
    json_t *list = adm_get(adm, "portal.list", NULL, NULL, &status);
    for (size_t i = json_array_size(list); i > 0; i--)
        print(adm, json_array_get(list, i - 1));
    json_decref(list);
    return status;
}
