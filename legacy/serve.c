/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One visit of a foreign tgtadm program: a request is read, run, answered. In a thread of its own,
 * which may wait. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "wire.h"

/* How long the program may take to send its request, and to take the answer. */
#define PATIENCE_MS 5000

/* 0 when `events` come in time. */
static int await(int fd, short events, gint64 end)
{
    struct pollfd p = {.fd = fd, .events = events};
    gint64 left = (end - g_get_monotonic_time()) / 1000;
    int n = left > 0 ? poll(&p, 1, (int)left) : 0;
    return n > 0 || (n < 0 && errno == EINTR) ? 0 : -1;
}

static bool receive(int fd, void *buf, size_t size, gint64 end)
{
    char *p = buf;
    while (size > 0) {
        if (await(fd, POLLIN, end) < 0)
            return false;
        ssize_t n = recv(fd, p, size, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        p += MAX(n, 0);
        size -= (size_t)MAX(n, 0);
    }
    return true;
}

static void deliver(int fd, const char *p, size_t size)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_MS * 1000;
    while (size > 0 && await(fd, POLLOUT, end) == 0) {
        ssize_t n = send(fd, p, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return;
        p += MAX(n, 0);
        size -= (size_t)MAX(n, 0);
        if (n > 0)
            end = g_get_monotonic_time() + PATIENCE_MS * 1000;
    }
}

static bool receive_request(int fd, struct wire_request *request)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_MS * 1000;
    if (!receive(fd, request->head, sizeof request->head, end))
        return false;
    size_t size = wire_text_size(request);
    if (size > WIRE_TEXT_MAX || !receive(fd, request->text, size, end))
        return false;
    request->text[size] = '\0';
    return true;
}

/* Text goes with its NUL; none goes without. */
static void answer(int fd, uint32_t error, const GString *text)
{
    uint32_t size = text->len > 0 ? (uint32_t)text->len + 1 : 0;
    uint32_t head[2] = {error, (uint32_t)sizeof head + size};
    g_autoptr(GString) all = g_string_sized_new(head[1]);
    g_string_append_len(all, (const char *)head, sizeof head);
    g_string_append_len(all, text->str, size);
    deliver(fd, all->str, all->len);
}

static uint32_t run(struct wire_request *request, struct legacy *legacy, GString *out)
{
    g_autoptr(GString) err = g_string_new(NULL);
    struct adm adm = {.legacy = legacy, .out = out, .err = err};
    int status = wire_decode(request, &adm) ? adm_run(&adm) : adm_error(&adm, ADM_ERROR_INVALID);
    if (status == LEGACY_OK)
        return ADM_NO_ERROR;
    g_string_truncate(out, 0);
    return adm.error ? adm.error : ADM_ERROR_UNKNOWN;
}

/* A request can have a password in it. */
void wire_serve(int fd, struct legacy *legacy)
{
    struct wire_request *request = g_new0(struct wire_request, 1);
    g_autoptr(GString) out = g_string_new(NULL);
    if (receive_request(fd, request))
        answer(fd, run(request, legacy, out), out);
    explicit_bzero(request, sizeof *request);
    g_free(request);
}

void legacy_serve(int fd, struct rpc *rpc)
{
    struct legacy *legacy = legacy_new(rpc);
    wire_serve(fd, legacy);
    legacy_free(legacy);
}
