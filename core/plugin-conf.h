/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drop-in files of plugins: NAME.conf with [plugin] load=auto|yes|no and [params] key=value. */
#ifndef CORE_PLUGIN_CONF_H
#define CORE_PLUGIN_CONF_H

#include <glib.h>
#include <stdbool.h>

/* When a plugin is loaded: X(NAME, word in the file). */
#define PLUGIN_LOAD_LIST(X)                                                                        \
    X(AUTO, "auto") /* on first use */                                                             \
    X(YES, "yes")   /* at start */                                                                 \
    X(NO, "no")     /* only by command */

enum plugin_load_when {
#define X(name, word) PLUGIN_LOAD_##name,
    PLUGIN_LOAD_LIST(X)
#undef X
        PLUGIN_LOAD_MASKED, /* never: the file is a link to /dev/null */
};

struct plugin_conf {
    enum plugin_load_when load;
    char *file;   /* the file that counts, or NULL: there is none */
    char **words; /* [params] as "key=value", NULL-terminated */
    char *stamp;  /* which files it was read from, and of what time */
};

/* The file of `name` in the last of `dirs` that has one; it replaces those before it as a whole. A
 * file that cannot be understood is said once in the log, with its line, and the one before it
 * counts. Never NULL. */
struct plugin_conf *plugin_conf_read(char *const *dirs, const char *name);
/* Would reading find the same files? */
bool plugin_conf_is_current(const struct plugin_conf *conf, char *const *dirs, const char *name);
void plugin_conf_free(struct plugin_conf *conf);

#endif
