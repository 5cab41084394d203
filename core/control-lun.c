/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods lun.*: make, list, describe, set, resize, delete logical units. */
#include "control-method.h"

#include <string.h>

#include "daemon.h"
#include "lu.h"
#include "medium.h"
#include "mode.h"
#include "plugin.h"
#include "target.h"

#define LUN_MAX 16383 /* single level, flat space addressing (SAM-5 4.7.5.4) */

struct core_lu *control_lun(struct control_call *call, const json_t *params)
{
    struct tgt_target *target = control_target(call, params);
    if (!target)
        return NULL;
    unsigned lun = control_uint(params, "lun");
    struct core_lu *lu = target_lun(target, lun);
    if (lu)
        return lu;
    control_about(call, "lun");
    control_fail(call, g_error_new(CORE_ERROR, CORE_ERROR_NOT_FOUND,
                                   "the target '%s' has no LUN %u", target->name, lun));
    return NULL;
}

/* ---- Descriptions ---- */

static void put_text(json_t *o, const char *name, const char *padded)
{
    g_autofree char *text = g_strchomp(g_strdup(padded));
    control_put(o, name, text);
}

static void describe_identity(json_t *o, const struct core_lu *lu)
{
    const uint8_t *u = lu->pub.uuid;
    g_autofree char *uuid = g_strdup_printf(
        "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2],
        u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
    control_put(o, "uuid", uuid);
    put_text(o, "vendor", lu->pub.vendor);
    put_text(o, "product", lu->pub.product);
    put_text(o, "revision", lu->pub.revision);
    put_text(o, "serial", lu->pub.serial);
    if (lu->scsi_id[0])
        control_put(o, "scsi_id", lu->scsi_id);
}

static json_t *describe_options(const struct bs *bs)
{
    json_t *list = json_array();
    for (char **o = bs->options; o && *o; o++) {
        g_autofree char *valid = g_utf8_make_valid(*o, -1);
        json_array_append_new(list, json_string(valid));
    }
    return list;
}

static void describe_store(json_t *o, const struct bs *bs)
{
    control_put(o, "bs", bs->plugin->name);
    control_put(o, "path", bs->path);
    json_object_set_new(o, "options", describe_options(bs));
    json_object_set_new(o, "size", json_integer((json_int_t)bs->info.size));
}

static void describe_state(json_t *o, const struct core_lu *lu, unsigned state)
{
    static const struct {
        const char *name;
        unsigned bit;
    } bits[] = {
        {"read_only", TGT_LU_READ_ONLY},
        {"swp", TGT_LU_SWP},
        {"write_cache", TGT_LU_WCE},
        {"removable", TGT_LU_REMOVABLE},
        {"thin", TGT_LU_THIN},
        {"stopped", TGT_LU_STOPPED},
        {"busy", TGT_LU_JOB},
        {"d_sense", TGT_LU_D_SENSE},
    };
    json_object_set_new(o, "online", json_boolean(!(state & TGT_LU_OFFLINE)));
    json_object_set_new(o, "medium", json_boolean(!(state & TGT_LU_NO_MEDIUM)));
    for (unsigned i = 0; i < G_N_ELEMENTS(bits); i++)
        json_object_set_new(o, bits[i].name, json_boolean(state & bits[i].bit));
    json_object_set_new(o, "prevented", json_boolean(lu->prevents > 0));
    json_object_set_new(o, "initiators", json_integer(lu->itls->len));
}

/* Mode pages that lun.set was given as a whole. */
static json_t *describe_pages(const struct core_lu *lu)
{
    json_t *list = json_array();
    for (guint i = 0; lu->modes && i < lu->modes->pages->len; i++) {
        g_autofree char *text = mode_page_given(lu->modes->pages->pdata[i]);
        if (text)
            json_array_append_new(list, json_string(text));
    }
    return list;
}

/* Whether there is a write cache if nobody says otherwise: Caching page, WCE (SBC-4 6.5.6). */
static void describe_cache(json_t *o, const struct core_lu *lu)
{
    const struct mode_page *page = lu->modes ? mode_find(lu->modes, 0x08, 0) : NULL;
    if (page && page->length > 0)
        json_object_set_new(o, "write_cache_default",
                            json_boolean(mode_page_values(page, MODE_DEFAULT)[0] & 0x04));
}

/* The word for it in commands (SPC-5 6.7.2); types that came later are known by their plugin's
 * name. */
static const char *type_of(const struct core_lu *lu)
{
    static const char *const words[] = {
        [0x00] = "disk",    [0x01] = "tape",       [0x05] = "cd",
        [0x08] = "changer", [0x0c] = "controller", [0x11] = "osd",
    };
    uint8_t type = lu->device->peripheral_type;
    if (type < G_N_ELEMENTS(words) && words[type])
        return words[type];
    return lu->type ? lu->type->name : "none";
}

/* What `lun set` has changed of what the store says. */
static void describe_geometry(json_t *o, const struct tgt_lu *lu)
{
    const struct {
        const char *name;
        uint32_t value;
    } rows[] = {
        {"lowest_aligned", lu->lowest_aligned},
        {"optimal_granularity", lu->optimal_granularity},
        {"optimal_transfer", lu->optimal_transfer},
        {"rotation_rate", lu->rotation_rate},
    };
    json_object_set_new(o, "physical_exponent", json_integer(lu->physical_exponent));
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].value != 0)
            json_object_set_new(o, rows[i].name, json_integer(rows[i].value));
}

