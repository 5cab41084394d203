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
    table_print(table);
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

static enum ctl_exit acl_add(struct ctl *ctl)
{
    return change(ctl, "acl.add");
}

static enum ctl_exit acl_delete(struct ctl *ctl)
{
    return change(ctl, "acl.delete");
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
    {"acl", "add", RULE, "Let initiators in", 1, 2, acl_add, {"address", "initiator"}},
    {"acl",
     "delete",
     RULE " [--close]",
     "Take a rule away; open sessions stay, or with --close those that are not let in any more go",
     1,
     2,
     acl_delete,
     {"address", "initiator", "close"}},
    {0},
};
