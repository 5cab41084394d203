/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data buffers: one region of large chunks, some of them split into small ones; what was used last
 * is used first. */
#include "buffer.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>

#include "thread.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(addr, size)   ((void)(addr), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#endif

#define SMALL_PER_LARGE (BUFFER_LARGE / BUFFER_SMALL)
#define ALL_FREE        ((1u << SMALL_PER_LARGE) - 1)

/* A large chunk. */
struct block {
    uint32_t free_small; /* one bit for each small chunk in it that is free; only if split */
    bool split;
    struct block *next, *prev; /* in `partial`, if split and free_small != 0 */
};

struct buffer_pool {
    char *region; /* address space for all; the system gives pages when they are touched first */
    size_t mapped;
    uint32_t count; /* blocks */
    struct block *blocks;
    uint32_t *free, free_count; /* stack of indexes of blocks that are free as a whole */
    struct block *partial;      /* split blocks with free small chunks, the last used first */
    size_t used;
    uint64_t waits;
    struct buffer_wait *first, *last;
    struct buffer_wait *serving; /* is being called: it need not queue behind others */
    struct tgt_defer defer;      /* wakes who waits */
};

/* ---- Chunks ---- */

static char *block_base(const struct buffer_pool *pool, const struct block *b)
{
    return pool->region + (size_t)(b - pool->blocks) * BUFFER_LARGE;
}

static struct block *block_pop(struct buffer_pool *pool)
{
    return &pool->blocks[pool->free[--pool->free_count]];
}

static void block_push(struct buffer_pool *pool, struct block *b)
{
    pool->free[pool->free_count++] = (uint32_t)(b - pool->blocks);
}

static void partial_add(struct buffer_pool *pool, struct block *b)
{
    b->prev = NULL;
    b->next = pool->partial;
    if (b->next)
        b->next->prev = b;
    pool->partial = b;
}

static void partial_remove(struct buffer_pool *pool, struct block *b)
{
    if (b->next)
        b->next->prev = b->prev;
    if (b->prev)
        b->prev->next = b->next;
    else
        pool->partial = b->next;
}

static void *small_get(struct buffer_pool *pool)
{
    struct block *b = pool->partial;
    if (!b) {
        b = block_pop(pool);
        b->split = true;
        b->free_small = ALL_FREE;
        partial_add(pool, b);
    }
    unsigned i = (unsigned)__builtin_ctz(b->free_small);
    b->free_small &= ~(1u << i);
    if (b->free_small == 0)
        partial_remove(pool, b);
    return block_base(pool, b) + (size_t)i * BUFFER_SMALL;
}

static void small_put(struct buffer_pool *pool, struct block *b, size_t offset)
{
    uint32_t bit = 1u << offset / BUFFER_SMALL;
    g_assert(!(b->free_small & bit) && offset % BUFFER_SMALL == 0);
    if (b->free_small == 0)
        partial_add(pool, b);
    b->free_small |= bit;
    if (b->free_small != ALL_FREE)
        return;
    partial_remove(pool, b);
    b->split = false;
    block_push(pool, b);
}

static void chunk_put(struct buffer_pool *pool, char *base)
{
    size_t offset = (size_t)(base - pool->region);
    g_assert(base >= pool->region && offset / BUFFER_LARGE < pool->count);
    struct block *b = &pool->blocks[offset / BUFFER_LARGE];
    size_t size = b->split ? BUFFER_SMALL : BUFFER_LARGE;
    g_assert(pool->used >= size);
    pool->used -= size;
    ASAN_POISON_MEMORY_REGION(base, size);
    if (b->split) {
        small_put(pool, b, offset % BUFFER_LARGE);
    } else {
        g_assert(offset % BUFFER_LARGE == 0);
        block_push(pool, b);
    }
}

static size_t large_chunks(size_t len)
{
    return len / BUFFER_LARGE + (len % BUFFER_LARGE != 0);
}

static bool is_there(const struct buffer_pool *pool, size_t len)
{
    if (len <= BUFFER_SMALL)
        return pool->partial || pool->free_count > 0;
    return large_chunks(len) <= pool->free_count;
}

