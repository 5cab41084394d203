/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of tgtctl: words, and options that may stand anywhere. */
#ifndef TOOLS_ARGS_H
#define TOOLS_ARGS_H

#include <glib.h>
#include <stdbool.h>

/* One option; it means the same in all commands that take it. */
struct option_row {
    const char *name;  /* without the dashes */
    char letter;       /* short form, or 0 */
    const char *value; /* what its value is called in help, or NULL: it has none */
    const char *help;
};

/* All options, ended by a row without name. */
extern const struct option_row option_rows[];
const struct option_row *option_find(const char *name);

const struct option_row *option_find_letter(char letter);

struct args {
    GPtrArray *words;    /* char *, in order */
    GHashTable *options; /* name -> GPtrArray of char *; a flag has an empty text */
};

/* False: stderr says what is wrong. */
bool args_parse(struct args *args, int argc, char **argv);
void args_clear(struct args *args);

bool args_has(const struct args *args, const char *option);
/* The value given last, or NULL. */
const char *args_value(const struct args *args, const char *option);
/* All values, in order; NULL if there is none. */
const GPtrArray *args_values(const struct args *args, const char *option);
const char *args_word(const struct args *args, guint index); /* NULL: there is none */

#endif
