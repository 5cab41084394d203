/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtadm --mode logicalunit. */
#include <stdlib.h>
#include <string.h>

#include "adm.h"
#include "error.h"

static json_t *lun_params(const struct adm *adm)
{
    json_t *params = adm_target_params(adm);
    json_object_set_new(params, "lun", json_integer(adm->lun));
    return params;
}

static const struct adm_reason lun_reasons[] = {
    {CORE_ERROR_NOT_FOUND, "target", ADM_ERROR_NO_TARGET},
    {CORE_ERROR_NOT_FOUND, "lun", ADM_ERROR_NO_LUN},
    {0},
};

int adm_lun_exists(struct adm *adm)
{
    return adm_do(adm, "lun.show", lun_params(adm), lun_reasons);
}

/* ---- new ---- */

/* "sync:direct" -> sync=1 and direct=1; false: another word. */
static bool put_flags(json_t *options, const char *flags)
{
    g_auto(GStrv) words = g_strsplit(flags ? flags : "", ":", -1);
    for (char **w = words; *w; w++) {
        if (!**w)
            continue;
        if (strcmp(*w, "sync") != 0 && strcmp(*w, "direct") != 0)
            return false;
        g_autofree char *option = g_strconcat(*w, "=1", NULL);
        json_array_append_new(options, json_string(option));
    }
    return true;
}

static void put_options(json_t *options, const struct adm *adm)
{
    bool null = g_strcmp0(adm->bstype, "null") == 0; /* unless it says so, as large as tgt's */
    g_auto(GStrv) words = g_strsplit(adm->bsopts ? adm->bsopts : null ? "size=1T" : "", ";", -1);
    for (char **w = words; *w; w++)
        if (**w)
            json_array_append_new(options, json_string(*w));
}

/* A size that cannot be is passed over, as tgt does: the default counts. */
static void put_block_size(const struct adm *adm, json_t *params)
{
    unsigned long size = adm->blocksize ? strtoul(adm->blocksize, NULL, 0) : 0;
    if (size >= 512 && size <= 4096 && (size & (size - 1)) == 0)
        json_object_set_new(params, "block_size", json_integer((json_int_t)size));
}

/* As in tgt, a tape is an image of its own kind. */
static const char *store_of(const struct adm *adm)
{
    if (g_strcmp0(adm->type, "tape") == 0)
        return "ssc";
    return adm->bstype ? adm->bstype : "rdwr";
}

/* Without a path there is no medium yet: only a removable one can come later. A store of another
 * type may need no path. */
static void put_store(const struct adm *adm, json_t *params)
{
    const char *type = store_of(adm), *path = adm->path && *adm->path ? adm->path : NULL;
    if (path)
        json_object_set_new(params, "path", json_string(path));
    if (path || strcmp(type, "rdwr") != 0)
        json_object_set_new(params, "bs", json_string(type));
    else
        json_object_set_new(params, "removable", json_true());
}

static json_t *new_params(const struct adm *adm)
{
    json_t *params = lun_params(adm), *options = json_array();
    json_object_set_new(params, "options", options);
    json_object_set_new(params, "type", json_string(adm->type ? adm->type : "disk"));
    json_object_set_new(params, "legacy", json_true());
    put_store(adm, params);
    put_options(options, adm);
    put_block_size(adm, params);
    if (put_flags(options, adm->bsoflags))
        return params;
    json_decref(params);
    return NULL;
}

int adm_lun_new(struct adm *adm)
{
    static const struct adm_reason reasons[] = {
        {CORE_ERROR_NOT_FOUND, "target", ADM_ERROR_NO_TARGET},
        {CORE_ERROR_EXISTS, NULL, ADM_ERROR_LUN_EXISTS},
        {0},
    };
    json_t *params = adm->lun > 0 ? new_params(adm) : NULL;
    if (params)
        return adm_do(adm, "lun.create", params, reasons);
    int status = adm_target_exists(adm);
    if (status != LEGACY_OK)
        return status;
    return adm_error(adm, adm->lun == 0 ? ADM_ERROR_LUN_EXISTS /* the controller */
                                        : ADM_ERROR_INVALID);
}

