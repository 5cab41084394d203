/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Telling whoever started the daemon how it is: the service manager, and the parent of a daemonized
 * process. */
#ifndef CORE_NOTIFY_H
#define CORE_NOTIFY_H

#include <glib.h>
#include <stdbool.h>

/* Is there a service manager that listens (NOTIFY_SOCKET)? */
bool notify_wanted(void);
/* Send `state` ("READY=1") to the socket named by NOTIFY_SOCKET (sd_notify(3)); nothing happens
 * without one. It waits a moment for a manager that is busy. */
void notify(const char *state);
/* What is soon said again: it is lost if the manager is busy. */
void notify_lightly(const char *state);
/* Have the service manager keep a descriptor for the next daemon, under this name (sd_notify(3),
 * FDSTORE), or forget it. */
void notify_keep_fd(const char *name, int fd);
void notify_forget_fd(const char *name);

/* Become a daemon. The caller goes on in the child with a descriptor for detach_ready(); the parent
 * waits in here and ends with status 0 when that is called, or with the child's status if it ends
 * before. Before any thread is made. -1: fork failed. */
int detach(GError **error);
/* The child serves: the parent ends, standard input and output are given up. */
void detach_ready(int fd);

#endif
