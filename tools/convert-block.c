/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words and blocks in braces: a statement ends with its line, or at a semicolon. */
#include <string.h>

#include "convert.h"

#define DEPTH_MAX   16u
#define BLANK       " \t\r"
#define PARSE_ERROR (g_quark_from_static_string("tgt-convert-error"))

static struct statement *statement_new(unsigned line)
{
    struct statement *s = g_new(struct statement, 1);
    *s = (struct statement){g_ptr_array_new_with_free_func(g_free),
                            g_ptr_array_new_with_free_func((GDestroyNotify)statement_free), line};
    return s;
}

void statement_free(struct statement *s)
{
    if (!s)
        return;
    g_ptr_array_unref(s->words);
    g_ptr_array_unref(s->inner);
    g_free(s);
}

struct parser {
    const char *at, *end;
    unsigned line, depth;
    struct statement *open[DEPTH_MAX + 1]; /* the first holds all */
    struct statement *current;             /* words go here; NULL: begins with the next word */
};

static bool fail(const struct parser *p, GError **error, const char *what)
{
    g_set_error(error, PARSE_ERROR, 0, "line %u: %s", p->line, what);
    return false;
}

static void add_word(struct parser *p, char *word)
{
    if (!p->current) {
        p->current = statement_new(p->line);
        g_ptr_array_add(p->open[p->depth]->inner, p->current);
    }
    g_ptr_array_add(p->current->words, word);
}

/* "…" with \" and \\ in it. */
static bool quoted_word(struct parser *p, GError **error)
{
    g_autoptr(GString) word = g_string_new(NULL);
    for (p->at++; p->at < p->end && *p->at != '"'; p->at++) {
        if (*p->at == '\n')
            return fail(p, error, "a quote has no end");
        if (*p->at == '\\' && p->at + 1 < p->end && strchr("\"\\", p->at[1]))
            p->at++;
        g_string_append_c(word, *p->at);
    }
    if (p->at == p->end)
        return fail(p, error, "a quote has no end");
    p->at++;
    add_word(p, g_string_free(g_steal_pointer(&word), FALSE));
    return true;
}

static void plain_word(struct parser *p)
{
    const char *start = p->at;
    while (p->at < p->end && !strchr(BLANK "\n;{}#\"", *p->at))
        p->at++;
    add_word(p, g_strndup(start, p->at - start));
}

/* A brace may stand on a line of its own. */
static bool begin(struct parser *p, GError **error)
{
    GPtrArray *siblings = p->open[p->depth]->inner;
    if (siblings->len == 0)
        return fail(p, error, "a block has no name");
    if (p->depth == DEPTH_MAX)
        return fail(p, error, "blocks are nested more than 16 deep");
    p->open[p->depth + 1] = siblings->pdata[siblings->len - 1];
    p->depth++;
    p->current = NULL;
    return true;
}

static bool end(struct parser *p, GError **error)
{
    if (p->depth == 0)
        return fail(p, error, "'}' ends a block that was not begun");
    p->depth--;
    p->current = NULL;
    return true;
}

static void skip_comment(struct parser *p)
{
    while (p->at < p->end && *p->at != '\n')
        p->at++;
}

static bool token(struct parser *p, GError **error)
{
    switch (*p->at) {
    case '"':
        return quoted_word(p, error);
    case '{':
        return p->at++, begin(p, error);
    case '}':
        return p->at++, end(p, error);
    case '#':
        return skip_comment(p), true;
    case '\n':
        p->line++;
        /* fall through */
    case ';':
        p->current = NULL;
        /* fall through */
    case ' ':
    case '\t':
    case '\r':
        return p->at++, true;
    case '\0':
        return fail(p, error, "the file is not a text");
    default:
        return plain_word(p), true;
    }
}

struct statement *statements_parse(const char *text, gsize len, GError **error)
{
    struct parser p = {.at = text, .end = text + len, .line = 1};
    struct statement *all = p.open[0] = statement_new(1);
    bool ok = true;
    while (ok && p.at < p.end)
        ok = token(&p, error);
    if (ok && p.depth > 0) {
        p.line = p.open[p.depth]->line;
        ok = fail(&p, error, "the block that begins here has no end");
    }
    if (ok)
        return all;
    statement_free(all);
    return NULL;
}

const char *statement_word(const struct statement *s, guint index)
{
    return index < s->words->len ? s->words->pdata[index] : NULL;
}

bool statement_is(const struct statement *s, const char *word)
{
    return g_strcmp0(statement_word(s, 0), word) == 0;
}

const char *statement_value(const struct statement *s, const char *word)
{
    EACH_STATEMENT(inner, i, s)
    if (statement_is(inner, word))
        return statement_word(inner, 1);
    return NULL;
}

const struct statement *statement_find(const struct statement *s, const char *word,
                                       const char *name)
{
    EACH_STATEMENT(inner, i, s)
    if (statement_is(inner, word) && g_strcmp0(statement_word(inner, 1), name) == 0)
        return inner;
    return NULL;
}
