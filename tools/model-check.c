/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at what a configuration needs and does not have. */
#include "model-check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin.h"

typedef void (*lun_fn)(struct conf *conf, const struct model_target *t, struct model_lun *lun,
                       const void *data);

static void each_lun(struct conf *conf, struct model *model, lun_fn fn, const void *data)
{
    for (guint i = 0; i < model->targets->len; i++) {
        struct model_target *t = model->targets->pdata[i];
        unsigned wrongs = conf->wrongs;
        for (guint k = 0; k < t->luns->len; k++)
            fn(conf, t, t->luns->pdata[k], data);
        model_blame(model, t, conf->wrongs - wrongs);
    }
}

/* ---- Files ---- */

/* Whose paths are files or devices of this machine. */
static bool has_file(const struct model_lun *lun)
{
    static const char *const stores[] = {"rdwr", "aio", "sg", "bsg", "ssc", NULL};
    const char *bs = model_lun_bs(lun);
    return lun->path && bs && g_strv_contains(stores, bs);
}

static void check_file(struct conf *conf, const struct model_target *t, struct model_lun *lun,
                       const void *data)
{
    struct stat st;
    const struct model *model = data;
    if (!has_file(lun))
        return;
    void (*say)(struct conf *, struct conf_where, const char *, ...) =
        model->ignore_errors || model->leaves_out ? conf_warn : conf_wrong;
    lun->absent = stat(lun->path, &st) < 0 && (model->ignore_errors || model->leaves_out);
    if (stat(lun->path, &st) < 0)
        say(conf, lun->where, "LUN %u of %s: %s: %s", lun->number, t->name, lun->path,
            g_strerror(errno));
    else if (S_ISDIR(st.st_mode))
        say(conf, lun->where, "LUN %u of %s: %s is a directory", lun->number, t->name, lun->path);
}

static void check_passwords(struct conf *conf, const struct model *model)
{
    for (guint i = 0; i < model->accounts->len; i++) {
        const struct model_account *a = model->accounts->pdata[i];
        if (g_strcmp0(a->password, "PLEASE_CORRECT_THE_PASSWORD") == 0)
            conf_wrong(conf, a->where, "the password of '%s' is not filled in", a->name);
    }
}

static void check_controller(struct conf *conf, const struct model_target *t, struct model_lun *lun,
                             const void *data)
{
    if (lun->number == 0 && t->legacy)
        conf_wrong(conf, lun->where,
                   "LUN 0 of %s is tgt's controller; begin with LUN 1, or say 'identity uuid'",
                   t->name);
}

void model_check(struct conf *conf, struct model *model)
{
    each_lun(conf, model, check_file, model);
    each_lun(conf, model, check_controller, NULL);
    check_passwords(conf, model);
}

/* ---- Plugins ---- */

/* What a plugin provides: "bs:rdwr bs:aio"; a note says why it cannot be used. */
struct provided {
    GHashTable *words; /* "bs:rdwr" -> its note, or "" */
    GPtrArray *stores; /* "rdwr", for "did you mean" */
};

static void provide(struct provided *p, const json_t *plugin)
{
    const char *text = json_string_value(json_object_get(plugin, "provides"));
    const char *note = json_string_value(json_object_get(plugin, "note"));
    g_auto(GStrv) words = g_strsplit_set(text ? text : "", " ,", -1);
    for (char **w = words; *w; w++) {
        if (g_str_has_prefix(*w, "bs:"))
            g_ptr_array_add(p->stores, g_strdup(*w + 3));
        g_hash_table_insert(p->words, g_strdup(*w), g_strdup(note ? note : ""));
    }
}

static void check_one(struct conf *conf, const struct model_lun *lun, const struct provided *p,
                      const char *kind, const char *directive, const char *name)
{
    g_autofree char *word = g_strconcat(kind, name, NULL);
    const char *note = g_hash_table_lookup(p->words, word);
    const char *near = *kind == 'b' ? suggest(name, (const char *const *)p->stores->pdata) : NULL;
    if (note && *note)
        conf_wrong(conf, lun->where, "%s %s: %s", directive, name, note);
    else if (!note)
        conf_wrong(conf, lun->where, "%s %s needs a plugin that is not installed%s%s%s", directive,
                   name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void check_plugins(struct conf *conf, const struct model_target *t, struct model_lun *lun,
                          const void *data)
{
    const char *bs = model_lun_bs(lun), *type = lun->value[LUN_TYPE];
    if (bs)
        check_one(conf, lun, data, "bs:", "bs-type", bs);
    check_one(conf, lun, data, "type:", "device-type", type ? type : "disk");
}

void model_check_plugins(struct conf *conf, struct model *model, const json_t *plugins)
{
    struct provided p = {g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                         g_ptr_array_new_with_free_func(g_free)};
    size_t i;
    json_t *plugin;
    json_array_foreach(plugins, i, plugin)
        provide(&p, plugin);
    g_ptr_array_add(p.stores, NULL);
    each_lun(conf, model, check_plugins, &p);
    g_hash_table_unref(p.words);
    g_ptr_array_unref(p.stores);
}

/* ---- In use ---- */

static void check_in_use(struct conf *conf, const struct model_target *t, struct model_lun *lun,
                         const void *data)
{
    struct stat st;
    const struct model_target *live = model_target(data, t->name);
    if (!has_file(lun) || lun->in_use_allowed || (live && model_lun(live, lun->number)) ||
        stat(lun->path, &st) < 0 || !S_ISBLK(st.st_mode))
        return;
    int fd = open(lun->path, O_RDONLY | O_EXCL | O_CLOEXEC);
    if (fd < 0 && errno == EBUSY)
        conf_wrong(conf, lun->where,
                   "LUN %u of %s: the system uses %s (mounted, swap, …); say 'allow-in-use yes' if "
                   "that is right",
                   lun->number, t->name, lun->path);
    if (fd >= 0)
        close(fd);
}

void model_check_in_use(struct conf *conf, struct model *model, const struct model *live)
{
    each_lun(conf, model, check_in_use, live);
}
