/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to the daemon's control socket: one method after the other. */
#include "rpc.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONTROL_DIR "/run/tgtd"

/* Seconds until we give up, or say that we wait. */
#define PATIENCE_S 10u

struct rpc {
    int fd;
    char *path;
    unsigned limit_s; /* 0: not given */
    bool quiet;       /* say nothing while waiting */
    json_int_t id;    /* of the last request */
    GString *in;      /* received, not yet a line */
    void (*on_notification)(const char *method, const json_t *params, void *data); /* or NULL */
    void *data;
};

void rpc_error_clear(struct rpc_error *error)
{
    g_free(error->message);
    *error = (struct rpc_error){0};
}

static void *unreachable(struct rpc_error *error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void *unreachable(struct rpc_error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    rpc_error_clear(error);
    error->code = RPC_UNREACHABLE;
    error->message = g_strdup_vprintf(format, args);
    va_end(args);
    return NULL;
}

static void *late(const struct rpc *rpc, const char *what, struct rpc_error *error)
{
    unreachable(error, "tgtd%s%s has not %s within %u s", rpc->path ? " at " : "",
                rpc->path ? rpc->path : "", what, rpc->limit_s ? rpc->limit_s : PATIENCE_S);
    error->code = RPC_LATE;
    return NULL;
}

char *rpc_path(const char *path, const char *port)
{
    const char *control = getenv("TGT_CONTROL"), *beside = getenv("TGT_IPC_SOCKET");
    unsigned long n = port ? strtoul(port, NULL, 0) : 0;
    if (path)
        return g_strdup(path);
    if (!port && control && *control)
        return g_strdup(control);
    if (beside && *beside)
        return g_strdup_printf("%s.%lu.control", beside, n);
    return n ? g_strdup_printf(CONTROL_DIR "/control.%lu", n) : g_strdup(CONTROL_DIR "/control");
}

static struct rpc *cannot_connect(const char *path, int problem, struct rpc_error *error)
{
    const char *hint = "";
    if (problem == ENOENT || problem == ECONNREFUSED)
        hint = "; is tgtd running?";
    else if (problem == EACCES)
        hint = "; only root may use it (and group tgt the read-only socket)";
    return unreachable(error, "cannot reach tgtd at %s: %s%s", path, g_strerror(problem), hint);
}

/* 0 or an errno. On Linux, the time limit of sending is that of connect(), too: EAGAIN, if the
 * queue of a daemon that does not look at it has been full that long. */
static int connect_to(struct rpc *rpc)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = rpc->limit_s ? rpc->limit_s : PATIENCE_S};
    if (strlen(rpc->path) >= sizeof(address.sun_path))
        return ENAMETOOLONG;
    strcpy(address.sun_path, rpc->path);
    rpc->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (rpc->fd < 0 || setsockopt(rpc->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
        connect(rpc->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return errno;
    return 0;
}

struct rpc *rpc_new(int fd)
{
    struct rpc *rpc = g_new(struct rpc, 1);
    *rpc = (struct rpc){.fd = fd, .in = g_string_new(NULL)};
    return rpc;
}

void rpc_set_quiet(struct rpc *rpc)
{
    rpc->quiet = true;
}

void rpc_on_notification(struct rpc *rpc,
                         void (*fn)(const char *method, const json_t *params, void *data),
                         void *data)
{
    rpc->on_notification = fn;
    rpc->data = data;
}

struct rpc *rpc_open(const char *path, unsigned limit_s, struct rpc_error *error)
{
    struct rpc *rpc = rpc_new(-1);
    rpc->path = g_strdup(path);
    rpc->limit_s = limit_s;
    int problem = connect_to(rpc);
    if (!problem)
        return rpc;
    if (problem == EAGAIN)
        late(rpc, "taken the connection", error);
    else
        cannot_connect(path, problem, error);
    rpc_close(rpc);
    return NULL;
}

void rpc_close(struct rpc *rpc)
{
    if (!rpc)
        return;
    if (rpc->fd >= 0)
        close(rpc->fd);
    g_free(rpc->path);
    g_string_free(rpc->in, TRUE);
    g_free(rpc);
}

static bool send_all(struct rpc *rpc, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(rpc->fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            data += n;
            len -= n;
        }
    }
    return true;
}

static bool send_request(struct rpc *rpc, const char *method, json_t *params)
{
    json_t *request = json_pack("{s:s, s:I, s:s, s:o}", "jsonrpc", "2.0", "id", ++rpc->id, "method",
                                method, "params", params ? params : json_object());
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    bool ok = text && send_all(rpc, text, strlen(text)) && send_all(rpc, "\n", 1);
    free(text);
    return ok;
}

/* ---- Waiting for an answer ---- */

struct patience {
    const char *method;
    gint64 end, notice; /* monotonic times, 0: never */
    bool over;
};

static struct patience patience_for(const struct rpc *rpc, const char *method)
{
    static const char *const slow[] = {
        "acl.map",         "acl.unmap",     "log.follow", "lun.create",     "lun.delete",
        "lun.resize",      "plugin.load",   "portal.add", "session.logout", "system.drain",
        "system.shutdown", "target.delete", NULL};
    gint64 now = g_get_monotonic_time();
    bool is_slow = g_strv_contains(slow, method);
    unsigned limit_s = rpc->limit_s || is_slow ? rpc->limit_s : PATIENCE_S;
    return (struct patience){
        .method = method,
        .end = limit_s ? now + (gint64)limit_s * G_USEC_PER_SEC : 0,
        .notice =
            is_slow && !rpc->quiet && !rpc->on_notification ? now + PATIENCE_S * G_USEC_PER_SEC : 0,
    };
}

static int ms_until(gint64 when, gint64 now)
{
    return when > now ? (int)MIN((when - now) / 1000 + 1, G_MAXINT) : 0;
}

/* For poll(): until what comes first. */
static int ms_left(const struct patience *p, gint64 now)
{
    gint64 next = p->notice && (!p->end || p->notice < p->end) ? p->notice : p->end;
    return next ? ms_until(next, now) : -1;
}

/* Once. */
static void say_waiting(struct patience *p)
{
    fprintf(stderr, "%s: still waiting for tgtd (%s)\n", program_invocation_short_name, p->method);
    p->notice = 0;
}

static bool wait_readable(struct rpc *rpc, struct patience *p)
{
    struct pollfd fd = {.fd = rpc->fd, .events = POLLIN};
    while (poll(&fd, 1, ms_left(p, g_get_monotonic_time())) <= 0) {
        gint64 now = g_get_monotonic_time();
        p->over = p->end && now >= p->end;
        if (p->over)
            return false;
        if (p->notice && now >= p->notice)
            say_waiting(p);
    }
    return true;
}

/* Receive until there is a line; its length, or -1. */
static gssize receive_line(struct rpc *rpc, struct patience *patience)
{
    char buf[65536];
    for (gsize seen = 0;;) {
        const char *newline = memchr(rpc->in->str + seen, '\n', rpc->in->len - seen);
        if (newline)
            return newline - rpc->in->str;
        seen = rpc->in->len;
        if (!wait_readable(rpc, patience))
            return -1;
        ssize_t n = recv(rpc->fd, buf, sizeof(buf), 0);
        if (n == 0 || (n < 0 && errno != EINTR))
            return -1;
        g_string_append_len(rpc->in, buf, MAX(n, 0));
    }
}

static json_t *receive_object(struct rpc *rpc, struct patience *patience)
{
    gssize len = receive_line(rpc, patience);
    if (len < 0)
        return NULL;
    json_t *object = json_loadb(rpc->in->str, len, 0, NULL);
    g_string_erase(rpc->in, 0, len + 1);
    return object;
}

static json_t *receive_reply(struct rpc *rpc, struct patience *patience)
{
    for (;;) {
        json_t *object = receive_object(rpc, patience);
        const char *method = json_string_value(json_object_get(object, "method"));
        if (!method)
            return object;
        if (rpc->on_notification)
            rpc->on_notification(method, json_object_get(object, "params"), rpc->data);
        json_decref(object);
    }
}

static void take_error(const json_t *value, struct rpc_error *error)
{
    const char *message = json_string_value(json_object_get(value, "message"));
    const char *object =
        json_string_value(json_object_get(json_object_get(value, "data"), "object"));
    error->code = json_integer_value(json_object_get(value, "code"));
    g_strlcpy(error->object, object ? object : "", sizeof(error->object));
    error->message = g_strdup(message ? message : "the daemon refuses without a reason");
}

/* The result of `reply`, which is freed. NULL: `error` says why. */
static json_t *result_of(json_t *reply, struct rpc_error *error)
{
    json_t *result = json_incref(json_object_get(reply, "result"));
    if (!result)
        take_error(json_object_get(reply, "error"), error);
    json_decref(reply);
    return result;
}

json_t *rpc_call(struct rpc *rpc, const char *method, json_t *params, struct rpc_error *error)
{
    /* A daemon that has turned us away has said why before it closed: look at the reply in any
     * case. */
    bool sent = send_request(rpc, method, params);
    struct patience patience = patience_for(rpc, method);
    rpc_error_clear(error);
    json_t *reply = receive_reply(rpc, &patience);
    if (patience.over) {
        g_autofree char *what = g_strdup_printf("answered %s", method);
        return late(rpc, what, error);
    }
    if (!reply)
        return unreachable(error, "the daemon has closed the connection%s",
                           sent ? " without an answer" : "");
    return result_of(reply, error);
}

json_int_t rpc_send(struct rpc *rpc, const char *method, json_t *params)
{
    return send_request(rpc, method, params) ? rpc->id : 0;
}

json_t *rpc_receive(struct rpc *rpc, json_int_t *id, struct rpc_error *error)
{
    struct patience patience = patience_for(rpc, "lun.create"); /* perhaps one of these */
    rpc_error_clear(error);
    json_t *reply = receive_reply(rpc, &patience);
    *id = json_integer_value(json_object_get(reply, "id"));
    if (patience.over)
        return late(rpc, "answered", error);
    if (*id > 0)
        return result_of(reply, error);
    json_decref(reply);
    return unreachable(error, "the daemon has closed the connection");
}
