/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one object that holds the parts of the daemon together; services without a context argument
 * find it here. */
#ifndef CORE_DAEMON_H
#define CORE_DAEMON_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <tgt/host.h>

struct plugins;
struct accounts;
struct targets;
struct portals;
struct threads;
struct alive;
struct control;
struct drain;
struct inherited;
struct isns;

/* Where the control sockets are if nothing else is said. */
#define CONTROL_DIR "/run/tgtd"

/* What the command line said. Strings are owned by the daemon. */
struct daemon_config {
    char
        *state_dir; /* identities and other state that outlives the daemon; NULL: nothing is kept */
    char *control_path;      /* control socket; NULL: none (unit tests) */
    char *legacy_path;       /* tgt's management socket; NULL: none */
    char **plugin_dirs;      /* NULL-terminated, in order of search; first wins */
    char **plugin_conf_dirs; /* drop-in folders, lowest priority first */
    char *ring;              /* "auto", "uring" or "poll" */
    unsigned threads;        /* number of I/O threads; 0: the default */
    uint64_t buffer_memory;  /* bytes of data buffers per I/O thread; 0: the default */
    int spin_us;             /* of struct threads_config */
    GArray *io_cpus;         /* the same; NULL: anywhere */
    enum tgt_log_level log_level; /* what is logged, when nobody debugs */
    struct inherited *inherited;  /* inherited.h: sockets of the daemon before; NULL: none */
    unsigned stop_timeout;        /* seconds that initiators have to log out when the daemon ends */
};

/* Set up by daemon_start(), constant afterwards; each part has its own locking rules. */
struct daemon {
    struct daemon_config config;
    struct threads *threads; /* thread.h */
    struct plugins *plugins; /* plugin.h */
    struct accounts *accounts; /* account.h */
    struct targets *targets; /* target.h */
    struct portals *portals; /* portal.h */
    struct isns *isns;       /* isns.h */
    struct control *control; /* control.h */
    GMainLoop *loop;         /* the main thread's; NULL in unit tests that run their own */
    char *pid_file;          /* written by us, removed at the end; NULL: none */
    gint64 started;          /* g_get_monotonic_time() */
    GHashTable *
        optables; /* optable.c: struct optable by device table; NULL until first use. Main thread */
    uint64_t last_session; /* atomic: number of the newest session */
    uint64_t
        generation; /* of the configuration: raised when a method has changed it. Main thread */
    gint work;             /* atomic: see daemon_work_begin() */
    gint state;            /* atomic: enum system_state */
    struct alive *alive;   /* alive.h */
    GPtrArray *held_watches; /* GSource *, watch.c: transports that wait for the daemon to be
                                ready; NULL: it is */
    GPtrArray *followers;    /* control-log.c: who follows the log; NULL: nobody */
    gint lines_wait;         /* atomic: they are about to be told */
    struct drain *drain;   /* system.c: the one under way, NULL: none */
};

/* The daemon of this process; NULL before daemon_start(). The one mutable variable of file scope in
 * core/ beside main.c and log.c: services of the plugin ABI carry no context. Any thread. */
struct daemon *daemon_get(void);

/* Make all parts in order: threads, plugins, targets, portals, control. Takes over `config`'s
 * strings. Main thread. */
bool daemon_start(struct daemon_config *config, GError **error);
/* Close the control sockets, portals, sessions (politely, with a deadline), targets and stores,
 * then threads; the next daemon may start when it returns. Main thread; iterates its main context.
 */
void daemon_stop(void);
/* Initiators have had time enough to log out; while daemon_stop() runs. Main thread. */
void daemon_hasten(void);

/* Work of the control path begins and ends: in a worker, by messages, or as a completion that is
 * still to come. It uses plugins and threads without being seen anywhere else, and daemon_stop()
 * waits for its end. Nothing happens where there is no daemon. Any thread. */
void daemon_work_begin(void);
void daemon_work_end(void);

#endif
