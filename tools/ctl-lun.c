/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl lun: make, list, show, set, resize and delete logical units. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "plugin.h"

/* "./x" and "../x" are files here, wherever the daemon is; any other path is for the backing store
 * to judge. */
static void put_path(const struct ctl *ctl, json_t *params)
{
    const char *path = args_value(&ctl->args, "path");
    if (!path || (!g_str_has_prefix(path, "./") && !g_str_has_prefix(path, "../")))
        return;
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    json_object_set_new(params, "path", json_string(absolute));
}

static json_t *create_params(const struct ctl *ctl)
{
    json_t *params = ctl_lun_params(ctl);
    if (!params)
        return NULL;
    ctl_put_options(ctl, params);
    put_path(ctl, params);
    ctl_put_opts(ctl, params);
    if (ctl_put_number(ctl, params, "block-size"))
        return params;
    json_decref(params);
    return NULL;
}

static enum ctl_exit call(struct ctl *ctl, const char *method, json_t *params)
{
    return params ? ctl_do(ctl, method, params) : CTL_USAGE;
}

static void print_size(const json_t *lun)
{
    g_autofree char *size = format_size(ctl_int(lun, "size"));
    printf("%s/%" JSON_INTEGER_FORMAT ": %s\n", ctl_text(lun, "target"), ctl_int(lun, "lun"), size);
}

/* Methods that answer with the logical unit. */
static enum ctl_exit call_and_print_size(struct ctl *ctl, const char *method, json_t *params)
{
    if (!params)
        return CTL_USAGE;
    json_t *lun = ctl_call(ctl, method, params);
    if (!lun && ctl_forgives(ctl))
        lun = ctl_present(ctl, "lun.show", ctl_lun_params(ctl));
    if (!lun)
        return ctl->status;
    if (ctl_json(ctl, lun))
        return CTL_OK;
    print_size(lun);
    json_decref(lun);
    return CTL_OK;
}

static enum ctl_exit lun_create(struct ctl *ctl)
{
    return call_and_print_size(ctl, "lun.create", create_params(ctl));
}

static void add_row(struct table *table, const json_t *l)
{
    g_autofree char *size = format_size(ctl_int(l, "size")), *state = ctl_lun_state(l);
    table_cellf(table, "%s/%" JSON_INTEGER_FORMAT, ctl_text(l, "target"), ctl_int(l, "lun"));
    table_cell(table, ctl_text(l, "type"));
    table_cell(table, json_object_get(l, "size") ? size : NULL);
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(l, "block_size"));
    table_cell(table, ctl_text(l, "bs"));
    table_cell(table, ctl_text(l, "path"));
    table_cell(table, state);
}

static enum ctl_exit lun_list(struct ctl *ctl)
{
    json_t *list = ctl_call(ctl, "lun.list", ctl_target_params(ctl)), *l;
    size_t i;
    if (!list)
        return ctl->status;
    if (ctl_json(ctl, list))
        return CTL_OK;
    struct table *table = table_new("LUN TYPE >SIZE >BLOCK STORE PATH STATE");
    json_array_foreach(list, i, l)
        add_row(table, l);
    ctl_print(ctl, table);
    json_decref(list);
    return CTL_OK;
}

static void print_value(const char *key, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *plain = json_string_value(value);
    const char *word = json_is_boolean(value) ? json_is_true(value) ? "yes" : "no"
                       : plain                ? plain
                                              : text;
    printf("%-12s %s\n", key, word);
    free(text);
}

static enum ctl_exit lun_show(struct ctl *ctl)
{
    json_t *params = ctl_lun_params(ctl), *value;
    const char *key;
    if (!params)
        return CTL_USAGE;
    json_t *lun = ctl_call(ctl, "lun.show", params);
    if (!lun)
        return ctl->status;
    if (ctl_json(ctl, lun))
        return CTL_OK;
    json_object_foreach(lun, key, value)
        print_value(key, value);
    json_decref(lun);
    return CTL_OK;
}

