/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules for a plugin's descriptor and table, checked once when it is loaded so that nobody has
 * to ask later. */
#include <string.h>

#include "plugin-private.h"

#define ANY_MODEL       0u
#define SUBMITTING      (1u << TGT_BS_ASYNC | 1u << TGT_BS_OWN_THREADS)
#define WORKER_POOL     (1u << TGT_BS_BLOCKING)
#define AT(type, field) offsetof(struct type, field)

/* What a plugin of ABI 1.0 has of the structs that are read where they are, not copied. When one of
 * them grows, plugins with shorter ones must be given widened copies: until then, these say that
 * there is nothing to widen. */
#define PARAM_SIZE_1_0      (AT(tgt_param, help) + sizeof(const char *))
#define DESCRIPTOR_SIZE_1_0 (AT(tgt_plugin, param_size) + sizeof(uint32_t))
_Static_assert(sizeof(struct tgt_param) == PARAM_SIZE_1_0, "older rows must be widened");
_Static_assert(sizeof(struct tgt_plugin) == DESCRIPTOR_SIZE_1_0,
               "older descriptors must be widened");

/* A callback that must be there: always, for some models, or because another one is. */
struct need {
    const char *name;
    size_t at;
    unsigned models;    /* ANY_MODEL, or bits of enum tgt_bs_model */
    const char *before; /* the one that makes it necessary, or NULL */
    size_t before_at;
};

static const struct need bs_needs[] = {
    {"open", AT(tgt_bs_ops, open)},
    {"close", AT(tgt_bs_ops, close)},
    {"submit", AT(tgt_bs_ops, submit), SUBMITTING},
    {"read", AT(tgt_bs_ops, read), WORKER_POOL},
    {"chan_close", AT(tgt_bs_ops, chan_close), SUBMITTING, "chan_open", AT(tgt_bs_ops, chan_open)},
    {"giveback", AT(tgt_bs_ops, giveback), SUBMITTING, "lend", AT(tgt_bs_ops, lend)},
};

static const struct need transport_needs[] = {
    {"portal_open", AT(tgt_transport_ops, portal_open)},
    {"portal_close", AT(tgt_transport_ops, portal_close)},
    {"data_out", AT(tgt_transport_ops, data_out)},
    {"respond", AT(tgt_transport_ops, respond)},
    {"abort", AT(tgt_transport_ops, abort)},
    {"nexus_close", AT(tgt_transport_ops, nexus_close)},
    {"thread_detach", AT(tgt_transport_ops, thread_detach), ANY_MODEL, "thread_attach",
     AT(tgt_transport_ops, thread_attach)},
};

#define BROKEN(refusal, plugin, fmt, ...)                                                          \
    plugin_refuse(refusal, PLUGIN_FAILED, "%s " fmt ": its maker must correct it", (plugin)->file, \
                  __VA_ARGS__)

static const char *noun(unsigned kind)
{
    static const char *const nouns[] = {"plugin", "backing store", "device type", "transport"};
    return nouns[kind < G_N_ELEMENTS(nouns) ? kind : 0];
}

static bool is_set(const void *ops, size_t at)
{
    void *callback;
    memcpy(&callback, (const char *)ops + at, sizeof callback);
    return callback != NULL;
}

static bool check_needs(struct plugin *plugin, const struct need *needs, unsigned count,
                        unsigned model, GError **refusal)
{
    const void *ops = &plugin->bs;
    for (const struct need *n = needs; n < needs + count; n++) {
        if ((n->models && !(n->models & 1u << model)) ||
            (n->before && !is_set(ops, n->before_at)) || is_set(ops, n->at))
            continue;
        if (n->before)
            return BROKEN(refusal, plugin,
                          "has the callback '%s', but not '%s', which must come with it", n->before,
                          n->name);
        return BROKEN(refusal, plugin, "lacks the callback '%s', which every %s%s must have",
                      n->name, noun(plugin->kind),
                      n->models == WORKER_POOL ? " of the blocking model"
                      : n->models              ? " that is not of the blocking model"
                                               : "");
    }
    return true;
}

