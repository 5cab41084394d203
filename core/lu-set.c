/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `lun set`: what can be changed on a logical unit while it lives. A table of keys, one function
 * per kind of value. */
#include <string.h>

#include "error.h"
#include "identity.h"
#include "lu-cache.h"
#include "lu-set.h"
#include "medium.h"
#include "mode.h"
#include "plugin.h"
#include "target.h"

struct key {
    const char *name;
    bool (*set)(struct core_lu *lu, const char *value, GError **error);
    bool (*turns_cache_off)(const char *value); /* NULL: never */
    /* In place of `set`, for what takes time. */
    void (*start)(struct core_lu *lu, const char *value, void (*done)(GError *error, void *data),
                  void *data);
};

/* ---- Values ---- */

static bool parse_bool(const char *value, bool *on, GError **error)
{
    static const char *const yes[] = {"yes", "on", "true", "1", NULL}, *const no[] = {"no", "off",
                                                                                      "false", "0",
                                                                                      NULL};
    *on = g_strv_contains(yes, value);
    if (*on || g_strv_contains(no, value))
        return true;
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "'%s' is neither yes nor no", value);
    return false;
}

static bool invalid(GError **error, const char *text)
{
    g_set_error_literal(error, CORE_ERROR, CORE_ERROR_INVALID, text);
    return false;
}

/* ---- Identity: initiators that have seen the old one would mix up devices ---- */

static bool lock_unseen(struct core_lu *lu, GError **error)
{
    g_mutex_lock(&lu->lock);
    if (lu->itls->len == 0)
        return true;
    g_mutex_unlock(&lu->lock);
    g_set_error(error, CORE_ERROR, CORE_ERROR_BUSY,
                "initiators use LUN %u of '%s': its identity can only be changed without sessions",
                lu->lun, lu->target->name);
    return false;
}

static bool set_text(struct core_lu *lu, char *field, size_t width, char fill, const char *value,
                     GError **error)
{
    if (!lock_unseen(lu, error))
        return false;
    bool ok = lu_text_set(field, width, fill, value, error);
    g_mutex_unlock(&lu->lock);
    return ok;
}

/* tgt cuts what is too long; scripts give names that are. */
static bool set_cut(struct core_lu *lu, char *field, size_t width, char fill, const char *value,
                    GError **error)
{
    size_t most = fill == ' ' ? width : MIN(width, IDENTITY_SCSI_ID_MAX);
    g_autofree char *cut = g_strndup(value, lu->identity_legacy ? most : strlen(value));
    return set_text(lu, field, width, fill, cut, error);
}

static bool set_vendor(struct core_lu *lu, const char *value, GError **error)
{
    return set_cut(lu, lu->pub.vendor, 8, ' ', value, error);
}

static bool set_product(struct core_lu *lu, const char *value, GError **error)
{
    return set_cut(lu, lu->pub.product, 16, ' ', value, error);
}

static bool set_revision(struct core_lu *lu, const char *value, GError **error)
{
    return set_cut(lu, lu->pub.revision, 4, ' ', value, error);
}

static bool set_serial(struct core_lu *lu, const char *value, GError **error)
{
    return set_cut(lu, lu->pub.serial, sizeof lu->pub.serial - 1, '\0', value, error);
}

static bool set_scsi_id(struct core_lu *lu, const char *value, GError **error)
{
    return set_cut(lu, lu->scsi_id, IDENTITY_SCSI_ID_MAX, '\0', value, error);
}

static bool set_uuid(struct core_lu *lu, const char *value, GError **error)
{
    uint8_t uuid[16];
    if (!identity_parse(value, uuid))
        return invalid(error, "a UUID has 32 hexadecimal digits");
    if (lu->identity_legacy)
        return invalid(error, "the identity of a LUN made through tgtadm does not come from a "
                              "UUID; set serial and scsi-id");
    if (!lock_unseen(lu, error))
        return false;
    bool kept = identity_store(lu->target->name, lu->lun, uuid, error);
    if (kept) {
        memcpy(lu->pub.uuid, uuid, sizeof uuid);
        identity_derive(lu);
    }
    g_mutex_unlock(&lu->lock);
    return kept;
}

/* ---- State ---- */

static bool set_bit(struct core_lu *lu, const char *value, unsigned bit, bool inverted,
                    bool *changed, GError **error)
{
    bool on;
    if (!parse_bool(value, &on, error))
        return false;
    on = on != inverted;
    *changed = on != tgt_lu_is(&lu->pub, bit);
    lu_state(&lu->pub, on ? bit : 0, on ? 0 : bit);
    return true;
}

static bool set_online(struct core_lu *lu, const char *value, GError **error)
{
    bool changed;
    if (!set_bit(lu, value, TGT_LU_OFFLINE, true, &changed, error))
        return false;
    if (changed && !tgt_lu_is(&lu->pub, TGT_LU_OFFLINE))
        lu_attention(&lu->pub, TGT_SENSE_MEDIUM_CHANGED, NULL);
    return true;
}

static const struct tgt_bs_info *store_info(const struct core_lu *lu)
{
    return lu->pub.medium ? &core_medium(lu->pub.medium)->bs->info : NULL;
}

static bool set_read_only(struct core_lu *lu, const char *value, GError **error)
{
    bool on, changed;
    const struct tgt_bs_info *info = store_info(lu);
    if (!parse_bool(value, &on, error))
        return false;
    if (!on && info != NULL && info->read_only)
        return invalid(error, "the backing store is open for reading only");
    return set_bit(lu, value, TGT_LU_READ_ONLY, false, &changed, error);
}

