/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Portals: sockets that listen, on the main thread. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcp.h"

/* Connections accepted before the main loop sees to other things. */
#define ACCEPT_BURST 64

struct portal {
    int fd;
    int spare; /* given up for a moment when descriptors run out, so that callers are told instead
                  of left waiting */
    struct tgt_watch *watch;
    struct iscsi_portal_params *params;
};

static void refuse_for_want_of_descriptors(struct portal *portal)
{
    if (portal->spare < 0)
        return;
    close(portal->spare);
    int fd = accept4(portal->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    portal->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* One host may have a whole IPv6 subnet of addresses (RFC 4291 2.5.4). */
static uint64_t host_of(const struct sockaddr_storage *peer)
{
    uint64_t subnet;
    if (peer->ss_family == AF_INET)
        return ((const struct sockaddr_in *)peer)->sin_addr.s_addr;
    memcpy(&subnet, &((const struct sockaddr_in6 *)peer)->sin6_addr, sizeof(subnet));
    return subnet;
}

static void admit(struct portal *portal, int fd, uint64_t host)
{
    if (iscsi_admission_enter(&portal->params->admission, host)) {
        tcp_conn_new(fd, portal->params, host);
        return;
    }
    tgt_log(TGT_LOG_INFO, "iscsi: a connection was turned away: there are too many");
    close(fd);
}

static void on_connection(int listener, void *data)
{
    struct portal *portal = data;
    for (int i = 0; i < ACCEPT_BURST; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t len = sizeof(peer);
        int fd = accept4(listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            admit(portal, fd, host_of(&peer));
        else if (errno == EMFILE || errno == ENFILE)
            return refuse_for_want_of_descriptors(portal);
        else if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

static struct addrinfo *resolve(const struct tgt_portal_args *args, struct tgt_error *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char port[8];
    g_snprintf(port, sizeof(port), "%u", args->port);
    int failure = getaddrinfo(args->address, port, &hints, &found);
    if (failure)
        tgt_error_set(err, EINVAL, "%s is not a numeric address: %s", args->address,
                      gai_strerror(failure));
    return failure ? NULL : found;
}

static bool prepare(int fd, const struct addrinfo *where)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
        return false;
    /* IPv4 has portals of its own. */
    if (where->ai_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
        return false;
    return bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0;
}

/* A descriptor, or a negative errno. */
static int listen_at(const struct addrinfo *where)
{
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (prepare(fd, where))
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

/* The one that the host has, or a new one; a descriptor, or a negative errno. */
static int get_listener(const struct tgt_portal_args *args, struct tgt_error *err)
{
    if (args->fd >= 0 && fcntl(args->fd, F_SETFL, O_NONBLOCK) == 0)
        return args->fd;
    if (args->fd >= 0)
        close(args->fd);
    struct addrinfo *where = resolve(args, err);
    if (!where)
        return -EINVAL;
    int fd = listen_at(where);
    freeaddrinfo(where);
    if (fd < 0)
        tgt_error_set(err, -fd, "cannot listen on %s port %u: %s", args->address, args->port,
                      g_strerror(-fd));
    return fd;
}

static bool describe(int fd, struct tgt_portal_info *info)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof(storage);
    char port[8];
    if (getsockname(fd, (struct sockaddr *)&storage, &len) < 0 ||
        getnameinfo((struct sockaddr *)&storage, len, info->address, sizeof(info->address), port,
                    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return false;
    info->port = (uint16_t)g_ascii_strtoull(port, NULL, 10);
    info->fd = fd;
    return true;
}

static struct portal *portal_new(int fd, const struct tgt_portal_args *args)
{
    struct portal *portal = g_new0(struct portal, 1);
    portal->fd = fd;
    portal->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    portal->params = iscsi_portal_params_new(args);
    portal->watch = tgt_watch_add(fd, on_connection, portal);
    return portal;
}

int tcp_portal_open(const struct tgt_portal_args *args, struct tgt_portal_info *info, void **portal,
                    struct tgt_error *err)
{
    int fd = get_listener(args, err);
    if (fd < 0)
        return fd;
    if (!describe(fd, info)) {
        close(fd);
        return tgt_error_set(err, EIO, "the address of portal %s cannot be read", args->address);
    }
    *portal = portal_new(fd, args);
    return 0;
}

void tcp_portal_close(void *data)
{
    struct portal *portal = data;
    tgt_watch_remove(portal->watch);
    close(portal->fd);
    if (portal->spare >= 0)
        close(portal->spare);
    iscsi_portal_params_unref(portal->params);
    g_free(portal);
}
