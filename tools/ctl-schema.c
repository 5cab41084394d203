/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl schema and call: what the control socket understands, and anything of it. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static char *params_text(const json_t *params)
{
    GString *text = g_string_new(NULL);
    size_t i;
    json_t *p;
    json_array_foreach(params, i, p)
        g_string_append_printf(text, ctl_bool(p, "required") ? "%s%s" : "%s[%s]", i ? " " : "",
                               ctl_text(p, "name"));
    return g_string_free(text, FALSE);
}

static void print_list(const struct ctl *ctl, const json_t *methods)
{
    size_t i;
    json_t *m;
    struct table *table = table_new("METHOD ACCESS PARAMETERS SUMMARY");
    json_array_foreach(methods, i, m) {
        g_autofree char *params = params_text(json_object_get(m, "params"));
        table_cell(table, ctl_text(m, "name"));
        table_cell(table, ctl_bool(m, "read_only") ? "read-only" : "admin");
        table_cell(table, params);
        table_cell(table, ctl_text(m, "summary"));
    }
    ctl_print(ctl, table);
}

static void print_method(const struct ctl *ctl, const json_t *m)
{
    size_t i;
    json_t *p;
    if (ctl->format == CTL_FORMAT_TABLE)
        printf("%s: %s.\n", ctl_text(m, "name"), ctl_text(m, "summary"));
    struct table *table = table_new("PARAMETER TYPE REQUIRED HELP");
    json_array_foreach(json_object_get(m, "params"), i, p) {
        table_cell(table, ctl_text(p, "name"));
        table_cell(table, ctl_text(p, "type"));
        table_cell(table, ctl_bool(p, "required") ? "yes" : "no");
        table_cell(table, ctl_text(p, "help"));
    }
    ctl_print(ctl, table);
}

static json_t *find(const json_t *methods, const char *name)
{
    size_t i;
    json_t *m;
    json_array_foreach(methods, i, m)
        if (strcmp(ctl_text(m, "name"), name) == 0)
            return m;
    return NULL;
}

static enum ctl_exit show_one(struct ctl *ctl, const json_t *methods, const char *name)
{
    json_t *m = find(methods, name);
    if (!m) {
        fprintf(stderr, "tgtctl: there is no method '%s'; 'tgtctl schema' lists them\n", name);
        return CTL_NOT_FOUND;
    }
    if (!ctl_json(ctl, json_incref(m))) {
        print_method(ctl, m);
        json_decref(m);
    }
    return CTL_OK;
}

static enum ctl_exit schema(struct ctl *ctl)
{
    const char *name = ctl_word(ctl, 0);
    json_t *methods = ctl_call(ctl, "rpc.methods", NULL);
    enum ctl_exit status = CTL_OK;
    if (!methods)
        return ctl->status;
    if (name)
        status = show_one(ctl, methods, name);
    else if (!ctl_json(ctl, json_incref(methods))) {
        json_decref(methods);
        print_list(ctl, methods);
    }
    json_decref(methods);
    return status;
}

/* ---- Calls ---- */

static enum ctl_exit call(struct ctl *ctl)
{
    const char *text = ctl_word(ctl, 1);
    json_error_t why;
    json_t *params = text ? json_loads(text, JSON_REJECT_DUPLICATES, &why) : json_object();
    if (!json_is_object(params)) {
        json_decref(params);
        return ctl_wrong("the parameters are no JSON object: %s", text);
    }
    json_t *result = ctl_call(ctl, ctl_word(ctl, 0), params);
    if (!result)
        return ctl->status;
    if (!ctl->json)
        ctl->format = CTL_FORMAT_JSON;
    ctl->json = true;
    ctl_json(ctl, result);
    return CTL_OK;
}

const struct command ctl_schema_commands[] = {
    {"call",
     NULL,
     "METHOD [PARAMETERS]",
     "Call a method of the control socket with a JSON object",
     1,
     2,
     call,
     {NULL}},
    {"schema",
     NULL,
     "[METHOD]",
     "Describe the methods of the control socket",
     0,
     1,
     schema,
     {NULL}},
    {0},
};
