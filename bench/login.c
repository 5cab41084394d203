/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Login of the load generator and its first commands, one PDU at a time on a blocking socket. */
#include "conn.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { TEXT_MAX = 8192 };

struct reply {
    struct bhs bhs;
    uint8_t data[TEXT_MAX + 4];
    uint32_t length;
};

static int connect_to(const struct load_options *options)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    int error = getaddrinfo(options->host, options->port, &hints, &list), fd = -1;
    if (error)
        load_die("%s: %s", options->host, gai_strerror(error));
    for (struct addrinfo *at = list; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen)) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd < 0)
        load_die("cannot connect to %s port %s: %s", options->host, options->port, strerror(errno));
    return fd;
}

static void set_socket_options(int fd)
{
    int on = 1;
    struct timeval limit = {.tv_sec = 20};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static void send_all(int fd, const void *data, size_t length)
{
    const char *at = data;
    while (length) {
        ssize_t n = send(fd, at, length, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            load_die("send: %s", strerror(errno));
        if (n > 0)
            at += n, length -= (size_t)n;
    }
}

static void receive_all(int fd, void *data, size_t length)
{
    char *at = data;
    while (length) {
        ssize_t n = recv(fd, at, length, 0);
        if (n == 0)
            load_die("the target closed the connection");
        if (n < 0 && errno != EINTR)
            load_die("recv: %s", strerror(errno));
        if (n > 0)
            at += n, length -= (size_t)n;
    }
}

/* Only logins have data here, and no login has digests. */
static void send_pdu(struct conn *conn, struct bhs *bhs, const void *data, uint32_t length)
{
    static const char padding[4];
    uint8_t digest[DIGEST_SIZE];
    bhs->data_length = be24(length);
    bhs->word28 = be32(conn->exp_stat_sn);
    send_all(conn->fd, bhs, sizeof(*bhs));
    digest_make(bhs, sizeof(*bhs), digest);
    send_all(conn->fd, digest, conn->digests ? sizeof(digest) : 0);
    send_all(conn->fd, data, length);
    send_all(conn->fd, padding, -length & 3);
}

static void receive_digest(struct conn *conn, const void *data, size_t length)
{
    uint8_t digest[DIGEST_SIZE], received[DIGEST_SIZE];
    if (!conn->digests || !length)
        return;
    receive_all(conn->fd, received, sizeof(received));
    digest_make(data, length, digest);
    if (memcmp(digest, received, sizeof(digest)))
        load_die("a digest is wrong");
}

static void receive_pdu(struct conn *conn, struct reply *reply)
{
    receive_all(conn->fd, &reply->bhs, sizeof(reply->bhs));
    receive_digest(conn, &reply->bhs, sizeof(reply->bhs));
    reply->length = be24_get(reply->bhs.data_length);
    if (reply->bhs.ahs_length || reply->length > TEXT_MAX)
        load_die("unexpected PDU: opcode %#x, %u bytes", reply->bhs.opcode, reply->length);
    receive_all(conn->fd, reply->data, (reply->length + 3) & ~3u);
    receive_digest(conn, reply->data, (reply->length + 3) & ~3u);
    memset(reply->data + reply->length, 0, 4);
    conn->exp_stat_sn = be32_get(reply->bhs.word24) + 1;
    conn->max_cmd_sn = be32_get(reply->bhs.word32);
}

/* --- login --- */

static void take_key(struct load_session *session, const char *key, const char *value)
{
    if (!strcmp(key, "InitialR2T"))
        session->initial_r2t = !strcmp(value, "Yes");
    else if (!strcmp(key, "ImmediateData"))
        session->immediate_data = !strcmp(value, "Yes");
    else if (!strcmp(key, "HeaderDigest"))
        session->header_digest = !strcmp(value, "CRC32C");
    else if (!strcmp(key, "DataDigest"))
        session->data_digest = !strcmp(value, "CRC32C");
    else if (!strcmp(key, "MaxRecvDataSegmentLength"))
        session->send_segment = (uint32_t)strtoul(value, NULL, 0);
    else if (!strcmp(key, "FirstBurstLength"))
        session->first_burst = (uint32_t)strtoul(value, NULL, 0);
    else if (!strcmp(key, "MaxBurstLength"))
        session->max_burst = (uint32_t)strtoul(value, NULL, 0);
}

static void take_keys(struct load_session *session, char *text, uint32_t length)
{
    for (char *at = text, *end = text + length; at < end; at += strlen(at) + 1) {
        char key[64];
        const char *equals = strchr(at, '=');
        if (!equals || (size_t)(equals - at) >= sizeof(key))
            continue;
        memcpy(key, at, (size_t)(equals - at));
        key[equals - at] = '\0';
        take_key(session, key, equals + 1);
    }
}

static void send_login(struct conn *conn, unsigned stage, unsigned next, const char *keys,
                       uint32_t length)
{
    struct bhs bhs = {
        .opcode = OP_LOGIN | OP_IMMEDIATE,
        .flags = (uint8_t)(LOGIN_TRANSIT | stage << 2 | next),
        .word24 = be32(conn->cmd_sn),
    };
    /* ISID of the "random" format, then TSIH 0: a new session */
    be_put(bhs.lun.b, 6, 0x800000000000u | (uint64_t)(getpid() & 0xffffff) << 16 | conn->index);
    send_pdu(conn, &bhs, keys, length);
}

/* One stage: repeats until the target agrees to the transition. */
static void login_stage(struct conn *conn, unsigned stage, unsigned next, const char *keys,
                        uint32_t length)
{
    static struct reply reply;
    for (unsigned round = 0; round < 8; round++) {
        send_login(conn, stage, next, keys, length);
        receive_pdu(conn, &reply);
        if ((reply.bhs.opcode & OP_MASK) != OP_LOGIN_RESPONSE)
            load_die("the login is answered with opcode %#x", reply.bhs.opcode);
        if (reply.bhs.word36.b[0])
            load_die("login refused: class %u, detail %u", reply.bhs.word36.b[0],
                     reply.bhs.word36.b[1]);
        take_keys(&conn->session, (char *)reply.data, reply.length);
        if (reply.bhs.flags & LOGIN_TRANSIT)
            return;
        length = 0;
    }
    load_die("the login does not end");
}

static uint32_t security_keys(const struct load_options *options, char *text, size_t size)
{
    int n = snprintf(text, size,
                     "InitiatorName=%s%cTargetName=%s%cSessionType=Normal%cAuthMethod=None%c",
                     options->initiator, 0, options->target, 0, 0, 0);
    return (uint32_t)n;
}

static uint32_t operational_keys(const struct load_options *options, char *text, size_t size)
{
    const char *digest = options->digests ? "CRC32C" : "None";
    int n = snprintf(text, size,
                     "HeaderDigest=%s%cDataDigest=%s%cErrorRecoveryLevel=0%c"
                     "InitialR2T=%s%cImmediateData=%s%cMaxRecvDataSegmentLength=%u%c"
                     "FirstBurstLength=%u%cMaxBurstLength=%u%cMaxOutstandingR2T=1%c"
                     "MaxConnections=1%cDataPDUInOrder=Yes%cDataSequenceInOrder=Yes%c",
                     digest, 0, digest, 0, 0, options->initial_r2t ? "Yes" : "No", 0,
                     options->immediate_data ? "Yes" : "No", 0, options->max_recv_segment, 0,
                     options->first_burst, 0, options->max_burst, 0, 0, 0, 0, 0);
    return (uint32_t)n;
}

static void negotiate(struct conn *conn)
{
    char text[1024];
    conn->session = (struct load_session){
        .initial_r2t = true,
        .immediate_data = true,
        .send_segment = 8192,
        .first_burst = 65536,
        .max_burst = 262144,
    };
    login_stage(conn, 0, 1, text, security_keys(conn->options, text, sizeof(text)));
    login_stage(conn, 1, 3, text, operational_keys(conn->options, text, sizeof(text)));
    conn->digests = conn->options->digests;
    if (conn->digests && !(conn->session.header_digest && conn->session.data_digest))
        load_die("the target does not agree to digests");
}

/* --- first commands --- */

static uint8_t run_command(struct conn *conn, const uint8_t cdb[16], uint32_t expected,
                           uint8_t *data)
{
    static struct reply reply;
    struct bhs bhs = {
        .opcode = OP_COMMAND,
        .flags = FLAG_FINAL | COMMAND_SIMPLE | (expected ? COMMAND_READ : 0),
        .lun = bhs_lun(conn->options->lun),
        .word20 = be32(expected),
        .word24 = be32(conn->cmd_sn++),
    };
    memcpy(bhs.cdb, cdb, 16);
    send_pdu(conn, &bhs, NULL, 0);
    for (;;) {
        receive_pdu(conn, &reply);
        if (reply.bhs.opcode == OP_DATA_IN && reply.length <= expected)
            memcpy(data, reply.data, reply.length);
        if (reply.bhs.opcode == OP_RESPONSE ||
            (reply.bhs.opcode == OP_DATA_IN && reply.bhs.flags & DATA_IN_STATUS))
            return reply.bhs.byte3;
    }
}

/* Unit attentions of a new nexus come first. */
static void wait_until_ready(struct conn *conn)
{
    static const uint8_t test_unit_ready[16];
    for (unsigned round = 0; round < 8; round++)
        if (!run_command(conn, test_unit_ready, 0, NULL))
            return;
    load_die("LUN %u does not become ready", conn->options->lun);
}

static void read_capacity(struct conn *conn)
{
    uint8_t cdb[16] = {0x9e, 0x10, [13] = 32}, data[32] = {0};
    if (run_command(conn, cdb, sizeof(data), data))
        load_die("READ CAPACITY (16) fails");
    conn->n_blocks = be_get(data, 8) + 1;
    conn->block_size = (uint32_t)be_get(data + 8, 4);
}

void conn_login(struct conn *conn)
{
    uint64_t start = load_now();
    conn->fd = connect_to(conn->options);
    set_socket_options(conn->fd);
    conn->cmd_sn = 1;
    negotiate(conn);
    conn->login_time = load_now() - start;
    wait_until_ready(conn);
    read_capacity(conn);
}
