/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtadm --mode account. */
#include "adm.h"
#include "error.h"

static const struct adm_reason reasons[] = {
    {CORE_ERROR_NOT_FOUND, "target", ADM_ERROR_NO_TARGET},
    {CORE_ERROR_NOT_FOUND, NULL, ADM_ERROR_NO_ACCOUNT},
    {CORE_ERROR_EXISTS, "outgoing", ADM_ERROR_OUTGOING_EXISTS},
    {CORE_ERROR_EXISTS, NULL, ADM_ERROR_ACCOUNT_EXISTS},
    {0},
};

int adm_account_new(struct adm *adm)
{
    return adm_do(adm, "account.create",
                  json_pack("{s:s, s:s}", "name", adm->user, "password", adm->password), reasons);
}

/* As in tgt, with all that it is bound to. */
int adm_account_delete(struct adm *adm)
{
    return adm_do(adm, "account.delete", json_pack("{s:s, s:b}", "name", adm->user, "force", 1),
                  reasons);
}

/* Without a target, for discovery. */
static int bind(struct adm *adm, const char *method)
{
    json_t *params = adm->given['t'] ? adm_target_params(adm) : json_object();
    json_object_set_new(params, "name", json_string(adm->user));
    json_object_set_new(params, "outgoing", json_boolean(adm->outgoing));
    return adm_do(adm, method, params, reasons);
}

int adm_account_bind(struct adm *adm)
{
    return bind(adm, "account.bind");
}

int adm_account_unbind(struct adm *adm)
{
    return bind(adm, "account.unbind");
}

/* The newest first; nothing, if there is none. */
int adm_account_show(struct adm *adm)
{
    int status = LEGACY_OK;
    json_t *list = adm_get(adm, "account.list", NULL, NULL, &status);
    if (json_array_size(list) > 0)
        adm_say(adm, "Account list:\n");
    for (size_t i = json_array_size(list); i > 0; i--)
        adm_say(adm, "    %s\n", adm_text(json_array_get(list, i - 1), "name"));
    json_decref(list);
    return status;
}
