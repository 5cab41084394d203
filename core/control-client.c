/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection to a control socket: lines in, lines out, everything bounded. */
#include "control-client.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control-method.h"

#define LINE_MAX_BYTES (1u << 20)   /* longest request */
#define CALLS_MAX      16u          /* calls under way */
#define OUTPUT_MAX     (256u << 10) /* with more than this unsent, no request is taken */
#define CHUNK                                                                                      \
    (64u << 10) /* bytes taken per turn of the loop, so that one client does not starve others */

struct control_client {
    unsigned refs; /* the connection, and each call under way */
    int fd;        /* -1: closed */
    bool read_only;
    bool reports; /* client_let_report() */
    bool ended;   /* the peer sends no more, or has been told to go */
    bool pumping; /* within client_pump() */
    guint in_watch, out_watch, hup_watch;
    GPtrArray *hooks; /* struct client_hook */
    unsigned calls;
    gsize parsed;  /* bytes of `in` that were run; 0 outside run_lines() */
    gsize scanned; /* bytes of `in` in which no further newline is */
    GString *in, *out;
    void (*closed)(struct control_client *client, void *data);
    void *data;
};

static void client_pump(struct control_client *c);

static void client_unref(struct control_client *c)
{
    if (--c->refs > 0)
        return;
    g_string_free(c->in, TRUE);
    g_string_free(c->out, TRUE);
    g_ptr_array_unref(c->hooks);
    g_free(c);
}

static void watch_stop(guint *watch)
{
    if (*watch)
        g_source_remove(*watch);
    *watch = 0;
}

void client_close(struct control_client *c)
{
    if (c->fd < 0)
        return;
    watch_stop(&c->in_watch);
    watch_stop(&c->out_watch);
    watch_stop(&c->hup_watch);
    close(c->fd);
    c->fd = -1;
    while (c->hooks->len > 0) {
        struct client_hook *hook = g_ptr_array_remove_index(c->hooks, c->hooks->len - 1);
        hook->fn(hook->data);
    }
    client_unref(c);
}

/* The connection ends by itself. */
static void client_gone(struct control_client *c)
{
    c->closed(c, c->data);
    client_close(c);
}

static gboolean on_output(gint fd, GIOCondition condition, gpointer data)
{
    struct control_client *c = data;
    c->out_watch = 0;
    client_pump(c);
    return G_SOURCE_REMOVE;
}

