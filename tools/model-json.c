/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model as JSON, for programs. Passwords are left out. */
#include <string.h>

#include "model.h"

static json_t *texts(const GPtrArray *list)
{
    json_t *array = json_array();
    for (guint i = 0; i < list->len; i++)
        json_array_append_new(array, json_string(list->pdata[i]));
    return array;
}

static void put(json_t *o, const char *name, const char *text)
{
    if (text)
        json_object_set_new(o, name, json_string(text));
}

static json_t *value_json(enum model_kind kind, const char *value)
{
    if (kind == MODEL_ON_OFF || kind == MODEL_ONE_ZERO)
        return json_boolean(strcmp(value, "yes") == 0);
    if (kind == MODEL_NUMBER)
        return json_integer((json_int_t)g_ascii_strtoull(value, NULL, 10));
    return json_string(value);
}

static json_t *lun_json(const struct model_lun *lun)
{
    json_t *o = json_pack("{s:i}", "lun", (int)lun->number);
    put(o, "path", lun->path);
    for (unsigned key = 0; key < LUN_KEYS; key++)
        if (lun->value[key])
            json_object_set_new(o, model_lun_rows[key].directive,
                                value_json(model_lun_rows[key].kind, lun->value[key]));
    json_object_set_new(o, "options", texts(lun->options));
    json_object_set_new(o, "mode_pages", texts(lun->mode_pages));
    return o;
}

static json_t *params_json(const struct model_target *t)
{
    json_t *o = json_object();
    for (guint i = 0; i < t->params->len; i++) {
        const struct model_param *param = t->params->pdata[i];
        put(o, param->key, param->value);
    }
    return o;
}

static json_t *maps_json(const struct model_target *t)
{
    json_t *list = json_array();
    for (guint i = 0; i < t->maps->len; i++) {
        const struct model_map *m = t->maps->pdata[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:i, s:i, s:b}", "initiator", m->initiator, "lun",
                                        (int)m->lun, "as", (int)m->as, "read_only", m->read_only));
    }
    return list;
}

static json_t *luns_json(const struct model_target *t)
{
    json_t *list = json_array();
    for (guint i = 0; i < t->luns->len; i++)
        json_array_append_new(list, lun_json(t->luns->pdata[i]));
    return list;
}

static json_t *target_json(const struct model_target *t)
{
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", t->name, "state",
                  t->online ? "ready" : "offline", "identity", t->legacy ? "legacy" : "uuid",
                  "auth", t->chap ? "chap" : "none", "match", t->any ? "any" : "all");
    if (t->tid)
        json_object_set_new(o, "tid", json_integer(t->tid));
    put(o, "driver", t->driver);
    put(o, "alias", t->alias);
    json_object_set_new(o, "params", params_json(t));
    json_object_set_new(o, "luns", luns_json(t));
    json_object_set_new(o, "accounts", texts(t->incoming));
    put(o, "outgoing_account", t->outgoing);
    json_object_set_new(o, "addresses", texts(t->addresses));
    json_object_set_new(o, "initiators", texts(t->initiators));
    json_object_set_new(o, "maps", maps_json(t));
    return o;
}

static json_t *portals_json(const struct model *model)
{
    json_t *list = json_array();
    for (guint i = 0; i < model->portals->len; i++) {
        const struct model_portal *p = model->portals->pdata[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "transport", p->transport,
                                              "address", p->address, "options", texts(p->options)));
    }
    return list;
}

json_t *model_json(const struct model *model)
{
    json_t *o = json_object(), *targets = json_array(), *accounts = json_array(),
           *isns = json_object();
    for (guint i = 0; i < model->targets->len; i++)
        json_array_append_new(targets, target_json(model->targets->pdata[i]));
    for (guint i = 0; i < model->accounts->len; i++)
        json_array_append_new(
            accounts, json_string(((struct model_account *)model->accounts->pdata[i])->name));
    for (unsigned i = 0; i < MODEL_ISNS_KEYS; i++)
        put(isns, model_isns_names[i], model->isns[i]);
    json_object_set_new(o, "targets", targets);
    json_object_set_new(o, "accounts", accounts);
    json_object_set_new(o, "discovery_accounts", texts(model->incoming));
    put(o, "discovery_auth", model_discovery_auth(model));
    put(o, "discovery_outgoing_account", model->outgoing);
    json_object_set_new(o, "isns", isns);
    json_object_set_new(o, "portals", portals_json(model));
    return o;
}
