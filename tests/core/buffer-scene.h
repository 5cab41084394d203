/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of data buffers share: a small pool on an I/O thread, and those who ask it. */
#ifndef TESTS_BUFFER_SCENE_H
#define TESTS_BUFFER_SCENE_H

#include <glib.h>

#include "buffer.h"
#include "thread.h"

/* Blocks of the pool, of Data-Out and of Data-In, of scratch, at once, and those of PART that are
 * left by one that waits for the most, and by a nexus that has some already. */
#define BLOCKS  34
#define PART    16
#define SCRATCH 2
#define MOST    4
#define COMMON  (PART - MOST)
#define SHARED  (PART - 2 * MOST)
#define SMALLS  (PART * (BUFFER_LARGE / BUFFER_SMALL))

/* Waiters are called on an I/O thread: the tests run on one. */
struct fixture {
    struct threads *threads;
    struct tgt_thread *t;
    struct buffer_pool *pool;
    struct buffer_user user; /* of get() and put() */
};

size_t used(struct fixture *f);
unsigned part_of(enum buffer_use use);
/* Without waiting, and without regard for shares. */
int get(struct fixture *f, enum buffer_use use, size_t len, struct iovec *iov);
void put(struct fixture *f, const struct iovec *iov, unsigned count);
void check_chunks(const struct iovec *iov, int n, size_t len);

struct waiter {
    struct buffer_wait wait; /* first */
    struct fixture *f;
    struct buffer_user *user;
    size_t len;
    struct iovec iov[MOST];
    int n;          /* pieces it got, or 0 */
    unsigned order; /* in which it was served, from 1; 0: at once, or not yet */
    unsigned *counter;
};

void ask(struct fixture *f, struct waiter *w, struct buffer_user *user, enum buffer_use use,
         size_t len, unsigned *counter);
void give_back(struct waiter *w);
/* All of a part, in chunks of one block. */
void fill(struct fixture *f, enum buffer_use use, struct iovec *all);
/* End of the turn, as far as the pool is concerned: the test does not return to its thread
 * meanwhile. */
void end_turn(struct fixture *f);

/* Runs each on a thread of its own; ends with one without path. */
struct buffer_test {
    const char *path;
    void (*fn)(struct fixture *f);
};
int buffer_tests_run(int argc, char **argv, const struct buffer_test *tests);

#endif
