/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One logical unit of targets.conf, as commands. */
#include <stdio.h>
#include <string.h>

#include "admin-identity.h"
#include "admin-luns.h"

/* The write cache is off, as tgt puts it: the caching mode page without WCE. */
#define CACHE_OFF                                                                                  \
    "--params mode_page=8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0"

/* Options that tgtadm takes as --params KEY=VALUE: X(key, may be given several times). */
#define PARAM_LIST(X)                                                                              \
    X("scsi_id", false)                                                                            \
    X("scsi_sn", false)                                                                            \
    X("vendor_id", false)                                                                          \
    X("product_id", false)                                                                         \
    X("product_rev", false)                                                                        \
    X("sense_format", false)                                                                       \
    X("removable", false)                                                                          \
    X("online", false)                                                                             \
    X("path", false)                                                                               \
    X("mode_page", true)                                                                           \
    X("lbppbe", false)                                                                             \
    X("la_lba", false)                                                                             \
    X("optimal_xfer_gran", false)                                                                  \
    X("optimal_xfer_len", false)                                                                   \
    X("readonly", false)                                                                           \
    X("params", true)

static const struct param {
    const char *key;
    bool many;
} params[] = {
#define X(key, many) {key, many},
    PARAM_LIST(X)
#undef X
};

static const struct param *param_of(const char *key)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(params); i++)
        if (strcmp(params[i].key, key) == 0)
            return &params[i];
    return NULL;
}

/* ---- Options ---- */

static const struct conf_option *lun_option(const struct lun *lun, const char *key)
{
    const struct conf_option *own = lun->block ? conf_option(lun->block, key) : NULL;
    return own ? own : conf_option(lun->making->target, key);
}

const char *lun_value(const struct lun *lun, const char *key)
{
    const struct conf_option *option = lun_option(lun, key);
    return option ? ((const struct conf_value *)option->values->pdata[0])->text : NULL;
}

static bool is_empty(const struct conf_option *option)
{
    const struct conf_value *value = option->values->pdata[0];
    return option->values->len == 1 && (!value->text || !*value->text);
}

static bool check_own(const struct lun *lun)
{
    const struct making *m = lun->making;
    for (guint i = 0; lun->block && i < lun->block->options->len; i++)
        if (is_empty(lun->block->options->pdata[i]))
            return run_missing(m->run, lun->kind, m->target->arg);
    return *lun->path || run_missing(m->run, lun->kind, m->target->arg);
}

static bool check_single(const struct lun *lun, const struct conf_option *option)
{
    const struct param *param = option ? param_of(option->key) : NULL;
    const struct making *m = lun->making;
    if (!option || option->values->len == 1 || (param && param->many))
        return true;
    return run_wrong(m->run,
                     "Multiple '%s' definitions in '%s' not allowed!\n"
                     "Check your config file for errors (target: %s).",
                     option->key, lun->kind, m->target->arg);
}

static bool check_own_singles(const struct lun *lun)
{
    for (guint i = 0; lun->block && i < lun->block->options->len; i++)
        if (!check_single(lun, lun->block->options->pdata[i]))
            return false;
    return true;
}

static bool check_singles(const struct lun *lun)
{
    static const char *const others[] = {"bs-type",     "bsopts", "bsoflags",    "device-type",
                                         "write-cache", "lun",    "allow-in-use"};
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
        if (!check_single(lun, lun_option(lun, others[i])))
            return false;
    for (unsigned i = 0; i < G_N_ELEMENTS(params); i++)
        if (!check_single(lun, lun_option(lun, params[i].key)))
            return false;
    return check_own_singles(lun);
}

/* ---- Commands ---- */

static struct command *lun_command(const struct lun *lun, const char *op)
{
    struct command *c = run_command(lun->making->run);
    command_option(c, "--lld", lun->making->driver);
    command_words(c, op);
    command_option(c, "--tid", lun->making->tid);
    return c;
}

static void put_optional(struct command *c, const char *option, const char *value)
{
    if (value)
        command_option(c, option, value);
    else
        command_blank(c);
}

/* The size of blocks is never taken from the target: disks would turn unreadable. */
static bool make(const struct lun *lun, const char *block_size)
{
    struct command *c = lun_command(lun, "--op new --mode logicalunit");
    command_option(c, "--lun", lun->number);
    command_quoted(c, "-b", lun->path);
    put_optional(c, "--device-type", lun_value(lun, "device-type"));
    put_optional(c, "--bstype", lun_value(lun, "bs-type"));
    put_optional(c, "--bsopts", lun_value(lun, "bsopts"));
    put_optional(c, "--bsoflags", lun_value(lun, "bsoflags"));
    put_optional(c, "--blocksize", block_size);
    return run_do(lun->making->run, c);
}