/* ---- delete, show ---- */

int adm_lun_delete(struct adm *adm)
{
    static const struct adm_reason reasons[] = {
        {CORE_ERROR_NOT_FOUND, NULL, ADM_ERROR_NO_LUN},
        {CORE_ERROR_BUSY, NULL, ADM_ERROR_LUN_ACTIVE},
        {0},
    };
    if (adm->lun == 0) {
        int status = adm_target_exists(adm);
        return status == LEGACY_OK ? adm_error(adm, ADM_ERROR_INVALID) : status;
    }
    return adm_do(adm, "lun.delete", lun_params(adm), reasons);
}

int adm_lun_show(struct adm *adm)
{
    int status = LEGACY_OK;
    json_t *lun = adm_get(adm, "lun.show", lun_params(adm), lun_reasons, &status);
    if (lun)
        adm_print_lun(adm, lun);
    json_decref(lun);
    return status;
}

/* ---- update ---- */

/* tgt's name of a parameter in ours; NULL: there is no such thing here. */
static const char *key_of(const char *key)
{
    static const struct {
        const char *tgt, *ours;
    } keys[] = {
        {"scsi_id", "scsi-id"},
        {"scsi_sn", "serial"},
        {"vendor_id", "vendor"},
        {"product_id", "product"},
        {"product_rev", "revision"},
        {"sense_format", "sense-format"},
        {"removable", "removable"},
        {"readonly", "read-only"},
        {"online", "online"},
        {"thin_provisioning", "thin"},
        {"mode_page", "mode-page"},
        {"lbppbe", "physical-exponent"},
        {"la_lba", "lowest-aligned"},
        {"optimal_xfer_gran", "optimal-granularity"},
        {"optimal_xfer_len", "optimal-transfer"},
        {"rotation_rate", "rotation-rate"},
        {"path", "path"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp(keys[i].tgt, key) == 0)
            return keys[i].ours;
    return NULL;
}

static int set_value(struct adm *adm, const char *key, const char *value)
{
    json_t *params = lun_params(adm);
    json_object_set_new(params, "values", json_pack("{s:s}", key, value));
    return adm_do(adm, "lun.set", params, lun_reasons);
}

/* A new size, in bytes, is the only option that can change while the store is open, as Longhorn's
 * tgt has it: "bsopts=size=N". */
static int set_store_options(struct adm *adm, const char *options)
{
    guint64 size;
    if (!g_str_has_prefix(options, "size=") ||
        !g_ascii_string_to_unsigned(options + strlen("size="), 10, 1, G_MAXINT64, &size, NULL))
        return adm_error(adm, ADM_ERROR_INVALID);
    json_t *params = lun_params(adm);
    json_object_set_new(params, "size", json_integer((json_int_t)size));
    return adm_do(adm, "lun.resize", params, lun_reasons);
}

/* "key=value" */
static int update(struct adm *adm, char *word)
{
    char *equals = strchr(word, '=');
    if (equals)
        *equals = '\0';
    if (equals && strcmp(g_strstrip(word), "bsopts") == 0)
        return set_store_options(adm, equals + 1);
    const char *key = equals ? key_of(word) : NULL;
    return key && equals[1] ? set_value(adm, key, equals + 1) : adm_error(adm, ADM_ERROR_INVALID);
}

/* Nothing to update, also in the forms "," and " ", is success: agents send it. The controller at
 * LUN 0 has nothing that could be changed. */
int adm_lun_update(struct adm *adm)
{
    g_auto(GStrv) words = g_strsplit(adm->params ? adm->params : "", ",", -1);
    int status = adm->lun == 0 ? adm_target_exists(adm) : adm_lun_exists(adm);
    if (adm->given['f'] || adm->given['y'])
        return status == LEGACY_OK ? adm_error(adm, ADM_ERROR_INVALID) : status;
    for (char **w = words; *w && status == LEGACY_OK; w++)
        if (*g_strstrip(*w))
            status = adm->lun == 0 ? adm_error(adm, ADM_ERROR_INVALID) : update(adm, *w);
    return status;
}
