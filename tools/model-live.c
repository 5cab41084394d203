/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a daemon what it serves, and makes a model of the answers. */
#include "model-live.h"

#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "model-params.h"

#define ATTEMPTS 5 /* to see a configuration that does not change meanwhile */

static const struct conf_where nowhere = {0};

/* ---- Logical units ---- */

/* As the model has it; free with g_free(). NULL: not said. */
static char *value_of(const json_t *member)
{
    if (json_is_boolean(member))
        return g_strdup(json_is_true(member) ? "yes" : "no");
    if (json_is_integer(member))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(member));
    return g_strdup(json_string_value(member));
}

static void take_texts(GPtrArray *texts, const json_t *list)
{
    size_t i;
    json_t *text;
    json_array_foreach(list, i, text)
        g_ptr_array_add(texts, g_strdup(json_string_value(text)));
}

static void take_pages(GPtrArray *pages, const json_t *list)
{
    size_t i;
    json_t *text;
    json_array_foreach(list, i, text) {
        char *page = model_mode_page(json_string_value(text));
        if (page)
            g_ptr_array_add(pages, page);
    }
}

/* Numbers that are as by default need not be told. */
static char *number_or_default(const struct model_lun_row *row, char *value)
{
    return value || row->kind != MODEL_NUMBER ? value : g_strdup(row->def);
}

static void take_lun(struct model_target *t, const json_t *l)
{
    struct model_lun *lun = model_lun_add(t, ctl_int(l, "lun"), nowhere);
    lun->path = g_strdup(ctl_text(l, "path"));
    lun->users = ctl_int(l, "initiators");
    take_texts(lun->options, json_object_get(l, "options"));
    take_pages(lun->mode_pages, json_object_get(l, "mode_pages"));
    for (unsigned key = 0; key < LUN_KEYS; key++)
        if (model_lun_rows[key].member)
            lun->value[key] = number_or_default(
                &model_lun_rows[key], value_of(json_object_get(l, model_lun_rows[key].member)));
    if (json_object_get(l, "write_cache_default"))
        lun->cached = ctl_bool(l, "write_cache_default") ? "yes" : "no";
    bool legacy = ctl_bool(l, "legacy");
    model_lun_set(lun, LUN_IDENTITY, legacy ? "legacy" : "uuid");
    if (legacy)
        g_clear_pointer(&lun->value[LUN_UUID], g_free);
}

static void take_luns(struct model_target *t, const json_t *luns)
{
    size_t i;
    json_t *l;
    json_array_foreach(luns, i, l)
        take_lun(t, l);
}

/* ---- Targets ---- */

static void take_params(struct model_target *t, const json_t *params)
{
    const char *transport, *key;
    json_t *values, *value;
    json_object_foreach((json_t *)params, transport, values)
        json_object_foreach(values, key, value)
            if (!model_param(t, key))
                model_param_set(t, key, json_string_value(value), nowhere);
}

/* Settings of every target that are as good as parameters of a transport. */
static const char *const settings[][2] = {{"lun_default", "all"}, {"portal_groups", ""}};

static void take_settings(struct model_target *t, const json_t *o)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(settings); i++)
        if (ctl_text(o, settings[i][0]))
            model_param_set(t, settings[i][0], ctl_text(o, settings[i][0]), nowhere);
}

static void take_accounts(struct model_target *t, const json_t *accounts)
{
    size_t i;
    json_t *a;
    json_array_foreach(accounts, i, a) {
        if (!ctl_bool(a, "outgoing")) {
            g_ptr_array_add(t->incoming, g_strdup(ctl_text(a, "name")));
            continue;
        }
        g_free(t->outgoing);
        t->outgoing = g_strdup(ctl_text(a, "name"));
    }
}

static void take_maps(struct model_target *t, const json_t *maps)
{
    size_t i;
    json_t *m;
    json_array_foreach(maps, i, m) {
        struct model_map *map = g_new(struct model_map, 1);
        *map = (struct model_map){g_strdup(ctl_text(m, "initiator")), ctl_int(m, "lun"),
                                  ctl_int(m, "as"), ctl_bool(m, "read_only"), nowhere};
        g_ptr_array_add(t->maps, map);
    }
}

static void take_target(struct model *model, const json_t *o)
{
    const json_t *acl = json_object_get(o, "acl");
    const char *auth = ctl_text(o, "auth"), *match = ctl_text(acl, "match");
    struct model_target *t = model_target_add(model, ctl_text(o, "name"), nowhere);
    t->tid = ctl_int(o, "tid");
    t->alias = g_strdup(ctl_text(o, "alias"));
    t->online = g_strcmp0(ctl_text(o, "state"), "offline") != 0;
    t->legacy = ctl_bool(o, "legacy");
    t->chap = g_strcmp0(auth, "chap") == 0;
    t->any = g_strcmp0(match, "any") == 0;
    t->sessions = ctl_int(o, "session_count");
    take_texts(t->addresses, json_object_get(acl, "addresses"));
    take_texts(t->initiators, json_object_get(acl, "initiators"));
    take_params(t, json_object_get(o, "params"));
    take_settings(t, o);
    take_accounts(t, json_object_get(o, "accounts"));
    take_maps(t, json_object_get(o, "maps"));
    take_luns(t, json_object_get(o, "luns"));
}

/* ---- The daemon ---- */

/* A result that is handed to `take`, and freed. False: the call failed. */
static bool ask(struct ctl *ctl, struct model *model, const char *method, json_t *params,
                void (*take)(struct model *model, const json_t *result))
{
    if (!model_can(model, method)) {
        json_decref(params);
        return true;
    }
    json_t *result = ctl_call(ctl, method, params);
    if (result)
        take(model, result);
    json_decref(result);
    return result != NULL;
}

