/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what stands outside of targets in a targets.conf, and goes through its targets. */
#include <string.h>

#include "model-read.h"

/* ---- Accounts ---- */

/* "NAME PASSWORD"; false: it is not, which is wrong. */
static bool split_user(struct model_reader *r, const char *key, const struct model_line *line,
                       char **name, char **password)
{
    g_auto(GStrv) words = g_strsplit_set(line->text, " \t", -1);
    const char *found[3] = {0};
    for (unsigned i = 0, n = 0; words[i] && n < 3; i++)
        if (*words[i])
            found[n++] = words[i];
    if (line->cut)
        conf_warn(r->conf, line->where,
                  "the password contains '#': from there on all is a comment; write \\# for a '#' "
                  "that belongs to it");
    if (found[2])
        conf_warn(r->conf, line->where,
                  "'%s' is followed by a name and a password: more words "
                  "are left out",
                  key);
    *name = g_strdup(found[0]);
    *password = g_strdup(found[1]);
    if (!found[1])
        conf_wrong(r->conf, line->where, "'%s' wants a name and a password", key);
    return found[1] != NULL;
}

/* An account may be named several times; its password is the first one. */
static char *take_user(struct model_reader *r, const char *key, const struct model_line *line)
{
    g_autofree char *name = NULL, *password = NULL;
    if (!split_user(r, key, line, &name, &password))
        return NULL;
    const struct model_account *known = model_account(r->model, name);
    if (!known)
        model_account_add(r->model, name, password, line->where);
    else if (strcmp(known->password, password) != 0)
        conf_warn(r->conf, line->where,
                  "the account '%s' has another password in %s:%u, which "
                  "counts",
                  name, known->where.file, known->where.line);
    return g_steal_pointer(&name);
}

void model_read_users(struct model_reader *r, const struct conf_block *block, const char *key,
                      GPtrArray *names)
{
    g_autoptr(GArray) lines = model_lines(r, block, key);
    for (guint i = 0; i < lines->len; i++) {
        g_autofree char *name = take_user(r, key, &g_array_index(lines, struct model_line, i));
        if (name && !model_has(names, name))
            g_ptr_array_add(names, g_steal_pointer(&name));
    }
}

char *model_read_user(struct model_reader *r, const struct conf_block *block, const char *key)
{
    g_autoptr(GArray) lines = model_lines(r, block, key);
    for (guint i = 1; i < lines->len; i++)
        conf_warn(r->conf, g_array_index(lines, struct model_line, i).where,
                  "only one '%s' is possible: this one is left out", key);
    return lines->len > 0 ? take_user(r, key, &g_array_index(lines, struct model_line, 0)) : NULL;
}

static void read_discovery_auth(struct model_reader *r, const struct conf_block *root)
{
    struct model_line line;
    if (!model_line(r, root, "discovery-auth", &line))
        return;
    r->model->discovery_auth = g_strdup(line.text);
    if (strcmp(line.text, "none") != 0 && strcmp(line.text, "chap") != 0)
        conf_wrong(r->conf, line.where, "'discovery-auth' is none or chap, not '%s'", line.text);
}

static void read_accounts(struct model_reader *r, const struct conf_block *root)
{
    read_discovery_auth(r, root);
    g_autoptr(GPtrArray) unbound = g_ptr_array_new_with_free_func(g_free);
    model_read_users(r, root, "incomingdiscoveryuser", r->model->incoming);
    r->model->outgoing = model_read_user(r, root, "outgoingdiscoveryuser");
    model_read_users(r, root, "account", unbound);
}

/* ---- Settings of the daemon ---- */

static char *text_of(struct model_reader *r, const struct conf_block *root, const char *key)
{
    struct model_line line;
    return model_line(r, root, key, &line) ? g_strdup(line.text) : NULL;
}

/* "On" or "Off". */
static char *on_off(struct model_reader *r, const struct conf_block *root, const char *key)
{
    struct model_line line;
    const char *word = model_line(r, root, key, &line) ? model_switch(r, key, &line) : NULL;
    return word ? g_strdup(*word == 'y' ? "On" : "Off") : NULL;
}

