/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads values of logical units as tgt's users write them. */
#include "model-params.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MAX 258 /* code, subcode, length, 255 bytes */

/* ---- One value ---- */

static const char *canonical(struct model_reader *r, enum model_kind kind, const char *key,
                             const struct model_line *line, char number[21])
{
    guint64 n;
    switch (kind) {
    case MODEL_ON_OFF:
    case MODEL_ONE_ZERO:
        return model_switch(r, key, line);
    case MODEL_NUMBER:
        if (!model_number(r, key, line, G_MAXUINT32, &n))
            return NULL;
        g_snprintf(number, 21, "%" G_GUINT64_FORMAT, n);
        return number;
    default:
        return line->text;
    }
}

static void check_block_size(struct model_reader *r, const char *text,
                             const struct model_line *line)
{
    guint64 n = g_ascii_strtoull(text, NULL, 10);
    if (n < 512 || n > 4096 || (n & (n - 1)) != 0)
        conf_wrong(r->conf, line->where, "'block-size' is a power of two from 512 to 4096");
}

static void check_identity(struct model_reader *r, const char *text, const struct model_line *line)
{
    if (strcmp(text, "legacy") != 0 && strcmp(text, "uuid") != 0)
        conf_wrong(r->conf, line->where, "'identity' is legacy or uuid, not '%s'", text);
}

/* What initiators are told has fields of a fixed size; as tgt does, the beginning of a longer text
 * is taken. */
static char *cut(struct model_reader *r, enum model_lun_key key, const char *text,
                 const struct model_line *line)
{
    static const unsigned most[LUN_KEYS] = {
        [LUN_SCSI_ID] = 36, [LUN_VENDOR] = 8, [LUN_PRODUCT] = 16, [LUN_REVISION] = 4};
    if (most[key] == 0 || strlen(text) <= most[key])
        return g_strdup(text);
    char *beginning = model_beginning(text, most[key]);
    if (key != LUN_SCSI_ID) /* Cinder's is always longer */
        conf_warn(r->conf, line->where, "'%s' has at most %u characters: '%s' is taken",
                  model_lun_rows[key].directive, most[key], beginning);
    return beginning;
}

void model_lun_take(struct model_reader *r, struct model_lun *lun, enum model_lun_key key,
                    const struct model_line *line)
{
    char number[21];
    const struct model_lun_row *row = &model_lun_rows[key];
    const char *text = canonical(r, row->kind, row->directive, line, number);
    if (!text)
        return;
    if (key == LUN_BLOCK_SIZE)
        check_block_size(r, text, line);
    if (key == LUN_IDENTITY)
        check_identity(r, text, line);
    g_autofree char *value = cut(r, key, text, line);
    model_lun_set(lun, key, value);
}

/* ---- Mode pages ---- */

char *model_mode_page(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, ":", PAGE_MAX + 1);
    guint count = g_strv_length(words);
    g_autoptr(GString) page = g_string_new(NULL);
    for (guint i = 0; i < count; i++) {
        char *end;
        unsigned long n = strtoul(words[i], &end, 0);
        if (*words[i] == '\0' || *end != '\0' || n > 255)
            return NULL;
        if (i == 2 && count != n + 3)
            return NULL;
        g_string_append_printf(page, "%s%lu", i ? ":" : "", n);
    }
    return count >= 3 ? g_string_free(g_steal_pointer(&page), FALSE) : NULL;
}

void model_take_mode_page(struct model_reader *r, struct model_lun *lun,
                          const struct model_line *line, unsigned tid)
{
    g_autofree char *page = model_mode_page(line->text);
    if (!page)
        conf_wrong(r->conf, line->where,
                   "a mode page is written code:subcode:length:byte:byte…, with as many bytes as "
                   "the length says");
    else if (!model_has(lun->mode_pages, page))
        g_ptr_array_add(lun->mode_pages, g_steal_pointer(&page));
}

/* ---- tgtadm's parameters ---- */

static char *substituted(const char *text, unsigned lun, unsigned tid)
{
    GString *s = g_string_new(text);
    g_autofree char *lun_text = g_strdup_printf("%u", lun);
    g_autofree char *tid_text = g_strdup_printf("%u", tid);
    g_string_replace(s, "${lun}", lun_text, 0);
    g_string_replace(s, "${tid}", tid_text, 0);
    return g_string_free(s, FALSE);
}

/* LUN_KEYS: there is no such parameter. */
static enum model_lun_key key_of(const char *param)
{
    unsigned key = 0;
    while (key < LUN_KEYS &&
           (!model_lun_rows[key].param || strcmp(model_lun_rows[key].param, param) != 0))
        key++;
    return key;
}

static void take_param(struct model_reader *r, struct model_lun *lun, char *word,
                       const struct model_line *line, unsigned tid)
{
    char *equals = strchr(word, '=');
    const struct model_line value = {equals ? equals + 1 : "", line->where, line->cut};
    if (equals)
        *equals = '\0';
    enum model_lun_key key = key_of(g_strstrip(word));
    if (equals && key < LUN_KEYS)
        model_lun_take(r, lun, key, &value);
    else if (equals && strcmp(word, "mode_page") == 0)
        model_take_mode_page(r, lun, &value, tid);
    else
        conf_wrong(r->conf, line->where, "a logical unit has no parameter '%s'", word);
}

void model_take_params(struct model_reader *r, struct model_lun *lun, const struct model_line *line,
                       unsigned tid)
{
    if (strstr(line->text, "${tid}") && tid == 0) {
        conf_wrong(r->conf, line->where, "${tid} is known only if the target has a controller_tid");
        return;
    }
    g_autofree char *text = substituted(line->text, lun->number, tid);
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    for (char **w = words; *w; w++)
        if (*g_strstrip(*w))
            take_param(r, lun, *w, line, tid);
}
