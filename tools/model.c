/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model of a configuration: its parts, made and freed. */
#include "model.h"

#include <string.h>

const struct model_lun_row model_lun_rows[LUN_KEYS] = {
#define X(name, directive, param, set, member, create, kind, change, def)                          \
    [LUN_##name] = {directive, param, set, member, create, MODEL_##kind, MODEL_##change, def},
    MODEL_LUN_LIST(X)
#undef X
};

const char *const model_isns_names[MODEL_ISNS_KEYS] = {
#define X(name, def) #name,
    MODEL_ISNS_LIST(X)
#undef X
};

const char *const model_isns_defaults[MODEL_ISNS_KEYS] = {
#define X(name, def) def,
    MODEL_ISNS_LIST(X)
#undef X
};

/* ---- Ends ---- */

static void lun_free(gpointer data)
{
    struct model_lun *lun = data;
    g_free(lun->path);
    g_ptr_array_unref(lun->options);
    g_ptr_array_unref(lun->mode_pages);
    for (unsigned i = 0; i < LUN_KEYS; i++)
        g_free(lun->value[i]);
    g_free(lun);
}

static void param_free(gpointer data)
{
    struct model_param *param = data;
    g_free(param->key);
    g_free(param->value);
    g_free(param);
}

static void map_free(gpointer data)
{
    struct model_map *map = data;
    g_free(map->initiator);
    g_free(map);
}

static void account_free(gpointer data)
{
    struct model_account *account = data;
    g_free(account->name);
    g_free(account->password);
    g_free(account);
}

static void portal_free(gpointer data)
{
    struct model_portal *portal = data;
    g_free(portal->transport);
    g_free(portal->address);
    g_ptr_array_unref(portal->options);
    g_free(portal);
}

static void target_free(gpointer data)
{
    struct model_target *t = data;
    g_free(t->name);
    g_free(t->driver);
    g_free(t->alias);
    g_free(t->outgoing);
    GPtrArray *lists[] = {t->params, t->addresses, t->initiators, t->incoming, t->maps, t->luns};
    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        g_ptr_array_unref(lists[i]);
    g_free(t);
}

void model_free(struct model *m)
{
    if (!m)
        return;
    GPtrArray *lists[] = {m->targets, m->accounts, m->portals, m->incoming};
    g_hash_table_unref(m->by_name);
    g_hash_table_unref(m->defaults);
    g_hash_table_unref(m->features);
    g_hash_table_unref(m->portal_defaults);
    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        g_ptr_array_unref(lists[i]);
    for (unsigned i = 0; i < MODEL_ISNS_KEYS; i++)
        g_free(m->isns[i]);
    g_free(m->outgoing);
    g_free(m->discovery_auth);
    g_free(m->default_driver);
    g_free(m->control_port);
    g_free(m);
}

/* ---- Beginnings ---- */

static GPtrArray *texts_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

struct model *model_new(void)
{
    struct model *m = g_new0(struct model, 1);
    m->targets = g_ptr_array_new_with_free_func(target_free);
    m->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    m->accounts = g_ptr_array_new_with_free_func(account_free);
    m->portals = g_ptr_array_new_with_free_func(portal_free);
    m->incoming = texts_new();
    m->defaults = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    m->portal_defaults = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    m->features = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return m;
}

struct model_target *model_target_add(struct model *model, const char *name,
                                      struct conf_where where)
{
    struct model_target *t = g_new0(struct model_target, 1);
    t->name = g_strdup(name);
    t->where = where;
    t->online = true;
    t->params = g_ptr_array_new_with_free_func(param_free);
    t->addresses = texts_new();
    t->initiators = texts_new();
    t->incoming = texts_new();
    t->maps = g_ptr_array_new_with_free_func(map_free);
    t->luns = g_ptr_array_new_with_free_func(lun_free);
    g_ptr_array_add(model->targets, t);
    g_hash_table_insert(model->by_name, t->name, t);
    return t;
}

void model_blame(struct model *model, struct model_target *target, unsigned wrongs)
{
    model->target_wrongs += wrongs;
    target->wrong |= wrongs > 0;
}

void model_target_remove(struct model *model, struct model_target *target)
{
    g_hash_table_remove(model->by_name, target->name);
    g_ptr_array_remove(model->targets, target);
}

void model_target_empty(struct model_target *target)
{
    GPtrArray *lists[] = {target->params,   target->addresses, target->initiators,
                          target->incoming, target->maps,      target->luns};
    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        g_ptr_array_set_size(lists[i], 0);
    g_clear_pointer(&target->outgoing, g_free);
    target->online = false;
}

struct model_target *model_target(const struct model *model, const char *name)
{
    return g_hash_table_lookup(model->by_name, name);
}

static gint by_number(gconstpointer a, gconstpointer b)
{
    const struct model_lun *x = *(const struct model_lun *const *)a,
                           *y = *(const struct model_lun *const *)b;
    return x->number < y->number ? -1 : x->number > y->number;
}

struct model_lun *model_lun_add(struct model_target *target, unsigned number,
                                struct conf_where where)
{
    struct model_lun *lun = g_new0(struct model_lun, 1);
    const struct model_lun *last =
        target->luns->len > 0 ? target->luns->pdata[target->luns->len - 1] : NULL;
    lun->number = number;
    lun->where = where;
    lun->options = texts_new();
    lun->mode_pages = texts_new();
    g_ptr_array_add(target->luns, lun);
    if (last && last->number > number)
        g_ptr_array_sort(target->luns, by_number);
    return lun;
}

struct model_lun *model_lun(const struct model_target *target, unsigned number)
{
    for (guint low = 0, high = target->luns->len; low < high;) {
        guint middle = low + (high - low) / 2;
        struct model_lun *lun = target->luns->pdata[middle];
        if (lun->number == number)
            return lun;
        if (lun->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void model_lun_set(struct model_lun *lun, enum model_lun_key key, const char *value)
{
    char *copy = g_strdup(value);
    g_free(lun->value[key]);
    lun->value[key] = copy;
}

const char *model_lun_bs(const struct model_lun *lun)
{
    if (lun->value[LUN_BS])
        return lun->value[LUN_BS];
    return lun->path ? "rdwr" : NULL;
}

unsigned model_lun_count(const struct model *model)
{
    unsigned count = 0;
    for (guint i = 0; i < model->targets->len; i++)
        count += ((const struct model_target *)model->targets->pdata[i])->luns->len;
    return count;
}

/* ---- Accounts and parameters ---- */

const char *model_discovery_auth(const struct model *model)
{
    if (model->discovery_auth)
        return model->discovery_auth;
    return model->incoming->len > 0 ? "chap" : "none";
}

struct model_account *model_account(const struct model *model, const char *name)
{
    for (guint i = 0; i < model->accounts->len; i++) {
        struct model_account *account = model->accounts->pdata[i];
        if (strcmp(account->name, name) == 0)
            return account;
    }
    return NULL;
}

struct model_account *model_account_add(struct model *model, const char *name, const char *password,
                                        struct conf_where where)
{
    struct model_account *account = g_new(struct model_account, 1);
    *account = (struct model_account){g_strdup(name), g_strdup(password), where};
    g_ptr_array_add(model->accounts, account);
    return account;
}

struct model_param *model_param(const struct model_target *target, const char *key)
{
    for (guint i = 0; i < target->params->len; i++) {
        struct model_param *param = target->params->pdata[i];
        if (strcmp(param->key, key) == 0)
            return param;
    }
    return NULL;
}

void model_param_set(struct model_target *target, const char *key, const char *value,
                     struct conf_where where)
{
    struct model_param *param = g_new(struct model_param, 1);
    *param = (struct model_param){g_strdup(key), g_strdup(value), where};
    g_ptr_array_add(target->params, param);
}

bool model_has(const GPtrArray *texts, const char *text)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *)texts, text, g_str_equal, NULL);
}

char *model_beginning(const char *text, size_t most)
{
    size_t n = MIN(strlen(text), most);
    while (n > 0 && (text[n] & 0xc0) == 0x80)
        n--;
    return g_strndup(text, n);
}
