/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl account: names and secrets for authentication, and where they are bound. */
#include <string.h>

#include "ctl.h"
#include "password.h"

static void add_binding(struct table *table, const char *name, const json_t *binding)
{
    const char *target = ctl_text(binding, "target");
    table_cell(table, name);
    if (target)
        table_cellf(table, "@%" JSON_INTEGER_FORMAT " %s", ctl_int(binding, "tid"), target);
    else
        table_cell(table, "discovery");
    table_cell(table, ctl_bool(binding, "outgoing") ? "outgoing" : "incoming");
}

static void add_account(struct table *table, const json_t *account)
{
    const json_t *bindings = json_object_get(account, "bindings");
    size_t i;
    json_t *binding;
    json_array_foreach(bindings, i, binding)
        add_binding(table, ctl_text(account, "name"), binding);
    if (json_array_size(bindings) > 0)
        return;
    table_cell(table, ctl_text(account, "name"));
    table_cell(table, NULL);
    table_cell(table, NULL);
}

static enum ctl_exit account_list(struct ctl *ctl)
{
    json_t *list = ctl_call(ctl, "account.list", NULL), *account;
    size_t i;
    if (!list)
        return ctl->status;
    if (ctl_json(ctl, list))
        return CTL_OK;
    struct table *table = table_new("ACCOUNT BOUND-TO DIRECTION");
    json_array_foreach(list, i, account)
        add_account(table, account);
    ctl_print(ctl, table);
    json_decref(list);
    return CTL_OK;
}

static enum ctl_exit send_password(struct ctl *ctl, const char *method)
{
    char *password = password_read(&ctl->args);
    if (!password)
        return CTL_USAGE;
    json_t *params = json_pack("{s:s, s:s}", "name", ctl_word(ctl, 0), "password", password);
    password_free(password);
    return ctl_do(ctl, method, params);
}

static enum ctl_exit account_create(struct ctl *ctl)
{
    return send_password(ctl, "account.create");
}

static enum ctl_exit account_passwd(struct ctl *ctl)
{
    return send_password(ctl, "account.set");
}

static enum ctl_exit account_delete(struct ctl *ctl)
{
    json_t *params = json_pack("{s:s}", "name", ctl_word(ctl, 0));
    ctl_put_options(ctl, params);
    return ctl_do(ctl, "account.delete", params);
}

/* The second word is a target, or the option is there. */
static bool names_place(const struct ctl *ctl)
{
    if (!ctl_word(ctl, 1) != !args_has(&ctl->args, "discovery"))
        return true;
    ctl_wrong("a target is wanted, or --discovery");
    return false;
}

static enum ctl_exit change(struct ctl *ctl, const char *method)
{
    const char *target = ctl_word(ctl, 1);
    if (!names_place(ctl))
        return CTL_USAGE;
    json_t *params = json_pack("{s:s, s:s*, s:b}", "name", ctl_word(ctl, 0), "target", target,
                               "outgoing", args_has(&ctl->args, "outgoing"));
    return ctl_do(ctl, method, params);
}

static enum ctl_exit account_bind(struct ctl *ctl)
{
    return change(ctl, "account.bind");
}

static enum ctl_exit account_unbind(struct ctl *ctl)
{
    return change(ctl, "account.unbind");
}

static enum ctl_exit account_auth(struct ctl *ctl)
{
    const char *auth = ctl_word(ctl, 0), *target = ctl_word(ctl, 1);
    if (!names_place(ctl))
        return CTL_USAGE;
    if (target)
        return ctl_do(ctl, "target.set",
                      json_pack("{s:s, s:{s:s}}", "target", target, "values", "auth", auth));
    return ctl_do(ctl, "system.set", json_pack("{s:{s:s}}", "values", "discovery_auth", auth));
}

#define SECRET "U --password-stdin | --password-file PATH | --password-credential NAME"
#define SECRETS                                                                                    \
    {                                                                                              \
        "password-stdin", "password-file", "password-credential"                                   \
    }
#define PLACE "U T|--discovery"

const struct command ctl_account_commands[] = {
    {"account",
     "list",
     "",
     "List accounts and where they are bound; secrets are not shown",
     0,
     0,
     account_list,
     {NULL}},
    {"account", "create", SECRET, "Make an account", 1, 1, account_create, SECRETS,
     .tolerates = "if-not-exists"},
    {"account", "passwd", SECRET, "Give an account another secret; open sessions stay", 1, 1,
     account_passwd, SECRETS},
    {"account",
     "bind",
     PLACE,
     "Let initiators in by an account, and by accounts only",
     1,
     2,
     account_bind,
     {"discovery", "outgoing"}},
    {"account",
     "unbind",
     PLACE,
     "Take a binding away; without any nobody gets in",
     1,
     2,
     account_unbind,
     {"discovery", "outgoing"}},
    {"account",
     "auth",
     "none|chap T|--discovery",
     "Let initiators in without an account, or only with one",
     1,
     2,
     account_auth,
     {"discovery"}},
    {"account",
     "delete",
     "U",
     "Delete an account",
     1,
     1,
     account_delete,
     {"force"},
     .tolerates = "if-exists"},
    {0},
};