/* False: the peer is gone. */
static bool flush(struct control_client *c)
{
    while (c->out->len > 0) {
        ssize_t n = send(c->fd, c->out->str, c->out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        g_string_erase(c->out, 0, n);
        explicit_bzero(c->out->str + c->out->len, n); /* it may have told secrets */
    }
    return true;
}

static bool takes_requests(const struct control_client *c)
{
    return c->calls < CALLS_MAX && c->out->len <= OUTPUT_MAX;
}

static void refuse_long_line(struct control_client *c)
{
    c->ended = true;
    c->parsed = c->in->len;
    g_string_append(
        c->out, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":"
                "\"a request may have 1048576 bytes at most\",\"data\":{\"kind\":\"request\"}}}\n");
}

/* Length of the next complete line, or -1. */
static gssize line_length(struct control_client *c)
{
    gsize from = MAX(c->parsed, c->scanned);
    const char *newline = memchr(c->in->str + from, '\n', c->in->len - from);
    c->scanned = newline ? 0 : c->in->len;
    return newline ? newline - (c->in->str + c->parsed) : -1;
}

/* Run one line; false: there is none that is complete and fits. */
static bool run_line(struct control_client *c)
{
    gssize len = line_length(c);
    if ((len < 0 ? c->in->len - c->parsed : (gsize)len) > LINE_MAX_BYTES) {
        refuse_long_line(c);
        return false;
    }
    if (len > 0)
        control_run(c, c->in->str + c->parsed, len);
    if (len > 0)
        explicit_bzero(c->in->str + c->parsed, len); /* it may have told a secret */
    c->parsed += len + 1;
    return len >= 0;
}

/* True: stopped by a limit, there may be more. */
static bool run_lines(struct control_client *c)
{
    bool more = true;
    c->parsed = 0;
    while (c->fd >= 0 && takes_requests(c) && more)
        more = run_line(c);
    g_string_erase(c->in, 0, c->parsed);
    c->scanned -= MIN(c->scanned, c->parsed);
    return more;
}

/* A last request may come without a newline (printf … | nc -U). */
static void end_of_input(struct control_client *c, bool in_order)
{
    c->ended = true;
    if (in_order && c->in->len > 0)
        g_string_append_c(c->in, '\n');
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer data)
{
    struct control_client *c = data;
    char buf[CHUNK];
    ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    c->in_watch = 0;
    if (n <= 0)
        end_of_input(c, n == 0);
    else
        g_string_append_len(c->in, buf, n);
    explicit_bzero(buf, sizeof(buf));
    client_pump(c);
    return G_SOURCE_REMOVE;
}

static gboolean on_hangup(gint fd, GIOCondition condition, gpointer data)
{
    struct control_client *c = data;
    c->hup_watch = 0;
    client_gone(c);
    return G_SOURCE_REMOVE;
}

/* Who sends no more may still wait for answers; who has closed does not. Where input is not
 * watched, nothing else says so. */
static void watch_for_hangup(struct control_client *c)
{
    bool wanted = c->ended || !takes_requests(c);
    if (!wanted)
        watch_stop(&c->hup_watch); /* what has been sent before is still read */
    else if (!c->hup_watch)
        c->hup_watch = g_unix_fd_add(c->fd, G_IO_HUP | G_IO_ERR, on_hangup, c);
}

static void watch_again(struct control_client *c)
{
    watch_for_hangup(c);
    if (c->out->len > 0 && !c->out_watch)
        c->out_watch = g_unix_fd_add(c->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_output, c);
    if (!c->ended && takes_requests(c) && !c->in_watch)
        c->in_watch = g_unix_fd_add(c->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, c);
    if (!takes_requests(c))
        watch_stop(&c->in_watch);
}

/* Whatever can be done now: run requests, send replies, watch for more. */
static void client_pump(struct control_client *c)
{
    if (c->pumping || c->fd < 0)
        return;
    c->pumping = true;
    c->refs++;
    bool more, alive;
    do {
        more = run_lines(c);
        alive = c->fd >= 0 && flush(c);
    } while (alive && more && takes_requests(c));
    if (alive && !(c->ended && c->calls == 0 && c->out->len == 0))
        watch_again(c);
    else if (c->fd >= 0)
        client_gone(c);
    c->pumping = false;
    client_unref(c);
}

void client_finish(struct control_client *c)
{
    c->ended = true;
    watch_stop(&c->in_watch);
    g_string_truncate(c->in, 0);
    c->scanned = 0;
    client_pump(c);
}

struct control_client *client_new(int fd, bool read_only,
                                  void (*closed)(struct control_client *client, void *data),
                                  void *data)
{
    struct control_client *c = g_new0(struct control_client, 1);
    c->refs = 1;
    c->fd = fd;
    c->read_only = read_only;
    c->closed = closed;
    c->data = data;
    c->in = g_string_new(NULL);
    c->out = g_string_new(NULL);
    c->hooks = g_ptr_array_new();
    watch_again(c);
    return c;
}

bool client_is_read_only(const struct control_client *c)
{
    return c->read_only;
}

void client_let_report(struct control_client *c)
{
    c->reports = true;
}

bool client_may_report(const struct control_client *c)
{
    return c->reports;
}

void client_call_begin(struct control_client *c)
{
    c->refs++;
    c->calls++;
}

void client_hook_add(struct control_client *c, struct client_hook *hook)
{
    g_ptr_array_add(c->hooks, hook);
}

void client_hook_remove(struct control_client *c, struct client_hook *hook)
{
    g_ptr_array_remove_fast(c->hooks, hook);
}

/* Takes over `line`, NULL is fine. */
static void append_line(struct control_client *c, json_t *line)
{
    if (line && c->fd >= 0) {
        char *text = json_dumps(line, JSON_COMPACT);
        size_t len = strlen(text);
        text[len] = '\n';
        g_string_append_len(c->out, text, len + 1);
        explicit_bzero(text, len);
        free(text);
    }
    json_decref(line);
}

/* If the peer is gone, the call that notes may end with the connection, as the last one. */
bool client_note(struct control_client *c, json_t *line)
{
    if (c->fd < 0 || c->out->len > OUTPUT_MAX) {
        json_decref(line);
        return false;
    }
    c->refs++;
    append_line(c, line);
    client_pump(c);
    bool open = c->fd >= 0;
    client_unref(c);
    return open;
}

void client_reply(struct control_client *c, json_t *line)
{
    append_line(c, line);
    c->calls--;
    client_pump(c);
    client_unref(c);
}
