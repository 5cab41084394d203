/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ring-fresh.h"

#include <errno.h>
#include <poll.h>

bool fresh_add(struct fresh *f, struct tgt_op *op)
{
    if (f->n == FRESH_MAX)
        return false;
    op_priv(op)->place = OP_FRESH;
    f->ops[f->n++] = op;
    return true;
}

static void remove_at(struct fresh *f, unsigned i)
{
    f->ops[i] = f->ops[--f->n];
}

void fresh_remove(struct fresh *f, struct tgt_op *op)
{
    unsigned i = 0;
    while (f->ops[i] != op)
        i++;
    remove_at(f, i);
}

struct tgt_op *fresh_take(struct fresh *f)
{
    return f->n > 0 ? f->ops[--f->n] : NULL;
}

bool fresh_look(struct fresh *f, int also, struct ring *r,
                void (*ended)(struct ring *r, struct tgt_op *op, int64_t res))
{
    struct pollfd fds[FRESH_MAX + 1];
    unsigned n = f->n;
    for (unsigned i = 0; i < n; i++)
        fds[i] = (struct pollfd){op_priv(f->ops[i])->fd, (short)op_priv(f->ops[i])->flags, 0};
    fds[n] = (struct pollfd){also, POLLIN, 0};
    if (poll(fds, also >= 0 ? n + 1 : n, 0) <= 0)
        return false;
    for (unsigned i = n; i-- > 0;) {
        struct tgt_op *op = f->ops[i];
        if (!fds[i].revents)
            continue;
        remove_at(f, i);
        ended(r, op, fds[i].revents & POLLNVAL ? -EBADF : fds[i].revents);
    }
    return fds[n].revents != 0;
}
