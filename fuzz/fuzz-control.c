/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes the control socket's lines as a client of the read-only socket sends them: JSON, requests,
 * parameters, every method that changes nothing. */
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control-client.h"
#include "fuzz-daemon.h"
#include "error.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    fuzz_daemon_start();
    return 0;
}

static void on_closed(struct control_client *client, void *closed)
{
    *(bool *)closed = true;
}

static void run_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

/* Read what has been answered, so that the client does not wait for room. */
static void discard_answers(int fd)
{
    char buf[65536];
    while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
    }
}

static void talk(int fd, const uint8_t *data, size_t size, const bool *closed)
{
    while (size > 0 && !*closed) {
        ssize_t n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return;
        data += MAX(n, 0);
        size -= (size_t)MAX(n, 0);
        run_loop();
        discard_answers(fd);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int ends[2];
    bool closed = false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        g_error("socketpair: %s", g_strerror(errno));
    struct control_client *client = client_new(ends[0], true, on_closed, &closed);
    talk(ends[1], data, size, &closed);
    shutdown(ends[1], SHUT_WR);
    for (unsigned i = 0; i < 1000 && !closed; i++) {
        run_loop();
        discard_answers(ends[1]);
    }
    if (!closed)
        client_close(client);
    close(ends[1]);
    return 0;
}
