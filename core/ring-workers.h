/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Worker threads of one ring, for what blocks: made as needed up to a limit, asleep without work,
 * gone with the ring. One owner of work gets some of them: the others are for the others. */
#ifndef CORE_RING_WORKERS_H
#define CORE_RING_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

struct tgt_op;
struct workers;

/* `run` does the work of an operation in a worker thread and returns its result. */
struct workers *workers_new(int64_t (*run)(struct tgt_op *op));
/* Nothing is under way. Joins the threads. NULL is fine. */
void workers_free(struct workers *w);
/* The following on the ring's thread. `owner` is compared, not looked into. */
void workers_start(struct workers *w, struct tgt_op *op, const void *owner);
/* True: no worker has begun with it, and none will. */
bool workers_cancel(struct workers *w, struct tgt_op *op);
/* A descriptor that is readable when workers_take() would return something that was not there at
 * its last call. */
int workers_fd(const struct workers *w);
/* What has ended, oldest first, chained by op_priv()->next; results are in op_priv()->res. */
struct tgt_op *workers_take(struct workers *w);

#endif
