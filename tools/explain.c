/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of the control socket as commands of tgtctl that make them. */
#include <stdlib.h>
#include <string.h>

#include "explain.h"

/* ---- Words ---- */

static void put(GString *line, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%_+=:,./-";
    g_autofree char *quoted =
        *word && word[strspn(word, plain)] == '\0' ? NULL : g_shell_quote(word);
    g_string_append_printf(line, " %s", quoted ? quoted : word);
}

static void put_member(GString *line, const json_t *params, const char *name)
{
    put(line, ctl_text(params, name));
}

static void put_option(GString *line, const json_t *params, const char *name, const char *option)
{
    const char *value = ctl_text(params, name);
    if (!value)
        return;
    put(line, option);
    put(line, value);
}

static void put_number(GString *line, const json_t *params, const char *name, const char *option)
{
    if (json_object_get(params, name))
        g_string_append_printf(line, " %s %" JSON_INTEGER_FORMAT, option, ctl_int(params, name));
}

static void put_flag(GString *line, const json_t *params, const char *name, const char *option)
{
    if (ctl_bool(params, name))
        put(line, option);
}

static void put_lun(GString *line, const json_t *params)
{
    g_string_append_printf(line, " %s/%" JSON_INTEGER_FORMAT, ctl_text(params, "target"),
                           ctl_int(params, "lun"));
}

static void put_values(GString *line, const json_t *params)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(params, "values"), key, value) {
        g_autofree char *word = g_strdup_printf("%s=%s", key, json_string_value(value));
        put(line, word);
    }
}

/* ---- Commands ---- */

static void no_words(GString *line, const json_t *params)
{
}

static void target(GString *line, const json_t *params)
{
    if (json_object_get(params, "target"))
        put_member(line, params, "target");
}

static void target_create(GString *line, const json_t *params)
{
    put_member(line, params, "name");
    put_number(line, params, "tid", "--tid");
    put_flag(line, params, "legacy", "--legacy");
}

static void target_delete(GString *line, const json_t *params)
{
    target(line, params);
    put_flag(line, params, "force", "--force");
}

static void target_set(GString *line, const json_t *params)
{
    target(line, params);
    put_values(line, params);
}

static void lun_create(GString *line, const json_t *params)
{
    size_t i;
    json_t *option;
    put_lun(line, params);
    if (strcmp(ctl_text(params, "type"), "disk") != 0)
        put_option(line, params, "type", "--type");
    put_option(line, params, "bs", "--bs");
    put_option(line, params, "path", "--path");
    json_array_foreach(json_object_get(params, "options"), i, option) {
        put(line, "--opt");
        put(line, json_string_value(option));
    }
    put_number(line, params, "block_size", "--block-size");
    put_flag(line, params, "removable", "--removable");
    put_flag(line, params, "legacy", "--legacy");
}

static void lun_set(GString *line, const json_t *params)
{
    put_lun(line, params);
    put_values(line, params);
}

static void acl(GString *line, const json_t *params)
{
    const char *address = ctl_text(params, "address");
    target(line, params);
    if (address && g_ascii_strcasecmp(address, "all") == 0)
        put(line, "all");
    else
        put_option(line, params, "address", "--address");
    put_option(line, params, "initiator", "--initiator");
}

static void portal(GString *line, const json_t *params)
{
    put_member(line, params, "address");
    if (g_strcmp0(ctl_text(params, "transport"), "iscsi") != 0)
        put_option(line, params, "transport", "--transport");
}

/* The secret is not told again. */
static void account_create(GString *line, const json_t *params)
{
    put_member(line, params, "name");
    put(line, "--password-stdin");
}

static void account_delete(GString *line, const json_t *params)
{
    put_member(line, params, "name");
    put_flag(line, params, "force", "--force");
}

static void account_bind(GString *line, const json_t *params)
{
    put_member(line, params, "name");
    if (json_object_get(params, "target"))
        target(line, params);
    else
        put(line, "--discovery");
    put_flag(line, params, "outgoing", "--outgoing");
}

static void values_only(GString *line, const json_t *params)
{
    put_values(line, params);
}

