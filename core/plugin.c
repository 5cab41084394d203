/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of one plugin: examined, mapped, started, used, unloaded. The only file that calls dlopen(). */
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "log.h"
#include "plugin-path.h"
#include "plugin-private.h"

G_DEFINE_QUARK(plugin_refusal, plugin_refusal)

/* Under this key GLib's dataset of a descriptor's address holds its struct plugin: found from any thread, and without a variable. */
static G_DEFINE_QUARK(plugin_descriptor, descriptor)

bool plugin_refuse(GError **refusal, enum plugin_state state, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, args);
    va_end(args);
    g_set_error_literal(refusal, PLUGIN_REFUSAL, (int)state, text);
    return false;
}

const char *plugin_state_name(enum plugin_state state)
{
    static const char *const words[] = {
#define X(name, word) word,
        PLUGIN_STATE_LIST(X)
#undef X
    };
    return words[state];
}

const char *plugin_kind_name(unsigned kind)
{
    static const char *const words[] = {"unknown", TGT_KIND_NAME_BACKING_STORE, TGT_KIND_NAME_DEVICE_TYPE, TGT_KIND_NAME_TRANSPORT};
    return words[kind < G_N_ELEMENTS(words) ? kind : 0];
}

struct plugin *plugin_of(const struct tgt_plugin *desc)
{
    return g_dataset_id_get_data(desc, descriptor_quark());
}

void plugin_data_set(const struct tgt_plugin *desc, void *data)
{
    struct plugin *plugin = plugin_of(desc);
    if (plugin)
        g_atomic_pointer_set(&plugin->data, data);
}

void *plugin_data(const struct tgt_plugin *desc)
{
    struct plugin *plugin = plugin_of(desc);
    return plugin ? g_atomic_pointer_get(&plugin->data) : NULL;
}

bool plugin_is_loaded(const struct plugin *plugin)
{
    return plugin->state == PLUGIN_IDLE || plugin->state == PLUGIN_ACTIVE;
}

struct plugin *plugin_new(const char *file, char *const *conf_dirs)
{
    struct plugin *plugin = g_new0(struct plugin, 1);
    plugin->file = g_strdup(file);
    plugin->priv = g_new0(struct plugin_private, 1);
    plugin->priv->conf_dirs = conf_dirs;
    return plugin;
}

/* ---- Files ---- */

static struct file_id id_of(const struct stat *st)
{
    return (struct file_id){st->st_dev, st->st_ino, st->st_size, st->st_mtim};
}

static bool same_file(const struct file_id *a, const struct file_id *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->mtime.tv_sec == b->mtime.tv_sec &&
           a->mtime.tv_nsec == b->mtime.tv_nsec;
}

/* Zero for a file that is not there. */
static struct file_id id_of_path(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? id_of(&st) : (struct file_id){0};
}

static struct file_id id_of_fd(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? id_of(&st) : (struct file_id){0};
}

bool plugin_is_stale(const struct plugin *plugin)
{
    struct file_id now = id_of_path(plugin->file);
    return !same_file(&now, &plugin->priv->seen);
}

/* ---- Examining ---- */

/* Opens and describes; *fd is -1 or the caller's. */
static bool open_and_describe(struct plugin *plugin, int *fd, GError **refusal)
{
    g_autofree char *distrust = NULL;
    g_autoptr(GError) why = NULL, judgement = NULL;
    plugin_undescribe(plugin);
    *fd = plugin_path_open(plugin->file, &distrust, &why);
    if (*fd < 0)
        return plugin_refuse(refusal, PLUGIN_INVALID, "%s %s: check it or remove it", plugin->file, why->message);
    plugin->priv->seen = id_of_fd(*fd);
    bool described = plugin_describe(plugin, *fd, &judgement);
    if (distrust)
        return plugin_refuse(refusal, PLUGIN_UNTRUSTED, "%s is not trusted: %s", plugin->file, distrust);
    if (!described)
        g_propagate_error(refusal, g_steal_pointer(&judgement));
    return described;
}

static void read_conf(struct plugin *plugin)
{
    plugin_conf_free(plugin->priv->conf);
    plugin->priv->conf = plugin_conf_read(plugin->priv->conf_dirs, plugin->name);
}

