/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Targets: creation, lookup by name and number, and the LUN map. */
#include "target.h"

#include <string.h>

#include "account.h"
#include "acl.h"
#include "daemon.h"
#include "error.h"
#include "isns.h"
#include "log.h"
#include "lu.h"
#include "lun-map.h"
#include "name.h"
#include "plugin.h"
#include "system.h"

/* All targets. Changed by the main thread under `lock`, read by it without, by others under `lock`.
 */
struct targets {
    GMutex lock;
    GTree *by_name; /* char -> struct tgt_target, one reference each */
    GTree *by_tid;  /* GUINT_TO_POINTER(tid) -> the same */
};

static gint compare_names(gconstpointer a, gconstpointer b, gpointer data)
{
    return strcmp(a, b);
}

static gint compare_numbers(gconstpointer a, gconstpointer b, gpointer data)
{
    guint x = GPOINTER_TO_UINT(a), y = GPOINTER_TO_UINT(b);
    return (x > y) - (x < y);
}

struct targets *targets_new(void)
{
    struct targets *targets = g_new0(struct targets, 1);
    g_mutex_init(&targets->lock);
    targets->by_name = g_tree_new_full(compare_names, NULL, NULL, NULL);
    targets->by_tid = g_tree_new_full(compare_numbers, NULL, NULL, NULL);
    return targets;
}

static gboolean drop(gpointer key, gpointer value, gpointer data)
{
    target_unref(value);
    return FALSE;
}

void targets_free(struct targets *targets)
{
    if (targets == NULL)
        return;
    g_tree_foreach(targets->by_tid, drop, NULL);
    g_tree_unref(targets->by_name);
    g_tree_unref(targets->by_tid);
    g_mutex_clear(&targets->lock);
    g_free(targets);
}

static struct targets *all(void)
{
    return daemon_get()->targets;
}

/* ---- References ---- */

struct tgt_target *target_ref(struct tgt_target *target)
{
    g_atomic_int_inc(&target->refs);
    return target;
}

void target_unref(struct tgt_target *target)
{
    if (target == NULL || !g_atomic_int_dec_and_test(&target->refs))
        return;
    g_tree_unref(target->luns);
    acl_free(target->acl);
    auth_free(target->auth);
    lun_maps_free(target->maps);
    g_array_unref(target->groups);
    g_clear_pointer(&target->isns_admitted, g_hash_table_unref);
    g_hash_table_unref(target->params);
    g_mutex_clear(&target->lock);
    g_free(target->name);
    g_free(target->given);
    g_free(target->alias);
    g_free(target);
}

const char *target_name(const struct tgt_target *target)
{
    return target->given ? target->given : target->name;
}

/* ---- Creation ---- */

static struct tgt_target *target_new(const char *name, uint32_t tid)
{
    struct tgt_target *target = g_new0(struct tgt_target, 1);
    target->refs = 1;
    target->tid = tid;
    target->name = g_strdup(name);
    target->online = true;
    g_mutex_init(&target->lock);
    target->luns = g_tree_new_full(compare_numbers, NULL, NULL, NULL);
    target->acl = acl_new();
    target->auth = auth_new();
    target->maps = lun_maps_new();
    target->groups = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    target->params =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)params_free);
    return target;
}

static uint32_t lowest_free_tid(void)
{
    uint32_t tid = 1;
    while (target_by_tid(tid) != NULL)
        tid++;
    return tid;
}

static void register_target(struct tgt_target *target)
{
    struct targets *targets = all();
    g_mutex_lock(&targets->lock);
    g_tree_insert(targets->by_name, target->name, target);
    g_tree_insert(targets->by_tid, GUINT_TO_POINTER(target->tid), target);
    g_mutex_unlock(&targets->lock);
    isns_changed();
}

void target_unregister(struct tgt_target *target)
{
    struct targets *targets = all();
    g_mutex_lock(&targets->lock);
    g_tree_remove(targets->by_name, target->name);
    g_tree_remove(targets->by_tid, GUINT_TO_POINTER(target->tid));
    g_mutex_unlock(&targets->lock);
    isns_changed();
}

static bool is_free(const char *name, uint32_t tid, GError **error)
{
    if (g_tree_lookup(all()->by_name, name) != NULL) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_EXISTS, "the target '%s' already exists", name);
        return false;
    }
    if (tid != 0 && target_by_tid(tid) != NULL) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_EXISTS,
                    "target number %u already belongs to '%s'", tid, target_by_tid(tid)->name);
        return false;
    }
    return true;
}

static struct tgt_target *create(const char *name, uint32_t tid, bool legacy, GError **error)
{
    g_autofree char *prepared = name_prepare(name, error);
    if (prepared == NULL || !is_free(prepared, tid, error))
        return NULL;
    if (tid > G_MAXINT32) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "target numbers end at %d", G_MAXINT32);
        return NULL;
    }
    if (!name_is_iscsi(prepared))
        log_notice("target '%s': not an iSCSI name (iqn., eui. or naa.); some initiators refuse it",
                   prepared);
    struct tgt_target *target = target_new(prepared, tid ? tid : lowest_free_tid());
    target->legacy = legacy;
    if (legacy && strcmp(name, prepared) != 0)
        target->given = g_strdup(name);
    register_target(target);
    return target;
}

struct tgt_target *target_create(const char *name, uint32_t tid, GError **error)
{
    return create(name, tid, false, error);
}

struct tgt_target *target_create_legacy(const char *name, uint32_t tid, GError **error)
{
    return create(name, tid, true, error);
}

/* ---- Lookup on the main thread ---- */

struct tgt_target *target_by_tid(uint32_t tid)
{
    return g_tree_lookup(all()->by_tid, GUINT_TO_POINTER(tid));
}

