/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which logical units a target gets: paths that are there and free, and their numbers. */
#include "admin-luns.h"

#include <string.h>
#include <sys/stat.h>

#include "admin-used.h"

/* ---- Paths ---- */

static bool is_missing(const char *path)
{
    struct stat st;
    return stat(path, &st) < 0 ||
           !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode));
}

/* Other stores judge their paths themselves: an image in a cluster, a socket, nothing at all. */
static bool wants_file(const struct lun *lun)
{
    static const char *const types[] = {"rdwr", "aio", "sg", "bsg", "ssc", "mmc", "smc", NULL};
    const char *type = lun_value(lun, "bs-type");
    return (!type || g_strv_contains(types, type)) && !g_str_has_prefix(lun->path, "NONE:");
}

static bool is_there(const struct lun *lun)
{
    struct run *run = lun->making->run;
    if (!wants_file(lun) || !is_missing(lun->path))
        return true;
    run_say(run, "# Skipping device: %s", lun->path);
    run_say(run, "# %s does not exist - please check the configuration file", lun->path);
    run_warn(run, "%s of target %s is left out: it does not exist", lun->path,
             lun->making->target->arg);
    return false;
}

/* ---- In use ---- */

static bool may_be_used(const struct lun *lun)
{
    return lun->making->run->force || g_strcmp0(lun_value(lun, "allow-in-use"), "yes") == 0 ||
           g_strcmp0(conf_first(lun->making->target, "allow-in-use"), "yes") == 0;
}

static void say_used(const struct lun *lun, enum used_by by)
{
    struct run *run = lun->making->run;
    if (by == USED_BY_SYSTEM) {
        run_say(run, "# Device %s is used by the system (mounted, used by swap?).", lun->path);
    } else {
        run_say(run, "# Device %s is used (already tgtd target?).", lun->path);
        run_say(run, "# Run 'lsof %s' to see the details.", lun->path);
    }
    run_say(run, "# Skipping device %s - it is in use.", lun->path);
    run_say(run, "# You can override it with --force or 'allow-in-use yes' config option.");
    run_say(run, "# Note - do so only if you know what you're doing, you may damage your data.");
    run_warn(run,
             "%s of target %s is left out: it is in use (--force, or the option "
             "'allow-in-use yes', takes it all the same)",
             lun->path, lun->making->target->arg);
}

static bool is_free(const struct lun *lun)
{
    struct run *run = lun->making->run;
    if (run->rehearsal || !wants_file(lun) || may_be_used(lun))
        return true;
    enum used_by by = used_check(run_used(run), lun->path);
    if (by != USED_NOT)
        say_used(lun, by);
    return by == USED_NOT;
}

/* ---- Numbers ---- */

void luns_reserve(struct making *making)
{
    for (guint i = 0; i < making->target->blocks->len; i++) {
        const char *number = conf_first(making->target->blocks->pdata[i], "lun");
        if (number)
            g_hash_table_add(making->numbers, g_strdup(number));
    }
}

static char *next_number(struct making *making)
{
    for (unsigned n = 1;; n++) {
        char *number = g_strdup_printf("%u", n);
        if (g_hash_table_add(making->numbers, number))
            return g_strdup(number);
    }
}

/* A path that is there twice, as backing-store and as direct-store, has one number, as in tgt. */
static const char *number_of(const struct lun *lun)
{
    struct making *making = lun->making;
    const char *wanted = lun_value(lun, "lun"),
               *before = g_hash_table_lookup(making->by_path, lun->path);
    if (wanted || before)
        return wanted ? wanted : before;
    char *number = next_number(making);
    g_hash_table_insert(making->by_path, (gpointer)lun->path, number);
    return number;
}

/* ---- All of one kind ---- */

static int by_path(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *paths_of(const struct making *making, const char *kind)
{
    GPtrArray *paths = g_ptr_array_new();
    const struct conf_option *option = conf_option(making->target, kind);
    for (guint i = 0; option && i < option->values->len; i++) {
        const char *text = ((const struct conf_value *)option->values->pdata[i])->text;
        g_ptr_array_add(paths, (char *)(text ? text : ""));
    }
    for (guint i = 0; i < making->target->blocks->len; i++) {
        const struct conf_block *block = making->target->blocks->pdata[i];
        if (strcmp(block->name, kind) == 0)
            g_ptr_array_add(paths, block->arg ? block->arg : (char *)"");
    }
    g_ptr_array_sort(paths, by_path);
    return paths;
}

static bool add(struct making *making, const char *kind, const char *path)
{
    struct lun lun = {.making = making, .kind = kind, .path = path};
    lun.block = conf_block(making->target, kind, path);
    if (!is_there(&lun) || !is_free(&lun))
        return true;
    lun.number = number_of(&lun);
    bool ok = lun_make(&lun);
    if (ok && making->run->used && !making->run->pretend)
        used_add(making->run->used, path);
    return ok;
}

bool luns_add(struct making *making, const char *kind)
{
    g_autoptr(GPtrArray) paths = paths_of(making, kind);
    bool ok = true;
    for (guint i = 0; i < paths->len && ok; i++)
        if (i == 0 || by_path(&paths->pdata[i - 1], &paths->pdata[i]) != 0)
            ok = add(making, kind, paths->pdata[i]);
    return ok;
}
