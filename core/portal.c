/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Portals: where transports listen, opened and closed. */
#include "portal.h"

#include <string.h>

#include "daemon.h"
#include "error.h"
#include "inherited.h"
#include "isns.h"
#include "log.h"
#include "notify.h"
#include "plugin.h"
#include "portal-attach.h"
#include "portal-options.h"
#include "portal-where.h"
#include "thread.h"

/* The list is changed by the main thread under `lock`, read by it without, by others under `lock`.
 */
struct portals {
    GMutex lock;
    GPtrArray *list;     /* struct portal */
    GPtrArray *attached; /* struct plugin: transports that are attached to all threads; one user
                            each. Main thread */
};

struct portals *portals_new(void)
{
    struct portals *portals = g_new0(struct portals, 1);
    g_mutex_init(&portals->lock);
    portals->list = g_ptr_array_new();
    portals->attached = g_ptr_array_new();
    return portals;
}

static struct portals *all(void)
{
    return daemon_get()->portals;
}

/* ---- One portal ---- */

static void portal_free(struct portal *portal)
{
    params_free(portal->params);
    plugin_unuse(portal->transport);
    g_free(portal->asked);
    g_free(portal);
}

static void portal_close(struct portal *portal)
{
    portal->transport->transport.portal_close(portal->priv);
    portal_free(portal);
}

static bool announce(struct portal *portal, const char *text, GError **error)
{
    g_autofree char *announced = where_announced(text, portal->info.port, error);
    if (announced == NULL)
        return false;
    g_strlcpy(portal->info.announce, announced, sizeof portal->info.announce);
    return true;
}

/* "iscsi@10.0.0.1_3260": a name there may not contain a colon (sd_notify(3), FDNAME). */
static char *store_name(const struct portal *portal)
{
    return g_strdelimit(g_strdup_printf("%s@%s", portal->transport->name, portal->asked), ":", '_');
}

bool portal_is_store_name(const char *name)
{
    return strchr(name, '@') != NULL;
}

/* Not for the next daemon either: what the manager has kept would go on listening. */
static void portal_give_up(struct portal *portal)
{
    g_autofree char *name = store_name(portal);
    if (portal->info.fd >= 0)
        notify_forget_fd(name);
    portal_close(portal);
}

static bool open_portal(struct portal *portal, const struct where *where, GError **error)
{
    struct tgt_error err = {0};
    g_autofree char *name = store_name(portal);
    const struct tgt_portal_args args = {
        .struct_size = sizeof args,
        .address = where->address,
        .port = where->port,
        .tpgt = portal->tpgt,
        .params = portal->params,
        .fd = inherited_take(daemon_get()->config.inherited, name, where)};
    portal->info = (struct tgt_portal_info){.struct_size = sizeof portal->info, .fd = -1};
    int result =
        portal->transport->transport.portal_open(&args, &portal->info, &portal->priv, &err);
    if (result == 0 && portal->info.fd >= 0)
        notify_keep_fd(name, portal->info.fd);
    if (result == 0)
        return true;
    g_autofree char *prefix = g_strdup_printf("portal %s", portal->asked);
    core_error_take(error, &err, result, prefix);
    return false;
}

static struct portal *portal_alloc(struct plugin *plugin, const struct where *where,
                                   const struct portal_options *options, GError **error)
{
    const struct tgt_transport_ops *ops = &plugin->transport;
    struct portal *portal = g_new0(struct portal, 1);
    portal->transport = plugin;
    portal->asked = where_text(where);
    portal->tpgt = options->tpgt;
    portal->params = params_parse(ops->portal_params, ops->portal_param_count, ops->param_size,
                                  (char **)options->rest->pdata, error);
    if (portal->params != NULL)
        return portal;
    portal_free(portal);
    return NULL;
}

/* The port that is announced may be the one that the kernel has chosen, so that comes last. */
static struct portal *portal_new(const char *transport, const struct where *where,
                                 const struct portal_options *options, GError **error)
{
    g_autofree char *provides = g_strdup_printf("transport:%s", transport);
    struct plugin *plugin = plugin_use(daemon_get()->plugins, provides, error);
    struct portal *portal = plugin ? portal_alloc(plugin, where, options, error) : NULL;
    if (portal == NULL)
        return NULL;
    if (!open_portal(portal, where, error)) {
        portal_free(portal);
        return NULL;
    }
    if (options->announce == NULL || announce(portal, options->announce, error))
        return portal;
    portal_give_up(portal);
    return NULL;
}

