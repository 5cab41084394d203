/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scst.conf of SCST. */
#include <string.h>

#include "convert.h"

/* ---- Devices ---- */

static const struct statement *find_device(const struct statement *root, const char *name,
                                           const char **handler)
{
    EACH_STATEMENT(h, i, root)
    {
        const struct statement *device =
            statement_is(h, "HANDLER") ? statement_find(h, "DEVICE", name) : NULL;
        if (!device)
            continue;
        *handler = statement_word(h, 1);
        return device;
    }
    return NULL;
}

static bool is_set(const struct statement *s, const char *name)
{
    return g_strcmp0(statement_value(s, name), "1") == 0;
}

static void take_device(struct converted *c, struct model_lun *lun, const struct statement *d)
{
    static const struct {
        const char *name;
        enum model_lun_key key;
        gsize max;
    } texts[] = {{"t10_vend_id", LUN_VENDOR, 8},    {"prod_id", LUN_PRODUCT, 16},
                 {"prod_rev_lvl", LUN_REVISION, 4}, {"usn", LUN_SERIAL, 64},
                 {"t10_dev_id", LUN_SCSI_ID, 36},   {"blocksize", LUN_BLOCK_SIZE, 5}};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        if (statement_value(d, texts[i].name))
            convert_text(c, lun, texts[i].key, statement_value(d, texts[i].name), texts[i].max);
    if (is_set(d, "read_only"))
        model_lun_set(lun, LUN_READ_ONLY, "yes");
    if (is_set(d, "write_through"))
        model_lun_set(lun, LUN_WRITE_CACHE, "no");
    if (is_set(d, "thin_provisioned"))
        model_lun_set(lun, LUN_THIN, "yes");
    if (is_set(d, "removable"))
        model_lun_set(lun, LUN_REMOVABLE, "yes");
    if (is_set(d, "nv_cache"))
        convert_remark(c, "'nv_cache' cannot be expressed: synchronizing is done");
}

/* ---- Targets ---- */

static void take_lun(struct converted *c, struct model_target *t, const struct statement *root,
                     guint64 number, const char *name)
{
    const char *handler = NULL;
    const struct statement *device = find_device(root, name, &handler);
    const char *path = device ? statement_value(device, "filename") : NULL;
    if (!path) {
        convert_remark(c, "LUN %u of %s is left out: the device '%s' has no file", (unsigned)number,
                       t->name, name);
        return;
    }
    struct model_lun *lun = convert_lun(c, t, number, path);
    if (!lun)
        return;
    model_lun_set(lun, LUN_VENDOR,
                  g_strcmp0(handler, "vdisk_blockio") == 0 ? "SCST_BIO" : "SCST_FIO");
    convert_text(c, lun, LUN_PRODUCT, name, 16);
    if (g_strcmp0(handler, "vcdrom") == 0)
        model_lun_set(lun, LUN_TYPE, "cd");
    take_device(c, lun, device);
}

static bool lun_line(const struct statement *s, guint64 *number)
{
    return statement_is(s, "LUN") && statement_word(s, 2) &&
           g_ascii_string_to_unsigned(statement_word(s, 1), 10, 0, G_MAXUINT16, number, NULL);
}

/* A logical unit of the target with this device; -1: none. */
static int number_of(const struct model_target *t, const struct statement *root, const char *name)
{
    const char *handler;
    const struct statement *device = find_device(root, name, &handler);
    const char *path = device ? statement_value(device, "filename") : NULL;
    for (guint i = 0; path && i < t->luns->len; i++) {
        const struct model_lun *lun = t->luns->pdata[i];
        if (g_strcmp0(lun->path, path) == 0)
            return (int)lun->number;
    }
    return -1;
}

static unsigned free_number(const struct model_target *t, unsigned wanted)
{
    while (model_lun(t, wanted))
        wanted++;
    return wanted;
}

/* What only a group sees becomes a logical unit, too; maps say who sees it. */
static void take_group_lun(struct converted *c, struct model_target *t,
                           const struct statement *root, const struct statement *group,
                           const struct statement *l, guint64 as)
{
    const char *name = statement_word(l, 2);
    int number = number_of(t, root, name);
    if (number < 0) {
        number = (int)free_number(t, as);
        take_lun(c, t, root, number, name);
    }
    EACH_STATEMENT(s, i, group)
    {
        if (!statement_is(s, "INITIATOR") || !statement_word(s, 1) || !model_lun(t, number))
            continue;
        struct model_map *map = g_new(struct model_map, 1);
        *map = (struct model_map){g_strdup(statement_word(s, 1)), number, as,
                                  is_set(l, "read_only"), (struct conf_where){0}};
        g_ptr_array_add(t->maps, map);
    }
}

