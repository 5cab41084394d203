/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be set on a target: its state, its alias, and the parameters that transports declare for
 * targets. */
#include "target.h"

#include <string.h>

#include "account.h"
#include "acl.h"
#include "daemon.h"
#include "error.h"
#include "lun-map.h"
#include "isns.h"
#include "name.h"
#include "plugin.h"
#include "view.h"

static bool is_loaded_transport(const struct plugin *plugin)
{
    return plugin->kind == TGT_PLUGIN_TRANSPORT && plugin->desc != NULL;
}

/* The target's values for a transport; made with their defaults on first use. Caller holds
 * target->lock. */
static struct tgt_params *params_of(struct tgt_target *target, const struct plugin *transport,
                                    GError **error)
{
    char *none[] = {NULL};
    const struct tgt_transport_ops *ops = &transport->transport;
    struct tgt_params *params = g_hash_table_lookup(target->params, transport->name);
    if (params != NULL)
        return params;
    params =
        params_parse(ops->target_params, ops->target_param_count, ops->param_size, none, error);
    if (params != NULL)
        g_hash_table_insert(target->params, g_strdup(transport->name), params);
    return params;
}

static const struct tgt_param *param_find(const struct plugin *transport, const char *name)
{
    const struct tgt_transport_ops *ops = &transport->transport;
    const char *p = (const char *)ops->target_params;
    for (unsigned i = 0; i < ops->target_param_count; i++, p += ops->param_size) {
        const struct tgt_param *param = (const struct tgt_param *)p;
        if (strcmp(param->name, name) == 0)
            return param;
    }
    return NULL;
}

/* ---- Setting ---- */

static bool set_online(struct tgt_target *target, const char *value, GError **error)
{
    bool on = strcmp(value, "yes") == 0 || strcmp(value, "on") == 0 || strcmp(value, "1") == 0;
    bool off = strcmp(value, "no") == 0 || strcmp(value, "off") == 0 || strcmp(value, "0") == 0;
    if (!on && !off) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "online is 'yes' or 'no', not '%s'",
                    value);
        return false;
    }
    __atomic_store_n(&target->online, on, __ATOMIC_RELEASE);
    return true;
}

static bool set_alias(struct tgt_target *target, const char *value, GError **error)
{
    g_autofree char *printable = text_printable(value);
    if (strlen(value) > 255 || strcmp(value, printable) != 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "an alias is UTF-8 text of at most 255 bytes without control characters");
        return false;
    }
    g_mutex_lock(&target->lock);
    g_free(target->alias);
    target->alias = *value ? g_strdup(value) : NULL;
    g_mutex_unlock(&target->lock);
    return true;
}

static bool set_match(struct tgt_target *target, const char *value, GError **error)
{
    g_mutex_lock(&target->lock);
    bool ok = acl_set_match(target->acl, value, error);
    g_mutex_unlock(&target->lock);
    return ok;
}

static bool set_auth(struct tgt_target *target, const char *value, GError **error)
{
    return auth_set(target, value, error);
}

/* New I_T_Ls see the change at once, those that are there soon. */
static bool set_lun_default(struct tgt_target *target, const char *value, GError **error)
{
    g_mutex_lock(&target->lock);
    bool ok = lun_maps_set_default(target->maps, value, error);
    g_mutex_unlock(&target->lock);
    if (ok)
        view_change(target, NULL, NULL, NULL);
    return ok;
}

/* What every target has; the rest belongs to transports. */
static const struct target_key {
    const char *name;
    bool (*set)(struct tgt_target *target, const char *value, GError **error);
} target_keys[] = {
    {"online", set_online},
    {"alias", set_alias},
    {"match", set_match},
    {"auth", set_auth},
    {"lun_default", set_lun_default},
    {"portal_groups", target_set_groups},
};

static const struct target_key *target_key_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(target_keys); i++)
        if (strcmp(target_keys[i].name, name) == 0)
            return &target_keys[i];
    return NULL;
}

static bool set_param(struct tgt_target *target, const struct plugin *transport, const char *key,
                      const char *value, GError **error)
{
    g_mutex_lock(&target->lock);
    struct tgt_params *params = params_of(target, transport, error);
    bool ok = params != NULL && params_set(params, key, value, error);
    g_mutex_unlock(&target->lock);
    return ok;
}

static void add_names(GPtrArray *names, const struct plugin *transport)
{
    const struct tgt_transport_ops *ops = &transport->transport;
    const char *p = (const char *)ops->target_params;
    for (unsigned i = 0; i < ops->target_param_count; i++, p += ops->param_size)
        g_ptr_array_add(names, (gpointer)((const struct tgt_param *)p)->name);
}

static bool unknown_key(const char *key, GError **error)
{
    const GPtrArray *plugins = plugins_known(daemon_get()->plugins);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < G_N_ELEMENTS(target_keys); i++)
        g_ptr_array_add(names, (gpointer)target_keys[i].name);
    for (guint i = 0; i < plugins->len; i++)
        if (is_loaded_transport(g_ptr_array_index(plugins, i)))
            add_names(names, g_ptr_array_index(plugins, i));
    g_ptr_array_add(names, NULL);
    const char *near = suggest(key, (const char *const *)names->pdata);
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "a target has no parameter '%s'%s%s%s", key,
                near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return false;
}

/* Each transport that knows the key takes it: a target is reachable over all of them. */
bool target_set(struct tgt_target *target, const char *key, const char *value, GError **error)
{
    bool known = false;
    const struct target_key *own = target_key_find(key);
    if (own != NULL) {
        bool ok = own->set(target, value, error);
        isns_changed();
        return ok;
    }
    const GPtrArray *plugins = plugins_known(daemon_get()->plugins);
    for (guint i = 0; i < plugins->len; i++) {
        const struct plugin *plugin = g_ptr_array_index(plugins, i);
        if (!is_loaded_transport(plugin) || param_find(plugin, key) == NULL)
            continue;
        known = true;
        if (!set_param(target, plugin, key, value, error))
            return false;
    }
    return known || unknown_key(key, error);
}

/* ---- Reading, from any thread ---- */

uint64_t target_param_uint(const struct tgt_target *target, const struct tgt_plugin *self,
                           const char *name)
{
    struct tgt_target *t = (struct tgt_target *)target;
    const struct plugin *plugin = plugin_of(self);
    const struct tgt_param *param = param_find(plugin, name);
    uint64_t value = 0;
    g_mutex_lock(&t->lock);
    struct tgt_params *params = params_of(t, plugin, NULL);
    if (params != NULL && param != NULL)
        value =
            param->type == TGT_PARAM_BOOL ? params_bool(params, name) : params_uint(params, name);
    g_mutex_unlock(&t->lock);
    return value;
}

size_t target_param_str(const struct tgt_target *target, const struct tgt_plugin *self,
                        const char *name, char *buf, size_t size)
{
    struct tgt_target *t = (struct tgt_target *)target;
    const char *text = NULL;
    g_mutex_lock(&t->lock);
    struct tgt_params *params = params_of(t, plugin_of(self), NULL);
    if (params != NULL)
        text = params_str(params, name);
    size_t len = g_strlcpy(buf, text ? text : "", size);
    g_mutex_unlock(&t->lock);
    return len;
}
