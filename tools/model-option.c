/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of targets.conf: where each may stand, and how values are read. */
#include <string.h>

#include "model-read.h"
#include "plugin.h"

#define F SCOPE_FILE
#define T SCOPE_TARGET
#define S SCOPE_STORE

struct option {
    const char *name;
    unsigned scopes;
};

/* Those of stores stand in MODEL_LUN_LIST, too; in a target they are for all its stores. */
static const struct option options[] = {
    {"default-driver", F},
    {"ignore-errors", F},
    {"control-port", F},
    {"incomingdiscoveryuser", F},
    {"outgoingdiscoveryuser", F},
    {"discovery-auth", F},
    {"account", F},
    {"portal", F},
    {"identity", F | T | S},
#define X(name, def) {#name, F},
    MODEL_ISNS_LIST(X)
#undef X
        {"driver", T},
    {"backing-store", T},
    {"direct-store", T},
    {"initiator-address", T},
    {"initiator-name", T},
    {"incominguser", T},
    {"outgoinguser", T},
    {"controller_tid", T},
    {"state", T},
    {"alias", T},
    {"match", T},
    {"auth", T},
    {"lun-map", T},
    {"lun", T | S},
    {"allow-in-use", T | S},
    {"path", S},
    {"bsopts", T | S},
    {"bsoflags", T | S},
    {"mode_page", T | S},
    {"params", T | S},
};

/* What a target begins with is the transport's business; here are only the names. */
static const char *const target_params[] = {
    "MaxRecvDataSegmentLength",
    "MaxBurstLength",
    "FirstBurstLength",
    "InitialR2T",
    "ImmediateData",
    "MaxOutstandingR2T",
    "HeaderDigest",
    "DataDigest",
    "DefaultTime2Wait",
    "MaxQueueCmd",
    "nop_interval",
    "nop_count",
    "RedirectAddress",
    "RedirectPort",
    "RedirectReason",
    "RedirectCallback",
    "chap_weakest",
    "chap_mutual",
    "lun_default",
    "portal_groups",
    NULL,
};

/* What tgt takes and what nobody can have here. */
static const char *const fixed_params[][2] = {
    {"MaxXmitDataSegmentLength", "8192"},
    {"DataPDUInOrder", "Yes"},
    {"DataSequenceInOrder", "Yes"},
    {"IFMarker", "No"},
    {"OFMarker", "No"},
    {"IFMarkInt", "Reject"},
    {"OFMarkInt", "Reject"},
    {"ErrorRecoveryLevel", "0"},
    {"MaxConnections", "1"},
    {"DefaultTime2Retain", "0"},
};

bool model_is_target_param(const char *key)
{
    return g_strv_contains(target_params, key);
}

const char *model_fixed_param(const char *key)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(fixed_params); i++)
        if (strcmp(fixed_params[i][0], key) == 0)
            return fixed_params[i][1];
    return NULL;
}

/* 0: there is no such option. */
static unsigned scopes_of(const char *key)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(options); i++)
        if (strcmp(options[i].name, key) == 0)
            return options[i].scopes;
    for (unsigned i = 0; i < LUN_KEYS; i++)
        if (strcmp(model_lun_rows[i].directive, key) == 0)
            return i == LUN_UUID ? S : T | S;
    return model_is_target_param(key) || model_fixed_param(key) ? T : 0;
}

static const char *place_of(unsigned scopes)
{
    return scopes & F ? "outside of blocks" : scopes & T ? "in <target>" : "in <backing-store>";
}

static const char *nearest(const char *key, enum model_scope scope)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(options); i++)
        if (options[i].scopes & scope)
            g_ptr_array_add(words, (gpointer)options[i].name);
    for (unsigned i = 0; i < LUN_KEYS && scope != SCOPE_FILE; i++)
        g_ptr_array_add(words, (gpointer)model_lun_rows[i].directive);
    for (unsigned i = 0; target_params[i] && scope == SCOPE_TARGET; i++)
        g_ptr_array_add(words, (gpointer)target_params[i]);
    g_ptr_array_add(words, NULL);
    return suggest(key, (const char *const *)words->pdata);
}

static const char *name_of(const struct conf_block *block)
{
    return *block->name ? block->name : "the file";
}

