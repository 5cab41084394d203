/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private tgtd in the background of this process: start, wait until it is ready, end, and clean
 * up. */
#ifndef TOOLS_SERVE_DAEMON_H
#define TOOLS_SERVE_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

/* Zero it first. */
struct serve_daemon {
    char *dir;     /* temporary directory: sockets and state */
    char *control; /* its control socket */
    pid_t pid;     /* 0: not running */
    int notify;    /* where it says that it is ready */
};

/* Start it with a portal ("ADDR:PORT") and wait until it is ready. False: stderr says why. */
bool serve_daemon_start(struct serve_daemon *d, const char *portal);
/* Wait until a signal ends this process (true) or the daemon has ended by itself (false: stderr
 * says how). */
bool serve_daemon_wait(struct serve_daemon *d);
/* End it and remove what it left; also after a failed start. False: the end was not clean. */
bool serve_daemon_stop(struct serve_daemon *d);

#endif
