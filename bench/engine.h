/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the load generator waits for its sockets. */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include "conn.h"

struct engine {
    const char *name;
    void *(*open)(struct conn *conns, unsigned n, bool spin);
    /* From now on the end of stdin ends a turn. False: it has ended already. */
    bool (*watch_stdin)(void *self);
    /* Send what is queued on the connection. */
    void (*send)(void *self, struct conn *conn);
    /* Wait once, and do all that can be done then; false: stdin has ended. A timeout of -1 ms is
     * none. */
    bool (*turn)(void *self, int timeout);
    void (*close)(void *self);
};

extern const struct engine engine_epoll, engine_uring;

#endif