static int take(struct buffer_pool *pool, size_t len, struct iovec *iov)
{
    int n = 0;
    if (len <= BUFFER_SMALL) {
        iov[0] = (struct iovec){small_get(pool), len};
        ASAN_UNPOISON_MEMORY_REGION(iov[0].iov_base, BUFFER_SMALL);
        pool->used += BUFFER_SMALL;
        return 1;
    }
    for (; len > 0; n++) {
        iov[n] = (struct iovec){block_base(pool, block_pop(pool)), MIN(len, BUFFER_LARGE)};
        ASAN_UNPOISON_MEMORY_REGION(iov[n].iov_base, BUFFER_LARGE);
        pool->used += BUFFER_LARGE;
        len -= iov[n].iov_len;
    }
    return n;
}

/* ---- Who waits ---- */

static void queue_remove(struct buffer_pool *pool, struct buffer_wait *wait)
{
    if (wait->next)
        wait->next->prev = wait->prev;
    else
        pool->last = wait->prev;
    if (wait->prev)
        wait->prev->next = wait->next;
    else
        pool->first = wait->next;
    wait->queued = false;
}

/* Behind `before` (NULL: as the first). */
static void queue_insert(struct buffer_pool *pool, struct buffer_wait *wait,
                         struct buffer_wait *before)
{
    wait->prev = before;
    wait->next = before ? before->next : pool->first;
    if (wait->next)
        wait->next->prev = wait;
    else
        pool->last = wait;
    if (before)
        before->next = wait;
    else
        pool->first = wait;
    wait->queued = true;
}

/* Who was called and does not find enough after all keeps its place at the head. */
static void queue_add(struct buffer_pool *pool, struct buffer_wait *wait, size_t len)
{
    g_assert(!wait->queued);
    wait->need = len;
    pool->waits++;
    queue_insert(pool, wait, wait == pool->serving ? NULL : pool->last);
}

static void serve(struct tgt_defer *defer)
{
    struct buffer_pool *pool =
        (struct buffer_pool *)((char *)defer - G_STRUCT_OFFSET(struct buffer_pool, defer));
    struct buffer_wait *wait;
    while ((wait = pool->first) && is_there(pool, wait->need)) {
        queue_remove(pool, wait);
        pool->serving = wait;
        wait->ready(wait);
        pool->serving = NULL;
    }
}

/* ---- The pool ---- */

struct buffer_pool *buffer_pool_new(size_t limit)
{
    uint32_t count = (uint32_t)CLAMP(limit / BUFFER_LARGE, 1, G_MAXINT32);
    size_t size = (size_t)count * BUFFER_LARGE;
    void *region = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return NULL;
    struct buffer_pool *pool = g_new0(struct buffer_pool, 1);
    *pool =
        (struct buffer_pool){.region = region, .mapped = size, .count = count, .defer.fn = serve};
    pool->blocks = g_new0(struct block, count);
    pool->free = g_new(uint32_t, count);
    for (uint32_t i = count; i > 0; i--)
        block_push(pool, &pool->blocks[i - 1]);
    ASAN_POISON_MEMORY_REGION(region, size);
    return pool;
}

void buffer_pool_free(struct buffer_pool *pool)
{
    if (!pool)
        return;
    g_assert(pool->used == 0 && !pool->first);
    ASAN_UNPOISON_MEMORY_REGION(pool->region, pool->mapped);
    munmap(pool->region, pool->mapped);
    g_free(pool->blocks);
    g_free(pool->free);
    g_free(pool);
}

int buffer_get(struct buffer_pool *pool, size_t len, struct iovec *iov, unsigned max,
               struct buffer_wait *wait)
{
    size_t chunks = len <= BUFFER_SMALL ? len > 0 : large_chunks(len);
    if (chunks > max || chunks > pool->count)
        return -E2BIG;
    if (len == 0)
        return 0;
    bool its_turn = !pool->first || (wait && wait == pool->serving);
    if (its_turn && is_there(pool, len))
        return take(pool, len, iov);
    if (wait)
        queue_add(pool, wait, len);
    return -EAGAIN;
}

void buffer_put(struct buffer_pool *pool, const struct iovec *iov, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        chunk_put(pool, iov[i].iov_base);
    if (pool->first)
        thread_defer(thread_self(), &pool->defer);
}

void buffer_wait_cancel(struct buffer_pool *pool, struct buffer_wait *wait)
{
    if (!wait->queued)
        return;
    bool was_first = pool->first == wait;
    queue_remove(pool, wait);
    if (was_first && pool->first)
        thread_defer(thread_self(), &pool->defer);
}

void buffer_pool_stats(const struct buffer_pool *pool, struct buffer_stats *stats)
{
    *stats = (struct buffer_stats){
        .used = pool->used, .limit = (size_t)pool->count * BUFFER_LARGE, .waits = pool->waits};
}
