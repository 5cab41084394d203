/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tries a plugin in a process of its own before it is let into the daemon: runs tgt-plugin-probe
 * and reads its report. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "child.h"
#include "log.h"
#include "plugin-private.h"

/* A plugin with large libraries on a slow disk needs some seconds the first time. */
#define TIMEOUT_S     10u
#define TIMEOUT_MAX_S 600u
#define REPORT_MAX    4096u

/* It has copies of all that it needs: whoever runs it is not the main thread, which may look at the
 * plugin meanwhile. */
struct probe {
    char *file_name, *plugin_name, *conf_file;
    const char *helper;
    int file, words, report[2]; /* descriptors; -1: none. `file` is not ours */
    int stop;                   /* eventfd, readable: end it */
    int problem;                /* errno: it cannot be run */
    pid_t pid;
    unsigned timeout_s;
    bool late;             /* the time was over */
    bool stopped;          /* by probe_stop() */
    int status;            /* of waitpid(), -1: not known */
    char text[REPORT_MAX]; /* what it has reported */
    size_t len;
};

static const char *helper(void)
{
    const char *path = secure_getenv("TGT_PLUGIN_PROBE");
    return path ? path : PLUGIN_PROBE;
}

static unsigned timeout_s(void)
{
    const char *text = secure_getenv("TGT_PLUGIN_PROBE_TIMEOUT");
    guint64 n = TIMEOUT_S;
    if (text && !g_ascii_string_to_unsigned(text, 10, 1, TIMEOUT_MAX_S, &n, NULL))
        log_warning("TGT_PLUGIN_PROBE_TIMEOUT is a number of seconds from 1 to %u, not '%s'",
                    TIMEOUT_MAX_S, text);
    return (unsigned)n;
}

/* Parameters go through memory and not through the command line, where all the world could read a
 * secret. */
static int words_file(char *const *words)
{
    int fd = memfd_create("tgt-plugin-probe", MFD_CLOEXEC);
    for (; fd >= 0 && words && *words; words++) {
        size_t len = strlen(*words) + 1;
        if (write(fd, *words, len) != (ssize_t)len) {
            close(fd);
            return -1;
        }
    }
    return fd;
}

/* Out of the way of the numbers that the child gets. */
static int high(int fd)
{
    return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);
}

