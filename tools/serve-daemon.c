/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private tgtd in the background of this process: start, wait until it is ready, end, and clean
 * up. */
#include "serve-daemon.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"

#define READY_MS 20000
#define END_MS   70000 /* the daemon gives its stores a minute */

static bool failed(const char *what, const char *why)
{
    fprintf(stderr, "tgtctl: %s: %s\n", what, why);
    return false;
}

/* ---- Where is tgtd? ---- */

/* Beside ourselves in the build tree, or installed with us. */
static char *find_tgtd(bool *uninstalled)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *dir = self ? g_path_get_dirname(self) : g_strdup("/");
    char *built = g_build_filename(dir, "..", "core", "tgtd", NULL);
    *uninstalled = g_file_test(built, G_FILE_TEST_IS_EXECUTABLE);
    if (*uninstalled)
        return built;
    g_free(built);
    char *installed = g_build_filename(dir, "..", "sbin", "tgtd", NULL);
    if (g_file_test(installed, G_FILE_TEST_IS_EXECUTABLE))
        return installed;
    g_free(installed);
    return g_find_program_in_path("tgtd");
}

/* The plugins just built, one folder each, and the program that tries them: beside the daemon. */
static void use_built_plugins(GStrvBuilder *args, const char *tgtd)
{
    g_autofree char *core = g_path_get_dirname(tgtd);
    g_autofree char *probe = g_canonicalize_filename("tgt-plugin-probe", core);
    g_autofree char *plugins = g_canonicalize_filename("../plugins", core);
    g_autoptr(GDir) dir = g_dir_open(plugins, 0, NULL);
    const char *name;
    setenv("TGT_PLUGIN_PROBE", probe, 0);
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(plugins, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            g_strv_builder_add_many(args, "--plugin-dir", path, NULL);
    }
}

static char **arguments(const struct serve_daemon *d, const char *portal)
{
    bool uninstalled;
    g_autoptr(GStrvBuilder) args = g_strv_builder_new();
    g_autofree char *tgtd = find_tgtd(&uninstalled);
    g_autofree char *state = g_build_filename(d->dir, "state", NULL);
    g_autofree char *iscsi = g_strconcat("portal=", portal, NULL);
    if (!tgtd)
        return NULL;
    g_strv_builder_add_many(args, tgtd, "--foreground", "--control", d->control, "--state-dir",
                            state, "--iscsi", iscsi, NULL);
    if (uninstalled && !getenv("TGT_PLUGIN_PATH"))
        use_built_plugins(args, tgtd);
    return g_strv_builder_end(args);
}

/* ---- Start ---- */

static bool open_notify(struct serve_daemon *d)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autofree char *path = g_build_filename(d->dir, "notify", NULL);
    if (strlen(path) >= sizeof(address.sun_path))
        return failed(path, "this path is too long for a socket; set TMPDIR to a shorter one");
    strcpy(address.sun_path, path);
    d->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->notify < 0 || bind(d->notify, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return failed(path, g_strerror(errno));
    setenv("NOTIFY_SOCKET", path, 1);
    return true;
}

static bool prepare(struct serve_daemon *d)
{
    g_autoptr(GError) error = NULL;
    d->notify = -1;
    d->dir = g_dir_make_tmp("tgtctl-serve-XXXXXX", &error);
    if (!d->dir)
        return failed("temporary directory", error->message);
    d->control = g_build_filename(d->dir, "control", NULL);
    return open_notify(d);
}

/* In the child. Ctrl-C at the terminal is for us alone: we end the daemon in order. If we are
 * killed, it ends too. */
static void G_GNUC_NORETURN become_tgtd(char **argv, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    execv(argv[0], argv);
    failed(argv[0], g_strerror(errno));
    _exit(1);
}

/* Signals are taken by serve_daemon_wait(), from before the child is there. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGHUP);
    sigaddset(signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, signals, NULL);
}

static bool has_ended(struct serve_daemon *d, int *status)
{
    if (d->pid == 0 || waitpid(d->pid, status, WNOHANG) != d->pid)
        return false;
    d->pid = 0;
    return true;
}

static bool wait_ready(struct serve_daemon *d)
{
    int status;
    char message[256];
    gint64 end = g_get_monotonic_time() + READY_MS * 1000;
    while (g_get_monotonic_time() < end) {
        struct pollfd p = {d->notify, POLLIN, 0};
        if (poll(&p, 1, 20) > 0 && recv(d->notify, message, sizeof(message), 0) > 0)
            return true;
        if (has_ended(d, &status))
            return failed("tgtd", "has not started, see above");
    }
    return failed("tgtd", "does not get ready");
}

bool serve_daemon_start(struct serve_daemon *d, const char *portal)
{
    sigset_t signals;
    if (!prepare(d))
        return false;
    g_auto(GStrv) argv = arguments(d, portal);
    if (!argv)
        return failed("tgtd", "the program is neither beside tgtctl nor installed");
    block_signals(&signals);
    pid_t parent = getpid();
    d->pid = fork();
    if (d->pid < 0) {
        d->pid = 0;
        return failed("fork", g_strerror(errno));
    }
    if (d->pid == 0)
        become_tgtd(argv, parent);
    return wait_ready(d);
}

/* ---- End ---- */

static void say_how(int status)
{
    if (WIFSIGNALED(status))
        fprintf(stderr, "tgtctl: tgtd was ended by signal %d (%s)\n", WTERMSIG(status),
                g_strsignal(WTERMSIG(status)));
    else
        fprintf(stderr, "tgtctl: tgtd has ended by itself with status %d\n", WEXITSTATUS(status));
}

bool serve_daemon_wait(struct serve_daemon *d)
{
    sigset_t signals;
    int status;
    block_signals(&signals);
    for (;;) {
        int number = sigwaitinfo(&signals, NULL);
        if (number > 0 && number != SIGCHLD)
            return true;
        if (!has_ended(d, &status))
            continue;
        say_how(status);
        return false;
    }
}

static bool wait_end(struct serve_daemon *d)
{
    int status = 0;
    gint64 end = g_get_monotonic_time() + END_MS * 1000;
    kill(d->pid, SIGTERM);
    while (!has_ended(d, &status)) {
        if (g_get_monotonic_time() > end) {
            kill(d->pid, SIGKILL);
            waitpid(d->pid, &status, 0);
            d->pid = 0;
            break;
        }
        g_usleep(5000);
    }
    if (status != 0)
        say_how(status);
    return status == 0;
}

static void remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *entry = g_build_filename(path, name, NULL);
        if (g_unlink(entry) < 0)
            remove_tree(entry);
    }
    g_rmdir(path);
}

bool serve_daemon_stop(struct serve_daemon *d)
{
    bool clean = d->pid == 0 || wait_end(d);
    if (d->notify >= 0)
        close(d->notify);
    if (d->dir)
        remove_tree(d->dir);
    g_clear_pointer(&d->dir, g_free);
    g_clear_pointer(&d->control, g_free);
    return clean;
}