static void take_group(struct converted *c, struct model_target *t, const struct statement *root,
                       const struct statement *group)
{
    guint64 as;
    EACH_STATEMENT(s, i, group)
    {
        const char *name = statement_word(s, 1);
        if (lun_line(s, &as)) {
            take_group_lun(c, t, root, group, s, as);
        } else if (statement_is(s, "INITIATOR") && name) {
            convert_add(t->initiators, name);
            if (strpbrk(name, "*?"))
                convert_remark(c, "the pattern '%s' is taken for a name: write the names", name);
        }
    }
}

static void take_user(struct converted *c, GPtrArray *incoming, char **outgoing,
                      const struct statement *s)
{
    const char *text = statement_word(s, 1);
    g_auto(GStrv) words = g_strsplit(text ? text : "", " ", 2);
    if (g_strv_length(words) < 2)
        return;
    if (statement_is(s, "IncomingUser"))
        convert_account(c, incoming, words[0], words[1]);
    else
        convert_outgoing(c, outgoing, words[0], words[1]);
}

static bool is_user(const struct statement *s)
{
    return statement_is(s, "IncomingUser") || statement_is(s, "OutgoingUser");
}

static bool take_parameter(struct model_target *t, const struct statement *s)
{
    static const char *const keys[] = {
        "InitialR2T",     "ImmediateData",    "MaxRecvDataSegmentLength",
        "MaxBurstLength", "FirstBurstLength", "MaxOutstandingR2T",
        "HeaderDigest",   "DataDigest",       NULL};
    if (!g_strv_contains(keys, statement_word(s, 0)) || !statement_word(s, 1))
        return false;
    model_param_set(t, statement_word(s, 0), statement_word(s, 1), (struct conf_where){0});
    return true;
}

static void take_target_line(struct converted *c, struct model_target *t,
                             const struct statement *root, const struct statement *s)
{
    static const char *const quiet[] = {"enabled", "rel_tgt_id", "GROUP", "INI_GROUP", NULL};
    guint64 number;
    if (lun_line(s, &number))
        take_lun(c, t, root, number, statement_word(s, 2));
    else if (is_user(s))
        take_user(c, t->incoming, &t->outgoing, s);
    else if (statement_is(s, "alias") && statement_word(s, 1) && !t->alias)
        t->alias = g_strdup(statement_word(s, 1));
    else if (!take_parameter(t, s) && !g_strv_contains(quiet, statement_word(s, 0)))
        convert_remark(c, "'%s' of a target cannot be expressed", statement_word(s, 0));
}

/* The logical units that a target has outside of groups are for everybody. */
static void take_target(struct converted *c, const struct statement *root,
                        const struct statement *target)
{
    struct model_target *t = convert_target(c, statement_word(target, 1));
    t->online = is_set(target, "enabled");
    EACH_STATEMENT(s, i, target)
    take_target_line(c, t, root, s);
    bool open = t->luns->len > 0;
    EACH_STATEMENT(s, i, target)
    if (statement_is(s, "GROUP") || statement_is(s, "INI_GROUP"))
        take_group(c, t, root, s);
    t->chap = t->incoming->len > 0;
    if (!open)
        return;
    convert_add(t->addresses, "all");
    if (t->initiators->len > 0)
        convert_remark(c, "%s: initiators outside of its groups see all of its LUNs here", t->name);
    g_ptr_array_set_size(t->initiators, 0);
}

static void take_driver(struct converted *c, const struct statement *root,
                        const struct statement *driver)
{
    if (g_strcmp0(statement_word(driver, 1), "iscsi") != 0) {
        convert_remark(c, "the driver '%s' is left out: it is not for iSCSI",
                       statement_word(driver, 1) ? statement_word(driver, 1) : "");
        return;
    }
    EACH_STATEMENT(s, i, driver)
    {
        if (statement_is(s, "TARGET") && statement_word(s, 1))
            take_target(c, root, s);
        else if (is_user(s))
            take_user(c, c->model->incoming, &c->model->outgoing, s);
        else if (!statement_is(s, "enabled"))
            convert_remark(c, "'%s' of the driver cannot be expressed", statement_word(s, 0));
    }
}

bool convert_scst(struct converted *c, const char *text, gsize len, GError **error)
{
    struct statement *root = statements_parse(text, len, error);
    if (!root)
        return false;
    EACH_STATEMENT(s, i, root)
    {
        if (statement_is(s, "TARGET_DRIVER"))
            take_driver(c, root, s);
        else if (!statement_is(s, "HANDLER"))
            convert_remark(c, "'%s' cannot be expressed", statement_word(s, 0));
    }
    statement_free(root);
    return true;
}
