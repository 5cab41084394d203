/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configurations of other targets as a model. */
#ifndef TOOLS_CONVERT_H
#define TOOLS_CONVERT_H

#include "model.h"

/* What comes out, and what could not be expressed. */
struct converted {
    struct model *model;
    GPtrArray *remarks; /* char *: one sentence each */
};

void convert_remark(struct converted *c, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Each reads the text of a whole file. False: it is no such file; what and where. */
bool convert_targetcli(struct converted *c, const char *text, gsize len, GError **error);
bool convert_ctld(struct converted *c, const char *text, gsize len, GError **error);
bool convert_scst(struct converted *c, const char *text, gsize len, GError **error);

/* ---- Helpers of the formats ---- */

/* A target with identities of its own that lets nobody in yet. */
struct model_target *convert_target(struct converted *c, const char *name);
/* A logical unit on a file or device; the number is in use: NULL, and a remark. */
struct model_lun *convert_lun(struct converted *c, struct model_target *t, guint64 number,
                              const char *path);
/* An identification of at most `max` characters; longer ones are cut, with a remark. */
void convert_text(struct converted *c, struct model_lun *lun, enum model_lun_key key,
                  const char *text, gsize max);
/* An account that a target, or discovery, lets initiators in by. */
void convert_account(struct converted *c, GPtrArray *names, const char *name, const char *password);
void convert_outgoing(struct converted *c, char **name_of, const char *name, const char *password);
void convert_add(GPtrArray *texts, const char *text); /* once */
void convert_portal(struct converted *c, const char *address);

/* ---- convert-block.c: WORD WORD… { … }, as ctl.conf and scst.conf have it ---- */

struct statement {
    GPtrArray *words; /* char *: at least one */
    GPtrArray *inner; /* struct statement; empty if there is no block */
    unsigned line;
};

/* A statement without words that holds all; NULL: `error` says what and where. */
struct statement *statements_parse(const char *text, gsize len, GError **error);
void statement_free(struct statement *s);
/* NULL: there are not so many words. */
const char *statement_word(const struct statement *s, guint index);
bool statement_is(const struct statement *s, const char *word);
/* Second word of the first inner statement that begins with `word`; NULL: there is none. */
const char *statement_value(const struct statement *s, const char *word);
/* The inner block WORD NAME; NULL: there is none. */
const struct statement *statement_find(const struct statement *s, const char *word,
                                       const char *name);

#define EACH_STATEMENT(s, i, parent)                                                               \
    for (guint i = 0; i < (parent)->inner->len; i++)                                               \
        for (const struct statement *s = (parent)->inner->pdata[i]; s; s = NULL)

#endif