static bool check_room(struct plugin *plugin, const char *name, unsigned want, unsigned max,
                       GError **refusal)
{
    return want <= max || plugin_refuse(refusal, PLUGIN_FAILED,
                                        "%s wants %s of %u bytes, this tgtd gives at most %u: "
                                        "upgrade tgtd, or its maker must make do with less",
                                        plugin->file, name, want, max);
}

/* An array and the size of its elements. `exact`: the elements must be this host's. */
static bool check_array(struct plugin *plugin, const char *name, const void *array, unsigned count,
                        size_t size, size_t own, bool exact, GError **refusal)
{
    if (count == 0)
        return true;
    if (!array)
        return BROKEN(refusal, plugin, "says that '%s' has %u elements, but has no array", name,
                      count);
    if (exact ? size != own : size < own)
        return BROKEN(refusal, plugin, "has elements of %zu bytes in '%s', %zu are needed", size,
                      name, own);
    return true;
}

static bool check_params(struct plugin *plugin, const char *name, const struct tgt_param *table,
                         unsigned count, size_t size, GError **refusal)
{
    if (!check_array(plugin, name, table, count, size, PARAM_SIZE_1_0, false, refusal))
        return false;
    for (unsigned i = 0; i < count; i++) {
        const struct tgt_param *p = (const struct tgt_param *)((const char *)table + i * size);
        if (!p->name || !*p->name || p->type < TGT_PARAM_STRING || p->type > TGT_PARAM_ENUM ||
            (p->type == TGT_PARAM_ENUM && !p->choices))
            return BROKEN(refusal, plugin,
                          "has no usable name, type or choices in element %u of '%s'", i, name);
    }
    return true;
}

static bool check_bs(struct plugin *plugin, GError **refusal)
{
    const struct tgt_bs_ops *ops = &plugin->bs;
    if (ops->model < TGT_BS_ASYNC || ops->model > TGT_BS_OWN_THREADS)
        return BROKEN(refusal, plugin,
                      "has the unknown model %u, one of 1 (asynchronous), 2 (blocking) or 3 (own "
                      "threads) is needed",
                      ops->model);
    return check_needs(plugin, bs_needs, G_N_ELEMENTS(bs_needs), ops->model, refusal) &&
           check_room(plugin, "an io_priv_size", ops->io_priv_size, TGT_BS_IO_PRIV_MAX, refusal) &&
           check_params(plugin, "lu_params", ops->lu_params, ops->lu_param_count,
                        ops->lu_param_size, refusal);
}

static bool check_rows(struct plugin *plugin, GError **refusal)
{
    const struct tgt_device_ops *d = &plugin->device;
    for (unsigned i = 0; i < d->op_count; i++)
        if (!d->ops[i].name || !d->ops[i].exec)
            return BROKEN(refusal, plugin,
                          "lacks the callback 'exec', which every command must have, in element %u "
                          "(%s) of 'ops'",
                          i, d->ops[i].name ? d->ops[i].name : "which has no name either");
    for (unsigned i = 0; i < d->vpd_count; i++)
        if (!d->vpd[i].fill)
            return BROKEN(
                refusal, plugin,
                "lacks the callback 'fill', which every VPD page must have, in page %02Xh",
                d->vpd[i].code);
    for (unsigned i = 0; i < d->mode_count; i++)
        if (d->mode[i].length > 0 && (!d->mode[i].defaults || !d->mode[i].changeable))
            return BROKEN(
                refusal, plugin,
                "lacks 'defaults' or 'changeable', which every mode page must have, in page %02Xh",
                d->mode[i].code);
    for (unsigned i = 0; i < d->log_count; i++)
        if (!d->log[i].fill)
            return BROKEN(
                refusal, plugin,
                "lacks the callback 'fill', which every log page must have, in page %02Xh",
                d->log[i].code);
    return true;
}

static bool check_device(struct plugin *plugin, GError **refusal)
{
    const struct tgt_device_ops *d = &plugin->device;
    return check_room(plugin, "a cmd_priv_size", d->cmd_priv_size, TGT_DEVICE_CMD_PRIV_MAX,
                      refusal) &&
           check_array(plugin, "ops", d->ops, d->op_count, d->op_size, sizeof *d->ops, true,
                       refusal) &&
           check_array(plugin, "vpd", d->vpd, d->vpd_count, d->vpd_size, sizeof *d->vpd, true,
                       refusal) &&
           check_array(plugin, "mode", d->mode, d->mode_count, d->mode_size, sizeof *d->mode, true,
                       refusal) &&
           check_array(plugin, "log", d->log, d->log_count, d->log_size, sizeof *d->log, true,
                       refusal) &&
           check_rows(plugin, refusal);
}

