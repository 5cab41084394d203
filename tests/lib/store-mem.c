/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Test store "mem": memory that is lent to readers, in the asynchronous model. */
#include <errno.h>

#include "memory.h"

static int mem_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
                    struct tgt_error *err)
{
    struct memory *m = memory_open(args, err);
    if (m == NULL)
        return -ENOMEM;
    memory_info(m, info, tgt_param_bool(args->params, "write-back"));
    *handle = m;
    return 0;
}

static void mem_close(void *handle)
{
    memory_free(handle);
}

static void mem_submit(void *chan, struct tgt_bs_io *io)
{
    tgt_bs_io_done(io, memory_do(chan, io));
}

static unsigned mem_lend(void *chan, struct tgt_bs_io *io, struct iovec *iov, unsigned max)
{
    struct memory *m = chan;
    if (max == 0)
        return 0;
    iov[0] = (struct iovec){m->bytes + io->offset, io->length};
    return 1;
}

static void mem_giveback(void *chan, struct tgt_bs_io *io)
{
    (void)chan;
    (void)io;
}

static int mem_usage(void *handle, uint64_t *used, uint64_t *available)
{
    struct memory *m = handle;
    memory_usage(m, used);
    *available = m->size - *used;
    return 0;
}

static const struct tgt_param lu_params[] = {
    MEMORY_PARAM_SIZE,
    {.name = "write-back",
     .type = TGT_PARAM_BOOL,
     .def = "on",
     .help = "Behave as if writes were cached."},
};

static const struct tgt_bs_ops mem_ops = {
    .struct_size = sizeof(struct tgt_bs_ops),
    .model = TGT_BS_ASYNC,
    .lu_param_count = sizeof lu_params / sizeof lu_params[0],
    .lu_param_size = sizeof lu_params[0],
    .lu_params = lu_params,
    .open = mem_open,
    .close = mem_close,
    .submit = mem_submit,
    .lend = mem_lend,
    .giveback = mem_giveback,
    .usage = mem_usage,
};

TGT_PLUGIN_DEFINE(BACKING_STORE, "mem", "1.0", "LGPL-2.1-or-later",
                  "Test store: memory that is lent to readers", "bs:mem", &mem_ops, NULL, NULL,
                  TGT_NO_PARAMS);
