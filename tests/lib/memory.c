/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory as a medium, shared by the test stores: bytes, and a map of what has storage. */
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static struct memory *memory_new(uint64_t size)
{
    struct memory *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->size = size;
    m->allocated = calloc(1, size / MEMORY_GRANULE + 1);
    m->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);
    if (m->allocated == NULL || m->bytes == MAP_FAILED) {
        free(m->allocated);
        free(m);
        return NULL;
    }
    return m;
}

struct memory *memory_open(const struct tgt_bs_open *args, struct tgt_error *err)
{
    struct memory *m = memory_new(tgt_param_uint(args->params, "size"));
    if (m == NULL)
        tgt_error_set(err, ENOMEM, "there is not enough memory for its size");
    return m;
}

void memory_free(struct memory *m)
{
    if (m == NULL)
        return;
    munmap(m->bytes, m->size);
    free(m->allocated);
    free(m);
}

static void mark(struct memory *m, uint64_t offset, uint64_t length)
{
    uint64_t first = offset / MEMORY_GRANULE, last = (offset + length - 1) / MEMORY_GRANULE;
    if (length > 0)
        memset(m->allocated + first, 1, last - first + 1);
}

/* Zero the range; granules that lie wholly in it lose their storage. */
static void unmap(struct memory *m, uint64_t offset, uint64_t length)
{
    uint64_t first = (offset + MEMORY_GRANULE - 1) / MEMORY_GRANULE,
             end = (offset + length) / MEMORY_GRANULE;
    memset(m->bytes + offset, 0, length);
    if (offset + length == m->size)
        end = (m->size + MEMORY_GRANULE - 1) / MEMORY_GRANULE;
    if (end > first)
        memset(m->allocated + first, 0, end - first);
}

static void move(struct memory *m, const struct tgt_bs_io *io)
{
    uint64_t at = io->offset;
    for (uint32_t i = 0; i < io->iovcnt; at += io->iov[i++].iov_len) {
        if (io->op == TGT_BS_READ)
            memcpy(io->iov[i].iov_base, m->bytes + at, io->iov[i].iov_len);
        else
            memcpy(m->bytes + at, io->iov[i].iov_base, io->iov[i].iov_len);
    }
}

static void extent(const struct memory *m, struct tgt_bs_io *io)
{
    uint64_t granule = io->offset / MEMORY_GRANULE, end = io->offset + io->length;
    uint8_t state = m->allocated[granule];
    while (granule * MEMORY_GRANULE < end && m->allocated[granule] == state)
        granule++;
    io->extent = state ? TGT_BS_MAPPED : TGT_BS_DEALLOCATED;
    io->info = (granule * MEMORY_GRANULE < end ? granule * MEMORY_GRANULE : end) - io->offset;
}

int memory_do(struct memory *m, struct tgt_bs_io *io)
{
    switch (io->op) {
    case TGT_BS_WRITE:
        mark(m, io->offset, io->length);
        move(m, io);
        return 0;
    case TGT_BS_READ:
        move(m, io);
        return 0;
    case TGT_BS_FLUSH:
        return 0;
    case TGT_BS_DISCARD:
        unmap(m, io->offset, io->length);
        return 0;
    case TGT_BS_WRITE_ZEROES:
        unmap(m, io->offset, io->length);
        if (!(io->flags & TGT_BS_MAY_UNMAP))
            mark(m, io->offset, io->length);
        return 0;
    case TGT_BS_EXTENT:
        extent(m, io);
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

void memory_usage(const struct memory *m, uint64_t *used)
{
    *used = 0;
    for (uint64_t i = 0; i * MEMORY_GRANULE < m->size; i++)
        *used += m->allocated[i] ? MEMORY_GRANULE : 0;
}

void memory_info(const struct memory *m, struct tgt_bs_info *info, bool write_back)
{
    info->size = m->size;
    info->physical_block = 4096;
    info->discard_granularity = MEMORY_GRANULE;
    info->discard_zeroes = true;
    info->write_back = write_back;
    info->flush = TGT_BS_NATIVE;
    info->fua = TGT_BS_NATIVE;
    info->discard = TGT_BS_NATIVE;
    info->write_zeroes = TGT_BS_NATIVE;
    info->extents = TGT_BS_NATIVE;
}