static struct portal *find(const char *transport, const struct where *where)
{
    g_autofree char *asked = where_text(where);
    for (guint i = 0; i < all()->list->len; i++) {
        struct portal *portal = g_ptr_array_index(all()->list, i);
        bool same =
            strcmp(portal->asked, asked) == 0 ||
            (strcmp(portal->info.address, where->address) == 0 && portal->info.port == where->port);
        if (same && strcmp(portal->transport->name, transport) == 0)
            return portal;
    }
    return NULL;
}

/* ---- The list ---- */

static void list_add(struct portal *portal)
{
    g_mutex_lock(&all()->lock);
    g_ptr_array_add(all()->list, portal);
    g_mutex_unlock(&all()->lock);
    isns_changed();
}

static void list_remove(struct portal *portal)
{
    g_mutex_lock(&all()->lock);
    g_ptr_array_remove(all()->list, portal);
    g_mutex_unlock(&all()->lock);
    isns_changed();
}

static bool ensure_attached(const char *transport, GError **error)
{
    g_autofree char *provides = g_strdup_printf("transport:%s", transport);
    struct plugin *plugin = plugin_use(daemon_get()->plugins, provides, error);
    return plugin != NULL && attached_add(all()->attached, plugin, error);
}

static struct portal *add_one(const char *transport, const struct where *where,
                              const struct portal_options *options, GError **error)
{
    if (where->port != 0 && find(transport, where) != NULL) {
        g_autofree char *asked = where_text(where);
        g_set_error(error, CORE_ERROR, CORE_ERROR_EXISTS, "there is a portal %s already", asked);
        return NULL;
    }
    struct portal *portal = portal_new(transport, where, options, error);
    if (portal != NULL)
        list_add(portal);
    return portal;
}

/* The second half of a wildcard is IPv6, which a machine need not have. */
static void add_ipv6(const char *transport, struct where *where, uint16_t port,
                     const struct portal_options *options)
{
    g_autoptr(GError) error = NULL;
    where->port = port;
    if (add_one(transport, where, options, &error) == NULL)
        log_notice("%s; listening on IPv4 only", error->message);
}

static struct portal *add_places(const char *transport, struct where *places, unsigned count,
                                 const struct portal_options *options, GError **error)
{
    if (!ensure_attached(transport, error))
        return NULL;
    struct portal *portal = add_one(transport, &places[0], options, error);
    if (portal != NULL && count > 1)
        add_ipv6(transport, &places[1], portal->info.port, options);
    return portal;
}

struct portal *portal_add(const char *transport, const char *where, char *const *options,
                          GError **error)
{
    struct where places[WHERE_MAX];
    struct portal_options parsed;
    struct portal *portal = NULL;
    g_auto(GStrv) words = g_strsplit(where, ",", -1); /* none of "" */
    unsigned count = where_parse(words[0] ? words[0] : "", places, error);
    if (count > 0 && portal_options_parse(&parsed, options, words[0] ? words + 1 : words, error))
        portal = add_places(transport, places, count, &parsed, error);
    if (count > 0)
        portal_options_clear(&parsed);
    return portal;
}

bool portal_delete(const char *transport, const char *where, GError **error)
{
    struct where places[WHERE_MAX];
    bool found = false;
    unsigned count = where_parse(where, places, error);
    if (count == 0)
        return false;
    for (unsigned i = 0; i < count; i++) {
        struct portal *portal = find(transport, &places[i]);
        if (portal == NULL)
            continue;
        list_remove(portal);
        portal_give_up(portal);
        found = true;
    }
    if (!found)
        g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND, "there is no %s portal '%s'",
                    transport, where);
    return found;
}

void portals_close(void)
{
    while (all()->list->len > 0) {
        struct portal *portal = g_ptr_array_index(all()->list, 0);
        list_remove(portal);
        portal_close(portal);
    }
}

const GPtrArray *portals_list(void)
{
    return all()->list;
}

void portal_each(const struct tgt_plugin *self,
                 void (*fn)(const struct tgt_portal_info *info, uint16_t tpgt, void *data),
                 void *data)
{
    struct portals *portals = all();
    const struct plugin *plugin = plugin_of(self);
    g_mutex_lock(&portals->lock);
    for (guint i = 0; i < portals->list->len; i++) {
        struct portal *portal = g_ptr_array_index(portals->list, i);
        if (portal->transport == plugin)
            fn(&portal->info, portal->tpgt, data);
    }
    g_mutex_unlock(&portals->lock);
}

void portals_free(struct portals *portals)
{
    if (portals == NULL)
        return;
    for (guint i = 0; i < portals->list->len; i++)
        portal_close(g_ptr_array_index(portals->list, i));
    attached_free(portals->attached);
    g_ptr_array_unref(portals->list);
    g_mutex_clear(&portals->lock);
    g_free(portals);
}
