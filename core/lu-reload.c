/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another store for a logical unit: `lun set path`. A new one is made on it, which takes over what
 * was set on the old one, and then its place. */
#include <string.h>

#include "bs.h"
#include "error.h"
#include "lu-cache.h"
#include "lu-set.h"
#include "medium.h"
#include "mode.h"
#include "plugin.h"

/* ---- What goes over ---- */

static const struct bs *store_of(const struct core_lu *lu)
{
    return lu->pub.medium ? core_medium(lu->pub.medium)->bs : NULL;
}

static void inherit_identity(struct core_lu *lu, const struct core_lu *old)
{
    memcpy(lu->pub.uuid, old->pub.uuid, sizeof lu->pub.uuid);
    memcpy(lu->pub.vendor, old->pub.vendor, sizeof lu->pub.vendor);
    memcpy(lu->pub.product, old->pub.product, sizeof lu->pub.product);
    memcpy(lu->pub.revision, old->pub.revision, sizeof lu->pub.revision);
    memcpy(lu->pub.serial, old->pub.serial, sizeof lu->pub.serial);
    memcpy(lu->scsi_id, old->scsi_id, sizeof lu->scsi_id);
}

static void inherit_geometry(struct tgt_lu *lu, const struct tgt_lu *old)
{
    lu->lowest_aligned = old->lowest_aligned;
    lu->optimal_granularity = old->optimal_granularity;
    lu->optimal_transfer = old->optimal_transfer;
    lu->rotation_rate = old->rotation_rate;
}

/* Of the states, those that the admin decides; what a store cannot do stays off. */
static void inherit_state(struct core_lu *lu, const struct core_lu *old)
{
    const struct bs *before = store_of(old), *now = store_of(lu);
    unsigned kept = TGT_LU_REMOVABLE | TGT_LU_SWP | TGT_LU_D_SENSE;
    if (before == NULL || !before->info.read_only)
        kept |= TGT_LU_READ_ONLY;
    if (now != NULL && now->info.discard == TGT_BS_NATIVE)
        kept |= TGT_LU_THIN;
    lu_state(&lu->pub, (unsigned)g_atomic_int_get((gint *)&old->pub.state) & kept, 0);
}

/* A cache that the new store does not have cannot be on. */
static void inherit_modes(struct core_lu *lu, struct core_lu *old)
{
    g_mutex_lock(&old->lock);
    struct mode_values *modes = old->modes;
    old->modes = lu->modes;
    lu->modes = modes;
    bool on = lu_cache_is_on(lu);
    g_mutex_unlock(&old->lock);
    if (on && !store_of(lu)->info.write_back)
        mode_set_bits(lu, 0x08, 0, 0x04, false, NULL);
    else
        lu_state(&lu->pub, on ? TGT_LU_WCE : 0, on ? 0 : TGT_LU_WCE);
}

void lu_inherit(struct core_lu *lu, struct core_lu *old)
{
    inherit_identity(lu, old);
    inherit_geometry(&lu->pub, &old->pub);
    inherit_state(lu, old);
    inherit_modes(lu, old);
    lu_counters(old, &lu->gone);
}

/* ---- The request ---- */

static bool is_secret(const struct bs *bs, const char *option)
{
    const char *p = (const char *)bs->ops->lu_params;
    for (unsigned i = 0; i < bs->ops->lu_param_count; i++, p += bs->ops->lu_param_size) {
        const struct tgt_param *param = (const struct tgt_param *)p;
        size_t len = strlen(param->name);
        if (param->flags & TGT_PARAM_SECRET && strncmp(option, param->name, len) == 0 &&
            option[len] == '=')
            return true;
    }
    return false;
}

/* Secrets are forgotten when a store is open. */
static bool options_are_known(const struct bs *bs, GError **error)
{
    for (char **o = bs->options; o && *o; o++) {
        if (!is_secret(bs, *o))
            continue;
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "the options of the store have a secret in them, which is not kept: delete the "
                    "logical unit and make it anew");
        return false;
    }
    return true;
}

static bool can_reload(const struct core_lu *lu, const char *path, GError **error)
{
    const char *problem = NULL;
    if (!tgt_lu_is(&lu->pub, TGT_LU_OFFLINE | TGT_LU_NO_MEDIUM))
        problem = "initiators may be using it: take the logical unit offline first";
    else if (!*path)
        problem = "a path is needed";
    if (problem)
        g_set_error_literal(error, CORE_ERROR, CORE_ERROR_INVALID, problem);
    return !problem && (!store_of(lu) || options_are_known(store_of(lu), error));
}

/* The word by which the device type is asked for: "disk". */
static char *type_word(const struct core_lu *lu)
{
    g_auto(GStrv) words = g_strsplit(lu->type->provides ? lu->type->provides : "", " ", -1);
    for (char **w = words; *w; w++)
        if (g_str_has_prefix(*w, "type:"))
            return g_strdup(*w + strlen("type:"));
    return g_strdup(lu->type->name);
}

/* Of a request for a path. */
struct reload {
    void (*done)(GError *error, void *data);
    void *data;
};

static void reloaded(struct core_lu *lu, GError *error, void *data)
{
    struct reload *r = data;
    r->done(error, r->data);
    g_free(r);
}

void lu_set_path(struct core_lu *lu, const char *path, void (*done)(GError *error, void *data),
                 void *data)
{
    GError *error = NULL;
    const struct bs *bs = store_of(lu);
    g_autofree char *type = type_word(lu);
    const struct lu_request request = {
        .target = lu->target,
        .lun = lu->lun,
        .type = type,
        .store = {.type = bs ? bs->plugin->name : "rdwr",
                  .path = path,
                  .options = bs ? bs->options : NULL,
                  .read_only = bs && bs->read_only},
        .block_size = lu->pub.block_size,
        .physical_exponent = lu->pub.physical_exponent,
        .legacy_identity = lu->identity_legacy,
        .replaces = lu,
    };
    if (!can_reload(lu, path, &error)) {
        done(error, data);
        return;
    }
    struct reload *r = g_new(struct reload, 1);
    *r = (struct reload){done, data};
    lu_create(&request, reloaded, r);
}
