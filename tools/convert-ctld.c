/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ctl.conf of FreeBSD's ctld. */
#include <string.h>

#include "convert.h"

/* ---- Logical units ---- */

static void take_option(struct converted *c, struct model_lun *lun, const char *name,
                        const char *value)
{
    static const struct {
        const char *name;
        enum model_lun_key key;
        gsize max;
    } texts[] = {
        {"vendor", LUN_VENDOR, 8}, {"product", LUN_PRODUCT, 16}, {"revision", LUN_REVISION, 4}};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        if (g_strcmp0(name, texts[i].name) == 0 && value) {
            convert_text(c, lun, texts[i].key, value, texts[i].max);
            return;
        }
    bool on = g_strcmp0(value, "on") == 0;
    if (g_strcmp0(name, "readonly") == 0)
        model_lun_set(lun, LUN_READ_ONLY, on ? "yes" : "no");
    else if (g_strcmp0(name, "unmap") == 0)
        model_lun_set(lun, LUN_THIN, on ? "yes" : "no");
    else
        convert_remark(c, "the option '%s' of LUNs cannot be expressed", name ? name : "");
}

static void take_lun_line(struct converted *c, struct model_lun *lun, const struct statement *s)
{
    const char *value = statement_word(s, 1);
    if (statement_is(s, "blocksize"))
        model_lun_set(lun, LUN_BLOCK_SIZE, value);
    else if (statement_is(s, "serial") && value)
        convert_text(c, lun, LUN_SERIAL, value, 64);
    else if (statement_is(s, "option"))
        take_option(c, lun, value, statement_word(s, 2));
    else if (statement_is(s, "device-type"))
        model_lun_set(lun, LUN_TYPE,
                      g_strcmp0(value, "cd") == 0 || g_strcmp0(value, "5") == 0 ? "cd" : "disk");
    else if (!statement_is(s, "path") && !statement_is(s, "backend"))
        convert_remark(c, "'%s' of LUNs cannot be expressed", statement_word(s, 0));
}

static void take_lun(struct converted *c, struct model_target *t, const struct statement *l,
                     const struct statement *body)
{
    const char *path = statement_value(body, "path");
    const char *backend = statement_value(body, "backend");
    guint64 number;
    if (!g_ascii_string_to_unsigned(statement_word(l, 1), 10, 0, G_MAXUINT16, &number, NULL))
        return;
    if (!path || g_strcmp0(backend, "ramdisk") == 0) {
        convert_remark(c, "LUN %u of %s is left out: a RAM disk has no path", (unsigned)number,
                       t->name);
        return;
    }
    struct model_lun *lun = convert_lun(c, t, number, path);
    if (!lun)
        return;
    model_lun_set(lun, LUN_VENDOR, "FREEBSD");
    model_lun_set(lun, LUN_PRODUCT, "CTLDISK");
    EACH_STATEMENT(s, i, body)
    take_lun_line(c, lun, s);
}

/* A logical unit has its block here, or is one that others have, too. */
static void find_lun(struct converted *c, struct model_target *t, const struct statement *root,
                     const struct statement *l)
{
    const char *name = statement_word(l, 2);
    const struct statement *body = name ? statement_find(root, "lun", name) : l;
    if (body && statement_word(l, 1))
        take_lun(c, t, l, body);
    else
        convert_remark(c, "line %u: there is no lun '%s'", l->line, name ? name : "");
}

/* ---- Whom a target lets in ---- */

/* Of an auth-group, or of a target that has it in itself. True: it was a line of this kind. */
static bool take_auth_line(struct converted *c, struct model_target *t, const struct statement *s)
{
    const char *one = statement_word(s, 1), *two = statement_word(s, 2);
    if (statement_is(s, "initiator-name") && one)
        convert_add(t->initiators, one);
    else if (statement_is(s, "initiator-portal") && one)
        convert_add(t->addresses, one);
    else if (statement_is(s, "chap") || statement_is(s, "chap-mutual"))
        convert_account(c, t->incoming, one, two);
    else if (!statement_is(s, "auth-type"))
        return false;
    if (statement_is(s, "chap-mutual"))
        convert_outgoing(c, &t->outgoing, statement_word(s, 3), statement_word(s, 4));
    return true;
}

static void take_group(struct converted *c, struct model_target *t, const struct statement *root,
                       const char *name)
{
    const struct statement *group = statement_find(root, "auth-group", name);
    if (g_strcmp0(name, "no-authentication") == 0 || g_strcmp0(name, "no-access") == 0)
        return;
    if (!group) {
        convert_remark(c, "%s: there is no auth-group '%s': nobody is let in", t->name, name);
        return;
    }
    EACH_STATEMENT(s, i, group)
    if (!take_auth_line(c, t, s))
        convert_remark(c, "'%s' of an auth-group cannot be expressed", statement_word(s, 0));
}