static gboolean collect(gpointer key, gpointer value, gpointer data)
{
    g_ptr_array_add(data, value);
    return FALSE;
}

static gboolean collect_name(gpointer key, gpointer value, gpointer data)
{
    g_ptr_array_add(data, key);
    return FALSE;
}

GList *targets_list(void)
{
    GList *list = NULL;
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    g_tree_foreach(all()->by_tid, collect, found);
    for (guint i = found->len; i > 0; i--)
        list = g_list_prepend(list, g_ptr_array_index(found, i - 1));
    return list;
}

static void not_found(const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_tree_foreach(all()->by_name, collect_name, names);
    g_ptr_array_add(names, NULL);
    const char *near = suggest(name, (const char *const *)names->pdata);
    if (near != NULL)
        g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND,
                    "there is no target '%s'; did you mean '%s'?", name, near);
    else
        g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND, "there is no target '%s'", name);
}

static struct tgt_target *lookup_number(const char *name)
{
    guint64 tid;
    if (!g_ascii_string_to_unsigned(name + 1, 10, 1, G_MAXINT32, &tid, NULL))
        return NULL;
    return target_by_tid((uint32_t)tid);
}

struct tgt_target *target_lookup(const char *name, GError **error)
{
    g_autofree char *prepared = name_prepare(name, NULL);
    struct tgt_target *target = NULL;
    if (name[0] == '@')
        target = lookup_number(name);
    else if (prepared != NULL)
        target = g_tree_lookup(all()->by_name, prepared);
    if (target == NULL)
        not_found(name, error);
    return target;
}

/* ---- Lookup from any thread ---- */

static bool allowed(struct tgt_target *target, const struct tgt_access *access)
{
    g_mutex_lock(&target->lock);
    bool ok = acl_allows(target->acl, access->peer, access->initiator) &&
              isns_admits(target, access->initiator);
    g_mutex_unlock(&target->lock);
    return ok;
}

static struct tgt_target *find(const char *name)
{
    struct targets *targets = all();
    g_autofree char *prepared = name_prepare(name, NULL);
    if (prepared == NULL)
        return NULL;
    g_mutex_lock(&targets->lock);
    struct tgt_target *target = g_tree_lookup(targets->by_name, prepared);
    if (target != NULL)
        target_ref(target);
    g_mutex_unlock(&targets->lock);
    return target;
}

enum tgt_find target_find(const char *name, const struct tgt_access *access,
                          struct tgt_target **target)
{
    enum tgt_find result = TGT_FIND_OK;
    *target = NULL;
    if (system_state() != SYSTEM_READY)
        return TGT_FIND_OFFLINE;
    if (name == NULL)
        return TGT_FIND_OK;
    struct tgt_target *found = find(name);
    if (found == NULL)
        return TGT_FIND_NONE;
    if (!allowed(found, access))
        result = TGT_FIND_FORBIDDEN;
    else if (!__atomic_load_n(&found->online, __ATOMIC_ACQUIRE))
        result = TGT_FIND_OFFLINE;
    if (result == TGT_FIND_OK)
        *target = found;
    else
        target_unref(found);
    return result;
}

void target_visit(const struct tgt_access *access,
                  void (*fn)(const struct tgt_target *target, void *data), void *data)
{
    struct targets *targets = all();
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    g_mutex_lock(&targets->lock);
    g_tree_foreach(targets->by_name, collect, found);
    for (guint i = 0; i < found->len; i++) {
        struct tgt_target *target = g_ptr_array_index(found, i);
        if (allowed(target, access))
            fn(target, data);
    }
    g_mutex_unlock(&targets->lock);
}

struct naming {
    void (*fn)(const char *name, void *data);
    void *data;
};

static void name_target(const struct tgt_target *target, void *data)
{
    const struct naming *naming = data;
    naming->fn(target->name, naming->data);
}

void target_each(const struct tgt_access *access, void (*fn)(const char *name, void *data),
                 void *data)
{
    struct naming naming = {fn, data};
    target_visit(access, name_target, &naming);
}

/* ---- LUN map ---- */

struct core_lu *target_lun(struct tgt_target *target, uint16_t lun)
{
    return g_tree_lookup(target->luns, GUINT_TO_POINTER(lun));
}

static gboolean tell(gpointer key, gpointer value, gpointer data)
{
    lu_attention_seeing(value, TGT_SENSE_REPORTED_LUNS_CHANGED, data);
    return FALSE;
}

/* `lu` has come or goes: those who see it are told on all LUs. */
static void luns_changed(struct tgt_target *target, struct core_lu *lu)
{
    g_mutex_lock(&target->lock);
    g_tree_foreach(target->luns, tell, lu);
    g_mutex_unlock(&target->lock);
}

bool target_lun_add(struct tgt_target *target, struct core_lu *lu, GError **error)
{
    if (target->dying) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_BUSY, "the target '%s' is being deleted",
                    target->name);
        return false;
    }
    if (target_lun(target, lu->lun) != NULL) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_EXISTS, "the target '%s' already has a LUN %u",
                    target->name, lu->lun);
        return false;
    }
    g_mutex_lock(&target->lock);
    g_tree_insert(target->luns, GUINT_TO_POINTER(lu->lun), lu);
    g_mutex_unlock(&target->lock);
    luns_changed(target, lu);
    return true;
}

void target_lun_remove(struct tgt_target *target, struct core_lu *lu)
{
    g_mutex_lock(&target->lock);
    g_tree_remove(target->luns, GUINT_TO_POINTER(lu->lun));
    g_mutex_unlock(&target->lock);
    luns_changed(target, lu);
}
