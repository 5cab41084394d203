/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Telling whoever started the daemon that it is ready: the service manager, and the parent of a
 * daemonized process. */
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "log.h"

void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address.sun_path))
        return;
    strcpy(address.sun_path, path);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t len = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    if (fd < 0 ||
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, len) < 0)
        log_warning("cannot notify %s: %s", path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
}

static void G_GNUC_NORETURN wait_for_child(pid_t child, int fd)
{
    char byte;
    int status;
    ssize_t n;
    while ((n = read(fd, &byte, 1)) < 0 && errno == EINTR)
        ;
    if (n == 1)
        _exit(0);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    _exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1);
}

int detach(GError **error)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "pipe: %s", g_strerror(errno));
        return -1;
    }
    pid_t child = fork();
    if (child < 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "fork: %s", g_strerror(errno));
        return -1;
    }
    if (child > 0) {
        close(pipe_fds[1]);
        wait_for_child(child, pipe_fds[0]);
    }
    close(pipe_fds[0]);
    setsid();
    if (chdir("/") < 0)
        log_warning("chdir /: %s", g_strerror(errno));
    return pipe_fds[1];
}

void detach_ready(int fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i <= 2 && null >= 0; i++)
        dup2(null, i);
    if (null > 2)
        close(null);
    if (write(fd, "", 1) != 1)
        log_warning("the process that started tgtd is gone");
    close(fd);
}
