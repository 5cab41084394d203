/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Start and end of the daemon: makes its parts in order, takes them down in reverse order. */
#include "daemon.h"

#include <unistd.h>

#include "account.h"
#include "alive.h"
#include "control-log.h"
#include "control.h"
#include "inherited.h"
#include "isns.h"
#include "log.h"
#include "nexus.h"
#include "plugin.h"
#include "portal.h"
#include "system.h"
#include "target.h"
#include "thread.h"

/* How long sessions that nobody waits for any more may take to close, and stores with all that they
 * still have to write; then, an iSNS server to forget the targets. */
#define SESSIONS_MS   10000
#define STORES_MS     60000
#define DEREGISTER_MS 4000

static struct daemon *the_daemon;

struct daemon *daemon_get(void)
{
    return the_daemon;
}

static void config_clear(struct daemon_config *config)
{
    g_free(config->state_dir);
    g_free(config->control_path);
    g_free(config->legacy_path);
    g_free(config->ring);
    inherited_free(config->inherited);
    g_clear_pointer(&config->io_cpus, g_array_unref);
    g_strfreev(config->plugin_dirs);
    g_strfreev(config->plugin_conf_dirs);
}

/* Before the lock of the control socket is given back: then it may be the file of the next daemon.
 */
static void remove_pid_file(struct daemon *d)
{
    if (d->pid_file)
        unlink(d->pid_file);
    g_clear_pointer(&d->pid_file, g_free);
}

static void free_parts(struct daemon *d)
{
    g_clear_pointer(&d->isns, isns_free);
    portals_free(d->portals);
    targets_free(d->targets);
    threads_stop(d->threads);
    accounts_free(d->accounts); /* logins may have asked until here */
    alive_free(d->alive);
    plugins_free(d->plugins);
    g_clear_pointer(&d->optables, g_hash_table_unref);
    remove_pid_file(d);
    control_free(d->control);
    config_clear(&d->config);
    the_daemon = NULL;
    g_free(d);
}

static bool start_parts(struct daemon *d, GError **error)
{
    const struct daemon_config *c = &d->config;
    const struct threads_config threads = {.count = c->threads,
                                           .ring = c->ring,
                                           .buffer_memory = c->buffer_memory,
                                           .spin_us = c->spin_us,
                                           .cpus = c->io_cpus};
    d->threads = threads_start(&threads, error);
    if (!d->threads)
        return false;
    d->alive = alive_new(d->threads);
    d->plugins = plugins_new(c->plugin_dirs, c->plugin_conf_dirs);
    d->accounts = accounts_new();
    d->targets = targets_new();
    d->portals = portals_new();
    d->isns = isns_new();
    if (!c->control_path)
        return true;
    d->control = control_new(c->control_path, error);
    return d->control != NULL &&
           (!c->legacy_path || control_add_legacy(d->control, c->legacy_path, error));
}

bool daemon_start(struct daemon_config *config, GError **error)
{
    struct daemon *d = g_new0(struct daemon, 1);
    d->config = *config;
    *config = (struct daemon_config){0};
    d->started = g_get_monotonic_time();
    the_daemon = d;
    if (start_parts(d, error))
        return true;
    free_parts(d);
    return false;
}

static gboolean set_flag(gpointer flag)
{
    *(bool *)flag = true;
    return G_SOURCE_REMOVE;
}

static gboolean look_again(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

/* Iterates the main context until `over` says so; false: the deadline came first. The tick is for
 * ends that I/O threads bring about without telling the main thread. */
static bool run_until(bool (*over)(const void *), const void *data, unsigned ms)
{
    bool late = false;
    guint deadline = g_timeout_add(ms, set_flag, &late);
    guint tick = g_timeout_add(5, look_again, NULL);
    while (!late && !over(data))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(tick);
    if (!late)
        g_source_remove(deadline);
    return !late;
}

static bool drain_over(const void *data)
{
    return !system_draining();
}

/* A drain of the admin gives way: the end has a deadline of its own. */
static void close_sessions(struct daemon *d)
{
    unsigned seconds = d->config.stop_timeout;
    system_undrain();
    system_drain(seconds, NULL, NULL, NULL);
    run_until(drain_over, NULL, seconds * 1000 + SESSIONS_MS);
    g_autoptr(GArray) left = nexus_ids();
    if (left->len > 0)
        log_warning("%u sessions are still open: their targets are deleted under them", left->len);
}

void daemon_hasten(void)
{
    if (the_daemon)
        system_drain_hasten();
}

/* ---- Stores ---- */

void daemon_work_begin(void)
{
    if (the_daemon)
        g_atomic_int_inc(&the_daemon->work);
}

void daemon_work_end(void)
{
    if (the_daemon)
        g_atomic_int_add(&the_daemon->work, -1);
}

static void target_gone(GError *error, void *data)
{
    if (error)
        log_info("%s", error->message);
    g_clear_error(&error);
    --*(unsigned *)data;
}

/* A target whose deletion was under way already is no longer listed when that has ended. Logical
 * units on their way in or out are in no list: they are work. */
static bool all_closed(const void *under_way)
{
    g_autoptr(GList) targets = targets_list();
    return !targets && *(const unsigned *)under_way == 0 &&
           g_atomic_int_get(&the_daemon->work) == 0;
}

static void delete_targets(void)
{
    g_autoptr(GList) targets = targets_list();
    unsigned under_way = g_list_length(targets);
    for (GList *t = targets; t; t = t->next)
        target_delete(t->data, true, target_gone, &under_way);
    if (run_until(all_closed, &under_way, STORES_MS))
        return;
    /* What is stuck still uses memory that free_parts() would take away. */
    log_error("stores do not close within %u s (%u targets are left): ending without them",
              STORES_MS / 1000, under_way);
    remove_pid_file(the_daemon);
    _exit(1);
}

static bool all_deregistered(const void *isns)
{
    return isns_over(isns);
}

void daemon_stop(void)
{
    struct daemon *d = the_daemon;
    if (!d)
        return;
    control_close(d->control);
    isns_stop(d->isns);
    plugins_stop(d->plugins);
    watches_release();
    portals_close();
    close_sessions(d);
    delete_targets();
    run_until(all_deregistered, d->isns, DEREGISTER_MS);
    control_log_end();
    free_parts(d);
}