static void take_methods(struct model *model, const json_t *methods)
{
    size_t i;
    json_t *m;
    json_array_foreach(methods, i, m)
        g_hash_table_add(model->features, g_strdup(ctl_text(m, "name")));
}

static void take_targets(struct model *model, const json_t *list)
{
    size_t i;
    json_t *o;
    json_array_foreach(list, i, o)
        take_target(model, o);
}

static void take_defaults(struct model *model, const json_t *system)
{
    const char *transport, *key;
    json_t *values, *value, *all = json_object_get(system, "target_defaults");
    model->discovery_auth = g_strdup(ctl_text(system, "discovery_auth"));
    json_object_foreach(all, transport, values)
        json_object_foreach(values, key, value)
            g_hash_table_insert(model->defaults, g_strdup(key), g_strdup(json_string_value(value)));
    for (unsigned i = 0; i < G_N_ELEMENTS(settings); i++)
        g_hash_table_insert(model->defaults, g_strdup(settings[i][0]), g_strdup(settings[i][1]));
}

/* "login_timeout=15", … */
static void take_portal_defaults(struct model *model, const json_t *plugin)
{
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(plugin, "portal_params"), i, p)
        g_hash_table_add(model->portal_defaults,
                         g_strdup_printf("%s=%s", ctl_text(p, "name"), ctl_text(p, "default")));
    g_hash_table_add(model->portal_defaults, g_strdup("tpgt=1"));
}

static void take_discovery(struct model *model, const char *name, const json_t *bindings)
{
    size_t i;
    json_t *b;
    json_array_foreach(bindings, i, b) {
        if (!ctl_bool(b, "discovery"))
            continue;
        if (ctl_bool(b, "outgoing"))
            model->outgoing = g_strdup(name);
        else
            g_ptr_array_add(model->incoming, g_strdup(name));
    }
}

static void take_account_list(struct model *model, const json_t *list)
{
    size_t i;
    json_t *a;
    json_array_foreach(list, i, a) {
        model_account_add(model, ctl_text(a, "name"), NULL, nowhere);
        take_discovery(model, ctl_text(a, "name"), json_object_get(a, "bindings"));
    }
}

static void take_secrets(struct model *model, const json_t *secrets)
{
    for (guint i = 0; i < model->accounts->len; i++) {
        struct model_account *a = model->accounts->pdata[i];
        a->password = g_strdup(ctl_text(secrets, a->name));
    }
}

static void take_isns(struct model *model, const json_t *isns)
{
    for (unsigned i = 0; i < MODEL_ISNS_KEYS; i++)
        model->isns[i] = g_strdup(ctl_text(isns, model_isns_names[i]));
}

static void take_portal(struct model *model, const json_t *o)
{
    struct model_portal *p = g_new0(struct model_portal, 1);
    const char *address = ctl_text(o, "address"), *key;
    json_t *value;
    p->transport = g_strdup(ctl_text(o, "transport"));
    p->address = g_strdup_printf(strchr(address, ':') ? "[%s]:%d" : "%s:%d", address,
                                 (int)ctl_int(o, "port"));
    p->options = g_ptr_array_new_with_free_func(g_free);
    json_object_foreach(json_object_get(o, "params"), key, value)
        g_ptr_array_add(p->options, g_strdup_printf("%s=%s", key, json_string_value(value)));
    g_ptr_array_add(p->options, g_strdup_printf("tpgt=%d", (int)ctl_int(o, "tpgt")));
    if (ctl_text(o, "announce"))
        g_ptr_array_add(p->options, g_strconcat("announce=", ctl_text(o, "announce"), NULL));
    g_ptr_array_add(model->portals, p);
}

static void take_portals(struct model *model, const json_t *list)
{
    size_t i;
    json_t *o;
    json_array_foreach(list, i, o)
        take_portal(model, o);
}

bool model_can(const struct model *live, const char *method)
{
    return g_hash_table_contains(live->features, method);
}

json_int_t model_generation(struct ctl *ctl)
{
    json_t *result = ctl_call(ctl, "config.generation", NULL);
    json_int_t generation = result ? ctl_int(result, "generation") : -1;
    json_decref(result);
    return generation;
}

static bool ask_all(struct ctl *ctl, struct model *m, bool secrets)
{
    json_t *methods = ctl_call(ctl, "rpc.methods", NULL);
    if (!methods)
        return false;
    take_methods(m, methods);
    json_decref(methods);
    m->generation = model_generation(ctl);
    return m->generation >= 0 && ask(ctl, m, "system.show", NULL, take_defaults) &&
           ask(ctl, m, "account.list", NULL, take_account_list) &&
           (!secrets || ask(ctl, m, "account.secrets", NULL, take_secrets)) &&
           ask(ctl, m, "isns.show", NULL, take_isns) &&
           ask(ctl, m, "plugin.info", json_pack("{s:s, s:s}", "name", "iscsi", "kind", "transport"),
               take_portal_defaults) &&
           ask(ctl, m, "portal.list", NULL, take_portals) &&
           ask(ctl, m, "target.list", json_pack("{s:b}", "detail", true), take_targets);
}

struct model *model_live(struct ctl *ctl, bool secrets)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct model *model = model_new();
        if (!ask_all(ctl, model, secrets)) {
            model_free(model);
            return NULL;
        }
        if (model_generation(ctl) == model->generation)
            return model;
        model_free(model);
    }
    fputs("tgtctl: the daemon's configuration keeps changing: try again\n", stderr);
    ctl->status = CTL_BUSY;
    return NULL;
}
