/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Store "rdwr": files in memory are mapped, so that moving data is no more than a copy.
 *
 * Touching a hole through a mapping would allocate it, even for reading. So the file is looked at
 * in chunks: only those without holes are used that way. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rdwr.h"

#define CHUNK (UINT64_C(1) << 20)
/* After a look that found a hole, so many uses of the chunk go by until the next. */
#define PATIENCE 64

/* States of a chunk; below these: uses until it is looked at. */
#define WHOLE   UINT8_MAX
#define LOOKING (UINT8_MAX - 1)

/* Who makes the file shorter is not expected, but found out: a page that is there in part would
 * take what is written behind the end, and lose it. Nanoseconds. */
#define LENGTH_AGE UINT64_C(1000000)

static uint64_t chunk_count(const struct rdwr_map *map)
{
    return (map->length + CHUNK - 1) / CHUNK;
}

/* Who may not write to a file is not told what of it is in memory, but that all of it is. */
static bool may_look(const struct rdwr *r, const struct stat *st)
{
    return !r->read_only || geteuid() == st->st_uid;
}

/* There must be address space for it, and for others. */
static bool fits(const struct stat *st)
{
    return st->st_size > 0 && (uint64_t)st->st_size <= SIZE_MAX / 8;
}

void rdwr_map(struct rdwr *r)
{
    struct rdwr_map *map = &r->map;
    struct stat st;
    if (!r->in_memory || fstat(r->fd, &st) < 0 || !may_look(r, &st) || !fits(&st))
        return;
    int access = r->read_only ? PROT_READ : PROT_READ | PROT_WRITE;
    map->length = (uint64_t)st.st_size;
    map->chunks = calloc(chunk_count(map), 1);
    void *base = map->chunks
                     ? mmap(NULL, (size_t)map->length, access, MAP_SHARED | MAP_NORESERVE, r->fd, 0)
                     : MAP_FAILED;
    if (base != MAP_FAILED)
        map->base = base;
}

void rdwr_unmap(struct rdwr *r)
{
    if (r->map.base)
        munmap(r->map.base, r->map.length);
    free(r->map.chunks);
    r->map = (struct rdwr_map){.base = NULL};
}

/* What the kernel has no page for is a hole, or on its way to the swap. */
static bool has_holes(const struct rdwr_map *map, uint64_t i)
{
    static const size_t most = CHUNK / 4096;
    unsigned char pages[CHUNK / 4096];
    uint64_t begin = i * CHUNK, left = map->length - begin, length = left < CHUNK ? left : CHUNK;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n = (length + page - 1) / page;
    if (n > most || mincore(map->base + begin, length, pages) < 0)
        return true;
    for (size_t p = 0; p < n; p++)
        if (!(pages[p] & 1))
            return true;
    return false;
}

static bool change(uint8_t *chunk, uint8_t from, uint8_t to)
{
    return __atomic_compare_exchange_n(chunk, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* A hole that is made meanwhile sets the state to 0, and what was seen does not count. */
static bool look_at(struct rdwr_map *map, uint64_t i)
{
    uint8_t *chunk = &map->chunks[i];
    if (!change(chunk, 0, LOOKING))
        return false;
    uint8_t found = has_holes(map, i) ? PATIENCE : WHOLE;
    return change(chunk, LOOKING, found) && found == WHOLE;
}

static bool is_whole(struct rdwr_map *map, uint64_t i)
{
    uint8_t *chunk = &map->chunks[i], state = __atomic_load_n(chunk, __ATOMIC_RELAXED);
    if (state == WHOLE)
        return true;
    if (state == 0)
        return look_at(map, i);
    if (state != LOOKING)
        change(chunk, state, state - 1);
    return false;
}

/* Bytes of the file that are mapped and were there a moment ago. */
static uint64_t usable_length(struct rdwr *r, struct tgt_thread *thread)
{
    struct rdwr_map *map = &r->map;
    uint64_t now = tgt_thread_now(thread);
    struct stat st;
    if (__atomic_load_n(&map->looked, __ATOMIC_RELAXED) + LENGTH_AGE < now) {
        uint64_t size = fstat(r->fd, &st) < 0 ? 0 : (uint64_t)st.st_size;
        __atomic_store_n(&map->usable, size < map->length ? size : map->length, __ATOMIC_RELAXED);
        __atomic_store_n(&map->looked, now, __ATOMIC_RELAXED);
    }
    return __atomic_load_n(&map->usable, __ATOMIC_RELAXED);
}

static bool can_use(const struct rdwr_io *ri)
{
    struct rdwr_map *map = &ri->rdwr->map;
    uint64_t offset = ri->io->offset, length = ri->io->length;
    if (!map->base || length == 0)
        return false;
    uint64_t usable = usable_length(ri->rdwr, ri->io->thread);
    if (offset > usable || length > usable - offset)
        return false;
    for (uint64_t i = offset / CHUNK; i <= (offset + length - 1) / CHUNK; i++)
        if (!is_whole(map, i))
            return false;
    return true;
}

void rdwr_map_forget(struct rdwr *r, uint64_t offset, uint64_t length)
{
    struct rdwr_map *map = &r->map;
    if (!map->base || length == 0)
        return;
    for (uint64_t i = offset / CHUNK; i <= (offset + length - 1) / CHUNK && i < chunk_count(map);
         i++)
        __atomic_store_n(&map->chunks[i], 0, __ATOMIC_RELAXED);
}

static int copy(bool read, uint8_t *mapped, const struct iovec *piece)
{
    return read ? tgt_copy_mapped(piece->iov_base, mapped, piece->iov_len)
                : tgt_copy_mapped(mapped, piece->iov_base, piece->iov_len);
}

bool rdwr_map_move(struct rdwr_io *ri)
{
    const struct tgt_bs_io *io = ri->io;
    struct rdwr_map *map = &ri->rdwr->map;
    if (!can_use(ri))
        return false;
    uint8_t *mapped = map->base + io->offset;
    for (uint32_t i = 0; i < io->iovcnt; mapped += io->iov[i++].iov_len) {
        if (copy(io->op == TGT_BS_READ, mapped, &io->iov[i]) < 0) {
            rdwr_map_forget(ri->rdwr, io->offset, io->length);
            return false;
        }
    }
    return true;
}
