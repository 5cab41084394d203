/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* targets.conf becomes what the daemon serves: all of it, or anew what has changed. */
#include <string.h>

#include "admin-run.h"

/* ---- The configuration ---- */

static int by_name(gconstpointer a, gconstpointer b)
{
    const struct conf_block *x = *(const struct conf_block *const *)a,
                            *y = *(const struct conf_block *const *)b;
    return strcmp(x->arg, y->arg);
}

/* The blocks <target NAME>, by name. */
static GPtrArray *blocks_of(const struct run *run)
{
    GPtrArray *blocks = g_ptr_array_new();
    GHashTableIter iter;
    gpointer block;
    g_hash_table_iter_init(&iter, run->configured);
    while (g_hash_table_iter_next(&iter, NULL, &block))
        g_ptr_array_add(blocks, block);
    g_ptr_array_sort(blocks, by_name);
    return blocks;
}

static const struct conf_block *configured(const struct run *run, const char *name)
{
    g_autofree char *form = state_form(name);
    return g_hash_table_lookup(run->configured, form);
}

/* tgt begins with this before every target that it makes anew. */
static bool begin(struct run *run)
{
    if (!run_globals(run))
        return false;
    const char *driver = conf_first(run->conf->root, "default-driver");
    if ((!driver || !*driver) && !run->driver_said)
        run_say(run, "# default-driver not defined, defaulting to iscsi.\n");
    run->driver_said = true;
    return true;
}

/* ---- Execute ---- */

static bool add_missing(struct run *run, const GPtrArray *targets)
{
    for (guint i = 0; i < targets->len; i++) {
        const struct conf_block *block = targets->pdata[i];
        if (state_find(run->state, block->arg))
            run_say(run, "# Target %s already exists!", block->arg);
        else if (!run_add(run, block, state_next_tid(run->state)))
            return false;
    }
    if (targets->len > 0)
        run_say(run, "%s", "");
    return true;
}

static bool remove_others(struct run *run, const char *done)
{
    g_autoptr(GPtrArray) targets = state_targets(run->state);
    bool removed, ok = true;
    for (guint i = 0; i < targets->len && ok; i++) {
        struct known_target *t = targets->pdata[i];
        if (!configured(run, t->name))
            ok = run_remove(run, t, done, &removed);
    }
    return ok;
}

bool admin_execute(struct run *run)
{
    g_autoptr(GPtrArray) targets = blocks_of(run);
    return begin(run) && add_missing(run, targets) && remove_others(run, "deleted");
}

/* ---- Update ---- */

static bool renew(struct run *run, const struct conf_block *block, struct known_target *t)
{
    unsigned tid = t->tid;
    bool removed;
    if (!run_remove(run, t, "updated", &removed))
        return false;
    return !removed || run_add(run, block, tid);
}

static bool update(struct run *run, const struct conf_block *block)
{
    struct known_target *t = state_find(run->state, block->arg);
    if (!begin(run))
        return false;
    if (!t)
        run_say(run, "# Target with name %s does not exist!", block->arg);
    if (!(t ? renew(run, block, t) : run_add(run, block, state_next_tid(run->state))))
        return false;
    run_say(run, "%s", "");
    return true;
}

static bool update_all(struct run *run)
{
    g_autoptr(GPtrArray) targets = blocks_of(run);
    bool ok = remove_others(run, "updated");
    for (guint i = 0; i < targets->len && ok; i++)
        ok = update(run, targets->pdata[i]);
    return ok;
}

static bool update_number(struct run *run, const char *which)
{
    struct known_target *t = run_chosen(run, which);
    bool removed;
    if (!t)
        return run_wrong(run, "There is no target with tid %s, can't continue!", which + 4);
    const struct conf_block *block = configured(run, t->name);
    return block ? update(run, block) : run_remove(run, t, "updated", &removed);
}

static bool update_name(struct run *run, const char *name)
{
    const struct conf_block *block = configured(run, name);
    struct known_target *t = state_find(run->state, name);
    bool removed;
    if (block)
        return update(run, block);
    if (t)
        return run_remove(run, t, "updated", &removed);
    return run_wrong(run,
                     "Target %s is currently not configured\n"
                     "and does not exist in the config file - can't continue!",
                     name);
}

bool admin_update(struct run *run, const char *which)
{
    if (strcmp(which, "ALL") == 0)
        return update_all(run);
    return g_str_has_prefix(which, "tid=") ? update_number(run, which) : update_name(run, which);
}
