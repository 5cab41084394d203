/* SPDX-License-Identifier: MIT */
/* A RAM disk: a small backing store of the blocking model. See tgt-plugin(3). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tgt/tgt.h>

static int ram_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
                    struct tgt_error *err)
{
    info->size = tgt_param_uint(args->params, "size");
    info->read_only = args->read_only;
    info->discard = TGT_BS_NATIVE;
    info->discard_zeroes = true;
    info->write_zeroes = TGT_BS_EMULATE;
    *handle = calloc(1, info->size);
    if (!*handle)
        return tgt_error_set(err, ENOMEM, "no memory for a RAM disk of %llu bytes",
                             (unsigned long long)info->size);
    return 0;
}

static void ram_close(void *handle)
{
    free(handle);
}

/* The host has checked that offset and length lie within the size. Several threads may be here at
 * once. */
static int ram_read(void *handle, void *buf, uint32_t len, uint64_t offset)
{
    memcpy(buf, (char *)handle + offset, len);
    return 0;
}

static int ram_write(void *handle, const void *buf, uint32_t len, uint64_t offset)
{
    memcpy((char *)handle + offset, buf, len);
    return 0;
}

static int ram_discard(void *handle, uint64_t length, uint64_t offset)
{
    memset((char *)handle + offset, 0, length);
    return 0;
}

static const struct tgt_param lu_params[] = {
    {"size", TGT_PARAM_SIZE, 0, "64M", 4096, 1ull << 40, NULL, "bytes", "Size of the disk"},
};

static const struct tgt_bs_ops ops = {
    .struct_size = sizeof(struct tgt_bs_ops),
    .model = TGT_BS_BLOCKING,
    .lu_param_count = 1,
    .lu_param_size = sizeof(struct tgt_param),
    .lu_params = lu_params,
    .open = ram_open,
    .close = ram_close,
    .read = ram_read,
    .write = ram_write,
    .discard = ram_discard,
};

TGT_PLUGIN_DEFINE(BACKING_STORE, "ram-disk", "1.0", "MIT",
                  "A disk in memory, gone when it is closed", "bs:ram-disk", &ops, NULL, NULL,
                  TGT_NO_PARAMS);
