/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* I/O threads: each a GMainContext whose poll function is the thread's ring, with messages,
 * end-of-turn work and workers. */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/op.h>

#include "cache-line.h"

struct buffer_pool;
struct cmd_pool;
struct ring;
struct ring_ops;
struct threads;

/* One I/O thread. Fields are the thread's own unless said. */
struct tgt_thread {
    unsigned index;             /* constant */
    struct threads *all;        /* constant */
    const struct ring_ops *ops; /* constant */
    struct ring *ring;
    GMainContext *context;
    struct buffer_pool *buffers; /* buffer.h */
    struct cmd_pool *cmds;       /* cmd.h; made on first use by cmd_new() */
    GHashTable
        *lus; /* struct tgt_lu * -> this thread's share of it (lu-share.h); made on first use */
    GPtrArray *transport_data;   /* what thread_attach() gave, by transport plugin (transport.c) */
    gint nexuses;                /* atomic: number of nexuses, for thread_pick() */
    uint64_t now;                /* monotonic ns, once per turn */
    struct thread_private *priv; /* thread.c */
} __attribute__((aligned(CACHE_LINE)));

/* How I/O threads are to be. Zero, NULL: the default, but for `spin_us`. */
struct threads_config {
    unsigned count;
    const char *ring;       /* "auto" (the default), "uring" or "poll" */
    uint64_t buffer_memory; /* bytes of data buffers of each */
    int spin_us;        /* microseconds that one waits without sleeping in a dialogue; 0: never */
    const GArray *cpus; /* unsigned: thread i runs on the i-th of them, in turn; NULL: anywhere */
};
#define THREADS_SPIN_AUTO (-1) /* where there are CPUs enough, and no battery */

/* Start them. Returns when all run. Main thread. */
struct threads *threads_start(const struct threads_config *config, GError **error);
/* Run `fn` on each thread, one after the other, and wait for it (main thread; used for
 * thread_attach/detach of transports and LU drains). */
void threads_each(struct threads *threads, void (*fn)(struct tgt_thread *thread, void *data),
                  void *data);
/* End them all. Nothing may be under way. NULL is fine. */
void threads_stop(struct threads *threads);
unsigned threads_count(const struct threads *threads);
struct tgt_thread *threads_get(const struct threads *threads, unsigned index);
/* "uring" or "poll", and why not uring (NULL if it is, or was not asked for). */
const char *threads_ring_name(const struct threads *threads);
const char *threads_ring_reason(const struct threads *threads);

unsigned threads_spin_us(const struct threads *threads);
uint64_t threads_buffer_memory(const struct threads *threads); /* of each */

/* Services of host.h, same rules. thread_post(NULL, msg) goes to the main thread (default
 * GMainContext). */
struct tgt_thread *thread_self(void);
struct tgt_thread *thread_pick(void);
struct tgt_thread *threads_pick(struct threads *threads);
unsigned thread_index(const struct tgt_thread *thread);
void thread_post(struct tgt_thread *thread, struct tgt_msg *msg);
void thread_defer(struct tgt_thread *thread, struct tgt_defer *defer);
/* For a part of long work: run defer->fn in one of the next turns, when the thread has looked at
 * everything else. One in each turn, first come, first served. On `thread` only. */
void thread_later(struct tgt_thread *thread, struct tgt_defer *defer);
uint64_t thread_now(struct tgt_thread *thread);
struct tgt_watch *watch_add(int fd, void (*fn)(int fd, void *data), void *data);
/* The service of host.h: nothing comes in from there before the daemon is ready. */
struct tgt_watch *watch_add_callers(int fd, void (*fn)(int fd, void *data), void *data);
void watches_hold(void);
void watches_release(void);
void watch_remove(struct tgt_watch *watch);

/* worker.c. Run `fn` on a thread of its own, then `done` on the thread that called (I/O thread or
 * main). Control path: open and close of stores. `done` may be NULL. */
void worker_run(void (*fn)(void *data), void (*done)(void *data), void *data);

#endif
