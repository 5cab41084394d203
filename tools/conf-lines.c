/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* First pass over targets.conf: the lines of a file become entries. Comments go, lines that end in
 * a backslash are joined, here-documents are collected, included files are read in their place. */
#include <string.h>
#include <strings.h>

#include "conf-private.h"

/* One file. Comments, continuation and here-documents end with it. */
struct lines {
    struct conf_reader *reader;
    const char *file;
    unsigned line;        /* the one that is looked at */
    bool in_comment;      /* between the lines of a C comment */
    bool cut;             /* the line was cut at a '#' that touches a word */
    GString *joined;      /* continuation lines so far; "" if there are none */
    unsigned joined_line; /* the first of them */
    char *key, *mark;     /* here-document under way, and the word that ends it; NULL */
    unsigned key_line;
    GPtrArray *document; /* char *: its lines */
    gsize document_len;
};

static struct conf_where at(const struct lines *l, unsigned line)
{
    return (struct conf_where){l->file, line};
}

static void add_entry(struct lines *l, char *text, char *document, unsigned line)
{
    struct conf_entry *entry = g_new(struct conf_entry, 1);
    *entry = (struct conf_entry){text, document, at(l, line), l->cut};
    g_ptr_array_add(l->reader->entries, entry);
}

/* ---- Here-documents ---- */

/* Is this the line that ends it? *indent: number of blanks before the mark. */
static bool ends_document(const struct lines *l, const char *line, gsize *indent)
{
    const char *word = conf_skip_space(line);
    gsize len = strlen(l->mark);
    *indent = word - line;
    return strncmp(word, l->mark, len) == 0 && *conf_skip_space(word + len) == '\0';
}

/* The lines, each without the blanks that stand before the end mark, if they are there. */
static char *document_text(const struct lines *l, const char *end, gsize indent)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < l->document->len; i++) {
        const char *line = l->document->pdata[i];
        bool indented = indent > 0 && strncmp(line, end, indent) == 0;
        g_string_append(text, indented ? line + indent : line);
        g_string_append_c(text, '\n');
    }
    char *trimmed = conf_trim(text->str, text->len);
    g_string_free(text, TRUE);
    return trimmed;
}

static void document_end(struct lines *l)
{
    g_clear_pointer(&l->key, g_free);
    g_clear_pointer(&l->mark, g_free);
    g_ptr_array_set_size(l->document, 0);
    l->document_len = 0;
}

static bool document_line(struct lines *l, const char *line, GError **error)
{
    gsize indent;
    if (ends_document(l, line, &indent)) {
        l->cut = false;
        add_entry(l, g_steal_pointer(&l->key), document_text(l, line, indent), l->key_line);
        document_end(l);
        return true;
    }
    l->document_len += strlen(line) + 1;
    if (l->document_len > CONF_LINE_MAX)
        return conf_fail(at(l, l->key_line), error, "the here-document is longer than %u bytes",
                         CONF_LINE_MAX);
    g_ptr_array_add(l->document, g_strdup(line));
    return true;
}

/* "KEY = <<MARK" or "KEY <<MARK". */
static bool begins_document(struct lines *l, const char *line)
{
    const char *start = conf_skip_space(line), *end = start, *equals = strchr(start, '=');
    const char *sign = equals && equals > line ? conf_skip_space(equals + 1) : NULL;
    if (sign && strncmp(sign, "<<", 2) == 0) {
        end = equals;
    } else {
        while (*end && !conf_is_space(*end))
            end++;
        sign = conf_skip_space(end);
        if (end == start || sign == end || strncmp(sign, "<<", 2) != 0)
            return false;
    }
    g_autofree char *mark = conf_trim(sign + 2, strlen(sign + 2));
    if (*mark == '\0')
        return false;
    l->key = conf_trim(start, end - start);
    l->mark = g_steal_pointer(&mark);
    l->key_line = l->line;
    return true;
}

/* ---- Comments ---- */

/* Everything from the first slash-star to the last star-slash, and the blanks around. */
static bool cut_whole_comment(char *line)
{
    char *begin = strstr(line, "/*"), *end = NULL;
    for (char *p = begin ? strstr(begin + 2, "*/") : NULL; p; p = strstr(p + 1, "*/"))
        end = p + 2;
    if (!end)
        return false;
    while (begin > line && conf_is_space(begin[-1]))
        begin--;
    end = (char *)conf_skip_space(end);
    memmove(begin, end, strlen(end) + 1);
    return true;
}

static bool ends_in_comment_end(const char *line)
{
    g_autofree char *trimmed = conf_trim(line, strlen(line));
    return g_str_has_suffix(trimmed, "*/");
}

/* What is left of a line when a comment ends in it. */
static void cut_comment_end(struct lines *l, char *line)
{
    char *end = line;
    for (char *p = strstr(line, "*/"); p; p = strstr(p + 1, "*/"))
        end = p + 2;
    if (!l->in_comment)
        conf_warn(l->reader->conf, at(l, l->line),
                  "'*/' without '/*': everything before it on the line is left out");
    l->in_comment = false;
    memmove(line, end, strlen(end) + 1);
}

/* True: nothing of the line is left. */
static bool cut_c_comment(struct lines *l, char *line)
{
    if (cut_whole_comment(line))
        return l->in_comment;
    if (strncmp(conf_skip_space(line), "/*", 2) == 0)
        l->in_comment = !ends_in_comment_end(line);
    else if (strstr(line, "*/"))
        cut_comment_end(l, line);
    return l->in_comment;
}

/* From the first '#' that has no backslash before it. */
static void cut_hash(struct lines *l, char *line)
{
    char *hash = strchr(line, '#');
    while (hash && hash > line && hash[-1] == '\\')
        hash = strchr(hash + 1, '#');
    l->cut = (l->joined->len > 0 && l->cut) || (hash && hash > line && !conf_is_space(hash[-1]));
    if (hash)
        *hash = '\0';
}

