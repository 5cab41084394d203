/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Do the I/O threads still turn? */
#include "alive.h"

#include "thread.h"

struct question {
    struct tgt_msg msg;
    gint open; /* atomic: it is under way */
};

struct alive {
    struct threads *threads;
    unsigned count;
    struct question questions[]; /* one for each thread */
};

struct alive *alive_new(struct threads *threads)
{
    unsigned count = threads_count(threads);
    struct alive *a = g_malloc0(sizeof(*a) + count * sizeof(a->questions[0]));
    a->threads = threads;
    a->count = count;
    return a;
}

void alive_free(struct alive *a)
{
    g_free(a);
}

static void answer(struct tgt_msg *msg)
{
    g_atomic_int_set(&((struct question *)msg)->open, 0);
}

void alive_ask(struct alive *a)
{
    for (unsigned i = 0; i < a->count; i++) {
        struct question *q = &a->questions[i];
        if (!g_atomic_int_compare_and_exchange(&q->open, 0, 1))
            continue;
        q->msg.fn = answer;
        thread_post(threads_get(a->threads, i), &q->msg);
    }
}

unsigned alive_silent(const struct alive *a, unsigned *first)
{
    unsigned silent = 0;
    for (unsigned i = a->count; i > 0; i--)
        if (g_atomic_int_get(&a->questions[i - 1].open)) {
            *first = i - 1;
            silent++;
        }
    return silent;
}
