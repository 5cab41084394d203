/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A listening UNIX socket: whose file it is, and who connects. */
#ifndef CORE_UNIX_LISTEN_H
#define CORE_UNIX_LISTEN_H

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

/* Zeroed with fd = -1: not open. Main thread. */
struct unix_listener {
    char *path;
    int fd;    /* -1: not open */
    dev_t dev; /* of the socket file that we have made */
    ino_t ino;
    guint watch; /* 0: paused, or not open */
    void (*connection)(int fd, void *data);
    void *data;
};

/* Listen on `path`; `connection` takes over each descriptor, which does not block. A socket file
 * that nobody answers is replaced, one that somebody answers is refused with EXISTS. */
bool unix_listen(struct unix_listener *l, const char *path, mode_t mode, GError **error);
/* Let those who connect wait, until the call with false. */
void unix_listen_pause(struct unix_listener *l, bool pause);
/* Close it. The file is removed, unless it is kept so that who connects is refused. */
void unix_listen_stop(struct unix_listener *l, bool keep_file);
/* In front of the errors of a control socket. Returns false. */
bool unix_listen_fail(GError **error, int code, const char *path, const char *what);

#endif
