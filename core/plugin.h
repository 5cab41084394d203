/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plugin host: finds plugins, describes them without loading, loads on first use, counts users.
 * Main thread unless said. */
#ifndef CORE_PLUGIN_H
#define CORE_PLUGIN_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/tgt.h>

struct plugins;

/* Life of a plugin: X(NAME, word for users). */
#define PLUGIN_STATE_LIST(X)                                                                       \
    X(FOUND, "available")     /* will load on first use */                                         \
    X(DISABLED, "disabled")   /* a drop-in file says load=no */                                    \
    X(UNTRUSTED, "untrusted") /* somebody else could write the file */                             \
    X(INVALID, "invalid")     /* not a plugin, truncated, not ELF, … */                          \
    X(FOREIGN, "foreign-abi") /* built for another ABI or machine */                               \
    X(MISSING, "missing-library")                                                                  \
    X(FAILED, "failed") /* dlopen, checks or load() failed */                                      \
    X(IDLE, "idle")     /* loaded, no users */                                                     \
    X(ACTIVE, "active") /* loaded, with users */

enum plugin_state {
#define X(name, ...) PLUGIN_##name,
    PLUGIN_STATE_LIST(X)
#undef X
};

/* One plugin file. Strings come from its ELF section until it is loaded. */
struct plugin {
    char *file; /* path */
    char *name; /* from the section, or from the file name if that cannot be read */
    char *version, *abi, *provides, *needs, *licence, *summary; /* NULL if unknown */
    unsigned kind; /* enum tgt_plugin_kind, 0: unknown */
    enum plugin_state state;
    char *reason;                  /* one sentence: why not usable; NULL */
    unsigned users;                /* LUs, portals, … that use it */
    const struct tgt_plugin *desc; /* the descriptor; NULL until loaded */
    union {                        /* private, zero-extended copies of the ops table, once loaded */
        struct tgt_bs_ops bs;
        struct tgt_device_ops device;
        struct tgt_transport_ops transport;
    };
    struct tgt_params *params;   /* values of the plugin-wide parameters, once loaded */
    void *data;                  /* tgt_plugin_data_set(); atomic */
    unsigned serial;             /* small number, unique in this process: index of transport_data */
    struct plugin_private *priv; /* plugin.c */
};

/* Look through the directories and describe all that is found; nothing is loaded but plugins with
 * load=yes. `dirs` in order, the first file of a name and kind wins. `conf_dirs`: drop-in folders,
 * later ones override. Never fails: what is broken is listed with its reason. */
struct plugins *plugins_new(char **dirs, char **conf_dirs);
/* The daemon ends: what is being loaded fails soon, nothing is taken into use any more. */
void plugins_stop(struct plugins *plugins);
void plugins_free(struct plugins *plugins); /* unloads; NULL is fine */
/* All whose files are there or that are loaded, sorted by kind and name. The array changes with the
 * next look at the directories, its elements are valid until plugins_free(). */
const GPtrArray *plugins_list(struct plugins *plugins);
/* The same without a look at the directories: for whoever wants those that are loaded. */
const GPtrArray *plugins_known(const struct plugins *plugins);
struct plugin *plugins_find(struct plugins *plugins, unsigned kind,
                            const char *name); /* kind 0: any; NULL: none */
/* The plugin that provides e.g. "bs:rbd", loaded, with one more user. NULL with an error that says
 * what is wrong and what to do ("did you mean"). Counterpart: plugin_unuse(). A plugin that is not
 * loaded yet is tried in a process of its own, which may take seconds: plugin_use() waits for that
 * and is for the start, when nobody is served yet. */
struct plugin *plugin_use(struct plugins *plugins, const char *provides, GError **error);
/* The same without waiting, for requests: `done` is called, now or later, with the plugin or with
 * an error, which it takes over. Several requests for a plugin wait for the same attempt. */
void plugin_get(struct plugins *plugins, const char *provides,
                void (*done)(struct plugin *plugin, GError *error, void *data), void *data);
void plugin_unuse(struct plugin *plugin); /* NULL is fine */
/* tgtctl plugin load / unload. Loading again what failed or was disabled tries anew (an explicit
 * load overrides load=no). `done` as above; no user is counted. */
void plugin_load(struct plugins *plugins, struct plugin *plugin,
                 void (*done)(struct plugin *plugin, GError *error, void *data), void *data);
bool plugin_unload(struct plugin *plugin, GError **error);
const char *plugin_state_name(enum plugin_state state);
const char *plugin_kind_name(unsigned kind);
/* The loaded plugin of a descriptor. Any thread. */
struct plugin *plugin_of(const struct tgt_plugin *desc);

/* params.c: values of a parameter table. `words` is a NULL-terminated list of "key=value" (a bare
 * key of a BOOL means on). */
struct tgt_params *params_parse(const struct tgt_param *table, unsigned count, size_t size,
                                char **words, GError **error);
void params_free(struct tgt_params *params);
/* Change one value of a table in place (for `target set`); thread-safe against params_get_…() by
 * replacing the value atomically is not needed: the caller locks. */
bool params_set(struct tgt_params *params, const char *name, const char *value, GError **error);
/* Value or default as text, for listings; a secret is shown as "***". NULL: none. */
const char *params_text(const struct tgt_params *params, const char *name);
/* The words that were parsed, for listings: secrets are shown as "***". Free with g_strfreev(). */
char **params_shown(const struct tgt_params *params, char **words);
const char *params_str(const struct tgt_params *params, const char *name);
uint64_t params_uint(const struct tgt_params *params, const char *name);
bool params_bool(const struct tgt_params *params, const char *name);
/* "1G" and the like; used by all options that take a size. */
bool parse_size(const char *text, uint64_t *value, GError **error);

/* host.c: the table given to load(). */
const struct tgt_host *host_table(void);

/* suggest.c: the nearest of `words` (NULL-terminated) to `word` if it is near enough to be meant,
 * or NULL. */
const char *suggest(const char *word, const char *const *words);

#endif
