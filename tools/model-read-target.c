/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a <target> of a targets.conf. */
#include <string.h>

#include "acl.h"
#include "model-read.h"
#include "name.h"

#define LUN_LAST 16383
#define TID_LAST G_MAXINT32

/* One of two words; NULL: the option is absent, or neither, which is wrong. */
static const char *either(struct model_reader *r, const struct conf_block *block, const char *key,
                          const char *one, const char *other)
{
    struct model_line line;
    if (!model_line(r, block, key, &line))
        return NULL;
    if (strcmp(line.text, one) == 0)
        return one;
    if (strcmp(line.text, other) == 0)
        return other;
    conf_wrong(r->conf, line.where, "'%s' is %s or %s, not '%s'", key, one, other, line.text);
    return NULL;
}

/* ---- What the target is ---- */

/* As the daemon keeps it; free with g_free(). */
static char *name_of(struct model_reader *r, const struct conf_block *block)
{
    g_autoptr(GError) error = NULL;
    char *name = name_prepare(block->arg, &error);
    if (!name)
        conf_wrong(r->conf, block->where, "%s", error->message);
    else if (model_target(r->model, name))
        conf_wrong(r->conf, block->where, "there is a <target %s> already", name);
    return name ? name : g_strdup(block->arg);
}

static void read_number(struct model_reader *r, const struct conf_block *block,
                        struct model_target *t)
{
    struct model_line line;
    guint64 tid;
    if (!model_line(r, block, "controller_tid", &line) ||
        !model_number(r, "controller_tid", &line, TID_LAST, &tid))
        return;
    t->tid = tid;
    for (guint i = 0; i + 1 < r->model->targets->len; i++) {
        const struct model_target *other = r->model->targets->pdata[i];
        if (tid && other->tid == tid)
            conf_wrong(r->conf, line.where, "the number %u is that of <target %s> already", t->tid,
                       other->name);
    }
}

static void read_words(struct model_reader *r, const struct conf_block *block,
                       struct model_target *t)
{
    struct model_line line;
    const char *identity = either(r, block, "identity", "legacy", "uuid"),
               *auth = either(r, block, "auth", "none", "chap"),
               *match = either(r, block, "match", "all", "any"),
               *state = either(r, block, "state", "ready", "offline");
    t->legacy = identity ? strcmp(identity, "legacy") == 0 : r->legacy;
    t->identity_said = identity || r->identity_said;
    t->chap = auth ? strcmp(auth, "chap") == 0 : t->incoming->len > 0;
    t->any = match && strcmp(match, "any") == 0;
    t->online = !state || strcmp(state, "ready") == 0;
    if (model_line(r, block, "alias", &line))
        t->alias = g_strdup(line.text);
    if (model_line(r, block, "driver", &line))
        t->driver = g_strdup(line.text);
    if (t->incoming->len > 0 && !t->chap)
        conf_warn(r->conf, block->where, "'auth none': the accounts of %s are not asked for",
                  t->name);
}

/* ---- Whom it lets in ---- */

static void read_rules(struct model_reader *r, const struct conf_block *block, const char *key,
                       GPtrArray *rules)
{
    g_autoptr(GArray) lines = model_lines(r, block, key);
    for (guint i = 0; i < lines->len; i++) {
        const struct model_line *line = &g_array_index(lines, struct model_line, i);
        if (!model_has(rules, line->text))
            g_ptr_array_add(rules, g_strdup(line->text));
    }
}

/* Where the rule stands, or near it. */
static struct conf_where where_of(const struct conf_block *block, const char *key, guint i)
{
    const struct conf_option *option = conf_option(block, key);
    if (!option || i >= option->values->len)
        return block->where;
    return ((const struct conf_value *)option->values->pdata[i])->where;
}

/* "ALL" is written in any case. */
static void unify_all(GPtrArray *addresses)
{
    for (guint i = 0; i < addresses->len; i++)
        if (g_ascii_strcasecmp(addresses->pdata[i], "all") == 0) {
            g_free(addresses->pdata[i]);
            addresses->pdata[i] = g_strdup("all");
        }
}

static void check_rules(struct model_reader *r, const struct conf_block *block,
                        const struct model_target *t)
{
    struct acl *acl = acl_new();
    for (guint i = 0; i < t->addresses->len; i++) {
        g_autoptr(GError) error = NULL;
        if (!acl_add_address(acl, t->addresses->pdata[i], &error))
            conf_wrong(r->conf, where_of(block, "initiator-address", i), "%s", error->message);
    }
    for (guint i = 0; i < t->initiators->len; i++) {
        g_autoptr(GError) error = NULL;
        if (!acl_add_initiator(acl, t->initiators->pdata[i], &error))
            conf_wrong(r->conf, where_of(block, "initiator-name", i), "%s", error->message);
    }
    acl_free(acl);
}

/* Without initiator-address all addresses are meant, as in tgt; "none" is for targets that let
 * nobody in by address. */
