/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon as a service: it becomes ready, is reloaded, ends, and tells its manager. */
#include "service.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#include "applying.h"
#include "daemon.h"
#include "inherited.h"
#include "log.h"
#include "notify.h"
#include "options.h"
#include "portal-start.h"
#include "status.h"
#include "thread.h"

struct service {
    struct options *options;
    GMainLoop *loop;
    int ready_fd; /* -1: nobody waits, or has been told */
    bool ready;
    bool again;  /* SIGHUP came while the configuration was being applied */
    bool ending; /* a signal came, or the loop has ended */
    int exit_status;
    struct applying *applying; /* under way, or NULL */
    struct status *status;     /* once it is ready */
};

static void fail(struct service *s, const GError *error)
{
    log_error("%s", error->message);
    s->exit_status = 1;
    g_main_loop_quit(s->loop);
}

/* ---- Ready ---- */

static bool write_pid_file(const char *path, GError **error)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    if (path &&
        !g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, error))
        return false;
    daemon_get()->pid_file = g_strdup(path);
    return true;
}

/* A child that has been detached is not the process that the manager has started. */
static void tell_ready(void)
{
    g_autofree char *state = g_strdup_printf("READY=1\nMAINPID=%d", (int)getpid());
    notify(state);
}

static void become_ready(struct service *s)
{
    g_autoptr(GError) error = NULL;
    if (!write_pid_file(s->options->pid_file, &error)) {
        fail(s, error);
        return;
    }
    if (s->ready_fd >= 0 || s->options->nodaemonize)
        log_use_syslog("tgtd");
    if (s->ready_fd >= 0)
        detach_ready(s->ready_fd);
    s->ready_fd = -1;
    s->ready = true;
    inherited_drop(daemon_get()->config.inherited);
    watches_release();
    s->status = status_new();
    tell_ready();
}

/* ---- The targets configuration ---- */

static void reload(struct service *s);

static void applied_at_start(struct service *s, const GError *error)
{
    if (error)
        fail(s, error);
    else
        become_ready(s);
}

static void applied_again(struct service *s, const GError *error)
{
    if (error)
        log_error("%s; the targets are as far as it came", error->message);
    else
        log_notice("%s has been applied again", s->options->targets_file);
    tell_ready();
}

static void applied(GError *error, void *data)
{
    struct service *s = data;
    s->applying = NULL;
    if (s->ready)
        applied_again(s, error);
    else
        applied_at_start(s, error);
    g_clear_error(&error);
    if (s->ready && s->again)
        reload(s);
}

static void apply(struct service *s)
{
    g_autoptr(GError) error = NULL;
    s->again = false;
    s->applying = applying_new(s->options->targets_file, applied, s, &error);
    if (s->applying)
        return;
    if (!s->ready) {
        fail(s, error);
        return;
    }
    log_error("%s", error->message);
    tell_ready();
}

static void tell_reloading(void)
{
    g_autofree char *state =
        g_strdup_printf("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time());
    notify(state);
}

static void reload(struct service *s)
{
    tell_reloading();
    if (s->options->targets_file) {
        apply(s);
        return;
    }
    log_notice("SIGHUP: there is nothing to be applied again, tgtd runs without --config");
    tell_ready();
}

/* ---- Signals ---- */

static gboolean on_hangup(gpointer data)
{
    struct service *s = data;
    if (s->ready && !s->applying)
        reload(s);
    else
        s->again = true;
    return G_SOURCE_CONTINUE;
}

/* The first one ends it, the next ones hasten the end. */
static gboolean on_end(gpointer data)
{
    struct service *s = data;
    if (s->ending)
        daemon_hasten();
    else
        g_main_loop_quit(s->loop);
    s->ending = true;
    return G_SOURCE_CONTINUE;
}

/* ---- All together ---- */

/* Portals are open before the configuration is applied, so that one that cannot be opened is said
 * at once; but nobody who calls is let in before the daemon is ready. */
static void start(struct service *s)
{
    g_autoptr(GError) error = NULL;
    if (!daemon_start(&s->options->config, &error)) {
        fail(s, error);
        return;
    }
    daemon_get()->loop = s->loop;
    watches_hold();
    if (!portals_start(s->options->transports, &error))
        fail(s, error);
    else if (s->options->targets_file)
        apply(s);
    else
        become_ready(s);
}

int service_run(struct options *options, int ready_fd)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    struct service s = {.options = options, .loop = loop, .ready_fd = ready_fd};
    g_unix_signal_add(SIGTERM, on_end, &s);
    g_unix_signal_add(SIGINT, on_end, &s);
    g_unix_signal_add(SIGHUP, on_hangup, &s);
    start(&s);
    if (s.exit_status == 0 && !s.ending)
        g_main_loop_run(loop);
    s.ending = true;
    applying_stop(s.applying);
    if (s.ready)
        notify("STOPPING=1\nSTATUS=initiators are asked to log out");
    daemon_stop();
    status_free(s.status);
    return s.exit_status;
}