json_t *control_describe_lun(struct core_lu *lu)
{
    json_t *o =
        json_pack("{s:s, s:i, s:i, s:s, s:i, s:i, s:I, s:b}", "target", lu->target->name, "tid",
                  (int)lu->target->tid, "lun", (int)lu->lun, "type", type_of(lu), "block_size",
                  (int)lu->pub.block_size, "physical_exponent", lu->pub.physical_exponent, "blocks",
                  (json_int_t)lu_blocks(&lu->pub), "legacy", lu->identity_legacy);
    g_mutex_lock(&lu->lock);
    if (lu->pub.medium)
        describe_store(o, core_medium(lu->pub.medium)->bs);
    describe_state(o, lu, (unsigned)g_atomic_int_get((gint *)&lu->pub.state));
    describe_identity(o, lu);
    json_object_set_new(o, "mode_pages", describe_pages(lu));
    describe_cache(o, lu);
    g_mutex_unlock(&lu->lock);
    describe_geometry(o, &lu->pub);
    return o;
}

static gboolean append_lun(gpointer key, gpointer value, gpointer data)
{
    json_array_append_new(data, control_describe_lun(value));
    return FALSE;
}

json_t *control_describe_luns(const struct tgt_target *target)
{
    json_t *list = json_array();
    g_autoptr(GList) all = target ? NULL : targets_list();
    if (target)
        g_tree_foreach(target->luns, append_lun, list);
    for (GList *t = all; t; t = t->next)
        g_tree_foreach(((struct tgt_target *)t->data)->luns, append_lun, list);
    return list;
}

/* ---- Methods ---- */

static void lun_list_(struct control_call *call, const json_t *params)
{
    const struct tgt_target *target = NULL;
    if (control_text(params, "target") && !(target = control_target(call, params)))
        return;
    control_reply(call, control_describe_luns(target));
}

static void lun_show_(struct control_call *call, const json_t *params)
{
    struct core_lu *lu = control_lun(call, params);
    if (lu)
        control_reply(call, control_describe_lun(lu));
}

static void created(struct core_lu *lu, GError *error, void *data)
{
    if (error)
        control_fail(data, error);
    else
        control_reply(data, control_describe_lun(lu));
}

static int physical_exponent(const json_t *params)
{
    const json_t *value = json_object_get(params, "physical_exponent");
    return value ? (int)json_integer_value(value) : -1;
}

static void lun_create_(struct control_call *call, const json_t *params)
{
    struct tgt_target *target = control_target(call, params);
    if (!target)
        return;
    g_auto(GStrv) options = control_strings(params, "options");
    const char *type = control_text(params, "type");
    const struct lu_request request = {
        .target = target,
        .lun = control_uint(params, "lun"),
        .type = type ? type : "disk",
        .store = {.type = control_text(params, "bs"),
                  .path = control_text(params, "path"),
                  .options = options,
                  .read_only = control_bool(params, "read_only")},
        .block_size = control_uint(params, "block_size"),
        .physical_exponent = physical_exponent(params),
        .read_only = control_bool(params, "read_only"),
        .removable = control_bool(params, "removable"),
        .thin = control_bool(params, "thin"),
        .legacy_identity = control_bool(params, "legacy"),
        .vendor = control_text(params, "vendor"),
        .product = control_text(params, "product"),
        .revision = control_text(params, "revision"),
        .serial = control_text(params, "serial"),
        .uuid = control_text(params, "uuid"),
    };
    control_about(call, "lun");
    lu_create(&request, created, call);
}

/* Values that are set one after the other. The LU may be deleted while one waits for its store. */
struct setting {
    struct control_call *call;
    json_t *params; /* one reference */
    void *next;     /* in its values */
};

