/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads plugins without holding up the main loop: the probe runs in a worker, and whoever needs the
 * plugin meanwhile waits for it. */
#include <unistd.h>

#include "plugin-private.h"
#include "thread.h"

struct waiter {
    void (*done)(struct plugin *plugin, void *data);
    void *data;
};

/* One attempt. The main thread's; the worker uses `probe` and `refusal` until it has ended. */
struct loading {
    struct plugin *plugin;
    struct probe *probe;
    int fd;
    struct file_id file; /* that is probed */
    GError *refusal;
    GArray *waiters; /* struct waiter */
};

static void probe_work(void *data)
{
    struct loading *l = data;
    probe_run(l->probe, &l->refusal);
}

static bool complete(struct loading *l)
{
    probe_free(l->probe);
    if (!l->refusal)
        l->plugin->priv->probed = l->file;
    return plugin_complete(l->plugin, l->fd, l->refusal);
}

bool plugin_bring_up(struct plugin *plugin)
{
    struct loading l = {.plugin = plugin};
    if (!plugin_prepare(plugin, false, &l.fd, &l.refusal) || plugin_has_passed(plugin, l.fd))
        return plugin_complete(plugin, l.fd, l.refusal);
    l.file = file_id_of_fd(l.fd);
    l.probe = probe_new(plugin, l.fd);
    probe_work(&l);
    return complete(&l);
}

/* In the order in which they came. */
static void probe_over(void *data)
{
    struct loading *l = data;
    l->plugin->priv->loading = NULL;
    complete(l);
    for (guint i = 0; i < l->waiters->len; i++) {
        const struct waiter *w = &g_array_index(l->waiters, struct waiter, i);
        w->done(l->plugin, w->data);
    }
    g_array_unref(l->waiters);
    g_free(l);
}

static struct loading *start(struct plugin *plugin, int fd)
{
    struct loading *l = g_new0(struct loading, 1);
    l->plugin = plugin;
    l->fd = fd;
    l->file = file_id_of_fd(fd);
    l->probe = probe_new(plugin, fd);
    l->waiters = g_array_new(FALSE, FALSE, sizeof(struct waiter));
    worker_run(probe_work, probe_over, l);
    return l;
}

void plugin_loading_join(struct plugin *plugin, bool by_admin,
                         void (*done)(struct plugin *plugin, void *data), void *data)
{
    const struct waiter waiter = {done, data};
    GError *refusal = NULL;
    int fd;
    if (!plugin->priv->loading) {
        bool ok = plugin_prepare(plugin, by_admin, &fd, &refusal);
        if (!ok || plugin_has_passed(plugin, fd)) {
            plugin_complete(plugin, fd, refusal);
            done(plugin, data);
            return;
        }
        plugin->priv->loading = start(plugin, fd);
    }
    g_array_append_val(plugin->priv->loading->waiters, waiter);
}

void plugin_loading_stop(struct plugin *plugin)
{
    if (plugin->priv->loading)
        probe_stop(plugin->priv->loading->probe);
}
