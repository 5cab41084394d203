/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the I/O threads share. */
#ifndef CORE_THREAD_PRIVATE_H
#define CORE_THREAD_PRIVATE_H

#include <pthread.h>
#include <semaphore.h>

#include "thread.h"

struct thread_private {
    struct tgt_msg *inbox; /* atomic: messages, newest first */
    int asleep;            /* atomic: the thread sleeps or is about to: who posts must wake it */
    int posting;           /* atomic: who is within thread_post() */
    struct tgt_defer *defers, **defers_end;
    struct tgt_defer *laters, **laters_end; /* thread_later() */
    bool spin; /* the last pause was short */
    GSource *source;
    pthread_t pthread;
    sem_t started;
    GError *error; /* why it could not start; read after `started` */
    bool quit;
    struct tgt_msg quit_msg;
};

struct threads {
    unsigned count; /* that run */
    gint next;      /* atomic: where thread_pick() begins to look */
    struct tgt_thread *list;
    const struct ring_ops *ops;
    uint64_t spin_ns; /* how long a pause may be that is spun through; 0: none */
    uint64_t buffer_memory;
    const GArray *cpus; /* while they are started */
    char *reason;  /* why not uring, or NULL */
};

/* thread.c: the life of a thread, from its start function on. Opens its ring first and posts
 * priv->started: then t->ring is there or priv->error says why not. Ends after priv->quit_msg has
 * been posted. */
void *thread_main(void *thread);
/* Until the senders of its last messages are through. */
void thread_wait_for_posters(struct tgt_thread *thread);

#endif