static void unknown_option(struct model_reader *r, const struct conf_block *block,
                           const struct conf_option *option, enum model_scope scope)
{
    unsigned scopes = scopes_of(option->key);
    const struct conf_value *first = option->values->pdata[0];
    const char *near = scopes ? NULL : nearest(option->key, scope);
    g_autofree char *hint = near     ? g_strdup_printf("; did you mean '%s'?", near)
                            : scopes ? g_strdup_printf("; it belongs %s", place_of(scopes))
                                     : g_strdup("");
    g_autofree char *place = *block->name ? g_strdup_printf("<%s>", block->name) : NULL;
    conf_wrong(r->conf, first->where, "unknown option '%s' in %s%s", option->key,
               place ? place : name_of(block), hint);
}

void model_check_options(struct model_reader *r, const struct conf_block *block,
                         enum model_scope scope)
{
    for (guint i = 0; i < block->options->len; i++) {
        const struct conf_option *option = block->options->pdata[i];
        if (!(scopes_of(option->key) & scope))
            unknown_option(r, block, option, scope);
    }
}

void model_check_blocks(struct model_reader *r, const struct conf_block *block,
                        const char *const *names)
{
    for (guint i = 0; i < block->blocks->len; i++) {
        const struct conf_block *b = block->blocks->pdata[i];
        const char *near = suggest(b->name, names);
        if (!g_utf8_validate(b->name, -1, NULL) || (b->arg && !g_utf8_validate(b->arg, -1, NULL))) {
            conf_wrong(r->conf, b->where, "the name of the block is not UTF-8 text");
            continue;
        }
        if (g_strv_contains(names, b->name) && b->arg && *b->arg)
            continue;
        if (g_strv_contains(names, b->name))
            conf_wrong(r->conf, b->where, "<%s> needs a name: <%s NAME>", b->name, b->name);
        else
            conf_wrong(r->conf, b->where, "unknown block <%s>%s%s%s", b->name,
                       near ? "; did you mean <" : "", near ? near : "", near ? ">?" : "");
    }
}

/* ---- Values ---- */

GArray *model_lines(struct model_reader *r, const struct conf_block *block, const char *key)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(struct model_line));
    const struct conf_option *option = conf_option(block, key);
    for (guint i = 0; option && i < option->values->len; i++) {
        const struct conf_value *v = option->values->pdata[i];
        const struct model_line line = {v->text, v->where, v->cut};
        if (v->text && !g_utf8_validate(v->text, -1, NULL))
            conf_wrong(r->conf, v->where, "the value of '%s' is not UTF-8 text", key);
        else if (v->text && *v->text)
            g_array_append_val(lines, line);
        else
            conf_warn(r->conf, v->where, "'%s' has no value: the line is left out", key);
    }
    return lines;
}

bool model_line(struct model_reader *r, const struct conf_block *block, const char *key,
                struct model_line *line)
{
    g_autoptr(GArray) lines = model_lines(r, block, key);
    if (lines->len == 0)
        return false;
    *line = g_array_index(lines, struct model_line, 0);
    for (guint i = 1; i < lines->len; i++) {
        const struct model_line *more = &g_array_index(lines, struct model_line, i);
        conf_wrong(r->conf, more->where, "'%s' was given already in line %u%s%s", key,
                   line->where.line, strcmp(line->where.file, more->where.file) == 0 ? "" : " of ",
                   strcmp(line->where.file, more->where.file) == 0 ? "" : line->where.file);
    }
    return true;
}

const char *model_switch(struct model_reader *r, const char *key, const struct model_line *line)
{
    static const char *const yes[] = {"yes", "on", "true", "1", NULL}, *const no[] = {"no", "off",
                                                                                      "false", "0",
                                                                                      NULL};
    g_autofree char *word = g_ascii_strdown(line->text, -1);
    if (g_strv_contains(yes, word))
        return "yes";
    if (g_strv_contains(no, word))
        return "no";
    conf_wrong(r->conf, line->where, "'%s' is on or off, not '%s'", key, line->text);
    return NULL;
}

bool model_number(struct model_reader *r, const char *key, const struct model_line *line,
                  guint64 max, guint64 *number)
{
    bool hex = g_ascii_strncasecmp(line->text, "0x", 2) == 0;
    if (g_ascii_string_to_unsigned(line->text + (hex ? 2 : 0), hex ? 16 : 10, 0, max, number, NULL))
        return true;
    conf_wrong(r->conf, line->where, "'%s' is a number from 0 to %" G_GUINT64_FORMAT ", not '%s'",
               key, max, line->text);
    return false;
}
