/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the stores of a <target>: their numbers as tgt-admin gives them, their options, which a
 * target may have for all of its stores. */
#include <string.h>

#include "model-params.h"
#include "model-read.h"

#define LUN_LAST 16383

/* A store of a target: a line, a block, or both. */
struct store {
    const char *path;
    const struct conf_block *block; /* NULL: only a line */
    struct conf_where where;
    bool direct;
    int number; /* -1: the next free one */
};

/* ---- Which there are ---- */

static void store_add(GArray *stores, const char *path, const struct conf_block *block,
                      struct conf_where where, bool direct)
{
    const struct store store = {path, block, where, direct, -1};
    g_array_append_val(stores, store);
}

/* A path that stands in several lines is one logical unit. */
static void add_lines(struct model_reader *r, const struct conf_block *target, const char *key,
                      GArray *stores)
{
    g_autoptr(GArray) lines = model_lines(r, target, key);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < lines->len; i++) {
        const struct model_line *line = &g_array_index(lines, struct model_line, i);
        if (conf_block(target, key, line->text))
            continue;
        if (g_hash_table_add(seen, (gpointer)line->text))
            store_add(stores, line->text, NULL, line->where, *key == 'd');
        else
            conf_warn(r->conf, line->where, "'%s' stands here twice: it is one logical unit",
                      line->text);
    }
}

static void add_blocks(const struct conf_block *target, const char *key, GArray *stores)
{
    for (guint i = 0; i < target->blocks->len; i++) {
        const struct conf_block *b = target->blocks->pdata[i];
        if (strcmp(b->name, key) == 0 && b->arg && *b->arg && g_utf8_validate(b->arg, -1, NULL))
            store_add(stores, b->arg, b, b->where, *key == 'd');
    }
}

static gint by_path(gconstpointer a, gconstpointer b)
{
    return strcmp(((const struct store *)a)->path, ((const struct store *)b)->path);
}

/* By path, direct-stores behind backing-stores: numbers are given in this order. */
static GArray *stores_of(struct model_reader *r, const struct conf_block *target)
{
    GArray *stores = g_array_new(FALSE, FALSE, sizeof(struct store));
    g_autoptr(GArray) direct = g_array_new(FALSE, FALSE, sizeof(struct store));
    add_lines(r, target, "backing-store", stores);
    add_blocks(target, "backing-store", stores);
    g_array_sort(stores, by_path);
    add_lines(r, target, "direct-store", direct);
    add_blocks(target, "direct-store", direct);
    g_array_sort(direct, by_path);
    if (direct->len > 0)
        g_array_append_vals(stores, direct->data, direct->len);
    return stores;
}

/* ---- Their numbers ---- */

static bool reserve(struct model_reader *r, const struct conf_block *block, struct store *store,
                    GHashTable *taken)
{
    struct model_line line;
    guint64 number;
    if (!block || !model_line(r, block, "lun", &line) ||
        !model_number(r, "lun", &line, LUN_LAST, &number))
        return false;
    store->number = number;
    if (!g_hash_table_add(taken, GUINT_TO_POINTER(number)))
        conf_wrong(r->conf, line.where, "there is a LUN %u already", (unsigned)number);
    return true;
}

static void number_stores(struct model_reader *r, const struct conf_block *target, GArray *stores)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
    unsigned next = 1;
    for (guint i = 0; i < stores->len; i++) {
        struct store *store = &g_array_index(stores, struct store, i);
        if (!reserve(r, store->block, store, taken) && stores->len == 1)
            reserve(r, target, store, taken);
    }
    if (stores->len > 1 && conf_option(target, "lun"))
        conf_wrong(r->conf, target->where, "'lun' cannot be for all stores of a target");
    for (guint i = 0; i < stores->len; i++) {
        struct store *store = &g_array_index(stores, struct store, i);
        while (store->number < 0 && g_hash_table_contains(taken, GUINT_TO_POINTER(next)))
            next++;
        if (store->number < 0)
            store->number = next++;
    }
}

/* ---- Their options ---- */

/* What the store says, else what the target says for all. */
static bool line_of(struct model_reader *r, const struct conf_block *target,
                    const struct store *store, const char *key, struct model_line *line)
{
    return (store->block && model_line(r, store->block, key, line)) ||
           model_line(r, target, key, line);
}

