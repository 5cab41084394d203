/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The source of old-store-1.0-x86_64.so, a backing store built with the headers of ABI 1.0 and kept
 * as a binary: later hosts must load it.
 *
 *  gcc -O2 -fPIC -fvisibility=hidden -shared -s
 * -Wl,-z,defs,-z,now,-z,noseparate-code,--build-id=none -I../../../include \ -o
 * old-store-1.0-x86_64.so old-store.c
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tgt/tgt.h>

static int old_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
                    struct tgt_error *err)
{
    info->size = tgt_param_uint(args->params, "size");
    info->write_zeroes = TGT_BS_EMULATE;
    *handle = calloc(1, info->size);
    return *handle ? 0 : tgt_error_set(err, ENOMEM, "no memory");
}

static void old_close(void *handle)
{
    free(handle);
}

static int old_read(void *handle, void *buf, uint32_t len, uint64_t offset)
{
    memcpy(buf, (char *)handle + offset, len);
    return 0;
}

static int old_write(void *handle, const void *buf, uint32_t len, uint64_t offset)
{
    memcpy((char *)handle + offset, buf, len);
    return 0;
}

static int old_load(const struct tgt_host *host, const struct tgt_params *params,
                    struct tgt_error *err)
{
    tgt_plugin_data_set(&tgt_plugin, (void *)&tgt_plugin);
    return tgt_plugin_data(&tgt_plugin) == &tgt_plugin
               ? 0
               : tgt_error_set(err, EINVAL, "the pointer was lost");
}

static const struct tgt_param lu_params[] = {
    {"size", TGT_PARAM_SIZE, 0, "1M", 4096, 0, NULL, "bytes", "Size of the disk"},
};

static const struct tgt_bs_ops ops = {
    .struct_size = sizeof(struct tgt_bs_ops),
    .model = TGT_BS_BLOCKING,
    .lu_param_count = 1,
    .lu_param_size = sizeof(struct tgt_param),
    .lu_params = lu_params,
    .open = old_open,
    .close = old_close,
    .read = old_read,
    .write = old_write,
};

TGT_PLUGIN_DEFINE(BACKING_STORE, "old-store", "1.0", "LGPL-2.1-or-later", "A store of ABI 1.0",
                  "bs:old-store", &ops, old_load, NULL, TGT_NO_PARAMS);