static enum ctl_exit lun_set(struct ctl *ctl)
{
    json_t *params = ctl_lun_params(ctl);
    if (params && ctl_put_values(ctl, params))
        return ctl_do(ctl, "lun.set", params);
    json_decref(params);
    return CTL_USAGE;
}

static enum ctl_exit set_online(struct ctl *ctl, const char *value)
{
    json_t *params = ctl_lun_params(ctl);
    if (params)
        json_object_set_new(params, "values", json_pack("{s:s}", "online", value));
    return call(ctl, "lun.set", params);
}

static enum ctl_exit lun_online(struct ctl *ctl)
{
    return set_online(ctl, "yes");
}

static enum ctl_exit lun_offline(struct ctl *ctl)
{
    return set_online(ctl, "no");
}

/* What the logical unit has now; -1: ctl->status says why that is not known. */
static json_int_t size_now(struct ctl *ctl)
{
    json_t *lun = ctl_call(ctl, "lun.show", ctl_lun_params(ctl));
    json_int_t size = lun ? ctl_int(lun, "blocks") * ctl_int(lun, "block_size") : -1;
    json_decref(lun);
    return size;
}

/* "64G", or "+1G": so much more. */
static enum ctl_exit put_size(struct ctl *ctl, json_t *params)
{
    const char *text = ctl_word(ctl, 1);
    bool more = text[0] == '+';
    g_autoptr(GError) error = NULL;
    uint64_t size;
    if (!parse_size(text + more, &size, &error))
        return ctl_wrong("%s", error->message);
    json_int_t now = more ? size_now(ctl) : 0;
    if (now < 0)
        return ctl->status;
    if (size > (uint64_t)(G_MAXINT64 - now))
        return ctl_wrong("'%s' is more than there can be", text);
    json_object_set_new(params, "size", json_integer(now + (json_int_t)size));
    return CTL_OK;
}

static enum ctl_exit lun_resize(struct ctl *ctl)
{
    json_t *params = ctl_lun_params(ctl);
    enum ctl_exit status = CTL_OK;
    if (!params)
        return CTL_USAGE;
    ctl_put_options(ctl, params);
    if (ctl_word(ctl, 1))
        status = put_size(ctl, params);
    if (status == CTL_OK)
        return call_and_print_size(ctl, "lun.resize", params);
    json_decref(params);
    return status;
}

static enum ctl_exit lun_delete(struct ctl *ctl)
{
    return call(ctl, "lun.delete", ctl_lun_params(ctl));
}

const struct command ctl_lun_commands[] = {
    {"lun",
     "create",
     "T/N",
     "Make a logical unit",
     1,
     1,
     lun_create,
     {"type", "bs", "path", "opt", "block-size", "read-only", "thin", "removable", "vendor",
      "product", "revision", "serial", "legacy"},
     .tolerates = "if-not-exists"},
    {"lun", "list", "[T]", "List logical units", 0, 1, lun_list, {NULL}},
    {"lun", "show", "T/N", "Describe a logical unit", 1, 1, lun_show, {NULL}},
    {"lun",
     "set",
     "T/N KEY=VALUE...",
     "Change a logical unit: read-only, thin, vendor, …",
     2,
     0,
     lun_set,
     {NULL}},
    {"lun",
     "resize",
     "T/N [SIZE|+SIZE]",
     "Give the backing store a new size, or take over the one it has",
     1,
     2,
     lun_resize,
     {"shrink"}},
    {"lun", "online", "T/N", "Let initiators use it again", 1, 1, lun_online, {NULL}},
    {"lun", "offline", "T/N", "Answer initiators that it is not ready", 1, 1, lun_offline, {NULL}},
    {"lun",
     "delete",
     "T/N",
     "Delete a logical unit; its data stay",
     1,
     1,
     lun_delete,
     {NULL},
     .tolerates = "if-exists"},
    {0},
};
