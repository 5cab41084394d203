/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to the daemon's control socket: one method after the other. */
#include "rpc.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONTROL_DIR "/run/tgtd"

struct rpc {
    int fd;
    json_int_t id; /* of the last request */
    GString *in;   /* received, not yet a line */
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

char *rpc_path(const char *path, const char *port)
{
    const char *env = getenv("TGT_CONTROL");
    if (path)
        return g_strdup(path);
    if (port && strtoul(port, NULL, 10) != 0)
        return g_strdup_printf(CONTROL_DIR "/control.%lu", strtoul(port, NULL, 10));
    if (!port && env && *env)
        return g_strdup(env);
    return g_strdup(CONTROL_DIR "/control");
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

struct rpc *rpc_open(const char *path, struct rpc_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return cannot_connect(path, ENAMETOOLONG, error);
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int problem = errno;
        if (fd >= 0)
            close(fd);
        return cannot_connect(path, problem, error);
    }
    struct rpc *rpc = g_new0(struct rpc, 1);
    rpc->fd = fd;
    rpc->in = g_string_new(NULL);
    return rpc;
}

void rpc_close(struct rpc *rpc)
{
    if (!rpc)
        return;
    close(rpc->fd);
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

/* Receive until there is a line; its length, or -1. */
static gssize receive_line(struct rpc *rpc)
{
    char buf[65536];
    for (gsize seen = 0;;) {
        const char *newline = memchr(rpc->in->str + seen, '\n', rpc->in->len - seen);
        if (newline)
            return newline - rpc->in->str;
        seen = rpc->in->len;
        ssize_t n = recv(rpc->fd, buf, sizeof(buf), 0);
        if (n == 0 || (n < 0 && errno != EINTR))
            return -1;
        g_string_append_len(rpc->in, buf, MAX(n, 0));
    }
}

static json_t *receive_reply(struct rpc *rpc)
{
    gssize len = receive_line(rpc);
    if (len < 0)
        return NULL;
    json_t *reply = json_loadb(rpc->in->str, len, 0, NULL);
    g_string_erase(rpc->in, 0, len + 1);
    return reply;
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

json_t *rpc_call(struct rpc *rpc, const char *method, json_t *params, struct rpc_error *error)
{
    /* A daemon that has turned us away has said why before it closed: look at the reply in any
     * case. */
    bool sent = send_request(rpc, method, params);
    rpc_error_clear(error);
    json_t *reply = receive_reply(rpc);
    if (!reply)
        return unreachable(error, "the daemon has closed the connection%s",
                           sent ? " without an answer" : "");
    json_t *result = json_incref(json_object_get(reply, "result"));
    if (!result)
        take_error(json_object_get(reply, "error"), error);
    json_decref(reply);
    return result;
}
