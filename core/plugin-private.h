/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the plugin host share with each other and with tgt-plugin-probe; nobody else
 * includes it. */
#ifndef CORE_PLUGIN_PRIVATE_H
#define CORE_PLUGIN_PRIVATE_H

#include <sys/stat.h>

#include "plugin.h"
#include "plugin-conf.h"

struct loading;
struct probe;

/* A refusal is an error whose code is the enum plugin_state that the plugin gets, and whose message
 * is one sentence: file, what was found, what is needed, what to do. */
#define PLUGIN_REFUSAL (plugin_refusal_quark())
GQuark plugin_refusal_quark(void);

/* Which file it was: tells a new file under an old path. */
struct file_id {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
};

struct plugin_private {
    char *const *conf_dirs;   /* where drop-in files are; the list's */
    struct plugin_conf *conf; /* its drop-in file; NULL until the name is known */
    bool hidden;              /* an earlier directory has a plugin of this kind and name */
    char **needed;            /* sonames that the file asks for */
    char *runpath;            /* DT_RUNPATH or DT_RPATH, or NULL */
    bool described;           /* `seen` has been described: */
    struct file_id seen;      /* the file that was looked at last */
    GError *judgement;        /* why its description makes it unusable, or NULL */
    bool tried;               /* it was run since it was examined: the state is of that */
    struct file_id probed;    /* the file that passed the probe */
    struct file_id mapped;    /* the file that `handle` belongs to */
    void *handle;             /* of dlopen(); the code stays mapped for the life of the process */
    struct loading *loading;  /* it is being loaded (plugin-loading.c), or NULL: leave it alone */
};

/* plugin.c */
struct plugin *plugin_new(const char *file, char *const *conf_dirs);
void plugin_free(struct plugin *plugin); /* unloads; NULL is fine */
bool plugin_is_loaded(const struct plugin *plugin);
/* Always false. */
bool plugin_refuse(GError **refusal, enum plugin_state state, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);
/* How a plugin that is not loaded is brought up. First: open the file, and ask whether it may be
 * loaded; `by_admin`: in spite of load=no. *fd is the caller's if it is not -1, also when refused.
 */
bool plugin_prepare(struct plugin *plugin, bool by_admin, int *fd, GError **refusal);
/* Second, if this is false: the probe. */
bool plugin_has_passed(const struct plugin *plugin, int fd);
/* Last: without a refusal until then, map and start it. Sets state and reason; takes over both. */
bool plugin_complete(struct plugin *plugin, int fd, GError *refusal);
/* Map the file behind *fd and check descriptor and table: runs its constructors. Once it is mapped,
 * *fd belongs to the mapping and -1 is left: dlopen() compares names before files, so the number in
 * "/proc/self/fd/N" must never stand for another file. */
bool plugin_map(struct plugin *plugin, int *fd, GError **refusal);
/* Check the parameters of its drop-in file and call load(). */
bool plugin_start(struct plugin *plugin, GError **refusal);
/* Services tgt_plugin_data_set() and tgt_plugin_data(). */
void plugin_data_set(const struct tgt_plugin *desc, void *data);
void *plugin_data(const struct tgt_plugin *desc);

/* plugin-examine.c */
struct file_id file_id_of_fd(int fd);
bool file_id_equal(const struct file_id *a, const struct file_id *b);
/* Has the file changed, come or gone since it was looked at? */
bool plugin_is_stale(const struct plugin *plugin);
/* Open the file, describe it if it is a new one, and judge it; *fd is the caller's if it is not -1,
 * also after a refusal. */
bool plugin_open(struct plugin *plugin, int *fd, GError **refusal);
/* What its drop-in file, as it is now, says. */
bool plugin_may_load(struct plugin *plugin, bool by_admin, GError **refusal);
/* Find out the state of what is not loaded. Runs no code of it. */
void plugin_examine(struct plugin *plugin);
/* Set state and reason; takes over the refusal. */
void plugin_set_refused(struct plugin *plugin, GError *refusal);
void plugin_set_usable(struct plugin *plugin, enum plugin_state state);

/* plugin-describe.c: fill in the identity from the section `.tgt.plugin` of the file behind `fd`;
 * judge machine and ABI. */
bool plugin_describe(struct plugin *plugin, int fd, GError **refusal);
/* Back to what the file's name says. */
void plugin_undescribe(struct plugin *plugin);
/* One line of printable UTF-8 out of bytes that somebody else wrote. */
char *plain_text(const char *text, size_t max);

/* plugin-check.c: the descriptor against the section, and the table against the rules of its kind;
 * copies the table. */
bool plugin_check(struct plugin *plugin, const struct tgt_plugin *desc, GError **refusal);

/* plugin-libs.c: the first library that is nowhere, or NULL; loads nothing. */
const char *plugin_libs_missing(char *const *needed, const char *runpath);
/* Which library the text of dlerror() complains about, or NULL if it is about something else. */
char *plugin_libs_blamed(char *const *needed, const char *dlerror_text);

/* plugin-loading.c: the steps above. plugin_bring_up() waits for the probe: for the start, when
 * nobody is served yet. plugin_loading_join() does not: `done` is called when `plugin` is loaded,
 * or cannot be; from within the call if no probe is needed. Who joins while it is being loaded
 * waits for the same attempt. */
bool plugin_bring_up(struct plugin *plugin);
void plugin_loading_join(struct plugin *plugin, bool by_admin,
                         void (*done)(struct plugin *plugin, void *data), void *data);
void plugin_loading_stop(struct plugin *plugin); /* the probe under way is ended, if there is one */

/* plugin-probe.c: try the file behind `fd` in a process of its own (map, start), so that a crash is
 * not ours. Made, stopped and freed by the main thread, run by any; `fd` must live as long. */
struct probe *probe_new(const struct plugin *plugin, int fd);
bool probe_run(struct probe *probe, GError **refusal);
void probe_stop(struct probe *probe);
void probe_free(struct probe *probe);

/* Descriptors that tgt-plugin-probe is given, and the words that it answers with: "stage mapping",
 * "stage loading", then "ok" or "refused STATE SENTENCE", one line each. */
enum { PROBE_FD_FILE = 3, PROBE_FD_WORDS = 4, PROBE_FD_REPORT = 5 };

#endif