/* Without a LU control_lun() has ended the call. */
static void set_next(GError *error, void *data)
{
    struct setting *s = data;
    void *at = s->next;
    struct core_lu *lu = error ? NULL : control_lun(s->call, s->params);
    if (error || (lu && !at))
        control_end(s->call, error);
    if (!lu || !at) {
        json_decref(s->params);
        g_free(s);
        return;
    }
    s->next = json_object_iter_next(json_object_get(s->params, "values"), at);
    lu_set(lu, json_object_iter_key(at), json_string_value(json_object_iter_value(at)), set_next,
           s);
}

static void lun_set_(struct control_call *call, const json_t *params)
{
    struct setting *s = g_new(struct setting, 1);
    *s = (struct setting){call, json_incref((json_t *)params), NULL};
    s->next = json_object_iter(json_object_get(params, "values"));
    set_next(NULL, s);
}

static void ended(GError *error, void *data)
{
    control_end(data, error);
}

/* A resize under way. The LU may be deleted meanwhile: it is looked up anew for the reply. */
struct resize {
    struct control_call *call;
    uint32_t tid;
    uint16_t lun;
};

static void resized(GError *error, void *data)
{
    g_autofree struct resize *r = data;
    struct tgt_target *target = target_by_tid(r->tid);
    struct core_lu *lu = target ? target_lun(target, r->lun) : NULL;
    if (!error && lu)
        control_reply(r->call, control_describe_lun(lu));
    else
        control_end(r->call, error);
}

static void lun_resize_(struct control_call *call, const json_t *params)
{
    struct core_lu *lu = control_lun(call, params);
    if (!lu)
        return;
    struct resize *r = g_new(struct resize, 1);
    *r = (struct resize){call, lu->target->tid, lu->lun};
    if (json_object_get(params, "size"))
        lu_resize_to(lu, control_uint(params, "size"), control_bool(params, "shrink"), resized, r);
    else
        lu_resize(lu, resized, r);
}

static void lun_delete_(struct control_call *call, const json_t *params)
{
    struct core_lu *lu = control_lun(call, params);
    if (lu)
        lu_delete(lu, ended, call);
}

#define TARGET "target", CONTROL_STRING, true, "name, or @ and number, of the target"
#define LUN    "lun", CONTROL_UINT, true, "logical unit number", LUN_MAX

const struct control_method control_lun_methods[] = {
    {"lun.list",
     "List logical units",
     true,
     lun_list_,
     {{"target", CONTROL_STRING, false, "only those of this target"}}},
    {"lun.show", "Describe a logical unit", true, lun_show_, {{TARGET}, {LUN}}},
    {"lun.create",
     "Make a logical unit",
     false,
     lun_create_,
     {{TARGET},
      {LUN},
      {"type", CONTROL_STRING, false, "device type, 'disk' if missing"},
      {"bs", CONTROL_STRING, false, "backing store; without it there is no medium"},
      {"path", CONTROL_STRING, false, "path, as the backing store understands it"},
      {"options", CONTROL_STRINGS, false, "options of the backing store, key=value"},
      {"block_size", CONTROL_UINT, false, "bytes of a logical block", 65536},
      {"physical_exponent", CONTROL_UINT, false,
       "logical blocks per physical block as a power of two", 15},
      {"read_only", CONTROL_BOOL, false, "write-protected"},
      {"removable", CONTROL_BOOL, false, "the medium can be ejected"},
      {"thin", CONTROL_BOOL, false, "thin provisioned: space can be given back"},
      {"vendor", CONTROL_STRING, false, "T10 vendor identification, up to 8 characters"},
      {"product", CONTROL_STRING, false, "product identification, up to 16 characters"},
      {"revision", CONTROL_STRING, false, "product revision, up to 4 characters"},
      {"serial", CONTROL_STRING, false, "unit serial number"},
      {"uuid", CONTROL_STRING, false, "identity; made and kept if missing"},
      {"legacy", CONTROL_BOOL, false, "made by tgtadm: identity from target and LUN numbers"}}},
    {"lun.set",
     "Change a logical unit, value by value until one is refused",
     false,
     lun_set_,
     {{TARGET},
      {LUN},
      {"values", CONTROL_MAP, true, "online, read-only, thin, removable, write-cache, vendor, …"}}},
    {"lun.resize",
     "Give the backing store a new size, or look at the one that it has got",
     false,
     lun_resize_,
     {{TARGET},
      {LUN},
      {"size", CONTROL_UINT, false, "bytes that it is to have; without it, it has changed already",
       G_MAXINT64},
      {"shrink", CONTROL_BOOL, false, "also smaller: what is behind the new end is lost"}}},
    {"lun.delete",
     "Delete a logical unit; commands under way are aborted",
     false,
     lun_delete_,
     {{TARGET}, {LUN}}},
    {0},
};
