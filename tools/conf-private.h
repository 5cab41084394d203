/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the two passes over targets.conf: files become entries, entries become a tree. */
#ifndef TOOLS_CONF_PRIVATE_H
#define TOOLS_CONF_PRIVATE_H

#include "conf.h"

#define CONF_ERROR (g_quark_from_static_string("tgt-conf-error"))

/* One logical line: comments are gone, continuation lines are joined, includes are opened. */
struct conf_entry {
    char *text;     /* of a here-document: its key */
    char *document; /* NULL: not a here-document */
    struct conf_where where;
    bool cut; /* see struct conf_value */
};

/* Pass 1, all files of a configuration. */
struct conf_reader {
    struct conf *conf;
    GPtrArray *entries; /* struct conf_entry */
    GHashTable *seen;   /* paths of files that were read */
    char *folder;       /* of the main file, where files are looked for, too; NULL: none */
    gsize total;        /* bytes read */
    unsigned depth;     /* of includes */
    bool includes;      /* they are followed */
};

/* conf-lines.c: the lines of one file, which belongs to conf->files. */
bool conf_read_lines(struct conf_reader *reader, const char *file, const char *text, gsize len,
                     GError **error);
/* conf-include.c: a file, a directory or a pattern. `where` is of the line that wants it. */
bool conf_open(struct conf_reader *reader, const char *path, struct conf_where where,
               GError **error);
bool conf_open_optional(struct conf_reader *reader, const char *path, struct conf_where where,
                        GError **error);
const char *conf_add_file(struct conf *conf, const char *path);
/* conf-tree.c: pass 2. */
bool conf_build(struct conf *conf, const GPtrArray *entries, GError **error);
struct conf_block *conf_block_new(const char *name, const char *arg, struct conf_where where);

/* What Perl's \s matches. */
static inline bool conf_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline const char *conf_skip_space(const char *p)
{
    while (conf_is_space(*p))
        p++;
    return p;
}

char *conf_trim(const char *text, gsize len); /* both ends; free with g_free() */
/* False, with "FILE:LINE: TEXT". */
bool conf_fail(struct conf_where where, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

#endif
