/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timers of the poll ring: a binary heap of operations by deadline. */
#ifndef CORE_RING_TIMER_H
#define CORE_RING_TIMER_H

#include <glib.h>
#include <stdint.h>

struct tgt_op;

/* Elements are struct tgt_op *; op_priv()->deadline is the key, op_priv()->n the place in the heap.
 */
struct timers {
    GPtrArray *heap;
};

void timers_init(struct timers *t);
void timers_clear(struct timers *t); /* empty */
void timers_add(struct timers *t, struct tgt_op *op);
void timers_remove(struct timers *t, struct tgt_op *op);
/* The earliest, or NULL. */
struct tgt_op *timers_first(const struct timers *t);

#endif