static bool set_removable(struct core_lu *lu, const char *value, GError **error)
{
    bool on, changed;
    if (!parse_bool(value, &on, error))
        return false;
    if (!on && tgt_lu_is(&lu->pub, TGT_LU_NO_MEDIUM))
        return invalid(error, "without a medium it has to stay removable");
    if (!set_bit(lu, value, TGT_LU_REMOVABLE, false, &changed, error))
        return false;
    if (changed)
        lu_attention(&lu->pub, TGT_SENSE_INQUIRY_DATA_CHANGED, NULL);
    return true;
}

static bool set_thin(struct core_lu *lu, const char *value, GError **error)
{
    bool on, changed;
    const struct tgt_bs_info *info = store_info(lu);
    if (!parse_bool(value, &on, error))
        return false;
    if (on && (info == NULL || info->discard != TGT_BS_NATIVE))
        return invalid(error, "the backing store cannot give space back");
    if (!set_bit(lu, value, TGT_LU_THIN, false, &changed, error))
        return false;
    if (changed)
        lu_attention(&lu->pub, TGT_SENSE_INQUIRY_DATA_CHANGED, NULL);
    return true;
}

/* ---- Mode pages ---- */

/* Caching page, WCE. */
static bool set_write_cache(struct core_lu *lu, const char *value, GError **error)
{
    bool on;
    return parse_bool(value, &on, error) && mode_set_bits(lu, 0x08, 0, 0x04, on, error);
}

static bool is_off(const char *value)
{
    bool on;
    return parse_bool(value, &on, NULL) && !on;
}

/* Control page, D_SENSE. */
static bool set_sense_format(struct core_lu *lu, const char *value, GError **error)
{
    bool descriptor = strcmp(value, "descriptor") == 0 || strcmp(value, "1") == 0;
    if (!descriptor && strcmp(value, "fixed") != 0 && strcmp(value, "0") != 0)
        return invalid(error, "the sense format is 'fixed' or 'descriptor'");
    return mode_set_bits(lu, 0x0a, 0, 0x04, descriptor, error);
}

/* Control page, SWP. */
static bool set_swp(struct core_lu *lu, const char *value, GError **error)
{
    bool on;
    return parse_bool(value, &on, error) && mode_set_bits(lu, 0x0a, 2, 0x08, on, error);
}

static const struct key keys[] = {
    {"vendor", set_vendor},
    {"product", set_product},
    {"revision", set_revision},
    {"serial", set_serial},
    {"scsi-id", set_scsi_id},
    {"uuid", set_uuid},
    {"online", set_online},
    {"read-only", set_read_only},
    {"removable", set_removable},
    {"thin", set_thin},
    {"write-cache", set_write_cache, is_off},
    {"sense-format", set_sense_format},
    {"swp", set_swp},
    {"mode-page", mode_set_page, mode_page_without_cache},
    {"physical-exponent", lu_set_physical},
    {"lowest-aligned", lu_set_lowest_aligned},
    {"optimal-granularity", lu_set_granularity},
    {"optimal-transfer", lu_set_optimal_transfer},
    {"rotation-rate", lu_set_rotation},
    {"path", .start = lu_set_path},
};

static const struct key *key_find(const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(keys) + 1] = {0};
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        names[i] = keys[i].name;
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    const char *near = suggest(name, names);
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "a logical unit has no parameter '%s'%s%s%s",
                name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return NULL;
}

/* ---- Behind a flush ---- */

/* A value that waits until the write cache is empty. */
struct setting {
    const struct key *key;
    char *value;
    void (*done)(GError *error, void *data);
    void *data;
};

static void flushed(struct core_lu *lu, int result, void *data)
{
    struct setting *s = data;
    GError *error = NULL;
    if (result == 0 && tgt_lu_is(&lu->pub, TGT_LU_WCE)) { /* a reset has turned it on meanwhile */
        lu_cache_flush(lu, flushed, s);
        return;
    }
    if (result < 0)
        g_set_error(&error, CORE_ERROR, CORE_ERROR_FAILED,
                    "the write cache stays on, because it cannot be written: %s",
                    g_strerror(-result));
    else if (!s->key->set(lu, s->value, &error))
        lu_cache_settle(lu);
    lu_let_go(lu);
    s->done(error, s->data);
    g_free(s->value);
    g_free(s);
}

static bool has_to_flush(struct core_lu *lu, const struct key *key, const char *value)
{
    if (key->turns_cache_off == NULL || !key->turns_cache_off(value))
        return false;
    g_mutex_lock(&lu->lock);
    bool on = lu_cache_is_on(lu);
    g_mutex_unlock(&lu->lock);
    return on;
}

void lu_set(struct core_lu *lu, const char *key, const char *value,
            void (*done)(GError *error, void *data), void *data)
{
    GError *error = NULL;
    const struct key *k = key_find(key, &error);
    if (k != NULL && k->start != NULL) {
        k->start(lu, value, done, data);
        return;
    }
    if (k != NULL && has_to_flush(lu, k, value)) {
        struct setting *s = g_new(struct setting, 1);
        *s = (struct setting){k, g_strdup(value), done, data};
        lu_hold(lu);
        lu_cache_flush(lu, flushed, s);
        return;
    }
    if (k != NULL)
        k->set(lu, value, &error);
    done(error, data);
}
