/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file that a command of tgtctl config is about. */
#ifndef TOOLS_CONFIG_SOURCE_H
#define TOOLS_CONFIG_SOURCE_H

#include <stdio.h>

#include "model.h"

struct ctl;

/* A file and what it means. */
struct source {
    struct conf *conf;
    struct model *model;
};

/* The file that word `index` names, or the one that is always meant. */
const char *source_file(const struct ctl *ctl, guint index);
bool source_is_standard(const char *path); /* "-" */
/* False: it cannot be read at all; stderr says why. With `leaves_out`, what cannot be served is
 * left out, and all else can be: logical units whose file is not there, targets with mistakes. */
bool source_load(struct source *s, const char *path, bool leaves_out);
/* Are there no mistakes, or only such as can be left out? */
bool source_can_be_served(const struct source *s);
/* Targets with mistakes stay as they are, or are there by name and number only: the numbers of
 * others, and with them identities, are what they would be. Says so on stderr. */
void source_leave_out(struct source *s, const struct model *live);
void source_clear(struct source *s);
void source_print_notes(const struct conf *conf, FILE *out);

#endif