static void close_all(const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static int spawn_with(struct probe *probe, const int from[3])
{
    posix_spawn_file_actions_t actions;
    char *argv[] = {(char *)"tgt-plugin-probe", probe->file_name, probe->conf_file, NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[0], PROBE_FD_FILE);
    posix_spawn_file_actions_adddup2(&actions, from[1], PROBE_FD_WORDS);
    posix_spawn_file_actions_adddup2(&actions, from[2], PROBE_FD_REPORT);
    int result = child_spawn(&probe->pid, probe->helper, &actions, argv);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

static int spawn(struct probe *probe)
{
    int from[3] = {high(probe->file), high(probe->words), high(probe->report[1])};
    int result = from[0] < 0 || from[1] < 0 || from[2] < 0 ? EMFILE : spawn_with(probe, from);
    close_all(from, G_N_ELEMENTS(from));
    return result;
}

/* The last complete line, or NULL. */
static const char *verdict(struct probe *probe)
{
    probe->text[probe->len] = '\0';
    for (char *line = probe->text; *line;) {
        char *end = strchr(line, '\n');
        if (end && (g_str_has_prefix(line, "ok\n") || g_str_has_prefix(line, "refused ")))
            return line;
        if (!end)
            break;
        line = end + 1;
    }
    return NULL;
}

static void read_report(struct probe *probe)
{
    gint64 end = g_get_monotonic_time() + probe->timeout_s * G_USEC_PER_SEC;
    while (!verdict(probe) && probe->len < sizeof probe->text - 1) {
        struct pollfd p[] = {{.fd = probe->report[0], .events = POLLIN},
                             {.fd = probe->stop, .events = POLLIN}};
        gint64 left_ms = (end - g_get_monotonic_time()) / 1000;
        probe->late = left_ms <= 0;
        if (probe->late)
            return;
        if (poll(p, 2, (int)left_ms) <= 0)
            continue;
        probe->stopped = p[1].revents != 0;
        if (probe->stopped)
            return;
        ssize_t n = read(p->fd, probe->text + probe->len, sizeof probe->text - 1 - probe->len);
        if (n == 0 || (n < 0 && errno != EINTR))
            return;
        probe->len += n > 0 ? (size_t)n : 0;
    }
}

/* Whatever is left of it ends now; how it ended by itself does not change by that. */
static void reap(struct probe *probe)
{
    kill(-probe->pid, SIGKILL);
    while (waitpid(probe->pid, &probe->status, 0) < 0)
        if (errno != EINTR) {
            probe->status = -1;
            return;
        }
}

static const char *stage(const struct probe *probe)
{
    if (strstr(probe->text, "stage loading\n"))
        return "its load()";
    return strstr(probe->text, "stage mapping\n") ? "its constructors" : "the probe";
}

static bool refuse_end(const struct probe *probe, GError **refusal)
{
    g_autofree char *how = NULL;
    if (probe->stopped)
        return plugin_refuse(refusal, PLUGIN_FOUND, "%s was not tried to the end: tgtd ends",
                             probe->file_name);
    if (probe->late)
        how = g_strdup_printf("did not come back from %s within %u s", stage(probe),
                              probe->timeout_s);
    else if (probe->status != -1 && WIFSIGNALED(probe->status))
        how = g_strdup_printf("crashed in %s (signal %d, %s)", stage(probe),
                              WTERMSIG(probe->status), strsignal(WTERMSIG(probe->status)));
    else
        how = g_strdup_printf("ended the process in %s (exit status %d)", stage(probe),
                              probe->status == -1 ? -1 : WEXITSTATUS(probe->status));
    return plugin_refuse(refusal, PLUGIN_FAILED,
                         "%s %s when it was tried in a process of its own, it must load cleanly: "
                         "replace it, then run 'tgtctl plugin load %s'",
                         probe->file_name, how, probe->plugin_name);
}

static bool refuse_line(const struct probe *probe, const char *line, GError **refusal)
{
    char *text = NULL;
    guint64 state = g_ascii_strtoull(line + strlen("refused "), &text, 10);
    g_autofree char *sentence =
        g_strndup(text + strspn(text, " "), strcspn(text, "\n") - strspn(text, " "));
    g_autofree char *plain = plain_text(sentence, REPORT_MAX);
    return plugin_refuse(refusal, state < PLUGIN_IDLE ? (enum plugin_state)state : PLUGIN_FAILED,
                         "%s", plain);
}

static bool judge(struct probe *probe, GError **refusal)
{
    const char *line = verdict(probe);
    if (!line)
        return refuse_end(probe, refusal);
    return g_str_has_prefix(line, "ok") || refuse_line(probe, line, refusal);
}

static bool run(struct probe *probe, GError **refusal)
{
    int result = spawn(probe);
    close(probe->report[1]);
    probe->report[1] = -1;
    if (result != 0) {
        /* Better a daemon that serves than none because a helper is missing: it is not the plugin's
         * fault. */
        log_warning("plugin %s is loaded untried: %s cannot be run (%s)", probe->plugin_name,
                    probe->helper, g_strerror(result));
        return true;
    }
    read_report(probe);
    reap(probe);
    return judge(probe, refusal);
}

struct probe *probe_new(const struct plugin *plugin, int fd)
{
    const struct plugin_conf *conf = plugin->priv->conf;
    struct probe *probe = g_new0(struct probe, 1);
    *probe = (struct probe){
        .file_name = g_strdup(plugin->file),
        .plugin_name = g_strdup(plugin->name),
        .conf_file = g_strdup(conf->file ? conf->file : ""),
        .helper = helper(),
        .file = fd,
        .report = {-1, -1},
        .timeout_s = timeout_s(),
        .status = -1,
    };
    probe->words = words_file(conf->words);
    probe->stop = eventfd(0, EFD_CLOEXEC);
    if (probe->words < 0 || probe->stop < 0 || pipe2(probe->report, O_CLOEXEC) < 0)
        probe->problem = errno;
    return probe;
}

bool probe_run(struct probe *probe, GError **refusal)
{
    if (!probe->problem)
        return run(probe, refusal);
    return plugin_refuse(refusal, PLUGIN_FAILED, "%s cannot be tried (%s): free some resources",
                         probe->file_name, g_strerror(probe->problem));
}

void probe_stop(struct probe *probe)
{
    eventfd_write(probe->stop, 1);
}

void probe_free(struct probe *probe)
{
    close_all((int[]){probe->words, probe->stop, probe->report[0], probe->report[1]}, 4);
    g_free(probe->file_name);
    g_free(probe->plugin_name);
    g_free(probe->conf_file);
    g_free(probe);
}
