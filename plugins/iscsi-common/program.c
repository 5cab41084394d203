/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a program for its answer. Its standard error is the daemon's. */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* So often it is looked whether the program, or the wish for its answer, has ended. */
#define LOOK_MS 20

/* While it runs. */
struct run {
    struct iscsi_program *program;
    pid_t pid;
    int fd; /* what it writes; -1: it writes no more */
    size_t len;
    int status;
};

static void fail(struct iscsi_program *program, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void fail(struct iscsi_program *program, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    g_vsnprintf(program->why, sizeof(program->why), fmt, args);
    va_end(args);
}

static int spawn(struct run *run, int out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, all;
    char **argv = run->program->argv;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    int result = posix_spawn(&run->pid, argv[0], &actions, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

/* The pipe's ends are above the numbers that the child gets. */
static bool start(struct run *run)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
        fail(run->program, "pipe: %s", g_strerror(errno));
        return false;
    }
    int out = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
    int result = out < 0 ? errno : spawn(run, out);
    close(ends[1]);
    if (out >= 0)
        close(out);
    run->fd = ends[0];
    if (result == 0)
        return true;
    close(ends[0]);
    fail(run->program, "it cannot be run: %s", g_strerror(result));
    return false;
}

/* What is behind the limit is thrown away. */
static void keep(struct run *run, const char *bytes, size_t len)
{
    size_t room = sizeof(run->program->output) - 1 - run->len;
    memcpy(run->program->output + run->len, bytes, MIN(len, room));
    run->len += MIN(len, room);
}

/* What there is, but for who writes without end only some of it. */
static void read_output(struct run *run)
{
    char bytes[4096];
    ssize_t n = 1;
    for (int i = 0; i < 64 && n > 0; i++) {
        n = read(run->fd, bytes, sizeof(bytes));
        if (n > 0)
            keep(run, bytes, (size_t)n);
    }
    if (n == 0) {
        close(run->fd);
        run->fd = -1;
    }
}

static bool has_ended(struct run *run)
{
    pid_t pid = waitpid(run->pid, &run->status, WNOHANG);
    return pid == run->pid || (pid < 0 && errno != EINTR);
}

/* A process group of its own: its children go, too. */
static void end(struct run *run)
{
    kill(-run->pid, SIGKILL);
    while (waitpid(run->pid, &run->status, 0) < 0 && errno == EINTR)
        ;
}

static bool follow(struct run *run)
{
    gint64 deadline = g_get_monotonic_time() + run->program->timeout_ms * G_GINT64_CONSTANT(1000);
    while (!has_ended(run)) {
        struct pollfd p = {run->fd, POLLIN, 0};
        poll(&p, 1, run->fd < 0 ? 1 : LOOK_MS); /* who has closed its output ends soon */
        if (run->fd >= 0)
            read_output(run);
        bool late = g_get_monotonic_time() >= deadline;
        if (!late && !g_atomic_int_get(&run->program->stop))
            continue;
        end(run);
        fail(run->program, late ? "it has not ended in time" : "nobody waits for it any more");
        return false;
    }
    return true;
}

static bool judge(struct run *run)
{
    struct iscsi_program *program = run->program;
    if (WIFEXITED(run->status) && WEXITSTATUS(run->status) == 0)
        return true;
    if (WIFEXITED(run->status))
        fail(program, "it ended with status %d", WEXITSTATUS(run->status));
    else
        fail(program, "it ended by signal %d", WTERMSIG(run->status));
    return false;
}

bool iscsi_program_run(struct iscsi_program *program)
{
    struct run run = {.program = program, .fd = -1};
    if (!start(&run))
        return false;
    bool ended = follow(&run);
    if (run.fd >= 0) {
        read_output(&run);
        if (run.fd >= 0)
            close(run.fd);
    }
    program->output[run.len] = '\0';
    return ended && judge(&run);
}
