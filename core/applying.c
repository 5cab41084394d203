/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The targets configuration, applied by the client as a child. */
#include "applying.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "daemon.h"
#include "error.h"
#include "log.h"

/* Bytes of a line that are kept: what a child can make us remember. */
#define LINE_MAX_BYTES 2000u

/* A stream of the child's. */
/* Exit status of tgtctl config apply: not all was done. */
#define HELD_BACK 8

struct stream {
    int fd; /* -1: at its end */
    guint watch;
    GString *line; /* not yet complete */
    enum tgt_log_level level;
    struct applying *of;
};

struct applying {
    char *file;
    GPid pid;
    guint child_watch; /* 0: it has ended */
    int status;        /* of waitpid() */
    struct stream out, err;
    char *said; /* its last line on stderr, NULL: none */
    void (*done)(GError *error, void *data);
    void *data;
};

static void stream_close(struct stream *s)
{
    if (s->fd < 0)
        return;
    if (s->watch)
        g_source_remove(s->watch);
    close(s->fd);
    s->fd = -1;
}

static void applying_free(struct applying *a)
{
    stream_close(&a->out);
    stream_close(&a->err);
    g_string_free(a->out.line, TRUE);
    g_string_free(a->err.line, TRUE);
    g_free(a->said);
    g_free(a->file);
    g_free(a);
}

static char *how_it_ended(int status)
{
    if (WIFSIGNALED(status))
        return g_strdup_printf("tgtctl was ended by signal %d", WTERMSIG(status));
    return g_strdup_printf("tgtctl ended with status %d", WEXITSTATUS(status));
}

/* What initiators would notice is held back, and said. */
static bool is_applied(int status)
{
    return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == HELD_BACK);
}

static GError *verdict(const struct applying *a)
{
    if (is_applied(a->status))
        return NULL;
    g_autofree char *how = how_it_ended(a->status);
    return g_error_new(CORE_ERROR, CORE_ERROR_FAILED, "%s has not been applied: %s", a->file,
                       a->said ? a->said : how);
}

/* When it has ended and all that it said has been read. */
static void settle(struct applying *a)
{
    if (a->child_watch || a->out.fd >= 0 || a->err.fd >= 0)
        return;
    GError *error = verdict(a);
    void (*done)(GError * error, void *data) = a->done;
    void *data = a->data;
    applying_free(a);
    done(error, data);
}

static void take_line(struct stream *s)
{
    g_autofree char *valid = g_utf8_make_valid(s->line->str, (gssize)s->line->len);
    if (*valid)
        log_msg(s->level, "configuration: %s", valid);
    if (*valid && s == &s->of->err) {
        g_free(s->of->said);
        s->of->said = g_steal_pointer(&valid);
    }
    g_string_truncate(s->line, 0);
}

static void take(struct stream *s, const char *data, gsize len)
{
    for (gsize i = 0; i < len; i++)
        if (data[i] == '\n')
            take_line(s);
        else if (s->line->len < LINE_MAX_BYTES)
            g_string_append_c(s->line, data[i]);
}

static gboolean on_output(gint fd, GIOCondition condition, gpointer data)
{
    struct stream *s = data;
    char buf[4096];
    ssize_t n = read(fd, buf, sizeof(buf));
    if (n > 0)
        take(s, buf, (gsize)n);
    if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
        return G_SOURCE_CONTINUE;
    take_line(s);
    s->watch = 0;
    stream_close(s);
    settle(s->of);
    return G_SOURCE_REMOVE;
}

static void on_end(GPid pid, gint status, gpointer data)
{
    struct applying *a = data;
    a->child_watch = 0;
    a->status = status;
    settle(a);
}

static void stream_open(struct stream *s, struct applying *of, int fd, enum tgt_log_level level)
{
    *s = (struct stream){.fd = fd, .line = g_string_new(NULL), .level = level, .of = of};
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    s->watch = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_output, s);
}

static const char *program(void)
{
    const char *built = getenv("TGTCTL");
    return built ? built : BINDIR "/tgtctl";
}

static bool spawn(struct applying *a, int fds[2], GError **error)
{
    const char *const argv[] = {program(), "--socket", daemon_get()->config.control_path,
                                "config",  "apply",    "--leave-out",
                                a->file,   NULL};
    const GSpawnFlags flags =
        G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_LEAVE_DESCRIPTORS_OPEN | G_SPAWN_CLOEXEC_PIPES;
    return g_spawn_async_with_pipes(NULL, (char **)argv, NULL, flags, NULL, NULL, &a->pid, NULL,
                                    &fds[0], &fds[1], error);
}

struct applying *applying_new(const char *file, void (*done)(GError *error, void *data), void *data,
                              GError **error)
{
    struct applying *a = g_new0(struct applying, 1);
    int fds[2];
    a->file = g_strdup(file);
    a->done = done;
    a->data = data;
    if (!spawn(a, fds, error)) {
        g_prefix_error(error, "%s has not been applied: ", file);
        g_free(a->file);
        g_free(a);
        return NULL;
    }
    stream_open(&a->out, a, fds[0], TGT_LOG_INFO);
    stream_open(&a->err, a, fds[1], TGT_LOG_WARNING);
    a->child_watch = g_child_watch_add(a->pid, on_end, a);
    return a;
}

void applying_stop(struct applying *a)
{
    if (!a)
        return;
    if (a->child_watch) {
        g_source_remove(a->child_watch);
        kill(a->pid, SIGTERM);
        while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    applying_free(a);
}
