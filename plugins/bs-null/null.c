/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backing store "null": drops what is written and reads as zeroes, to measure everything but a
 * disk. */
#include <errno.h>
#include <string.h>
#include <tgt/tgt.h>

/* What every read is given: never written to, and small enough to stay in a cache. */
#define ZEROES 65536u
static const uint8_t zeroes[ZEROES] __attribute__((aligned(4096)));

/* There is no state but the size, which the host keeps: the handle only has to be something. */
static int null_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
                     struct tgt_error *err)
{
    uint64_t size = tgt_param_uint(args->params, "size");
    if (size % 512 != 0)
        return tgt_error_set(err, EINVAL, "size=%llu is not a multiple of 512",
                             (unsigned long long)size);
    info->size = size;
    info->physical_block = 4096;
    info->discard_zeroes = true;
    info->flush = TGT_BS_NATIVE;
    info->fua = TGT_BS_NATIVE;
    info->discard = TGT_BS_NATIVE;
    info->write_zeroes = TGT_BS_NATIVE;
    info->extents = TGT_BS_NATIVE;
    *handle = (void *)(uintptr_t)zeroes;
    return 0;
}

static void null_close(void *handle)
{
    (void)handle;
}

static void null_submit(void *chan, struct tgt_bs_io *io)
{
    (void)chan;
    if (io->op == TGT_BS_READ)
        for (uint32_t i = 0; i < io->iovcnt; i++)
            memset(io->iov[i].iov_base, 0, io->iov[i].iov_len);
    if (io->op == TGT_BS_EXTENT) {
        io->extent = TGT_BS_DEALLOCATED;
        io->info = io->length;
    }
    tgt_bs_io_done(io, 0);
}

static unsigned null_lend(void *chan, struct tgt_bs_io *io, struct iovec *iov, unsigned max)
{
    uint64_t left = io->length;
    unsigned n = 0;
    (void)chan;
    for (; left > 0 && n < max; n++) {
        iov[n] = (struct iovec){(void *)(uintptr_t)zeroes, left < ZEROES ? left : ZEROES};
        left -= iov[n].iov_len;
    }
    return left == 0 ? n : 0;
}

static void null_giveback(void *chan, struct tgt_bs_io *io)
{
    (void)chan;
    (void)io;
}

static const struct tgt_param lu_params[] = {
    {.name = "size",
     .type = TGT_PARAM_SIZE,
     .def = "1G",
     .min = 512,
     .max = UINT64_C(1) << 60,
     .unit = "bytes",
     .help = "Size of the disk."},
};

static const struct tgt_bs_ops null_ops = {
    .struct_size = sizeof(struct tgt_bs_ops),
    .model = TGT_BS_ASYNC,
    .lu_param_count = sizeof(lu_params) / sizeof(lu_params[0]),
    .lu_param_size = sizeof(lu_params[0]),
    .lu_params = lu_params,
    .open = null_open,
    .close = null_close,
    .submit = null_submit,
    .lend = null_lend,
    .giveback = null_giveback,
};

TGT_PLUGIN_DEFINE(BACKING_STORE, "null", "1.0", "LGPL-2.1-or-later",
                  "Drops what is written, reads as zeroes", "bs:null", &null_ops, NULL, NULL,
                  TGT_NO_PARAMS);
