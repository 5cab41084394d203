/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the command line share. */
#ifndef CORE_OPTIONS_PRIVATE_H
#define CORE_OPTIONS_PRIVATE_H

#include <getopt.h>

#include "options.h"

/* The first number of options without a letter. */
#define OPT_SETTINGS 256

/* The long options, ended by one without name. */
extern const struct option option_table[];
extern const char option_usage[];

/* Where a value comes from, for what is said about it. */
struct option_source {
    const char *file; /* NULL: the command line */
    GStrvBuilder *plugin_dirs;
};

/* Set the option with this value of struct option. False: stderr says what is wrong. */
bool option_set(struct options *o, const struct option_source *source, int letter, const char *name,
                const char *value);
/* What is not said. */
void option_defaults(struct options *o, GStrvBuilder *plugin_dirs);
/* "tgtd: OPTION: what is wrong"; always false. */
bool option_wrong(const struct option_source *source, const char *option, const char *what);
/* The daemon changes to the root directory: what the admin typed is relative to where he is. */
char *option_path(const char *path);

/* options-transport.c: the words of "--NAME key=value,…", or one of them. */
void option_transport(struct options *o, const char *name, const char *text);
void option_transport_word(struct options *o, const char *name, const char *word);
void option_transport_free(void *transport_option);
/* What comes now is of the command line: portals that it names replace those of the file. */
void option_transports_from_file(struct options *o);

/* options-file.c: read the settings of the daemon. `path` NULL: the installed file, if there is
 * one; empty: none. False: stderr says what is wrong. */
bool option_file(struct options *o, GStrvBuilder *plugin_dirs, const char *path);

#endif
