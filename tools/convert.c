/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configurations of other targets as a model: what all formats need. */
#include "convert.h"

#include <string.h>

#define LUN_LAST 16383

static const struct conf_where nowhere = {0};

void convert_remark(struct converted *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    convert_add(c->remarks, text);
}

void convert_add(GPtrArray *texts, const char *text)
{
    if (!model_has(texts, text))
        g_ptr_array_add(texts, g_strdup(text));
}

struct model_target *convert_target(struct converted *c, const char *name)
{
    struct model_target *t = model_target(c->model, name);
    return t ? t : model_target_add(c->model, name, nowhere);
}

struct model_lun *convert_lun(struct converted *c, struct model_target *t, guint64 number,
                              const char *path)
{
    if (number > LUN_LAST || model_lun(t, number)) {
        convert_remark(c, "LUN %" G_GUINT64_FORMAT " of %s is left out: the number %s", number,
                       t->name, number > LUN_LAST ? "is too high" : "is taken");
        return NULL;
    }
    struct model_lun *lun = model_lun_add(t, number, nowhere);
    lun->path = g_strdup(path);
    model_lun_set(lun, LUN_IDENTITY, "uuid");
    return lun;
}

void convert_text(struct converted *c, struct model_lun *lun, enum model_lun_key key,
                  const char *text, gsize max)
{
    g_autofree char *cut = g_strndup(text, max);
    if (strlen(text) > max)
        convert_remark(c, "'%s' is longer than %" G_GSIZE_FORMAT " characters, it was cut", text,
                       max);
    if (*g_strstrip(cut))
        model_lun_set(lun, key, cut);
}

static void remember(struct converted *c, const char *name, const char *password)
{
    const struct model_account *known = model_account(c->model, name);
    if (!known)
        model_account_add(c->model, name, password, nowhere);
    else if (strcmp(known->password, password) != 0)
        convert_remark(c, "the account '%s' has several passwords: here it has the first one",
                       name);
}

static bool is_writable(struct converted *c, const char *name, const char *password)
{
    if (*name && *password && !strpbrk(name, " \t\n") && !strpbrk(password, " \t\n"))
        return true;
    convert_remark(c,
                   "the account '%s' is left out: a blank cannot be written in a name or "
                   "password, and neither can be empty",
                   name);
    return false;
}

void convert_account(struct converted *c, GPtrArray *names, const char *name, const char *password)
{
    if (!name || !password || !is_writable(c, name, password))
        return;
    remember(c, name, password);
    convert_add(names, name);
}

void convert_outgoing(struct converted *c, char **name_of, const char *name, const char *password)
{
    if (!name || !password || !is_writable(c, name, password))
        return;
    if (*name_of && strcmp(*name_of, name) != 0) {
        convert_remark(c, "only one outgoing account is possible: '%s' is left out", name);
        return;
    }
    remember(c, name, password);
    g_free(*name_of);
    *name_of = g_strdup(name);
}

void convert_portal(struct converted *c, const char *address)
{
    for (guint i = 0; i < c->model->portals->len; i++)
        if (strcmp(((const struct model_portal *)c->model->portals->pdata[i])->address, address) ==
            0)
            return;
    struct model_portal *p = g_new0(struct model_portal, 1);
    p->transport = g_strdup("iscsi");
    p->address = g_strdup(address);
    p->options = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(c->model->portals, p);
}
