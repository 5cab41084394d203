/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the server tells of changes (SCN) and asks whether we are there (ESI): RFC 4171 5.6.5.8,
 * 5.6.5.13. Anybody can connect here: few at a time, from the server's address only, not for long.
 */
#include "listen.h"

#include <errno.h>
#include <libisns/isns-proto.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "message.h"
#include "wire.h"

/* A peer that says nothing for so long, is closed. */
#define PEER_US    (60 * G_USEC_PER_SEC)
#define PEER_BYTES (128u << 10) /* of a message: those for us are short */

struct peer {
    int fd; /* -1: free */
    gint64 heard;
    GByteArray *in;
    struct message message;
};

struct listener {
    int fd;
    uint16_t port;
    struct in6_addr server; /* all zero: nobody */
    struct peer peers[LISTEN_PEERS_MAX];
};

/* ---- Opening ---- */

/* One socket for both families, or for IPv4 where there is no IPv6. */
static int open_socket(uint16_t port)
{
    const int off = 0, on = 1;
    const struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int fd = socket(AF_INET6, type, 0);
    bool v6 = fd >= 0;
    if (!v6)
        fd = socket(AF_INET, type, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0 &&
        bind(fd, (const struct sockaddr *)&any6, sizeof(any6)) == 0)
        return fd;
    if (!v6 && bind(fd, (const struct sockaddr *)&any4, sizeof(any4)) == 0)
        return fd;
    int problem = errno;
    close(fd);
    errno = problem;
    return -1;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in6 bound = {0}; /* the port lies in the same place in both */
    socklen_t len = sizeof(bound);
    return getsockname(fd, (struct sockaddr *)&bound, &len) == 0 ? ntohs(bound.sin6_port) : 0;
}

struct listener *listen_new(uint16_t port)
{
    int fd = open_socket(port);
    if (fd < 0)
        return NULL;
    if (listen(fd, (int)LISTEN_PEERS_MAX) < 0) {
        int problem = errno;
        close(fd);
        errno = problem;
        return NULL;
    }
    struct listener *l = g_new0(struct listener, 1);
    l->fd = fd;
    l->port = port_of(fd);
    for (unsigned i = 0; i < LISTEN_PEERS_MAX; i++)
        l->peers[i].fd = -1;
    return l;
}

static void drop(struct peer *p)
{
    if (p->fd < 0)
        return;
    close(p->fd);
    p->fd = -1;
    g_byte_array_unref(p->in);
    message_clear(&p->message);
}

void listen_free(struct listener *l)
{
    if (!l)
        return;
    for (unsigned i = 0; i < LISTEN_PEERS_MAX; i++)
        drop(&l->peers[i]);
    close(l->fd);
    g_free(l);
}

uint16_t listen_port(const struct listener *l)
{
    return l->port;
}

void listen_to(struct listener *l, const struct in6_addr *server)
{
    l->server = *server;
}

/* ---- Peers ---- */

static struct peer *free_place(struct listener *l)
{
    for (unsigned i = 0; i < LISTEN_PEERS_MAX; i++)
        if (l->peers[i].fd < 0)
            return &l->peers[i];
    return NULL;
}

static bool is_server(const struct listener *l, const struct sockaddr_storage *from)
{
    struct in6_addr address;
    return wire_in6((const struct sockaddr *)from, &address) &&
           memcmp(&address, &l->server, sizeof(address)) == 0;
}

static void take_peer(struct listener *l)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    int fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct peer *p = is_server(l, &from) ? free_place(l) : NULL;
    if (!p) {
        close(fd);
        return;
    }
    *p = (struct peer){.fd = fd, .heard = g_get_monotonic_time(), .in = g_byte_array_new()};
    message_init(&p->message);
}

/* A status, and of an inquiry all that it said. A peer that does not take the few bytes is closed.
 */
static bool answer(struct peer *p, uint32_t status)
{
    const struct message *m = &p->message;
    const uint8_t code[] = {0, 0, 0, (uint8_t)status};
    g_autoptr(GByteArray) body = g_byte_array_append(g_byte_array_new(), code, sizeof(code));
    if (m->function == ISNS_ENTITY_STATUS_INQUIRY && m->payload->len + 4 <= MESSAGE_PDU_MAX)
        g_byte_array_append(body, m->payload->data, m->payload->len);
    g_autoptr(GByteArray) pdu =
        message_pdu(m->function | MESSAGE_RESPONSE, ISNS_F_CLIENT, m->xid, body->data, body->len);
    return send(p->fd, pdu->data, pdu->len, MSG_NOSIGNAL) == (ssize_t)pdu->len;
}

/* False: no more of this peer. */
static bool take_message(struct peer *p, bool *changed)
{
    uint16_t function = p->message.function;
    bool ours =
        function == ISNS_STATE_CHANGE_NOTIFICATION || function == ISNS_ENTITY_STATUS_INQUIRY;
    *changed |= function == ISNS_STATE_CHANGE_NOTIFICATION;
    bool alive = !(function & MESSAGE_RESPONSE) &&
                 answer(p, ours ? ISNS_SUCCESS : ISNS_MESSAGE_NOT_SUPPORTED);
    message_reset(&p->message);
    return alive;
}

static bool take_messages(struct peer *p, bool *changed)
{
    for (;;) {
        enum message_verdict verdict = message_take(&p->message, p->in);
        if (verdict != MESSAGE_DONE)
            return verdict == MESSAGE_MORE && p->in->len + p->message.payload->len <= PEER_BYTES;
        if (!take_message(p, changed))
            return false;
    }
}

static bool hear(struct peer *p, bool *changed)
{
    uint8_t chunk[4096];
    ssize_t n = recv(p->fd, chunk, sizeof(chunk), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return g_get_monotonic_time() - p->heard < PEER_US;
    if (n <= 0)
        return false;
    p->heard = g_get_monotonic_time();
    g_byte_array_append(p->in, chunk, (guint)n);
    return take_messages(p, changed);
}

void listen_polls(const struct listener *l, struct pollfd *polls)
{
    for (unsigned i = 0; i < LISTEN_PEERS_MAX; i++)
        polls[i] = (struct pollfd){.fd = l ? l->peers[i].fd : -1, .events = POLLIN};
    polls[LISTEN_PEERS_MAX] = (struct pollfd){.fd = l ? l->fd : -1, .events = POLLIN};
}

int listen_timeout(const struct listener *l)
{
    gint64 least = G_MAXINT64, now = g_get_monotonic_time();
    for (unsigned i = 0; l && i < LISTEN_PEERS_MAX; i++)
        if (l->peers[i].fd >= 0)
            least = MIN(least, l->peers[i].heard + PEER_US - now);
    return least == G_MAXINT64 ? -1 : (int)(MAX(least, 0) / 1000) + 1;
}

bool listen_turn(struct listener *l)
{
    bool changed = false;
    if (!l)
        return false;
    take_peer(l);
    for (unsigned i = 0; i < LISTEN_PEERS_MAX; i++)
        if (l->peers[i].fd >= 0 && !hear(&l->peers[i], &changed))
            drop(&l->peers[i]);
    return changed;
}