static bool check_conf(struct plugin *plugin, bool by_admin, GError **refusal)
{
    const struct plugin_conf *conf = plugin->priv->conf;
    if (conf->load == PLUGIN_LOAD_MASKED)
        return plugin_refuse(refusal, PLUGIN_DISABLED, "%s is masked, %s is a link to /dev/null: remove the link to use it", plugin->file,
                             conf->file);
    if (conf->load == PLUGIN_LOAD_NO && !by_admin)
        return plugin_refuse(refusal, PLUGIN_DISABLED,
                             "%s is disabled, %s says load=no and load=auto is needed: change that or run 'tgtctl plugin load %s'", plugin->file,
                             conf->file, plugin->name);
    return true;
}

static bool check_libs(struct plugin *plugin, GError **refusal)
{
    const char *missing = plugin_libs_missing(plugin->priv->needed, plugin->priv->runpath);
    return !missing || plugin_refuse(refusal, PLUGIN_MISSING, "%s needs the library %s, which is not there: install the package that has it",
                                     plugin->file, missing);
}

/* Takes over the refusal. */
static void set_refused(struct plugin *plugin, GError *refusal)
{
    plugin->state = (enum plugin_state)refusal->code;
    g_free(plugin->reason);
    plugin->reason = g_strdup(refusal->message);
    g_error_free(refusal);
}

static void set_usable(struct plugin *plugin, enum plugin_state state)
{
    plugin->state = state;
    g_clear_pointer(&plugin->reason, g_free);
}

void plugin_examine(struct plugin *plugin)
{
    GError *refusal = NULL;
    int fd = -1;
    bool ok = open_and_describe(plugin, &fd, &refusal);
    if (fd >= 0)
        close(fd);
    else
        plugin->priv->seen = id_of_path(plugin->file);
    read_conf(plugin);
    if (ok && check_conf(plugin, false, &refusal) && check_libs(plugin, &refusal))
        set_usable(plugin, PLUGIN_FOUND);
    else
        set_refused(plugin, refusal);
}

/* ---- Mapping ---- */

static bool refuse_mapping(struct plugin *plugin, const char *fd_path, const char *text, GError **refusal)
{
    g_autofree char *library = plugin_libs_blamed(plugin->priv->needed, text);
    if (library)
        return plugin_refuse(refusal, PLUGIN_MISSING, "%s needs the library %s, which is not there: install the package that has it", plugin->file,
                             library);
    g_autoptr(GString) plain = g_string_new(text);
    g_string_replace(plain, fd_path, "it", 0);
    return plugin_refuse(refusal, PLUGIN_FAILED, "%s cannot be loaded (%s): install a build of it that is made for this system", plugin->file,
                         plain->str);
}

/* A file that was loaded before keeps its mapping. One that was written over in place has changed under the code that is mapped. */
static bool is_mapped(struct plugin *plugin, int fd, bool *mapped, GError **refusal)
{
    const struct plugin_private *priv = plugin->priv;
    struct file_id id = id_of_fd(fd);
    *mapped = priv->handle && same_file(&id, &priv->mapped);
    if (priv->handle && !*mapped && id.dev == priv->mapped.dev && id.ino == priv->mapped.ino)
        return plugin_refuse(refusal, PLUGIN_FAILED, "%s was overwritten while tgtd had it mapped, a new file is needed: restart tgtd", plugin->file);
    return true;
}

static bool map_file(struct plugin *plugin, int *fd, GError **refusal)
{
    char path[32];
    bool mapped;
    if (!is_mapped(plugin, *fd, &mapped, refusal))
        return false;
    if (mapped)
        return true;
    g_snprintf(path, sizeof path, "/proc/self/fd/%d", *fd);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle)
        return refuse_mapping(plugin, path, dlerror(), refusal);
    plugin->priv->handle = handle;
    plugin->priv->mapped = id_of_fd(*fd);
    *fd = -1;
    return true;
}

bool plugin_map(struct plugin *plugin, int *fd, GError **refusal)
{
    if (!map_file(plugin, fd, refusal))
        return false;
    const struct tgt_plugin *desc = dlsym(plugin->priv->handle, "tgt_plugin");
    if (!desc)
        return plugin_refuse(refusal, PLUGIN_INVALID, "%s does not export the symbol tgt_plugin, which TGT_PLUGIN_DEFINE makes: build it again",
                             plugin->file);
    if (!plugin_check(plugin, desc, refusal))
        return false;
    plugin->desc = desc;
    return true;
}

/* ---- Starting and ending ---- */

