/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Test store "mem-blocking": memory behind the plain callbacks of the blocking model, with no more
 * than the required ones. */
#include <errno.h>
#include <string.h>

#include "memory.h"

static int mem_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
                    struct tgt_error *err)
{
    struct memory *m = memory_open(args, err);
    if (m == NULL)
        return -ENOMEM;
    info->size = m->size;
    info->write_back = true;
    *handle = m;
    return 0;
}

static void mem_close(void *handle)
{
    memory_free(handle);
}

static int mem_read(void *handle, void *buf, uint32_t len, uint64_t offset)
{
    struct memory *m = handle;
    memcpy(buf, m->bytes + offset, len);
    return 0;
}

static int mem_write(void *handle, const void *buf, uint32_t len, uint64_t offset)
{
    struct memory *m = handle;
    memcpy(m->bytes + offset, buf, len);
    return 0;
}

static int mem_flush(void *handle)
{
    (void)handle;
    return 0;
}

static const struct tgt_param lu_params[] = {
    MEMORY_PARAM_SIZE,
};

static const struct tgt_bs_ops mem_ops = {
    .struct_size = sizeof(struct tgt_bs_ops),
    .model = TGT_BS_BLOCKING,
    .lu_param_count = sizeof lu_params / sizeof lu_params[0],
    .lu_param_size = sizeof lu_params[0],
    .lu_params = lu_params,
    .open = mem_open,
    .close = mem_close,
    .read = mem_read,
    .write = mem_write,
    .flush = mem_flush,
};

TGT_PLUGIN_DEFINE(BACKING_STORE, "mem-blocking", "1.0", "LGPL-2.1-or-later",
                  "Test store: memory, blocking model", "bs:mem-blocking", &mem_ops, NULL, NULL,
                  TGT_NO_PARAMS);
