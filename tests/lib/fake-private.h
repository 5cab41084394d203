/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fake-transport.c and fake-daemon.c share. */
#ifndef TESTS_FAKE_PRIVATE_H
#define TESTS_FAKE_PRIVATE_H

#include "fake-transport.h"
#include "plugin.h"

struct fake {
    struct plugin plugin; /* the transport */
    struct tgt_target *target;
    GMutex lock; /* guards what I/O threads and the test share in commands and nexuses */
    GCond cond;
    unsigned
        responses;  /* under lock: how many there were, of commands and task management functions */
    uint64_t tags;  /* the test's */
    GList *nexuses; /* the test's: struct fake_nexus */
    bool lost_before; /* the test's: for new nexuses */
};

struct fake_nexus {
    struct fake *fake;
    struct tgt_nexus *core; /* NULL after close; the I/O thread's */
    struct tgt_thread *thread;
    char *name, *port;
    /* Under the lock of `fake`. */
    bool closing, closed;
    unsigned close_asked;
    enum tgt_close_reason reason;
};

void fake_transport_ops(struct tgt_transport_ops *ops);
/* On the nexus's thread. */
void fake_nexus_close_here(struct fake_nexus *n);
/* Factor for deadlines (TGT_TEST_SLOW). */
gint64 fake_slowness(void);

#endif
