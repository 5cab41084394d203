/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A binary heap of operations by deadline; each knows its place, so that it can be cancelled. */
#include "ring-timer.h"

#include "ring-op.h"

static uint64_t key(const struct timers *t, guint i)
{
    return op_priv(t->heap->pdata[i])->deadline;
}

static void put(struct timers *t, guint i, struct tgt_op *op)
{
    t->heap->pdata[i] = op;
    op_priv(op)->n = i;
}

static void swap(struct timers *t, guint a, guint b)
{
    struct tgt_op *op = t->heap->pdata[a];
    put(t, a, t->heap->pdata[b]);
    put(t, b, op);
}

static void rise(struct timers *t, guint i)
{
    for (; i > 0 && key(t, i) < key(t, (i - 1) / 2); i = (i - 1) / 2)
        swap(t, i, (i - 1) / 2);
}

static void sink(struct timers *t, guint i)
{
    for (guint child; (child = 2 * i + 1) < t->heap->len; i = child) {
        if (child + 1 < t->heap->len && key(t, child + 1) < key(t, child))
            child++;
        if (key(t, i) <= key(t, child))
            return;
        swap(t, i, child);
    }
}

void timers_init(struct timers *t)
{
    t->heap = g_ptr_array_new();
}

void timers_clear(struct timers *t)
{
    g_assert(t->heap->len == 0);
    g_ptr_array_free(t->heap, TRUE);
}

void timers_add(struct timers *t, struct tgt_op *op)
{
    g_ptr_array_add(t->heap, op);
    put(t, t->heap->len - 1, op);
    rise(t, t->heap->len - 1);
}

void timers_remove(struct timers *t, struct tgt_op *op)
{
    guint i = op_priv(op)->n;
    g_assert(i < t->heap->len && t->heap->pdata[i] == op);
    struct tgt_op *last = g_ptr_array_steal_index(t->heap, t->heap->len - 1);
    if (last == op)
        return;
    put(t, i, last);
    rise(t, i);
    sink(t, i);
}

struct tgt_op *timers_first(const struct timers *t)
{
    return t->heap->len ? t->heap->pdata[0] : NULL;
}
