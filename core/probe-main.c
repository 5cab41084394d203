/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgt-plugin-probe: loads one plugin as the daemon would, in a process that may crash, and reports
 * how that went.
 *
 * Run by the daemon (plugin-probe.c): tgt-plugin-probe FILE DROP-IN-FILE, with the file open on
 * descriptor 3, the parameters as strings with NUL behind each on 4, and the report going to 5. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "plugin-private.h"

#define WORDS_MAX 65536u

static void report(const char *line)
{
    size_t len = strlen(line);
    if (write(PROBE_FD_REPORT, line, len) != (ssize_t)len)
        _exit(2);
}

/* A probe that is not wanted any more goes; its crash is expected and leaves no core file. */
static void confine(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int fd = PROBE_FD_FILE; fd <= PROBE_FD_REPORT; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static char **read_words(void)
{
    g_autofree char *text = g_malloc0(WORDS_MAX + 1);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    ssize_t len = pread(PROBE_FD_WORDS, text, WORDS_MAX, 0);
    for (ssize_t at = 0; at < len; at += (ssize_t)strlen(text + at) + 1)
        g_ptr_array_add(words, g_strdup(text + at));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

static struct plugin_conf *conf_given(const char *file)
{
    struct plugin_conf *conf = g_new0(struct plugin_conf, 1);
    conf->file = *file ? g_strdup(file) : NULL;
    conf->words = read_words();
    return conf;
}

static bool try_it(struct plugin *plugin, GError **refusal)
{
    int fd = PROBE_FD_FILE;
    if (!plugin_describe(plugin, fd, refusal))
        return false;
    report("stage mapping\n");
    if (!plugin_map(plugin, &fd, refusal))
        return false;
    report("stage loading\n");
    if (!plugin_start(plugin, refusal))
        return false;
    if (plugin->desc->unload)
        plugin->desc->unload();
    return true;
}

int main(int argc, char **argv)
{
    GError *refusal = NULL;
    if (argc != 3) {
        fprintf(stderr,
                "usage: tgt-plugin-probe FILE DROP-IN-FILE (run by tgtd, see tgt-plugin(3))\n");
        return 1;
    }
    confine();
    struct plugin *plugin = plugin_new(argv[1], NULL);
    plugin->priv->conf = conf_given(argv[2]);
    if (try_it(plugin, &refusal)) {
        report("ok\n");
    } else {
        g_autofree char *line = g_strdup_printf("refused %d %s\n", refusal->code, refusal->message);
        report(line);
    }
    /* No destructors: what the plugin has started need not be ended. */
    _exit(0);
}
