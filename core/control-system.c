/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods system.*: the daemon itself. */
#include "control-method.h"

#include <unistd.h>

#include "account.h"
#include "config.h"
#include "control.h"
#include "cpu-list.h"
#include "daemon.h"
#include "log.h"
#include "nexus.h"
#include "plugin.h"
#include "portal.h"
#include "target.h"
#include "thread.h"

static void count_luns(json_t *o)
{
    int targets = 0, luns = 0;
    g_autoptr(GList) list = targets_list();
    for (GList *t = list; t; t = t->next) {
        targets++;
        luns += g_tree_nnodes(((struct tgt_target *)t->data)->luns);
    }
    json_object_set_new(o, "targets", json_integer(targets));
    json_object_set_new(o, "luns", json_integer(luns));
}

static json_t *plugin_dirs(char **dirs)
{
    json_t *list = json_array();
    for (; dirs && *dirs; dirs++)
        json_array_append_new(list, json_string(*dirs));
    return list;
}

/* What targets begin with: depth of queues, lengths of segments and bursts. */
static json_t *target_defaults(void)
{
    json_t *all = json_object();
    const GPtrArray *list = plugins_list(daemon_get()->plugins);
    for (guint i = 0; i < list->len; i++) {
        const struct plugin *p = list->pdata[i];
        const struct tgt_transport_ops *ops = &p->transport;
        if (p->kind != TGT_PLUGIN_TRANSPORT || p->users == 0)
            continue;
        json_t *values = json_object();
        for (unsigned k = 0; k < ops->target_param_count; k++) {
            const struct tgt_param *row = control_param_at(ops->target_params, k, ops->param_size);
            control_put(values, row->name, row->def);
        }
        json_object_set_new(all, p->name, values);
    }
    return all;
}

static void describe_threads(json_t *o, const struct daemon *d)
{
    g_autofree char *cpus = cpu_list_text(d->config.io_cpus);
    json_object_set_new(o, "threads", json_integer(threads_count(d->threads)));
    control_put(o, "ring", threads_ring_name(d->threads));
    control_put(o, "ring_reason", threads_ring_reason(d->threads));
    json_object_set_new(o, "spin_us", json_integer(threads_spin_us(d->threads)));
    if (*cpus)
        control_put(o, "io_cpus", cpus);
    json_object_set_new(o, "buffer_memory",
                        json_integer((json_int_t)threads_buffer_memory(d->threads)));
    json_object_set_new(o, "target_defaults", target_defaults());
}

static void system_show_(struct control_call *call, const json_t *params)
{
    const struct daemon *d = daemon_get();
    g_autoptr(GPtrArray) sessions = nexus_list(NULL);
    json_t *o =
        json_pack("{s:s, s:i, s:I, s:b}", "version", PACKAGE_VERSION, "pid", (int)getpid(),
                  "uptime", (json_int_t)((g_get_monotonic_time() - d->started) / G_USEC_PER_SEC),
                  "debug", log_get_level() >= TGT_LOG_DEBUG);
    describe_threads(o, d);
    count_luns(o);
    json_object_set_new(o, "sessions", json_integer(sessions->len));
    json_object_set_new(o, "portals", json_integer(portals_list()->len));
    control_put(o, "discovery_auth", auth_name(auth_of(NULL)));
    json_object_set_new(o, "discovery_accounts", control_describe_accounts(NULL));
    control_put(o, "control", d->config.control_path);
    control_put(o, "state_dir", d->config.state_dir);
    json_object_set_new(o, "plugin_dirs", plugin_dirs(d->config.plugin_dirs));
    control_reply(call, o);
}

static void system_shutdown_(struct control_call *call, const json_t *params)
{
    struct daemon *d = daemon_get();
    g_main_loop_quit(d->loop);
    control_answer_last(d->control, call);
}

const struct control_method control_system_methods[] = {
    {"system.show", "Describe the daemon", true, system_show_, {{0}}},
    {"system.shutdown",
     "End the daemon as SIGTERM does; answered when all is closed",
     false,
     system_shutdown_,
     {{0}}},
    {0},
};
