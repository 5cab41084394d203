/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods system.*: the daemon itself. */
#include "control-method.h"

#include <string.h>
#include <unistd.h>

#include "account.h"
#include "config.h"
#include "control-farewell.h"
#include "control-health.h"
#include "control.h"
#include "cpu-list.h"
#include "daemon.h"
#include "log.h"
#include "nexus.h"
#include "plugin.h"
#include "portal.h"
#include "system.h"
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
    const GPtrArray *list = plugins_known(daemon_get()->plugins);
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

static void describe_drain(json_t *o)
{
    const struct farewell *drain = system_draining();
    if (!drain)
        return;
    struct farewell_count count = farewell_count(drain);
    json_object_set_new(o, "drain",
                        json_pack("{s:i, s:i, s:i, s:i}", "asked", (int)count.asked, "dropped",
                                  (int)count.dropped, "left", (int)count.left, "seconds",
                                  (int)farewell_seconds(drain)));
}

static void system_show_(struct control_call *call, const json_t *params)
{
    const struct daemon *d = daemon_get();
    g_autoptr(GPtrArray) sessions = nexus_list(NULL);
    json_t *o =
        json_pack("{s:s, s:i, s:I, s:b}", "version", PACKAGE_VERSION, "pid", (int)getpid(),
                  "uptime", (json_int_t)((g_get_monotonic_time() - d->started) / G_USEC_PER_SEC),
                  "debug", log_get_level() >= TGT_LOG_DEBUG);
    control_put(o, "log_level", log_level_name(log_get_level()));
    control_put(o, "state", system_state_name(system_state()));
    describe_drain(o);
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

/* ---- Settings ---- */

static bool set_state(const char *value, GError **error)
{
    return system_set_state(value, error);
}

static bool set_debug(const char *value, GError **error)
{
    bool on = strcmp(value, "on") == 0;
    if (!on && strcmp(value, "off") != 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "debug is on or off, not '%s'", value);
        return false;
    }
    log_set_level(on ? TGT_LOG_DEBUG : daemon_get()->config.log_level);
    return true;
}

static bool set_discovery_auth(const char *value, GError **error)
{
    return auth_set(NULL, value, error);
}

static const struct setting {
    const char *key;
    bool (*set)(const char *value, GError **error);
} settings[] = {{"state", set_state}, {"debug", set_debug}, {"discovery_auth", set_discovery_auth}};

static bool set(const char *key, const char *value, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(settings); i++)
        if (strcmp(settings[i].key, key) == 0)
            return settings[i].set(value, error);
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                "the daemon has no setting '%s': it has state, debug and discovery_auth", key);
    return false;
}

static void system_set_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    const char *key;
    json_t *value;
    control_about(call, "system");
    json_object_foreach(json_object_get(params, "values"), key, value)
        if (!set(key, json_string_value(value), &error))
            break;
    control_end(call, error);
}

/* ---- Drain and end ---- */

static void system_drain_(struct control_call *call, const json_t *params)
{
    control_drain(call, control_deadline(params));
}

static void system_undrain_(struct control_call *call, const json_t *params)
{
    system_undrain();
    control_reply(call, NULL);
}

static void system_shutdown_(struct control_call *call, const json_t *params)
{
    struct daemon *d = daemon_get();
    if (json_object_get(params, "deadline"))
        d->config.stop_timeout = control_deadline(params);
    g_main_loop_quit(d->loop);
    control_answer_last(d->control, call);
}

const struct control_method control_system_methods[] = {
    {"system.show", "Describe the daemon", true, system_show_, {{0}}},
    {"system.shutdown",
     "End the daemon as SIGTERM does; answered when all is closed",
     false,
     system_shutdown_,
     {{"deadline", CONTROL_UINT, false,
       "seconds until sessions are dropped that have not logged out", 86400}}},
    {"system.health", "Say what keeps initiators from being served", true, control_health, {{0}}},
    {"system.set",
     "Change the daemon, value by value until one is refused",
     false,
     system_set_,
     {{"values", CONTROL_MAP, true, "state: ready or offline (no logins); debug: on or off"}}},
    {"system.drain",
     "Take no more logins, ask all initiators to log out; answered when they have, or were "
     "dropped after the deadline",
     false,
     system_drain_,
     {{CONTROL_DEADLINE}}},
    {"system.undrain", "Take logins again; end a drain", false, system_undrain_, {{0}}},
    {0},
};