static void session_kill(GString *line, const json_t *params)
{
    g_string_append_printf(line, " %" JSON_INTEGER_FORMAT, ctl_int(params, "sid"));
}

static void plugin(GString *line, const json_t *params)
{
    put_member(line, params, "name");
    put_option(line, params, "kind", "--kind");
}

static void stats(GString *line, const json_t *params)
{
    if (json_object_get(params, "lun"))
        put_lun(line, params);
    else
        target(line, params);
}

/* A method and the command that calls it. */
static const struct row {
    const char *method, *command;
    void (*words)(GString *line, const json_t *params);
    bool asks; /* changes nothing */
} rows[] = {
    {"target.create", "target create", target_create, false},
    {"target.delete", "target delete", target_delete, false},
    {"target.set", "target set", target_set, false},
    {"target.show", "target show", target, true},
    {"target.list", "target list", no_words, true},
    {"lun.create", "lun create", lun_create, false},
    {"lun.delete", "lun delete", put_lun, false},
    {"lun.set", "lun set", lun_set, false},
    {"lun.show", "lun show", put_lun, true},
    {"acl.add", "acl add", acl, false},
    {"acl.delete", "acl delete", acl, false},
    {"portal.add", "portal add", portal, false},
    {"portal.delete", "portal delete", portal, false},
    {"portal.list", "portal list", no_words, true},
    {"account.create", "account create", account_create, false},
    {"account.delete", "account delete", account_delete, false},
    {"account.bind", "account bind", account_bind, false},
    {"account.unbind", "account unbind", account_bind, false},
    {"account.list", "account list", no_words, true},
    {"session.list", "session list", target, true},
    {"session.kill", "session kill", session_kill, false},
    {"plugin.list", "plugin list", no_words, true},
    {"plugin.load", "plugin load", plugin, false},
    {"plugin.unload", "plugin unload", plugin, false},
    {"stats.show", "stats show", stats, true},
    {"isns.show", "isns show", no_words, true},
    {"isns.set", "isns set", values_only, false},
    {"system.show", "system show", no_words, true},
    {"system.shutdown", "system shutdown", no_words, false},
};

static bool has_command(const struct row *row)
{
    g_auto(GStrv) words = g_strsplit(row->command, " ", 2);
    return ctl_find(words[0], words[1]);
}

static const struct row *find_row(const json_t *call)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].method, ctl_text(call, "method")) == 0 && has_command(&rows[i]))
            return &rows[i];
    return NULL;
}

/* What has no command of its own, "tgtctl call" can do. */
static void put_call(GString *line, const json_t *call, const json_t *params)
{
    char *json = json_dumps(params, JSON_COMPACT);
    g_string_append(line, " call");
    put_member(line, call, "method");
    if (json_object_size(params) > 0)
        put(line, json);
    free(json);
}

/* Settings of the daemon that are commands; false: others. */
static bool put_setting(GString *line, const json_t *call, const json_t *values)
{
    const char *state = ctl_text(values, "state"), *debug = ctl_text(values, "debug");
    if (strcmp(ctl_text(call, "method"), "system.set") != 0)
        return false;
    if (state)
        g_string_append_printf(line, " system %s", state);
    else if (g_strcmp0(debug, "on") == 0)
        g_string_append(line, " log level debug");
    return state || g_strcmp0(debug, "on") == 0;
}

char *explain_line(const json_t *call, const char *port)
{
    GString *line = g_string_new("tgtctl");
    const json_t *params = json_object_get(call, "params");
    const struct row *row = find_row(call);
    if (port)
        g_string_append_printf(line, " -C %s", port);
    if (put_setting(line, call, json_object_get(params, "values")))
        return g_string_free(line, FALSE);
    if (row) {
        g_string_append_printf(line, " %s", row->command);
        row->words(line, params);
    } else
        put_call(line, call, params);
    return g_string_free(line, FALSE);
}

bool explain_asks(const json_t *call)
{
    const struct row *row = find_row(call);
    return (row && row->asks) || g_str_has_suffix(ctl_text(call, "method"), ".show");
}
