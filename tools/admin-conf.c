/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration of a run: read, its common options taken, its targets found by name. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin-run.h"
#include "config.h"

static bool load(struct run *run)
{
    g_autoptr(GError) error = NULL;
    const char *path = run->conf_path ? run->conf_path : TARGETS_CONF;
    if (access(path, R_OK) < 0) {
        fprintf(stderr, "Config file %s not found. Exiting...\n", path);
        run->status = ADMIN_MISSING;
        return false;
    }
    if (run->conf_path)
        run_say(run, "# Using %s as configuration file\n", path);
    run->conf = conf_load(path, &error);
    if (run->conf)
        return true;
    fprintf(stderr, "tgt-admin: %s\n", error->message);
    run->status = error->code == CONF_ERROR_MISSING ? ADMIN_MISSING : ADMIN_GRAMMAR;
    return false;
}

/* Passwords are lost like that, and nobody notices before initiators are refused. */
static void look_for_cut_values(struct conf *conf, const struct conf_block *block)
{
    for (guint i = 0; i < block->options->len; i++) {
        const struct conf_option *option = block->options->pdata[i];
        for (guint v = 0; v < option->values->len; v++) {
            const struct conf_value *value = option->values->pdata[v];
            if (value->cut)
                conf_warn(conf, value->where,
                          "a '#' ends the value of '%s'; write \\# for one that belongs to it",
                          option->key);
        }
    }
    for (guint i = 0; i < block->blocks->len; i++)
        look_for_cut_values(conf, block->blocks->pdata[i]);
}

static bool remark(struct run *run)
{
    look_for_cut_values(run->conf, run->conf->root);
    for (guint i = 0; i < run->conf->notes->len; i++) {
        g_autofree char *text = conf_note_text(run->conf->notes->pdata[i]);
        fprintf(stderr, "tgt-admin: %s\n", text);
    }
    return true;
}

static bool index_targets(struct run *run)
{
    const char *stray = conf_first(run->conf->root, "target");
    if (stray)
        return run_wrong(run,
                         "'target %s' begins no block: write <target %s>!\n"
                         "Check your config file for errors.",
                         stray, stray);
    run->configured = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < run->conf->root->blocks->len; i++) {
        struct conf_block *block = run->conf->root->blocks->pdata[i];
        if (strcmp(block->name, "target") != 0)
            continue;
        if (!block->arg)
            return run_wrong(run,
                             "%s:%u: <target> has no name!\nCheck your config file for errors.",
                             block->where.file, block->where.line);
        g_hash_table_replace(run->configured, state_form(block->arg), block);
    }
    return true;
}

static bool check_single(struct run *run, const char *key, bool given)
{
    const struct conf_option *option = conf_option(run->conf->root, key);
    return !option || (option->values->len == 1 && !given) ||
           run_wrong(run,
                     "Multiple %s definitions are not allowed!\nCheck your config file for errors.",
                     key);
}

static bool read_common(struct run *run)
{
    if (!check_single(run, "default-driver", false) ||
        !check_single(run, "control-port", run->port != NULL))
        return false;
    const char *port = conf_first(run->conf->root, "control-port");
    const struct conf_option *ignore = conf_option(run->conf->root, "ignore-errors");
    if (port)
        run->port = port;
    for (guint i = 0; ignore && i < ignore->values->len; i++)
        if (g_strcmp0(((struct conf_value *)ignore->values->pdata[i])->text, "yes") == 0)
            run->ignore_errors = true;
    return true;
}

bool run_read_conf(struct run *run)
{
    return load(run) && remark(run) && read_common(run) && index_targets(run);
}
