/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* saveconfig.json of targetcli, for the Linux kernel's target (LIO). */
#include <jansson.h>
#include <string.h>

#include "convert.h"

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* ---- Storage objects ---- */

/* "/backstores/fileio/disk1" */
static const json_t *find_store(const json_t *root, const char *path)
{
    size_t i;
    json_t *store;
    g_auto(GStrv) words = g_strsplit(path, "/", -1);
    guint n = g_strv_length(words);
    json_array_foreach(json_object_get(root, "storage_objects"), i, store)
        if (n >= 2 && g_strcmp0(text_of(store, "plugin"), words[n - 2]) == 0 &&
            g_strcmp0(text_of(store, "name"), words[n - 1]) == 0)
            return store;
    return NULL;
}

static void take_attributes(struct converted *c, struct model_lun *lun, const json_t *store)
{
    const json_t *attributes = json_object_get(store, "attributes");
    const char *name = text_of(store, "name"), *wwn = text_of(store, "wwn");
    json_int_t block = number_of(attributes, "block_size");
    if (block && block != 512) {
        g_autofree char *text = g_strdup_printf("%d", (int)block);
        model_lun_set(lun, LUN_BLOCK_SIZE, text);
    }
    if (json_is_false(json_object_get(store, "write_back")) &&
        strcmp(text_of(store, "plugin"), "fileio") == 0)
        model_lun_set(lun, LUN_WRITE_CACHE, "no");
    if (json_is_true(json_object_get(store, "readonly")))
        model_lun_set(lun, LUN_READ_ONLY, "yes");
    if (number_of(attributes, "emulate_tpu") || number_of(attributes, "emulate_tpws"))
        model_lun_set(lun, LUN_THIN, "yes");
    model_lun_set(lun, LUN_VENDOR, "LIO-ORG");
    convert_text(c, lun, LUN_PRODUCT, name, 16);
    model_lun_set(lun, LUN_REVISION, "4.0");
    if (wwn)
        convert_text(c, lun, LUN_SERIAL, wwn, 64);
}

static void take_lun(struct converted *c, struct model_target *t, const json_t *root,
                     const json_t *l)
{
    const char *path = text_of(l, "storage_object");
    const json_t *store = path ? find_store(root, path) : NULL;
    const char *plugin = text_of(store, "plugin"), *dev = text_of(store, "dev");
    if (!plugin || !dev || (strcmp(plugin, "fileio") != 0 && strcmp(plugin, "block") != 0)) {
        convert_remark(c, "LUN %d of %s is left out: there is no backing store like %s",
                       (int)number_of(l, "index"), t->name, path ? path : "that");
        return;
    }
    struct model_lun *lun = convert_lun(c, t, number_of(l, "index"), dev);
    if (lun)
        take_attributes(c, lun, store);
}

/* ---- Whom a target lets in ---- */

static void take_map(struct model_target *t, const char *initiator, const json_t *m)
{
    struct model_map *map = g_new(struct model_map, 1);
    *map = (struct model_map){g_strdup(initiator), number_of(m, "tpg_lun"), number_of(m, "index"),
                              json_is_true(json_object_get(m, "write_protect")),
                              (struct conf_where){0}};
    g_ptr_array_add(t->maps, map);
}

/* All logical units, by their own numbers, writable: no map is needed. */
static bool sees_all(const struct model_target *t, const json_t *maps)
{
    size_t i;
    json_t *m;
    json_array_foreach(maps, i, m)
        if (number_of(m, "tpg_lun") != number_of(m, "index") ||
            json_is_true(json_object_get(m, "write_protect")))
            return false;
    return json_array_size(maps) == t->luns->len;
}

static void take_node(struct converted *c, struct model_target *t, const json_t *acl)
{
    const char *initiator = text_of(acl, "node_wwn");
    const json_t *maps = json_object_get(acl, "mapped_luns");
    size_t i;
    json_t *m;
    if (!initiator)
        return;
    convert_add(t->initiators, initiator);
    convert_account(c, t->incoming, text_of(acl, "chap_userid"), text_of(acl, "chap_password"));
    convert_outgoing(c, &t->outgoing, text_of(acl, "chap_mutual_userid"),
                     text_of(acl, "chap_mutual_password"));
    if (!sees_all(t, maps))
        json_array_foreach(maps, i, m)
            if (model_lun(t, number_of(m, "tpg_lun")))
                take_map(t, initiator, m);
}