static void read_acl(struct model_reader *r, const struct conf_block *block, struct model_target *t)
{
    read_rules(r, block, "initiator-address", t->addresses);
    read_rules(r, block, "initiator-name", t->initiators);
    unify_all(t->addresses);
    if (t->addresses->len == 1 && g_ascii_strcasecmp(t->addresses->pdata[0], "none") == 0)
        g_ptr_array_set_size(t->addresses, 0);
    else if (!conf_option(block, "initiator-address"))
        g_ptr_array_add(t->addresses, g_strdup("all"));
    check_rules(r, block, t);
}

/* "INITIATOR LUN [AS] [read-only]" */
static void read_map(struct model_reader *r, const struct model_line *line, struct model_target *t)
{
    g_auto(GStrv) words = g_strsplit_set(line->text, " \t", -1);
    const char *found[5] = {0};
    unsigned n = 0;
    for (char **w = words; *w && n < 5; w++)
        if (**w)
            found[n++] = *w;
    bool read_only = n > 2 && strcmp(found[n - 1], "read-only") == 0;
    guint64 lun, as = 0;
    n -= read_only;
    if (n < 2 || n > 3 || !g_ascii_string_to_unsigned(found[1], 10, 0, LUN_LAST, &lun, NULL) ||
        (n == 3 && !g_ascii_string_to_unsigned(found[2], 10, 0, LUN_LAST, &as, NULL))) {
        conf_wrong(r->conf, line->where, "'lun-map' wants INITIATOR LUN [AS] [read-only]");
        return;
    }
    struct model_map *map = g_new(struct model_map, 1);
    *map = (struct model_map){g_strdup(found[0]), lun, n == 3 ? as : lun, read_only, line->where};
    g_ptr_array_add(t->maps, map);
}

static void read_maps(struct model_reader *r, const struct conf_block *block,
                      struct model_target *t)
{
    g_autoptr(GArray) lines = model_lines(r, block, "lun-map");
    for (guint i = 0; i < lines->len; i++)
        read_map(r, &g_array_index(lines, struct model_line, i), t);
}

static void check_maps(struct model_reader *r, const struct model_target *t)
{
    for (guint i = 0; i < t->maps->len; i++) {
        const struct model_map *map = t->maps->pdata[i];
        if (!model_lun(t, map->lun))
            conf_wrong(r->conf, map->where, "%s has no LUN %u", t->name, map->lun);
    }
}

/* ---- Parameters of transports ---- */

/* As tgt does, the first one counts. */
static bool first_line(struct model_reader *r, const struct conf_block *block, const char *key,
                       struct model_line *line)
{
    g_autoptr(GArray) lines = model_lines(r, block, key);
    for (guint i = 1; i < lines->len; i++)
        conf_warn(r->conf, g_array_index(lines, struct model_line, i).where,
                  "'%s' was given already: the first one counts", key);
    if (lines->len > 0)
        *line = g_array_index(lines, struct model_line, 0);
    return lines->len > 0;
}

/* tgt takes 512 to 16777215; within that we go as far as we can, as tgtadm does. */
static void take_segment_length(struct model_reader *r, const char *key,
                                const struct model_line *line, struct model_target *t)
{
    guint64 n;
    if (!g_ascii_string_to_unsigned(line->text, 10, 512, 16777215, &n, NULL)) {
        model_param_set(t, key, line->text, line->where);
        return;
    }
    g_autofree char *near = g_strdup_printf("%" G_GUINT64_FORMAT, CLAMP(n, 8192, 1048576));
    if (strcmp(near, line->text) != 0)
        conf_warn(r->conf, line->where, "'%s' is 8192 to 1048576 here: %s is taken", key, near);
    model_param_set(t, key, near, line->where);
}

static void read_param(struct model_reader *r, const struct conf_block *block, const char *key,
                       struct model_target *t)
{
    struct model_line line;
    const char *fixed = model_fixed_param(key);
    if (!first_line(r, block, key, &line))
        return;
    if (strcmp(key, "MaxRecvDataSegmentLength") == 0)
        take_segment_length(r, key, &line, t);
    else if (!fixed)
        model_param_set(t, key, line.text, line.where);
    else if (g_ascii_strcasecmp(fixed, line.text) != 0)
        conf_warn(r->conf, line.where, "'%s' has no effect here: it is %s", key,
                  strcmp(key, "MaxXmitDataSegmentLength") == 0 ? "what the initiator takes"
                                                               : fixed);
}

static void read_params(struct model_reader *r, const struct conf_block *block,
                        struct model_target *t)
{
    for (guint i = 0; i < block->options->len; i++) {
        const struct conf_option *option = block->options->pdata[i];
        if (model_is_target_param(option->key) || model_fixed_param(option->key))
            read_param(r, block, option->key, t);
    }
}

void model_read_target(struct model_reader *r, const struct conf_block *block)
{
    static const char *const blocks[] = {"backing-store", "direct-store", NULL};
    g_autofree char *name = name_of(r, block);
    struct model_target *t = model_target_add(r->model, name, block->where);
    model_check_options(r, block, SCOPE_TARGET);
    model_check_blocks(r, block, blocks);
    model_read_users(r, block, "incominguser", t->incoming);
    t->outgoing = model_read_user(r, block, "outgoinguser");
    read_number(r, block, t);
    read_words(r, block, t);
    read_acl(r, block, t);
    read_params(r, block, t);
    model_read_luns(r, block, t);
    read_maps(r, block, t);
    check_maps(r, t);
}