static bool check_transport(struct plugin *plugin, GError **refusal)
{
    const struct tgt_transport_ops *t = &plugin->transport;
    return check_needs(plugin, transport_needs, G_N_ELEMENTS(transport_needs), 0, refusal) &&
           check_room(plugin, "a cmd_priv_size", t->cmd_priv_size, TGT_TRANSPORT_CMD_PRIV_MAX,
                      refusal) &&
           check_params(plugin, "portal_params", t->portal_params, t->portal_param_count,
                        t->param_size, refusal) &&
           check_params(plugin, "target_params", t->target_params, t->target_param_count,
                        t->param_size, refusal);
}

/* min(theirs, ours) bytes into zeroed memory: a field that an older plugin does not have is NULL or
 * 0. */
static bool copy_ops(struct plugin *plugin, const struct tgt_plugin *desc, size_t own,
                     GError **refusal)
{
    uint32_t size = 0;
    if (desc->ops)
        memcpy(&size, desc->ops, sizeof size);
    if (size < 2 * sizeof size)
        return BROKEN(refusal, plugin,
                      "has no table of callbacks with its size, every %s must have one",
                      noun(plugin->kind));
    memcpy(&plugin->bs, desc->ops, MIN(size, own));
    return true;
}

static bool check_ops(struct plugin *plugin, const struct tgt_plugin *desc, GError **refusal)
{
    switch (desc->kind) {
    case TGT_PLUGIN_BACKING_STORE:
        return copy_ops(plugin, desc, sizeof plugin->bs, refusal) && check_bs(plugin, refusal);
    case TGT_PLUGIN_DEVICE_TYPE:
        return copy_ops(plugin, desc, sizeof plugin->device, refusal) &&
               check_device(plugin, refusal);
    default:
        return copy_ops(plugin, desc, sizeof plugin->transport, refusal) &&
               check_transport(plugin, refusal);
    }
}

static bool check_same(struct plugin *plugin, const char *what, const char *section,
                       const char *desc, GError **refusal)
{
    g_autofree char *text = desc ? plain_text(desc, strlen(desc)) : g_strdup("nothing");
    return g_strcmp0(section, text) == 0 ||
           plugin_refuse(refusal, PLUGIN_FAILED,
                         "%s contradicts itself: its section .tgt.plugin says %s '%s', its "
                         "descriptor '%s', both must be the same: build it again",
                         plugin->file, what, section, text);
}

static bool check_identity(struct plugin *plugin, const struct tgt_plugin *desc, GError **refusal)
{
    g_autofree char *abi = g_strdup_printf("%u.%u", desc->abi_major, desc->abi_minor);
    return check_same(plugin, "kind", plugin_kind_name(plugin->kind), plugin_kind_name(desc->kind),
                      refusal) &&
           check_same(plugin, "name", plugin->name, desc->name, refusal) &&
           check_same(plugin, "version", plugin->version, desc->version, refusal) &&
           check_same(plugin, "abi", plugin->abi, abi, refusal);
}

bool plugin_check(struct plugin *plugin, const struct tgt_plugin *desc, GError **refusal)
{
    memset(&plugin->bs, 0, offsetof(struct plugin, params) - offsetof(struct plugin, bs));
    if (desc->magic != TGT_PLUGIN_MAGIC || desc->struct_size < DESCRIPTOR_SIZE_1_0)
        return plugin_refuse(refusal, PLUGIN_FAILED,
                             "%s has a symbol tgt_plugin that is no descriptor, one as "
                             "TGT_PLUGIN_DEFINE makes it is needed: build it again",
                             plugin->file);
    return check_identity(plugin, desc, refusal) &&
           check_params(plugin, "params", desc->params, desc->param_count, desc->param_size,
                        refusal) &&
           check_ops(plugin, desc, refusal);
}
