/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl system: the daemon itself. */
#include <stdio.h>

#include "ctl.h"

static void print_text(const char *title, const char *text)
{
    if (text)
        printf("%-12s %s\n", title, text);
}

static void print_int(const json_t *s, const char *member)
{
    printf("%-12s %" JSON_INTEGER_FORMAT "\n", member, ctl_int(s, member));
}

static void print_ring(const json_t *s)
{
    const char *reason = ctl_text(s, "ring_reason");
    printf("%-12s %" JSON_INTEGER_FORMAT ", %s%s%s%s\n", "threads", ctl_int(s, "threads"),
           ctl_text(s, "ring"), reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
}

static void print_settings(const json_t *s)
{
    g_autofree char *memory = format_size(ctl_int(s, "buffer_memory"));
    const char *cpus = ctl_text(s, "io_cpus");
    if (ctl_int(s, "spin_us"))
        printf("%-12s up to %" JSON_INTEGER_FORMAT " us\n", "spin", ctl_int(s, "spin_us"));
    else
        print_text("spin", "off");
    print_text("io-cpus", cpus ? cpus : "any");
    printf("%-12s %s for each thread\n", "buffers", memory);
}

static void print_defaults(const char *transport, const json_t *values)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)values, name, value) {
        printf("%-12s %s=%s\n", transport, name, json_string_value(value));
        transport = "";
    }
}

static void print_system(const json_t *s)
{
    g_autofree char *up = format_duration(ctl_int(s, "uptime"));
    g_autofree char *auth =
        ctl_auth_text(ctl_text(s, "discovery_auth"), json_object_get(s, "discovery_accounts"));
    size_t i;
    const char *name;
    json_t *dir;
    print_text("version", ctl_text(s, "version"));
    print_int(s, "pid");
    print_text("logins", ctl_text(s, "state"));
    print_text("discovery", auth);
    print_text("up", up);
    print_ring(s);
    print_settings(s);
    print_int(s, "targets");
    print_int(s, "luns");
    print_int(s, "sessions");
    print_int(s, "portals");
    print_text("control", ctl_text(s, "control"));
    print_text("state", ctl_text(s, "state_dir"));
    json_array_foreach(json_object_get(s, "plugin_dirs"), i, dir)
        print_text(i == 0 ? "plugins" : "", json_string_value(dir));
    json_object_foreach(json_object_get(s, "target_defaults"), name, dir)
        print_defaults(name, dir);
}

static enum ctl_exit system_show(struct ctl *ctl)
{
    json_t *system = ctl_call(ctl, "system.show", NULL);
    if (!system)
        return ctl->status;
    if (ctl_json(ctl, system))
        return CTL_OK;
    print_system(system);
    json_decref(system);
    return CTL_OK;
}

/* ---- Logins ---- */

static enum ctl_exit set_state(struct ctl *ctl, const char *state)
{
    return ctl_do(ctl, "system.set", json_pack("{s:{s:s}}", "values", "state", state));
}

static enum ctl_exit system_ready(struct ctl *ctl)
{
    return set_state(ctl, "ready");
}

static enum ctl_exit system_offline(struct ctl *ctl)
{
    return set_state(ctl, "offline");
}

static enum ctl_exit system_drain(struct ctl *ctl)
{
    json_t *params = json_object();
    if (!ctl_put_number(ctl, params, "deadline")) {
        json_decref(params);
        return CTL_USAGE;
    }
    json_t *result = ctl_call_telling(ctl, "system.drain", params, ctl_print_progress, NULL);
    if (!result)
        return ctl->status;
    if (!ctl_json(ctl, result))
        json_decref(result);
    return CTL_OK;
}

static enum ctl_exit system_undrain(struct ctl *ctl)
{
    return ctl_do(ctl, "system.undrain", NULL);
}

static enum ctl_exit system_shutdown(struct ctl *ctl)
{
    json_t *params = json_object();
    if (ctl_put_number(ctl, params, "deadline"))
        return ctl_do(ctl, "system.shutdown", params);
    json_decref(params);
    return CTL_USAGE;
}

/* ---- Health ---- */

static void print_health(const struct ctl *ctl, const json_t *health)
{
    size_t i;
    json_t *check;
    struct table *table = table_new("CHECK STATE NOTE");
    json_array_foreach(json_object_get(health, "checks"), i, check) {
        table_cell(table, ctl_text(check, "check"));
        table_cell(table, ctl_bool(check, "ok") ? "ok" : "FAILED");
        table_cell(table, ctl_text(check, "text"));
    }
    ctl_print(ctl, table);
}

static enum ctl_exit system_health(struct ctl *ctl)
{
    json_t *health = ctl_call(ctl, "system.health", NULL);
    if (!health)
        return ctl->status;
    enum ctl_exit status = ctl_bool(health, "healthy") ? CTL_OK : CTL_REFUSED;
    if (ctl_json(ctl, health))
        return status;
    print_health(ctl, health);
    json_decref(health);
    return status;
}

const struct command ctl_system_commands[] = {
    {"system", "show", "", "Describe the daemon", 0, 0, system_show, {NULL}},
    {"system", "ready", "", "Take logins", 0, 0, system_ready, {NULL}},
    {"system", "offline", "", "Take no logins; sessions stay", 0, 0, system_offline, {NULL}},
    {"system",
     "drain",
     "",
     "Take no logins, ask all initiators to log out, drop those that do not",
     0,
     0,
     system_drain,
     {"deadline"}},
    {"system",
     "undrain",
     "",
     "Take logins again after, or during, a drain",
     0,
     0,
     system_undrain,
     {NULL}},
    {"system",
     "health",
     "",
     "Say what keeps initiators from being served",
     0,
     0,
     system_health,
     {NULL}},
    {"system",
     "shutdown",
     "",
     "End the daemon: initiators are asked to log out, targets go",
     0,
     0,
     system_shutdown,
     {"deadline"}},
    {0},
};