/* ---- Ordinary lines ---- */

static bool is_continued(const char *line)
{
    gsize len = strlen(line);
    return len > 0 && line[len - 1] == '\\' && (len < 2 || line[len - 2] != '\\');
}

static bool join(struct lines *l, const char *line, gsize len, GError **error)
{
    const char *start = conf_skip_space(line);
    if (l->joined->len == 0)
        l->joined_line = l->line;
    if (start < line + len)
        g_string_append_len(l->joined, start, line + len - start);
    return l->joined->len <= CONF_LINE_MAX ||
           conf_fail(at(l, l->joined_line), error, "the line is longer than %u bytes",
                     CONF_LINE_MAX);
}

/* "<NAME ARG/>" is an empty block: it becomes two entries. */
static bool is_empty_block(struct lines *l, const char *line)
{
    gsize len = strlen(line), end = len;
    while (end > 0 && conf_is_space(line[end - 1]))
        end--;
    const char *open = strchr(line, '<');
    while (open && open[1] == '/')
        open = strchr(open + 1, '<');
    if (!open || end < 2 || strncmp(line + end - 2, "/>", 2) != 0 || open + 2 > line + end - 2)
        return false;
    g_autofree char *name = g_strndup(open + 1, line + end - 2 - (open + 1));
    name[strcspn(name, " \t\n\v\f\r")] = '\0';
    char *start = g_strdup(line);
    if (end == len)
        strcpy(start + len - 2, ">");
    add_entry(l, start, NULL, l->line);
    add_entry(l, g_strdup_printf("</%s>", name), NULL, l->line);
    return true;
}

/* The word after `keyword` and blanks, or in quotes; NULL: the line is no such line. */
static char *included(const char *line, const char *keyword)
{
    const char *p = conf_skip_space(line);
    if (strncasecmp(p, keyword, strlen(keyword)) != 0)
        return NULL;
    const char *after = p + strlen(keyword), *word = conf_skip_space(after);
    gsize len = strlen(word);
    if (len >= 2 && (*word == '"' || *word == '\'') && word[len - 1] == *word &&
        word[len - 2] != '\\')
        return g_strndup(word + 1, len - 2);
    return word > after && len > 0 ? conf_trim(word, len) : NULL;
}

/* *was: the line includes something. */
static bool include_line(struct lines *l, const char *line, bool *was, GError **error)
{
    g_autofree char *path = included(line, "include");
    bool optional = !path;
    if (optional)
        path = included(line, "includeoptional");
    *was = path && *path != '\0';
    if (!*was || !l->reader->includes)
        return true;
    return (optional ? conf_open_optional : conf_open)(l->reader, path, at(l, l->line), error);
}

static bool plain_line(struct lines *l, char *line, GError **error)
{
    bool include;
    if (l->joined->len > 0) {
        if (!join(l, line, strlen(line), error))
            return false;
        add_entry(l, g_strdup(l->joined->str), NULL, l->joined_line);
        g_string_truncate(l->joined, 0);
        return true;
    }
    if (*conf_skip_space(line) == '\0')
        return true;
    if (!include_line(l, line, &include, error))
        return false;
    if (!include)
        add_entry(l, g_strdup(line), NULL, l->line);
    return true;
}

static bool one_line(struct lines *l, char *line, GError **error)
{
    if (strlen(line) > CONF_LINE_MAX)
        return conf_fail(at(l, l->line), error, "the line is longer than %u bytes", CONF_LINE_MAX);
    if (l->key)
        return document_line(l, line, error);
    if (cut_c_comment(l, line))
        return true;
    cut_hash(l, line);
    if (is_continued(line))
        return join(l, line, strlen(line) - 1, error);
    if (is_empty_block(l, line) || begins_document(l, line))
        return true;
    return plain_line(l, line, error);
}

/* ---- The file ---- */

/* What ends with the file is lost, silently in Perl's eyes. */
static void warn_of_the_rest(struct lines *l)
{
    struct conf *conf = l->reader->conf;
    if (l->key)
        conf_warn(conf, at(l, l->key_line),
                  "the here-document has no end line '%s': it is left out", l->mark);
    else if (l->in_comment)
        conf_warn(conf, at(l, l->line), "a comment that begins with '/*' has no end");
    else if (l->joined->len > 0)
        conf_warn(conf, at(l, l->joined_line),
                  "the file ends behind a backslash: the line is left out");
}

static bool each_line(struct lines *l, const char *text, gsize len, GError **error)
{
    for (const char *end = text + len, *next; text < end; text = next) {
        const char *newline = memchr(text, '\n', end - text);
        next = newline ? newline + 1 : end;
        g_autofree char *line = g_strndup(text, (newline ? newline : end) - text);
        l->line++;
        if (!one_line(l, line, error))
            return false;
    }
    return true;
}

bool conf_read_lines(struct conf_reader *reader, const char *file, const char *text, gsize len,
                     GError **error)
{
    struct lines l = {.reader = reader, .file = file};
    const char *bom = "\xef\xbb\xbf";
    if (memchr(text, '\0', len))
        return conf_fail((struct conf_where){file, 1}, error, "the file is not a text");
    if (len >= 3 && memcmp(text, bom, 3) == 0) {
        text += 3;
        len -= 3;
    }
    l.joined = g_string_new(NULL);
    l.document = g_ptr_array_new_with_free_func(g_free);
    bool ok = each_line(&l, text, len, error);
    if (ok)
        warn_of_the_rest(&l);
    document_end(&l);
    g_ptr_array_unref(l.document);
    g_string_free(l.joined, TRUE);
    return ok;
}
