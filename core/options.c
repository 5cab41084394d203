/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of tgtd. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "cpu-list.h"
#include "plugin.h"
#include "thread.h"

#define THREADS_MAX 1024u
#define SPIN_MAX_US 1000u
/* With less, a COMPARE AND WRITE of 64 KiB would be too large. */
#define BUFFERS_MIN (1u << 20)
#define CONTROL_DIR "/run/tgtd"

/* Options without a letter. */
enum {
    OPT_RING = 256,
    OPT_CONTROL,
    OPT_STATE_DIR,
    OPT_PLUGIN_DIR,
    OPT_BUFFER_MEMORY,
    OPT_SPIN,
    OPT_IO_CPUS
};

static const struct option long_options[] = {
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
    {0},
};

static const char usage[] =
    "Usage: tgtd [OPTION]...\n"
    "Export storage to SCSI initiators.\n"
    "\n"
    "  -f, --foreground         stay in the foreground, log to standard error\n"
    "  -D, --nodaemonize        stay in the foreground, log to syslog\n"
    "  -C, --control-port N     number of this instance: control socket " CONTROL_DIR "/control.N\n"
    "      --control PATH       control socket; the read-only one is PATH-ro\n"
    "  -t, --nr_iothreads N     number of I/O threads\n"
    "      --ring auto|uring|poll\n"
    "                           engine of the I/O threads\n"
    "      --buffer-memory SIZE data buffers of each I/O thread\n"
    "      --spin auto|USEC     how long an I/O thread waits for the next command without "
    "sleeping\n"
    "      --io-cpus LIST       CPUs of the I/O threads, such as 0-3,8: one for each, in turn\n"
    "      --state-dir DIR      identities and other state that outlives the daemon\n"
    "                           (default " STATE_DIR ")\n"
    "      --plugin-dir DIR     look for plugins here first; may be repeated\n"
    "      --iscsi portal=ADDRESS:PORT[,portal=...][,KEY=VALUE...]\n"
    "                           where iSCSI listens (default 0.0.0.0:3260 and [::]:3260);\n"
    "                           in the same way for any other transport plugin\n"
    "  -p, --pid-file PATH      write the process number to this file\n"
    "  -d, --debug 0|1          log what happens inside\n"
    "  -V, --version            print the version and end\n"
    "  -h, --help               print this and end\n"
    "\n"
    "Targets are made with tgtctl(1) or tgtadm(8).\n";

/* "tgtd: OPTION: what is wrong" */
static bool wrong(const char *option, const char *what)
{
    fprintf(stderr, "tgtd: %s: %s\nTry 'tgtd --help'.\n", option, what);
    return false;
}

static bool number(const char *option, guint64 min, guint64 max, guint64 *value)
{
    g_autoptr(GError) error = NULL;
    return g_ascii_string_to_unsigned(optarg, 10, min, max, value, &error) ||
           wrong(option, error->message);
}

static void replace(char **where, char *text)
{
    g_free(*where);
    *where = text;
}

/* The daemon changes to the root directory: what the admin typed is relative to where he is. */
static char *absolute(const char *path)
{
    return g_canonicalize_filename(path, NULL);
}

static void add_dir(GStrvBuilder *dirs, const char *dir)
{
    g_autofree char *full = absolute(dir);
    g_strv_builder_add(dirs, full);
}

/* Looked at when a plugin is tried, long after that. */
static void keep_probe(void)
{
    const char *path = secure_getenv("TGT_PLUGIN_PROBE");
    g_autofree char *full = path ? absolute(path) : NULL;
    if (full)
        setenv("TGT_PLUGIN_PROBE", full, 1);
}

static bool set_control_port(struct options *o)
{
    guint64 n;
    if (!number("--control-port", 0, 65535, &n))
        return false;
    replace(&o->config.control_path, n ? g_strdup_printf(CONTROL_DIR "/control.%u", (unsigned)n)
                                       : g_strdup(CONTROL_DIR "/control"));
    return true;
}

static bool set_threads(struct options *o)
{
    guint64 n;
    if (!number("--nr_iothreads", 1, THREADS_MAX, &n))
        return false;
    o->config.threads = n;
    return true;
}

static bool set_debug(struct options *o)
{
    guint64 n;
    if (!number("--debug", 0, 1, &n))
        return false;
    o->debug = n;
    return true;
}

static bool set_ring(struct options *o)
{
    if (strcmp(optarg, "auto") != 0 && strcmp(optarg, "uring") != 0 && strcmp(optarg, "poll") != 0)
        return wrong("--ring", "is auto, uring or poll");
    replace(&o->config.ring, g_strdup(optarg));
    return true;
}

static bool set_buffer_memory(struct options *o)
{
    g_autoptr(GError) error = NULL;
    if (!parse_size(optarg, &o->config.buffer_memory, &error))
        return wrong("--buffer-memory", error->message);
    return o->config.buffer_memory >= BUFFERS_MIN ||
           wrong("--buffer-memory", "each I/O thread needs at least 1M");
}

static bool set_spin(struct options *o)
{
    guint64 n;
    o->config.spin_us = THREADS_SPIN_AUTO;
    if (strcmp(optarg, "auto") == 0)
        return true;
    if (!number("--spin", 0, SPIN_MAX_US, &n))
        return false;
    o->config.spin_us = (int)n;
    return true;
}

static bool set_io_cpus(struct options *o)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&o->config.io_cpus, g_array_unref);
    o->config.io_cpus = cpu_list_parse(optarg, &error);
    return o->config.io_cpus || wrong("--io-cpus", error->message);
}

