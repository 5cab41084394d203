/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All plugins that are found in the plugin directories: scanning, finding by what they provide,
 * use. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "config.h"
#include "error.h"
#include "log.h"
#include "plugin-private.h"

struct plugins {
    char **dirs, **conf_dirs;
    GPtrArray *found;  /* struct plugin in the order of discovery: the first of a kind and name
                          counts; owned */
    GPtrArray *sorted; /* the same for listings; borrowed */
    bool stopping;     /* no plugin is taken into use any more */
};

/* ---- Order ---- */

/* Of a plugin that is being loaded, too, file and description belong together. */
static bool is_settled(const struct plugin *plugin)
{
    return plugin_is_loaded(plugin) || plugin->priv->loading;
}

/* Plugins that could not be read come last, hidden ones behind the one that hides them. */
static int compare(gconstpointer a, gconstpointer b)
{
    const struct plugin *p = *(const struct plugin *const *)a,
                        *q = *(const struct plugin *const *)b;
    if (p->kind != q->kind)
        return p->kind - 1 < q->kind - 1 ? -1 : 1;
    int names = strcmp(p->name, q->name);
    if (names != 0)
        return names;
    return p->priv->hidden != q->priv->hidden ? p->priv->hidden - q->priv->hidden
                                              : strcmp(p->file, q->file);
}

/* A link that leads nowhere has not gone: its reason is wanted. */
static bool is_gone(const struct plugin *plugin)
{
    struct stat st;
    return !is_settled(plugin) && lstat(plugin->file, &st) < 0 &&
           (errno == ENOENT || errno == ENOTDIR);
}

/* Whose file is gone is listed no more. We keep it: somebody may hold it, its code may be mapped,
 * and the file may come back. */
static void sort(struct plugins *plugins)
{
    g_ptr_array_set_size(plugins->sorted, 0);
    for (guint i = 0; i < plugins->found->len; i++)
        if (!is_gone(plugins->found->pdata[i]))
            g_ptr_array_add(plugins->sorted, plugins->found->pdata[i]);
    g_ptr_array_sort(plugins->sorted, compare);
}

/* ---- Scanning ---- */

static struct plugin *by_file(struct plugins *plugins, const char *file)
{
    for (guint i = 0; i < plugins->found->len; i++) {
        struct plugin *p = plugins->found->pdata[i];
        if (strcmp(p->file, file) == 0)
            return p;
    }
    return NULL;
}

static bool is_there(const struct plugin *plugin)
{
    return is_settled(plugin) || g_file_test(plugin->file, G_FILE_TEST_EXISTS);
}

static const struct plugin *hidden_by(struct plugins *plugins, guint index)
{
    const struct plugin *p = plugins->found->pdata[index];
    for (guint i = 0; i < index; i++) {
        const struct plugin *q = plugins->found->pdata[i];
        if (p->kind && q->kind == p->kind && strcmp(q->name, p->name) == 0 && is_there(q))
            return q;
    }
    return NULL;
}

/* What is wrong is in the log without anybody asking, once. */
static void examine(struct plugin *plugin)
{
    g_autofree char *before = g_strdup(plugin->reason);
    plugin_examine(plugin);
    if (plugin->reason && plugin->state != PLUGIN_DISABLED && !plugin->priv->hidden &&
        !is_gone(plugin) && g_strcmp0(before, plugin->reason) != 0)
        log_warning("%s", plugin->reason);
}

static void judge_hidden(struct plugins *plugins, guint index)
{
    struct plugin *p = plugins->found->pdata[index];
    const struct plugin *winner = is_settled(p) ? NULL : hidden_by(plugins, index);
    p->priv->hidden = winner != NULL;
    if (!winner)
        return;
    p->state = PLUGIN_DISABLED;
    g_free(p->reason);
    p->reason = g_strdup_printf("%s is hidden by %s, which has the same kind and name and comes "
                                "first: remove one of them",
                                p->file, winner->file);
}

/* Names that cannot be printed are no plugins. */
static bool is_plain(const char *name)
{
    g_autofree char *plain = plain_text(name, strlen(name));
    return strcmp(name, plain) == 0;
}

