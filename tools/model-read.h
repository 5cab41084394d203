/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the parts that make a model of a configuration file. */
#ifndef TOOLS_MODEL_READ_H
#define TOOLS_MODEL_READ_H

#include "model.h"

struct model_reader {
    struct conf *conf;
    struct model *model;
    bool legacy;        /* logical units get tgt's identities, unless a target says otherwise */
    bool identity_said; /* … and the file says so */
};

/* A line of the file that gives a value. */
struct model_line {
    const char *text; /* never NULL nor empty */
    struct conf_where where;
    bool cut;
};

/* Where an option may stand. */
enum model_scope { SCOPE_FILE = 1, SCOPE_TARGET = 2, SCOPE_STORE = 4 };

/* Remark options of a block that have no meaning there, with what was meant perhaps. */
void model_check_options(struct model_reader *r, const struct conf_block *block,
                         enum model_scope scope);
/* Remark blocks other than those of these names (NULL-terminated). */
void model_check_blocks(struct model_reader *r, const struct conf_block *block,
                        const char *const *names);

/* All values of an option; the ones that are missing are remarked and left out. Free with
 * g_array_unref(). */
GArray *model_lines(struct model_reader *r, const struct conf_block *block, const char *key);
/* The only value of an option; false: there is none. More than one is wrong. */
bool model_line(struct model_reader *r, const struct conf_block *block, const char *key,
                struct model_line *line);
/* "yes" or "no"; NULL: it is neither, which is wrong. */
const char *model_switch(struct model_reader *r, const char *key, const struct model_line *line);
/* A number from 0 to `max`; false: it is none, which is wrong. */
bool model_number(struct model_reader *r, const char *key, const struct model_line *line,
                  guint64 max, guint64 *number);

/* model-read-target.c, model-read-lun.c, model-read-user.c. */
void model_read_target(struct model_reader *r, const struct conf_block *block);
void model_read_luns(struct model_reader *r, const struct conf_block *block,
                     struct model_target *target);
/* "NAME PASSWORD" of all values: the accounts are in the model, their names in `names`. */
void model_read_users(struct model_reader *r, const struct conf_block *block, const char *key,
                      GPtrArray *names);
/* The first one only; NULL: none. */
char *model_read_user(struct model_reader *r, const struct conf_block *block, const char *key);

/* The parameters of targets that have a fixed name: iSCSI's keys and ours. */
bool model_is_target_param(const char *key);
/* tgt knows these keys; here they have one value, and nothing is to be set. */
const char *model_fixed_param(const char *key);

#endif
