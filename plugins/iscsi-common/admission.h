/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections of a portal: counted, and turned away when there are too many. */
#ifndef ISCSI_ADMISSION_H
#define ISCSI_ADMISSION_H

#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Any thread, by its lock. */
struct iscsi_admission {
    pthread_mutex_t lock;
    unsigned max_connections, max_logins; /* constant */
    unsigned connections;                 /* open now */
    unsigned logins;                      /* of these, those that are not logged in yet */
    GHashTable *hosts;                    /* host -> its logins; none that has none */
};

void iscsi_admission_init(struct iscsi_admission *a, unsigned max_connections, unsigned max_logins);
void iscsi_admission_clear(struct iscsi_admission *a);

/* Count a new connection, which begins to log in; false: there are too many. `host`: what of its
 * peer's address one host has for itself. */
bool iscsi_admission_enter(struct iscsi_admission *a, uint64_t host);
void iscsi_admission_logged_in(struct iscsi_admission *a, uint64_t host);
/* It is logged in, or does not try any more. */
void iscsi_admission_leave(struct iscsi_admission *a);

#endif
