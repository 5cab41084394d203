/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes tgt's management wire: a visit with any bytes, whose calls go to a real control plane that
 * lets nothing be changed. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control-client.h"
#include "fuzz-daemon.h"
#include "session.h"
#include "wire.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    fuzz_daemon_start();
    return 0;
}

static void pair(int ends[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        g_error("socketpair: %s", g_strerror(errno));
}

static void on_closed(struct control_client *client, void *closed)
{
    *(bool *)closed = true;
}

/* The two ends that the visit has. */
struct visit {
    int fd, inside;
};

/* There is no driver: the session believes that it has found one. */
static gpointer serve(gpointer data)
{
    const struct visit *v = data;
    struct legacy *legacy = legacy_new(rpc_new(v->inside));
    legacy->driver = g_strdup("iscsi");
    wire_serve(v->fd, legacy);
    close(v->fd);
    legacy_free(legacy);
    return NULL;
}

/* Mostly the head is made to fit, or else most inputs would end there: a mode and an operation that
 * there are, a number or none, a device type. */
static void make_fit(uint8_t *head, uint32_t len)
{
    const uint32_t types[] = {0, 0, 0, 0, 1, 5, 8, 17};
    uint32_t mode = head[0] % 8u, op = head[4] % 9u, type = types[head[104] % 8];
    memcpy(head, &mode, sizeof mode);
    memcpy(head + 4, &op, sizeof op);
    memcpy(head + 72, &len, sizeof len);
    memset(head + 76, head[76] % 4 ? 0 : 0xff, 4);
    head[76] |= 1; /* the target that there is */
    memset(head + 89, head[88] % 4 ? 0 : 0xff, 7);
    memcpy(head + 104, &type, sizeof type);
}

static void send_request(int fd, const uint8_t *data, size_t size)
{
    uint8_t buf[8192 + 120] = {0};
    uint32_t len = (uint32_t)MAX(MIN(size, sizeof buf), 120);
    memcpy(buf, data, MIN(size, sizeof buf));
    if (size % 16 != 0)
        make_fit(buf, len);
    if (send(fd, buf, len, MSG_NOSIGNAL) < 0)
        g_error("send: %s", g_strerror(errno));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int outside[2], control[2];
    bool closed = false;
    pair(outside);
    pair(control);
    fcntl(control[0], F_SETFL, O_NONBLOCK);
    client_new(control[0], true, on_closed, &closed);
    send_request(outside[0], data, size);
    shutdown(outside[0], SHUT_WR);
    struct visit visit = {outside[1], control[1]};
    GThread *thread = g_thread_new("visit", serve, &visit);
    while (!closed)
        g_main_context_iteration(NULL, TRUE);
    g_thread_join(thread);
    close(outside[0]);
    return 0;
}