static int compare_files(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *files_in(const char *dir)
{
    g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    for (const char *name = d ? g_dir_read_name(d) : NULL; name; name = g_dir_read_name(d))
        if (g_str_has_suffix(name, ".so") && is_plain(name))
            g_ptr_array_add(files, g_build_filename(dir, name, NULL));
    g_ptr_array_sort(files, compare_files);
    return files;
}

static void scan_file(struct plugins *plugins, const char *file)
{
    if (by_file(plugins, file))
        return;
    struct plugin *p = plugin_new(file, plugins->conf_dirs);
    p->serial = plugins->found->len;
    g_ptr_array_add(plugins->found, p);
    examine(p);
}

/* Finds out what has come, changed or gone. What is loaded, or about to be, stays as it is; what
 * failed when it was run stays so until there is another file. */
static void scan(struct plugins *plugins)
{
    for (guint i = 0; i < plugins->found->len; i++) {
        struct plugin *p = plugins->found->pdata[i];
        if (!is_settled(p) && (!p->priv->tried || plugin_is_stale(p)))
            examine(p);
    }
    for (char **dir = plugins->dirs; *dir; dir++) {
        g_autoptr(GPtrArray) files = files_in(*dir);
        for (guint i = 0; i < files->len; i++)
            scan_file(plugins, files->pdata[i]);
    }
    for (guint i = 0; i < plugins->found->len; i++)
        judge_hidden(plugins, i);
    sort(plugins);
}

/* ---- The list ---- */

static void load_wanted(struct plugins *plugins)
{
    for (guint i = 0; i < plugins->found->len; i++) {
        struct plugin *p = plugins->found->pdata[i];
        if (p->state == PLUGIN_FOUND && p->priv->conf->load == PLUGIN_LOAD_YES &&
            !plugin_bring_up(p))
            log_error("%s", p->reason);
    }
}

/* Absolute, so that they mean the same after a chdir(); an empty one means nothing. */
static char **absolute(char *const *dirs)
{
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();
    for (; dirs && *dirs; dirs++) {
        g_autofree char *dir = g_canonicalize_filename(*dirs, NULL);
        if (**dirs)
            g_strv_builder_add(list, dir);
    }
    return g_strv_builder_end(list);
}

/* Said once: later it may be made, and its plugins are found then. The installed one may be missing
 * where the daemon runs without being installed. */
static void warn_of_missing(char *const *dirs)
{
    for (; *dirs; dirs++) {
        DIR *dir = opendir(*dirs);
        if (dir)
            closedir(dir);
        else if (strcmp(*dirs, PLUGIN_DIR) != 0)
            log_warning("plugin directory %s: %s; no plugin is found there", *dirs,
                        g_strerror(errno));
    }
}

struct plugins *plugins_new(char **dirs, char **conf_dirs)
{
    struct plugins *plugins = g_new0(struct plugins, 1);
    plugins->dirs = absolute(dirs);
    plugins->conf_dirs = absolute(conf_dirs);
    plugins->found = g_ptr_array_new_with_free_func((GDestroyNotify)plugin_free);
    plugins->sorted = g_ptr_array_new();
    warn_of_missing(plugins->dirs);
    scan(plugins);
    load_wanted(plugins);
    return plugins;
}

void plugins_stop(struct plugins *plugins)
{
    plugins->stopping = true;
    for (guint i = 0; i < plugins->found->len; i++)
        plugin_loading_stop(plugins->found->pdata[i]);
}

void plugins_free(struct plugins *plugins)
{
    if (!plugins)
        return;
    g_ptr_array_free(plugins->sorted, TRUE);
    g_ptr_array_free(plugins->found, TRUE);
    g_strfreev(plugins->dirs);
    g_strfreev(plugins->conf_dirs);
    g_free(plugins);
}

const GPtrArray *plugins_list(struct plugins *plugins)
{
    scan(plugins);
    return plugins->sorted;
}

const GPtrArray *plugins_known(const struct plugins *plugins)
{
    return plugins->sorted;
}

static struct plugin *find(struct plugins *plugins, unsigned kind, const char *name)
{
    for (guint i = 0; i < plugins->sorted->len; i++) {
        struct plugin *p = plugins->sorted->pdata[i];
        if ((kind == 0 || p->kind == kind) && strcmp(p->name, name) == 0)
            return p;
    }
    return NULL;
}

struct plugin *plugins_find(struct plugins *plugins, unsigned kind, const char *name)
{
    struct plugin *p = find(plugins, kind, name);
    if (p)
        return p;
    scan(plugins);
    return find(plugins, kind, name);
}

/* ---- Use ---- */

static bool provides(const struct plugin *plugin, const char *what)
{
    g_auto(GStrv) words = g_strsplit(plugin->provides ? plugin->provides : "", " ", -1);
    return g_strv_contains((const char *const *)words, what);
}

static struct plugin *provider(struct plugins *plugins, const char *what)
{
    for (guint i = 0; i < plugins->found->len; i++) {
        struct plugin *p = plugins->found->pdata[i];
        if (!p->priv->hidden && p->kind && provides(p, what))
            return p;
    }
    return NULL;
}

/* A file of that name which could not be read is a better answer than "there is none". */
static struct plugin *unreadable(struct plugins *plugins, const char *name)
{
    for (guint i = 0; i < plugins->found->len; i++) {
        struct plugin *p = plugins->found->pdata[i];
        if (!p->kind && is_there(p) && strcmp(p->name, name) == 0)
            return p;
    }
    return NULL;
}

static const char *noun(const char *what)
{
    if (g_str_has_prefix(what, "bs:"))
        return "backing store";
    return g_str_has_prefix(what, "type:")        ? "device type"
           : g_str_has_prefix(what, "transport:") ? "transport"
                                                  : "plugin for";
}

static const char *after_colon(const char *what)
{
    const char *colon = strchr(what, ':');
    return colon ? colon + 1 : what;
}

/* Names that are provided with the same prefix. */
static GPtrArray *names_like(struct plugins *plugins, const char *what)
{
    g_autofree char *prefix = g_strndup(what, (gsize)(after_colon(what) - what));
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < plugins->sorted->len; i++) {
        const struct plugin *p = plugins->sorted->pdata[i];
        g_auto(GStrv) words =
            g_strsplit(p->provides && !p->priv->hidden ? p->provides : "", " ", -1);
        for (char **w = words; *w; w++)
            if (g_str_has_prefix(*w, prefix))
                g_ptr_array_add(names, g_strdup(after_colon(*w)));
    }
    g_ptr_array_add(names, NULL);
    return names;
}

