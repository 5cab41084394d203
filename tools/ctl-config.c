/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl config: check, show, save configurations; the daemon never reads them itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config-file.h"
#include "config-source.h"
#include "ctl.h"
#include "model-check.h"
#include "model-live.h"
#include "rpc.h"

static const char *plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

/* ---- check ---- */

/* Without a daemon nothing is said of plugins. */
static void check_plugins(struct ctl *ctl, struct source *s)
{
    struct rpc_error error = {0};
    g_autofree char *path =
        rpc_path(args_value(&ctl->args, "socket"), args_value(&ctl->args, "control-port"));
    ctl->rpc = rpc_open(path, ctl->timeout_s, &error);
    json_t *plugins = ctl->rpc ? rpc_call(ctl->rpc, "plugin.list", NULL, &error) : NULL;
    if (plugins)
        model_check_plugins(s->conf, s->model, plugins);
    json_decref(plugins);
    rpc_error_clear(&error);
}

static json_t *notes_json(const struct conf *conf)
{
    json_t *list = json_array();
    for (guint i = 0; i < conf->notes->len; i++) {
        const struct conf_note *n = conf->notes->pdata[i];
        json_t *o =
            json_pack("{s:s, s:s}", "kind", n->error ? "error" : "warning", "text", n->text);
        if (n->where.file) {
            json_object_set_new(o, "file", json_string(n->where.file));
            json_object_set_new(o, "line", json_integer(n->where.line));
        }
        json_array_append_new(list, o);
    }
    return list;
}

static void print_check(const struct source *s)
{
    unsigned errors = conf_errors(s->conf), warnings = s->conf->notes->len - errors;
    unsigned luns = model_lun_count(s->model);
    source_print_notes(s->conf, stdout);
    printf("%u error%s, %u warning%s in %u file%s (%u target%s, %u LUN%s)\n", errors,
           plural(errors), warnings, plural(warnings), s->conf->files->len,
           plural(s->conf->files->len), s->model->targets->len, plural(s->model->targets->len),
           luns, plural(luns));
}

static enum ctl_exit config_check(struct ctl *ctl)
{
    struct source s;
    if (!source_load(&s, source_file(ctl, 0), false))
        return CTL_INVALID;
    check_plugins(ctl, &s);
    enum ctl_exit status = conf_errors(s.conf) > 0 ? CTL_INVALID : CTL_OK;
    if (!ctl->json || !ctl_json(ctl, notes_json(s.conf)))
        print_check(&s);
    source_clear(&s);
    return status;
}

/* ---- show, save ---- */

static enum ctl_exit show(struct ctl *ctl, const struct model *model)
{
    if (ctl->json && ctl_json(ctl, model_json(model)))
        return CTL_OK;
    g_autofree char *text = model_write(model, false);
    fputs(text, stdout);
    return CTL_OK;
}

static enum ctl_exit show_running(struct ctl *ctl)
{
    struct model *live = model_live(ctl, false);
    enum ctl_exit status = live ? show(ctl, live) : ctl->status;
    model_free(live);
    return status;
}

static enum ctl_exit config_show(struct ctl *ctl)
{
    struct source s;
    if (args_has(&ctl->args, "running"))
        return ctl_word(ctl, 0) ? ctl_wrong("either a file is shown or, with --running, the daemon")
                                : show_running(ctl);
    if (!source_load(&s, source_file(ctl, 0), false))
        return CTL_INVALID;
    source_print_notes(s.conf, stderr);
    enum ctl_exit status = show(ctl, s.model);
    if (conf_errors(s.conf) > 0)
        status = CTL_INVALID;
    source_clear(&s);
    return status;
}

static enum ctl_exit save(const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL;
    if (source_is_standard(path))
        return fputs(text, stdout), CTL_OK;
    if (!config_file_save(path, text, &id, &error)) {
        fprintf(stderr, "tgtctl: %s\n", error->message);
        return CTL_REFUSED;
    }
    if (id)
        printf("saved to %s; what was there is backup %s\n", path, id);
    else
        printf("saved to %s\n", path);
    return CTL_OK;
}

static enum ctl_exit config_save(struct ctl *ctl)
{
    struct model *live = model_live(ctl, true);
    if (!live)
        return ctl->status;
    g_autofree char *text = model_write(live, true);
    model_free(live);
    return save(source_file(ctl, 0), text);
}

/* ---- backup ---- */

static json_t *backups_json(const GPtrArray *list)
{
    json_t *json = json_array();
    for (guint i = 0; i < list->len; i++) {
        const struct config_backup *b = list->pdata[i];
        json_array_append_new(json, json_pack("{s:s, s:I, s:s}", "id", b->id, "size",
                                              (json_int_t)b->size, "path", b->path));
    }
    return json;
}

static enum ctl_exit list_backups(struct ctl *ctl, const char *path)
{
    g_autoptr(GPtrArray) list = config_file_backups(path);
    if (ctl->json && ctl_json(ctl, backups_json(list)))
        return CTL_OK;
    struct table *table = table_new("ID >BYTES FILE");
    for (guint i = 0; i < list->len; i++) {
        const struct config_backup *b = list->pdata[i];
        table_cell(table, b->id);
        table_cellf(table, "%" G_GOFFSET_FORMAT, b->size);
        table_cell(table, b->path);
    }
    ctl_print(ctl, table);
    return CTL_OK;
}

static enum ctl_exit restore_backup(const char *path, const char *id)
{
    g_autoptr(GError) error = NULL;
    if (!config_file_restore(path, id, &error)) {
        fprintf(stderr, "tgtctl: %s\n", error->message);
        return CTL_NOT_FOUND;
    }
    printf("%s is backup %s again; 'tgtctl config apply' makes the daemon serve it\n", path, id);
    return CTL_OK;
}

static enum ctl_exit config_backup(struct ctl *ctl)
{
    const char *what = ctl_word(ctl, 0), *id = ctl_word(ctl, 1);
    if (strcmp(what, "list") == 0 && !ctl_word(ctl, 2))
        return list_backups(ctl, source_file(ctl, 1));
    if (strcmp(what, "restore") == 0 && id)
        return restore_backup(source_file(ctl, 2), id);
    return ctl_wrong("tgtctl config backup list [FILE], or restore ID [FILE]");
}

const struct command ctl_config_commands[] = {
    {"config",
     "check",
     "[FILE]",
     "Look for mistakes in a configuration",
     0,
     1,
     config_check,
     {NULL}},
    {"config",
     "show",
     "[FILE]",
     "Print how a configuration is understood, without passwords",
     0,
     1,
     config_show,
     {"running"},
     .format = "targets.conf"},
    {"config",
     "diff",
     "[FILE]",
     "Compare the daemon with a configuration",
     0,
     1,
     config_diff,
     {"prune", "force"}},
    {"config",
     "apply",
     "[FILE]",
     "Make the daemon serve what a configuration says",
     0,
     1,
     config_apply,
     {"dry-run", "prune", "force", "leave-out"}},
    {"config",
     "save",
     "[FILE]",
     "Write what the daemon serves to a file",
     0,
     1,
     config_save,
     {NULL}},
    {"config",
     "convert",
     "FILE",
     "Print another target's configuration as targets.conf",
     1,
     1,
     config_convert,
     {"from"}},
    {"config",
     "backup",
     "list [FILE] | restore ID [FILE]",
     "List what save has replaced, or take it back",
     1,
     3,
     config_backup,
     {NULL}},
    {0},
};
