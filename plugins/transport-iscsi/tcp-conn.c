/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection over TCP from accept to close. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcp.h"

/* Dead hosts are found by the kernel even where pings are off: seconds. */
enum { KEEP_IDLE = 60, KEEP_INTERVAL = 10, KEEP_COUNT = 6 };

static void send_later(struct tgt_defer *defer)
{
    struct tcp_conn *t = (struct tcp_conn *)((char *)defer - offsetof(struct tcp_conn, send_later));
    if (!t->conn.closed)
        tcp_flush(t);
    iscsi_conn_put(&t->conn);
}

static void receive_later(struct tgt_defer *defer)
{
    struct tcp_conn *t =
        (struct tcp_conn *)((char *)defer - offsetof(struct tcp_conn, receive_later));
    if (!t->conn.closed)
        tcp_receive_stashed(t);
    iscsi_conn_put(&t->conn);
}

static void later(struct tcp_conn *t, struct tgt_defer *defer)
{
    if (defer->pending)
        return;
    iscsi_conn_hold(&t->conn);
    tgt_thread_defer(t->conn.thread->thread, defer);
}

static void dm_send(struct iscsi_conn *c)
{
    struct tcp_conn *t = tcp_conn(c);
    if (!t->out_armed)
        later(t, &t->send_later);
}

static void dm_resume(struct iscsi_conn *c)
{
    later(tcp_conn(c), &tcp_conn(c)->receive_later);
}

/* What the peer has sent and nobody read would make close() a reset, which may overtake the last
 * answers. */
static void dm_finish(struct iscsi_conn *c)
{
    struct tcp_conn *t = tcp_conn(c);
    if (t->draining)
        return;
    t->draining = true;
    shutdown(t->fd, SHUT_WR);
    later(t, &t->receive_later);
}

static void dm_close(struct iscsi_conn *c)
{
    struct tcp_conn *t = tcp_conn(c);
    struct tgt_thread *thread = c->thread->thread;
    shutdown(t->fd, SHUT_RDWR);
    if (t->in_armed)
        tgt_op_cancel(thread, &t->poll_in);
    if (t->out_armed)
        tgt_op_cancel(thread, &t->poll_out);
}

static void dm_free(struct iscsi_conn *c)
{
    struct tcp_conn *t = tcp_conn(c);
    close(t->fd);
    if (t->stash)
        tcp_stash_drop(t);
    g_free(t);
}

const struct iscsi_datamover tcp_datamover = {dm_send, dm_resume, dm_finish, dm_close, dm_free};

static void set_option(int fd, int level, int name, int value)
{
    if (setsockopt(fd, level, name, &value, sizeof(value)) < 0)
        tgt_log(TGT_LOG_DEBUG, "iscsi: socket option %d: %s", name, g_strerror(errno));
}

static void set_options(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
}

typedef int (*name_fn)(int, struct sockaddr *, socklen_t *);

/* Numeric address and port of one end. */
static bool read_name(int fd, name_fn name, char *address, size_t size, char *port,
                      size_t port_size)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof(storage);
    if (name(fd, (struct sockaddr *)&storage, &len) < 0)
        return false;
    return getnameinfo((struct sockaddr *)&storage, len, address, (socklen_t)size, port,
                       (socklen_t)port_size, NI_NUMERICHOST | NI_NUMERICSERV) == 0;
}

static bool read_names(struct tcp_conn *t)
{
    struct iscsi_conn *c = &t->conn;
    char port[8], local_port[8];
    if (!read_name(t->fd, getpeername, c->peer, sizeof(c->peer), port, sizeof(port)) ||
        !read_name(t->fd, getsockname, c->local, sizeof(c->local), local_port, sizeof(local_port)))
        return false;
    bool v6 = strchr(c->peer, ':') != NULL;
    g_snprintf(c->peer_port, sizeof(c->peer_port), v6 ? "[%s]:%s" : "%s:%s", c->peer, port);
    c->local_port = (uint16_t)g_ascii_strtoull(local_port, NULL, 10);
    return true;
}

static void discard(struct tcp_conn *t)
{
    iscsi_conn_uncount(&t->conn);
    iscsi_portal_params_unref(t->conn.portal);
    dm_free(&t->conn);
}

/* On its thread. */
static void start(struct tgt_msg *msg)
{
    struct tcp_conn *t = (struct tcp_conn *)((char *)msg - offsetof(struct tcp_conn, start));
    struct tcp_thread *thread = tgt_thread_data(tgt_thread_self(), &tgt_plugin);
    if (!thread || thread->common.detached) {
        discard(t);
        return;
    }
    iscsi_conn_start(&t->conn, &thread->common);
    tcp_receive_arm(t);
}

void tcp_conn_new(int fd, struct iscsi_portal_params *portal, uint64_t host)
{
    struct tcp_conn *t = g_new0(struct tcp_conn, 1);
    t->fd = fd;
    t->tx_room = TCP_DIGESTED;
    t->conn.dm = &tcp_datamover;
    t->conn.portal = iscsi_portal_params_ref(portal);
    t->conn.host = host;
    t->conn.in_login = t->conn.counted = true;
    t->start.fn = start;
    t->send_later.fn = send_later;
    t->receive_later.fn = receive_later;
    set_options(fd);
    if (read_names(t))
        tgt_thread_post(tgt_thread_pick(), &t->start);
    else
        discard(t); /* the peer is gone already */
}
