/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be known about a plugin without running it: from its file, its drop-in file, and the
 * libraries that are there. */
#include <unistd.h>

#include "plugin-path.h"
#include "plugin-private.h"

static struct file_id id_of(const struct stat *st)
{
    return (struct file_id){st->st_dev, st->st_ino, st->st_size, st->st_mtim};
}

bool file_id_equal(const struct file_id *a, const struct file_id *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec;
}

/* Zero for a file that is not there. */
static struct file_id id_of_path(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? id_of(&st) : (struct file_id){0};
}

struct file_id file_id_of_fd(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? id_of(&st) : (struct file_id){0};
}

bool plugin_is_stale(const struct plugin *plugin)
{
    struct file_id now = id_of_path(plugin->file);
    return !file_id_equal(&now, &plugin->priv->seen);
}

/* Once for each file: what others have read of the description stays where it is. */
static void describe(struct plugin *plugin, int fd)
{
    struct plugin_private *priv = plugin->priv;
    struct file_id id = file_id_of_fd(fd);
    if (priv->described && file_id_equal(&id, &priv->seen))
        return;
    g_clear_error(&priv->judgement);
    plugin_describe(plugin, fd, &priv->judgement);
    priv->described = true;
    priv->seen = id;
}

static bool refuse_unopened(struct plugin *plugin, const GError *why, GError **refusal)
{
    plugin_undescribe(plugin);
    plugin->priv->described = false;
    plugin->priv->seen = id_of_path(plugin->file);
    return plugin_refuse(refusal, PLUGIN_INVALID, "%s %s: check it or remove it", plugin->file,
                         why->message);
}

bool plugin_open(struct plugin *plugin, int *fd, GError **refusal)
{
    g_autofree char *distrust = NULL;
    g_autoptr(GError) why = NULL;
    *fd = plugin_path_open(plugin->file, &distrust, &why);
    if (*fd < 0)
        return refuse_unopened(plugin, why, refusal);
    describe(plugin, *fd);
    if (distrust)
        return plugin_refuse(refusal, PLUGIN_UNTRUSTED, "%s is not trusted: %s", plugin->file,
                             distrust);
    if (plugin->priv->judgement)
        g_propagate_error(refusal, g_error_copy(plugin->priv->judgement));
    return !plugin->priv->judgement;
}

static void read_conf(struct plugin *plugin)
{
    struct plugin_private *priv = plugin->priv;
    if (priv->conf && plugin_conf_is_current(priv->conf, priv->conf_dirs, plugin->name))
        return;
    plugin_conf_free(priv->conf);
    priv->conf = plugin_conf_read(priv->conf_dirs, plugin->name);
}

bool plugin_may_load(struct plugin *plugin, bool by_admin, GError **refusal)
{
    read_conf(plugin);
    const struct plugin_conf *conf = plugin->priv->conf;
    if (conf->load == PLUGIN_LOAD_MASKED)
        return plugin_refuse(refusal, PLUGIN_DISABLED,
                             "%s is masked, %s is a link to /dev/null: remove the link to use it",
                             plugin->file, conf->file);
    if (conf->load == PLUGIN_LOAD_NO && !by_admin)
        return plugin_refuse(refusal, PLUGIN_DISABLED,
                             "%s is disabled, %s says load=no and load=auto is needed: change that "
                             "or run 'tgtctl plugin load %s'",
                             plugin->file, conf->file, plugin->name);
    return true;
}

static bool check_libs(struct plugin *plugin, GError **refusal)
{
    const char *missing = plugin_libs_missing(plugin->priv->needed, plugin->priv->runpath);
    return !missing ||
           plugin_refuse(
               refusal, PLUGIN_MISSING,
               "%s needs the library %s, which is not there: install the package that has it",
               plugin->file, missing);
}

void plugin_set_refused(struct plugin *plugin, GError *refusal)
{
    plugin->state = (enum plugin_state)refusal->code;
    g_free(plugin->reason);
    plugin->reason = g_strdup(refusal->message);
    g_error_free(refusal);
}

void plugin_set_usable(struct plugin *plugin, enum plugin_state state)
{
    plugin->state = state;
    g_clear_pointer(&plugin->reason, g_free);
}

void plugin_examine(struct plugin *plugin)
{
    GError *refusal = NULL;
    int fd = -1;
    plugin->priv->tried = false;
    bool ok = plugin_open(plugin, &fd, &refusal);
    if (fd >= 0)
        close(fd);
    if (ok && plugin_may_load(plugin, false, &refusal) && check_libs(plugin, &refusal))
        plugin_set_usable(plugin, PLUGIN_FOUND);
    else
        plugin_set_refused(plugin, refusal);
}