static void read_isns(struct model_reader *r, const struct conf_block *root)
{
    char **isns = r->model->isns;
    isns[MODEL_iSNS] = on_off(r, root, "iSNS");
    isns[MODEL_iSNSAccessControl] = on_off(r, root, "iSNSAccessControl");
    isns[MODEL_iSNSServerIP] = text_of(r, root, "iSNSServerIP");
    isns[MODEL_iSNSServerPort] = text_of(r, root, "iSNSServerPort");
}

/* "ADDRESS:PORT [KEY=VALUE]…". */
static void read_portal(struct model_reader *r, const struct model_line *line)
{
    g_auto(GStrv) words = g_strsplit_set(line->text, " \t", -1);
    struct model_portal *p = g_new0(struct model_portal, 1);
    p->address = g_strdup(words[0]);
    p->options = g_ptr_array_new_with_free_func(g_free);
    p->where = line->where;
    g_ptr_array_add(r->model->portals, p);
    for (char **w = words + 1; *w; w++) {
        const char *equals = strchr(*w, '=');
        if (g_str_has_prefix(*w, "transport="))
            p->transport = g_strdup(equals + 1);
        else if (**w && equals)
            g_ptr_array_add(p->options, g_strdup(*w));
        else if (**w)
            conf_wrong(r->conf, line->where, "'%s' is not KEY=VALUE", *w);
    }
    if (!p->transport)
        p->transport = g_strdup("iscsi");
}

static void read_portals(struct model_reader *r, const struct conf_block *root)
{
    g_autoptr(GArray) lines = model_lines(r, root, "portal");
    for (guint i = 0; i < lines->len; i++)
        read_portal(r, &g_array_index(lines, struct model_line, i));
}

static void read_identity(struct model_reader *r, const struct conf_block *root)
{
    struct model_line line;
    r->legacy = true;
    if (!model_line(r, root, "identity", &line))
        return;
    r->identity_said = true;
    r->legacy = strcmp(line.text, "legacy") == 0;
    if (!r->legacy && strcmp(line.text, "uuid") != 0)
        conf_wrong(r->conf, line.where, "'identity' is legacy or uuid, not '%s'", line.text);
}

static void read_settings(struct model_reader *r, const struct conf_block *root)
{
    struct model_line line;
    r->model->default_driver = text_of(r, root, "default-driver");
    r->model->control_port = text_of(r, root, "control-port");
    if (model_line(r, root, "ignore-errors", &line)) {
        const char *word = model_switch(r, "ignore-errors", &line);
        r->model->ignore_errors = word && *word == 'y';
    }
    read_isns(r, root);
    read_portals(r, root);
    read_identity(r, root);
}

/* ---- All ---- */

/* Targets are made in the order of their names: their numbers depend on it. */
static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const struct conf_block *const *)a)->arg,
                  (*(const struct conf_block *const *)b)->arg);
}

static void read_targets(struct model_reader *r, const struct conf_block *root)
{
    g_autoptr(GPtrArray) blocks = g_ptr_array_new();
    for (guint i = 0; i < root->blocks->len; i++) {
        struct conf_block *b = root->blocks->pdata[i];
        if (strcmp(b->name, "target") == 0 && b->arg && *b->arg)
            g_ptr_array_add(blocks, b);
    }
    g_ptr_array_sort(blocks, by_name);
    for (guint i = 0; i < blocks->len; i++) {
        unsigned wrongs = r->conf->wrongs, targets = r->model->targets->len;
        model_read_target(r, blocks->pdata[i]);
        if (r->model->targets->len > targets)
            model_blame(r->model, r->model->targets->pdata[targets], r->conf->wrongs - wrongs);
        else
            r->model->target_wrongs += r->conf->wrongs - wrongs;
    }
}

struct model *model_read(struct conf *conf)
{
    static const char *const blocks[] = {"target", NULL};
    struct model_reader r = {.conf = conf, .model = model_new()};
    model_check_options(&r, conf->root, SCOPE_FILE);
    model_check_blocks(&r, conf->root, blocks);
    read_settings(&r, conf->root);
    read_accounts(&r, conf->root);
    read_targets(&r, conf->root);
    return r.model;
}
