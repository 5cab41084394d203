/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The TCP connection to a server. */
#include "wire.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* For a connection, and for each answer from the first byte of the question to the last. */
#define PATIENCE_MS 8000
#define CHUNK       16384

G_DEFINE_QUARK(tgt - isns - wire - error, wire_error)

static bool lost(GError **error, const char *what)
{
    g_set_error_literal(error, WIRE_ERROR, 0, what);
    return false;
}

/* False: no. */
static bool wait_for(int fd, short events, int control, gint64 end, GError **error)
{
    for (;;) {
        struct pollfd p[] = {{.fd = fd, .events = events}, {.fd = control, .events = POLLRDHUP}};
        gint64 left_ms = (end - g_get_monotonic_time() + 999) / 1000;
        int n = left_ms > 0 ? poll(p, 2, (int)left_ms) : 0;
        if (n == 0)
            return lost(error, "the server does not answer in time");
        if (n > 0 && p[1].revents)
            return lost(error, "tgtd needs no more of it");
        if (n > 0 && p[0].revents)
            return true;
        if (n < 0 && errno != EINTR)
            return lost(error, g_strerror(errno));
    }
}

static gint64 deadline(void)
{
    return g_get_monotonic_time() + PATIENCE_MS * 1000;
}

/* 0: connected. */
static bool finish_connect(int fd, int control, GError **error)
{
    int problem = 0;
    socklen_t len = sizeof(problem);
    if (!wait_for(fd, POLLOUT, control, deadline(), error))
        return false;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len) < 0)
        problem = errno;
    return problem ? lost(error, g_strerror(problem)) : true;
}

/* Its descriptor, or -1. */
static int connect_one(const struct addrinfo *a, int control, GError **error)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return fd;
    if (fd >= 0 && errno == EINPROGRESS && finish_connect(fd, control, error))
        return fd;
    if (!*error)
        lost(error, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int connect_any(const struct addrinfo *list, int control, GError **error)
{
    int fd = -1;
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        g_clear_error(error);
        fd = connect_one(a, control, error);
    }
    g_assert(fd >= 0 || *error);
    if (fd >= 0)
        g_clear_error(error);
    return fd;
}

struct wire *wire_open(const char *host, const char *port, int control, GError **error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    g_autoptr(GError) why = NULL;
    int problem = getaddrinfo(host, port, &hints, &list);
    if (problem) {
        g_set_error(error, WIRE_ERROR, 0, "%s: %s", host, gai_strerror(problem));
        return NULL;
    }
    int fd = connect_any(list, control, &why);
    freeaddrinfo(list);
    if (fd < 0) {
        g_set_error(error, WIRE_ERROR, 0, "%s port %s: %s", host, port, why->message);
        return NULL;
    }
    struct wire *wire = g_new(struct wire, 1);
    *wire = (struct wire){.fd = fd, .control = control, .in = g_byte_array_new()};
    message_init(&wire->answer);
    return wire;
}

void wire_close(struct wire *wire)
{
    if (!wire)
        return;
    close(wire->fd);
    g_byte_array_unref(wire->in);
    message_clear(&wire->answer);
    g_free(wire);
}

bool wire_send(struct wire *wire, const GByteArray *data, GError **error)
{
    gint64 end = deadline();
    for (size_t sent = 0; sent < data->len;) {
        ssize_t n = send(wire->fd, data->data + sent, data->len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return lost(error, g_strerror(errno));
        sent += n > 0 ? (size_t)n : 0;
        if (n < 0 && !wait_for(wire->fd, POLLOUT, wire->control, end, error))
            return false;
    }
    return true;
}

static bool receive_some(struct wire *wire, gint64 end, GError **error)
{
    uint8_t chunk[CHUNK];
    if (!wait_for(wire->fd, POLLIN, wire->control, end, error))
        return false;
    ssize_t n = recv(wire->fd, chunk, sizeof(chunk), 0);
    if (n == 0)
        return lost(error, "the server has closed the connection");
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return lost(error, g_strerror(errno));
    g_byte_array_append(wire->in, chunk, n > 0 ? (guint)n : 0);
    return true;
}

bool wire_receive(struct wire *wire, GError **error)
{
    gint64 end = deadline();
    message_reset(&wire->answer);
    for (;;) {
        enum message_verdict verdict = message_take(&wire->answer, wire->in);
        if (verdict == MESSAGE_DONE)
            return true;
        if (verdict == MESSAGE_NONSENSE)
            return lost(error, "the server does not send what iSNS (RFC 4171) allows");
        if (!receive_some(wire, end, error))
            return false;
    }
}

bool wire_in6(const struct sockaddr *from, struct in6_addr *address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
    *address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    if (from->sa_family == AF_INET6)
        *address = v6->sin6_addr;
    else if (from->sa_family == AF_INET)
        memcpy(address->s6_addr + 12, &v4->sin_addr, 4);
    return from->sa_family == AF_INET || from->sa_family == AF_INET6;
}

bool wire_local(const struct wire *wire, struct in6_addr *address)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    return getsockname(wire->fd, (struct sockaddr *)&from, &len) == 0 &&
           wire_in6((const struct sockaddr *)&from, address);
}

bool wire_peer(const struct wire *wire, struct in6_addr *address)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    return getpeername(wire->fd, (struct sockaddr *)&from, &len) == 0 &&
           wire_in6((const struct sockaddr *)&from, address);
}