static bool denies(const struct statement *target, const struct statement *root)
{
    const char *group = statement_value(target, "auth-group");
    return group && strcmp(group, "no-authentication") != 0 &&
           !statement_find(root, "auth-group", group);
}

/* Without rules all are let in who can log in; without any group, too, nobody. */
static void take_auth(struct converted *c, struct model_target *t, const struct statement *root,
                      const struct statement *target)
{
    const char *group = statement_value(target, "auth-group");
    bool own = false;
    if (group)
        take_group(c, t, root, group);
    EACH_STATEMENT(s, i, target)
    own = take_auth_line(c, t, s) || own;
    t->chap = t->incoming->len > 0;
    if (!group && !own)
        convert_remark(c, "%s: it has no auth-group: nobody is let in", t->name);
    else if (t->addresses->len == 0 && t->initiators->len == 0 && !denies(target, root))
        convert_add(t->addresses, "all");
}

/* ---- Portals ---- */

static void take_portal_group(struct converted *c, const struct statement *root,
                              const struct statement *group)
{
    const char *auth = statement_value(group, "discovery-auth-group");
    const struct statement *users = auth ? statement_find(root, "auth-group", auth) : NULL;
    EACH_STATEMENT(s, i, group)
    {
        const char *address = statement_word(s, 1);
        if (statement_is(s, "listen") && address)
            convert_portal(c, address);
        else if (!statement_is(s, "discovery-auth-group"))
            convert_remark(c, "'%s' of a portal-group cannot be expressed", statement_word(s, 0));
    }
    if (!users)
        return;
    EACH_STATEMENT(s, i, users)
    if (statement_is(s, "chap") || statement_is(s, "chap-mutual"))
        convert_account(c, c->model->incoming, statement_word(s, 1), statement_word(s, 2));
}

/* ---- Targets ---- */

static bool is_auth_line(const struct statement *s)
{
    static const char *const words[] = {"auth-group",     "auth-type",        "chap", "chap-mutual",
                                        "initiator-name", "initiator-portal", NULL};
    return g_strv_contains(words, statement_word(s, 0));
}

static void take_target(struct converted *c, const struct statement *root,
                        const struct statement *target)
{
    struct model_target *t = convert_target(c, statement_word(target, 1));
    EACH_STATEMENT(s, i, target)
    {
        const char *value = statement_word(s, 1);
        if (statement_is(s, "lun"))
            find_lun(c, t, root, s);
        else if (statement_is(s, "alias") && value && !t->alias)
            t->alias = g_strdup(value);
        else if (statement_is(s, "redirect") && value)
            model_param_set(t, "RedirectAddress", value, (struct conf_where){0});
        else if (statement_is(s, "portal-group"))
            convert_remark(c,
                           "%s: it is served on all portals; give those of a group a tpgt, and "
                           "the target portal_groups, to change that",
                           t->name);
        else if (!is_auth_line(s))
            convert_remark(c, "'%s' of a target cannot be expressed", statement_word(s, 0));
    }
    take_auth(c, t, root, target);
}

static void take_isns(struct converted *c, const char *server)
{
    char **isns = c->model->isns;
    const char *colon = strrchr(server, ':');
    gsize len = colon ? (gsize)(colon - server) : strlen(server);
    for (unsigned i = 0; i < MODEL_ISNS_KEYS; i++)
        g_clear_pointer(&isns[i], g_free);
    isns[MODEL_iSNS] = g_strdup("On");
    isns[MODEL_iSNSServerIP] = g_strndup(server, len);
    isns[MODEL_iSNSServerPort] = g_strdup(colon ? colon + 1 : "3205");
}

bool convert_ctld(struct converted *c, const char *text, gsize len, GError **error)
{
    static const char *const quiet[] = {"auth-group",  "lun",          "debug",
                                        "maxproc",     "pidfile",      "timeout",
                                        "isns-period", "isns-timeout", NULL};
    struct statement *root = statements_parse(text, len, error);
    if (!root)
        return false;
    EACH_STATEMENT(s, i, root)
    {
        if (statement_is(s, "target") && statement_word(s, 1))
            take_target(c, root, s);
        else if (statement_is(s, "portal-group"))
            take_portal_group(c, root, s);
        else if (statement_is(s, "isns-server") && statement_word(s, 1))
            take_isns(c, statement_word(s, 1));
        else if (!g_strv_contains(quiet, statement_word(s, 0)))
            convert_remark(c, "'%s' cannot be expressed", statement_word(s, 0));
    }
    statement_free(root);
    return true;
}
