/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program tgtd: command line, start, signals, end. */
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon.h"
#include "error.h"
#include "log.h"
#include "notify.h"
#include "options.h"
#include "plugin.h"
#include "portal.h"

static rlim_t most_files(rlim_t otherwise)
{
    g_autofree char *text = NULL;
    guint64 value;
    if (!g_file_get_contents("/proc/sys/fs/nr_open", &text, NULL, NULL) ||
        !g_ascii_string_to_unsigned(g_strchomp(text), 10, 1024, G_MAXINT64, &value, NULL))
        return otherwise;
    return value;
}

/* Each session and each store is a descriptor. Only root may raise the hard limit; others get what
 * they may have. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    rlim_t most = most_files(limit.rlim_max);
    struct rlimit all = {most, most}, allowed = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &all) < 0 && setrlimit(RLIMIT_NOFILE, &allowed) < 0)
        log_warning("cannot raise the limit of open files: %s", g_strerror(errno));
}

static gboolean on_signal(gpointer loop)
{
    if (g_main_loop_is_running(loop))
        g_main_loop_quit(loop);
    else
        daemon_hasten();
    return G_SOURCE_CONTINUE;
}

/* Everybody knows that there is iSCSI. There may be a file of it which could not be read: then that
 * is said. */
static bool have_iscsi(GError **error)
{
    struct daemon *d = daemon_get();
    const struct plugin *found = plugins_find(d->plugins, 0, "iscsi");
    g_autofree char *dirs = g_strjoinv(", ", d->config.plugin_dirs);
    if (plugins_find(d->plugins, TGT_PLUGIN_TRANSPORT, "iscsi"))
        return true;
    if (found && found->reason)
        g_set_error_literal(error, CORE_ERROR, CORE_ERROR_PLUGIN, found->reason);
    else
        g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND,
                    "the transport plugin 'iscsi' was not found in %s: install it, or say with "
                    "--plugin-dir where it is",
                    dirs);
    return false;
}

static bool have_transport(const char *name, GError **error)
{
    if (strcmp(name, "iscsi") == 0)
        return have_iscsi(error);
    if (plugins_find(daemon_get()->plugins, TGT_PLUGIN_TRANSPORT, name))
        return true;
    g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND,
                "--%s: there is neither an option nor a transport plugin of this name", name);
    return false;
}

static bool add_portals(const struct transport_option *t, GError **error)
{
    if (!have_transport(t->name, error))
        return false;
    for (guint i = 0; i < t->portals->len; i++)
        if (!portal_add(t->name, t->portals->pdata[i], (char *const *)t->options->pdata, error))
            return false;
    return true;
}

/* Nothing said: iSCSI listens on every address, of IPv6 only where the system has it. */
static bool add_default_portals(char *const *options, GError **error)
{
    if (!have_transport("iscsi", error) || !portal_add("iscsi", "0.0.0.0:3260", options, error))
        return false;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    close(fd);
    return portal_add("iscsi", "[::]:3260", options, error) != NULL;
}

static bool open_portals(const GPtrArray *transports, GError **error)
{
    bool iscsi_listens = false;
    char *none[] = {NULL}, *const *iscsi_options = none;
    for (guint i = 0; i < transports->len; i++) {
        const struct transport_option *t = transports->pdata[i];
        if (!add_portals(t, error))
            return false;
        if (strcmp(t->name, "iscsi") != 0)
            continue;
        iscsi_listens = t->portals->len > 0;
        iscsi_options = (char *const *)t->options->pdata;
    }
    return iscsi_listens || add_default_portals(iscsi_options, error);
}

static bool write_pid_file(const char *path, GError **error)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    if (path &&
        !g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, error))
        return false;
    daemon_get()->pid_file = g_strdup(path);
    return true;
}

static bool start(struct options *o, GMainLoop *loop, GError **error)
{
    if (!daemon_start(&o->config, error))
        return false;
    daemon_get()->loop = loop;
    return open_portals(o->transports, error) && write_pid_file(o->pid_file, error);
}

/* `ready_fd`: of detach(), or -1. */
static int serve(struct options *o, int ready_fd)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    for (unsigned i = 0; i < G_N_ELEMENTS(signals); i++)
        g_unix_signal_add(signals[i], on_signal, loop);
    if (!start(o, loop, &error)) {
        log_error("%s", error->message);
        daemon_stop();
        return 1;
    }
    if (ready_fd >= 0 || o->nodaemonize)
        log_use_syslog("tgtd");
    if (ready_fd >= 0)
        detach_ready(ready_fd);
    notify("READY=1");
    g_main_loop_run(loop);
    notify("STOPPING=1");
    daemon_stop();
    return 0;
}

static int run(struct options *o)
{
    g_autoptr(GError) error = NULL;
    int ready_fd = -1;
    signal(SIGPIPE, SIG_IGN);
    log_set_level(o->debug ? TGT_LOG_DEBUG : o->config.log_level);
    raise_file_limit();
    if (!o->foreground && !o->nodaemonize && (ready_fd = detach(&error)) < 0) {
        log_error("%s", error->message);
        return 1;
    }
    return serve(o, ready_fd);
}

int main(int argc, char **argv)
{
    struct options options;
    int status = 0;
    enum options_verdict verdict = options_parse(&options, argc, argv);
    if (verdict == OPTIONS_RUN)
        status = run(&options);
    else if (verdict == OPTIONS_WRONG)
        status = 1;
    options_clear(&options);
    return status;
}
