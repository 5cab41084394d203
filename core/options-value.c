/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of tgtd: which there are, and what each value sets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "cpu-list.h"
#include "log.h"
#include "options-private.h"
#include "plugin.h"
#include "socket-paths.h"
#include "thread.h"

#define THREADS_MAX 1024u
#define SPIN_MAX_US 1000u
#define STOP_MAX_S  86400u
/* With less, a COMPARE AND WRITE of 64 KiB would be too large. */
#define BUFFERS_MIN (1u << 20)

/* Options without a letter. */
enum {
    OPT_RING = OPT_SETTINGS + 1,
    OPT_CONTROL,
    OPT_STATE_DIR,
    OPT_PLUGIN_DIR,
    OPT_BUFFER_MEMORY,
    OPT_SPIN,
    OPT_IO_CPUS,
    OPT_CONFIG,
    OPT_STOP_TIMEOUT,
    OPT_LOG_LEVEL,
};

const struct option option_table[] = {
    {"foreground", no_argument, NULL, 'f'},
    {"nodaemonize", no_argument, NULL, 'D'},
    {"control-port", required_argument, NULL, 'C'},
    {"nr_iothreads", required_argument, NULL, 't'},
    {"debug", required_argument, NULL, 'd'},
    {"pid-file", required_argument, NULL, 'p'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {"ring", required_argument, NULL, OPT_RING},
    {"control", required_argument, NULL, OPT_CONTROL},
    {"state-dir", required_argument, NULL, OPT_STATE_DIR},
    {"plugin-dir", required_argument, NULL, OPT_PLUGIN_DIR},
    {"buffer-memory", required_argument, NULL, OPT_BUFFER_MEMORY},
    {"spin", required_argument, NULL, OPT_SPIN},
    {"io-cpus", required_argument, NULL, OPT_IO_CPUS},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"stop-timeout", required_argument, NULL, OPT_STOP_TIMEOUT},
    {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
    {"settings", required_argument, NULL, OPT_SETTINGS},
    {0},
};

const char option_usage[] =
    "Usage: tgtd [OPTION]...\n"
    "Export storage to SCSI initiators.\n"
    "\n"
    "  -f, --foreground         stay in the foreground, log to standard error\n"
    "  -D, --nodaemonize        stay in the foreground, log to syslog\n"
    "  -C, --control-port N     number of this instance: control socket " SOCKET_DIR "/control.N\n"
    "      --control PATH       control socket; the read-only one is PATH-ro\n"
    "  -t, --nr_iothreads N     number of I/O threads\n"
    "      --ring auto|uring|poll\n"
    "                           engine of the I/O threads\n"
    "      --buffer-memory SIZE data buffers of each I/O thread\n"
    "      --spin auto|USEC     how long an I/O thread waits for the next command without "
    "sleeping\n"
    "      --io-cpus LIST       CPUs of the I/O threads, such as 0-3,8: one for each, in turn\n"
    "      --config FILE        apply this targets configuration before the first login, and "
    "again\n"
    "                           upon SIGHUP\n"
    "      --stop-timeout SECONDS\n"
    "                           how long initiators have to log out at the end (default 10)\n"
    "      --state-dir DIR      identities and other state that outlives the daemon\n"
    "                           (default " STATE_DIR ")\n"
    "      --plugin-dir DIR     look for plugins here first; may be repeated\n"
    "      --iscsi portal=ADDRESS:PORT[,portal=...][,KEY=VALUE...]\n"
    "                           where iSCSI listens (default 0.0.0.0:3260 and [::]:3260);\n"
    "                           in the same way for any other transport plugin\n"
    "  -p, --pid-file PATH      write the process number to this file\n"
    "  -d, --debug 0|1          log what happens inside\n"
    "      --log-level LEVEL    error, warning, notice (default), info or debug\n"
    "      --settings FILE      read these options first (default " SETTINGS_FILE ")\n"
    "  -V, --version            print the version and end\n"
    "  -h, --help               print this and end\n"
    "\n"
    "Targets are made with tgtctl(1) or tgtadm(8).\n";

/* One value that is being set. */
struct value {
    struct options *o;
    const struct option_source *source;
    const char *name, *text;
};

bool option_wrong(const struct option_source *source, const char *option, const char *what)
{
    if (source->file)
        fprintf(stderr, "tgtd: %s: %s: %s\n", source->file, option, what);
    else
        fprintf(stderr, "tgtd: %s: %s\nTry 'tgtd --help'.\n", option, what);
    return false;
}

static bool wrong(const struct value *v, const char *what)
{
    g_autofree char *option = g_strconcat(v->source->file ? "" : "--", v->name, NULL);
    return option_wrong(v->source, option, what);
}

static bool number(const struct value *v, guint64 min, guint64 max, guint64 *result)
{
    g_autoptr(GError) error = NULL;
    return g_ascii_string_to_unsigned(v->text, 10, min, max, result, &error) ||
           wrong(v, error->message);
}

static bool replace(char **where, char *text)
{
    g_free(*where);
    *where = text;
    return true;
}

char *option_path(const char *path)
{
    return g_canonicalize_filename(path, NULL);
}

static void add_dir(GStrvBuilder *dirs, const char *dir)
{
    g_autofree char *full = option_path(dir);
    g_strv_builder_add(dirs, full);
}

/* Looked at when a plugin is tried, or a configuration is applied, long after that. */
static void keep_program(const char *variable)
{
    const char *path = secure_getenv(variable);
    g_autofree char *full = path ? option_path(path) : NULL;
    if (full)
        setenv(variable, full, 1);
}

static bool set_control_port(const struct value *v)
{
    guint64 n;
    if (!number(v, 0, 65535, &n))
        return false;
    v->o->port = (unsigned)n;
    return replace(&v->o->config.control_path, NULL);
}

static bool set_threads(const struct value *v)
{
    guint64 n;
    if (!number(v, 1, THREADS_MAX, &n))
        return false;
    v->o->config.threads = n;
    return true;
}

static bool set_debug(const struct value *v)
{
    guint64 n;
    if (!number(v, 0, 1, &n))
        return false;
    v->o->debug = n;
    return true;
}

static bool set_ring(const struct value *v)
{
    if (strcmp(v->text, "auto") != 0 && strcmp(v->text, "uring") != 0 &&
        strcmp(v->text, "poll") != 0)
        return wrong(v, "is auto, uring or poll");
    return replace(&v->o->config.ring, g_strdup(v->text));
}

static bool set_buffer_memory(const struct value *v)
{
    g_autoptr(GError) error = NULL;
    if (!parse_size(v->text, &v->o->config.buffer_memory, &error))
        return wrong(v, error->message);
    return v->o->config.buffer_memory >= BUFFERS_MIN ||
           wrong(v, "each I/O thread needs at least 1M");
}

static bool set_spin(const struct value *v)
{
    guint64 n;
    v->o->config.spin_us = THREADS_SPIN_AUTO;
    if (strcmp(v->text, "auto") == 0)
        return true;
    if (!number(v, 0, SPIN_MAX_US, &n))
        return false;
    v->o->config.spin_us = (int)n;
    return true;
}

static bool set_io_cpus(const struct value *v)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&v->o->config.io_cpus, g_array_unref);
    v->o->config.io_cpus = cpu_list_parse(v->text, &error);
    return v->o->config.io_cpus || wrong(v, error->message);
}