/* "sync:direct" of bsoflags are options of the store, too. */
static void add_flags(struct model_reader *r, const struct model_line *line, GPtrArray *options)
{
    g_auto(GStrv) words = g_strsplit(line->text, ":", -1);
    for (char **w = words; *w; w++)
        if (strcmp(*w, "sync") == 0 || strcmp(*w, "direct") == 0)
            g_ptr_array_add(options, g_strconcat(*w, "=1", NULL));
        else
            conf_wrong(r->conf, line->where, "'bsoflags' are sync and direct, not '%s'", *w);
}

static void read_options(struct model_reader *r, const struct conf_block *target,
                         const struct store *store, struct model_lun *lun)
{
    struct model_line line;
    if (line_of(r, target, store, "bsopts", &line)) {
        g_auto(GStrv) words = g_strsplit(line.text, ";", -1);
        for (char **w = words; *w; w++)
            if (**w)
                g_ptr_array_add(lun->options, g_strdup(*w));
    }
    if (line_of(r, target, store, "bsoflags", &line))
        add_flags(r, &line, lun->options);
    if (line_of(r, target, store, "allow-in-use", &line)) {
        const char *word = model_switch(r, "allow-in-use", &line);
        lun->in_use_allowed = word && *word == 'y';
    }
}

static void read_key(struct model_reader *r, const struct conf_block *target,
                     const struct store *store, struct model_lun *lun, enum model_lun_key key)
{
    struct model_line line;
    const struct model_lun_row *row = &model_lun_rows[key];
    bool own = store->block && conf_option(store->block, row->directive);
    if (key == LUN_IDENTITY && !own)
        return; /* the target has it for itself */
    if (line_of(r, target, store, row->directive, &line))
        model_lun_take(r, lun, key, &line);
}

/* Those of the store, then those of the target. */
static void read_all(struct model_reader *r, const struct conf_block *target,
                     const struct store *store, const char *key, struct model_lun *lun,
                     unsigned tid,
                     void (*take)(struct model_reader *r, struct model_lun *lun,
                                  const struct model_line *line, unsigned tid))
{
    const struct conf_block *blocks[] = {store->block, target};
    for (unsigned b = 0; b < G_N_ELEMENTS(blocks); b++) {
        g_autoptr(GArray) lines = blocks[b] ? model_lines(r, blocks[b], key) : NULL;
        for (guint i = 0; lines && i < lines->len; i++)
            take(r, lun, &g_array_index(lines, struct model_line, i), tid);
    }
}

/* What the file does not say stays as it is. */
static void read_identity(struct model_lun *lun, const struct model_target *t)
{
    if (lun->value[LUN_UUID])
        model_lun_set(lun, LUN_IDENTITY, "uuid");
    else if (!lun->value[LUN_IDENTITY] && t->identity_said)
        model_lun_set(lun, LUN_IDENTITY, t->legacy ? "legacy" : "uuid");
}

/* "path" is what a block cannot have as its name: a path that stands in another block already, or
 * that cannot be written there. */
static char *path_of(struct model_reader *r, const struct store *store)
{
    struct model_line line;
    if (store->block && model_line(r, store->block, "path", &line))
        return g_strdup(line.text);
    return g_strdup(store->path);
}

/* "bs-type none": no medium. */
static void take_medium_away(struct model_lun *lun)
{
    if (g_strcmp0(lun->value[LUN_BS], "none") != 0)
        return;
    g_clear_pointer(&lun->value[LUN_BS], g_free);
    g_clear_pointer(&lun->path, g_free);
}

static void read_store(struct model_reader *r, const struct conf_block *target,
                       const struct store *store, struct model_target *t)
{
    struct model_lun *lun = model_lun_add(t, store->number, store->where);
    lun->path = path_of(r, store);
    lun->direct = store->direct;
    if (store->block)
        model_check_options(r, store->block, SCOPE_STORE);
    if (store->block)
        model_check_blocks(r, store->block, (const char *const[]){NULL});
    read_options(r, target, store, lun);
    read_all(r, target, store, "params", lun, t->tid, model_take_params);
    for (unsigned key = 0; key < LUN_KEYS; key++)
        read_key(r, target, store, lun, key);
    read_all(r, target, store, "mode_page", lun, t->tid, model_take_mode_page);
    read_identity(lun, t);
    take_medium_away(lun);
}

void model_read_luns(struct model_reader *r, const struct conf_block *block,
                     struct model_target *target)
{
    g_autoptr(GArray) stores = stores_of(r, block);
    number_stores(r, block, stores);
    for (guint i = 0; i < stores->len; i++)
        read_store(r, block, &g_array_index(stores, struct store, i), target);
}
