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

/* How long a manager that is busy is waited for; the main loop stands still meanwhile. */
#define PATIENCE_S 1

static bool address_of(struct sockaddr_un *address, socklen_t *len)
{
    const char *path = getenv("NOTIFY_SOCKET");
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address->sun_path))
        return false;
    strcpy(address->sun_path, path);
    if (path[0] == '@')
        address->sun_path[0] = '\0';
    *len = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    return true;
}

bool notify_wanted(void)
{
    struct sockaddr_un address;
    socklen_t len;
    return address_of(&address, &len);
}

static void attach_fd(struct msghdr *message, void *control, size_t size, int fd)
{
    message->msg_control = control;
    message->msg_controllen = size;
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
}

/* `fd` -1: none. False: errno says why. */
static bool send_state(const char *state, int fd, int flags)
{
    struct sockaddr_un address;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct iovec iov = {(void *)state, strlen(state)};
    struct msghdr message = {.msg_name = &address, .msg_iov = &iov, .msg_iovlen = 1};
    if (!address_of(&address, &message.msg_namelen))
        return true;
    int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return false;
    if (fd >= 0)
        attach_fd(&message, &control, sizeof(control), fd);
    bool sent = setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
                sendmsg(s, &message, MSG_NOSIGNAL | flags) >= 0;
    int problem = errno;
    close(s);
    errno = problem;
    return sent;
}

static void must_send(const char *state, int fd)
{
    if (!send_state(state, fd, 0))
        log_warning("cannot notify %s: %s", getenv("NOTIFY_SOCKET"), g_strerror(errno));
}

void notify(const char *state)
{
    must_send(state, -1);
}

void notify_lightly(const char *state)
{
    if (!send_state(state, -1, MSG_DONTWAIT) && errno != EAGAIN)
        log_debug("cannot notify %s: %s", getenv("NOTIFY_SOCKET"), g_strerror(errno));
}

void notify_keep_fd(const char *name, int fd)
{
    g_autofree char *state = g_strdup_printf("FDSTORE=1\nFDNAME=%s", name);
    must_send(state, fd);
}

void notify_forget_fd(const char *name)
{
    g_autofree char *state = g_strdup_printf("FDSTOREREMOVE=1\nFDNAME=%s", name);
    must_send(state, -1);
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
