/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Test store "mem-threads": memory whose operations are done and completed by a thread of its own.
 */
#include <errno.h>
#include <glib.h>

#include "memory.h"

struct store {
    struct memory *memory;
    GMutex lock;
    GCond cond;
    GQueue queue; /* under lock: struct tgt_bs_io; the store itself: the end */
    GThread *thread;
};

static void push(struct store *s, gpointer item)
{
    g_mutex_lock(&s->lock);
    g_queue_push_tail(&s->queue, item);
    g_cond_signal(&s->cond);
    g_mutex_unlock(&s->lock);
}

static gpointer pop(struct store *s)
{
    g_mutex_lock(&s->lock);
    while (g_queue_is_empty(&s->queue))
        g_cond_wait(&s->cond, &s->lock);
    gpointer item = g_queue_pop_head(&s->queue);
    g_mutex_unlock(&s->lock);
    return item;
}

static gpointer serve(gpointer data)
{
    struct store *s = data;
    for (;;) {
        gpointer item = pop(s);
        if (item == s)
            return NULL;
        struct tgt_bs_io *io = item;
        tgt_bs_io_done(io, memory_do(s->memory, io));
    }
}

static int mem_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
                    struct tgt_error *err)
{
    struct memory *m = memory_open(args, err);
    if (m == NULL)
        return -ENOMEM;
    struct store *s = g_new0(struct store, 1);
    s->memory = m;
    g_mutex_init(&s->lock);
    g_cond_init(&s->cond);
    s->thread = g_thread_new("mem-threads", serve, s);
    memory_info(m, info, true);
    info->fua = TGT_BS_EMULATE;
    info->max_transfer = 64 * 1024; /* so that the host has to split */
    *handle = s;
    return 0;
}

static void mem_close(void *handle)
{
    struct store *s = handle;
    push(s, s);
    g_thread_join(s->thread);
    g_mutex_clear(&s->lock);
    g_cond_clear(&s->cond);
    memory_free(s->memory);
    g_free(s);
}

static void mem_submit(void *chan, struct tgt_bs_io *io)
{
    struct store *s = chan;
    push(s, io);
}

static const struct tgt_param lu_params[] = {
    MEMORY_PARAM_SIZE,
};

static const struct tgt_bs_ops mem_ops = {
    .struct_size = sizeof(struct tgt_bs_ops),
    .model = TGT_BS_OWN_THREADS,
    .lu_param_count = sizeof lu_params / sizeof lu_params[0],
    .lu_param_size = sizeof lu_params[0],
    .lu_params = lu_params,
    .open = mem_open,
    .close = mem_close,
    .submit = mem_submit,
};

TGT_PLUGIN_DEFINE(BACKING_STORE, "mem-threads", "1.0", "LGPL-2.1-or-later",
                  "Test store: memory, threads of its own", "bs:mem-threads", &mem_ops, NULL, NULL,
                  TGT_NO_PARAMS);
