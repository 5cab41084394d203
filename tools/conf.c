/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads a targets.conf: both passes, and what is common to them. */
#include "conf.h"

#include <string.h>

#include "conf-private.h"

/* ---- Notes ---- */

bool conf_fail(struct conf_where where, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    if (where.file)
        g_set_error(error, CONF_ERROR, 0, "%s:%u: %s", where.file, where.line, text);
    else
        g_set_error_literal(error, CONF_ERROR, 0, text);
    return false;
}

static void note_free(gpointer data)
{
    struct conf_note *n = data;
    g_free(n->text);
    g_free(n);
}

/* Once: what a target says for all of its stores is looked at for each of them. */
static void note(struct conf *conf, struct conf_where where, bool error, char *text)
{
    struct conf_note *n = g_new(struct conf_note, 1);
    *n = (struct conf_note){where, error, g_utf8_make_valid(text, -1)};
    g_free(text);
    if (g_hash_table_add(conf->said, conf_note_text(n)))
        g_ptr_array_add(conf->notes, n);
    else
        note_free(n);
}

void conf_warn(struct conf *conf, struct conf_where where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(conf, where, false, g_strdup_vprintf(format, args));
    va_end(args);
}

void conf_wrong(struct conf *conf, struct conf_where where, const char *format, ...)
{
    va_list args;
    conf->wrongs++;
    va_start(args, format);
    note(conf, where, true, g_strdup_vprintf(format, args));
    va_end(args);
}

unsigned conf_errors(const struct conf *conf)
{
    unsigned errors = 0;
    for (guint i = 0; i < conf->notes->len; i++)
        errors += ((const struct conf_note *)conf->notes->pdata[i])->error;
    return errors;
}

char *conf_note_text(const struct conf_note *n)
{
    const char *kind = n->error ? "error" : "warning";
    if (!n->where.file)
        return g_strdup_printf("%s: %s", kind, n->text);
    return g_strdup_printf("%s:%u: %s: %s", n->where.file, n->where.line, kind, n->text);
}

/* ---- Loading ---- */

char *conf_trim(const char *text, gsize len)
{
    while (len > 0 && conf_is_space(*text)) {
        text++;
        len--;
    }
    while (len > 0 && conf_is_space(text[len - 1]))
        len--;
    return g_strndup(text, len);
}

const char *conf_add_file(struct conf *conf, const char *path)
{
    char *copy = g_strdup(path);
    g_ptr_array_add(conf->files, copy);
    return copy;
}

static struct conf *conf_new(void)
{
    struct conf *conf = g_new0(struct conf, 1);
    conf->files = g_ptr_array_new_with_free_func(g_free);
    conf->said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    conf->notes = g_ptr_array_new_with_free_func(note_free);
    return conf;
}

static void entry_free(gpointer data)
{
    struct conf_entry *entry = data;
    g_free(entry->text);
    g_free(entry->document);
    g_free(entry);
}

static void reader_init(struct conf_reader *reader, bool includes)
{
    *reader = (struct conf_reader){
        .conf = conf_new(),
        .entries = g_ptr_array_new_with_free_func(entry_free),
        .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .includes = includes,
    };
}

/* The tree of what was read; `ok`: it was read. */
static struct conf *reader_end(struct conf_reader *reader, bool ok, GError **error)
{
    struct conf *conf = reader->conf;
    ok = ok && conf_build(conf, reader->entries, error);
    g_ptr_array_unref(reader->entries);
    g_hash_table_unref(reader->seen);
    g_free(reader->folder);
    if (ok)
        return conf;
    conf_free(conf);
    return NULL;
}

struct conf *conf_load(const char *path, GError **error)
{
    struct conf_reader reader;
    reader_init(&reader, true);
    if (g_path_is_absolute(path))
        reader.folder = g_path_get_dirname(path);
    return reader_end(&reader, conf_open(&reader, path, (struct conf_where){0}, error), error);
}

struct conf *conf_parse(const char *name, const char *text, gsize len, bool includes,
                        GError **error)
{
    struct conf_reader reader;
    reader_init(&reader, includes);
    const char *file = conf_add_file(reader.conf, name);
    return reader_end(&reader, conf_read_lines(&reader, file, text, len, error), error);
}
