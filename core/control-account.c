/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods account.*: names and secrets, and where they are bound. No secret leaves but by
 * account.secrets. */
#include "control-method.h"

#include "account.h"
#include "target.h"

static json_t *describe_binding(const struct account *account, bool outgoing)
{
    return json_pack("{s:s, s:b}", "name", account->name, "outgoing", outgoing);
}

/* In the order of binding, the outgoing one last. */
json_t *control_describe_accounts(const struct tgt_target *target)
{
    const struct auth *auth = auth_of(target);
    json_t *list = json_array();
    for (guint i = 0; i < auth->incoming->len; i++)
        json_array_append_new(list, describe_binding(auth->incoming->pdata[i], false));
    if (auth->outgoing)
        json_array_append_new(list, describe_binding(auth->outgoing, true));
    return list;
}

static void add_binding(GHashTable *bindings, const struct account *account,
                        const struct tgt_target *target, bool outgoing)
{
    json_t *binding = json_pack("{s:b}", "outgoing", outgoing);
    if (target) {
        json_object_set_new(binding, "target", json_string(target->name));
        json_object_set_new(binding, "tid", json_integer(target->tid));
    } else {
        json_object_set_new(binding, "discovery", json_true());
    }
    json_array_append_new(g_hash_table_lookup(bindings, account), binding);
}

static void add_bindings(GHashTable *bindings, const struct tgt_target *target)
{
    const struct auth *auth = auth_of(target);
    for (guint i = 0; i < auth->incoming->len; i++)
        add_binding(bindings, auth->incoming->pdata[i], target, false);
    if (auth->outgoing)
        add_binding(bindings, auth->outgoing, target, true);
}

/* struct account -> its array of bindings, which the list owns. */
static GHashTable *describe_all(json_t *list)
{
    const GPtrArray *accounts = accounts_list();
    GHashTable *bindings = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < accounts->len; i++) {
        const struct account *account = accounts->pdata[i];
        json_t *bound = json_array();
        json_array_append_new(list,
                              json_pack("{s:s, s:o}", "name", account->name, "bindings", bound));
        g_hash_table_insert(bindings, (gpointer)account, bound);
    }
    return bindings;
}

static void account_list_(struct control_call *call, const json_t *params)
{
    json_t *list = json_array();
    g_autoptr(GHashTable) bindings = describe_all(list);
    g_autoptr(GList) targets = targets_list();
    add_bindings(bindings, NULL);
    for (GList *t = targets; t; t = t->next)
        add_bindings(bindings, t->data);
    control_reply(call, list);
}

static void account_secrets_(struct control_call *call, const json_t *params)
{
    const GPtrArray *accounts = accounts_list();
    json_t *secrets = json_object();
    for (guint i = 0; i < accounts->len; i++) {
        const struct account *account = accounts->pdata[i];
        json_object_set_new(secrets, account->name, json_string(account->secret));
    }
    control_reply(call, secrets);
}

static void put_secret(struct control_call *call, const json_t *params,
                       bool (*put)(const char *name, const char *secret, GError **error))
{
    GError *error = NULL;
    control_about(call, "account");
    put(control_text(params, "name"), control_text(params, "password"), &error);
    control_end(call, error);
}

static void account_create_(struct control_call *call, const json_t *params)
{
    put_secret(call, params, account_create);
}

static void account_set_(struct control_call *call, const json_t *params)
{
    put_secret(call, params, account_set_secret);
}

static void account_delete_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    control_about(call, "account");
    account_delete(control_text(params, "name"), control_bool(params, "force"), &error);
    control_end(call, error);
}

static void change(struct control_call *call, const json_t *params,
                   bool (*fn)(const struct tgt_target *target, const char *name, bool outgoing,
                              GError **error))
{
    GError *error = NULL;
    bool outgoing = control_bool(params, "outgoing");
    const struct tgt_target *target = NULL;
    if (control_text(params, "target") && !(target = control_target(call, params)))
        return;
    fn(target, control_text(params, "name"), outgoing, &error);
    bool taken = outgoing && g_error_matches(error, CORE_ERROR, CORE_ERROR_EXISTS);
    control_about(call, taken ? "outgoing" : "account");
    control_end(call, error);
}

static void account_bind_(struct control_call *call, const json_t *params)
{
    change(call, params, account_bind);
}

static void account_unbind_(struct control_call *call, const json_t *params)
{
    change(call, params, account_unbind);
}

#define NAME     "name", CONTROL_STRING, true, "name of the account"
#define PASSWORD "password", CONTROL_STRING, true, "its secret, up to 255 bytes"
#define TARGET   "target", CONTROL_STRING, false, "name, or @ and number; without one: discovery"
#define OUTGOING                                                                                   \
    "outgoing", CONTROL_BOOL, false, "the target proves by it who it is, instead of initiators"

const struct control_method control_account_methods[] = {
    {"account.list",
     "List accounts and where they are bound, without secrets",
     true,
     account_list_,
     {{0}}},
    {"account.secrets",
     "Give out the secrets by name, for saving the configuration",
     false,
     account_secrets_,
     {{0}},
     .keeps = true},
    {"account.create", "Make an account", false, account_create_, {{NAME}, {PASSWORD}}},
    {"account.set",
     "Give an account another secret; open sessions stay",
     false,
     account_set_,
     {{NAME}, {PASSWORD}}},
    {"account.delete",
     "Delete an account; open sessions stay",
     false,
     account_delete_,
     {{NAME}, {"force", CONTROL_BOOL, false, "also while it is bound: it is unbound"}}},
    {"account.bind",
     "Let initiators in by this account, and by accounts only from now on",
     false,
     account_bind_,
     {{NAME}, {TARGET}, {OUTGOING}}},
    {"account.unbind",
     "Take a binding away; without any nobody gets in until auth is none",
     false,
     account_unbind_,
     {{NAME}, {TARGET}, {OUTGOING}}},
    {0},
};
