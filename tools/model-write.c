/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a model as a targets.conf that tgt-admin and editors that work by lines can read: one
 * directive a line, only what differs from what would be without it. */
#include <string.h>

#include "model.h"

#define NO_PASSWORD "PLEASE_CORRECT_THE_PASSWORD" /* scripts replace it in tgt-admin's dumps */

struct writer {
    GString *out;
    bool secrets;
    unsigned indent;
};

/* ---- Lines ---- */

/* So that the value is read as it is: Config::General takes a backslash away before these. */
static char *escaped(const char *text)
{
    size_t len = strlen(text);
    bool quote = len == 0 || strchr(" \t\r=<", text[0]) || strchr(" \t\r>", text[len - 1]);
    GString *s = g_string_new(quote ? "\"" : "");
    for (const char *p = text; *p; p++) {
        if (strchr("\\\"#", *p))
            g_string_append_c(s, '\\');
        g_string_append_c(s, *p);
    }
    if (quote)
        g_string_append_c(s, '"');
    return g_string_free(s, FALSE);
}

/* A word that is no line of the text. */
static char *mark_for(const char *text)
{
    GString *mark = g_string_new("END");
    while (strstr(text, mark->str))
        g_string_append_c(mark, '_');
    return g_string_free(mark, FALSE);
}

static void put_indent(struct writer *w)
{
    for (unsigned i = 0; i < w->indent; i++)
        g_string_append(w->out, "    ");
}

/* A comment's end cannot be escaped, nor can a newline: a here-document takes both. */
static void put(struct writer *w, const char *key, const char *value)
{
    g_autofree char *text = escaped(value);
    put_indent(w);
    if (!strstr(value, "*/") && !strchr(value, '\n')) {
        g_string_append_printf(w->out, "%s %s\n", key, text);
        return;
    }
    g_autofree char *mark = mark_for(text);
    g_string_append_printf(w->out, "%s <<%s\n%s\n%s\n", key, mark, text, mark);
}

static void put_number(struct writer *w, const char *key, unsigned number)
{
    g_autofree char *text = g_strdup_printf("%u", number);
    put(w, key, text);
}

static void put_all(struct writer *w, const char *key, const GPtrArray *texts)
{
    for (guint i = 0; i < texts->len; i++)
        put(w, key, texts->pdata[i]);
}

static void put_user(struct writer *w, const struct model *model, const char *key, const char *name)
{
    const struct model_account *account = model_account(model, name);
    bool known = w->secrets && account && account->password;
    g_autofree char *text = g_strdup_printf("%s %s", name, known ? account->password : NO_PASSWORD);
    put(w, key, text);
}

static void put_users(struct writer *w, const struct model *model, const char *key,
                      const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++)
        put_user(w, model, key, names->pdata[i]);
}

/* ---- Logical units ---- */

static const char *written(enum model_kind kind, const char *value)
{
    bool yes = strcmp(value, "yes") == 0;
    if (kind == MODEL_ON_OFF)
        return yes ? "on" : "off";
    return kind == MODEL_ONE_ZERO ? yes ? "1" : "0" : value;
}

static bool is_worth_a_line(const struct model_lun *lun, enum model_lun_key key, unsigned tid)
{
    const char *value = lun->value[key];
    g_autofree char *def = model_lun_default(lun, key, tid);
    if (!value || key == LUN_IDENTITY)
        return false;
    if (key == LUN_BS)
        return strcmp(value, "rdwr") != 0;
    if (key == LUN_BLOCK_SIZE)
        return strcmp(value, "512") != 0;
    return key == LUN_EXPONENT ? strcmp(value, "0") != 0 : g_strcmp0(value, def) != 0;
}

static void put_keys(struct writer *w, const struct model_target *t, const struct model_lun *lun)
{
    bool legacy = g_strcmp0(lun->value[LUN_IDENTITY], "legacy") == 0;
    if (legacy != t->legacy && !lun->value[LUN_UUID])
        put(w, "identity", legacy ? "legacy" : "uuid");
    for (unsigned key = 0; key < LUN_KEYS; key++)
        if (is_worth_a_line(lun, key, t->tid))
            put(w, model_lun_rows[key].directive,
                written(model_lun_rows[key].kind, lun->value[key]));
}

static void put_options(struct writer *w, const struct model_lun *lun)
{
    if (lun->options->len == 0)
        return;
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < lun->options->len; i++)
        g_string_append_printf(text, "%s%s", i ? ";" : "", (const char *)lun->options->pdata[i]);
    put(w, "bsopts", text->str);
    g_string_free(text, TRUE);
}

/* Can it stand behind "<backing-store "? Nothing can be escaped there. */
static bool fits_into_block(const char *path)
{
    return path && *path && !strpbrk(path, "#\"\\\n\r<>") && !strstr(path, "/*") &&
           !strstr(path, "*/");
}

/* Blocks of one name are one: a path that is there already, or cannot be written, goes into the
 * block. */
static bool begin_store(struct writer *w, const struct model_lun *lun, GHashTable *paths)
{
    put_indent(w);
    if (!fits_into_block(lun->path) || !g_hash_table_add(paths, lun->path)) {
        g_string_append_printf(w->out, "<backing-store lun-%u>\n", lun->number);
        return false;
    }
    bool quote = strpbrk(lun->path, " \t") || g_str_has_suffix(lun->path, "/");
    g_string_append_printf(w->out, quote ? "<backing-store \"%s\">\n" : "<backing-store %s>\n",
                           lun->path);
    return true;
}