static void say_none(struct plugins *plugins, const char *what, GError **error)
{
    g_autoptr(GPtrArray) names = names_like(plugins, what);
    const char *name = after_colon(what), *near = suggest(name, (const char *const *)names->pdata);
    if (near)
        g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND,
                    "there is no %s '%s', did you mean '%s'?", noun(what), name, near);
    else
        g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND,
                    "there is no %s '%s', a plugin that provides %s is needed: install it, or look "
                    "at 'tgtctl plugin list'",
                    noun(what), name, what);
}

static bool say_reason(const struct plugin *plugin, GError **error)
{
    g_set_error_literal(error, CORE_ERROR, CORE_ERROR_PLUGIN, plugin->reason);
    return false;
}

static bool say_why_none(struct plugins *plugins, const char *what, GError **error)
{
    const struct plugin *p = unreadable(plugins, after_colon(what));
    if (p)
        return say_reason(p, error);
    say_none(plugins, what, error);
    return false;
}

static bool say_stopping(GError **error)
{
    g_set_error_literal(error, CORE_ERROR, CORE_ERROR_BUSY, "tgtd is ending");
    return false;
}

static struct plugin *provider_now(struct plugins *plugins, const char *what)
{
    struct plugin *p = provider(plugins, what);
    if (p)
        return p;
    scan(plugins);
    return provider(plugins, what);
}

/* What failed when it was run is not run again unasked; everything else may have been put right
 * meanwhile. */
static bool must_be_loaded(const struct plugin *plugin)
{
    bool final = plugin->state == PLUGIN_FAILED && !plugin_is_stale(plugin);
    return !plugin_is_loaded(plugin) && (plugin->priv->loading || !final);
}

/* The file may have been exchanged for another plugin since it was described. */
static bool may_be_used(struct plugins *plugins, const struct plugin *plugin, const char *what,
                        GError **error)
{
    if (plugins->stopping)
        return say_stopping(error);
    if (plugin && !plugin_is_loaded(plugin))
        return say_reason(plugin, error);
    return (plugin && provides(plugin, what)) || say_why_none(plugins, what, error);
}

static struct plugin *take(struct plugins *plugins, struct plugin *plugin, const char *what,
                           GError **error)
{
    if (!may_be_used(plugins, plugin, what, error))
        return NULL;
    plugin->users++;
    plugin->state = PLUGIN_ACTIVE;
    return plugin;
}

struct plugin *plugin_use(struct plugins *plugins, const char *what, GError **error)
{
    struct plugin *p = provider_now(plugins, what);
    if (p && must_be_loaded(p))
        plugin_bring_up(p);
    return take(plugins, p, what, error);
}

/* ---- Use and load without waiting ---- */

struct request {
    struct plugins *plugins;
    char *what; /* NULL: it is to be loaded, not to be used */
    void (*done)(struct plugin *plugin, GError *error, void *data);
    void *data;
};

static struct request *request_new(struct plugins *plugins, const char *what,
                                   void (*done)(struct plugin *plugin, GError *error, void *data),
                                   void *data)
{
    struct request *r = g_new(struct request, 1);
    *r = (struct request){plugins, g_strdup(what), done, data};
    return r;
}

static void tried(struct plugin *plugin, void *data)
{
    struct request *r = data;
    GError *error = NULL;
    if (r->what)
        plugin = take(r->plugins, plugin, r->what, &error);
    else if (!plugin_is_loaded(plugin))
        say_reason(plugin, &error);
    r->done(error ? NULL : plugin, error, r->data);
    g_free(r->what);
    g_free(r);
}

void plugin_get(struct plugins *plugins, const char *what,
                void (*done)(struct plugin *plugin, GError *error, void *data), void *data)
{
    struct plugin *p = provider_now(plugins, what);
    struct request *r = request_new(plugins, what, done, data);
    if (p && must_be_loaded(p) && !plugins->stopping)
        plugin_loading_join(p, false, tried, r);
    else
        tried(p, r);
}

void plugin_load(struct plugins *plugins, struct plugin *plugin,
                 void (*done)(struct plugin *plugin, GError *error, void *data), void *data)
{
    struct request *r = request_new(plugins, NULL, done, data);
    scan(plugins);
    if (plugin_is_loaded(plugin) || plugin->priv->hidden)
        tried(plugin, r);
    else
        plugin_loading_join(plugin, true, tried, r);
}