static bool call_load(struct plugin *plugin, GError **refusal)
{
    struct tgt_error err = {0};
    int result = plugin->desc->load ? plugin->desc->load(host_table(), plugin->params, &err) : 0;
    if (result == 0)
        return true;
    g_autofree char *text = plain_text(err.text[0] ? err.text : g_strerror(-result), sizeof err.text);
    return plugin_refuse(refusal, PLUGIN_FAILED, "%s was loaded, but could not start (%s): correct that, then run 'tgtctl plugin load %s'",
                         plugin->file, text, plugin->name);
}

bool plugin_start(struct plugin *plugin, GError **refusal)
{
    const struct tgt_plugin *d = plugin->desc;
    const struct plugin_conf *conf = plugin->priv->conf;
    g_autoptr(GError) why = NULL;
    plugin->params = params_parse(d->params, d->param_count, d->param_size, conf->words, &why);
    if (!plugin->params)
        return plugin_refuse(refusal, PLUGIN_FAILED, "%s has a wrong parameter in %s (%s): correct that, then run 'tgtctl plugin load %s'",
                             plugin->file, conf->file ? conf->file : "its own defaults", why->message, plugin->name);
    g_dataset_id_set_data(d, descriptor_quark(), plugin);
    return call_load(plugin, refusal);
}

/* Back to what it was before it was mapped; the code stays. */
static void forget(struct plugin *plugin)
{
    if (plugin->desc && plugin_of(plugin->desc) == plugin)
        g_dataset_id_remove_data(plugin->desc, descriptor_quark());
    plugin->desc = NULL;
    plugin->data = NULL;
    g_clear_pointer(&plugin->params, params_free);
}

static bool try_first(struct plugin *plugin, int fd, GError **refusal)
{
    struct file_id id = id_of_fd(fd);
    if (same_file(&id, &plugin->priv->probed))
        return true;
    if (!plugin_probe(plugin, fd, refusal))
        return false;
    plugin->priv->probed = id;
    return true;
}

static bool bring_up(struct plugin *plugin, bool by_admin, int *fd, GError **refusal)
{
    if (!open_and_describe(plugin, fd, refusal))
        return false;
    if (by_admin)
        read_conf(plugin);
    return check_conf(plugin, by_admin, refusal) && try_first(plugin, *fd, refusal) && plugin_map(plugin, fd, refusal) &&
           plugin_start(plugin, refusal);
}

bool plugin_bring_up(struct plugin *plugin, bool by_admin)
{
    GError *refusal = NULL;
    int fd = -1;
    bool ok = bring_up(plugin, by_admin, &fd, &refusal);
    if (fd >= 0)
        close(fd);
    if (ok) {
        set_usable(plugin, PLUGIN_IDLE);
        log_info("plugin %s %s is loaded from %s", plugin->name, plugin->version, plugin->file);
    } else {
        forget(plugin);
        set_refused(plugin, refusal);
    }
    return ok;
}

static void end(struct plugin *plugin)
{
    if (plugin->desc->unload)
        plugin->desc->unload();
    forget(plugin);
    set_usable(plugin, PLUGIN_FOUND);
}

bool plugin_unload(struct plugin *plugin, GError **error)
{
    if (plugin->users > 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_BUSY, "plugin %s has %u users: delete the logical units and portals that need it first",
                    plugin->name, plugin->users);
        return false;
    }
    if (!plugin_is_loaded(plugin)) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "plugin %s is not loaded", plugin->name);
        return false;
    }
    end(plugin);
    log_info("plugin %s is unloaded", plugin->name);
    plugin_examine(plugin);
    return true;
}

void plugin_unuse(struct plugin *plugin)
{
    if (!plugin)
        return;
    g_assert(plugin->users > 0);
    if (--plugin->users == 0)
        plugin->state = PLUGIN_IDLE;
}

void plugin_free(struct plugin *plugin)
{
    if (!plugin)
        return;
    if (plugin_is_loaded(plugin))
        end(plugin);
    char *texts[] = {plugin->file,  plugin->name,    plugin->version, plugin->abi,   plugin->provides,
                     plugin->needs, plugin->licence, plugin->summary, plugin->reason};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    plugin_conf_free(plugin->priv->conf);
    g_strfreev(plugin->priv->needed);
    g_free(plugin->priv->runpath);
    g_free(plugin->priv);
    g_free(plugin);
}