static void put_lun(struct writer *w, const struct model_target *t, const struct model_lun *lun,
                    GHashTable *paths)
{
    bool named = begin_store(w, lun, paths);
    w->indent++;
    put_number(w, "lun", lun->number);
    if (!named && lun->path)
        put(w, "path", lun->path);
    if (!model_lun_bs(lun))
        put(w, "bs-type", "none");
    put_options(w, lun);
    put_keys(w, t, lun);
    put_all(w, "mode_page", lun->mode_pages);
    w->indent--;
    put_indent(w);
    g_string_append(w->out, "</backing-store>\n");
}

/* ---- Targets ---- */

static void put_params(struct writer *w, const struct model *model, const struct model_target *t)
{
    for (guint i = 0; i < t->params->len; i++) {
        const struct model_param *param = t->params->pdata[i];
        const char *def = g_hash_table_lookup(model->defaults, param->key);
        if (g_strcmp0(def, param->value) != 0 && (def || *param->value))
            put(w, param->key, param->value);
    }
}

static void put_maps(struct writer *w, const struct model_target *t)
{
    for (guint i = 0; i < t->maps->len; i++) {
        const struct model_map *map = t->maps->pdata[i];
        g_autofree char *text = g_strdup_printf("%s %u %u%s", map->initiator, map->lun, map->as,
                                                map->read_only ? " read-only" : "");
        put(w, "lun-map", text);
    }
}

/* Without any address all are let in: so nobody is written as a rule that fits nobody. */
static void put_acl(struct writer *w, const struct model_target *t)
{
    bool all = t->addresses->len == 1 && g_ascii_strcasecmp(t->addresses->pdata[0], "all") == 0;
    if (t->addresses->len == 0)
        put(w, "initiator-address", "none");
    else if (!all)
        put_all(w, "initiator-address", t->addresses);
    put_all(w, "initiator-name", t->initiators);
    if (t->any)
        put(w, "match", "any");
}

static void put_target(struct writer *w, const struct model *model, const struct model_target *t)
{
    g_autoptr(GHashTable) paths = g_hash_table_new(g_str_hash, g_str_equal);
    g_string_append_printf(w->out, "\n<target %s>\n", t->name);
    w->indent++;
    if (t->tid)
        put_number(w, "controller_tid", t->tid);
    if (t->driver)
        put(w, "driver", t->driver);
    if (!t->legacy)
        put(w, "identity", "uuid");
    if (t->alias)
        put(w, "alias", t->alias);
    if (!t->online)
        put(w, "state", "offline");
    put_params(w, model, t);
    for (guint i = 0; i < t->luns->len; i++)
        put_lun(w, t, t->luns->pdata[i], paths);
    if (t->chap != (t->incoming->len > 0))
        put(w, "auth", t->chap ? "chap" : "none");
    put_users(w, model, "incominguser", t->incoming);
    if (t->outgoing)
        put_user(w, model, "outgoinguser", t->outgoing);
    put_acl(w, t);
    put_maps(w, t);
    w->indent--;
    g_string_append(w->out, "</target>\n");
}

/* ---- The daemon ---- */

static void add_bound(GHashTable *bound, const GPtrArray *incoming, const char *outgoing)
{
    for (guint i = 0; i < incoming->len; i++)
        g_hash_table_add(bound, incoming->pdata[i]);
    if (outgoing)
        g_hash_table_add(bound, (gpointer)outgoing);
}

/* Those that are bound stand where they are bound. */
static void put_unbound(struct writer *w, const struct model *model)
{
    g_autoptr(GHashTable) bound = g_hash_table_new(g_str_hash, g_str_equal);
    add_bound(bound, model->incoming, model->outgoing);
    for (guint i = 0; i < model->targets->len; i++) {
        const struct model_target *t = model->targets->pdata[i];
        add_bound(bound, t->incoming, t->outgoing);
    }
    for (guint i = 0; i < model->accounts->len; i++) {
        const struct model_account *a = model->accounts->pdata[i];
        if (!g_hash_table_contains(bound, a->name))
            put_user(w, model, "account", a->name);
    }
}

static void put_isns(struct writer *w, const struct model *model)
{
    for (unsigned i = 0; i < MODEL_ISNS_KEYS; i++)
        if (model->isns[i] && strcmp(model->isns[i], model_isns_defaults[i]) != 0)
            put(w, model_isns_names[i], model->isns[i]);
}

static void put_portals(struct writer *w, const struct model *model)
{
    for (guint i = 0; i < model->portals->len; i++) {
        const struct model_portal *p = model->portals->pdata[i];
        GString *text = g_string_new(p->address);
        if (strcmp(p->transport, "iscsi") != 0)
            g_string_append_printf(text, " transport=%s", p->transport);
        bool iscsi = strcmp(p->transport, "iscsi") == 0;
        for (guint k = 0; k < p->options->len; k++)
            if (!iscsi || !g_hash_table_contains(model->portal_defaults, p->options->pdata[k]))
                g_string_append_printf(text, " %s", (const char *)p->options->pdata[k]);
        put(w, "portal", text->str);
        g_string_free(text, TRUE);
    }
}

char *model_write(const struct model *model, bool secrets)
{
    struct writer w = {.out = g_string_new("# Made by tgtctl; see targets.conf(5).\n"),
                       .secrets = secrets};
    put(&w, "default-driver", model->default_driver ? model->default_driver : "iscsi");
    put_portals(&w, model);
    put_isns(&w, model);
    if (strcmp(model_discovery_auth(model), model->incoming->len > 0 ? "chap" : "none") != 0)
        put(&w, "discovery-auth", model->discovery_auth);
    put_users(&w, model, "incomingdiscoveryuser", model->incoming);
    if (model->outgoing)
        put_user(&w, model, "outgoingdiscoveryuser", model->outgoing);
    put_unbound(&w, model);
    for (guint i = 0; i < model->targets->len; i++)
        put_target(&w, model, model->targets->pdata[i]);
    return g_string_free(w.out, FALSE);
}
