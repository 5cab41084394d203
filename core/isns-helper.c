/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process tgt-isns: started, started again when it fails, ended. */
#include "isns-helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "config.h"
#include "control-client.h"
#include "log.h"

/* A helper that fails is started again after this long, each time twice as long. */
#define DELAY_MIN_S 1u
#define DELAY_MAX_S 60u
/* One that has lived this long did not fail at once. */
#define LIVED_US (60 * G_USEC_PER_SEC)
/* It has so long to deregister. */
#define END_S 3u

struct helper {
    void (*say)(enum isns_state state, const char *detail, void *data);
    void *data;
    bool wanted;
    bool ending; /* has been told to end */
    pid_t pid;   /* 0: none runs */
    guint watch; /* its end */
    guint timer; /* to start it, or to kill it */
    int changed; /* eventfd */
    unsigned delay_s;
    gint64 started;
    struct control_client *client; /* NULL: it has closed, or there is none */
};

static const char *program(void)
{
    const char *path = secure_getenv("TGT_ISNS");
    return path ? path : ISNS_HELPER;
}

static void timer_stop(struct helper *h)
{
    if (h->timer)
        g_source_remove(h->timer);
    h->timer = 0;
}

static int spawn(struct helper *h, int control)
{
    posix_spawn_file_actions_t actions;
    char *argv[] = {(char *)"tgt-isns", NULL};
    /* Out of the way of the numbers that the child gets. */
    int from[] = {fcntl(control, F_DUPFD_CLOEXEC, 10), fcntl(h->changed, F_DUPFD_CLOEXEC, 10)};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[0], ISNS_FD_CONTROL);
    posix_spawn_file_actions_adddup2(&actions, from[1], ISNS_FD_CHANGED);
    int result =
        from[0] < 0 || from[1] < 0 ? EMFILE : child_spawn(&h->pid, program(), &actions, argv);
    posix_spawn_file_actions_destroy(&actions);
    for (unsigned i = 0; i < G_N_ELEMENTS(from); i++)
        if (from[i] >= 0)
            close(from[i]);
    return result;
}

static gboolean kill_it(gpointer data)
{
    struct helper *h = data;
    h->timer = 0;
    kill(h->pid, SIGKILL);
    return G_SOURCE_REMOVE;
}

/* It takes the end of the connection as the order to deregister and to end. */
static void end(struct helper *h)
{
    if (!h->pid || h->ending)
        return;
    h->ending = true;
    if (h->client)
        client_close(h->client);
    h->client = NULL;
    timer_stop(h);
    h->timer = g_timeout_add_seconds(END_S, kill_it, h);
}

/* It has closed the connection by itself: whatever it is up to, it is of no more use. */
static void connection_closed(struct control_client *client, void *data)
{
    struct helper *h = data;
    h->client = NULL;
    timer_stop(h);
    h->timer = g_timeout_add_seconds(END_S, kill_it, h);
}

static void start(struct helper *h);

static gboolean start_again(gpointer data)
{
    struct helper *h = data;
    h->timer = 0;
    start(h);
    return G_SOURCE_REMOVE;
}

static void start_later(struct helper *h, const char *why)
{
    bool lived = g_get_monotonic_time() - h->started > LIVED_US;
    h->delay_s = lived || !h->delay_s ? DELAY_MIN_S : MIN(2 * h->delay_s, DELAY_MAX_S);
    g_autofree char *detail = g_strdup_printf("%s; it is started again in %u s", why, h->delay_s);
    log_warning("iSNS: %s", detail);
    h->say(ISNS_STATE_STARTING, detail, h->data);
    timer_stop(h);
    h->timer = g_timeout_add_seconds(h->delay_s, start_again, h);
}

static void ended(GPid pid, gint status, gpointer data)
{
    struct helper *h = data;
    bool told = h->ending;
    g_autofree char *why =
        WIFSIGNALED(status) ? g_strdup_printf("tgt-isns was ended by signal %d (%s)",
                                              WTERMSIG(status), strsignal(WTERMSIG(status)))
                            : g_strdup_printf("tgt-isns ended with status %d", WEXITSTATUS(status));
    h->pid = 0;
    h->watch = 0;
    h->ending = false;
    timer_stop(h);
    if (h->client)
        client_close(h->client);
    h->client = NULL;
    if (h->wanted && told)
        start(h);
    else if (h->wanted)
        start_later(h, why);
}

/* Trying again would not help. */
static void missing(struct helper *h, const char *why)
{
    g_autofree char *detail = g_strdup_printf(
        "%s cannot be run (%s): install it, then set iSNS=On again", program(), why);
    log_error("iSNS: %s", detail);
    h->say(ISNS_STATE_NO_HELPER, detail, h->data);
}

static void started(struct helper *h, int fd)
{
    h->started = g_get_monotonic_time();
    h->client = client_new(fd, true, connection_closed, h);
    client_let_report(h->client);
    h->watch = g_child_watch_add(h->pid, ended, h);
    h->say(ISNS_STATE_STARTING, "", h->data);
}

static void start(struct helper *h)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        start_later(h, g_strerror(errno));
        return;
    }
    int result = spawn(h, pair[1]);
    close(pair[1]);
    if (result == 0) {
        started(h, pair[0]);
        return;
    }
    h->pid = 0;
    close(pair[0]);
    if (result == ENOENT || result == EACCES)
        missing(h, g_strerror(result));
    else
        start_later(h, g_strerror(result));
}

struct helper *helper_new(void (*say)(enum isns_state state, const char *detail, void *data),
                          void *data)
{
    struct helper *h = g_new0(struct helper, 1);
    h->say = say;
    h->data = data;
    h->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return h;
}

void helper_want(struct helper *h, bool wanted, bool other)
{
    h->wanted = wanted;
    if (h->pid && (!wanted || other)) {
        end(h);
        return;
    }
    if (h->pid)
        return;
    timer_stop(h);
    h->delay_s = 0;
    if (wanted)
        start(h);
}

void helper_changed(struct helper *h)
{
    if (h->pid && eventfd_write(h->changed, 1) < 0)
        log_debug("iSNS: %s", g_strerror(errno)); /* it has not looked for 2^64 changes */
}

bool helper_runs(const struct helper *h)
{
    return h->pid != 0;
}

void helper_free(struct helper *h)
{
    if (!h)
        return;
    timer_stop(h);
    if (h->watch)
        g_source_remove(h->watch);
    if (h->client)
        client_close(h->client);
    if (h->pid) {
        kill(h->pid, SIGKILL);
        while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (h->changed >= 0)
        close(h->changed);
    g_free(h);
}
