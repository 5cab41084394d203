/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Test store "mem-blocking": memory behind the plain callbacks of the blocking model, with little
 * more than the required ones: what it could discard, it says it cannot, unless it is to be thin.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

struct store {
    struct memory *memory;
    unsigned delay_us; /* of each read */
    char *hold;        /* reads and writes wait while there is such a file; "": none */
};

static void wait_for(const char *hold)
{
    while (*hold && access(hold, F_OK) == 0)
        usleep(5000);
}

static int mem_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
                    struct tgt_error *err)
{
    struct store *s = calloc(1, sizeof *s);
    struct memory *m = s != NULL ? memory_open(args, err) : NULL;
    if (m == NULL) {
        free(s);
        return -ENOMEM;
    }
    s->memory = m;
    s->delay_us = (unsigned)tgt_param_uint(args->params, "delay_ms") * 1000;
    s->hold = strdup(tgt_param_str(args->params, "hold"));
    info->size = m->size;
    info->write_back = true;
    if (!tgt_param_bool(args->params, "thin"))
        info->discard = TGT_BS_NONE;
    *handle = s;
    return 0;
}

static void mem_close(void *handle)
{
    struct store *s = handle;
    memory_free(s->memory);
    free(s->hold);
    free(s);
}

static int mem_read(void *handle, void *buf, uint32_t len, uint64_t offset)
{
    const struct store *s = handle;
    if (s->delay_us > 0)
        usleep(s->delay_us);
    wait_for(s->hold);
    memcpy(buf, s->memory->bytes + offset, len);
    return 0;
}

static int mem_write(void *handle, const void *buf, uint32_t len, uint64_t offset)
{
    struct store *s = handle;
    wait_for(s->hold);
    memcpy(s->memory->bytes + offset, buf, len);
    return 0;
}

static int mem_flush(void *handle)
{
    (void)handle;
    return 0;
}

static int mem_discard(void *handle, uint64_t length, uint64_t offset)
{
    struct store *s = handle;
    memset(s->memory->bytes + offset, 0, length);
    return 0;
}

static const struct tgt_param lu_params[] = {
    MEMORY_PARAM_SIZE,
    {.name = "delay_ms",
     .type = TGT_PARAM_UINT,
     .def = "0",
     .max = 60000,
     .unit = "ms",
     .help = "Delay of every read."},
    {.name = "hold",
     .type = TGT_PARAM_PATH,
     .def = "",
     .help = "Reads and writes wait while there is such a file."},
    {.name = "thin", .type = TGT_PARAM_BOOL, .def = "off", .help = "Can discard."},
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
    .discard = mem_discard,
};

TGT_PLUGIN_DEFINE(BACKING_STORE, "mem-blocking", "1.0", "LGPL-2.1-or-later",
                  "Test store: memory, blocking model", "bs:mem-blocking", &mem_ops, NULL, NULL,
                  TGT_NO_PARAMS);
