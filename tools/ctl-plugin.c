/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl plugin: which plugins there are, why one is not usable, load and unload. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static json_t *params_of(const struct ctl *ctl)
{
    json_t *params = json_pack("{s:s}", "name", ctl_word(ctl, 0));
    ctl_put_options(ctl, params);
    return params;
}

static bool is(const json_t *plugin, const char *state)
{
    return g_strcmp0(ctl_text(plugin, "state"), state) == 0;
}

static const char *note_of(const json_t *plugin)
{
    const char *note = ctl_text(plugin, "note");
    return note || !is(plugin, "available") ? note : "loads on first use";
}

static void add_row(struct table *table, const json_t *p)
{
    table_cell(table, ctl_text(p, "name"));
    table_cell(table, ctl_text(p, "kind"));
    table_cell(table, ctl_text(p, "version"));
    table_cell(table, ctl_text(p, "abi"));
    table_cell(table, ctl_text(p, "state"));
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(p, "users"));
    table_cell(table, note_of(p));
}

static void print_summary(const json_t *list)
{
    unsigned active = 0, idle = 0, available = 0;
    size_t i, n = json_array_size(list);
    json_t *p;
    json_array_foreach(list, i, p) {
        active += is(p, "active");
        idle += is(p, "idle");
        available += is(p, "available");
    }
    printf("%zu plugin%s: %u active, %u idle, %u available, %zu not usable. 'tgtctl plugin info "
           "NAME' explains.\n",
           n, n == 1 ? "" : "s", active, idle, available, n - active - idle - available);
}

static enum ctl_exit plugin_list(struct ctl *ctl)
{
    json_t *list = ctl_call(ctl, "plugin.list", NULL), *p;
    size_t i;
    if (!list)
        return ctl->status;
    if (ctl_json(ctl, list))
        return CTL_OK;
    struct table *table = table_new("NAME KIND VERSION ABI STATE >USERS NOTE");
    json_array_foreach(list, i, p)
        add_row(table, p);
    ctl_print(ctl, table);
    if (ctl->format == CTL_FORMAT_TABLE)
        print_summary(list);
    json_decref(list);
    return CTL_OK;
}

static void print_line(const json_t *p, const char *title, const char *member)
{
    const char *text = ctl_text(p, member);
    if (text && *text)
        printf("%-10s%s\n", title, text);
}

/* "uint, 1 to 64 commands", "fast safe". */
static char *type_text(const json_t *row)
{
    const char *choices = ctl_text(row, "choices"), *unit = ctl_text(row, "unit");
    json_int_t min = ctl_int(row, "min"), max = ctl_int(row, "max");
    GString *text = g_string_new(choices ? choices : ctl_text(row, "type"));
    if (max)
        g_string_append_printf(text, ", %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT, min,
                               max);
    else if (min)
        g_string_append_printf(text, ", from %" JSON_INTEGER_FORMAT, min);
    if (unit)
        g_string_append_printf(text, " %s", unit);
    return g_string_free(text, FALSE);
}

static void print_params(const struct ctl *ctl, const json_t *p, const char *member,
                         const char *title)
{
    const json_t *params = json_object_get(p, member);
    size_t i;
    json_t *row;
    if (json_array_size(params) == 0)
        return;
    printf("\n%s:\n", title);
    bool with_values = false;
    json_array_foreach(params, i, row)
        with_values = with_values || ctl_text(row, "value");
    struct table *table =
        table_new(with_values ? "NAME TYPE DEFAULT VALUE HELP" : "NAME TYPE DEFAULT HELP");
    json_array_foreach(params, i, row) {
        g_autofree char *type = type_text(row);
        table_cell(table, ctl_text(row, "name"));
        table_cell(table, type);
        table_cell(table, ctl_bool(row, "required") ? "(required)" : ctl_text(row, "default"));
        if (with_values)
            table_cell(table, ctl_text(row, "value"));
        table_cell(table, ctl_text(row, "help"));
    }
    ctl_print(ctl, table);
}

static void print_info(const struct ctl *ctl, const json_t *p)
{
    const char *summary = ctl_text(p, "summary");
    printf("%s%s%s\n", ctl_text(p, "name"), summary && *summary ? " - " : "",
           summary ? summary : "");
    print_line(p, "kind", "kind");
    print_line(p, "version", "version");
    print_line(p, "abi", "abi");
    print_line(p, "licence", "licence");
    print_line(p, "file", "file");
    print_line(p, "provides", "provides");
    print_line(p, "needs", "needs");
    printf("%-10s%s, %" JSON_INTEGER_FORMAT " user%s\n", "state", ctl_text(p, "state"),
           ctl_int(p, "users"), ctl_int(p, "users") == 1 ? "" : "s");
    if (note_of(p))
        printf("%-10s%s\n", "note", note_of(p));
    print_params(ctl, p, "params", "Parameters of the plugin ([params] of its drop-in file)");
    print_params(ctl, p, "lun_params", "Options of a logical unit (--opt)");
    print_params(ctl, p, "portal_params", "Parameters of portals");
    print_params(ctl, p, "target_params", "Parameters of targets (target set)");
    if (!json_object_get(p, "params"))
        puts("\nIts parameters are known once it is loaded: tgtctl plugin load.");
}

static enum ctl_exit plugin_info(struct ctl *ctl)
{
    json_t *info = ctl_call(ctl, "plugin.info", params_of(ctl));
    if (!info)
        return ctl->status;
    if (ctl_json(ctl, info))
        return CTL_OK;
    print_info(ctl, info);
    json_decref(info);
    return CTL_OK;
}

static enum ctl_exit plugin_load(struct ctl *ctl)
{
    return ctl_do(ctl, "plugin.load", params_of(ctl));
}

static enum ctl_exit plugin_unload(struct ctl *ctl)
{
    return ctl_do(ctl, "plugin.unload", params_of(ctl));
}

const struct command ctl_plugin_commands[] = {
    {"plugin", "list", "", "List all plugins, usable or not", 0, 0, plugin_list, {NULL}},
    {"plugin", "info", "NAME", "Describe a plugin and its parameters", 1, 1, plugin_info, {"kind"}},
    {"plugin", "load", "NAME", "Load a plugin now", 1, 1, plugin_load, {"kind"}},
    {"plugin",
     "unload",
     "NAME",
     "Unload a plugin that nothing uses",
     1,
     1,
     plugin_unload,
     {"kind"}},
    {0},
};
