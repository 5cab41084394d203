/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's part of struct tgt_op, as both rings see it, and queues of operations. */
#ifndef CORE_RING_OP_H
#define CORE_RING_OP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <tgt/op.h>

/* What was asked for. */
enum op_verb {
    OP_NONE, /* not started */
    OP_READV,
    OP_WRITEV,
    OP_FSYNC,
    OP_FALLOCATE,
    OP_RECVMSG,
    OP_SENDMSG,
    OP_POLL,
    OP_TIMEOUT,
    OP_CALL,
};

/* Where a started operation is. */
enum op_place {
    OP_KERNEL,  /* io_uring has it */
    OP_FRESH,   /* among those that have just begun (ring-fresh.h) */
    OP_WORKERS, /* waits for a worker, or one has it */
    OP_WAITING, /* waits for its descriptor */
    OP_TIMER,   /* in the heap of timers */
    OP_ENDED,   /* `res` is there; waits for reap() */
};

struct op_priv {
    struct tgt_op *next, *prev; /* in the queue where it is */
    uint8_t verb : 4;           /* enum op_verb */
    uint8_t place : 4;          /* enum op_place */
    uint8_t lane;               /* of the workers */
    bool cancelled;             /* cancel() was called */
    bool taken;                 /* under the lock of the workers: one has begun with it */
    int flags;                  /* RWF_…, MSG_…, poll events, mode of fallocate, data_only */
    int fd;
    unsigned n; /* iovecs; index in the heap */
    union {
        const void *ptr; /* iovecs or msghdr */
        int64_t (*fn)(struct tgt_op *op);
    };
    union {
        struct {
            uint64_t offset, length;
        };
        struct {
            int64_t seconds, nanoseconds; /* struct __kernel_timespec */
        };
        struct {
            uint64_t deadline; /* monotonic nanoseconds */
            int64_t res;       /* once ended; offset and length are used up by then */
        };
    };
} __attribute__((may_alias));

G_STATIC_ASSERT(sizeof(struct op_priv) == sizeof(((struct tgt_op *)0)->host_priv));

static inline struct op_priv *op_priv(struct tgt_op *op)
{
    return (struct op_priv *)op->host_priv;
}

/* First in, first out. Zeroed is empty. */
struct op_queue {
    struct tgt_op *first, *last;
};

static inline void op_queue_push(struct op_queue *q, struct tgt_op *op)
{
    op_priv(op)->next = NULL;
    op_priv(op)->prev = q->last;
    if (q->last)
        op_priv(q->last)->next = op;
    else
        q->first = op;
    q->last = op;
}

static inline void op_queue_remove(struct op_queue *q, struct tgt_op *op)
{
    struct op_priv *p = op_priv(op);
    if (p->next)
        op_priv(p->next)->prev = p->prev;
    else
        q->last = p->prev;
    if (p->prev)
        op_priv(p->prev)->next = p->next;
    else
        q->first = p->next;
}

static inline struct tgt_op *op_queue_pop(struct op_queue *q)
{
    struct tgt_op *op = q->first;
    if (op)
        op_queue_remove(q, op);
    return op;
}

/* Begin the life of a started operation. */
static inline struct op_priv *op_start(struct tgt_op *op, enum op_verb verb, int fd)
{
    struct op_priv *p = op_priv(op);
    g_assert(p->verb == OP_NONE && op->done);
    *p = (struct op_priv){.verb = verb, .fd = fd};
    return p;
}

/* End it: the op may be started again or freed by `done`. */
static inline void op_end(struct tgt_op *op, int64_t res)
{
    op_priv(op)->verb = OP_NONE;
    op->done(op, res);
}

#endif
