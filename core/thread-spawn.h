/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads as the daemon starts them. */
#ifndef CORE_THREAD_SPAWN_H
#define CORE_THREAD_SPAWN_H

#include <pthread.h>

/* pthread_create(): signals are the main thread's, but for SIGBUS, which copy-mapped.h needs. */
int spawn_thread(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);

#endif
