/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of tgtd. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "inherited.h"
#include "options-private.h"
#include "thread.h"

#define LETTERS "fDC:t:d:p:Vh"
#define STOP_S  10u

static bool is_abbreviation(const char *name)
{
    for (const struct option *l = option_table; l->name; l++)
        if (g_str_has_prefix(l->name, name))
            return true;
    return false;
}

/* getopt does not know this option: the name of a transport. Whether there is such a plugin turns
 * out later. */
static bool transport_option(struct options *o, const struct option_source *source, int argc,
                             char **argv)
{
    const char *word = argv[optind - 1];
    if (optopt != 0 || !g_str_has_prefix(word, "--") || is_abbreviation(word + 2))
        return option_wrong(source, word, "unknown, ambiguous, or without its value");
    g_auto(GStrv) parts = g_strsplit(word + 2, "=", 2);
    const char *value = parts[1];
    if (!value && optind < argc)
        value = argv[optind++];
    if (!value)
        return option_wrong(source, word, "needs a value");
    option_transport(o, parts[0], value);
    return true;
}

/* What the admin calls it: "--ring", also when he wrote -t. */
static const char *name_of(int letter)
{
    for (const struct option *l = option_table; l->name; l++)
        if (l->val == letter)
            return l->name;
    return "";
}

static enum options_verdict answer(const char *text)
{
    fputs(text, stdout);
    return OPTIONS_DONE;
}

static enum options_verdict parse(struct options *o, int argc, char **argv,
                                  GStrvBuilder *plugin_dirs)
{
    const struct option_source source = {.plugin_dirs = plugin_dirs};
    int letter;
    optind = 0;
    while ((letter = getopt_long(argc, argv, ":" LETTERS, option_table, NULL)) != -1) {
        if (letter == 'h')
            return answer(option_usage);
        if (letter == 'V')
            return answer("tgtd " PACKAGE_VERSION "\n");
        bool ok = letter == '?' || letter == ':'
                      ? transport_option(o, &source, argc, argv)
                      : option_set(o, &source, letter, name_of(letter), optarg);
        if (!ok)
            return OPTIONS_WRONG;
    }
    if (optind < argc)
        option_wrong(&source, argv[optind], "an argument that is not expected");
    return optind < argc ? OPTIONS_WRONG : OPTIONS_RUN;
}

/* The file is read before the command line, which may name it: look ahead, changing nothing. */
static const char *settings_file(int argc, char **argv)
{
    const char *path = NULL;
    int letter;
    opterr = 0;
    optind = 0;
    while ((letter = getopt_long(argc, argv, "-:" LETTERS, option_table, NULL)) != -1) {
        if (letter == OPT_SETTINGS)
            path = optarg;
        if (letter == 'h' || letter == 'V')
            return "";
    }
    return path;
}

enum options_verdict options_parse(struct options *o, int argc, char **argv)
{
    g_autoptr(GStrvBuilder) plugin_dirs = g_strv_builder_new();
    *o = (struct options){.config.spin_us = THREADS_SPIN_AUTO,
                          .config.stop_timeout = STOP_S,
                          .config.log_level = TGT_LOG_NOTICE,
                          .transports = g_ptr_array_new_with_free_func(option_transport_free)};
    if (!option_file(o, plugin_dirs, settings_file(argc, argv)))
        return OPTIONS_WRONG;
    enum options_verdict verdict = parse(o, argc, argv, plugin_dirs);
    if (verdict == OPTIONS_RUN)
        option_defaults(o, plugin_dirs);
    return verdict;
}

void options_clear(struct options *o)
{
    g_clear_pointer(&o->transports, g_ptr_array_unref);
    g_clear_pointer(&o->pid_file, g_free);
    g_clear_pointer(&o->targets_file, g_free);
    g_clear_pointer(&o->config.state_dir, g_free);
    g_clear_pointer(&o->config.io_cpus, g_array_unref);
    g_clear_pointer(&o->config.control_path, g_free);
    g_clear_pointer(&o->config.legacy_path, g_free);
    g_clear_pointer(&o->config.ring, g_free);
    g_clear_pointer(&o->config.inherited, inherited_free);
    g_clear_pointer(&o->config.plugin_dirs, g_strfreev);
    g_clear_pointer(&o->config.plugin_conf_dirs, g_strfreev);
}
