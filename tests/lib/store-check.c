/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Test store "check": memory that asserts what the host owes to a store; a violation ends the
 * process. */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"

struct store {
    struct memory *memory;
    unsigned channels; /* atomic */
    bool closed;
};

struct channel {
    struct store *store;
    struct tgt_thread *thread;
    unsigned running;
};

/* Lives in io->priv. */
struct pending {
    struct tgt_op op;
    struct channel *channel;
    struct tgt_bs_io *io;
    struct tgt_bs_io copy; /* nothing may change while the store has the operation */
};

#define MUST(what, condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "store contract broken: %s (%s:%d)\n", (what), __FILE__, __LINE__);    \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static int check_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
                      struct tgt_error *err)
{
    MUST("open runs outside the I/O threads", tgt_thread_self() == NULL);
    MUST("info is zeroed and sized", info->struct_size >= sizeof *info && info->size == 0);
    struct memory *m = memory_open(args, err);
    if (m == NULL)
        return -ENOMEM;
    struct store *s = g_new0(struct store, 1);
    s->memory = m;
    memory_info(m, info, true);
    info->fua = TGT_BS_EMULATE;
    info->alignment = 512;
    info->max_transfer = 256 * 1024;
    info->max_discard = 1024 * 1024;
    *handle = s;
    return 0;
}

static void check_close(void *handle)
{
    struct store *s = handle;
    MUST("close runs outside the I/O threads", tgt_thread_self() == NULL);
    MUST("all channels are closed before the store",
         __atomic_load_n(&s->channels, __ATOMIC_ACQUIRE) == 0);
    memory_free(s->memory);
    g_free(s);
}

static int check_chan_open(void *handle, struct tgt_thread *thread, void **chan)
{
    struct channel *c = g_new0(struct channel, 1);
    MUST("a channel is opened on its thread", thread != NULL && tgt_thread_self() == thread);
    c->store = handle;
    c->thread = thread;
    __atomic_add_fetch(&c->store->channels, 1, __ATOMIC_ACQ_REL);
    *chan = c;
    return 0;
}

static void check_chan_close(void *chan)
{
    struct channel *c = chan;
    MUST("a channel is closed on its thread", tgt_thread_self() == c->thread);
    MUST("no operation runs when a channel is closed", c->running == 0);
    __atomic_sub_fetch(&c->store->channels, 1, __ATOMIC_ACQ_REL);
    g_free(c);
}

static uint64_t sum(const struct tgt_bs_io *io)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < io->iovcnt; i++) {
        MUST("no piece is empty", io->iov[i].iov_len > 0);
        MUST("pieces are aligned as asked", (uintptr_t)io->iov[i].iov_base % 512 == 0);
        n += io->iov[i].iov_len;
    }
    return n;
}

static void check_io(const struct channel *c, const struct tgt_bs_io *io)
{
    bool data = io->op == TGT_BS_READ || io->op == TGT_BS_WRITE;
    MUST("submit runs on the channel's thread",
         tgt_thread_self() == c->thread && io->thread == c->thread);
    MUST("the operation is known", io->op > 0 && io->op < TGT_BS_OP_COUNT_);
    MUST("the range lies within the size",
         io->offset <= c->store->memory->size && io->length <= c->store->memory->size - io->offset);
    MUST("offsets and lengths are whole blocks", io->offset % 512 == 0 && io->length % 512 == 0);
    MUST("only FLUSH may be empty", io->length > 0 || io->op == TGT_BS_FLUSH);
    MUST("pieces add up to the length", !data || sum(io) == io->length);
    MUST("the largest transfer is kept", !data || io->length <= 256 * 1024);
    MUST("the largest discard is kept", io->op != TGT_BS_DISCARD || io->length <= 1024 * 1024);
    MUST("emulated FUA is not asked for", io->op == TGT_BS_READ || !(io->flags & TGT_BS_FUA));
    MUST("emulated operations are not asked for", io->op != TGT_BS_COMPARE_AND_WRITE);
}

static void later(struct tgt_op *op, int64_t res)
{
    struct pending *p = (struct pending *)op;
    struct tgt_bs_io *io = p->io;
    MUST("a timeout ends as asked", res == 0 || res == -ECANCELED);
    MUST("a running operation is left alone",
         io->op == p->copy.op && io->offset == p->copy.offset && io->length == p->copy.length &&
             io->iov == p->copy.iov);
    p->channel->running--;
    tgt_bs_io_done(io, memory_do(p->channel->store->memory, io));
}

/* Every other operation ends at once, the others a moment later, so that both ways are walked. */
static void check_submit(void *chan, struct tgt_bs_io *io)
{
    struct channel *c = chan;
    struct pending *p = io->priv;
    check_io(c, io);
    if (io->offset / 512 % 2 == 0) {
        tgt_bs_io_done(io, memory_do(c->store->memory, io));
        return;
    }
    *p = (struct pending){.op.done = later, .channel = c, .io = io, .copy = *io};
    c->running++;
    tgt_op_timeout(c->thread, &p->op, 100000);
}

static const struct tgt_param lu_params[] = {
    MEMORY_PARAM_SIZE,
};

static const struct tgt_bs_ops check_ops = {
    .struct_size = sizeof(struct tgt_bs_ops),
    .model = TGT_BS_ASYNC,
    .io_priv_size = sizeof(struct pending),
    .lu_param_count = sizeof lu_params / sizeof lu_params[0],
    .lu_param_size = sizeof lu_params[0],
    .lu_params = lu_params,
    .open = check_open,
    .close = check_close,
    .chan_open = check_chan_open,
    .chan_close = check_chan_close,
    .submit = check_submit,
};

TGT_PLUGIN_DEFINE(BACKING_STORE, "check", "1.0", "LGPL-2.1-or-later",
                  "Test store: asserts the contract", "bs:check", &check_ops, NULL, NULL,
                  TGT_NO_PARAMS);
