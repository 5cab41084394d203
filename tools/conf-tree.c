/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Second pass over targets.conf: entries become blocks, and options with their values. */
#include <string.h>

#include "conf-private.h"

/* ---- The tree ---- */

static void value_free(gpointer data)
{
    struct conf_value *v = data;
    g_free(v->text);
    g_free(v);
}

static void option_free(gpointer data)
{
    struct conf_option *o = data;
    g_free(o->key);
    g_ptr_array_unref(o->values);
    g_free(o);
}

static void block_free(gpointer data)
{
    struct conf_block *b = data;
    g_free(b->name);
    g_free(b->arg);
    g_ptr_array_unref(b->options);
    g_ptr_array_unref(b->blocks);
    g_hash_table_unref(b->index);
    g_free(b);
}

struct conf_block *conf_block_new(const char *name, const char *arg, struct conf_where where)
{
    struct conf_block *b = g_new(struct conf_block, 1);
    *b = (struct conf_block){
        .name = g_strdup(name),
        .arg = g_strdup(arg),
        .where = where,
        .options = g_ptr_array_new_with_free_func(option_free),
        .blocks = g_ptr_array_new_with_free_func(block_free),
        .index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    return b;
}

void conf_free(struct conf *conf)
{
    if (!conf)
        return;
    if (conf->root)
        block_free(conf->root);
    g_ptr_array_unref(conf->notes);
    g_hash_table_unref(conf->said);
    g_ptr_array_unref(conf->files);
    g_free(conf);
}

/* Names in the index: no key and no name of a block has a newline. */
static char *name_of_option(const char *key)
{
    return g_strconcat("o\n", key, NULL);
}

static char *name_of_block(const char *name, const char *arg)
{
    return g_strconcat("b\n", name, arg ? "\n" : NULL, arg, NULL);
}

const struct conf_option *conf_option(const struct conf_block *block, const char *key)
{
    g_autofree char *name = name_of_option(key);
    return g_hash_table_lookup(block->index, name);
}

const struct conf_block *conf_block(const struct conf_block *block, const char *name,
                                    const char *arg)
{
    g_autofree char *key = name_of_block(name, arg);
    return g_hash_table_lookup(block->index, key);
}

const char *conf_first(const struct conf_block *block, const char *key)
{
    const struct conf_option *option = conf_option(block, key);
    return option ? ((const struct conf_value *)option->values->pdata[0])->text : NULL;
}

static struct conf_option *option_get(struct conf_block *block, const char *key)
{
    g_autofree char *name = name_of_option(key);
    struct conf_option *option = g_hash_table_lookup(block->index, name);
    if (option)
        return option;
    option = g_new(struct conf_option, 1);
    *option = (struct conf_option){g_strdup(key), g_ptr_array_new_with_free_func(value_free)};
    g_ptr_array_add(block->options, option);
    g_hash_table_insert(block->index, g_steal_pointer(&name), option);
    return option;
}

static struct conf_block *block_get(struct conf_block *parent, const char *name, const char *arg,
                                    struct conf_where where)
{
    g_autofree char *key = name_of_block(name, arg);
    struct conf_block *block = g_hash_table_lookup(parent->index, key);
    if (block)
        return block;
    block = conf_block_new(name, arg, where);
    g_ptr_array_add(parent->blocks, block);
    g_hash_table_insert(parent->index, g_steal_pointer(&key), block);
    return block;
}

/* ---- Options ---- */

static void unquote(char *text)
{
    size_t len = strlen(text);
    if (len == 1 && *text == '"') {
        *text = '\0';
    } else if (len >= 2 && *text == '"' && text[len - 1] == '"') {
        memmove(text, text + 1, len - 2);
        text[len - 2] = '\0';
    }
}

/* A backslash before '$', '"', '#' and itself goes. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from == '\\' && from[1] && strchr("$\\\"#", from[1]))
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

/* The key ends at blanks, or at a '=' with the blanks around it. *value NULL: there is none. */
static char *split(const char *text, const char **value)
{
    const char *end = text;
    while (*end && *end != '=' && !conf_is_space(*end))
        end++;
    const char *rest = conf_skip_space(end);
    if (*rest == '=')
        rest = conf_skip_space(rest + 1);
    *value = *end ? rest : NULL;
    return g_strndup(text, end - text);
}

static void add_option(struct conf_block *block, const struct conf_entry *entry, const char *text)
{
    const char *rest = entry->document;
    g_autofree char *key = rest ? g_strdup(text) : split(text, &rest);
    struct conf_value *value = g_new(struct conf_value, 1);
    *value = (struct conf_value){g_strdup(rest), entry->where, entry->cut};
    if (value->text) {
        unquote(value->text);
        unescape(value->text);
    }
    g_ptr_array_add(option_get(block, key)->values, value);
}

/* ---- Blocks ---- */

static bool is_begin(const char *text)
{
    size_t len = strlen(text);
    return len >= 3 && text[0] == '<' && text[1] != '/' && text[len - 1] == '>';
}

static bool is_end(const char *text)
{
    size_t len = strlen(text);
    return len >= 4 && text[0] == '<' && text[1] == '/' && text[len - 1] == '>';
}

/* A word in quotes, which may not be empty: the text behind it; else NULL. */
static const char *quoted(const char *text, char **word)
{
    const char *end = *text == '"' ? strchr(text + 1, '"') : NULL;
    if (!end || end == text + 1)
        return NULL;
    *word = g_strndup(text + 1, end - (text + 1));
    return end + 1;
}

/* *arg NULL: there is none; it may be empty. What begins with a blank is a name as a whole. */
static char *name_and_arg(const char *text, char **arg)
{
    char *name = NULL;
    const char *rest = quoted(text, &name);
    if (!rest || (*rest && !conf_is_space(*rest))) {
        gsize len = strcspn(text, " \t\n\v\f\r");
        g_free(name);
        name = len > 0 ? g_strndup(text, len) : g_strdup(text);
        rest = len > 0 ? text + len : "";
    }
    *arg = NULL;
    if (*rest) {
        const char *word = conf_skip_space(rest), *end = quoted(word, arg);
        if (end && *end)
            g_clear_pointer(arg, g_free);
        if (!*arg)
            *arg = g_strdup(word);
    }
    return name;
}

static struct conf_block *begin_block(struct conf_block *parent, const struct conf_entry *entry,
                                      const char *text)
{
    g_autofree char *inner = g_strndup(text + 1, strlen(text) - 2), *arg = NULL;
    g_autofree char *name = name_and_arg(inner, &arg);
    return block_get(parent, name, arg, entry->where);
}

/* Any end ends the innermost block, as it does for Perl; but it may not be what was meant. */
static void check_end(struct conf *conf, const struct conf_block *block,
                      const struct conf_entry *entry, const char *text)
{
    g_autofree char *name = g_strndup(text + 2, strlen(text) - 3);
    if (strcmp(name, block->name) != 0)
        conf_warn(conf, entry->where, "</%s> ends the block <%s> of line %u", name, block->name,
                  block->where.line);
}

struct tree {
    struct conf *conf;
    struct conf_block *open[CONF_DEPTH_MAX + 1]; /* the first is the root */
    struct conf_where opened[CONF_DEPTH_MAX + 1];
    unsigned depth;
};

static bool begin(struct tree *t, const struct conf_entry *entry, const char *text, GError **error)
{
    if (t->depth == CONF_DEPTH_MAX)
        return conf_fail(entry->where, error, "blocks are nested more than %u deep",
                         CONF_DEPTH_MAX);
    t->open[t->depth + 1] = begin_block(t->open[t->depth], entry, text);
    t->opened[++t->depth] = entry->where;
    return true;
}

static bool end(struct tree *t, const struct conf_entry *entry, const char *text, GError **error)
{
    if (t->depth == 0)
        return conf_fail(entry->where, error, "%s ends a block that was not begun", text);
    check_end(t->conf, t->open[t->depth], entry, text);
    t->depth--;
    return true;
}

static bool add(struct tree *t, const struct conf_entry *entry, GError **error)
{
    g_autofree char *text = conf_trim(entry->text, strlen(entry->text));
    if (!entry->document && is_begin(text))
        return begin(t, entry, text, error);
    if (!entry->document && is_end(text))
        return end(t, entry, text, error);
    add_option(t->open[t->depth], entry, text);
    return true;
}

bool conf_build(struct conf *conf, const GPtrArray *entries, GError **error)
{
    struct tree t = {.conf = conf};
    conf->root = t.open[0] = conf_block_new("", NULL, (struct conf_where){0});
    for (guint i = 0; i < entries->len; i++)
        if (!add(&t, entries->pdata[i], error))
            return false;
    if (t.depth == 0)
        return true;
    return conf_fail(t.opened[t.depth], error, "the block <%s> has no end: </%s> is missing",
                     t.open[t.depth]->name, t.open[t.depth]->name);
}