static bool set_stop_timeout(const struct value *v)
{
    guint64 n;
    if (!number(v, 0, STOP_MAX_S, &n))
        return false;
    v->o->config.stop_timeout = n;
    return true;
}

static bool set_log_level(const struct value *v)
{
    return log_level_parse(v->text, &v->o->config.log_level) ||
           wrong(v, "is error, warning, notice, info or debug");
}

bool option_set(struct options *o, const struct option_source *source, int letter, const char *name,
                const char *text)
{
    const struct value v = {o, source, name, text};
    switch (letter) {
    case 'f':
        return o->foreground = true;
    case 'D':
        return o->nodaemonize = true;
    case 'C':
        return set_control_port(&v);
    case 't':
        return set_threads(&v);
    case 'd':
        return set_debug(&v);
    case 'p':
        return replace(&o->pid_file, option_path(text));
    case OPT_RING:
        return set_ring(&v);
    case OPT_CONTROL:
        return replace(&o->config.control_path, option_path(text));
    case OPT_STATE_DIR:
        return replace(&o->config.state_dir, option_path(text));
    case OPT_BUFFER_MEMORY:
        return set_buffer_memory(&v);
    case OPT_SPIN:
        return set_spin(&v);
    case OPT_IO_CPUS:
        return set_io_cpus(&v);
    case OPT_CONFIG:
        return replace(&o->targets_file, option_path(text));
    case OPT_STOP_TIMEOUT:
        return set_stop_timeout(&v);
    case OPT_LOG_LEVEL:
        return set_log_level(&v);
    case OPT_PLUGIN_DIR:
        return add_dir(source->plugin_dirs, text), true;
    default:
        return true; /* OPT_SETTINGS has been read before */
    }
}

/* --plugin-dir, then TGT_PLUGIN_PATH, then the installed plugins. */
void option_defaults(struct options *o, GStrvBuilder *plugin_dirs)
{
    const char *path = secure_getenv("TGT_PLUGIN_PATH");
    g_auto(GStrv) more = g_strsplit(path ? path : "", ":", -1);
    for (char **dir = more; *dir; dir++)
        if (**dir)
            add_dir(plugin_dirs, *dir);
    g_strv_builder_add(plugin_dirs, PLUGIN_DIR);
    o->config.plugin_dirs = g_strv_builder_end(plugin_dirs);
    o->config.plugin_conf_dirs = g_strsplit(PLUGIN_CONF_VENDOR ":" PLUGIN_CONF_ADMIN, ":", -1);
    if (!o->config.state_dir)
        o->config.state_dir = g_strdup(STATE_DIR);
    if (!o->config.ring)
        o->config.ring = g_strdup("auto");
    socket_paths(&o->config, o->port);
    keep_program("TGT_PLUGIN_PROBE");
    keep_program("TGTCTL");
    keep_program("TGT_ISNS");
}
