/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl target: make, list, show, set and delete targets. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static enum ctl_exit target_create(struct ctl *ctl)
{
    json_t *params = json_pack("{s:s}", "name", ctl_word(ctl, 0));
    if (args_has(&ctl->args, "legacy"))
        json_object_set_new(params, "legacy", json_true());
    if (!ctl_put_number(ctl, params, "tid")) {
        json_decref(params);
        return CTL_USAGE;
    }
    json_t *target = ctl_call(ctl, "target.create", params);
    if (!target && ctl_forgives(ctl))
        target = ctl_present(ctl, "target.show", ctl_target_params(ctl));
    if (!target)
        return ctl->status;
    if (ctl_json(ctl, target))
        return CTL_OK;
    printf("target @%" JSON_INTEGER_FORMAT " %s\n", ctl_int(target, "tid"),
           ctl_text(target, "name"));
    json_decref(target);
    return CTL_OK;
}

static void add_row(struct table *table, const json_t *t)
{
    g_autofree char *acl = ctl_acl_text(json_object_get(t, "acl"));
    table_cellf(table, "@%" JSON_INTEGER_FORMAT, ctl_int(t, "tid"));
    table_cell(table, ctl_text(t, "name"));
    table_cell(table, ctl_text(t, "state"));
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(t, "lun_count"));
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(t, "session_count"));
    table_cell(table, *acl ? acl : "nobody");
}

static enum ctl_exit target_list(struct ctl *ctl)
{
    json_t *list = ctl_call(ctl, "target.list", NULL), *t;
    size_t i;
    if (!list)
        return ctl->status;
    if (ctl_json(ctl, list))
        return CTL_OK;
    struct table *table = table_new("TID TARGET STATE >LUNS >SESSIONS ACL");
    json_array_foreach(list, i, t)
        add_row(table, t);
    ctl_print(ctl, table);
    json_decref(list);
    return CTL_OK;
}

static void print_luns(const json_t *luns)
{
    size_t i;
    json_t *l;
    json_array_foreach(luns, i, l) {
        g_autofree char *size = format_size(ctl_int(l, "size")), *state = ctl_lun_state(l);
        const char *bs = ctl_text(l, "bs"), *path = ctl_text(l, "path");
        printf("  %-9s %" JSON_INTEGER_FORMAT " %s  %s  %" JSON_INTEGER_FORMAT "B  %s %s  %s\n",
               i == 0 ? "luns" : "", ctl_int(l, "lun"), ctl_text(l, "type"), size,
               ctl_int(l, "block_size"), bs ? bs : "-", path ? path : "-", state);
    }
}

/* Who sees what, where that is not all. */
static void print_maps(const json_t *t)
{
    size_t i;
    json_t *m, *maps = json_object_get(t, "maps");
    json_array_foreach(maps, i, m)
        printf("  %-9s %s: %" JSON_INTEGER_FORMAT " as %" JSON_INTEGER_FORMAT "%s\n",
               i == 0 ? "maps" : "", ctl_text(m, "initiator"), ctl_int(m, "lun"), ctl_int(m, "as"),
               ctl_bool(m, "read_only") ? "  read-only" : "");
    if (g_strcmp0(ctl_text(t, "lun_default"), "none") == 0)
        printf("  %-9s %s: none\n", json_array_size(maps) ? "" : "maps", "other initiators");
}

static void print_sessions(const json_t *sessions)
{
    size_t i;
    json_t *s;
    json_array_foreach(sessions, i, s)
        printf("  %-9s %" JSON_INTEGER_FORMAT " %s  %s  %s\n", i == 0 ? "sessions" : "",
               ctl_int(s, "sid"), ctl_text(s, "initiator"), ctl_text(s, "peer"),
               ctl_text(s, "transport"));
}

static void print_params(const json_t *params)
{
    const char *transport, *key;
    json_t *values, *value;
    json_object_foreach((json_t *)params, transport, values)
        json_object_foreach(values, key, value)
            printf("  %-9s %s=%s\n", transport, key, json_string_value(value));
}

static enum ctl_exit target_show(struct ctl *ctl)
{
    json_t *t = ctl_call(ctl, "target.show", ctl_target_params(ctl));
    if (!t)
        return ctl->status;
    if (ctl_json(ctl, t))
        return CTL_OK;
    g_autofree char *acl = ctl_acl_text(json_object_get(t, "acl"));
    g_autofree char *auth = ctl_auth_text(ctl_text(t, "auth"), json_object_get(t, "accounts"));
    printf("%s  (@%" JSON_INTEGER_FORMAT ", %s)\n", ctl_text(t, "name"), ctl_int(t, "tid"),
           ctl_text(t, "state"));
    if (ctl_text(t, "alias"))
        printf("  %-9s %s\n", "alias", ctl_text(t, "alias"));
    printf("  %-9s %s\n", "acl", *acl ? acl : "nobody");
    printf("  %-9s %s\n", "auth", auth);
    if (g_strcmp0(ctl_text(json_object_get(t, "acl"), "match"), "any") == 0)
        printf("  %-9s any\n", "match");
    print_luns(json_object_get(t, "luns"));
    print_maps(t);
    print_sessions(json_object_get(t, "sessions"));
    if (*ctl_text(t, "portal_groups"))
        printf("  %-9s %s\n", "groups", ctl_text(t, "portal_groups"));
    print_params(json_object_get(t, "params"));
    json_decref(t);
    return CTL_OK;
}

static enum ctl_exit target_set(struct ctl *ctl)
{
    json_t *params = ctl_target_params(ctl);
    if (ctl_put_values(ctl, params))
        return ctl_do(ctl, "target.set", params);
    json_decref(params);
    return CTL_USAGE;
}

static enum ctl_exit target_delete(struct ctl *ctl)
{
    json_t *params = ctl_target_params(ctl);
    ctl_put_options(ctl, params);
    return ctl_do(ctl, "target.delete", params);
}

const struct command ctl_target_commands[] = {
    {"target",
     "create",
     "IQN",
     "Make a target",
     1,
     1,
     target_create,
     {"tid", "legacy"},
     .tolerates = "if-not-exists"},
    {"target", "list", "", "List targets", 0, 0, target_list, {NULL}},
    {"target",
     "show",
     "T",
     "Describe a target, its logical units and sessions",
     1,
     1,
     target_show,
     {NULL}},
    {"target",
     "set",
     "T KEY=VALUE...",
     "Change a target: online, alias, auth, match, lun_default, parameters",
     2,
     0,
     target_set,
     {NULL}},
    {"target",
     "delete",
     "T",
     "Delete a target with its logical units",
     1,
     1,
     target_delete,
     {"force"},
     .tolerates = "if-exists"},
    {0},
};