static struct command *update(const struct lun *lun)
{
    struct command *c = lun_command(lun, "--op update --mode logicalunit");
    command_equals(c, "--lun", lun->number);
    return c;
}

/* Numbers stand in for ${tid} and ${lun}. */
static char *filled_in(const struct lun *lun, const char *value)
{
    g_autoptr(GString) text = g_string_new(value);
    g_string_replace(text, "${tid}", lun->making->tid, 0);
    g_string_replace(text, "${lun}", lun->number, 0);
    return g_strdup(text->str);
}

static bool set_param(const struct lun *lun, const char *key, const char *value)
{
    struct making *m = lun->making;
    g_autofree char *text = filled_in(lun, value);
    if (strchr(text, ',') && strcmp(key, "params") != 0)
        return run_wrong(
            m->run,
            "The value of %s has a comma, which tgtadm cannot tell from the end of it!\n"
            "Check your config file for errors (target: %s)",
            key, m->target->arg);
    struct command *c = update(lun);
    if (strcmp(key, "params") == 0)
        command_quoted(c, "--params", text);
    else
        command_param(c, key, text);
    return run_do(m->run, c);
}

static bool set_cache(const struct lun *lun)
{
    const char *value = lun_value(lun, "write-cache");
    if (g_strcmp0(value, "off") == 0) {
        struct command *c = update(lun);
        command_words(c, CACHE_OFF);
        return run_do(lun->making->run, c);
    }
    if (!value || strcmp(value, "on") == 0)
        run_say(lun->making->run, "# Write cache is enabled (default) for lun %s.", lun->number);
    else
        run_say(lun->making->run,
                "# WARNING! Unknown value (%s) to write-cache! Accepted values are \"on\" and "
                "\"off\".",
                value);
    return true;
}

static bool set_option(const struct lun *lun, const struct conf_option *option)
{
    if (strcmp(option->key, "write-cache") == 0)
        return set_cache(lun);
    for (guint i = 0; param_of(option->key) && i < option->values->len; i++) {
        const struct conf_value *value = option->values->pdata[i];
        if (!set_param(lun, option->key, value->text ? value->text : ""))
            return false;
    }
    return true;
}

static bool set_own(const struct lun *lun)
{
    for (guint i = 0; lun->block && i < lun->block->options->len; i++)
        if (!set_option(lun, lun->block->options->pdata[i]))
            return false;
    return true;
}

/* What may be given several times adds up. */
static bool inherits(const struct lun *lun, const struct conf_option *option)
{
    const struct param *param = param_of(option->key);
    return lun_option(lun, option->key) == option || (param && param->many);
}

static bool set_inherited(const struct lun *lun)
{
    const GPtrArray *options = lun->making->target->options;
    for (guint i = 0; i < options->len; i++) {
        const struct conf_option *option = options->pdata[i];
        if (inherits(lun, option) && !set_option(lun, option))
            return false;
    }
    return true;
}

/* ---- A device that is passed on as it is ---- */

static bool set_copied(const struct lun *lun, const struct identity *identity)
{
    struct identity_value values[IDENTITY_VALUES];
    unsigned n = identity_values(identity, values);
    for (unsigned i = 0; i < n; i++)
        if (!lun_option(lun, values[i].key) && !set_param(lun, values[i].key, values[i].text))
            return false;
    return true;
}

static void read_identity(const struct lun *lun, struct identity *identity)
{
    g_autoptr(GError) error = NULL;
    if (lun->making->run->rehearsal || strcmp(lun->kind, "direct-store") != 0)
        return;
    if (!identity_read(identity, lun->path, &error))
        fprintf(stderr, "tgt-admin: the identity of %s is not copied: %s\n", lun->path,
                error->message);
}

bool lun_make(struct lun *lun)
{
    struct identity identity = {0};
    char size[16];
    if (!check_own(lun) || !check_singles(lun))
        return false;
    read_identity(lun, &identity);
    g_snprintf(size, sizeof(size), "%u", identity.block_size);
    const char *wanted = lun->block ? conf_first(lun->block, "block-size") : NULL;
    return make(lun, wanted                ? wanted
                     : identity.block_size ? size
                                           : NULL) &&
           set_own(lun) && set_inherited(lun) && set_copied(lun, &identity) &&
           (lun_option(lun, "write-cache") || set_cache(lun));
}
