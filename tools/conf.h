/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grammar of targets.conf: blocks, options with their values, and where each was read. What the
 * words mean is the model's (conf-model.h). The grammar is that of Perl's Config::General, with
 * Apache's include, directories, globs and merged blocks. */
#ifndef TOOLS_CONF_H
#define TOOLS_CONF_H

#include <glib.h>
#include <stdbool.h>

/* What a configuration may have at most. */
#define CONF_FILE_MAX  (16u << 20) /* bytes of a file */
#define CONF_TOTAL_MAX (64u << 20) /* bytes of all files */
#define CONF_LINE_MAX  65536u      /* bytes of an entry, with its continuation lines */
#define CONF_FILES_MAX 65536u      /* files */
#define CONF_DEPTH_MAX 16u         /* includes within includes, and blocks within blocks */
#define CONF_GLOB_MAX  10000u      /* alternatives in the braces of a pattern */

/* Code of the error when a file that the configuration includes does not exist; else it is 0. */
#define CONF_ERROR_MISSING 2

struct conf_where {
    const char *file; /* belongs to struct conf; NULL: nowhere */
    unsigned line;    /* from 1 */
};

struct conf_value {
    char *text; /* NULL: the key stands there alone; "" is an empty value */
    struct conf_where where;
    bool cut; /* a '#' that touches a word ended the line: perhaps part of the value was meant */
};

/* A key with all values that it was given, in order. At least one. */
struct conf_option {
    char *key;
    GPtrArray *values; /* struct conf_value */
};

/* <NAME ARG> … </NAME>. Blocks of the same name and argument are one, with the options of all. */
struct conf_block {
    char *name;
    char *arg; /* NULL: none */
    struct conf_where where;
    GPtrArray *options; /* struct conf_option, in order of the first value */
    GPtrArray *blocks;  /* struct conf_block, in order of the first opening */
    GHashTable *index;  /* of both; conf-tree.c */
};

struct conf_note {
    struct conf_where where;
    bool error;
    char *text;
};

struct conf {
    struct conf_block *root; /* without a name */
    GPtrArray *files;        /* char *: files that were read, in order */
    GPtrArray *notes;        /* struct conf_note: warnings, and what the model finds */
    GHashTable *said;        /* texts of the notes: each is made once */
    unsigned wrongs;         /* calls of conf_wrong() */
};

/* Read a file with all that it includes. NULL: `error` is one sentence, with file and line. */
struct conf *conf_load(const char *path, GError **error);
/* The same of a text that is called `name`. Without `includes` lines that include are left out. */
struct conf *conf_parse(const char *name, const char *text, gsize len, bool includes,
                        GError **error);
void conf_free(struct conf *conf); /* NULL is fine */

/* NULL: there is none. */
const struct conf_option *conf_option(const struct conf_block *block, const char *key);
const struct conf_block *conf_block(const struct conf_block *block, const char *name,
                                    const char *arg);
/* The first value of an option; NULL: there is none, or it is missing. */
const char *conf_first(const struct conf_block *block, const char *key);

/* A remark for whoever checks the file; kept in `notes`. */
void conf_warn(struct conf *conf, struct conf_where where, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void conf_wrong(struct conf *conf, struct conf_where where, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
unsigned conf_errors(const struct conf *conf); /* number of notes that are errors */
/* "FILE:LINE: warning: TEXT"; free with g_free(). */
char *conf_note_text(const struct conf_note *note);

#endif
