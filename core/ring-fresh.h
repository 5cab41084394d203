/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Polls that have just begun. In a dialogue the next request comes soon: one poll(2) for all of
 * them finds it for less than the kernel takes to be told of them, and to tell. Before the thread
 * sleeps the engine takes them over. */
#ifndef CORE_RING_FRESH_H
#define CORE_RING_FRESH_H

#include "ring-op.h"

struct ring;

#define FRESH_MAX 8u

/* Zeroed is empty. */
struct fresh {
    struct tgt_op *ops[FRESH_MAX];
    unsigned n;
};

/* False: there is no room. The op has its descriptor and its events. */
bool fresh_add(struct fresh *f, struct tgt_op *op);
void fresh_remove(struct fresh *f, struct tgt_op *op);
/* One of them, or NULL: it is the caller's now. */
struct tgt_op *fresh_take(struct fresh *f);
/* Look at all of them, and at `also` if that is not -1: true if that one is readable. Those that
 * are ready leave and are given to `ended` with what has come. */
bool fresh_look(struct fresh *f, int also, struct ring *r,
                void (*ended)(struct ring *r, struct tgt_op *op, int64_t res));

#endif