/* ---- --TRANSPORT key=value,… ---- */

static void transport_free(void *data)
{
    struct transport_option *t = data;
    g_free(t->name);
    g_ptr_array_unref(t->portals);
    g_ptr_array_unref(t->options);
    g_free(t);
}

static struct transport_option *transport_get(struct options *o, const char *name)
{
    for (guint i = 0; i < o->transports->len; i++) {
        struct transport_option *t = o->transports->pdata[i];
        if (strcmp(t->name, name) == 0)
            return t;
    }
    struct transport_option *t = g_new0(struct transport_option, 1);
    t->name = g_strdup(name);
    t->portals = g_ptr_array_new_with_free_func(g_free);
    t->options = g_ptr_array_new_null_terminated(0, g_free, TRUE);
    g_ptr_array_add(o->transports, t);
    return t;
}

/* tgt's grammar: empty elements ("portal=…,") and an empty address ("portal=:3260") are fine. */
static void transport_words(struct transport_option *t, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    for (char **w = words; *w; w++) {
        if (g_str_has_prefix(*w, "portal="))
            g_ptr_array_add(t->portals, g_strdup(*w + strlen("portal=")));
        else if (**w)
            g_ptr_array_add(t->options, g_strdup(*w));
    }
}

static bool is_abbreviation(const char *name)
{
    for (const struct option *l = long_options; l->name; l++)
        if (g_str_has_prefix(l->name, name))
            return true;
    return false;
}

/* getopt does not know this option: the name of a transport. Whether there is such a plugin turns
 * out later. */
static bool transport_option(struct options *o, int argc, char **argv)
{
    const char *word = argv[optind - 1];
    if (optopt != 0 || !g_str_has_prefix(word, "--") || is_abbreviation(word + 2))
        return wrong(word, "unknown, ambiguous, or without its value");
    g_auto(GStrv) parts = g_strsplit(word + 2, "=", 2);
    const char *value = parts[1];
    if (!value && optind < argc)
        value = argv[optind++];
    if (!value)
        return wrong(word, "needs a value");
    transport_words(transport_get(o, parts[0]), value);
    return true;
}

/* ---- All together ---- */

static bool option(struct options *o, int letter, GStrvBuilder *plugin_dirs)
{
    switch (letter) {
    case 'f':
        return o->foreground = true;
    case 'D':
        return o->nodaemonize = true;
    case 'C':
        return set_control_port(o);
    case 't':
        return set_threads(o);
    case 'd':
        return set_debug(o);
    case 'p':
        return replace(&o->pid_file, absolute(optarg)), true;
    case OPT_RING:
        return set_ring(o);
    case OPT_CONTROL:
        return replace(&o->config.control_path, absolute(optarg)), true;
    case OPT_STATE_DIR:
        return replace(&o->config.state_dir, absolute(optarg)), true;
    case OPT_BUFFER_MEMORY:
        return set_buffer_memory(o);
    case OPT_SPIN:
        return set_spin(o);
    case OPT_IO_CPUS:
        return set_io_cpus(o);
    default:
        add_dir(plugin_dirs, optarg);
        return true;
    }
}

/* What is not said: --plugin-dir, then TGT_PLUGIN_PATH, then the installed plugins. */
static void set_defaults(struct options *o, GStrvBuilder *plugin_dirs)
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
    if (!o->config.control_path)
        o->config.control_path = g_strdup(CONTROL_DIR "/control");
}

static enum options_verdict answer(const char *text)
{
    fputs(text, stdout);
    return OPTIONS_DONE;
}

static enum options_verdict parse(struct options *o, int argc, char **argv,
                                  GStrvBuilder *plugin_dirs)
{
    int letter;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":fDC:t:d:p:Vh", long_options, NULL)) != -1) {
        if (letter == 'h')
            return answer(usage);
        if (letter == 'V')
            return answer("tgtd " PACKAGE_VERSION "\n");
        bool ok = letter == '?' || letter == ':' ? transport_option(o, argc, argv)
                                                 : option(o, letter, plugin_dirs);
        if (!ok)
            return OPTIONS_WRONG;
    }
    if (optind < argc)
        wrong(argv[optind], "an argument that is not expected");
    return optind < argc ? OPTIONS_WRONG : OPTIONS_RUN;
}

enum options_verdict options_parse(struct options *o, int argc, char **argv)
{
    g_autoptr(GStrvBuilder) plugin_dirs = g_strv_builder_new();
    *o = (struct options){.config.spin_us = THREADS_SPIN_AUTO,
                          .transports = g_ptr_array_new_with_free_func(transport_free)};
    enum options_verdict verdict = parse(o, argc, argv, plugin_dirs);
    if (verdict == OPTIONS_RUN) {
        set_defaults(o, plugin_dirs);
        keep_probe();
    }
    return verdict;
}

void options_clear(struct options *o)
{
    g_clear_pointer(&o->transports, g_ptr_array_unref);
    g_clear_pointer(&o->pid_file, g_free);
    g_clear_pointer(&o->config.state_dir, g_free);
    g_clear_pointer(&o->config.io_cpus, g_array_unref);
    g_clear_pointer(&o->config.control_path, g_free);
    g_clear_pointer(&o->config.ring, g_free);
    g_clear_pointer(&o->config.plugin_dirs, g_strfreev);
    g_clear_pointer(&o->config.plugin_conf_dirs, g_strfreev);
}
