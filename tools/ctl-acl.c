/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl acl: who may use a target. */
#include <string.h>

#include "ctl.h"

static void add_rows(struct table *table, const char *kind, const json_t *rules)
{
    size_t i;
    json_t *rule;
    json_array_foreach(rules, i, rule) {
        table_cell(table, kind);
        table_cell(table, json_string_value(rule));
    }
}

static void add_match(struct table *table, const json_t *acl)
{
    if (g_strcmp0(ctl_text(acl, "match"), "any") != 0)
        return;
    table_cell(table, "match");
    table_cell(table, "any");
}

static enum ctl_exit acl_list(struct ctl *ctl)
{
    json_t *acl = ctl_call(ctl, "acl.list", ctl_target_params(ctl));
    if (!acl)
        return ctl->status;
    if (ctl_json(ctl, acl))
        return CTL_OK;
    struct table *table = table_new("KIND RULE");
    add_rows(table, "address", json_object_get(acl, "addresses"));
    add_rows(table, "initiator", json_object_get(acl, "initiators"));
    add_match(table, acl);
    ctl_print(ctl, table);
    json_decref(acl);
    return CTL_OK;
}

static enum ctl_exit change(struct ctl *ctl, const char *method)
{
    const char *word = ctl_word(ctl, 1);
    unsigned given =
        (word != NULL) + args_has(&ctl->args, "address") + args_has(&ctl->args, "initiator");
    if (given != 1 || (word && g_ascii_strcasecmp(word, "all") != 0))
        return ctl_wrong("one rule is wanted: --address CIDR, --initiator IQN, or the word 'all'");
    json_t *params = ctl_target_params(ctl);
    ctl_put_options(ctl, params);
    if (word)
        json_object_set_new(params, "address", json_string("all"));
    return ctl_do(ctl, method, params);
}

static enum ctl_exit acl_enforce(struct ctl *ctl)
{
    return ctl_do(ctl, "acl.enforce", ctl_target_params(ctl));
}

static enum ctl_exit acl_add(struct ctl *ctl)
{
    return change(ctl, "acl.add");
}

static enum ctl_exit acl_delete(struct ctl *ctl)
{
    return change(ctl, "acl.delete");
}

/* Target, initiator and, if there is one, LUN; NULL: stderr says what is wrong. */
static json_t *map_params(const struct ctl *ctl)
{
    const char *word = ctl_word(ctl, 2);
    guint64 lun;
    json_t *params = ctl_target_params(ctl);
    json_object_set_new(params, "initiator", json_string(ctl_word(ctl, 1)));
    if (!word)
        return params;
    if (g_ascii_string_to_unsigned(word, 10, 0, G_MAXUINT16, &lun, NULL)) {
        json_object_set_new(params, "lun", json_integer((json_int_t)lun));
        return params;
    }
    ctl_wrong("'%s' is not the number of a logical unit", word);
    json_decref(params);
    return NULL;
}

static enum ctl_exit acl_map(struct ctl *ctl)
{
    json_t *params = map_params(ctl);
    if (params && ctl_put_number(ctl, params, "as")) {
        json_object_set_new(params, "read_only", json_boolean(args_has(&ctl->args, "read-only")));
        return ctl_do(ctl, "acl.map", params);
    }
    json_decref(params);
    return CTL_USAGE;
}

static enum ctl_exit acl_unmap(struct ctl *ctl)
{
    json_t *params = map_params(ctl);
    return params ? ctl_do(ctl, "acl.unmap", params) : CTL_USAGE;
}

#define RULE "T --address CIDR | --initiator IQN | all"

const struct command ctl_acl_commands[] = {
    {"acl",
     "list",
     "T",
     "List who may use a target; nobody without a rule",
     1,
     1,
     acl_list,
     {NULL}},
    {"acl",
     "add",
     RULE,
     "Let initiators in",
     1,
     2,
     acl_add,
     {"address", "initiator"},
     .tolerates = "if-not-exists"},
    {"acl",
     "delete",
     RULE " [--close]",
     "Take a rule away; open sessions stay, or with --close those that are not let in any more go",
     1,
     2,
     acl_delete,
     {"address", "initiator", "close"},
     .tolerates = "if-exists"},
    {"acl",
     "enforce",
     "T",
     "Close the sessions that are not let in any more",
     1,
     1,
     acl_enforce,
     {NULL}},
    {"acl",
     "map",
     "T IQN LUN [--as N] [--read-only]",
     "Show a logical unit to an initiator, which then sees only what is mapped to it",
     3,
     3,
     acl_map,
     {"as", "read-only"}},
    {"acl",
     "unmap",
     "T IQN [LUN]",
     "Hide it again; without a number give up the initiator's map",
     2,
     3,
     acl_unmap,
     {NULL}},
    {0},
};
