/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of one plugin: examined, mapped, started, used, unloaded. The only file that calls
 * dlopen(). */
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "log.h"
#include "plugin-private.h"

G_DEFINE_QUARK(plugin_refusal, plugin_refusal)

/* Under this key GLib's dataset of a descriptor's address holds its struct plugin: found from any
 * thread, and without a variable. */
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
    static const char *const words[] = {"unknown", TGT_KIND_NAME_BACKING_STORE,
                                        TGT_KIND_NAME_DEVICE_TYPE, TGT_KIND_NAME_TRANSPORT};
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

/* ---- Mapping ---- */

static bool refuse_mapping(struct plugin *plugin, const char *fd_path, const char *text,
                           GError **refusal)
{
    g_autofree char *library = plugin_libs_blamed(plugin->priv->needed, text);
    if (library)
        return plugin_refuse(
            refusal, PLUGIN_MISSING,
            "%s needs the library %s, which is not there: install the package that has it",
            plugin->file, library);
    g_autofree char *prefix = g_strconcat(fd_path, ": ", NULL);
    g_autoptr(GString) plain =
        g_string_new(g_str_has_prefix(text, prefix) ? text + strlen(prefix) : text);
    g_string_replace(plain, fd_path, "this file", 0);
    return plugin_refuse(
        refusal, PLUGIN_FAILED,
        "%s cannot be loaded (%s): install a build of it that is made for this system",
        plugin->file, plain->str);
}

/* A file that was loaded before keeps its mapping. One that was written over in place has changed
 * under the code that is mapped. */
static bool is_mapped(struct plugin *plugin, int fd, bool *mapped, GError **refusal)
{
    const struct plugin_private *priv = plugin->priv;
    struct file_id id = file_id_of_fd(fd);
    *mapped = priv->handle && file_id_equal(&id, &priv->mapped);
    if (priv->handle && !*mapped && id.dev == priv->mapped.dev && id.ino == priv->mapped.ino)
        return plugin_refuse(
            refusal, PLUGIN_FAILED,
            "%s was overwritten while tgtd had it mapped, a new file is needed: restart tgtd",
            plugin->file);
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
    plugin->priv->mapped = file_id_of_fd(*fd);
    *fd = -1;
    return true;
}

bool plugin_map(struct plugin *plugin, int *fd, GError **refusal)
{
    if (!map_file(plugin, fd, refusal))
        return false;
    const struct tgt_plugin *desc = dlsym(plugin->priv->handle, "tgt_plugin");
    if (!desc)
        return plugin_refuse(refusal, PLUGIN_FAILED,
                             "%s does not export the symbol tgt_plugin, which TGT_PLUGIN_DEFINE "
                             "makes: build it again",
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
    g_autofree char *text =
        plain_text(err.text[0] ? err.text : g_strerror(-result), sizeof err.text);
    return plugin_refuse(
        refusal, PLUGIN_FAILED,
        "%s was loaded, but could not start (%s): correct that, then run 'tgtctl plugin load %s'",
        plugin->file, text, plugin->name);
}

bool plugin_start(struct plugin *plugin, GError **refusal)
{
    const struct tgt_plugin *d = plugin->desc;
    const struct plugin_conf *conf = plugin->priv->conf;
    g_autoptr(GError) why = NULL;
    plugin->params = params_parse(d->params, d->param_count, d->param_size, conf->words, &why);
    if (!plugin->params)
        return plugin_refuse(
            refusal, PLUGIN_FAILED,
            "%s has a wrong parameter in %s (%s): correct that, then run 'tgtctl plugin load %s'",
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

bool plugin_prepare(struct plugin *plugin, bool by_admin, int *fd, GError **refusal)
{
    *fd = -1;
    plugin->priv->tried = false;
    if (!plugin_open(plugin, fd, refusal) || !plugin_may_load(plugin, by_admin, refusal))
        return false;
    plugin->priv->tried = true;
    return true;
}

bool plugin_has_passed(const struct plugin *plugin, int fd)
{
    struct file_id id = file_id_of_fd(fd);
    return file_id_equal(&id, &plugin->priv->probed);
}

bool plugin_complete(struct plugin *plugin, int fd, GError *refusal)
{
    bool ok = !refusal && plugin_map(plugin, &fd, &refusal) && plugin_start(plugin, &refusal);
    if (fd >= 0)
        close(fd);
    if (ok) {
        plugin_set_usable(plugin, PLUGIN_IDLE);
        log_info("plugin %s %s is loaded from %s", plugin->name, plugin->version, plugin->file);
    } else {
        forget(plugin);
        plugin_set_refused(plugin, refusal);
    }
    return ok;
}

static void end(struct plugin *plugin)
{
    if (plugin->desc->unload)
        plugin->desc->unload();
    forget(plugin);
    plugin_set_usable(plugin, PLUGIN_FOUND);
}

/* The I/O threads are users of a transport, from its first portal until the end (portal.c). */
static bool refuse_unload(const struct plugin *plugin, GError **error)
{
    if (plugin->kind == TGT_PLUGIN_TRANSPORT)
        g_set_error(error, CORE_ERROR, CORE_ERROR_BUSY,
                    "the transport %s has been used: it stays loaded until tgtd ends",
                    plugin->name);
    else
        g_set_error(error, CORE_ERROR, CORE_ERROR_BUSY,
                    "plugin %s is in use (%u user%s): delete the logical units that need it first",
                    plugin->name, plugin->users, plugin->users == 1 ? "" : "s");
    return false;
}

bool plugin_unload(struct plugin *plugin, GError **error)
{
    if (plugin->users > 0)
        return refuse_unload(plugin, error);
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
    char *texts[] = {plugin->file,    plugin->name,     plugin->version,
                     plugin->abi,     plugin->provides, plugin->needs,
                     plugin->licence, plugin->summary,  plugin->reason};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    plugin_conf_free(plugin->priv->conf);
    g_clear_error(&plugin->priv->judgement);
    g_strfreev(plugin->priv->needed);
    g_free(plugin->priv->runpath);
    g_free(plugin->priv);
    g_free(plugin);
}
