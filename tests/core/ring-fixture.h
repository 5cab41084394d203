/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the rings share: one ring driven by the test itself, and operations that note
 * how they ended. */
#ifndef TESTS_RING_FIXTURE_H
#define TESTS_RING_FIXTURE_H

#include <glib.h>
#include <sys/socket.h>
#include <tgt/op.h>

#include "ring.h"

/* Longest that anything here may take. */
#define PATIENCE_MS 10000

struct fixture {
    const struct ring_ops *ops;
    struct ring *ring; /* NULL: skipped */
    int a, b;          /* a pipe (a reads) or a socket pair */
    int file;          /* an empty file without a name */
};

/* An operation of a test. */
struct probe {
    struct tgt_op op;
    int64_t res;
    unsigned ended;
    gint64 at;           /* g_get_monotonic_time() of the end */
    struct fixture *f;   /* for tests that start again from `done` */
    unsigned again;      /* how often */
    struct probe **last; /* order of ends; may be NULL */
};

void probe_init(struct probe *p, struct fixture *f);
/* Turns until `p` has ended `times` times. */
void run_until_ended(struct fixture *f, struct probe *p, unsigned times);
/* Turns for `ms`, for what must not happen. */
void run_for(struct fixture *f, unsigned ms);
/* p has ended with `res` and only once since probe_init(). */
void expect(struct fixture *f, struct probe *p, int64_t res);

void use_pipe(struct fixture *f);
void use_sockets(struct fixture *f);
void use_file(struct fixture *f);

/* Add `fn` for both rings, as /ring/NAME/`path`. */
void add_test(const char *path, void (*fn)(struct fixture *f));

/* ring-test-*.c */
void add_file_tests(void);
void add_socket_tests(void);
void add_cancel_tests(void);
void add_fresh_tests(void);
void add_wait_tests(void);
void add_worker_tests(void);

#endif