static void take_acls(struct converted *c, struct model_target *t, const json_t *tpg)
{
    const json_t *attributes = json_object_get(tpg, "attributes");
    size_t i;
    json_t *acl;
    json_array_foreach(json_object_get(tpg, "node_acls"), i, acl)
        take_node(c, t, acl);
    convert_account(c, t->incoming, text_of(tpg, "chap_userid"), text_of(tpg, "chap_password"));
    convert_outgoing(c, &t->outgoing, text_of(tpg, "chap_mutual_userid"),
                     text_of(tpg, "chap_mutual_password"));
    t->chap = number_of(attributes, "authentication");
    if (t->incoming->len > 1)
        convert_remark(c, "%s: any of its accounts is good for all of its initiators here",
                       t->name);
    if (number_of(attributes, "generate_node_acls")) {
        convert_add(t->addresses, "all");
        g_ptr_array_set_size(t->initiators, 0);
        if (number_of(attributes, "demo_mode_write_protect"))
            convert_remark(c, "%s: unknown initiators could only read; here they can write",
                           t->name);
    }
}

/* ---- Targets ---- */

static void take_parameters(struct model_target *t, const json_t *parameters)
{
    static const char *const keys[] = {
        "FirstBurstLength", "HeaderDigest",   "DataDigest",        "ImmediateData",
        "InitialR2T",       "MaxBurstLength", "MaxOutstandingR2T", "MaxRecvDataSegmentLength"};
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
        if (text_of(parameters, keys[i]))
            model_param_set(t, keys[i], text_of(parameters, keys[i]), (struct conf_where){0});
}

static void take_portals(struct converted *c, const json_t *portals)
{
    size_t i;
    json_t *p;
    json_array_foreach(portals, i, p) {
        const char *ip = text_of(p, "ip_address");
        if (!ip)
            continue;
        bool bare = strchr(ip, ':') && *ip != '[';
        g_autofree char *address =
            g_strdup_printf(bare ? "[%s]:%d" : "%s:%d", ip, (int)number_of(p, "port"));
        convert_portal(c, address);
        if (json_is_true(json_object_get(p, "iser")))
            convert_remark(c, "the portal %s was for iSER, too: here it is for TCP only", address);
    }
}

static void take_target(struct converted *c, const json_t *root, const json_t *o)
{
    const json_t *tpgs = json_object_get(o, "tpgs"), *tpg = json_array_get(tpgs, 0);
    const char *name = text_of(o, "wwn");
    size_t i;
    json_t *l;
    if (!name || g_strcmp0(text_of(o, "fabric"), "iscsi") != 0) {
        convert_remark(c, "the target %s is left out: it is not for iSCSI", name ? name : "");
        return;
    }
    struct model_target *t = convert_target(c, name);
    if (json_array_size(tpgs) > 1)
        convert_remark(c, "%s: only the first of its portal groups is here", name);
    t->online = json_is_true(json_object_get(tpg, "enable"));
    json_array_foreach(json_object_get(tpg, "luns"), i, l)
        take_lun(c, t, root, l);
    take_parameters(t, json_object_get(tpg, "parameters"));
    take_portals(c, json_object_get(tpg, "portals"));
    take_acls(c, t, tpg);
}

bool convert_targetcli(struct converted *c, const char *text, gsize len, GError **error)
{
    json_error_t why;
    json_t *root = json_loadb(text, len, 0, &why), *o;
    size_t i;
    if (!json_is_object(root)) {
        g_set_error(error, g_quark_from_static_string("tgt-convert-error"), 0, "line %d: %s",
                    root ? 1 : why.line, root ? "not an object" : why.text);
        json_decref(root);
        return false;
    }
    json_array_foreach(json_object_get(root, "targets"), i, o)
        take_target(c, root, o);
    if (c->model->targets->len > 0)
        convert_remark(c, "initiators will see other NAA identifiers than LIO's; serial numbers, "
                          "vendor and product are the same");
    json_decref(root);
    return true;
}
