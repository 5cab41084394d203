/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command of tgtadm: the words that are run, and the text that tgt-admin shows for it. The text
 * is that of tgt's own tgt-admin, blanks included; a value that a shell would not take as it stands
 * is shown in quotes, so that the text can be given to a shell. */
#ifndef TOOLS_ADMIN_COMMAND_H
#define TOOLS_ADMIN_COMMAND_H

#include <glib.h>

struct command {
    GString *text;    /* "tgtadm -C 0 …" */
    GPtrArray *words; /* char *, without "tgtadm" */
};

/* A command for the daemon's instance `port`. */
struct command *command_new(const char *port);
void command_free(struct command *command); /* NULL is fine */

/* Words without surprises, separated by single blanks: " --op new --mode target". */
void command_words(struct command *command, const char *words);
/* " --tid 1" */
void command_option(struct command *command, const char *name, const char *value);
void command_number(struct command *command, const char *name, unsigned value);
/* " --tid=1" */
void command_equals(struct command *command, const char *name, const char *value);
/* " -b \"PATH\"" */
void command_quoted(struct command *command, const char *name, const char *value);
/* " --params KEY=\"VALUE\"" */
void command_param(struct command *command, const char *key, const char *value);
/* Blanks that tgt shows where an option is not given. */
void command_blank(struct command *command);
/* Words that are run, but not shown. */
void command_hidden(struct command *command, const char *word);

#endif
